/** Numbers of 8 or 32 bits with a scale and a zero point, from f32 and to f32, and the range of numbers. */
import { I8, I32, U8 } from "../common/dtype";

/** Four of x by 1 / scale, rounded to the nearest integer, ties to even, plus the zero point, cut off at the bounds; NaN becomes the smallest. */
// @ts-ignore: decorator
@inline
function four(x: v128, inverse: v128, zero: v128, low: v128, high: v128): v128 {
  const y = f32x4.add(f32x4.nearest(f32x4.mul(x, inverse)), zero);
  return i32x4.trunc_sat_f32x4_s(f32x4.pmin(high, f32x4.pmax(low, y)));
}

function quantizeRun<T>(y: usize, x: usize, n: i32, inverse: f32, zero: f32): void {
  const low: f32 = sizeof<T>() == 4 ? -2147483648 : isSigned<T>() ? -128 : 0;
  const high: f32 = sizeof<T>() == 4 ? 2147483648 : isSigned<T>() ? 127 : 255;
  const i = f32x4.splat(inverse),
    z = f32x4.splat(zero),
    l = f32x4.splat(low),
    h = f32x4.splat(high);
  for (; sizeof<T>() == 1 && n >= 16; n -= 16) {
    const p = i16x8.narrow_i32x4_s(four(v128.load(x), i, z, l, h), four(v128.load(x, 16), i, z, l, h));
    const q = i16x8.narrow_i32x4_s(four(v128.load(x, 32), i, z, l, h), four(v128.load(x, 48), i, z, l, h));
    v128.store(y, isSigned<T>() ? i8x16.narrow_i16x8_s(p, q) : i8x16.narrow_i16x8_u(p, q));
    x += 64;
    y += 16;
  }
  for (; n > 0; n--) {
    store<T>(y, <T>i32x4.extract_lane(four(v128.load32_splat(x), i, z, l, h), 0));
    x += 4;
    y += sizeof<T>();
  }
}

/**
 * y = round(x / scale) + zero. The elements are seen as [outer, channels, inner]; a channel has the scale and the zero point of its number. `type` is the
 * code of the type of y. Range: elements.
 */
export function quantize(
  type: i32,
  y: usize,
  x: usize,
  scales: usize,
  zeros: usize,
  channels: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  while (begin < end) {
    const row = begin / inner;
    const channel = <usize>(row % channels) * 4;
    const n = min(end, (row + 1) * inner) - begin;
    const inverse: f32 = <f32>1 / load<f32>(scales + channel),
      zero = <f32>load<i32>(zeros + channel);
    const from = x + <usize>begin * 4;
    if (type == U8) quantizeRun<u8>(y + <usize>begin, from, n, inverse, zero);
    else if (type == I8) quantizeRun<i8>(y + <usize>begin, from, n, inverse, zero);
    else if (type == I32) quantizeRun<i32>(y + <usize>begin * 4, from, n, inverse, zero);
    else unreachable();
    begin += n;
  }
}

function dequantizeRun<T>(y: usize, x: usize, n: i32, scale: f32, zero: i32): void {
  const s = f32x4.splat(scale),
    z = i32x4.splat(zero);
  for (; sizeof<T>() == 1 && n >= 8; n -= 8) {
    const eight = v128.load_ext<T>(x);
    const low = isSigned<T>() ? i32x4.extend_low_i16x8_s(eight) : i32x4.extend_low_i16x8_u(eight);
    const high = isSigned<T>() ? i32x4.extend_high_i16x8_s(eight) : i32x4.extend_high_i16x8_u(eight);
    v128.store(y, f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(low, z)), s));
    v128.store(y, f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(high, z)), s), 16);
    x += 8;
    y += 32;
  }
  for (; n > 0; n--) {
    store<f32>(y, <f32>(<f32>load<T>(x) - <f32>zero) * scale);
    x += sizeof<T>();
    y += 4;
  }
}

/** y = (x − zero) · scale, in f32, for x of that type; the rest as for `quantize`. */
export function dequantize(
  type: i32,
  y: usize,
  x: usize,
  scales: usize,
  zeros: usize,
  channels: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  while (begin < end) {
    const row = begin / inner;
    const channel = <usize>(row % channels) * 4;
    const n = min(end, (row + 1) * inner) - begin;
    const scale = load<f32>(scales + channel),
      zero = load<i32>(zeros + channel);
    const to = y + <usize>begin * 4;
    if (type == U8) dequantizeRun<u8>(to, x + <usize>begin, n, scale, zero);
    else if (type == I8) dequantizeRun<i8>(to, x + <usize>begin, n, scale, zero);
    else if (type == I32) dequantizeRun<i32>(to, x + <usize>begin * 4, n, scale, zero);
    else unreachable();
    begin += n;
  }
}

/** The smallest and the largest number of each block of `block` numbers, NaN if there is one; of n numbers in all. Range: blocks. */
export function rangeOf(y: usize, x: usize, n: i32, block: i32, begin: i32, end: i32): void {
  for (let b = begin; b < end; b++) {
    let i = b * block;
    const stop = min(n, i + block);
    let low = v128.load32_splat(x + <usize>i * 4),
      high = low;
    for (; i + 4 <= stop; i += 4) {
      const v = v128.load(x + <usize>i * 4);
      low = f32x4.min(low, v);
      high = f32x4.max(high, v);
    }
    for (; i < stop; i++) {
      const v = v128.load32_splat(x + <usize>i * 4);
      low = f32x4.min(low, v);
      high = f32x4.max(high, v);
    }
    low = f32x4.min(low, v128.shuffle<i32>(low, low, 2, 3, 0, 1));
    high = f32x4.max(high, v128.shuffle<i32>(high, high, 2, 3, 0, 1));
    low = f32x4.min(low, v128.shuffle<i32>(low, low, 1, 0, 3, 2));
    high = f32x4.max(high, v128.shuffle<i32>(high, high, 1, 0, 3, 2));
    store<f32>(y + <usize>b * 8, f32x4.extract_lane(low, 0));
    store<f32>(y + <usize>b * 8, f32x4.extract_lane(high, 0), 4);
  }
}
