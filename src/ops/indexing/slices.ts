/** Slices of one axis chosen by a vector of indices, and the ways back: indexAdd, indexCopy, indexFill, indexReduce. */

import { record } from "../../autograd/node";
import { checkChoice, checkNumber } from "../../core/arguments";
import { determinism } from "../../core/determinism";
import { ArgumentError, checkOptions, DTypeError, IndexError, ShapeError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate, checkFill, filled } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { cast, computeType } from "../builders/define";
import { inplace } from "../builders/inplace";
import { type Axis, axisOf, checkedIndex, checkIndexType, copyOf, dense, wrappedIndex, writing } from "./indexChecks";
import type { ReduceMode } from "./scatterInto";
import { scatterReduce } from "./scatterReduce";

/** Writes the slices of `x` at `index` (checked) along an axis to `y`. */
function pull(y: Tensor, x: Tensor, index: Tensor, { n, inner }: Axis): void {
  y.storage.backend.run("indexSelect", { y, x: dense(x), index, n, inner });
}

function checkVector(op: string, index: Tensor, x: Tensor): void {
  checkIndexType(op, index, x);
  if (index.ndim > 1)
    throw new IndexError(`${op}: Index is supposed to be a vector, got shape ${shapeText(index.shape)}`);
}

/**
 * The slices of `x` along `dim` that `index` names, in its order; a name may repeat. Index: a vector of int64 or int32.
 * @see torch.index_select
 * @throws IndexError for an index that is negative or beyond the axis.
 */
export const indexSelect = named(
  "indexSelect",
  "input, dim, index",
  (x: Tensor, dim: number, index: Tensor): Tensor => {
    checkTensor("indexSelect", x);
    checkVector("indexSelect", index, x);
    const axis = axisOf("indexSelect", x.shape, dim);
    if (x.ndim === 0 && index.numel() !== 1)
      throw new IndexError(
        `indexSelect: Index to scalar can have only 1 value, got ${index.numel()} value(s); x.expand(n) repeats a scalar`,
      );
    const at = checkedIndex("indexSelect", index, axis.n, axis.dim);
    const { shape } = x;
    const y = allocate(shape.length === 0 ? [] : shape.with(axis.dim, at.numel()), x.dtype, x);
    pull(y, x, at, axis);
    return record("IndexSelectBackward0", y, [x], [at], [(g, [i]) => g.newZeros(shape).indexAdd(axis.dim, i!, g)]);
  },
);

/** The shape of `x`, a 0-d tensor counted as a vector of one element. */
const vectorShape = (x: Tensor): readonly number[] => (x.ndim === 0 ? [1] : x.shape);

/** The slices of a gradient at `index`, in the shape of the source that went there; a 0-d gradient may be taken several times. */
const slicesOf = (g: Tensor, { dim }: Axis, index: Tensor, shape: readonly number[]): Tensor =>
  (g.ndim === 0 ? g.reshape(1) : g).indexSelect(dim, index).reshape(shape);

/** The axis of `x`, once `index` and `source` are found to fit it. @throws ShapeError or DTypeError saying what does not. */
function checkSource(op: string, x: Tensor, dim: number, index: Tensor, source: Tensor): Axis {
  checkTensor(op, x);
  checkVector(op, index, x);
  checkTensor(op, source, "source");
  if (source.dtype !== x.dtype)
    throw new DTypeError(
      `${op}: self (${x.dtype}) and source (${source.dtype}) must have the same dtype; cast one with x.to(dtype)`,
    );
  const axis = axisOf(op, x.shape, dim);
  const wanted = vectorShape(x).with(axis.dim, index.numel());
  if (!sameShape(wanted, vectorShape(source)))
    throw new ShapeError(
      `${op}: source must have shape ${shapeText(wanted)}: that of self, but for ${index.numel()} (the number of indices) along dimension ${axis.dim}; got ${shapeText(source.shape)}`,
    );
  return axis;
}

/** y[index] = source along an axis of a contiguous y. */
function overwrite(y: Tensor, index: Tensor, source: Tensor, axis: Axis): void {
  const { n, inner } = axis;
  y.storage.backend.run("indexCopy", { y, index, source: dense(source), n, inner });
}

/** y[index] += alpha · source along an axis of a contiguous y. */
function accumulate(y: Tensor, index: Tensor, source: Tensor, alpha: number, axis: Axis): void {
  const { n, inner } = axis;
  const deterministic = determinism() > 0;
  y.storage.backend.run("indexAdd", { y, index, source: dense(cast(source, y.dtype)), alpha, n, inner, deterministic });
}

/** Options of {@link indexAdd}. */
export interface IndexAddOptions {
  /** Factor of the source. Default: 1. */
  alpha?: number | boolean;
}

function factorOf(alpha: number | boolean, { dtype }: Tensor): number {
  if (typeof alpha !== "boolean") return checkNumber("indexAdd", "alpha", alpha);
  if (dtype === "bool") return Number(alpha);
  throw new ArgumentError(`indexAdd: Boolean alpha only supported for Boolean results, got ${dtype}; use 1 or 0`);
}

/** The checked arguments of {@link indexAdd}. */
function addition(x: Tensor, dim: number, index: Tensor, source: Tensor, options: IndexAddOptions) {
  checkOptions("indexAdd", options, ["alpha"]);
  const axis = checkSource("indexAdd", x, dim, index, source);
  return { axis, at: checkedIndex("indexAdd", index, axis.n, axis.dim), alpha: factorOf(options.alpha ?? 1, x) };
}

