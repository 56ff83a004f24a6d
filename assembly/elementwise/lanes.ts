/**
 * Functions of four f32 lanes for kernels that are generated while a program runs (`src/backend/wasm/fused/`): those import them, so that their numbers are
 * those of the kernels here. JavaScript cannot call them.
 */
import {
  cos_f32x4,
  erf_f32x4,
  exp_f32x4,
  exp2_f32x4,
  expm1_f32x4,
  gelu_f32x4,
  geluSlope_f32x4,
  log_f32x4,
  log1p_f32x4,
  pow_f32x4,
  sigmoid_f32x4,
  sin_f32x4,
  tanh_f32x4,
  tanhCdf_f32x4,
} from "../math/single";

/** eˣ. */
export function laneExp(x: v128): v128 {
  return exp_f32x4(x);
}

/** 2ˣ. */
export function laneExp2(x: v128): v128 {
  return exp2_f32x4(x);
}

/** eˣ − 1. */
export function laneExpm1(x: v128): v128 {
  return expm1_f32x4(x);
}

/** Natural logarithm. */
export function laneLog(x: v128): v128 {
  return log_f32x4(x);
}

/** log(1 + x). */
export function laneLog1p(x: v128): v128 {
  return log1p_f32x4(x);
}

/** Sine, in radians. */
export function laneSin(x: v128): v128 {
  return sin_f32x4(x);
}

/** Cosine, in radians. */
export function laneCos(x: v128): v128 {
  return cos_f32x4(x);
}

/** Hyperbolic tangent. */
export function laneTanh(x: v128): v128 {
  return tanh_f32x4(x);
}

/** 1 / (1 + e⁻ˣ). */
export function laneSigmoid(x: v128): v128 {
  return sigmoid_f32x4(x);
}

/** Error function. */
export function laneErf(x: v128): v128 {
  return erf_f32x4(x);
}

/** x Φ(x). */
export function laneGelu(x: v128): v128 {
  return gelu_f32x4(x);
}

/** The derivative of x Φ(x). */
export function laneGeluSlope(x: v128): v128 {
  return geluSlope_f32x4(x);
}

/** (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2. */
export function laneTanhCdf(x: v128): v128 {
  return tanhCdf_f32x4(x);
}

/** a to the power b. */
export function lanePow(a: v128, b: v128): v128 {
  return pow_f32x4(a, b);
}
