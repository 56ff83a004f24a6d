/** Attention inside of windows, which are shifted from block to block. */

import { checkInteger, checkIntegers, MAX_COUNT } from "../../../core/arguments";
import { nameOf } from "../../../core/className";
import { ValueError } from "../../../core/errors";
import * as nn from "../../../nn/index";
import { composes } from "../../../nn/module/forward";
import { full, tensor, zeros } from "../../../tensor/create";
import type { Tensor } from "../../../tensor/tensor";
import { relativePositions, type Size } from "./windows";

const F = nn.functional;

const AXES = [0, 1] as const;

/** All relative positions of two pixels of a window, on a logarithmic scale. Shape: [1, 2h − 1, 2w − 1, 2]. */
function logarithmicPositions(size: Size): Tensor {
  const single = Math.fround;
  // A window of one pixel has no distance to divide by, as in torchvision.
  const scaled = (distance: number, n: number) => {
    const x = single(single(distance / (n - 1)) * 8);
    return single(single(Math.sign(x) * single(Math.log2(single(Math.abs(x) + 1)))) / 3);
  };
  const [rows, columns] = size.map((n) => Array.from({ length: 2 * n - 1 }, (_, i) => scaled(i - (n - 1), n)));
  return tensor([rows!.map((y) => columns!.map((x) => [y, x]))], { dtype: "float32" });
}

/** How far windows are shifted in an input of this (padded) size: not along an axis that one window covers. */
const shiftIn = (shift: Size, window: Size, padded: Size): Size =>
  AXES.map((axis) => (window[axis] >= padded[axis] ? 0 : shift[axis])) as unknown as Size;

const partsAlong = (n: number, window: number, shift: number) =>
  [
    [0, n - window],
    [n - window, n - shift],
    [n - shift, n],
  ] as const;

/**
 * −100 for pairs of pixels that only the shift brought into one window. Shape: [windows, pixels, pixels].
 * The parts are Python's slices: a shift of 0 makes the last of them cover all.
 */
function shiftMask(padded: Size, window: Size, shift: Size): Tensor {
  const [height, width] = padded;
  const parts = AXES.map((axis) => {
    const n = padded[axis];
    const part = new Array<number>(n).fill(0);
    for (const [i, [from, to]] of partsAlong(n, window[axis], shift[axis] === 0 ? n : shift[axis]).entries())
      part.fill(i, from, to);
    return part;
  });
  const ids = Array.from(
    { length: height * width },
    (_, i) => parts[0]![Math.floor(i / width)]! * 3 + parts[1]![i % width]!,
  );
  const windows = intoWindows(tensor(ids, { dtype: "float32" }).view([1, height, width, 1]), window).flatten(1);
  const differences = windows.unsqueeze(1).sub(windows.unsqueeze(2));
  return differences.ne(0).to("float32").mul(-100);
}

/** The pixels of each window in a row. Shape: [N, H, W, C] → [N · windows, h · w, C]. */
function intoWindows(x: Tensor, [height, width]: Size): Tensor {
  const [batch, h, w, channels] = x.shape as readonly number[] as [number, number, number, number];
  return x
    .view([batch, h / height, height, w / width, width, channels])
    .permute(0, 1, 3, 2, 4, 5)
    .reshape([-1, height * width, channels]);
}

/** The reverse of {@link intoWindows} for an input of this size. */
function outOfWindows(x: Tensor, [height, width]: Size, [h, w]: Size): Tensor {
  const channels = x.shape[2]!;
  return x
    .view([-1, h / height, w / width, height, width, channels])
    .permute(0, 1, 3, 2, 4, 5)
    .reshape([-1, h, w, channels]);
}

/** What is missing to a multiple of the window. */
const missingTo = (n: number, window: number): number => (window - (n % window)) % window;

/** Options of {@link ShiftedWindowAttention}. */
interface AttentionOptions {
  readonly attentionDropout: number;
  readonly dropout: number;
}

/**
 * Attention of the pixels of a window among themselves; the windows of an image are shifted by `shiftSize`.
 * Shape: [N, H, W, dim], unchanged. Unlike torchvision 0.14's, dropout has an effect in training alone.
 */
export class ShiftedWindowAttention extends nn.Module {
  readonly windowSize: Size;
  readonly shiftSize: Size;
  readonly numHeads: number;
  readonly attentionDropout: number;
  readonly dropout: number;
  relativePositionBiasTable?: nn.Parameter;
  declare relativePositionIndex: Tensor;
  qkv: nn.Linear;
  proj: nn.Linear;

  constructor(dim: number, windowSize: Size, shiftSize: Size, numHeads: number, options: AttentionOptions) {
    super();
    const name = nameOf(new.target);
    for (const [field, size] of Object.entries({ windowSize, shiftSize }))
      if (checkIntegers(name, field, size, 0, MAX_COUNT).length !== 2)
        throw new ValueError(`${name}: windowSize and shiftSize must be of length 2`);
    if (dim % checkInteger(name, "numHeads", numHeads, 1, MAX_COUNT) !== 0)
      throw new ValueError(`${name}: numHeads must divide the channels, got ${numHeads} and ${dim}`);
    this.windowSize = windowSize;
    this.shiftSize = shiftSize;
    this.numHeads = numHeads;
    this.attentionDropout = options.attentionDropout;
    this.dropout = options.dropout;
    this.qkv = new nn.Linear(dim, dim * 3);
    this.proj = new nn.Linear(dim, dim);
    this.definePositions();
    this.registerBuffer("relativePositionIndex", relativePositions(windowSize));
  }

