/**
 * Losses against class indices. Scores are a contiguous [outer, c, inner], targets an i64 [outer, inner]; ranges count
 * the outer * inner targets. `weight` is the address of c class weights, or 0 for ones. A target equal to `ignoreIndex`
 * counts for nothing. Targets are trusted: check them first with `targetsInRange`. Floats.
 */
import { F32, F64 } from "../common/dtype";
import { at, column, loadLanes, neighbors, storeLanes, zeros } from "../common/rows";
import { lanes } from "../common/simd";
import { expNegative } from "../math/lanes";
import { rowStatistics } from "../reduce/rowStatistics";

/** Index of the first of `n` targets that is neither in [0, c) nor `ignoreIndex`, or -1. */
export function targetsInRange(target: usize, c: i32, ignoreIndex: i32, n: i32): i32 {
  for (let i = 0; i < n; i++) {
    const cls = load<i64>(at<i64>(target, i));
    if (<u64>cls >= <u64>c && cls != <i64>ignoreIndex) return i;
  }
  return -1;
}

/** The weight of target r: 0 where it is ignored. */
// @ts-ignore: decorator
@inline
function targetWeight<T>(target: usize, weight: usize, ignoreIndex: i32, r: i32): T {
  const cls = <i32>load<i64>(at<i64>(target, r));
  if (cls == ignoreIndex) return <T>0;
  return weight ? load<T>(at<T>(weight, cls)) : <T>1;
}

/** Address of the score of row r for its own class, which must not be ignored. */
// @ts-ignore: decorator
@inline
function scoreOfTarget<T>(x: usize, target: usize, c: i32, inner: i32, r: i32): usize {
  return at<T>(column<T>(x, r, c, inner), <i32>load<i64>(at<i64>(target, r)) * inner);
}

// ---- Negative log likelihood ----------------------------------------------------------------------------------------

function weights<T>(y: usize, target: usize, weight: usize, ignoreIndex: i32, begin: i32, end: i32): void {
  for (let r = begin; r < end; r++) store<T>(at<T>(y, r), targetWeight<T>(target, weight, ignoreIndex, r));
}

/** The weight that each target counts for in a mean. */
export function nllWeights(
  t: i32,
  y: usize,
  target: usize,
  weight: usize,
  ignoreIndex: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return weights<f32>(y, target, weight, ignoreIndex, begin, end);
  if (t == F64) return weights<f64>(y, target, weight, ignoreIndex, begin, end);
  unreachable();
}

function losses<T>(
  y: usize,
  x: usize,
  target: usize,
  weight: usize,
  c: i32,
  inner: i32,
  ignoreIndex: i32,
  begin: i32,
  end: i32,
): void {
  for (let r = begin; r < end; r++) {
    let loss: T = 0;
    if (<i32>load<i64>(at<i64>(target, r)) != ignoreIndex) {
      loss = -load<T>(scoreOfTarget<T>(x, target, c, inner, r)) * targetWeight<T>(target, weight, ignoreIndex, r);
    }
    store<T>(at<T>(y, r), loss);
  }
}

/**
 * -weight[target] x[target] for each target, 0 where ignored; x are log-probabilities.
 * @see torch.nn.functional.nll_loss
 */
export function nllLoss(
  t: i32,
  y: usize,
  x: usize,
  target: usize,
  weight: usize,
  c: i32,
  inner: i32,
  ignoreIndex: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return losses<f32>(y, x, target, weight, c, inner, ignoreIndex, begin, end);
  if (t == F64) return losses<f64>(y, x, target, weight, c, inner, ignoreIndex, begin, end);
  unreachable();
}

function lossesBackward<T>(
  gx: usize,
  g: usize,
  target: usize,
  weight: usize,
  c: i32,
  inner: i32,
  ignoreIndex: i32,
  begin: i32,
  end: i32,
): void {
  for (let r = begin; r < end; ) {
    const first = column<T>(gx, r, c, inner);
    const width = neighbors(r, end, inner);
    if (inner == 1) memory.fill(first, 0, <usize>c * sizeof<T>());
    else for (let i = 0; i < c; i++) memory.fill(at<T>(first, i * inner), 0, <usize>width * sizeof<T>());
    for (const stop = r + width; r < stop; r++) {
      const scale = targetWeight<T>(target, weight, ignoreIndex, r);
      if (<i32>load<i64>(at<i64>(target, r)) == ignoreIndex) continue;
      store<T>(scoreOfTarget<T>(gx, target, c, inner, r), -load<T>(at<T>(g, r)) * scale);
    }
  }
}

/** Gradient of `nllLoss`, g being that of each target's loss. Writes all of gx. */
export function nllLossBackward(
  t: i32,
  gx: usize,
  g: usize,
  target: usize,
  weight: usize,
  c: i32,
  inner: i32,
  ignoreIndex: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return lossesBackward<f32>(gx, g, target, weight, c, inner, ignoreIndex, begin, end);
  if (t == F64) return lossesBackward<f64>(gx, g, target, weight, c, inner, ignoreIndex, begin, end);
  unreachable();
}

// ---- Cross entropy --------------------------------------------------------------------------------------------------

function entropies<T>(
  y: usize,
  most: usize,
  logs: usize,
  x: usize,
  target: usize,
  weight: usize,
  c: i32,
  inner: i32,
  ignoreIndex: i32,
  begin: i32,
  end: i32,
): void {
  rowStatistics<T>(most, logs, x, c, inner, begin, end);
  for (let r = begin; r < end; r++) {
    let loss: T = 0;
    if (<i32>load<i64>(at<i64>(target, r)) != ignoreIndex) {
      const logProb =
        load<T>(scoreOfTarget<T>(x, target, c, inner, r)) - load<T>(at<T>(most, r)) - load<T>(at<T>(logs, r));
      loss = -logProb * targetWeight<T>(target, weight, ignoreIndex, r);
    }
    store<T>(at<T>(y, r), loss);
  }
}

