/** Swin transformers (Liu et al., "Swin transformer: Hierarchical vision transformer using shifted windows", 2021) and their second version. */

import { checkInteger, checkIntegers, checkNumber, MAX_COUNT } from "../../../core/arguments";
import { nameOf } from "../../../core/className";
import { ValueError } from "../../../core/errors";
import type { Arguments } from "../../../core/signatureTypes";
import * as nn from "../../../nn/index";
import { composes } from "../../../nn/module/forward";
import { MAX_LAYERS, readArguments } from "../../../nn/module/options";
import { cat } from "../../../ops/shape/join";
import type { Tensor } from "../../../tensor/tensor";
import { checkMaker, type LayerMaker, make, type NormLayer } from "../../ops/makers";
import { Permute } from "../../ops/misc";
import { MLP } from "../../ops/mlp";
import { StochasticDepth } from "../../ops/stochasticDepth";
import { checkDepthProbability, linears } from "../blocks";
import { modelBuilder } from "../builder";
import { ShiftedWindowAttention, ShiftedWindowAttentionV2 } from "./swinAttention";

const F = nn.functional;

/** The channels of each 2×2 pixels in one; odd sizes get a row or column of zeros. Shape: [N, H, W, C] → [N, ⌈H / 2⌉, ⌈W / 2⌉, 4C]. */
function mergePatches(input: Tensor): Tensor {
  const [height, width] = input.shape.slice(-3) as [number, number, number];
  const isOdd = height % 2 === 1 || width % 2 === 1;
  const x = isOdd ? F.pad(input, [0, 0, 0, width % 2, 0, height % 2]) : input;
  const every = (row: number, column: number) => x.at("...", `${row}::2`, `${column}::2`, ":");
  return cat([every(0, 0), every(1, 0), every(0, 1), every(1, 1)], -1);
}

/** Halves the size and doubles the channels. Shape: [N, H, W, dim] → [N, ⌈H / 2⌉, ⌈W / 2⌉, 2 dim]. */
export class PatchMerging extends nn.Module {
  reduction: nn.Linear;
  norm: nn.Module;

  constructor(dim: number, normLayer: NormLayer) {
    super();
    this.reduction = new nn.Linear(4 * dim, 2 * dim, { bias: false });
    this.norm = make("PatchMerging", "normLayer", normLayer, 4 * dim);
  }

  override forward(input: Tensor): Tensor {
    return this.reduction(this.norm(mergePatches(input)));
  }
}

/** {@link PatchMerging} that normalizes last. */
export class PatchMergingV2 extends nn.Module {
  reduction: nn.Linear;
  norm: nn.Module;

  constructor(dim: number, normLayer: NormLayer) {
    super();
    this.reduction = new nn.Linear(4 * dim, 2 * dim, { bias: false });
    this.norm = make("PatchMergingV2", "normLayer", normLayer, 2 * dim);
  }

  override forward(input: Tensor): Tensor {
    return this.norm(this.reduction(mergePatches(input)));
  }
}

/** What a block is told by name. */
export interface SwinBlockOptions {
  windowSize: readonly [number, number];
  shiftSize: readonly [number, number];
  mlpRatio: number;
  dropout: number;
  attentionDropout: number;
  stochasticDepthProb: number;
  normLayer: NormLayer;
}

/** Makes a block of its channels, the number of heads, and the rest by name. */
export type SwinBlock = LayerMaker<[dim: number, numHeads: number, options: SwinBlockOptions]>;

/** Attention inside of windows and a perceptron, each after a normalization and with a shortcut. */
export class SwinTransformerBlock extends nn.Module {
  norm1: nn.Module;
  attn: nn.Module;
  stochasticDepth: StochasticDepth;
  norm2: nn.Module;
  mlp: MLP;

  constructor(dim: number, numHeads: number, options: SwinBlockOptions) {
    super();
    const { windowSize, shiftSize, mlpRatio, dropout, attentionDropout, stochasticDepthProb, normLayer } = options;
    const norm = () => make(nameOf(new.target), "normLayer", normLayer, dim);
    this.norm1 = norm();
    this.attn = new (this.attention())(dim, windowSize, shiftSize, numHeads, { attentionDropout, dropout });
    this.stochasticDepth = new StochasticDepth(stochasticDepthProb, "row");
    this.norm2 = norm();
    this.mlp = new MLP(dim, [Math.trunc(dim * mlpRatio), dim], {
      activationLayer: () => new nn.GELU(),
      inplace: null,
      dropout,
    });
    for (const { weight, bias } of linears(this.mlp)) {
      nn.init.xavierUniform_(weight);
      nn.init.normal_(bias!, 0, 1e-6);
    }
  }

  /** The kind of attention. */
  protected attention(): typeof ShiftedWindowAttention {
    return ShiftedWindowAttention;
  }

