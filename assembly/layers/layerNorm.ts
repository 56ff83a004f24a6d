/**
 * Layer normalization of the rows of a contiguous [rows, n] with its gradients. Floats. Group norm is layer norm of N
 * groups' rows. `weight` and `bias` may be 0: ones and zeros.
 */
import { F32, F64 } from "../common/dtype";
import {
  addLanes,
  at,
  columnSums,
  deviation,
  gradientLanes,
  highPair,
  joinPairs,
  loadLanes,
  lowPair,
  Plain,
  ROW_BLOCK,
  rowSum,
  SquaredDeviation,
  storeLanes,
  weighted,
  zeros,
} from "../common/rows";
import { lanes } from "../common/simd";

function normalizeRow<T>(y: usize, x: usize, weight: usize, bias: usize, n: i32, mean: T, rstd: T): void {
  const m = v128.splat<T>(mean),
    r = v128.splat<T>(rstd);
  let i = 0;
  if (sizeof<T>() == 4) {
    if (!weight && !bias) i = normalizeFours(y, x, n, m, r);
    else if (weight && bias) i = scaleTwos(y, x, weight, bias, n, m, r);
  }
  for (; i < n; i += lanes<T>()) {
    storeLanes<T>(at<T>(y, i), normalizeLanes<T>(x, weight, bias, i, n - i, m, r), n - i);
  }
}

/** x̂ of four vectors at a time; how many elements that were. */
// @ts-ignore: decorator
@inline
function normalizeFours(y: usize, x: usize, n: i32, m: v128, r: v128): i32 {
  for (const end = x + ((<usize>(n & ~15)) << 2); x < end; x += 64, y += 64) {
    v128.store(y, f32x4.mul(f32x4.sub(v128.load(x), m), r));
    v128.store(y, f32x4.mul(f32x4.sub(v128.load(x, 16), m), r), 16);
    v128.store(y, f32x4.mul(f32x4.sub(v128.load(x, 32), m), r), 32);
    v128.store(y, f32x4.mul(f32x4.sub(v128.load(x, 48), m), r), 48);
  }
  return n & ~15;
}

/** The same of two vectors, times `weight` plus `bias`. */
// @ts-ignore: decorator
@inline
function scaleTwos(y: usize, x: usize, weight: usize, bias: usize, n: i32, m: v128, r: v128): i32 {
  for (const end = x + ((<usize>(n & ~7)) << 2); x < end; x += 32, y += 32, weight += 32, bias += 32) {
    const first = f32x4.mul(f32x4.mul(f32x4.sub(v128.load(x), m), r), v128.load(weight));
    const second = f32x4.mul(f32x4.mul(f32x4.sub(v128.load(x, 16), m), r), v128.load(weight, 16));
    v128.store(y, f32x4.add(first, v128.load(bias)));
    v128.store(y, f32x4.add(second, v128.load(bias, 16)), 16);
  }
  return n & ~7;
}

/** The `k` elements from the i-th of a row. */
// @ts-ignore: decorator
@inline
function normalizeLanes<T>(x: usize, weight: usize, bias: usize, i: i32, k: i32, m: v128, r: v128): v128 {
  let v = v128.mul<T>(v128.sub<T>(loadLanes<T>(at<T>(x, i), k, zeros()), m), r);
  if (weight) v = v128.mul<T>(v, loadLanes<T>(at<T>(weight, i), k, zeros()));
  if (bias) v = v128.add<T>(v, loadLanes<T>(at<T>(bias, i), k, zeros()));
  return v;
}

function normalizeRows<T>(
  y: usize,
  mean: usize,
  rstd: usize,
  x: usize,
  weight: usize,
  bias: usize,
  n: i32,
  eps: f64,
  begin: i32,
  end: i32,
): void {
  for (let r = begin; r < end; r++) {
    const offset = <usize>r * n * sizeof<T>();
    const m = <T>(rowSum<Plain, T>(x + offset, n, 0) / <f64>n);
    const variance = rowSum<SquaredDeviation, T>(x + offset, n, m) / <f64>n;
    const inverse = <T>(1 / Math.sqrt(variance + eps));
    store<T>(at<T>(mean, r), m);
    store<T>(at<T>(rstd, r), inverse);
    normalizeRow<T>(y + offset, x + offset, weight, bias, n, m, inverse);
  }
}

