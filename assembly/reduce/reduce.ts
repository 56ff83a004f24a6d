/**
 * Reductions of a contiguous [outer, n, inner] over n. Ranges count the outer * inner results.
 *
 * Rows (inner == 1) are read with several accumulators, columns a cache line wide. Which of the two it is depends on
 * `inner` alone, and a column's sum is the same in a strip and in a tail, so the bits do not depend on the range.
 */
import { BOOL, F32, F64, I8, I16, I32, I64, U8 } from "../common/dtype";
import { fold, Times } from "../common/folds";
import {
  at,
  column,
  columnSum,
  columnSums,
  neighbors,
  Plain,
  rowSum,
  SquaredDeviation,
  storeLanes,
  zeros,
} from "../common/rows";
import { lanes } from "../common/simd";

// ---- Sums of floats -------------------------------------------------------------------------------------------------

// Strategies: `vec` is what is summed; `wide` columns have a loop of their own, which only the plain sum (a bias's
// gradient) earns.

@final
@unmanaged
class Square {
  @inline
  wide(): bool {
    return false;
  }
  @inline
  vec<T>(x: v128, _q: v128): v128 {
    return v128.mul<T>(x, x);
  }
}

function sums<MAP, T>(y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  for (let r = begin; r < end; ) {
    const from = column<T>(x, r, n, inner);
    const width = neighbors(r, end, inner);
    if (inner == 1) store<T>(at<T>(y, r), <T>rowSum<MAP, T>(from, n, 0));
    else columnSums<MAP, T>(at<T>(y, r), from, n, inner, width, 0);
    r += width;
  }
}

function floatSums<MAP>(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  if (t == F32) return sums<MAP, f32>(y, x, n, inner, begin, end);
  if (t == F64) return sums<MAP, f64>(y, x, n, inner, begin, end);
  unreachable();
}

/** Sum; integers and bool are summed to i64, which wraps. @see torch.sum */
export function sum(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  if (t == F32 || t == F64) return floatSums<Plain>(t, y, x, n, inner, begin, end);
  toInt64<AddInt>(t, y, x, n, inner, begin, end);
}

/** Sum of x². Floats. @see torch.linalg.vector_norm */
export function sumSquare(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  floatSums<Square>(t, y, x, n, inner, begin, end);
}

// ---- Mean and squared deviations ------------------------------------------------------------------------------------

function deviations<T>(y: usize, mean: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  for (let r = begin; r < end; ) {
    const from = column<T>(x, r, n, inner);
    if (inner == 1) {
      const m = <T>(rowSum<Plain, T>(from, n, 0) / <f64>n);
      store<T>(at<T>(mean, r), m);
      store<T>(at<T>(y, r), <T>rowSum<SquaredDeviation, T>(from, n, m));
      r++;
      continue;
    }
    const k = min(lanes<T>(), neighbors(r, end, inner));
    const stride = <usize>inner * sizeof<T>();
    const m = v128.div<T>(columnSum<Plain, T>(from, n, stride, k, zeros()), v128.splat<T>(<T>n));
    storeLanes<T>(at<T>(mean, r), m, k);
    storeLanes<T>(at<T>(y, r), columnSum<SquaredDeviation, T>(from, n, stride, k, m), k);
    r += k;
  }
}

/**
 * `mean`: the mean, `y`: the sum of (x - mean)^2, by two passes: no cancellation, whatever the mean. Floats.
 * @see torch.var_mean
 */
export function sumSquaredDeviation(
  t: i32,
  y: usize,
  mean: usize,
  x: usize,
  n: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return deviations<f32>(y, mean, x, n, inner, begin, end);
  if (t == F64) return deviations<f64>(y, mean, x, n, inner, begin, end);
  unreachable();
}

// ---- Scalar folds: T to i64 or bool ---------------------------------------------------------------------------------

@final
@unmanaged
class AddInt {
  @inline
  start(): i64 {
    return 0;
  }
  @inline
  step<T>(acc: i64, x: T): i64 {
    return acc + <i64>x;
  }
}

