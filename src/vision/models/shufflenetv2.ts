/** ShuffleNet V2 (Ma et al., "ShuffleNet V2: Practical guidelines for efficient CNN architecture design", 2018). */

import { checkIntegers, MAX_COUNT } from "../../core/arguments";
import { nameOf } from "../../core/className";
import { ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { composes } from "../../nn/module/forward";
import { MAX_LAYERS, readArguments } from "../../nn/module/options";
import { cat } from "../../ops/shape/join";
import type { Tensor } from "../../tensor/tensor";
import { type LayerMaker, make } from "../ops/makers";
import { modelBuilder } from "./builder";

/** Options of the networks whose width is chosen already, such as {@link shufflenetV2X1_0}. */
export interface ShuffleNetV2Options {
  /** Default: 1000. */
  numClasses?: number;
  /** A class or function that makes a block of the channels of its inputs and outputs and a stride of 1 or 2. */
  invertedResidual?: LayerMaker<[inp: number, oup: number, stride: number]>;
}

/** Parameters of {@link ShuffleNetV2}. */
export interface ShuffleNetV2Parameters extends ShuffleNetV2Options {
  /** The number of blocks of each of the three stages. */
  stagesRepeats: readonly number[];
  /** The channels of the first convolution, the three stages and the last convolution. */
  stagesOutChannels: readonly number[];
}

const depthwise = (channels: number, stride: number) =>
  new nn.Conv2d(channels, channels, 3, { stride, padding: 1, bias: false, groups: channels });

const pointwise = (inputs: number, outputs: number) => new nn.Conv2d(inputs, outputs, 1, { bias: false });

/** Channels c₀…c₂ₙ₋₁ in the order c₀, cₙ, c₁, cₙ₊₁, …: each half of them gets to the half of the next block. */
function shuffle(x: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape as readonly number[] as [number, number, number, number];
  return x
    .view([batch, 2, channels / 2, height, width])
    .transpose(1, 2)
    .reshape([batch, channels, height, width]);
}

/** Two branches side by side, whose channels are shuffled. At stride 1 the first is half of the input as it is. */
class InvertedResidual extends nn.Module {
  readonly stride: number;
  branch1: nn.Sequential;
  branch2: nn.Sequential;

  constructor(inp: number, oup: number, stride: number) {
    super();
    const half = Math.floor(oup / 2);
    if (stride === 1 && inp !== half * 2)
      throw new ValueError(
        `InvertedResidual: Invalid combination of stride ${stride}, inp ${inp} and oup ${oup} values. If stride == 1 then inp should be equal to oup // 2 << 1.`,
      );
    this.stride = stride;
    this.branch1 =
      stride === 1
        ? new nn.Sequential()
        : new nn.Sequential(
            depthwise(inp, stride),
            new nn.BatchNorm2d(inp),
            pointwise(inp, half),
            new nn.BatchNorm2d(half),
            new nn.ReLU(true),
          );
    this.branch2 = new nn.Sequential(
      pointwise(stride === 1 ? half : inp, half),
      new nn.BatchNorm2d(half),
      new nn.ReLU(true),
      depthwise(half, stride),
      new nn.BatchNorm2d(half),
      pointwise(half, half),
      new nn.BatchNorm2d(half),
      new nn.ReLU(true),
    );
  }

  override forward(input: Tensor): Tensor {
    if (this.stride !== 1) return shuffle(cat([this.branch1(input), this.branch2(input)], 1));
    const [first, second] = input.chunk(2, 1);
    return shuffle(cat([first!, this.branch2(second)], 1));
  }
}

const signature = "stagesRepeats, stagesOutChannels; numClasses, invertedResidual";

function readOptions(layer: string, given: readonly unknown[]): Required<ShuffleNetV2Parameters> {
  const undecided = { numClasses: 1000, invertedResidual: undefined as any };
  const options = readArguments<ShuffleNetV2Parameters>(layer, signature, undecided, given);
  const { stagesRepeats, stagesOutChannels, invertedResidual = InvertedResidual } = options;
  if (checkIntegers(layer, "stagesRepeats", stagesRepeats, 1, MAX_LAYERS).length !== 3)
    throw new ValueError(`${layer}: expected stagesRepeats as list of 3 positive ints, got ${stagesRepeats.length}`);
  if (checkIntegers(layer, "stagesOutChannels", stagesOutChannels, 1, MAX_COUNT).length !== 5)
    throw new ValueError(
      `${layer}: expected stagesOutChannels as list of 5 positive ints, got ${stagesOutChannels.length}`,
    );
  return { ...options, invertedResidual };
}

/** A convolution, its normalization and an activation. */
const block = (conv: nn.Conv2d, channels: number) =>
  new nn.Sequential(conv, new nn.BatchNorm2d(channels), new nn.ReLU(true));

/** Blocks that split and shuffle channels. Shape: [N, 3, H, W] → [N, numClasses]. @see torchvision.models.ShuffleNetV2 */
export class ShuffleNetV2 extends nn.Module {
  static readonly signature: string = signature;
  conv1: nn.Sequential;
  maxpool: nn.MaxPool2d;
  stage2: nn.Sequential;
  stage3: nn.Sequential;
  stage4: nn.Sequential;
  conv5: nn.Sequential;
  fc: nn.Linear;

  constructor(...given: Arguments<typeof signature, ShuffleNetV2Parameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const { stagesRepeats, stagesOutChannels, numClasses, invertedResidual } = readOptions(layer, given);
    const [stem, ...widths] = stagesOutChannels as [number, number, number, number, number];
    let channels = stem;
    const stage = (i: number): nn.Sequential => {
      const inputs = channels;
      channels = widths[i]!;
      const blocks = Array.from({ length: stagesRepeats[i]! }, (_, at) =>
        make(layer, "invertedResidual", invertedResidual, at === 0 ? inputs : channels, channels, at === 0 ? 2 : 1),
      );
      return new nn.Sequential(...blocks);
    };
    this.conv1 = block(new nn.Conv2d(3, stem, 3, { stride: 2, padding: 1, bias: false }), stem);
    this.maxpool = new nn.MaxPool2d(3, { stride: 2, padding: 1 });
    this.stage2 = stage(0);
    this.stage3 = stage(1);
    this.stage4 = stage(2);
    this.conv5 = block(pointwise(channels, widths[3]), widths[3]);
    this.fc = new nn.Linear(widths[3], numClasses);
  }

  override forward(input: Tensor): Tensor {
    let x: Tensor = this.maxpool(this.conv1(input));
    x = this.stage4(this.stage3(this.stage2(x)));
    x = this.conv5(x);
    return this.fc(x.mean([2, 3]));
  }
}

composes("input()", InvertedResidual, ShuffleNetV2);

/** A builder of the network of these channels. */
const shufflenet = (name: string, stagesOutChannels: readonly number[]) =>
  modelBuilder(
    name,
    "numClasses, invertedResidual",
    (options: ShuffleNetV2Options): ShuffleNetV2 => new ShuffleNetV2([4, 8, 4], stagesOutChannels, options),
  );

/** {@link ShuffleNetV2} with half the channels, 1.4 million parameters. @see torchvision.models.shufflenet_v2_x0_5 */
export const shufflenetV2X0_5 = shufflenet("shufflenet_v2_x0_5", [24, 48, 96, 192, 1024]);
/** {@link ShuffleNetV2} with 2.3 million parameters. @see torchvision.models.shufflenet_v2_x1_0 */
export const shufflenetV2X1_0 = shufflenet("shufflenet_v2_x1_0", [24, 116, 232, 464, 1024]);
/** {@link ShuffleNetV2} with 1.5 times the channels, 3.5 million parameters. @see torchvision.models.shufflenet_v2_x1_5 */
export const shufflenetV2X1_5 = shufflenet("shufflenet_v2_x1_5", [24, 176, 352, 704, 1024]);
/** {@link ShuffleNetV2} with twice the channels, 7.4 million parameters. @see torchvision.models.shufflenet_v2_x2_0 */
export const shufflenetV2X2_0 = shufflenet("shufflenet_v2_x2_0", [24, 244, 488, 976, 2048]);
