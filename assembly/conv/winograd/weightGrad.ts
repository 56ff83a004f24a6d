/**
 * The gradient of the weights of a 3×3 convolution by Winograd's F(2×2, 3×3); the errors of larger tiles
 * would add up over the batch. A task is a part of the rows (channels of y)
 * and of the planes (channels of x); it goes through the tiles in chunks, in an order that the geometry alone fixes, and
 * adds up the products of the transformed gradients with the transformed source before it transforms the sum back.
 */
import { DOT_OTHERS, DOT_PITCH, dotContiguous } from "../../gemm/dot";
import { addRow } from "../../gemm/epilogue";
import { Geometry } from "../geometry";
import { ceilDiv } from "../plan";
import { describe, Field, TILE_BYTES } from "./field";
import { OutputGrad2, Source2, transform, transformColumns, WeightGrad2 } from "./matrices";
import { gradChunk, gradPlanes, gradRows } from "./plan";
import { openBlock, Side, sideAt, transformPlanes } from "./side";
import { BETWEEN_BYTES } from "./tiles";

/** Outputs of a tile along an axis, elements of its window, and values of the transformed tile. */
const M: i32 = 2;
const N: i32 = M + 2;
const VALUES: i32 = N * N;

/** The areas of the thread's memory, and the part at hand. */
@final
@unmanaged
class Work {
  field: Field;
  gradient: Side;
  source: Side;
  others: usize;
  sums: usize;
  /** Sums of the products, as the inner products leave them: totals[value][DOT_OTHERS planes][row][DOT_PITCH]. */
  totals: usize;
  totalValue: usize;
  totalPlanes: usize;
  /** Tiles of a chunk; the tiles of the one at hand. */
  chunk: i32;
  t0: i32;
  t1: i32;
}

function workAt(scratch: usize, g: Geometry): Work {
  const q = changetype<Work>(scratch),
    f = changetype<Field>(scratch + 128);
  q.field = f;
  describe(f, g, M, false);
  q.chunk = gradChunk(f.tiles);
  const rows = gradRows(f.rows),
    planes = gradPlanes(f.rows, f.depth);
  const between = scratch + 576,
    table = between + 2 * BETWEEN_BYTES,
    bytes = <usize>q.chunk * TILE_BYTES;
  q.others = scratch + 512;
  q.sums = table + 2 * bytes;
  q.gradient = layOut(
    sideAt(scratch + 256, f, M),
    between,
    table,
    q.sums + <usize>(rows * DOT_PITCH * 4),
    q.chunk,
    rows,
  );
  const end = endOf(q.gradient);
  q.source = layOut(sideAt(scratch + 384, f, N), between, table + bytes, end, q.chunk, planes);
  q.totals = endOf(q.source);
  q.totalPlanes = <usize>(rows * DOT_PITCH * 4);
  q.totalValue = <usize>ceilDiv(planes, DOT_OTHERS) * q.totalPlanes + 64;
  q.gradient.staged = q.source.staged = q.totals + <usize>VALUES * q.totalValue;
  return q;
}

/** Values of up to `planes` planes: values[value][plane][tile]. */
function layOut(s: Side, between: usize, table: usize, values: usize, chunk: i32, planes: i32): Side {
  s.between = between;
  s.table = table;
  s.values = values;
  s.panelStep = 32;
  s.planeStep = (<usize>chunk) << 2;
  s.valueStep = <usize>planes * s.planeStep + 64;
  return s;
}

function endOf(s: Side): usize {
  return s.values + <usize>VALUES * s.valueStep;
}

/** Tiles that only fill up the last vector have no gradient. */
function clearTail(q: Work, side: Side, count: i32): void {
  const tiles = q.t1 - q.t0;
  for (let t = tiles; t < ceilDiv(tiles, 4) * 4; t++) {
    for (let v = 0; v < VALUES; v++) {
      for (let c = 0; c < count; c++) {
        store<f32>(side.values + <usize>v * side.valueStep + <usize>c * side.planeStep + ((<usize>t) << 2), 0);
      }
    }
  }
}

