/** Matrix factorisations under their names in `torch` and as methods, where arguments differ from `torch.linalg`. */
import { checkNumber } from "../core/arguments";
import { checkOptions } from "../core/errors";
import type { Tensor } from "../tensor/tensor";
import { checkTensor } from "./checks";
import { choleskyEx, luFactorEx, type QR, qr as qrOf, solveTriangular } from "./decompositions";
import { luSolve as solveFactored } from "./factors";
import { type MatrixNormOrder, matrixNorm, pinv } from "./linalg";
import { vectorNorm } from "./moments";
import type { Dim, ReduceOptions } from "./reduce";
import { type Eigh, eigh, svd as svdOf } from "./spectral";

export { geqrf, inverse } from "./decompositions";
export { choleskyInverse, choleskySolve, luUnpack, orgqr, ormqr } from "./factors";
export { det, logdet, matrixExp, matrixPower, slogdet } from "./linalg";

/** The Cholesky factor, lower or upper. @see torch.cholesky */
export const cholesky = (x: Tensor, upper = false): Tensor => choleskyEx(x, { upper, checkErrors: true }).L;

/** A = Q R; `some`: only the first min(m, n) columns of Q. @see torch.qr */
export const qr = (x: Tensor, some = true): QR => qrOf(x, some ? "reduced" : "complete");

/** A = U · diag(S) · Vᵀ; `some`: only the first min(m, n) columns of U and V. @see torch.svd */
export function svd(
  x: Tensor,
  some = true,
  computeUv = true,
): { U: Tensor; S: Tensor; V: Tensor; [Symbol.iterator](): IterableIterator<Tensor> } {
  const { U, S, Vh } = svdOf(x, !some);
  const V = Vh.mT;
  const [u, v] = computeUv ? [U, V] : [U.detach().mul(0), V.detach().mul(0)];
  return { U: u, S, V: v, [Symbol.iterator]: () => [u, S, v].values() };
}

/** The pseudo-inverse. @see torch.pinverse */
export const pinverse = (x: Tensor, rcond = 1e-15): Tensor => pinv(x, { rtol: rcond });

/** LU and pivots, and with `getInfos` the position of a zero pivot or 0. @see torch.lu */
export function lu(A: Tensor, pivot = true, getInfos = false): Tensor[] {
  const { LU, pivots, info } = luFactorEx(A, { pivot, checkErrors: !getInfos });
  return getInfos ? [LU, pivots, info] : [LU, pivots];
}

/** X with A X = b, from the factors of A. @see torch.lu_solve */
export const luSolve = (b: Tensor, LUData: Tensor, LUPivots: Tensor): Tensor => solveFactored(LUData, LUPivots, b);

/** Eigenvalues and eigenvectors of symmetric matrices. @see torch.symeig */
export function symeig(x: Tensor, options: { eigenvectors?: boolean; upper?: boolean } = {}): Eigh {
  checkOptions("symeig", options, ["eigenvectors", "upper"]);
  return eigh(x, (options.upper ?? true) ? "U" : "L");
}

/** Options of {@link triangularSolve}. */
export interface TriangularSolveOptions {
  /** Whether A is upper triangular. Default: true. */
  upper?: boolean;
  /** Aᵀ in place of A. Default: false. */
  transpose?: boolean;
  /** Whether the diagonal counts as ones. Default: false. */
  unitriangular?: boolean;
}

/** X with A X = b for triangular A, and a copy of A. @see torch.triangular_solve */
export function triangularSolve(
  b: Tensor,
  A: Tensor,
  options: TriangularSolveOptions = {},
): { solution: Tensor; clonedCoefficient: Tensor; [Symbol.iterator](): IterableIterator<Tensor> } {
  checkOptions("triangularSolve", options, ["upper", "transpose", "unitriangular"]);
  const { upper = true, transpose = false, unitriangular = false } = options;
  const solution = solveTriangular(transpose ? A.mT : A, b, { upper: upper !== transpose, unitriangular });
  const clonedCoefficient = A.clone();
  return { solution, clonedCoefficient, [Symbol.iterator]: () => [solution, clonedCoefficient].values() };
}

/** The p-norm over `dim`; "fro" is p = 2, "nuc" the sum of the singular values of matrices. @see torch.norm */
export function norm(x: Tensor, p: MatrixNormOrder | null = "fro", dim?: Dim, options: ReduceOptions = {}): Tensor {
  checkTensor("norm", x);
  if (p !== "nuc") return vectorNorm(x, p === "fro" || p === null ? 2 : checkNumber("norm", "p", p), dim, options);
  return matrixNorm(x, "nuc", Array.isArray(dim) ? dim : [0, 1], options);
}
