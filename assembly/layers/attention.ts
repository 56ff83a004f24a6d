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
import { multiply } from "../gemm/macro";
import { pack } from "../gemm/pack";
import { Product, productAt } from "../gemm/product";
import * as math from "../math/double";
import { expNegative_f32x4 } from "../math/exponential";

/** Most queries and keys of a block: their scores stay in the first cache level. */
const QUERIES: i32 = 48;
const KEYS: i32 = 128;
/** Bytes between rows of scores; no power of two, so that they do not share places in the cache. */
const PITCH: usize = KEYS * 4 + 32;

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
const TURNED: usize = RECORD + 1024;
/** Elements of a turned operand; larger ones are packed by each product. */
const TURNED_SIZE: i32 = 1 << 18;
const SCORES: usize = TURNED + 2 * ((TURNED_SIZE << 2) + 64);

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
  scale: f32;
  noiseBase: usize;
  noise: usize;
  sumsBase: usize;
  sums: usize;
  /** The head that the addresses are those of. */
  current: i32;
  /** Keys and values with their rows as columns, or 0. */
  turnedK: usize;
  turnedV: usize;
  turnedPitch: usize;
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
  a.current = -1;
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

/** Keys or values turned, if they are small; `slot` is 0 or 1. */
function turned(a: Attention, slot: i32, x: Rows, width: i32): usize {
  const lines = ((a.s + 3) & ~3) + 8;
  if (<i64>lines * width > TURNED_SIZE) return 0;
  const to = changetype<usize>(a) - RECORD + TURNED + <usize>slot * ((TURNED_SIZE << 2) + 64);
  pack(4, to, x.p, x.pitch, 4, a.s, width, lines);
  a.turnedPitch = (<usize>lines) << 2;
  return to;
}

/** Finds the operands of a head. */
function select(a: Attention, head: i32, isBackward: bool): void {
  if (a.current == head) return;
  a.current = head;
  const batch = head / a.heads,
    h = head - batch * a.heads;
  enter(a.q, batch, h);
  enter(a.k, batch, h);
  enter(a.vs, batch, h);
  enter(a.y, batch, h);
  enter(a.bias, batch, h);
  a.sums = a.sumsBase + ((<usize>head * a.l) << 2);
  a.noise = a.noiseBase == 0 ? 0 : a.noiseBase + ((<usize>head * a.l * a.s) << 2);
  a.turnedK = turned(a, 0, a.k, a.e);
  if (!isBackward) return;
  enter(a.gy, batch, h);
  enter(a.gq, batch, h);
  enter(a.gk, batch, h);
  enter(a.gv, batch, h);
  a.turnedV = turned(a, 1, a.vs, a.v);
}

/** About equally large blocks that `n` is divided into, at most `most` each; multiples of MR. */
function blockOf(n: i32, most: i32): i32 {
  const blocks = (n + most - 1) / most;
  return n <= MR ? n : min((((n + blocks - 1) / blocks + MR - 1) / MR) * MR, most);
}

/** C (+)= A·B; steps are in bytes. */
function times(
  p: Product,
  c: usize,
  ldc: usize,
  m: i32,
  n: i32,
  k: i32,
  x: usize,
  rsa: usize,
  csa: usize,
  w: usize,
  rsb: usize,
  csb: usize,
  adds: bool,
): void {
  p.c = c;
  p.ldc = ldc;
  p.m = m;
  p.n = n;
  p.k = k;
  p.a = x;
  p.rsa = rsa;
  p.csa = csa;
  p.b = w;
  p.rsb = rsb;
  p.csb = csb;
  p.add = adds;
  multiply(p, 0, m, 0, n);
}