/**
 * `nllLoss` of `logSoftmax`. For the gradient it writes the largest score of each of the `rows` rows to `statistics`, and behind them the logarithm of the sum
 * of each row's exponentials less that score.
 * @see torch.nn.functional.cross_entropy
 */
export function crossEntropy(
  t: i32,
  loss: usize,
  statistics: usize,
  x: usize,
  target: usize,
  weight: usize,
  rows: i32,
  c: i32,
  inner: i32,
  ignoreIndex: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) {
    const logs = at<f32>(statistics, rows);
    return entropies<f32>(loss, statistics, logs, x, target, weight, c, inner, ignoreIndex, begin, end);
  }
  if (t == F64) {
    const logs = at<f64>(statistics, rows);
    return entropies<f64>(loss, statistics, logs, x, target, weight, c, inner, ignoreIndex, begin, end);
  }
  unreachable();
}

// @ts-ignore: decorator
@inline
function lossScale<T>(g: usize, target: usize, weight: usize, ignoreIndex: i32, r: i32): T {
  // Not by a weight of zero: the gradient of a mean over ignored targets alone is not finite.
  if (<i32>load<i64>(at<i64>(target, r)) == ignoreIndex) return <T>0;
  return load<T>(at<T>(g, r)) * targetWeight<T>(target, weight, ignoreIndex, r);
}

/** `lossScale` of targets r to r + k - 1, in lanes; of target r in all lanes where `k` is 1. */
function lossScales<T>(g: usize, target: usize, weight: usize, ignoreIndex: i32, r: i32, k: i32): v128 {
  let v = v128.splat<T>(lossScale<T>(g, target, weight, ignoreIndex, r));
  if (k > 1) v = v128.replace_lane<T>(v, 1, lossScale<T>(g, target, weight, ignoreIndex, r + 1));
  if (sizeof<T>() == 4) {
    if (k > 2) v = f32x4.replace_lane(v, 2, lossScale<f32>(g, target, weight, ignoreIndex, r + 2));
    if (k > 3) v = f32x4.replace_lane(v, 3, lossScale<f32>(g, target, weight, ignoreIndex, r + 3));
  }
  return v;
}

/** gx = scale e^(x − most − log) over `count` vectors of k lanes, `stride` bytes apart. */
function scaledExp<T>(
  gx: usize,
  x: usize,
  count: i32,
  stride: usize,
  k: i32,
  scale: v128,
  most: v128,
  log: v128,
): void {
  for (; count > 0; count--, gx += stride, x += stride) {
    const logProb = v128.sub<T>(v128.sub<T>(loadLanes<T>(x, k, zeros()), most), log);
    storeLanes<T>(gx, v128.mul<T>(expNegative<T>(logProb), scale), k);
  }
}

function entropyBackward<T>(
  gx: usize,
  g: usize,
  x: usize,
  most: usize,
  logs: usize,
  target: usize,
  weight: usize,
  c: i32,
  inner: i32,
  ignoreIndex: i32,
  begin: i32,
  end: i32,
): void {
  for (let r = begin; r < end; ) {
    const offset = column<T>(0, r, c, inner);
    const k = min(lanes<T>(), neighbors(r, end, inner));
    const scale = lossScales<T>(g, target, weight, ignoreIndex, r, k);
    if (inner == 1) {
      const top = v128.splat<T>(load<T>(at<T>(most, r))),
        log = v128.splat<T>(load<T>(at<T>(logs, r)));
      const whole = c / lanes<T>(),
        left = c % lanes<T>();
      const tail = offset + ((<usize>whole) << 4);
      scaledExp<T>(gx + offset, x + offset, whole, 16, lanes<T>(), scale, top, log);
      if (left) scaledExp<T>(gx + tail, x + tail, 1, 16, left, scale, top, log);
    } else {
      const top = loadLanes<T>(at<T>(most, r), k, zeros()),
        log = loadLanes<T>(at<T>(logs, r), k, zeros());
      scaledExp<T>(gx + offset, x + offset, c, <usize>inner * sizeof<T>(), k, scale, top, log);
    }
    for (const stop = r + k; r < stop; r++) {
      if (<i32>load<i64>(at<i64>(target, r)) == ignoreIndex) continue;
      const own = scoreOfTarget<T>(gx, target, c, inner, r);
      store<T>(own, load<T>(own) - lossScale<T>(g, target, weight, ignoreIndex, r));
    }
  }
}

/** Gradient of `crossEntropy`: g weight[target] (softmax(x) - onehot), g being that of each target's loss. */
export function crossEntropyBackward(
  t: i32,
  gx: usize,
  g: usize,
  x: usize,
  statistics: usize,
  target: usize,
  weight: usize,
  rows: i32,
  c: i32,
  inner: i32,
  ignoreIndex: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) {
    const logs = at<f32>(statistics, rows);
    return entropyBackward<f32>(gx, g, x, statistics, logs, target, weight, c, inner, ignoreIndex, begin, end);
  }
  if (t == F64) {
    const logs = at<f64>(statistics, rows);
    return entropyBackward<f64>(gx, g, x, statistics, logs, target, weight, c, inner, ignoreIndex, begin, end);
  }
  unreachable();
}
