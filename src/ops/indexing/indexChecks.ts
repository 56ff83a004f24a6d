/** What ops that move elements by index share: an axis as the middle of three, and the checks of indices. */

import { legacyName } from "../../core/dtype";
import { DTypeError, IndexError } from "../../core/errors";
import { sizeOfShape, wrapDim } from "../../core/shape";
import type { Typed } from "../../core/signatureTypes";
import { allocate } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkFits, checkSameDevice, checkTensor } from "../builders/checks";
import { cast, computeType } from "../builders/define";

/** A contiguous tensor seen as [outer, n, inner]. */
export interface Axis {
  readonly dim: number;
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
}

/** Axis `dim` of a shape as the middle of three; a 0-d tensor counts as [1]. */
export function axisOf(op: string, shape: readonly number[], dim: number): Axis {
  const d = wrapDim(op, dim, shape.length);
  return { dim: d, outer: sizeOfShape(shape.slice(0, d)), n: shape[d] ?? 1, inner: sizeOfShape(shape.slice(d + 1)) };
}

/** `x` without history, in row-major order. */
export const dense = (x: Tensor): Tensor => (x.isContiguous() ? x : x.detach().contiguous());

/** @throws DTypeError unless `index` holds int64 or int32; one of no elements may have any dtype. */
export function checkIndexType(op: string, index: Tensor, like: Tensor): void {
  checkTensor(op, index, "index");
  checkSameDevice(op, like, index);
  if (index.dtype !== "int64" && index.dtype !== "int32" && index.numel() > 0)
    throw new DTypeError(
      `${op}: Expected dtype int64 (or int32) for index, got ${legacyName(index.dtype)}; cast it with x.long()`,
    );
}

/**
 * `index` as kernels want it: int64, contiguous, every element in [low, size).
 * @throws IndexError naming the first index that is not, and the size.
 */
export function checkedIndex(op: string, index: Tensor, size: number, dim: number, low = 0): Tensor {
  const flat = dense(cast(index, "int64"));
  const { backend } = flat.storage;
  const error = (bad: number): IndexError => {
    const value = backend.readsAtOnce ? flat.reshape(-1).select(0, bad).item() : `number ${bad}`;
    return new IndexError(`${op}: index ${value} is out of bounds for dimension ${dim} with size ${size}`);
  };
  // That there is nothing to choose from is known without a look.
  const isHopeless = size === 0 && flat.numel() > 0;
  const bad = isHopeless ? 0 : backend.firstInvalid({ kind: "indices", x: flat, low, high: size }, error);
  if (bad >= 0) throw error(bad);
  return flat;
}

/** Like {@link checkedIndex}, with negative indices counted from the end and made positive. */
export function wrappedIndex(op: string, index: Tensor, size: number, dim: number): Tensor {
  const flat = dense(cast(index, "int64"));
  const { backend } = flat.storage;
  // Where nobody can look, any index may be negative.
  const isPlain = backend.readsAtOnce && backend.firstInvalid({ kind: "indices", x: flat, low: 0, high: size }) < 0;
  if (isPlain || flat.numel() === 0) return flat;
  return checkedIndex(op, flat, size, dim, -size).remainder(size);
}

/** A copy of `x` with its own contiguous memory, perhaps in another dtype, without history. */
export function copyOf(x: Tensor, dtype = x.dtype): Tensor {
  const y = allocate(x.shape, dtype, x);
  x.storage.backend.copy(y, x);
  return y;
}

/**
 * `op` with a way to write its result straight over its first operand, for the in-place form: where that lies contiguously, needs no wider
 * dtype to compute in, and shares its memory with no other operand.
 */
export function writing<S extends string, F extends (x: Tensor, ...args: any[]) => Tensor>(
  name: string,
  { signature, implementation }: Typed<S, F>,
  write: (...args: Parameters<F>) => void,
): Typed<S, F> & { into: (out: Tensor, ...args: Parameters<F>) => void } {
  const into = (out: Tensor, ...all: Parameters<F>): void => {
    const [x, ...args] = all;
    const isPlain = x.isContiguous() && x.dtype !== "bool" && computeType(x.dtype) === x.dtype;
    const isShared = args.flat().some((arg) => arg instanceof Tensor && arg.storage === x.storage);
    if (isPlain && !isShared) {
      write(...all);
      return;
    }
    const y = implementation(...all) as Tensor;
    checkFits(name, out, y.shape, y.dtype);
    out.storage.backend.copy(out, y);
    y.dispose();
  };
  return { signature, implementation, into };
}
