/** Sums of bytes that have scales, and largest bytes of windows. */
import { bytesOf, rounded } from "./deliver";

/** Four of eight 16-bit integers as numbers. */
// @ts-ignore: decorator
@inline
function numbers(whole: v128, zero: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(whole, zero)), scale);
}

/**
 * y = a + b of bytes with a scale and a zero point each; results below `least` are raised to it, which is the zero point for a rectifier. `invert` is 1 / the
 * scale of y. Range: elements.
 */
export function addQuantized(
  y: usize,
  a: usize,
  b: usize,
  scaleA: f64,
  zeroA: i32,
  scaleB: f64,
  zeroB: i32,
  invert: f64,
  zero: i32,
  least: i32,
  begin: i32,
  end: i32,
): void {
  const sa = f32x4.splat(<f32>scaleA),
    sb = f32x4.splat(<f32>scaleB),
    za = i32x4.splat(zeroA),
    zb = i32x4.splat(zeroB),
    i = f32x4.splat(<f32>invert),
    l = i8x16.splat(<i8>least);
  for (; begin < end; begin += 8) {
    const at = <usize>begin,
      isWhole = begin + 8 <= end;
    // Beyond the last element the bytes are read and not used.
    const u = v128.load_ext<u8>(a + at),
      v = v128.load_ext<u8>(b + at);
    const low = f32x4.add(numbers(i32x4.extend_low_i16x8_u(u), za, sa), numbers(i32x4.extend_low_i16x8_u(v), zb, sb));
    const high = f32x4.add(
      numbers(i32x4.extend_high_i16x8_u(u), za, sa),
      numbers(i32x4.extend_high_i16x8_u(v), zb, sb),
    );
    const bytes = i8x16.max_u(bytesOf(rounded(f32x4.mul(low, i), zero), rounded(f32x4.mul(high, i), zero)), l);
    if (isWhole) v128.store64_lane(y + at, bytes, 0);
    else storeSome(y + at, bytes, end - begin);
  }
}

/** Writes the first `count` of eight bytes. */
function storeSome(y: usize, bytes: v128, count: i32): void {
  const packed = i64x2.extract_lane(bytes, 0);
  for (let j = 0; j < count; j++) store<u8>(y + j, <u8>(packed >> (8 * j)));
}

/**
 * The largest bytes of windows of images whose channels are neighbors. `words`: channels, height, width, height and width of the result, of the kernel,
 * its strides, paddings and dilations. Range: places of the result.
 */
export function maxPoolQuantized(y: usize, x: usize, words: usize, begin: i32, end: i32): void {
  const c = load<i32>(words),
    h = load<i32>(words, 4),
    w = load<i32>(words, 8),
    oh = load<i32>(words, 12),
    ow = load<i32>(words, 16),
    kh = load<i32>(words, 20),
    kw = load<i32>(words, 24),
    dh = load<i32>(words, 44),
    dw = load<i32>(words, 48);
  for (let p = begin; p < end; p++) {
    const above = p / ow,
      image = above / oh;
    const top = (above - image * oh) * load<i32>(words, 28) - load<i32>(words, 36),
      left = (p - above * ow) * load<i32>(words, 32) - load<i32>(words, 40);
    const to = y + <usize>p * c;
    memory.fill(to, 0, c);
    for (let i = 0; i < kh; i++) {
      const row = top + i * dh;
      if (row < 0 || row >= h) continue;
      for (let j = 0; j < kw; j++) {
        const column = left + j * dw;
        if (column < 0 || column >= w) continue;
        raise(to, x + <usize>((image * h + row) * w + column) * c, c);
      }
    }
  }
}

/** y = max(y, x) of n bytes. */
function raise(y: usize, x: usize, n: i32): void {
  for (; n >= 16; n -= 16) {
    v128.store(y, i8x16.max_u(v128.load(y), v128.load(x)));
    y += 16;
    x += 16;
  }
  for (; n > 0; n--) {
    store<u8>(y, max(load<u8>(y), load<u8>(x)));
    y++;
    x++;
  }
}
