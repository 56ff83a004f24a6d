/**
 * Deformable convolution: what the taps of kernels see that are moved by offsets, as columns. `geom` is the i32 array [channels, height, width,
 * kernel (2), output (2), stride (2), padding (2), dilation (2), groups of offsets].
 */
import { F32, F64 } from "../common/dtype";
import { at } from "../common/rows";

// @ts-ignore: decorator
@inline
function word(p: usize, i: i32): i32 {
  return load<i32>(at<i32>(p, i));
}

/** Positions that are worked on at once: their table fits into the scratch memory, and into a cache. */
const BLOCK: i32 = 512;

/** Channels whose gradient a task computes. */
const CHANNELS: i32 = 16;

// The table of a block, by rows of BLOCK elements: 4 weights and 2 fractions of T, then 4 indices (i32) of the corners around a sample. A corner outside
// has the index of one inside, and the weight 0.
// @ts-ignore: decorator
@inline
function weightAt<T>(table: usize, corner: i32, i: i32): usize {
  return at<T>(table, corner * BLOCK + i);
}
// @ts-ignore: decorator
@inline
function indexAt<T>(table: usize, corner: i32, i: i32): usize {
  return at<i32>(at<T>(table, 6 * BLOCK), corner * BLOCK + i);
}

/** Writes corner `k` of sample `i`. */
// @ts-ignore: decorator
@inline
function putCorner<T>(table: usize, k: i32, i: i32, isInside: bool, index: i32, weight: T): void {
  store<T>(weightAt<T>(table, k, i), isInside ? weight : 0);
  store<i32>(indexAt<T>(table, k, i), isInside ? index : -1);
}

/** The table of positions [from, to) of a tap; `offset` are its two planes. */
function fillTable<T>(table: usize, offset: usize, geom: usize, tap: i32, from: i32, to: i32): void {
  const height = word(geom, 1),
    width = word(geom, 2),
    kw = word(geom, 4),
    outW = word(geom, 6),
    size = word(geom, 5) * outW;
  const top = (tap / kw) * word(geom, 11) - word(geom, 9),
    left = (tap % kw) * word(geom, 12) - word(geom, 10);
  for (let p = from; p < to; p++) {
    const i = p - from,
      oh = p / outW,
      ow = p - oh * outW;
    const y = <T>(top + oh * word(geom, 7)) + load<T>(at<T>(offset, p));
    const x = <T>(left + ow * word(geom, 8)) + load<T>(at<T>(offset, size + p));
    // NaN is nowhere.
    const isNear = y > -2 && y < <T>(height + 1) && x > -2 && x < <T>(width + 1);
    const y0 = isNear ? <i32>floor(y) : -2,
      x0 = isNear ? <i32>floor(x) : -2;
    const dy = isNear ? y - <T>y0 : 0,
      dx = isNear ? x - <T>x0 : 0;
    const isTop = y0 >= 0 && y0 < height,
      isBottom = y0 + 1 >= 0 && y0 + 1 < height;
    const isLeft = x0 >= 0 && x0 < width,
      isRight = x0 + 1 >= 0 && x0 + 1 < width,
      index = y0 * width + x0;
    putCorner<T>(table, 0, i, isTop && isLeft, index, (1 - dy) * (1 - dx));
    putCorner<T>(table, 1, i, isTop && isRight, index + 1, (1 - dy) * dx);
    putCorner<T>(table, 2, i, isBottom && isLeft, index + width, dy * (1 - dx));
    putCorner<T>(table, 3, i, isBottom && isRight, index + width + 1, dy * dx);
    store<T>(weightAt<T>(table, 4, i), dy);
    store<T>(weightAt<T>(table, 5, i), dx);
  }
}

/** Multiplies the weights of a table by a mask, and gives corners outside the index 0, whose element then counts nothing. */
function finish<T>(table: usize, mask: usize, n: i32): void {
  for (let k = 0; k < 4; k++) {
    for (let i = 0; i < n; i++) {
      if (mask != 0) store<T>(weightAt<T>(table, k, i), load<T>(weightAt<T>(table, k, i)) * load<T>(at<T>(mask, i)));
      store<i32>(indexAt<T>(table, k, i), max(0, load<i32>(indexAt<T>(table, k, i))));
    }
  }
}

/** The element at corner `k` of sample `i`, 0 outside. */
// @ts-ignore: decorator
@inline
function corner<T>(plane: usize, table: usize, k: i32, i: i32): T {
  const index = load<i32>(indexAt<T>(table, k, i));
  return index < 0 ? <T>0 : load<T>(at<T>(plane, index));
}

