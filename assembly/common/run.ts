/**
 * Templates of elementwise kernels. A *strategy* is a class without state whose inlined methods say what happens to one
 * vector (`vec<T>`) or one element (`one<T>`); a *runner* applies it along one row; a *walk* takes a range of the output
 * apart into rows (`map.ts`). `dispatch.ts` chooses the runner for an element type.
 *
 * Runners differ in what they need of a strategy:
 * - `lanes` have only `vec`. The last elements of a row travel in a padded vector, so that an element's bits do not depend
 *   on its place. `pairs` are lanes of a few instructions, two vectors at a time; `streams` are lanes that pay for four
 *   vectors in flight: branch-free strategies, and what every network does.
 * - `shortcuts` have a `key` (unsigned integers) as well, and an `ordinary` that gives `vec`'s bits for less where no key is
 *   above `lastKey`: four vectors take it together, or `vec` one by one.
 * - `exact` have `vec` and `one`, which give the same bits (integers).
 * - `scalars` have only `one`; it gets the parameters as f64. `widened` take f32 elements through an f64 strategy.
 */
import { bytesOf, loadInteger, span, storeInteger } from "./element";
import { lanes } from "./simd";

/** Applies an operation to n elements of x, of type t, `stride` elements apart, and writes them side by side to y. */
export type Run1 = (t: i32, y: usize, x: usize, stride: i32, n: i32, p: f64, q: f64) => void;
/** Like `Run1`, of two inputs with strides sa and sb. */
export type Run2 = (t: i32, y: usize, a: usize, b: usize, sa: i32, sb: i32, n: i32, p: f64) => void;
/** Like `Run1`, of three inputs with strides sa, sb and sc. */
export type Run3 = (t: i32, y: usize, a: usize, b: usize, c: usize, sa: i32, sb: i32, sc: i32, n: i32, p: f64) => void;

// ------------------------------------------------------------------------------------------- partial vectors

/** A vector of up to four 4-byte elements `stride` apart; lanes from n on are padding. */
function fetch4(x: usize, stride: i32, n: i32): v128 {
  if (stride == 0) return v128.load32_splat(x);
  const step = (<usize>stride) << 2;
  let v = v128.load32_zero(x);
  if (n > 1) v = v128.load32_lane(x + step, v, 1);
  if (n > 2) v = v128.load32_lane(x + 2 * step, v, 2);
  if (n > 3) v = v128.load32_lane(x + 3 * step, v, 3);
  return v;
}

/** A vector of up to two 8-byte elements `stride` apart; lanes from n on are padding. */
function fetch8(x: usize, stride: i32, n: i32): v128 {
  if (stride == 0) return v128.load64_splat(x);
  const v = v128.load64_zero(x);
  return n > 1 ? v128.load64_lane(x + ((<usize>stride) << 3), v, 1) : v;
}

/** The next vector of a row of f32 or f64 with n > 0 elements left. */
// @ts-ignore: decorator
@inline
function fetch<T>(x: usize, stride: i32, n: i32): v128 {
  if (stride == 1 && n >= lanes<T>()) return v128.load(x);
  return sizeof<T>() == 4 ? fetch4(x, stride, n) : fetch8(x, stride, n);
}

/** Stores the first n lanes of 4 bytes, n < 4. */
function put4(y: usize, v: v128, n: i32): void {
  v128.store32_lane(y, v, 0);
  if (n > 1) v128.store32_lane(y, v, 1, 4);
  if (n > 2) v128.store32_lane(y, v, 2, 8);
}

// @ts-ignore: decorator
@inline
function put<T>(y: usize, v: v128, n: i32): void {
  if (n >= lanes<T>()) v128.store(y, v);
  else if (sizeof<T>() == 4) put4(y, v, n);
  else v128.store64_lane(y, v, 0);
}

// ------------------------------------------------------------------------------------------- one input

/** One vector at a time, any stride; `T` is f32 or f64. */
export function lanes1<OP, T>(y: usize, x: usize, stride: i32, n: i32, p: f64, q: f64): void {
  const op = changetype<OP>(0);
  const ps = v128.splat<T>(<T>p),
    qs = v128.splat<T>(<T>q);
  const step = span<T>(stride) * lanes<T>();
  for (; n > 0; n -= lanes<T>()) {
    put<T>(y, op.vec<T>(fetch<T>(x, stride, n), ps, qs), n);
    x += step;
    y += 16;
  }
}

