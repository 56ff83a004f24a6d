/**
 * Running reductions along the middle axis of a contiguous [outer, n, inner]. Ranges count the outer * inner lanes,
 * each of which is walked in order. Floats are accumulated in f64, as PyTorch does.
 */
import { BOOL, F32, F64, I8, I16, I32, I64, U8 } from "../common/dtype";
import { at, column } from "../common/rows";
import * as math from "../math/double";

// Strategies over an accumulator of type A: f64 for floats, i64 for integers.

@final
@unmanaged
class Sum {
  @inline
  start<A>(): A {
    return <A>0;
  }
  @inline
  step<A>(acc: A, x: A): A {
    return acc + x;
  }
}

@final
@unmanaged
class Product {
  @inline
  start<A>(): A {
    return <A>1;
  }
  @inline
  step<A>(acc: A, x: A): A {
    return acc * x;
  }
}

/** log(e^acc + e^x). */
@final
@unmanaged
class LogAddExp {
  @inline
  start<A>(): A {
    return <A>-Infinity;
  }
  @inline
  step<A>(acc: A, x: A): A {
    const low = min<A>(acc, x),
      high = max<A>(acc, x);
    return low == high && abs<A>(low) == <A>Infinity ? low : <A>(math.log1p(math.exp(<f64>(low - high))) + <f64>high);
  }
}

/** T is the type of x, R of y, A of the accumulator. `reverse` starts at the end. */
function scan<OP, T, R, A>(y: usize, x: usize, n: i32, inner: i32, reverse: i32, begin: i32, end: i32): void {
  const op = changetype<OP>(0);
  const first = reverse ? (n - 1) * inner : 0;
  const step = reverse ? -inner : inner;
  for (let r = begin; r < end; r++) {
    let p = at<T>(column<T>(x, r, n, inner), first);
    let q = at<R>(column<R>(y, r, n, inner), first);
    let acc = op.start<A>();
    for (let i = 0; i < n; i++) {
      acc = op.step<A>(acc, <A>load<T>(p));
      store<R>(q, <R>acc);
      p = at<T>(p, step);
      q = at<R>(q, step);
    }
  }
}

function cumulate<OP>(t: i32, y: usize, x: usize, n: i32, inner: i32, reverse: i32, begin: i32, end: i32): void {
  switch (t) {
    case F32:
      return scan<OP, f32, f32, f64>(y, x, n, inner, reverse, begin, end);
    case F64:
      return scan<OP, f64, f64, f64>(y, x, n, inner, reverse, begin, end);
    case I64:
      return scan<OP, i64, i64, i64>(y, x, n, inner, reverse, begin, end);
    case I32:
      return scan<OP, i32, i64, i64>(y, x, n, inner, reverse, begin, end);
    case I16:
      return scan<OP, i16, i64, i64>(y, x, n, inner, reverse, begin, end);
    case I8:
      return scan<OP, i8, i64, i64>(y, x, n, inner, reverse, begin, end);
    case U8:
    case BOOL:
      return scan<OP, u8, i64, i64>(y, x, n, inner, reverse, begin, end);
    default:
      unreachable();
  }
}

/** Running sum, from the end where `reverse`; integers and bool to i64. @see torch.cumsum */
export function cumsum(t: i32, y: usize, x: usize, n: i32, inner: i32, reverse: i32, begin: i32, end: i32): void {
  cumulate<Sum>(t, y, x, n, inner, reverse, begin, end);
}

/** Running product, from the end where `reverse`; integers and bool to i64. @see torch.cumprod */
export function cumprod(t: i32, y: usize, x: usize, n: i32, inner: i32, reverse: i32, begin: i32, end: i32): void {
  cumulate<Product>(t, y, x, n, inner, reverse, begin, end);
}

/** Running log(sum(e^x)), from the end where `reverse`. Floats. @see torch.logcumsumexp */
export function logcumsumexp(t: i32, y: usize, x: usize, n: i32, inner: i32, reverse: i32, begin: i32, end: i32): void {
  if (t == F32) return scan<LogAddExp, f32, f32, f64>(y, x, n, inner, reverse, begin, end);
  if (t == F64) return scan<LogAddExp, f64, f64, f64>(y, x, n, inner, reverse, begin, end);
  unreachable();
}

// ---- Running extrema with their indices -----------------------------------------------------------------------------

// Strategies: whether x replaces `best`; of equal elements the later one does, and NaN replaces everything.

@final
@unmanaged
class NotLess {
  @inline
  replaces<T>(x: T, best: T): bool {
    return x != x || x >= best;
  }
}

@final
@unmanaged
class NotGreater {
  @inline
  replaces<T>(x: T, best: T): bool {
    return x != x || x <= best;
  }
}

function runningExtremum<OP, T>(
  values: usize,
  indices: usize,
  x: usize,
  n: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  const op = changetype<OP>(0);
  for (let r = begin; r < end; r++) {
    const from = column<T>(x, r, n, inner);
    const value = column<T>(values, r, n, inner),
      index = column<i64>(indices, r, n, inner);
    let best = n > 0 ? load<T>(from) : <T>0;
    let found = 0;
    for (let i = 0; i < n; i++) {
      const v = load<T>(at<T>(from, i * inner));
      if (op.replaces<T>(v, best)) {
        best = v;
        found = i;
      }
      store<T>(at<T>(value, i * inner), best);
      store<i64>(at<i64>(index, i * inner), found);
    }
  }
}

function runningExtrema<OP>(
  t: i32,
  values: usize,
  indices: usize,
  x: usize,
  n: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  switch (t) {
    case F32:
      return runningExtremum<OP, f32>(values, indices, x, n, inner, begin, end);
    case F64:
      return runningExtremum<OP, f64>(values, indices, x, n, inner, begin, end);
    case I64:
      return runningExtremum<OP, i64>(values, indices, x, n, inner, begin, end);
    case I32:
      return runningExtremum<OP, i32>(values, indices, x, n, inner, begin, end);
    case I16:
      return runningExtremum<OP, i16>(values, indices, x, n, inner, begin, end);
    case I8:
      return runningExtremum<OP, i8>(values, indices, x, n, inner, begin, end);
    case U8:
    case BOOL:
      return runningExtremum<OP, u8>(values, indices, x, n, inner, begin, end);
    default:
      unreachable();
  }
}

/** Largest element so far, and its index (i64). Any type. @see torch.cummax */
export function cummax(
  t: i32,
  values: usize,
  indices: usize,
  x: usize,
  n: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  runningExtrema<NotLess>(t, values, indices, x, n, inner, begin, end);
}

/** Smallest element so far, and its index (i64). Any type. @see torch.cummin */
export function cummin(
  t: i32,
  values: usize,
  indices: usize,
  x: usize,
  n: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  runningExtrema<NotGreater>(t, values, indices, x, n, inner, begin, end);
}
