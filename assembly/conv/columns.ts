/**
 * Convolution of f64 and its gradients as matrix products with the source laid out in columns (im2col): for each term
 * (input channel and tap) what it meets at every output. Tiles of outputs and blocks of terms keep the columns in the
 * thread's memory, behind what the product uses.
 */
import { F64 } from "../common/dtype";
import { gemm, gemmTasks } from "../gemm/gemm";
import { Geometry, groupIn, groupOut, taps } from "./geometry";
import { ceilDiv } from "./plan";

/** Where the columns begin in the thread's memory: the product needs less. */
const COLUMNS_AT: usize = 5 << 19;
/** Terms of a block at most, unless one channel has more; outputs of a tile at most; elements of the columns. */
const MAX_TERMS: i32 = 512;
const MAX_OUTPUTS: i32 = 256;
const ROOM: i32 = 190000;

/** What meets a term: gathered into the columns, with zeros for what lies outside. */
@final
@unmanaged
class Gather {
  @inline outside(column: usize, count: i32): void {
    for (; count > 0; count--) {
      store<f64>(column, 0);
      column += 8;
    }
  }
  @inline pair(column: usize, source: usize): void {
    v128.store(column, v128.load(source));
  }
  @inline one(column: usize, source: usize): void {
    store<f64>(column, load<f64>(source));
  }
}

/** The gradient of the input: the columns are added to it. */
@final
@unmanaged
class Scatter {
  @inline outside(column: usize, count: i32): void {}
  @inline pair(column: usize, source: usize): void {
    v128.store(source, f64x2.add(v128.load(source), v128.load(column)));
  }
  @inline one(column: usize, source: usize): void {
    store<f64>(source, load<f64>(source) + load<f64>(column));
  }
}

/** Channels of a block of terms. */
function channelsPerBlock(g: Geometry): i32 {
  return max(min(MAX_TERMS / taps(g), groupIn(g)), 1);
}

/** Outputs of a tile. */
function outputsPerTile(g: Geometry): i32 {
  return max(min(ROOM / (channelsPerBlock(g) * taps(g)), MAX_OUTPUTS), 1);
}

/** Outputs of a plane, all lines and depths. */
function positions(g: Geometry): i32 {
  return g.od * g.oh * g.ow;
}

/** Moves all terms of channels [c0, c1), the first of which is at x, at outputs [p0, p1): columns[term][output]. */
function moveColumns<MOVE>(columns: usize, x: usize, g: Geometry, c0: i32, c1: i32, p0: i32, p1: i32): void {
  for (let c = c0; c < c1; c++) {
    for (let u = 0; u < g.kd; u++) {
      for (let v = 0; v < g.kh; v++) {
        for (let w = 0; w < g.kw; w++) {
          moveTerm<MOVE>(columns, x, g, u * g.dd - g.pd, v * g.dh - g.ph, w * g.dw - g.pw, p0, p1);
          columns += (<usize>(p1 - p0)) << 3;
        }
      }
    }
    x += (<usize>(g.d * g.h * g.w)) << 3;
  }
}

/** One term, whose tap meets output [0, 0, 0] at [z, y, x] of the plane: line by line of the outputs. */
function moveTerm<MOVE>(column: usize, plane: usize, g: Geometry, z: i32, y: i32, x: i32, p0: i32, p1: i32): void {
  // The columns of outputs whose position lies inside.
  const first = x < 0 ? min(ceilDiv(-x, g.sw), g.ow) : 0,
    last = x < g.w ? min(ceilDiv(g.w - x, g.sw), g.ow) : 0;
  while (p0 < p1) {
    const line = p0 / g.ow,
      j = p0 - line * g.ow,
      count = min(p1 - p0, g.ow - j);
    const depth = z + (line / g.oh) * g.sd,
      row = y + (line % g.oh) * g.sh;
    const inside = <u32>depth < <u32>g.d && <u32>row < <u32>g.h;
    const from = inside ? min(max(first, j), j + count) : j,
      to = inside ? max(min(last, j + count), from) : j;
    const source = plane + ((<usize>((depth * g.h + row) * g.w + x + from * g.sw)) << 3);
    changetype<MOVE>(0).outside(column, from - j);
    moveRun<MOVE>(column + ((<usize>(from - j)) << 3), source, (<usize>g.sw) << 3, to - from);
    changetype<MOVE>(0).outside(column + ((<usize>(to - j)) << 3), j + count - to);
    column += (<usize>count) << 3;
    p0 += count;
  }
}

/** `count` outputs whose positions are `step` bytes apart. */
// @ts-ignore: decorator
@inline
function moveRun<MOVE>(column: usize, source: usize, step: usize, count: i32): void {
  for (; step == 8 && count >= 2; count -= 2) {
    changetype<MOVE>(0).pair(column, source);
    column += 16;
    source += 16;
  }
  for (; count > 0; count--) {
    changetype<MOVE>(0).one(column, source);
    column += 8;
    source += step;
  }
}

/** A product of f64, whole: c = a·b, or added to c. Strides in elements; the columns of c are contiguous. */
function product(
  c: usize,
  a: usize,
  b: usize,
  m: i32,
  n: i32,
  k: i32,
  rsa: i32,
  csa: i32,
  rsb: i32,
  csb: i32,
  ldc: i32,
  add: bool,
  bias: usize,
  scratch: usize,
): void {
  const tasks = gemmTasks(m, n, k, 1);
  gemm(
    F64,
    c,
    a,
    b,
    m,
    n,
    k,
    rsa,
    csa,
    rsb,
    csb,
    ldc,
    0,
    0,
    0,
    add ? 1 : 0,
    bias,
    bias ? 2 : 0,
    0,
    0,
    scratch,
    0,
    tasks,
  );
}

