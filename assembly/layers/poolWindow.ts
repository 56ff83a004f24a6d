/**
 * The geometry of pooling, for `maxPool.ts` and `avgPool.ts`.
 *
 * Pooling is of planes: x is [planes, inD, inH, inW], y is [planes, outD, outH, outW], contiguous; ranges count
 * planes (N C). Pooling in one or two dimensions has sizes of 1 in front. Floats; maxima propagate NaN.
 *
 * `geom` is the address of 18 i32: three each (depth, height, width) of
 * input size, output size, kernel, stride, padding, dilation. In adaptive pooling, where the input is divided into as many windows as
 * there are outputs, the kernel is 0 and the dilation 1.
 * Output sizes are the caller's business (floor or ceil mode); windows are clipped to the input.
 */
import { at } from "../common/rows";

export const DEPTH: i32 = 0;
export const HEIGHT: i32 = 1;
export const WIDTH: i32 = 2;

// @ts-ignore: decorator
@inline
function field(geom: usize, group: i32, axis: i32): i32 {
  return load<i32>(at<i32>(geom, 3 * group + axis));
}

// @ts-ignore: decorator
@inline
export function inSize(geom: usize, axis: i32): i32 {
  return field(geom, 0, axis);
}

// @ts-ignore: decorator
@inline
export function outSize(geom: usize, axis: i32): i32 {
  return field(geom, 1, axis);
}

// @ts-ignore: decorator
@inline
export function kernel(geom: usize, axis: i32): i32 {
  return field(geom, 2, axis);
}

// @ts-ignore: decorator
@inline
export function stride(geom: usize, axis: i32): i32 {
  return field(geom, 3, axis);
}

// @ts-ignore: decorator
@inline
function padding(geom: usize, axis: i32): i32 {
  return field(geom, 4, axis);
}

// @ts-ignore: decorator
@inline
export function inPlane(geom: usize): i32 {
  return inSize(geom, DEPTH) * inSize(geom, HEIGHT) * inSize(geom, WIDTH);
}

// @ts-ignore: decorator
@inline
export function outPlane(geom: usize): i32 {
  return outSize(geom, DEPTH) * outSize(geom, HEIGHT) * outSize(geom, WIDTH);
}

/** Whether windows inside the input have one shape and lie `stride` apart. */
// @ts-ignore: decorator
@inline
function isRegular(geom: usize): bool {
  return kernel(geom, WIDTH) != 0;
}

/** Distance between the elements of a window. */
// @ts-ignore: decorator
@inline
export function step(geom: usize, axis: i32): i32 {
  return field(geom, 5, axis);
}

/** Where the window of output index o begins, perhaps in the padding. Regular windows. */
// @ts-ignore: decorator
@inline
export function start(geom: usize, axis: i32, o: i32): i32 {
  return o * stride(geom, axis) - padding(geom, axis);
}

// The window of output index o along an axis is from(o), from(o) + step, … below to(o), inside the input.

export function from(geom: usize, axis: i32, o: i32): i32 {
  if (!isRegular(geom)) return <i32>((<i64>o * inSize(geom, axis)) / outSize(geom, axis));
  const first = start(geom, axis, o);
  const apart = step(geom, axis);
  return first >= 0 ? first : first + ((apart - 1 - first) / apart) * apart;
}

export function to(geom: usize, axis: i32, o: i32): i32 {
  const size = inSize(geom, axis),
    out = outSize(geom, axis);
  if (!isRegular(geom)) return <i32>(((<i64>o + 1) * size + out - 1) / out);
  const reach = (kernel(geom, axis) - 1) * step(geom, axis) + 1;
  return min(start(geom, axis, o) + reach, size);
}

/** The length of a window of dilation 1 with the padding that it covers, which an average may divide by. */
export function extent(geom: usize, axis: i32, o: i32): i32 {
  const first = start(geom, axis, o);
  return min(first + kernel(geom, axis), inSize(geom, axis) + padding(geom, axis)) - first;
}

/** Two by two with stride two, every window inside the input, four in a row or more: the case worth loops of its own. */
export function isTwoByTwo(geom: usize): bool {
  if (outSize(geom, WIDTH) < 4) return false;
  for (let axis = DEPTH; axis <= WIDTH; axis++) {
    const size = axis == DEPTH ? 1 : 2;
    if (kernel(geom, axis) != size || stride(geom, axis) != size || padding(geom, axis) != 0) return false;
    if (step(geom, axis) != 1 || outSize(geom, axis) * size > inSize(geom, axis)) return false;
  }
  return true;
}

/** Lanes 0, 2, 4, 6 of the eight f32 in `a` and `b`. */
// @ts-ignore: decorator
@inline
export function evens(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 2, 4, 6);
}

/** Lanes 1, 3, 5, 7 of the eight f32 in `a` and `b`. */
// @ts-ignore: decorator
@inline
export function odds(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 1, 3, 5, 7);
}

// The regular windows of the output columns from insideFrom to below insideTo lie inside the input; no others count as such.

export function insideFrom(geom: usize): i32 {
  const before = padding(geom, WIDTH);
  if (!isRegular(geom) || before == 0) return 0;
  // Rounded up without a sum that leaves 32 bits: a stride may be as large as they can hold.
  return (before - 1) / stride(geom, WIDTH) + 1;
}

export function insideTo(geom: usize): i32 {
  if (!isRegular(geom)) return 0;
  const reach = (kernel(geom, WIDTH) - 1) * step(geom, WIDTH) + 1;
  const room = inSize(geom, WIDTH) + padding(geom, WIDTH) - reach;
  return room < 0 ? 0 : min(room / stride(geom, WIDTH) + 1, outSize(geom, WIDTH));
}

/**
 * Where four outputs can be computed at once from column ow: at ow, or a little before it if fewer than four are left
 * between `from` and `to`; -1 if nowhere. Computing an output twice gives the same bits.
 */
// @ts-ignore: decorator
@inline
export function startOfFour(ow: i32, from: i32, to: i32): i32 {
  if (ow >= to || ow < from) return -1;
  const start = min(ow, to - 4);
  return start >= from ? start : -1;
}

/** The f32 at p and the next three `apart` elements apart; reads nothing behind the last. */
// @ts-ignore: decorator
@inline
export function loadApart(p: usize, apart: i32): v128 {
  if (apart == 1) return v128.load(p);
  if (apart == 2) return v128.shuffle<f32>(v128.load(p), v128.load(p, 12), 0, 2, 5, 7);
  const bytes = (<usize>apart) << 2;
  let v = v128.load32_zero(p);
  v = v128.load32_lane(p + bytes, v, 1);
  v = v128.load32_lane(p + 2 * bytes, v, 2);
  return v128.load32_lane(p + 3 * bytes, v, 3);
}
