/** Least squares: by QR where the matrix has full rank, by its singular values where it may not. */

import { noGrad } from "../../autograd/mode";
import { record } from "../../autograd/node";
import { checkChoice, checkNumber } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { sameShape, shapeText, sizeOfShape } from "../../core/shape";
import { named } from "../../core/signature";
import { tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { type NamedTuple, namedTuple } from "../builders/namedTuple";
import { unitRows } from "./condensed";
import { drop, elementsOf, finished, qrFactor, reflect, split, triangularSolve, working } from "./lapack";
import { matmul } from "./matmul";
import { checkMatrix, checkPair, LinAlgError } from "./matrixChecks";
import { pinvGrad, pinvOf, precisionOf } from "./matrixFunctions";
import { svdOf, svdvalsOf } from "./spectra";

/** The algorithms of LAPACK. */
const drivers = ["gels", "gelsy", "gelsd", "gelss"] as const;

/** The solution of a least-squares problem and what was found on the way; what a driver does not compute is empty. */
export type LeastSquares = NamedTuple<["solution", "residuals", "rank", "singularValues"]>;

/** Q R of the longer side: of A, or of Aᵀ where A has fewer rows than columns. In float64. */
interface Factors {
  /** Rows are columns of what was factorized. */
  readonly columns: Tensor;
  readonly taus: Tensor;
  /** The triangular factor [k, k] as the equations need it: upper R, or lower Rᵀ where A is wide. */
  readonly triangle: Tensor;
  readonly isWide: boolean;
}

function factorize(A: Tensor): Factors {
  const { m, n } = split(A);
  const isWide = m < n;
  const columns = working(A, !isWide);
  const taus = qrFactor(columns);
  const lower = columns.narrow(-1, 0, Math.min(m, n));
  const triangle = working(lower, !isWide);
  lower.dispose();
  return { columns, taus, triangle, isWide };
}

/** Steps of the power iteration: what it finds is then short of the norm by a third at most, for any size. */
const STEPS = 10;
/** How far a condition number has to be from where it would matter to be taken from the power iteration. */
const MARGIN = 4;

/** About the largest singular value of a triangle, by powers of TᵀT. */
function normOf(T: Float64Array, n: number, isLower: boolean): number {
  let x: Float64Array = Float64Array.from({ length: n }, (_, i) => Math.sin(i * i + 1));
  const lengthOf = (v: Float64Array) => Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
  for (let step = 0; step < STEPS; step++) {
    const length = lengthOf(x);
    const y = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      const [from, to] = isLower ? [0, i + 1] : [i, n];
      let sum = 0;
      for (let j = from; j < to; j++) sum += T[i * n + j]! * x[j]!;
      for (let j = from; j < to; j++) y[j]! += (T[i * n + j]! * sum) / length;
    }
    x = y;
  }
  return Math.sqrt(lengthOf(x));
}

/** Whether the singular values of each triangle are far above rcond times the largest. Not of numbers out of range, which need scaling. */
function isSurelyRegular({ triangle, isWide }: Factors, rcond: number): boolean {
  const { lead, n } = split(triangle);
  const inverse = unitRows(lead, n, n, triangle);
  triangularSolve(triangle, inverse, !isWide, false);
  const part = (x: Tensor, item: number) => elementsOf(x).subarray(item * n * n, (item + 1) * n * n);
  let isRegular = true;
  for (let item = 0; isRegular && item < sizeOfShape(lead); item++) {
    const condition = normOf(part(triangle, item), n, isWide) * normOf(part(inverse, item), n, isWide);
    isRegular = condition * rcond * MARGIN < 1;
  }
  inverse.dispose();
  return isRegular;
}

/** @throws LinAlgError if a triangle has a zero on its diagonal. */
function checkFullRank({ triangle }: Factors): void {
  const { lead, n } = split(triangle);
  const all = elementsOf(triangle);
  for (let row = 0; row * n < all.length; row++)
    if (all[row * n + (row % n)] === 0)
      throw new LinAlgError(
        `lstsq: ${lead.length > 0 ? `(Batch element ${Math.floor(row / n)}): ` : ""}The least squares solution could not be computed because the input matrix does not have full rank (error code: ${(row % n) + 1}).`,
      );
}

/** The solution of least norm, in float64, by the factors of matrices of full rank. */
function solveFactored({ columns, taus, triangle, isWide }: Factors, B: Tensor): Tensor {
  const { lead, m: k, n: length } = split(columns);
  const count = B.shape.at(-1)!;
  if (!isWide) {
    const rows = working(B, true);
    reflect(rows, columns, taus, { k, transposed: true });
    const part = rows.narrow(-1, 0, k);
    const x = working(part, true);
    drop(part, rows);
    triangularSolve(triangle, x, true, false);
    return x;
  }
  const y = working(B);
  triangularSolve(triangle, y, false, false);
  const rows = B.detach().newZeros([...lead, count, length], { dtype: "float64" });
  const part = rows.narrow(-1, 0, k);
  part.copy_(y.mT);
  drop(part, y);
  reflect(rows, columns, taus, { k });
  return finished(rows, "float64", true);
}

