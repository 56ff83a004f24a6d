/**
 * The engine of the forward pass and of the input gradient: tiles of outputs of a correlation,
 *
 *     y[r][i][j] = Σ_{p, u, v} w[r][p][u][v] · x[p][row0 + i·strideH + u·stepH][column0 + j·strideW + v·stepW],
 *
 * p being a plane of the source: a channel and a tap in depth. It is a matrix product whose right operand is never
 * written down: the micro-kernel reads it from the staged source through a table with the offset of every term. Terms
 * are summed in blocks, in one order for every element of y, whatever the tiling. By images (stage.ts), x and the results
 * are vectors, which are taken apart in the end (deliver.ts).
 */
import { depthBlock, MR } from "../gemm/blocking";
import { Correlation } from "./correlation";
import { deliver } from "./deliver";
import { microKernel } from "./micro";
import { stagePlane, Window, zeros } from "./stage";

/** Computes rows [r0, r1), lines [i0, i1) and columns [j0, j1) of y; the tile is at most tileH × tileW. */
export function correlate(v: Correlation, r0: i32, r1: i32, i0: i32, i1: i32, j0: i32, j1: i32): void {
  const taps = v.th * v.tw,
    planes = taps == 0 ? 0 : v.channels * v.td,
    rows = r1 - r0,
    byImages = v.window.byImages;
  openWindow(v, i0, j0);
  openResults(v, r0, i0, i1 - i0, j0, j1 - j0);
  const planeBlock = v.planeBlock,
    tapBlock = depthBlock(taps);
  const reuse = v.key != 0 && v.packedKey == v.key && planeBlock >= planes && tapBlock == taps;
  v.window.trimmed = tapBlock == taps;
  let add = !byImages && v.bias != 0;
  if (add || (!byImages && planes == 0)) spread(v, r0, rows, i1 - i0, j1 - j0);
  else if (planes == 0) zeros(v.results, <usize>rows * v.toRow);
  for (let p = 0; p < planes; p += planeBlock) {
    const count = min(planeBlock, planes - p);
    stage(v, p, count);
    for (let t = 0; t < taps; t += tapBlock) {
      const tapCount = min(tapBlock, taps - t);
      if (!reuse) prepareTerms(v, r0, r1, p, count, t, tapCount);
      multiplyTile(v, rows, i0, i1, j0, j1, add);
      add = true;
    }
  }
  v.packedKey = v.key;
  if (byImages) deliver(v, r0, rows, i0, i1 - i0, j0, j1 - j0);
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

function openResults(v: Correlation, r0: i32, i0: i32, lines: i32, j0: i32, columns: i32): void {
  if (v.window.byImages) {
    v.to = v.results;
    v.toStep = 16;
    v.toLine = (<usize>columns) << 4;
    v.toRow = <usize>lines * v.toLine;
  } else {
    v.to = v.y + <usize>r0 * v.yRow + <usize>i0 * v.yh + <usize>j0 * v.yw;
    v.toStep = v.yw;
    v.toLine = v.yh;
    v.toRow = v.yRow;
  }
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

function stage(v: Correlation, plane: i32, count: i32): void {
  const bytes = <usize>planeSize(v.window) * v.window.bytes;
  let dst = v.staged;
  for (let p = plane; p < plane + count; p++) {
    const c = p / v.td,
      u = p - c * v.td;
    const d = v.depth0 + u * v.stepD;
    const inside = d >= 0 && d < v.depth;
    stagePlane(v.window, dst, inside ? v.x + <usize>c * v.xChannel + <usize>d * v.xDepth : 0);
    dst += bytes;
  }
}

/**
 * Lists a block of terms: `planes` planes from `plane`, and of each `taps` taps from `tap`. For every term, the offset in
 * the staged source goes into the table, and the weights of rows [r0, r1) into panels of MR rows. Taps come in order, all
 * planes of one tap together, so that an output at the edge can leave out the taps that miss the source.
 */
function prepareTerms(v: Correlation, r0: i32, r1: i32, plane: i32, planes: i32, tap: i32, taps: i32): void {
  const s = v.window,
    count = planes * taps,
    panel = (<usize>(count * MR)) << 2;
  v.terms = count;
  v.lineTerms = taps == v.th * v.tw ? planes * v.tw : 0;
  let k = 0;
  for (let at = tap; at < tap + taps; at++) {
    const u = at / v.tw,
      t = at - u * v.tw,
      column = t * v.stepW,
      shift = column / s.stride;
    const inPlane = (u * v.stepH * s.phases + column - shift * s.stride) * s.pitch + shift;
    const weights = v.weight + <usize>r0 * v.wRow + <usize>u * v.wh + <usize>t * v.ww;
    for (let p = 0; p < planes; p++) {
      const c = (plane + p) / v.td,
        d = plane + p - c * v.td;
      const offset = p * planeSize(s) + inPlane;
      store<i32>(v.table + ((<usize>k) << 2), offset * <i32>s.bytes);
      packTerm(
        v.packed + ((<usize>(k * MR)) << 2),
        panel,
        weights + <usize>c * v.wChannel + <usize>d * v.wd,
        v.wRow,
        r1 - r0,
      );
      k++;
    }
  }
}

/** Writes one term of `rows` rows into its place in every panel. */
function packTerm(dst: usize, panel: usize, src: usize, step: usize, rows: i32): void {
  for (; rows >= MR; rows -= MR) {
    packPair(dst, src, step);
    packPair(dst + 8, src + 2 * step, step);
    if (MR == 6) packPair(dst + 16, src + 4 * step, step);
    src += <usize>MR * step;
    dst += panel;
  }
  for (; rows > 0; rows--) {
    store<f32>(dst, load<f32>(src));
    dst += 4;
    src += step;
  }
}

/** The weights of two rows. */
// @ts-ignore: decorator
@inline
function packPair(dst: usize, src: usize, step: usize): void {
  store<f32>(dst, load<f32>(src));
  store<f32>(dst, load<f32>(src + step), 4);
}

/**
 * All micro-tiles of a tile for one block of terms, in runs of neighboring columns with the same taps: those that miss the
 * source from all outputs of a micro-tile are left out.
 */
function multiplyTile(v: Correlation, rows: i32, i0: i32, i1: i32, j0: i32, j1: i32, add: bool): void {
  const full = 2 * v.window.lanes,
    span = (v.tw - 1) * v.stepW,
    planes = v.lineTerms / v.tw;
  for (let j = j0; j < j1; ) {
    const width = min(full, j1 - j),
      first = v.column0 + j * v.strideW,
      last = first + (width - 1) * v.strideW;
    let across = max((j1 - j) / full, 1),
      from = 0,
      to = v.tw;
    if (v.lineTerms > 0) {
      while (from < to && last + from * v.stepW < 0) from++;
      while (to > from && first + (to - 1) * v.stepW >= v.w) to--;
      across = to - from < v.tw ? 1 : min(across, (v.w - 1 - span - first) / (full * v.strideW) + 1);
    }
    multiplyRun(v, rows, i0, i1, j - j0, across, width, from * planes, (to - from) * planes, add);
    j += across * width;
  }
}

/**
 * Every line of a run of `across` micro-tiles of `width` columns, the first of which is `column` of the tile. Of a line of
 * taps it has `count` terms, from `first`.
 */
function multiplyRun(
  v: Correlation,
  rows: i32,
  i0: i32,
  i1: i32,
  column: i32,
  across: i32,
  width: i32,
  first: i32,
  count: i32,
  add: bool,
): void {
  const s = v.window,
    xLine = <usize>(v.strideH * s.phases * s.pitch) * s.bytes;
  let x = v.staged + <usize>column * s.bytes,
    y = v.to + <usize>column * v.toStep;
  for (let i = i0; i < i1; i++) {
    trim(v, v.row0 + i * v.strideH);
    const lines = v.u1 - v.u0,
      start = v.u0 * v.lineTerms + first;
    // Without lines that can be left out, the block is one line; so are whole lines.
    if (v.lineTerms == 0) multiplyTerms(v, rows, across, width, 0, 1, v.terms, x, y, add);
    else if (count == v.lineTerms) multiplyTerms(v, rows, across, width, start, 1, lines * count, x, y, add);
    else multiplyTerms(v, rows, across, width, start, lines, count, x, y, add);
    x += xLine;
    y += v.toLine;
  }
}

/** `count` terms from `first`, and as many of the next lines of taps, of one line of a run. */
function multiplyTerms(
  v: Correlation,
  rows: i32,
  across: i32,
  width: i32,
  first: i32,
  lines: i32,
  count: i32,
  x: usize,
  y: usize,
  add: bool,
): void {
  const panel = (<usize>(v.terms * MR)) << 2,
    s = v.window,
    skip = v.lineTerms - count;
  const w = v.packed + ((<usize>(first * MR)) << 2),
    table = v.table + ((<usize>first) << 2);
  const vectors = width > s.lanes ? 2 : 1;
  if (v.toStep == s.bytes && width == vectors * s.lanes) {
    microKernel(rows, vectors, across, lines, count, skip, w, panel, x, table, y, v.toRow, add);
    return;
  }
  for (; across > 0; across--) {
    microKernel(rows, vectors, 1, lines, count, skip, w, panel, x, table, v.spare, 32, false);
    for (let r = 0; r < rows; r++) moveRun(y + <usize>r * v.toRow, v.toStep, v.spare + ((<usize>r) << 5), width, add);
    x += <usize>width * s.bytes;
    y += <usize>width * v.toStep;
  }
}

/** Leaves out the first and last lines of taps that miss the source, the first of which is its line `row`. */
function trim(v: Correlation, row: i32): void {
  let from = 0,
    to = v.th;
  if (v.lineTerms > 0) {
    while (from < to && row + from * v.stepH < 0) from++;
    while (to > from && row + (to - 1) * v.stepH >= v.h) to--;
  }
  v.u0 = from;
  v.u1 = to;
}

/** y[i] = or += t[i], where the elements of y are `step` bytes apart. */
function moveRun(y: usize, step: usize, t: usize, count: i32, add: bool): void {
  for (; count > 0; count--) {
    store<f32>(y, add ? load<f32>(y) + load<f32>(t) : load<f32>(t));
    t += 4;
    y += step;
  }
}

/** Begins the outputs of a tile with the bias of their row, or with 0. */
function spread(v: Correlation, r0: i32, rows: i32, lines: i32, columns: i32): void {
  for (let r = 0; r < rows; r++) {
    const value: f32 = v.bias ? load<f32>(v.bias + ((<usize>(r0 + r)) << 2)) : 0;
    for (let i = 0; i < lines; i++) {
      let y = v.to + <usize>r * v.toRow + <usize>i * v.toLine;
      for (let j = 0; j < columns; j++) {
        store<f32>(y, value);
        y += v.toStep;
      }
    }
  }
}