/** Applies `vec` to four vectors at a time of contiguous elements; how many elements that were. */
// @ts-ignore: decorator
@inline
function unrolled1<OP, T>(y: usize, x: usize, n: i32, p: f64, q: f64): i32 {
  const op = changetype<OP>(0);
  const ps = v128.splat<T>(<T>p),
    qs = v128.splat<T>(<T>q);
  const end = x + (span<T>(n) & ~63);
  for (; x < end; x += 64) {
    const x0 = v128.load(x),
      x1 = v128.load(x, 16),
      x2 = v128.load(x, 32),
      x3 = v128.load(x, 48);
    const y0 = op.vec<T>(x0, ps, qs),
      y1 = op.vec<T>(x1, ps, qs);
    const y2 = op.vec<T>(x2, ps, qs),
      y3 = op.vec<T>(x3, ps, qs);
    v128.store(y, y0);
    v128.store(y, y1, 16);
    v128.store(y, y2, 32);
    v128.store(y, y3, 48);
    y += 64;
  }
  return n & ~(4 * lanes<T>() - 1);
}

/** The same by two vectors: enough where each is a load, an instruction or two and a store. */
// @ts-ignore: decorator
@inline
function paired1<OP, T>(y: usize, x: usize, n: i32, p: f64, q: f64): i32 {
  const op = changetype<OP>(0);
  const ps = v128.splat<T>(<T>p),
    qs = v128.splat<T>(<T>q);
  const end = x + (span<T>(n) & ~31);
  for (; x < end; x += 32) {
    const y0 = op.vec<T>(v128.load(x), ps, qs),
      y1 = op.vec<T>(v128.load(x, 16), ps, qs);
    v128.store(y, y0);
    v128.store(y, y1, 16);
    y += 32;
  }
  return n & ~(2 * lanes<T>() - 1);
}

export function pairs1<OP, T>(y: usize, x: usize, stride: i32, n: i32, p: f64, q: f64): void {
  const done = stride == 1 ? paired1<OP, T>(y, x, n, p, q) : 0;
  lanes1<OP, T>(y + span<T>(done), x + span<T>(done), stride, n - done, p, q);
}

export function streams1<OP, T>(y: usize, x: usize, stride: i32, n: i32, p: f64, q: f64): void {
  const done = stride == 1 ? unrolled1<OP, T>(y, x, n, p, q) : 0;
  lanes1<OP, T>(y + span<T>(done), x + span<T>(done), stride, n - done, p, q);
}

/** Like `unrolled1`, by `ordinary` where all four vectors allow it. */
// @ts-ignore: decorator
@inline
function unrolledShortcut1<OP>(y: usize, x: usize, n: i32, p: f64, q: f64): i32 {
  const op = changetype<OP>(0);
  const end = x + (span<f32>(n) & ~63);
  for (; x < end; x += 64) {
    const first = i32x4.max_u(op.key(v128.load(x)), op.key(v128.load(x, 16)));
    const second = i32x4.max_u(op.key(v128.load(x, 32)), op.key(v128.load(x, 48)));
    const last = op.lastKey();
    if (i32x4.all_true(i32x4.eq(i32x4.max_u(i32x4.max_u(first, second), last), last))) {
      const y0 = op.ordinary(v128.load(x)),
        y1 = op.ordinary(v128.load(x, 16));
      const y2 = op.ordinary(v128.load(x, 32)),
        y3 = op.ordinary(v128.load(x, 48));
      v128.store(y, y0);
      v128.store(y, y1, 16);
      v128.store(y, y2, 32);
      v128.store(y, y3, 48);
    } else lanes1<OP, f32>(y, x, 1, 16, p, q);
    y += 64;
  }
  return n & ~15;
}

export function shortcuts1<OP>(y: usize, x: usize, stride: i32, n: i32, p: f64, q: f64): void {
  const done = stride == 1 ? unrolledShortcut1<OP>(y, x, n, p, q) : 0;
  lanes1<OP, f32>(y + span<f32>(done), x + span<f32>(done), stride, n - done, p, q);
}

export function scalars1<OP, T, R>(y: usize, x: usize, stride: i32, n: i32, p: f64, q: f64): void {
  const op = changetype<OP>(0);
  const step = span<T>(stride);
  for (const end = y + span<R>(n); y < end; y += sizeof<R>()) {
    store<R>(y, <R>op.one<T>(load<T>(x), p, q));
    x += step;
  }
}

