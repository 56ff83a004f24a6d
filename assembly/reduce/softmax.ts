/**
 * Softmax, its logarithm, their gradients and logsumexp over the middle axis of a contiguous [outer, n, inner], f32 and
 * f64. Ranges count the outer * inner rows. Every exponential is of x minus its row's maximum, so none overflows.
 */
import { F32, F64 } from "../common/dtype";
import { foldRow, Greater } from "../common/folds";
import {
  addLanes,
  at,
  column,
  columnSum,
  columnSum2,
  firstLanes,
  loadLanes,
  neighbors,
  Plain,
  Product,
  ROW_BLOCK,
  rowSum,
  rowSum2,
  storeLanes,
  zeros,
} from "../common/rows";
import { lanes } from "../common/simd";
import * as math from "../math/double";
import { expNegative, log } from "../math/lanes";
import { columnMax, ShiftedExp } from "./rowStatistics";

// ---- Rows: inner == 1 -----------------------------------------------------------------------------------------------

/** y = e^(x - shift) over a row; the sum of y, in the blocks of `rowSum`. */
function expRow<T>(y: usize, x: usize, n: i32, shift: v128): f64 {
  let total: f64 = 0;
  for (let i = 0; i < n; i += ROW_BLOCK) total += expBlock<T>(at<T>(y, i), at<T>(x, i), min(n - i, ROW_BLOCK), shift);
  return total;
}

function expBlock<T>(y: usize, x: usize, n: i32, shift: v128): f64 {
  let a = zeros(),
    b = zeros(),
    c = zeros(),
    d = zeros();
  let k = n;
  for (; sizeof<T>() == 4 && k >= 16; k -= 16, x += 64, y += 64) {
    const y0 = expNegative<T>(v128.sub<T>(v128.load(x), shift));
    const y1 = expNegative<T>(v128.sub<T>(v128.load(x, 16), shift));
    const y2 = expNegative<T>(v128.sub<T>(v128.load(x, 32), shift));
    const y3 = expNegative<T>(v128.sub<T>(v128.load(x, 48), shift));
    v128.store(y, y0);
    v128.store(y, y1, 16);
    v128.store(y, y2, 32);
    v128.store(y, y3, 48);
    a = v128.add<T>(a, y0);
    b = v128.add<T>(b, y1);
    c = v128.add<T>(c, y2);
    d = v128.add<T>(d, y3);
  }
  for (; k > 0; k -= lanes<T>(), x += 16, y += 16) {
    const v = expNegative<T>(v128.sub<T>(loadLanes<T>(x, k, shift), shift));
    storeLanes<T>(y, v, k);
    a = v128.add<T>(a, v128.and(v, firstLanes<T>(k)));
  }
  return addLanes<T>(v128.add<T>(v128.add<T>(a, b), v128.add<T>(c, d)));
}

function softmaxRow<T>(y: usize, x: usize, n: i32): void {
  const total = expRow<T>(y, x, n, v128.splat<T>(foldRow<Greater, T>(x, n)));
  const scale = v128.splat<T>(<T>(1 / total));
  let k = n;
  for (; k >= lanes<T>(); k -= lanes<T>(), y += 16) v128.store(y, v128.mul<T>(v128.load(y), scale));
  if (k) storeLanes<T>(y, v128.mul<T>(loadLanes<T>(y, k, zeros()), scale), k);
}

function logSoftmaxRow<T>(y: usize, x: usize, n: i32): void {
  const largest = foldRow<Greater, T>(x, n);
  const most = v128.splat<T>(largest);
  const logSum = v128.splat<T>(<T>math.log(rowSum<ShiftedExp, T>(x, n, largest)));
  let k = n;
  for (; k >= lanes<T>(); k -= lanes<T>(), x += 16, y += 16) {
    v128.store(y, v128.sub<T>(v128.sub<T>(v128.load(x), most), logSum));
  }
  if (k) storeLanes<T>(y, v128.sub<T>(v128.sub<T>(loadLanes<T>(x, k, most), most), logSum), k);
}