@final
@unmanaged
class MultiplyInt {
  @inline
  start(): i64 {
    return 1;
  }
  @inline
  step<T>(acc: i64, x: T): i64 {
    return acc * <i64>x;
  }
}

@final
@unmanaged
class CountNonzero {
  @inline
  start(): i64 {
    return 0;
  }
  @inline
  step<T>(acc: i64, x: T): i64 {
    return acc + <i64>(x != <T>0);
  }
}

@final
@unmanaged
class Any {
  @inline
  start(): i64 {
    return 0;
  }
  @inline
  step<T>(acc: i64, x: T): i64 {
    return acc | <i64>(x != <T>0);
  }
}

@final
@unmanaged
class All {
  @inline
  start(): i64 {
    return 1;
  }
  @inline
  step<T>(acc: i64, x: T): i64 {
    return acc & <i64>(x != <T>0);
  }
}

/** Folds elements of `T` into an i64, stored as `R`. */
function scalarFold<OP, T, R>(y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  const op = changetype<OP>(0);
  const stride = <usize>inner * sizeof<T>();
  for (let r = begin; r < end; r++) {
    let p = column<T>(x, r, n, inner);
    let acc = op.start();
    for (let i = 0; i < n; i++, p += stride) acc = op.step<T>(acc, load<T>(p));
    store<R>(at<R>(y, r), <R>acc);
  }
}

/** Integers and bool to i64. */
function toInt64<OP>(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  switch (t) {
    case I64:
      return scalarFold<OP, i64, i64>(y, x, n, inner, begin, end);
    case I32:
      return scalarFold<OP, i32, i64>(y, x, n, inner, begin, end);
    case I16:
      return scalarFold<OP, i16, i64>(y, x, n, inner, begin, end);
    case I8:
      return scalarFold<OP, i8, i64>(y, x, n, inner, begin, end);
    case U8:
    case BOOL:
      return scalarFold<OP, u8, i64>(y, x, n, inner, begin, end);
    default:
      unreachable();
  }
}

/** Any type to `R`, by a fold that asks only whether an element is zero (so signedness does not matter). */
function fromTruth<OP, R>(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  switch (t) {
    case F32:
      return scalarFold<OP, f32, R>(y, x, n, inner, begin, end);
    case F64:
      return scalarFold<OP, f64, R>(y, x, n, inner, begin, end);
    case I64:
      return scalarFold<OP, i64, R>(y, x, n, inner, begin, end);
    case I32:
      return scalarFold<OP, i32, R>(y, x, n, inner, begin, end);
    case I16:
      return scalarFold<OP, i16, R>(y, x, n, inner, begin, end);
    case I8:
    case U8:
    case BOOL:
      return scalarFold<OP, u8, R>(y, x, n, inner, begin, end);
    default:
      unreachable();
  }
}

/** Product; integers and bool are multiplied to i64, which wraps. @see torch.prod */
export function prod(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  if (t == F32) return fold<Times, f32>(y, x, n, inner, begin, end);
  if (t == F64) return fold<Times, f64>(y, x, n, inner, begin, end);
  toInt64<MultiplyInt>(t, y, x, n, inner, begin, end);
}

/** Number of elements that are not 0 (NaN is not), as i64. Any type. @see torch.count_nonzero */
export function countNonzero(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  fromTruth<CountNonzero, i64>(t, y, x, n, inner, begin, end);
}

/** Whether some element is not 0, as bool; false for n = 0. Any type. @see torch.any */
export function any(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  fromTruth<Any, u8>(t, y, x, n, inner, begin, end);
}

/** Whether no element is 0, as bool; true for n = 0. Any type. @see torch.all */
export function all(t: i32, y: usize, x: usize, n: i32, inner: i32, begin: i32, end: i32): void {
  fromTruth<All, u8>(t, y, x, n, inner, begin, end);
}
