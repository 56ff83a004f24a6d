/** Circular functions on four f32 lanes and their inverses; the rules of `math.ts` hold here too. */

import {
  fma2,
  fma4,
  k2,
  k4,
  magnitude4,
  narrow,
  poly3,
  poly5,
  poly9,
  SIGN4,
  select4,
  widenHigh,
  widenLow,
  withSign4,
} from "../common/simd";
import { tan } from "./double";

const ONE = memory.data<f32>([1]);
const HALF = memory.data<f32>([0.5]);
const MINUS_HALF = memory.data<f32>([-0.5]);
const PI = memory.data<f32>([3.141592653589793]);
const PI_2 = memory.data<f32>([1.5707963267948966]);

// ------------------------------------------------------------------------------------------- argument reduction

/** Adding 1.5 · 2⁵² rounds to an integer, which then also stands in the low bits of the sum. */
const MAGIC = memory.data<f64>([6755399441055744]);
const TWO_OVER_PI = memory.data<f64>([0.6366197723675814]);
/** −π/2 in two parts; the first has 33 bits, so that its product with up to 2²⁰ quarter turns is exact. */
const MINUS_PI_2_HI = memory.data<f64>([-1.5707963267341256]);
const MINUS_PI_2_LO = memory.data<f64>([-6.077100506506192e-11]);
/** Up to here the reduction in f64 leaves less than 2⁻³⁰ of relative error; beyond, each lane goes through `Math`. */
const REDUCIBLE = memory.data<f32>([1e6]);

/** Quarter turns in x, as MAGIC + the nearest integer; two f64 lanes. */
// @ts-ignore: decorator
@inline
function quarterTurns(x: v128): v128 {
  return fma2(x, k2(TWO_OVER_PI), k2(MAGIC));
}

/** x − n π/2, |result| ≤ π/4; two f64 lanes. */
// @ts-ignore: decorator
@inline
function withoutTurns(x: v128, turns: v128): v128 {
  const n = f64x2.sub(turns, k2(MAGIC));
  return fma2(n, k2(MINUS_PI_2_LO), fma2(n, k2(MINUS_PI_2_HI), x));
}

/** The low words of four quarter-turn counts. */
// @ts-ignore: decorator
@inline
function quadrants(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(low, high, 0, 2, 4, 6);
}

/** (sin r / r − 1) / r² in r², error 2⁻²⁸ of sin r; (cos r − 1 + r²/2) / r⁴ in r², error 2⁻³³. */
const SIN = memory.data<f32>([-0.16666655, 0.008332191, -0.00019518612]);
const COS = memory.data<f32>([0.041666646, -0.0013887301, 2.4430668e-5]);

// @ts-ignore: decorator
@inline
function sinReduced(r: v128): v128 {
  const z = f32x4.mul(r, r);
  return fma4(f32x4.mul(r, z), poly3(z, SIN), r);
}

// @ts-ignore: decorator
@inline
function cosReduced(r: v128): v128 {
  const z = f32x4.mul(r, r);
  return fma4(f32x4.mul(z, z), poly3(z, COS), fma4(k4(MINUS_HALF), z, k4(ONE)));
}

/** All bits of the lanes whose integer is odd. */
// @ts-ignore: decorator
@inline
function isOdd(n: v128): v128 {
  return i32x4.shr_s(i32x4.shl(n, 31), 31);
}

/** sin(r + n π/2). */
// @ts-ignore: decorator
@inline
function sinQuadrant(r: v128, n: v128): v128 {
  const y = select4(isOdd(n), cosReduced(r), sinReduced(r));
  return v128.xor(y, v128.and(i32x4.shl(n, 30), k4(SIGN4)));
}

/** Whether some lane is too large (or infinite) for the reduction in f64. */
// @ts-ignore: decorator
@inline
function someIrreducible(a: v128): bool {
  return v128.any_true(f32x4.gt(a, k4(REDUCIBLE)));
}

// @ts-ignore: decorator
@inline
function isIrreducible(x: f32): bool {
  return abs(x) > 1e6;
}

// ------------------------------------------------------------------------------------------- sin, cos, tan

