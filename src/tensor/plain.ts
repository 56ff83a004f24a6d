/** Stored elements as plain values. */
import type { DType } from "../core/dtype";

/** Reads the bits of a float16 or bfloat16. */
export function halfDecoder(dtype: DType): (bits: number) => number {
  const scratch = new DataView(new ArrayBuffer(4));
  if (dtype === "bfloat16")
    return (bits) => {
      scratch.setUint32(0, bits * 65536);
      return scratch.getFloat32(0);
    };
  return (bits) => {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const sign = bits & 0x8000 ? -1 : 1;
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
  };
}

/** The value of an element as JavaScript has it: a bigint only beyond 2^53. */
export function toPlain(value: number | bigint, dtype: DType): number | bigint | boolean {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (dtype === "bool") return value !== 0;
  return dtype === "float16" || dtype === "bfloat16" ? halfDecoder(dtype)(value) : value;
}
