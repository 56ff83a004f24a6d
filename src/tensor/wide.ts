/** Numbers that are computed in double precision and cast once. */
import { sizeOfShape } from "../core/shape";
import { allocate, vectorOf } from "./create";
import type { Tensor } from "./tensor";

/**
 * @internal Writes float64 numbers, cast to the dtype of a contiguous `x`, as many as it has elements. A device that lacks float64, or cannot be
 * written in place, gets them cast.
 */
export function writeWide(x: Tensor, write: (out: Float64Array) => void): void {
  const { backend, block } = x.storage;
  const n = sizeOfShape(x.shape);
  const wide = vectorOf("float64", n, backend.readsAtOnce ? x : undefined, write);
  if (backend.readsAtOnce) backend.copy(x, wide);
  else if (n > 0) {
    const cast = allocate(wide.shape, x.dtype, wide);
    wide.storage.backend.copy(cast, wide);
    backend.write(block, x.dtype, x.offset, wide.storage.backend.view(cast.storage.block, x.dtype, 0, n));
    cast.dispose();
  }
  wide.dispose();
}
