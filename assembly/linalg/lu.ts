/** L U factorization with partial pivoting: recursive, so that most of the work is matrix products. */
import { solveTriangle } from "./triangle";
import { addScaled, element, exchange, negate, product, rowOf } from "./vector";

/** Columns up to which they are eliminated one by one. */
const LEAF: i32 = 8;

// @ts-ignore: decorator
@inline
function pivotAt(pivots: usize, i: i32): usize {
  return pivots + ((<usize>i) << 2);
}

/** Exchanges rows of n columns as pivots [from, to) say. */
function exchangeRows(a: usize, ld: i32, n: i32, pivots: usize, from: i32, to: i32): void {
  for (let i = from; i < to; i++) {
    const j = load<i32>(pivotAt(pivots, i)) - 1;
    if (j != i) exchange(rowOf(a, i, ld), rowOf(a, j, ld), n);
  }
}

function eliminate(a: usize, ld: i32, m: i32, n: i32, pivots: usize, pivot: bool): i32 {
  let info = 0;
  for (let j = 0; j < n; j++) {
    let best = j;
    let size = abs(load<f64>(element(rowOf(a, j, ld), j)));
    for (let i = j + 1; pivot && i < m; i++) {
      const value = abs(load<f64>(element(rowOf(a, i, ld), j)));
      if (value > size) {
        size = value;
        best = i;
      }
    }
    store<i32>(pivotAt(pivots, j), best + 1);
    const row = rowOf(a, j, ld);
    if (best != j) exchange(row, rowOf(a, best, ld), n);
    const diagonal = load<f64>(element(row, j));
    if (diagonal == 0) {
      if (info == 0) info = j + 1;
      continue;
    }
    for (let i = j + 1; i < m; i++) {
      const other = rowOf(a, i, ld);
      const factor = load<f64>(element(other, j)) / diagonal;
      store<f64>(element(other, j), factor);
      addScaled(element(other, j + 1), element(row, j + 1), n - j - 1, -factor);
    }
  }
  return info;
}

/** Factorizes m rows and n <= m columns; pivots count rows from this one. Returns the 1-based first zero pivot, or 0. */
function factor(a: usize, ld: i32, m: i32, n: i32, pivots: usize, pivot: bool, scratch: usize): i32 {
  if (n <= LEAF) return eliminate(a, ld, m, n, pivots, pivot);
  const half = n >> 1,
    rest = n - half;
  const info = factor(a, ld, m, half, pivots, pivot, scratch);
  const right = element(a, half),
    below = rowOf(a, half, ld);
  exchangeRows(right, ld, rest, pivots, 0, half);
  solveTriangle(a, ld, 1, right, ld, half, rest, false, true, scratch);
  negate(right, ld, half, rest);
  product(element(below, half), ld, below, ld, 1, right, ld, 1, m - half, rest, half, true, scratch);
  negate(right, ld, half, rest);
  const later = factor(element(below, half), ld, m - half, rest, pivotAt(pivots, half), pivot, scratch);
  for (let i = half; i < n; i++) store<i32>(pivotAt(pivots, i), load<i32>(pivotAt(pivots, i)) + half);
  exchangeRows(a, ld, half, pivots, half, n);
  return info != 0 || later == 0 ? info : later + half;
}

/**
 * P L U = a [m, n] over a. `pivots` (i32) [min(m, n)]: the row exchanged with each, from 1; `info` (i32): the position of
 * the first zero pivot from 1, or 0. The range counts matrices. @see LAPACK dgetrf
 */
export function luFactor(
  a: usize,
  pivots: usize,
  info: usize,
  m: i32,
  n: i32,
  pivot: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const k = min(m, n);
  for (let i = begin; i < end; i++) {
    const matrix = rowOf(a, i * m, n),
      rows = pivotAt(pivots, i * k);
    store<i32>(pivotAt(info, i), factor(matrix, n, m, k, rows, pivot != 0, scratch));
    const right = element(matrix, k);
    exchangeRows(right, n, n - k, rows, 0, k);
    solveTriangle(matrix, n, 1, right, n, k, n - k, false, true, scratch);
  }
}

/**
 * Solves A x = b over b [n, k] by the factors of A [n, n]. Pivots lie in [1, n]. The range counts matrices.
 * @see LAPACK dgetrs
 */
export function luSolve(
  lu: usize,
  pivots: usize,
  b: usize,
  n: i32,
  k: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  for (let i = begin; i < end; i++) {
    const t = rowOf(lu, i * n, n),
      x = rowOf(b, i * n, k);
    exchangeRows(x, k, k, pivotAt(pivots, i * n), 0, n);
    solveTriangle(t, n, 1, x, k, n, k, false, true, scratch);
    solveTriangle(t, n, 1, x, k, n, k, true, false, scratch);
  }
}
