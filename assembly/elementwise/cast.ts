/**
 * Casts between element types, in PyTorch's sense: floats truncate toward zero to ints, ints wrap, anything to bool is ≠ 0. What does not
 * fit, NaN and infinities included, becomes what PyTorch gives on x86: the smallest int32 or int64, and the low bits of these.
 */
import { BF16, BOOL, F16, F32, F64, I32, I64, U8 } from "../common/dtype";
import { bytesOf, isFloating, loadFloat, loadInteger, span, storeFloat, storeInteger } from "../common/element";
import { bfloatToFloat, floatToBfloat, floatToHalf, halfToFloat } from "../common/half";

/** Casts n elements of x, sx apart, to elements of y, sy apart. */
export type Cast = (y: usize, x: usize, sy: i32, sx: i32, n: i32) => void;

/** x truncated to an i64. */
// @ts-ignore: decorator
@inline
function truncateWide(x: f64): i64 {
  return abs<f64>(x) < 9223372036854775808.0 ? <i64>x : i64.MIN_VALUE;
}

/** x truncated to an i32. */
// @ts-ignore: decorator
@inline
function truncateNarrow(x: f64): i32 {
  return abs<f64>(x) < 2147483648.0 ? <i32>x : i32.MIN_VALUE;
}

/** x truncated to an integer of type t: uint8 takes the way of int64, the other small types that of int32. */
function truncateTo(t: i32, x: f64): i64 {
  return t == I64 || t == U8 ? truncateWide(x) : <i64>truncateNarrow(x);
}

// @ts-ignore: decorator
@inline
function castOf<D, S>(x: S): D {
  if (isBoolean<D>()) return <D>(x != 0);
  if (!isFloat<S>() || isFloat<D>()) return <D>x;
  return sizeof<D>() == 4 ? <D>truncateNarrow(<f64>x) : <D>truncateWide(<f64>x);
}

function castRow<D, S>(y: usize, x: usize, sy: i32, sx: i32, n: i32): void {
  const stepY = span<D>(sy),
    stepX = span<S>(sx);
  for (; n > 0; n--) {
    store<D>(y, castOf<D, S>(load<S>(x)));
    y += stepY;
    x += stepX;
  }
}

/** Writes a number, cast to type t, to the element at y. */
export function storeNumber(t: i32, y: usize, value: f64): void {
  if (isFloating(t)) storeFloat(t, y, value);
  else storeInteger(t, y, t == BOOL ? i64(value != 0) : truncateTo(t, value));
}

/** Writes an integer, cast to type t; it rounds once on its way to f32, so it must not pass through f64. */
function storeWhole(t: i32, y: usize, value: i64): void {
  if (!isFloating(t)) storeInteger(t, y, value);
  else storeFloat(t, y, t == F64 ? <f64>value : <f32>value);
}

/** Casts between any two types, one element at a time. */
export function castAny(ty: i32, tx: i32, y: usize, x: usize, sy: i32, sx: i32, n: i32): void {
  const stepY = <usize>sy * bytesOf(ty),
    stepX = <usize>sx * bytesOf(tx);
  for (; n > 0; n--) {
    if (isFloating(tx)) storeNumber(ty, y, loadFloat(tx, x));
    else storeWhole(ty, y, loadInteger(tx, x));
    y += stepY;
    x += stepX;
  }
}

/** Like `castRow` between f32 and 16-bit floats, which are known by their bits. */
function bitsRow<OP, D, S>(y: usize, x: usize, sy: i32, sx: i32, n: i32): void {
  const op = changetype<OP>(0);
  const stepY = span<D>(sy),
    stepX = span<S>(sx);
  for (; n > 0; n--) {
    store<D>(y, <D>op.one(load<S>(x)));
    y += stepY;
    x += stepX;
  }
}

@final
@unmanaged
class FromHalf {
  @inline one(x: u16): f32 {
    return halfToFloat(x);
  }
}

@final
@unmanaged
class ToHalf {
  @inline one(x: f32): u32 {
    return floatToHalf(x);
  }
}

@final
@unmanaged
class FromBfloat {
  @inline one(x: u16): f32 {
    return bfloatToFloat(x);
  }
}

@final
@unmanaged
class ToBfloat {
  @inline one(x: f32): u32 {
    return floatToBfloat(x);
  }
}

function castFromF32(ty: i32): Cast | null {
  if (ty == F16) return (y, x, sy, sx, n) => bitsRow<ToHalf, u16, f32>(y, x, sy, sx, n);
  if (ty == BF16) return (y, x, sy, sx, n) => bitsRow<ToBfloat, u16, f32>(y, x, sy, sx, n);
  if (ty == F64) return (y, x, sy, sx, n) => castRow<f64, f32>(y, x, sy, sx, n);
  if (ty == I64) return (y, x, sy, sx, n) => castRow<i64, f32>(y, x, sy, sx, n);
  if (ty == I32) return (y, x, sy, sx, n) => castRow<i32, f32>(y, x, sy, sx, n);
  if (ty == U8) return (y, x, sy, sx, n) => castRow<u8, f32>(y, x, sy, sx, n);
  if (ty == BOOL) return (y, x, sy, sx, n) => castRow<bool, f32>(y, x, sy, sx, n);
  return null;
}

function castToF32(tx: i32): Cast | null {
  if (tx == F16) return (y, x, sy, sx, n) => bitsRow<FromHalf, f32, u16>(y, x, sy, sx, n);
  if (tx == BF16) return (y, x, sy, sx, n) => bitsRow<FromBfloat, f32, u16>(y, x, sy, sx, n);
  if (tx == F64) return (y, x, sy, sx, n) => castRow<f32, f64>(y, x, sy, sx, n);
  if (tx == I64) return (y, x, sy, sx, n) => castRow<f32, i64>(y, x, sy, sx, n);
  if (tx == I32) return (y, x, sy, sx, n) => castRow<f32, i32>(y, x, sy, sx, n);
  if (tx == U8) return (y, x, sy, sx, n) => castRow<f32, u8>(y, x, sy, sx, n);
  if (tx == BOOL) return (y, x, sy, sx, n) => castRow<f32, bool>(y, x, sy, sx, n);
  return null;
}

/** The loop of a frequent pair of types; null for the others, which go through `castAny`. */
export function castOfPair(ty: i32, tx: i32): Cast | null {
  if (tx == F32) return castFromF32(ty);
  if (ty == F32) return castToF32(tx);
  if (ty == I64 && tx == F64) return (y, x, sy, sx, n) => castRow<i64, f64>(y, x, sy, sx, n);
  if (ty == F64 && tx == I64) return (y, x, sy, sx, n) => castRow<f64, i64>(y, x, sy, sx, n);
  if (ty == I64 && tx == I32) return (y, x, sy, sx, n) => castRow<i64, i32>(y, x, sy, sx, n);
  if (ty == I32 && tx == I64) return (y, x, sy, sx, n) => castRow<i32, i64>(y, x, sy, sx, n);
  if (ty == I64 && tx == BOOL) return (y, x, sy, sx, n) => castRow<i64, bool>(y, x, sy, sx, n);
  return null;
}
