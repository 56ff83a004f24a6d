/** What is done with the factors of matrices: taken apart, applied, and used to solve. */

import { record } from "../../autograd/node";
import { checkFlag, checkInteger, checkIntegers, MAX_COUNT } from "../../core/arguments";
import { DTypeError, ShapeError, ValueError } from "../../core/errors";
import { sameShape, shapeText, sizeOfShape } from "../../core/shape";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { type NamedTuple, namedTuple } from "../builders/namedTuple";
import { eye } from "../creation/ranges";
import { cat } from "../shape/join";
import { invertOf, luFactorOf, permutationOf, solveOf, solveTriangular } from "./decompositions";
import { matmul } from "./matmul";
import { checkEquation, checkLead, checkMatrix, checkPair, checkPivots, checkStack } from "./matrixChecks";
import { cross as crossOf } from "./products";

/** P, L and U of P L U = A. */
export type PLU = NamedTuple<["P", "L", "U"]>;

/** Takes the result of {@link luFactor} apart. Shape: [*, m, n] → [*, m, m], [*, m, k], [*, k, n]. @see torch.lu_unpack */
export const luUnpack = named(
  "luUnpack",
  "LUData, LUPivots; unpackData, unpackPivots",
  (LU: Tensor, pivots: Tensor, options: { unpackData?: boolean; unpackPivots?: boolean } = {}): PLU => {
    checkMatrix("luUnpack", LU);
    const { unpackData = true, unpackPivots = true } = options;
    checkFlag("luUnpack", "unpackData", unpackData);
    checkFlag("luUnpack", "unpackPivots", unpackPivots);
    const [m, n] = [LU.shape.at(-2)!, LU.shape.at(-1)!];
    const k = Math.min(m, n);
    if (unpackPivots) checkPivots("luUnpack", pivots, LU, k);
    const nothing = LU.newEmpty([0]);
    const P = unpackPivots ? permutationOf(pivots, m, LU.dtype) : nothing;
    const L = unpackData
      ? LU.narrow(-1, 0, k)
          .tril(-1)
          .add(eye(m, k, { dtype: LU.dtype, device: LU.device }))
      : nothing;
    const U = unpackData ? LU.narrow(-2, 0, k).triu() : nothing;
    return namedTuple({ P, L, U });
  },
);

/** A = P L U with a permutation, a unit lower and an upper triangular matrix. @see torch.linalg.lu */
export const lu = named("lu", "A;; pivot", (A: Tensor, options: { pivot?: boolean } = {}): PLU => {
  const { LU, pivots } = luFactorOf("lu", A, options.pivot ?? true, false);
  return luUnpack(LU, pivots);
});

/** L and U in one matrix, and the rows exchanged. @see torch.linalg.lu_factor */
export const luFactor = named(
  "luFactor",
  "A;; pivot",
  (A: Tensor, options: { pivot?: boolean } = {}): NamedTuple<["LU", "pivots"]> => {
    const { LU, pivots } = luFactorOf("luFactor", A, options.pivot ?? true, true);
    return namedTuple({ LU, pivots });
  },
);

/** Options of {@link luSolve}. */
export interface LuSolveOptions {
  /** A X = B; otherwise X A = B. Default: true. */
  left?: boolean;
  /** Aᵀ in place of A. Default: false. */
  adjoint?: boolean;
}

/** X with A X = B, from the factors of A. Leading axes broadcast. @see torch.linalg.lu_solve */
export const luSolve = named(
  "luSolve",
  "LU, pivots, B;; left, adjoint",
  (LU: Tensor, pivots: Tensor, B: Tensor, options: LuSolveOptions = {}): Tensor => {
    checkMatrix("luSolve", LU, true, "LU");
    checkMatrix("luSolve", B, false, "B");
    checkPair("luSolve", LU, B, ["LU", "B"]);
    const { left = true, adjoint = false } = options;
    checkEquation("luSolve", LU, B, checkFlag("luSolve", "left", left));
    checkPivots("luSolve", pivots, LU, LU.shape.at(-1)!);
    const P = permutationOf(pivots, LU.shape.at(-1)!, LU.dtype);
    const isTransposed = checkFlag("luSolve", "adjoint", adjoint) === left;
    const x = solveFactors(LU, P, left ? B : B.mT, isTransposed);
    return left ? x : x.mT;
  },
);

