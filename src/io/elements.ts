/** Elements of files and of other libraries, as tensors keep them: types that there are none of are widened to one that holds all of their values. */
import { type DType, isDType, sizeOf } from "../core/dtype";
import { allocate } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";

/** What elements may be: a dtype, or a type without a sign, which tensors keep in the next larger dtype. */
export type ElementType = DType | "uint16" | "uint32" | "uint64";

const kept: Readonly<Record<string, DType>> = { uint16: "int32", uint32: "int64", uint64: "int64" };

/** The dtype of a tensor of such elements. uint64 goes to int64, where its values fit. */
export const keptAs = (type: ElementType): DType => (isDType(type) ? type : kept[type]!);

/** Bytes of an element outside. */
export const widthOf = (type: ElementType): number =>
  isDType(type) ? sizeOf(type) : { uint16: 2, uint32: 4, uint64: 8 }[type];

/**
 * The bytes of elements as a tensor keeps them: little-endian, of {@link keptAs}.
 * @param bytes Little-endian, at the beginning of their buffer or at a multiple of the width.
 * @param fail Makes the error for the element at an index within `bytes` that cannot be kept.
 */
export function keptBytes(
  type: ElementType,
  bytes: Uint8Array,
  fail: (index: number, why: string) => Error,
): Uint8Array {
  const { buffer, byteOffset, byteLength } = bytes;
  const n = byteLength / widthOf(type);
  if (type === "bool") {
    const at = bytes.findIndex((byte) => byte > 1);
    if (at >= 0) throw fail(at, `is ${bytes[at]}; a truth value is 0 or 1`);
  }
  if (type === "uint64") {
    const halves = new Uint32Array(buffer, byteOffset, 2 * n);
    for (let i = 1; i < halves.length; i += 2)
      if (halves[i]! >= 2 ** 31)
        throw fail(
          i >> 1,
          `is ${(BigInt(halves[i]!) << 32n) | BigInt(halves[i - 1]!)}; uint64 is kept as int64, which ends at ${2n ** 63n - 1n}`,
        );
  }
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

/** The memory of a contiguous tensor of the cpu, as bytes. */
export const memoryOf = (x: Tensor): Uint8Array =>
  x.storage.backend.view(
    x.storage.block,
    "uint8",
    x.offset * sizeOf(x.dtype),
    x.numel() * sizeOf(x.dtype),
  ) as Uint8Array;

/** Elements that are read at a time, in bytes. */
const PIECE = 4 << 20;

/** Gives the next bytes of a file. */
export interface ByteStream {
  /** @param into Where they go; the result is its beginning then. The result is not to be changed without it. @throws FormatError beyond the end. */
  take(length: number, into?: Uint8Array): Promise<Uint8Array>;
}

/** How elements lie in a file. */
export interface Layout {
  readonly type: ElementType;
  readonly isBigEndian?: boolean;
}

/**
 * A tensor of `shape` whose elements are the next ones of a stream; they go into its memory with no more than a piece beside it. It is known that
 * they are there.
 */
export async function readTensor(
  stream: ByteStream,
  shape: readonly number[],
  { type, isBigEndian = false }: Layout,
  fail: (index: number, why: string) => Error,
): Promise<Tensor> {
  const x = allocate(shape, keptAs(type));
  let isWhole = false;
  try {
    const memory = memoryOf(x);
    const width = widthOf(type);
    const isPlain = keptAs(type) === type && (!isBigEndian || width === 1);
    const count = x.numel();
    const step = PIECE / width;
    const buffer = isPlain ? undefined : new Uint8Array(Math.min(count, step) * width);
    for (let at = 0; at < count; at += step) {
      const n = Math.min(step, count - at);
      const place = buffer?.subarray(0, n * width) ?? memory.subarray(at * width, (at + n) * width);
      const bytes = await stream.take(n * width, place);
      if (isBigEndian) swapBytes(bytes, width);
      const own = keptBytes(type, bytes, (index, why) => fail(at + index, why));
      if (buffer !== undefined) memory.set(own, at * sizeOf(x.dtype));
    }
    isWhole = true;
    return x;
  } finally {
    if (!isWhole) x.dispose();
  }
}

/** The memory of a tensor in pieces, which stay as they are. `x` is contiguous. */
export function* piecesOf(x: Tensor): Generator<Uint8Array> {
  const bytes = memoryOf(x);
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.slice(at, Math.min(at + PIECE, bytes.length));
}
