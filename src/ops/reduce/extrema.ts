/** Largest and smallest elements, their positions, and questions about all elements. */

import { record, recordAll } from "../../autograd/node";
import { ArgumentError, DTypeError, IndexError } from "../../core/errors";
import { shapeText, wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import type { Overloaded } from "../../core/signatureTypes";
import { allocate } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { cast, computeType } from "../builders/define";
import { type NamedTuple, namedTuple } from "../builders/namedTuple";
import { maximum, minimum } from "../elementwise/binary";
import { cat } from "../shape/join";
import { type Dim, type Plan, plan, spread } from "./reduce";
import { reduceInto, reduceOnce, reductions, threeAxes } from "./reduceInto";

/** Values and their positions (int64). */
export type ValuesAndIndices = NamedTuple<["values", "indices"]>;

/** A pair of results with names. */
export function valuesAndIndices(values: Tensor, indices: Tensor): ValuesAndIndices {
  return namedTuple({ values, indices });
}

/** Options of a reduction along axes. */
export interface KeepdimOptions {
  /** Keep the reduced axes with size 1. Default: false. */
  keepdim?: boolean;
}

function checkNonEmpty(op: string, x: Tensor, p: Plan): void {
  if (p.n === 0)
    throw new IndexError(
      `${op}: Expected reduction dim to be specified for input.numel() == 0, or to have non-zero size: the shape is ${shapeText(x.shape)}`,
    );
}

/** An extremum over axes; equal extrema share the gradient evenly. */
function extremum(op: string, kernel: "amax" | "amin", x: Tensor, dim: Dim, keepdim: boolean): Tensor {
  checkTensor(op, x);
  const p = plan(op, x, dim, keepdim);
  checkNonEmpty(op, x, p);
  const y = allocate(p.shape, computeType(x.dtype), x);
  reduceInto(reductions[kernel], y, x, p.dims, y.dtype);
  const { shape } = x;
  const name = `${op.charAt(0).toUpperCase()}${op.slice(1)}Backward0`;
  return record(
    name,
    cast(y, x.dtype),
    [x],
    [x, y],
    [
      (g, [input, best]) => {
        const hits = input!.eq(spread(best!.detach(), p.kept, shape)).to(g.dtype);
        const share = hits.div(hits.sum(p.dims, { keepdim: true }));
        return spread(g, p.kept, shape).mul(share);
      },
    ],
  );
}

/** The largest element over `dim` (one axis, several, or all). NaN if there is one. @see torch.amax */
export const amax = named(
  "amax",
  "input, dim?; keepdim",
  (x: Tensor, dim?: Dim, options: KeepdimOptions = {}): Tensor =>
    extremum("amax", "amax", x, dim, options.keepdim ?? false),
);

/** The smallest element over `dim` (one axis, several, or all). NaN if there is one. @see torch.amin */
export const amin = named(
  "amin",
  "input, dim?; keepdim",
  (x: Tensor, dim?: Dim, options: KeepdimOptions = {}): Tensor =>
    extremum("amin", "amin", x, dim, options.keepdim ?? false),
);

/** The smallest and the largest element, over one axis or all. @see torch.aminmax */
export const aminmax = named(
  "aminmax",
  "input;; dim, keepdim",
  (x: Tensor, options: { dim?: number | null; keepdim?: boolean } = {}): NamedTuple<["min", "max"]> => {
    const { dim, keepdim = false } = options;
    const isScalar = checkTensor("aminmax", x).ndim === 0 && typeof dim === "number" && keepdim;
    // PyTorch keeps the axis that is asked for even if there is none.
    const source = isScalar ? x.reshape([1]) : x;
    const [min, max] = [extremum("amin", "amin", source, dim, keepdim), extremum("amax", "amax", source, dim, keepdim)];
    return namedTuple({ min, max });
  },
);

/** Writes extrema and their positions along an axis. */
function extremaOf(op: "max" | "min", values: Tensor, indices: Tensor, x: Tensor, dims: readonly number[]): void {
  const source = cast(x, values.dtype);
  const rows = threeAxes(source, dims);
  const { n, inner } = rows;
  x.storage.backend.run("extremum", { kind: op, values, indices, x: rows.x, n, inner });
  if (rows.owned) rows.x.dispose();
  if (source !== x) source.dispose();
}

/** The extremum along one axis, with its position; the gradient goes to that element alone. */
function extremumAlong(op: "max" | "min", x: Tensor, dim: number, options: KeepdimOptions): ValuesAndIndices {
  const p = plan(op, x, wrapDim(op, dim, x.ndim), options.keepdim ?? false);
  checkNonEmpty(op, x, p);
  const values = allocate(p.shape, computeType(x.dtype), x);
  const indices = allocate(p.shape, "int64", x);
  reduceOnce(x, p.dims, [values, indices], ([best, at], distinct) => extremaOf(op, best!, at!, distinct, p.dims));
  const { shape } = x;
  const out = cast(values, x.dtype);
  recordAll(op === "max" ? "MaxBackward0" : "MinBackward0", [out, indices], [x], [indices], ([g], [at]) => [
    g && selectBack(g, at!, p, shape),
  ]);
  return valuesAndIndices(out, indices);
}

/** Puts each gradient at its index along the reduced axis. */
export function selectBack(g: Tensor, indices: Tensor, p: Plan, shape: readonly number[]): Tensor {
  if (shape.length === 0) return g.reshape([]);
  return g.newZeros(shape).scatterAdd(p.dims[0]!, indices.reshape(p.kept), g.reshape(p.kept));
}

/** {@link max} as a method. */
export interface ExtremumMethod {
  (): Tensor;
  (other: Tensor): Tensor;
  (options: { other: Tensor }): Tensor;
  (dim: number, keepdim?: boolean): ValuesAndIndices;
  (dim: number, options: KeepdimOptions): ValuesAndIndices;
  (options: { dim: number } & KeepdimOptions): ValuesAndIndices;
}

/** {@link max} as a function. */
export interface ExtremumFunction {
  (input: Tensor): Tensor;
  (input: Tensor, other: Tensor): Tensor;
  (input: Tensor, options: { other: Tensor }): Tensor;
  (input: Tensor, dim: number, keepdim?: boolean): ValuesAndIndices;
  (input: Tensor, dim: number, options: KeepdimOptions): ValuesAndIndices;
  (input: Tensor, options: { dim: number } & KeepdimOptions): ValuesAndIndices;
  (options: { input: Tensor; other?: Tensor }): Tensor;
  (options: { input: Tensor; dim: number } & KeepdimOptions): ValuesAndIndices;
}

/** The extremum of all elements, along an axis, or of two tensors. */
const choosing =
  (op: "max" | "min") =>
  (x: Tensor, dim?: number | Tensor, options: KeepdimOptions & { other?: Tensor } = {}): Tensor | ValuesAndIndices => {
    checkTensor(op, x);
    const { keepdim, other = dim instanceof Tensor ? dim : undefined } = options;
    if (keepdim !== undefined && (dim === undefined || other !== undefined))
      throw new ArgumentError(`${op}: keepdim is for one axis; name it with dim, or use a${op}`);
    if (other === undefined) {
      if (dim !== undefined) return extremumAlong(op, x, dim as number, options);
      return extremum(op, op === "max" ? "amax" : "amin", x, undefined, false);
    }
    if (dim !== undefined && dim !== other) throw new ArgumentError(`${op}: takes dim or other, not both`);
    return op === "max" ? maximum(x, other) : minimum(x, other);
  };

/**
 * The largest element: of all; along `dim`, with its position; or elementwise of two tensors.
 * @see torch.max
 * @example
 * x.max();
 * const { values, indices } = x.max(1);
 * const [, predicted] = logits.max(1);
 */
export const max = named("max", "input, dim?; keepdim; other", choosing("max")) as unknown as Overloaded<
  ExtremumFunction,
  ExtremumMethod
>;

/** The smallest element: of all; along `dim`, with its position; or elementwise of two tensors. @see torch.min */
export const min = named("min", "input, dim?; keepdim; other", choosing("min")) as unknown as Overloaded<
  ExtremumFunction,
  ExtremumMethod
>;

function position(op: "argmax" | "argmin", x: Tensor, dim: number | null | undefined, options: KeepdimOptions): Tensor {
  checkTensor(op, x);
  if (x.dtype === "bool") throw new DTypeError(`${op}: not implemented for 'Bool'; cast with x.long()`);
  const keepdim = options.keepdim ?? false;
  const all = dim === undefined || dim === null;
  const p = plan(op, x, all ? undefined : wrapDim(op, dim, x.ndim), keepdim);
  checkNonEmpty(op, x, p);
  if (p.n > LONGEST) return longPosition(op, x.reshape(-1)).reshape(p.shape);
  const y = allocate(p.shape, "int64", x);
  // A position in a flattened tensor counts all elements, also those that repeat others.
  const source = all && x.ndim > 1 ? x.detach().contiguous() : x;
  reduceInto(reductions[op], y, source, p.dims, computeType(x.dtype));
  return y;
}

/** Kernels count in 32 bits, so that a longer row is looked through in parts. */
const LONGEST = 2 ** 30;

/** The position in a vector of any length, as a vector of one element. */
function longPosition(op: "argmax" | "argmin", x: Tensor): Tensor {
  const n = x.shape[0]!;
  const starts = Array.from({ length: Math.ceil(n / LONGEST) }, (_, i) => i * LONGEST);
  const parts = starts.map((start) => x.narrow(0, start, Math.min(LONGEST, n - start)));
  const best = cat(parts.map((part) => (op === "argmax" ? amax : amin)(part, 0, { keepdim: true })));
  const at = cat(parts.map((part, i) => position(op, part, 0, { keepdim: true }).add(starts[i]!)));
  return at.indexSelect(0, position(op, best, 0, { keepdim: true }));
}

/** The position of the largest element, int64: along `dim`, or (without) in the flattened tensor. @see torch.argmax */
export const argmax = named(
  "argmax",
  "input, dim?; keepdim",
  (x: Tensor, dim?: number | null, options: KeepdimOptions = {}): Tensor => position("argmax", x, dim, options),
);

/** The position of the smallest element, int64: along `dim`, or (without) in the flattened tensor. @see torch.argmin */
export const argmin = named(
  "argmin",
  "input, dim?; keepdim",
  (x: Tensor, dim?: number | null, options: KeepdimOptions = {}): Tensor => position("argmin", x, dim, options),
);

/** A reduction to bool or to counts, without a gradient. */
function question(
  op: "all" | "any" | "countNonzero",
  x: Tensor,
  dim: Dim,
  keepdim: boolean,
  result: "bool" | "uint8" | "int64",
): Tensor {
  checkTensor(op, x);
  const p = plan(op, x, dim, keepdim);
  const y = allocate(p.shape, result, x);
  reduceInto(reductions[op], y, x, p.dims, computeType(x.dtype));
  return y;
}

/** uint8 stays uint8, as in PyTorch. */
const truthType = (x: Tensor) => (x.dtype === "uint8" ? "uint8" : "bool");

/** Whether all elements over `dim` are not zero. @see torch.all */
export const all = named(
  "all",
  "input, dim?; keepdim",
  (x: Tensor, dim?: Dim, options: KeepdimOptions = {}): Tensor =>
    question("all", x, dim, options.keepdim ?? false, truthType(checkTensor("all", x))),
);

/** Whether any element over `dim` is not zero. @see torch.any */
export const any = named(
  "any",
  "input, dim?; keepdim",
  (x: Tensor, dim?: Dim, options: KeepdimOptions = {}): Tensor =>
    question("any", x, dim, options.keepdim ?? false, truthType(checkTensor("any", x))),
);

/** How many elements over `dim` are not zero, int64. @see torch.count_nonzero */
export const countNonzero = named(
  "countNonzero",
  "input, dim?",
  (x: Tensor, dim?: Dim): Tensor => question("countNonzero", x, dim, false, "int64"),
);
