/**
 * Elementary functions on four f32 lanes. Each states its error bound in units in the last place (ULP), measured over
 * its whole range against float64 on both targets (`test/kernels/math.test.ts`). NaN, infinities, subnormals and signed
 * zeros give what IEEE 754 and C's Annex F say. A lane's result never depends on its neighbors. Polynomials are our own
 * minimax fits, coefficients rounded to f32 one after another.
 *
 * `pmin(x, bound)` and `pmax(x, bound)` return `x` where it is NaN: the order of their arguments matters.
 */
import { fma4, k4, magnitude4, poly8, poly10, select4, withSign4 } from "../common/simd";

export * from "./exponential";
export * from "./power";
export * from "./trigonometry";

const ONE = memory.data<f32>([1]);
const TWO = memory.data<f32>([2]);
const HALF = memory.data<f32>([0.5]);
const INF = memory.data<f32>([Infinity]);
const MIN_NORMAL = memory.data<u32>([0x00800000]);

const LN2_HI = memory.data<f32>([0.693359375]);
const LN2_LO = memory.data<f32>([-2.1219444005469058e-4]);
const SQRT_HALF = memory.data<f32>([0.7071067811865476]);
const MINUS_HALF = memory.data<f32>([-0.5]);
/** (log(1 + f) − f + f²/2) / f³ on √½ ≤ 1 + f ≤ √2; the error is 2⁻²⁷ of log(1 + f). */
const LOG1P = memory.data<f32>([
  0.3333333, -0.2500082, 0.20001242, -0.16623409, 0.1420158, -0.1315961, 0.12762217, -0.07636439,
]);

/** n with x = 2ⁿ m and √½ ≤ m < √2, for positive normal x. */
// @ts-ignore: decorator
@inline
function exponentAtSqrtHalf(x: v128): v128 {
  return i32x4.shr_s(i32x4.sub(x, k4(SQRT_HALF)), 23);
}

/** m − 1 for x = 2ⁿ m. */
// @ts-ignore: decorator
@inline
function mantissaMinus1(x: v128, n: v128): v128 {
  return f32x4.sub(i32x4.sub(x, i32x4.shl(n, 23)), k4(ONE));
}

/** log(1 + f) − f for √½ ≤ 1 + f ≤ √2. */
// @ts-ignore: decorator
@inline
function log1pTail(f: v128): v128 {
  const f2 = f32x4.mul(f, f);
  return fma4(k4(MINUS_HALF), f2, f32x4.mul(f32x4.mul(f2, f), poly8(f, LOG1P)));
}

/** The order in which the bits of positive normal numbers come first, as unsigned integers. */
// @ts-ignore: decorator
@inline
export function normalKey(x: v128): v128 {
  return i32x4.sub(x, k4(MIN_NORMAL));
}
/** The last such key. */
export const NORMAL_KEYS = memory.data<u32>([0x7effffff]);

/** log x of positive normal numbers. */
// @ts-ignore: decorator
@inline
export function logNormal(x: v128): v128 {
  const n = exponentAtSqrtHalf(x);
  const f = mantissaMinus1(x, n);
  const exponent = f32x4.convert_i32x4_s(n);
  const tail = fma4(exponent, k4(LN2_LO), log1pTail(f));
  return fma4(exponent, k4(LN2_HI), f32x4.add(f, tail));
}

/** Whether all lanes are positive, normal and finite. */
// @ts-ignore: decorator
@inline
function allNormal(x: v128): bool {
  return i32x4.all_true(v128.and(f32x4.ge(x, k4(MIN_NORMAL)), f32x4.lt(x, k4(INF))));
}

const TWO_24 = memory.data<f32>([16777216]);

/** x · 2²⁴ in subnormal lanes, x elsewhere. */
// @ts-ignore: decorator
@inline
function scaleSubnormals(x: v128): v128 {
  return select4(f32x4.lt(x, k4(MIN_NORMAL)), f32x4.mul(x, k4(TWO_24)), x);
}

/** Turns y = log(scaleSubnormals(x)) into log x for every x; `shift` is the logarithm of 2²⁴ in the base. */
function finishLog(x: v128, y: v128, shift: f32): v128 {
  const zero = f32x4.splat(0);
  y = f32x4.sub(y, v128.and(f32x4.lt(x, k4(MIN_NORMAL)), f32x4.splat(shift)));
  y = select4(f32x4.eq(x, k4(INF)), x, y);
  y = select4(f32x4.eq(x, zero), f32x4.neg(k4(INF)), y);
  return select4(f32x4.ge(x, zero), y, f32x4.splat(NaN));
}

