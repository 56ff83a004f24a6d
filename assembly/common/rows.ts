/**
 * Partial vectors, and sums in fixed blocks: what reductions, row operators and norms share.
 *
 * Short tails go through the same vector instructions as full vectors (with `loadLanes` and `storeLanes`), never
 * through a scalar copy of the formula: a column's bits then do not depend on where a range was cut, on either target.
 */
import { lanes } from "./simd";

/** All bits 0: zero in every type. */
// @ts-ignore: decorator
@inline
export function zeros(): v128 {
  return i64x2.splat(0);
}

/** Address of element `i` of an array of `T`. */
// @ts-ignore: decorator
@inline
export function at<T>(p: usize, i: i32): usize {
  return p + <usize>i * sizeof<T>();
}

/** Address of x[o, 0, j] in [outer, n, inner], where r = o * inner + j. */
// @ts-ignore: decorator
@inline
export function column<T>(x: usize, r: i32, n: i32, inner: i32): usize {
  const o = inner == 1 ? r : r / inner;
  return x + (<usize>o * (n - 1) * inner + r) * sizeof<T>();
}

/** How many columns from r on, below `end`, are neighbors in memory. */
// @ts-ignore: decorator
@inline
export function neighbors(r: i32, end: i32, inner: i32): i32 {
  return inner == 1 ? 1 : min(inner - (r % inner), end - r);
}

/** The first `k` lanes from `p`, `fill` in the others; the whole vector where `k >= lanes`. T: f32, f64. */
// @ts-ignore: decorator
@inline
export function loadLanes<T>(p: usize, k: i32, fill: v128): v128 {
  return k >= lanes<T>() ? v128.load(p) : loadPart<T>(p, k, fill);
}

function loadPart<T>(p: usize, k: i32, fill: v128): v128 {
  if (sizeof<T>() == 8) return v128.load64_lane(p, fill, 0);
  if (k == 1) return v128.load32_lane(p, fill, 0);
  const v = v128.load64_lane(p, fill, 0);
  return k == 2 ? v : v128.load32_lane(p, v, 2, 8);
}

/** Writes the first `k` lanes to `p`; the whole vector where `k >= lanes`. T: f32, f64. */
// @ts-ignore: decorator
@inline
export function storeLanes<T>(p: usize, v: v128, k: i32): void {
  if (k >= lanes<T>()) v128.store(p, v);
  else storePart<T>(p, v, k);
}

function storePart<T>(p: usize, v: v128, k: i32): void {
  if (sizeof<T>() == 4 && k == 1) return v128.store32_lane(p, v, 0);
  v128.store64_lane(p, v, 0);
  if (k == 3) v128.store32_lane(p, v, 2, 8);
}

/** All ones in the first `k` lanes. T: f32, f64. */
// @ts-ignore: decorator
@inline
export function firstLanes<T>(k: i32): v128 {
  if (sizeof<T>() == 4) return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(k));
  return i64x2.lt_s(i64x2(0, 1), i64x2.splat(k));
}

