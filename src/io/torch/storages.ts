/** Reads the memory of tensors from a file straight into that of a device. */
import { sizeOf } from "../../core/dtype";
import { Storage } from "../../tensor/storage";
import type { Locate } from "./location";
import type { StorageRef } from "./refs";
import { swapped } from "./values";

/**
 * Gives a storage its memory and fills it. The memory may move while the file is read, so every piece goes through `write`.
 * @param pieces The bytes in order, as many as the storage has.
 */
export async function fillStorage(
  ref: StorageRef,
  pieces: AsyncIterable<Uint8Array>,
  locate: Locate,
  isBigEndian: boolean,
): Promise<void> {
  const backend = locate(ref);
  const storage = new Storage(backend, Math.max(1, ref.count) * sizeOf(ref.dtype));
  // Held until all tensors are made.
  storage.retain();
  ref.storage = storage;
  const size = sizeOf(ref.dtype);
  let at = 0;
  // Pieces may end within an element.
  for await (const piece of isBigEndian && size > 1 ? turned(pieces, ref.bytes, size) : pieces) {
    backend.write(storage.block, "uint8", at, ref.dtype === "bool" ? asBools(piece) : piece);
    at += piece.length;
  }
  // What no element uses is not left to chance.
  if (ref.count === 0) backend.write(storage.block, "uint8", 0, new Uint8Array(sizeOf(ref.dtype)));
}

/** Kernels rely on a bool being 0 or 1. PyTorch takes other bytes for true. */
const asBools = (bytes: Uint8Array): Uint8Array =>
  bytes.some((byte) => byte > 1) ? bytes.map((byte) => Number(byte !== 0)) : bytes;

/** All bytes at once, those of each element in the other order. */
async function* turned(pieces: AsyncIterable<Uint8Array>, count: number, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new Uint8Array(count);
  let at = 0;
  for await (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  yield swapped(bytes, size);
}
