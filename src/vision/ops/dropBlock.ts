/** DropBlock: dropout of whole regions (Ghiasi et al., "DropBlock: A regularization method for convolutional networks", 2018). */

import { assertNumber, checkFlag, checkInteger, checkNumber, MAX_COUNT } from "../../core/arguments";
import { classNameOf, nameOf } from "../../core/className";
import { ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { float, text } from "../../nn/module/repr";
import { checkTensor } from "../../ops/builders/checks";
import { maxPool2d, maxPool3d } from "../../ops/layers/pool";
import { pad } from "../../ops/shape/pad";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";

/** Options of {@link dropBlock2d} and {@link dropBlock3d}. */
export interface DropBlockOptions {
  /** Change the input. Default: false. */
  inplace?: boolean;
  /** Added to the count of what is left, by which it is scaled. Default: 1e-6. */
  eps?: number;
  /** Otherwise the input is returned as it is. Default: true. */
  training?: boolean;
}

function checkProbability(op: string, p: unknown): void {
  assertNumber(op, "p", p);
  if (!(p >= 0 && p <= 1))
    throw new ValueError(`${op}: drop probability has to be between 0 and 1, but got ${text(p)}.`);
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** 0 in the blocks that are dropped, else 1. */
function maskOf(op: string, x: Tensor, p: number, blockSize: number): Tensor {
  const space = x.shape.slice(2);
  const block = Math.min(blockSize, ...space);
  const starts = space.map((n) => n - block + 1);
  // So many blocks start that elements are dropped with probability p.
  const gamma = (p * product(space)) / (block ** space.length * product(starts));
  const seeds = allocate([...x.shape.slice(0, 2), ...starts], x.dtype, x).bernoulli_(gamma);
  const around = Math.floor(block / 2);
  const pool = space.length === 2 ? maxPool2d : maxPool3d;
  const sides = new Array<number>(2 * space.length).fill(around);
  const dropped = pool(pad(seeds, sides), block, { stride: 1, padding: around });
  if (block % 2 === 0)
    throw new ShapeError(
      `${op}: blocks of an even size ${block} do not lie in the middle: their mask of shape ${shapeText(dropped.shape)} does not fit input ${shapeText(x.shape)}; take an odd blockSize`,
    );
  return dropped.neg().add(1);
}

function dropBlock(dims: number, x: Tensor, p: number, blockSize: number, options: DropBlockOptions): Tensor {
  const op = `dropBlock${dims}d`;
  checkTensor(op, x);
  checkProbability(op, p);
  checkInteger(op, "blockSize", blockSize, 1, MAX_COUNT);
  const { inplace = false, training = true } = options;
  const eps = checkNumber(op, "eps", options.eps ?? 1e-6);
  if (x.ndim !== dims + 2)
    throw new ValueError(`${op}: input should be ${dims + 2} dimensional. Got ${x.ndim} dimensions.`);
  if (!checkFlag(op, "training", training) || p === 0) return x;
  const mask = maskOf(op, x, p, blockSize);
  const scale = mask.sum().add(eps).reciprocal().mul(mask.numel());
  return checkFlag(op, "inplace", inplace) ? x.mul_(mask).mul_(scale) : x.mul(mask).mul(scale);
}

/**
 * In training, sets square blocks of channels to zero, so that an element is dropped with probability p, and scales the others.
 * Shape: [N, C, H, W], unchanged. The random numbers are PyTorch's.
 * @throws ValueError unless p lies between 0 and 1 and the input has four axes, ShapeError for blocks of an even size.
 * @see torchvision.ops.drop_block2d
 * @example vision.ops.dropBlock2d(x, 0.1, 7);
 */
export const dropBlock2d = named(
  "dropBlock2d",
  "input, p, blockSize; inplace, eps, training",
  (input: Tensor, p: number, blockSize: number, options: DropBlockOptions = {}): Tensor =>
    dropBlock(2, input, p, blockSize, options),
);

/** {@link dropBlock2d} of cubes. Shape: [N, C, D, H, W], unchanged. @see torchvision.ops.drop_block3d */
export const dropBlock3d = named(
  "dropBlock3d",
  "input, p, blockSize; inplace, eps, training",
  (input: Tensor, p: number, blockSize: number, options: DropBlockOptions = {}): Tensor =>
    dropBlock(3, input, p, blockSize, options),
);

/** Parameters of {@link DropBlock2d} and {@link DropBlock3d}. */
export interface DropBlockParameters extends Omit<DropBlockOptions, "training"> {
  /** The probability of an element to be dropped. */
  p: number;
  /** The side of a block; an odd number. */
  blockSize: number;
}

const signature = "p, blockSize; inplace, eps";

/** {@link dropBlock2d} as a layer. @see torchvision.ops.DropBlock2d @example new vision.ops.DropBlock2d(0.1, 7) */
export class DropBlock2d extends nn.Module {
  p: number;
  blockSize: number;
  inplace: boolean;
  eps: number;

  constructor(...given: Arguments<typeof signature, DropBlockParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<DropBlockParameters>(layer, signature, { inplace: false, eps: 1e-6 }, given);
    const { p, blockSize, inplace, eps } = options;
    checkProbability(layer, p);
    checkInteger(layer, "blockSize", blockSize, 1, MAX_COUNT);
    this.p = p;
    this.blockSize = blockSize;
    this.inplace = inplace;
    this.eps = eps;
  }

  /** The options of the functional form. */
  protected settings(): DropBlockOptions {
    return { inplace: this.inplace, eps: this.eps, training: this.training };
  }

  override forward(input: Tensor): Tensor {
    return dropBlock2d(input, this.p, this.blockSize, this.settings());
  }

  override toString(): string {
    const { p, blockSize, inplace } = this;
    return `${classNameOf(this)}(p=${float(p)}, block_size=${blockSize}, inplace=${text(inplace)})`;
  }
}

/** {@link dropBlock3d} as a layer. @see torchvision.ops.DropBlock3d */
export class DropBlock3d extends DropBlock2d {
  override forward(input: Tensor): Tensor {
    return dropBlock3d(input, this.p, this.blockSize, this.settings());
  }
}

takes("input", DropBlock2d, DropBlock3d);
