/**
 * The weight gradient sees the outputs in chunks of about a thousand: this is where the gradient of y and the source lie
 * for one chunk, and for the weights that one task computes.
 */
import { DOT_PITCH } from "../gemm/dot";
import { Geometry, groupIn, groupOut } from "./geometry";
import {
  BY_IMAGES,
  chunkImages,
  chunkLines,
  chunkPitch,
  images,
  MAX_GRAD_ROWS,
  MAX_STAGED,
  SIDE_BY_SIDE,
  weightsByImages,
} from "./plan";
import { arrange, stagePlane, stageRows, Window } from "./stage";

/** Rows (output channels) and planes (input channel, tap in depth) of one group, and the chunk of outputs at hand. */
@final
@unmanaged
export class Part {
  group: i32;
  r0: i32;
  r1: i32;
  p0: i32;
  p1: i32;
  /** Planes (images, or fours of them, and output depth), lines and columns of the chunk; all planes. */
  b0: i32;
  b1: i32;
  i0: i32;
  i1: i32;
  j0: i32;
  j1: i32;
  all: i32;
  /** Elements: of a staged line and a row of the gradient, of a staged image and plane of the source. */
  pitch: i32;
  row: i32;
  image: i32;
  plane: i32;
  /** Bytes between the weights of one row and the next. */
  weights: usize;
  /** Rows of the gradient, staged or in place, and the bytes between them. */
  gradient: usize;
  gradientRow: usize;
  /** Areas of the thread's memory. */
  taps: usize;
  table: usize;
  sums: usize;
  source: usize;
  staged: usize;
  window: Window;
}

/** Lays the record and its areas out at `scratch`. */
export function partAt(scratch: usize, g: Geometry): Part {
  const q = changetype<Part>(scratch);
  const s = changetype<Window>(scratch + 128);
  q.window = s;
  q.taps = scratch + 256;
  q.table = scratch + 512;
  q.sums = q.table + 4096;
  q.source = q.sums + MAX_GRAD_ROWS * DOT_PITCH * 4;
  q.staged = q.source + MAX_STAGED + 64;
  q.weights = (<usize>(groupIn(g) * g.kd * g.kh * g.kw)) << 2;
  q.pitch = chunkPitch(g);
  arrange(s, weightsByImages(g));
  q.all = images(g, s.byImages ? BY_IMAGES : 0);
  s.rows = (chunkLines(g) - 1) * g.sh + (g.kh - 1) * g.dh + 1;
  s.stride = g.sw;
  s.phases = min(g.sw, (g.kw - 1) * g.dw + 1);
  s.pitch = q.pitch + ((g.kw - 1) * g.dw) / g.sw;
  s.h = g.h;
  s.w = g.w;
  q.image = s.rows * s.phases * s.pitch;
  q.plane = q.image * chunkImages(g);
  return q;
}

/** Address of the weights of plane `p` for row `r`. */
// @ts-ignore: decorator
@inline
export function weightAt(q: Part, gw: usize, g: Geometry, r: i32, p: i32): usize {
  const row = q.group * groupOut(g) + r;
  return gw + ((<usize>((row * groupIn(g) * g.kd + p) * g.kh * g.kw)) << 2);
}

/** The first image of the plane of outputs `b`; by images, those in the lanes are noted. */
function imageOf(q: Part, g: Geometry, b: i32): i32 {
  const n = b / g.od;
  if (!q.window.byImages) return n;
  q.window.images = min(SIDE_BY_SIDE, g.n - n * SIDE_BY_SIDE);
  return n * SIDE_BY_SIDE;
}

/** The planes of the part, as the outputs of the chunk see them: staged[plane][image]. */
export function stageSource(q: Part, x: usize, g: Geometry): void {
  q.window.row0 = q.i0 * g.sh - g.ph;
  q.window.column0 = q.j0 * g.sw - g.pw;
  q.window.image = (<usize>(g.c * g.d * g.h * g.w)) << 2;
  for (let p = q.p0; p < q.p1; p++) {
    const c = p / g.kd,
      tap = p - c * g.kd;
    let dst = q.source + <usize>((p - q.p0) * q.plane) * q.window.bytes;
    for (let b = q.b0; b < q.b1; b++) {
      const n = imageOf(q, g, b),
        d = (b % g.od) * g.sd - g.pd + tap * g.dd;
      const plane = (n * g.c + q.group * groupIn(g) + c) * g.d + d;
      const inside = d >= 0 && d < g.d;
      stagePlane(q.window, dst, inside ? x + ((<usize>(plane * g.h * g.w)) << 2) : 0);
      dst += <usize>q.image * q.window.bytes;
    }
  }
}

/**
 * The rows of the part over the chunk: in place if their lines are whole vectors of columns, otherwise
 * staged[row][image][line], each line filled up with zeros.
 */
export function stageGradient(q: Part, gy: usize, g: Geometry): void {
  if (!q.window.byImages && q.pitch == g.ow && q.b1 - q.b0 == 1) {
    q.gradient = lineOf(q, gy, g, q.r0, q.b0 / g.od, q.b0 % g.od, q.i0);
    q.gradientRow = (<usize>(g.od * g.oh * g.ow)) << 2;
    return;
  }
  const lines = q.i1 - q.i0,
    columns = q.j1 - q.j0,
    size = q.window.bytes,
    step = <usize>q.pitch * size;
  q.window.image = (<usize>(g.o * g.od * g.oh * g.ow)) << 2;
  let dst = q.staged;
  for (let r = q.r0; r < q.r1; r++) {
    for (let b = q.b0; b < q.b1; b++) {
      const from = lineOf(q, gy, g, r, imageOf(q, g, b), b % g.od, q.i0) + ((<usize>q.j0) << 2);
      stageRows(q.window, lines, dst, step, from, (<usize>g.ow) << 2, 1, 0, columns, q.pitch);
      dst += <usize>lines * step;
    }
  }
  q.gradient = q.staged;
  q.gradientRow = <usize>q.row * size;
}

/** Address of line `i` of row `r` (of the group) of the gradient, image `n`, output depth `d`. */
function lineOf(q: Part, gy: usize, g: Geometry, r: i32, n: i32, d: i32, i: i32): usize {
  const plane = (n * g.o + q.group * groupOut(g) + r) * g.od + d;
  return gy + ((<usize>((plane * g.oh + i) * g.ow)) << 2);
}

/** Where in a staged plane the first tap finds every vector of the chunk. */
export function tabulate(q: Part, g: Geometry): void {
  const line = g.sh * q.window.phases * q.window.pitch;
  let at = q.table;
  for (let b = 0; b < q.b1 - q.b0; b++) {
    for (let i = 0; i < q.i1 - q.i0; i++) {
      for (let j = 0; j < q.pitch; j += q.window.lanes) {
        store<i32>(at, (b * q.image + i * line + j) * <i32>q.window.bytes);
        at += 4;
      }
    }
  }
}

/** Where tap `t` of the part, counted over its planes, finds its element for output [0, 0] of the chunk. */
export function tapAt(q: Part, g: Geometry, t: i32): usize {
  const all = g.kh * g.kw,
    p = t / all,
    u = (t - p * all) / g.kw,
    v = t - p * all - u * g.kw;
  const column = v * g.dw,
    phase = column % g.sw;
  const line = u * g.dh * q.window.phases + phase;
  return q.source + <usize>(p * q.plane + line * q.window.pitch + column / g.sw) * q.window.bytes;
}
