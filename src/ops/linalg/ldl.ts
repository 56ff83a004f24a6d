/** The factorization of symmetric matrices that need not be positive definite. Without gradients, as in PyTorch. */

import { checkFlag } from "../../core/arguments";
import { IndexError } from "../../core/errors";
import { broadcastShapes } from "../../core/shape";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { type NamedTuple, namedTuple } from "../builders/namedTuple";
import { overMatrices } from "./decompositions";
import { split } from "./lapack";
import { checkEquation, checkInfo, checkMatrix, checkPair, checkPivots } from "./matrixChecks";

/** Below this share of the largest element of its column a diagonal element is no pivot (Bunch and Kaufman, 1977). */
const THRESHOLD = (1 + Math.sqrt(17)) / 8;

/** A symmetric matrix of which the lower triangle is used, row-major. */
class Symmetric {
  constructor(
    readonly a: Float64Array,
    readonly n: number,
  ) {}

  at = (i: number, j: number): number => this.a[i * this.n + j]!;

  /** Exchanges elements (i, j) and (k, l). */
  exchange(i: number, j: number, k: number, l: number): void {
    const [p, q] = [i * this.n + j, k * this.n + l];
    [this.a[p], this.a[q]] = [this.a[q]!, this.a[p]!];
  }

  /** Exchanges rows and columns k < p, in what is not factorized yet. */
  exchangeBoth(k: number, p: number): void {
    for (let i = p + 1; i < this.n; i++) this.exchange(i, k, i, p);
    for (let i = k + 1; i < p; i++) this.exchange(i, k, p, i);
    this.exchange(k, k, p, p);
  }

  /** The row of the largest element below (k, k), and its size. */
  largestBelow(k: number): [row: number, size: number] {
    let [row, size] = [k, 0];
    for (let i = k + 1; i < this.n; i++) if (Math.abs(this.at(i, k)) > size) [row, size] = [i, Math.abs(this.at(i, k))];
    return [row, size];
  }

  /** The size of the largest element of row r beside the diagonal, from column k on. */
  largestBeside(r: number, k: number): number {
    let size = 0;
    for (let j = k; j < r; j++) size = Math.max(size, Math.abs(this.at(r, j)));
    for (let i = r + 1; i < this.n; i++) size = Math.max(size, Math.abs(this.at(i, r)));
    return size;
  }

  /** Eliminates column k by its diagonal element. */
  eliminateOne(k: number): void {
    const { a, n } = this;
    const pivot = 1 / this.at(k, k);
    for (let j = k + 1; j < n; j++) for (let i = j; i < n; i++) a[i * n + j]! -= pivot * this.at(i, k) * this.at(j, k);
    for (let i = k + 1; i < n; i++) a[i * n + k]! *= pivot;
  }

  /** Eliminates columns k and k + 1 by the 2 × 2 block on the diagonal, scaled by its element beside the diagonal. */
  eliminateTwo(k: number): void {
    const { a, n } = this;
    const beside = this.at(k + 1, k);
    const [first, second] = [this.at(k + 1, k + 1) / beside, this.at(k, k) / beside];
    const scale = 1 / (first * second - 1) / beside;
    for (let j = k + 2; j < n; j++) {
      const left = scale * (first * this.at(j, k) - this.at(j, k + 1));
      const right = scale * (second * this.at(j, k + 1) - this.at(j, k));
      for (let i = j; i < n; i++) a[i * n + j]! -= this.at(i, k) * left + this.at(i, k + 1) * right;
      a[j * n + k] = left;
      a[j * n + k + 1] = right;
    }
  }
}

/** The pivot for column k: its row, and how many columns it eliminates; none if the column is 0. */
function choosePivot(m: Symmetric, k: number): { row: number; size: 0 | 1 | 2 } {
  const own = Math.abs(m.at(k, k));
  const [row, below] = m.largestBelow(k);
  if (Math.max(own, below) === 0) return { row: k, size: 0 };
  if (own >= THRESHOLD * below) return { row: k, size: 1 };
  const beside = m.largestBeside(row, k);
  if (own >= THRESHOLD * below * (below / beside)) return { row: k, size: 1 };
  return Math.abs(m.at(row, row)) >= THRESHOLD * beside ? { row, size: 1 } : { row, size: 2 };
}

