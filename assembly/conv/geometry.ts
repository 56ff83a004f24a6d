/**
 * The shape of a convolution: 22 i32 that the caller writes, in this order. One and two dimensions are three with
 * D = OD = KD = SD = DD = 1, PD = 0 (and the same for H). Tensors are contiguous:
 * x [N, C, D, H, W], w [O, C / G, KD, KH, KW], y [N, O, OD, OH, OW].
 */
@final
@unmanaged
export class Geometry {
  /** Images, groups; channels of the input and of the output over all groups. */
  n: i32;
  groups: i32;
  c: i32;
  o: i32;
  /** Input, output, kernel. */
  d: i32;
  h: i32;
  w: i32;
  od: i32;
  oh: i32;
  ow: i32;
  kd: i32;
  kh: i32;
  kw: i32;
  /** Stride, zero padding on both sides, dilation. */
  sd: i32;
  sh: i32;
  sw: i32;
  pd: i32;
  ph: i32;
  pw: i32;
  dd: i32;
  dh: i32;
  dw: i32;
}

/** Input channels of one group. */
// @ts-ignore: decorator
@inline
export function groupIn(g: Geometry): i32 {
  return g.c / g.groups;
}

/** Output channels of one group. */
// @ts-ignore: decorator
@inline
export function groupOut(g: Geometry): i32 {
  return g.o / g.groups;
}

/** The smallest i ≥ 0 for which column + i * stride ≥ 0. */
// @ts-ignore: decorator
@inline
export function firstInside(column: i32, stride: i32): i32 {
  return column >= 0 ? 0 : stride == 1 ? -column : (stride - 1 - column) / stride;
}

/** Taps of one channel. */
// @ts-ignore: decorator
@inline
export function taps(g: Geometry): i32 {
  return g.kd * g.kh * g.kw;
}
