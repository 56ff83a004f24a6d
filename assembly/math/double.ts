/**
 * Functions in f64 that `Math` has too: its exponentials, logarithms and powers read tables of 14 KB, more than all other
 * static data of the kernels, and what follows from other functions in a line does so here. Errors are below 1 ULP (log1p
 * and pow: 2; acosh: 4; others: 3); special values follow C's Annex F. The argument reductions are those of fdlibm; the
 * polynomials are our own.
 */

/** (eʳ − 1 − r) / r² on |r| ≤ ln 2 / 2; the error is 2⁻⁵⁶ of eʳ. */
const EXP = memory.data<f64>([
  0.5, 0.16666666666666669, 0.041666666666623824, 0.008333333333330039, 0.0013888888917367081, 0.00019841269863171557,
  2.4801521057868204e-5, 2.7557268276905696e-6, 2.7620201591031547e-7, 2.5100472505694996e-8,
]);
/** (log m − 2s) / s³ with s = (m − 1) / (m + 1), in s², on √½ ≤ m ≤ √2; the error is 2⁻⁶⁰ of log m. */
const LOG = memory.data<f64>([
  0.6666666666666666, 0.40000000000000885, 0.28571428570799784, 0.22222222392581045, 0.18181795547521137,
  0.15386244737621665, 0.13268638369266825, 0.13088034850927555,
]);

/** ln 2 in two parts, the first of 32 bits: its product with an exponent is exact. */
// @ts-ignore: decorator
@inline
const LN2_HI: f64 = 0.6931471803691238;
// @ts-ignore: decorator
@inline
const LN2_LO: f64 = 1.9082149292705877e-10;

/** log₂ e in two parts, the first of 26 bits. */
// @ts-ignore: decorator
@inline
const LOG2_E_HI: f64 = 1.4426950216293335;
// @ts-ignore: decorator
@inline
const LOG2_E_LO: f64 = 1.9259629911266175e-8;

// @ts-ignore: decorator
@inline
function pair(x: f64, table: usize): f64 {
  return load<f64>(table) + load<f64>(table + 8) * x;
}

/** Eight coefficients in Estrin's order, whose products do not wait for each other. */
// @ts-ignore: decorator
@inline
function poly8(x: f64, table: usize): f64 {
  const x2 = x * x;
  const low = pair(x, table) + x2 * pair(x, table + 16);
  const high = pair(x, table + 32) + x2 * pair(x, table + 48);
  return low + x2 * x2 * high;
}

// @ts-ignore: decorator
@inline
function poly10(x: f64, table: usize): f64 {
  const x4 = x * x * (x * x);
  return poly8(x, table) + x4 * x4 * pair(x, table + 64);
}

/** y · 2ⁿ for −1100 < n < 1100, in two factors so that only the last product rounds. */
function scale(y: f64, n: i32): f64 {
  const half = n >> 1;
  return y * power(half) * power(n - half);
}

/** 2ⁿ for normal exponents. */
// @ts-ignore: decorator
@inline
function power(n: i32): f64 {
  return reinterpret<f64>((<i64>(n + 1023)) << 52);
}

/** e^(r + tail) − 1 for |r| ≤ ln 2 / 2 and a tail below its last place. */
// @ts-ignore: decorator
@inline
function expm1Reduced(r: f64, tail: f64): f64 {
  return r + (r * r * poly10(r, EXP) + tail);
}

/** eˣ. */
export function exp(x: f64): f64 {
  if (x != x) return x;
  x = min<f64>(max<f64>(x, -750), 710);
  const n = nearest<f64>(x * 1.4426950408889634);
  const high = x - n * LN2_HI,
    low = n * LN2_LO;
  const r = high - low;
  return scale(1 + expm1Reduced(r, high - r - low), <i32>n);
}

/** eˣ − 1. */
export function expm1(x: f64): f64 {
  if (!(abs<f64>(x) < 40)) return x < 0 ? -1 : exp(x);
  if (abs<f64>(x) < 1e-17) return x;
  const n = nearest<f64>(x * 1.4426950408889634);
  const high = x - n * LN2_HI,
    low = n * LN2_LO;
  const r = high - low,
    t = power(<i32>n);
  return t * expm1Reduced(r, high - r - low) + (t - 1);
}

