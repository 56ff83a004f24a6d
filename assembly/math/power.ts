/** Powers on four f32 lanes, computed in f64 because a power magnifies the error of its logarithm; the rules of `math.ts` hold. */
import { dpoly6, fma2, k2, k4, magnitude4, narrow, SIGN4, select4, widenHigh, widenLow } from "../common/simd";

const ONE = memory.data<f32>([1]);
const INF = memory.data<f32>([Infinity]);
const HALF = memory.data<f32>([0.5]);

const ONE_64 = memory.data<f64>([1]);
/** Bits of √½ less those of 1 with exponent field 0: subtracting them leaves n + 1023 in the exponent field. */
const SQRT_HALF_OFFSET = memory.data<i64>([0x3fe6a09e667f3bcd - 0x3ff0000000000000]);
const EXPONENT = memory.data<i64>([0x7ff0000000000000]);
/** The bits of 2⁵², whose mantissa holds an integer; and 2⁵² + 1023 to subtract it again. */
const TWO_52 = memory.data<f64>([4503599627370496]);
const TWO_52_BIAS = memory.data<f64>([4503599627371519]);
/** log₂ m / s with s = (m − 1) / (m + 1), in s², on √½ ≤ m ≤ √2; the error is 2⁻⁴³. */
const LOG2 = memory.data<f64>([
  2.885390081777849, 0.9617966941149748, 0.5770779418715121, 0.4122093034151403, 0.3199035547648071, 0.2829315235982782,
]);

/** log₂ of two positive normal f64. */
// @ts-ignore: decorator
@inline
function log2_f64x2(x: v128): v128 {
  const shifted = v128.and(i64x2.sub(x, k2(SQRT_HALF_OFFSET)), k2(EXPONENT));
  const n = f64x2.sub(v128.or(i64x2.shr_u(shifted, 52), k2(TWO_52)), k2(TWO_52_BIAS));
  const m = i64x2.sub(x, i64x2.sub(shifted, k2(ONE_64)));
  const s = f64x2.div(f64x2.sub(m, k2(ONE_64)), f64x2.add(m, k2(ONE_64)));
  return fma2(s, dpoly6(f64x2.mul(s, s), LOG2), n);
}

/** (2ʳ − 1) / r on |r| ≤ ½; the error is 2⁻²⁹. */
const EXP2 = memory.data<f64>([
  0.6931472062485096, 0.24022651345885837, 0.05550327790813591, 0.009618003894288884, 0.0013400269772040937,
  0.00015476298900056845,
]);
const MAGIC = memory.data<f64>([6755399441055744]);
/** Far beyond f32's exponents, well within f64's. */
const LOW = memory.data<f64>([-400]);
const HIGH = memory.data<f64>([400]);

// @ts-ignore: decorator
@inline
function exp2_f64x2(x: v128): v128 {
  x = f64x2.pmin(f64x2.pmax(x, k2(LOW)), k2(HIGH));
  const biased = f64x2.add(x, k2(MAGIC));
  const r = f64x2.sub(x, f64x2.sub(biased, k2(MAGIC)));
  const power = i64x2.add(i64x2.shl(biased, 52), k2(ONE_64));
  return f64x2.mul(fma2(r, dpoly6(r, EXP2), k2(ONE_64)), power);
}

/** |x|^y for finite x ≠ 0, two f64 lanes. */
// @ts-ignore: decorator
@inline
function powMagnitude(a: v128, y: v128): v128 {
  return exp2_f64x2(f64x2.mul(y, log2_f64x2(a)));
}

/** All bits where y is an odd integer. */
// @ts-ignore: decorator
@inline
function isOddInteger(y: v128, integer: v128): v128 {
  const half = f32x4.mul(y, k4(HALF));
  return v128.and(integer, f32x4.ne(half, f32x4.nearest(half)));
}

/** x^y, in C's sense at zeros, infinities and NaN. Error ≤ 1 ULP. */
// @ts-ignore: decorator
@inline
export function pow_f32x4(x: v128, y: v128): v128 {
  const a = magnitude4(x);
  const r = narrow(powMagnitude(widenLow(a), widenLow(y)), powMagnitude(widenHigh(a), widenHigh(y)));
  const ordinary = v128.and(
    f32x4.gt(x, f32x4.splat(0)),
    v128.and(f32x4.lt(x, k4(INF)), f32x4.lt(magnitude4(y), k4(INF))),
  );
  return i32x4.all_true(ordinary) ? r : powEdge(x, y, r);
}

/** Puts right what `r` = 2^(y log₂|x|) has wrong for zero, negative, infinite and NaN operands. */
function powEdge(x: v128, y: v128, r: v128): v128 {
  const zero = f32x4.splat(0),
    one = k4(ONE),
    inf = k4(INF);
  const a = magnitude4(x);
  const integer = f32x4.eq(y, f32x4.nearest(y));
  const vanishes = v128.xor(f32x4.eq(a, inf), f32x4.gt(y, zero));
  const extreme = v128.or(f32x4.eq(a, zero), f32x4.eq(a, inf));
  r = select4(extreme, v128.andnot(inf, vanishes), r);
  const grows = v128.xor(f32x4.lt(a, one), f32x4.gt(y, zero));
  r = select4(f32x4.eq(magnitude4(y), inf), v128.and(inf, grows), r);
  const finiteNegative = v128.and(f32x4.lt(x, zero), f32x4.lt(a, inf));
  r = select4(v128.andnot(finiteNegative, integer), f32x4.splat(NaN), r);
  r = v128.xor(r, v128.and(v128.and(x, k4(SIGN4)), isOddInteger(y, integer)));
  r = select4(v128.or(f32x4.ne(x, x), f32x4.ne(y, y)), f32x4.splat(NaN), r);
  const unit = v128.and(f32x4.eq(a, one), f32x4.eq(magnitude4(y), inf));
  return select4(v128.or(v128.or(f32x4.eq(x, one), f32x4.eq(y, zero)), unit), one, r);
}
