/**
 * What the products of few rows share. A product of few columns is one of few rows seen from the other side. Thin: the many
 * columns are contiguous along the terms. Gemv: they are neighbors.
 */
import { KC, NC } from "./blocking";
import { pack } from "./pack";
import { BIAS_COLUMN, Product, packedB } from "./product";

/** The ways; any other product is general. */
export const GENERAL: i32 = 0;
export const THIN: i32 = 1;
export const GEMV: i32 = 2;

/** Rows at most: in a thin product, and by a large matrix; by one that is too large for the second cache level; by one that is not. */
export const FEW: i32 = 16;
const GEMV_ROWS: i32 = 8;
const NEAR_ROWS: i32 = 2;
/** Elements of a matrix that is too large for the second cache level, and of a large one, which has as many columns at least. */
const FAR: i64 = 512 * 512;
const LARGE: i64 = 1024 * 1024;
const LARGE_COLUMNS: i32 = 512;
/** Columns that make up for copying the rows. */
const MIN_COLUMNS: i32 = 32;

/** The way to compute a product. Rows that are not contiguous along the terms must fit where B would be packed. */
export function wayOf(p: Product): i32 {
  const wide = p.m <= p.n,
    few = min(p.m, p.n),
    many = max(p.m, p.n);
  const along = wide ? p.rsb : p.csa,
    across = wide ? p.csb : p.rsa;
  const contiguous = (wide ? p.csa : p.rsb) == p.size;
  if (few > FEW || (!contiguous && <i64>few * p.k > KC * NC)) return GENERAL;
  // Rows that fill whole panels do as well without being copied. Two vectors of terms per row make up for summing lanes.
  const panel = 32 / <i32>p.size,
    terms = few * panel;
  const worthCopies = many >= MIN_COLUMNS && few % panel != 0;
  if (along == p.size && (contiguous ? p.k >= terms : worthCopies && p.k >= 2 * terms)) return THIN;
  const size = <i64>many * p.k,
    large = size >= LARGE && many >= LARGE_COLUMNS,
    rows = size < FAR ? NEAR_ROWS : large ? FEW : GEMV_ROWS;
  if (across == p.size && few <= rows && (few == 1 || many >= MIN_COLUMNS)) return GEMV;
  return GENERAL;
}

/** The address of the rows, contiguous along the terms: they are copied unless they are already. */
export function fewRows(p: Product): usize {
  if (p.csa == p.size) return p.a;
  pack(p.size, packedB(p), p.a, p.csa, p.rsa, p.k, p.m, p.k);
  return packedB(p);
}

/** Bytes from one row at `fewRows` to the next. */
export function fewStep(p: Product): usize {
  return p.csa == p.size ? p.rsa : <usize>p.k * p.size;
}

/** Moves sums to columns [j, j + count) of row i, or adds them; the last ones get the bias and the rectifier. */
export function finish<T>(p: Product, sums: usize, i: i32, j: i32, count: i32, add: bool, last: bool): void {
  const step = p.cdc,
    c = p.c + <usize>i * p.ldc + <usize>j * step;
  const end = sums + <usize>count * sizeof<T>();
  let y = c;
  for (let s = sums; s != end; s += sizeof<T>()) {
    store<T>(y, add ? <T>(load<T>(s) + load<T>(y)) : load<T>(s));
    y += step;
  }
  if (!last || (p.biasMode == 0 && !p.relu)) return;
  const column = p.biasMode == BIAS_COLUMN,
    relu = p.relu;
  let bias = p.bias + <usize>(column ? j : i) * sizeof<T>();
  for (y = c; count > 0; count--) {
    let v = load<T>(y);
    if (p.biasMode != 0) v += load<T>(bias);
    if (column) bias += sizeof<T>();
    store<T>(y, relu ? max<T>(v, <T>0) : v);
    y += step;
  }
}
