/** The gradients of attention, whose weights are computed again; `problem.ts` says what the arguments are. */
import { F32 } from "../../common/dtype";
import { addLanes, loadLanes, zeros } from "../../common/rows";
import { fma4 } from "../../common/simd";
import { MR } from "../../gemm/blocking";
import { pack } from "../../gemm/pack";
import { expNegative_f32x4 } from "../../math/exponential";
import { attentionTasks } from "./forward";
import { biasAt, keysOf, scoreLanes, seenKeys } from "./masks";
import {
  ALLOWED,
  AT_GK,
  AT_GQ,
  AT_GV,
  AT_GY,
  Attention,
  blockOf,
  clear,
  clearRows,
  KEYS,
  PITCH,
  packedAt,
  packedRows,
  panelsOf,
  problem,
  QUERIES,
  rowsAt,
  rowsInPlace,
  select,
  times,
  turnedInPlace,
} from "./problem";

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