/** What a driver finds, without a gradient: no solution where ranks may be deficient, which is left to singular values. */
function solveByQr(A: Tensor, B: Tensor, rcond: number, needsRank: boolean): Tensor | undefined {
  const factors = factorize(A);
  const { columns, taus, triangle } = factors;
  if (!needsRank) checkFullRank(factors);
  const isFull = !needsRank || isSurelyRegular(factors, rcond) || isRegular(A, rcond);
  const x = isFull ? finished(solveFactored(factors, B), A.dtype) : undefined;
  drop(columns, taus, triangle);
  return x;
}

/** Whether all singular values are larger than rcond times the largest. */
function isRegular(A: Tensor, rcond: number): boolean {
  const s = svdvalsOf("lstsq", A);
  return Boolean(
    s
      .gt(s.narrow(-1, 0, 1).mul(rcond))
      .all()
      .item(),
  );
}

/** The solution by singular values, which are found too, and the ranks. */
function solveBySvd(A: Tensor, B: Tensor, rcond: number): { x: Tensor; rank: Tensor; values: Tensor } {
  const { U, S, Vh } = svdOf("lstsq", A, false);
  const counts = S.shape.at(-1) === 0 ? S.gt(0) : S.gt(S.narrow(-1, 0, 1).mul(rcond));
  const inverse = S.reciprocal().where(counts, 0).unsqueeze(-1);
  return { x: matmul(Vh.mT, matmul(U.mT, B).mul(inverse)), rank: counts.sum(-1), values: S };
}

/** @throws ShapeError unless B has as many rows as A, and the same leading axes. */
function checkRight(A: Tensor, B: Tensor, isVector: boolean): void {
  if (B.ndim === 0) throw new ShapeError("lstsq: B must have at least 1 dimension.");
  if (isVector || (B.ndim === A.ndim && sameShape(B.shape.slice(0, -1), A.shape.slice(0, -1)))) return;
  throw new ShapeError(
    `lstsq: A.size(-2) should match B.size(-2), and leading axes those of B: got ${shapeText(A.shape)} and ${shapeText(B.shape)}`,
  );
}

/** The solution with its gradient, which goes through the pseudo-inverse. @see linalg_lstsq_backward */
function recordSolution(x: Tensor, A: Tensor, B: Tensor, rtol: number): Tensor {
  const pseudo = (a: Tensor) => pinvOf("lstsq", a, { rtol });
  return record(
    "LinalgLstsqBackward0",
    x,
    [A, B],
    [A, B],
    [(g, [a, b]) => pinvGrad(matmul(g, b!.mT), pseudo(a!), a!), (g, [a]) => matmul(pseudo(a!).mT, g)],
  );
}

/**
 * X that minimizes ‖A X − B‖, of least norm where several do. Shape: [*, m, n] and [*, m, k] → [*, n, k]. The driver "gels" takes A to have full
 * rank; the others count singular values up to `rcond` times the largest as 0 (by default, and if it is negative, the machine precision times
 * the larger size).
 * @see torch.linalg.lstsq
 * @throws LinAlgError if a number of A is not finite, or with "gels" if A has no full rank.
 */
export const lstsq = named(
  "lstsq",
  "A, B, rcond?;; driver",
  (
    A: Tensor,
    B: Tensor,
    rcond?: number | null,
    options: { driver?: (typeof drivers)[number] | null } = {},
  ): LeastSquares => {
    checkMatrix("lstsq", A);
    const driver = checkChoice("lstsq", "driver", options.driver ?? "gelsy", drivers);
    checkPair("lstsq", A, B);
    const isVector = B.ndim === A.ndim - 1 && sameShape(B.shape, A.shape.slice(0, -1));
    checkRight(A, B, isVector);
    const given = rcond == null ? -1 : checkNumber("lstsq", "rcond", rcond);
    const tolerance = given >= 0 ? given : precisionOf(A);
    return solveLeastSquares(A, isVector ? B.unsqueeze(-1) : B, isVector, tolerance, driver);
  },
);

function solveLeastSquares(
  A: Tensor,
  B: Tensor,
  isVector: boolean,
  rcond: number,
  driver: (typeof drivers)[number],
): LeastSquares {
  const { lead, m, n } = split(A);
  const hasValues = driver === "gelsd" || driver === "gelss";
  const full = Math.min(m, n);
  // Where nobody can look, ranks are left to singular values, and taken to be full where a shape depends on them.
  const { readsAtOnce } = A.storage.backend;
  const direct = noGrad(() =>
    hasValues || full === 0 || !readsAtOnce ? undefined : solveByQr(A, B, rcond, driver !== "gels"),
  );
  const found = direct ? undefined : noGrad(() => solveBySvd(A.detach(), B.detach(), rcond));
  const x = recordSolution(direct ?? found!.x, A, B, rcond);
  const rank =
    found?.rank ??
    tensor(Array<number>(sizeOfShape(lead)).fill(full), { dtype: "int64", device: A.device }).reshape(lead);
  const hasResiduals = m > n && driver !== "gelsy" && rank.numel() > 0 && (!readsAtOnce || rank.min().item() === n);
  const all = {
    solution: isVector ? x.squeeze(-1) : x,
    residuals: hasResiduals ? matmul(A, x).sub(B).square().sum(-2) : A.newEmpty([0]),
    rank: driver === "gels" ? rank.newEmpty([0]) : rank,
    singularValues: hasValues ? found!.values : A.newEmpty([0]),
  };
  return namedTuple(all);
}
