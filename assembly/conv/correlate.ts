/**
 * The engine of the forward pass and of the input gradient: tiles of outputs of a correlation,
 *
 *     y[r][i][j] = Σ_{p, u, v} w[r][p][u][v] · x[p][row0 + i·strideH + u·stepH][column0 + j·strideW + v·stepW],
 *
 * p being a plane of the source: a channel and a tap in depth. It is a matrix product whose right operand is never
 * written down: the micro-kernel reads it from the staged source through a table with the offset of every term. Terms
 * are summed in blocks, in one order for every element of y, whatever the tiling.
 */
import { depthBlock, KC, MR, NR } from "../gemm/blocking";
import { Indexed, microKernel } from "../gemm/micro";
import { lanes } from "../simd";
import { MAX_ROWS } from "./plan";
import { rowKernel } from "./row";
import { stagePlane, Window } from "./stage";

/** Strides and steps between addresses in bytes; counts and positions in elements. */
@final @unmanaged
export class Correlation {
  /** The source: plane [0, 0], steps to the next channel and the next plane in depth, sizes. */
  x: usize; xChannel: usize; xDepth: usize;
  depth: i32; h: i32; w: i32;
  /** Channels, and taps in depth, height and width. */
  channels: i32; td: i32; th: i32; tw: i32;
  /** Position of the first tap of output [0, 0], distance of taps, distance of neighbouring outputs. */
  depth0: i32; row0: i32; column0: i32;
  stepD: i32; stepH: i32; stepW: i32;
  strideH: i32; strideW: i32;
  /** Weight [0, 0, 0, 0, 0] and the steps to the next row, channel and tap; they may be negative. */
  weight: usize; wRow: usize; wChannel: usize; wd: usize; wh: usize; ww: usize;
  /** Output [0, 0] of row 0, and the steps to the next row, line and column. */
  y: usize; yRow: usize; yh: usize; yw: usize;
  /** Whether results are added to y. */
  add: bool;
  /** Lines and columns of the largest tile; the layout of the staged source follows from it. */
  tileH: i32; tileW: i32;
  /** Source planes of one block of terms. */
  planeBlock: i32;
  /** Names the packed weights: tiles with the same key, other than 0, have the same weights, taps and tile size. */
  key: i32; packedKey: i32;
  /** Terms of the block at hand, and of one line of taps, if the block has all lines (else 0). */
  terms: i32; lineTerms: i32;
  /** The terms that reach the source from the line of outputs at hand. */
  first: i32; count: i32;
  /** Areas of the thread's memory. */
  staged: usize; packed: usize; table: usize; spare: usize;
  window: Window;
}

/** Lays the record and its areas out at `scratch`; the rest is for the caller to fill in. */
export function correlationAt(scratch: usize): Correlation {
  const v = changetype<Correlation>(scratch);
  v.window = changetype<Window>(scratch + 512);
  v.spare = scratch + 1024;
  v.table = v.spare + 64 * MAX_ROWS;
  v.packed = v.table + 4 * KC;
  v.staged = v.packed + 8 * KC * MAX_ROWS + 64;
  v.packedKey = 0;
  return v;
}

/** Computes rows [r0, r1), lines [i0, i1) and columns [j0, j1) of y; the tile is at most tileH × tileW. */
export function correlate<T>(v: Correlation, r0: i32, r1: i32, i0: i32, i1: i32, j0: i32, j1: i32): void {
  const planes = v.channels * v.td, taps = v.th * v.tw;
  if (planes * taps == 0) {
    if (!v.add) clear<T>(v, r0, r1, i0, i1, j0, j1);
    return;
  }
  openWindow(v, i0, j0);
  const planeBlock = v.planeBlock, tapBlock = depthBlock(taps);
  const reuse = v.key != 0 && v.packedKey == v.key && planeBlock >= planes && tapBlock == taps;
  let add = v.add;
  for (let p = 0; p < planes; p += planeBlock) {
    const count = min(planeBlock, planes - p);
    stage<T>(v, p, count);
    for (let t = 0; t < taps; t += tapBlock) {
      const tapCount = min(tapBlock, taps - t);
      if (!reuse) prepareTerms<T>(v, r0, r1, p, count, t, tapCount);
      if (r1 - r0 == 1 && v.yw == sizeof<T>()) multiplyRow<T>(v, r0, i0, i1, j0, j1, add);
      else multiplyTile<T>(v, r0, r1, i0, i1, j0, j1, add);
      add = true;
    }
  }
  v.packedKey = v.key;
}

