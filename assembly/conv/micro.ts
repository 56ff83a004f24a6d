/**
 * The micro-kernels of correlations: a tile of outputs, rows by one or two vectors, held in registers over a block of terms.
 * The weights are packed in panels of MR rows; the vectors are read at x plus the offset of a table. Of a block, `count`
 * terms are summed, `lines` times, with `skip` terms left out after each line.
 */

import { fma4 } from "../common/simd";
import { MR } from "../gemm/blocking";
import { N1, N2, N3, N4, N5, N6 } from "../gemm/micro";

/** Bytes between the weights of one term and the next. */
// @ts-ignore: decorator
@inline
const STEP: usize = MR * 4;

// @ts-ignore: decorator
@inline
function put(y: usize, a: v128, b: v128, wide: bool, add: bool): void {
  v128.store(y, add ? f32x4.add(v128.load(y), a) : a);
  if (wide) v128.store(y, add ? f32x4.add(v128.load(y, 16), b) : b, 16);
}

/**
 * Tiles of three rows or more: `across` of them side by side, `groups` one below the other; `panel` is the step between the
 * weights of the latter.
 */
// biome-ignore format: what is done for one row of registers stands in one line.
function tiles<ROWS, VECTORS>(
  groups: i32, across: i32, lines: i32, count: i32, skip: i32,
  w: usize, panel: usize, x: usize, table: usize, y: usize, yRow: usize, add: bool,
): void {
  const rows = changetype<ROWS>(0).value, wide = changetype<VECTORS>(0).value == 2, zero = i64x2.splat(0);
  const line = <usize>count * STEP, skipWeights = <usize>skip * STEP, skipTable = <usize>skip << 2;
  for (; across > 0; across--) {
    let first = w, to = y;
    for (let left = groups; left > 0; left--) {
      let a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero;
      let b0 = zero, b1 = zero, b2 = zero, b3 = zero, b4 = zero, b5 = zero;
      let from = first, at = table;
      for (let l = lines; l > 0; l--) {
        for (const end = from + line; from != end; from += STEP) {
          const p = x + <usize>load<i32>(at), s = v128.load(p), t = wide ? v128.load(p, 16) : zero;
          let f = v128.load32_splat(from); a0 = fma4(f, s, a0); if (wide) b0 = fma4(f, t, b0);
          f = v128.load32_splat(from, 4); a1 = fma4(f, s, a1); if (wide) b1 = fma4(f, t, b1);
          f = v128.load32_splat(from, 8); a2 = fma4(f, s, a2); if (wide) b2 = fma4(f, t, b2);
          if (rows > 3) { f = v128.load32_splat(from, 12); a3 = fma4(f, s, a3); if (wide) b3 = fma4(f, t, b3); }
          if (rows > 4) { f = v128.load32_splat(from, 16); a4 = fma4(f, s, a4); if (wide) b4 = fma4(f, t, b4); }
          if (rows > 5) { f = v128.load32_splat(from, 20); a5 = fma4(f, s, a5); if (wide) b5 = fma4(f, t, b5); }
          at += 4;
        }
        from += skipWeights;
        at += skipTable;
      }
      put(to, a0, b0, wide, add); to += yRow;
      put(to, a1, b1, wide, add); to += yRow;
      put(to, a2, b2, wide, add); to += yRow;
      if (rows > 3) { put(to, a3, b3, wide, add); to += yRow; }
      if (rows > 4) { put(to, a4, b4, wide, add); to += yRow; }
      if (rows > 5) { put(to, a5, b5, wide, add); to += yRow; }
      first += panel;
    }
    x += wide ? 32 : 16;
    y += wide ? 32 : 16;
  }
}

/**
 * Tiles of few rows side by side: two terms at a time, in sums of their own, since so few sums would wait for each
 * other.
 */
