/**
 * The operand of a product that all of its parts read, packed as a whole before it: threads that share the product then read the same panels, where each
 * would else pack them again for every part. Parts are rows of C, which all read B, or columns, which all read A.
 *
 *     gemmPack(t, to, a, b, m, n, k, rsa, csa, rsb, csb, begin, end)      begin, end: tasks of gemmPackTasks(t, m, n, k)
 *
 * `to` has room for `gemmPanels(t, m, n, k)` elements; the other arguments are those of `gemm`, which takes `to` as `panels`. Panels of MR rows or NR
 * columns follow each other, block of terms after block of terms.
 */
import { F32, F64 } from "../common/dtype";
import { depthBlock, MR, NR } from "./blocking";
import { FEW } from "./few";
import { pack } from "./pack";

/** Bytes behind each panel, which packing may spill into: the next one may be another thread's. */
const GAP: usize = 16;
/** Lines in a task. */
const TASK_LINES: i32 = 64;

/** Whether parts of C are rows: the longer side is cut, since the other one costs less to pack. */
// @ts-ignore: decorator
@inline
export function splitsRows(m: i32, n: i32): bool {
  return m >= n;
}

/** Lines, rows of A or columns of B, of a panel. */
function widthOf(size: usize, m: i32, n: i32): i32 {
  if (!splitsRows(m, n)) return MR;
  return size == 8 ? NR<f64>() : NR<f32>();
}

function ceilDiv(a: i32, b: i32): i32 {
  return (a + b - 1) / b;
}

/** Bytes between panels of `width` lines in a block of `depth` terms. */
export function panelBytes(size: usize, width: i32, depth: i32): usize {
  return <usize>(width * depth) * size + GAP;
}

/** Where the panel of line `i` lies, of `lines`, in the block of `depth` terms that begins at term `k`, of `terms`. */
export function panelAt(
  panels: usize,
  size: usize,
  width: i32,
  lines: i32,
  terms: i32,
  i: i32,
  k: i32,
  depth: i32,
): usize {
  const block = depthBlock(terms);
  const before = <usize>(k / block) * panelBytes(size, width, block) * <usize>ceilDiv(lines, width);
  return panels + before + <usize>(i / width) * panelBytes(size, width, depth);
}

/** Elements of the packed operand; 0 where it is not packed: in products of integers, and of few rows or columns. */
export function gemmPanels(t: i32, m: i32, n: i32, k: i32): f64 {
  const lines = min(m, n);
  if ((t != F32 && t != F64) || lines <= FEW || k == 0) return 0;
  const size: usize = t == F64 ? 8 : 4,
    width = widthOf(size, m, n);
  const blocks = ceilDiv(k, depthBlock(k));
  return <f64>ceilDiv(lines, width) * (<f64>width * k + <f64>(GAP / size) * blocks);
}

/** Lines in a task, full panels. */
function taskLines(width: i32): i32 {
  return ceilDiv(TASK_LINES, width) * width;
}

export function gemmPackTasks(t: i32, m: i32, n: i32, k: i32): i32 {
  const lines = taskLines(widthOf(t == F64 ? 8 : 4, m, n));
  return ceilDiv(k, depthBlock(k)) * ceilDiv(min(m, n), lines);
}

/** Packs for tasks [begin, end); see the top of the file. */
export function gemmPack(
  t: i32,
  to: usize,
  a: usize,
  b: usize,
  m: i32,
  n: i32,
  k: i32,
  rsa: i32,
  csa: i32,
  rsb: i32,
  csb: i32,
  begin: i32,
  end: i32,
): void {
  const shift: u32 = t == F64 ? 3 : 2,
    size = (<usize>1) << shift,
    ofB = splitsRows(m, n);
  const from = ofB ? b : a,
    across = (<usize>(ofB ? csb : rsa)) << shift,
    along = (<usize>(ofB ? rsb : csa)) << shift;
  const all = min(m, n),
    width = widthOf(size, m, n),
    lines = taskLines(width),
    parts = ceilDiv(all, lines),
    block = depthBlock(k);
  for (; begin < end; begin++) {
    const i = (begin % parts) * lines,
      term = (begin / parts) * block,
      depth = min(block, k - term);
    const source = from + <usize>i * across + <usize>term * along;
    const target = panelAt(to, size, width, all, k, i, term, depth);
    pack(size, target, source, across, along, min(lines, all - i), depth, width, GAP);
  }
}
