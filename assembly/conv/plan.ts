/**
 * How a convolution is cut: tiles of outputs, blocks of channels, tasks. Everything follows from the geometry alone, so
 * results do not depend on the number of threads. Of f32; f64 is in columns.ts.
 */
import { KC } from "../gemm/blocking";
import { firstInside, Geometry, groupIn, groupOut, taps } from "./geometry";

/** How a convolution is computed: */
export const DIRECT: i32 = 0;
/** as one matrix product per image, since every output sees a single position; */
export const POINTWISE: i32 = 1;
/** as one matrix product, since there is a single output, which sees all of the input; */
export const WHOLE: i32 = 2;
/** in tiles of 2×2 and of 4×4 outputs (winograd/); */
export const WINOGRAD2: i32 = 3;
export const WINOGRAD4: i32 = 4;
/** channel by channel, since each has a kernel of its own (depthwise/). */
export const DEPTHWISE: i32 = 5;

export function isProduct(way: i32): bool {
  return way == POINTWISE || way == WHOLE;
}

/** The way that suits a geometry, of the first three. */
export function strategy(g: Geometry): i32 {
  if (g.groups != 1 || g.pd + g.ph + g.pw != 0) return DIRECT;
  if (g.kd == g.d && g.kh == g.h && g.kw == g.w && g.od * g.oh * g.ow == 1) return WHOLE;
  return taps(g) == 1 && g.od == g.d && g.oh == g.h && g.ow == g.w ? POINTWISE : DIRECT;
}

/** Multiplications that are worth a task, about 10 µs. */
const TASK_WORK: i64 = 1 << 18;
/** Tasks that are enough for the threads of one call. */
const ENOUGH_TASKS: i32 = 16;
/** Bytes of a staged source. */
export const MAX_STAGED: i32 = 1 << 21;
/** Bytes that a tile tries not to exceed, so that it stays in the second cache level. */
const NEAR_STAGED: i32 = 1 << 18;
/** Rows (output channels of a task) at most; their packed weights take 256 KiB. */
export const MAX_ROWS: i32 = 240;
/** Rows per task are a multiple of this, hence of MR. */
const ROW_UNIT: i32 = 12;
/** Columns of a tile at most. */
const MAX_COLUMNS: i32 = 512;
/** Bytes of the results of a tile that are still to be taken apart into images. */
const MAX_RESULTS: i32 = 1 << 20;
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

// What the lanes of a vector are: neighboring columns of one image, or, by images, one position of four images. The latter
// wastes no lane on planes whose width is not a multiple of a vector and no products on what lies beyond their edges, and takes
// outputs that are not neighbors apart only once; but the source has to be interleaved.

/** Images side by side in the lanes. */
export const SIDE_BY_SIDE: i32 = 4;
/** What interleaving costs. */
const INTERLEAVED: f64 = 0.97;
/** Columns up to which it pays. */
const MAX_INTERLEAVED: i32 = 64;
/** Columns up to which there is room for the results of a line, where outputs are not neighbors and it pays for any number. */
const MAX_APART: i32 = MAX_RESULTS / (16 * MAX_ROWS);
/** What one vector of columns costs, of a pair of them. */
const SINGLE_VECTOR: f64 = 2.0 / 3;
/** What is left of the speed when the outputs of vectors of columns have to be taken apart, since they are not neighbors. */
const APART: f64 = 0.85;

/** The part of the lanes that is used when the lanes are images. */
function imagesUsed(g: Geometry): f64 {
  return (INTERLEAVED * g.n) / (ceilDiv(g.n, SIDE_BY_SIDE) * SIDE_BY_SIDE);
}

/** Flags of a pass that correlates: the input gradient instead of the forward pass; images in the lanes. */
const GRADIENT: i32 = 1;
export const BY_IMAGES: i32 = 2;

/** The part of the products of outputs and taps along a line whose source is not beyond its edges. */
function reached(g: Geometry, flags: i32): f64 {
  let count = 0;
  for (let at = -g.pw; at < g.kw * g.dw - g.pw; at += g.dw)
    count += max(min(firstInside(at - g.w, g.sw), g.ow) - firstInside(at, g.sw), 0);
  return <f64>count / (g.kw * columns(g, flags));
}