/** (x - mean) rstd weight + bias for each row of n, keeping mean and rstd. @see torch.nn.functional.layer_norm */
export function layerNorm(
  t: i32,
  y: usize,
  mean: usize,
  rstd: usize,
  x: usize,
  weight: usize,
  bias: usize,
  n: i32,
  eps: f64,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return normalizeRows<f32>(y, mean, rstd, x, weight, bias, n, eps, begin, end);
  if (t == F64) return normalizeRows<f64>(y, mean, rstd, x, weight, bias, n, eps, begin, end);
  unreachable();
}

/** gx = rstd (h - mean(h) - xhat mean(h xhat)) of a row: one pass for both means, in the blocks of `rowSum`, one for gx. */
function gradientRow<T>(gx: usize, g: usize, x: usize, weight: usize, n: i32, mean: T, rstd: T): void {
  const m = v128.splat<T>(mean),
    all = lanes<T>();
  let sum: f64 = 0,
    dot: f64 = 0;
  for (let i = 0; i < n; ) {
    const stop = min(i + ROW_BLOCK, n);
    let sum0 = zeros(),
      sum1 = zeros(),
      dot0 = zeros(),
      dot1 = zeros();
    for (; stop - i >= 2 * all; i += 2 * all) {
      const h0 = weighted<T>(g, weight, i, all),
        h1 = weighted<T>(g, weight, i + all, all);
      sum0 = v128.add<T>(sum0, h0);
      sum1 = v128.add<T>(sum1, h1);
      dot0 = v128.add<T>(dot0, v128.mul<T>(h0, deviation<T>(x, i, all, m)));
      dot1 = v128.add<T>(dot1, v128.mul<T>(h1, deviation<T>(x, i + all, all, m)));
    }
    for (; i < stop; i += all) {
      const h = weighted<T>(g, weight, i, stop - i);
      sum0 = v128.add<T>(sum0, h);
      dot0 = v128.add<T>(dot0, v128.mul<T>(h, deviation<T>(x, i, stop - i, m)));
    }
    sum += addLanes<T>(v128.add<T>(sum0, sum1));
    dot += addLanes<T>(v128.add<T>(dot0, dot1));
  }
  const slope = v128.splat<T>(<T>((dot * rstd * rstd) / <f64>n));
  const meanH = v128.splat<T>(<T>(sum / <f64>n)),
    scale = v128.splat<T>(rstd);
  let i = 0;
  for (; n - i >= all; i += all) {
    v128.store(at<T>(gx, i), gradientLanes<T>(g, x, weight, i, all, m, meanH, slope, scale));
  }
  if (i < n) storeLanes<T>(at<T>(gx, i), gradientLanes<T>(g, x, weight, i, n - i, m, meanH, slope, scale), n - i);
}

function rowsBackward<T>(
  gx: usize,
  g: usize,
  x: usize,
  mean: usize,
  rstd: usize,
  weight: usize,
  n: i32,
  begin: i32,
  end: i32,
): void {
  for (let r = begin; r < end; r++) {
    const offset = <usize>r * n * sizeof<T>();
    const m = load<T>(at<T>(mean, r)),
      inverse = load<T>(at<T>(rstd, r));
    gradientRow<T>(gx + offset, g + offset, x + offset, weight, n, m, inverse);
  }
}

/** Gradient of `layerNorm` in x. Range: rows. */
export function layerNormBackward(
  t: i32,
  gx: usize,
  g: usize,
  x: usize,
  mean: usize,
  rstd: usize,
  weight: usize,
  n: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return rowsBackward<f32>(gx, g, x, mean, rstd, weight, n, begin, end);
  if (t == F64) return rowsBackward<f64>(gx, g, x, mean, rstd, weight, n, begin, end);
  unreachable();
}

/** Rows whose sum is taken in T before it joins the f64 total. */
const ROWS: i32 = 32;

/** g xhat of one vector. */
// @ts-ignore: decorator
@inline
function alongXhat<T>(g: usize, x: usize, k: i32, mean: v128, rstd: v128): v128 {
  const xhat = v128.mul<T>(v128.sub<T>(loadLanes<T>(x, k, zeros()), mean), rstd);
  return v128.mul<T>(loadLanes<T>(g, k, zeros()), xhat);
}

