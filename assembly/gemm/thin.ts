/**
 * Products of few rows with many columns that are contiguous along the terms: both operands are read along them, in place,
 * as inner products. An operand that is used a few times only is not worth packing, and partial tiles would waste lanes.
 */
import { lanes } from "../common/simd";
import { DOT_OTHERS, DOT_PITCH, dotContiguous } from "./dot";
import { fewRows, fewStep, finish } from "./few";
import { Product, packedA } from "./product";

/** Terms summed before they are added to the result, which bounds the rounding error. */
const RUN: i32 = 1024;

/** Computes columns [j0, j1) of C, bias and rectifier included. */
export function multiplyThin<T>(p: Product, j0: i32, j1: i32): void {
  const others = packedA(p),
    size = sizeof<T>();
  const rows = fewRows(p);
  for (let j = j0; j < j1; j += DOT_OTHERS) {
    const cols = min(DOT_OTHERS, j1 - j);
    for (let k = 0; k < p.k; k += RUN) {
      // Beyond the last column the last one is repeated, and its sums are not used.
      const b = p.b + <usize>j * p.csb + <usize>k * size;
      for (let o = 0; o < DOT_OTHERS; o++) store<usize>(others + 4 * o, b + <usize>min(o, cols - 1) * p.csb);
      multiplyRun<T>(p, others, rows + <usize>k * size, j, cols, k);
    }
  }
}

/** One run of terms, from `k`, of all rows and of the columns from `j` whose addresses are in `others`. */
function multiplyRun<T>(p: Product, others: usize, a: usize, j: i32, cols: i32, k: i32): void {
  let sums = others + 64;
  const depth = min(RUN, p.k - k),
    vectors = depth / lanes<T>();
  const step = fewStep(p);
  dotContiguous<T>(p.m, sums, vectors, a, step, others);
  for (let i = 0; i < p.m; i++) {
    addTail<T>(sums, a, others, cols, vectors * lanes<T>(), depth);
    finish<T>(p, sums, i, j, cols, p.add || k > 0, k + depth == p.k);
    sums += DOT_PITCH * sizeof<T>();
    a += step;
  }
}

/** Adds terms [from, to), which do not fill a vector. */
function addTail<T>(y: usize, a: usize, others: usize, cols: i32, from: i32, to: i32): void {
  if (from == to) return;
  for (let j = 0; j < cols; j++) {
    const b = load<usize>(others + 4 * j);
    let s = load<T>(y);
    for (let k = from; k < to; k++) s += load<T>(a + <usize>k * sizeof<T>()) * load<T>(b + <usize>k * sizeof<T>());
    store<T>(y, s);
    y += sizeof<T>();
  }
}