  override stateKey(field: string): string {
    return nn.snakeCase(field);
  }

  override forward(input: Tensor): Tensor {
    const x = input.add(this.stochasticDepth(this.attn(this.norm1(input))));
    return x.add(this.stochasticDepth(this.mlp(this.norm2(x))));
  }
}

/** {@link SwinTransformerBlock} that normalizes last, with the attention of the second version. */
export class SwinTransformerBlockV2 extends SwinTransformerBlock {
  protected override attention(): typeof ShiftedWindowAttention {
    return ShiftedWindowAttentionV2;
  }

  override forward(input: Tensor): Tensor {
    const x = input.add(this.stochasticDepth(this.norm1(this.attn(input))));
    return x.add(this.stochasticDepth(this.norm2(this.mlp(x))));
  }
}

/** Options of {@link SwinTransformer}. */
export interface SwinTransformerOptions {
  /** Factor of the features inside the perceptrons. Default: 4. */
  mlpRatio?: number;
  /** The probability of dropout after attention and in the perceptrons. Default: 0. */
  dropout?: number;
  /** The probability of dropout of attention weights. Default: 0. */
  attentionDropout?: number;
  /** The probability that the branches of the last block are dropped in training; of those before, evenly less. Default: 0.1. */
  stochasticDepthProb?: number;
  /** Default: 1000. */
  numClasses?: number;
  /** Default: null, layer normalization. */
  normLayer?: NormLayer | null;
  /** Default: null, the first version's. */
  block?: SwinBlock | null;
  /** A class or function that makes what halves the size between stages, of the channels and the normalization. Default: null, the first version's. */
  downsampleLayer?: LayerMaker<[dim: number, normLayer: NormLayer]> | null;
}

/** Parameters of {@link SwinTransformer}. */
export interface SwinTransformerParameters extends SwinTransformerOptions {
  /** Height and width of a patch. */
  patchSize: readonly [number, number];
  /** The features of a patch, which double from stage to stage. */
  embedDim: number;
  /** The number of blocks of each stage. */
  depths: readonly number[];
  /** The number of heads in each stage. */
  numHeads: readonly number[];
  /** Height and width of a window, in patches. */
  windowSize: readonly [number, number];
}

const optionNames =
  "mlpRatio, dropout, attentionDropout, stochasticDepthProb, numClasses, normLayer, block, downsampleLayer";
const signature = `patchSize, embedDim, depths, numHeads, windowSize; ${optionNames}` as const;

const defaults = {
  mlpRatio: 4,
  dropout: 0,
  attentionDropout: 0,
  stochasticDepthProb: 0.1,
  numClasses: 1000,
  normLayer: null,
  block: null,
  downsampleLayer: null,
};

function readOptions(layer: string, given: readonly unknown[]) {
  const options = readArguments<SwinTransformerParameters>(layer, signature, defaults, given);
  const { patchSize, embedDim, depths, numHeads, windowSize, mlpRatio } = options;
  checkInteger(layer, "embedDim", embedDim, 1, MAX_COUNT);
  for (const [name, size] of Object.entries({ patchSize, windowSize }))
    if (checkIntegers(layer, name, size, 1, MAX_COUNT).length !== 2)
      throw new ValueError(`${layer}: ${name} must be a height and a width, got ${size.length} numbers`);
  checkIntegers(layer, "depths", depths, 1, MAX_LAYERS);
  if (depths.length === 0 || depths.length > 16 || checkIntegers(layer, "numHeads", numHeads, 1).length < depths.length)
    throw new ValueError(`${layer}: depths and numHeads must have a number for each of 1 to 16 stages`);
  if (!(checkNumber(layer, "mlpRatio", mlpRatio) > 0 && mlpRatio < 1000))
    throw new ValueError(`${layer}: mlpRatio must be above 0 and below 1000, got ${mlpRatio}`);
  checkDepthProbability(layer, options.stochasticDepthProb);
  const norm = (size: number) => new nn.LayerNorm(size, { eps: 1e-5 });
  return {
    ...options,
    normLayer: checkMaker(layer, "normLayer", options.normLayer ?? norm),
    block: checkMaker(layer, "block", options.block ?? SwinTransformerBlock),
    downsampleLayer: checkMaker(layer, "downsampleLayer", options.downsampleLayer ?? PatchMerging),
  };
}