/** 2ˣ; exact for integers. */
export function exp2(x: f64): f64 {
  if (x != x) return x;
  x = min<f64>(max<f64>(x, -1080), 1025);
  const n = nearest<f64>(x);
  return scale(1 + expm1Reduced((x - n) * Math.LN2, 0), <i32>n);
}

/** Bits of √½ less those of 1 with its exponent field: subtracting them leaves n in the exponent field. */
const SQRT_HALF: i64 = 0x3fe6a09e667f3bcd;

/** n with x = 2ⁿ m and √½ ≤ m < √2, for positive normal x. */
// @ts-ignore: decorator
@inline
function exponentOf(x: f64): i32 {
  return <i32>((reinterpret<i64>(x) - SQRT_HALF) >> 52);
}

/** m of x = 2ⁿ m. */
// @ts-ignore: decorator
@inline
function mantissaOf(x: f64, n: i32): f64 {
  return reinterpret<f64>(reinterpret<i64>(x) - ((<i64>n) << 52));
}

/** Whether x is positive, normal and finite. */
// @ts-ignore: decorator
@inline
function isNormal(x: f64): bool {
  return x >= 2.2250738585072014e-308 && x < Infinity;
}

/** log x in a base where log 2⁵⁴ is `shift`, from `log` of the normal numbers: of zero, subnormal, negative, infinite, NaN. */
// @ts-ignore: decorator
@inline
function edge(x: f64, shift: f64, log: (x: f64) => f64): f64 {
  if (x > 0 && x < Infinity) return log(x * 18014398509481984) - shift;
  return x == 0 ? -Infinity : x > 0 ? x : NaN;
}

/** log (1 + x): the logarithm of the rounded sum, corrected by what the sum lost. */
export function log1p(x: f64): f64 {
  if (x == 0) return x;
  if (!(x > -1)) return x == -1 ? -Infinity : NaN;
  const u = 1 + x;
  return x < 1e16 ? log(u) + (x - (u - 1)) / u : log(x);
}

/** Natural logarithm. */
export function log(x: f64): f64 {
  if (!isNormal(x)) return edge(x, 37.42994775023705, log);
  const n = exponentOf(x);
  const f = mantissaOf(x, n) - 1;
  const s = f / (2 + f),
    z = s * s;
  const halfSquare = 0.5 * f * f;
  const tail = s * (halfSquare + z * poly8(z, LOG)) + n * LN2_LO;
  return n * LN2_HI - (halfSquare - tail - f);
}

/** The upper 21 bits of x's mantissa: products of two such numbers are exact. */
// @ts-ignore: decorator
@inline
function upper(x: f64): f64 {
  return reinterpret<f64>(reinterpret<i64>(x) & 0xffffffff00000000);
}

/** Logarithm to base 2; exact for powers of two. */
export function log2(x: f64): f64 {
  if (!isNormal(x)) return edge(x, 54, log2);
  const n = exponentOf(x);
  const f = mantissaOf(x, n) - 1;
  const s = f / (2 + f),
    z = s * s;
  const halfSquare = 0.5 * f * f;
  const high = upper(f - halfSquare);
  const low = f - high - halfSquare + s * (halfSquare + z * poly8(z, LOG));
  const fraction = high * LOG2_E_HI;
  const sum = <f64>n + fraction;
  return sum + (<f64>n - sum + fraction + ((low + high) * LOG2_E_LO + low * LOG2_E_HI));
}

/**
 * x^y for finite x > 0 and |y| < 2⁶⁵: 2^(y log₂ x), the logarithm and its product in two f64 each, because a power magnifies
 * the error of its logarithm up to a thousandfold.
 */
