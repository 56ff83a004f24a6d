/**
 * Extrema and their indices over the middle axis of a contiguous [outer, n, inner]. Ranges count the
 * outer * inner results. Extrema propagate NaN, and an index is that of the first extremum, or of the first NaN.
 */
import { BOOL, F32, F64, I8, I16, I32, I64, U8 } from "./dtype";
import { fold, foldOne, foldRow, foldVector, Greater, Less } from "./folds";
import { at, column, neighbours } from "./rows";
import { lanes } from "./simd";

function extremum<OP>(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  switch (t) {
    case F32: return fold<OP, f32>(y, x, n, inner, begin, end);
    case F64: return fold<OP, f64>(y, x, n, inner, begin, end);
    case I64: return fold<OP, i64>(y, x, n, inner, begin, end);
    case I32: return fold<OP, i32>(y, x, n, inner, begin, end);
    case I16: return fold<OP, i16>(y, x, n, inner, begin, end);
    case I8: return fold<OP, i8>(y, x, n, inner, begin, end);
    case U8: case BOOL: return fold<OP, u8>(y, x, n, inner, begin, end);
    default: unreachable();
  }
}

/** Largest element. Any type. @see torch.amax */
export function amax(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  extremum<Greater>(t, y, x, n, inner, begin, end);
}

/** Smallest element. Any type. @see torch.amin */
export function amin(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  extremum<Less>(t, y, x, n, inner, begin, end);
}

// ---- Extrema with their indices -------------------------------------------------------------------------------------

/** Lanes equal to `best`, or NaN. If there is a NaN then `best` is NaN, which equals nothing. */
// @ts-ignore: decorator
@inline
function isBest<T>(v: v128, best: v128): v128 {
  const same = v128.eq<T>(v, best);
  return isFloat<T>() ? v128.or(same, v128.ne<T>(v, v)) : same;
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

/** First indices of `best` in four neighbouring f32 columns: the last match of a walk upwards. */
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
function extremumAt<OP, T>(
  values: usize, indices: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32,
): void {
  const stride = <usize>inner * sizeof<T>();
  for (let r = begin; r < end; ) {
    const from = column<T>(x, r, n, inner);
    if (sizeof<T>() == 4 && isFloat<T>() && neighbours(r, end, inner) >= 4) {
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

function indexed<OP>(
  t: i32, values: usize, indices: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32,
): void {
  switch (t) {
    case F32: return extremumAt<OP, f32>(values, indices, x, n, inner, begin, end);
    case F64: return extremumAt<OP, f64>(values, indices, x, n, inner, begin, end);
    case I64: return extremumAt<OP, i64>(values, indices, x, n, inner, begin, end);
    case I32: return extremumAt<OP, i32>(values, indices, x, n, inner, begin, end);
    case I16: return extremumAt<OP, i16>(values, indices, x, n, inner, begin, end);
    case I8: return extremumAt<OP, i8>(values, indices, x, n, inner, begin, end);
    case U8: case BOOL: return extremumAt<OP, u8>(values, indices, x, n, inner, begin, end);
    default: unreachable();
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
  t: i32, values: usize, indices: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32,
): void {
  indexed<Greater>(t, values, indices, x, n, inner, begin, end);
}

/** Smallest element and its index (i64). n > 0. Any type. @see torch.min */
export function minDim(
  t: i32, values: usize, indices: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32,
): void {
  indexed<Less>(t, values, indices, x, n, inner, begin, end);
}
