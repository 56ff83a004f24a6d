/**
 * The gradient of the weights of a 3×3 convolution by Winograd's F(m×m, 3×3). A task is a part of the rows (channels of y)
 * and of the planes (channels of x); it goes through the tiles in chunks, in an order that the geometry alone fixes, and
 * adds up the products of the transformed gradients with the transformed source before it transforms the sum back.
 */
import { DOT_OTHERS, DOT_PITCH, dotContiguous } from "../../gemm/dot";
import { addRow } from "../../gemm/epilogue";
import { Geometry, groupIn, groupOut } from "../geometry";
import { ceilDiv } from "../plan";
import { Window } from "../stage";
import { describe, Field, openStaging, stage, Staging, TILE_BYTES, tabulate } from "./field";
import { OutputGrad2, OutputGrad4, Source2, Source4, transform, transformColumns, WeightGrad2, WeightGrad4 } from "./matrices";
import { gradChunk, gradPlanes, gradRows } from "./plan";
import { BETWEEN_BYTES, gatherTiles } from "./tiles";

/** Planes (of the gradient of y, or of the source) of a part, transformed: values[value][plane][tile]. Steps in bytes. */
@final @unmanaged
class Side {
  staging: Staging;
  table: usize; values: usize; valueStep: usize; planeStep: usize;
}

/** The areas of the thread's memory, and the part at hand. */
@final @unmanaged
class Work {
  field: Field; gradient: Side; source: Side;
  others: usize; sums: usize; between: usize; staged: usize;
  /** Sums of the products, as the inner products leave them: totals[value][DOT_OTHERS planes][row][DOT_PITCH]. */
  totals: usize; totalValue: usize; totalPlanes: usize;
  /** Tiles of a chunk; the tiles of the one at hand. */
  chunk: i32; t0: i32; t1: i32;
}

function workAt(scratch: usize, g: Geometry, m: i32): Work {
  const q = changetype<Work>(scratch), f = changetype<Field>(scratch + 128);
  q.field = f;
  describe(f, g, m, false);
  q.chunk = gradChunk(f.tiles, m);
  q.others = scratch + 512;
  q.sums = scratch + 576;
  q.between = q.sums + <usize>(gradRows(f.rows) * DOT_PITCH * 4);
  const tables = q.between + 2 * BETWEEN_BYTES, bytes = <usize>(ceilDiv(q.chunk, 4) * 4) * TILE_BYTES;
  const planes = gradPlanes(f.rows, f.depth), n = m + 2;
  q.gradient = sideAt(scratch + 192, f, m, tables, tables + 2 * bytes, gradRows(f.rows), q.chunk);
  const end = q.gradient.values + <usize>(n * n) * q.gradient.valueStep;
  q.source = sideAt(scratch + 320, f, n, tables + bytes, end, planes, q.chunk);
  q.totals = q.source.values + <usize>(n * n) * q.source.valueStep;
  q.totalPlanes = <usize>(gradRows(f.rows) * DOT_PITCH * 4);
  q.totalValue = <usize>ceilDiv(planes, DOT_OTHERS) * q.totalPlanes + 64;
  q.staged = q.totals + <usize>(n * n) * q.totalValue;
  return q;
}

function sideAt(at: usize, f: Field, size: i32, table: usize, values: usize, planes: i32, chunk: i32): Side {
  const side = changetype<Side>(at), s = changetype<Staging>(at + 32);
  side.staging = s;
  s.window = changetype<Window>(at + 64);
  openStaging(s, f, size);
  side.table = table;
  side.values = values;
  side.planeStep = <usize>chunk << 2;
  side.valueStep = <usize>planes * side.planeStep + 64;
  return side;
}

/** Transforms `count` planes, the first of which is, in image 0, at x; `step` leads to the next plane, `image` to the next image. */
function transformSide<M>(q: Work, side: Side, x: usize, count: i32, step: usize, image: usize): void {
  const quads = ceilDiv(q.t1 - q.t0, 4), pitch = <usize>side.staging.window.pitch << 2;
  tabulate(side.table, side.staging, q.field, q.t0, q.t1, 4 * quads);
  let to = side.values;
  for (let c = 0; c < count; c++) {
    stage(q.staged, side.staging, q.field, x, image, q.t0, q.t1);
    for (let i = 0; i < quads; i++) {
      const tile = side.table + <usize>(i * 4) * TILE_BYTES;
      gatherTiles<M>(q.staged, pitch, tile, q.between, to + (<usize>i << 4), side.valueStep);
    }
    x += step;
    to += side.planeStep;
  }
}

/** Tiles that only fill up the last vector have no gradient. */
function clearTail(q: Work, side: Side, count: i32): void {
  const tiles = q.t1 - q.t0, values = (q.field.m + 2) * (q.field.m + 2);
  for (let t = tiles; t < ceilDiv(tiles, 4) * 4; t++) {
    for (let v = 0; v < values; v++) {
      for (let c = 0; c < count; c++) {
        store<f32>(side.values + <usize>v * side.valueStep + <usize>c * side.planeStep + (<usize>t << 2), 0);
      }
    }
  }
}