/** Sine, in radians. Error ≤ 2 ULP. */
// @ts-ignore: decorator
@inline
export function sin_f32x4(x: v128): v128 {
  const a = magnitude4(x);
  const low = widenLow(a),
    high = widenHigh(a);
  const turnsLow = quarterTurns(low),
    turnsHigh = quarterTurns(high);
  const r = narrow(withoutTurns(low, turnsLow), withoutTurns(high, turnsHigh));
  const y = v128.xor(sinQuadrant(r, quadrants(turnsLow, turnsHigh)), v128.and(x, k4(SIGN4)));
  return someIrreducible(a) ? sinLarge(x, y) : y;
}

function sinLarge(x: v128, y: v128): v128 {
  const x0 = f32x4.extract_lane(x, 0),
    x1 = f32x4.extract_lane(x, 1);
  const x2 = f32x4.extract_lane(x, 2),
    x3 = f32x4.extract_lane(x, 3);
  if (isIrreducible(x0)) y = f32x4.replace_lane(y, 0, <f32>Math.sin(x0));
  if (isIrreducible(x1)) y = f32x4.replace_lane(y, 1, <f32>Math.sin(x1));
  if (isIrreducible(x2)) y = f32x4.replace_lane(y, 2, <f32>Math.sin(x2));
  if (isIrreducible(x3)) y = f32x4.replace_lane(y, 3, <f32>Math.sin(x3));
  return y;
}

/** Cosine, in radians. Error ≤ 2 ULP. */
// @ts-ignore: decorator
@inline
export function cos_f32x4(x: v128): v128 {
  const a = magnitude4(x);
  const low = widenLow(a),
    high = widenHigh(a);
  const turnsLow = quarterTurns(low),
    turnsHigh = quarterTurns(high);
  const r = narrow(withoutTurns(low, turnsLow), withoutTurns(high, turnsHigh));
  const y = sinQuadrant(r, i32x4.add(quadrants(turnsLow, turnsHigh), i32x4.splat(1)));
  return someIrreducible(a) ? cosLarge(x, y) : y;
}

function cosLarge(x: v128, y: v128): v128 {
  const x0 = f32x4.extract_lane(x, 0),
    x1 = f32x4.extract_lane(x, 1);
  const x2 = f32x4.extract_lane(x, 2),
    x3 = f32x4.extract_lane(x, 3);
  if (isIrreducible(x0)) y = f32x4.replace_lane(y, 0, <f32>Math.cos(x0));
  if (isIrreducible(x1)) y = f32x4.replace_lane(y, 1, <f32>Math.cos(x1));
  if (isIrreducible(x2)) y = f32x4.replace_lane(y, 2, <f32>Math.cos(x2));
  if (isIrreducible(x3)) y = f32x4.replace_lane(y, 3, <f32>Math.cos(x3));
  return y;
}

/** Tangent, in radians. Error ≤ 4 ULP. */
// @ts-ignore: decorator
@inline
export function tan_f32x4(x: v128): v128 {
  const a = magnitude4(x);
  const low = widenLow(a),
    high = widenHigh(a);
  const turnsLow = quarterTurns(low),
    turnsHigh = quarterTurns(high);
  const r = narrow(withoutTurns(low, turnsLow), withoutTurns(high, turnsHigh));
  const n = quadrants(turnsLow, turnsHigh);
  const s = sinReduced(r),
    c = cosReduced(r),
    odd = isOdd(n);
  const y = f32x4.div(select4(odd, c, s), select4(odd, s, c));
  const sign = v128.xor(i32x4.shl(n, 31), v128.and(x, k4(SIGN4)));
  return someIrreducible(a) ? tanLarge(x, v128.xor(y, sign)) : v128.xor(y, sign);
}

function tanLarge(x: v128, y: v128): v128 {
  const x0 = f32x4.extract_lane(x, 0),
    x1 = f32x4.extract_lane(x, 1);
  const x2 = f32x4.extract_lane(x, 2),
    x3 = f32x4.extract_lane(x, 3);
  if (isIrreducible(x0)) y = f32x4.replace_lane(y, 0, <f32>tan(x0));
  if (isIrreducible(x1)) y = f32x4.replace_lane(y, 1, <f32>tan(x1));
  if (isIrreducible(x2)) y = f32x4.replace_lane(y, 2, <f32>tan(x2));
  if (isIrreducible(x3)) y = f32x4.replace_lane(y, 3, <f32>tan(x3));
  return y;
}