/** X with A X = B, or Aᵀ X = B, of what has been checked. */
function solveFactors(LU: Tensor, P: Tensor, B: Tensor, isTransposed: boolean): Tensor {
  if (!isTransposed) {
    const y = solveTriangular(LU, matmul(P.mT, B), { upper: false, unitriangular: true });
    return solveTriangular(LU, y, { upper: true });
  }
  const y = solveTriangular(LU.mT, B, { upper: false });
  return matmul(P, solveTriangular(LU.mT, y, { upper: true, unitriangular: true }));
}

/** A from its Cholesky factor, of which one triangle is read; as in PyTorch, the gradient fills both. */
function fromCholesky(op: string, L: Tensor, upper: boolean): Tensor {
  checkMatrix(op, L, true);
  checkFlag(op, "upper", upper);
  const factor = record("TriangleBackward0", upper ? L.detach().triu() : L.detach().tril(), [L], [], [(g) => g]);
  return upper ? matmul(factor.mT, factor) : matmul(factor, factor.mT);
}

/** X with A X = B, from the Cholesky factor of A. @see torch.cholesky_solve */
export const choleskySolve = named(
  "choleskySolve",
  "input, input2, upper?",
  (B: Tensor, L: Tensor, upper = false): Tensor => {
    checkMatrix("choleskySolve", B, false, "B");
    return solveOf("choleskySolve", fromCholesky("choleskySolve", L, upper), B, true, true).result;
  },
);

/** The inverse of A, from its Cholesky factor. @see torch.cholesky_inverse */
export const choleskyInverse = named(
  "choleskyInverse",
  "input, upper?",
  (L: Tensor, upper = false): Tensor =>
    invertOf("choleskyInverse", fromCholesky("choleskyInverse", L, upper), true).inverse,
);

/** @throws ShapeError or DTypeError unless these are reflectors and their factors. */
function checkReflectors(op: string, A: Tensor, tau: Tensor): void {
  checkMatrix(op, A, false, "input");
  checkPair(op, A, tau, ["input", "tau"]);
  if (tau.ndim !== A.ndim - 1)
    throw new ShapeError(
      `${op}: Expected tau to have one dimension less than input, but got tau.ndim equal to ${tau.ndim} and input.ndim is equal to ${A.ndim}`,
    );
  checkLead(op, tau, "tau", A, "input");
  if (tau.shape.at(-1)! > A.shape.at(-1)!)
    throw new ShapeError(
      `${op}: tau.shape[-1] must be less than or equal to input.shape[-1], got ${shapeText(tau.shape)} and ${shapeText(A.shape)}`,
    );
}

/** H₁ H₂ … times `C`, of reflectors as {@link geqrf} gives them; transposed: … H₂ H₁. */
function applyReflectors(A: Tensor, tau: Tensor, C: Tensor, transpose: boolean): Tensor {
  const [m, k] = [A.shape.at(-2)!, tau.shape.at(-1)!];
  const unit = eye(m, A.shape.at(-1)!, { dtype: A.dtype, device: A.device });
  const vectors = A.tril(-1).add(unit);
  let y = C;
  for (let step = 0; step < k; step++) {
    const j = transpose ? step : k - 1 - step;
    const v = vectors.narrow(-1, j, 1);
    y = y.sub(matmul(v.mul(tau.narrow(-1, j, 1).unsqueeze(-1)), matmul(v.mT, y)));
  }
  return y;
}

/** The first columns of the product of Householder reflectors. Shape: [*, m, n] and [*, k] → [*, m, n]. @see torch.linalg.householder_product */
export const householderProduct = named("householderProduct", "A, tau", (A: Tensor, tau: Tensor): Tensor => {
  checkReflectors("householderProduct", A, tau);
  const [m, n] = [A.shape.at(-2)!, A.shape.at(-1)!];
  if (m < n)
    throw new ShapeError(
      `householderProduct: input.shape[-2] must be greater than or equal to input.shape[-1], got ${shapeText(A.shape)}`,
    );
  return applyReflectors(A, tau, eye(m, n, { dtype: A.dtype, device: A.device }).expand(A.shape).clone(), false);
});

/** Another name of {@link householderProduct}. @see torch.orgqr */
export const orgqr = named("orgqr", "input, tau", (x: Tensor, tau: Tensor): Tensor => householderProduct(x, tau));

