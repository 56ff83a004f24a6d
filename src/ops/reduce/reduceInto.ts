/** How reductions are computed: what their kernels see, and what is done about long rows and repeated elements. */
import type { Backend, Operand } from "../../backend/backend";
import type { BinaryName } from "../../backend/elementwise";
import type { DType } from "../../core/dtype";
import { contiguousStrides, sizeOfShape } from "../../core/shape";
import { allocate, windowOn } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { cast } from "../builders/define";

/**
 * `x` seen as contiguous [outer, n, inner] with the reduced axes in the middle: as it lies if they are neighbours, else
 * with the reduced axes moved to the end.
 */
export function threeAxes(
  x: Tensor,
  dims: readonly number[],
): { x: Tensor; outer: number; n: number; inner: number; owned: boolean } {
  const { shape } = x;
  const first = dims.length === 0 ? shape.length : dims[0]!;
  const end = first + dims.length;
  if (dims.length > 0 && dims[dims.length - 1] !== end - 1) return moved(x, dims);
  const outer = sizeBetween(shape, 0, first);
  const n = sizeBetween(shape, first, end);
  const inner = sizeBetween(shape, end, shape.length);
  return { x: contiguousCopy(x), outer, n, inner, owned: !x.isContiguous() };
}

/** The product of the sizes of the axes from `begin` to before `end`. */
function sizeBetween(shape: readonly number[], begin: number, end: number): number {
  let n = 1;
  for (let i = begin; i < end; i++) n *= shape[i]!;
  return n;
}

/** {@link threeAxes} with the reduced axes moved to the end. */
function moved(x: Tensor, dims: readonly number[]): ReturnType<typeof threeAxes> {
  const product = (axes: readonly number[]) => axes.reduce((n, d) => n * x.shape[d]!, 1);
  const rest = x.shape.map((_, i) => i).filter((i) => !dims.includes(i));
  const order = [...rest, ...dims];
  const y = allocate(
    order.map((d) => x.shape[d]!),
    x.dtype,
    x,
  );
  const source = {
    storage: x.storage,
    offset: x.offset,
    dtype: x.dtype,
    shape: y.shape,
    strides: order.map((d) => x.strides[d]!),
  };
  x.storage.backend.copy(y, source);
  return { x: y, outer: product(rest), n: product(dims), inner: 1, owned: true };
}

function contiguousCopy(x: Tensor): Tensor {
  if (x.isContiguous()) return x;
  const y = allocate(x.shape, x.dtype, x);
  x.storage.backend.copy(y, x);
  return y;
}

/** A full reduction longer than this is cut into blocks, so that threads share it. */
const SPLIT = 1 << 16;
/** Kernels count rows in 32 bits: more are reduced in parts. */
const MOST_ROWS = 2 ** 30;
/** Nanoseconds per element. */
const REDUCE_COST = 0.4;

/** How a kernel reduces. */
export interface Reduction {
  readonly kernel: string;
  /** The kernel that joins partial results of one long row. It must be exact under regrouping, or an ordinary sum. */
  readonly combine?: string | undefined;
  /** The result over `n` copies of elements from that over one of each: by a binary kernel and its second operand. Absent if they are the same. */
  readonly repeat?: readonly [op: BinaryName, operand: (n: number) => number] | undefined;
}

const times = ["mul", (n: number) => n] as const;

const reduction = (kernel: string, combine?: string, repeat?: Reduction["repeat"]): Reduction => ({
  kernel,
  combine,
  repeat,
});

/** What reduces by name. */
export const reductions = {
  sum: reduction("sum", "sum", times),
  sumSquare: reduction("sumSquare", "sum", times),
  countNonzero: reduction("countNonzero", "sum", times),
  prod: reduction("prod", undefined, ["pow", (n: number) => n]),
  logsumexp: reduction("logsumexp", undefined, ["add", Math.log]),
  amax: reduction("amax", "amax"),
  amin: reduction("amin", "amin"),
  any: reduction("any", "any"),
  all: reduction("all", "all"),
  argmax: reduction("argmax"),
  argmin: reduction("argmin"),
};

/**
 * y = the reduction of `x`, cast to `dtype`, over some axes. Along an axis on which `x` repeats itself (after `expand`), one
 * element stands for all, so that nothing is copied.
 */
export function reduceInto(reduction: Reduction, y: Tensor, x: Tensor, dims: readonly number[], dtype = x.dtype): void {
  if (repeatsItself(x)) reduceRepeated(reduction, y, x, dims, dtype);
  else reduceDistinct(reduction, y, x, dims, dtype);
}

