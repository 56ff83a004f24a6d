/**
 * Extrema and their indices over the middle axis of a contiguous [outer, n, inner]. Ranges count the
 * outer * inner results. Extrema propagate NaN, and an index is that of the first extremum, or of the first NaN.
 */
import { F32, F64 } from "../common/dtype";
import { bytesOf, loadInteger, storeInteger } from "../common/element";
import { fold, foldOne, foldRow, foldVector, Greater, Less } from "../common/folds";
import { at, column, neighbors } from "../common/rows";
import { lanes } from "../common/simd";

/** Extrema and first indices, as far as they are wanted, of integers and bool of any size. */
function foldIntegers<OP>(
  t: i32,
  values: usize,
  indices: usize,
  x: usize,
  n: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  const op = changetype<OP>(0);
  const size = bytesOf(t),
    stride = <usize>inner * size;
  for (let r = begin; r < end; r++) {
    let from = x + <usize>column<u8>(0, r, n, inner) * size,
      best = loadInteger(t, from),
      found = 0;
    for (let i = 1; i < n; i++) {
      from += stride;
      const v = loadInteger(t, from);
      if (op.one<i64>(best, v) == best) continue;
      best = v;
      found = i;
    }
    if (values) storeInteger(t, values + <usize>r * size, best);
    if (indices) store<i64>(at<i64>(indices, r), found);
  }
}

function extremum<OP>(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  switch (t) {
    case F32:
      return fold<OP, f32>(y, x, n, inner, begin, end);
    case F64:
      return fold<OP, f64>(y, x, n, inner, begin, end);
    default:
      foldIntegers<OP>(t, y, 0, x, n, inner, begin, end);
  }
}

/** Largest element. n > 0. Any type. @see torch.amax */
export function amax(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  extremum<Greater>(t, y, x, n, inner, begin, end);
}

/** Smallest element. n > 0. Any type. @see torch.amin */
export function amin(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  extremum<Less>(t, y, x, n, inner, begin, end);
}

// ---- Extrema with their indices -------------------------------------------------------------------------------------

/** Lanes equal to `best`, or NaN. If there is a NaN then `best` is NaN, which equals nothing. */
// @ts-ignore: decorator
@inline
function isBest<T>(v: v128, best: v128): v128 {
  const same = v128.eq<T>(v, best);
  return v128.or(same, v128.ne<T>(v, v));
}

/** First index in a column (or row, with stride = element size) of `best`, the column's extremum. */
function findOne<T>(x: usize, n: i32, stride: usize, best: T): i32 {
  let i = 0;
  if (stride == sizeof<T>()) {
    const all = v128.splat<T>(best);
    while (i + lanes<T>() <= n && !v128.any_true(isBest<T>(v128.load(at<T>(x, i)), all))) i += lanes<T>();
  }
  for (x += <usize>i * stride; i < n - 1; i++, x += stride) {
    const v = load<T>(x);
    if (v == best || v != v) break;
  }
  return i;
}

/** First indices of `best` in four neighboring f32 columns: the last match of a walk upwards. */
function findFour(x: usize, n: i32, stride: usize, best: v128): v128 {
  let found = i32x4.splat(0);
  x += <usize>n * stride;
  for (let i = n - 1; i >= 0; i--) {
    x -= stride;
    found = v128.bitselect(i32x4.splat(i), found, isBest<f32>(v128.load(x), best));
  }
  return found;
}

/** `values` may be 0: not wanted. */
function extremumAt<OP, T>(values: usize, indices: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  const stride = <usize>inner * sizeof<T>();
  for (let r = begin; r < end; ) {
    const from = column<T>(x, r, n, inner);
    if (sizeof<T>() == 4 && neighbors(r, end, inner) >= 4) {
      const best = foldVector<OP, T>(from, n, stride);
      const found = findFour(from, n, stride, best);
      v128.store(at<i64>(indices, r), i64x2.extend_low_i32x4_s(found));
      v128.store(at<i64>(indices, r), i64x2.extend_high_i32x4_s(found), 16);
      if (values) v128.store(at<T>(values, r), best);
      r += 4;
      continue;
    }
    const best = inner == 1 ? foldRow<OP, T>(from, n) : foldOne<OP, T>(from, n, stride);
    store<i64>(at<i64>(indices, r), findOne<T>(from, n, stride, best));
    if (values) store<T>(at<T>(values, r), best);
    r++;
  }
}

function indexed<OP>(t: i32, values: usize, indices: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  switch (t) {
    case F32:
      return extremumAt<OP, f32>(values, indices, x, n, inner, begin, end);
    case F64:
      return extremumAt<OP, f64>(values, indices, x, n, inner, begin, end);
    default:
      foldIntegers<OP>(t, values, indices, x, n, inner, begin, end);
  }
}

/** Index of the largest element, as i64. n > 0. Any type. @see torch.argmax */
export function argmax(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  indexed<Greater>(t, 0, y, x, n, inner, begin, end);
}

/** Index of the smallest element, as i64. n > 0. Any type. @see torch.argmin */
export function argmin(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  indexed<Less>(t, 0, y, x, n, inner, begin, end);
}

/** Largest element and its index (i64). n > 0. Any type. @see torch.max */
export function maxDim(
  t: i32,
  values: usize,
  indices: usize,
  x: usize,
  n: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  indexed<Greater>(t, values, indices, x, n, inner, begin, end);
}

/** Smallest element and its index (i64). n > 0. Any type. @see torch.min */
export function minDim(
  t: i32,
  values: usize,
  indices: usize,
  x: usize,
  n: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  indexed<Less>(t, values, indices, x, n, inner, begin, end);
}