function openWindow(v: Correlation, i0: i32, j0: i32): void {
  const s = v.window;
  s.row0 = v.row0 + i0 * v.strideH;
  s.column0 = v.column0 + j0 * v.strideW;
  s.rows = stagedRows(v);
  s.stride = v.strideW;
  s.phases = min(v.strideW, (v.tw - 1) * v.stepW + 1);
  s.pitch = v.tileW + ((v.tw - 1) * v.stepW) / v.strideW;
  s.h = v.h;
  s.w = v.w;
}

function stagedRows(v: Correlation): i32 {
  return (v.tileH - 1) * v.strideH + (v.th - 1) * v.stepH + 1;
}

/** Elements of one staged plane. */
// @ts-ignore: decorator
@inline
function planeSize(s: Window): i32 {
  return s.rows * s.phases * s.pitch;
}

function stage<T>(v: Correlation, plane: i32, count: i32): void {
  const bytes = <usize>planeSize(v.window) * sizeof<T>();
  let dst = v.staged;
  for (let p = plane; p < plane + count; p++) {
    const c = p / v.td, u = p - c * v.td;
    const d = v.depth0 + u * v.stepD;
    const inside = d >= 0 && d < v.depth;
    stagePlane<T>(v.window, dst, inside ? v.x + <usize>c * v.xChannel + <usize>d * v.xDepth : 0);
    dst += bytes;
  }
}

/**
 * Lists a block of terms: `planes` planes from `plane`, and of each `taps` taps from `tap`. For every term, the offset in
 * the staged source goes into the table, and the weights of rows [r0, r1) into panels of MR rows. Lines of taps come in
 * order, all planes of one line together, so that an output at the edge can leave out the lines that miss the source.
 */
function prepareTerms<T>(v: Correlation, r0: i32, r1: i32, plane: i32, planes: i32, tap: i32, taps: i32): void {
  const s = v.window;
  const count = planes * taps, panel = <usize>(count * MR) * sizeof<T>();
  v.terms = count;
  v.lineTerms = taps == v.th * v.tw ? planes * v.tw : 0;
  let u = tap / v.tw, first = tap - u * v.tw;
  for (let k = 0; k < count; u++) {
    const last = min(v.tw, first + count - k);
    for (let p = 0; p < planes; p++) {
      const c = (plane + p) / v.td, d = plane + p - c * v.td;
      const line = (p * s.rows + u * v.stepH) * s.phases;
      const weights = v.weight + <usize>r0 * v.wRow + <usize>c * v.wChannel + <usize>d * v.wd + <usize>u * v.wh;
      for (let t = first; t < last; t++) {
        const column = t * v.stepW, shift = s.stride == 1 ? column : column / s.stride;
        const offset = (line + column - shift * s.stride) * s.pitch + shift;
        store<i32>(v.table + ((<usize>k) << 2), offset * <i32>sizeof<T>());
        packTerm<T>(v.packed + <usize>(k * MR) * sizeof<T>(), panel, weights + <usize>t * v.ww, v.wRow, r1 - r0);
        k++;
      }
    }
    first = 0;
  }
}

/** Writes one term of `rows` rows into its place in every panel. */
function packTerm<T>(dst: usize, panel: usize, src: usize, step: usize, rows: i32): void {
  for (; rows > 0; rows -= MR) {
    for (let i = 0; i < min(MR, rows); i++) {
      store<T>(dst + <usize>i * sizeof<T>(), load<T>(src));
      src += step;
    }
    dst += panel;
  }
}

/** All micro-tiles of a tile for one block of terms: a line of outputs after the other, each against all rows. */
function multiplyTile<T>(v: Correlation, r0: i32, r1: i32, i0: i32, i1: i32, j0: i32, j1: i32, add: bool): void {
  const s = v.window;
  for (let i = i0; i < i1; i++) {
    const line = v.staged + <usize>((i - i0) * v.strideH * s.phases * s.pitch) * sizeof<T>();
    trim(v, v.row0 + i * v.strideH, 0);
    for (let j = j0; j < j1; j += NR<T>()) {
      const x = line + <usize>(j - j0) * sizeof<T>();
      const y = v.y + <usize>r0 * v.yRow + <usize>i * v.yh + <usize>j * v.yw;
      multiplyColumns<T>(v, r1 - r0, min(NR<T>(), j1 - j), x, y, add);
    }
  }
}

