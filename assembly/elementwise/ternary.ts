/** Elementwise kernels of three inputs. */

import { numbers3, vectors3 } from "../common/dispatch";
import { BOOL } from "../common/dtype";
import { bytesOf, span } from "../common/element";
import { walk3 } from "../common/map";
import { Run3 } from "../common/run";

@final
@unmanaged
class Lerp {
  @inline vec<T>(a: v128, b: v128, w: v128, p: v128): v128 {
    const half = v128.splat<T>(0.5),
      one = v128.splat<T>(1);
    const d = v128.sub<T>(b, a);
    const fromA = v128.add<T>(a, v128.mul<T>(w, d));
    const fromB = v128.sub<T>(b, v128.mul<T>(d, v128.sub<T>(one, w)));
    return v128.bitselect(fromA, fromB, v128.lt<T>(w, half));
  }
}

/** a + w (b − a), from the nearer end as PyTorch does. */
export function lerp(t: i32, y: usize, a: usize, b: usize, c: usize, p: f64, geom: usize, begin: i32, end: i32): void {
  walk3(vectors3<Lerp>(t), t, t, y, a, b, c, p, geom, begin, end);
}

@final
@unmanaged
class AddCMul {
  @inline vec<T>(a: v128, b: v128, c: v128, p: v128): v128 {
    return v128.add<T>(a, v128.mul<T>(v128.mul<T>(p, b), c));
  }
  @inline one<T>(a: T, b: T, c: T, p: f64): T {
    return <T>(a + <T>p * b * c);
  }
}

/** a + p·b·c. */
export function addcmul(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  c: usize,
  p: f64,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  walk3(numbers3<AddCMul>(t), t, t, y, a, b, c, p, geom, begin, end);
}

@final
@unmanaged
class AddCDiv {
  @inline vec<T>(a: v128, b: v128, c: v128, p: v128): v128 {
    return v128.add<T>(a, v128.div<T>(v128.mul<T>(p, b), c));
  }
}

/** a + p·b / c of floats. */
export function addcdiv(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  c: usize,
  p: f64,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  walk3(vectors3<AddCDiv>(t), t, t, y, a, b, c, p, geom, begin, end);
}

// ------------------------------------------------------------------------------------------- where

/** All bits of the 4-byte lanes whose condition byte is not 0. */
// @ts-ignore: decorator
@inline
function mask4(condition: usize): v128 {
  const halves = i16x8.extend_low_i8x16_u(v128.load32_zero(condition));
  return i32x4.ne(i32x4.extend_low_i16x8_u(halves), i32x4.splat(0));
}

/** How many elements of contiguous (or single) 4-byte operands went by vectors. */
function whereVectors(y: usize, condition: usize, a: usize, b: usize, sa: i32, sb: i32, n: i32): i32 {
  if (<u32>(sa | sb) > 1 || n < 4) return 0;
  const as = v128.load32_splat(a),
    bs = v128.load32_splat(b);
  let i = 0;
  for (; i <= n - 4; i += 4) {
    const at = (<usize>i) << 2;
    const va = sa ? v128.load(a + at) : as,
      vb = sb ? v128.load(b + at) : bs;
    v128.store(y + at, v128.bitselect(va, vb, mask4(condition + <usize>i)));
  }
  return i;
}

/** Moves elements by their size: `T` is an unsigned integer. */
function whereRow<T>(y: usize, condition: usize, a: usize, b: usize, sc: i32, sa: i32, sb: i32, n: i32): void {
  const start = sizeof<T>() == 4 && sc == 1 ? whereVectors(y, condition, a, b, sa, sb, n) : 0;
  for (let i = start; i < n; i++) {
    const chosen = load<u8>(condition + <usize>(i * sc)) ? a + span<T>(i * sa) : b + span<T>(i * sb);
    store<T>(y + span<T>(i), load<T>(chosen));
  }
}

function movers(t: i32): Run3 {
  const size = bytesOf(t);
  if (size == 4) return (t, y, c, a, b, sc, sa, sb, n, p) => whereRow<u32>(y, c, a, b, sc, sa, sb, n);
  if (size == 8) return (t, y, c, a, b, sc, sa, sb, n, p) => whereRow<u64>(y, c, a, b, sc, sa, sb, n);
  if (size == 2) return (t, y, c, a, b, sc, sa, sb, n, p) => whereRow<u16>(y, c, a, b, sc, sa, sb, n);
  return (t, y, c, a, b, sc, sa, sb, n, p) => whereRow<u8>(y, c, a, b, sc, sa, sb, n);
}

/** b where the bool a is set, c elsewhere; t is the type of b, c and y. */
export function where(t: i32, y: usize, a: usize, b: usize, c: usize, p: f64, geom: usize, begin: i32, end: i32): void {
  walk3(movers(t), BOOL, t, y, a, b, c, p, geom, begin, end);
}
