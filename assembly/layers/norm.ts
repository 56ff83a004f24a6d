/**
 * Batch normalization with its gradients. Floats. Instance norm is batch norm of one sample with N C channels. `weight`
 * and `bias` may be 0: ones and zeros.
 */
import { F32, F64 } from "../common/dtype";
import {
  at,
  columnSum,
  columnSum2,
  gradientLanes,
  loadLanes,
  Plain,
  rowSum,
  rowSum2,
  SquaredDeviation,
  storeLanes,
  zeros,
} from "../common/rows";
import { lanes } from "../common/simd";

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
// neighboring elements that a vector of statistics is good for.

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

function statistics<T>(mean: usize, variance: usize, x: usize, N: i32, C: i32, inner: i32, begin: i32, end: i32): void {
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
  t: i32,
  mean: usize,
  variance: usize,
  x: usize,
  N: i32,
  C: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return statistics<f32>(mean, variance, x, N, C, inner, begin, end);
  if (t == F64) return statistics<f64>(mean, variance, x, N, C, inner, begin, end);
  unreachable();
}

/** y = (x - mean) scale + bias over `n` neighbors. */
function normalizeRun<T>(y: usize, x: usize, n: i32, mean: v128, scale: v128, bias: v128): void {
  for (; n >= lanes<T>(); n -= lanes<T>(), x += 16, y += 16) {
    v128.store(y, v128.add<T>(v128.mul<T>(v128.sub<T>(v128.load(x), mean), scale), bias));
  }
  if (!n) return;
  const v = v128.mul<T>(v128.sub<T>(loadLanes<T>(x, n, zeros()), mean), scale);
  storeLanes<T>(y, v128.add<T>(v, bias), n);
}

function normalizePlanes<T>(
  y: usize,
  x: usize,
  mean: usize,
  invstd: usize,
  weight: usize,
  bias: usize,
  C: i32,
  inner: i32,
  begin: i32,
  end: i32,
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
  t: i32,
  y: usize,
  x: usize,
  mean: usize,
  invstd: usize,
  weight: usize,
  bias: usize,
  C: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return normalizePlanes<f32>(y, x, mean, invstd, weight, bias, C, inner, begin, end);
  if (t == F64) return normalizePlanes<f64>(y, x, mean, invstd, weight, bias, C, inner, begin, end);
  unreachable();
}

/** gx = (g - meanG - (x - mean) slope) scale over `n` neighbors. */
function gradientRun<T>(
  gx: usize,
  g: usize,
  x: usize,
  n: i32,
  meanG: v128,
  mean: v128,
  slope: v128,
  scale: v128,
): void {
  let i = 0;
  for (; n - i >= lanes<T>(); i += lanes<T>()) {
    v128.store(at<T>(gx, i), gradientLanes<T>(g, x, 0, i, lanes<T>(), mean, meanG, slope, scale));
  }
  if (i < n) storeLanes<T>(at<T>(gx, i), gradientLanes<T>(g, x, 0, i, n - i, mean, meanG, slope, scale), n - i);
}

function channelsBackward<T>(
  gx: usize,
  gw: usize,
  gb: usize,
  g: usize,
  x: usize,
  mean: usize,
  invstd: usize,
  weight: usize,
  training: i32,
  N: i32,
  C: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  const count = v128.splat<T>(<T>(<f64>N * inner));
  for (let c = begin; c < end; ) {
    const k = channelsAtOnce<T>(c, end, inner);
    const m = channelLanes<T>(mean, c, k, inner, 0),
      inv = channelLanes<T>(invstd, c, k, inner, 1);
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
  t: i32,
  gx: usize,
  gw: usize,
  gb: usize,
  g: usize,
  x: usize,
  mean: usize,
  invstd: usize,
  weight: usize,
  training: i32,
  N: i32,
  C: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) {
    return channelsBackward<f32>(gx, gw, gb, g, x, mean, invstd, weight, training, N, C, inner, begin, end);
  }
  if (t == F64) {
    return channelsBackward<f64>(gx, gw, gb, g, x, mean, invstd, weight, training, N, C, inner, begin, end);
  }
  unreachable();
}