/** Whether the columns of one channel fit; they do unless it has hundreds of thousands of taps. */
export function columnsFit(g: Geometry): bool {
  return taps(g) <= ROOM;
}

/** Number of tasks of a pass (0: forward, 1: input gradient, 2: weight gradient). */
export function columnsTasks(g: Geometry, pass: i32): i32 {
  const parts = pass == 0 ? ceilDiv(positions(g), outputsPerTile(g)) : ceilDiv(groupIn(g), channelsPerBlock(g));
  return (pass == 2 ? 1 : g.n) * g.groups * parts;
}

/** Tasks [begin, end) of y = W·columns + bias: images × groups × tiles of outputs. */
export function columnsForward(
  y: usize,
  x: usize,
  w: usize,
  bias: usize,
  g: Geometry,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const rows = groupOut(g),
    channels = groupIn(g),
    all = channels * taps(g),
    outputs = positions(g);
  const size = outputsPerTile(g),
    tiles = ceilDiv(outputs, size),
    step = channelsPerBlock(g),
    columns = scratch + COLUMNS_AT;
  for (let task = begin; task < end; task++) {
    const part = task / tiles,
      group = part % g.groups,
      p0 = (task - part * tiles) * size,
      p1 = min(p0 + size, outputs);
    const from = x + ((<usize>(part * channels * g.d * g.h * g.w)) << 3);
    const to = y + ((<usize>(part * rows * outputs + p0)) << 3);
    const plus = bias ? bias + ((<usize>(group * rows)) << 3) : 0;
    let c = 0;
    do {
      const next = min(c + step, channels),
        terms = (next - c) * taps(g);
      moveColumns<Gather>(columns, from + ((<usize>(c * g.d * g.h * g.w)) << 3), g, c, next, p0, p1);
      const weights = w + ((<usize>(group * rows * all + c * taps(g))) << 3);
      product(
        to,
        weights,
        columns,
        rows,
        p1 - p0,
        terms,
        all,
        1,
        p1 - p0,
        1,
        outputs,
        c > 0,
        c > 0 ? 0 : plus,
        scratch,
      );
      c = next;
    } while (c < channels);
  }
}

/** Tasks [begin, end) of gx, the columns Wᵀ·gy, added up where they came from: images × groups × blocks of channels. */
export function columnsInputGrad(
  gx: usize,
  gy: usize,
  w: usize,
  g: Geometry,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const rows = groupOut(g),
    channels = groupIn(g),
    all = channels * taps(g),
    outputs = positions(g);
  const plane = (<usize>(g.d * g.h * g.w)) << 3,
    size = outputsPerTile(g),
    step = channelsPerBlock(g);
  const blocks = ceilDiv(channels, step),
    columns = scratch + COLUMNS_AT;
  for (let task = begin; task < end; task++) {
    const part = task / blocks,
      group = part % g.groups,
      c = (task - part * blocks) * step,
      next = min(c + step, channels);
    const to = gx + <usize>(part * channels + c) * plane,
      terms = (next - c) * taps(g);
    const weights = w + ((<usize>(group * rows * all + c * taps(g))) << 3);
    memory.fill(to, 0, <usize>(next - c) * plane);
    for (let p0 = 0; p0 < outputs; p0 += size) {
      const p1 = min(p0 + size, outputs),
        from = gy + ((<usize>(part * rows * outputs + p0)) << 3);
      product(columns, weights, from, terms, p1 - p0, rows, 1, all, outputs, 1, p1 - p0, false, 0, scratch);
      moveColumns<Scatter>(columns, to, g, c, next, p0, p1);
    }
  }
}

/** Tasks [begin, end) of gw = gy·columnsᵀ, summed over the images: groups × blocks of channels. */
export function columnsWeightGrad(
  gw: usize,
  gy: usize,
  x: usize,
  g: Geometry,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const rows = groupOut(g),
    channels = groupIn(g),
    all = channels * taps(g),
    outputs = positions(g);
  const size = outputsPerTile(g),
    step = channelsPerBlock(g),
    blocks = ceilDiv(channels, step);
  const columns = scratch + COLUMNS_AT;
  for (let task = begin; task < end; task++) {
    const group = task / blocks,
      c = (task - group * blocks) * step,
      next = min(c + step, channels);
    const to = gw + ((<usize>(group * rows * all + c * taps(g))) << 3),
      terms = (next - c) * taps(g);
    for (let r = 0; r < rows; r++) memory.fill(to + ((<usize>(r * all)) << 3), 0, (<usize>terms) << 3);
    for (let n = 0; n < g.n; n++) {
      const part = n * g.groups + group,
        from = x + ((<usize>((part * channels + c) * g.d * g.h * g.w)) << 3);
      for (let p0 = 0; p0 < outputs; p0 += size) {
        const p1 = min(p0 + size, outputs),
          gradient = gy + ((<usize>(part * rows * outputs + p0)) << 3);
        moveColumns<Gather>(columns, from, g, c, next, p0, p1);
        product(to, gradient, columns, rows, terms, p1 - p0, outputs, 1, 1, p1 - p0, all, true, 0, scratch);
      }
    }
  }
}
