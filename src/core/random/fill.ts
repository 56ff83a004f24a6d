/** What the distributions write into, and how. */
import { type DType, isFloat, type TypedArray } from "../dtype";

/** A contiguous range of a float tensor's memory. */
export type FloatArray = Float32Array | Float64Array;

/** A contiguous range of any tensor's memory, except of the 16-bit floats. */
export type FillableArray = Exclude<TypedArray, Uint16Array>;

/** Writes one number from `draw` into each element, in order. Integers beyond 2^53 in magnitude are not for this. */
export function fill(out: FillableArray, draw: () => number): void {
  if (out instanceof BigInt64Array) fillInt64(out, draw);
  else for (let i = 0; i < out.length; i++) out[i] = draw();
}

/** Writes the halves apart, since a bigint per element costs an allocation. Wasm memory is little-endian. */
function fillInt64(out: BigInt64Array, draw: () => number): void {
  const halves = new Int32Array(out.buffer, out.byteOffset, 2 * out.length);
  for (let i = 0; i < halves.length; i += 2) {
    const value = draw();
    halves[i] = value;
    halves[i + 1] = Math.floor(value / 2 ** 32);
  }
}

/** Writes one bigint from `draw` into each element, in order; smaller integer types keep the low bits. */
export function fillBig(out: FillableArray, draw: () => bigint): void {
  if (out instanceof BigInt64Array) for (let i = 0; i < out.length; i++) out[i] = draw();
  else for (let i = 0; i < out.length; i++) out[i] = Number(draw());
}

/** Bits of the significand: integers up to 2^bits are exact in the type. */
const significand: Partial<Record<DType, number>> = { float16: 11, bfloat16: 8, float32: 24, float64: 53 };
const largest: Partial<Record<DType, bigint>> = {
  int64: (1n << 63n) - 1n,
  int32: (1n << 31n) - 1n,
  int16: 32767n,
  int8: 127n,
  uint8: 255n,
  bool: 1n,
};

/** The largest value that `random_` draws for a type: the type's maximum, for floats the last of the exact integers. */
export function largestInteger(dtype: DType): bigint {
  return isFloat(dtype) ? 1n << BigInt(significand[dtype]!) : largest[dtype]!;
}

export const significandBits = (dtype: DType): number => significand[dtype] ?? 64;
