/** The exponential of four f32 lanes and what is made of it; the rules of `math.ts` hold here too. */
import { fma4, fnma4, k4, magnitude4, poly2, poly5, poly6, poly7, poly9, select4, withSign4 } from "../common/simd";

const ONE = memory.data<f32>([1]);
const TWO = memory.data<f32>([2]);

// ------------------------------------------------------------------------------------------- argument reduction

/**
 * Adding 1.5 · 2²³ rounds to an integer n, which then also stands in the low bits of the sum; a left shift by 23 makes
 * it an exponent. The others add a bias: 127 gives 2ⁿ, 254 what two factors need.
 */
const MAGIC = memory.data<f32>([12582912]);
const MAGIC_127 = memory.data<f32>([12583039]);
const MAGIC_254 = memory.data<f32>([12583166]);
const LOG2_E = memory.data<f32>([1.4426950408889634]);
/** −ln 2 in two parts; the first has 9 bits, so that its product with an exponent is exact. */
const MINUS_LN2_HI = memory.data<f32>([-0.693359375]);
const MINUS_LN2_LO = memory.data<f32>([2.1219444005469058e-4]);
/** (eʳ − 1 − r) / r² on |r| ≤ ln 2 / 2; the error is 2⁻²⁶ of eʳ − 1. */
const EXPM1 = memory.data<f32>([0.5, 0.16666539, 0.041666426, 0.008367152, 0.0013938773]);

/** r = x − n ln 2 for biased = n + magic. */
// @ts-ignore: decorator
@inline
function remainder(x: v128, biased: v128, magic: usize): v128 {
  const n = f32x4.sub(biased, k4(magic));
  return fma4(n, k4(MINUS_LN2_LO), fma4(n, k4(MINUS_LN2_HI), x));
}

/** eʳ on |r| ≤ ln 2 / 2. */
// @ts-ignore: decorator
@inline
function expReduced(r: v128): v128 {
  return fma4(f32x4.mul(r, r), poly5(r, EXPM1), f32x4.add(r, k4(ONE)));
}

/** eʳ − 1 on |r| ≤ ln 2 / 2. */
// @ts-ignore: decorator
@inline
function expm1Reduced(r: v128): v128 {
  return fma4(f32x4.mul(r, r), poly5(r, EXPM1), r);
}

// ------------------------------------------------------------------------------------------- eˣ

/** y · 2ⁿ for biased = n + MAGIC_254 and −252 ≤ n ≤ 254, in two factors so that only the last product rounds. */
// @ts-ignore: decorator
@inline
function scaleByPower(y: v128, biased: v128): v128 {
  const half = i32x4.shr_u(biased, 1);
  const rest = i32x4.sub(biased, half);
  return f32x4.mul(f32x4.mul(y, i32x4.shl(half, 23)), i32x4.shl(rest, 23));
}

/** Beyond these bounds eˣ is 0 or infinite in f32. */
const EXP_LOW = memory.data<f32>([-104]);
const EXP_HIGH = memory.data<f32>([89]);

/** eˣ. Error ≤ 1.5 ULP, also among subnormal results. */
// @ts-ignore: decorator
@inline
export function exp_f32x4(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, k4(EXP_LOW)), k4(EXP_HIGH));
  const biased = fma4(x, k4(LOG2_E), k4(MAGIC_254));
  return scaleByPower(expReduced(remainder(x, biased, MAGIC_254)), biased);
}

/** Up to this magnitude eˣ and 1 / eˣ are normal numbers. */
export const EXP_NORMAL = memory.data<f32>([87]);

/** The same bits for |x| ≤ EXP_NORMAL. */
// @ts-ignore: decorator
@inline
export function expNormal(x: v128): v128 {
  const biased = fma4(x, k4(LOG2_E), k4(MAGIC));
  return i32x4.add(expReduced(remainder(x, biased, MAGIC)), i32x4.shl(biased, 23));
}

/** The exponent of 2⁻¹²⁷ is that of 0. */
const NEGATIVE_LOW = memory.data<f32>([-88]);

/** eˣ for x ≤ 0 (or NaN). Error ≤ 1.5 ULP; results that would not be normal are 0. */
// @ts-ignore: decorator
@inline
export function expNegative_f32x4(x: v128): v128 {
  x = f32x4.pmax(x, k4(NEGATIVE_LOW));
  const biased = fma4(x, k4(LOG2_E), k4(MAGIC_127));
  return f32x4.mul(expReduced(remainder(x, biased, MAGIC_127)), i32x4.shl(biased, 23));
}

/** (2ʳ − 1) / r on |r| ≤ ½; the error is 2⁻²⁸ of 2ʳ − 1. */
const EXP2 = memory.data<f32>([0.6931472, 0.2402265, 0.055503596, 0.009618062, 0.0013391011, 0.00015463289]);
const EXP2_LOW = memory.data<f32>([-151]);
const EXP2_HIGH = memory.data<f32>([129]);

