/**
 * The loops around the micro-kernel, from the outside in as in BLIS: KC deep, NC columns, MC rows, NR columns, MR rows. They
 * are the same for both float types, which only the layers below them tell apart.
 */
import { blockRows, depthBlock, MR, NC } from "./blocking";
import { epilogue, moveTile } from "./epilogue";
import { microKernel, packedKernel } from "./micro";
import { pack } from "./pack";
import { panelAt, panelBytes } from "./panels";
import { Block, Product, packedA, packedB, raggedPanel, spareColumn } from "./product";

/** Rows of C up to which operands are read in place: packing them would cost as much as the product. */
const DIRECT_ROWS: i32 = 12;
/** Elements of B up to which it is read in place: it stays in the first cache level anyway. */
const DIRECT_B: i32 = 64 * 64;
/** Elements of A up to which it is read in place. */
const DIRECT_A: i32 = 128 * 128;
/** Terms at most of a product that is mostly writing C, and bytes between rows that the first cache level mistakes for each other. */
const FLAT_TERMS: i32 = 8;
const FLAT_PITCH: usize = 2048;

/** Computes rows [i0, i1) and columns [j0, j1) of C, bias and rectifier included. */
export function multiply(p: Product, i0: i32, i1: i32, j0: i32, j1: i32): void {
  // Where C is most of what moves, and its rows share places in the cache, few are taken at a time: their lines stay until
  // the next panel fills them.
  const flat = p.k <= FLAT_TERMS && p.ldc % FLAT_PITCH == 0;
  const kc = depthBlock(p.k),
    mc = flat ? min(4 * MR, i1 - i0) : blockRows(i1 - i0);
  const q = p.block;
  q.width = 32 / <i32>p.size;
  q.direct = p.panelsB == 0 && p.csb == p.size && (p.m <= DIRECT_ROWS || <i64>p.n * p.k <= DIRECT_B);
  // Where no block of rows follows, panels of B are used once: two at a time take turns in the first cache level.
  const once = i1 - i0 <= mc;
  const nc = once && !q.direct ? 2 * q.width : NC;
  let k = 0;
  do {
    q.depth = min(kc, p.k - k);
    q.add = p.add || k > 0;
    q.last = k + q.depth == p.k;
    for (let j = j0; j < j1; j += nc) {
      selectB(p, q, k, j);
      for (let i = i0; i < i1; i += mc) {
        const rows = min(mc, i1 - i);
        if (!once || j == j0) selectA(p, q, i, rows, k);
        columns(p, q, i, rows, j, min(nc, j1 - j), i == i0 && p.panelsB == 0);
      }
    }
    k += q.depth;
  } while (k < p.k);
}

/**
 * C (+)= A·B, where the caller has said in the block how A lies and how deep the product is, and B lies packed in panels that are `panel` bytes apart.
 * No bias.
 */
export function multiplyPanels(p: Product, panels: usize, panel: usize): void {
  const q = p.block;
  q.width = 32 / <i32>p.size;
  q.direct = false;
  q.b = panels;
  q.bTerm = 32;
  q.bPanel = panel;
  q.add = p.add;
  q.last = false;
  columns(p, q, 0, p.m, 0, p.n, false);
}

/** Reads B in place, or from where it is packed, or where `columns` packs it. */
function selectB(p: Product, q: Block, k: i32, j: i32): void {
  if (p.panelsB != 0) {
    q.b = panelAt(p.panelsB, p.size, q.width, p.n, p.k, j, k, q.depth);
    q.bTerm = 32;
    q.bPanel = panelBytes(p.size, q.width, q.depth);
    return;
  }
  q.source = p.b + <usize>k * p.rsb + <usize>j * p.csb;
  q.b = q.direct ? q.source : packedB(p);
  q.bTerm = q.direct ? p.rsb : 32;
  q.bPanel = q.direct ? 32 : 32 * q.depth;
}

