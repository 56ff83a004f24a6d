/** Reductions over one axis, several, or all. */

import { type Inputs, record } from "../../autograd/node";
import { checkDType, type DType, isFloat, legacyName } from "../../core/dtype";
import { DTypeError, ShapeError } from "../../core/errors";
import { sameShape, shapeText, sizeArgument, wrapDims } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate, filled } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { cast, computeType } from "../builders/define";
import type { SizeArguments } from "../shape/view";
import { reduceInto, reductions } from "./reduceInto";

/** One axis, several, or (undefined) all. */
export type Dim = number | readonly number[] | null | undefined;

/** Options of reductions that can change the dtype. */
export interface ReduceOptions {
  /** Keep the reduced axes with size 1. Default: false. */
  keepdim?: boolean;
  /** Cast to this dtype first. */
  dtype?: DType;
}

/** How a reduction sees its input. */
export interface Plan {
  /** The reduced axes, increasing. */
  readonly dims: readonly number[];
  /** The shape of the result with the reduced axes kept at size 1. */
  readonly kept: readonly number[];
  /** The shape of the result. */
  readonly shape: readonly number[];
  /** Elements per result. */
  readonly n: number;
}

/** Works out the axes and the shape of a reduction. */
export function plan(op: string, x: Tensor, dim: Dim, keepdim = false): Plan {
  const all = dim === undefined || dim === null || (Array.isArray(dim) && dim.length === 0);
  const dims = wrapDims(op, all ? undefined : dim, x.ndim);
  const kept = x.shape.slice();
  let n = 1;
  for (let i = 0; i < dims.length; i++) {
    const d = dims[i]!;
    n *= kept[d]!;
    kept[d] = 1;
  }
  return { dims, kept, shape: keepdim ? kept : withoutAxes(x.shape, dims), n };
}

/** A shape without some of its axes. */
function withoutAxes(shape: readonly number[], dims: readonly number[]): number[] {
  const rest = new Array<number>(shape.length - dims.length);
  for (let i = 0, at = 0; at < rest.length; i++) if (!dims.includes(i)) rest[at++] = shape[i]!;
  return rest;
}

/** Puts the reduced axes of a gradient or result back with size 1, and broadcasts it to the input's shape. */
export const spread = (g: Tensor, kept: readonly number[], shape: readonly number[]): Tensor =>
  g.reshape(kept).expand(shape);

/**
 * The sum over `dim`. Integers and bool are summed as int64.
 * @see torch.sum
 * @example x.sum(); x.sum(1, { keepdim: true }); x.sum([0, 2]);
 */
export const sum = named(
  "sum",
  "input, dim?; keepdim, dtype",
  (x: Tensor, dim?: Dim, options: ReduceOptions = {}): Tensor => {
    checkTensor("sum", x);
    if (options.dtype !== undefined) checkDType("sum", options.dtype);
    const p = plan("sum", x, dim, options.keepdim);
    const result = options.dtype ?? (isFloat(x.dtype) ? x.dtype : "int64");
    const narrow = isFloat(result) ? computeType(result) : isFloat(x.dtype) ? result : x.dtype;
    const wide = isFloat(result) ? computeType(result) : "int64";
    const y = allocate(p.shape, wide, x);
    reduceInto(reductions.sum, y, x, p.dims, narrow);
    const out = cast(y, result);
    if (!x.requiresGrad) return out;
    return recordSum(p.dims.length === x.ndim && dim === undefined ? "SumBackward0" : "SumBackward1", out, x, p.kept);
  },
);

function recordSum(name: string, out: Tensor, x: Tensor, kept: readonly number[]): Tensor {
  const { shape, dtype } = x;
  return record(name, out, [x], [], [(g) => spread(g, kept, shape).to(dtype)]);
}

/**
 * The mean over `dim`, of floating-point elements.
 * @see torch.mean
 * @throws DTypeError for integers: cast first, or pass `dtype`.
 */
export const mean = named(
  "mean",
  "input, dim?; keepdim; dtype",
  (x: Tensor, dim?: Dim, options: ReduceOptions = {}): Tensor => {
    checkTensor("mean", x);
    const dtype = options.dtype ?? x.dtype;
    if (!isFloat(dtype))
      throw new DTypeError(
        `mean(): could not infer output dtype. Input dtype must be either a floating point dtype. Got: ${legacyName(dtype)}; use x.float().mean()`,
      );
    const p = plan("mean", x, dim, options.keepdim);
    const y = allocate(p.shape, computeType(dtype), x);
    reduceInto(reductions.sum, y, x, p.dims, y.dtype);
    x.storage.backend.binary("div", y.dtype, y, y, p.n, 0);
    const { shape, dtype: from } = x;
    const name = p.dims.length === x.ndim && dim === undefined ? "MeanBackward0" : "MeanBackward1";
    return record(name, cast(y, dtype), [x] as Inputs, [], [(g) => spread(g.div(p.n), p.kept, shape).to(from)]);
  },
);

/**
 * The sum over the axes along which `x` was broadcast from `size`.
 * @see torch.Tensor.sum_to_size
 * @throws ShapeError if `size` does not broadcast to the shape of `x`.
 */
export const sumToSize = named("sumToSize", "input, ...size", (x: Tensor, ...size: SizeArguments): Tensor => {
  checkTensor("sumToSize", x);
  const shape = sizeArgument("sumToSize", size);
  if (shape.length === 0) return sum(x);
  if (sameShape(shape, x.shape)) return x;
  const lead = x.ndim - shape.length;
  const dims = x.shape.flatMap((n, i) => (i < lead || (shape[i - lead] === 1 && n !== 1) ? [i] : []));
  if (lead < 0 || x.shape.some((n, i) => i >= lead && shape[i - lead] !== 1 && shape[i - lead] !== n))
    throw new ShapeError(`sumToSize: size ${shapeText(shape)} is not expandable to size ${shapeText(x.shape)}.`);
  const summed = dims.length === 0 ? x : sum(x, dims, { keepdim: true });
  return summed.reshape(shape);
});

/** A tensor of one value with the shape of another, for gradients. */
export const constantLike = (x: Tensor, value: number): Tensor => filled(allocate(x.shape, x.dtype, x), value);
