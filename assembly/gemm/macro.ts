/** The loops around the micro-kernel, from the outside in as in BLIS: NC columns, KC deep, MC rows, NR columns, MR rows. */
import { lanes } from "../simd";
import { depthBlock, MC, MR, NC, NR } from "./blocking";
import { epilogue, moveTile } from "./epilogue";
import { microKernel, packedKernel, Stepped } from "./micro";
import { pack } from "./pack";
import { Block, packedA, packedB, Product, raggedPanel, spareColumn } from "./product";

/** Rows of C up to which a row-major B is read in place: packing it would cost as much as the product. */
const DIRECT_ROWS: i32 = 2 * MR;
/** Elements of B up to which it is read in place: it stays in the first cache level anyway. */
const DIRECT_B: i32 = 64 * 64;
/** Elements of A up to which it is read in place. */
const DIRECT_A: i32 = 128 * 128;

/** Computes rows [i0, i1) and columns [j0, j1) of C, bias and rectifier included. */
export function multiply<T>(p: Product, i0: i32, i1: i32, j0: i32, j1: i32): void {
  const kc = depthBlock(p.k);
  const q = p.block;
  for (let j = j0; j < j1; j += NC) {
    const cols = min(NC, j1 - j);
    let k = 0;
    do {
      q.depth = min(kc, p.k - k);
      q.add = p.add || k > 0;
      q.last = k + q.depth == p.k;
      selectB<T>(p, q, k, j, cols);
      for (let i = i0; i < i1; i += MC) {
        const rows = min(MC, i1 - i);
        selectA<T>(p, q, i, rows, k);
        for (let jr = 0; jr < cols; jr += NR<T>()) column<T>(p, q, i, rows, j, jr, min(NR<T>(), cols - jr));
      }
      k += q.depth;
    } while (k < p.k);
  }
}

/** Reads B in place where it is small or used for few rows only; packs it otherwise. */
function selectB<T>(p: Product, q: Block, k: i32, j: i32, cols: i32): void {
  const b = p.b + <usize>k * p.rsb + <usize>j * p.csb;
  const panel = NR<T>() * sizeof<T>();
  q.ragged = p.csb == sizeof<T>() && (p.m <= DIRECT_ROWS || <i64>p.n * p.k <= DIRECT_B);
  if (q.ragged) {
    q.b = b;
    q.bTerm = p.rsb;
    q.bPanel = panel;
  } else {
    q.b = packedB(p);
    q.bTerm = panel;
    q.bPanel = panel * q.depth;
    pack<T>(q.b, b, p.csb, p.rsb, cols, q.depth, NR<T>());
  }
}

/** Reads A in place where it is small, or transposed but used for one panel only; packs it otherwise. */
function selectA<T>(p: Product, q: Block, i: i32, rows: i32, k: i32): void {
  const a = p.a + <usize>i * p.rsa + <usize>k * p.csa;
  const inPlace = p.csa == sizeof<T>() ? <i64>p.m * p.k <= DIRECT_A : p.n <= NR<T>();
  q.packed = !inPlace;
  if (inPlace) {
    q.a = a;
    q.aRow = p.rsa;
    q.aTerm = p.csa;
    q.aGroup = p.rsa * MR;
  } else {
    q.a = packedA<T>(p);
    q.aGroup = <usize>(MR * q.depth) * sizeof<T>();
    pack<T>(q.a, a, p.rsa, p.csa, rows, q.depth, MR);
  }
}

/** One panel of B, `width` columns from column j + jr, against the whole block of A. */
function column<T>(p: Product, q: Block, i: i32, rows: i32, j: i32, jr: i32, width: i32): void {
  const vectors = width > lanes<T>() ? 2 : 1;
  const partial = width < vectors * lanes<T>();
  const panel = q.b + <usize>(jr / NR<T>()) * q.bPanel;
  let b = panel, bTerm = q.bTerm;
  if (partial && q.ragged) {
    b = raggedPanel<T>(p);
    bTerm = NR<T>() * sizeof<T>();
    pack<T>(b, panel, sizeof<T>(), q.bTerm, width, q.depth, NR<T>());
  }
  const c = p.c + <usize>i * p.ldc + <usize>(j + jr) * sizeof<T>();
  if (partial) partialColumn<T>(p, q, rows, vectors, width, b, bTerm, c);
  else tile<T>(q, rows, vectors, b, bTerm, c, p.ldc, q.add);
  if (q.last) epilogue<T>(p, c, i, j + jr, rows, width);
}

/** Rows of A, packed or in place, against one panel of B. */
function tile<T>(q: Block, rows: i32, vectors: i32, b: usize, bTerm: usize, c: usize, ldc: usize, add: bool): void {
  if (q.packed) packedKernel<T>(rows, vectors, q.depth, q.a, q.aGroup, b, bTerm, c, ldc, add);
  else microKernel<T, Stepped>(rows, vectors, q.depth, q.a, q.aRow, q.aTerm, q.aGroup, b, bTerm, c, ldc, add);
}

/** A panel with fewer columns than lanes: computed aside, of which only the columns of C are kept. */
function partialColumn<T>(
  p: Product, q: Block, rows: i32, vectors: i32, width: i32, b: usize, bTerm: usize, c: usize,
): void {
  const t = spareColumn<T>(p), ldt = NR<T>() * sizeof<T>();
  tile<T>(q, rows, vectors, b, bTerm, t, ldt, false);
  moveTile<T>(c, p.ldc, t, ldt, rows, width, q.add);
}
