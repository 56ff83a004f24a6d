/**
 * Correlations with a single row of weights (depthwise, or one output channel), where a tile of MR rows would leave most
 * accumulators idle: one or two lines of outputs by up to four vectors, against the terms of a table.
 */
import { N1, N2, N4 } from "../gemm/micro";
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
