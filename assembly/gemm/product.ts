/** The records of one matrix product C = act([C +] A·B + bias); they live at the start of the calling thread's scratch. */
import { KC, MC, NC } from "./blocking";

/** Kinds of bias: one value per column of C, or one per row. */
export const BIAS_COLUMN: i32 = 1;
export const BIAS_ROW: i32 = 2;

/** Addresses are those of element [0, 0]; strides are in bytes. The columns of C are contiguous unless `transpose` swapped it. */
@final
@unmanaged
export class Product {
  c: usize;
  a: usize;
  b: usize;
  m: i32;
  n: i32;
  k: i32;
  /** Bytes of an element. */
  size: usize;
  /** Steps to the next row and the next column. */
  rsa: usize;
  csa: usize;
  rsb: usize;
  csb: usize;
  ldc: usize;
  cdc: usize;
  /** Whether the product is added to what C holds. */
  add: bool;
  /** The bias, and which index it takes; mode 0: none. */
  bias: usize;
  biasMode: i32;
  /** Whether negative results become 0. */
  relu: bool;
  /** A or B as `gemmPack` has packed it (panels.ts); 0: the product packs what it needs. */
  panelsA: usize;
  panelsB: usize;
  /** The block that the inner loops work on. */
  block: Block;
  /** Packed blocks and tiles: WORK_BYTES. */
  work: usize;
}

/** Where the inner loops read a block of A and a block of B: packed, or in place. Strides and steps are in bytes. */
@final
@unmanaged
export class Block {
  /** A: whether its rows are neighbors, as they are packed; steps between groups of MR rows, rows and terms. */
  a: usize;
  packed: bool;
  aGroup: usize;
  aRow: usize;
  aTerm: usize;
  /** Columns of a panel, NR. */
  width: i32;
  /** B: steps between terms, and panels of NR columns; whether it is in place; where it is in place. */
  b: usize;
  bTerm: usize;
  bPanel: usize;
  direct: bool;
  source: usize;
  /** Terms of this block; whether they are added to C; whether they are the last ones. */
  depth: i32;
  add: bool;
  last: bool;
}

/** Lays the records out at `scratch`; everything but `block`, `work` and the panels is for the caller to fill in. */
export function productAt(scratch: usize): Product {
  const p = changetype<Product>(scratch);
  p.block = changetype<Block>(scratch + 128);
  p.work = scratch + 256;
  p.panelsA = p.panelsB = 0;
  return p;
}

/** Cᵀ = Bᵀ·Aᵀ: the same product, seen from the other side. */
export function transpose(p: Product): void {
  const a = p.a,
    m = p.m,
    rsa = p.rsa,
    csa = p.csa,
    ldc = p.ldc;
  p.a = p.b;
  p.rsa = p.csb;
  p.csa = p.rsb;
  p.b = a;
  p.csb = rsa;
  p.rsb = csa;
  p.m = p.n;
  p.n = m;
  p.ldc = p.cdc;
  p.cdc = ldc;
  if (p.biasMode != 0) p.biasMode = BIAS_COLUMN + BIAS_ROW - p.biasMode;
}

/** The packed block of B, KC×NC. Each area has 64 bytes behind it that packing may spill into. */
// @ts-ignore: decorator
@inline
export function packedB(p: Product): usize {
  return p.work;
}

/** The packed block of A, MC×KC. */
export function packedA(p: Product): usize {
  return p.work + <usize>(KC * NC) * p.size + 64;
}

/** A packed copy of one partial panel of B, KC×NR. */
export function raggedPanel(p: Product): usize {
  return packedA(p) + <usize>(MC * KC) * p.size + 64;
}

/** MC rows of NR columns, for results that would reach beyond the columns of C. */
export function spareColumn(p: Product): usize {
  return raggedPanel(p) + KC * 32 + 64;
}