/** Sum over rows of g xhat in `k` (at most a vector) columns. */
function weightColumns<T>(
  gw: usize,
  g: usize,
  x: usize,
  mean: usize,
  rstd: usize,
  rows: i32,
  stride: usize,
  k: i32,
): void {
  let low = zeros(),
    high = zeros();
  for (let r = 0; r < rows; ) {
    let acc = zeros();
    for (const stop = min(r + ROWS, rows); r < stop; r++, g += stride, x += stride) {
      const m = v128.splat<T>(load<T>(at<T>(mean, r))),
        s = v128.splat<T>(load<T>(at<T>(rstd, r)));
      acc = v128.add<T>(acc, alongXhat<T>(g, x, k, m, s));
    }
    low = f64x2.add(low, lowPair<T>(acc));
    high = f64x2.add(high, highPair<T>(acc));
  }
  storeLanes<T>(gw, joinPairs<T>(low, high), k);
}

/** The same for four whole vectors, so that a cache line is read once. */
function weightColumns4<T>(gw: usize, g: usize, x: usize, mean: usize, rstd: usize, rows: i32, stride: usize): void {
  const all = lanes<T>();
  let low0 = zeros(),
    low1 = zeros(),
    low2 = zeros(),
    low3 = zeros();
  let high0 = zeros(),
    high1 = zeros(),
    high2 = zeros(),
    high3 = zeros();
  for (let r = 0; r < rows; ) {
    let a = zeros(),
      b = zeros(),
      c = zeros(),
      d = zeros();
    for (const stop = min(r + ROWS, rows); r < stop; r++, g += stride, x += stride) {
      const m = v128.splat<T>(load<T>(at<T>(mean, r))),
        s = v128.splat<T>(load<T>(at<T>(rstd, r)));
      a = v128.add<T>(a, alongXhat<T>(g, x, all, m, s));
      b = v128.add<T>(b, alongXhat<T>(g + 16, x + 16, all, m, s));
      c = v128.add<T>(c, alongXhat<T>(g + 32, x + 32, all, m, s));
      d = v128.add<T>(d, alongXhat<T>(g + 48, x + 48, all, m, s));
    }
    (low0 = f64x2.add(low0, lowPair<T>(a))), (high0 = f64x2.add(high0, highPair<T>(a)));
    (low1 = f64x2.add(low1, lowPair<T>(b))), (high1 = f64x2.add(high1, highPair<T>(b)));
    (low2 = f64x2.add(low2, lowPair<T>(c))), (high2 = f64x2.add(high2, highPair<T>(c)));
    (low3 = f64x2.add(low3, lowPair<T>(d))), (high3 = f64x2.add(high3, highPair<T>(d)));
  }
  v128.store(gw, joinPairs<T>(low0, high0));
  v128.store(gw, joinPairs<T>(low1, high1), 16);
  v128.store(gw, joinPairs<T>(low2, high2), 32);
  v128.store(gw, joinPairs<T>(low3, high3), 48);
}

function weightBackward<T>(
  gw: usize,
  g: usize,
  x: usize,
  mean: usize,
  rstd: usize,
  rows: i32,
  n: i32,
  width: i32,
): void {
  const stride = <usize>n * sizeof<T>();
  let k = width;
  for (; k >= 4 * lanes<T>(); k -= 4 * lanes<T>(), gw += 64, g += 64, x += 64) {
    weightColumns4<T>(gw, g, x, mean, rstd, rows, stride);
  }
  for (; k > 0; k -= lanes<T>(), gw += 16, g += 16, x += 16) {
    weightColumns<T>(gw, g, x, mean, rstd, rows, stride, k);
  }
}

function parametersBackward<T>(
  gw: usize,
  gb: usize,
  g: usize,
  x: usize,
  mean: usize,
  rstd: usize,
  rows: i32,
  n: i32,
  begin: i32,
  end: i32,
): void {
  const first = at<T>(g, begin);
  if (gw) weightBackward<T>(at<T>(gw, begin), first, at<T>(x, begin), mean, rstd, rows, n, end - begin);
  if (gb) columnSums<Plain, T>(at<T>(gb, begin), first, rows, n, end - begin, 0);
}

/** Gradients of `layerNorm` in weight and bias; gw or gb may be 0: not wanted. Range: the n columns. */
export function layerNormParametersBackward(
  t: i32,
  gw: usize,
  gb: usize,
  g: usize,
  x: usize,
  mean: usize,
  rstd: usize,
  rows: i32,
  n: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return parametersBackward<f32>(gw, gb, g, x, mean, rstd, rows, n, begin, end);
  if (t == F64) return parametersBackward<f64>(gw, gb, g, x, mean, rstd, rows, n, begin, end);
  unreachable();
}