/** What a finished table samples of a plane. Elements with the weight 0 count nothing, even if they are not finite. */
function sample<T>(y: usize, plane: usize, table: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    let sum: T = 0;
    for (let k = 0; k < 4; k++) {
      const w = load<T>(weightAt<T>(table, k, i));
      if (w != 0) sum += w * load<T>(at<T>(plane, load<i32>(indexAt<T>(table, k, i))));
    }
    store<T>(at<T>(y, i), sum);
  }
}

function columnsOf<T>(
  y: usize,
  x: usize,
  offset: usize,
  mask: usize,
  geom: usize,
  table: usize,
  begin: i32,
  end: i32,
): void {
  const channels = word(geom, 0),
    plane = word(geom, 1) * word(geom, 2),
    taps = word(geom, 3) * word(geom, 4);
  const size = word(geom, 5) * word(geom, 6),
    groups = word(geom, 13),
    depth = channels / groups;
  for (let task = begin; task < end; task++) {
    const tap = task % taps,
      group = task / taps,
      image = group / groups,
      first = (group - image * groups) * depth;
    for (let from = 0; from < size; from += BLOCK) {
      const n = min(BLOCK, size - from);
      fillTable<T>(table, at<T>(offset, 2 * task * size), geom, tap, from, from + n);
      finish<T>(table, mask == 0 ? 0 : at<T>(mask, task * size + from), n);
      for (let c = first; c < first + depth; c++) {
        const channel = image * channels + c;
        sample<T>(at<T>(y, (channel * taps + tap) * size + from), at<T>(x, channel * plane), table, n);
      }
    }
  }
}

/**
 * Columns y [images, channels, taps, positions] of x: its values at the taps moved by `offset` [images, groups, taps, 2, positions], times `mask`
 * [images, groups, taps, positions] unless that is null. Range: images · groups · taps.
 * @see torchvision.ops.deform_conv2d
 */
export function deformColumns(
  t: i32,
  y: usize,
  x: usize,
  offset: usize,
  mask: usize,
  geom: usize,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return columnsOf<f32>(y, x, offset, mask, geom, scratch, begin, end);
  if (t == F64) return columnsOf<f64>(y, x, offset, mask, geom, scratch, begin, end);
  unreachable();
}

/** Adds to a plane what a finished table sampled of it. */
function spread<T>(plane: usize, g: usize, table: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    const grad = load<T>(at<T>(g, i));
    for (let k = 0; k < 4; k++) {
      const w = load<T>(weightAt<T>(table, k, i)),
        to = at<T>(plane, load<i32>(indexAt<T>(table, k, i)));
      if (w != 0) store<T>(to, load<T>(to) + w * grad);
    }
  }
}

/** How many tasks the gradient of x has in each group of an image. */
// @ts-ignore: decorator
@inline
function blocksOf(depth: i32): i32 {
  return (depth + CHANNELS - 1) / CHANNELS;
}

function inputGradient<T>(
  gx: usize,
  g: usize,
  offset: usize,
  mask: usize,
  geom: usize,
  table: usize,
  begin: i32,
  end: i32,
): void {
  const channels = word(geom, 0),
    plane = word(geom, 1) * word(geom, 2),
    taps = word(geom, 3) * word(geom, 4);
  const size = word(geom, 5) * word(geom, 6),
    groups = word(geom, 13),
    depth = channels / groups,
    blocks = blocksOf(depth);
  for (let task = begin; task < end; task++) {
    const group = task / blocks,
      part = task - group * blocks,
      image = group / groups;
    const first = image * channels + (group - image * groups) * depth + part * CHANNELS,
      count = min(CHANNELS, depth - part * CHANNELS);
    memory.fill(at<T>(gx, first * plane), 0, <usize>count * plane * sizeof<T>());
    for (let tap = 0; tap < taps; tap++) {
      for (let from = 0; from < size; from += BLOCK) {
        const n = min(BLOCK, size - from),
          row = (group * taps + tap) * size;
        fillTable<T>(table, at<T>(offset, 2 * row), geom, tap, from, from + n);
        finish<T>(table, mask == 0 ? 0 : at<T>(mask, row + from), n);
        for (let c = first; c < first + count; c++)
          spread<T>(at<T>(gx, c * plane), at<T>(g, (c * taps + tap) * size + from), table, n);
      }
    }
  }
}

