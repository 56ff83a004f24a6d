/** Memory of the library's own that lives across steps, whatever scopes a training loop opens. */
import type { DType } from "../../core/dtype";
import { sizeOf } from "../../core/dtype";
import { contiguousStrides, sizeOfShape } from "../../core/shape";
import { resolveDevice } from "../../tensor/device";
import { Storage } from "../../tensor/storage";
import { Tensor } from "../../tensor/tensor";

/** A contiguous tensor on part of the memory of another, which no scope gives back. */
export const windowOf = (x: Tensor, offset: number, shape: readonly number[]): Tensor =>
  new Tensor(x.storage, x.dtype, shape, contiguousStrides(shape), x.offset + offset, false);

/** A tensor of zeros that no scope gives back. */
export function lasting(shape: readonly number[], dtype: DType): Tensor {
  const storage = new Storage(resolveDevice("zeros"), Math.max(1, sizeOfShape(shape)) * sizeOf(dtype));
  storage.watch();
  const x = new Tensor(storage, dtype, shape, contiguousStrides(shape), 0, false);
  x.isKept = true;
  x.zero_();
  return x;
}

/** Copies values, without history. */
export function copyValues(to: Tensor, from: Tensor): void {
  if (to.numel() === 0) return;
  to.storage.backend.copy(to, from);
  to.storage.version++;
}

/** Whether a tensor shows exactly the memory that another does. */
export const isSameMemory = (x: Tensor, y: Tensor): boolean =>
  x.storage === y.storage && x.offset === y.offset && x.dtype === y.dtype && x.isContiguous();

/** What the integers in `values` become on all ranks: a tensor for collectives, given back by the caller. */
export function integers(values: Iterable<number>): Tensor {
  const list = Int32Array.from(values);
  const x = lasting([list.length], "int32");
  if (list.length > 0) x.storage.backend.write(x.storage.block, "int32", 0, list);
  return x;
}
