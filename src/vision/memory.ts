/** Bytes of pictures where kernels see them. */
import { allocate } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";

/** Bytes behind a picture that kernels may read. */
const SLACK = 16;

/** Room for bytes that kernels may read a little more of. */
export const roomFor = (bytes: number): Tensor => allocate([bytes + SLACK], "uint8");

/** The samples of a picture in the memory of kernels. */
export function bytesInMemory(data: Uint8Array): Tensor {
  const x = roomFor(data.length);
  x.storage.backend.write(x.storage.block, "uint8", 0, data);
  return x;
}

/** The first `length` bytes of what kernels made, which is let go. */
export function bytesFrom(x: Tensor, length: number): Uint8Array {
  const { backend, block } = x.storage;
  const out = (backend.view(block, "uint8", 0, length) as Uint8Array).slice();
  x.dispose();
  return out;
}
