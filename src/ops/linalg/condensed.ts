/**
 * Eigenvalues of symmetric matrices and singular values of any, with their vectors, in stages: condensed by reflectors, iterated upon by
 * rotations, turned back. Stacks of float64; nothing here knows gradients.
 */
import type { DType } from "../../core/dtype";
import { sizeOfShape } from "../../core/shape";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { bidiagonalize, drop, elementsOf, finished, qrFactor, reflect, split, tridiagonalize, working } from "./lapack";
import { LinAlgError } from "./matrixChecks";
import { bidiagonalQr, Rotations, tridiagonalQr } from "./qrIteration";
import { eigenOf, singularOf, unitRowsOn } from "./unseen";

/** Sizes beyond which squares of squares would leave float64, and what they are multiplied by then: a power of 2, which changes no digit. */
const [SMALL, LARGE] = [1e-100, 1e100];
const SCALE = 2 ** 600;
/** From this many rows per column on, matrices are made triangular first. */
const TALL = 1.5;

const batchText = (lead: readonly number[], i: number): string => (lead.length > 0 ? `(Batch element ${i}): ` : "");

/**
 * Multiplies each matrix by a power of 2 if it is very large or small.
 * @param from The first column of row i that is read.
 * @returns The factors.
 * @throws LinAlgError if one holds a number that is not finite.
 */
function scaleMatrices(op: string, x: Tensor, from: (row: number) => number): Float64Array {
  const { lead, m, n } = split(x);
  const all = elementsOf(x);
  return Float64Array.from({ length: sizeOfShape(lead) }, (_, item) => {
    let largest = 0;
    let hasNaN = false;
    for (let i = 0; i < m; i++)
      for (let j = from(i), at = (item * m + i) * n + j; j < n; j++, at++) {
        const size = Math.abs(all[at]!);
        if (size > largest) largest = size;
        else if (Number.isNaN(size)) hasNaN = true;
      }
    if (hasNaN || largest === Number.POSITIVE_INFINITY)
      throw new LinAlgError(
        `${op}: ${batchText(lead, item)}The algorithm failed to converge because the input matrix contained non-finite values.`,
      );
    const factor = largest === 0 || (largest > SMALL && largest < LARGE) ? 1 : largest < 1 ? SCALE : 1 / SCALE;
    const matrix = all.subarray(item * m * n, (item + 1) * m * n);
    if (factor !== 1) for (let i = 0; i < matrix.length; i++) matrix[i]! *= factor;
    return factor;
  });
}

/** Stacks of unit vectors: the first `rows` rows of the identity of size n. */
export function unitRows(lead: readonly number[], rows: number, n: number, like: Tensor): Tensor {
  if (!like.storage.backend.readsAtOnce) return unitRowsOn(lead, rows, n, like);
  const x = allocate([...lead, rows, n], "float64", like);
  x.storage.backend.fill(x, 0);
  const all = elementsOf(x);
  for (let item = 0; item < sizeOfShape(lead); item++)
    for (let i = 0; i < Math.min(rows, n); i++) all[(item * rows + i) * n + i] = 1;
  return x;
}

/** Recorders of rotations for the rows of each matrix of a stack, of which n rows turn, all on one list. */
class Recorders {
  private readonly list: Tensor;

  constructor(
    private readonly x: Tensor,
    private readonly n: number,
  ) {
    this.list = allocate([Rotations.capacity(n)], "float64", x);
  }

  of(item: number): Rotations {
    const { x, n, list } = this;
    const { m: rows, n: columns } = split(x);
    const { backend } = x.storage;
    const { storage, dtype } = x;
    const offset = x.offset + item * rows * columns;
    const matrix = { storage, dtype, offset, shape: [n, columns], strides: [columns, 1] };
    return new Rotations(elementsOf(list), (length) => {
      backend.run("rotate", { x: matrix, list, length });
      // The list is written anew.
      backend.threads?.finish();
    });
  }

  dispose(): void {
    this.list.dispose();
  }
}

type Floats = Float32Array | Float64Array;