/** 2ˣ. Error ≤ 2 ULP; exact for integers. */
// @ts-ignore: decorator
@inline
export function exp2_f32x4(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, k4(EXP2_LOW)), k4(EXP2_HIGH));
  const biased = f32x4.add(x, k4(MAGIC_254));
  const r = f32x4.sub(x, f32x4.sub(biased, k4(MAGIC_254)));
  return scaleByPower(fma4(r, poly6(r, EXP2), k4(ONE)), biased);
}

// ------------------------------------------------------------------------------------------- sigmoids

/** 2³² and the bias that multiplies a power by it: neither end of the range below then leaves the normal numbers. */
const TWO_32 = memory.data<f32>([4294967296]);
const MAGIC_159 = memory.data<f32>([12583071]);

/** e / (1 + e) for e = y · 2ⁿ, biased = n + MAGIC_159 and −158 ≤ n ≤ 90; subnormal results are rounded once. */
// @ts-ignore: decorator
@inline
function overOnePlus(y: v128, biased: v128): v128 {
  const scaled = f32x4.mul(y, i32x4.shl(biased, 23));
  return f32x4.div(scaled, f32x4.add(scaled, k4(TWO_32)));
}

/** Beyond these bounds the sigmoid is 0 or 1 in f32. */
const SIGMOID_LOW = memory.data<f32>([-105]);
const SIGMOID_HIGH = memory.data<f32>([60]);

/** eˣ / (1 + eˣ). Error ≤ 3 ULP. */
// @ts-ignore: decorator
@inline
export function sigmoid_f32x4(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, k4(SIGMOID_LOW)), k4(SIGMOID_HIGH));
  const biased = fma4(x, k4(LOG2_E), k4(MAGIC_159));
  return overOnePlus(expReduced(remainder(x, biased, MAGIC_159)), biased);
}

/** 2ˣ / (1 + 2ˣ). */
// @ts-ignore: decorator
@inline
function sigmoid2(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, k4(EXP2_LOW)), k4(SIGMOID_HIGH));
  const biased = f32x4.add(x, k4(MAGIC_159));
  const r = f32x4.sub(x, f32x4.sub(biased, k4(MAGIC_159)));
  return overOnePlus(fma4(r, poly6(r, EXP2), k4(ONE)), biased);
}

/** From here on tanh is 1 in f32. */
const TANH_HIGH = memory.data<f32>([9.1]);

/** tanh x = (e²ˣ − 1) / (e²ˣ + 1). Error ≤ 3 ULP; never beyond ±1. */
// @ts-ignore: decorator
@inline
export function tanh_f32x4(x: v128): v128 {
  const a = f32x4.pmin(magnitude4(x), k4(TANH_HIGH));
  const m = expm1InRange(f32x4.add(a, a), MAGIC_127, ONE);
  return withSign4(f32x4.div(m, f32x4.add(m, k4(TWO))), x);
}

// ------------------------------------------------------------------------------------------- eˣ − 1

/** (eˣ − 1) · unit where eˣ is neither subnormal nor infinite; `magic` carries the bias of the power of two `unit`. */
// @ts-ignore: decorator
@inline
function expm1InRange(x: v128, magic: usize, unit: usize): v128 {
  const biased = fma4(x, k4(LOG2_E), k4(magic));
  const power = i32x4.shl(biased, 23);
  return fma4(power, expm1Reduced(remainder(x, biased, magic)), f32x4.sub(power, k4(unit)));
}

const EXPM1_LOW = memory.data<f32>([-17.5]);
const EXPM1_HIGH = memory.data<f32>([89.6]);
const QUARTER = memory.data<f32>([0.25]);
const MAGIC_125 = memory.data<f32>([12583037]);
const FOUR = memory.data<f32>([4]);

/** (eˣ − 1) / 4: the quarter does not overflow before the sums and quotients that are built on it do. */
// @ts-ignore: decorator
@inline
function quarterExpm1(x: v128): v128 {
  return expm1InRange(f32x4.pmin(f32x4.pmax(x, k4(EXPM1_LOW)), k4(EXPM1_HIGH)), MAGIC_125, QUARTER);
}

/** eˣ − 1. Error ≤ 2 ULP. */
// @ts-ignore: decorator
@inline
export function expm1_f32x4(x: v128): v128 {
  return withSign4(f32x4.mul(k4(FOUR), quarterExpm1(x)), x);
}

/** Hyperbolic sine, (m + m / (m + 1)) / 2 with m = e^|x| − 1. Error ≤ 3 ULP. */
// @ts-ignore: decorator
@inline
export function sinh_f32x4(x: v128): v128 {
  const m = quarterExpm1(magnitude4(x));
  const sum = f32x4.add(m, f32x4.div(m, fma4(k4(FOUR), m, k4(ONE))));
  return withSign4(f32x4.mul(k4(TWO), sum), x);
}

