/** Least squares: by QR where the matrix has full rank, by its singular values where it may not. */
import { noGrad } from "../autograd/mode";
import { record } from "../autograd/node";
import { checkChoice, checkNumber } from "../core/arguments";
import { checkOptions, ShapeError } from "../core/errors";
import { sameShape, shapeText, sizeOfShape } from "../core/shape";
import { tensor } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { unitRows } from "./eigen";
import { drop, elementsOf, finished, qrFactor, reflect, split, triangularSolve, working } from "./lapack";
import { pinvGrad, pinvOf, precisionOf } from "./linalg";
import { matmul } from "./matmul";
import { checkMatrix, checkPair, LinAlgError } from "./matrixChecks";
import { svdvalsOf } from "./spectral";

/** The algorithms of LAPACK. */
const drivers = ["gels", "gelsy", "gelsd", "gelss"] as const;

/** The solution of a least-squares problem and what was found on the way; what a driver does not compute is empty. */
export interface LeastSquares {
  readonly solution: Tensor;
  readonly residuals: Tensor;
  readonly rank: Tensor;
  readonly singularValues: Tensor;
  [Symbol.iterator](): IterableIterator<Tensor>;
}

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

/** Whether each triangle surely has full rank: singular values σ are in the ratio 1/(‖R‖ ‖R⁻¹‖) at least. */
function isSurelyRegular({ triangle, isWide }: Factors, rcond: number): boolean {
  const { lead, n } = split(triangle);
  const inverse = unitRows(lead, n, n, triangle);
  triangularSolve(triangle, inverse, !isWide, false);
  const [R, T] = [elementsOf(triangle), elementsOf(inverse)];
  let isRegular = true;
  for (let item = 0; item < sizeOfShape(lead); item++) {
    let [squares, inverses] = [0, 0];
    for (let i = 0; i < n; i++) {
      const [from, to] = isWide ? [0, i + 1] : [i, n];
      for (let at = (item * n + i) * n + from; at < (item * n + i) * n + to; at++) {
        squares += R[at]! ** 2;
        inverses += T[at]! ** 2;
      }
    }
    isRegular &&= Math.sqrt(squares) * Math.sqrt(inverses) * rcond < 1;
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
  const isFull =
    !needsRank || isSurelyRegular(factors, rcond) || rankOf(A, rcond).every((rank) => rank === split(triangle).n);
  const x = isFull ? finished(solveFactored(factors, B), A.dtype) : undefined;
  drop(columns, taus, triangle);
  return x;
}

/** How many singular values of each matrix are larger than rcond times the largest. */
function rankOf(A: Tensor, rcond: number): number[] {
  const s = svdvalsOf("lstsq", A);
  if (s.shape.at(-1) === 0) return Array(sizeOfShape(s.shape.slice(0, -1))).fill(0);
  return Array.from(
    s
      .gt(s.narrow(-1, 0, 1).mul(rcond))
      .sum(-1)
      .toTypedArray(),
    Number,
  );
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
export function lstsq(
  A: Tensor,
  B: Tensor,
  rcond?: number | null,
  options: { driver?: (typeof drivers)[number] | null } = {},
): LeastSquares {
  checkMatrix("lstsq", A);
  checkOptions("lstsq", options, ["driver"]);
  const driver = checkChoice("lstsq", "driver", options.driver ?? "gelsy", drivers);
  checkPair("lstsq", A, B);
  const isVector = B.ndim === A.ndim - 1 && sameShape(B.shape, A.shape.slice(0, -1));
  checkRight(A, B, isVector);
  const given = rcond == null ? -1 : checkNumber("lstsq", "rcond", rcond);
  const tolerance = given >= 0 ? given : precisionOf(A);
  return solveLeastSquares(A, isVector ? B.unsqueeze(-1) : B, isVector, tolerance, driver);
}

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
  const found = noGrad(() => (hasValues || full === 0 ? undefined : solveByQr(A, B, rcond, driver !== "gels")));
  const x = recordSolution(found ?? noGrad(() => matmul(pinvOf("lstsq", A, { rtol: rcond }), B)), A, B, rcond);
  const ranks = found ? Array<number>(sizeOfShape(lead)).fill(full) : noGrad(() => rankOf(A, rcond));
  const hasResiduals = m > n && driver !== "gelsy" && ranks.length > 0 && ranks.every((rank) => rank === n);
  const all = {
    solution: isVector ? x.squeeze(-1) : x,
    residuals: hasResiduals ? matmul(A, x).sub(B).square().sum(-2) : A.newEmpty([0]),
    rank: driver === "gels" ? A.newEmpty([0], { dtype: "int64" }) : tensor(ranks, { dtype: "int64" }).reshape(lead),
    singularValues: hasValues ? noGrad(() => svdvalsOf("lstsq", A)) : A.newEmpty([0]),
  };
  return { ...all, [Symbol.iterator]: () => Object.values(all).values() };
}
