/**
 * Micro-kernels of inner products: rows, two at a time, with 6 others (4 without a fused multiply-add, for want of
 * registers). Nothing is packed, so they serve where an operand is used too few times to be worth packing. Rows are
 * contiguous; the others are read at their addresses in `others` plus an offset: the same as in the row, or, indexed, the
 * next of a table (i32, bytes). Row r leaves its sums at out + 8 r elements.
 */
import { fma, N1, N2 } from "./micro";

/** Where the others are read; see the top of the file. */
@final
@unmanaged
class Contiguous {
  @inline get indexed(): bool {
    return false;
  }
}
@final
@unmanaged
class Indexed {
  @inline get indexed(): bool {
    return true;
  }
}

/** The others of a tile. */
// @ts-ignore: decorator
@inline
export const DOT_OTHERS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;

/** Elements between the sums of one row and the next. */
// @ts-ignore: decorator
@inline
export const DOT_PITCH: i32 = 8;

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

/**
 * The one micro-kernel: `groups` rows, or pairs of rows, over `vectors` vectors. Rows are `row` bytes
 * apart.
 */
function dots<T, ROWS, ADDRESS>(
  groups: i32,
  out: usize,
  vectors: i32,
  table: usize,
  rows: usize,
  row: usize,
  others: usize,
): void {
  const pair = changetype<ROWS>(0).value == 2,
    indexed = changetype<ADDRESS>(0).indexed,
    six = DOT_OTHERS == 6;
  const zero = i64x2.splat(0);
  const x0 = load<usize>(others),
    x1 = load<usize>(others, 4),
    x2 = load<usize>(others, 8),
    x3 = load<usize>(others, 12);
  const x4 = six ? load<usize>(others, 16) : 0,
    x5 = six ? load<usize>(others, 20) : 0;
  for (; groups > 0; groups--) {
    let a0 = zero,
      a1 = zero,
      a2 = zero,
      a3 = zero,
      a4 = zero,
      a5 = zero;
    let b0 = zero,
      b1 = zero,
      b2 = zero,
      b3 = zero,
      b4 = zero,
      b5 = zero;
    let g = rows,
      at: usize = 0,
      next = table;
    const end = g + ((<usize>vectors) << 4);
    while (g != end) {
      if (indexed) at = <usize>load<i32>(next);
      const p = v128.load(g),
        q = pair ? v128.load(g + row) : zero;
      let x = v128.load(x0 + at);
      a0 = fma<T>(p, x, a0);
      if (pair) b0 = fma<T>(q, x, b0);
      x = v128.load(x1 + at);
      a1 = fma<T>(p, x, a1);
      if (pair) b1 = fma<T>(q, x, b1);
      x = v128.load(x2 + at);
      a2 = fma<T>(p, x, a2);
      if (pair) b2 = fma<T>(q, x, b2);
      x = v128.load(x3 + at);
      a3 = fma<T>(p, x, a3);
      if (pair) b3 = fma<T>(q, x, b3);
      if (six) {
        x = v128.load(x4 + at);
        a4 = fma<T>(p, x, a4);
        if (pair) b4 = fma<T>(q, x, b4);
      }
      if (six) {
        x = v128.load(x5 + at);
        a5 = fma<T>(p, x, a5);
        if (pair) b5 = fma<T>(q, x, b5);
      }
      if (indexed) next += 4;
      else at += 16;
      g += 16;
    }
    putSums<T>(out, a0, a1, a2, a3);
    if (six) putSums<T>(out + 4 * sizeof<T>(), a4, a5, a4, a5);
    out += DOT_PITCH * sizeof<T>();
    if (pair) {
      putSums<T>(out, b0, b1, b2, b3);
      if (six) putSums<T>(out + 4 * sizeof<T>(), b4, b5, b4, b5);
      out += DOT_PITCH * sizeof<T>();
    }
    rows += pair ? row + row : row;
  }
}

// @ts-ignore: decorator
@inline
function dotRows<T, ADDRESS>(
  count: i32,
  out: usize,
  vectors: i32,
  table: usize,
  rows: usize,
  row: usize,
  others: usize,
): void {
  const pairs = count >> 1;
  if (pairs > 0) dots<T, N2, ADDRESS>(pairs, out, vectors, table, rows, row, others);
  if (count == 2 * pairs) return;
  const done = <usize>(2 * pairs);
  dots<T, N1, ADDRESS>(1, out + done * DOT_PITCH * sizeof<T>(), vectors, table, rows + done * row, row, others);
}

/** Sums of `count` rows, the others read through a table; see the top of the file. */
export function dotIndexed<T>(
  count: i32,
  out: usize,
  vectors: i32,
  table: usize,
  rows: usize,
  row: usize,
  others: usize,
): void {
  dotRows<T, Indexed>(count, out, vectors, table, rows, row, others);
}

/** Sums of `count` rows, all operands contiguous. */
export function dotContiguous<T>(count: i32, out: usize, vectors: i32, rows: usize, row: usize, others: usize): void {
  dotRows<T, Contiguous>(count, out, vectors, 0, rows, row, others);
}
