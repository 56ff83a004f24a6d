/** Gradients of activation functions, from that of the output and, as the function asks, the input or the output. */
import { singles2, streaming2, vectors2 } from "../common/dispatch";
import { walk2 } from "../common/map";
import { fma4, k4 } from "../common/simd";
import * as math from "../math/double";
import { sigmoid as sigmoid64 } from "../math/scalar";
import { geluSlope_f32x4, sigmoid_f32x4 } from "../math/single";
import { erfc } from "../math/special/erf";

const ONE = memory.data<f32>([1]);

@final
@unmanaged
class ThresholdBackward {
  @inline vec<T>(g: v128, x: v128, p: v128): v128 {
    return v128.andnot(g, v128.le<T>(x, p));
  }
}

/** 0 where x <= p, g elsewhere, at NaN too: the gradient of relu and threshold. */
export function thresholdBackward(
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
  walk2(streaming2<ThresholdBackward>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class InsideBackward {
  @inline vec<T>(g: v128, x: v128, p: v128): v128 {
    return v128.andnot(g, v128.ge<T>(v128.abs<T>(x), p));
  }
}

/** 0 where |x| >= p, g elsewhere, at NaN too: the gradient of hardtanh and hardsigmoid. */
export function insideBackward(
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
  walk2(streaming2<InsideBackward>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class LeakyReluBackward {
  @inline vec<T>(g: v128, x: v128, p: v128): v128 {
    return v128.bitselect(g, v128.mul<T>(g, p), v128.gt<T>(x, i64x2.splat(0)));
  }
}

/** g where x > 0, p·g elsewhere. */
export function leakyReluBackward(
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
  walk2(streaming2<LeakyReluBackward>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class HardswishBackward {
  @inline vec<T>(g: v128, x: v128, p: v128): v128 {
    const three = v128.splat<T>(3),
      slope = v128.add<T>(v128.div<T>(x, three), v128.splat<T>(<T>0.5));
    const inside = v128.bitselect(v128.mul<T>(g, slope), g, v128.lt<T>(x, three));
    return v128.andnot(inside, v128.lt<T>(x, v128.neg<T>(three)));
  }
}

/** 0 below −3, g·(x/3 + ½) from there to 3, g elsewhere, at NaN too. */
export function hardswishBackward(
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
  walk2(streaming2<HardswishBackward>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class SigmoidBackward {
  @inline vec<T>(g: v128, y: v128, p: v128): v128 {
    return v128.mul<T>(v128.mul<T>(g, y), v128.sub<T>(v128.splat<T>(1), y));
  }
}

/** g·y·(1 − y). */
export function sigmoidBackward(
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
  walk2(vectors2<SigmoidBackward>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class TanhBackward {
  @inline vec<T>(g: v128, y: v128, p: v128): v128 {
    return v128.mul<T>(g, v128.sub<T>(v128.splat<T>(1), v128.mul<T>(y, y)));
  }
}

/** g·(1 − y²). */
export function tanhBackward(
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
  walk2(vectors2<TanhBackward>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class GeluBackward {
  @inline vec<T>(g: v128, x: v128, p: v128): v128 {
    return f32x4.mul(g, geluSlope_f32x4(x));
  }
  @inline one<T>(g: T, x: T, p: f64): T {
    return g * (0.5 * erfc(-x * Math.SQRT1_2) + x * 0.3989422804014327 * math.exp(-0.5 * x * x));
  }
}

/** g·(Φ(x) + x φ(x)), with the normal distribution and its density. */
export function geluBackward(
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
  walk2(singles2<GeluBackward>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class SiluBackward {
  @inline vec<T>(g: v128, x: v128, p: v128): v128 {
    const s = sigmoid_f32x4(x);
    return f32x4.mul(f32x4.mul(g, s), fma4(x, f32x4.sub(k4(ONE), s), k4(ONE)));
  }
  @inline one<T>(g: T, x: T, p: f64): T {
    const s = sigmoid64(x);
    return g * s * (1 + x * (1 - s));
  }
}

/** g·s·(1 + x·(1 − s)) with s = sigmoid(x). */
export function siluBackward(
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
  walk2(singles2<SiluBackward>(t), t, t, y, a, b, p, mode, geom, begin, end);
}
