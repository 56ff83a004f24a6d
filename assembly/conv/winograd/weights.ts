/** Transformed weights, packed as the left operand of the products: for each of the (m + 2)² values, panels of MR rows. */
import { MR } from "../../gemm/blocking";
import { Geometry, groupIn, groupOut } from "../geometry";
import { ceilDiv } from "../plan";
import { describe, Field } from "./field";
import { transform, transformColumns, Weight2, Weight4 } from "./matrices";

/** Panels of rows of one group. */
// @ts-ignore: decorator
@inline
function panelsOf(f: Field): i32 {
  return ceilDiv(f.rows, MR);
}

/** Bytes of a panel: for every channel of the source, MR rows. */
// @ts-ignore: decorator
@inline
export function panelBytes(f: Field): usize {
  return (<usize>(f.depth * MR)) << 2;
}

/** Bytes between the values of a group; 64 more than they take keep the values of a panel out of one cache set. */
// @ts-ignore: decorator
@inline
export function valueBytes(f: Field): usize {
  return <usize>panelsOf(f) * panelBytes(f) + 64;
}

/** Channels that are transformed for all panels before the next: weights of neighboring rows share cache lines. */
const CHANNELS: i32 = 8;

/** Strides of the weights in bytes, and where the taps begin. */
@final
@unmanaged
class Taps {
  row: usize;
  channel: usize;
  line: usize;
  tap: usize;
  first: usize;
}

/** The weight of the forward pass is w[row][channel][u][v], that of the input gradient w[channel][row][2 − u][2 − v]. */
function tapsOf(t: Taps, g: Geometry, f: Field, gradient: bool): void {
  const plane: usize = 9 * 4;
  t.row = gradient ? plane : <usize>f.depth * plane;
  t.channel = gradient ? <usize>f.rows * plane : plane;
  t.line = gradient ? <usize>-12 : 12;
  t.tap = gradient ? <usize>-4 : 4;
  t.first = gradient ? plane - 4 : 0;
}

/** Four rows of one channel at a, b, c and d: (m + 2)² values of four lanes at y, `step` bytes apart. */
// @ts-ignore: decorator
@inline
function transformTaps<M>(
  t: Taps,
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  between: usize,
  y: usize,
  step: usize,
): void {
  const n = changetype<M>(0).outputs,
    lines = between + 9 * 16;
  let at = between;
  for (let u: usize = 0; u < 3; u++) {
    for (let v: usize = 0; v < 3; v++) {
      const o = u * t.line + v * t.tap;
      const first = v128.load32_lane(b + o, v128.load32_zero(a + o), 1);
      v128.store(at, v128.load32_lane(d + o, v128.load32_lane(c + o, first, 2), 3));
      at += 16;
    }
    transform<M>(at - 48, 16, lines + u * ((<usize>n) << 4), 16);
  }
  transformColumns<M>(lines, n, y, step, <usize>n * step);
}

/**
 * Channels [c0, c1) of the panel at u, `rows` rows from w. Six rows are two groups of four that overlap; what lies beyond the
 * last row is never used.
 */
function transformPanel<M>(f: Field, t: Taps, u: usize, w: usize, rows: i32, c0: i32, c1: i32, between: usize): void {
  const step = valueBytes(f),
    last = <usize>(rows - 1);
  for (let first = 0; first <= MR - 4; first += 2) {
    if (first > 0 && rows <= 4) return;
    const channel = w + <usize>c0 * t.channel;
    let a = channel + min(<usize>first, last) * t.row,
      b = channel + min(<usize>first + 1, last) * t.row;
    let c = channel + min(<usize>first + 2, last) * t.row,
      d = channel + min(<usize>first + 3, last) * t.row;
    let to = u + ((<usize>(first + c0 * MR)) << 2);
    for (let i = c0; i < c1; i++) {
      transformTaps<M>(t, a, b, c, d, between, to, step);
      a += t.channel;
      b += t.channel;
      c += t.channel;
      d += t.channel;
      to += MR * 4;
    }
  }
}

/** Bytes of the transformed weights of one group. */
// @ts-ignore: decorator
@inline
export function groupBytes(f: Field): usize {
  return <usize>((f.m + 2) * (f.m + 2)) * valueBytes(f);
}

/** Number of tasks of `winogradWeights`: panels of all groups. */
export function winogradWeightsTasks(geom: usize, gradient: i32): i32 {
  const g = changetype<Geometry>(geom);
  return g.groups * ceilDiv(gradient ? groupIn(g) : groupOut(g), MR);
}

/** Elements of the transformed weights. */
export function winogradWeightsSize(geom: usize, m: i32, gradient: i32): i32 {
  const g = changetype<Geometry>(geom),
    depth = gradient ? groupOut(g) : groupIn(g);
  return (m + 2) * (m + 2) * (winogradWeightsTasks(geom, gradient) * depth * MR + 16 * g.groups);
}

/**
 * Panels [begin, end) of all groups: the transformed weights u from w, for the forward pass or for the input gradient, in
 * tiles of m×m outputs.
 */
export function winogradWeights(
  u: usize,
  w: usize,
  geom: usize,
  m: i32,
  gradient: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const g = changetype<Geometry>(geom),
    f = changetype<Field>(scratch),
    t = changetype<Taps>(scratch + 128);
  describe(f, g, m, gradient != 0);
  tapsOf(t, g, f, gradient != 0);
  const panels = panelsOf(f),
    between = scratch + 256;
  for (let c = 0; c < f.depth; c += CHANNELS) {
    const next = min(c + CHANNELS, f.depth);
    for (let i = begin; i < end; i++) {
      const group = i / panels,
        panel = i - group * panels,
        row = panel * MR,
        rows = min(MR, f.rows - row);
      const to = u + <usize>group * groupBytes(f) + <usize>panel * panelBytes(f);
      const from = w + <usize>group * 9 * 4 * <usize>(f.rows * f.depth) + t.first + <usize>row * t.row;
      if (m == 2) transformPanel<Weight2>(f, t, to, from, rows, c, next, between);
      else transformPanel<Weight4>(f, t, to, from, rows, c, next, between);
    }
  }
}
