/** The forward pass and the input gradient: tiles of the planes of four channels, or what sweep.ts does. */

import { fma4 } from "../../common/simd";
import { N1, N4 } from "../../gemm/micro";
import { deliverRun } from "../deliver";
import { Geometry } from "../geometry";
import { stageRows, zeros } from "../stage";
import { Field, fieldAt, LANES, Phase, quads, Side, stageTile, tilesOf } from "./plan";
import { depthwiseSweep, isSweep } from "./sweep";

@final
@unmanaged
class N8 {
  @inline get value(): i32 {
    return 8;
  }
}

/** One, four or eight neighboring outputs: `step` bytes apart in y, their sources `stride` bytes apart at x. */
function outputs<COUNT>(p: Phase, weights: usize, x: usize, stride: usize, y: usize, step: usize): void {
  const count = changetype<COUNT>(0).value,
    zero = i64x2.splat(0);
  let a0 = zero,
    a1 = zero,
    a2 = zero,
    a3 = zero,
    a4 = zero,
    a5 = zero,
    a6 = zero,
    a7 = zero;
  const end = p.table + ((<usize>p.taps) << 3);
  for (let at = p.table; at != end; at += 8) {
    const w = v128.load(weights + <usize>load<i32>(at, 4));
    let s = x + <usize>load<i32>(at);
    a0 = fma4(w, v128.load(s), a0);
    if (count > 1) {
      s += stride;
      a1 = fma4(w, v128.load(s), a1);
      s += stride;
      a2 = fma4(w, v128.load(s), a2);
    }
    if (count > 1) {
      s += stride;
      a3 = fma4(w, v128.load(s), a3);
    }
    if (count > 4) {
      s += stride;
      a4 = fma4(w, v128.load(s), a4);
      s += stride;
      a5 = fma4(w, v128.load(s), a5);
    }
    if (count > 4) {
      s += stride;
      a6 = fma4(w, v128.load(s), a6);
      s += stride;
      a7 = fma4(w, v128.load(s), a7);
    }
  }
  v128.store(y, a0);
  if (count > 1) {
    y += step;
    v128.store(y, a1);
    y += step;
    v128.store(y, a2);
    y += step;
    v128.store(y, a3);
  }
  if (count > 4) {
    y += step;
    v128.store(y, a4);
    y += step;
    v128.store(y, a5);
  }
  if (count > 4) {
    y += step;
    v128.store(y, a6);
    y += step;
    v128.store(y, a7);
  }
}

/** `count` outputs of one line. The last ones overlap, so that all are computed in eights or fours, if there are as many. */
function line(p: Phase, weights: usize, x: usize, stride: usize, y: usize, step: usize, count: i32): void {
  for (let j = 0; j < count; ) {
    const left = count - j,
      size = count >= 8 && left > 4 ? 8 : count >= 4 ? 4 : 1;
    j = min(j, count - size);
    const from = x + <usize>j * stride,
      to = y + <usize>j * step;
    if (size == 8) outputs<N8>(p, weights, from, stride, to, step);
    else if (size == 4) outputs<N4>(p, weights, from, stride, to, step);
    else outputs<N1>(p, weights, from, stride, to, step);
    j += size;
  }
}

/** The outputs of the tile at hand, which are `columns` wide, phase by phase from its staged source. */
function multiply(q: Field, columns: i32): void {
  const h = q.h,
    w = q.w,
    row = (<usize>(h.stride * q.source.pitch)) << 4;
  let p = changetype<Phase>(q.phases);
  for (let left = h.spread * w.spread; left > 0; left--) {
    let x = q.staged,
      y = q.results + ((<usize>(p.line * columns + p.column)) << 4);
    const count = min(w.tile, p.columns - w.at);
    for (let i = min(h.tile, p.lines - h.at); i > 0; i--) {
      line(p, q.weights, x, (<usize>w.stride) << 4, y, (<usize>w.spread) << 4, count);
      x += row;
      y += (<usize>(h.spread * columns)) << 4;
    }
    p = changetype<Phase>(changetype<usize>(p) + offsetof<Phase>());
  }
}

/** Lines, or columns, of the results of the tile at hand. */
// @ts-ignore: decorator
@inline
function extent(s: Side): i32 {
  return min(s.tile * s.spread, s.outputs - s.at * s.spread);
}

/** The `count` weights of each channel from `channel` on, as vectors. */
function loadWeights(q: Field, dst: usize, weights: usize, channel: i32, count: i32): void {
  q.other.image = (<usize>count) << 2;
  stageRows(q.other, 1, dst, 0, weights + <usize>channel * q.other.image, 0, 1, 0, count, count);
}

/** Tasks [begin, end) of depthwiseTasks: y from x, plus the bias (0: none), or gx from gy. */
export function depthwise(
  y: usize,
  x: usize,
  weight: usize,
  bias: usize,
  g: Geometry,
  gradient: bool,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  if (isSweep(g, <i32>gradient)) {
    depthwiseSweep(y, x, weight, bias, g, gradient, scratch, begin, end);
    return;
  }
  const q = fieldAt(scratch, g, gradient),
    h = q.h,
    w = q.w,
    v = q.source,
    taps = g.kh * g.kw;
  const tiles = tilesOf(g, <i32>gradient),
    fours = quads(g),
    plane = (<usize>(h.outputs * w.outputs)) << 2;
  const plus = q.weights + ((<usize>taps) << 4);
  let ready = -1;
  for (let task = begin; task < end; task++) {
    const item = task / tiles,
      n = item / fours,
      channel = (item - n * fours) * LANES;
    const first = <usize>(n * g.c + channel);
    v.images = min(LANES, g.c - channel);
    if (channel != ready) {
      ready = channel;
      q.other.images = v.images;
      loadWeights(q, q.weights, weight, channel, taps);
      if (bias) loadWeights(q, plus, bias, channel, 1);
      else zeros(plus, 16);
    }
    stageTile(q, task - item * tiles, x + first * v.image);
    const rows = extent(h),
      columns = extent(w);
    multiply(q, columns);
    const whole = columns == w.outputs,
      length = whole ? rows * columns : columns;
    let from = q.results,
      to = y + first * plane + ((<usize>(h.at * h.spread * w.outputs + w.at * w.spread)) << 2);
    for (let i = whole ? 1 : rows; i > 0; i--) {
      deliverRun(from, plus, to, plane, v.images, 4, length);
      from += (<usize>length) << 4;
      to += (<usize>w.outputs) << 2;
    }
  }
}
