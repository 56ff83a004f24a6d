/**
 * Random numbers from uniform ones: the bits of `src/core/random/boxmuller.ts`, which says where the constants come from.
 *
 * PyTorch's float32 arithmetic with fused multiply-adds is done in float64 and rounded to float32 once per operation: a product of two
 * float32 is exact in float64. Relaxed SIMD would do, but need not fuse.
 */

/** Uniform numbers turned into as many normal ones at a time; PyTorch's vectors are half as long. */
const BLOCK: i32 = 16;

// @ts-ignore: decorator
@inline
function k(value: f64): v128 {
  return f64x2.splat(value);
}

/** Rounded to float32. */
// @ts-ignore: decorator
@inline
function r(x: v128): v128 {
  return f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(x));
}

/** a b + c with one rounding. */
// @ts-ignore: decorator
@inline
function fma(a: v128, b: v128, c: v128): v128 {
  return r(f64x2.add(f64x2.mul(a, b), c));
}

// @ts-ignore: decorator
@inline
function mul(a: v128, b: v128): v128 {
  return r(f64x2.mul(a, b));
}

/** The low halves of two 64-bit integers, as numbers. */
// @ts-ignore: decorator
@inline
function toNumbers(x: v128): v128 {
  return f64x2.convert_low_i32x4_s(v128.shuffle<i32>(x, x, 0, 2, 0, 2));
}

/** log(1 - u) for u = k / 2^24 in [0, 1). */
// @ts-ignore: decorator
@inline
function logOneMinus(u: v128): v128 {
  const m = f64x2.sub(k(1), u);
  let x = v128.or(v128.and(m, i64x2.splat(0x000fffffffffffff)), i64x2.splat(0x3fe0000000000000));
  const isLow = f64x2.lt(x, k(0.7071067690849304));
  let e = f64x2.sub(toNumbers(i64x2.shr_u(m, 52)), k(1022));
  e = f64x2.sub(e, v128.and(isLow, k(1)));
  x = f64x2.sub(f64x2.add(x, v128.and(isLow, x)), k(1));
  const z = mul(x, x);
  let y = fma(k(0.07037683576345444), x, k(-0.11514610052108765));
  y = fma(y, x, k(0.11676998436450958));
  y = fma(y, x, k(-0.12420140951871872));
  y = fma(y, x, k(0.14249323308467865));
  y = fma(y, x, k(-0.16668057441711426));
  y = fma(y, x, k(0.2000071406364441));
  y = fma(y, x, k(-0.24999994039535522));
  y = fma(y, x, k(0.3333333134651184));
  y = mul(y, x);
  y = fma(y, z, mul(e, k(-0.00021219444170128554)));
  y = r(f64x2.sub(y, f64x2.mul(z, k(0.5))));
  return fma(e, k(0.693359375), r(f64x2.add(x, y)));
}

/** sin(x) for |x| <= π/4, z = x². */
// @ts-ignore: decorator
@inline
function sine(x: v128, z: v128): v128 {
  const y = fma(fma(k(-0.00019515295571181923), z, k(0.008332161232829094)), z, k(-0.16666655242443085));
  return fma(mul(y, z), x, x);
}

/** cos(x) for |x| <= π/4, z = x². */
// @ts-ignore: decorator
@inline
function cosine(z: v128): v128 {
  const y = fma(fma(k(0.0000244331567955669), z, k(-0.0013887316454201937)), z, k(0.04166664555668831));
  return r(f64x2.add(r(f64x2.sub(f64x2.mul(mul(y, z), z), f64x2.mul(z, k(0.5)))), k(1)));
}

/** Two pairs: elements of `first`, and of `second` beside them. */
// @ts-ignore: decorator
@inline
function boxMullerPairs(first: usize, second: usize, mean: v128, std: v128): void {
  const u = f64x2.promote_low_f32x4(v128.load64_zero(first));
  const radius = r(f64x2.sqrt(mul(k(-2), logOneMinus(u))));
  const angle = mul(k(6.2831854820251465), f64x2.promote_low_f32x4(v128.load64_zero(second)));
  // Octants in pairs: 0, 2, 4 … 8.
  let octant = i32x4.trunc_sat_f64x2_s_zero(f64x2.add(mul(angle, k(1.2732394933700562)), k(1)));
  octant = v128.and(octant, i32x4.splat(-2));
  const o = f64x2.neg(f64x2.convert_low_i32x4_s(octant));
  let x = fma(o, k(0.78515625), angle);
  x = fma(o, k(0.00024187564849853516), x);
  x = fma(o, k(3.774895063202166e-8), x);
  const z = mul(x, x);
  const s = sine(x, z);
  const c = cosine(z);
  const quarter = i64x2.extend_low_i32x4_s(octant);
  const isOdd = i64x2.ne(v128.and(quarter, i64x2.splat(2)), i64x2.splat(0));
  // Quarters 1 and 2 turn the sign of the cosine, quarters 2 and 3 that of the sine.
  const sinSign = i64x2.shl(v128.and(quarter, i64x2.splat(4)), 61);
  const cosSign = i64x2.shl(v128.and(i64x2.add(quarter, i64x2.splat(2)), i64x2.splat(4)), 61);
  const cos = v128.xor(v128.bitselect(s, c, isOdd), cosSign);
  const sin = v128.xor(v128.bitselect(c, s, isOdd), sinSign);
  storePair(first, f64x2.add(f64x2.mul(mul(radius, cos), std), mean));
  storePair(second, f64x2.add(f64x2.mul(mul(radius, sin), std), mean));
}

// @ts-ignore: decorator
@inline
function storePair(at: usize, x: v128): void {
  v128.store64_lane(at, f32x4.demote_f64x2_zero(x), 0);
}

/**
 * Turns uniform float32 numbers of 24 bits in [0, 1) into normal ones, in place. The range counts blocks of 16, in which elements j and
 * j + 8 are a pair; mean and std are exact in float32.
 * @see torch.Tensor.normal_
 */
export function boxMuller(x: usize, mean: f64, std: f64, begin: i32, end: i32): void {
  const half: usize = (BLOCK / 2) * sizeof<f32>();
  for (let block = begin; block < end; block++) {
    const first = x + <usize>block * 2 * half;
    for (let at = first; at < first + half; at += 8) boxMullerPairs(at, at + half, k(mean), k(std));
  }
}
