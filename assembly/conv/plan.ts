/**
 * How a convolution is cut: tiles of outputs, blocks of channels, tasks. Everything follows from the geometry alone, so
 * results do not depend on the number of threads.
 */
import { KC } from "../gemm/blocking";
import { Geometry, groupIn, groupOut, taps } from "./geometry";

/** How a convolution is computed: */
export const DIRECT: i32 = 0;
/** as one matrix product per image, since every output sees a single position; */
export const POINTWISE: i32 = 1;
/** as one matrix product, since there is a single output, which sees all of the input. */
export const WHOLE: i32 = 2;

/** The way that suits a geometry. */
export function strategy(g: Geometry): i32 {
  if (g.groups != 1 || g.pd + g.ph + g.pw != 0) return DIRECT;
  if (taps(g) == 1 && g.sd * g.sh * g.sw == 1) return POINTWISE;
  const all = g.kd == g.d && g.kh == g.h && g.kw == g.w;
  return all && g.od * g.oh * g.ow == 1 ? WHOLE : DIRECT;
}

/** Multiplications that are worth a task, about 10 µs. */
const TASK_WORK: i64 = 1 << 18;
/** Tasks that are enough for the threads of one call. */
const ENOUGH_TASKS: i32 = 16;
/** Elements of a staged source: 2 MiB of f64. */
export const MAX_STAGED: i32 = 1 << 18;
/** Elements that a tile tries not to exceed, so that it stays in the second cache level. */
const NEAR_STAGED: i32 = 1 << 16;
/** Rows (output channels of a task) at most; their packed weights take 512 KiB of f64. */
export const MAX_ROWS: i32 = 240;
/** Rows per task are a multiple of this, hence of MR. */
const ROW_UNIT: i32 = 12;
/** Columns of a tile at most. */
const MAX_COLUMNS: i32 = 512;
/** Outputs that make up for packing the weights. */
const MIN_OUTPUTS: i32 = 256;

// @ts-ignore: decorator
@inline
export function ceilDiv(a: i32, b: i32): i32 {
  return (a + b - 1) / b;
}

/** Columns of a tile: all, or equal parts that are multiples of the vector sizes. */
export function tileColumns(columns: i32): i32 {
  if (columns <= MAX_COLUMNS) return max(columns, 1);
  const size = ceilDiv(columns, ceilDiv(columns, MAX_COLUMNS));
  return ceilDiv(size, 8) * 8;
}

// The passes that correlate: the forward pass, and the input gradient, whose outputs are the elements of x that share
// their residue modulo the stride, whose channels are those of y, and whose stride is 1.

/** Lines of outputs of one plane. */
function lines(g: Geometry, gradient: bool): i32 {
  return gradient ? ceilDiv(g.h, g.sh) : g.oh;
}

/** Columns of outputs of one plane. */
export function columns(g: Geometry, gradient: bool): i32 {
  return gradient ? ceilDiv(g.w, g.sw) : g.ow;
}

/** Output channels of one group. */
function rows(g: Geometry, gradient: bool): i32 {
  return gradient ? groupIn(g) : groupOut(g);
}

/** Planes of outputs: images times depth. */
export function images(g: Geometry, gradient: bool): i32 {
  return g.n * (gradient ? g.d : g.od);
}

/** Multiplications of one plane of outputs and one group. */
function work(g: Geometry): i64 {
  return <i64>groupOut(g) * groupIn(g) * taps(g) * g.oh * g.ow;
}

/** Elements of a staged plane for a tile of `h` lines and `w` columns. */
function stagedPlane(g: Geometry, gradient: bool, h: i32, w: i32): i64 {
  const spanH = (g.kh - 1) * g.dh, spanW = (g.kw - 1) * g.dw;
  if (gradient) return <i64>(h + spanH / g.sh) * (w + spanW / g.sw);
  return <i64>((h - 1) * g.sh + spanH + 1) * min(g.sw, spanW + 1) * (w + spanW / g.sw);
}

/** Most taps, along one axis, that an element of x has for one residue modulo the stride. */
function phaseTaps(kernel: i32, stride: i32, dilation: i32): i32 {
  return ceilDiv(kernel, stride / gcd(stride, dilation));
}

export function gcd(a: i32, b: i32): i32 {
  while (b != 0) {
    const r = a % b;
    a = b;
    b = r;
  }
  return a;
}

/** Source planes of one block of terms: about KC terms, and no more than can be staged. */
export function planesPerBlock(g: Geometry, gradient: bool): i32 {
  const planes = (gradient ? groupOut(g) : groupIn(g)) * g.kd;
  const taps = gradient ? phaseTaps(g.kh, g.sh, g.dh) * phaseTaps(g.kw, g.sw, g.dw) : g.kh * g.kw;
  const room = MAX_STAGED / stagedPlane(g, gradient, 1, tileColumns(columns(g, gradient)));
  const most = max(min(KC / taps, <i32>room), 1);
  return ceilDiv(planes, ceilDiv(planes, most));
}

/** Parts of one plane of outputs that give the threads enough to do, without tasks that are too small. */
function wantedParts(g: Geometry, gradient: bool): i32 {
  const wanted = ceilDiv(ENOUGH_TASKS, max(images(g, gradient) * g.groups, 1));
  return <i32>max<i64>(min<i64>(wanted, work(g) / TASK_WORK), 1);
}

