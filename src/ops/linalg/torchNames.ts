/** Matrix factorizations under their names in `torch` and as methods, where arguments differ from `torch.linalg`. */

import { checkFlag, checkNumber } from "../../core/arguments";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { type NamedTuple, namedTuple } from "../builders/namedTuple";
import { vectorNorm } from "../reduce/moments";
import type { Dim, ReduceOptions } from "../reduce/reduce";
import { choleskyOf, luFactorOf, type QR, qrOf, solveTriangularOf } from "./decompositions";
import { luSolve as solveFactored } from "./factors";
import { checkMatrix, checkPair } from "./matrixChecks";
import { pinvOf } from "./matrixFunctions";
import { type MatrixNormOrder, matrixNorm } from "./matrixNorms";
import { type Eigh, eighOf, eigvalshOf, svdOf, svdvalsOf } from "./spectra";

export { geqrf, inverse } from "./decompositions";
export { choleskyInverse, choleskySolve, luUnpack, orgqr, ormqr } from "./factors";
export { det, logdet, matrixExp, matrixPower, slogdet } from "./matrixFunctions";

/** The Cholesky factor, lower or upper. @see torch.cholesky */
export const cholesky = named(
  "cholesky",
  "input, upper?",
  (x: Tensor, upper = false): Tensor => choleskyOf("cholesky", x, upper, true).L,
);

/** A = Q R; `some`: only the first min(m, n) columns of Q. @see torch.qr */
export const qr = named(
  "qr",
  "input, some?",
  (x: Tensor, some = true): QR => qrOf("qr", x, checkFlag("qr", "some", some) ? "reduced" : "complete"),
);

/** A = U · diag(S) · Vᵀ; `some`: only the first min(m, n) columns of U and V. @see torch.svd */
export const svd = named(
  "svd",
  "input, some?, computeUv?",
  (x: Tensor, some = true, computeUv = true): NamedTuple<["U", "S", "V"]> => {
    checkFlag("svd", "some", some);
    if (checkFlag("svd", "computeUv", computeUv)) {
      const { U, S, Vh } = svdOf("svd", x, !some);
      const V = Vh.mT;
      return namedTuple({ U, S, V });
    }
    const S = svdvalsOf("svd", x);
    const [m, n] = x.shape.slice(-2) as [number, number];
    const zeros = (size: number) =>
      x
        .detach()
        .newZeros([])
        .expand([...x.shape.slice(0, -2), size, size]);
    const [U, V] = [zeros(m), zeros(n)];
    return namedTuple({ U, S, V });
  },
);

/** The pseudo-inverse. @see torch.pinverse */
export const pinverse = named(
  "pinverse",
  "input, rcond?",
  (x: Tensor, rcond = 1e-15): Tensor => pinvOf("pinverse", x, { rtol: rcond }),
);

/** LU and pivots, and with `getInfos` the position of a zero pivot or 0. @see torch.lu */
export const lu = named("lu", "A, pivot?, getInfos?", (A: Tensor, pivot = true, getInfos = false): Tensor[] => {
  const { LU, pivots, info } = luFactorOf("lu", A, pivot, !checkFlag("lu", "getInfos", getInfos));
  return getInfos ? [LU, pivots, info] : [LU, pivots];
});

/** X with A X = b, from the factors of A. @see torch.lu_solve */
export const luSolve = named(
  "luSolve",
  "b, LUData, LUPivots",
  (b: Tensor, LUData: Tensor, LUPivots: Tensor): Tensor => solveFactored(LUData, LUPivots, b),
);

/** Eigenvalues and eigenvectors of symmetric matrices. @see torch.symeig */
export const symeig = named(
  "symeig",
  "input; eigenvectors, upper",
  (x: Tensor, options: { eigenvectors?: boolean; upper?: boolean } = {}): Eigh => {
    const { eigenvectors = false, upper = true } = options;
    const UPLO = checkFlag("symeig", "upper", upper) ? "U" : "L";
    if (checkFlag("symeig", "eigenvectors", eigenvectors)) return eighOf("symeig", x, UPLO);
    const [eigenvalues, none] = [eigvalshOf("symeig", x, UPLO), x.detach().newEmpty([0])];
    return namedTuple({ eigenvalues, eigenvectors: none });
  },
);

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
export const triangularSolve = named(
  "triangularSolve",
  "b, A; upper, transpose, unitriangular",
  (b: Tensor, A: Tensor, options: TriangularSolveOptions = {}): NamedTuple<["solution", "clonedCoefficient"]> => {
    const { upper = true, transpose = false, unitriangular = false } = options;
    checkMatrix("triangularSolve", b, false, "b");
    checkMatrix("triangularSolve", A, true);
    checkPair("triangularSolve", A, b, ["A", "b"]);
    const isUpper =
      checkFlag("triangularSolve", "upper", upper) !== checkFlag("triangularSolve", "transpose", transpose);
    const solution = solveTriangularOf("triangularSolve", transpose ? A.mT : A, b, { upper: isUpper, unitriangular });
    const clonedCoefficient = A.clone();
    return namedTuple({ solution, clonedCoefficient });
  },
);

/** The p-norm over `dim`; "fro" is p = 2, "nuc" the sum of the singular values of matrices. @see torch.norm */
export const norm = named(
  "norm",
  "input, p?, dim?; keepdim; dtype",
  (x: Tensor, p: MatrixNormOrder | null = "fro", dim?: Dim, options: ReduceOptions = {}): Tensor => {
    checkTensor("norm", x);
    if (p !== "nuc") return vectorNorm(x, p === "fro" || p === null ? 2 : checkNumber("norm", "p", p), dim, options);
    return matrixNorm(x, "nuc", Array.isArray(dim) ? dim : [0, 1], options);
  },
);