/** Reads A from where it is packed, or in place where it is small, or used for few panels or rows only; packs it otherwise. */
function selectA(p: Product, q: Block, i: i32, rows: i32, k: i32): void {
  if (p.panelsA != 0) {
    q.packed = true;
    q.a = panelAt(p.panelsA, p.size, MR, p.m, p.k, i, k, q.depth);
    q.aTerm = <usize>MR * p.size;
    q.aGroup = panelBytes(p.size, MR, q.depth);
    return;
  }
  const a = p.a + <usize>i * p.rsa + <usize>k * p.csa;
  const small = <i64>p.m * p.k <= DIRECT_A;
  q.packed = small && p.rsa == p.size && p.csa != 0;
  if (q.packed || p.n <= q.width || (p.csa == p.size && (small || p.m <= DIRECT_ROWS || p.n <= 2 * q.width))) {
    q.a = a;
    q.aRow = p.rsa;
    q.aTerm = p.csa;
    q.aGroup = p.rsa * MR;
  } else {
    q.packed = true;
    q.a = packedA(p);
    q.aTerm = <usize>MR * p.size;
    q.aGroup = q.aTerm * q.depth;
    pack(p.size, q.a, a, p.rsa, p.csa, rows, q.depth, MR);
  }
}

/** The block of A against columns [j, j + cols). The first block packs B, two panels just before it needs them. */
function columns(p: Product, q: Block, i: i32, rows: i32, j: i32, cols: i32, first: bool): void {
  const packs = first && !q.direct;
  let panel = q.b;
  for (let jr = 0; jr < cols; jr += q.width) {
    const left = cols - jr;
    if (packs && (jr & q.width) == 0)
      pack(p.size, panel, q.source + <usize>jr * p.csb, p.csb, p.rsb, min(2 * q.width, left), q.depth, q.width);
    column(p, q, i, rows, j + jr, min(q.width, left), panel);
    panel += q.bPanel;
  }
}

/** One panel of B, `width` columns from column j, against the whole block of A. */
function column(p: Product, q: Block, i: i32, rows: i32, j: i32, width: i32, panel: usize): void {
  // Single vectors of f64 are not worth micro-kernels of their own.
  const lanes = q.width >> 1,
    vectors = width > lanes || p.size == 8 ? 2 : 1;
  const c = p.c + <usize>i * p.ldc + <usize>j * p.size;
  if (width < vectors * lanes) partialColumn(p, q, rows, vectors, width, panel, c);
  else tile(p.size, q, rows, vectors, panel, q.bTerm, c, p.ldc, q.add);
  if (!q.last || (p.biasMode == 0 && !p.relu)) return;
  if (p.size == 4) epilogue<f32>(p, c, i, j, rows, width);
  else epilogue<f64>(p, c, i, j, rows, width);
}

/** Rows of A, packed or in place, against one panel of B. */
function tile(
  size: usize,
  q: Block,
  rows: i32,
  vectors: i32,
  b: usize,
  bTerm: usize,
  c: usize,
  ldc: usize,
  add: bool,
): void {
  if (size == 4) tileOf<f32>(q, rows, vectors, b, bTerm, c, ldc, add);
  else tileOf<f64>(q, rows, vectors, b, bTerm, c, ldc, add);
}

// @ts-ignore: decorator
@inline
function tileOf<T>(q: Block, rows: i32, vectors: i32, b: usize, bTerm: usize, c: usize, ldc: usize, add: bool): void {
  if (q.packed) packedKernel<T>(rows, vectors, q.depth, q.a, q.aTerm, q.aGroup, b, bTerm, c, ldc, add);
  else microKernel<T>(rows, vectors, q.depth, q.a, q.aRow, q.aTerm, q.aGroup, b, bTerm, c, ldc, add);
}

/** A panel with fewer columns than lanes: computed aside, of which only the columns of C are kept. */
function partialColumn(p: Product, q: Block, rows: i32, vectors: i32, width: i32, panel: usize, c: usize): void {
  let b = panel,
    bTerm = q.bTerm;
  if (q.direct) {
    b = raggedPanel(p);
    bTerm = 32;
    pack(p.size, b, panel, p.size, q.bTerm, width, q.depth, q.width);
  }
  const t = spareColumn(p);
  tile(p.size, q, rows, vectors, b, bTerm, t, 32, false);
  if (p.size == 4) moveTile<f32>(c, p.ldc, t, 32, rows, width, q.add);
  else moveTile<f64>(c, p.ldc, t, 32, rows, width, q.add);
}
