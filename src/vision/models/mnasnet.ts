/** MNASNet (Tan et al., "MnasNet: Platform-aware neural architecture search for mobile", 2018). */

import { checkNumber } from "../../core/arguments";
import { nameOf } from "../../core/className";
import { ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { composes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import type { Tensor } from "../../tensor/tensor";
import { convolutions, linears, makeDivisible } from "./blocks";
import { modelBuilder } from "./builder";

/** Options of the networks whose width is chosen already, such as {@link mnasnet1_0}. */
export interface MNASNetOptions {
  /** Default: 1000. */
  numClasses?: number;
  /** The probability of dropout before the classifier. Default: 0.2. */
  dropout?: number;
}

/** Parameters of {@link MNASNet}. */
export interface MNASNetParameters extends MNASNetOptions {
  /** Factor of the channels of every layer, above 0. */
  alpha: number;
}

/** TensorFlow's momentum 0.9997, which the paper has, in PyTorch's way of counting. */
const norm = (channels: number) => new nn.BatchNorm2d(channels, { momentum: 1 - 0.9997 });

/** Widens, filters each channel, and narrows again; with a shortcut where the shapes allow it. */
class InvertedResidual extends nn.Module {
  static readonly className = "_InvertedResidual";
  layers: nn.Sequential;
  readonly applyResidual: boolean;

  constructor(inputs: number, outputs: number, kernelSize: number, stride: number, expansion: number) {
    super();
    const inner = inputs * expansion;
    this.applyResidual = inputs === outputs && stride === 1;
    const padding = Math.floor(kernelSize / 2);
    this.layers = new nn.Sequential(
      new nn.Conv2d(inputs, inner, 1, { bias: false }),
      norm(inner),
      new nn.ReLU(true),
      new nn.Conv2d(inner, inner, kernelSize, { padding, stride, groups: inner, bias: false }),
      norm(inner),
      new nn.ReLU(true),
      new nn.Conv2d(inner, outputs, 1, { bias: false }),
      norm(outputs),
    );
  }

  override forward(input: Tensor): Tensor {
    const x: Tensor = this.layers(input);
    return this.applyResidual ? x.add(input) : x;
  }
}

/** Blocks of which the first has the stride. */
const stack = (inputs: number, outputs: number, kernel: number, stride: number, expansion: number, repeats: number) =>
  new nn.Sequential(
    new InvertedResidual(inputs, outputs, kernel, stride, expansion),
    ...Array.from({ length: repeats - 1 }, () => new InvertedResidual(outputs, outputs, kernel, 1, expansion)),
  );

/** Each row: size of the kernel, stride of the first, factor of the channels inside, number of blocks. */
const stages = [
  [3, 2, 3, 3],
  [5, 2, 3, 3],
  [5, 2, 6, 3],
  [3, 1, 6, 2],
  [5, 2, 6, 4],
  [3, 1, 6, 1],
] as const;

const LAST_CHANNELS = 1280;

function layersOf(alpha: number): nn.Sequential {
  const [stem, first, ...widths] = [32, 16, 24, 40, 80, 96, 192, 320].map((width) => makeDivisible(width * alpha, 8));
  const layers: nn.Module[] = [
    new nn.Conv2d(3, stem!, 3, { padding: 1, stride: 2, bias: false }),
    norm(stem!),
    new nn.ReLU(true),
    new nn.Conv2d(stem!, stem!, 3, { padding: 1, groups: stem!, bias: false }),
    norm(stem!),
    new nn.ReLU(true),
    new nn.Conv2d(stem!, first!, 1, { bias: false }),
    norm(first!),
  ];
  let channels = first!;
  for (const [i, stage] of stages.entries()) {
    const [kernel, stride, expansion, repeats] = stage;
    layers.push(stack(channels, widths[i]!, kernel, stride, expansion, repeats));
    channels = widths[i]!;
  }
  layers.push(new nn.Conv2d(channels, LAST_CHANNELS, 1, { bias: false }), norm(LAST_CHANNELS), new nn.ReLU(true));
  return new nn.Sequential(...layers);
}

const signature = "alpha; numClasses, dropout";

/** Inverted residual blocks that a search found for mobile phones. Shape: [N, 3, H, W] → [N, numClasses]. @see torchvision.models.MNASNet */
export class MNASNet extends nn.Module {
  static readonly signature: string = signature;
  readonly alpha: number;
  readonly numClasses: number;
  layers: nn.Sequential;
  classifier: nn.Sequential;

  constructor(...given: Arguments<typeof signature, MNASNetParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults = { numClasses: 1000, dropout: 0.2 };
    const options = readArguments<MNASNetParameters>(layer, signature, defaults, given);
    const { numClasses, dropout } = options;
    const alpha = checkNumber(layer, "alpha", options.alpha);
    if (!(alpha > 0 && alpha < 1000))
      throw new ValueError(`${layer}: alpha should be greater than 0 and less than 1000 instead of ${alpha}`);
    this.alpha = alpha;
    this.numClasses = numClasses;
    this.layers = layersOf(alpha);
    this.classifier = new nn.Sequential(new nn.Dropout(dropout, true), new nn.Linear(LAST_CHANNELS, numClasses));
    for (const { weight } of convolutions(this))
      nn.init.kaimingNormal_(weight, { mode: "fanOut", nonlinearity: "relu" });
    for (const { weight, bias } of linears(this)) {
      nn.init.kaimingUniform_(weight, { mode: "fanOut", nonlinearity: "sigmoid" });
      nn.init.zeros_(bias!);
    }
  }

  override forward(input: Tensor): Tensor {
    const x: Tensor = this.layers(input);
    return this.classifier(x.mean([2, 3]));
  }
}

composes("input()", InvertedResidual, MNASNet);

/** A builder of the network of this width. */
const mnasnet = (name: string, alpha: number) =>
  modelBuilder(name, "numClasses, dropout", (options: MNASNetOptions): MNASNet => new MNASNet(alpha, options));

/** {@link MNASNet} with half the channels, 2.2 million parameters. @see torchvision.models.mnasnet0_5 */
export const mnasnet0_5 = mnasnet("mnasnet0_5", 0.5);
/** {@link MNASNet} with 0.75 times the channels, 3.2 million parameters. @see torchvision.models.mnasnet0_75 */
export const mnasnet0_75 = mnasnet("mnasnet0_75", 0.75);
/** {@link MNASNet} of the paper, 4.4 million parameters. @see torchvision.models.mnasnet1_0 */
export const mnasnet1_0 = mnasnet("mnasnet1_0", 1);
/** {@link MNASNet} with 1.3 times the channels, 6.3 million parameters. @see torchvision.models.mnasnet1_3 */
export const mnasnet1_3 = mnasnet("mnasnet1_3", 1.3);
