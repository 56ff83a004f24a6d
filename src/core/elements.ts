/** Elements of files and of other libraries, as tensors keep them: types that there are none of are widened to one that holds all of their values. */
import { type DType, isDType, sizeOf } from "./dtype";

/** What elements may be: a dtype, or a type without a sign, which tensors keep in the next larger dtype. */
export type ElementType = DType | "uint16" | "uint32" | "uint64";

const kept: Readonly<Record<string, DType>> = { uint16: "int32", uint32: "int64", uint64: "int64" };

/** The dtype of a tensor of such elements. uint64 goes to int64, where its values fit. */
export const keptAs = (type: ElementType): DType => (isDType(type) ? type : kept[type]!);

/** Bytes of an element outside. */
export const widthOf = (type: ElementType): number =>
  isDType(type) ? sizeOf(type) : { uint16: 2, uint32: 4, uint64: 8 }[type];

/** Why the element at an index cannot be kept. */
export type ElementFailure = (index: number, why: string) => Error;

/**
 * Elements whose bits alone do not make them values of a tensor: truth values other than 0 and 1, and numbers that int64 does not hold.
 * @param bytes Little-endian.
 */
export function checkElements(type: ElementType, bytes: Uint8Array, fail: ElementFailure): void {
  if (type === "bool") {
    const at = bytes.findIndex((byte) => byte > 1);
    if (at >= 0) throw fail(at, `is ${bytes[at]}; a bool is 0 or 1`);
  }
  if (type !== "uint64") return;
  for (let at = 7; at < bytes.length; at += 8) {
    if (bytes[at]! < 128) continue;
    const value = new DataView(bytes.buffer, bytes.byteOffset + at - 7).getBigUint64(0, true);
    throw fail(at >> 3, `is ${value}; uint64 is kept as int64, which ends at ${2n ** 63n - 1n}`);
  }
}

/**
 * The bytes of elements as a tensor keeps them: little-endian, of {@link keptAs}.
 * @param bytes Little-endian, at the beginning of their buffer or at a multiple of the width.
 * @param fail Makes the error for the element at an index within `bytes` that cannot be kept.
 */
export function keptBytes(type: ElementType, bytes: Uint8Array, fail: ElementFailure): Uint8Array {
  checkElements(type, bytes, fail);
  const { buffer, byteOffset, byteLength } = bytes;
  const n = byteLength / widthOf(type);
  if (type === "uint16") return new Uint8Array(Int32Array.from(new Uint16Array(buffer, byteOffset, n)).buffer);
  if (type !== "uint32") return bytes;
  const values = new Uint32Array(buffer, byteOffset, n);
  const wide = new Uint32Array(2 * n);
  for (let i = 0; i < n; i++) wide[2 * i] = values[i]!;
  return new Uint8Array(wide.buffer);
}

/** Turns the bytes of every element around, in place. */
export function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}