// biome-ignore format: what is done for one row of registers stands in one line.
function pairs<ROWS, VECTORS>(
  across: i32, lines: i32, count: i32, skip: i32, w: usize, x: usize, table: usize, y: usize, yRow: usize, add: bool,
): void {
  const rows = changetype<ROWS>(0).value, wide = changetype<VECTORS>(0).value == 2, zero = i64x2.splat(0);
  for (; across > 0; across--) {
    let a0 = zero, a1 = zero, a2 = zero, b0 = zero, b1 = zero, b2 = zero;
    let c0 = zero, c1 = zero, c2 = zero, d0 = zero, d1 = zero, d2 = zero;
    let from = w, at = table;
    for (let l = lines; l > 0; l--) {
      const end = from + <usize>count * STEP;
      let p: usize, s: v128, t: v128, f: v128;
      if (MR == 6 && (count & 1)) {
        p = x + <usize>load<i32>(at); s = v128.load(p); t = wide ? v128.load(p, 16) : zero;
        f = v128.load32_splat(from); a0 = fma4(f, s, a0); if (wide) b0 = fma4(f, t, b0);
        if (rows > 1) { f = v128.load32_splat(from, 4); a1 = fma4(f, s, a1); if (wide) b1 = fma4(f, t, b1); }
        if (rows > 2) { f = v128.load32_splat(from, 8); a2 = fma4(f, s, a2); if (wide) b2 = fma4(f, t, b2); }
        from += STEP;
        at += 4;
      }
      for (; from != end; from += 2 * STEP) {
        p = x + <usize>load<i32>(at); s = v128.load(p); t = wide ? v128.load(p, 16) : zero;
        f = v128.load32_splat(from); a0 = fma4(f, s, a0); if (wide) b0 = fma4(f, t, b0);
        if (rows > 1) { f = v128.load32_splat(from, 4); a1 = fma4(f, s, a1); if (wide) b1 = fma4(f, t, b1); }
        if (rows > 2) { f = v128.load32_splat(from, 8); a2 = fma4(f, s, a2); if (wide) b2 = fma4(f, t, b2); }
        // Without a fused multiply-add there are no registers for both terms at once: the branch keeps V8 from mixing them.
        if (MR < 6 && from + STEP == end) {
          from = end;
          at += 4;
          break;
        }
        p = x + <usize>load<i32>(at, 4); s = v128.load(p); t = wide ? v128.load(p, 16) : zero;
        f = v128.load32_splat(from, STEP); c0 = fma4(f, s, c0); if (wide) d0 = fma4(f, t, d0);
        if (rows > 1) { f = v128.load32_splat(from, STEP + 4); c1 = fma4(f, s, c1); if (wide) d1 = fma4(f, t, d1); }
        if (rows > 2) { f = v128.load32_splat(from, STEP + 8); c2 = fma4(f, s, c2); if (wide) d2 = fma4(f, t, d2); }
        at += 8;
      }
      from += <usize>skip * STEP;
      at += <usize>skip << 2;
    }
    put(y, f32x4.add(a0, c0), f32x4.add(b0, d0), wide, add);
    if (rows > 1) put(y + yRow, f32x4.add(a1, c1), f32x4.add(b1, d1), wide, add);
    if (rows > 2) put(y + 2 * yRow, f32x4.add(a2, c2), f32x4.add(b2, d2), wide, add);
    x += wide ? 32 : 16;
    y += wide ? 32 : 16;
  }
}

/** Tiles of `rows` rows, 1 to MR; `groups` of them one below the other where there are MR. */
function tilesOfWidth<VECTORS>(
  rows: i32,
  groups: i32,
  across: i32,
  lines: i32,
  count: i32,
  skip: i32,
  w: usize,
  panel: usize,
  x: usize,
  table: usize,
  y: usize,
  yRow: usize,
  add: bool,
): void {
  // Only those that the level has become part of the binary.
  if (MR == 6 && rows == 6) tiles<N6, VECTORS>(groups, across, lines, count, skip, w, panel, x, table, y, yRow, add);
  else if (MR == 6 && rows == 5)
    tiles<N5, VECTORS>(groups, across, lines, count, skip, w, panel, x, table, y, yRow, add);
  else
    switch (rows) {
      case 4:
        tiles<N4, VECTORS>(groups, across, lines, count, skip, w, panel, x, table, y, yRow, add);
        break;
      case 3:
        // Without a fused multiply-add, six sums hardly wait for each other, and twelve would not find registers.
        if (MR == 6) pairs<N3, VECTORS>(across, lines, count, skip, w, x, table, y, yRow, add);
        else tiles<N3, VECTORS>(groups, across, lines, count, skip, w, panel, x, table, y, yRow, add);
        break;
      case 2:
        pairs<N2, VECTORS>(across, lines, count, skip, w, x, table, y, yRow, add);
        break;
      default:
        pairs<N1, VECTORS>(across, lines, count, skip, w, x, table, y, yRow, add);
    }
}

/**
 * `across` tiles of `rows` rows by `vectors` vectors, 1 or 2, side by side; x is where the first term finds output 0, y
 * where it goes.
 */
export function microKernel(
  rows: i32,
  vectors: i32,
  across: i32,
  lines: i32,
  count: i32,
  skip: i32,
  w: usize,
  panel: usize,
  x: usize,
  table: usize,
  y: usize,
  yRow: usize,
  add: bool,
): void {
  let groups = rows / MR,
    part = MR;
  for (; rows > 0; rows -= groups * part) {
    if (rows < MR) {
      groups = 1;
      part = rows;
    }
    if (vectors == 2) tilesOfWidth<N2>(part, groups, across, lines, count, skip, w, panel, x, table, y, yRow, add);
    else tilesOfWidth<N1>(part, groups, across, lines, count, skip, w, panel, x, table, y, yRow, add);
    w += <usize>groups * panel;
    y += <usize>(groups * MR) * yRow;
  }
}
