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
import { pack } from "../gemm/pack";
import { lanes } from "../simd";
import { MAX_ROWS } from "./plan";
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
  /** Areas of the thread's memory. */
  staged: usize; packed: usize; table: usize; spare: usize;
  window: Window;
}

/** Lays the record and its areas out at `scratch`; the rest is for the caller to fill in. */
export function correlationAt(scratch: usize): Correlation {
  const v = changetype<Correlation>(scratch);
  v.window = changetype<Window>(scratch + 512);
  v.spare = scratch + 1024;
  v.table = scratch + 2048;
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
      if (!reuse) {
        tabulate<T>(v, count, t, tapCount);
        packWeights<T>(v, r0, r1, p, count, t, tapCount);
      }
      multiplyTile<T>(v, count * tapCount, r0, r1, i0, i1, j0, j1, add);
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

/** The offset of every term from the staged element of the first tap of an output. */
function tabulate<T>(v: Correlation, planes: i32, tap: i32, taps: i32): void {
  const s = v.window;
  let at = v.table;
  for (let p = 0; p < planes; p++) {
    let u = tap / v.tw, t = tap - u * v.tw;
    for (let k = 0; k < taps; k++) {
      const column = t * v.stepW;
      const line = (p * s.rows + u * v.stepH) * s.phases + (column % s.stride);
      store<i32>(at, (line * s.pitch + column / s.stride) * <i32>sizeof<T>());
      at += 4;
      if (++t == v.tw) {
        t = 0;
        u++;
      }
    }
  }
}

/** Packs the weights of rows [r0, r1) for a block of terms into panels of MR rows. */
function packWeights<T>(v: Correlation, r0: i32, r1: i32, plane: i32, planes: i32, tap: i32, taps: i32): void {
  const all = v.th * v.tw;
  const src = v.weight + <usize>r0 * v.wRow;
  const dense = v.ww == sizeof<T>() && v.wh == <usize>v.tw * v.ww && v.wd == <usize>v.th * v.wh && v.wChannel == <usize>v.td * v.wd;
  if (dense) {
    pack<T>(v.packed, src + <usize>(plane * all + tap) * sizeof<T>(), v.wRow, v.ww, r1 - r0, planes * taps, MR);
    return;
  }
  for (let k = 0; k < planes; k++) {
    const c = (plane + k) / v.td, d = plane + k - c * v.td;
    for (let t = 0; t < taps; t++) {
      const u = (tap + t) / v.tw;
      const from = src + <usize>c * v.wChannel + <usize>d * v.wd + <usize>u * v.wh + <usize>(tap + t - u * v.tw) * v.ww;
      scatterTerm<T>(v.packed, planes * taps, k * taps + t, from, v.wRow, r1 - r0);
    }
  }
}

/** Writes term `k` of `rows` rows into their panels, which hold `terms` terms each. */
function scatterTerm<T>(packed: usize, terms: i32, k: i32, src: usize, step: usize, rows: i32): void {
  for (let r = 0; r < rows; r += MR) {
    const dst = packed + <usize>(r * terms + k * MR) * sizeof<T>();
    for (let i = 0; i < min(MR, rows - r); i++) {
      store<T>(dst + <usize>i * sizeof<T>(), load<T>(src));
      src += step;
    }
  }
}

/** All micro-tiles of a tile for one block of terms: a line of outputs after the other, each against all rows. */
function multiplyTile<T>(
  v: Correlation, terms: i32, r0: i32, r1: i32, i0: i32, i1: i32, j0: i32, j1: i32, add: bool,
): void {
  const s = v.window;
  const panel = <usize>(terms * MR) * sizeof<T>();
  for (let i = i0; i < i1; i++) {
    const line = v.staged + <usize>((i - i0) * v.strideH * s.phases * s.pitch) * sizeof<T>();
    for (let j = j0; j < j1; j += NR<T>()) {
      const x = line + <usize>(j - j0) * sizeof<T>();
      let y = v.y + <usize>r0 * v.yRow + <usize>i * v.yh + <usize>j * v.yw;
      let w = v.packed;
      for (let r = r0; r < r1; r += MR) {
        microTile<T>(v, terms, min(MR, r1 - r), min(NR<T>(), j1 - j), w, x, y, add);
        w += panel;
        y += <usize>MR * v.yRow;
      }
    }
  }
}

/** One micro-tile: straight into y where its columns are neighbours and enough, through a spare tile elsewhere. */
function microTile<T>(v: Correlation, terms: i32, rows: i32, width: i32, w: usize, x: usize, y: usize, add: bool): void {
  const vectors = width > lanes<T>() ? 2 : 1;
  if (v.yw == sizeof<T>() && width == vectors * lanes<T>()) {
    microKernel<T, Indexed>(rows, vectors, terms, w, sizeof<T>(), MR * sizeof<T>(), x, v.table, y, v.yRow, add);
    return;
  }
  let t = v.spare;
  const pitch = NR<T>() * sizeof<T>();
  microKernel<T, Indexed>(rows, vectors, terms, w, sizeof<T>(), MR * sizeof<T>(), x, v.table, t, pitch, false);
  for (let r = 0; r < rows; r++) {
    put<T>(y, v.yw, t, width, add);
    t += pitch;
    y += v.yRow;
  }
}

/** y[i] = or += t[i], where the elements of y are `yw` bytes apart. */
function put<T>(y: usize, yw: usize, t: usize, width: i32, add: bool): void {
  for (let i = 0; i < width; i++) {
    const value = load<T>(t);
    store<T>(y, add ? <T>(load<T>(y) + value) : value);
    t += sizeof<T>();
    y += yw;
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
