/**
 * Batch and layer normalisation with their gradients. Floats. Instance norm is batch norm of one sample with N C
 * channels; group norm is layer norm of N groups' rows. `weight` and `bias` may be 0: ones and zeros.
 */
import { F32, F64 } from "./dtype";
import {
  addLanes, at, columnSum, columnSum2, columnSums, highPair, joinPairs, loadLanes, lowPair, Plain,
  ROW_BLOCK, rowSum, rowSum2, SquaredDeviation, storeLanes, zeros,
} from "./rows";
import { lanes } from "./simd";

/** Summed by `rowSum2` and `columnSum2`: g (x - mean). */
@final
@unmanaged
class Centered {
  @inline
  vec<T>(g: v128, x: v128, mean: v128): v128 {
    return v128.mul<T>(g, v128.sub<T>(x, mean));
  }
}

// ---- Batch norm: x is [N, C, inner] ---------------------------------------------------------------------------------
//
// Vectors run along `inner`, or over channels where inner == 1. Either way `k` channels are worked on at once: as many
// as fit in the lanes if inner == 1, else one, whose statistics then stand in every lane. `run` is the number of
// neighbouring elements that a vector of statistics is good for.

// @ts-ignore: decorator
@inline
function channelsAtOnce<T>(c: i32, end: i32, inner: i32): i32 {
  return inner == 1 ? min(lanes<T>(), end - c) : 1;
}

/** Statistics or parameters of channels c to c + k - 1; `fallback` if there are none. */
// @ts-ignore: decorator
@inline
function channelLanes<T>(p: usize, c: i32, k: i32, inner: i32, fallback: T): v128 {
  const none = v128.splat<T>(fallback);
  if (!p) return none;
  return inner == 1 ? loadLanes<T>(at<T>(p, c), k, none) : v128.splat<T>(load<T>(at<T>(p, c)));
}

function channelSum<MAP, T>(x: usize, N: i32, C: i32, inner: i32, c: i32, k: i32, q: v128): v128 {
  const stride = <usize>C * inner * sizeof<T>();
  x = at<T>(x, c * inner);
  if (inner == 1) return columnSum<MAP, T>(x, N, stride, k, q);
  const one = v128.extract_lane<T>(q, 0);
  let total: f64 = 0;
  for (let i = 0; i < N; i++, x += stride) total += rowSum<MAP, T>(x, inner, one);
  return v128.splat<T>(<T>total);
}

function channelSum2<MAP, T>(a: usize, b: usize, N: i32, C: i32, inner: i32, c: i32, k: i32, q: v128): v128 {
  const stride = <usize>C * inner * sizeof<T>();
  a = at<T>(a, c * inner);
  b = at<T>(b, c * inner);
  if (inner == 1) return columnSum2<MAP, T>(a, b, N, stride, k, q);
  const one = v128.extract_lane<T>(q, 0);
  let total: f64 = 0;
  for (let i = 0; i < N; i++, a += stride, b += stride) total += rowSum2<MAP, T>(a, b, inner, one);
  return v128.splat<T>(<T>total);
}

function statistics<T>(
  mean: usize, variance: usize, x: usize, N: i32, C: i32, inner: i32, begin: i32, end: i32,
): void {
  const count = v128.splat<T>(<T>(<f64>N * inner));
  for (let c = begin; c < end; ) {
    const k = channelsAtOnce<T>(c, end, inner);
    const m = v128.div<T>(channelSum<Plain, T>(x, N, C, inner, c, k, zeros()), count);
    const squares = channelSum<SquaredDeviation, T>(x, N, C, inner, c, k, m);
    storeLanes<T>(at<T>(mean, c), m, k);
    storeLanes<T>(at<T>(variance, c), v128.div<T>(squares, count), k);
    c += k;
  }
}

/** Mean and biased variance of each channel, by two passes. Range: channels. */
export function batchNormStatistics(
  t: i32, mean: usize, variance: usize, x: usize, N: i32, C: i32, inner: i32, begin: i32, end: i32,
): void {
  if (t == F32) return statistics<f32>(mean, variance, x, N, C, inner, begin, end);
  if (t == F64) return statistics<f64>(mean, variance, x, N, C, inner, begin, end);
  unreachable();
}

