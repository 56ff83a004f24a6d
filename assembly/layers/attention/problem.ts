/**
 * Scaled dot-product attention, softmax(Q·Kᵀ·scale + bias)·V, and its gradients, without a matrix of all scores: blocks of queries against
 * blocks of keys, as in FlashAttention (Dao et al., 2022). F32. The sizes of blocks follow from those of the problem, and what is summed is summed in the order of
 * blocks, so the bits do not depend on how a range is split.
 *
 * `geometry` is a list of integers: the sizes [heads, l, s, e, v, causal, biasKind], then for each of q, k, v, y, bias, gy, gq, gk and gv its strides
 * between batches, heads and rows, in elements. The elements of a row are neighbors. `noise`, what multiplies the weights, is contiguous,
 * [batch, heads, l, s]; so are the logarithms of the sums of exponentials, `logSums`, [batch, heads, l].
 */
import { storeLanes, zeros } from "../../common/rows";
import { MR } from "../../gemm/blocking";
import { multiplyPanels } from "../../gemm/macro";
import { pack } from "../../gemm/pack";
import { Block, Product, productAt } from "../../gemm/product";

/** Most queries and keys of a block: their scores stay in the first cache level. */
export const QUERIES: i32 = 48;
export const KEYS: i32 = 128;
/** Bytes between rows of scores; no power of two, so that they do not share places in the cache. */
export const PITCH: usize = KEYS * 4 + 32;

/** Most features of a head, which the device says as its `attentionWidth`. */
const WIDEST: i32 = 512;

/** What `biasKind` says. */
export const ADDED: i32 = 1;
export const ALLOWED: i32 = 2;

/** Scores are scaled before the maximum is found, although there is no bias: by a factor that turns their order. */
export const SCALED: i32 = 3;

/** Places of the sizes and the strides in `geometry`. */
const AT_Q: i32 = 7;
const AT_K: i32 = 10;
const AT_V: i32 = 13;
const AT_Y: i32 = 16;
const AT_BIAS: i32 = 19;
export const AT_GY: i32 = 22;
export const AT_GQ: i32 = 25;
export const AT_GK: i32 = 28;
export const AT_GV: i32 = 31;

/** Where things lie in scratch memory, behind what a product takes. */
const RECORD: usize = 3 << 19;
/** Blocks of queries and of their gradients, packed as the left and as the right operand of products. */
const PACKED: usize = RECORD + 1024;
/** Bytes of such a block of the widest head. */
const BLOCK: usize = <usize>(QUERIES + 8) * (WIDEST * 4);
const SCORES: usize = PACKED + 4 * BLOCK;
/** Blocks of keys and values in panels: as many as fit. */
const PANELS: usize = SCORES + 2 * <usize>QUERIES * PITCH + 1024;
const PANEL_BYTES: usize = (4 << 20) - 64 - PANELS;

/** An operand of the head at hand: the address of its first row and the bytes between rows. */
@final
@unmanaged
export class Rows {
  p: usize;
  pitch: usize;
  /** Bytes between batches and between heads, and the address of the whole operand. */
  batch: usize;
  head: usize;
  base: usize;
}

/** One problem, seen from one thread. */
@final
@unmanaged
export class Attention {
  product: Product;
  geometry: usize;
  heads: i32;
  l: i32;
  s: i32;
  e: i32;
  v: i32;
  causal: bool;
  biasKind: i32;
  /** The same as rows of scores see it. */
  rowKind: i32;
  scale: f32;
  noiseBase: usize;
  noise: usize;
  sumsBase: usize;
  sums: usize;
  /** The head that the addresses are those of. */
  current: i32;
  /** Keys of a block, and bytes of each of its three kinds of panels: keys as columns, values (for gradients: as columns), for gradients keys. */
  step: i32;
  slot: usize;
  /** Whether the panels of all blocks are there, one behind the other; the block that is there otherwise. */
  whole: bool;
  there: i32;
  isBackward: bool;
  /** Scores, gradients of scores, and two numbers for each query. */
  scores: usize;
  grads: usize;
  most: usize;
  total: usize;
  q: Rows;
  k: Rows;
  vs: Rows;
  y: Rows;
  bias: Rows;
  gy: Rows;
  gq: Rows;
  gk: Rows;
  gv: Rows;
}