/**
 * Leaves out the terms of the first and last lines of taps that miss the source, for outputs whose first line of taps lies
 * between `row` and `row + span`.
 */
function trim(v: Correlation, row: i32, span: i32): void {
  v.first = 0;
  v.count = v.terms;
  if (v.lineTerms == 0) return;
  let from = 0, to = v.th;
  while (from < to && row + span + from * v.stepH < 0) from++;
  while (to > from && row + (to - 1) * v.stepH >= v.h) to--;
  v.first = from * v.lineTerms;
  v.count = (to - from) * v.lineTerms;
}

/** Up to NR neighbouring outputs of `rows` rows; `x` is where the first tap finds the first, `y` where it goes. */
function multiplyColumns<T>(v: Correlation, rows: i32, width: i32, x: usize, y: usize, add: bool): void {
  const vectors = width > lanes<T>() ? 2 : 1;
  const step = MR * sizeof<T>(), panel = <usize>v.terms * step;
  const w = v.packed + <usize>v.first * step, table = v.table + ((<usize>v.first) << 2);
  if (v.yw == sizeof<T>() && width == vectors * lanes<T>()) {
    microKernel<T, Indexed>(rows, vectors, v.count, w, 0, step, panel, x, table, y, v.yRow, add);
    return;
  }
  const pitch = NR<T>() * sizeof<T>();
  microKernel<T, Indexed>(rows, vectors, v.count, w, 0, step, panel, x, table, v.spare, pitch, false);
  copyTile<T>(v, y, rows, width, add);
}

/** A tile of a single row: lines in pairs, up to four vectors at a time. */
function multiplyRow<T>(v: Correlation, r: i32, i0: i32, i1: i32, j0: i32, j1: i32, add: bool): void {
  const s = v.window, step = <usize>MR * sizeof<T>();
  const xLine = <usize>(v.strideH * s.phases * s.pitch) * sizeof<T>();
  for (let i = i0; i < i1; i += 2) {
    const two = i + 1 < i1;
    trim(v, v.row0 + i * v.strideH, two ? v.strideH : 0);
    const w = v.packed + <usize>v.first * step, table = v.table + ((<usize>v.first) << 2);
    let x = v.staged + <usize>(i - i0) * xLine, y = v.y + <usize>r * v.yRow + <usize>i * v.yh + <usize>j0 * v.yw;
    for (let left = j1 - j0; left > 0; ) {
      const vectors = left >= 4 * lanes<T>() ? 4 : left >= 2 * lanes<T>() ? 2 : 1, width = vectors * lanes<T>();
      if (left < width) {
        rowKernel<T>(two, vectors, v.count, w, step, x, xLine, table, v.spare, 16, false);
        for (let l = 0; l <= <i32>two; l++) moveRun<T>(y + <usize>l * v.yh, v.yw, v.spare + 16 * l, left, add);
      } else {
        rowKernel<T>(two, vectors, v.count, w, step, x, xLine, table, y, v.yh, add);
      }
      left -= width;
      x += <usize>width * sizeof<T>();
      y += <usize>width * sizeof<T>();
    }
  }
}

/** Moves the spare tile to `y`. */
function copyTile<T>(v: Correlation, y: usize, rows: i32, width: i32, add: bool): void {
  for (let r = 0; r < rows; r++) {
    moveRun<T>(y, v.yw, v.spare + <usize>(r * NR<T>()) * sizeof<T>(), width, add);
    y += v.yRow;
  }
}

/** y[i] = or += t[i], where the elements of y are `step` bytes apart. */
function moveRun<T>(y: usize, step: usize, t: usize, count: i32, add: bool): void {
  for (; count > 0; count--) {
    store<T>(y, add ? <T>(load<T>(y) + load<T>(t)) : load<T>(t));
    t += sizeof<T>();
    y += step;
  }
}

/** Outputs that no tap reaches. */
function clear<T>(v: Correlation, r0: i32, r1: i32, i0: i32, i1: i32, j0: i32, j1: i32): void {
  for (let r = r0; r < r1; r++) {
    for (let i = i0; i < i1; i++) {
      let y = v.y + <usize>r * v.yRow + <usize>i * v.yh + <usize>j0 * v.yw;
      for (let j = j0; j < j1; j++) {
        store<T>(y, 0);
        y += v.yw;
      }
    }
  }
}
