/**
 * The innermost loops of products of 8 bits: sums of exact integers, so that every way gives the same numbers. Rows are bytes without a sign, columns
 * bytes with a sign, packed as in `pack.ts`.
 *
 * Relaxed SIMD multiplies pairs of bytes at once, with the same result in every engine as long as those of the rows are below 128. Whatever is not,
 * and everything on the baseline level, is widened to 16 bits.
 */

/** 16-bit ones, loaded from memory since V8 would build the constant anew in each turn. */
const ONES = memory.data<u32>([0x00010001]);

/** Factors whose products show how an engine computes them. */
const PROBE = memory.data<u32>([0x7f7f7f7f, 0xffffffff]);

/**
 * How the products of this machine are computed fastest: 0: in 16 bits; 1: as pairs of bytes by two instructions; 2: by one. Where the processor has no
 * instruction for four products, engines take the two instructions of older ones, whose sums of pairs are cut off at 16 bits, and make their
 * constants anew each time.
 */
export function quantizedWay(): i32 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    const w = v128.load32_splat(PROBE),
      a = v128.load32_splat(PROBE, 4);
    const sum = i32x4.extract_lane(i32x4.relaxed_dot_i8x16_i7x16_add_s(w, a, i32x4.splat(0)), 0);
    return sum == 2 * 32767 ? 1 : 2;
  }
  return 0;
}

/** c + the products of four neighboring terms in each lane: by one instruction if `T` is i32, by those that older processors have if it is i16. */
// @ts-ignore: decorator
@inline
function madd<T>(w: v128, a: v128, c: v128, ones: v128): v128 {
  if (sizeof<T>() == 4) return i32x4.relaxed_dot_i8x16_i7x16_add_s(w, a, c);
  return i32x4.add(c, i32x4.dot_i16x8_s(i16x8.relaxed_dot_i8x16_i7x16_s(w, a), ones));
}

/**
 * Four rows, whose addresses are at `rows`, by eight columns: 32 sums at `y`, row by row. Each row begins at its address plus the offset of the
 * segment.
 */
export function dotsOfFour<T>(y: usize, rows: usize, offsets: usize, segments: i32, quads: i32, b: usize): void {
  const ones = v128.load32_splat(ONES);
  let c0 = i32x4.splat(0),
    c1 = c0,
    c2 = c0,
    c3 = c0,
    d0 = c0,
    d1 = c0,
    d2 = c0,
    d3 = c0;
  for (const last = offsets + <usize>segments * 4; offsets != last; offsets += 4) {
    const offset = load<usize>(offsets);
    let a0 = load<usize>(rows) + offset,
      a1 = load<usize>(rows, 4) + offset,
      a2 = load<usize>(rows, 8) + offset,
      a3 = load<usize>(rows, 12) + offset;
    for (const end = a0 + <usize>quads * 4; a0 != end; a0 += 4) {
      const low = v128.load(b),
        high = v128.load(b, 16);
      let a = v128.load32_splat(a0);
      c0 = madd<T>(low, a, c0, ones);
      d0 = madd<T>(high, a, d0, ones);
      a = v128.load32_splat(a1);
      c1 = madd<T>(low, a, c1, ones);
      d1 = madd<T>(high, a, d1, ones);
      a = v128.load32_splat(a2);
      c2 = madd<T>(low, a, c2, ones);
      d2 = madd<T>(high, a, d2, ones);
      a = v128.load32_splat(a3);
      c3 = madd<T>(low, a, c3, ones);
      d3 = madd<T>(high, a, d3, ones);
      a1 += 4;
      a2 += 4;
      a3 += 4;
      b += 32;
    }
  }
  v128.store(y, c0);
  v128.store(y, d0, 16);
  v128.store(y, c1, 32);
  v128.store(y, d1, 48);
  v128.store(y, c2, 64);
  v128.store(y, d2, 80);
  v128.store(y, c3, 96);
  v128.store(y, d3, 112);
}

/** One row by eight columns. */
export function dotsOfOne<T>(y: usize, row: usize, offsets: usize, segments: i32, quads: i32, b: usize): void {
  const ones = v128.load32_splat(ONES);
  let c = i32x4.splat(0),
    d = c;
  for (const last = offsets + <usize>segments * 4; offsets != last; offsets += 4) {
    let a = row + load<usize>(offsets);
    for (const end = a + <usize>quads * 4; a != end; a += 4) {
      const four = v128.load32_splat(a);
      c = madd<T>(v128.load(b), four, c, ones);
      d = madd<T>(v128.load(b, 16), four, d, ones);
      b += 32;
    }
  }
  v128.store(y, c);
  v128.store(y, d, 16);
}

/** Sums of lanes 0 and 1, and of lanes 2 and 3, of both. */
// @ts-ignore: decorator
@inline
function pairSums(low: v128, high: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(low, high, 0, 2, 4, 6), v128.shuffle<i32>(low, high, 1, 3, 5, 7));
}

/** Four terms, widened to 16 bits, twice. */
// @ts-ignore: decorator
@inline
function wide(a: usize): v128 {
  return i16x8.extend_low_i8x16_u(v128.load32_splat(a));
}

/** Two rows by eight columns, in 16 bits. A sum of two terms has a lane. */
export function wideDots(y: usize, rows: usize, offsets: usize, segments: i32, quads: i32, b: usize): void {
  let c0 = i32x4.splat(0),
    c1 = c0,
    c2 = c0,
    c3 = c0,
    d0 = c0,
    d1 = c0,
    d2 = c0,
    d3 = c0;
  for (const last = offsets + <usize>segments * 4; offsets != last; offsets += 4) {
    const offset = load<usize>(offsets);
    let p = load<usize>(rows) + offset,
      q = load<usize>(rows, 4) + offset;
    for (const end = p + <usize>quads * 4; p != end; p += 4) {
      const a = wide(p),
        e = wide(q);
      let w = v128.load_ext<i8>(b);
      c0 = i32x4.add(c0, i32x4.dot_i16x8_s(w, a));
      d0 = i32x4.add(d0, i32x4.dot_i16x8_s(w, e));
      w = v128.load_ext<i8>(b, 8);
      c1 = i32x4.add(c1, i32x4.dot_i16x8_s(w, a));
      d1 = i32x4.add(d1, i32x4.dot_i16x8_s(w, e));
      w = v128.load_ext<i8>(b, 16);
      c2 = i32x4.add(c2, i32x4.dot_i16x8_s(w, a));
      d2 = i32x4.add(d2, i32x4.dot_i16x8_s(w, e));
      w = v128.load_ext<i8>(b, 24);
      c3 = i32x4.add(c3, i32x4.dot_i16x8_s(w, a));
      d3 = i32x4.add(d3, i32x4.dot_i16x8_s(w, e));
      q += 4;
      b += 32;
    }
  }
  v128.store(y, pairSums(c0, c1));
  v128.store(y, pairSums(c2, c3), 16);
  v128.store(y, pairSums(d0, d1), 32);
  v128.store(y, pairSums(d2, d3), 48);
}
