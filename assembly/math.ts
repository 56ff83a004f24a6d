/**
 * Elementary functions on four f32 lanes. Each states its error bound in units in the last place (ULP), measured over
 * its whole range against float64 on both targets (`test/kernels/math.test.ts`). NaN, infinities, subnormals and signed
 * zeros give what IEEE 754 and C's Annex F say. A lane's result never depends on its neighbours. Polynomials are our own
 * minimax fits, coefficients rounded to f32 one after another.
 *
 * `pmin(x, bound)` and `pmax(x, bound)` return `x` where it is NaN: the order of their arguments matters.
 */
import { fma4, k4, poly5, poly8, select4 } from "./simd";

const ONE = memory.data<f32>([1]);
const TWO = memory.data<f32>([2]);
const HALF = memory.data<f32>([0.5]);
const INF = memory.data<f32>([Infinity]);
const SIGN = memory.data<u32>([0x80000000]);
const MIN_NORMAL = memory.data<u32>([0x00800000]);

/** |x|. */
// @ts-ignore: decorator
@inline
function magnitude(x: v128): v128 {
  return v128.andnot(x, k4(SIGN));
}

/** x with the sign of s. */
// @ts-ignore: decorator
@inline
function withSign(x: v128, s: v128): v128 {
  return v128.bitselect(s, x, k4(SIGN));
}

// ---------------------------------------------------------------------------------------------- exponentials

/** Adding 1.5 · 2²³ rounds to an integer n, which then also stands in the low bits of the sum. */
const MAGIC = memory.data<f32>([12582912]);
const LOG2_E = memory.data<f32>([1.4426950408889634]);
/** −ln 2 in two parts; the first has 9 bits, so that its product with an exponent is exact. */
const MINUS_LN2_HI = memory.data<f32>([-0.693359375]);
const MINUS_LN2_LO = memory.data<f32>([2.1219444005469058e-4]);
/** (eʳ − 1 − r) / r² on |r| ≤ ln 2 / 2; the error is 2⁻²⁶ of eʳ − 1. */
const EXPM1 = memory.data<f32>([0.5, 0.16666539, 0.041666426, 0.008367152, 0.0013938773]);

/** eʳ − 1 for r = x − n ln 2, |r| ≤ ln 2 / 2. */
// @ts-ignore: decorator
@inline
function expm1Reduced(x: v128, n: v128): v128 {
  const r = fma4(n, k4(MINUS_LN2_LO), fma4(n, k4(MINUS_LN2_HI), x));
  return fma4(f32x4.mul(r, r), poly5(r, EXPM1), r);
}

/** y · 2ⁿ for biased = n + MAGIC and −252 ≤ n ≤ 254, in two factors so that only the last product rounds. */
// @ts-ignore: decorator
@inline
function scaleByPower(y: v128, biased: v128): v128 {
  const n = i32x4.shl(biased, 23);
  const half = v128.and(i32x4.shr_s(n, 1), k4(EXPONENT_AND_SIGN));
  const first = i32x4.add(half, k4(ONE));
  const second = i32x4.add(i32x4.sub(n, half), k4(ONE));
  return f32x4.mul(f32x4.mul(y, first), second);
}
const EXPONENT_AND_SIGN = memory.data<u32>([0xff800000]);

/** Beyond these bounds eˣ is 0 or infinite in f32. */
const EXP_LOW = memory.data<f32>([-104]);
const EXP_HIGH = memory.data<f32>([89]);

/** eˣ. Error ≤ 1 ULP, also among subnormal results. */
// @ts-ignore: decorator
@inline
export function exp_f32x4(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, k4(EXP_LOW)), k4(EXP_HIGH));
  const biased = fma4(x, k4(LOG2_E), k4(MAGIC));
  const q = expm1Reduced(x, f32x4.sub(biased, k4(MAGIC)));
  return scaleByPower(f32x4.add(q, k4(ONE)), biased);
}

/** 1 / (1 + e⁻ˣ). Error ≤ 3 ULP. */
// @ts-ignore: decorator
@inline
export function sigmoid_f32x4(x: v128): v128 {
  const e = exp_f32x4(v128.or(x, k4(SIGN)));
  const numerator = select4(f32x4.lt(x, f32x4.splat(0)), e, k4(ONE));
  return f32x4.div(numerator, f32x4.add(e, k4(ONE)));
}

/** From here on tanh is 1 in f32. */
const TANH_HIGH = memory.data<f32>([9.1]);

/** tanh x = (e²ˣ − 1) / (e²ˣ + 1). Error ≤ 3 ULP; never beyond ±1. */
// @ts-ignore: decorator
@inline
export function tanh_f32x4(x: v128): v128 {
  const a = f32x4.pmin(magnitude(x), k4(TANH_HIGH));
  const twice = f32x4.add(a, a);
  const biased = fma4(twice, k4(LOG2_E), k4(MAGIC));
  const q = expm1Reduced(twice, f32x4.sub(biased, k4(MAGIC)));
  const power = i32x4.add(i32x4.shl(biased, 23), k4(ONE));
  const m = fma4(power, q, f32x4.sub(power, k4(ONE)));
  return withSign(f32x4.div(m, f32x4.add(m, k4(TWO))), x);
}

// ---------------------------------------------------------------------------------------------- logarithms

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

/** log(1 + f) − f for √½ ≤ 1 + f ≤ √2. */
// @ts-ignore: decorator
@inline
function log1pTail(f: v128): v128 {
  const f2 = f32x4.mul(f, f);
  return fma4(k4(MINUS_HALF), f2, f32x4.mul(f32x4.mul(f2, f), poly8(f, LOG1P)));
}

// @ts-ignore: decorator
@inline
function logNormal(x: v128): v128 {
  const n = exponentAtSqrtHalf(x);
  const f = f32x4.sub(i32x4.sub(x, i32x4.shl(n, 23)), k4(ONE));
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

/** Natural logarithm. Error ≤ 1 ULP. */
// @ts-ignore: decorator
@inline
export function log_f32x4(x: v128): v128 {
  if (allNormal(x)) return logNormal(x);
  return logEdge(x);
}