function reduceRepeated(reduction: Reduction, y: Tensor, x: Tensor, dims: readonly number[], dtype: DType): void {
  reduceOnce(x, dims, [y], ([result], distinct, copies) => {
    reduceDistinct(reduction, result!, distinct, dims, dtype);
    if (copies === 1 || reduction.repeat === undefined) return;
    const [kernel, operand] = reduction.repeat;
    y.storage.backend.binary(kernel, y.dtype, result!, result!, operand(copies), kernel === "add" ? 1 : 0);
  });
}

/**
 * Lets `run` reduce what is left of `x` if axes on which it repeats itself have size 1; `copies` says how often each element counts. The
 * results are then spread over `outputs`, whose shapes are those of the whole reduction.
 */
export function reduceOnce(
  x: Tensor,
  dims: readonly number[],
  outputs: readonly Tensor[],
  run: (outputs: readonly Tensor[], distinct: Tensor, copies: number) => void,
): void {
  if (!repeatsItself(x)) {
    run(outputs, x, 1);
    return;
  }
  const shape = x.shape.map((n, i) => (x.strides[i] === 0 ? 1 : n));
  const distinct = windowOn(x, shape, x.strides, x.offset);
  const results = outputs.map((y) => allocate(without(shape, dims), y.dtype, y));
  run(
    results,
    distinct,
    dims.reduce((n, d) => n * (x.shape[d]! / shape[d]!), 1),
  );
  distinct.dispose();
  const whole = without(x.shape, dims);
  outputs.forEach(({ storage, dtype, offset }, i) => {
    storage.backend.copy({ storage, dtype, offset, shape: whole, strides: contiguousStrides(whole) }, results[i]!);
    results[i]!.dispose();
  });
}

/** Whether there is an axis along which all elements are one. */
function repeatsItself({ shape, strides }: Tensor): boolean {
  if (!strides.includes(0)) return false;
  let repeats = false;
  for (let i = 0; i < shape.length; i++) {
    if (shape[i] === 0) return false;
    if (strides[i] === 0 && shape[i] !== 1) repeats = true;
  }
  return repeats;
}

/** A shape with the axes `dims` of size 1. */
const without = (shape: readonly number[], dims: readonly number[]): number[] =>
  shape.map((n, i) => (dims.includes(i) ? 1 : n));

function reduceDistinct(
  { kernel, combine }: Reduction,
  y: Tensor,
  input: Tensor,
  dims: readonly number[],
  dtype: DType,
): void {
  const source = cast(input, dtype);
  const { x, outer, n, inner, owned } = threeAxes(source, dims);
  const rows = outer * inner;
  if (combine !== undefined && rows === 1 && n >= 2 * SPLIT) reduceInBlocks(kernel, y, x, n, combine);
  else if (rows <= MOST_ROWS) reduceRows(x.storage.backend, kernel, y, x, rows, n, inner);
  // So many rows have one element each.
  else
    for (let at = 0; at < rows; at += MOST_ROWS) {
      reduceRows(x.storage.backend, kernel, from(y, at), from(x, at), Math.min(MOST_ROWS, rows - at), n, 1);
    }
  if (owned) x.dispose();
  if (source !== input) source.dispose();
}

/** Reduces `rows` rows of `n` elements. */
function reduceRows(
  backend: Backend,
  kernel: string,
  y: Operand,
  x: Operand,
  rows: number,
  n: number,
  inner: number,
): void {
  backend.call(kernel, x.dtype, [y, x, n, inner], { range: rows, cost: rows * n * REDUCE_COST });
}

/** Reduces one row of `n` elements as rows of SPLIT elements and what is left, and combines the results. */
function reduceInBlocks(kernel: string, y: Tensor, x: Tensor, n: number, combine: string): void {
  const { backend } = x.storage;
  const blocks = Math.floor(n / SPLIT);
  const rest = n - blocks * SPLIT;
  const partial = allocate([blocks + (rest > 0 ? 1 : 0)], y.dtype, x);
  reduceRows(backend, kernel, partial, x, blocks, SPLIT, 1);
  if (rest > 0) reduceRows(backend, kernel, from(partial, blocks), from(x, n - rest), 1, rest, 1);
  reduceRows(backend, combine, y, partial, 1, partial.numel(), 1);
  partial.dispose();
}

/** The elements of a contiguous tensor from position `offset` on. */
const from = ({ storage, dtype, offset: start, shape }: Tensor, offset: number): Operand => ({
  storage,
  dtype,
  offset: start + offset,
  shape: [sizeOfShape(shape) - offset],
  strides: [1],
});