/** The flags that suit a pass. */
export function flagsOf(g: Geometry, gradient: bool): i32 {
  const flags = gradient ? GRADIENT : 0,
    w = columns(g, flags),
    left = w & 7,
    apart = gradient && g.sw > 1;
  if (g.n < 2 || w > (apart ? MAX_APART : MAX_INTERLEAVED)) return flags;
  const pairs = <f64>(w >> 3) + (left == 0 ? 0 : left <= 4 ? SINGLE_VECTOR : 1);
  // Staged by columns, the products that miss the source are computed too, but for a few; by images they are left out.
  const byColumns = (<f64>w / (8 * pairs)) * reached(g, flags) * (apart ? APART : 1);
  const byImages = (imagesUsed(g) * w) / (ceilDiv(w, 2) * 2);
  return byImages > byColumns && fits(g, flags | BY_IMAGES) ? flags | BY_IMAGES : flags;
}

/** Whether the weight gradient has images in the lanes. */
export function weightsByImages(g: Geometry): bool {
  const few = g.n > 1 && g.ow <= MAX_INTERLEAVED && stagedPlane(g, BY_IMAGES, 1, g.ow) <= MAX_STAGED;
  return few && imagesUsed(g) > <f64>g.ow / (ceilDiv(g.ow, 4) * 4);
}

// The passes that correlate: the forward pass, and the input gradient, whose outputs are the elements of x that share
// their residue modulo the stride, whose channels are those of y, and whose stride is 1.

/** Bytes of a staged element. */
// @ts-ignore: decorator
@inline
function elementBytes(byImages: bool): i32 {
  return byImages ? 16 : 4;
}

/** Lines of outputs of one plane. */
export function lines(g: Geometry, flags: i32): i32 {
  return flags & GRADIENT ? ceilDiv(g.h, g.sh) : g.oh;
}

/** Columns of outputs of one plane. */
export function columns(g: Geometry, flags: i32): i32 {
  return flags & GRADIENT ? ceilDiv(g.w, g.sw) : g.ow;
}

/** Output channels of one group. */
function rows(g: Geometry, flags: i32): i32 {
  return flags & GRADIENT ? groupIn(g) : groupOut(g);
}

/** Planes of outputs: images, or fours of them, times depth. */
export function images(g: Geometry, flags: i32): i32 {
  const n = flags & BY_IMAGES ? ceilDiv(g.n, SIDE_BY_SIDE) : g.n;
  return n * (flags & GRADIENT ? g.d : g.od);
}

/** Multiplications of one plane of outputs and one group. */
function work(g: Geometry, flags: i32): i64 {
  const plane = <i64>groupOut(g) * groupIn(g) * taps(g) * g.oh * g.ow;
  return flags & BY_IMAGES ? SIDE_BY_SIDE * plane : plane;
}

