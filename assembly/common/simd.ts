/** Lane helpers: the one place that knows baseline from relaxed SIMD. */

/** `a * b + c` on four f32 lanes; fused (one rounding) on the relaxed target. */
// @ts-ignore: decorator
@inline
export function fma4(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** `c - a * b` on four f32 lanes; fused on the relaxed target. */
// @ts-ignore: decorator
@inline
export function fnma4(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** `a * b + c` on two f64 lanes; fused on the relaxed target. */
// @ts-ignore: decorator
@inline
export function fma2(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(a, b, c);
  return f64x2.add(f64x2.mul(a, b), c);
}

/** Lanes of `T` in a vector. */
// @ts-ignore: decorator
@inline
export function lanes<T>(): i32 {
  return 16 / <i32>sizeof<T>();
}

/**
 * The f32 constant stored at address `k`, in four lanes. Constants of hot loops live in memory because V8 builds a
 * `v128.const` anew in every iteration (four instructions), while a splatting load is one.
 */
// @ts-ignore: decorator
@inline
export function k4(k: usize): v128 {
  return v128.load32_splat(k);
}

/** The f64 constant stored at address `k`, in two lanes. */
// @ts-ignore: decorator
@inline
export function k2(k: usize): v128 {
  return v128.load64_splat(k);
}

/** Bits of `a` where `mask` is set, of `b` elsewhere. */
// @ts-ignore: decorator
@inline
export function select4(mask: v128, a: v128, b: v128): v128 {
  return v128.bitselect(a, b, mask);
}

/**
 * Polynomials on four f32 lanes; the table holds the coefficients, lowest power first. Horner's rule in x² on pairs of
 * terms: as many operations as in x but for the square, in half the time from x to the result.
 */
// @ts-ignore: decorator
@inline
export function poly2(x: v128, table: usize): v128 {
  return fma4(k4(table + 4), x, k4(table));
}

// @ts-ignore: decorator
@inline
export function poly3(x: v128, table: usize): v128 {
  return fma4(f32x4.mul(x, x), k4(table + 8), poly2(x, table));
}

// @ts-ignore: decorator
@inline
export function poly4(x: v128, table: usize): v128 {
  return fma4(f32x4.mul(x, x), poly2(x, table + 8), poly2(x, table));
}

// @ts-ignore: decorator
@inline
export function poly5(x: v128, table: usize): v128 {
  return fma4(f32x4.mul(x, x), poly3(x, table + 8), poly2(x, table));
}

// @ts-ignore: decorator
@inline
export function poly6(x: v128, table: usize): v128 {
  return fma4(f32x4.mul(x, x), poly4(x, table + 8), poly2(x, table));
}

// @ts-ignore: decorator
@inline
export function poly7(x: v128, table: usize): v128 {
  return fma4(f32x4.mul(x, x), poly5(x, table + 8), poly2(x, table));
}

// @ts-ignore: decorator
@inline
export function poly8(x: v128, table: usize): v128 {
  return fma4(f32x4.mul(x, x), poly6(x, table + 8), poly2(x, table));
}

// @ts-ignore: decorator
@inline
export function poly9(x: v128, table: usize): v128 {
  return fma4(f32x4.mul(x, x), poly7(x, table + 8), poly2(x, table));
}

// @ts-ignore: decorator
@inline
export function poly10(x: v128, table: usize): v128 {
  return fma4(f32x4.mul(x, x), poly8(x, table + 8), poly2(x, table));
}

/** Polynomials on two f64 lanes (Horner); the table holds the coefficients, lowest power first. */
// @ts-ignore: decorator
@inline
export function dpoly2(x: v128, table: usize): v128 {
  return fma2(k2(table + 8), x, k2(table));
}

// @ts-ignore: decorator
@inline
export function dpoly3(x: v128, table: usize): v128 {
  return fma2(dpoly2(x, table + 8), x, k2(table));
}

// @ts-ignore: decorator
@inline
export function dpoly4(x: v128, table: usize): v128 {
  return fma2(dpoly3(x, table + 8), x, k2(table));
}

// @ts-ignore: decorator
@inline
export function dpoly5(x: v128, table: usize): v128 {
  return fma2(dpoly4(x, table + 8), x, k2(table));
}

// @ts-ignore: decorator
@inline
export function dpoly6(x: v128, table: usize): v128 {
  return fma2(dpoly5(x, table + 8), x, k2(table));
}

/** |x| of four f32 lanes. */
// @ts-ignore: decorator
@inline
export function magnitude4(x: v128): v128 {
  return v128.andnot(x, k4(SIGN4));
}

/** x with the sign of s, four f32 lanes. */
// @ts-ignore: decorator
@inline
export function withSign4(x: v128, s: v128): v128 {
  return v128.bitselect(s, x, k4(SIGN4));
}

/** The sign bit of an f32. */
export const SIGN4 = memory.data<u32>([0x80000000]);

/** Lanes 0 and 1 of four f32 as two f64. */
// @ts-ignore: decorator
@inline
export function widenLow(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

/** Lanes 2 and 3 of four f32 as two f64. */
// @ts-ignore: decorator
@inline
export function widenHigh(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 0));
}

/** The inverse of `widenLow` and `widenHigh`, rounding to nearest. */
// @ts-ignore: decorator
@inline
export function narrow(low: v128, high: v128): v128 {
  return v128.shuffle<i64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}
