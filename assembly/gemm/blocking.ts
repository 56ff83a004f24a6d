/**
 * Block sizes of the matrix product, after BLIS. A panel of B (KC×NR) stays in the first cache level, a block of A
 * (MC×KC) in the second, a block of B (KC×NC) in the third.
 *
 * Every element of C is summed in the same order whatever the blocking of rows and columns: the k blocks one after the
 * other, and within one block term after term in one accumulator. Only `depthBlock` may therefore change the result.
 */
import { lanes } from "../common/simd";

/** Rows of a micro-tile. Six rows need a fused multiply-add; with separate products they would spill registers. */
// @ts-ignore: decorator
@inline
export const MR: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;

/** Rows of a packed block of A; a multiple of MR. */
// @ts-ignore: decorator
@inline
export const MC: i32 = 120;

/** Rows of the blocks that `rows` rows are divided into: about equally many, at most MC. */
export function blockRows(rows: i32): i32 {
  if (rows <= MC) return rows;
  const blocks = (rows + MC - 1) / MC;
  return (((rows + blocks - 1) / blocks + MR - 1) / MR) * MR;
}

/** Depth of a packed block. */
// @ts-ignore: decorator
@inline
export const KC: i32 = 256;

/** Columns of a packed block of B; a multiple of NR. */
// @ts-ignore: decorator
@inline
export const NC: i32 = 1024;

/** Columns of a micro-tile: two vectors. */
// @ts-ignore: decorator
@inline
export function NR<T>(): i32 {
  return 2 * lanes<T>();
}

/** Depth of one k block: at most KC, and even, so that no block is left with a few terms. At least 1. */
export function depthBlock(k: i32): i32 {
  if (k <= KC) return max(k, 1);
  const blocks = (k + KC - 1) / KC;
  return (k + blocks - 1) / blocks;
}
