/** The gradient of the weights: for every tap, the products of the gradient of y with the source that it sees. */
import { fma4 } from "../../common/simd";
import { deliverRun } from "../deliver";
import { Geometry } from "../geometry";
import { stageRows, zeros } from "../stage";
import { Field, fieldAt, LANES, Phase, stageTile, tilesOf } from "./plan";

/** Taps whose products are summed together. */
const TAPS: i32 = 9;

/**
 * Adds the sums over `lines` by `columns` outputs to those of nine taps; `at` is where the table says what they add to the
 * address of the source, `row` and `stride` lead to the source of the next line and column.
 */
function products(
  sums: usize,
  at: usize,
  lines: i32,
  columns: i32,
  gy: usize,
  x: usize,
  row: usize,
  stride: usize,
): void {
  const zero = i64x2.splat(0);
  let a0 = zero,
    a1 = zero,
    a2 = zero,
    a3 = zero,
    a4 = zero,
    a5 = zero,
    a6 = zero,
    a7 = zero,
    a8 = zero;
  const x0 = <usize>load<i32>(at),
    x1 = <usize>load<i32>(at, 8),
    x2 = <usize>load<i32>(at, 16);
  const x3 = <usize>load<i32>(at, 24),
    x4 = <usize>load<i32>(at, 32),
    x5 = <usize>load<i32>(at, 40);
  const x6 = <usize>load<i32>(at, 48),
    x7 = <usize>load<i32>(at, 56),
    x8 = <usize>load<i32>(at, 64);
  for (; lines > 0; lines--) {
    let s = x;
    for (const end = gy + ((<usize>columns) << 4); gy != end; gy += 16) {
      const g = v128.load(gy);
      a0 = fma4(g, v128.load(s + x0), a0);
      a1 = fma4(g, v128.load(s + x1), a1);
      a2 = fma4(g, v128.load(s + x2), a2);
      a3 = fma4(g, v128.load(s + x3), a3);
      a4 = fma4(g, v128.load(s + x4), a4);
      a5 = fma4(g, v128.load(s + x5), a5);
      a6 = fma4(g, v128.load(s + x6), a6);
      a7 = fma4(g, v128.load(s + x7), a7);
      a8 = fma4(g, v128.load(s + x8), a8);
      s += stride;
    }
    x += row;
  }
  add(sums, a0);
  add(sums + 16, a1);
  add(sums + 32, a2);
  add(sums + 48, a3);
  add(sums + 64, a4);
  add(sums + 80, a5);
  add(sums + 96, a6);
  add(sums + 112, a7);
  add(sums + 128, a8);
}

// @ts-ignore: decorator
@inline
function add(sum: usize, a: v128): void {
  v128.store(sum, f32x4.add(v128.load(sum), a));
}

/** Stages a tile of the gradient of y and of its source, both at the first of their channels, and adds their products. */
function addTile(q: Field, tile: i32, gy: usize, x: usize): void {
  stageTile(q, tile, x);
  const h = q.h,
    w = q.w,
    lines = min(h.tile, h.outputs - h.at),
    columns = min(w.tile, w.outputs - w.at);
  const from = gy + ((<usize>(h.at * w.outputs + w.at)) << 2),
    taps = changetype<Phase>(q.phases).taps;
  stageRows(q.other, lines, q.results, (<usize>columns) << 4, from, (<usize>w.outputs) << 2, 1, 0, columns, columns);
  const row = (<usize>(h.stride * q.source.pitch)) << 4;
  for (let t = 0; t < taps; t += TAPS) {
    const sums = q.weights + ((<usize>t) << 4),
      at = q.table + ((<usize>t) << 3);
    products(sums, at, lines, columns, q.results, q.staged, row, (<usize>w.stride) << 4);
  }
}

/** Tasks [begin, end) of fours of channels: gw, summed over the batch tile by tile. */
export function depthwiseWeightGrad(
  gw: usize,
  gy: usize,
  x: usize,
  g: Geometry,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const q = fieldAt(scratch, g, false),
    taps = g.kh * g.kw,
    tiles = tilesOf(g, 0),
    size = (<usize>taps) << 2;
  q.other.image = (<usize>(g.oh * g.ow)) << 2;
  // Beyond the last tap, the products of the first source element are summed, and not used.
  zeros(q.table + ((<usize>taps) << 3), 8 * TAPS);
  for (let task = begin; task < end; task++) {
    const channel = task * LANES,
      lanes = min(LANES, g.c - channel);
    q.source.images = q.other.images = lanes;
    zeros(q.weights, (<usize>(taps + TAPS)) << 4);
    for (let n = 0; n < g.n; n++) {
      const first = <usize>(n * g.c + channel);
      for (let t = 0; t < tiles; t++) addTile(q, t, gy + first * q.other.image, x + first * q.source.image);
    }
    zeros(q.staged, 16);
    deliverRun(q.weights, q.staged, gw + <usize>channel * size, size, lanes, 4, taps);
  }
}
