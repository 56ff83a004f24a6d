/** How sums become results: numbers in f32, or bytes with a scale and a zero point of their own. */

/** The result is of bytes; negative results are cut off. */
export const BYTES: i32 = 1;
export const RELU: i32 = 2;

/** Beyond any byte, and far from the bounds of i32. */
const FAR: f32 = 1e6;

/**
 * What the sums of a column become: (sum − zero · columnSum) · (scale · scaleOfColumn) + bias, as a number or as a byte. Written to memory of a thread by
 * the kernel, read for every tile.
 */
@unmanaged
export class Delivery {
  /** Per column, filled up to whole panels: the sum of the weights, the scale, and what is added. */
  sums: usize;
  scales: usize;
  bias: usize;
  /** The zero point of the rows. */
  zero: i32;
  scale: f32;
  /** The zero point of the result. */
  zeroOut: i32;
  flags: i32;
}

/** The delivery of a kernel's arguments, in memory of a thread. */
export function deliveryAt(
  memory: usize,
  sums: usize,
  scales: usize,
  bias: usize,
  zero: i32,
  scale: f64,
  zeroOut: i32,
  flags: i32,
): Delivery {
  const d = changetype<Delivery>(memory);
  d.sums = sums;
  d.scales = scales;
  d.bias = bias;
  d.zero = zero;
  d.scale = <f32>scale;
  d.zeroOut = zeroOut;
  d.flags = flags;
  return d;
}

/** Four results in f32. */
// @ts-ignore: decorator
@inline
function scaled(d: Delivery, sums: v128, at: usize): v128 {
  const whole = i32x4.sub(sums, i32x4.mul(i32x4.splat(d.zero), v128.load(d.sums + at)));
  const factor = f32x4.mul(f32x4.splat(d.scale), v128.load(d.scales + at));
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(whole), factor), v128.load(d.bias + at));
}

/** The nearest integer, ties to even, plus the zero point. */
// @ts-ignore: decorator
@inline
export function rounded(x: v128, zero: i32): v128 {
  const bounded = f32x4.max(f32x4.splat(-FAR), f32x4.min(f32x4.splat(FAR), f32x4.nearest(x)));
  return i32x4.add(i32x4.trunc_sat_f32x4_s(bounded), i32x4.splat(zero));
}

/** Eight integers as bytes, in the low half. */
// @ts-ignore: decorator
@inline
export function bytesOf(low: v128, high: v128): v128 {
  const narrow = i16x8.narrow_i32x4_s(low, high);
  return i8x16.narrow_i16x8_u(narrow, narrow);
}

/** Delivers the sums of eight neighboring columns, of which `columns` are to be written; `column` counts in whole panels. */
export function deliver(d: Delivery, y: usize, sums: usize, column: i32, columns: i32): void {
  const at = <usize>column * 4;
  let u = scaled(d, v128.load(sums), at),
    v = scaled(d, v128.load(sums, 16), at + 16);
  if (d.flags & BYTES) {
    let bytes = bytesOf(rounded(u, d.zeroOut), rounded(v, d.zeroOut));
    if (d.flags & RELU) bytes = i8x16.max_u(bytes, i8x16.splat(<i8>d.zeroOut));
    if (columns == 8) {
      v128.store64_lane(y, bytes, 0);
      return;
    }
    const packed = i64x2.extract_lane(bytes, 0);
    for (let j = 0; j < columns; j++) store<u8>(y + j, <u8>(packed >> (8 * j)));
    return;
  }
  if (d.flags & RELU) {
    u = f32x4.max(u, f32x4.splat(0));
    v = f32x4.max(v, f32x4.splat(0));
  }
  if (columns >= 4) v128.store(y, u);
  if (columns == 8) {
    v128.store(y, v, 16);
    return;
  }
  const rest = columns >= 4 ? v : u;
  y += columns >= 4 ? 16 : 0;
  columns &= 3;
  if (columns > 0) store<f32>(y, f32x4.extract_lane(rest, 0));
  if (columns > 1) store<f32>(y, f32x4.extract_lane(rest, 1), 4);
  if (columns > 2) store<f32>(y, f32x4.extract_lane(rest, 2), 8);
}
