/** MaxViT (Tu et al., "MaxViT: Multi-axis vision transformer", 2022). */

import { checkInteger, checkIntegers, checkNumber, MAX_COUNT } from "../../core/arguments";
import { ShapeError, ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { takes } from "../../nn/forward";
import * as nn from "../../nn/index";
import { MAX_LAYERS } from "../../nn/options";
import { empty } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { Conv2dNormActivation } from "../ops/convNormActivation";
import { type ActivationLayer, checkMaker, make, makeActivation, type NormLayer } from "../ops/makers";
import { SqueezeExcitation } from "../ops/misc";
import { StochasticDepth } from "../ops/stochasticDepth";
import { checkDepthProbability, readBeside } from "./blocks";
import { modelBuilder } from "./builder";
import { relativePositions, type Size } from "./windows";

const F = nn.functional;

/** Options of {@link MaxVit}. */
export interface MaxVitOptions {
  /** Default: null, batch normalization with eps 0.001 and momentum 0.99. */
  normLayer?: NormLayer | null;
  /** Default: null, `nn.GELU`. */
  activationLayer?: ActivationLayer | null;
  /** Channels inside of the squeeze-and-excitation layers by those of outputs. Default: 0.25. */
  squeezeRatio?: number;
  /** Channels inside of the convolutions by those of outputs. Default: 4. */
  expansionRatio?: number;
  /** Features inside of the perceptrons by those outside. Default: 4. */
  mlpRatio?: number;
  /** The probability of dropout after the perceptrons. Default: 0. */
  mlpDropout?: number;
  /** The probability of dropout after attention. Default: 0. */
  attentionDropout?: number;
  /** Default: 1000. */
  numClasses?: number;
}

/** Parameters of {@link MaxVit}. */
export interface MaxVitParameters extends MaxVitOptions {
  /** Height and width of the images. */
  inputSize: Size;
  /** Channels of the first layers. */
  stemChannels: number;
  /** Height and width of a window, and of the grid. */
  partitionSize: number;
  /** Channels of each block, each of which halves the size. */
  blockChannels: readonly number[];
  /** The number of layers of each block. */
  blockLayers: readonly number[];
  /** Features of a head. */
  headDim: number;
  /** The probability that the branches of the last layer are dropped in training; of those before, evenly less. */
  stochasticDepthProb: number;
}

type Options = Required<MaxVitParameters> & { normLayer: NormLayer; activationLayer: ActivationLayer };

/** The size after a 3×3 convolution with stride 2. */
const halved = ([height, width]: Size): Size => [Math.floor((height - 1) / 2) + 1, Math.floor((width - 1) / 2) + 1];

/** Widens, filters each channel, scales channels, and narrows again, with a shortcut. */
class MBConv extends nn.Module {
  static override readonly name: string = "MBConv";
  proj: nn.Module;
  stochasticDepth: nn.Module;
  layers: nn.Sequential;

  constructor(inputs: number, outputs: number, stride: number, depthProb: number, options: Options) {
    super();
    const { normLayer, activationLayer, expansionRatio, squeezeRatio } = options;
    const projection = () => new nn.Conv2d(inputs, outputs, 1);
    const pool = () => new nn.AvgPool2d(3, { stride, padding: 1 });
    if (stride === 1 && inputs === outputs) this.proj = new nn.Identity();
    else this.proj = stride === 2 ? new nn.Sequential(pool(), projection()) : new nn.Sequential(projection());
    const inner = Math.trunc(outputs * expansionRatio);
    const squeezed = Math.trunc(outputs * squeezeRatio);
    this.stochasticDepth = depthProb > 0 ? new StochasticDepth(depthProb, "row") : new nn.Identity();
    const common = { activationLayer, normLayer, inplace: null };
    this.layers = new nn.Sequential({
      pre_norm: make("MBConv", "normLayer", normLayer, inputs),
      conv_a: new Conv2dNormActivation(inputs, inner, { ...common, kernelSize: 1, padding: 0 }),
      conv_b: new Conv2dNormActivation(inner, inner, { ...common, stride, padding: 1, groups: inner }),
      squeeze_excitation: new SqueezeExcitation(inner, squeezed, { activation: nn.SiLU }),
      conv_c: new nn.Conv2d(inner, outputs, 1),
    });
  }

  override stateKey(field: string): string {
    return nn.snakeCase(field);
  }

  override forward(input: Tensor): Tensor {
    const shortcut: Tensor = this.proj(input);
    return shortcut.add(this.stochasticDepth(this.layers(input)));
  }
}

/** Attention with a learnt bias for each relative position. Shape: [N, groups, pixels, features], unchanged. */
class RelativePositionalMultiHeadAttention extends nn.Module {
  static override readonly name: string = "RelativePositionalMultiHeadAttention";
  readonly heads: number;
  readonly pixels: number;
  /** Shape: [positions, heads]. */
  relativePositionBiasTable: nn.Parameter;
  declare relativePositionIndex: Tensor;
  toQkv: nn.Linear;
  merge: nn.Linear;

  constructor(features: number, headDim: number, size: number) {
    super();
    if (features % headDim !== 0)
      throw new ValueError(
        `RelativePositionalMultiHeadAttention: featDim: ${features} must be divisible by headDim: ${headDim}`,
      );
    this.heads = features / headDim;
    this.pixels = size ** 2;
    this.toQkv = new nn.Linear(features, features * 3);
    this.merge = new nn.Linear(features, features);
    this.relativePositionBiasTable = new nn.Parameter(empty([(2 * size - 1) ** 2, this.heads]));
    const index = relativePositions([size, size]);
    this.registerBuffer("relativePositionIndex", index.view([this.pixels, this.pixels]));
    nn.init.truncNormal_(this.relativePositionBiasTable, { std: 0.02 });
  }

  override stateKey(field: string): string {
    return nn.snakeCase(field);
  }

  /** Shape: [1, heads, pixels, pixels]. */
  private bias(): Tensor {
    const rows = this.relativePositionBiasTable.indexSelect(0, this.relativePositionIndex.flatten());
    return rows.view([this.pixels, this.pixels, -1]).permute(2, 0, 1).contiguous().unsqueeze(0);
  }

  override forward(input: Tensor): Tensor {
    const [batch, groups, pixels, features] = input.shape as readonly number[] as [number, number, number, number];
    const split = [batch, groups, pixels, this.heads, features / this.heads];
    const [query, key, value] = this.toQkv(input)
      .chunk(3, -1)
      .map((x) => x.reshape(split).permute(0, 1, 3, 2, 4)) as [Tensor, Tensor, Tensor];
    // torchvision scales by all features, not by those of a head.
    const scores = query.matmul(key.mul(features ** -0.5).transpose(-2, -1)).add(this.bias());
    const attended = F.softmax(scores, -1).matmul(value);
    return this.merge(attended.permute(0, 1, 3, 2, 4).reshape([batch, groups, pixels, features]));
  }
}

/** Exchanges two axes. */
class SwapAxes extends nn.Module {
  static override readonly name: string = "SwapAxes";

  override forward(input: Tensor): Tensor {
    return input.transpose(-2, -3);
  }
}

/** Shape: [N, C, H, W] → [N, windows, p², C]. */
class WindowPartition extends nn.Module {
  static override readonly name: string = "WindowPartition";

  override forward(input: Tensor, p: number): Tensor {
    const [batch, channels, height, width] = input.shape as readonly number[] as [number, number, number, number];
    return input
      .reshape([batch, channels, height / p, p, width / p, p])
      .permute(0, 2, 4, 3, 5, 1)
      .reshape([batch, (height / p) * (width / p), p * p, channels]);
  }
}

/** The reverse of {@link WindowPartition}, for so many windows along each axis. */
class WindowDepartition extends nn.Module {
  static override readonly name: string = "WindowDepartition";

  override forward(input: Tensor, p: number, rows: number, columns: number): Tensor {
    const [batch, , , channels] = input.shape as readonly number[] as [number, number, number, number];
    return input
      .reshape([batch, rows, columns, p, p, channels])
      .permute(0, 5, 1, 3, 2, 4)
      .reshape([batch, channels, rows * p, columns * p]);
  }
}

/** Attention and a perceptron inside of windows, or of a grid of distant pixels. Shape: [N, C, H, W], unchanged. */
class PartitionAttentionLayer extends nn.Module {
  static override readonly name: string = "PartitionAttentionLayer";
  readonly gridSize: Size;
  /** Height and width of a part. */
  readonly p: number;
  partitionOp: WindowPartition;
  departitionOp: WindowDepartition;
  partitionSwap: nn.Module;
  departitionSwap: nn.Module;
  attnLayer: nn.Sequential;
  mlpLayer: nn.Sequential;
  stochasticDropout: StochasticDepth;

  constructor(channels: number, isGrid: boolean, gridSize: Size, depthProb: number, options: Options) {
    super();
    const { partitionSize, headDim, mlpRatio, activationLayer, attentionDropout, mlpDropout } = options;
    this.gridSize = gridSize;
    this.p = isGrid ? Math.floor(gridSize[0] / partitionSize) : partitionSize;
    const swap = () => (isGrid ? new SwapAxes() : new nn.Identity());
    this.partitionOp = new WindowPartition();
    this.departitionOp = new WindowDepartition();
    this.partitionSwap = swap();
    this.departitionSwap = swap();
    this.attnLayer = new nn.Sequential(
      new nn.LayerNorm(channels),
      new RelativePositionalMultiHeadAttention(channels, headDim, partitionSize),
      new nn.Dropout(attentionDropout),
    );
    this.mlpLayer = new nn.Sequential(
      new nn.LayerNorm(channels),
      new nn.Linear(channels, channels * mlpRatio),
      makeActivation("MaxVit", "activationLayer", activationLayer, null),
      new nn.Linear(channels * mlpRatio, channels),
      new nn.Dropout(mlpDropout),
    );
    this.stochasticDropout = new StochasticDepth(depthProb, "row");
  }

  override stateKey(field: string): string {
    return nn.snakeCase(field);
  }

  override forward(input: Tensor): Tensor {
    const [height, width] = this.gridSize;
    if (input.shape[2] !== height || input.shape[3] !== width)
      throw new ShapeError(
        `PartitionAttentionLayer: expected features of ${height}×${width}, got ${input.shape[2]}×${input.shape[3]}; inputSize says the size of images`,
      );
    let x: Tensor = this.partitionSwap(this.partitionOp(input, this.p));
    x = x.add(this.stochasticDropout(this.attnLayer(x)));
    x = x.add(this.stochasticDropout(this.mlpLayer(x)));
    return this.departitionOp(this.departitionSwap(x), this.p, height / this.p, width / this.p);
  }
}

/** A convolution block, attention inside of windows, and attention over a grid. */
class MaxVitLayer extends nn.Module {
  static override readonly name: string = "MaxVitLayer";
  layers: nn.Sequential;

  constructor(inputs: number, outputs: number, stride: number, gridSize: Size, depthProb: number, options: Options) {
    super();
    this.layers = new nn.Sequential({
      MBconv: new MBConv(inputs, outputs, stride, depthProb, options),
      window_attention: new PartitionAttentionLayer(outputs, false, gridSize, depthProb, options),
      grid_attention: new PartitionAttentionLayer(outputs, true, gridSize, depthProb, options),
    });
  }

  override forward(input: Tensor): Tensor {
    return this.layers(input);
  }
}

/** Layers of which the first halves the size. */
class MaxVitBlock extends nn.Module {
  static override readonly name: string = "MaxVitBlock";
  layers: nn.ModuleList;

  constructor(inputs: number, outputs: number, gridSize: Size, depthProbs: readonly number[], options: Options) {
    super();
    this.layers = new nn.ModuleList(
      depthProbs.map((p, i) => new MaxVitLayer(i === 0 ? inputs : outputs, outputs, i === 0 ? 2 : 1, gridSize, p, options)),
    );
  }

  override forward(input: Tensor): Tensor {
    let x = input;
    for (const layer of this.layers) x = layer(x);
    return x;
  }
}

const optionNames =
  "normLayer, activationLayer, squeezeRatio, expansionRatio, mlpRatio, mlpDropout, attentionDropout, numClasses";
const signature =
  `inputSize, stemChannels, partitionSize, blockChannels, blockLayers, headDim, stochasticDepthProb; ${optionNames}` as const;

const defaults = {
  normLayer: null,
  activationLayer: null,
  squeezeRatio: 0.25,
  expansionRatio: 4,
  mlpRatio: 4,
  mlpDropout: 0,
  attentionDropout: 0,
  numClasses: 1000,
};

/** @throws ValueError unless windows divide the features of each block. */
function checkSizes(layer: string, { inputSize, blockChannels, partitionSize }: Options): void {
  let size = halved(inputSize);
  for (const i of blockChannels.keys()) {
    size = halved(size);
    if (size[0] % partitionSize !== 0 || size[1] % partitionSize !== 0)
      throw new ValueError(
        `${layer}: Input size (${size[0]}, ${size[1]}) of block ${i} is not divisible by partition size ${partitionSize}. Consider changing the partition size or the input size.`,
      );
  }
}

function readOptions(layer: string, given: readonly unknown[]): Options {
  const options = readBeside<MaxVitParameters>(layer, signature, defaults, given, "inputSize");
  const { inputSize, blockChannels, blockLayers, stemChannels, partitionSize, headDim, mlpRatio } = options;
  if (checkIntegers(layer, "inputSize", inputSize, 1, MAX_COUNT).length !== 2)
    throw new ValueError(`${layer}: inputSize must be a height and a width, got ${inputSize.length} numbers`);
  for (const [name, count] of Object.entries({ stemChannels, partitionSize, headDim, mlpRatio }))
    checkInteger(layer, name, count, 1, MAX_COUNT);
  checkIntegers(layer, "blockChannels", blockChannels, 1, MAX_COUNT);
  checkIntegers(layer, "blockLayers", blockLayers, 1, MAX_LAYERS);
  if (blockChannels.length === 0 || blockChannels.length !== blockLayers.length)
    throw new ValueError(`${layer}: blockChannels and blockLayers must have a number for each block`);
  for (const name of ["squeezeRatio", "expansionRatio"] as const)
    if (!(options[name] > 0)) throw new ValueError(`${layer}: ${name} must be above 0, got ${options[name]}`);
  checkDepthProbability(layer, checkNumber(layer, "stochasticDepthProb", options.stochasticDepthProb));
  const norm = (channels: number) => new nn.BatchNorm2d(channels, { eps: 0.001, momentum: 0.99 });
  const all = {
    ...options,
    normLayer: checkMaker(layer, "normLayer", options.normLayer ?? norm),
    activationLayer: checkMaker(layer, "activationLayer", options.activationLayer ?? (() => new nn.GELU())),
  };
  checkSizes(layer, all);
  return all;
}

/** So many numbers from 0 to `end`, evenly spaced. */
const evenly = (end: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => (count === 1 ? 0 : i === count - 1 ? end : i * (end / (count - 1))));

/**
 * Convolutions with attention inside of windows and over a grid of distant pixels. Shape: [N, 3, …inputSize] → [N, numClasses].
 * @see torchvision.models.MaxVit
 */
export class MaxVit extends nn.Module {
  static readonly signature: string = signature;
  readonly partitionSize: number;
  stem: nn.Sequential;
  blocks: nn.ModuleList;
  classifier: nn.Sequential;

  constructor(...given: Arguments<typeof signature, MaxVitParameters>);
  constructor(...given: unknown[]) {
    super();
    const options = readOptions(new.target.name, given);
    const { stemChannels, normLayer, activationLayer, blockChannels, blockLayers, numClasses } = options;
    this.partitionSize = options.partitionSize;
    const first = { kernelSize: 3, stride: 2, normLayer, activationLayer, bias: false, inplace: null };
    const second = { kernelSize: 3, normLayer: null, activationLayer: null, bias: true };
    this.stem = new nn.Sequential(
      new Conv2dNormActivation(3, stemChannels, first),
      new Conv2dNormActivation(stemChannels, stemChannels, second),
    );
    const layers = blockLayers.reduce((sum, count) => sum + count, 0);
    const depthProbs = evenly(options.stochasticDepthProb, layers);
    let size = halved(options.inputSize);
    const block = (outputs: number, i: number) => {
      size = halved(size);
      const probs = depthProbs.splice(0, blockLayers[i]!);
      return new MaxVitBlock(blockChannels[i - 1] ?? stemChannels, outputs, size, probs, options);
    };
    this.blocks = new nn.ModuleList(blockChannels.map(block));
    const last = blockChannels.at(-1)!;
    this.classifier = new nn.Sequential(
      new nn.AdaptiveAvgPool2d(1),
      new nn.Flatten(),
      new nn.LayerNorm(last),
      new nn.Linear(last, last),
      new nn.Tanh(),
      new nn.Linear(last, numClasses, { bias: false }),
    );
    for (const module of this.modules())
      if (module instanceof nn.Conv2d || module instanceof nn.Linear) {
        nn.init.normal_(module.weight, 0, 0.02);
        if (module.bias !== null) nn.init.zeros_(module.bias);
      }
  }

  override forward(input: Tensor): Tensor {
    let x: Tensor = this.stem(input);
    for (const block of this.blocks) x = block(x);
    return this.classifier(x);
  }
}

takes("input()", MBConv, SwapAxes, PartitionAttentionLayer, MaxVitLayer, MaxVitBlock, MaxVit);
takes("input", RelativePositionalMultiHeadAttention);

/** Options of {@link maxvitT}. */
export interface MaxVitBuilderOptions extends MaxVitOptions {
  /** Height and width of the images. Default: [224, 224]. */
  inputSize?: Size;
}

/** {@link MaxVit} "tiny" with 30.9 million parameters. @see torchvision.models.maxvit_t */
export const maxvitT = modelBuilder(
  "maxvit_t",
  `inputSize, ${optionNames}`,
  (options: MaxVitBuilderOptions): MaxVit =>
    new MaxVit({
      inputSize: [224, 224],
      stemChannels: 64,
      partitionSize: 7,
      blockChannels: [64, 128, 256, 512],
      blockLayers: [2, 2, 5, 2],
      headDim: 32,
      stochasticDepthProb: 0.2,
      ...options,
    }),
);
