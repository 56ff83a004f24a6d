/** Arithmetic, rounding and predicates of one input. */

import { integers1, numbers1, predicates1, singles1, vectors1 } from "../common/dispatch";
import { BOOL, F64 } from "../common/dtype";
import { walk1 } from "../common/map";
import { Run1 } from "../common/run";
import * as math from "../math/double";
import { powInteger } from "../math/scalar";
import { pow_f32x4 } from "../math/single";

@final
@unmanaged
class Abs {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.abs<T>(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return isSigned<T>() ? select<T>(-x, x, x < 0) : x;
  }
}

/** Absolute value of every numeric type. */
export function abs(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(numbers1<Abs>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Neg {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.neg<T>(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return <T>-x;
  }
}

/** Negation of every numeric type; integers wrap. */
export function neg(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(numbers1<Neg>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Sign {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    const zero = v128.splat<T>(0),
      one = v128.splat<T>(1);
    const negative = v128.and(v128.lt<T>(x, zero), one);
    return v128.sub<T>(v128.and(v128.gt<T>(x, zero), one), negative);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return <T>(i32(x > 0) - i32(x < 0));
  }
}

/** −1, 0 or 1; 0 for NaN, as in PyTorch. */
export function sign(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(numbers1<Sign>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Square {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.mul<T>(x, x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return <T>(x * x);
  }
}

/** x². */
export function square(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(numbers1<Square>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Sqrt {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.sqrt<T>(x);
  }
}

/** Square root. */
export function sqrt(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(vectors1<Sqrt>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Rsqrt {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.div<T>(v128.splat<T>(1), v128.sqrt<T>(x));
  }
}

/** 1 / √x. */
export function rsqrt(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(vectors1<Rsqrt>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Reciprocal {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.div<T>(v128.splat<T>(1), x);
  }
}

/** 1 / x. */
export function reciprocal(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(vectors1<Reciprocal>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Frac {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.sub<T>(x, v128.trunc<T>(x));
  }
}

/** x − trunc x. */
export function frac(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(vectors1<Frac>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Identity {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return x;
  }
}

/** Integers are their own roundings. */
function roundings<OP>(t: i32): Run1 {
  return t <= F64 ? vectors1<OP>(t) : integers1<Identity>(t);
}

@final
@unmanaged
class Ceil {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.ceil<T>(x);
  }
}

/** The smallest integer not below x. */
export function ceil(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(roundings<Ceil>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Floor {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.floor<T>(x);
  }
}

/** The largest integer not above x. */
export function floor(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(roundings<Floor>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Trunc {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.trunc<T>(x);
  }
}

/** The integer part of x. */
export function trunc(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(roundings<Trunc>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Round {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.nearest<T>(x);
  }
}

/** The nearest integer; halves go to the even one. */
export function round(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(roundings<Round>(t), t, t, y, x, p, q, geom, begin, end);
}

// ------------------------------------------------------------------------------------------- bounds and powers

@final
@unmanaged
class Clamp {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.pmin<T>(v128.pmax<T>(x, p), q);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return min<T>(max<T>(x, <T>p), <T>q);
  }
}

/** min(max(x, p), q) for bounds that are numbers; NaN stays NaN. */
export function clamp(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(numbers1<Clamp>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class ClampMin {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.pmax<T>(x, p);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return max<T>(x, <T>p);
  }
}

/** max(x, p) for a p that is a number; NaN stays NaN. */
export function clampMin(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(numbers1<ClampMin>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class ClampMax {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.pmin<T>(x, p);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return min<T>(x, <T>p);
  }
}

/** min(x, p) for a p that is a number; NaN stays NaN. */
export function clampMax(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(numbers1<ClampMax>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Cube {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.mul<T>(v128.mul<T>(x, x), x);
  }
}
@final
@unmanaged
class ReciprocalSquare {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.div<T>(v128.splat<T>(1), v128.mul<T>(x, x));
  }
}
@final
@unmanaged
class Power {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return pow_f32x4(x, p);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return isFloat<T>() ? <T>math.pow(<f64>x, p) : powInteger<T>(x, <i64>p);
  }
}

/** Exponents that need no logarithm are as exact as their arithmetic. */
function powers(t: i32, p: f64): Run1 {
  if (t > F64) return integers1<Power>(t);
  if (p == 2) return vectors1<Square>(t);
  if (p == 0.5) return vectors1<Sqrt>(t);
  if (p == 3) return vectors1<Cube>(t);
  if (p == -0.5) return vectors1<Rsqrt>(t);
  if (p == -1) return vectors1<Reciprocal>(t);
  if (p == -2) return vectors1<ReciprocalSquare>(t);
  return singles1<Power>(t);
}

/** x^p. Integers take integral p and wrap; a negative p gives 0 for |x| > 1. */
export function powScalar(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(powers(t, p), t, t, y, x, p, q, geom, begin, end);
}

// ------------------------------------------------------------------------------------------- predicates

@final
@unmanaged
class IsNan {
  @inline one<T>(x: T, p: f64, q: f64): bool {
    return x != x;
  }
}

/** Whether x is NaN. */
export function isnan(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(predicates1<IsNan>(t), BOOL, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class IsInf {
  @inline one<T>(x: T, p: f64, q: f64): bool {
    return isFloat<T>() && (<f64>x == Infinity || <f64>x == -Infinity);
  }
}

/** Whether x is infinite. */
export function isinf(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(predicates1<IsInf>(t), BOOL, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class IsPosInf {
  @inline one<T>(x: T, p: f64, q: f64): bool {
    return isFloat<T>() && <f64>x == Infinity;
  }
}

/** Whether x is +∞. */
export function isposinf(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(predicates1<IsPosInf>(t), BOOL, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class IsNegInf {
  @inline one<T>(x: T, p: f64, q: f64): bool {
    return isFloat<T>() && <f64>x == -Infinity;
  }
}

/** Whether x is −∞. */
export function isneginf(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(predicates1<IsNegInf>(t), BOOL, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class IsFinite {
  @inline one<T>(x: T, p: f64, q: f64): bool {
    return isInteger<T>() || (<f64>x < Infinity && <f64>x > -Infinity);
  }
}

/** Whether x is neither infinite nor NaN. */
export function isfinite(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(predicates1<IsFinite>(t), BOOL, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class SignBit {
  @inline one<T>(x: T, p: f64, q: f64): bool {
    if (isInteger<T>()) return x < 0;
    return sizeof<T>() == 4 ? reinterpret<i32>(<f32>x) < 0 : reinterpret<i64>(<f64>x) < 0;
  }
}

/** Whether the sign bit is set, also of −0 and NaN. */
export function signbit(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(predicates1<SignBit>(t), BOOL, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class LogicalNot {
  @inline one<T>(x: T, p: f64, q: f64): bool {
    return x == 0;
  }
}

/** Whether x is 0 (or false). */
export function logicalNot(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(predicates1<LogicalNot>(t), BOOL, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class BitwiseNot {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return <T>~x;
  }
}

/** Complement of an integer; of a bool, its negation. */
export function bitwiseNot(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(t == BOOL ? predicates1<LogicalNot>(t) : integers1<BitwiseNot>(t), t, t, y, x, p, q, geom, begin, end);
}