/** f32 elements through an f64 strategy. */
export function widened1<OP>(y: usize, x: usize, stride: i32, n: i32, p: f64, q: f64): void {
  const op = changetype<OP>(0);
  const step = span<f32>(stride);
  for (const end = y + span<f32>(n); y < end; y += 4) {
    store<f32>(y, <f32>op.one<f64>(<f64>load<f32>(x), p, q));
    x += step;
  }
}

/** Integers and bool of any size through an i64 strategy, to type ty: results are the same modulo the size. */
export function wide1<OP>(ty: i32, t: i32, y: usize, x: usize, stride: i32, n: i32, p: f64, q: f64): void {
  const op = changetype<OP>(0);
  const stepY = bytesOf(ty),
    stepX = <usize>stride * bytesOf(t);
  for (const end = y + <usize>n * stepY; y < end; y += stepY) {
    storeInteger(ty, y, <i64>op.one<i64>(loadInteger(t, x), p, q));
    x += stepX;
  }
}

// ------------------------------------------------------------------------------------------- two inputs

export function lanes2<OP, T>(y: usize, a: usize, b: usize, sa: i32, sb: i32, n: i32, p: f64): void {
  const op = changetype<OP>(0);
  const ps = v128.splat<T>(<T>p);
  const stepA = span<T>(sa) * lanes<T>(),
    stepB = span<T>(sb) * lanes<T>();
  for (; n > 0; n -= lanes<T>()) {
    put<T>(y, op.vec<T>(fetch<T>(a, sa, n), fetch<T>(b, sb, n), ps), n);
    a += stepA;
    b += stepB;
    y += 16;
  }
}

/** Four vectors at a time where both strides are 0 or 1; how many elements that were. */
// @ts-ignore: decorator
@inline
function unrolled2<OP, T>(y: usize, a: usize, b: usize, sa: i32, sb: i32, n: i32, p: f64): i32 {
  if (<u32>(sa | sb) > 1 || span<T>(n) < 64) return 0;
  const op = changetype<OP>(0);
  const ps = v128.splat<T>(<T>p);
  let a0 = v128.splat<T>(load<T>(a)),
    a1 = a0,
    a2 = a0,
    a3 = a0;
  let b0 = v128.splat<T>(load<T>(b)),
    b1 = b0,
    b2 = b0,
    b3 = b0;
  for (const end = y + (span<T>(n) & ~63); y < end; y += 64) {
    if (sa) {
      a0 = v128.load(a);
      a1 = v128.load(a, 16);
      a2 = v128.load(a, 32);
      a3 = v128.load(a, 48);
      a += 64;
    }
    if (sb) {
      b0 = v128.load(b);
      b1 = v128.load(b, 16);
      b2 = v128.load(b, 32);
      b3 = v128.load(b, 48);
      b += 64;
    }
    const y0 = op.vec<T>(a0, b0, ps),
      y1 = op.vec<T>(a1, b1, ps);
    const y2 = op.vec<T>(a2, b2, ps),
      y3 = op.vec<T>(a3, b3, ps);
    v128.store(y, y0);
    v128.store(y, y1, 16);
    v128.store(y, y2, 32);
    v128.store(y, y3, 48);
  }
  return n & ~(4 * lanes<T>() - 1);
}

export function streams2<OP, T>(y: usize, a: usize, b: usize, sa: i32, sb: i32, n: i32, p: f64): void {
  const done = unrolled2<OP, T>(y, a, b, sa, sb, n, p);
  lanes2<OP, T>(y + span<T>(done), a + span<T>(done * sa), b + span<T>(done * sb), sa, sb, n - done, p);
}

/** The same by two vectors. */
// @ts-ignore: decorator
@inline
function paired2<OP, T>(y: usize, a: usize, b: usize, sa: i32, sb: i32, n: i32, p: f64): i32 {
  if (<u32>(sa | sb) > 1 || span<T>(n) < 32) return 0;
  const op = changetype<OP>(0);
  const ps = v128.splat<T>(<T>p);
  let a0 = v128.splat<T>(load<T>(a)),
    a1 = a0;
  let b0 = v128.splat<T>(load<T>(b)),
    b1 = b0;
  for (const end = y + (span<T>(n) & ~31); y < end; y += 32) {
    if (sa) {
      a0 = v128.load(a);
      a1 = v128.load(a, 16);
      a += 32;
    }
    if (sb) {
      b0 = v128.load(b);
      b1 = v128.load(b, 16);
      b += 32;
    }
    const y0 = op.vec<T>(a0, b0, ps),
      y1 = op.vec<T>(a1, b1, ps);
    v128.store(y, y0);
    v128.store(y, y1, 16);
  }
  return n & ~(2 * lanes<T>() - 1);
}

