/**
 * Micro-kernels of the weight gradient: inner products of 1 to 3 rows of the gradient of y with the source as 4 taps see
 * it, over the vectors of a chunk. A row is contiguous; the source is read through a table with the offset of every
 * vector (i32, bytes). The four sums of row r go to out + 4 r elements.
 */
import { fma, N1, N2, N3 } from "../gemm/micro";

/** Rows of a tile: twelve accumulators need a fused multiply-add, separate products leave room for eight. */
// @ts-ignore: decorator
@inline
export const DOT_ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 3 : 2;

/** Taps of a tile. */
// @ts-ignore: decorator
@inline
export const DOT_TAPS: i32 = 4;

/** The lanes of four accumulators, summed. */
// @ts-ignore: decorator
@inline
function putSums<T>(out: usize, a: v128, b: v128, c: v128, d: v128): void {
  if (sizeof<T>() == 4) {
    const ab = v128.add<T>(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
    const cd = v128.add<T>(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
    v128.store(out, v128.add<T>(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3)));
  } else {
    v128.store(out, v128.add<T>(v128.shuffle<i64>(a, b, 0, 2), v128.shuffle<i64>(a, b, 1, 3)));
    v128.store(out, v128.add<T>(v128.shuffle<i64>(c, d, 0, 2), v128.shuffle<i64>(c, d, 1, 3)), 16);
  }
}

function dots<T, ROWS>(
  out: usize, vectors: i32, table: usize, g0: usize, row: usize, x0: usize, x1: usize, x2: usize, x3: usize,
): void {
  const rows = changetype<ROWS>(0).value;
  const zero = i64x2.splat(0);
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero;
  let b0 = zero, b1 = zero, b2 = zero, b3 = zero;
  let c0 = zero, c1 = zero, c2 = zero, c3 = zero;
  let g1 = g0 + row, g2 = g1 + row;
  for (; vectors > 0; vectors--) {
    const offset = <usize>load<i32>(table);
    const g = v128.load(g0), h = rows > 1 ? v128.load(g1) : zero, k = rows > 2 ? v128.load(g2) : zero;
    let x = v128.load(x0 + offset);
    a0 = fma<T>(g, x, a0); if (rows > 1) b0 = fma<T>(h, x, b0); if (rows > 2) c0 = fma<T>(k, x, c0);
    x = v128.load(x1 + offset);
    a1 = fma<T>(g, x, a1); if (rows > 1) b1 = fma<T>(h, x, b1); if (rows > 2) c1 = fma<T>(k, x, c1);
    x = v128.load(x2 + offset);
    a2 = fma<T>(g, x, a2); if (rows > 1) b2 = fma<T>(h, x, b2); if (rows > 2) c2 = fma<T>(k, x, c2);
    x = v128.load(x3 + offset);
    a3 = fma<T>(g, x, a3); if (rows > 1) b3 = fma<T>(h, x, b3); if (rows > 2) c3 = fma<T>(k, x, c3);
    table += 4;
    g0 += 16;
    if (rows > 1) g1 += 16;
    if (rows > 2) g2 += 16;
  }
  putSums<T>(out, a0, a1, a2, a3);
  if (rows > 1) putSums<T>(out + 4 * sizeof<T>(), b0, b1, b2, b3);
  if (rows > 2) putSums<T>(out + 8 * sizeof<T>(), c0, c1, c2, c3);
}

/** Sums of `rows` rows (1 to DOT_ROWS) from `g`, `row` bytes apart, with the taps at x0 to x3. */
export function dotTile<T>(
  rows: i32, out: usize, vectors: i32, table: usize, g: usize, row: usize, x0: usize, x1: usize, x2: usize, x3: usize,
): void {
  if (rows == 3) dots<T, N3>(out, vectors, table, g, row, x0, x1, x2, x3);
  else if (rows == 2) dots<T, N2>(out, vectors, table, g, row, x0, x1, x2, x3);
  else dots<T, N1>(out, vectors, table, g, row, x0, x1, x2, x3);
}
