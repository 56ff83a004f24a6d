/**
 * Factorizations of stacks of matrices by devices, in float64 whatever the dtype of the tensors. Stacks are contiguous and destroyed or
 * overwritten; sign and pivot conventions are LAPACK's. Nothing here knows gradients.
 */
import type { Operand } from "../../backend/backend";
import type { DType } from "../../core/dtype";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";

/** The leading axes and the size of the matrices. */
export const split = (x: Tensor) => ({ lead: x.shape.slice(0, -2), m: x.shape.at(-2)!, n: x.shape.at(-1)! });

/** The matrices of `x` transposed, for a copy. */
const turned = (x: Tensor): Operand => ({
  storage: x.storage,
  offset: x.offset,
  dtype: x.dtype,
  shape: [...x.shape.slice(0, -2), x.shape.at(-1)!, x.shape.at(-2)!],
  strides: [...x.strides.slice(0, -2), x.strides.at(-1)!, x.strides.at(-2)!],
});

function copied(x: Tensor, dtype: DType, transposed: boolean): Tensor {
  const source = transposed ? turned(x) : x;
  const y = allocate(source.shape, dtype, x);
  x.storage.backend.copy(y, source);
  return y;
}

/** What matrices are factorized in: float64 where the device has it. */
export const workType = (x: Tensor): DType => (x.storage.backend.readsAtOnce ? "float64" : "float32");

/** A contiguous copy in float64 (or {@link workType}) of the matrices, or of what they are transposed. */
export const working = (x: Tensor, transposed = false): Tensor => copied(x, workType(x), transposed);

/** Gives back what nobody will see. */
export function drop(...xs: readonly (Tensor | undefined)[]): void {
  for (const x of xs) x?.dispose();
}

/** What was computed in `x`, which is given back: contiguous, in its dtype, transposed if asked. */
export function finished(x: Tensor, dtype: DType, transposed = false): Tensor {
  if (x.dtype === dtype && !transposed) return x;
  const y = copied(x, dtype, transposed);
  x.dispose();
  return y;
}

/** The elements of a contiguous tensor in float64. Valid until memory is allocated. */
export const elementsOf = (x: Tensor): Float64Array =>
  x.storage.backend.view(x.storage.block, "float64", x.offset, x.numel()) as Float64Array;

/** P L U = a, over a, with the rows exchanged (int32, from 1) and the position of a zero pivot or 0 (int32). */
export function luFactor(a: Tensor, pivot = true): [pivots: Tensor, info: Tensor] {
  const { lead, m, n } = split(a);
  const pivots = allocate([...lead, Math.min(m, n)], "int32", a);
  const info = allocate(lead, "int32", a);
  a.storage.backend.run("luFactor", { a, pivots, info, pivot });
  return [pivots, info];
}

/** Solves A x = b, over b, by the factors of A. */
export function luSolve(lu: Tensor, pivots: Tensor, b: Tensor): void {
  b.storage.backend.run("luSolve", { lu, pivots, b });
}

/** Solves T x = b, over b, for triangular T. */
export function triangularSolve(t: Tensor, b: Tensor, upper: boolean, unit: boolean): void {
  b.storage.backend.run("triangularSolve", { t, b, upper, unit });
}

/** Uᵀ U = a, over a, of which the upper triangle is read. Returns the order of the first minor that is not positive, or 0 (int32). */
export function cholesky(a: Tensor): Tensor {
  const info = allocate(split(a).lead, "int32", a);
  a.storage.backend.run("cholesky", { a, info });
  return info;
}

/** Q R = aᵀ, over a: each row of a is a column. Returns the factors of the reflectors. */
export function qrFactor(a: Tensor): Tensor {
  const { lead, m, n } = split(a);
  const taus = allocate([...lead, Math.min(m, n)], a.dtype, a);
  a.storage.backend.run("qrFactor", { a, taus });
  return taus;
}

/** How reflectors are applied. */
export interface Reflections {
  /** Their number. */
  k: number;
  /** The first position that they change. Default: 0. */
  shift?: number;
  /** From the first to the last. Default: false. */
  transposed?: boolean;
  /** Whether what they are applied to are columns of the identity. Default: false. */
  basis?: boolean;
}

/** Applies reflectors, rows of v, to what is in rows of c, over c. */
export function reflect(c: Tensor, v: Tensor, taus: Tensor, options: Reflections): void {
  const { k, shift = 0, transposed = false, basis = false } = options;
  c.storage.backend.run("reflect", { c, v, taus, k, shift, transposed, basis });
}

/** Tridiagonal T = Qᵀ a Q; rows of a become reflectors, with their ones at j + 1. */
export function tridiagonalize(a: Tensor): { d: Tensor; e: Tensor; taus: Tensor } {
  const { lead, n } = split(a);
  const [d, e, taus] = [0, 1, 2].map(() => allocate([...lead, n], a.dtype, a)) as [Tensor, Tensor, Tensor];
  a.storage.backend.run("tridiagonalize", { a, d, e, taus });
  return { d, e, taus };
}

/** Bidiagonal B = Qᵀ a P of a [m, n] with m ≥ n, which is destroyed. Reflectors are rows; those on the right have their ones at j + 1. */
export interface Bidiagonal {
  readonly d: Tensor;
  readonly e: Tensor;
  readonly left: Tensor;
  readonly leftTaus: Tensor;
  readonly right: Tensor;
  readonly rightTaus: Tensor;
}

/** @see {@link Bidiagonal} */
export function bidiagonalize(a: Tensor): Bidiagonal {
  const { lead, m, n } = split(a);
  const vector = () => allocate([...lead, n], a.dtype, a);
  const [d, e, leftTaus, rightTaus] = [vector(), vector(), vector(), vector()];
  const left = allocate([...lead, n, m], a.dtype, a);
  const right = allocate([...lead, n, n], a.dtype, a);
  a.storage.backend.run("bidiagonalize", { a, d, e, left, leftTaus, right, rightTaus });
  return { d, e, left, leftTaus, right, rightTaus };
}
