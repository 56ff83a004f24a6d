/**
 * Factorisations of one matrix at a time, in float64 whatever the dtype of the tensor. Matrices are row-major; sign and pivot conventions are
 * LAPACK's. Nothing here knows tensors.
 */

/** Exchanges rows i and j of a matrix with n columns. */
function swapRows(a: Float64Array, n: number, i: number, j: number): void {
  for (let k = 0; k < n; k++) [a[i * n + k], a[j * n + k]] = [a[j * n + k]!, a[i * n + k]!];
}

/** P L U = a [m, n], over a, with partial pivoting; `pivots[i]` is the row exchanged with i, from 1. Returns the 1-based first zero pivot, or 0. */
export function luFactor(a: Float64Array, m: number, n: number, pivots: Float64Array, pivot = true): number {
  let info = 0;
  for (let j = 0; j < Math.min(m, n); j++) {
    let best = j;
    if (pivot) for (let i = j + 1; i < m; i++) if (Math.abs(a[i * n + j]!) > Math.abs(a[best * n + j]!)) best = i;
    pivots[j] = best + 1;
    if (a[best * n + j] === 0) {
      info ||= j + 1;
      continue;
    }
    if (best !== j) swapRows(a, n, best, j);
    for (let i = j + 1; i < m; i++) {
      const factor = a[i * n + j]! / a[j * n + j]!;
      a[i * n + j] = factor;
      for (let k = j + 1; k < n; k++) a[i * n + k]! -= factor * a[j * n + k]!;
    }
  }
  return info;
}

/** Solves T x = b for a triangular T [n, n] and b [n, k], over b. */
export function solveTriangle(
  t: Float64Array,
  n: number,
  b: Float64Array,
  k: number,
  upper: boolean,
  unit: boolean,
): void {
  for (let step = 0; step < n; step++) {
    const i = upper ? n - 1 - step : step;
    for (let c = 0; c < k; c++) {
      let sum = b[i * k + c]!;
      for (let j = upper ? i + 1 : 0; j < (upper ? n : i); j++) sum -= t[i * n + j]! * b[j * k + c]!;
      b[i * k + c] = unit ? sum : sum / t[i * n + i]!;
    }
  }
}

/** Solves a x = b, over b, destroying a. Returns the 1-based first zero pivot, or 0. */
export function solveSquare(a: Float64Array, n: number, b: Float64Array, k: number): number {
  const pivots = new Float64Array(n);
  const info = luFactor(a, n, n, pivots);
  pivots.forEach((row, i) => {
    if (row !== i + 1) swapRows(b, k, i, row - 1);
  });
  solveTriangle(a, n, b, k, false, true);
  solveTriangle(a, n, b, k, true, false);
  return info;
}

/** L Lᵀ = a, over a (lower triangle; zeros above). Returns the 1-based order of the first minor that is not positive, or 0. */
export function cholesky(a: Float64Array, n: number): number {
  for (let j = 0; j < n; j++) {
    let sum = a[j * n + j]!;
    for (let k = 0; k < j; k++) sum -= a[j * n + k]! ** 2;
    if (!(sum > 0)) return j + 1;
    const root = Math.sqrt(sum);
    a[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let rest = a[i * n + j]!;
      for (let k = 0; k < j; k++) rest -= a[i * n + k]! * a[j * n + k]!;
      a[i * n + j] = rest / root;
      a[j * n + i] = 0;
    }
  }
  return 0;
}

/** Applies I − tau v vᵀ to the columns from `first` on of c [m, n]; v is column j of a [m, na] below the diagonal, with a 1 on it. */
export function reflect(
  a: Float64Array,
  na: number,
  j: number,
  tau: number,
  c: Float64Array,
  m: number,
  n: number,
  first: number,
): void {
  for (let k = first; k < n; k++) {
    let dot = c[j * n + k]!;
    for (let i = j + 1; i < m; i++) dot += a[i * na + j]! * c[i * n + k]!;
    c[j * n + k]! -= tau * dot;
    for (let i = j + 1; i < m; i++) c[i * n + k]! -= tau * dot * a[i * na + j]!;
  }
}

/** Householder's QR of a [m, n], over a: R above, the reflectors below. @see LAPACK geqrf */
export function qrFactor(a: Float64Array, m: number, n: number, taus: Float64Array): void {
  for (let j = 0; j < Math.min(m, n); j++) {
    const alpha = a[j * n + j]!;
    let tail = 0;
    for (let i = j + 1; i < m; i++) tail += a[i * n + j]! ** 2;
    if (tail === 0) {
      taus[j] = 0;
      continue;
    }
    const beta = -Math.sign(alpha || 1) * Math.sqrt(alpha * alpha + tail);
    taus[j] = (beta - alpha) / beta;
    for (let i = j + 1; i < m; i++) a[i * n + j]! /= alpha - beta;
    a[j * n + j] = beta;
    reflect(a, n, j, taus[j]!, a, m, n, j + 1);
  }
}

/** The first `columns` columns of the orthogonal factor of {@link qrFactor}. @see LAPACK orgqr */
export function qrBasis(
  a: Float64Array,
  m: number,
  n: number,
  taus: Float64Array,
  q: Float64Array,
  columns: number,
): void {
  q.fill(0);
  for (let i = 0; i < Math.min(m, columns); i++) q[i * columns + i] = 1;
  for (let j = Math.min(m, n) - 1; j >= 0; j--) reflect(a, n, j, taus[j]!, q, m, columns, 0);
}