/**
 * `x` with alpha · source added to the slices along `dim` that `index` names; repeated names add up.
 * @see torch.index_add
 * @throws IndexError for an index that is negative or beyond the axis.
 */
export const indexAdd = named(
  "indexAdd",
  "input, dim, index, source;; alpha",
  (x: Tensor, dim: number, index: Tensor, source: Tensor, options: IndexAddOptions = {}): Tensor => {
    const { axis, at, alpha } = addition(x, dim, index, source, options);
    // Truth values are counted: true again where the count is not 0.
    const isBool = x.dtype === "bool";
    const y = copyOf(x, isBool ? "int32" : computeType(x.dtype));
    accumulate(y, at, source, isBool ? Math.abs(alpha) : alpha, axis);
    const { shape } = source;
    return record(
      "IndexAddBackward0",
      cast(y, x.dtype),
      [x, source],
      [at],
      [(g) => g, (g, [i]) => slicesOf(g, axis, i!, shape).mul(alpha)],
    );
  },
);

/**
 * `x` with the slices along `dim` that `index` names replaced by those of `source`. Which one stays where a name repeats is unspecified.
 * @see torch.index_copy
 * @throws IndexError for an index that is negative or beyond the axis.
 */
export const indexCopy = named(
  "indexCopy",
  "input, dim, index, source",
  (x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor => {
    const axis = checkSource("indexCopy", x, dim, index, source);
    const at = checkedIndex("indexCopy", index, axis.n, axis.dim);
    const y = copyOf(x);
    overwrite(y, at, source, axis);
    const { shape } = source;
    return record(
      "IndexCopyBackward0",
      y,
      [x, source],
      [at],
      [(g, [i]) => g.indexFill(axis.dim, i!, 0), (g, [i]) => slicesOf(g, axis, i!, shape)],
    );
  },
);

/**
 * `x` with the slices along `dim` that `index` names filled with a number or a 0-d tensor. Negative indices count from the end.
 * @see torch.Tensor.index_fill
 */
export const indexFill = named(
  "indexFill",
  "input, dim, index, value",
  (x: Tensor, dim: number, index: Tensor, value: number | boolean | Tensor): Tensor => {
    checkTensor("indexFill", x);
    checkVector("indexFill", index, x);
    const axis = axisOf("indexFill", x.shape, dim);
    const at = wrappedIndex("indexFill", index, axis.n, axis.dim);
    const shape = vectorShape(x).with(axis.dim, at.numel());
    checkFill("indexFill", value, x.dtype);
    if (value instanceof Tensor) return indexCopy(x, axis.dim, at, value.to(x.dtype).expand(shape));
    const y = copyOf(x);
    overwrite(y, at, filled(allocate(shape, x.dtype, x), value), axis);
    return record("IndexFillBackward0", y, [x], [at], [(g, [i]) => g.indexFill(axis.dim, i!, 0)]);
  },
);

/** Options of {@link indexReduce}. */
export interface IndexReduceOptions {
  /** Whether the elements of `x` take part. Default: true. */
  includeSelf?: boolean;
}

/**
 * `x` with the slices of `source` reduced into those along `dim` that `index` names.
 * @see torch.Tensor.index_reduce
 * @param reduce `"prod"`, `"mean"`, `"amax"` or `"amin"`.
 */
export const indexReduce = named(
  "indexReduce",
  "input, dim, index, source, reduce;; includeSelf",
  (
    x: Tensor,
    dim: number,
    index: Tensor,
    source: Tensor,
    reduce: Exclude<ReduceMode, "sum">,
    options: IndexReduceOptions = {},
  ): Tensor => {
    const axis = checkSource("indexReduce", x, dim, index, source);
    checkChoice("indexReduce", "reduce", reduce, ["prod", "mean", "amax", "amin"]);
    const shape = vectorShape(source);
    const along = index.reshape(shape.map((_, i) => (i === axis.dim ? -1 : 1))).expand(shape);
    return scatterReduce(x, axis.dim, along, source.reshape(shape), reduce, options);
  },
);

/** indexAdd in place. @see torch.Tensor.index_add_ */
export const indexAdd_: typeof indexAdd = inplace(
  "indexAdd_",
  writing("indexAdd_", indexAdd, (x, dim, index, source, options = {}) => {
    const { axis, at, alpha } = addition(x, dim, index, source, options);
    accumulate(x, at, source, alpha, axis);
  }),
);
/** indexCopy in place. @see torch.Tensor.index_copy_ */
export const indexCopy_: typeof indexCopy = inplace(
  "indexCopy_",
  writing("indexCopy_", indexCopy, (x, dim, index, source) => {
    const axis = checkSource("indexCopy_", x, dim, index, source);
    overwrite(x, checkedIndex("indexCopy_", index, axis.n, axis.dim), source, axis);
  }),
);
/** indexFill in place. @see torch.Tensor.index_fill_ */
export const indexFill_: typeof indexFill = inplace("indexFill_", indexFill, "allowed");
/** indexReduce in place. @see torch.Tensor.index_reduce_ */
export const indexReduce_: typeof indexReduce = inplace("indexReduce_", indexReduce);
