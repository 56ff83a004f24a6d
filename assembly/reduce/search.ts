/** Positions of values among sorted boundaries, and counts per bin. */
import { F32, F64, I8, I16, I32, I64, U8 } from "../common/dtype";
import { at } from "../common/rows";

/** Number of the n sorted elements that are below v, or (`right`) not above it. NaN is above everything. */
function position<T>(sorted: usize, n: i32, v: T, right: i32): i32 {
  let low = 0,
    high = n;
  while (low < high) {
    const mid = (low + high) >>> 1;
    const middle = load<T>(at<T>(sorted, mid));
    if (right ? middle > v : middle >= v) high = mid;
    else low = mid + 1;
  }
  return low;
}

function positionsOf<T>(
  y: usize,
  sorted: usize,
  values: usize,
  n: i32,
  m: i32,
  shared: i32,
  right: i32,
  begin: i32,
  end: i32,
): void {
  for (let i = begin; i < end; i++) {
    const row = shared ? sorted : sorted + <usize>(i / m) * n * sizeof<T>();
    store<i64>(at<i64>(y, i), position<T>(row, n, load<T>(at<T>(values, i)), right));
  }
}

/**
 * Where each of values [rows, m] belongs in its row of `sorted` [rows, n], or in the one row [n] where `shared`; before
 * equal elements, or behind them where `right`. y is i64 [rows, m]; range: its elements. @see torch.searchsorted
 */
export function searchsorted(
  t: i32,
  y: usize,
  sorted: usize,
  values: usize,
  n: i32,
  m: i32,
  shared: i32,
  right: i32,
  begin: i32,
  end: i32,
): void {
  switch (t) {
    case F32:
      return positionsOf<f32>(y, sorted, values, n, m, shared, right, begin, end);
    case F64:
      return positionsOf<f64>(y, sorted, values, n, m, shared, right, begin, end);
    case I64:
      return positionsOf<i64>(y, sorted, values, n, m, shared, right, begin, end);
    case I32:
      return positionsOf<i32>(y, sorted, values, n, m, shared, right, begin, end);
    case I16:
      return positionsOf<i16>(y, sorted, values, n, m, shared, right, begin, end);
    case I8:
      return positionsOf<i8>(y, sorted, values, n, m, shared, right, begin, end);
    case U8:
      return positionsOf<u8>(y, sorted, values, n, m, shared, right, begin, end);
    default:
      unreachable();
  }
}

function histogram<T>(y: usize, x: usize, n: i32, bins: i32, low: T, high: T, begin: i32, end: i32): void {
  memory.fill(at<T>(y, begin), 0, <usize>(end - begin) * sizeof<T>());
  for (let i = 0; i < n; i++) {
    const v = load<T>(at<T>(x, i));
    if (!(v >= low && v <= high)) continue;
    const bin = min(<i32>(((v - low) / (high - low)) * <T>bins), bins - 1);
    if (bin < begin || bin >= end) continue;
    const p = at<T>(y, bin);
    store<T>(p, load<T>(p) + <T>1);
  }
}

/**
 * Counts of the n elements of x in `bins` equal bins from low to high (low < high); others and NaN are not counted.
 * y has x's type. Range: the bins, each part of which reads all of x. Floats. @see torch.histc
 */
export function histc(t: i32, y: usize, x: usize, n: i32, bins: i32, low: f64, high: f64, begin: i32, end: i32): void {
  if (t == F32) return histogram<f32>(y, x, n, bins, <f32>low, <f32>high, begin, end);
  if (t == F64) return histogram<f64>(y, x, n, bins, low, high, begin, end);
  unreachable();
}
