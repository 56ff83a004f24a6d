/** Bits and divisors of integers; bool counts as its byte. */
import { integers2 } from "../common/dispatch";
import { walk2 } from "../common/map";

@final
@unmanaged
class And {
  @inline one<T>(a: T, b: T, p: f64): T {
    return <T>(a & b);
  }
}

/** a and b, bit by bit. */
export function bitwiseAnd(
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
  walk2(integers2<And>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Or {
  @inline one<T>(a: T, b: T, p: f64): T {
    return <T>(a | b);
  }
}

/** a or b, bit by bit. */
export function bitwiseOr(
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
  walk2(integers2<Or>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Xor {
  @inline one<T>(a: T, b: T, p: f64): T {
    return <T>(a ^ b);
  }
}

/** a exclusive-or b, bit by bit. */
export function bitwiseXor(
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
  walk2(integers2<Xor>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

/** Whether b is a shift that keeps a bit of T. */
// @ts-ignore: decorator
@inline
function inRange<T>(b: T): bool {
  return b >= 0 && <i64>b < 8 * sizeof<T>();
}

@final
@unmanaged
class LeftShift {
  @inline one<T>(a: T, b: T, p: f64): T {
    return inRange<T>(b) ? <T>(a << b) : 0;
  }
}

/** a · 2ᵇ, wrapping; 0 where b is negative or not below the number of bits. */
export function leftShift(
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
  walk2(integers2<LeftShift>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class RightShift {
  @inline one<T>(a: T, b: T, p: f64): T {
    return inRange<T>(b) ? <T>(a >> b) : a < 0 ? <T>-1 : 0;
  }
}

/** ⌊a / 2ᵇ⌋; where b is out of range, what is left of the sign. */
export function rightShift(
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
  walk2(integers2<RightShift>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

/** Greatest common divisor, not negative (but for the smallest integer, which has no absolute value). */
function divisor<T>(a: T, b: T): T {
  while (b != 0) {
    const r: T = isSigned<T>() && b == -1 ? 0 : <T>(a % b);
    a = b;
    b = r;
  }
  return a < 0 ? <T>-a : a;
}

@final
@unmanaged
class Gcd {
  @inline one<T>(a: T, b: T, p: f64): T {
    return divisor<T>(a, b);
  }
}

/** Greatest common divisor. */
export function gcd(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(integers2<Gcd>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Lcm {
  @inline one<T>(a: T, b: T, p: f64): T {
    if (a == 0 || b == 0) return 0;
    const y = <T>((a / divisor<T>(a, b)) * b);
    return y < 0 ? <T>-y : y;
  }
}

/** Least common multiple, wrapping; 0 if either is 0. */
export function lcm(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(integers2<Lcm>(t), t, t, y, a, b, p, mode, geom, begin, end);
}
