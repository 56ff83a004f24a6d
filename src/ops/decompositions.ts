/**
 * Triangular factorisations, QR, and solvers over stacks of matrices, with gradients by the published formulas (Giles 2008; Townsend 2016; the PyTorch
 * sources' FunctionsManual). They read their input, so that they compute on the CPU only.
 */
import { record, recordAll } from "../autograd/node";
import { type DType, isFloat } from "../core/dtype";
import { DTypeError, KindlingError, ShapeError } from "../core/errors";
import { broadcastShapes, sameShape, shapeText, sizeOfShape } from "../core/shape";
import { tensor } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { checkTensor } from "./checks";
import { eye } from "./creation";
import { cat } from "./join";
import * as lapack from "./lapack";
import { matmul } from "./matmul";

/** A matrix that a factorisation cannot be computed of. @see torch.linalg.LinAlgError */
export class LinAlgError extends KindlingError {}

/** @throws ShapeError unless `x` is a matrix or a stack of them, DTypeError unless it is floating point. */
export function checkMatrix(op: string, x: Tensor, isSquare = false): void {
  checkTensor(op, x);
  if (x.ndim < 2)
    throw new ShapeError(`${op}: The input tensor A must have at least 2 dimensions, got ${shapeText(x.shape)}`);
  if (isSquare && x.shape.at(-1) !== x.shape.at(-2))
    throw new ShapeError(
      `${op}: A must be batches of square matrices, but they are ${x.shape.at(-2)} by ${x.shape.at(-1)} matrices`,
    );
  if (!isFloat(x.dtype))
    throw new DTypeError(`${op}: expected a floating point tensor as input, got ${x.dtype}; use x.float()`);
}

/** The leading axes and the size of the matrices. */
export const split = (x: Tensor) => ({ lead: x.shape.slice(0, -2), m: x.shape.at(-2)!, n: x.shape.at(-1)! });

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
    return tensor(values, { dtype: dtype ?? inputs[0]!.dtype }).reshape([...lead, ...shape]);
  });
}

/** @throws LinAlgError if one of the codes that a factorisation returned is not 0. */
function checkInfo(op: string, info: Tensor, problem: string): void {
  const codes = Array.from(info.toTypedArray(), Number);
  const bad = codes.findIndex((code) => code !== 0);
  if (bad < 0) return;
  const which = info.ndim === 0 ? "" : `(Batch element ${bad}): `;
  throw new LinAlgError(`${op}: ${which}${problem.replace("%", String(codes[bad]))}`);
}

const SINGULAR = "The diagonal element % is zero, the matrix is singular and could not be inverted.";
const int32 = { shape: [], dtype: "int32" } as const;

/** The identity of the size of square matrices, for every matrix of the stack. */
export const identityLike = (x: Tensor): Tensor => eye(x.shape.at(-1)!, { dtype: x.dtype }).expand(x.shape);

/** The inverse and, per matrix, the position of a zero pivot or 0. @see torch.linalg.inv_ex */
export function invEx(
  x: Tensor,
  options: { checkErrors?: boolean } = {},
): { inverse: Tensor; info: Tensor; [Symbol.iterator](): IterableIterator<Tensor> } {
  checkMatrix("inv", x, true);
  const { n } = split(x);
  const [y, info] = overMatrices([x, identityLike(x)], [{ shape: [n, n] }, int32], ([a, b], [out, code]) => {
    code![0] = lapack.solveSquare(a!, n, b!, n);
    out!.set(b!);
  }) as [Tensor, Tensor];
  if (options.checkErrors) checkInfo("inv", info, SINGULAR);
  const inverse = record("LinalgInvBackward0", y, [x], [y], [(g, [v]) => matmul(matmul(v!.mT, g), v!.mT).neg()]);
  return { inverse, info, [Symbol.iterator]: () => [inverse, info].values() };
}

/** The inverse of square matrices. @see torch.linalg.inv @throws LinAlgError if one is singular. */
export const inv = (x: Tensor): Tensor => invEx(x, { checkErrors: true }).inverse;

/** Another name of {@link inv}. @see torch.inverse */
export const inverse: typeof inv = inv;

