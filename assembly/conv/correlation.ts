/** The record of a correlation (correlate.ts): operands, geometry, and the areas of the thread's memory. */
import { KC } from "../gemm/blocking";
import { MAX_ROWS, MAX_STAGED } from "./plan";
import { Window } from "./stage";

/** Strides and steps between addresses in bytes; counts and positions in elements. */
@final
@unmanaged
export class Correlation {
  /** The source: plane [0, 0], steps to the next channel and the next plane in depth, sizes. */
  x: usize;
  xChannel: usize;
  xDepth: usize;
  depth: i32;
  h: i32;
  w: i32;
  /** Channels, and taps in depth, height and width. */
  channels: i32;
  td: i32;
  th: i32;
  tw: i32;
  /** Position of the first tap of output [0, 0], distance of taps, distance of neighboring outputs. */
  depth0: i32;
  row0: i32;
  column0: i32;
  stepD: i32;
  stepH: i32;
  stepW: i32;
  strideH: i32;
  strideW: i32;
  /** Weight [0, 0, 0, 0, 0] and the steps to the next row, channel and tap; they may be negative. */
  weight: usize;
  wRow: usize;
  wChannel: usize;
  wd: usize;
  wh: usize;
  ww: usize;
  /** Output [0, 0] of row 0, and the steps to the next row, line, column and, by images, image. */
  y: usize;
  yRow: usize;
  yh: usize;
  yw: usize;
  yImage: usize;
  /** 0, or the address of what is added to the outputs of row 0, 1, … */
  bias: usize;
  /** The first output of the tile at hand, and the steps to the next row, line and column: in y, or aside. */
  to: usize;
  toRow: usize;
  toLine: usize;
  toStep: usize;
  /** Lines and columns of the tile, of those at the end at most; the layout of the staged source follows from them. */
  tileH: i32;
  tileW: i32;
  /** Source planes of one block of terms. */
  planeBlock: i32;
  /** Names the packed weights: tiles with the same key, other than 0, have the same weights, taps and tile size. */
  key: i32;
  packedKey: i32;
  /** Terms of the block at hand, and of one line of taps, if the block has all lines (else 0). */
  terms: i32;
  lineTerms: i32;
  /** Lines of taps that reach the source from the line of outputs at hand. */
  u0: i32;
  u1: i32;
  /** Areas of the thread's memory. */
  staged: usize;
  packed: usize;
  table: usize;
  spare: usize;
  results: usize;
  window: Window;
}

/** Lays the record and its areas out at `scratch`; the rest is for the caller to fill in. */
export function correlationAt(scratch: usize): Correlation {
  const v = changetype<Correlation>(scratch);
  v.window = changetype<Window>(scratch + 512);
  v.spare = scratch + 1024;
  v.table = v.spare + 64 * MAX_ROWS;
  v.packed = v.table + 4 * KC;
  v.staged = v.packed + 4 * KC * MAX_ROWS + 64;
  v.results = v.staged + MAX_STAGED + 64;
  v.packedKey = 0;
  return v;
}
