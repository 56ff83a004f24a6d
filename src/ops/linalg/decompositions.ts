/**
 * Triangular factorizations, QR, and solvers over stacks of matrices, with gradients by the published formulas (Giles 2008; Townsend 2016; the PyTorch
 * sources' FunctionsManual). They read their input, so that they compute on the CPU only.
 */

import { isRecorded, record, recordAll } from "../../autograd/node";
import { checkChoice, checkFlag } from "../../core/arguments";
import type { DType } from "../../core/dtype";
import { ArgumentError } from "../../core/errors";
import { broadcastShapes, sameShape, sizeOfShape } from "../../core/shape";
import { named } from "../../core/signature";
import { tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { type NamedTuple, namedTuple } from "../builders/namedTuple";
import { eye } from "../creation/ranges";
import { cat } from "../shape/join";
import { unitRows } from "./condensed";
import * as lapack from "./lapack";
import { split } from "./lapack";
import { matmul } from "./matmul";
import { checkEquation, checkInfo, checkMatrix, checkPair, LinAlgError } from "./matrixChecks";
import { permutationUnseen } from "./unseen";

/** Runs `body` on each matrix of the inputs, which it may destroy, and on one piece of each output. */
export function overMatrices(
  inputs: readonly Tensor[],
  outputs: readonly { readonly shape: readonly number[]; readonly dtype?: DType }[],
  body: (inputs: Float64Array[], outputs: Float64Array[]) => void,
): Tensor[] {
  const { lead } = split(inputs[0]!);
  const data = inputs.map((x) => Float64Array.from(x.toTypedArray() as Float64Array));
  const sizes = outputs.map(({ shape }) => sizeOfShape(shape));
  const results = sizes.map((size) => new Float64Array(size * sizeOfShape(lead)));
  const part = (all: Float64Array, size: number, i: number) => all.subarray(i * size, (i + 1) * size);
  for (let i = 0; i < sizeOfShape(lead); i++)
    body(
      data.map((all, k) => part(all, sizeOfShape(inputs[k]!.shape.slice(-2)), i)),
      results.map((all, k) => part(all, sizes[k]!, i)),
    );
  return results.map((values, k) => {
    const { shape, dtype } = outputs[k]!;
    return tensor(values, { dtype: dtype ?? inputs[0]!.dtype, device: inputs[0]!.device }).reshape([...lead, ...shape]);
  });
}

const SINGULAR =
  "The diagonal element % is zero, the inversion could not be completed because the input matrix is singular.";

/** The identity of the size of square matrices, for every matrix of the stack. */
export const identityLike = (x: Tensor): Tensor =>
  eye(x.shape.at(-1)!, { dtype: x.dtype, device: x.device }).expand(x.shape);

/** An inverse, and per matrix the position of a zero pivot or 0 (int32). */
export type Inverse = NamedTuple<["inverse", "info"]>;

/** @internal {@link invEx} under the name of the op that is called. */
export function invertOf(op: string, x: Tensor, checkErrors: boolean): Inverse {
  checkMatrix(op, x, true);
  const { lead, n } = split(x);
  const lu = lapack.working(x);
  const b = unitRows(lead, n, n, x);
  const [pivots, info] = lapack.luFactor(lu);
  lapack.luSolve(lu, pivots, b);
  lapack.drop(lu, pivots);
  const y = lapack.finished(b, x.dtype);
  if (checkErrors) checkInfo(op, info, SINGULAR);
  const inverse = record("LinalgInvBackward0", y, [x], [y], [(g, [v]) => matmul(matmul(v!.mT, g), v!.mT).neg()]);
  return namedTuple({ inverse, info });
}

/** The inverse and, per matrix, the position of a zero pivot or 0. @see torch.linalg.inv_ex */
export const invEx = named(
  "invEx",
  "A;; checkErrors",
  (x: Tensor, options: { checkErrors?: boolean } = {}): Inverse => {
    return invertOf("invEx", x, checkFlag("invEx", "checkErrors", options.checkErrors ?? false));
  },
);

/** The inverse of square matrices. @see torch.linalg.inv @throws LinAlgError if one is singular. */
export const inv = named("inv", "A", (x: Tensor): Tensor => invertOf("inv", x, true).inverse);

/** Another name of {@link inv}. @see torch.inverse */
export const inverse = named("inverse", "input", (x: Tensor): Tensor => invertOf("inverse", x, true).inverse);

/** X with A X = B for stacks of equal leading axes. */
function solveStack(a: Tensor, b: Tensor): [x: Tensor, info: Tensor] {
  const lu = lapack.working(a);
  const right = lapack.working(b);
  const [pivots, info] = lapack.luFactor(lu);
  lapack.luSolve(lu, pivots, right);
  lapack.drop(lu, pivots);
  const y = lapack.finished(right, b.dtype);
  const x = record(
    "LinalgSolveExBackward0",
    y,
    [a, b],
    [a, y],
    [(g, [m, v]) => matmul(solveStack(m!.mT, g)[0], v!.mT).neg(), (g, [m]) => solveStack(m!.mT, g)[0]],
  );
  return [x, info];
}

/** Options of {@link solve}. */
export interface SolveOptions {
  /** A X = B; otherwise X A = B. Default: true. */
  left?: boolean;
}

/** A solution, and per matrix the position of a zero pivot or 0 (int32). */
export type Solution = NamedTuple<["result", "info"]>;

/** Whether B holds a vector for each matrix of A. */
const isVectorOf = (A: Tensor, B: Tensor): boolean =>
  B.ndim === 1 || (B.ndim === A.ndim - 1 && sameShape(B.shape, A.shape.slice(0, -1)));

/** Both stacks with the same leading axes. */
function together(op: string, A: Tensor, B: Tensor): [A: Tensor, B: Tensor] {
  const lead = broadcastShapes(op, A.shape.slice(0, -2), B.shape.slice(0, -2));
  return [A.expand([...lead, ...A.shape.slice(-2)]), B.expand([...lead, ...B.shape.slice(-2)])];
}

/** @internal {@link solveEx} under the name of the op that is called. */
export function solveOf(op: string, A: Tensor, B: Tensor, left: boolean, checkErrors: boolean): Solution {
  checkMatrix(op, A, true);
  checkPair(op, A, B);
  const isVector = isVectorOf(A, B);
  if (!isVector) checkMatrix(op, B, false, "B");
  const right = isVector ? B.unsqueeze(-1) : B;
  checkEquation(op, A, right, left || isVector);
  const turn = !left && !isVector;
  const [x, info] = solveStack(...together(op, left ? A : A.mT, turn ? right.mT : right));
  if (checkErrors) checkInfo(op, info, "The solver failed because the input matrix is singular.");
  const result = isVector ? x.squeeze(-1) : turn ? x.mT : x;
  return namedTuple({ result, info });
}

/** The solution and, per matrix, the position of a zero pivot or 0. @see torch.linalg.solve_ex */
export const solveEx = named(
  "solveEx",
  "A, B;; left, checkErrors",
  (A: Tensor, B: Tensor, options: SolveOptions & { checkErrors?: boolean } = {}): Solution => {
    const { left = true, checkErrors = false } = options;
    return solveOf(
      "solveEx",
      A,
      B,
      checkFlag("solveEx", "left", left),
      checkFlag("solveEx", "checkErrors", checkErrors),
    );
  },
);

/**
 * X with A X = B. Shape: [*, n, n] and [*, n, k] or [*, n]; leading axes broadcast.
 * @see torch.linalg.solve
 * @throws LinAlgError if a matrix is singular.
 */
export const solve = named("solve", "A, B;; left", (A: Tensor, B: Tensor, options: SolveOptions = {}): Tensor => {
  return solveOf("solve", A, B, checkFlag("solve", "left", options.left ?? true), true).result;
});

/** Options of {@link solveTriangular}. */
export interface SolveTriangularOptions extends SolveOptions {
  /** Whether A is upper triangular. */
  upper: boolean;
  /** Whether the diagonal counts as ones. Default: false. */
  unitriangular?: boolean;
}

function solveTriangularStack(a: Tensor, b: Tensor, upper: boolean, unit: boolean): Tensor {
  const t = lapack.working(a);
  const right = lapack.working(b);
  lapack.triangularSolve(t, right, upper, unit);
  t.dispose();
  const y = lapack.finished(right, b.dtype);
  const inside = (g: Tensor) => (upper ? g.triu(unit ? 1 : 0) : g.tril(unit ? -1 : 0));
  return record(
    "LinalgSolveTriangularBackward0",
    y,
    [a, b],
    [a, y],
    [
      (g, [m, v]) => inside(matmul(solveTriangularStack(m!.mT, g, !upper, unit), v!.mT).neg()),
      (g, [m]) => solveTriangularStack(m!.mT, g, !upper, unit),
    ],
  );
}

/** @internal {@link solveTriangular} under the name of the op that is called. */
export function solveTriangularOf(
  op: string,
  A: Tensor,
  B: Tensor,
  { upper, left = true, unitriangular = false }: SolveTriangularOptions,
): Tensor {
  checkMatrix(op, A, true);
  checkMatrix(op, B, false, "B");
  checkPair(op, A, B);
  checkEquation(op, A, B, left);
  const isUpper = checkFlag(op, "upper", upper) === checkFlag(op, "left", left);
  const unit = checkFlag(op, "unitriangular", unitriangular);
  const x = solveTriangularStack(...together(op, left ? A : A.mT, left ? B : B.mT), isUpper, unit);
  return left ? x : x.mT;
}

/** X with A X = B (or X A = B) for triangular A; the other triangle is not read. @see torch.linalg.solve_triangular */
export const solveTriangular = named(
  "solveTriangular",
  "A, B;; upper, unitriangular, left",
  (A: Tensor, B: Tensor, options: SolveTriangularOptions): Tensor => {
    if (options === undefined) throw new ArgumentError("solveTriangular: takes the option upper, true or false");
    return solveTriangularOf("solveTriangular", A, B, options);
  },
);

/** A Cholesky factor, and per matrix the order of a minor that is not positive, or 0 (int32). */
export type CholeskyFactor = NamedTuple<["L", "info"]>;

const NOT_POSITIVE =
  "The factorization could not be completed because the input is not positive-definite (the leading minor of order % is not positive-definite).";

/** d A from the gradient of its lower factor. */
function choleskyGrad(g: Tensor, l: Tensor): Tensor {
  const inner = matmul(l.mT, g).tril();
  const halved = inner.sub(inner.tril().triu().mul(0.5));
  const half = solveTriangular(l.mT, halved, { upper: true });
  const whole = solveTriangular(l, half, { upper: false, left: false });
  return whole.add(whole.mT).mul(0.5);
}

/** @internal {@link choleskyEx} under the name of the op that is called. */
export function choleskyOf(op: string, x: Tensor, upper: boolean, checkErrors: boolean): CholeskyFactor {
  checkMatrix(op, x, true);
  const source = checkFlag(op, "upper", upper) ? x.mT : x;
  // The kernel reads and writes the upper triangle, which is the lower one of the transpose.
  const factor = lapack.working(source, true);
  const info = lapack.cholesky(factor);
  const y = lapack.finished(factor, x.dtype, true);
  if (checkErrors) checkInfo(op, info, NOT_POSITIVE);
  const lower = record("LinalgCholeskyExBackward0", y, [source], [y], [(g, [l]) => choleskyGrad(g, l!)]);
  const L = upper ? lower.mT : lower;
  return namedTuple({ L, info });
}

/** The Cholesky factor and, per matrix, the order of a minor that is not positive, or 0. @see torch.linalg.cholesky_ex */
export const choleskyEx = named(
  "choleskyEx",
  "input;; upper, checkErrors",
  (x: Tensor, options: { upper?: boolean; checkErrors?: boolean } = {}): CholeskyFactor => {
    const { upper = false, checkErrors = false } = options;
    return choleskyOf("choleskyEx", x, upper, checkFlag("choleskyEx", "checkErrors", checkErrors));
  },
);

/** The lower factor of L Lᵀ = A, or with `upper` the upper one of Uᵀ U. @see torch.linalg.cholesky @throws LinAlgError unless positive definite. */
export const cholesky = named("cholesky", "input;; upper", (x: Tensor, options: { upper?: boolean } = {}): Tensor => {
  return choleskyOf("cholesky", x, options.upper ?? false, true).L;
});

/** Q with orthonormal columns and R upper triangular. */
export type QR = NamedTuple<["Q", "R"]>;

/** d A for A = Q R with at least as many rows as columns. */
function qrGrad(gQ: Tensor, gR: Tensor, Q: Tensor, R: Tensor): Tensor {
  const inner = matmul(R, gR.mT).sub(matmul(gQ.mT, Q));
  const symmetric = inner.tril().add(inner.tril(-1).mT);
  return solveTriangular(R.mT, gQ.add(matmul(Q, symmetric)), { upper: false, left: false });
}

/** Like {@link qrGrad}, for more columns than rows: the square part, and what is to its right. */
function qrGradWide(gQ: Tensor, gR: Tensor, Q: Tensor, R: Tensor, A: Tensor): Tensor {
  const { m, n } = split(A);
  const [gU, gV] = [gR.narrow(-1, 0, m), gR.narrow(-1, m, n - m)];
  const left = qrGrad(gQ.add(matmul(A.narrow(-1, m, n - m), gV.mT)), gU, Q, R.narrow(-1, 0, m));
  return cat([left, matmul(Q, gV)], -1);
}

/** Q [*, m, k] of matrices held by columns that have been factorized, in float64. */
function basisOf(columns: Tensor, taus: Tensor, k: number): Tensor {
  const { lead, n: m } = split(columns);
  const basis = unitRows(lead, k, m, columns);
  lapack.reflect(basis, columns, taus, { k: taus.shape.at(-1)!, basis: true });
  return basis;
}

/** R [*, k, n] of matrices held by columns that have been factorized. */
function triangleOf(columns: Tensor, k: number, dtype: DType): Tensor {
  const part = columns.narrow(-1, 0, k);
  const whole = lapack.finished(lapack.working(part, true), dtype);
  const R = whole.triu();
  lapack.drop(part, whole);
  return R;
}

/** @internal {@link qr} under the name of the op that is called. */
export function qrOf(op: string, A: Tensor, mode: "reduced" | "complete" | "r"): QR {
  checkMatrix(op, A);
  checkChoice(op, "mode", mode, ["reduced", "complete", "r"]);
  const { m, n } = split(A);
  const k = mode === "complete" ? m : Math.min(m, n);
  const columns = lapack.working(A, true);
  const taus = lapack.qrFactor(columns);
  const r = triangleOf(columns, k, A.dtype);
  const wantQ = mode !== "r" || isRecorded([A]);
  const q = wantQ ? lapack.finished(basisOf(columns, taus, k), A.dtype, true) : A.newEmpty([0]);
  lapack.drop(columns, taus);
  recordAll("LinalgQrBackward0", [q, r], [A], [A, q, r], ([gQ, gR], [a, Q, R]) => {
    if (k > n)
      throw new LinAlgError(`${op}: The QR decomposition is not differentiable when mode='complete' and nrows > ncols`);
    const [u, v] = [gQ ?? Q!.mul(0), gR ?? R!.mul(0)];
    return [m >= n ? qrGrad(u, v, Q!, R!) : qrGradWide(u, v, Q!, R!, a!)];
  });
  const Q = mode === "r" ? q.newEmpty([0]) : q;
  return namedTuple({ Q, R: r });
}

/**
 * A = Q R. Shape: [*, m, n] → [*, m, k] and [*, k, n] with k = min(m, n); k = m in the mode "complete"; Q is empty in the mode "r".
 * @see torch.linalg.qr
 */
export const qr = named(
  "qr",
  "A, mode?",
  (A: Tensor, mode: "reduced" | "complete" | "r" = "reduced"): QR => qrOf("qr", A, mode),
);

/** L and U in one matrix, the rows exchanged, from 1 (int32), and the position of a zero pivot, or 0 (int32). */
export type LUFactors = NamedTuple<["LU", "pivots", "info"]>;

/** d A from the gradient of L and U in one matrix. @see lu_factor_ex_backward */
function luGrad(g: Tensor, LU: Tensor, pivots: Tensor): Tensor {
  const { m, n } = split(LU);
  const k = Math.min(m, n);
  const square = LU.narrow(-2, 0, k).narrow(-1, 0, k);
  const gSquare = g.narrow(-2, 0, k).narrow(-1, 0, k);
  const [L, U] = [square.tril(-1).add(identityLike(square)), square.triu()];
  let lower = matmul(L.mT, gSquare.tril(-1));
  let upper = matmul(gSquare.triu(), U.mT);
  const [gBelow, gRight] = [g.narrow(-2, k, m - k), g.narrow(-1, k, n - k)];
  if (m > k) upper = upper.sub(matmul(LU.narrow(-2, k, m - k).mT, gBelow));
  if (n > k) lower = lower.sub(matmul(gRight, LU.narrow(-1, k, n - k).mT));
  const inner = solveTriangular(L.mT, lower.tril(-1).add(upper.triu()), { upper: true, unitriangular: true });
  let all = solveTriangular(U.mT, inner, { upper: false, left: false });
  if (m > k) all = cat([all, solveTriangular(U.mT, gBelow, { upper: false, left: false })], -2);
  if (n > k) all = cat([all, solveTriangular(L.mT, gRight, { upper: true, unitriangular: true })], -1);
  return matmul(permutationOf(pivots, m, g.dtype), all);
}

/** @internal {@link luFactorEx} under the name of the op that is called. */
export function luFactorOf(op: string, A: Tensor, pivot: boolean, checkErrors: boolean): LUFactors {
  checkMatrix(op, A);
  checkFlag(op, "pivot", pivot);
  const work = lapack.working(A);
  const [pivots, info] = lapack.luFactor(work, pivot);
  const LU = lapack.finished(work, A.dtype);
  if (checkErrors)
    checkInfo(
      op,
      info,
      "U[%,%] is zero and using it on luSolve would result in a division by zero. If you still want to perform the factorization, consider calling linalg.lu(A) or linalg.luFactorEx(A)",
    );
  recordAll("LinalgLuFactorExBackward0", [LU], [A], [LU, pivots], ([g], [y, rows]) => [luGrad(g!, y!, rows!)]);
  return namedTuple({ LU, pivots, info });
}

/** P L U = A with L and U in one matrix. @see torch.linalg.lu_factor_ex */
export const luFactorEx = named(
  "luFactorEx",
  "A;; pivot, checkErrors",
  (A: Tensor, options: { pivot?: boolean; checkErrors?: boolean } = {}): LUFactors => {
    const { pivot = true, checkErrors = false } = options;
    return luFactorOf("luFactorEx", A, pivot, checkFlag("luFactorEx", "checkErrors", checkErrors));
  },
);

/** The permutation matrix P of rows exchanged one after the other. The pivots have been checked. */
export function permutationOf(pivots: Tensor, m: number, dtype: DType): Tensor {
  if (!pivots.storage.backend.readsAtOnce) return permutationUnseen(pivots, m, dtype);
  const [P] = overMatrices([pivots.unsqueeze(-1)], [{ shape: [m, m], dtype }], ([rows], [out]) => {
    const order = Array.from({ length: m }, (_, i) => i);
    for (let i = 0; i < pivots.shape.at(-1)!; i++) {
      const j = rows![i]! - 1;
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    order.forEach((row, i) => {
      out![row * m + i] = 1;
    });
  }) as [Tensor];
  return P;
}

/** The Householder reflectors below R, and their factors. @see torch.geqrf */
export const geqrf = named("geqrf", "input", (A: Tensor): NamedTuple<["a", "tau"]> => {
  checkMatrix("geqrf", A);
  const columns = lapack.working(A, true);
  const tau = lapack.finished(lapack.qrFactor(columns), A.dtype);
  const a = lapack.finished(columns, A.dtype, true);
  return namedTuple({ a, tau });
});
