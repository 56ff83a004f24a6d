/** Elements of files on their way into the memory of tensors and out of it. */

import { sizeOf } from "../core/dtype";
import { type ElementFailure, type ElementType, keptAs, keptBytes, swapBytes, widthOf } from "../core/elements";
import { allocate } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";

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
  fail: ElementFailure,
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