function powPositive(x: f64, y: f64): f64 {
  let n: i32 = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984;
    n = -54;
  }
  const exponent = exponentOf(x);
  const m = mantissaOf(x, exponent);
  n += exponent;
  // s = (m − 1) / (m + 1) in two parts; the divisor is split so that the remainder of the division is exact.
  const f = m - 1,
    d = m + 1;
  const sHigh = upper(f / d),
    dHigh = upper(d),
    dLow = m - (dHigh - 1);
  const sLow = (f - sHigh * dHigh - sHigh * dLow) / d;
  const s = sHigh + sLow,
    z = s * s;
  // log m = 2s + s³ (…) in two parts.
  const cubic = s * z * poly8(z, LOG) + 2 * sLow;
  const tHigh = upper(2 * sHigh + cubic);
  const tLow = 2 * sHigh - tHigh + cubic;
  // log₂ x in two parts.
  const fraction = tHigh * LOG2_E_HI;
  const lHigh = upper(<f64>n + fraction);
  const lLow = <f64>n - lHigh + fraction + (tLow * LOG2_E_HI + (tHigh + tLow) * LOG2_E_LO);
  const yHigh = upper(y);
  const high = yHigh * lHigh,
    low = (y - yHigh) * lHigh + y * lLow;
  const sum = high + low;
  if (abs<f64>(sum) > 1080) return sum > 0 ? Infinity : 0;
  const k = nearest<f64>(sum);
  return scale(1 + expm1Reduced((high - k + low) * Math.LN2, 0), <i32>k);
}

/** x^y in C's sense: 1 to any power, and −1 to an infinite one, is 1. */
export function pow(x: f64, y: f64): f64 {
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return NaN;
  const a = abs<f64>(x);
  if (abs<f64>(y) == Infinity) return a == 1 ? 1 : a > 1 == y > 0 ? Infinity : 0;
  const integer = y == nearest<f64>(y);
  const odd = integer && abs<f64>(y) < 9007199254740992 && (<i64>y & 1) == 1;
  if (x < 0 && !integer && a != Infinity) return NaN;
  let r: f64;
  if (a == 0 || a == Infinity) r = (a == 0) == y > 0 ? 0 : Infinity;
  else r = a == 1 ? 1 : powPositive(a, min<f64>(max<f64>(y, -1e19), 1e19));
  return odd ? copysign<f64>(r, x) : r;
}

/** Tangent. */
export function tan(x: f64): f64 {
  return Math.sin(x) / Math.cos(x);
}

/** Inverse sine. */
export function asin(x: f64): f64 {
  return Math.atan(x / sqrt<f64>((1 - x) * (1 + x)));
}

/** Inverse cosine. */
export function acos(x: f64): f64 {
  return 2 * Math.atan(sqrt<f64>((1 - x) / (1 + x)));
}

/** Hyperbolic sine. */
export function sinh(x: f64): f64 {
  const a = abs<f64>(x);
  const m = a < 709 ? expm1(a) : Infinity;
  if (m < Infinity) return copysign<f64>(0.5 * (m + m / (m + 1)), x);
  const root = exp(0.5 * a);
  return copysign<f64>(0.5 * root * root, x);
}

/** Hyperbolic cosine. */
export function cosh(x: f64): f64 {
  const a = abs<f64>(x);
  const root = exp(0.5 * a);
  if (a > 709) return 0.5 * root * root;
  const e = exp(a);
  return 0.5 * e + 0.5 / e;
}

/** Hyperbolic tangent. */
export function tanh(x: f64): f64 {
  const t = expm1(-2 * abs<f64>(x));
  return copysign<f64>(t / (t + 2), x);
}

/** Inverse hyperbolic sine. */
export function asinh(x: f64): f64 {
  const a = abs<f64>(x);
  if (a >= 1e9) return copysign<f64>(log(a) + Math.LN2, x);
  return copysign<f64>(log1p(a + (a * a) / (1 + sqrt<f64>(a * a + 1))), x);
}

/** Inverse hyperbolic cosine. */
export function acosh(x: f64): f64 {
  if (x >= 1e9) return log(x) + Math.LN2;
  const t = x - 1;
  return log1p(t + sqrt<f64>(t) * sqrt<f64>(t + 2));
}

/** Inverse hyperbolic tangent. */
export function atanh(x: f64): f64 {
  const a = abs<f64>(x);
  return copysign<f64>(0.5 * log1p((2 * a) / (1 - a)), x);
}
