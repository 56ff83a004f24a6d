/** Four tiles at a time, one in each lane: from an image to transformed values and back. */

import { TILE_BYTES, Tile } from "./field";
import { transform, transformColumns } from "./matrices";

/** Bytes of the memory that a transform uses between its two axes. */
export const BETWEEN_BYTES: usize = 6 * 6 * 16;

/** Columns of the line at a, b, c and d, transposed: as many as the transform has inputs, transformed and put at y. */
// @ts-ignore: decorator
@inline
function gatherLine<M>(a: usize, b: usize, c: usize, d: usize, y: usize): void {
  const matrix = changetype<M>(0),
    columns = matrix.inputs,
    pair = columns == 2;
  let x0 = i64x2.splat(0),
    x1 = x0,
    x2 = x0,
    x3 = x0,
    x4 = x0,
    x5 = x0;
  if (!pair) {
    const p = v128.load(a),
      q = v128.load(b),
      r = v128.load(c),
      s = v128.load(d);
    const pq = v128.shuffle<i32>(p, q, 0, 4, 1, 5),
      PQ = v128.shuffle<i32>(p, q, 2, 6, 3, 7);
    const rs = v128.shuffle<i32>(r, s, 0, 4, 1, 5),
      RS = v128.shuffle<i32>(r, s, 2, 6, 3, 7);
    x0 = v128.shuffle<i64>(pq, rs, 0, 2);
    x1 = v128.shuffle<i64>(pq, rs, 1, 3);
    x2 = v128.shuffle<i64>(PQ, RS, 0, 2);
    x3 = v128.shuffle<i64>(PQ, RS, 1, 3);
  }
  if (columns != 4) {
    const at: usize = pair ? 0 : 16;
    const pq = v128.shuffle<i32>(v128.load64_zero(a + at), v128.load64_zero(b + at), 0, 4, 1, 5);
    const rs = v128.shuffle<i32>(v128.load64_zero(c + at), v128.load64_zero(d + at), 0, 4, 1, 5);
    const even = v128.shuffle<i64>(pq, rs, 0, 2),
      odd = v128.shuffle<i64>(pq, rs, 1, 3);
    if (pair) {
      x0 = even;
      x1 = odd;
    } else {
      x4 = even;
      x5 = odd;
    }
  }
  matrix.put(x0, x1, x2, x3, x4, x5, y, 16);
}

/**
 * Transforms four windows of the table at `tile`, whose lines are `pitch` bytes apart, along both axes; the values go
 * to y, `step` bytes apart.
 */
export function gatherTiles<M>(staged: usize, pitch: usize, tile: usize, between: usize, y: usize, step: usize): void {
  const inputs = changetype<M>(0).inputs,
    outputs = changetype<M>(0).outputs;
  let a = staged + <usize>changetype<Tile>(tile).from,
    b = staged + <usize>changetype<Tile>(tile + TILE_BYTES).from;
  let c = staged + <usize>changetype<Tile>(tile + 2 * TILE_BYTES).from;
  let d = staged + <usize>changetype<Tile>(tile + 3 * TILE_BYTES).from;
  let to = between;
  for (let i = 0; i < inputs; i++) {
    gatherLine<M>(a, b, c, d, to);
    a += pitch;
    b += pitch;
    c += pitch;
    d += pitch;
    to += (<usize>outputs) << 4;
  }
  transformColumns<M>(between, outputs, y, step, <usize>outputs * step);
}

/** The inverse: (m + 2)² values at x, `step` bytes apart, to m² outputs of four tiles, one in each lane, line by line at `y`. */
// @ts-ignore: decorator
@inline
function outputs<M>(x: usize, step: usize, between: usize, y: usize): void {
  const n = changetype<M>(0).inputs,
    m = changetype<M>(0).outputs;
  const line = <usize>n * step;
  for (let i = 0; i < n; i++) transform<M>(x + <usize>i * line, step, between + ((<usize>(i * m)) << 4), 16);
  transformColumns<M>(between, m, y, 16, (<usize>m) << 4);
}

/** One line of outputs of four whole tiles. */
// @ts-ignore: decorator
@inline
function putLine<M>(values: usize, bias: v128, a: usize, b: usize, c: usize, d: usize): void {
  const p = f32x4.add(v128.load(values), bias),
    q = f32x4.add(v128.load(values, 16), bias);
  const pq = v128.shuffle<i32>(p, q, 0, 4, 1, 5),
    PQ = v128.shuffle<i32>(p, q, 2, 6, 3, 7);
  if (changetype<M>(0).outputs == 2) {
    v128.store64_lane(a, pq, 0);
    v128.store64_lane(b, pq, 1);
    v128.store64_lane(c, PQ, 0);
    v128.store64_lane(d, PQ, 1);
    return;
  }
  const r = f32x4.add(v128.load(values, 32), bias),
    s = f32x4.add(v128.load(values, 48), bias);
  const rs = v128.shuffle<i32>(r, s, 0, 4, 1, 5),
    RS = v128.shuffle<i32>(r, s, 2, 6, 3, 7);
  v128.store(a, v128.shuffle<i64>(pq, rs, 0, 2));
  v128.store(b, v128.shuffle<i64>(pq, rs, 1, 3));
  v128.store(c, v128.shuffle<i64>(PQ, RS, 0, 2));
  v128.store(d, v128.shuffle<i64>(PQ, RS, 1, 3));
}

/** The outputs of a tile that exist, from lane 0 of `values`. */
function putPart(values: usize, m: i32, bias: f32, tile: Tile, y: usize, pitch: usize): void {
  for (let i = 0; i < tile.lines; i++) {
    for (let j = 0; j < tile.columns; j++) {
      store<f32>(y + ((<usize>j) << 2), load<f32>(values + ((<usize>j) << 4)) + bias);
    }
    values += (<usize>m) << 4;
    y += pitch;
  }
}

/**
 * Writes the outputs of the four tiles of the table at `tile`, plus a bias, to the channel at `y` of image 0; images are
 * `image` bytes apart, lines `pitch`.
 */
export function scatterTiles<M>(
  x: usize,
  step: usize,
  tile: usize,
  between: usize,
  bias: f32,
  y: usize,
  image: usize,
  pitch: usize,
): void {
  const m = changetype<M>(0).outputs,
    plus = f32x4.splat(bias);
  let values = between + BETWEEN_BYTES;
  outputs<M>(x, step, between, values);
  const ta = changetype<Tile>(tile),
    tb = changetype<Tile>(tile + TILE_BYTES);
  const tc = changetype<Tile>(tile + 2 * TILE_BYTES),
    td = changetype<Tile>(tile + 3 * TILE_BYTES);
  let a = y + <usize>ta.image * image + ((<usize>ta.to) << 2),
    b = y + <usize>tb.image * image + ((<usize>tb.to) << 2);
  let c = y + <usize>tc.image * image + ((<usize>tc.to) << 2),
    d = y + <usize>td.image * image + ((<usize>td.to) << 2);
  if (ta.outputs + tb.outputs + tc.outputs + td.outputs == 4 * m * m) {
    for (let i = 0; i < m; i++) {
      putLine<M>(values, plus, a, b, c, d);
      values += (<usize>m) << 4;
      a += pitch;
      b += pitch;
      c += pitch;
      d += pitch;
    }
    return;
  }
  putPart(values, m, bias, ta, a, pitch);
  putPart(values + 4, m, bias, tb, b, pitch);
  putPart(values + 8, m, bias, tc, c, pitch);
  putPart(values + 12, m, bias, td, d, pitch);
}
