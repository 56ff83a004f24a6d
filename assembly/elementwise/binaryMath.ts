/** Functions of two floats. */

import { elements2, integers2, singles2, vectors2 } from "../common/dispatch";
import { F64 } from "../common/dtype";
import { walk2 } from "../common/map";
import { k4, magnitude4, narrow, select4, widenHigh, widenLow } from "../common/simd";
import * as math from "../math/double";
import { powInteger } from "../math/scalar";
import { atan2_f32x4, exp_f32x4, exp2_f32x4, log_f32x4, log1p_f32x4, log2_f32x4, pow_f32x4 } from "../math/single";

const ONE = memory.data<f32>([1]);
const INF = memory.data<f32>([Infinity]);

@final
@unmanaged
class Pow {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    return pow_f32x4(a, b);
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    return isFloat<T>() ? <T>math.pow(<f64>a, <f64>b) : powInteger<T>(a, <i64>b);
  }
}

/** a to the power b; integers wrap, and a negative power of |a| > 1 is 0. */
export function pow(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(t <= F64 ? singles2<Pow>(t) : integers2<Pow>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Atan2 {
  @inline vec<T>(y: v128, x: v128, p: v128): v128 {
    return atan2_f32x4(y, x);
  }
  @inline one<T>(y: T, x: T, p: f64): T {
    return Math.atan2(y, x);
  }
}

/** The angle of the point (x, y). */
export function atan2(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  p: f64,
  mode: i32,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  walk2(singles2<Atan2>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

/** √(a² + b²) of two f64 lanes that came from f32, where no square overflows. */
// @ts-ignore: decorator
@inline
function hypotWide(a: v128, b: v128): v128 {
  return f64x2.sqrt(f64x2.add(f64x2.mul(a, a), f64x2.mul(b, b)));
}

@final
@unmanaged
class Hypot {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    const y = narrow(hypotWide(widenLow(a), widenLow(b)), hypotWide(widenHigh(a), widenHigh(b)));
    const infinite = v128.or(f32x4.eq(magnitude4(a), k4(INF)), f32x4.eq(magnitude4(b), k4(INF)));
    return select4(infinite, k4(INF), y);
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    return Math.hypot(a, b);
  }
}

/** √(a² + b²) without overflow; an infinity outweighs NaN. */
export function hypot(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  p: f64,
  mode: i32,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  walk2(singles2<Hypot>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class CopySign {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    return v128.bitselect(b, a, v128.splat<T>(-0.0));
  }
}

/** |a| with the sign of b. */
export function copysign(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  p: f64,
  mode: i32,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  walk2(vectors2<CopySign>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

/** The next representable number after a toward b. */
function neighbor<T>(a: T, b: T): T {
  if (a != a || b != b) return <T>NaN;
  if (a == b) return b;
  if (a == 0) {
    const smallest = sizeof<T>() == 4 ? <T>reinterpret<f32>(1) : <T>reinterpret<f64>(<i64>1);
    return b > 0 ? smallest : -smallest;
  }
  const step: i32 = a < b == a > 0 ? 1 : -1;
  if (sizeof<T>() == 4) return <T>reinterpret<f32>(reinterpret<i32>(<f32>a) + step);
  return <T>reinterpret<f64>(reinterpret<i64>(<f64>a) + step);
}

@final
@unmanaged
class NextAfter {
  @inline one<T>(a: T, b: T, p: f64): T {
    return neighbor<T>(a, b);
  }
}

/** The next representable number after a toward b. */
export function nextafter(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  p: f64,
  mode: i32,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  walk2(elements2<NextAfter>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

/** −|a − b|, and 0 for equal infinities. */
// @ts-ignore: decorator
@inline
function minusDistance(a: v128, b: v128): v128 {
  return v128.andnot(f32x4.neg(magnitude4(f32x4.sub(a, b))), f32x4.eq(a, b));
}

@final
@unmanaged
class LogAddExp {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    return f32x4.add(f32x4.max(a, b), log1p_f32x4(exp_f32x4(minusDistance(a, b))));
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    const distance = a == b ? 0 : abs<f64>(a - b);
    return max<f64>(a, b) + math.log1p(math.exp(-distance));
  }
}

/** log(eᵃ + eᵇ). */
export function logaddexp(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  p: f64,
  mode: i32,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  walk2(singles2<LogAddExp>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class LogAddExp2 {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    const sum = f32x4.add(k4(ONE), exp2_f32x4(minusDistance(a, b)));
    return f32x4.add(f32x4.max(a, b), log2_f32x4(sum));
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    const distance = a == b ? 0 : abs<f64>(a - b);
    return max<f64>(a, b) + math.log1p(math.exp(-distance * Math.LN2)) * Math.LOG2E;
  }
}

/** log₂(2ᵃ + 2ᵇ). */
export function logaddexp2(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  p: f64,
  mode: i32,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  walk2(singles2<LogAddExp2>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

/** y where x is not 0; else 0, or b where that is NaN. */
// @ts-ignore: decorator
@inline
function unlessZero(x: v128, b: v128, y: v128): v128 {
  const zero = v128.and(f32x4.eq(x, f32x4.splat(0)), f32x4.eq(b, b));
  return v128.andnot(y, zero);
}

@final
@unmanaged
class XLogY {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    return unlessZero(a, b, f32x4.mul(a, log_f32x4(b)));
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    return a == 0 && b == b ? 0 : a * math.log(b);
  }
}

/** a log b, and 0 for a = 0. */
export function xlogy(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  p: f64,
  mode: i32,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  walk2(singles2<XLogY>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class XLog1pY {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    return unlessZero(a, b, f32x4.mul(a, log1p_f32x4(b)));
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    return a == 0 && b == b ? 0 : a * math.log1p(b);
  }
}

/** a log(1 + b), and 0 for a = 0. */
export function xlog1py(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  p: f64,
  mode: i32,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  walk2(singles2<XLog1pY>(t), t, t, y, a, b, p, mode, geom, begin, end);
}
