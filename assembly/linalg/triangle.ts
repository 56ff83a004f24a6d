/** Systems of triangular matrices, and Cholesky's factorization: recursive, so that most of the work is matrix products. */
import { addScaled, divide, element, negate, product, rowOf, SIZE } from "./vector";

/** Sizes up to which rows are eliminated one by one. */
const LEAF: i32 = 16;

function substitute(t: usize, rs: i32, cs: i32, b: usize, ldb: i32, n: i32, k: i32, upper: bool, unit: bool): void {
  for (let step = 0; step < n; step++) {
    const i = upper ? n - 1 - step : step;
    const row = rowOf(b, i, ldb),
      known = upper ? n : i;
    for (let j = upper ? i + 1 : 0; j < known; j++) {
      addScaled(row, rowOf(b, j, ldb), k, -load<f64>(element(t, i * rs + j * cs)));
    }
    if (!unit) divide(row, k, load<f64>(element(t, i * rs + i * cs)));
  }
}

/** Solves T x = b over b [n, k], for a triangular T [n, n] of any strides. */
export function solveTriangle(
  t: usize,
  rs: i32,
  cs: i32,
  b: usize,
  ldb: i32,
  n: i32,
  k: i32,
  upper: bool,
  unit: bool,
  scratch: usize,
): void {
  if (n <= LEAF) return substitute(t, rs, cs, b, ldb, n, k, upper, unit);
  const half = n >> 1;
  const first = upper ? half : 0,
    size = upper ? n - half : half;
  const second = upper ? 0 : half,
    rest = n - size;
  const known = rowOf(b, first, ldb),
    wanted = rowOf(b, second, ldb);
  solveTriangle(element(t, first * (rs + cs)), rs, cs, known, ldb, size, k, upper, unit, scratch);
  negate(known, ldb, size, k);
  product(wanted, ldb, element(t, second * rs + first * cs), rs, cs, known, ldb, 1, rest, k, size, true, scratch);
  negate(known, ldb, size, k);
  solveTriangle(element(t, second * (rs + cs)), rs, cs, wanted, ldb, rest, k, upper, unit, scratch);
}

/**
 * Solves T x = b over b [n, k], contiguous like t [n, n], of which one triangle is read. The range counts matrices.
 * @see LAPACK dtrtrs
 */
export function triangularSolve(
  t: usize,
  b: usize,
  n: i32,
  k: i32,
  upper: i32,
  unit: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  for (let i = begin; i < end; i++) {
    solveTriangle(rowOf(t, i * n, n), n, 1, rowOf(b, i * n, k), k, n, k, upper != 0, unit != 0, scratch);
  }
}

function choleskyLeaf(a: usize, ld: i32, n: i32): i32 {
  for (let j = 0; j < n; j++) {
    const row = rowOf(a, j, ld);
    const pivot = load<f64>(element(row, j));
    if (pivot <= 0) return j + 1;
    divide(element(row, j), n - j, sqrt(pivot));
    for (let i = j + 1; i < n; i++) {
      addScaled(element(rowOf(a, i, ld), i), element(row, i), n - i, -load<f64>(element(row, i)));
    }
  }
  return 0;
}

/** UᵀU = a over its upper triangle; what is below is overwritten. Returns the order of a minor that is not positive, or 0. */
function factor(a: usize, ld: i32, n: i32, scratch: usize): i32 {
  if (n <= LEAF) return choleskyLeaf(a, ld, n);
  const half = n >> 1,
    rest = n - half;
  const info = factor(a, ld, half, scratch);
  if (info != 0) return info;
  const right = element(a, half),
    below = rowOf(a, half, ld);
  solveTriangle(a, 1, ld, right, ld, half, rest, false, false, scratch);
  // The other triangle holds the factor that is subtracted.
  for (let i = 0; i < rest; i++) {
    for (let j = 0; j < half; j++) {
      store<f64>(element(rowOf(below, i, ld), j), -load<f64>(element(rowOf(right, j, ld), i)));
    }
  }
  product(element(below, half), ld, below, ld, 1, right, ld, 1, rest, rest, half, true, scratch);
  const later = factor(element(below, half), ld, rest, scratch);
  return later == 0 ? 0 : later + half;
}

/**
 * UᵀU = a [n, n] over a, of which the upper triangle is read; zeros below. `info` (i32): the order of the first leading
 * minor that is not positive, or 0. NaN stays NaN. The range counts matrices. @see LAPACK dpotrf
 */
export function cholesky(a: usize, info: usize, n: i32, scratch: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i++) {
    const matrix = rowOf(a, i * n, n);
    store<i32>(info + ((<usize>i) << 2), factor(matrix, n, n, scratch));
    for (let j = 1; j < n; j++) memory.fill(rowOf(matrix, j, n), 0, <usize>j * SIZE);
  }
}
