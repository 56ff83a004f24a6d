/** Arithmetic of two inputs, and the gradients that are worth a kernel of their own. */

import { arithmetic2, elements2, integers2, numbers2, vectors2 } from "../common/dispatch";
import { BOOL, F64 } from "../common/dtype";
import { walk2 } from "../common/map";
import { Run2 } from "../common/run";

@final
@unmanaged
class Add {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    return v128.add<T>(a, b);
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    return <T>(a + b);
  }
}
@final
@unmanaged
class AddScaled {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    return v128.add<T>(a, v128.mul<T>(p, b));
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    return <T>(a + <T>p * b);
  }
}
@final
@unmanaged
class Or {
  @inline one<T>(a: T, b: T, p: f64): T {
    return <T>(a | b);
  }
}

function additions(t: i32, p: f64): Run2 {
  if (t == BOOL) return integers2<Or>(t);
  return p == 1 ? arithmetic2<Add>(t) : numbers2<AddScaled>(t);
}

/** a + p·b; of bools, or. */
export function add(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(additions(t, p), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Sub {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    return v128.sub<T>(a, b);
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    return <T>(a - b);
  }
}
@final
@unmanaged
class SubScaled {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    return v128.sub<T>(a, v128.mul<T>(p, b));
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    return <T>(a - <T>p * b);
  }
}

/** a − p·b. */
export function sub(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(p == 1 ? arithmetic2<Sub>(t) : numbers2<SubScaled>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Mul {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    return v128.mul<T>(a, b);
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    return <T>(a * b);
  }
}

/** a·b; of bools, and. */
export function mul(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(arithmetic2<Mul>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Div {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    return v128.div<T>(a, b);
  }
}

/** a / b of floats. */
export function div(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(vectors2<Div>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

// ------------------------------------------------------------------------------------------- quotients and remainders

/** a / b truncated toward zero; 0 for b = 0, and the smallest integer over −1 wraps instead of trapping. */
// @ts-ignore: decorator
@inline
function quotient<T>(a: T, b: T): T {
  if (b == 0) return 0;
  if (isSigned<T>() && b == -1) return <T>(0 - a);
  return <T>(a / b);
}

/**
 * C's fmod of f32. While the quotient has at most 28 bits, f64 holds it well enough to truncate it to the right integer, and
 * the product and the difference are exact; `%` subtracts one bit at a time.
 */
function fmodSingle(a: f32, b: f32): f32 {
  const q = <f64>a / <f64>b;
  if (!(abs<f64>(q) < 268435456) || abs<f32>(b) == Infinity) return a % b;
  return copysign<f32>(<f32>(<f64>a - trunc<f64>(q) * <f64>b), a);
}

/** a − b · (a / b), with the sign of a; 0 for integer b = 0. */
// @ts-ignore: decorator
@inline
function fmodOf<T>(a: T, b: T): T {
  if (isFloat<T>()) return sizeof<T>() == 4 ? <T>fmodSingle(<f32>a, <f32>b) : <T>(a % b);
  return b == 0 ? 0 : <T>(a % b);
}

/** a − b · ⌊a / b⌋, with the sign of b, as Python's %; 0 for integer b = 0. */
// @ts-ignore: decorator
@inline
function remainderOf<T>(a: T, b: T): T {
  const r = fmodOf<T>(a, b);
  return r != 0 && r < 0 != b < 0 ? <T>(r + b) : r;
}

/** ⌊a / b⌋ from the exact remainder, as PyTorch and Python compute it. */
// @ts-ignore: decorator
@inline
function floorQuotient<T>(a: T, b: T): T {
  if (isInteger<T>()) {
    const q = quotient<T>(a, b);
    return b != 0 && a < 0 != b < 0 && <T>(q * b) != a ? <T>(q - 1) : q;
  }
  if (b == 0) return <T>(a / b);
  const r = fmodOf<T>(a, b);
  let q = <T>((a - r) / b);
  if (r != 0 && r < 0 != b < 0) q -= 1;
  return q == 0 ? copysign<T>(0, <T>(a / b)) : nearest<T>(q);
}

/** Runs an `one` of every type. */
function everyElement<OP>(t: i32): Run2 {
  return t <= F64 ? elements2<OP>(t) : integers2<OP>(t);
}

@final
@unmanaged
class FloorDivide {
  @inline one<T>(a: T, b: T, p: f64): T {
    return floorQuotient<T>(a, b);
  }
}

/** ⌊a / b⌋; 0 for integer b = 0. */
export function floorDivide(
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
  walk2(everyElement<FloorDivide>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class TruncDivide {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    return v128.trunc<T>(v128.div<T>(a, b));
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    return quotient<T>(a, b);
  }
}

/** a / b rounded toward zero; 0 for integer b = 0. */
export function truncDivide(
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
  walk2(numbers2<TruncDivide>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Remainder {
  @inline one<T>(a: T, b: T, p: f64): T {
    return remainderOf<T>(a, b);
  }
}

/** The remainder with the sign of b, as Python's %; 0 for integer b = 0. */
export function remainder(
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
  walk2(everyElement<Remainder>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Fmod {
  @inline one<T>(a: T, b: T, p: f64): T {
    return fmodOf<T>(a, b);
  }
}

/** The remainder with the sign of a, as C's fmod; 0 for integer b = 0. */
export function fmod(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(everyElement<Fmod>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

// ------------------------------------------------------------------------------------------- extrema

@final
@unmanaged
class Maximum {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    return v128.bitselect(a, v128.pmax<T>(b, a), v128.ne<T>(a, a));
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    return max<T>(a, b);
  }
}

/** The larger, b of equals (±0); NaN if either is. */
export function maximum(
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
  walk2(numbers2<Maximum>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Minimum {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    return v128.bitselect(a, v128.pmin<T>(b, a), v128.ne<T>(a, a));
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    return min<T>(a, b);
  }
}

/** The smaller, b of equals (±0); NaN if either is. */
export function minimum(
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
  walk2(numbers2<Minimum>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Fmax {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    const y = v128.pmax<T>(a, b);
    return v128.bitselect(y, b, v128.eq<T>(a, a));
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    return max<T>(a, b);
  }
}

/** The larger; a NaN counts as missing. */
export function fmax(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(numbers2<Fmax>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Fmin {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    const y = v128.pmin<T>(a, b);
    return v128.bitselect(y, b, v128.eq<T>(a, a));
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    return min<T>(a, b);
  }
}

/** The smaller; a NaN counts as missing. */
export function fmin(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(numbers2<Fmin>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Heaviside {
  @inline vec<T>(a: v128, b: v128, p: v128): v128 {
    const zero = v128.splat<T>(0);
    const step = v128.and(v128.gt<T>(a, zero), v128.splat<T>(1));
    return v128.bitselect(b, step, v128.eq<T>(a, zero));
  }
  @inline one<T>(a: T, b: T, p: f64): T {
    return a == 0 ? b : <T>(a > 0);
  }
}

/** 0 for a < 0, b for a = 0, 1 for a > 0; 0 for NaN. */
export function heaviside(
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
  walk2(numbers2<Heaviside>(t), t, t, y, a, b, p, mode, geom, begin, end);
}
