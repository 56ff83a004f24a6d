/**
 * Products A·Bᵀ of few rows or few columns: both operands are read along contiguous rows, in place, as inner products. An
 * operand that is used a few times only is not worth packing, and partial tiles of columns would waste most lanes.
 */
import { lanes } from "../simd";
import { DOT_OTHERS, DOT_PITCH, dotContiguous } from "./dot";
import { epilogue, moveTile } from "./epilogue";
import { packedA, Product } from "./product";

/** Rows or columns of C at most. */
const THIN: i32 = 16;
/** Terms that make up for summing lanes. */
const MIN_TERMS: i32 = 16;
/** Terms summed before they are added to the result, which bounds the rounding error. */
const RUN: i32 = 1024;

/** Rows whose sums are formed before they are moved to C. */
const ROWS: i32 = 64;

/** Whether a product is one for `multiplyThin`. */
export function isThin<T>(p: Product): bool {
  return p.csa == sizeof<T>() && p.rsb == sizeof<T>() && min(p.m, p.n) <= THIN && p.k >= MIN_TERMS;
}

/** Computes rows [i0, i1) and columns [j0, j1) of C, bias and rectifier included. */
export function multiplyThin<T>(p: Product, i0: i32, i1: i32, j0: i32, j1: i32): void {
  const others = packedA<T>(p), size = sizeof<T>();
  for (let j = j0; j < j1; j += DOT_OTHERS) {
    const cols = min(DOT_OTHERS, j1 - j);
    for (let k = 0; k < p.k; k += RUN) {
      // Beyond the last column the last one is repeated, and its sums are not used.
      const b = p.b + <usize>j * p.csb + <usize>k * size;
      for (let o = 0; o < DOT_OTHERS; o++) store<usize>(others + 4 * o, b + <usize>min(o, cols - 1) * p.csb);
      for (let i = i0; i < i1; i += ROWS) multiplyTile<T>(p, others, i, min(ROWS, i1 - i), j, cols, k);
    }
  }
}

/** One run of terms, from `k`, of one tile. */
function multiplyTile<T>(p: Product, others: usize, i: i32, rows: i32, j: i32, cols: i32, k: i32): void {
  const sums = others + 64, pitch = DOT_PITCH * sizeof<T>();
  const depth = min(RUN, p.k - k), vectors = depth / lanes<T>();
  const a = p.a + <usize>i * p.rsa + <usize>k * sizeof<T>();
  dotContiguous<T>(rows, sums, vectors, a, p.rsa, others);
  const from = vectors * lanes<T>();
  if (from < depth) {
    for (let r = 0; r < rows; r++) addTail<T>(sums + <usize>r * pitch, a + <usize>r * p.rsa, others, cols, from, depth);
  }
  const c = p.c + <usize>i * p.ldc + <usize>j * sizeof<T>();
  moveTile<T>(c, p.ldc, sums, pitch, rows, cols, p.add || k > 0);
  if (k + depth == p.k) epilogue<T>(p, c, i, j, rows, cols);
}

/** Adds terms [from, to), which do not fill a vector. */
function addTail<T>(y: usize, a: usize, others: usize, cols: i32, from: i32, to: i32): void {
  for (let j = 0; j < cols; j++) {
    const b = load<usize>(others + 4 * j);
    let s = load<T>(y);
    for (let k = from; k < to; k++) s += load<T>(a + <usize>k * sizeof<T>()) * load<T>(b + <usize>k * sizeof<T>());
    store<T>(y, s);
    y += sizeof<T>();
  }
}
