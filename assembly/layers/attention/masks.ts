/** What queries see: masks, causal and given, and the biases of scores. */
import { loadLanes, zeros } from "../../common/rows";
import { ADDED, ALLOWED, Attention, SCALED } from "./problem";

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
export function seenKeys(a: Attention, i: i32, rows: i32): i32 {
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
export function scoreLanes(kind: i32, x: v128, scale: v128, b: usize, k: i32): v128 {
  const v = f32x4.mul(x, scale);
  if (kind == 0 || kind == SCALED) return v;
  return f32x4.add(v, kind == ADDED ? loadLanes<f32>(b, k, zeros()) : allowedLanes(b, k));
}

/** Address of the bias of query `i` and key `j`. */
// @ts-ignore: decorator
@inline
export function biasAt(a: Attention, i: i32, j: i32): usize {
  return a.bias.p + <usize>i * a.bias.pitch + ((<usize>j) << (a.biasKind == ALLOWED ? 0 : 2));
}

/** How many of the keys [j, j + cols) query `i` sees. */
// @ts-ignore: decorator
@inline
export function keysOf(a: Attention, i: i32, j: i32, cols: i32): i32 {
  return a.causal ? max(0, min(cols, i + 1 - j)) : cols;
}
