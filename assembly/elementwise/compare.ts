/** Comparisons and logic: inputs of any type, output bool. f32 and bytes go by vectors of 16 elements. */
import { BOOL, F32, F64, I64, U8 } from "../common/dtype";
import { span } from "../common/element";
import { walk2 } from "../common/map";
import { Run2, scalars2, wide2 } from "../common/run";

/** The lowest byte of each of 16 lanes of all ones or zeros, in four vectors of 4-byte lanes, as bools. */
// @ts-ignore: decorator
@inline
function bools(m0: v128, m1: v128, m2: v128, m3: v128): v128 {
  const low = i16x8.narrow_i32x4_s(m0, m1),
    high = i16x8.narrow_i32x4_s(m2, m3);
  return v128.and(i8x16.narrow_i16x8_s(low, high), i8x16.splat(1));
}

/** 16 comparisons; an operand of stride 0 is already splatted. */
// @ts-ignore: decorator
@inline
function compare16<OP, T>(a: usize, b: usize, sa: i32, sb: i32, as: v128, bs: v128): v128 {
  const op = changetype<OP>(0);
  if (sizeof<T>() == 1) {
    return v128.and(op.vec<T>(sa ? v128.load(a) : as, sb ? v128.load(b) : bs), i8x16.splat(1));
  }
  const a0 = sa ? v128.load(a) : as,
    a1 = sa ? v128.load(a, 16) : as;
  const a2 = sa ? v128.load(a, 32) : as,
    a3 = sa ? v128.load(a, 48) : as;
  const b0 = sb ? v128.load(b) : bs,
    b1 = sb ? v128.load(b, 16) : bs;
  const b2 = sb ? v128.load(b, 32) : bs,
    b3 = sb ? v128.load(b, 48) : bs;
  return bools(op.vec<T>(a0, b0), op.vec<T>(a1, b1), op.vec<T>(a2, b2), op.vec<T>(a3, b3));
}

/** `T` has one or four bytes. */
function vectors<OP, T>(y: usize, a: usize, b: usize, sa: i32, sb: i32, n: i32): void {
  let done = 0;
  if (<u32>(sa | sb) <= 1 && n >= 16) {
    const as = v128.splat<T>(load<T>(a)),
      bs = v128.splat<T>(load<T>(b));
    for (; done <= n - 16; done += 16) {
      v128.store(y + <usize>done, compare16<OP, T>(a + span<T>(done * sa), b + span<T>(done * sb), sa, sb, as, bs));
    }
  }
  scalars2<OP, T, u8>(y + <usize>done, a + span<T>(done * sa), b + span<T>(done * sb), sa, sb, n - done, 0);
}

function comparisons<OP>(t: i32): Run2 {
  if (t == F32) return (t, y, a, b, sa, sb, n, p) => vectors<OP, f32>(y, a, b, sa, sb, n);
  if (t == F64) return (t, y, a, b, sa, sb, n, p) => scalars2<OP, f64, u8>(y, a, b, sa, sb, n, p);
  if (t == I64) return (t, y, a, b, sa, sb, n, p) => scalars2<OP, i64, u8>(y, a, b, sa, sb, n, p);
  if (t == U8 || t == BOOL) return (t, y, a, b, sa, sb, n, p) => vectors<OP, u8>(y, a, b, sa, sb, n);
  return (t, y, a, b, sa, sb, n, p) => wide2<OP>(BOOL, t, y, a, b, sa, sb, n, p);
}

@final
@unmanaged
class Eq {
  @inline vec<T>(a: v128, b: v128): v128 {
    return v128.eq<T>(a, b);
  }
  @inline one<T>(a: T, b: T, p: f64): bool {
    return a == b;
  }
}

/** a = b. */
export function eq(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(comparisons<Eq>(t), BOOL, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Ne {
  @inline vec<T>(a: v128, b: v128): v128 {
    return v128.ne<T>(a, b);
  }
  @inline one<T>(a: T, b: T, p: f64): bool {
    return a != b;
  }
}

/** a ≠ b. */
export function ne(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(comparisons<Ne>(t), BOOL, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Lt {
  @inline vec<T>(a: v128, b: v128): v128 {
    return v128.lt<T>(a, b);
  }
  @inline one<T>(a: T, b: T, p: f64): bool {
    return a < b;
  }
}

/** a < b. */
export function lt(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(comparisons<Lt>(t), BOOL, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Le {
  @inline vec<T>(a: v128, b: v128): v128 {
    return v128.le<T>(a, b);
  }
  @inline one<T>(a: T, b: T, p: f64): bool {
    return a <= b;
  }
}

/** a ≤ b. */
export function le(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(comparisons<Le>(t), BOOL, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Gt {
  @inline vec<T>(a: v128, b: v128): v128 {
    return v128.gt<T>(a, b);
  }
  @inline one<T>(a: T, b: T, p: f64): bool {
    return a > b;
  }
}

/** a > b. */
export function gt(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(comparisons<Gt>(t), BOOL, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Ge {
  @inline vec<T>(a: v128, b: v128): v128 {
    return v128.ge<T>(a, b);
  }
  @inline one<T>(a: T, b: T, p: f64): bool {
    return a >= b;
  }
}

/** a ≥ b. */
export function ge(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(comparisons<Ge>(t), BOOL, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class And {
  @inline vec<T>(a: v128, b: v128): v128 {
    return v128.and(v128.ne<T>(a, v128.splat<T>(0)), v128.ne<T>(b, v128.splat<T>(0)));
  }
  @inline one<T>(a: T, b: T, p: f64): bool {
    return a != 0 && b != 0;
  }
}

/** Whether both are nonzero. */
export function logicalAnd(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  p: f64,
  mode: i32,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  walk2(comparisons<And>(t), BOOL, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Or {
  @inline vec<T>(a: v128, b: v128): v128 {
    return v128.or(v128.ne<T>(a, v128.splat<T>(0)), v128.ne<T>(b, v128.splat<T>(0)));
  }
  @inline one<T>(a: T, b: T, p: f64): bool {
    return a != 0 || b != 0;
  }
}

/** Whether either is nonzero. */
export function logicalOr(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  p: f64,
  mode: i32,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  walk2(comparisons<Or>(t), BOOL, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Xor {
  @inline vec<T>(a: v128, b: v128): v128 {
    return v128.xor(v128.ne<T>(a, v128.splat<T>(0)), v128.ne<T>(b, v128.splat<T>(0)));
  }
  @inline one<T>(a: T, b: T, p: f64): bool {
    return (a != 0) != (b != 0);
  }
}

/** Whether exactly one is nonzero. */
export function logicalXor(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  p: f64,
  mode: i32,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  walk2(comparisons<Xor>(t), BOOL, t, y, a, b, p, mode, geom, begin, end);
}