export function pairs2<OP, T>(y: usize, a: usize, b: usize, sa: i32, sb: i32, n: i32, p: f64): void {
  const done = paired2<OP, T>(y, a, b, sa, sb, n, p);
  lanes2<OP, T>(y + span<T>(done), a + span<T>(done * sa), b + span<T>(done * sb), sa, sb, n - done, p);
}

export function scalars2<OP, T, R>(y: usize, a: usize, b: usize, sa: i32, sb: i32, n: i32, p: f64): void {
  const op = changetype<OP>(0);
  const stepA = span<T>(sa),
    stepB = span<T>(sb);
  for (const end = y + span<R>(n); y < end; y += sizeof<R>()) {
    store<R>(y, <R>op.one<T>(load<T>(a), load<T>(b), p));
    a += stepA;
    b += stepB;
  }
}

/** f32 elements through an f64 strategy. */
export function widened2<OP>(y: usize, a: usize, b: usize, sa: i32, sb: i32, n: i32, p: f64): void {
  const op = changetype<OP>(0);
  const stepA = span<f32>(sa),
    stepB = span<f32>(sb);
  for (const end = y + span<f32>(n); y < end; y += 4) {
    store<f32>(y, <f32>op.one<f64>(<f64>load<f32>(a), <f64>load<f32>(b), p));
    a += stepA;
    b += stepB;
  }
}

/** Integers and bool of any size through an i64 strategy, to type ty. */
export function wide2<OP>(ty: i32, t: i32, y: usize, a: usize, b: usize, sa: i32, sb: i32, n: i32, p: f64): void {
  const op = changetype<OP>(0);
  const size = bytesOf(t),
    stepY = bytesOf(ty),
    stepA = <usize>sa * size,
    stepB = <usize>sb * size;
  for (const end = y + <usize>n * stepY; y < end; y += stepY) {
    storeInteger(ty, y, <i64>op.one<i64>(loadInteger(t, a), loadInteger(t, b), p));
    a += stepA;
    b += stepB;
  }
}

export function exact2<OP, T>(y: usize, a: usize, b: usize, sa: i32, sb: i32, n: i32, p: f64): void {
  const done = unrolled2<OP, T>(y, a, b, sa, sb, n, p);
  scalars2<OP, T, T>(y + span<T>(done), a + span<T>(done * sa), b + span<T>(done * sb), sa, sb, n - done, p);
}

// ------------------------------------------------------------------------------------------- three inputs

export function lanes3<OP, T>(y: usize, a: usize, b: usize, c: usize, sa: i32, sb: i32, sc: i32, n: i32, p: f64): void {
  const op = changetype<OP>(0);
  const ps = v128.splat<T>(<T>p);
  const stepA = span<T>(sa) * lanes<T>(),
    stepB = span<T>(sb) * lanes<T>(),
    stepC = span<T>(sc) * lanes<T>();
  for (; n > 0; n -= lanes<T>()) {
    put<T>(y, op.vec<T>(fetch<T>(a, sa, n), fetch<T>(b, sb, n), fetch<T>(c, sc, n), ps), n);
    a += stepA;
    b += stepB;
    c += stepC;
    y += 16;
  }
}

/** Integers and bool of any size through an i64 strategy. */
export function wide3<OP>(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  c: usize,
  sa: i32,
  sb: i32,
  sc: i32,
  n: i32,
  p: f64,
): void {
  const op = changetype<OP>(0);
  const size = bytesOf(t),
    stepA = <usize>sa * size,
    stepB = <usize>sb * size,
    stepC = <usize>sc * size;
  for (const end = y + <usize>n * size; y < end; y += size) {
    storeInteger(t, y, op.one<i64>(loadInteger(t, a), loadInteger(t, b), loadInteger(t, c), p));
    a += stepA;
    b += stepB;
    c += stepC;
  }
}