  /** Makes what the bias of relative positions is computed from. */
  protected definePositions(): void {
    const [height, width] = this.windowSize;
    const table = new nn.Parameter(zeros([(2 * height - 1) * (2 * width - 1), this.numHeads]));
    this.relativePositionBiasTable = nn.init.truncNormal_(table, { std: 0.02 }) as nn.Parameter;
  }

  /** The bias of each relative position. Shape: [positions, heads]. */
  protected positionTable(): Tensor {
    return this.relativePositionBiasTable!;
  }

  /** The bias of each pair of pixels. Shape: [1, heads, pixels, pixels]. */
  protected positionBias(): Tensor {
    const pixels = this.windowSize[0] * this.windowSize[1];
    const rows = this.positionTable().indexSelect(0, this.relativePositionIndex);
    return rows.view([pixels, pixels, -1]).permute(2, 0, 1).contiguous().unsqueeze(0);
  }

  /** The bias of queries, keys and values. */
  protected get inputBias(): Tensor | null {
    return this.qkv.bias;
  }

  /** How queries and keys agree. Shapes: [windows, heads, pixels, dim / heads] → [windows, heads, pixels, pixels]. */
  protected scores(query: Tensor, key: Tensor): Tensor {
    return query.mul(query.shape[3]! ** -0.5).matmul(key.transpose(-2, -1));
  }

  override stateKey(field: string): string {
    return nn.snakeCase(field);
  }

  private attend(x: Tensor, mask: Tensor | null): Tensor {
    const [windows, pixels, channels] = x.shape as readonly number[] as [number, number, number];
    const heads = this.numHeads;
    const split = [windows, pixels, 3, heads, channels / heads];
    const qkv = F.linear(x, this.qkv.weight, this.inputBias).reshape(split).permute(2, 0, 3, 1, 4);
    let scores = this.scores(qkv.select(0, 0), qkv.select(0, 1)).add(this.positionBias());
    if (mask !== null) {
      const byImage = [-1, mask.shape[0]!, heads, pixels, pixels];
      scores = scores.view(byImage).add(mask.to(scores.dtype).unsqueeze(1)).view([-1, heads, pixels, pixels]);
    }
    const weights = F.dropout(F.softmax(scores, -1), this.attentionDropout, this.training);
    const joined = weights.matmul(qkv.select(0, 2)).transpose(1, 2).reshape([windows, pixels, channels]);
    return F.dropout(this.proj(joined), this.dropout, this.training);
  }

  override forward(input: Tensor): Tensor {
    const [, height, width] = input.shape as readonly number[] as [number, number, number];
    const [right, below] = [missingTo(width, this.windowSize[1]), missingTo(height, this.windowSize[0])];
    const padded: Size = [height + below, width + right];
    const shift = shiftIn(this.shiftSize, this.windowSize, padded);
    const isShifted = shift[0] + shift[1] > 0;
    let x = right + below > 0 ? F.pad(input, [0, 0, 0, right, 0, below]) : input;
    if (isShifted) x = x.roll([-shift[0], -shift[1]], [1, 2]);
    const mask = isShifted ? shiftMask(padded, this.windowSize, shift).to(input.device) : null;
    x = outOfWindows(this.attend(intoWindows(x, this.windowSize), mask), this.windowSize, padded);
    if (isShifted) x = x.roll([shift[0], shift[1]], [1, 2]);
    return right + below > 0 ? x.narrow(1, 0, height).narrow(2, 0, width).contiguous() : x;
  }
}

/** {@link ShiftedWindowAttention} by the cosine of queries and keys, with a bias computed from the logarithm of distances. */
export class ShiftedWindowAttentionV2 extends ShiftedWindowAttention {
  declare relativeCoordsTable: Tensor;
  /** Shape: [heads, 1, 1]. */
  logitScale: nn.Parameter;
  cpbMlp: nn.Sequential;

  constructor(...given: ConstructorParameters<typeof ShiftedWindowAttention>) {
    super(...given);
    this.logitScale = new nn.Parameter(full([this.numHeads, 1, 1], Math.log(10)));
    this.cpbMlp = new nn.Sequential(
      new nn.Linear(2, 512),
      new nn.ReLU(true),
      new nn.Linear(512, this.numHeads, { bias: false }),
    );
  }

  protected override definePositions(): void {
    this.registerBuffer("relativeCoordsTable", logarithmicPositions(this.windowSize));
  }

  protected override positionTable(): Tensor {
    const bias: Tensor = this.cpbMlp(this.relativeCoordsTable);
    return bias.view([-1, this.numHeads]);
  }

  protected override positionBias(): Tensor {
    return super.positionBias().sigmoid().mul(16);
  }

  /** Keys have no bias. */
  protected override get inputBias(): Tensor | null {
    const { bias } = this.qkv;
    if (bias === null) return null;
    const third = bias.shape[0]! / 3;
    const isOfKeys = tensor([1, 0, 1], { dtype: "float32", device: bias.device }).to(bias.dtype);
    return bias.mul(isOfKeys.repeatInterleave(third));
  }

  protected override scores(query: Tensor, key: Tensor): Tensor {
    const cosines = F.normalize(query, { dim: -1 }).matmul(F.normalize(key, { dim: -1 }).transpose(-2, -1));
    return cosines.mul(this.logitScale.clamp({ max: Math.log(100) }).exp());
  }
}

composes("x", ShiftedWindowAttention);