/** L and D over the lower triangle of a, pivots as LAPACK's sytrf gives them. Returns the 1-based first zero pivot, or 0. */
function factorize(a: Float64Array, n: number, pivots: Float64Array): number {
  const m = new Symmetric(a, n);
  let info = 0;
  for (let k = 0; k < n; ) {
    const { row, size } = choosePivot(m, k);
    const last = k + Math.max(size, 1) - 1;
    if (row !== last) {
      m.exchangeBoth(last, row);
      if (size === 2) m.exchange(k + 1, k, row, k);
    }
    if (size === 0) info ||= k + 1;
    else if (size === 1) m.eliminateOne(k);
    else m.eliminateTwo(k);
    pivots.fill(size === 2 ? -(row + 1) : row + 1, k, last + 1);
    k = last + 1;
  }
  return info;
}

/** Right sides b [n, k] of a system, row-major. */
class Rows {
  constructor(
    readonly b: Float64Array,
    readonly k: number,
  ) {}

  swap(i: number, j: number): void {
    const { b, k } = this;
    for (let c = 0; c < k; c++) [b[i * k + c], b[j * k + c]] = [b[j * k + c]!, b[i * k + c]!];
  }

  /** Adds a multiple of row j to row i. */
  add(i: number, factor: number, j: number): void {
    const { b, k } = this;
    for (let c = 0; c < k; c++) b[i * k + c]! += factor * b[j * k + c]!;
  }

  /** Divides row i, or rows i and i + 1, by a block on the diagonal. */
  divide(i: number, m: Symmetric, size: 1 | 2): void {
    const { b, k } = this;
    const [p, q, r] = [m.at(i, i), size === 2 ? m.at(i + 1, i) : 0, size === 2 ? m.at(i + 1, i + 1) : 1];
    const determinant = p * r - q * q;
    for (let c = 0; c < k; c++) {
      const [first, second] = [b[i * k + c]!, size === 2 ? b[(i + 1) * k + c]! : 0];
      b[i * k + c] = size === 2 ? (r * first - q * second) / determinant : first / p;
      if (size === 2) b[(i + 1) * k + c] = (p * second - q * first) / determinant;
    }
  }
}

/** Solves L D Lᵀ x = b, over b. */
function solveFactored(ld: Float64Array, n: number, pivots: Float64Array, b: Float64Array, k: number): void {
  const m = new Symmetric(ld, n);
  const rows = new Rows(b, k);
  const sizeAt = (i: number): 1 | 2 => (pivots[i]! > 0 ? 1 : 2);
  for (let j = 0; j < n; j += sizeAt(j)) {
    const size = sizeAt(j);
    rows.swap(j + size - 1, Math.abs(pivots[j]!) - 1);
    for (let i = j + size; i < n; i++) for (let s = 0; s < size; s++) rows.add(i, -m.at(i, j + s), j + s);
    rows.divide(j, m, size);
  }
  for (let j = n - 1; j >= 0; ) {
    const size = sizeAt(j);
    for (let i = j + 1; i < n; i++) for (let s = 0; s < size; s++) rows.add(j - s, -m.at(i, j - s), i);
    rows.swap(j, Math.abs(pivots[j]!) - 1);
    j -= size;
  }
}

/**
 * L below the diagonal and D on it and beside it, in one matrix. The pivots are int32, as LAPACK's sytrf: the rows exchanged, from 1, negative
 * for both rows of a 2 × 2 block.
 */
export type LDLFactors = NamedTuple<["LD", "pivots"]>;

/** Options of the LDL factorization. */
export interface LDLOptions {
  /** It changes nothing for real matrices. Default: false. */
  hermitian?: boolean;
}

