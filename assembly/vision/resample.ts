/**
 * Pictures of bytes at other sizes and mirrored, and as floats. Samples of a pixel are side by side; a pixel has 1 to 4 bands.
 *
 * Weights have 22 bits after the point, as PIL's, and sums wrap at 32 bits, so that every way to add gives the same. A weight is handed in as two halves
 * of 16 bits, weight = high · 2^11 + low, which one instruction multiplies by two samples at once. `taps` has a record of 2 + 2 · words i32 for each position
 * of the result: the first sample, how many there are, `words` pairs of high halves and as many of low ones, zero behind the last.
 */
import { at } from "../common/rows";

const LOW_BITS: i32 = 11;
const BITS: i32 = 22;

/** Bytes of a record of `taps`. */
// @ts-ignore: decorator
@inline
function recordSize(words: i32): usize {
  return <usize>(2 + 2 * words) * 4;
}

/** The rounded bytes of four sums, in the low lanes. */
// @ts-ignore: decorator
@inline
function bytesOf(high: v128, low: v128): v128 {
  const sum = i32x4.shr_s(i32x4.add(i32x4.add(i32x4.shl(high, LOW_BITS), low), i32x4.splat(1 << (BITS - 1))), BITS);
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(sum, sum), i16x8.splat(0));
}

/** Which bytes of two neighboring pixels go together: the first of both, the second of both, …, each as 16 bits. */
// @ts-ignore: decorator
@inline
function pairing(bands: i32): v128 {
  // Place 255 does not exist, and gives zero.
  return i32x4.add(i32x4(0, 0x10001, 0x20002, 0x30003), i32x4.splat(<i32>0xff00ff00 + (bands << 16)));
}

/** Writes the first `n` bytes of eight, n < 8. */
// @ts-ignore: decorator
@inline
function storeBytes(p: usize, v: v128, n: i32): void {
  let rest = i64x2.extract_lane(v, 0);
  for (let i = 0; i < n; i++, rest >>= 8) store<u8>(p + i, <u8>rest);
}

/** A pixel of 2 to 4 bands: two of the source at a time, whose samples meet in the lanes of their band. */
// @ts-ignore: decorator
@inline
function mixedPixel(row: usize, tap: usize, words: i32, bands: i32, pairs: v128): v128 {
  const step = <usize>bands * 2,
    count = (load<i32>(tap, 4) + 1) >> 1;
  let from = row + <usize>load<i32>(tap) * bands,
    weight = tap + 8,
    high = i32x4.splat(0),
    low = i32x4.splat(0);
  for (let k = 0; k < count; k++, from += step, weight += 4) {
    const both = i8x16.swizzle(v128.load64_zero(from), pairs);
    high = i32x4.add(high, i32x4.dot_i16x8_s(both, v128.load32_splat(weight)));
    low = i32x4.add(low, i32x4.dot_i16x8_s(both, v128.load32_splat(weight + <usize>words * 4)));
  }
  return bytesOf(high, low);
}

