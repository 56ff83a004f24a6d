/** Single elements by type code: for the types that have no loop of their own; and sizes. */
import { BF16, BOOL, F16, F32, F64, I8, I16, I32, I64 } from "./dtype";
import { bfloatToFloat, floatToBfloat, floatToHalf, halfToFloat } from "./half";

/** Size in bytes of `n` elements of `T`; n may be negative. */
// @ts-ignore: decorator
@inline
export function span<T>(n: i32): usize {
  return <usize>n * sizeof<T>();
}

/** Bytes of an element of type code t. */
export function bytesOf(t: i32): usize {
  if (t == F64 || t == I64) return 8;
  if (t == F32 || t == I32) return 4;
  return t == I16 || t == F16 || t == BF16 ? 2 : 1;
}

/** The element of type t at x, if that is a float. */
export function loadFloat(t: i32, x: usize): f64 {
  if (t == F32) return load<f32>(x);
  if (t == F64) return load<f64>(x);
  return t == F16 ? halfToFloat(load<u16>(x)) : bfloatToFloat(load<u16>(x));
}

/** The element of type t at x, if that is an integer or bool. */
export function loadInteger(t: i32, x: usize): i64 {
  if (t == I64) return load<i64>(x);
  if (t == I32) return load<i32>(x);
  if (t == I16) return load<i16>(x);
  return t == I8 ? <i64>load<i8>(x) : <i64>load<u8>(x);
}

/** float16 and bfloat16 are made from f32, so f64 rounds twice, as in PyTorch. */
export function storeFloat(t: i32, y: usize, value: f64): void {
  if (t == F32) store<f32>(y, <f32>value);
  else if (t == F64) store<f64>(y, value);
  else store<u16>(y, t == F16 ? floatToHalf(<f32>value) : floatToBfloat(<f32>value));
}

export function storeInteger(t: i32, y: usize, value: i64): void {
  if (t == BOOL) store<u8>(y, <u8>(value != 0));
  else if (t == I64) store<i64>(y, value);
  else if (t == I32) store<i32>(y, <i32>value);
  else if (t == I16) store<i16>(y, <i16>value);
  else store<u8>(y, <u8>value);
}

/** Whether type t holds floats. */
export function isFloating(t: i32): bool {
  return t <= F64 || t >= F16;
}
