/** MobileNetV2 (Sandler et al., "MobileNetV2: Inverted residuals and linear bottlenecks", 2018). */

import { checkInteger, checkNumber, MAX_COUNT } from "../../core/arguments";
import { nameOf } from "../../core/className";
import { describe, ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { composes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import type { Tensor } from "../../tensor/tensor";
import { Conv2dNormActivation } from "../ops/convNormActivation";
import { checkMaker, make, type NormLayer } from "../ops/makers";
import { batchNorm, convolutions, linears, makeDivisible } from "./blocks";
import { modelBuilder } from "./builder";

/** Options of {@link MobileNetV2}. */
export interface MobileNetV2Options {
  /** Default: 1000. */
  numClasses?: number;
  /** Factor of the channels of every layer. Default: 1. */
  widthMult?: number;
  /** Channels are rounded to a multiple of this. Default: 8. */
  roundNearest?: number;
  /** Default: null, batch normalization. */
  normLayer?: NormLayer | null;
  /** The probability of dropout before the classifier. Default: 0.2. */
  dropout?: number;
}

const activationLayer = nn.ReLU6;

/** Parameters of {@link InvertedResidual}. */
export interface InvertedResidualParameters {
  /** Channels of inputs. */
  inp: number;
  /** Channels of outputs. */
  oup: number;
  /** 1 or 2. */
  stride: number;
  /** Factor of the channels inside. */
  expandRatio: number;
  /** Default: null, batch normalization. */
  normLayer?: NormLayer | null;
}

const residualSignature = "inp, oup, stride, expandRatio; normLayer";

/** Widens, filters each channel, and narrows again; with a shortcut where the shapes allow it. */
export class InvertedResidual extends nn.Module {
  conv: nn.Sequential;
  readonly useResConnect: boolean;

  constructor(...given: Arguments<typeof residualSignature, InvertedResidualParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<InvertedResidualParameters>(layer, residualSignature, { normLayer: null }, given);
    const { inp, oup, stride, expandRatio } = options;
    const normLayer = checkMaker(layer, "normLayer", options.normLayer ?? batchNorm);
    checkInteger(layer, "inp", inp, 1, MAX_COUNT);
    checkInteger(layer, "oup", oup, 1, MAX_COUNT);
    if (stride !== 1 && stride !== 2)
      throw new ValueError(`${layer}: stride should be 1 or 2 instead of ${describe(stride)}`);
    const factor = checkNumber(layer, "expandRatio", expandRatio);
    if (!(factor > 0 && factor * inp <= MAX_COUNT))
      throw new ValueError(`${layer}: expandRatio must be above 0 and at most ${MAX_COUNT} / inp, got ${factor}`);
    const hidden = Math.round(inp * factor);
    const layers: nn.Module[] = [];
    if (factor !== 1) layers.push(new Conv2dNormActivation(inp, hidden, { kernelSize: 1, normLayer, activationLayer }));
    layers.push(
      new Conv2dNormActivation(hidden, hidden, { stride, groups: hidden, normLayer, activationLayer }),
      new nn.Conv2d(hidden, oup, 1, { bias: false }),
      make(layer, "normLayer", normLayer, oup),
    );
    this.conv = new nn.Sequential(...layers);
    this.useResConnect = stride === 1 && inp === oup;
  }

  override forward(input: Tensor): Tensor {
    const x: Tensor = this.conv(input);
    return this.useResConnect ? input.add(x) : x;
  }
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

const signature = "; numClasses, widthMult; roundNearest, normLayer, dropout";

/** Inverted residual blocks for small devices. Shape: [N, 3, H, W] → [N, numClasses]. @see torchvision.models.MobileNetV2 */
export class MobileNetV2 extends nn.Module {
  features: nn.Sequential;
  classifier: nn.Sequential;

  constructor(...given: Arguments<typeof signature, MobileNetV2Options>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults = { numClasses: 1000, widthMult: 1, roundNearest: 8, normLayer: null, dropout: 0.2 };
    const options = readArguments<MobileNetV2Options>(layer, signature, defaults, given);
    const { numClasses, widthMult, roundNearest, dropout } = options;
    const normLayer = checkMaker(layer, "normLayer", options.normLayer ?? batchNorm);
    if (!(widthMult > 0 && widthMult < 1000))
      throw new ValueError(`${layer}: widthMult must be above 0 and below 1000, got ${widthMult}`);
    checkInteger(layer, "roundNearest", roundNearest, 1, 1 << 16);
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

composes("input()", InvertedResidual, MobileNetV2);

/** {@link MobileNetV2} with 3.5 million parameters. @see torchvision.models.mobilenet_v2 */
export const mobilenetV2 = modelBuilder(
  "mobilenet_v2",
  "numClasses, widthMult, roundNearest, normLayer, dropout",
  (options: MobileNetV2Options): MobileNetV2 => new MobileNetV2(options),
);