/** {@link ldlFactorEx} under the name of the op that is called. */
function ldlFactorOf(
  op: string,
  A: Tensor,
  hermitian: boolean,
  checkErrors: boolean,
): NamedTuple<["LD", "pivots", "info"]> {
  checkMatrix(op, A, true);
  checkFlag(op, "hermitian", hermitian);
  const { n } = split(A);
  const outputs = [{ shape: [n, n] }, { shape: [n], dtype: "int32" }, { shape: [], dtype: "int32" }] as const;
  const [LD, pivots, info] = overMatrices([A.detach().tril()], outputs, ([a], [out, rows, code]) => {
    code![0] = factorize(a!, n, rows!);
    out!.set(a!);
  }) as [Tensor, Tensor, Tensor];
  if (checkErrors) checkInfo(op, info, "the matrix is singular: D[%,%] is zero, by which ldlSolve would divide");
  return namedTuple({ LD, pivots, info });
}

/**
 * L D Lᵀ = A for symmetric matrices, of which the lower triangle is read, and per matrix the position of a zero pivot or 0.
 * @see torch.linalg.ldl_factor_ex
 */
export const ldlFactorEx = named(
  "ldlFactorEx",
  "A;; hermitian, checkErrors",
  (A: Tensor, options: LDLOptions & { checkErrors?: boolean } = {}): NamedTuple<["LD", "pivots", "info"]> => {
    const { hermitian = false, checkErrors = false } = options;
    return ldlFactorOf("ldlFactorEx", A, hermitian, checkFlag("ldlFactorEx", "checkErrors", checkErrors));
  },
);

/** L D Lᵀ = A for symmetric matrices, of which the lower triangle is read. @see torch.linalg.ldl_factor @throws LinAlgError if a pivot is 0. */
export const ldlFactor = named("ldlFactor", "A;; hermitian", (A: Tensor, options: LDLOptions = {}): LDLFactors => {
  const { LD, pivots } = ldlFactorOf("ldlFactor", A, options.hermitian ?? false, true);
  return namedTuple({ LD, pivots });
});

/**
 * Both rows of a 2 × 2 block have one negative pivot, so that they come in pairs.
 * @throws IndexError unless they do.
 */
function checkBlocks(pivots: Tensor): void {
  const n = pivots.shape.at(-1)!;
  const values = pivots.toTypedArray() as Int32Array;
  for (let i = 0; i < values.length; i++) {
    if (values[i]! > 0) continue;
    if (i % n === n - 1 || values[i + 1] !== values[i])
      throw new IndexError(
        `ldlSolve: pivots must be negative in equal pairs, got ${values[i]} alone. Did you properly pass the result of ldlFactor?`,
      );
    i++;
  }
}

/** X with A X = B from the factors of A. Shape: [*, n, n], [*, n] and [*, n, k]; leading axes of B broadcast. @see torch.linalg.ldl_solve */
export const ldlSolve = named(
  "ldlSolve",
  "LD, pivots, B;; hermitian",
  (LD: Tensor, pivots: Tensor, B: Tensor, options: LDLOptions = {}): Tensor => {
    checkMatrix("ldlSolve", LD, true, "LD");
    checkMatrix("ldlSolve", B, false, "B");
    checkPair("ldlSolve", LD, B, ["LD", "B"]);
    checkFlag("ldlSolve", "hermitian", options.hermitian ?? false);
    const { n, lead } = split(LD);
    const k = B.shape.at(-1)!;
    checkEquation("ldlSolve", LD, B, true);
    checkPivots("ldlSolve", pivots, LD, n, true);
    checkBlocks(pivots);
    const common = broadcastShapes("ldlSolve", lead, B.shape.slice(0, -2));
    const inputs = [
      LD.detach().expand([...common, n, n]),
      pivots.unsqueeze(-1).expand([...common, n, 1]),
      B.detach().expand([...common, n, k]),
    ];
    const [x] = overMatrices(inputs, [{ shape: [n, k] }], ([ld, rows, b], [out]) => {
      solveFactored(ld!, n, rows!, b!, k);
      out!.set(b!);
    }) as [Tensor];
    return x;
  },
);