/** Puts the rows of each matrix of x into an order, over x; rows beyond the order stay. */
function permuteRows(x: Floats, width: number, order: readonly number[]): void {
  const old = x.slice(0, order.length * width);
  for (let i = 0; i < order.length; i++) x.set(old.subarray(order[i]! * width, (order[i]! + 1) * width), i * width);
}

/** The elements of matrix `item` of a stack. */
function matrixOf(x: Tensor, item: number): Floats {
  const size = sizeOfShape(x.shape.slice(-2));
  return x.storage.backend.view(x.storage.block, x.dtype, x.offset + item * size, size) as Floats;
}

/** What vectors are rotated in: float32 is enough where the result will be that, and takes half the time. */
const rotated = (x: Tensor, dtype: DType): Tensor => (dtype === "float64" ? x : finished(x, "float32"));

const orderOf = (values: Float64Array, compare: (a: number, b: number) => number): number[] =>
  Array.from({ length: values.length }, (_, i) => i).sort((i, j) => compare(values[i]!, values[j]!));

function checkConverged(op: string, lead: readonly number[], item: number, converged: boolean, what: string): void {
  if (converged) return;
  throw new LinAlgError(
    `${op}: ${batchText(lead, item)}The algorithm failed to converge because the input matrix is ill-conditioned or has too many repeated ${what} (error code: 1).`,
  );
}

/**
 * Eigenvalues, ascending, and eigenvectors in rows of symmetric matrices, of which the upper triangles are read.
 * @param a In float64; destroyed.
 * @param dtype That of the result, for which vectors need to be precise enough.
 */
export function symmetricEigen(
  op: string,
  a: Tensor,
  dtype: DType,
  wantVectors: boolean,
): { values: Tensor; vectors?: Tensor } {
  if (!a.storage.backend.readsAtOnce) return eigenOf(op, a);
  const { lead, n } = split(a);
  const factors = scaleMatrices(op, a, (row) => row);
  const { d, e, taus } = tridiagonalize(a);
  const basis = wantVectors ? unitRows(lead, n, n, a) : undefined;
  if (basis && n > 1) reflect(basis, a, taus, { k: n - 1, shift: 1, basis: true });
  const vectors = basis && rotated(basis, dtype);
  const recorders = vectors && new Recorders(vectors, n);
  for (let item = 0; item < factors.length; item++) {
    const values = elementsOf(d).subarray(item * n, (item + 1) * n);
    const beside = elementsOf(e).subarray(item * n, (item + 1) * n);
    checkConverged(op, lead, item, tridiagonalQr(values, beside, recorders?.of(item)), "eigenvalues");
    if (vectors)
      permuteRows(
        matrixOf(vectors, item),
        n,
        orderOf(values, (x, y) => x - y),
      );
    values.sort();
    for (let i = 0; i < n; i++) values[i]! /= factors[item]!;
  }
  drop(e, taus);
  recorders?.dispose();
  return vectors ? { values: d, vectors } : { values: d };
}

/** Singular values, descending, with left vectors and right vectors in rows. */
interface Singular {
  readonly values: Tensor;
  readonly left?: Tensor;
  readonly right?: Tensor;
}

/** The iteration on a bidiagonal form: signs and order are those of singular values afterwards. */
function iterate(op: string, form: { d: Tensor; e: Tensor }, left?: Tensor, right?: Tensor): void {
  const { d, e } = form;
  const n = d.shape.at(-1)!;
  const recorders = left && right && { left: new Recorders(left, n), right: new Recorders(right, n) };
  for (let item = 0; item * n < d.numel(); item++) {
    const values = elementsOf(d).subarray(item * n, (item + 1) * n);
    const beside = elementsOf(e).subarray(item * n, (item + 1) * n);
    const converged = bidiagonalQr(values, beside, recorders?.left.of(item), recorders?.right.of(item));
    checkConverged(op, d.shape.slice(0, -1), item, converged, "singular values");
    const order = orderOf(values, (x, y) => Math.abs(y) - Math.abs(x));
    if (left) permuteRows(matrixOf(left, item), left.shape.at(-1)!, order);
    if (right) orient(matrixOf(right, item), values, order);
    values.set(order.map((i) => Math.abs(values[i]!)));
  }
  recorders?.left.dispose();
  recorders?.right.dispose();
}