/** Q C, Qᵀ C, C Q or C Qᵀ, where Q is the product of all reflectors. @see torch.ormqr */
export const ormqr = named(
  "ormqr",
  "input, tau, other, left?, transpose?",
  (x: Tensor, tau: Tensor, other: Tensor, left = true, transpose = false): Tensor => {
    checkReflectors("ormqr", x, tau);
    checkStack("ormqr", other, "other");
    checkPair("ormqr", x, other, ["input", "other"]);
    checkFlag("ormqr", "left", left);
    checkFlag("ormqr", "transpose", transpose);
    const m = x.shape.at(-2)!;
    if (tau.shape.at(-1)! > m)
      throw new ShapeError(
        `ormqr: tau.shape[-1] must be less than or equal to input.shape[-2], got ${tau.shape.at(-1)}`,
      );
    if (other.shape.at(left ? -2 : -1) !== m)
      throw new ShapeError(
        `ormqr: other.shape[${left ? -2 : -1}] must be equal to input.shape[-2] = ${m}, got other of shape ${shapeText(other.shape)}`,
      );
    if (other.ndim !== x.ndim)
      throw new ShapeError(
        `ormqr: Expected other to have the same number of dimensions as input, but got other.ndim equal to ${other.ndim} and input.ndim is equal to ${x.ndim}`,
      );
    if (!sameShape(other.shape.slice(0, -2), x.shape.slice(0, -2)))
      throw new ShapeError(
        `ormqr: Expected batch dimensions of other to be equal to input.shape[:-2] = ${shapeText(x.shape.slice(0, -2))}, but got ${shapeText(other.shape)}`,
      );
    return left ? applyReflectors(x, tau, other, transpose) : applyReflectors(x, tau, other.mT, !transpose).mT;
  },
);

/** X with tensordot(X, A) = identity: the inverse of A seen as a matrix. `ind` axes make the rows. @see torch.linalg.tensorinv */
export const tensorinv = named("tensorinv", "A, ind?", (A: Tensor, ind = 2): Tensor => {
  checkTensor("tensorinv", A);
  checkInteger("tensorinv", "ind", ind, 1);
  const [rows, columns] = [A.shape.slice(0, ind), A.shape.slice(ind)];
  const n = sizeOfShape(rows);
  if (n !== sizeOfShape(columns))
    throw new ShapeError(
      `tensorinv: Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got ${sizeOfShape(columns)} != ${n} for ${shapeText(A.shape)} and ind ${ind}`,
    );
  return invertOf("tensorinv", A.reshape([n, n]), true).inverse.reshape([...columns, ...rows]);
});

/** X with tensordot(A, X) = B. `dims` of A are moved to its end first. @see torch.linalg.tensorsolve */
export const tensorsolve = named(
  "tensorsolve",
  "A, B, dims?",
  (A: Tensor, B: Tensor, dims?: readonly number[] | null): Tensor => {
    checkTensor("tensorsolve", A);
    checkTensor("tensorsolve", B, "B");
    const ends = dims == null ? [] : checkIntegers("tensorsolve", "dims", dims);
    const to = ends.map((_, i) => A.ndim - ends.length + i);
    const moved = ends.length === 0 ? A : A.movedim(ends, to);
    const result = moved.shape.slice(B.ndim);
    const n = sizeOfShape(result);
    if (n !== B.numel() || n * n !== A.numel())
      throw new ShapeError(
        `tensorsolve: Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]) == prod(other.shape), got ${shapeText(moved.shape)} and ${shapeText(B.shape)}`,
      );
    return solveOf("tensorsolve", moved.reshape([n, n]), B.reshape(-1), true, true).result.reshape(result);
  },
);

/** The powers 0 to N − 1 of each element, in rows. Shape: [*, n] → [*, n, N]. @see torch.linalg.vander */
export const vander = named("vander", "x; N", (x: Tensor, options: { N?: number | null } = {}): Tensor => {
  checkTensor("vander", x);
  const row = x.ndim === 0 ? x.reshape(1) : x;
  if (row.dtype === "bool")
    throw new DTypeError("vander: supports floating point and integer tensors, but got Bool; use x.long()");
  const N = checkInteger("vander", "N", options.N ?? row.shape.at(-1)!, 0, MAX_COUNT);
  if (N < 2) throw new ValueError(`vander: N must be greater than 1, got ${N}`);
  if (N * row.numel() > MAX_COUNT)
    throw new ValueError(`vander: N = ${N} powers of ${row.numel()} elements are more than ${MAX_COUNT} elements`);
  const base = row.isFloatingPoint() ? row : row.long();
  const powers = base
    .unsqueeze(-1)
    .expand([...row.shape, N - 1])
    .cumprod(-1);
  return cat([base.newOnes([...row.shape, 1]), powers], -1);
});

/** The cross product of vectors of 3 along `dim`. @see torch.linalg.cross */
export const cross = named(
  "cross",
  "input, other;; dim",
  (x: Tensor, other: Tensor, options: { dim?: number } = {}): Tensor => {
    return crossOf(x, other, options.dim ?? -1);
  },
);
