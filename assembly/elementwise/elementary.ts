/** Elementary functions: f32 by the vectors of `math.ts`, f64 by `math64.ts` and `Math`, one element at a time. */
import { floats1, guarded1, singles1 } from "../common/dispatch";
import { walk1 } from "../common/map";
import { k4, magnitude4, select4 } from "../common/simd";
import * as math from "../math/double";
import { sigmoid as sigmoid64 } from "../math/scalar";
import {
  acos_f32x4,
  acosh_f32x4,
  asin_f32x4,
  asinh_f32x4,
  atan_f32x4,
  atanh_f32x4,
  cos_f32x4,
  cosh_f32x4,
  EXP_NORMAL,
  exp_f32x4,
  exp2_f32x4,
  expm1_f32x4,
  expNormal,
  log_f32x4,
  log1p_f32x4,
  log2_f32x4,
  log10_f32x4,
  logNormal,
  NORMAL_KEYS,
  normalKey,
  sigmoid_f32x4,
  sin_f32x4,
  sinh_f32x4,
  tan_f32x4,
  tanh_f32x4,
} from "../math/single";

@final
@unmanaged
class Exp {
  @inline key(x: v128): v128 {
    return magnitude4(x);
  }
  @inline lastKey(): v128 {
    return k4(EXP_NORMAL);
  }
  @inline ordinary(x: v128): v128 {
    return expNormal(x);
  }
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return exp_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return math.exp(x);
  }
}

/** eˣ. */
export function exp(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(guarded1<Exp>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Exp2 {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return exp2_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return math.exp2(x);
  }
}

/** 2ˣ. */
export function exp2(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Exp2>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Expm1 {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return expm1_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return math.expm1(x);
  }
}

/** eˣ − 1. */
export function expm1(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Expm1>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Log {
  @inline key(x: v128): v128 {
    return normalKey(x);
  }
  @inline lastKey(): v128 {
    return k4(NORMAL_KEYS);
  }
  @inline ordinary(x: v128): v128 {
    return logNormal(x);
  }
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return log_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return math.log(x);
  }
}

/** Natural logarithm. */
export function log(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(guarded1<Log>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Log2 {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return log2_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return math.log2(x);
  }
}

/** Logarithm to base 2. */
export function log2(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Log2>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Log10 {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return log10_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return Math.log10(x);
  }
}

/** Logarithm to base 10. */
export function log10(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Log10>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Log1p {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return log1p_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return math.log1p(x);
  }
}

/** log(1 + x). */
export function log1p(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Log1p>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Sin {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return sin_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return Math.sin(x);
  }
}

/** Sine, in radians. */
export function sin(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Sin>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Cos {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return cos_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return Math.cos(x);
  }
}

/** Cosine, in radians. */
export function cos(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Cos>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Tan {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return tan_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return math.tan(x);
  }
}

/** Tangent, in radians. */
export function tan(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Tan>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Asin {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return asin_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return math.asin(x);
  }
}

/** Inverse sine. */
export function asin(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Asin>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Acos {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return acos_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return math.acos(x);
  }
}

/** Inverse cosine. */
export function acos(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Acos>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Atan {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return atan_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return Math.atan(x);
  }
}

/** Inverse tangent. */
export function atan(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Atan>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Sinh {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return sinh_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return math.sinh(x);
  }
}

/** Hyperbolic sine. */
export function sinh(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Sinh>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Cosh {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return cosh_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return math.cosh(x);
  }
}

/** Hyperbolic cosine. */
export function cosh(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Cosh>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Tanh {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return tanh_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return math.tanh(x);
  }
}

/** Hyperbolic tangent. */
export function tanh(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(floats1<Tanh>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Asinh {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return asinh_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return math.asinh(x);
  }
}

/** Inverse hyperbolic sine. */
export function asinh(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Asinh>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Acosh {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return acosh_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return math.acosh(x);
  }
}

/** Inverse hyperbolic cosine. */
export function acosh(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Acosh>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Atanh {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return atanh_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return math.atanh(x);
  }
}

/** Inverse hyperbolic tangent. */
export function atanh(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Atanh>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Sigmoid {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return sigmoid_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return sigmoid64(x);
  }
}

/** 1 / (1 + e⁻ˣ). */
export function sigmoid(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(floats1<Sigmoid>(t), t, t, y, x, p, q, geom, begin, end);
}

const PI = memory.data<f32>([3.141592653589793]);
const ONE = memory.data<f32>([1]);

@final
@unmanaged
class Sinc {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    const z = f32x4.mul(x, k4(PI));
    return select4(f32x4.eq(x, f32x4.splat(0)), k4(ONE), f32x4.div(sin_f32x4(z), z));
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    const z = x * Math.PI;
    return x == 0 ? 1 : Math.sin(z) / z;
  }
}

/** sin πx / πx, and 1 at 0. */
export function sinc(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Sinc>(t), t, t, y, x, p, q, geom, begin, end);
}