/** The sum of four lanes in the first. */
// @ts-ignore: decorator
@inline
function across(v: v128): v128 {
  const half = i32x4.add(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return i32x4.add(half, v128.shuffle<i32>(half, half, 1, 0, 3, 2));
}

/** A pixel of one band: eight of the source at a time. */
// @ts-ignore: decorator
@inline
function mixedSample(row: usize, tap: usize, words: i32): v128 {
  const count = load<i32>(tap, 4);
  let from = row + <usize>load<i32>(tap),
    weight = tap + 8,
    high = i32x4.splat(0),
    low = i32x4.splat(0);
  for (let k = 0; k < count; k += 8, from += 8, weight += 16) {
    const eight = v128.load8x8_u(from);
    high = i32x4.add(high, i32x4.dot_i16x8_s(eight, v128.load(weight)));
    low = i32x4.add(low, i32x4.dot_i16x8_s(eight, v128.load(weight + <usize>words * 4)));
  }
  return bytesOf(across(high), across(low));
}

/**
 * y[r, i, band] = Σ weight · x[r, first[i] + k, band] of bytes, rounded and clamped: [rows, width, bands] → [rows, outWidth, bands]. Eight bytes behind x are
 * read, but mean nothing; `words` is a multiple of 4. Range: rows.
 */
export function resampleRows(
  y: usize,
  x: usize,
  taps: usize,
  words: i32,
  width: i32,
  outWidth: i32,
  bands: i32,
  begin: i32,
  end: i32,
): void {
  const pairs = pairing(bands),
    record = recordSize(words);
  for (let r = begin; r < end; r++) {
    const row = x + <usize>(r * width) * bands;
    let to = y + <usize>(r * outWidth) * bands,
      tap = taps;
    if (bands == 1)
      for (let i = 0; i < outWidth; i++, tap += record) v128.store8_lane(to++, mixedSample(row, tap, words), 0);
    else {
      // Three bands are written with a fourth byte, which the next pixel writes over; the last pixel has none behind it.
      for (let i = 1; i < outWidth; i++, tap += record, to += bands) {
        const pixel = mixedPixel(row, tap, words, bands, pairs);
        if (bands == 2) v128.store16_lane(to, pixel, 0);
        else v128.store32_lane(to, pixel, 0);
      }
      storeBytes(to, mixedPixel(row, tap, words, bands, pairs), bands);
    }
  }
}

/** Eight samples of a row of the result, from as many rows as there are taps: two at a time, whose samples meet in neighboring lanes. */
// @ts-ignore: decorator
@inline
function mixedColumns(from: usize, row: usize, count: i32, weights: usize, words: i32): v128 {
  let high0 = i32x4.splat(0),
    high1 = high0,
    low0 = high0,
    low1 = high0,
    weight = weights;
  for (let k = 0; k < count; k += 2, weight += 4) {
    // An odd last row is its own neighbor, with the weight 0.
    const next = k + 1 < count ? from + row : from;
    const both = v128.shuffle<i8>(
      v128.load64_zero(from),
      v128.load64_zero(next),
      0,
      16,
      1,
      17,
      2,
      18,
      3,
      19,
      4,
      20,
      5,
      21,
      6,
      22,
      7,
      23,
    );
    const left = i16x8.extend_low_i8x16_u(both),
      right = i16x8.extend_high_i8x16_u(both);
    const high = v128.load32_splat(weight),
      low = v128.load32_splat(weight + <usize>words * 4);
    high0 = i32x4.add(high0, i32x4.dot_i16x8_s(left, high));
    high1 = i32x4.add(high1, i32x4.dot_i16x8_s(right, high));
    low0 = i32x4.add(low0, i32x4.dot_i16x8_s(left, low));
    low1 = i32x4.add(low1, i32x4.dot_i16x8_s(right, low));
    from += 2 * row;
  }
  return v128.shuffle<i32>(bytesOf(high0, low0), bytesOf(high1, low1), 0, 4, 1, 5);
}

/**
 * Like `resampleRows`, along columns: y[i, c] = Σ weight · x[first[i] + k, c], [rows, width] → [outRows, width]. Range: rows of y.
 */
export function resampleColumns(y: usize, x: usize, taps: usize, words: i32, width: i32, begin: i32, end: i32): void {
  const row = <usize>width;
  for (let i = begin; i < end; i++) {
    const tap = taps + <usize>i * recordSize(words),
      count = load<i32>(tap, 4);
    const from = x + <usize>load<i32>(tap) * row,
      to = y + <usize>i * row;
    let c = 0;
    for (; c <= width - 8; c += 8) v128.store64_lane(to + c, mixedColumns(from + c, row, count, tap + 8, words), 0);
    if (c < width) storeBytes(to + c, mixedColumns(from + c, row, count, tap + 8, words), width - c);
  }
}

/** The bytes at `places` as parts of 255: divided, as PyTorch does it. */
// @ts-ignore: decorator
@inline
function fractions(bytes: v128, places: v128): v128 {
  return f32x4.div(f32x4.convert_i32x4_u(i8x16.swizzle(bytes, places)), f32x4.splat(255));
}

/**
 * y[band, p] = x[p, band] / 255 of bytes, as f32: [pixels, bands] → [bands, pixels]. Some bytes behind x are read, but mean nothing: at most 12. Range: pixels.
 */
export function unitPlanes(y: usize, x: usize, pixels: i32, bands: i32, begin: i32, end: i32): void {
  // Byte `bands · i + band` into lane i, zeros above it.
  const first = i32x4.add(i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(bands)), i32x4.splat(<i32>0xffffff00));
  let p = begin;
  for (; p <= end - 4; p += 4) {
    const bytes = v128.load(x + <usize>p * bands);
    for (let band = 0; band < bands; band++)
      v128.store(at<f32>(y, band * pixels + p), fractions(bytes, i32x4.add(first, i32x4.splat(band))));
  }
  for (; p < end; p++)
    for (let band = 0; band < bands; band++)
      store<f32>(at<f32>(y, band * pixels + p), <f32>load<u8>(x + <usize>p * bands + band) / 255);
}

/** Which bytes make the mirror image of the pixels of a vector, as many as are whole in it. */
// @ts-ignore: decorator
@inline
function mirroring(bands: i32): v128 {
  if (bands == 1) return i8x16(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  if (bands == 2) return i8x16(14, 15, 12, 13, 10, 11, 8, 9, 6, 7, 4, 5, 2, 3, 0, 1);
  if (bands == 3) return i8x16(12, 13, 14, 9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2, -1);
  return i8x16(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
}

/**
 * y[r, i, band] = x[r, width − 1 − i, band] of bytes: [rows, width, bands]. A byte behind x is read where there are three bands, but means nothing.
 * Range: rows.
 */
export function mirrorRows(y: usize, x: usize, width: i32, bands: i32, begin: i32, end: i32): void {
  const row = <usize>width * bands,
    places = mirroring(bands),
    block = <usize>((16 / bands) * bands);
  for (let r = begin; r < end; r++) {
    const stop = y + <usize>(r + 1) * row;
    let to = stop - row,
      from = x + <usize>(r + 1) * row;
    // The last byte of a vector belongs to the next pixel where there are three bands, which is written later.
    for (; to + 16 <= stop; to += block) v128.store(to, i8x16.swizzle(v128.load((from -= block)), places));
    for (; to < stop; to += bands) {
      from -= bands;
      for (let band = 0; band < bands; band++) store<u8>(to + band, load<u8>(from + band));
    }
  }
}

/**
 * y[n, c, p] = (x[n, c, p] − mean[c]) / std[c] in f32, rounded after either step: [..., channels, plane]; y may be x. Range: elements.
 */
export function normalizePlanes(
  y: usize,
  x: usize,
  mean: usize,
  std: usize,
  plane: i32,
  channels: i32,
  begin: i32,
  end: i32,
): void {
  for (let i = begin; i < end; ) {
    const band = i / plane,
      stop = min(end, (band + 1) * plane);
    const center = load<f32>(at<f32>(mean, band % channels)),
      scale = load<f32>(at<f32>(std, band % channels));
    for (; i <= stop - 4; i += 4)
      v128.store(
        at<f32>(y, i),
        f32x4.div(f32x4.sub(v128.load(at<f32>(x, i)), f32x4.splat(center)), f32x4.splat(scale)),
      );
    for (; i < stop; i++) store<f32>(at<f32>(y, i), (load<f32>(at<f32>(x, i)) - center) / scale);
  }
}