/** Adds the products over the chunk to the totals, or begins them. */
function multiplyValues(q: Work, rows: i32, planes: i32): void {
  const vectors = ceilDiv(q.t1 - q.t0, 4),
    first = q.t0 == 0;
  let a = q.gradient.values,
    b = q.source.values,
    c = q.totals;
  for (let v = 0; v < VALUES; v++) {
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
function transformTotals(q: Work, gw: usize, rows: i32, planes: i32): void {
  for (let p = 0; p < planes; p += DOT_OTHERS) {
    let from = q.totals + <usize>(p / DOT_OTHERS) * q.totalPlanes,
      to = gw + <usize>(p * 36);
    for (let r = 0; r < rows; r++) {
      transformLanes(q, from, to, min(4, planes - p));
      if (DOT_OTHERS > 4 && planes - p > 4) transformLanes(q, from + 16, to + 4 * 36, min(2, planes - p - 4));
      from += DOT_PITCH * 4;
      to += <usize>(q.field.depth * 36);
    }
  }
}

function transformLanes(q: Work, from: usize, gw: usize, count: i32): void {
  const weights = q.source.between + BETWEEN_BYTES,
    line = <usize>N * q.totalValue;
  for (let i = 0; i < N; i++)
    transform<WeightGrad2>(from + <usize>i * line, q.totalValue, q.source.between + <usize>(i * 48), 16);
  transformColumns<WeightGrad2>(q.source.between, 3, weights, 16, 48);
  for (let l = 0; l < count; l++) {
    const lane = weights + ((<usize>l) << 2);
    for (let t: usize = 0; t < 9; t++) store<f32>(gw + (t << 2), load<f32>(lane + (t << 4)));
    gw += 36;
  }
}

/** The gradient of w, summed over the batch, from that of y: tasks [begin, end) of `gradTasks`. */
export function winogradWeightGrad(
  gw: usize,
  gy: usize,
  x: usize,
  geom: usize,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const q = workAt(scratch, changetype<Geometry>(geom)),
    f = q.field;
  const height = gradRows(f.rows),
    width = gradPlanes(f.rows, f.depth);
  const across = ceilDiv(f.depth, width),
    parts = ceilDiv(f.rows, height) * across;
  for (let task = begin; task < end; task++) {
    const group = task / parts,
      part = task - group * parts;
    const r0 = (part / across) * height,
      p0 = (part % across) * width;
    addChunks(q, gw, gy, x, group, r0, min(height, f.rows - r0), p0, min(width, f.depth - p0));
  }
}

/** Rows [r0, r0 + rows) and planes [p0, p0 + planes) of a group. */
function addChunks(
  q: Work,
  gw: usize,
  gy: usize,
  x: usize,
  group: i32,
  r0: i32,
  rows: i32,
  p0: i32,
  planes: i32,
): void {
  const f = q.field;
  const outPlane = (<usize>(f.outH * f.outW)) << 2,
    plane = (<usize>(f.h * f.w)) << 2;
  const out = gy + <usize>(group * f.rows + r0) * outPlane,
    outImage = <usize>(f.groups * f.rows) * outPlane;
  const from = x + <usize>(group * f.depth + p0) * plane,
    image = <usize>(f.groups * f.depth) * plane;
  for (let t = 0; t < f.tiles; t += q.chunk) {
    q.t0 = t;
    q.t1 = min(t + q.chunk, f.tiles);
    openBlock(q.gradient, f, t, q.t1);
    openBlock(q.source, f, t, q.t1);
    transformPlanes<OutputGrad2>(q.gradient, f, out, rows, outPlane, outImage, t, q.t1);
    clearTail(q, q.gradient, rows);
    transformPlanes<Source2>(q.source, f, from, planes, plane, image, t, q.t1);
    multiplyValues(q, rows, planes);
  }
  const to = gw + <usize>((group * f.rows + r0) * f.depth + p0) * 36;
  transformTotals(q, to, rows, planes);
}