// @ts-ignore: decorator
@inline
function sizeAt(geometry: usize, i: i32): i32 {
  return load<i32>(geometry + ((<usize>i) << 2));
}

export function rowsAt(place: usize, base: usize, geometry: usize, i: i32, shift: usize): Rows {
  const r = changetype<Rows>(place);
  r.base = base;
  r.batch = (<usize>sizeAt(geometry, i)) << shift;
  r.head = (<usize>sizeAt(geometry, i + 1)) << shift;
  r.pitch = (<usize>sizeAt(geometry, i + 2)) << shift;
  return r;
}

function attentionAt(scratch: usize, geometry: usize, scale: f64): Attention {
  const a = changetype<Attention>(scratch + RECORD);
  a.product = productAt(scratch);
  a.geometry = geometry;
  a.heads = sizeAt(geometry, 0);
  a.l = sizeAt(geometry, 1);
  a.s = sizeAt(geometry, 2);
  a.e = sizeAt(geometry, 3);
  a.v = sizeAt(geometry, 4);
  a.causal = sizeAt(geometry, 5) != 0;
  a.biasKind = sizeAt(geometry, 6);
  a.scale = <f32>scale;
  a.rowKind = a.biasKind == 0 && !(scale > 0) ? SCALED : a.biasKind;
  a.current = -1;
  a.isBackward = false;
  a.step = blockOf(a.s, KEYS);
  const blocks = (a.s + a.step - 1) / a.step;
  const width = max(a.e, a.v);
  a.slot = ((<usize>max(((a.step + 7) & ~7) * width, a.step * ((width + 7) & ~7))) << 2) + 64;
  a.whole = <u64>blocks * 3 * a.slot <= <u64>PANEL_BYTES;
  a.scores = scratch + SCORES;
  a.grads = a.scores + <usize>QUERIES * PITCH;
  a.most = a.grads + <usize>QUERIES * PITCH;
  a.total = a.most + QUERIES * 4;
  const p = a.product;
  p.size = 4;
  p.cdc = 4;
  p.bias = 0;
  p.biasMode = 0;
  p.relu = false;
  return a;
}

// @ts-ignore: decorator
@inline
function enter(r: Rows, batch: i32, head: i32): void {
  r.p = r.base + <usize>batch * r.batch + <usize>head * r.head;
}

/** Where panels begin. */
// @ts-ignore: decorator
@inline
function panelsBegin(a: Attention): usize {
  return changetype<usize>(a) - RECORD + PANELS;
}

/** Packs the panels of keys [j, j + step). */
function packBlock(a: Attention, j: i32, to: usize): void {
  const cols = min(a.step, a.s - j),
    slot = a.slot;
  const k = a.k.p + <usize>j * a.k.pitch,
    v = a.vs.p + <usize>j * a.vs.pitch;
  pack(4, to, k, a.k.pitch, 4, cols, a.e, 8);
  if (a.isBackward) {
    pack(4, to + slot, v, a.vs.pitch, 4, cols, a.v, 8);
    pack(4, to + 2 * slot, k, 4, a.k.pitch, a.e, cols, 8);
  } else pack(4, to + slot, v, 4, a.vs.pitch, a.v, cols, 8);
}

/** Where the panels of the block of keys that begins with key `j` lie. */
export function panelsOf(a: Attention, j: i32): usize {
  const base = panelsBegin(a);
  if (a.whole) return base + <usize>(j / a.step) * 3 * a.slot;
  if (a.there != j) packBlock(a, j, base);
  a.there = j;
  return base;
}

