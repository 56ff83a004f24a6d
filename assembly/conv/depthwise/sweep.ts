/**
 * The forward pass, and the input gradient of one without a stride, where every output sees three neighbors in each of three neighboring lines, as in most
 * depthwise networks: the lanes of a vector are neighboring outputs. Down four columns, each line of the source is read once for all lines of outputs that
 * see it, while all nine weights stay in registers.
 */
import { fma4 } from "../../common/simd";
import { firstInside, Geometry } from "../geometry";
import { ceilDiv, columns, lines, MAX_STAGED } from "../plan";
import { copyRows, zeros } from "../stage";

/** Taps along an axis. */
const TAPS: i32 = 3;
/** Bytes that the staged source of a tile tries not to exceed: half of the first cache level. */
const NEAR: i32 = 1 << 14;

/** Whether a pass (0: forward, 1: input gradient) of a depthwise convolution is computed here. */
export function isSweep(g: Geometry, pass: i32): bool {
  const three = g.kh == TAPS && g.kw == TAPS && g.dh == 1 && g.dw == 1,
    strides = g.sh == g.sw && (g.sh == 1 || (g.sh == 2 && pass == 0));
  // Three lines of the source have to fit.
  return three && strides && columns(g, pass) >= 4 && seen(g, columns(g, pass)) <= MAX_STAGED / 4 / TAPS;
}

/** Lines or columns of the source that so many lines or columns of outputs see. */
function seen(g: Geometry, outputs: i32): i32 {
  return (outputs - 1) * g.sh + TAPS;
}

/** Lines of outputs of a tile. */
function linesOfTile(g: Geometry, pass: i32): i32 {
  const all = max(lines(g, pass), 1),
    most = max((NEAR / (4 * seen(g, columns(g, pass))) - TAPS) / g.sh + 1, 1);
  return ceilDiv(all, ceilDiv(all, most));
}

/** Tiles of a plane. */
export function sweepTiles(g: Geometry, pass: i32): i32 {
  return ceilDiv(lines(g, pass), linesOfTile(g, pass));
}

/** The first of `extent` elements from `at` on that is not before the source. */
// @ts-ignore: decorator
@inline
function firstOf(at: i32, extent: i32): i32 {
  return min(firstInside(at, 1), extent);
}

/** The first of them that is behind the source, which has `size` elements. */
// @ts-ignore: decorator
@inline
function endOf(at: i32, extent: i32, size: i32): i32 {
  return max(min(size - at, extent), 0);
}

/**
 * The `rows` × `pitch` elements from (`line`, `column`) on of the plane of `h` × `w` at x, zero outside of it. `again`: columns that are outside are zero, as
 * the tile before has left them.
 */
function stage(dst: usize, x: usize, h: i32, w: i32, line: i32, column: i32, rows: i32, pitch: i32, again: bool): void {
  const top = firstOf(line, rows),
    left = firstOf(column, pitch),
    height = endOf(line, rows, h) - top,
    width = endOf(column, pitch, w) - left;
  const row = (<usize>pitch) << 2,
    isEmpty = height <= 0 || width <= 0;
  if (isEmpty || (!again && width < pitch)) zeros(dst, row * rows);
  else {
    zeros(dst, row * top);
    zeros(dst + row * (top + height), row * (rows - top - height));
  }
  if (isEmpty) return;
  const to = dst + ((<usize>(top * pitch + left)) << 2),
    from = x + ((<usize>((line + top) * w + column + left)) << 2);
  copyRows(height, to, row, from, (<usize>w) << 2, 4, width);
}

/**
 * `rows` lines of outputs at y, `line` bytes long, from a source with `pitch` bytes a line. The nine weights begin at `w` and are `step` bytes apart: of the
 * gradient, the last comes first.
 */