/** Lines of a tile: what is needed for enough parts and fits the staging area, but not so few that packing dominates. */
export function tileLines(g: Geometry, gradient: bool): i32 {
  const all = lines(g, gradient), w = tileColumns(columns(g, gradient));
  const block = planesPerBlock(g, gradient);
  const fewest = ceilDiv(MIN_OUTPUTS, w);
  let size = max(ceilDiv(all, wantedParts(g, gradient)), fewest);
  while (size > fewest && block * stagedPlane(g, gradient, size, w) > NEAR_STAGED) size = max(size / 2, fewest);
  while (size > 1 && block * stagedPlane(g, gradient, size, w) > MAX_STAGED) size = size / 2;
  return max(min(size, all), 1);
}

/** Output channels of a task. */
export function rowsPerTask(g: Geometry, gradient: bool): i32 {
  const all = rows(g, gradient);
  const parts = ceilDiv(wantedParts(g, gradient), tilesPerPlane(g, gradient));
  const blocks = max(parts, ceilDiv(all, MAX_ROWS));
  return ceilDiv(ceilDiv(all, blocks), ROW_UNIT) * ROW_UNIT;
}

/** Tiles of one plane of outputs. */
export function tilesPerPlane(g: Geometry, gradient: bool): i32 {
  const w = columns(g, gradient);
  return ceilDiv(lines(g, gradient), tileLines(g, gradient)) * ceilDiv(w, tileColumns(w));
}

/** Whether a tile of one line fits the staging area; it does unless the taps span hundreds of lines and columns. */
export function fits(g: Geometry, gradient: bool): bool {
  return stagedPlane(g, gradient, 1, tileColumns(columns(g, gradient))) <= MAX_STAGED;
}

/** Tasks: groups × blocks of output channels × planes of outputs × tiles, the last varying fastest. */
export function correlationTasks(g: Geometry, gradient: bool): i32 {
  const blocks = ceilDiv(rows(g, gradient), rowsPerTask(g, gradient));
  return g.groups * blocks * images(g, gradient) * tilesPerPlane(g, gradient);
}

// The weight gradient: chunks of outputs that all tasks go through, tasks that divide the weights.

/** Outputs of a chunk: few enough to bound the rounding error and to stay in the first cache level. */
const CHUNK_OUTPUTS: i32 = 1024;
/** Output channels of a task at most; with a chunk of their gradients they take 512 KiB of f64. */
export const MAX_GRAD_ROWS: i32 = 60;
/** Output channels of a task are a multiple of this. */
const GRAD_ROW_UNIT: i32 = 6;

/** Columns of a chunk. */
export function chunkColumns(g: Geometry): i32 {
  if (g.ow <= CHUNK_OUTPUTS) return g.ow;
  return ceilDiv(ceilDiv(g.ow, ceilDiv(g.ow, CHUNK_OUTPUTS)), 4) * 4;
}

/** Columns of a chunk, rounded up to whole vectors of either type. */
export function chunkPitch(g: Geometry): i32 {
  return ceilDiv(chunkColumns(g), 4) * 4;
}

/** Lines of a chunk. */
export function chunkLines(g: Geometry): i32 {
  return min(g.oh, max(CHUNK_OUTPUTS / chunkPitch(g), 1));
}

/** Images (pairs of n and output depth) of a chunk. */
export function chunkImages(g: Geometry): i32 {
  if (chunkColumns(g) < g.ow || chunkLines(g) < g.oh) return 1;
  return max(CHUNK_OUTPUTS / (chunkPitch(g) * g.oh), 1);
}

/** Elements of the source that one plane of one chunk stages. */
function stagedChunk(g: Geometry): i64 {
  return chunkImages(g) * stagedPlane(g, false, chunkLines(g), chunkPitch(g));
}

/** Whether a chunk of one plane fits the staging area. */
export function chunkFits(g: Geometry): bool {
  return stagedChunk(g) <= MAX_STAGED;
}

/** Planes (input channel and tap in depth) that fit the staging area together. */
export function chunkPlanes(g: Geometry): i32 {
  return <i32>max<i64>(NEAR_STAGED / stagedChunk(g), 1);
}

/** Planes of a task. Neighbouring tasks of the same rows are computed together. */
export function gradPlanes(g: Geometry): i32 {
  return min(ceilDiv(groupIn(g) * g.kd, gradParts(g)), chunkPlanes(g));
}

/** Output channels of a task. */
export function gradRows(g: Geometry): i32 {
  const all = groupOut(g);
  const parts = ceilDiv(gradParts(g), ceilDiv(groupIn(g) * g.kd, gradPlanes(g)));
  const blocks = max(parts, ceilDiv(all, MAX_GRAD_ROWS));
  return ceilDiv(ceilDiv(all, blocks), GRAD_ROW_UNIT) * GRAD_ROW_UNIT;
}

/** Parts of the weights of one group that give the threads enough to do. */
function gradParts(g: Geometry): i32 {
  const wanted = ceilDiv(ENOUGH_TASKS, g.groups);
  return <i32>max<i64>(min<i64>(wanted, (images(g, false) * work(g)) / TASK_WORK), 1);
}

/** Tasks of the weight gradient: groups × blocks of rows × blocks of planes. */
export function weightTasks(g: Geometry): i32 {
  return g.groups * ceilDiv(groupOut(g), gradRows(g)) * ceilDiv(groupIn(g) * g.kd, gradPlanes(g));
}