/** Sweeps of Jacobi's method after which it is taken to have converged. */
const SWEEPS = 60;

/** The rotation (c, s) that makes the off-diagonal element `off` of a symmetric 2×2 matrix zero. */
function rotation(p: number, q: number, off: number): [c: number, s: number] {
  const theta = (q - p) / (2 * off);
  const t =
    Math.abs(theta) > 1e150
      ? 1 / (2 * theta)
      : Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  return [c, t * c];
}

/** Turns columns p and q of a matrix of n columns. */
function rotateColumns(a: Float64Array, rows: number, n: number, p: number, q: number, c: number, s: number): void {
  for (let i = 0; i < rows; i++) {
    const [x, y] = [a[i * n + p]!, a[i * n + q]!];
    a[i * n + p] = c * x - s * y;
    a[i * n + q] = s * x + c * y;
  }
}

function rotateRows(a: Float64Array, n: number, p: number, q: number, c: number, s: number): void {
  for (let i = 0; i < n; i++) {
    const [x, y] = [a[p * n + i]!, a[q * n + i]!];
    a[p * n + i] = c * x - s * y;
    a[q * n + i] = s * x + c * y;
  }
}

/** Eigenvalues, ascending, and eigenvectors (columns) of a symmetric a, which is destroyed. Cyclic Jacobi. */
export function symmetricEigen(a: Float64Array, n: number, values: Float64Array, vectors: Float64Array): void {
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  for (let sweep = 0, turned = true; turned && sweep < SWEEPS; sweep++) {
    turned = false;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const off = a[p * n + q]!;
        if (!(Math.abs(off) > 1e-17 * Math.sqrt(Math.abs(a[p * n + p]! * a[q * n + q]!)) && Math.abs(off) > 1e-300))
          continue;
        turned = true;
        const [c, s] = rotation(a[p * n + p]!, a[q * n + q]!, off);
        rotateColumns(a, n, n, p, q, c, s);
        rotateRows(a, n, p, q, c, s);
        rotateColumns(v, n, n, p, q, c, s);
      }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[i * n + i]! - a[j * n + j]!);
  order.forEach((from, to) => {
    values[to] = a[from * n + from]!;
    for (let i = 0; i < n; i++) vectors[i * n + to] = v[i * n + from]!;
  });
}

/** Makes the columns of u [m, n] orthogonal by rotations from the right, which v [n, n] collects. One-sided Jacobi. */
function orthogonalise(u: Float64Array, m: number, n: number, v: Float64Array): void {
  for (let sweep = 0, turned = true; turned && sweep < SWEEPS; sweep++) {
    turned = false;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        let [pp, qq, pq] = [0, 0, 0];
        for (let i = 0; i < m; i++) {
          const [x, y] = [u[i * n + p]!, u[i * n + q]!];
          pp += x * x;
          qq += y * y;
          pq += x * y;
        }
        if (!(Math.abs(pq) > 1e-16 * Math.sqrt(pp * qq) && Math.abs(pq) > 1e-300)) continue;
        turned = true;
        const [c, s] = rotation(pp, qq, pq);
        rotateColumns(u, m, n, p, q, c, s);
        rotateColumns(v, n, n, p, q, c, s);
      }
  }
}

/** Completes orthonormal columns: column j of u [m, n] becomes a unit vector orthogonal to those before it. */
export function completeColumn(u: Float64Array, m: number, n: number, j: number): void {
  let best = -1;
  let column = new Float64Array(m);
  for (let e = 0; e < m; e++) {
    const candidate = new Float64Array(m);
    candidate[e] = 1;
    // Gram–Schmidt twice is enough for working precision.
    for (let pass = 0; pass < 2; pass++)
      for (let k = 0; k < j; k++) {
        let dot = 0;
        for (let i = 0; i < m; i++) dot += candidate[i]! * u[i * n + k]!;
        for (let i = 0; i < m; i++) candidate[i]! -= dot * u[i * n + k]!;
      }
    const norm = Math.hypot(...candidate);
    if (norm <= best) continue;
    best = norm;
    column = candidate.map((x) => x / norm);
    if (norm > 0.5) break;
  }
  for (let i = 0; i < m; i++) u[i * n + j] = column[i]!;
}

/** a [m, n] with m ≥ n is u [m, n] · diag(s) · vᵀ; s descending. */
export function singularValues(
  a: Float64Array,
  m: number,
  n: number,
  u: Float64Array,
  s: Float64Array,
  v: Float64Array,
): void {
  const w = new Float64Array(n * n);
  for (let i = 0; i < n; i++) w[i * n + i] = 1;
  orthogonalise(a, m, n, w);
  const norms = Array.from({ length: n }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < m; i++) sum += a[i * n + j]! ** 2;
    return Math.sqrt(sum);
  });
  const order = norms.map((_, i) => i).sort((i, j) => norms[j]! - norms[i]!);
  const zero = 1e-300 + (norms[order[0] ?? 0] ?? 0) * Number.EPSILON * m;
  order.forEach((from, to) => {
    s[to] = norms[from]!;
    for (let i = 0; i < n; i++) v[i * n + to] = w[i * n + from]!;
    if (norms[from]! > zero) for (let i = 0; i < m; i++) u[i * n + to] = a[i * n + from]! / norms[from]!;
    else completeColumn(u, m, n, to);
  });
}
