/**
 * Correlations with few rows of weights, where a tile of MR rows by two vectors would leave most accumulators idle: of one
 * row (depthwise, or one output channel), one or two lines of outputs by up to four vectors; of two rows, four vectors; of
 * three (the colours), three. Against the terms of a table.
 */
import { N1, N2, N3, N4 } from "../gemm/micro";
import { fma4 } from "../simd";

// @ts-ignore: decorator
@inline
function put(y: usize, value: v128, add: bool): void {
  v128.store(y, add ? f32x4.add(v128.load(y), value) : value);
}

/** The one micro-kernel: `k` terms whose weights are `step` bytes apart; x + table[p] is where term p finds output 0. */
function row<LINES, VECTORS>(
  k: i32, w: usize, step: usize, x: usize, xLine: usize, table: usize, y: usize, yLine: usize, add: bool,
): void {
  const two = changetype<LINES>(0).value == 2, vectors = changetype<VECTORS>(0).value;
  const zero = i64x2.splat(0);
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero, b0 = zero, b1 = zero, b2 = zero, b3 = zero;
  for (; k > 0; k--) {
    const s = v128.load32_splat(w), p = x + <usize>load<i32>(table), q = p + xLine;
    a0 = fma4(s, v128.load(p), a0);
    if (vectors > 1) a1 = fma4(s, v128.load(p, 16), a1);
    if (vectors > 2) { a2 = fma4(s, v128.load(p, 32), a2); a3 = fma4(s, v128.load(p, 48), a3); }
    if (two) b0 = fma4(s, v128.load(q), b0);
    if (two && vectors > 1) b1 = fma4(s, v128.load(q, 16), b1);
    if (two && vectors > 2) { b2 = fma4(s, v128.load(q, 32), b2); b3 = fma4(s, v128.load(q, 48), b3); }
    w += step;
    table += 4;
  }
  const z = y + yLine;
  put(y, a0, add);
  if (vectors > 1) put(y + 16, a1, add);
  if (vectors > 2) { put(y + 32, a2, add); put(y + 48, a3, add); }
  if (two) put(z, b0, add);
  if (two && vectors > 1) put(z + 16, b1, add);
  if (two && vectors > 2) { put(z + 32, b2, add); put(z + 48, b3, add); }
}

/** Four, two or one vectors of one line or of two; `xLine` and `yLine` lead from one to the other. */
export function rowKernel(
  two: bool, vectors: i32, k: i32,
  w: usize, step: usize, x: usize, xLine: usize, table: usize, y: usize, yLine: usize, add: bool,
): void {
  if (two) {
    if (vectors == 4) row<N2, N4>(k, w, step, x, xLine, table, y, yLine, add);
    else if (vectors == 2) row<N2, N2>(k, w, step, x, xLine, table, y, yLine, add);
    else row<N2, N1>(k, w, step, x, xLine, table, y, yLine, add);
  } else if (vectors == 4) row<N1, N4>(k, w, step, x, xLine, table, y, yLine, add);
  else if (vectors == 2) row<N1, N2>(k, w, step, x, xLine, table, y, yLine, add);
  else row<N1, N1>(k, w, step, x, xLine, table, y, yLine, add);
}

/** Vectors of a tile of `rows` rows; 2 where that is a tile for `microKernel`. */
export function fewVectors(rows: i32): i32 {
  return rows == 2 ? 4 : rows == 3 ? 3 : 2;
}

/** Two rows by four vectors, or three by three; as `row`, of neighbouring weights. */
function rows<ROWS>(k: i32, w: usize, step: usize, x: usize, table: usize, y: usize, yRow: usize, add: bool): void {
  const two = changetype<ROWS>(0).value == 2, zero = i64x2.splat(0);
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero, b0 = zero, b1 = zero, b2 = zero, b3 = zero;
  let c0 = zero, c1 = zero, c2 = zero;
  for (; k > 0; k--) {
    const p = x + <usize>load<i32>(table);
    const r = v128.load32_splat(w), s = v128.load32_splat(w, 4), t = two ? zero : v128.load32_splat(w, 8);
    let v = v128.load(p); a0 = fma4(r, v, a0); b0 = fma4(s, v, b0); if (!two) c0 = fma4(t, v, c0);
    v = v128.load(p, 16); a1 = fma4(r, v, a1); b1 = fma4(s, v, b1); if (!two) c1 = fma4(t, v, c1);
    v = v128.load(p, 32); a2 = fma4(r, v, a2); b2 = fma4(s, v, b2); if (!two) c2 = fma4(t, v, c2);
    if (two) { v = v128.load(p, 48); a3 = fma4(r, v, a3); b3 = fma4(s, v, b3); }
    w += step;
    table += 4;
  }
  put(y, a0, add); put(y + 16, a1, add); put(y + 32, a2, add); if (two) put(y + 48, a3, add);
  y += yRow;
  put(y, b0, add); put(y + 16, b1, add); put(y + 32, b2, add); if (two) put(y + 48, b3, add);
  y += yRow;
  if (!two) { put(y, c0, add); put(y + 16, c1, add); put(y + 32, c2, add); }
}

/** `fewVectors(count)` vectors of two or three rows. */
export function fewRows(
  count: i32, k: i32, w: usize, step: usize, x: usize, table: usize, y: usize, yRow: usize, add: bool,
): void {
  if (count == 2) rows<N2>(k, w, step, x, table, y, yRow, add);
  else rows<N3>(k, w, step, x, table, y, yRow, add);
}
