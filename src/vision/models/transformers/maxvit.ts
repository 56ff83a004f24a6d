/** MaxViT (Tu et al., "MaxViT: Multi-axis vision transformer", 2022). */

import { checkInteger, checkIntegers, checkNumber, MAX_COUNT } from "../../../core/arguments";
import { nameOf } from "../../../core/className";
import { ValueError } from "../../../core/errors";
import type { Arguments } from "../../../core/signatureTypes";
import * as nn from "../../../nn/index";
import { composes } from "../../../nn/module/forward";
import { MAX_LAYERS } from "../../../nn/module/options";
import type { Tensor } from "../../../tensor/tensor";
import { Conv2dNormActivation } from "../../ops/convNormActivation";
import { type ActivationLayer, checkMaker, type NormLayer } from "../../ops/makers";
import { checkDepthProbability, readBeside } from "../blocks";
import { modelBuilder } from "../builder";
import { MaxVitBlock } from "./maxvitBlocks";
import type { Size } from "./windows";

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
  for (const name of ["squeezeRatio", "expansionRatio", "mlpRatio"] as const)
    if (!(options[name] > 0 && options[name] < 1000))
      throw new ValueError(`${layer}: ${name} must be above 0 and below 1000, got ${options[name]}`);
  for (const name of ["mlpDropout", "attentionDropout"] as const)
    if (!(options[name] >= 0 && options[name] <= 1))
      throw new ValueError(`${layer}: ${name} must be between 0 and 1, got ${options[name]}`);
  for (const channels of blockChannels)
    if (channels % headDim !== 0)
      throw new ValueError(`${layer}: headDim must divide the channels of each block, got ${headDim} and ${channels}`);
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
    const options = readOptions(nameOf(new.target), given);
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

composes("input()", MaxVit);

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