/** Hyperbolic cosine, (e + 1 / e) / 2 with e = e^|x|. Error ≤ 2 ULP. */
// @ts-ignore: decorator
@inline
export function cosh_f32x4(x: v128): v128 {
  const quarter = f32x4.add(quarterExpm1(magnitude4(x)), k4(QUARTER));
  return fma4(k4(TWO), quarter, f32x4.div(k4(EIGHTH), quarter));
}
const EIGHTH = memory.data<f32>([0.125]);

// ------------------------------------------------------------------------------------------- the normal distribution

/** erf x / x − 1 on |x| ≤ 0.875, in x²; the error is 2⁻²⁶ of erf. */
const ERF = memory.data<f32>([0.12837915, -0.37612507, 0.11281965, -0.026772428, 0.005002323, -0.0006040721]);
/** log erfc x on 0.875 ≤ x ≤ 3.92; the error is 2⁻²⁹ of erf. */
const LOG_ERFC = memory.data<f32>([
  -0.00013357375, -1.1279361, -0.6367372, -0.10432754, 0.022420265, -0.0030923174, 0.00020100082,
]);
const ERF_SPLIT = memory.data<f32>([0.875]);
const ERF_HIGH = memory.data<f32>([3.92]);

/** Error function. Error ≤ 2 ULP; never beyond ±1. */
// @ts-ignore: decorator
@inline
export function erf_f32x4(x: v128): v128 {
  const a = f32x4.pmin(magnitude4(x), k4(ERF_HIGH));
  const near = fma4(a, poly6(f32x4.mul(a, a), ERF), a);
  const far = f32x4.neg(expm1InRange(poly7(a, LOG_ERFC), MAGIC_127, ONE));
  return withSign4(select4(f32x4.lt(a, k4(ERF_SPLIT)), near, far), x);
}

/** Φ(−a)^¼ on 0 ≤ a ≤ 5.6, negative from there on; the error is 2⁻²⁴ of Φ. */
const TAIL_ROOT = memory.data<f32>([
  0.8408964, -0.16773395, -0.050198194, 0.0046508345, 0.003794234, -3.4329616e-5, -0.0003076997, 5.8452519e-5,
  -3.4015734e-6,
]);
/** Keeps the tail of an infinite x from being ∞ · 0; the tail of any number from here on is 0. */
const TAIL_HIGH = memory.data<f32>([8]);

/** Φ(−a)^½. */
// @ts-ignore: decorator
@inline
function rootOfTail(a: v128): v128 {
  const root = f32x4.pmax(poly9(a, TAIL_ROOT), f32x4.splat(0));
  return f32x4.mul(root, root);
}

/** x Φ(x) = max(x, 0) − a Φ(−a) with a = |x|. Error ≤ 2⁻²² |x|; NaN for −∞, as in PyTorch. */
// @ts-ignore: decorator
@inline
export function gelu_f32x4(x: v128): v128 {
  const a = magnitude4(i32x4.min_s(x, k4(TAIL_HIGH)));
  const root = rootOfTail(a);
  return fnma4(f32x4.mul(a, root), root, f32x4.pmax(x, f32x4.splat(0)));
}

const MINUS_HALF = memory.data<f32>([-0.5]);
/** 1 / √(2π). */
const DENSITY_AT_0 = memory.data<f32>([0.3989422804014327]);

/** Φ(x) + x φ(x), the derivative of x Φ(x). Error ≤ 2⁻²¹. */
// @ts-ignore: decorator
@inline
export function geluSlope_f32x4(x: v128): v128 {
  const root = rootOfTail(magnitude4(i32x4.min_s(x, k4(TAIL_HIGH))));
  const tail = f32x4.mul(root, root);
  const cdf = select4(f32x4.gt(x, f32x4.splat(0)), f32x4.sub(k4(ONE), tail), tail);
  const density = f32x4.mul(expNegative_f32x4(f32x4.mul(f32x4.mul(x, x), k4(MINUS_HALF))), k4(DENSITY_AT_0));
  return fma4(x, density, cdf);
}

/** 2 √(2/π) log₂ e and its multiple by the cubic coefficient of Hendrycks and Gimpel (2016), arXiv:1606.08415. */
const TANH_CDF = memory.data<f32>([2.302208198144325, 0.10294323958002847]);

/** (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, the usual approximation of Φ. */
// @ts-ignore: decorator
@inline
export function tanhCdf_f32x4(x: v128): v128 {
  return sigmoid2(f32x4.mul(x, poly2(f32x4.mul(x, x), TANH_CDF)));
}