/** gx = y (g - sum(g y)). */
function softmaxRowBackward<T>(gx: usize, g: usize, y: usize, n: i32): void {
  const dot = v128.splat<T>(<T>rowSum2<Product, T>(g, y, n, 0));
  let k = n;
  for (; k >= lanes<T>(); k -= lanes<T>(), gx += 16, g += 16, y += 16) {
    v128.store(gx, v128.mul<T>(v128.load(y), v128.sub<T>(v128.load(g), dot)));
  }
  if (k) storeLanes<T>(gx, v128.mul<T>(loadLanes<T>(y, k, zeros()), v128.sub<T>(loadLanes<T>(g, k, zeros()), dot)), k);
}

/** gx = g - e^y sum(g). */
function logSoftmaxRowBackward<T>(gx: usize, g: usize, y: usize, n: i32): void {
  const total = v128.splat<T>(<T>rowSum<Plain, T>(g, n, 0));
  let k = n;
  for (; sizeof<T>() == 4 && k >= 8; k -= 8, gx += 32, g += 32, y += 32) {
    const first = v128.mul<T>(expNegative<T>(v128.load(y)), total);
    const second = v128.mul<T>(expNegative<T>(v128.load(y, 16)), total);
    v128.store(gx, v128.sub<T>(v128.load(g), first));
    v128.store(gx, v128.sub<T>(v128.load(g, 16), second), 16);
  }
  for (; k > 0; k -= lanes<T>(), gx += 16, g += 16, y += 16) {
    const part = v128.mul<T>(expNegative<T>(loadLanes<T>(y, k, zeros())), total);
    storeLanes<T>(gx, v128.sub<T>(loadLanes<T>(g, k, zeros()), part), k);
  }
}

// ---- Columns: k lanes are k neighboring rows, `stride` bytes between their elements --------------------------------

function softmaxColumns<T>(y: usize, x: usize, n: i32, stride: usize, k: i32): void {
  const most = columnMax<T>(x, n, stride, k);
  for (let i = 0, p = y; i < n; i++, x += stride, p += stride) {
    storeLanes<T>(p, expNegative<T>(v128.sub<T>(loadLanes<T>(x, k, most), most)), k);
  }
  const total = columnSum<Plain, T>(y, n, stride, k, zeros());
  for (let i = 0; i < n; i++, y += stride) {
    storeLanes<T>(y, v128.div<T>(loadLanes<T>(y, k, zeros()), total), k);
  }
}

function logSoftmaxColumns<T>(y: usize, x: usize, n: i32, stride: usize, k: i32): void {
  const most = columnMax<T>(x, n, stride, k);
  const logSum = log<T>(columnSum<ShiftedExp, T>(x, n, stride, k, most));
  for (let i = 0; i < n; i++, x += stride, y += stride) {
    storeLanes<T>(y, v128.sub<T>(v128.sub<T>(loadLanes<T>(x, k, most), most), logSum), k);
  }
}

function softmaxColumnsBackward<T>(gx: usize, g: usize, y: usize, n: i32, stride: usize, k: i32): void {
  const dot = columnSum2<Product, T>(g, y, n, stride, k, zeros());
  for (let i = 0; i < n; i++, gx += stride, g += stride, y += stride) {
    const v = v128.sub<T>(loadLanes<T>(g, k, zeros()), dot);
    storeLanes<T>(gx, v128.mul<T>(loadLanes<T>(y, k, zeros()), v), k);
  }
}

function logSoftmaxColumnsBackward<T>(gx: usize, g: usize, y: usize, n: i32, stride: usize, k: i32): void {
  const total = columnSum<Plain, T>(g, n, stride, k, zeros());
  for (let i = 0; i < n; i++, gx += stride, g += stride, y += stride) {
    const part = v128.mul<T>(expNegative<T>(loadLanes<T>(y, k, zeros())), total);
    storeLanes<T>(gx, v128.sub<T>(loadLanes<T>(g, k, zeros()), part), k);
  }
}

// ---- Ranges ---------------------------------------------------------------------------------------------------------

/** Strategies: the two shapes of each operator. The backward ones take (gx, g, y), the forward ones ignore `b`. */
@final
@unmanaged
class Softmax {
  @inline
  row<T>(y: usize, x: usize, _b: usize, n: i32): void {
    softmaxRow<T>(y, x, n);
  }
  @inline
  columns<T>(y: usize, x: usize, _b: usize, n: i32, stride: usize, k: i32): void {
    softmaxColumns<T>(y, x, n, stride, k);
  }
}

