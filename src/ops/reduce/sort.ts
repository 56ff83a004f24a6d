/** Elements in order along an axis, and those at a given rank: sorting, the k largest, medians, modes. */

import { noGrad } from "../../autograd/mode";
import { recordAll } from "../../autograd/node";
import { checkInteger } from "../../core/arguments";
import { ArgumentError, IndexError, ValueError } from "../../core/errors";
import { wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import type { Overloaded } from "../../core/signatureTypes";
import { allocate, filled } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { cast, computeType, nodeName } from "../builders/define";
import { axisOf, dense } from "../indexing/indexChecks";
import { type KeepdimOptions, type ValuesAndIndices, valuesAndIndices } from "./extrema";

/** The position of the element of a 0-d tensor. */
const allocateZeros = (x: Tensor): Tensor => filled(allocate([], "int64", x), 0);

/** The first m elements of each row along `dim` in order, and their positions, without history. */
function ordered(x: Tensor, dim: number, m: number, descending: boolean): [values: Tensor, indices: Tensor] {
  const source = dense(cast(x, computeType(x.dtype)));
  const { n, inner } = axisOf("sort", x.shape, dim);
  // A 0-d tensor has its one element, also if none was asked for, as in PyTorch.
  if (x.ndim === 0) return [cast(source, x.dtype).clone(), allocateZeros(x)];
  const shape = x.shape.with(dim, m);
  const values = allocate(shape, source.dtype, x);
  const indices = allocate(shape, "int64", x);
  x.storage.backend.run("sort", { values, indices, x: source, n, m, inner, descending });
  return [cast(values, x.dtype), indices];
}

/** Values taken from `x` at `indices` along `dim`, both of which keep the axis, with the gradient going back there. */
function selected(op: string, x: Tensor, dim: number, values: Tensor, indices: Tensor): ValuesAndIndices {
  const { shape } = x;
  recordAll(nodeName(op), [values, indices], [x], [indices], ([g], [at]) => [
    g && (shape.length === 0 ? g : g.newZeros(shape).scatterAdd(dim, at!, g)),
  ]);
  return valuesAndIndices(values, indices);
}

/** Takes the axis of size 1 away unless it is kept. */
function reduced(
  { values, indices }: ValuesAndIndices,
  dim: number,
  { keepdim = false }: KeepdimOptions,
): ValuesAndIndices {
  if (keepdim || values.ndim === 0) return valuesAndIndices(values, indices);
  return valuesAndIndices(values.squeeze(dim), indices.squeeze(dim));
}

/** Options of {@link sort}. */
export interface SortOptions {
  /** Largest first. Default: false. */
  descending?: boolean;
  /** Equal elements keep their order. They always do here. */
  stable?: boolean | null;
}

/**
 * The elements in ascending order along `dim`, and the position of each in `x`. NaN counts as the largest; equal elements keep their order.
 * @see torch.sort
 * @example const { values, indices } = x.sort(1, { descending: true });
 */
export const sort = named(
  "sort",
  "input, dim?; descending, stable",
  (x: Tensor, dim = -1, options: SortOptions = {}): ValuesAndIndices => {
    checkTensor("sort", x);
    const d = wrapDim("sort", dim, x.ndim);
    const [values, indices] = ordered(x.detach(), d, x.shape[d] ?? 1, options.descending ?? false);
    return selected("sort", x, d, values, indices);
  },
);

/** The positions that put the elements in order along `dim`, int64. @see torch.argsort */
export const argsort = named(
  "argsort",
  "input, dim?; descending, stable",
  (x: Tensor, dim = -1, options: SortOptions = {}): Tensor => {
    checkTensor("argsort", x);
    return noGrad(() => sort(x, dim, options).indices);
  },
);

/** The elements in ascending order along the first axis. @see torch.msort */
export const msort = named("msort", "input", (x: Tensor): Tensor => sort(checkTensor("msort", x), 0).values);

/** Options of {@link topk}. */
export interface TopkOptions {
  /** The k largest; otherwise the k smallest. Default: true. */
  largest?: boolean;
  /** In order. They always are here. */
  sorted?: boolean;
}

/**
 * The k largest elements along `dim`, in order, and their positions. Shape: [*, n, *] → [*, k, *].
 * @see torch.topk
 * @throws IndexError unless 0 ≤ k ≤ n.
 */
export const topk = named(
  "topk",
  "input, k, dim?; largest, sorted",
  (x: Tensor, k: number, dim = -1, options: TopkOptions = {}): ValuesAndIndices => {
    checkTensor("topk", x);
    const d = wrapDim("topk", dim, x.ndim);
    const n = x.shape[d] ?? 1;
    checkInteger("topk", "k", k);
    if (k < 0 || k > n)
      throw new IndexError(`topk: selected index k out of range: ${k} of ${n} elements along dimension ${d}`);
    const [values, indices] = ordered(x.detach(), d, k, options.largest ?? true);
    return selected("topk", x, d, values, indices);
  },
);

/**
 * The k-th smallest element along `dim`, counted from 1, and its position.
 * @see torch.kthvalue
 * @throws IndexError unless 1 ≤ k ≤ n.
 */
export const kthvalue = named(
  "kthvalue",
  "input, k, dim?; keepdim",
  (x: Tensor, k: number, dim = -1, options: KeepdimOptions = {}): ValuesAndIndices => {
    checkTensor("kthvalue", x);
    const d = wrapDim("kthvalue", dim, x.ndim);
    const n = x.shape[d] ?? 1;
    checkInteger("kthvalue", "k", k);
    if (k < 1 || k > n)
      throw new IndexError(`kthvalue: selected number k out of range for dimension ${d}: ${k} of ${n}`);
    const [values, indices] = ordered(x.detach(), d, k, false);
    const last = (y: Tensor) => (y.ndim === 0 ? y : y.narrow(d, k - 1, 1));
    return reduced(selected("kthvalue", x, d, last(values).clone(), last(indices).clone()), d, options);
  },
);

/**
 * The most frequent element along `dim`, the smallest of equally frequent ones, and the position where it occurs last.
 * @see torch.mode
 */
export const mode = named(
  "mode",
  "input, dim?; keepdim",
  (x: Tensor, dim = -1, options: KeepdimOptions = {}): ValuesAndIndices => {
    checkTensor("mode", x);
    const d = wrapDim("mode", dim, x.ndim);
    const { n, inner } = axisOf("mode", x.shape, d);
    if (n === 0) throw new IndexError(`mode: Expected reduction dim ${d} to have non-zero size.`);
    const source = dense(cast(x.detach(), computeType(x.dtype)));
    const shape = x.ndim === 0 ? [] : x.shape.with(d, 1);
    const [values, indices] = [allocate(shape, source.dtype, x), allocate(shape, "int64", x)];
    x.storage.backend.run("mostFrequent", { values, indices, x: source, n, inner });
    return reduced(selected("mode", x, d, cast(values, x.dtype), indices), d, options);
  },
);

/** {@link median} as a method. */
export interface MedianMethod {
  (): Tensor;
  (dim: number, keepdim?: boolean): ValuesAndIndices;
  (dim: number, options: KeepdimOptions): ValuesAndIndices;
  (options: { dim: number } & KeepdimOptions): ValuesAndIndices;
}

/** {@link median} as a function. */
export interface MedianFunction {
  (input: Tensor): Tensor;
  (input: Tensor, dim: number, keepdim?: boolean): ValuesAndIndices;
  (input: Tensor, dim: number, options: KeepdimOptions): ValuesAndIndices;
  (input: Tensor, options: { dim: number } & KeepdimOptions): ValuesAndIndices;
  (options: { input: Tensor }): Tensor;
  (options: { input: Tensor; dim: number } & KeepdimOptions): ValuesAndIndices;
}

/** Where the median stands in sorted rows, in which NaN come last: `median` takes the first NaN if there is one. */
function middle(x: Tensor, dim: number, ignoreNaN: boolean): Tensor {
  const n = x.shape[dim]!;
  const shape = x.shape.with(dim, 1);
  if (!x.isFloatingPoint()) return x.newFull(shape, (n - 1) >> 1, { dtype: "int64" });
  const valid = x.isnan().logicalNot().sum(dim, { keepdim: true });
  const inner = valid.sub(1).clampMin(0).div(2, { roundingMode: "floor" });
  return ignoreNaN ? inner : inner.where(valid.eq(n), valid);
}

function medianAlong(
  op: string,
  x: Tensor,
  dim: number,
  ignoreNaN: boolean,
  options: KeepdimOptions,
): ValuesAndIndices {
  const d = wrapDim(op, dim, x.ndim);
  if (x.ndim === 0) return selected(op, x, 0, x.detach().clone(), x.newZeros([], { dtype: "int64" }));
  if (x.shape[d] === 0) throw new IndexError(`${op}: Expected reduction dim ${d} to have non-zero size.`);
  const [values, indices] = ordered(x.detach(), d, x.shape[d]!, false);
  const at = middle(x.detach(), d, ignoreNaN);
  return reduced(selected(op, x, d, values.gather(d, at), indices.gather(d, at)), d, options);
}

const medianOf =
  (op: string, ignoreNaN: boolean) =>
  (x: Tensor, dim?: number | null, options: KeepdimOptions = {}): Tensor | ValuesAndIndices => {
    checkTensor(op, x);
    if (x.dtype === "bool") throw new ValueError(`${op}: not implemented for 'Bool'; cast with x.long()`);
    if (dim !== undefined && dim !== null) return medianAlong(op, x, dim, ignoreNaN, options);
    if (options.keepdim !== undefined) throw new ArgumentError(`${op}: keepdim is for one axis; name it with dim`);
    if (x.numel() === 0) return x.newFull([], x.isFloatingPoint() ? Number.NaN : 0, { dtype: x.dtype });
    return medianAlong(op, x.reshape(-1), 0, ignoreNaN, {}).values;
  };

/**
 * The middle element (the lower of two): of all, or along `dim`, with its position. NaN if there is one.
 * @see torch.median
 */
export const median = named("median", "input, dim?; keepdim", medianOf("median", false)) as unknown as Overloaded<
  MedianFunction,
  MedianMethod
>;

/** {@link median} of the elements that are not NaN. @see torch.nanmedian */
export const nanmedian = named(
  "nanmedian",
  "input, dim?; keepdim",
  medianOf("nanmedian", true),
) as unknown as Overloaded<MedianFunction, MedianMethod>;
