/**
 * Products of bytes: rows of a matrix, or windows of images whose channels are neighbors, by packed weights. A row consists of `segments` runs of
 * terms at the same offsets from its beginning, so that a window is read where it stands.
 *
 *     quantizedProduct(y, x, w, sums, scales, bias, words, zero, scale, zeroOut, way, scratch, begin, end)
 *
 * | argument | meaning |
 * | --- | --- |
 * | `y` | rows of n · groups results, in f32 or bytes |
 * | `x` | bytes without a sign; up to three beyond the last one are read, and multiplied by zero |
 * | `w` | of `packQuantized` |
 * | `sums`, `scales`, `bias` | of each column, i32, f32 and f32, filled up to whole panels in each group |
 * | `words` | the numbers below |
 * | `zero`, `scale`, `zeroOut` | see `deliver.ts` |
 * | `way` | 0: all in 16 bits; 1 or 2: pairs of bytes at once where they are below 128, by two instructions or by one |
 * | `begin`, `end` | a range of tasks: row blocks · groups · column blocks |
 */
import { BYTES, Delivery, deliver, deliveryAt } from "./deliver";
import { dotsOfFour, dotsOfOne, wideDots } from "./dots";
import { PANEL } from "./panel";

/** Positions of the words. */
const ROWS: usize = 0;
const COLUMNS: usize = 4;
const GROUPS: usize = 8;
const SEGMENTS: usize = 12;
const QUADS: usize = 16;
/** Rows of x are places of images: neighbors in a line, lines of an image, images. */
const LINE: usize = 20;
const LINES: usize = 24;
const IMAGE_STEP: usize = 28;
const LINE_STEP: usize = 32;
const PLACE_STEP: usize = 36;
const GROUP_STEP: usize = 40;
/** Of one task; rows at most 256. */
const TASK_ROWS: usize = 44;
const TASK_PANELS: usize = 48;
const FLAGS: usize = 52;
const OFFSETS: usize = 56;

/** Parts of the scratch memory: the delivery, sums of a tile, whether strips are below 128, addresses of rows. */
const TILE: usize = 64;
const NARROW: usize = 256;
const ADDRESSES: usize = 1024;

const WIDE: i32 = 0;
const PAIRS: i32 = 1;

/** Writes the addresses of rows [from, to), the last one again until there are whole strips of four. */
function findRows(to: usize, x: usize, words: usize, from: i32, end: i32): void {
  const line = load<i32>(words, LINE),
    lines = load<i32>(words, LINES);
  const strips = (end - from + 3) / 4;
  for (let i = 0; i < 4 * strips; i++) {
    const place = min(from + i, end - 1);
    const above = place / line,
      image = above / lines;
    const offset =
      image * load<i32>(words, IMAGE_STEP) +
      (above - image * lines) * load<i32>(words, LINE_STEP) +
      (place - above * line) * load<i32>(words, PLACE_STEP);
    store<usize>(to + <usize>i * 4, x + <usize>offset);
  }
}

/** Whether all terms of four rows are below 128. */
function isNarrow(rows: usize, offsets: usize, segments: i32, quads: i32): bool {
  let all = i32x4.splat(0);
  for (let s = 0; s < segments; s++) {
    const offset = load<usize>(offsets + <usize>s * 4);
    for (let i = 0; i < 4; i++) {
      let a = load<usize>(rows + <usize>i * 4) + offset;
      let left = quads;
      for (; left >= 4; left -= 4) {
        all = v128.or(all, v128.load(a));
        a += 16;
      }
      for (; left > 0; left--) {
        all = v128.or(all, v128.load32_splat(a));
        a += 4;
      }
    }
  }
  return i8x16.bitmask(all) == 0;
}

function pairDots<T>(y: usize, rows: usize, count: i32, offsets: usize, segments: i32, quads: i32, w: usize): void {
  if (count == 1) dotsOfOne<T>(y, load<usize>(rows), offsets, segments, quads, w);
  else dotsOfFour<T>(y, rows, offsets, segments, quads, w);
}