@final
@unmanaged
class LogSoftmax {
  @inline
  row<T>(y: usize, x: usize, _b: usize, n: i32): void {
    logSoftmaxRow<T>(y, x, n);
  }
  @inline
  columns<T>(y: usize, x: usize, _b: usize, n: i32, stride: usize, k: i32): void {
    logSoftmaxColumns<T>(y, x, n, stride, k);
  }
}

@final
@unmanaged
class SoftmaxBackward {
  @inline
  row<T>(gx: usize, g: usize, y: usize, n: i32): void {
    softmaxRowBackward<T>(gx, g, y, n);
  }
  @inline
  columns<T>(gx: usize, g: usize, y: usize, n: i32, stride: usize, k: i32): void {
    softmaxColumnsBackward<T>(gx, g, y, n, stride, k);
  }
}

@final
@unmanaged
class LogSoftmaxBackward {
  @inline
  row<T>(gx: usize, g: usize, y: usize, n: i32): void {
    logSoftmaxRowBackward<T>(gx, g, y, n);
  }
  @inline
  columns<T>(gx: usize, g: usize, y: usize, n: i32, stride: usize, k: i32): void {
    logSoftmaxColumnsBackward<T>(gx, g, y, n, stride, k);
  }
}

/** Rows [begin, end) of [outer, n, inner]. */
function rows<OP, T>(y: usize, a: usize, b: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  const op = changetype<OP>(0);
  const stride = <usize>inner * sizeof<T>();
  for (let r = begin; r < end; ) {
    const offset = column<T>(0, r, n, inner);
    const k = min(lanes<T>(), neighbors(r, end, inner));
    if (inner == 1) op.row<T>(y + offset, a + offset, b + offset, n);
    else op.columns<T>(y + offset, a + offset, b + offset, n, stride, k);
    r += k;
  }
}

function floatRows<OP>(t: i32, y: usize, a: usize, b: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  if (t == F32) return rows<OP, f32>(y, a, b, n, inner, begin, end);
  if (t == F64) return rows<OP, f64>(y, a, b, n, inner, begin, end);
  unreachable();
}

/** e^x / sum(e^x). Floats. @see torch.softmax */
export function softmax(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  floatRows<Softmax>(t, y, x, 0, n, inner, begin, end);
}

/** x - log(sum(e^x)). Floats. @see torch.log_softmax */
export function logSoftmax(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  floatRows<LogSoftmax>(t, y, x, 0, n, inner, begin, end);
}

/** Gradient of `softmax` from its output y: y (g - sum(g y)). Floats. */
export function softmaxBackward(t: i32, gx: usize, g: usize, y: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  floatRows<SoftmaxBackward>(t, gx, g, y, n, inner, begin, end);
}

/** Gradient of `logSoftmax` from its output y: g - e^y sum(g). Floats. */
export function logSoftmaxBackward(
  t: i32,
  gx: usize,
  g: usize,
  y: usize,
  n: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  floatRows<LogSoftmaxBackward>(t, gx, g, y, n, inner, begin, end);
}

// ---- Logsumexp ------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline
function isFinite<T>(x: v128): v128 {
  return v128.lt<T>(v128.abs<T>(x), v128.splat<T>(<T>Infinity));
}

function logSums<T>(y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  const stride = <usize>inner * sizeof<T>();
  for (let r = begin; r < end; ) {
    const from = column<T>(x, r, n, inner);
    const k = min(lanes<T>(), neighbors(r, end, inner));
    if (inner == 1) {
      const most = foldRow<Greater, T>(from, n);
      let sum = <f64>most;
      if (abs<f64>(sum) < Infinity) sum += math.log(rowSum<ShiftedExp, T>(from, n, most));
      store<T>(at<T>(y, r), <T>sum);
    } else {
      const most = columnMax<T>(from, n, stride, k);
      const logSum = v128.add<T>(log<T>(columnSum<ShiftedExp, T>(from, n, stride, k, most)), most);
      storeLanes<T>(at<T>(y, r), v128.bitselect(logSum, most, isFinite<T>(most)), k);
    }
    r += k;
  }
}

/** log(sum(e^x)); -Infinity for n = 0. Floats. Ranges as for reductions. @see torch.logsumexp */
export function logsumexp(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  if (t == F32) return logSums<f32>(y, x, n, inner, begin, end);
  if (t == F64) return logSums<f64>(y, x, n, inner, begin, end);
  unreachable();
}
