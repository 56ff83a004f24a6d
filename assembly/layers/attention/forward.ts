/** Attention, a block of queries after the other; `problem.ts` says what the arguments are. */
import { F32 } from "../../common/dtype";
import { addLanes, firstLanes, loadLanes, storeLanes, zeros } from "../../common/rows";
import { MR } from "../../gemm/blocking";
import { pack } from "../../gemm/pack";
import { expNegative_f32x4 } from "../../math/exponential";
import { log } from "../../math/lanes";
import { biasAt, keysOf, scoreLanes, seenKeys } from "./masks";
import {
  ALLOWED,
  Attention,
  blockOf,
  clear,
  PITCH,
  packedAt,
  packedRows,
  panelsOf,
  problem,
  QUERIES,
  rowsInPlace,
  select,
  times,
} from "./problem";

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