/** X with A X = B for stacks of equal leading axes. */
function solveStack(a: Tensor, b: Tensor): [x: Tensor, info: Tensor] {
  const { n } = split(a);
  const k = b.shape.at(-1)!;
  const [y, info] = overMatrices([a, b], [{ shape: [n, k] }, int32], ([matrix, right], [out, code]) => {
    code![0] = lapack.solveSquare(matrix!, n, right!, k);
    out!.set(right!);
  }) as [Tensor, Tensor];
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

/** The solution and, per matrix, the position of a zero pivot or 0. @see torch.linalg.solve_ex */
export function solveEx(
  A: Tensor,
  B: Tensor,
  options: SolveOptions & { checkErrors?: boolean } = {},
): { result: Tensor; info: Tensor; [Symbol.iterator](): IterableIterator<Tensor> } {
  checkMatrix("solve", A, true);
  checkTensor("solve", B, "B");
  const { left = true, checkErrors = false } = options;
  const isVector = B.ndim === 1 || (B.ndim === A.ndim - 1 && sameShape(B.shape, A.shape.slice(0, -1)));
  const right = isVector ? B.unsqueeze(-1) : left ? B : B.mT;
  if (right.shape.at(-2) !== A.shape.at(-1))
    throw new ShapeError(
      `solve: Incompatible shapes of A and B for the equation ${left ? "AX = B" : "XA = B"}: ${shapeText(A.shape)} and ${shapeText(B.shape)}`,
    );
  const lead = broadcastShapes("solve", A.shape.slice(0, -2), right.shape.slice(0, -2));
  const stack = (x: Tensor) => x.expand([...lead, ...x.shape.slice(-2)]);
  const [x, info] = solveStack(stack(left ? A : A.mT), stack(right));
  if (checkErrors) checkInfo("solve", info, "The solver failed because the input matrix is singular (zero pivot %).");
  const result = isVector ? x.squeeze(-1) : left ? x : x.mT;
  return { result, info, [Symbol.iterator]: () => [result, info].values() };
}

/**
 * X with A X = B. Shape: [*, n, n] and [*, n, k] or [*, n]; leading axes broadcast.
 * @see torch.linalg.solve
 * @throws LinAlgError if a matrix is singular.
 */
export const solve = (A: Tensor, B: Tensor, options: SolveOptions = {}): Tensor =>
  solveEx(A, B, { ...options, checkErrors: true }).result;

/** Options of {@link solveTriangular}. */
export interface SolveTriangularOptions extends SolveOptions {
  /** Whether A is upper triangular. */
  upper: boolean;
  /** Whether the diagonal counts as ones. Default: false. */
  unitriangular?: boolean;
}

function solveTriangularStack(a: Tensor, b: Tensor, upper: boolean, unit: boolean): Tensor {
  const { n } = split(a);
  const k = b.shape.at(-1)!;
  const [y] = overMatrices([a, b], [{ shape: [n, k] }], ([t, right], [out]) => {
    lapack.solveTriangle(t!, n, right!, k, upper, unit);
    out!.set(right!);
  }) as [Tensor];
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

/** X with A X = B (or X A = B) for triangular A; the other triangle is not read. @see torch.linalg.solve_triangular */
export function solveTriangular(
  A: Tensor,
  B: Tensor,
  { upper, left = true, unitriangular = false }: SolveTriangularOptions,
): Tensor {
  checkMatrix("solveTriangular", A, true);
  checkMatrix("solveTriangular", B);
  if (!left) return solveTriangular(A.mT, B.mT, { upper: !upper, unitriangular }).mT;
  if (A.shape.at(-1) !== B.shape.at(-2))
    throw new ShapeError(
      `solveTriangular: Incompatible shapes of A and B: ${shapeText(A.shape)} and ${shapeText(B.shape)}`,
    );
  const lead = broadcastShapes("solveTriangular", A.shape.slice(0, -2), B.shape.slice(0, -2));
  const stack = (x: Tensor) => x.expand([...lead, ...x.shape.slice(-2)]);
  return solveTriangularStack(stack(A), stack(B), upper, unitriangular);
}

/** The Cholesky factor and, per matrix, the order of a minor that is not positive, or 0. @see torch.linalg.cholesky_ex */
export function choleskyEx(
  x: Tensor,
  options: { upper?: boolean; checkErrors?: boolean } = {},
): { L: Tensor; info: Tensor; [Symbol.iterator](): IterableIterator<Tensor> } {
  checkMatrix("cholesky", x, true);
  const { n } = split(x);
  const source = options.upper ? x.mT : x;
  const [y, info] = overMatrices([source], [{ shape: [n, n] }, int32], ([a], [out, code]) => {
    code![0] = lapack.cholesky(a!, n);
    out!.set(a!);
  }) as [Tensor, Tensor];
  if (options.checkErrors)
    checkInfo(
      "cholesky",
      info,
      "The factorization could not be completed because the input is not positive-definite (the leading minor of order % is not positive-definite).",
    );
  const lower = record(
    "LinalgCholeskyExBackward0",
    y,
    [source],
    [y],
    [
      (g, [l]) => {
        const inner = matmul(l!.mT, g).tril();
        const halved = inner.sub(inner.tril().triu().mul(0.5));
        const half = solveTriangular(l!.mT, halved, { upper: true });
        const whole = solveTriangular(l!, half, { upper: false, left: false });
        return whole.add(whole.mT).mul(0.5);
      },
    ],
  );
  const L = options.upper ? lower.mT : lower;
  return { L, info, [Symbol.iterator]: () => [L, info].values() };
}

/** The lower factor of L Lᵀ = A, or with `upper` the upper one of Uᵀ U. @see torch.linalg.cholesky @throws LinAlgError unless positive definite. */
export const cholesky = (x: Tensor, options: { upper?: boolean } = {}): Tensor =>
  choleskyEx(x, { ...options, checkErrors: true }).L;

/** Q with orthonormal columns and R upper triangular. */
export interface QR {
  readonly Q: Tensor;
  readonly R: Tensor;
  [Symbol.iterator](): IterableIterator<Tensor>;
}

/** d A for A = Q R with at least as many rows as columns. */
function qrGrad(gQ: Tensor, gR: Tensor, Q: Tensor, R: Tensor): Tensor {
  const inner = matmul(R, gR.mT).sub(matmul(gQ.mT, Q));
  const symmetric = inner.tril().add(inner.tril(-1).mT);
  return solveTriangular(R.mT, gQ.add(matmul(Q, symmetric)), { upper: false, left: false });
}

/** As {@link qrGrad}, for more columns than rows: the square part, and what is to its right. */
function qrGradWide(gQ: Tensor, gR: Tensor, Q: Tensor, R: Tensor, A: Tensor): Tensor {
  const { m, n } = split(A);
  const [gU, gV] = [gR.narrow(-1, 0, m), gR.narrow(-1, m, n - m)];
  const left = qrGrad(gQ.add(matmul(A.narrow(-1, m, n - m), gV.mT)), gU, Q, R.narrow(-1, 0, m));
  return cat([left, matmul(Q, gV)], -1);
}

/**
 * A = Q R. Shape: [*, m, n] → [*, m, k] and [*, k, n] with k = min(m, n); k = m in the mode "complete"; Q is empty in the mode "r".
 * @see torch.linalg.qr
 */
export function qr(A: Tensor, mode: "reduced" | "complete" | "r" = "reduced"): QR {
  checkMatrix("qr", A);
  const { m, n } = split(A);
  const k = mode === "complete" ? m : Math.min(m, n);
  const [q, r] = overMatrices([A], [{ shape: [m, k] }, { shape: [k, n] }], ([a], [basis, upper]) => {
    const taus = new Float64Array(Math.min(m, n));
    lapack.qrFactor(a!, m, n, taus);
    for (let i = 0; i < Math.min(k, n); i++) for (let j = i; j < n; j++) upper![i * n + j] = a![i * n + j]!;
    lapack.qrBasis(a!, m, n, taus, basis!, k);
  }) as [Tensor, Tensor];
  recordAll("LinalgQrBackward0", [q, r], [A], [A, q, r], ([gQ, gR], [a, Q, R]) => {
    if (k > n)
      throw new LinAlgError("qr: The QR decomposition is not differentiable when mode='complete' and nrows > ncols");
    const [u, v] = [gQ ?? Q!.mul(0), gR ?? R!.mul(0)];
    return [m >= n ? qrGrad(u, v, Q!, R!) : qrGradWide(u, v, Q!, R!, a!)];
  });
  const Q = mode === "r" ? q.newEmpty([0]) : q;
  return { Q, R: r, [Symbol.iterator]: () => [Q, r].values() };
}

/** L and U in one matrix, and the rows exchanged, from 1. */
export interface LUFactors {
  readonly LU: Tensor;
  /** int32. */
  readonly pivots: Tensor;
  /** int32: the position of a zero pivot, or 0. */
  readonly info: Tensor;
  [Symbol.iterator](): IterableIterator<Tensor>;
}

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

/** P L U = A with L and U in one matrix. @see torch.linalg.lu_factor_ex */
export function luFactorEx(A: Tensor, options: { pivot?: boolean; checkErrors?: boolean } = {}): LUFactors {
  checkMatrix("luFactor", A);
  const { m, n } = split(A);
  const [LU, pivots, info] = overMatrices(
    [A],
    [{ shape: [m, n] }, { shape: [Math.min(m, n)], dtype: "int32" }, int32],
    ([a], [out, rows, code]) => {
      code![0] = lapack.luFactor(a!, m, n, rows!, options.pivot ?? true);
      out!.set(a!);
    },
  ) as [Tensor, Tensor, Tensor];
  if (options.checkErrors)
    checkInfo("luFactor", info, "U[%, %] is zero and using it on luSolve would result in a division by zero.");
  recordAll("LinalgLuFactorExBackward0", [LU], [A], [LU, pivots], ([g], [y, rows]) => [luGrad(g!, y!, rows!)]);
  return { LU, pivots, info, [Symbol.iterator]: () => [LU, pivots, info].values() };
}

/** The permutation matrix P of rows exchanged one after the other. */
export function permutationOf(pivots: Tensor, m: number, dtype: DType): Tensor {
  const k = pivots.shape.at(-1)!;
  const [P] = overMatrices([pivots.unsqueeze(-1)], [{ shape: [m, m], dtype }], ([rows], [out]) => {
    const order = Array.from({ length: m }, (_, i) => i);
    for (let i = 0; i < k; i++) {
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
export function geqrf(A: Tensor): { a: Tensor; tau: Tensor; [Symbol.iterator](): IterableIterator<Tensor> } {
  checkMatrix("geqrf", A);
  const { m, n } = split(A);
  const [a, tau] = overMatrices([A], [{ shape: [m, n] }, { shape: [Math.min(m, n)] }], ([x], [out, taus]) => {
    lapack.qrFactor(x!, m, n, taus!);
    out!.set(x!);
  }) as [Tensor, Tensor];
  return { a, tau, [Symbol.iterator]: () => [a, tau].values() };
}
