/**
 * Convolutions of bytes with one kernel per channel, of images whose channels are neighbors and which are padded already. `words`: channels, lines of a
 * result, its width, steps from image to image, from line to line and from place to place, the number of taps, flags, and the offset of each tap.
 * Weights are [taps, channels, filled up to 8]. Range: lines of the result.
 */
import { BYTES, Delivery, deliver, deliveryAt } from "./deliver";

const OFFSETS: usize = 32;

export function depthwiseQuantized(
  y: usize,
  x: usize,
  w: usize,
  sums: usize,
  scales: usize,
  bias: usize,
  words: usize,
  zero: i32,
  scale: f64,
  zeroOut: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const d = deliveryAt(scratch, sums, scales, bias, zero, scale, zeroOut, load<i32>(words, 28));
  const c = load<i32>(words),
    lines = load<i32>(words, 4),
    width = load<i32>(words, 8),
    place = load<i32>(words, 20),
    taps = load<i32>(words, 24);
  const size = d.flags & BYTES ? 1 : 4;
  for (let l = begin; l < end; l++) {
    const image = l / lines;
    let from = x + <usize>(image * load<i32>(words, 12) + (l - image * lines) * load<i32>(words, 16));
    let to = y + <usize>l * width * c * size;
    for (let i = 0; i < width; i++) {
      for (let j = 0; j < c; j += 8) window(d, to + <usize>j * size, from + j, w + j, words + OFFSETS, taps, c, j);
      from += place;
      to += <usize>c * size;
    }
  }
}

/** Eight channels of one place. */
function window(d: Delivery, y: usize, x: usize, w: usize, offsets: usize, taps: i32, c: i32, j: i32): void {
  const step = <usize>((c + 7) & -8);
  let low = i32x4.splat(0),
    high = low;
  for (const last = offsets + <usize>taps * 4; offsets != last; offsets += 4) {
    const a = v128.load_ext<u8>(x + load<usize>(offsets)),
      b = v128.load_ext<i8>(w);
    low = i32x4.add(low, i32x4.extmul_low_i16x8_s(a, b));
    high = i32x4.add(high, i32x4.extmul_high_i16x8_s(a, b));
    w += step;
  }
  const sums = changetype<usize>(d) + 64;
  v128.store(sums, low);
  v128.store(sums, high, 16);
  deliver(d, y, sums, j, min(8, c - j));
}
