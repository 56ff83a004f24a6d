/** What MaxViT is built of. */

import { ShapeError, ValueError } from "../../../core/errors";
import * as nn from "../../../nn/index";
import { composes } from "../../../nn/module/forward";
import { empty } from "../../../tensor/create";
import type { Tensor } from "../../../tensor/tensor";
import { Conv2dNormActivation } from "../../ops/convNormActivation";
import { type ActivationLayer, make, makeActivation, type NormLayer } from "../../ops/makers";
import { SqueezeExcitation } from "../../ops/misc";
import { StochasticDepth } from "../../ops/stochasticDepth";
import { relativePositions, type Size } from "./windows";

const F = nn.functional;

/** What all blocks are told. */
export interface BlockOptions {
  readonly normLayer: NormLayer;
  readonly activationLayer: ActivationLayer;
  readonly partitionSize: number;
  readonly headDim: number;
  readonly squeezeRatio: number;
  readonly expansionRatio: number;
  readonly mlpRatio: number;
  readonly mlpDropout: number;
  readonly attentionDropout: number;
}

/** Widens, filters each channel, scales channels, and narrows again, with a shortcut. */
class MBConv extends nn.Module {
  proj: nn.Module;
  stochasticDepth: nn.Module;
  layers: nn.Sequential;

  constructor(inputs: number, outputs: number, stride: number, depthProb: number, options: BlockOptions) {
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

/** Attention with a learned bias for each relative position. Shape: [N, groups, pixels, features], unchanged. */
class RelativePositionalMultiHeadAttention extends nn.Module {
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
  override forward(input: Tensor): Tensor {
    return input.transpose(-2, -3);
  }
}

/** Shape: [N, C, H, W] → [N, windows, p², C]. */
class WindowPartition extends nn.Module {
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

  constructor(channels: number, isGrid: boolean, gridSize: Size, depthProb: number, options: BlockOptions) {
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
  layers: nn.Sequential;

  constructor(
    inputs: number,
    outputs: number,
    stride: number,
    gridSize: Size,
    depthProb: number,
    options: BlockOptions,
  ) {
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
export class MaxVitBlock extends nn.Module {
  layers: nn.ModuleList;

  constructor(inputs: number, outputs: number, gridSize: Size, depthProbs: readonly number[], options: BlockOptions) {
    super();
    this.layers = new nn.ModuleList(
      depthProbs.map(
        (p, i) => new MaxVitLayer(i === 0 ? inputs : outputs, outputs, i === 0 ? 2 : 1, gridSize, p, options),
      ),
    );
  }

  override forward(input: Tensor): Tensor {
    let x = input;
    for (const layer of this.layers) x = layer(x);
    return x;
  }
}

composes("input()", MBConv, SwapAxes, PartitionAttentionLayer, MaxVitLayer, MaxVitBlock);
composes("input", RelativePositionalMultiHeadAttention);