/** The layers before the last normalization, in stages. */
function featuresOf(layer: string, options: ReturnType<typeof readOptions>): nn.Module[] {
  const { patchSize, embedDim, depths, numHeads, windowSize, normLayer, stochasticDepthProb } = options;
  const { mlpRatio, dropout, attentionDropout } = options;
  const patches = new nn.Conv2d(3, embedDim, patchSize as [number, number], { stride: patchSize as [number, number] });
  const layers: nn.Module[] = [
    new nn.Sequential(patches, new Permute([0, 2, 3, 1]), make(layer, "normLayer", normLayer, embedDim)),
  ];
  const blocks = depths.reduce((sum, depth) => sum + depth, 0);
  let at = 0;
  for (const [stage, depth] of depths.entries()) {
    const dim = embedDim * 2 ** stage;
    const stageBlocks = Array.from({ length: depth }, (_, i) =>
      make(layer, "block", options.block, dim, numHeads[stage]!, {
        windowSize,
        shiftSize: windowSize.map((size) => (i % 2 === 0 ? 0 : Math.floor(size / 2))) as [number, number],
        mlpRatio,
        dropout,
        attentionDropout,
        // A single block would have 0 / 0.
        stochasticDepthProb: (stochasticDepthProb * at++) / Math.max(1, blocks - 1),
        normLayer,
      }),
    );
    layers.push(new nn.Sequential(...stageBlocks));
    if (stage < depths.length - 1) layers.push(make(layer, "downsampleLayer", options.downsampleLayer, dim, normLayer));
  }
  return layers;
}

/**
 * Attention inside of windows of patches, which are shifted from block to block and merged from stage to stage.
 * Shape: [N, 3, H, W] → [N, numClasses].
 * @see torchvision.models.SwinTransformer
 * @example new vision.models.SwinTransformer([2, 2], 24, [2, 2], [3, 6], [4, 4], { numClasses: 10 });
 */
export class SwinTransformer extends nn.Module {
  static readonly signature: string = signature;
  readonly numClasses: number;
  features: nn.Sequential;
  norm: nn.Module;
  permute: Permute;
  avgpool: nn.AdaptiveAvgPool2d;
  flatten: nn.Flatten;
  head: nn.Linear;

  constructor(...given: Arguments<typeof signature, SwinTransformerParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readOptions(layer, given);
    const features = options.embedDim * 2 ** (options.depths.length - 1);
    this.numClasses = options.numClasses;
    this.features = new nn.Sequential(...featuresOf(layer, options));
    this.norm = make(layer, "normLayer", options.normLayer, features);
    this.permute = new Permute([0, 3, 1, 2]);
    this.avgpool = new nn.AdaptiveAvgPool2d(1);
    this.flatten = new nn.Flatten(1);
    this.head = new nn.Linear(features, options.numClasses);
    for (const { weight, bias } of linears(this)) {
      nn.init.truncNormal_(weight, { std: 0.02 });
      if (bias !== null) nn.init.zeros_(bias);
    }
  }

  override forward(input: Tensor): Tensor {
    const x: Tensor = this.permute(this.norm(this.features(input)));
    return this.head(this.flatten(this.avgpool(x)));
  }
}

composes("input()", PatchMerging, PatchMergingV2, SwinTransformerBlock, SwinTransformerBlockV2, SwinTransformer);

type Preset = readonly [embedDim: number, third: number, heads: number, stochasticDepthProb: number];

const tiny: Preset = [96, 6, 3, 0.2];
const small: Preset = [96, 18, 3, 0.3];
const base: Preset = [128, 18, 4, 0.5];

/** A builder of the network of this size. */
const swin = (
  name: string,
  [embedDim, third, heads, stochasticDepthProb]: Preset,
  version: Partial<SwinTransformerParameters>,
) =>
  modelBuilder(
    name,
    optionNames,
    (options: SwinTransformerOptions): SwinTransformer =>
      new SwinTransformer({
        patchSize: [4, 4],
        embedDim,
        depths: [2, 2, third, 2],
        numHeads: [heads, 2 * heads, 4 * heads, 8 * heads],
        windowSize: [7, 7],
        stochasticDepthProb,
        ...version,
        ...options,
      }),
  );

const second = {
  windowSize: [8, 8],
  block: SwinTransformerBlockV2,
  downsampleLayer: PatchMergingV2,
} as const;

/** {@link SwinTransformer} "tiny" with 28.3 million parameters. @see torchvision.models.swin_t */
export const swinT = swin("swin_t", tiny, {});
/** {@link SwinTransformer} "small" with 49.6 million parameters. @see torchvision.models.swin_s */
export const swinS = swin("swin_s", small, {});
/** {@link SwinTransformer} "base" with 87.8 million parameters. @see torchvision.models.swin_b */
export const swinB = swin("swin_b", base, {});
/** {@link SwinTransformer} of the second version, "tiny" with 28.4 million parameters. @see torchvision.models.swin_v2_t */
export const swinV2T = swin("swin_v2_t", tiny, second);
/** {@link SwinTransformer} of the second version, "small" with 49.7 million parameters. @see torchvision.models.swin_v2_s */
export const swinV2S = swin("swin_v2_s", small, second);
/** {@link SwinTransformer} of the second version, "base" with 87.9 million parameters. @see torchvision.models.swin_v2_b */
export const swinV2B = swin("swin_v2_b", base, second);