// @ts-ignore: decorator
@inline
const LN_2_24: f32 = 16.635532333438686;

function logEdge(x: v128): v128 {
  return finishLog(x, logNormal(scaleSubnormals(x)), LN_2_24);
}

/** Natural logarithm. Error ≤ 1.5 ULP. */
// @ts-ignore: decorator
@inline
export function log_f32x4(x: v128): v128 {
  if (allNormal(x)) return logNormal(x);
  return logEdge(x);
}

// @ts-ignore: decorator
@inline
function log2Normal(x: v128): v128 {
  const n = exponentAtSqrtHalf(x);
  const f = mantissaMinus1(x, n);
  const tail = log1pTail(f);
  const low = fma4(tail, k4(LOG2_E), f32x4.mul(f, k4(LOG2_E_LO)));
  return f32x4.add(f32x4.convert_i32x4_s(n), fma4(f, k4(LOG2_E_HI), low));
}
const LOG2_E = memory.data<f32>([1.4426950408889634]);
/** log₂ e in two parts; the product of the first with a mantissa loses at most its last bits. */
const LOG2_E_HI = memory.data<f32>([1.44140625]);
const LOG2_E_LO = memory.data<f32>([0.0012887908889634]);

function log2Edge(x: v128): v128 {
  return finishLog(x, log2Normal(scaleSubnormals(x)), 24);
}

/** Logarithm to base 2. Error ≤ 2 ULP; exact for powers of two. */
// @ts-ignore: decorator
@inline
export function log2_f32x4(x: v128): v128 {
  if (allNormal(x)) return log2Normal(x);
  return log2Edge(x);
}

const LOG10_E = memory.data<f32>([0.4342944819032518]);
/** log₁₀ 2 in two parts; the first has 11 bits. */
const LOG10_2_HI = memory.data<f32>([0.30078125]);
const LOG10_2_LO = memory.data<f32>([2.4874566398119521e-4]);

// @ts-ignore: decorator
@inline
function log10Normal(x: v128): v128 {
  const n = exponentAtSqrtHalf(x);
  const f = mantissaMinus1(x, n);
  const exponent = f32x4.convert_i32x4_s(n);
  const low = fma4(f32x4.add(f, log1pTail(f)), k4(LOG10_E), f32x4.mul(exponent, k4(LOG10_2_LO)));
  return fma4(exponent, k4(LOG10_2_HI), low);
}

// @ts-ignore: decorator
@inline
const LOG10_2_24: f32 = 7.224719895935548;

function log10Edge(x: v128): v128 {
  return finishLog(x, log10Normal(scaleSubnormals(x)), LOG10_2_24);
}

/** Logarithm to base 10. Error ≤ 3 ULP. */
// @ts-ignore: decorator
@inline
export function log10_f32x4(x: v128): v128 {
  if (allNormal(x)) return log10Normal(x);
  return log10Edge(x);
}

/** What 1 + x lost when it was rounded to u. */
// @ts-ignore: decorator
@inline
function lostInOnePlus(x: v128, u: v128): v128 {
  const small = f32x4.sub(x, f32x4.sub(u, k4(ONE)));
  const large = f32x4.sub(k4(ONE), f32x4.sub(u, x));
  return select4(f32x4.lt(x, k4(ONE)), small, large);
}

/** log(1 + x) for normal u = 1 + x. Where u needs no scaling x itself is the reduced argument, so nothing cancels. */
// @ts-ignore: decorator
@inline
function log1pNormal(x: v128, u: v128): v128 {
  const n = exponentAtSqrtHalf(u);
  const unscaled = i32x4.eq(n, i32x4.splat(0));
  const f = select4(unscaled, x, mantissaMinus1(u, n));
  const lost = v128.andnot(f32x4.div(lostInOnePlus(x, u), u), unscaled);
  const exponent = f32x4.convert_i32x4_s(n);
  const tail = f32x4.add(log1pTail(f), fma4(exponent, k4(LN2_LO), lost));
  return withSign4(fma4(exponent, k4(LN2_HI), f32x4.add(f, tail)), x);
}

function log1pEdge(x: v128, u: v128): v128 {
  return finishLog(u, log1pNormal(x, u), 0);
}