/** Tasks of `deformInputGradient` for so many groups of so many channels. */
export function deformTasks(groups: i32, depth: i32): i32 {
  return groups * blocksOf(depth);
}

/** Gradient of `deformColumns` for x. Writes all of gx. */
export function deformInputGradient(
  t: i32,
  gx: usize,
  g: usize,
  offset: usize,
  mask: usize,
  geom: usize,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return inputGradient<f32>(gx, g, offset, mask, geom, scratch, begin, end);
  if (t == F64) return inputGradient<f64>(gx, g, offset, mask, geom, scratch, begin, end);
  unreachable();
}

/** Adds to the sums over channels, at `sums` by rows of BLOCK: the gradient by y, by x, and the value. */
function addSlopes<T>(sums: usize, plane: usize, g: usize, table: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    const grad = load<T>(at<T>(g, i)),
      dy = load<T>(weightAt<T>(table, 4, i)),
      dx = load<T>(weightAt<T>(table, 5, i));
    const a = corner<T>(plane, table, 0, i),
      b = corner<T>(plane, table, 1, i);
    const c = corner<T>(plane, table, 2, i),
      d = corner<T>(plane, table, 3, i);
    const above = a + dx * (b - a),
      below = c + dx * (d - c);
    const down = at<T>(sums, i),
      right = at<T>(sums, BLOCK + i),
      value = at<T>(sums, 2 * BLOCK + i);
    store<T>(down, load<T>(down) + grad * (dx * (d - b) + (1 - dx) * (c - a)));
    store<T>(right, load<T>(right) + grad * (dy * (d - c) + (1 - dy) * (b - a)));
    store<T>(value, load<T>(value) + grad * ((1 - dy) * above + dy * below));
  }
}

/** Writes the sums of n positions to the gradients of offset and mask; the values alone need no factor. */
function putSlopes<T>(goffset: usize, gmask: usize, mask: usize, sums: usize, size: i32, n: i32): void {
  for (let i = 0; i < n; i++) {
    const factor: T = mask == 0 ? 1 : load<T>(at<T>(mask, i));
    store<T>(at<T>(goffset, i), factor * load<T>(at<T>(sums, i)));
    store<T>(at<T>(goffset, size + i), factor * load<T>(at<T>(sums, BLOCK + i)));
    if (gmask != 0) store<T>(at<T>(gmask, i), load<T>(at<T>(sums, 2 * BLOCK + i)));
  }
}

function offsetGradient<T>(
  goffset: usize,
  gmask: usize,
  g: usize,
  x: usize,
  offset: usize,
  mask: usize,
  geom: usize,
  table: usize,
  begin: i32,
  end: i32,
): void {
  const channels = word(geom, 0),
    plane = word(geom, 1) * word(geom, 2),
    taps = word(geom, 3) * word(geom, 4);
  const size = word(geom, 5) * word(geom, 6),
    groups = word(geom, 13),
    depth = channels / groups,
    sums = table + BLOCK * 64;
  for (let task = begin; task < end; task++) {
    const tap = task % taps,
      group = task / taps,
      image = group / groups,
      first = image * channels + (group - image * groups) * depth;
    for (let from = 0; from < size; from += BLOCK) {
      const n = min(BLOCK, size - from),
        here = task * size + from;
      fillTable<T>(table, at<T>(offset, 2 * task * size), geom, tap, from, from + n);
      memory.fill(sums, 0, 3 * BLOCK * sizeof<T>());
      for (let c = first; c < first + depth; c++)
        addSlopes<T>(sums, at<T>(x, c * plane), at<T>(g, (c * taps + tap) * size + from), table, n);
      putSlopes<T>(
        at<T>(goffset, 2 * task * size + from),
        gmask == 0 ? 0 : at<T>(gmask, here),
        mask == 0 ? 0 : at<T>(mask, here),
        sums,
        size,
        n,
      );
    }
  }
}

/** Gradients of `deformColumns` for the offsets and, unless null, the mask. Range: that of `deformColumns`. */
export function deformOffsetGradient(
  t: i32,
  goffset: usize,
  gmask: usize,
  g: usize,
  x: usize,
  offset: usize,
  mask: usize,
  geom: usize,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return offsetGradient<f32>(goffset, gmask, g, x, offset, mask, geom, scratch, begin, end);
  if (t == F64) return offsetGradient<f64>(goffset, gmask, g, x, offset, mask, geom, scratch, begin, end);
  unreachable();
}