/** Adds the products over the chunk to the totals, or begins them. */
function multiplyValues(q: Work, rows: i32, planes: i32): void {
  const values = (q.field.m + 2) * (q.field.m + 2), vectors = ceilDiv(q.t1 - q.t0, 4), first = q.t0 == 0;
  let a = q.gradient.values, b = q.source.values, c = q.totals;
  for (let v = 0; v < values; v++) {
    let to = c;
    for (let p = 0; p < planes; p += DOT_OTHERS) {
      // Beyond the last plane the last one is repeated, and its sums are not used.
      for (let i = 0; i < DOT_OTHERS; i++) {
        store<usize>(q.others + 4 * i, b + <usize>min(p + i, planes - 1) * q.source.planeStep);
      }
      dotContiguous<f32>(rows, first ? to : q.sums, vectors, a, q.gradient.planeStep, q.others);
      if (!first) addRow<f32>(to, q.sums, rows * DOT_PITCH);
      to += q.totalPlanes;
    }
    a += q.gradient.valueStep;
    b += q.source.valueStep;
    c += q.totalValue;
  }
}

/** The totals back to 3×3 weights, up to four planes at a time, at gw for the first row and plane. */
function transformTotals<M>(q: Work, gw: usize, rows: i32, planes: i32): void {
  for (let p = 0; p < planes; p += DOT_OTHERS) {
    let from = q.totals + <usize>(p / DOT_OTHERS) * q.totalPlanes, to = gw + <usize>(p * 36);
    for (let r = 0; r < rows; r++) {
      transformLanes<M>(q, from, to, min(4, planes - p));
      if (DOT_OTHERS > 4 && planes - p > 4) transformLanes<M>(q, from + 16, to + 4 * 36, min(2, planes - p - 4));
      from += DOT_PITCH * 4;
      to += <usize>(q.field.depth * 36);
    }
  }
}

function transformLanes<M>(q: Work, from: usize, gw: usize, count: i32): void {
  const n = changetype<M>(0).inputs, weights = q.between + BETWEEN_BYTES, line = <usize>n * q.totalValue;
  for (let i = 0; i < n; i++) transform<M>(from + <usize>i * line, q.totalValue, q.between + <usize>(i * 48), 16);
  transformColumns<M>(q.between, 3, weights, 16, 48);
  for (let l = 0; l < count; l++) {
    const lane = weights + ((<usize>l) << 2);
    for (let t: usize = 0; t < 9; t++) store<f32>(gw + (t << 2), load<f32>(lane + (t << 4)));
    gw += 36;
  }
}

/** Number of tasks: groups × parts of the rows × parts of the planes. */
export function winogradWeightGradTasks(geom: usize): i32 {
  const g = changetype<Geometry>(geom), rows = groupOut(g), depth = groupIn(g);
  return g.groups * ceilDiv(rows, gradRows(rows)) * ceilDiv(depth, gradPlanes(rows, depth));
}

/** The gradient of w, summed over the batch, from that of y. Of stride and dilation 1, f32. */
export function winogradWeightGrad(
  gw: usize, gy: usize, x: usize, geom: usize, m: i32, scratch: usize, begin: i32, end: i32,
): void {
  const q = workAt(scratch, changetype<Geometry>(geom), m), f = q.field;
  const height = gradRows(f.rows), width = gradPlanes(f.rows, f.depth);
  const across = ceilDiv(f.depth, width), parts = ceilDiv(f.rows, height) * across;
  for (let task = begin; task < end; task++) {
    const group = task / parts, part = task - group * parts;
    const r0 = (part / across) * height, p0 = (part % across) * width;
    addChunks(q, gw, gy, x, group, r0, min(height, f.rows - r0), p0, min(width, f.depth - p0));
  }
}

/** Rows [r0, r0 + rows) and planes [p0, p0 + planes) of a group. */
function addChunks(
  q: Work, gw: usize, gy: usize, x: usize, group: i32, r0: i32, rows: i32, p0: i32, planes: i32,
): void {
  const f = q.field, four = f.m == 4;
  const outPlane = <usize>(f.outH * f.outW) << 2, plane = <usize>(f.h * f.w) << 2;
  const out = gy + <usize>(group * f.rows + r0) * outPlane, outImage = <usize>(f.groups * f.rows) * outPlane;
  const from = x + <usize>(group * f.depth + p0) * plane, image = <usize>(f.groups * f.depth) * plane;
  for (let t = 0; t < f.tiles; t += q.chunk) {
    q.t0 = t;
    q.t1 = min(t + q.chunk, f.tiles);
    if (four) transformSide<OutputGrad4>(q, q.gradient, out, rows, outPlane, outImage);
    else transformSide<OutputGrad2>(q, q.gradient, out, rows, outPlane, outImage);
    clearTail(q, q.gradient, rows);
    if (four) transformSide<Source4>(q, q.source, from, planes, plane, image);
    else transformSide<Source2>(q, q.source, from, planes, plane, image);
    multiplyValues(q, rows, planes);
  }
  const to = gw + <usize>((group * f.rows + r0) * f.depth + p0) * 36;
  if (four) transformTotals<WeightGrad4>(q, to, rows, planes);
  else transformTotals<WeightGrad2>(q, to, rows, planes);
}
