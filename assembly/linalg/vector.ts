/** Vectors of f64 that are contiguous, and matrix products on parts of matrices: what factorizations are made of. */

import { fma2 } from "../common/simd";
import { multiply } from "../gemm/macro";
import { productAt } from "../gemm/product";

/** Bytes of an element. */
export const SIZE: usize = 8;

/** Address of element `i`. */
// @ts-ignore: decorator
@inline
export function element(p: usize, i: i32): usize {
  return p + <usize>i * SIZE;
}

/** Address of row `i` of rows of `ld` elements. */
// @ts-ignore: decorator
@inline
export function rowOf(p: usize, i: i32, ld: i32): usize {
  return p + <usize>i * <usize>ld * SIZE;
}

// @ts-ignore: decorator
@inline
function sumLanes(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

export function dot(x: usize, y: usize, n: i32): f64 {
  let a = f64x2.splat(0),
    b = a;
  let k = n;
  for (; k >= 4; k -= 4, x += 32, y += 32) {
    a = fma2(v128.load(x), v128.load(y), a);
    b = fma2(v128.load(x, 16), v128.load(y, 16), b);
  }
  let sum = sumLanes(f64x2.add(a, b));
  for (; k > 0; k--, x += 8, y += 8) sum += load<f64>(x) * load<f64>(y);
  return sum;
}

/** y += factor x. */
export function addScaled(y: usize, x: usize, n: i32, factor: f64): void {
  const f = f64x2.splat(factor);
  let k = n;
  for (; k >= 2; k -= 2, x += 16, y += 16) v128.store(y, fma2(v128.load(x), f, v128.load(y)));
  if (k > 0) store<f64>(y, load<f64>(y) + load<f64>(x) * factor);
}

/** x = factor x. */
export function scale(x: usize, n: i32, factor: f64): void {
  for (let i = 0; i < n; i++) store<f64>(element(x, i), load<f64>(element(x, i)) * factor);
}

/** x = x / divisor. Reciprocals would overflow where the divisor is subnormal. */
export function divide(x: usize, n: i32, divisor: f64): void {
  for (let i = 0; i < n; i++) store<f64>(element(x, i), load<f64>(element(x, i)) / divisor);
}

/** Reflectors of vectors shorter than this are found on another scale, where no element is subnormal. */
const SHORTEST: f64 = 1e-280,
  LONGER: f64 = 2.037035976334486e90;

/** Squares outside this range are summed again, of scaled values. */
const SMALLEST_SQUARE: f64 = 1e-280,
  LARGEST_SQUARE: f64 = 1e280;

/** The Euclidean norm, without overflow or underflow on the way. */
export function norm(x: usize, n: i32): f64 {
  const squares = dot(x, x, n);
  if (squares != squares || (squares > SMALLEST_SQUARE && squares < LARGEST_SQUARE)) return sqrt(squares);
  let largest: f64 = 0;
  for (let i = 0; i < n; i++) largest = max(largest, abs(load<f64>(element(x, i))));
  if (largest == 0 || largest == Infinity) return largest;
  let sum: f64 = 0;
  for (let i = 0; i < n; i++) {
    const part = load<f64>(element(x, i)) / largest;
    sum += part * part;
  }
  return largest * sqrt(sum);
}

/**
 * Householder's reflector I - tau v vᵀ that turns x into (beta, 0, ...): beta goes to x[0], the rest of v (whose first
 * element is 1) to x[1..]. Returns tau, 0 where there is nothing to turn. @see LAPACK dlarfg
 */
export function reflector(x: usize, n: i32): f64 {
  const alpha = load<f64>(x);
  const tail = norm(x + SIZE, n - 1);
  if (tail == 0) return 0;
  const largest = max(abs(alpha), tail);
  if (largest < SHORTEST) {
    scale(x, n, LONGER);
    const tau = reflector(x, n);
    store<f64>(x, load<f64>(x) / LONGER);
    return tau;
  }
  const p = alpha / largest,
    q = tail / largest;
  const beta = -copysign(largest * sqrt(p * p + q * q), alpha);
  divide(x + SIZE, n - 1, alpha - beta);
  store<f64>(x, beta);
  return (beta - alpha) / beta;
}

/** Exchanges rows of n elements. */
export function exchange(x: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i++, x += 8, y += 8) {
    const value = load<f64>(x);
    store<f64>(x, load<f64>(y));
    store<f64>(y, value);
  }
}

/** c [m, n] = a b, or c + a b. Strides in elements; the columns of c are contiguous. */
export function product(
  c: usize,
  ldc: i32,
  a: usize,
  rsa: i32,
  csa: i32,
  b: usize,
  rsb: i32,
  csb: i32,
  m: i32,
  n: i32,
  k: i32,
  add: bool,
  scratch: usize,
): void {
  if (m == 0 || n == 0) return;
  const p = productAt(scratch);
  p.c = c;
  p.a = a;
  p.b = b;
  p.m = m;
  p.n = n;
  p.k = k;
  p.rsa = <usize>rsa * SIZE;
  p.csa = <usize>csa * SIZE;
  p.rsb = <usize>rsb * SIZE;
  p.csb = <usize>csb * SIZE;
  p.ldc = <usize>ldc * SIZE;
  p.cdc = SIZE;
  p.size = SIZE;
  p.add = add;
  p.bias = 0;
  p.biasMode = 0;
  p.relu = false;
  multiply(p, 0, m, 0, n);
}

/** Changes the signs of a block. Products only add, so that a factor is negated for the time of a subtraction; that is exact. */
export function negate(x: usize, ld: i32, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) scale(rowOf(x, i, ld), columns, -1);
}
