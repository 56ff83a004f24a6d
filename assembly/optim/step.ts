/** What the kernels of all optimizers share: partial vectors, the gradient that an optimizer sees, running averages. */
import { at, loadLanes, storeLanes, zeros } from "../common/rows";
import { fma2, fma4, lanes } from "../common/simd";

/** a b + c. */
// @ts-ignore: decorator
@inline
export function fma<T>(a: v128, b: v128, c: v128): v128 {
  return sizeof<T>() == 4 ? fma4(a, b, c) : fma2(a, b, c);
}

// @ts-ignore: decorator
@inline
export function splat<T>(x: f64): v128 {
  return v128.splat<T>(<T>x);
}

/** A vector from element i on, of which `k` are left; lanes beyond are 0. No branch where k is a constant. */
// @ts-ignore: decorator
@inline
export function read<T>(p: usize, i: i32, k: i32): v128 {
  return loadLanes<T>(at<T>(p, i), k, zeros());
}

/** The inverse of `read`. */
// @ts-ignore: decorator
@inline
export function write<T>(p: usize, i: i32, v: v128, k: i32): void {
  storeLanes<T>(at<T>(p, i), v, k);
}

/** The end of the whole vectors from `begin` on. */
// @ts-ignore: decorator
@inline
export function wholeEnd<T>(begin: i32, end: i32): i32 {
  return begin + ((end - begin) & ~(lanes<T>() - 1));
}

/** The mask that `gradient` flips signs by. */
// @ts-ignore: decorator
@inline
export function flipMask<T>(maximize: i32): v128 {
  return maximize ? splat<T>(-0.0) : zeros();
}

/** The gradient that an optimizer sees: g or -g, plus `decay` times the parameter unless decay is 0. */
// @ts-ignore: decorator
@inline
export function gradient<T>(g: usize, w: v128, i: i32, k: i32, flip: v128, decays: bool, decay: v128): v128 {
  const d = v128.xor(read<T>(g, i, k), flip);
  return decays ? fma<T>(decay, w, d) : d;
}

/** keep a + fresh x, a running average where keep + fresh = 1. */
// @ts-ignore: decorator
@inline
export function average<T>(a: v128, keep: v128, x: v128, fresh: v128): v128 {
  return fma<T>(fresh, x, v128.mul<T>(a, keep));
}

/** keep a + fresh x². */
// @ts-ignore: decorator
@inline
export function averageSquare<T>(a: v128, keep: v128, x: v128, fresh: v128): v128 {
  return fma<T>(v128.mul<T>(fresh, x), x, v128.mul<T>(a, keep));
}

/** p + scale a / b. */
// @ts-ignore: decorator
@inline
export function addRatio<T>(p: v128, scale: v128, a: v128, b: v128): v128 {
  return v128.add<T>(p, v128.div<T>(v128.mul<T>(scale, a), b));
}
