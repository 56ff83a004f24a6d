/**
 * Scaled dot-product attention, softmax(Q·Kᵀ·scale + bias)·V, and its gradients, without a matrix of all scores: blocks of queries against
 * blocks of keys, as in FlashAttention (Dao et al., 2022). F32. The sizes of blocks follow from those of the problem, and what is summed is summed in the order of
 * blocks, so the bits do not depend on how a range is split.
 *
 * `geometry` is a list of integers: the sizes [heads, l, s, e, v, causal, biasKind], then for each of q, k, v, y, bias, gy, gq, gk and gv its strides
 * between batches, heads and rows, in elements. The elements of a row are neighbors. `noise`, what multiplies the weights, is contiguous,
 * [batch, heads, l, s]; so are the logarithms of the sums of exponentials, `logSums`, [batch, heads, l].
 */
import { F32 } from "../common/dtype";
import { addLanes, firstLanes, loadLanes, storeLanes, zeros } from "../common/rows";
import { fma4 } from "../common/simd";
import { MR } from "../gemm/blocking";
import { multiplyPanels } from "../gemm/macro";
import { pack } from "../gemm/pack";
import { Block, Product, productAt } from "../gemm/product";
import { expNegative_f32x4 } from "../math/exponential";
import { log } from "../math/lanes";

/** Most queries and keys of a block: their scores stay in the first cache level. */
const QUERIES: i32 = 48;
const KEYS: i32 = 128;
/** Bytes between rows of scores; no power of two, so that they do not share places in the cache. */
const PITCH: usize = KEYS * 4 + 32;

/** Most features of a head, which the device says as its `attentionWidth`. */
const WIDEST: i32 = 512;

/** What `biasKind` says. */
const ADDED: i32 = 1;
const ALLOWED: i32 = 2;