// ------------------------------------------------------------------------------------------- inverses

/** (asin a / a − 1) / a² on a ≤ ½, in a²; the error is 2⁻²⁷ of asin a. */
const ASIN = memory.data<f32>([0.16666754, 0.07495252, 0.04547604, 0.024152093, 0.042211797]);

/** The argument of asin's half-angle form: √((1 − a) / 2) where a > ½, a elsewhere. NaN beyond 1. */
// @ts-ignore: decorator
@inline
function asinArgument(a: v128, far: v128): v128 {
  const root = f32x4.sqrt(f32x4.mul(k4(HALF), f32x4.sub(k4(ONE), a)));
  return select4(far, root, a);
}

// @ts-ignore: decorator
@inline
function asinReduced(s: v128): v128 {
  const z = f32x4.mul(s, s);
  return fma4(f32x4.mul(s, z), poly5(z, ASIN), s);
}

/** Inverse sine. Error ≤ 3 ULP. */
// @ts-ignore: decorator
@inline
export function asin_f32x4(x: v128): v128 {
  const a = magnitude4(x);
  const far = f32x4.gt(a, k4(HALF));
  const p = asinReduced(asinArgument(a, far));
  const y = select4(far, f32x4.sub(k4(PI_2), f32x4.add(p, p)), p);
  return withSign4(y, x);
}

/** Inverse cosine. Error ≤ 2 ULP. */
// @ts-ignore: decorator
@inline
export function acos_f32x4(x: v128): v128 {
  const a = magnitude4(x);
  const far = f32x4.gt(a, k4(HALF));
  const p = asinReduced(asinArgument(a, far));
  const twice = f32x4.add(p, p);
  const negative = f32x4.lt(x, f32x4.splat(0));
  const farY = select4(negative, f32x4.sub(k4(PI), twice), twice);
  return select4(far, farY, f32x4.sub(k4(PI_2), withSign4(p, x)));
}

/** (atan q / q − 1) / q² on 0 ≤ q ≤ 1, in q²; the error is 2⁻²⁸ of atan q. */
const ATAN = memory.data<f32>([
  -0.333333, 0.19998531, -0.14264052, 0.10951175, -0.08400475, 0.057906546, -0.031127002, 0.010887361, -0.0017875476,
]);

// @ts-ignore: decorator
@inline
function atanReduced(q: v128): v128 {
  const z = f32x4.mul(q, q);
  return fma4(f32x4.mul(q, z), poly9(z, ATAN), q);
}

/** Inverse tangent. Error ≤ 2 ULP. */
// @ts-ignore: decorator
@inline
export function atan_f32x4(x: v128): v128 {
  const a = magnitude4(x);
  const steep = f32x4.gt(a, k4(ONE));
  const p = atanReduced(f32x4.div(select4(steep, k4(ONE), a), select4(steep, a, k4(ONE))));
  return withSign4(select4(steep, f32x4.sub(k4(PI_2), p), p), x);
}

/** The angle of the point (x, y), in C's sense at zeros and infinities. Error ≤ 3 ULP. */
// @ts-ignore: decorator
@inline
export function atan2_f32x4(y: v128, x: v128): v128 {
  const ax = magnitude4(x),
    ay = magnitude4(y);
  const steep = f32x4.gt(ay, ax);
  const numerator = select4(steep, ax, ay),
    denominator = select4(steep, ay, ax);
  let q = f32x4.div(numerator, denominator);
  // Equal infinities make 1, as equal numbers do; equal zeros make 0.
  const equal = f32x4.eq(numerator, denominator);
  q = select4(equal, k4(ONE), q);
  q = v128.andnot(q, v128.and(equal, f32x4.eq(denominator, f32x4.splat(0))));
  const p = atanReduced(q);
  const acute = select4(steep, f32x4.sub(k4(PI_2), p), p);
  const left = i32x4.shr_s(x, 31);
  return withSign4(select4(left, f32x4.sub(k4(PI), acute), acute), y);
}
