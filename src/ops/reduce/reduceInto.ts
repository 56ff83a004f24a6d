/** How reductions are computed: what devices see, and what is done about repeated elements. */
import type { BinaryName } from "../../backend/elementwise";
import type { ReduceKind } from "../../backend/ops";
import type { DType } from "../../core/dtype";
import { contiguousStrides } from "../../core/shape";
import { allocate, windowOn } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { cast } from "../builders/define";

/**
 * `x` seen as contiguous [outer, n, inner] with the reduced axes in the middle: as it lies if they are neighbors, else
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

/** How elements are reduced. */
export interface Reduction {
  readonly kind: ReduceKind;
  /** The result over `n` copies of elements from that over one of each: by a binary op and its second operand. Absent if they are the same. */
  readonly repeat?: readonly [op: BinaryName, operand: (n: number) => number] | undefined;
}

const times = ["mul", (n: number) => n] as const;

/** What reduces by name. */
export const reductions: { readonly [K in ReduceKind]: Reduction } = {
  sum: { kind: "sum", repeat: times },
  sumSquare: { kind: "sumSquare", repeat: times },
  countNonzero: { kind: "countNonzero", repeat: times },
  prod: { kind: "prod", repeat: ["pow", (n) => n] },
  logsumexp: { kind: "logsumexp", repeat: ["add", Math.log] },
  amax: { kind: "amax" },
  amin: { kind: "amin" },
  any: { kind: "any" },
  all: { kind: "all" },
  argmax: { kind: "argmax" },
  argmin: { kind: "argmin" },
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
    const [op, operand] = reduction.repeat;
    y.storage.backend.binary(op, y.dtype, result!, result!, operand(copies), op === "add" ? 1 : 0);
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

function reduceDistinct({ kind }: Reduction, y: Tensor, input: Tensor, dims: readonly number[], dtype: DType): void {
  const source = cast(input, dtype);
  const { x, n, inner, owned } = threeAxes(source, dims);
  x.storage.backend.run("reduce", { kind, y, x, n, inner });
  if (owned) x.dispose();
  if (source !== input) source.dispose();
}
