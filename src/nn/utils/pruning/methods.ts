/** PyTorch's methods of pruning. */

import { checkInteger, checkNumber } from "../../../core/arguments";
import { argumentsOf } from "../../../core/binding";
import { classNameOf } from "../../../core/className";
import { ShapeError, ValueError } from "../../../core/errors";
import { shapeText, wrapDim } from "../../../core/shape";
import { checkTensor } from "../../../ops/builders/checks";
import { rand, randLike } from "../../../ops/random/randomTensors";
import type { Tensor } from "../../../tensor/tensor";
import { BasePruningMethod, checkMask } from "./method";

/** How much to prune: a share, or with a whole number so many. JavaScript does not tell 1 from 1.0: it means one. */
export interface PruneAmount {
  amount: number;
}

/** @throws ValueError unless `amount` is a share or a count. */
export function checkAmount(op: string, amount: unknown): number {
  const value = checkNumber(op, "amount", amount);
  if (!(value >= 0) || (!Number.isInteger(value) && value > 1))
    throw new ValueError(
      `${op}: amount=${value} should either be a float in the range [0, 1] or a non-negative integer`,
    );
  return value;
}

/** Halves go to the even neighbor, as in Python. */
function round(x: number): number {
  const floor = Math.floor(x);
  return x - floor === 0.5 ? floor + (floor % 2) : Math.round(x);
}

/** How many of `total` an amount means. */
function count(op: string, amount: number, total: number): number {
  if (Number.isInteger(amount) && amount > total)
    throw new ValueError(`${op}: amount=${amount} should be smaller than the number of parameters to prune=${total}`);
  return Number.isInteger(amount) ? amount : round(amount * total);
}

/** Keeps everything: a place for later methods. @see torch.nn.utils.prune.Identity */
export class Identity extends BasePruningMethod {
  readonly pruningType = "unstructured";

  computeMask(_: Tensor, defaultMask: Tensor): Tensor {
    return defaultMask;
  }
}

/** A method that drops single entries by scores. */
abstract class Unstructured extends BasePruningMethod {
  readonly pruningType = "unstructured";
  readonly amount: number;

  constructor(...given: [amount: number] | [options: PruneAmount]) {
    super();
    const op = classNameOf(this);
    this.amount = checkAmount(op, argumentsOf<PruneAmount>(op, "amount", given).amount);
  }

  /** Scores, and whether the largest of them are dropped. */
  protected abstract scores(t: Tensor): [scores: Tensor, largest: boolean];

  computeMask(t: Tensor, defaultMask: Tensor): Tensor {
    checkMask("computeMask", defaultMask, checkTensor("computeMask", t, "t"));
    const n = count(classNameOf(this), this.amount, t.numel());
    if (n === 0) return defaultMask.clone();
    const [scores, largest] = this.scores(t);
    const { indices } = scores.reshape(-1).topk(n, -1, { largest });
    return defaultMask.reshape(-1).indexFill(0, indices, 0).reshape(defaultMask.shape);
  }
}

/** Drops random entries. @see torch.nn.utils.prune.RandomUnstructured @example new prune.RandomUnstructured(0.3) */
export class RandomUnstructured extends Unstructured {
  protected scores(t: Tensor): [Tensor, boolean] {
    return [randLike(t), true];
  }
}

/** Drops the entries of smallest absolute value. @see torch.nn.utils.prune.L1Unstructured @example new prune.L1Unstructured(0.3) */
export class L1Unstructured extends Unstructured {
  protected scores(t: Tensor): [Tensor, boolean] {
    return [t.abs(), false];
  }
}

/** A method that drops whole slices along an axis. */
abstract class Structured extends BasePruningMethod {
  readonly pruningType = "structured";
  readonly amount: number;
  override readonly dim: number;

  constructor(op: string, amount: unknown, dim: unknown) {
    super();
    this.amount = checkAmount(op, amount);
    this.dim = checkInteger(op, "dim", dim ?? -1);
  }

  /** Which of the slices along `dim` are kept when `n` of them are dropped. */
  protected abstract kept(t: Tensor, dim: number, n: number): Tensor;

  computeMask(t: Tensor, defaultMask: Tensor): Tensor {
    const op = classNameOf(this);
    checkMask("computeMask", defaultMask, checkTensor("computeMask", t, "t"));
    if (t.ndim < 2)
      throw new ShapeError(
        `${op}: Structured pruning can only be applied to multidimensional tensors. Found tensor of shape ${shapeText(t.shape)} with ${t.ndim} dims`,
      );
    const dim = wrapDim(op, this.dim, t.ndim);
    const n = count(op, this.amount, t.shape[dim]!);
    if (n === 0) return defaultMask;
    const keep = this.kept(t, dim, n).to(defaultMask.dtype);
    return defaultMask.mul(keep.reshape(t.shape.map((_, i) => (i === dim ? -1 : 1))));
  }
}

/** Options of {@link RandomStructured}. */
export interface RandomStructuredOptions extends PruneAmount {
  /** Default: −1. */
  dim?: number;
}

/** Drops random slices along an axis. @see torch.nn.utils.prune.RandomStructured @example new prune.RandomStructured(0.3, 0) */
export class RandomStructured extends Structured {
  constructor(...given: [amount: number, dim?: number] | [options: RandomStructuredOptions]) {
    const { amount, dim } = argumentsOf<RandomStructuredOptions>("RandomStructured", "amount; dim", given);
    super("RandomStructured", amount, dim);
  }

  protected kept(t: Tensor, dim: number, n: number): Tensor {
    const chances = rand(t.shape[dim]!, { device: t.device });
    return chances.gt(chances.kthvalue(n).values);
  }
}

/** Options of {@link LnStructured}. */
export interface LnStructuredOptions extends RandomStructuredOptions {
  /** The degree of the norm. */
  n: number;
}

/** Drops the slices of smallest norm along an axis. @see torch.nn.utils.prune.LnStructured @example new prune.LnStructured(0.3, 2, 0) */
export class LnStructured extends Structured {
  readonly n: number;

  constructor(...given: [amount: number, n: number, dim?: number] | [options: LnStructuredOptions]) {
    const { amount, n, dim } = argumentsOf<LnStructuredOptions>("LnStructured", "amount, n; dim", given);
    super("LnStructured", amount, dim);
    this.n = checkNumber("LnStructured", "n", n);
  }

  protected kept(t: Tensor, dim: number, n: number): Tensor {
    const norms = t.norm(
      this.n,
      t.shape.flatMap((_, i) => (i === dim ? [] : [i])),
    );
    const { indices } = norms.topk(norms.numel() - n);
    return norms.zerosLike().indexFill(0, indices, 1);
  }
}

/** Drops what a mask drops. @see torch.nn.utils.prune.CustomFromMask @example new prune.CustomFromMask(mask) */
export class CustomFromMask extends BasePruningMethod {
  readonly pruningType = "global";
  readonly mask: Tensor;

  constructor(...given: [mask: Tensor] | [options: { mask: Tensor }]) {
    super();
    const { mask } = argumentsOf<{ mask: Tensor }>("CustomFromMask", "mask", given);
    this.mask = checkTensor("CustomFromMask", mask, "mask");
  }

  computeMask(t: Tensor, defaultMask: Tensor): Tensor {
    checkMask("computeMask", defaultMask, checkTensor("computeMask", t, "t"));
    checkMask("CustomFromMask", this.mask, t);
    return defaultMask.mul(this.mask.to(defaultMask.dtype));
  }
}
