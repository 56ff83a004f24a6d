/**
 * The geometry of pooling, for `maxPool.ts` and `avgPool.ts`.
 *
 * Pooling is of planes: x is [planes, inD, inH, inW], y is [planes, outD, outH, outW], contiguous; ranges count
 * planes (N C). Pooling in one or two dimensions has sizes of 1 in front. Floats; maxima propagate NaN.
 *
 * `geom` is the address of 18 i32: three each (depth, height, width) of
 * input size, output size, kernel, stride, padding, dilation. Adaptive pooling reads the first six only.
 * Output sizes are the caller's business (floor or ceil mode); windows are clipped to the input.
 */
import { at } from "./rows";

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

// Strategies: the window of output index o along an axis is from(o), from(o) + step, … below to(o), inside the input.
// `extent` is its length with the padding it covers, which an average may divide by.

@final
@unmanaged
export class Sliding {
  /** Whether windows inside the input have one shape and lie `stride` apart, so that four can be vectors. */
  @inline
  regular(): bool {
    return true;
  }
  @inline
  step(geom: usize, axis: i32): i32 {
    return field(geom, 5, axis);
  }
  @inline
  from(geom: usize, axis: i32, o: i32): i32 {
    const first = o * stride(geom, axis) - padding(geom, axis);
    const step = this.step(geom, axis);
    return first >= 0 ? first : first + ((step - 1 - first) / step) * step;
  }
  @inline
  to(geom: usize, axis: i32, o: i32): i32 {
    const reach = (kernel(geom, axis) - 1) * this.step(geom, axis) + 1;
    return min(o * stride(geom, axis) - padding(geom, axis) + reach, inSize(geom, axis));
  }
  @inline
  extent(geom: usize, axis: i32, o: i32): i32 {
    const first = o * stride(geom, axis) - padding(geom, axis);
    return min(first + kernel(geom, axis), inSize(geom, axis) + padding(geom, axis)) - first;
  }
}

@final
@unmanaged
export class Adaptive {
  @inline
  regular(): bool {
    return false;
  }
  @inline
  step(_geom: usize, _axis: i32): i32 {
    return 1;
  }
  @inline
  from(geom: usize, axis: i32, o: i32): i32 {
    return <i32>((<i64>o * inSize(geom, axis)) / outSize(geom, axis));
  }
  @inline
  to(geom: usize, axis: i32, o: i32): i32 {
    const out = outSize(geom, axis);
    return <i32>(((<i64>o + 1) * inSize(geom, axis) + out - 1) / out);
  }
  @inline
  extent(geom: usize, axis: i32, o: i32): i32 {
    return this.to(geom, axis, o) - this.from(geom, axis, o);
  }
}

/** Two by two with stride two, every window inside the input: the case worth loops of its own. */
export function isTwoByTwo(geom: usize): bool {
  for (let axis = DEPTH; axis <= WIDTH; axis++) {
    const size = axis == DEPTH ? 1 : 2;
    if (kernel(geom, axis) != size || stride(geom, axis) != size || padding(geom, axis) != 0) return false;
    if (field(geom, 5, axis) != 1 || outSize(geom, axis) * size > inSize(geom, axis)) return false;
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

/** The first output column whose window begins inside the input. */
export function insideFrom(geom: usize): i32 {
  return (padding(geom, WIDTH) + stride(geom, WIDTH) - 1) / stride(geom, WIDTH);
}

/** One more than the last output column whose window ends inside the input. */
export function insideTo(geom: usize): i32 {
  const reach = (kernel(geom, WIDTH) - 1) * field(geom, 5, WIDTH) + 1;
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

/** The f32 at p and the next three `step` elements apart; reads nothing behind the last. */
// @ts-ignore: decorator
@inline
export function loadApart(p: usize, step: i32): v128 {
  if (step == 1) return v128.load(p);
  if (step == 2) return v128.shuffle<f32>(v128.load(p), v128.load(p, 12), 0, 2, 5, 7);
  const apart = <usize>step << 2;
  let v = v128.load32_zero(p);
  v = v128.load32_lane(p + apart, v, 1);
  v = v128.load32_lane(p + 2 * apart, v, 2);
  return v128.load32_lane(p + 3 * apart, v, 3);
}