/** log(1 + x). Error ≤ 2 ULP. */
// @ts-ignore: decorator
@inline
export function log1p_f32x4(x: v128): v128 {
  const u = f32x4.add(x, k4(ONE));
  if (allNormal(u)) return log1pNormal(x, u);
  return log1pEdge(x, u);
}

/** From here on asinh and acosh are log 2x in f32, and x² must not overflow. */
const HUGE = memory.data<f32>([1e9]);
const LN2 = memory.data<f32>([0.6931471805599453]);

/** Inverse hyperbolic sine, log1p(a + a² / (1 + √(a² + 1))). Error ≤ 4 ULP. */
// @ts-ignore: decorator
@inline
export function asinh_f32x4(x: v128): v128 {
  const a = magnitude4(x);
  const huge = f32x4.ge(a, k4(HUGE));
  const a2 = f32x4.mul(a, a);
  const root = f32x4.sqrt(f32x4.add(a2, k4(ONE)));
  const t = f32x4.add(a, f32x4.div(a2, f32x4.add(root, k4(ONE))));
  const y = log1p_f32x4(select4(huge, a, t));
  return withSign4(f32x4.add(y, v128.and(huge, k4(LN2))), x);
}

/** Inverse hyperbolic cosine, log1p(t + √t √(t + 2)) with t = x − 1. Error ≤ 4 ULP. */
// @ts-ignore: decorator
@inline
export function acosh_f32x4(x: v128): v128 {
  const huge = f32x4.ge(x, k4(HUGE));
  const t = f32x4.sub(x, k4(ONE));
  const root = f32x4.mul(f32x4.sqrt(t), f32x4.sqrt(f32x4.add(t, k4(TWO))));
  const y = log1p_f32x4(select4(huge, x, f32x4.add(t, root)));
  return f32x4.add(y, v128.and(huge, k4(LN2)));
}

/** Inverse hyperbolic tangent, log1p(2a / (1 − a)) / 2. Error ≤ 4 ULP. */
// @ts-ignore: decorator
@inline
export function atanh_f32x4(x: v128): v128 {
  const a = magnitude4(x);
  const y = log1p_f32x4(f32x4.div(f32x4.add(a, a), f32x4.sub(k4(ONE), a)));
  return withSign4(f32x4.mul(k4(HALF), y), x);
}

/** erfinv(x) / x in w − 2.5 for w < 5, where w = −log(1 − x²); in √w − 3 for all larger w of f32. */
const ERFINV_NEAR = memory.data<f32>([
  1.5014094, 0.2466403, -0.0041775, -0.0012527587, 0.0002184105, -4.954133e-6, -3.4769282e-6, 4.6426408e-7,
  2.4251294e-8, -8.65836e-9,
]);
const ERFINV_FAR = memory.data<f32>([
  2.8329768, 1.0016749, 0.009444449, -0.007635728, 0.005693904, -0.0036057208, 0.0014671438, -3.9141392e-5,
  -0.00029519276, 0.00010242874,
]);
const ERFINV_SPLIT = memory.data<f32>([5]);
const ERFINV_CENTER = memory.data<f32>([2.5]);
const ERFINV_ROOT = memory.data<f32>([3]);
/** Keeps the infinite w of ±1 from being ∞ − ∞. */
const ERFINV_MOST = memory.data<f32>([5]);

/**
 * Inverse error function, after M. Giles, "Approximating the erfinv function" (2012); NaN beyond ±1. Error ≤ 4 ULP.
 */
// @ts-ignore: decorator
@inline
export function erfinv_f32x4(x: v128): v128 {
  const rest = f32x4.mul(f32x4.sub(k4(ONE), x), f32x4.add(k4(ONE), x));
  const w = f32x4.neg(log_f32x4(rest));
  const near = poly10(f32x4.sub(w, k4(ERFINV_CENTER)), ERFINV_NEAR);
  const root = f32x4.pmin(f32x4.sqrt(w), k4(ERFINV_MOST));
  const far = poly10(f32x4.sub(root, k4(ERFINV_ROOT)), ERFINV_FAR);
  const y = f32x4.mul(select4(f32x4.lt(w, k4(ERFINV_SPLIT)), near, far), x);
  return select4(f32x4.eq(rest, f32x4.splat(0)), f32x4.div(x, rest), y);
}