/** Finds the operands of a head. */
export function select(a: Attention, head: i32): void {
  if (a.current == head) return;
  a.current = head;
  a.there = -1;
  const batch = head / a.heads,
    h = head - batch * a.heads;
  enter(a.q, batch, h);
  enter(a.k, batch, h);
  enter(a.vs, batch, h);
  enter(a.y, batch, h);
  enter(a.bias, batch, h);
  a.sums = a.sumsBase + ((<usize>head * a.l) << 2);
  a.noise = a.noiseBase == 0 ? 0 : a.noiseBase + ((<usize>head * a.l * a.s) << 2);
  if (a.whole) for (let j = 0; j < a.s; j += a.step) packBlock(a, j, panelsBegin(a) + <usize>(j / a.step) * 3 * a.slot);
  if (!a.isBackward) return;
  enter(a.gy, batch, h);
  enter(a.gq, batch, h);
  enter(a.gk, batch, h);
  enter(a.gv, batch, h);
}

/** About equally large blocks that `n` is divided into, at most `most` each; multiples of MR. */
export function blockOf(n: i32, most: i32): i32 {
  const blocks = (n + most - 1) / most;
  return n <= MR ? n : min((((n + blocks - 1) / blocks + MR - 1) / MR) * MR, most);
}

/** How the left operand of a product lies: packed by MR rows, in place by rows, or turned in place. */
// @ts-ignore: decorator
@inline
export function packedRows(q: Block, x: usize, depth: i32): void {
  q.packed = true;
  q.a = x;
  q.aTerm = MR * 4;
  q.aGroup = <usize>(MR * 4) * depth;
  q.depth = depth;
}

// @ts-ignore: decorator
@inline
export function rowsInPlace(q: Block, x: usize, depth: i32): void {
  q.packed = false;
  q.a = x;
  q.aRow = PITCH;
  q.aTerm = 4;
  q.aGroup = <usize>MR * PITCH;
  q.depth = depth;
}

// @ts-ignore: decorator
@inline
export function turnedInPlace(q: Block, x: usize, depth: i32): void {
  q.packed = true;
  q.a = x;
  q.aTerm = PITCH;
  q.aGroup = MR * 4;
  q.depth = depth;
}

/** C (+)= A·B for the left operand that has been chosen and a right one in panels of `terms` terms. */
export function times(p: Product, c: usize, ldc: usize, m: i32, n: i32, panels: usize, terms: i32, adds: bool): void {
  p.c = c;
  p.ldc = ldc;
  p.m = m;
  p.n = n;
  p.add = adds;
  multiplyPanels(p, panels, (<usize>terms) << 5);
}

/** Where the i-th packed block of queries or gradients lies. */
// @ts-ignore: decorator
@inline
export function packedAt(a: Attention, i: i32): usize {
  return changetype<usize>(a) - RECORD + PACKED + <usize>i * BLOCK;
}

export function problem(
  scratch: usize,
  geometry: usize,
  scale: f64,
  q: usize,
  k: usize,
  v: usize,
  y: usize,
  bias: usize,
  noise: usize,
  logSums: usize,
): Attention {
  const a = attentionAt(scratch, geometry, scale);
  const rows = changetype<usize>(a) + 256;
  a.q = rowsAt(rows, q, geometry, AT_Q, 2);
  a.k = rowsAt(rows + 32, k, geometry, AT_K, 2);
  a.vs = rowsAt(rows + 64, v, geometry, AT_V, 2);
  a.y = rowsAt(rows + 96, y, geometry, AT_Y, 2);
  a.bias = rowsAt(rows + 128, bias, geometry, AT_BIAS, a.biasKind == ALLOWED ? 0 : 2);
  a.noiseBase = noise;
  a.sumsBase = logSums;
  return a;
}

/** Sets `n` elements to 0: few of them, for which `memory.fill` takes long. */
export function clear(x: usize, n: i32): void {
  for (; n > 0; n -= 4, x += 16) storeLanes<f32>(x, zeros(), n);
}

export function clearRows(x: Rows, from: i32, to: i32, n: i32): void {
  for (let i = from; i < to; i++) clear(x.p + <usize>i * x.pitch, n);
}