/** y = (x - mean) scale + bias over `n` neighbours. */
function normalizeRun<T>(y: usize, x: usize, n: i32, mean: v128, scale: v128, bias: v128): void {
  for (; n >= lanes<T>(); n -= lanes<T>(), x += 16, y += 16) {
    v128.store(y, v128.add<T>(v128.mul<T>(v128.sub<T>(v128.load(x), mean), scale), bias));
  }
  if (!n) return;
  const v = v128.mul<T>(v128.sub<T>(loadLanes<T>(x, n, zeros()), mean), scale);
  storeLanes<T>(y, v128.add<T>(v, bias), n);
}

function normalizePlanes<T>(
  y: usize, x: usize, mean: usize, invstd: usize, weight: usize, bias: usize, C: i32, inner: i32,
  begin: i32, end: i32,
): void {
  for (let p = begin; p < end; ) {
    const c = p % C;
    const k = channelsAtOnce<T>(c, min(C, c + end - p), inner);
    const m = channelLanes<T>(mean, c, k, inner, 0);
    const scale = v128.mul<T>(channelLanes<T>(invstd, c, k, inner, 1), channelLanes<T>(weight, c, k, inner, 1));
    const shift = channelLanes<T>(bias, c, k, inner, 0);
    const run = inner == 1 ? k : inner;
    normalizeRun<T>(at<T>(y, p * inner), at<T>(x, p * inner), run, m, scale, shift);
    p += k;
  }
}

/** (x - mean) invstd weight + bias per channel. Range: the N C planes. @see torch.nn.functional.batch_norm */
export function batchNorm(
  t: i32, y: usize, x: usize, mean: usize, invstd: usize, weight: usize, bias: usize, C: i32, inner: i32,
  begin: i32, end: i32,
): void {
  if (t == F32) return normalizePlanes<f32>(y, x, mean, invstd, weight, bias, C, inner, begin, end);
  if (t == F64) return normalizePlanes<f64>(y, x, mean, invstd, weight, bias, C, inner, begin, end);
  unreachable();
}

/** gx = (g - meanG - (x - mean) slope) scale over `n` neighbours. */
function gradientRun<T>(
  gx: usize, g: usize, x: usize, n: i32, meanG: v128, mean: v128, slope: v128, scale: v128,
): void {
  let i = 0;
  for (; n - i >= lanes<T>(); i += lanes<T>()) {
    v128.store(at<T>(gx, i), gradientLanes<T>(g, x, 0, i, lanes<T>(), mean, meanG, slope, scale));
  }
  if (i < n) storeLanes<T>(at<T>(gx, i), gradientLanes<T>(g, x, 0, i, n - i, mean, meanG, slope, scale), n - i);
}

function channelsBackward<T>(
  gx: usize, gw: usize, gb: usize, g: usize, x: usize, mean: usize, invstd: usize, weight: usize, training: i32,
  N: i32, C: i32, inner: i32, begin: i32, end: i32,
): void {
  const count = v128.splat<T>(<T>(<f64>N * inner));
  for (let c = begin; c < end; ) {
    const k = channelsAtOnce<T>(c, end, inner);
    const m = channelLanes<T>(mean, c, k, inner, 0), inv = channelLanes<T>(invstd, c, k, inner, 1);
    const sum = channelSum<Plain, T>(g, N, C, inner, c, k, zeros());
    const dot = v128.mul<T>(channelSum2<Centered, T>(g, x, N, C, inner, c, k, m), inv);
    if (gw) storeLanes<T>(at<T>(gw, c), dot, k);
    if (gb) storeLanes<T>(at<T>(gb, c), sum, k);
    if (gx) {
      const meanG = training ? v128.div<T>(sum, count) : zeros();
      const slope = training ? v128.mul<T>(v128.div<T>(dot, count), inv) : zeros();
      const scale = v128.mul<T>(inv, channelLanes<T>(weight, c, k, inner, 1));
      for (let i = 0; i < N; i++) {
        const offset = at<T>(0, (i * C + c) * inner);
        gradientRun<T>(gx + offset, g + offset, x + offset, inner == 1 ? k : inner, meanG, m, slope, scale);
      }
    }
    c += k;
  }
}

