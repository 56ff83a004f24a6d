/** MobileNetV2 (Sandler et al., "MobileNetV2: Inverted residuals and linear bottlenecks", 2018). */

import { ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import * as nn from "../../nn/index";
import { readOptions } from "../../nn/options";
import type { Tensor } from "../../tensor/tensor";
import { batchNorm, Conv2dNormActivation, convolutions, linears, type NormLayer } from "./blocks";

/** Options of {@link MobileNetV2}. */
export interface MobileNetV2Options {
  /** Default: 1000. */
  numClasses?: number;
  /** Factor of the channels of every layer. Default: 1. */
  widthMult?: number;
  /** Channels are rounded to a multiple of this. Default: 8. */
  roundNearest?: number;
  /** Default: batch normalization. */
  normLayer?: NormLayer;
  /** The probability of dropout before the classifier. Default: 0.2. */
  dropout?: number;
}

const activationLayer = () => new nn.ReLU6(true);

/** Widens, filters each channel, and narrows again; with a shortcut where the shapes allow it. */
export class InvertedResidual extends nn.Module {
  conv: nn.Sequential;
  readonly useResConnect: boolean;

  /** @param expandRatio Factor of the channels inside. */
  constructor(inp: number, oup: number, stride: number, expandRatio: number, normLayer: NormLayer = batchNorm) {
    super();
    if (stride !== 1 && stride !== 2) throw new ValueError(`stride should be 1 or 2 instead of ${stride}`);
    const hidden = Math.round(inp * expandRatio);
    const layers: nn.Module[] = [];
    if (expandRatio !== 1)
      layers.push(new Conv2dNormActivation(inp, hidden, { kernelSize: 1, normLayer, activationLayer }));
    layers.push(
      new Conv2dNormActivation(hidden, hidden, { stride, groups: hidden, normLayer, activationLayer }),
      new nn.Conv2d(hidden, oup, 1, { bias: false }),
      normLayer(oup),
    );
    this.conv = new nn.Sequential(...layers);
    this.useResConnect = stride === 1 && inp === oup;
  }

  override forward(input: Tensor): Tensor {
    const x: Tensor = this.conv(input);
    return this.useResConnect ? input.add(x) : x;
  }
}

/** The multiple of `divisor` nearest to `value`, but at least 90 % of it. */
function makeDivisible(value: number, divisor: number): number {
  const rounded = Math.max(divisor, Math.floor((value + divisor / 2) / divisor) * divisor);
  return rounded < 0.9 * value ? rounded + divisor : rounded;
}

/** Each row: factor of the channels inside, channels, number of blocks, stride of the first. */
const settings = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** Inverted residual blocks for small devices. Shape: [N, 3, H, W] → [N, numClasses]. @see torchvision.models.MobileNetV2 */
export class MobileNetV2 extends nn.Module {
  features: nn.Sequential;
  classifier: nn.Sequential;

  constructor(options: MobileNetV2Options = {}) {
    super();
    const defaults = { numClasses: 1000, widthMult: 1, roundNearest: 8, normLayer: batchNorm, dropout: 0.2 };
    const { numClasses, widthMult, roundNearest, normLayer, dropout } = readOptions("MobileNetV2", defaults, [options]);
    const scaled = (channels: number, factor = widthMult) => makeDivisible(channels * factor, roundNearest);
    const lastChannel = scaled(1280, Math.max(1, widthMult));
    let channels = scaled(32);
    const features: nn.Module[] = [new Conv2dNormActivation(3, channels, { stride: 2, normLayer, activationLayer })];
    for (const [expandRatio, width, count, firstStride] of settings)
      for (let i = 0; i < count; i++) {
        features.push(new InvertedResidual(channels, scaled(width), i === 0 ? firstStride : 1, expandRatio, normLayer));
        channels = scaled(width);
      }
    features.push(new Conv2dNormActivation(channels, lastChannel, { kernelSize: 1, normLayer, activationLayer }));
    this.features = new nn.Sequential(...features);
    this.classifier = new nn.Sequential(new nn.Dropout(dropout), new nn.Linear(lastChannel, numClasses));
    this.#initialize();
  }

  #initialize(): void {
    for (const { weight } of convolutions(this)) nn.init.kaimingNormal_(weight, { mode: "fanOut" });
    for (const { weight, bias } of linears(this)) {
      nn.init.normal_(weight, 0, 0.01);
      nn.init.zeros_(bias!);
    }
  }

  override forward(input: Tensor): Tensor {
    const x = nn.functional.adaptiveAvgPool2d(this.features(input), [1, 1]);
    return this.classifier(x.flatten(1));
  }
}

/** {@link MobileNetV2} with 3.5 million parameters. @see torchvision.models.mobilenet_v2 */
export const mobilenetV2 = named(
  "mobilenetV2",
  ";; numClasses, widthMult, roundNearest, normLayer, dropout",
  (options?: MobileNetV2Options): MobileNetV2 => new MobileNetV2(options),
);
