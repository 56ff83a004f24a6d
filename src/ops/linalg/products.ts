/** Products other than the matrix product: outer, inner, cross, Kronecker, over chosen axes, of many factors. */

import { checkArray, checkInteger, checkIntegers } from "../../core/arguments";
import { ArgumentError, DTypeError, describe, ShapeError } from "../../core/errors";
import { shapeText, sizeOfShape, wrapDim } from "../../core/shape";
import { alias, named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { dot, matmul, mm } from "./matmul";

/** All products of an element of `x` and one of `vec2`. Shape: [m] and [n] → [m, n]. @see torch.outer */
export const outer = named("outer", "input, vec2", (x: Tensor, vec2: Tensor): Tensor => {
  checkTensor("outer", x);
  checkTensor("outer", vec2, "vec2");
  if (x.ndim !== 1 || vec2.ndim !== 1)
    throw new ShapeError(`outer: takes two 1-D tensors, got shapes ${shapeText(x.shape)} and ${shapeText(vec2.shape)}`);
  return x.unsqueeze(1).mul(vec2);
});

/** Another name of {@link outer}. @see torch.ger */
export const ger: typeof outer = alias("ger", outer);

/** Sums of products over the last axes of both. Shape: [*, k] and [#, k] → [*, #]. @see torch.inner */
export const inner = named("inner", "input, other", (x: Tensor, other: Tensor): Tensor => {
  checkTensor("inner", x);
  checkTensor("inner", other, "other");
  if (x.ndim === 0 || other.ndim === 0) return x.mul(other);
  return tensordot(x, other, [[-1], [-1]]);
});

/** The inner product of two vectors; all tensors are real, so that it is {@link dot}. @see torch.vdot */
export const vdot = named("vdot", "input, other", (x: Tensor, other: Tensor): Tensor => dot(x, other));

/** The axes that {@link tensordot} sums over: the last of the first and the first of the second, or a list for each. */
export type ContractedDims = number | readonly [readonly number[], readonly number[]];

const range = (n: number, from: number) => Array.from({ length: n }, (_, i) => from + i);

/** The axes of both operands: a number counts the last ones of `a` and the first ones of `b`. */
function contractedDims(a: Tensor, b: Tensor, dims: ContractedDims): readonly [readonly number[], readonly number[]] {
  if (typeof dims === "number") {
    checkInteger("tensordot", "dims", dims, 0, Math.min(a.ndim, b.ndim));
    return [range(dims, a.ndim - dims), range(dims, 0)];
  }
  const lists = checkArray("tensordot", "dims", dims, "two arrays of integers");
  if (lists.length !== 2)
    throw new ArgumentError(`tensordot: dims must be a number or two arrays, got ${describe(dims)}`);
  return [checkIntegers("tensordot", "dims[0]", lists[0]), checkIntegers("tensordot", "dims[1]", lists[1])];
}

/**
 * The sum of products over pairs of axes; the other axes of `a`, then those of `b`, remain.
 * @see torch.tensordot
 * @throws ShapeError if paired axes differ in size.
 * @example torch.tensordot(a, b, [[1, 2], [1, 0]])
 */
export const tensordot = named("tensordot", "a, b, dims?", (a: Tensor, b: Tensor, dims: ContractedDims = 2): Tensor => {
  checkTensor("tensordot", a, "a");
  checkTensor("tensordot", b, "b");
  const [left, right] = contractedDims(a, b, dims);
  const [da, db] = [
    left.map((d) => wrapDim("tensordot", d, a.ndim)),
    right.map((d) => wrapDim("tensordot", d, b.ndim)),
  ];
  if (da.length !== db.length || da.some((d, i) => a.shape[d] !== b.shape[db[i]!]))
    throw new ShapeError(
      `tensordot: the axes ${shapeText(da)} of ${shapeText(a.shape)} and ${shapeText(db)} of ${shapeText(b.shape)} do not match`,
    );
  const freeA = range(a.ndim, 0).filter((d) => !da.includes(d));
  const freeB = range(b.ndim, 0).filter((d) => !db.includes(d));
  const [sizesA, sizesB] = [freeA.map((d) => a.shape[d]!), freeB.map((d) => b.shape[d]!)];
  const n = sizeOfShape(da.map((d) => a.shape[d]!));
  const rows = a.permute([...freeA, ...da]).reshape([sizeOfShape(sizesA), n]);
  const columns = b.permute([...db, ...freeB]).reshape([n, sizeOfShape(sizesB)]);
  return mm(rows, columns).reshape([...sizesA, ...sizesB]);
});

/** The Kronecker product: every element of `x` times all of `other`. Missing axes count as size 1. @see torch.kron */
export const kron = named("kron", "input, other", (x: Tensor, other: Tensor): Tensor => {
  checkTensor("kron", x);
  checkTensor("kron", other, "other");
  const ndim = Math.max(x.ndim, other.ndim);
  const full = (y: Tensor) => [...Array<number>(ndim - y.ndim).fill(1), ...y.shape];
  const [a, b] = [full(x), full(other)];
  const spreadA = x.reshape(a.flatMap((n) => [n, 1]));
  const spreadB = other.reshape(b.flatMap((n) => [1, n]));
  return spreadA.mul(spreadB).reshape(a.map((n, i) => n * b[i]!));
});

/** The cross product of vectors of 3 along `dim`; the other axes broadcast. Without `dim`: along the first axis of size 3. @see torch.cross */
export const cross = named("cross", "input, other, dim?", (x: Tensor, other: Tensor, dim?: number | null): Tensor => {
  checkTensor("cross", x);
  checkTensor("cross", other, "other");
  const first = dim ?? x.shape.indexOf(3);
  if (dim == null && first < 0) throw new ShapeError(`cross: no dimension of size 3 in input ${shapeText(x.shape)}`);
  const d = wrapDim("cross", first, x.ndim);
  if (x.ndim !== other.ndim || x.shape[d] !== 3 || other.shape[d] !== 3)
    throw new ShapeError(
      `cross: inputs must have the same number of dimensions and length 3 along dimension ${d}. Got ${shapeText(x.shape)} and ${shapeText(other.shape)}`,
    );
  const ahead = (y: Tensor, n: number) => y.roll(-n, d);
  return ahead(x, 1)
    .mul(ahead(other, 2))
    .sub(ahead(x, 2).mul(ahead(other, 1)));
});

/** The sum of the diagonal of a matrix. @see torch.trace */
export const trace = named("trace", "input", (x: Tensor): Tensor => {
  checkTensor("trace", x);
  if (x.ndim !== 2) throw new ShapeError(`trace: expected a matrix, but got tensor with dim ${x.ndim}`);
  return x.diagonal().sum();
});

/** The inner product of the vectors along `dim`. @see torch.linalg.vecdot */
export const vecdot = named("vecdot", "x, y;; dim", (x: Tensor, y: Tensor, options: { dim?: number } = {}): Tensor => {
  checkTensor("vecdot", x);
  checkTensor("vecdot", y, "y");
  return x.mul(y).sum(options.dim ?? -1);
});

/** Where to split the product of factors i to j so that it takes the fewest multiplications. */
function bestSplits(sizes: readonly number[]): number[][] {
  const n = sizes.length - 1;
  const cost = Array.from({ length: n }, () => Array<number>(n).fill(0));
  const split = Array.from({ length: n }, () => Array<number>(n).fill(0));
  for (let length = 1; length < n; length++)
    for (let i = 0; i + length < n; i++) {
      const j = i + length;
      cost[i]![j] = Number.POSITIVE_INFINITY;
      for (let k = i; k < j; k++) {
        const total = cost[i]![k]! + cost[k + 1]![j]! + sizes[i]! * sizes[k + 1]! * sizes[j + 1]!;
        if (total >= cost[i]![j]!) continue;
        cost[i]![j] = total;
        split[i]![j] = k;
      }
    }
  return split;
}

/**
 * The product of several matrices, in the order that takes the fewest multiplications. The first and the last may be vectors.
 * @see torch.linalg.multi_dot
 */
export const multiDot = named("multiDot", "tensors", (tensors: readonly Tensor[]): Tensor => {
  checkArray("multiDot", "tensors", tensors, "tensors");
  if (tensors.length < 2) throw new ShapeError(`multiDot: expected at least 2 tensors but got ${tensors.length}`);
  const last = tensors.length - 1;
  const matrices = tensors.map((x, i) => factorOf(x, i, last, tensors[0]!));
  matrices.forEach((x, i) => {
    if (i < last && x.shape[1] !== matrices[i + 1]!.shape[0])
      throw new ShapeError(
        `multiDot: tensors ${i} and ${i + 1} with shapes ${shapeText(tensors[i]!.shape)} and ${shapeText(tensors[i + 1]!.shape)} cannot be multiplied`,
      );
  });
  const split = bestSplits([matrices[0]!.shape[0]!, ...matrices.map((m) => m.shape[1]!)]);
  const chain = (i: number, j: number): Tensor => {
    const k = split[i]![j]!;
    return i === j ? matrices[i]! : matmul(chain(i, k), chain(k + 1, j));
  };
  const product = chain(0, last);
  const isVector = (x: Tensor) => x.ndim === 1;
  return product.reshape([
    ...(isVector(tensors[0]!) ? [] : [product.shape[0]!]),
    ...(isVector(tensors[last]!) ? [] : [product.shape[1]!]),
  ]);
});

/** Factor i of a product, as a matrix. @throws ShapeError or DTypeError unless it can be one. */
function factorOf(x: Tensor, i: number, last: number, first: Tensor): Tensor {
  checkTensor("multiDot", x, `tensors[${i}]`);
  if (x.dtype !== first.dtype)
    throw new DTypeError(
      `multiDot: all tensors must have the same dtype, but tensor 0 is ${first.dtype} and tensor ${i} ${x.dtype}`,
    );
  if (x.ndim === 2) return x;
  const isEnd = i === 0 || i === last;
  if (isEnd && x.ndim === 1) return x.unsqueeze(i === 0 ? 0 : 1);
  if (!isEnd) throw new ShapeError(`multiDot: tensor ${i} must be 2D but got ${x.ndim}D`);
  throw new ShapeError(`multiDot: the ${i === 0 ? "first" : "last"} tensor must be 1D or 2D but got ${x.ndim}D`);
}
