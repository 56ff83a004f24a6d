/** What follows the sum: bias and rectifier, applied to a piece of C while it is still in the first cache level. */
import { lanes } from "../common/simd";
import { splatAt } from "./micro";
import { BIAS_COLUMN, BIAS_ROW, Product } from "./product";

/** Finishes rows [i, i + rows) and columns [j, j + cols) of C, whose first element is at `c`. */
export function epilogue<T>(p: Product, c: usize, i: i32, j: i32, rows: i32, cols: i32): void {
  for (let r = 0; r < rows; r++) {
    if (p.biasMode == BIAS_COLUMN) addRow<T>(c, p.bias + <usize>j * sizeof<T>(), cols);
    else if (p.biasMode == BIAS_ROW) addSplat<T>(c, p.bias + <usize>(i + r) * sizeof<T>(), cols);
    if (p.relu) rectify<T>(c, cols);
    c += p.ldc;
  }
}

/** Moves a tile that was computed aside to C, or adds it. */
export function moveTile<T>(c: usize, ldc: usize, t: usize, ldt: usize, rows: i32, cols: i32, add: bool): void {
  for (let r = 0; r < rows; r++) {
    if (add) addRow<T>(c, t, cols);
    else copyRow<T>(c, t, cols);
    t += ldt;
    c += ldc;
  }
}

function copyRow<T>(y: usize, x: usize, n: i32): void {
  for (; n > 0; n--) {
    store<T>(y, load<T>(x));
    y += sizeof<T>();
    x += sizeof<T>();
  }
}

/** y += x, n elements. */
export function addRow<T>(y: usize, x: usize, n: i32): void {
  for (; n >= lanes<T>(); n -= lanes<T>()) {
    v128.store(y, v128.add<T>(v128.load(y), v128.load(x)));
    y += 16;
    x += 16;
  }
  for (; n > 0; n--) {
    store<T>(y, <T>(load<T>(y) + load<T>(x)));
    y += sizeof<T>();
    x += sizeof<T>();
  }
}

function addSplat<T>(y: usize, x: usize, n: i32): void {
  const s = splatAt<T>(x);
  for (; n >= lanes<T>(); n -= lanes<T>()) {
    v128.store(y, v128.add<T>(v128.load(y), s));
    y += 16;
  }
  for (; n > 0; n--) {
    store<T>(y, <T>(load<T>(y) + load<T>(x)));
    y += sizeof<T>();
  }
}

/** max(y, 0); NaN stays NaN. */
function rectify<T>(y: usize, n: i32): void {
  const zero = i64x2.splat(0);
  for (; n >= lanes<T>(); n -= lanes<T>()) {
    v128.store(y, v128.max<T>(v128.load(y), zero));
    y += 16;
  }
  for (; n > 0; n--) {
    store<T>(y, max<T>(load<T>(y), <T>0));
    y += sizeof<T>();
  }
}
