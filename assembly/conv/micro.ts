/**
 * The micro-kernels of correlations: a tile of outputs, rows by vectors, held in registers over a block of terms. The
 * weights are packed in panels of MR rows; the vectors are read at x plus the offset of a table. Of a block, `count` terms
 * are summed, `lines` times, with `skip` terms left out after each line.
 */
import { MR } from "../gemm/blocking";
import { N1, N2, N3, N4, N5, N6 } from "../gemm/micro";
import { fma4 } from "../simd";

/** Vectors of a tile of `rows` rows: few rows need more of them to keep the multipliers busy. */
export function tileVectors(rows: i32): i32 {
  return rows == 2 ? 4 : rows == 3 ? 3 : 2;
}

// @ts-ignore: decorator
@inline
function put<VECTORS>(y: usize, a: v128, b: v128, c: v128, d: v128, add: bool): void {
  const vectors = changetype<VECTORS>(0).value;
  v128.store(y, add ? f32x4.add(v128.load(y), a) : a);
  if (vectors > 1) v128.store(y, add ? f32x4.add(v128.load(y, 16), b) : b, 16);
  if (vectors > 2) v128.store(y, add ? f32x4.add(v128.load(y, 32), c) : c, 32);
  if (vectors > 3) v128.store(y, add ? f32x4.add(v128.load(y, 48), d) : d, 48);
}

/** `groups` tiles, one below the other; `panel` is the step between their weights. */
function tiles<ROWS, VECTORS>(
  groups: i32, lines: i32, count: i32, skip: i32,
  w: usize, panel: usize, x: usize, table: usize, y: usize, yRow: usize, add: bool,
): void {
  const rows = changetype<ROWS>(0).value, vectors = changetype<VECTORS>(0).value, zero = i64x2.splat(0);
  const step: usize = MR * 4, line = <usize>count * step, skipWeights = <usize>skip * step, skipTable = <usize>skip << 2;
  for (; groups > 0; groups--) {
    let a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero;
    let b0 = zero, b1 = zero, b2 = zero, b3 = zero, b4 = zero, b5 = zero;
    let c0 = zero, c1 = zero, c2 = zero, d0 = zero, d1 = zero;
    let from = w, at = table;
    for (let left = lines; left > 0; left--) {
      for (const end = from + line; from != end; from += step) {
        const p = x + <usize>load<i32>(at);
        const s = v128.load(p), t = vectors > 1 ? v128.load(p, 16) : zero;
        const u = vectors > 2 ? v128.load(p, 32) : zero, v = vectors > 3 ? v128.load(p, 48) : zero;
        let f = v128.load32_splat(from); a0 = fma4(f, s, a0); if (vectors > 1) b0 = fma4(f, t, b0);
        if (vectors > 2) c0 = fma4(f, u, c0);
        if (vectors > 3) d0 = fma4(f, v, d0);
        if (rows > 1) { f = v128.load32_splat(from, 4); a1 = fma4(f, s, a1); if (vectors > 1) b1 = fma4(f, t, b1); }
        if (rows > 1 && vectors > 2) c1 = fma4(f, u, c1);
        if (rows > 1 && vectors > 3) d1 = fma4(f, v, d1);
        if (rows > 2) { f = v128.load32_splat(from, 8); a2 = fma4(f, s, a2); if (vectors > 1) b2 = fma4(f, t, b2); }
        if (rows > 2 && vectors > 2) c2 = fma4(f, u, c2);
        if (rows > 3) { f = v128.load32_splat(from, 12); a3 = fma4(f, s, a3); if (vectors > 1) b3 = fma4(f, t, b3); }
        if (rows > 4) { f = v128.load32_splat(from, 16); a4 = fma4(f, s, a4); if (vectors > 1) b4 = fma4(f, t, b4); }
        if (rows > 5) { f = v128.load32_splat(from, 20); a5 = fma4(f, s, a5); if (vectors > 1) b5 = fma4(f, t, b5); }
        at += 4;
      }
      from += skipWeights;
      at += skipTable;
    }
    put<VECTORS>(y, a0, b0, c0, d0, add); y += yRow;
    if (rows > 1) { put<VECTORS>(y, a1, b1, c1, d1, add); y += yRow; }
    if (rows > 2) { put<VECTORS>(y, a2, b2, c2, zero, add); y += yRow; }
    if (rows > 3) { put<VECTORS>(y, a3, b3, zero, zero, add); y += yRow; }
    if (rows > 4) { put<VECTORS>(y, a4, b4, zero, zero, add); y += yRow; }
    if (rows > 5) { put<VECTORS>(y, a5, b5, zero, zero, add); y += yRow; }
    w += panel;
  }
}

/** Tiles of `rows` rows, 1 to MR, by one or two vectors. */
function tilesOfWidth<VECTORS>(
  rows: i32, groups: i32, lines: i32, count: i32, skip: i32,
  w: usize, panel: usize, x: usize, table: usize, y: usize, yRow: usize, add: bool,
): void {
  // Only those that the level has become part of the binary.
  if (MR == 6 && rows == 6) tiles<N6, VECTORS>(groups, lines, count, skip, w, panel, x, table, y, yRow, add);
  else if (MR == 6 && rows == 5) tiles<N5, VECTORS>(groups, lines, count, skip, w, panel, x, table, y, yRow, add);
  else switch (rows) {
    case 4: tiles<N4, VECTORS>(groups, lines, count, skip, w, panel, x, table, y, yRow, add); break;
    case 3: tiles<N3, VECTORS>(groups, lines, count, skip, w, panel, x, table, y, yRow, add); break;
    case 2: tiles<N2, VECTORS>(groups, lines, count, skip, w, panel, x, table, y, yRow, add); break;
    default: tiles<N1, VECTORS>(groups, lines, count, skip, w, panel, x, table, y, yRow, add);
  }
}

function tilesOfRows(
  vectors: i32, rows: i32, groups: i32, lines: i32, count: i32, skip: i32,
  w: usize, panel: usize, x: usize, table: usize, y: usize, yRow: usize, add: bool,
): void {
  if (vectors == 2) tilesOfWidth<N2>(rows, groups, lines, count, skip, w, panel, x, table, y, yRow, add);
  else if (vectors == 1) tilesOfWidth<N1>(rows, groups, lines, count, skip, w, panel, x, table, y, yRow, add);
  else if (vectors == 3) tiles<N3, N3>(groups, lines, count, skip, w, panel, x, table, y, yRow, add);
  else tiles<N2, N4>(groups, lines, count, skip, w, panel, x, table, y, yRow, add);
}

/**
 * `rows` rows by `vectors` vectors, 1, 2 or `tileVectors(rows)`; x is where the first term finds output 0, y where it goes.
 */
export function microKernel(
  rows: i32, vectors: i32, lines: i32, count: i32, skip: i32,
  w: usize, panel: usize, x: usize, table: usize, y: usize, yRow: usize, add: bool,
): void {
  const groups = rows / MR, left = rows % MR;
  if (groups > 0) tilesOfRows(vectors, MR, groups, lines, count, skip, w, panel, x, table, y, yRow, add);
  if (left == 0) return;
  w += <usize>groups * panel;
  y += <usize>(groups * MR) * yRow;
  tilesOfRows(vectors, left, 1, lines, count, skip, w, 0, x, table, y, yRow, add);
}