/**
 * Gradients of `batchNorm`; gx, gw and gb may be 0: not wanted. `training`: mean and invstd are x's own statistics and
 * move with it. Range: channels.
 */
export function batchNormBackward(
  t: i32, gx: usize, gw: usize, gb: usize, g: usize, x: usize, mean: usize, invstd: usize, weight: usize,
  training: i32, N: i32, C: i32, inner: i32, begin: i32, end: i32,
): void {
  if (t == F32) {
    return channelsBackward<f32>(gx, gw, gb, g, x, mean, invstd, weight, training, N, C, inner, begin, end);
  }
  if (t == F64) {
    return channelsBackward<f64>(gx, gw, gb, g, x, mean, invstd, weight, training, N, C, inner, begin, end);
  }
  unreachable();
}

// ---- Layer norm: x is [rows, n] -------------------------------------------------------------------------------------

function normalizeRow<T>(y: usize, x: usize, weight: usize, bias: usize, n: i32, mean: T, rstd: T): void {
  const m = v128.splat<T>(mean), r = v128.splat<T>(rstd);
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
  y: usize, mean: usize, rstd: usize, x: usize, weight: usize, bias: usize, n: i32, eps: f64, begin: i32, end: i32,
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
  t: i32, y: usize, mean: usize, rstd: usize, x: usize, weight: usize, bias: usize, n: i32, eps: f64,
  begin: i32, end: i32,
): void {
  if (t == F32) return normalizeRows<f32>(y, mean, rstd, x, weight, bias, n, eps, begin, end);
  if (t == F64) return normalizeRows<f64>(y, mean, rstd, x, weight, bias, n, eps, begin, end);
  unreachable();
}

/** h = g weight of the `k` elements from the i-th. */
// @ts-ignore: decorator
@inline
function weighted<T>(g: usize, weight: usize, i: i32, k: i32): v128 {
  const v = loadLanes<T>(at<T>(g, i), k, zeros());
  return weight ? v128.mul<T>(v, loadLanes<T>(at<T>(weight, i), k, zeros())) : v;
}

// @ts-ignore: decorator
@inline
function deviation<T>(x: usize, i: i32, k: i32, mean: v128): v128 {
  return v128.sub<T>(loadLanes<T>(at<T>(x, i), k, zeros()), mean);
}

/** (h - meanH - (x - mean) slope) scale of the `k` elements from the i-th. */
// @ts-ignore: decorator
@inline
function gradientLanes<T>(
  g: usize, x: usize, weight: usize, i: i32, k: i32, mean: v128, meanH: v128, slope: v128, scale: v128,
): v128 {
  const along = v128.mul<T>(deviation<T>(x, i, k, mean), slope);
  return v128.mul<T>(v128.sub<T>(v128.sub<T>(weighted<T>(g, weight, i, k), meanH), along), scale);
}