/** Places of the sizes and the strides in `geometry`. */
const AT_Q: i32 = 7;
const AT_K: i32 = 10;
const AT_V: i32 = 13;
const AT_Y: i32 = 16;
const AT_BIAS: i32 = 19;
const AT_GY: i32 = 22;
const AT_GQ: i32 = 25;
const AT_GK: i32 = 28;
const AT_GV: i32 = 31;

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
class Rows {
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
class Attention {
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

// ---- Problems -------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline
function sizeAt(geometry: usize, i: i32): i32 {
  return load<i32>(geometry + ((<usize>i) << 2));
}

function rowsAt(place: usize, base: usize, geometry: usize, i: i32, shift: usize): Rows {
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
  a.slot = (<usize>max(((a.step + 7) & ~7) * width, a.step * ((width + 7) & ~7)) << 2) + 64;
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
function panelsOf(a: Attention, j: i32): usize {
  const base = panelsBegin(a);
  if (a.whole) return base + <usize>(j / a.step) * 3 * a.slot;
  if (a.there != j) packBlock(a, j, base);
  a.there = j;
  return base;
}

/** Finds the operands of a head. */
function select(a: Attention, head: i32): void {
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
  if (a.whole)
    for (let j = 0; j < a.s; j += a.step) packBlock(a, j, panelsBegin(a) + <usize>(j / a.step) * 3 * a.slot);
  if (!a.isBackward) return;
  enter(a.gy, batch, h);
  enter(a.gq, batch, h);
  enter(a.gk, batch, h);
  enter(a.gv, batch, h);
}

/** About equally large blocks that `n` is divided into, at most `most` each; multiples of MR. */
function blockOf(n: i32, most: i32): i32 {
  const blocks = (n + most - 1) / most;
  return n <= MR ? n : min((((n + blocks - 1) / blocks + MR - 1) / MR) * MR, most);
}

/** How the left operand of a product lies: packed by MR rows, in place by rows, or turned in place. */
// @ts-ignore: decorator
@inline
function packedRows(q: Block, x: usize, depth: i32): void {
  q.packed = true;
  q.a = x;
  q.aTerm = MR * 4;
  q.aGroup = <usize>(MR * 4) * depth;
  q.depth = depth;
}

// @ts-ignore: decorator
@inline
function rowsInPlace(q: Block, x: usize, depth: i32): void {
  q.packed = false;
  q.a = x;
  q.aRow = PITCH;
  q.aTerm = 4;
  q.aGroup = <usize>MR * PITCH;
  q.depth = depth;
}

// @ts-ignore: decorator
@inline
function turnedInPlace(q: Block, x: usize, depth: i32): void {
  q.packed = true;
  q.a = x;
  q.aTerm = PITCH;
  q.aGroup = MR * 4;
  q.depth = depth;
}

/** C (+)= A·B for the left operand that has been chosen and a right one in panels of `terms` terms. */
function times(p: Product, c: usize, ldc: usize, m: i32, n: i32, panels: usize, terms: i32, adds: bool): void {
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
function packedAt(a: Attention, i: i32): usize {
  return changetype<usize>(a) - RECORD + PACKED + <usize>i * BLOCK;
}

// ---- Masks ----------------------------------------------------------------------------------------------------------

/** One more than the last of `n` entries that lets a score count; 0 if there is none. */
function lastSeen(kind: i32, p: usize, n: i32): i32 {
  if (kind == ALLOWED) {
    while (n > 0 && load<u8>(p + n - 1) == 0) n--;
    return n;
  }
  const never = f32x4.splat(<f32>-Infinity);
  while (n >= 4 && !v128.any_true(f32x4.ne(v128.load(p + ((<usize>(n - 4)) << 2)), never))) n -= 4;
  while (n > 0 && load<f32>(p + ((<usize>(n - 1)) << 2)) == <f32>-Infinity) n--;
  return n;
}

/**
 * How many keys queries [i, i + rows) see at most, at least 1: those behind are not computed. A query that sees none gets NaN from all keys, as the softmax of
 * −∞ alone is.
 */
function seenKeys(a: Attention, i: i32, rows: i32): i32 {
  const all = a.causal ? min(a.s, i + rows) : a.s;
  if (a.biasKind == 0) return all;
  let seen = 1;
  for (let r = 0; r < rows && seen < all; r++) {
    const last = lastSeen(a.biasKind, a.bias.p + <usize>(i + r) * a.bias.pitch, all);
    if (last == 0) return all;
    seen = max(seen, last);
    if (a.bias.pitch == 0) break;
  }
  return seen;
}

/** Scores are scaled before the maximum is found, although there is no bias: by a factor that turns their order. */
const SCALED: i32 = 3;

/** What a mask of `k` bytes adds: 0 where it is true, −∞ where it is not. */
// @ts-ignore: decorator
@inline
function allowedLanes(p: usize, k: i32): v128 {
  let word: u32 = 0;
  if (k >= 4) word = load<u32>(p);
  else for (let i = 0; i < k; i++) word |= (<u32>load<u8>(p + i)) << (i << 3);
  const wide = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(i32x4.splat(word)));
  return v128.and(f32x4.splat(<f32>-Infinity), i32x4.eq(wide, zeros()));
}

/** The scaled score of `k` keys at `x`, with what the bias at `b` adds. */
// @ts-ignore: decorator
@inline
function scoreLanes(kind: i32, x: v128, scale: v128, b: usize, k: i32): v128 {
  const v = f32x4.mul(x, scale);
  if (kind == 0 || kind == SCALED) return v;
  return f32x4.add(v, kind == ADDED ? loadLanes<f32>(b, k, zeros()) : allowedLanes(b, k));
}

/** Address of the bias of query `i` and key `j`. */
// @ts-ignore: decorator
@inline
function biasAt(a: Attention, i: i32, j: i32): usize {
  return a.bias.p + <usize>i * a.bias.pitch + ((<usize>j) << (a.biasKind == ALLOWED ? 0 : 2));
}

/** How many of the keys [j, j + cols) query `i` sees. */
// @ts-ignore: decorator
@inline
function keysOf(a: Attention, i: i32, j: i32, cols: i32): i32 {
  return a.causal ? max(0, min(cols, i + 1 - j)) : cols;
}

// ---- Forward --------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline
function largestLane(v: v128): f32 {
  const two = f32x4.pmax(v, v128.shuffle<u64>(v, v, 1, 0));
  return max<f32>(f32x4.extract_lane(two, 0), f32x4.extract_lane(two, 1));
}

/**
 * The largest of `n` scores, NaN left out, which the sum of exponentials will show. With a bias, scores become scale x + bias before. What is left of the last
 * vector becomes −∞.
 */
function maskRow(kind: i32, x: usize, n: i32, scale: v128, b: usize): f32 {
  const never = f32x4.splat(<f32>-Infinity);
  const step: usize = kind == ALLOWED ? 4 : 16;
  let first = never,
    second = never;
  if (kind == 0) {
    const last = n & ~3;
    if (n != last) {
      const to = x + ((<usize>last) << 2);
      v128.store(to, v128.bitselect(v128.load(to), never, firstLanes<f32>(n - last)));
    }
    for (; n > 4; n -= 8, x += 32) {
      first = f32x4.pmax(first, v128.load(x));
      second = f32x4.pmax(second, v128.load(x, 16));
    }
    if (n > 0) first = f32x4.pmax(first, v128.load(x));
  } else
    for (; n > 0; n -= 4, x += 16, b += step) {
      let v = scoreLanes(kind, v128.load(x), scale, b, n);
      if (n < 4) v = v128.bitselect(v, never, firstLanes<f32>(n));
      v128.store(x, v);
      first = f32x4.pmax(first, v);
    }
  return largestLane(f32x4.pmax(first, second));
}

/** Scores become e^(scale x − shift); their sum. */
function expRow(x: usize, n: i32, scale: v128, shift: v128): f32 {
  let first = zeros(),
    second = zeros();
  for (; n > 4; n -= 8, x += 32) {
    const u = expNegative_f32x4(f32x4.sub(f32x4.mul(v128.load(x), scale), shift));
    const w = expNegative_f32x4(f32x4.sub(f32x4.mul(v128.load(x, 16), scale), shift));
    v128.store(x, u);
    v128.store(x, w, 16);
    first = f32x4.add(first, u);
    second = f32x4.add(second, w);
  }
  if (n > 0) {
    const u = expNegative_f32x4(f32x4.sub(f32x4.mul(v128.load(x), scale), shift));
    v128.store(x, u);
    first = f32x4.add(first, u);
  }
  return <f32>addLanes<f32>(f32x4.add(first, second));
}

/** x *= w, `n` elements. */
function multiplyRow(x: usize, w: usize, n: i32): void {
  for (; n > 0; n -= 4, x += 16, w += 16) storeLanes<f32>(x, f32x4.mul(v128.load(x), loadLanes<f32>(w, n, zeros())), n);
}

/** x *= s, `n` elements. */
function scaleRow(x: usize, n: i32, s: f32): void {
  const w = f32x4.splat(s);
  for (; n > 0; n -= 4, x += 16) storeLanes<f32>(x, f32x4.mul(loadLanes<f32>(x, n, zeros()), w), n);
}

/** Sets `n` elements to 0: few of them, for which `memory.fill` takes long. */
function clear(x: usize, n: i32): void {
  for (; n > 0; n -= 4, x += 16) storeLanes<f32>(x, zeros(), n);
}

function clearRows(x: Rows, from: i32, to: i32, n: i32): void {
  for (let i = from; i < to; i++) clear(x.p + <usize>i * x.pitch, n);
}

/** The weights of one query for a block of keys, before their sum is divided by; what came before is scaled to the new maximum. */
function weighRow(a: Attention, r: i32, i: i32, j: i32, cols: i32, scale: v128): void {
  const x = a.scores + <usize>r * PITCH,
    place = (<usize>r) << 2;
  const n = keysOf(a, i, j, cols);
  const before = j == 0 ? <f32>-Infinity : load<f32>(a.most + place);
  let most = maskRow(a.rowKind, x, n, scale, biasAt(a, i, j)),
    factor = f32x4.splat(1);
  if (a.rowKind == 0) {
    most *= a.scale;
    factor = scale;
  }
  most = max<f32>(before, most);
  // Where nothing is seen yet, exponentials of −∞ less 0 are 0.
  const shift = most == <f32>-Infinity ? <f32>0 : most;
  let sum = expRow(x, n, factor, f32x4.splat(shift));
  if (j > 0) {
    const rest = f32x4.extract_lane(expNegative_f32x4(f32x4.splat(before - shift)), 0);
    sum += load<f32>(a.total + place) * rest;
    if (rest != 1) scaleRow(a.y.p + <usize>i * a.y.pitch, a.v, rest);
  }
  store<f32>(a.most + place, most);
  store<f32>(a.total + place, sum);
  if (a.noise != 0) multiplyRow(x, a.noise + ((<usize>(i * a.s + j)) << 2), n);
  clear(x + ((<usize>n) << 2), cols - n);
}

/** Queries [i, end) of the head at hand. */
function attend(a: Attention, i: i32, end: i32): void {
  const rows = end - i,
    seen = seenKeys(a, i, rows),
    step = a.step,
    p = a.product,
    y = a.y;
  const scale = f32x4.splat(a.scale),
    queries = packedAt(a, 0),
    to = y.p + <usize>i * y.pitch;
  pack(4, queries, a.q.p + <usize>i * a.q.pitch, a.q.pitch, 4, rows, a.e, MR);
  for (let j = 0; j < seen; j += step) {
    const cols = min(step, seen - j),
      panels = panelsOf(a, j);
    packedRows(p.block, queries, a.e);
    times(p, a.scores, PITCH, rows, cols, panels, a.e, false);
    for (let r = 0; r < rows; r++) weighRow(a, r, i + r, j, cols, scale);
    rowsInPlace(p.block, a.scores, cols);
    times(p, to, y.pitch, rows, a.v, panels + a.slot, min(step, a.s - j), j > 0);
  }
  for (let r = 0; r < rows; r += 4) finish(a, r, i + r, min(4, rows - r));
}

/** Divides the results of `count` queries, at most 4, by their sums, and keeps the logarithms of these. */
function finish(a: Attention, r: i32, i: i32, count: i32): void {
  const total = v128.load(a.total + ((<usize>r) << 2)),
    most = v128.load(a.most + ((<usize>r) << 2));
  // Of queries that see nothing the logarithm is −∞, and so is their maximum.
  storeLanes<f32>(a.sums + ((<usize>i) << 2), f32x4.add(most, log<f32>(total)), count);
  for (let k = 0; k < count; k++) {
    const y = a.y.p + <usize>(i + k) * a.y.pitch;
    scaleRow(y, a.v, <f32>(1 / <f64>load<f32>(a.total + ((<usize>(r + k)) << 2))));
  }
}

/** Number of tasks of the forward pass over `heads` heads (of all batches together) of `l` queries. */
export function attentionTasks(heads: i32, l: i32): i32 {
  if (heads == 0 || l == 0) return 0;
  const size = blockOf(l, QUERIES);
  return heads * ((l + size - 1) / size);
}

/** Tasks [begin, end) of attention; the top of the file says what the arguments are. @see torch.nn.functional.scaled_dot_product_attention */
export function attention(
  t: i32,
  y: usize,
  logSums: usize,
  q: usize,
  k: usize,
  v: usize,
  bias: usize,
  noise: usize,
  geometry: usize,
  scale: f64,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  if (t != F32) unreachable();
  const a = problem(scratch, geometry, scale, q, k, v, y, bias, noise, logSums);
  const size = blockOf(a.l, QUERIES),
    blocks = (a.l + size - 1) / size;
  for (let task = begin; task < end; task++) {
    const head = task / blocks,
      i = (task - head * blocks) * size;
    select(a, head);
    attend(a, i, min(i + size, a.l));
  }
}

function problem(
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

// ---- Backward -------------------------------------------------------------------------------------------------------

/** Σ x·w. */
function dotRow(x: usize, w: usize, n: i32): f32 {
  let sum = zeros();
  for (; n > 0; n -= 4, x += 16, w += 16) sum = fma4(loadLanes<f32>(x, n, zeros()), loadLanes<f32>(w, n, zeros()), sum);
  return <f32>addLanes<f32>(sum);
}

/**
 * Of one query: scores become weights, times noise, and gradients of weights those of scores, times the scale. P = e^(x − logSum), gx = P (noise g − dot).
 */
function gradRow(a: Attention, r: i32, i: i32, j: i32, cols: i32, scale: v128): void {
  let x = a.scores + <usize>r * PITCH,
    g = a.grads + <usize>r * PITCH,
    b = biasAt(a, i, j),
    noise = a.noise + ((<usize>(i * a.s + j)) << 2);
  const kind = a.biasKind,
    step: usize = kind == ALLOWED ? 4 : 16,
    n = keysOf(a, i, j, cols);
  const shift = v128.load32_splat(a.sums + ((<usize>i) << 2)),
    dot = v128.load32_splat(a.total + ((<usize>r) << 2));
  for (let k = n; k > 0; k -= 4, x += 16, g += 16, b += step, noise += 16) {
    const p = expNegative_f32x4(f32x4.sub(scoreLanes(kind, v128.load(x), scale, b, k), shift));
    let w = p,
      gw = v128.load(g);
    if (a.noise != 0) {
      const factor = loadLanes<f32>(noise, k, zeros());
      w = f32x4.mul(p, factor);
      gw = f32x4.mul(gw, factor);
    }
    v128.store(x, w);
    v128.store(g, f32x4.mul(f32x4.mul(p, f32x4.sub(gw, dot)), scale));
  }
  const behind = <usize>r * PITCH + ((<usize>n) << 2);
  clear(a.scores + behind, cols - n);
  clear(a.grads + behind, cols - n);
}

/** Adds what queries [i, i + rows) and keys [j, j + cols) give to the gradients that are wanted. */
function pair(a: Attention, i: i32, rows: i32, j: i32, cols: i32, ofQueries: bool, ofKeys: bool): void {
  const p = a.product,
    q = p.block,
    scale = f32x4.splat(a.scale),
    panels = panelsOf(a, j),
    slot = a.slot;
  packedRows(q, packedAt(a, 0), a.e);
  times(p, a.scores, PITCH, rows, cols, panels, a.e, false);
  packedRows(q, packedAt(a, 1), a.v);
  times(p, a.grads, PITCH, rows, cols, panels + slot, a.v, false);
  for (let r = 0; r < rows; r++) gradRow(a, r, i + r, j, cols, scale);
  if (ofKeys) {
    turnedInPlace(q, a.scores, rows);
    times(p, a.gv.p + <usize>j * a.gv.pitch, a.gv.pitch, cols, a.v, packedAt(a, 3), rows, true);
    turnedInPlace(q, a.grads, rows);
    times(p, a.gk.p + <usize>j * a.gk.pitch, a.gk.pitch, cols, a.e, packedAt(a, 2), rows, true);
  }
  if (!ofQueries) return;
  rowsInPlace(q, a.grads, cols);
  times(p, a.gq.p + <usize>i * a.gq.pitch, a.gq.pitch, rows, a.e, panels + 2 * slot, min(a.step, a.s - j), true);
}

/** Packs queries [i, i + rows) and gradients of their results: by rows, and their features as columns. */
function packQueries(a: Attention, i: i32, rows: i32): void {
  const q = a.q.p + <usize>i * a.q.pitch,
    g = a.gy.p + <usize>i * a.gy.pitch;
  pack(4, packedAt(a, 0), q, a.q.pitch, 4, rows, a.e, MR);
  pack(4, packedAt(a, 1), g, a.gy.pitch, 4, rows, a.v, MR);
  pack(4, packedAt(a, 2), q, 4, a.q.pitch, a.e, rows, 8);
  pack(4, packedAt(a, 3), g, 4, a.gy.pitch, a.v, rows, 8);
}

/** Queries [i0, i1) against keys [j0, j1), which are multiples of blocks. */
function differentiate(a: Attention, i0: i32, i1: i32, j0: i32, j1: i32, ofQueries: bool, ofKeys: bool): void {
  const size = blockOf(a.l, QUERIES),
    step = a.step;
  if (ofQueries) clearRows(a.gq, i0, i1, a.e);
  if (ofKeys) {
    clearRows(a.gk, j0, j1, a.e);
    clearRows(a.gv, j0, j1, a.v);
  }
  for (let i = i0; i < i1; i += size) {
    const rows = min(size, i1 - i);
    const seen = min(seenKeys(a, i, rows), j1);
    if (j0 >= seen) continue;
    packQueries(a, i, rows);
    for (let r = 0; r < rows; r++) {
      const row = <usize>(i + r);
      store<f32>(a.total + ((<usize>r) << 2), dotRow(a.gy.p + row * a.gy.pitch, a.y.p + row * a.y.pitch, a.v));
    }
    for (let j = j0; j < seen; j += step) pair(a, i, rows, j, min(step, seen - j), ofQueries, ofKeys);
  }
}

/** What a task of the gradients does: a head, a block of queries, or a block of keys. */
const OF_QUERIES: i32 = 1;
const OF_KEYS: i32 = 2;

/** Number of tasks of a kind of gradient; 3 is that of all of them together, by heads. */
export function attentionBackwardTasks(kind: i32, heads: i32, l: i32, s: i32): i32 {
  if (heads == 0) return 0;
  if (kind == OF_QUERIES + OF_KEYS) return heads;
  if (kind == OF_QUERIES) return attentionTasks(heads, l);
  const step = blockOf(s, KEYS);
  return heads * ((s + step - 1) / step);
}

/** Gradients of `attention` from its result and that one's gradient, with tasks of a kind (see `attentionBackwardTasks`). Writes all of those of the kind. */
export function attentionBackward(
  t: i32,
  gq: usize,
  gk: usize,
  gv: usize,
  gy: usize,
  y: usize,
  logSums: usize,
  q: usize,
  k: usize,
  v: usize,
  bias: usize,
  noise: usize,
  geometry: usize,
  scale: f64,
  kind: i32,
  scratch: usize,
  begin: i32,
  end: i32,
): void {
  if (t != F32) unreachable();
  const a = problem(scratch, geometry, scale, q, k, v, y, bias, noise, logSums);
  const rows = changetype<usize>(a) + 416;
  a.gy = rowsAt(rows, gy, geometry, AT_GY, 2);
  a.gq = rowsAt(rows + 32, gq, geometry, AT_GQ, 2);
  a.gk = rowsAt(rows + 64, gk, geometry, AT_GK, 2);
  a.gv = rowsAt(rows + 96, gv, geometry, AT_GV, 2);
  a.isBackward = true;
  const ofQueries = (kind & OF_QUERIES) != 0,
    ofKeys = (kind & OF_KEYS) != 0;
  const size = blockOf(a.l, QUERIES),
    step = a.step;
  const blocks = ofQueries && ofKeys ? 1 : ofQueries ? (a.l + size - 1) / size : (a.s + step - 1) / step;
  for (let task = begin; task < end; task++) {
    const head = task / blocks,
      block = task - head * blocks;
    const i = ofKeys ? 0 : block * size,
      j = ofQueries ? 0 : block * step;
    select(a, head);
    differentiate(a, i, ofKeys ? a.l : min(i + size, a.l), j, ofQueries ? a.s : min(j + step, a.s), ofQueries, ofKeys);
  }
}