/** Notes of each strip of rows whether all of its terms are below 128. */
function findNarrow(scratch: usize, words: usize, rows: i32): void {
  for (let i = 0; i < rows; i += 4) {
    const strip = scratch + ADDRESSES + <usize>i * 4;
    const narrow = isNarrow(strip, words + OFFSETS, load<i32>(words, SEGMENTS), load<i32>(words, QUADS));
    store<u8>(scratch + NARROW + (<usize>i >> 2), u8(narrow));
  }
}

/** The sums of a tile of four rows and a panel. */
function tile(words: usize, rows: usize, count: i32, way: i32, w: usize, y: usize): void {
  const segments = load<i32>(words, SEGMENTS),
    quads = load<i32>(words, QUADS),
    offsets = words + OFFSETS;
  if (ASC_FEATURE_RELAXED_SIMD) {
    if (way != WIDE) {
      if (way == PAIRS) pairDots<i16>(y, rows, count, offsets, segments, quads, w);
      else pairDots<i32>(y, rows, count, offsets, segments, quads, w);
      return;
    }
  }
  wideDots(y, rows, offsets, segments, quads, w);
  if (count > 2) wideDots(y + 64, rows + 8, offsets, segments, quads, w);
}

/** Rows [from, to) by panels [first, last) of a group. */
function block(
  y: usize,
  w: usize,
  words: usize,
  way: i32,
  scratch: usize,
  group: i32,
  from: i32,
  to: i32,
  first: i32,
  last: i32,
): void {
  const d = changetype<Delivery>(scratch);
  const n = load<i32>(words, COLUMNS),
    all = n * load<i32>(words, GROUPS);
  const panels = (n + PANEL - 1) / PANEL;
  const bytes = <usize>load<i32>(words, SEGMENTS) * load<i32>(words, QUADS) * 32;
  const size: usize = d.flags & BYTES ? 1 : 4;
  for (let p = first; p < last; p++) {
    const panel = group * panels + p;
    const columns = min(PANEL, n - p * PANEL);
    const at = y + <usize>(group * n + p * PANEL) * size;
    for (let i = from; i < to; i += 4) {
      const strip = <usize>(i - from),
        count = min(4, to - i);
      const chosen = load<u8>(scratch + NARROW + (strip >> 2)) != 0 ? way : WIDE;
      tile(words, scratch + ADDRESSES + strip * 4, count, chosen, w + <usize>panel * bytes, scratch + TILE);
      for (let r = 0; r < count; r++) {
        const sums = scratch + TILE + <usize>r * 32;
        deliver(d, at + <usize>(i + r) * all * size, sums, panel * PANEL, columns);
      }
    }
  }
}

/** Tasks [begin, end) of a product; the table at the top of the file says what the arguments are. */
export function quantizedProduct(
  y: usize,
  x: usize,
  w: usize,
  sums: usize,
  scales: usize,
  bias: usize,
  words: usize,
  zero: i32,
  scale: f64,
  zeroOut: i32,
  way: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  const d = deliveryAt(scratch, sums, scales, bias, zero, scale, zeroOut, load<i32>(words, FLAGS));
  const groups = load<i32>(words, GROUPS),
    rows = load<i32>(words, ROWS),
    taskRows = load<i32>(words, TASK_ROWS),
    taskPanels = load<i32>(words, TASK_PANELS);
  const panels = (load<i32>(words, COLUMNS) + PANEL - 1) / PANEL;
  const blocks = (panels + taskPanels - 1) / taskPanels;
  for (let t = begin; t < end; t++) {
    const column = t % blocks,
      above = t / blocks;
    const group = above % groups;
    const from = (above / groups) * taskRows;
    const to = min(rows, from + taskRows);
    findRows(scratch + ADDRESSES, x + <usize>group * load<i32>(words, GROUP_STEP), words, from, to);
    if (way != WIDE) findNarrow(scratch, words, to - from);
    block(y, w, words, way, scratch, group, from, to, column * taskPanels, min(panels, (column + 1) * taskPanels));
  }
}