/** Bytes of a staged plane for a tile of `h` lines and `w` columns. */
function stagedPlane(g: Geometry, flags: i32, h: i32, w: i32): i64 {
  const spanH = (g.kh - 1) * g.dh,
    spanW = (g.kw - 1) * g.dw,
    size = elementBytes((flags & BY_IMAGES) != 0);
  if (flags & GRADIENT) return (<i64>h + spanH / g.sh) * (<i64>w + spanW / g.sw) * size;
  return (<i64>(h - 1) * g.sh + spanH + 1) * min(g.sw, spanW + 1) * (<i64>w + spanW / g.sw) * size;
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
export function planesPerBlock(g: Geometry, flags: i32): i32 {
  const gradient = (flags & GRADIENT) != 0,
    planes = (gradient ? groupOut(g) : groupIn(g)) * g.kd;
  const taps = gradient ? phaseTaps(g.kh, g.sh, g.dh) * phaseTaps(g.kw, g.sw, g.dw) : g.kh * g.kw;
  const room = MAX_STAGED / stagedPlane(g, flags, 1, tileColumns(columns(g, flags)));
  const most = max(min(KC / taps, <i32>room), 1);
  return planes == 0 ? 1 : ceilDiv(planes, ceilDiv(planes, most));
}

/** Parts of one plane of outputs that give the threads enough to do, without tasks that are too small. */
function wantedParts(g: Geometry, flags: i32): i32 {
  const wanted = ceilDiv(ENOUGH_TASKS, max(images(g, flags) * g.groups, 1));
  return <i32>max<i64>(min<i64>(wanted, work(g, flags) / TASK_WORK), 1);
}

/** Lines that make up for packing the weights. */
function fewestLines(g: Geometry, flags: i32): i32 {
  return ceilDiv(flags & BY_IMAGES ? MIN_OUTPUTS / SIDE_BY_SIDE : MIN_OUTPUTS, tileColumns(columns(g, flags)));
}

/** Lines at most that are computed as one tile: as fit the staging area and, by images, that of the results. */
function mostLines(g: Geometry, flags: i32): i32 {
  const w = tileColumns(columns(g, flags)),
    block = planesPerBlock(g, flags),
    fewest = fewestLines(g, flags);
  let size = lines(g, flags);
  if (flags & BY_IMAGES)
    size = min(size, MAX_RESULTS / (elementBytes(true) * min(max(rows(g, flags), 1), MAX_ROWS) * w));
  while (size > fewest && block * stagedPlane(g, flags, size, w) > NEAR_STAGED) size = max(size / 2, fewest);
  while (size > 1 && block * stagedPlane(g, flags, size, w) > MAX_STAGED) size = size / 2;
  return max(size, 1);
}

/** Lines of a tile, so that there are enough parts, but not so few that packing dominates. */
export function tileLines(g: Geometry, flags: i32): i32 {
  return min(max(ceilDiv(lines(g, flags), wantedParts(g, flags)), fewestLines(g, flags)), mostLines(g, flags));
}

/** Output channels of a task. */
export function rowsPerTask(g: Geometry, flags: i32): i32 {
  const all = max(rows(g, flags), 1);
  const parts = ceilDiv(wantedParts(g, flags), max(tilesPerPlane(g, flags), 1));
  const blocks = max(parts, ceilDiv(all, MAX_ROWS));
  return ceilDiv(ceilDiv(all, blocks), ROW_UNIT) * ROW_UNIT;
}

/** Neighboring tiles of `height` lines, one below the other, that may be computed as one. */
export function mostTiles(g: Geometry, flags: i32, height: i32): i32 {
  return columns(g, flags) > MAX_COLUMNS ? 1 : mostLines(g, flags) / height;
}

/** Tiles of one plane of outputs. */
export function tilesPerPlane(g: Geometry, flags: i32): i32 {
  const w = columns(g, flags);
  return ceilDiv(lines(g, flags), tileLines(g, flags)) * ceilDiv(w, tileColumns(w));
}

/** Whether a tile of one line fits the staging area; by columns it does unless the taps span hundreds of lines and columns. */
export function fits(g: Geometry, flags: i32): bool {
  return stagedPlane(g, flags, 1, tileColumns(columns(g, flags))) <= MAX_STAGED;
}

/** Tasks: groups × blocks of output channels × planes of outputs × tiles, the last varying fastest. */
export function correlationTasks(g: Geometry, flags: i32): i32 {
  const blocks = ceilDiv(rows(g, flags), rowsPerTask(g, flags));
  return g.groups * blocks * images(g, flags) * tilesPerPlane(g, flags);
}

// The weight gradient: chunks of outputs that all tasks go through, tasks that divide the weights.

/** Vectors of outputs of a chunk: few enough to bound the rounding error and to stay in the first cache level. */
const CHUNK_VECTORS: i32 = 256;
/** Output channels of a task at most; with a chunk of their gradients they take 256 KiB. */
export const MAX_GRAD_ROWS: i32 = 60;
/** Output channels of a task are a multiple of this. */
const GRAD_ROW_UNIT: i32 = 6;

/** Outputs of a chunk, of each image in the lanes. */
function chunkOutputs(g: Geometry): i32 {
  return weightsByImages(g) ? CHUNK_VECTORS : 4 * CHUNK_VECTORS;
}

/** Columns of a chunk. */
export function chunkColumns(g: Geometry): i32 {
  const most = chunkOutputs(g);
  if (g.ow <= most) return g.ow;
  return ceilDiv(ceilDiv(g.ow, ceilDiv(g.ow, most)), 4) * 4;
}

/** Columns of a chunk, rounded up to whole vectors. */
export function chunkPitch(g: Geometry): i32 {
  return weightsByImages(g) ? chunkColumns(g) : ceilDiv(chunkColumns(g), 4) * 4;
}

/** Bytes that one plane of the source stages for `count` lines of a chunk. */
function stagedLines(g: Geometry, count: i32): i64 {
  return stagedPlane(g, weightsByImages(g) ? BY_IMAGES : 0, count, chunkPitch(g));
}

/** Lines of a chunk. */
export function chunkLines(g: Geometry): i32 {
  let count = min(g.oh, max(chunkOutputs(g) / chunkPitch(g), 1));
  while (count > 1 && stagedLines(g, count) > MAX_STAGED) count = count / 2;
  return count;
}

/** Planes of outputs (n, or fours of images, and output depth) of a chunk. */
export function chunkImages(g: Geometry): i32 {
  if (chunkColumns(g) < g.ow || chunkLines(g) < g.oh) return 1;
  const room = min<i64>(MAX_STAGED / stagedLines(g, g.oh), images(g, weightsByImages(g) ? BY_IMAGES : 0));
  return max(min(chunkOutputs(g) / (chunkPitch(g) * g.oh), <i32>room), 1);
}

/** Bytes of the source that one plane of one chunk stages. */
function stagedChunk(g: Geometry): i64 {
  return chunkImages(g) * stagedLines(g, chunkLines(g));
}

/** Whether a chunk of one plane fits the staging area; it does unless the taps span hundreds of lines and columns. */
export function chunkFits(g: Geometry): bool {
  return stagedChunk(g) <= MAX_STAGED;
}

/** Planes (input channel and tap in depth) that fit the staging area together. */
export function chunkPlanes(g: Geometry): i32 {
  return <i32>max<i64>(NEAR_STAGED / stagedChunk(g), 1);
}

/** Planes of a task. Neighboring tasks of the same rows are computed together. */
export function gradPlanes(g: Geometry): i32 {
  return max(min(ceilDiv(groupIn(g) * g.kd, gradParts(g)), chunkPlanes(g)), 1);
}

/** Output channels of a task. */
export function gradRows(g: Geometry): i32 {
  const all = groupOut(g);
  const parts = ceilDiv(gradParts(g), max(ceilDiv(groupIn(g) * g.kd, gradPlanes(g)), 1));
  const blocks = max(parts, ceilDiv(all, MAX_GRAD_ROWS));
  return ceilDiv(ceilDiv(all, blocks), GRAD_ROW_UNIT) * GRAD_ROW_UNIT;
}

/** Elements that the gradients of all shares take at most. */
const MAX_SHARED: i32 = 1 << 18;

/**
 * Shares of the batch, each with a gradient of its own, which are added in the end: so that nothing is staged twice, as it is for tasks that divide
 * the weights. 1 where weights are too many, or chunks of outputs too few.
 */
export function gradShares(g: Geometry): i32 {
  const weights = max(<i64>g.o * groupIn(g) * taps(g), 1),
    enough = min(ENOUGH_TASKS, gradChunks(g)),
    worth = (<i64>g.groups * g.n * g.od * work(g, 0)) / TASK_WORK;
  return <i32>max<i64>(min<i64>(min<i64>(enough, MAX_SHARED / weights), worth), 1);
}

/** Chunks of outputs that the planes of the batch are cut into. */
export function gradChunks(g: Geometry): i32 {
  return ceilDiv(images(g, weightsByImages(g) ? BY_IMAGES : 0), chunkImages(g));
}

/** Parts of the weights of one group that give the threads enough to do. */
function gradParts(g: Geometry): i32 {
  const wanted = ceilDiv(ENOUGH_TASKS, g.groups * gradShares(g));
  return <i32>max<i64>(min<i64>(wanted, (g.n * g.od * work(g, 0)) / TASK_WORK), 1);
}

/** Tasks of the weight gradient: shares × groups × blocks of rows × blocks of planes. */
export function weightTasks(g: Geometry): i32 {
  return gradShares(g) * shareTasks(g);
}

/** Tasks of one share. */
export function shareTasks(g: Geometry): i32 {
  return g.groups * ceilDiv(groupOut(g), gradRows(g)) * ceilDiv(groupIn(g) * g.kd, gradPlanes(g));
}