/** gx = rstd (h - mean(h) - xhat mean(h xhat)) of a row: one pass for both means, in the blocks of `rowSum`, one for gx. */
function gradientRow<T>(gx: usize, g: usize, x: usize, weight: usize, n: i32, mean: T, rstd: T): void {
  const m = v128.splat<T>(mean), all = lanes<T>();
  let sum: f64 = 0, dot: f64 = 0;
  for (let i = 0; i < n; ) {
    const stop = min(i + ROW_BLOCK, n);
    let sum0 = zeros(), sum1 = zeros(), dot0 = zeros(), dot1 = zeros();
    for (; stop - i >= 2 * all; i += 2 * all) {
      const h0 = weighted<T>(g, weight, i, all), h1 = weighted<T>(g, weight, i + all, all);
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
  const meanH = v128.splat<T>(<T>(sum / <f64>n)), scale = v128.splat<T>(rstd);
  let i = 0;
  for (; n - i >= all; i += all) {
    v128.store(at<T>(gx, i), gradientLanes<T>(g, x, weight, i, all, m, meanH, slope, scale));
  }
  if (i < n) storeLanes<T>(at<T>(gx, i), gradientLanes<T>(g, x, weight, i, n - i, m, meanH, slope, scale), n - i);
}

function rowsBackward<T>(
  gx: usize, g: usize, x: usize, mean: usize, rstd: usize, weight: usize, n: i32, begin: i32, end: i32,
): void {
  for (let r = begin; r < end; r++) {
    const offset = <usize>r * n * sizeof<T>();
    const m = load<T>(at<T>(mean, r)), inverse = load<T>(at<T>(rstd, r));
    gradientRow<T>(gx + offset, g + offset, x + offset, weight, n, m, inverse);
  }
}

/** Gradient of `layerNorm` in x. Range: rows. */
export function layerNormBackward(
  t: i32, gx: usize, g: usize, x: usize, mean: usize, rstd: usize, weight: usize, n: i32, begin: i32, end: i32,
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
  gw: usize, g: usize, x: usize, mean: usize, rstd: usize, rows: i32, stride: usize, k: i32,
): void {
  let low = zeros(), high = zeros();
  for (let r = 0; r < rows; ) {
    let acc = zeros();
    for (const stop = min(r + ROWS, rows); r < stop; r++, g += stride, x += stride) {
      const m = v128.splat<T>(load<T>(at<T>(mean, r))), s = v128.splat<T>(load<T>(at<T>(rstd, r)));
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
  let low0 = zeros(), low1 = zeros(), low2 = zeros(), low3 = zeros();
  let high0 = zeros(), high1 = zeros(), high2 = zeros(), high3 = zeros();
  for (let r = 0; r < rows; ) {
    let a = zeros(), b = zeros(), c = zeros(), d = zeros();
    for (const stop = min(r + ROWS, rows); r < stop; r++, g += stride, x += stride) {
      const m = v128.splat<T>(load<T>(at<T>(mean, r))), s = v128.splat<T>(load<T>(at<T>(rstd, r)));
      a = v128.add<T>(a, alongXhat<T>(g, x, all, m, s));
      b = v128.add<T>(b, alongXhat<T>(g + 16, x + 16, all, m, s));
      c = v128.add<T>(c, alongXhat<T>(g + 32, x + 32, all, m, s));
      d = v128.add<T>(d, alongXhat<T>(g + 48, x + 48, all, m, s));
    }
    low0 = f64x2.add(low0, lowPair<T>(a)), high0 = f64x2.add(high0, highPair<T>(a));
    low1 = f64x2.add(low1, lowPair<T>(b)), high1 = f64x2.add(high1, highPair<T>(b));
    low2 = f64x2.add(low2, lowPair<T>(c)), high2 = f64x2.add(high2, highPair<T>(c));
    low3 = f64x2.add(low3, lowPair<T>(d)), high3 = f64x2.add(high3, highPair<T>(d));
  }
  v128.store(gw, joinPairs<T>(low0, high0));
  v128.store(gw, joinPairs<T>(low1, high1), 16);
  v128.store(gw, joinPairs<T>(low2, high2), 32);
  v128.store(gw, joinPairs<T>(low3, high3), 48);
}

function weightBackward<T>(
  gw: usize, g: usize, x: usize, mean: usize, rstd: usize, rows: i32, n: i32, width: i32,
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
  gw: usize, gb: usize, g: usize, x: usize, mean: usize, rstd: usize, rows: i32, n: i32, begin: i32, end: i32,
): void {
  const first = at<T>(g, begin);
  if (gw) weightBackward<T>(at<T>(gw, begin), first, at<T>(x, begin), mean, rstd, rows, n, end - begin);
  if (gb) columnSums<Plain, T>(at<T>(gb, begin), first, rows, n, end - begin, 0);
}

/** Gradients of `layerNorm` in weight and bias; gw or gb may be 0: not wanted. Range: the n columns. */
export function layerNormParametersBackward(
  t: i32, gw: usize, gb: usize, g: usize, x: usize, mean: usize, rstd: usize, rows: i32, n: i32,
  begin: i32, end: i32,
): void {
  if (t == F32) return parametersBackward<f32>(gw, gb, g, x, mean, rstd, rows, n, begin, end);
  if (t == F64) return parametersBackward<f64>(gw, gb, g, x, mean, rstd, rows, n, begin, end);
  unreachable();
}
