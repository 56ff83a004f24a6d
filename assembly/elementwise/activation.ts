/** Activation functions. p and q are the module's arguments; NaN stays NaN unless said otherwise. */
import { floats1, integers1, numbers1, singles1, streaming1, vectors1 } from "../common/dispatch";
import { F64 } from "../common/dtype";
import { walk1 } from "../common/map";
import { k4, magnitude4, select4 } from "../common/simd";
import * as math from "../math/double";
import { sigmoid, softplus as softplus64 } from "../math/scalar";
import { exp_f32x4, expm1_f32x4, gelu_f32x4, log1p_f32x4, sigmoid_f32x4, tanhCdf_f32x4 } from "../math/single";
import { erfc } from "../math/special/erf";

const ONE = memory.data<f32>([1]);
const TWO = memory.data<f32>([2]);

// @ts-ignore: decorator
@inline
function positive4(x: v128): v128 {
  return f32x4.gt(x, f32x4.splat(0));
}

@final
@unmanaged
class Relu {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.pmax<T>(x, v128.splat<T>(0));
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return max<T>(x, 0);
  }
}

/** max(x, 0), of every numeric type. */
export function relu(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(t <= F64 ? streaming1<Relu>(t) : integers1<Relu>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class LeakyRelu {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.bitselect(x, v128.mul<T>(x, p), v128.gt<T>(x, v128.splat<T>(0)));
  }
}

/** x where positive, p·x elsewhere. */
export function leakyRelu(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(vectors1<LeakyRelu>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Elu {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return f32x4.mul(q, select4(positive4(x), x, f32x4.mul(p, expm1_f32x4(x))));
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return q * (x > 0 ? x : p * math.expm1(x));
  }
}

/** q·x where positive, q·p·(eˣ − 1) elsewhere (p = alpha, q = scale). */
export function elu(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Elu>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Celu {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return select4(positive4(x), x, f32x4.mul(p, expm1_f32x4(f32x4.div(x, p))));
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return x > 0 ? x : p * math.expm1(x / p);
  }
}

/** x where positive, p·(e^(x/p) − 1) elsewhere. */
export function celu(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Celu>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Gelu {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return gelu_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return 0.5 * x * erfc(-x * Math.SQRT1_2);
  }
}

/** x Φ(x), with the error function. */
export function gelu(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(floats1<Gelu>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class GeluTanh {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return f32x4.mul(x, tanhCdf_f32x4(x));
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    const inner = x * (0.7978845608028654 + 0.035677408136300125 * x * x);
    return 0.5 * x * (1 + math.tanh(inner));
  }
}

/** x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))). */
export function geluTanh(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(floats1<GeluTanh>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Silu {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return f32x4.mul(x, sigmoid_f32x4(x));
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return x * sigmoid(x);
  }
}

/** x · sigmoid(x). */
export function silu(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(floats1<Silu>(t), t, t, y, x, p, q, geom, begin, end);
}

/** From here on tanh(softplus x) is 1 in f32, and the square below must not overflow. */
const MISH_HIGH = memory.data<f32>([20]);

@final
@unmanaged
class Mish {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    const e = exp_f32x4(f32x4.pmin(x, k4(MISH_HIGH)));
    const n = f32x4.mul(e, f32x4.add(e, k4(TWO)));
    return f32x4.mul(x, f32x4.div(n, f32x4.add(n, k4(TWO))));
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return x * math.tanh(softplus64(x));
  }
}

/** x · tanh(softplus x) = x · n / (n + 2) with n = eˣ (eˣ + 2). */
export function mish(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Mish>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Softplus {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    const z = f32x4.mul(x, p);
    const y = f32x4.div(log1p_f32x4(exp_f32x4(z)), p);
    return select4(f32x4.gt(z, q), x, y);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return x * p > q ? x : math.log1p(math.exp(x * p)) / p;
  }
}

/** log(1 + e^(p·x)) / p, and x where p·x > q. */
export function softplus(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Softplus>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class LogSigmoid {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    const tail = log1p_f32x4(exp_f32x4(f32x4.neg(magnitude4(x))));
    return f32x4.sub(f32x4.pmin(x, f32x4.splat(0)), tail);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return -softplus64(-x);
  }
}

/** log sigmoid(x) = min(x, 0) − log(1 + e^−|x|). */
export function logSigmoid(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<LogSigmoid>(t), t, t, y, x, p, q, geom, begin, end);
}

/** min(max(x + 3, 0), 6). */
// @ts-ignore: decorator
@inline
function ramp6<T>(x: v128): v128 {
  const shifted = v128.add<T>(x, v128.splat<T>(3));
  return v128.pmin<T>(v128.pmax<T>(shifted, v128.splat<T>(0)), v128.splat<T>(6));
}

@final
@unmanaged
class HardSigmoid {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.div<T>(ramp6<T>(x), v128.splat<T>(6));
  }
}

/** min(max(x + 3, 0), 6) / 6. */
export function hardsigmoid(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(vectors1<HardSigmoid>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class HardSwish {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.div<T>(v128.mul<T>(x, ramp6<T>(x)), v128.splat<T>(6));
  }
}

/** x · hardsigmoid(x). */
export function hardswish(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(vectors1<HardSwish>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class HardShrink {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.andnot(x, v128.le<T>(v128.abs<T>(x), p));
  }
}

/** 0 where |x| ≤ p, x elsewhere. */
export function hardshrink(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(vectors1<HardShrink>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class SoftShrink {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    const above = v128.and(v128.gt<T>(x, p), v128.sub<T>(x, p));
    const below = v128.and(v128.lt<T>(x, v128.neg<T>(p)), v128.add<T>(x, p));
    return v128.or(above, below);
  }
}

/** x moved toward 0 by p, and 0 where |x| ≤ p (also for NaN, as in PyTorch). */
export function softshrink(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(vectors1<SoftShrink>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Threshold {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return v128.bitselect(q, x, v128.le<T>(x, p));
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return <f64>x <= p ? <T>q : x;
  }
}

/** q where x ≤ p, x elsewhere. */
export function threshold(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(numbers1<Threshold>(t), t, t, y, x, p, q, geom, begin, end);
}