/** C = X·Wᵀ, of rows [i, i + rows) of X and [j, j + cols) of W, which may lie turned. */
function timesRows(a: Attention, c: usize, x: Rows, i: i32, rows: i32, w: Rows, j: i32, cols: i32, k: i32, t: usize): void {
  const from = t != 0 ? t + ((<usize>j) << 2) : w.p + <usize>j * w.pitch;
  const along = t != 0 ? a.turnedPitch : <usize>4,
    across = t != 0 ? <usize>4 : w.pitch;
  times(a.product, c, PITCH, rows, cols, k, x.p + <usize>i * x.pitch, x.pitch, 4, from, along, across, false);
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
  if (kind == 0) return v;
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

/** Scales `n` scores, adds the bias, and gives the largest; what is left of the last vector becomes −∞. */
function maskRow(kind: i32, x: usize, n: i32, scale: v128, b: usize): f32 {
  const never = f32x4.splat(<f32>-Infinity);
  const step: usize = kind == ALLOWED ? 4 : 16;
  let most = never;
  for (; n >= 4; n -= 4, x += 16, b += step) {
    const v = scoreLanes(kind, v128.load(x), scale, b, 4);
    v128.store(x, v);
    most = f32x4.max(most, v);
  }
  if (n > 0) {
    const v = v128.bitselect(scoreLanes(kind, v128.load(x), scale, b, n), never, firstLanes<f32>(n));
    v128.store(x, v);
    most = f32x4.max(most, v);
  }
  const two = f32x4.max(most, v128.shuffle<u64>(most, most, 1, 0));
  return max<f32>(f32x4.extract_lane(two, 0), f32x4.extract_lane(two, 1));
}

/** Scores become e^(x − shift); their sum. */
function expRow(x: usize, n: i32, shift: v128): f32 {
  let first = zeros(),
    second = zeros();
  for (; n > 4; n -= 8, x += 32) {
    const u = expNegative_f32x4(f32x4.sub(v128.load(x), shift));
    const w = expNegative_f32x4(f32x4.sub(v128.load(x, 16), shift));
    v128.store(x, u);
    v128.store(x, w, 16);
    first = f32x4.add(first, u);
    second = f32x4.add(second, w);
  }
  if (n > 0) {
    const u = expNegative_f32x4(f32x4.sub(v128.load(x), shift));
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

function clearRows(x: Rows, from: i32, to: i32, n: i32): void {
  for (let i = from; i < to; i++) memory.fill(x.p + <usize>i * x.pitch, 0, (<usize>n) << 2);
}

/** The weights of one query for a block of keys, before their sum is divided by; what came before is scaled to the new maximum. */
function weighRow(a: Attention, r: i32, i: i32, j: i32, cols: i32, scale: v128): void {
  const x = a.scores + <usize>r * PITCH,
    place = (<usize>r) << 2;
  const n = keysOf(a, i, j, cols);
  const before = j == 0 ? <f32>-Infinity : load<f32>(a.most + place);
  const most = max<f32>(before, maskRow(a.biasKind, x, n, scale, biasAt(a, i, j)));
  // Where nothing is seen yet, exponentials of −∞ less 0 are 0.
  const shift = most == <f32>-Infinity ? <f32>0 : most;
  const rest = f32x4.extract_lane(expNegative_f32x4(f32x4.splat(before - shift)), 0);
  const sum = expRow(x, n, f32x4.splat(shift));
  store<f32>(a.most + place, most);
  store<f32>(a.total + place, j == 0 ? sum : load<f32>(a.total + place) * rest + sum);
  if (a.noise != 0) multiplyRow(x, a.noise + ((<usize>(i * a.s + j)) << 2), n);
  if (n < cols) memory.fill(x + ((<usize>n) << 2), 0, (<usize>(cols - n)) << 2);
  if (j > 0 && rest != 1) scaleRow(a.y.p + <usize>i * a.y.pitch, a.v, rest);
}

/** Queries [i, end) of the head at hand. */
function attend(a: Attention, i: i32, end: i32): void {
  const rows = end - i,
    seen = seenKeys(a, i, rows),
    scale = f32x4.splat(a.scale);
  const y = a.y,
    vs = a.vs;
  const step = blockOf(seen, KEYS);
  for (let j = 0; j < seen; j += step) {
    const cols = min(step, seen - j);
    timesRows(a, a.scores, a.q, i, rows, a.k, j, cols, a.e, a.turnedK);
    for (let r = 0; r < rows; r++) weighRow(a, r, i + r, j, cols, scale);
    const to = y.p + <usize>i * y.pitch;
    times(a.product, to, y.pitch, rows, a.v, cols, a.scores, PITCH, 4, vs.p + <usize>j * vs.pitch, vs.pitch, 4, j > 0);
  }
  for (let r = 0; r < rows; r++) {
    const total = load<f32>(a.total + ((<usize>r) << 2)),
      most = load<f32>(a.most + ((<usize>r) << 2));
    scaleRow(y.p + <usize>(i + r) * y.pitch, a.v, <f32>(1 / <f64>total));
    store<f32>(a.sums + ((<usize>(i + r)) << 2), total == 0 ? <f32>-Infinity : <f32>(<f64>most + math.log(<f64>total)));
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
    select(a, head, false);
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
  if (n == cols) return;
  memory.fill(a.scores + <usize>r * PITCH + ((<usize>n) << 2), 0, (<usize>(cols - n)) << 2);
  memory.fill(a.grads + <usize>r * PITCH + ((<usize>n) << 2), 0, (<usize>(cols - n)) << 2);
}

/** Adds what queries [i, i + rows) and keys [j, j + cols) give to the gradients that are wanted. */
function pair(a: Attention, i: i32, rows: i32, j: i32, cols: i32, ofQueries: bool, ofKeys: bool): void {
  const p = a.product,
    scale = f32x4.splat(a.scale);
  const q = a.q,
    k = a.k,
    gy = a.gy,
    gq = a.gq,
    gk = a.gk,
    gv = a.gv;
  timesRows(a, a.scores, q, i, rows, k, j, cols, a.e, a.turnedK);
  timesRows(a, a.grads, gy, i, rows, a.vs, j, cols, a.v, a.turnedV);
  for (let r = 0; r < rows; r++) gradRow(a, r, i + r, j, cols, scale);
  const fromQ = q.p + <usize>i * q.pitch,
    fromY = gy.p + <usize>i * gy.pitch,
    fromK = k.p + <usize>j * k.pitch;
  if (ofKeys) {
    times(p, gv.p + <usize>j * gv.pitch, gv.pitch, cols, a.v, rows, a.scores, 4, PITCH, fromY, gy.pitch, 4, true);
    times(p, gk.p + <usize>j * gk.pitch, gk.pitch, cols, a.e, rows, a.grads, 4, PITCH, fromQ, q.pitch, 4, true);
  }
  if (ofQueries) times(p, gq.p + <usize>i * gq.pitch, gq.pitch, rows, a.e, cols, a.grads, PITCH, 4, fromK, k.pitch, 4, true);
}

/** Queries [i0, i1) against keys [j0, j1), which are multiples of blocks. */
function differentiate(a: Attention, i0: i32, i1: i32, j0: i32, j1: i32, ofQueries: bool, ofKeys: bool): void {
  const size = blockOf(a.l, QUERIES),
    step = blockOf(a.s, KEYS);
  if (ofQueries) clearRows(a.gq, i0, i1, a.e);
  if (ofKeys) {
    clearRows(a.gk, j0, j1, a.e);
    clearRows(a.gv, j0, j1, a.v);
  }
  for (let i = i0; i < i1; i += size) {
    const rows = min(size, i1 - i);
    const seen = min(seenKeys(a, i, rows), j1);
    for (let r = 0; r < rows && j0 < seen; r++) {
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
  const ofQueries = (kind & OF_QUERIES) != 0,
    ofKeys = (kind & OF_KEYS) != 0;
  const size = blockOf(a.l, QUERIES),
    step = blockOf(a.s, KEYS);
  const blocks = ofQueries && ofKeys ? 1 : ofQueries ? (a.l + size - 1) / size : (a.s + step - 1) / step;
  for (let task = begin; task < end; task++) {
    const head = task / blocks,
      block = task - head * blocks;
    const i = ofKeys ? 0 : block * size,
      j = ofQueries ? 0 : block * step;
    select(a, head, true);
    differentiate(a, i, ofKeys ? a.l : min(i + size, a.l), j, ofQueries ? a.s : min(j + step, a.s), ofQueries, ofKeys);
  }
}