/** Puts right vectors into an order, and turns those of negative values around. */
function orient(right: Floats, values: Float64Array, order: readonly number[]): void {
  const n = values.length;
  permuteRows(right, n, order);
  order.forEach((from, to) => {
    if (values[from]! < 0) for (let i = to * n; i < (to + 1) * n; i++) right[i] = -right[i]!;
  });
}

/** Takes stacks [m, n] where m is at least n and not much larger, and destroys them. */
function squarishSvd(op: string, a: Tensor, dtype: DType, wantVectors: boolean, isFull: boolean): Singular {
  const { lead, m, n } = split(a);
  const form = bidiagonalize(a);
  const basis = wantVectors ? unitRows(lead, isFull ? m : n, m, a) : undefined;
  const rightBasis = wantVectors ? unitRows(lead, n, n, a) : undefined;
  if (basis) reflect(basis, form.left, form.leftTaus, { k: n, basis: true });
  if (rightBasis && n > 1) reflect(rightBasis, form.right, form.rightTaus, { k: n - 1, shift: 1, basis: true });
  const left = basis && rotated(basis, dtype);
  const right = rightBasis && rotated(rightBasis, dtype);
  drop(form.left, form.leftTaus, form.right, form.rightTaus);
  iterate(op, form, left, right);
  form.e.dispose();
  return { values: form.d, ...(left && { left }), ...(right && { right }) };
}

/** Rows [r, k] as the first elements of rows of m, below them unit vectors: as many as are wanted of m. */
function widened(rows: Tensor, m: number, count: number): Tensor {
  const { lead, m: n } = split(rows);
  const y = unitRows(lead, count, m, rows);
  const from = rows.storage.backend.view(rows.storage.block, rows.dtype, rows.offset, rows.numel()) as Floats;
  const to = elementsOf(y);
  for (let item = 0; item < sizeOfShape(lead); item++)
    for (let i = 0; i < n; i++) {
      const start = (item * n + i) * n;
      to.set(from.subarray(start, start + n), (item * count + i) * m);
    }
  rows.dispose();
  return y;
}

/**
 * The singular values, descending, and vectors, in rows, of stacks [m, n] with m ≥ n.
 * @param isFull Whether m left vectors are wanted in place of n.
 */
export function singular(op: string, a: Tensor, isTurned: boolean, wantVectors: boolean, isFull: boolean): Singular {
  if (!a.storage.backend.readsAtOnce) return singularOf(op, a, isTurned, isFull);
  const { m: rows, n: columns } = split(a);
  const [m, n] = isTurned ? [columns, rows] : [rows, columns];
  const isTall = m > TALL * n;
  // Tall matrices are held by columns, of which the kernel of QR takes the triangular factor.
  const x = working(a, isTurned !== isTall);
  const factors = scaleMatrices(op, x, () => 0);
  const taus = isTall ? qrFactor(x) : undefined;
  const square = isTall ? triangleOf(x) : x;
  let { values, left, right } = squarishSvd(op, square, a.dtype, wantVectors, isFull && !isTall);
  square.dispose();
  if (taus && left) {
    left = widened(left, m, isFull ? m : n);
    reflect(left, x, taus, { k: n });
  }
  if (isTall) drop(x, taus);
  const all = elementsOf(values);
  for (let i = 0; i < all.length; i++) all[i]! /= factors[Math.floor(i / n)]!;
  return { values, ...(left && { left }), ...(right && { right }) };
}

/** R [n, n] of matrices in columns [n, m] that have been factorized. */
function triangleOf(columns: Tensor): Tensor {
  const n = columns.shape.at(-2)!;
  const lower = columns.narrow(-1, 0, n);
  const triangle = working(lower, true);
  lower.dispose();
  const all = elementsOf(triangle);
  for (let row = 0; row * n < all.length; row++) all.fill(0, row * n, row * n + (row % n));
  return triangle;
}