/** Sum of the lanes, in f64. T: f32, f64. */
// @ts-ignore: decorator
@inline
export function addLanes<T>(v: v128): f64 {
  const pair = sizeof<T>() == 4 ? f64x2.add(lowPair<T>(v), highPair<T>(v)) : v;
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

/** The first two lanes as f64. */
// @ts-ignore: decorator
@inline
export function lowPair<T>(v: v128): v128 {
  return sizeof<T>() == 4 ? f64x2.promote_low_f32x4(v) : v;
}

/** The last two lanes of four as f64; zeros for T = f64, which has no such lanes. */
// @ts-ignore: decorator
@inline
export function highPair<T>(v: v128): v128 {
  return sizeof<T>() == 4 ? f64x2.promote_low_f32x4(v128.shuffle<u64>(v, v, 1, 0)) : zeros();
}

/** Inverse of `lowPair` and `highPair`. */
// @ts-ignore: decorator
@inline
export function joinPairs<T>(low: v128, high: v128): v128 {
  if (sizeof<T>() == 8) return low;
  return v128.shuffle<u64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

/** Strategy of `rowSum` and `columnSum`: x itself. */
@final
@unmanaged
export class Plain {
  @inline
  wide(): bool {
    return true;
  }
  @inline
  vec<T>(x: v128, _q: v128): v128 {
    return x;
  }
}

/** Strategy of `rowSum` and `columnSum`: (x - q)^2. */
@final
@unmanaged
export class SquaredDeviation {
  @inline
  vec<T>(x: v128, mean: v128): v128 {
    const d = v128.sub<T>(x, mean);
    return v128.mul<T>(d, d);
  }
}

/** Strategy of `rowSum2` and `columnSum2`: a b. */
@final
@unmanaged
export class Product {
  @inline
  vec<T>(a: v128, b: v128, _q: v128): v128 {
    return v128.mul<T>(a, b);
  }
}

/** Elements of a row whose f32 sum is taken before it joins the f64 total; part of the definition of a sum's bits. */
export const ROW_BLOCK: i32 = 1024;
/** The same for a column. */
const COLUMN_BLOCK: i32 = 32;

/**
 * Sum of `MAP.vec(x, q)` over a contiguous row of `n`. T: f32, f64.
 * `MAP` is an inlined strategy: `vec<T>(x: v128, q: v128): v128`.
 */
export function rowSum<MAP, T>(x: usize, n: i32, q: T): f64 {
  const all = v128.splat<T>(q);
  let total: f64 = 0;
  for (let i = 0; i < n; i += ROW_BLOCK) total += blockSum<MAP, T>(at<T>(x, i), min(n - i, ROW_BLOCK), all);
  return total;
}

function blockSum<MAP, T>(x: usize, n: i32, q: v128): f64 {
  const map = changetype<MAP>(0);
  let a = zeros(),
    b = zeros(),
    c = zeros(),
    d = zeros();
  let k = n;
  for (; k >= 4 * lanes<T>(); k -= 4 * lanes<T>(), x += 64) {
    a = v128.add<T>(a, map.vec<T>(v128.load(x), q));
    b = v128.add<T>(b, map.vec<T>(v128.load(x, 16), q));
    c = v128.add<T>(c, map.vec<T>(v128.load(x, 32), q));
    d = v128.add<T>(d, map.vec<T>(v128.load(x, 48), q));
  }
  for (; k > 0; k -= lanes<T>(), x += 16) {
    const v = map.vec<T>(loadLanes<T>(x, k, zeros()), q);
    a = v128.add<T>(a, v128.and(v, firstLanes<T>(k)));
  }
  return addLanes<T>(v128.add<T>(v128.add<T>(a, b), v128.add<T>(c, d)));
}

/** Sum of `MAP.vec(a, b, q)` over two contiguous rows of `n`. T: f32, f64. */
export function rowSum2<MAP, T>(a: usize, b: usize, n: i32, q: T): f64 {
  const all = v128.splat<T>(q);
  let total: f64 = 0;
  for (let i = 0; i < n; i += ROW_BLOCK) {
    total += blockSum2<MAP, T>(at<T>(a, i), at<T>(b, i), min(n - i, ROW_BLOCK), all);
  }
  return total;
}

function blockSum2<MAP, T>(a: usize, b: usize, n: i32, q: v128): f64 {
  const map = changetype<MAP>(0);
  let even = zeros(),
    odd = zeros();
  let k = n;
  for (; k >= 2 * lanes<T>(); k -= 2 * lanes<T>(), a += 32, b += 32) {
    even = v128.add<T>(even, map.vec<T>(v128.load(a), v128.load(b), q));
    odd = v128.add<T>(odd, map.vec<T>(v128.load(a, 16), v128.load(b, 16), q));
  }
  for (; k > 0; k -= lanes<T>(), a += 16, b += 16) {
    const v = map.vec<T>(loadLanes<T>(a, k, zeros()), loadLanes<T>(b, k, zeros()), q);
    even = v128.add<T>(even, v128.and(v, firstLanes<T>(k)));
  }
  return addLanes<T>(v128.add<T>(even, odd));
}

// The compiler warns of vectors in the signatures of exported functions. The next two never leave the binary; they are
// exported through inlined ones.

/**
 * Sums of `MAP.vec(x, q)` down `k` (at most a vector) neighboring columns of `n` rows, `stride` bytes apart.
 * Lanes from `k` on are unspecified. T: f32, f64.
 */
// @ts-ignore: decorator
@inline
export function columnSum<MAP, T>(x: usize, n: i32, stride: usize, k: i32, q: v128): v128 {
  return sumColumns<MAP, T>(x, n, stride, k, q);
}

function sumColumns<MAP, T>(x: usize, n: i32, stride: usize, k: i32, q: v128): v128 {
  const map = changetype<MAP>(0);
  let low = zeros(),
    high = zeros();
  for (let i = 0; i < n; i += COLUMN_BLOCK) {
    let a = zeros();
    for (let left = min(n - i, COLUMN_BLOCK); left > 0; left--, x += stride) {
      a = v128.add<T>(a, map.vec<T>(loadLanes<T>(x, k, zeros()), q));
    }
    low = f64x2.add(low, lowPair<T>(a));
    high = f64x2.add(high, highPair<T>(a));
  }
  return joinPairs<T>(low, high);
}

/** Sums of `MAP.vec(a, b, q)` down `k` neighboring columns of two arrays, as `columnSum`. */
// @ts-ignore: decorator
@inline
export function columnSum2<MAP, T>(a: usize, b: usize, n: i32, stride: usize, k: i32, q: v128): v128 {
  return sumColumns2<MAP, T>(a, b, n, stride, k, q);
}

function sumColumns2<MAP, T>(a: usize, b: usize, n: i32, stride: usize, k: i32, q: v128): v128 {
  const map = changetype<MAP>(0);
  let low = zeros(),
    high = zeros();
  for (let i = 0; i < n; i += COLUMN_BLOCK) {
    let acc = zeros();
    for (let left = min(n - i, COLUMN_BLOCK); left > 0; left--, a += stride, b += stride) {
      acc = v128.add<T>(acc, map.vec<T>(loadLanes<T>(a, k, zeros()), loadLanes<T>(b, k, zeros()), q));
    }
    low = f64x2.add(low, lowPair<T>(acc));
    high = f64x2.add(high, highPair<T>(acc));
  }
  return joinPairs<T>(low, high);
}

/** Writes the plain `columnSum` of four vectors of columns to `y`: a cache line of each row, read once. */
function columnSums4<T>(y: usize, x: usize, n: i32, stride: usize): void {
  let low0 = zeros(),
    low1 = zeros(),
    low2 = zeros(),
    low3 = zeros();
  let high0 = zeros(),
    high1 = zeros(),
    high2 = zeros(),
    high3 = zeros();
  for (let i = 0; i < n; i += COLUMN_BLOCK) {
    let a = zeros(),
      b = zeros(),
      c = zeros(),
      d = zeros();
    for (let left = min(n - i, COLUMN_BLOCK); left > 0; left--, x += stride) {
      a = v128.add<T>(a, v128.load(x));
      b = v128.add<T>(b, v128.load(x, 16));
      c = v128.add<T>(c, v128.load(x, 32));
      d = v128.add<T>(d, v128.load(x, 48));
    }
    (low0 = f64x2.add(low0, lowPair<T>(a))), (high0 = f64x2.add(high0, highPair<T>(a)));
    (low1 = f64x2.add(low1, lowPair<T>(b))), (high1 = f64x2.add(high1, highPair<T>(b)));
    (low2 = f64x2.add(low2, lowPair<T>(c))), (high2 = f64x2.add(high2, highPair<T>(c)));
    (low3 = f64x2.add(low3, lowPair<T>(d))), (high3 = f64x2.add(high3, highPair<T>(d)));
  }
  v128.store(y, joinPairs<T>(low0, high0));
  v128.store(y, joinPairs<T>(low1, high1), 16);
  v128.store(y, joinPairs<T>(low2, high2), 32);
  v128.store(y, joinPairs<T>(low3, high3), 48);
}

/** Writes the sums of `width` neighboring columns of [n, inner] to `y`. */
export function columnSums<MAP, T>(y: usize, x: usize, n: i32, inner: i32, width: i32, q: T): void {
  const stride = <usize>inner * sizeof<T>();
  let k = width;
  if (changetype<MAP>(0).wide()) {
    for (; k >= 4 * lanes<T>(); k -= 4 * lanes<T>(), x += 64, y += 64) columnSums4<T>(y, x, n, stride);
  }
  for (; k > 0; k -= lanes<T>(), x += 16, y += 16) {
    storeLanes<T>(y, columnSum<MAP, T>(x, n, stride, k, v128.splat<T>(q)), k);
  }
}

// ---- Gradients of norms ----------------------------------------------------------------------------------------------

/** h = g weight of the `k` elements from the i-th. */
// @ts-ignore: decorator
@inline
export function weighted<T>(g: usize, weight: usize, i: i32, k: i32): v128 {
  const v = loadLanes<T>(at<T>(g, i), k, zeros());
  return weight ? v128.mul<T>(v, loadLanes<T>(at<T>(weight, i), k, zeros())) : v;
}

// @ts-ignore: decorator
@inline
export function deviation<T>(x: usize, i: i32, k: i32, mean: v128): v128 {
  return v128.sub<T>(loadLanes<T>(at<T>(x, i), k, zeros()), mean);
}

/** (h - meanH - (x - mean) slope) scale of the `k` elements from the i-th. */
// @ts-ignore: decorator
@inline
export function gradientLanes<T>(
  g: usize,
  x: usize,
  weight: usize,
  i: i32,
  k: i32,
  mean: v128,
  meanH: v128,
  slope: v128,
  scale: v128,
): v128 {
  const along = v128.mul<T>(deviation<T>(x, i, k, mean), slope);
  return v128.mul<T>(v128.sub<T>(v128.sub<T>(weighted<T>(g, weight, i, k), meanH), along), scale);
}