function sweep(
  y: usize,
  rows: i32,
  line: usize,
  source: usize,
  pitch: usize,
  w: usize,
  step: usize,
  start: v128,
): void {
  const w0 = v128.load32_splat(w),
    w1 = v128.load32_splat(w + step),
    w2 = v128.load32_splat(w + 2 * step),
    w3 = v128.load32_splat(w + 3 * step),
    w4 = v128.load32_splat(w + 4 * step),
    w5 = v128.load32_splat(w + 5 * step),
    w6 = v128.load32_splat(w + 6 * step),
    w7 = v128.load32_splat(w + 7 * step),
    w8 = v128.load32_splat(w + 8 * step);
  const size = <usize>rows * line,
    last = line - 16;
  for (let column: usize = 0; ; ) {
    let s = source + column,
      a = v128.load(s),
      b = v128.load(s, 4),
      c = v128.load(s, 8);
    // The sums of the line that is finished next, and of the one below it.
    let first = fma4(w2, c, fma4(w1, b, fma4(w0, a, start)));
    s += pitch;
    a = v128.load(s);
    b = v128.load(s, 4);
    c = v128.load(s, 8);
    first = fma4(w5, c, fma4(w4, b, fma4(w3, a, first)));
    let second = fma4(w2, c, fma4(w1, b, fma4(w0, a, start)));
    let to = y + column;
    // The products of a line are summed by themselves: from line to line, a sum waits for one addition only.
    for (const end = to + size; to != end; to += line) {
      s += pitch;
      a = v128.load(s);
      b = v128.load(s, 4);
      c = v128.load(s, 8);
      v128.store(to, f32x4.add(first, fma4(w8, c, fma4(w7, b, f32x4.mul(w6, a)))));
      first = f32x4.add(second, fma4(w5, c, fma4(w4, b, f32x4.mul(w3, a))));
      second = fma4(w2, c, fma4(w1, b, fma4(w0, a, start)));
    }
    if (column == last) break;
    // The last four columns may overlap those before.
    column = min(column + 16, last);
  }
}

/** The elements at even places of the eight at `s`. */
// @ts-ignore: decorator
@inline
function evens(s: usize): v128 {
  return v128.shuffle<i32>(v128.load(s), v128.load(s, 16), 0, 2, 4, 6);
}

/** The same as `sweep` with a stride of two: of neighboring outputs, every second element of a line. The weights are 4 bytes apart. */
function sweepTwo(y: usize, rows: i32, line: usize, source: usize, pitch: usize, w: usize, start: v128): void {
  const w0 = v128.load32_splat(w),
    w1 = v128.load32_splat(w, 4),
    w2 = v128.load32_splat(w, 8),
    w3 = v128.load32_splat(w, 12),
    w4 = v128.load32_splat(w, 16),
    w5 = v128.load32_splat(w, 20),
    w6 = v128.load32_splat(w, 24),
    w7 = v128.load32_splat(w, 28),
    w8 = v128.load32_splat(w, 32);
  const size = <usize>rows * line,
    last = line - 16;
  for (let column: usize = 0; ; ) {
    let s = source + 2 * column;
    // The line between two lines of outputs is the last of one and the first of the next.
    let sum = fma4(w2, evens(s + 8), fma4(w1, evens(s + 4), fma4(w0, evens(s), start)));
    let to = y + column;
    for (const end = to + size; to != end; to += line) {
      s += pitch;
      sum = fma4(w5, evens(s + 8), fma4(w4, evens(s + 4), fma4(w3, evens(s), sum)));
      s += pitch;
      const a = evens(s),
        b = evens(s + 4),
        c = evens(s + 8);
      v128.store(to, f32x4.add(sum, fma4(w8, c, fma4(w7, b, f32x4.mul(w6, a)))));
      sum = fma4(w2, c, fma4(w1, b, fma4(w0, a, start)));
    }
    if (column == last) break;
    column = min(column + 16, last);
  }
}

/** Tasks [begin, end) of images × channels × tiles: y from x, plus the bias (0: none), or gx from gy. */
export function depthwiseSweep(
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
  const pass = <i32>gradient,
    tiles = sweepTiles(g, pass),
    tile = linesOfTile(g, pass),
    width = columns(g, pass),
    height = lines(g, pass);
  const h = gradient ? g.oh : g.h,
    w = gradient ? g.ow : g.w,
    top = gradient ? g.ph - TAPS + 1 : -g.ph,
    left = gradient ? g.pw - TAPS + 1 : -g.pw;
  const line = (<usize>width) << 2,
    pitch = seen(g, width),
    step = gradient ? <usize>0 - 4 : <usize>4;
  for (let task = begin; task < end; task++) {
    const plane = task / tiles,
      at = (task - plane * tiles) * tile,
      channel = <usize>(plane % g.c);
    stage(
      scratch,
      x + ((<usize>plane * (h * w)) << 2),
      h,
      w,
      at * g.sh + top,
      left,
      seen(g, tile),
      pitch,
      task > begin,
    );
    const weights = weight + channel * 36 + (gradient ? 32 : 0),
      start = f32x4.splat(bias ? load<f32>(bias + (channel << 2)) : 0);
    const to = y + (<usize>plane * height + at) * line;
    const rows = min(tile, height - at);
    if (g.sh == 2) sweepTwo(to, rows, line, scratch, (<usize>pitch) << 2, weights, start);
    else sweep(to, rows, line, scratch, (<usize>pitch) << 2, weights, step, start);
  }
}
