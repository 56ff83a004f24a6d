/** Indices and lengths as users give them: numbers, in arrays, typed arrays or tensors. */

import { isFloat } from "../core/dtype";
import { ArgumentError, DTypeError, describe, ShapeError, ValueError } from "../core/errors";
import { within } from "../core/signature";
import { Tensor } from "../tensor/tensor";

/** The greatest number of indices of a pass: that of the elements of a tensor of all memory. */
export const MOST_INDICES = 2 ** 29 - 1;

/** Values of a 1-d tensor, or of a list, as an array. Other iterables stay what they are. @throws ShapeError for other tensors. */
export function listOf<T>(op: string, name: string, values: T): T | unknown[] {
  if (values instanceof Tensor) {
    if (values.ndim !== 1)
      throw new ShapeError(`${op}: ${name} must be a 1-d tensor, got one of shape [${values.shape.join(", ")}]`);
    return values.detach().tolist() as unknown[];
  }
  return ArrayBuffer.isView(values) && !(values instanceof DataView)
    ? Array.from(values as unknown as ArrayLike<number | bigint>, Number)
    : values;
}

/** Indices of samples as an array of integers. @throws ArgumentError, or DTypeError for a tensor of floats. */
export function indicesOf(op: string, name: string, values: unknown): readonly number[] {
  if (values instanceof Tensor && (isFloat(values.dtype) || values.dtype === "bool"))
    throw new DTypeError(`${op}: ${name} must be integers, got a ${values.dtype} tensor`);
  const list = listOf(op, name, values);
  if (!Array.isArray(list))
    throw new ArgumentError(`${op}: ${name} must be an array of integers, got ${describe(list)}`);
  const wrong = list.findIndex((value) => !Number.isInteger(value));
  if (wrong >= 0) throw new ArgumentError(`${op}: ${name}[${wrong}] must be an integer, got ${describe(list[wrong])}`);
  return list as number[];
}

/** An index that a sampler gave; of a tensor with one element, its value. Keys of other kinds are left to the data set. */
export const plainIndex = (index: unknown): unknown =>
  index instanceof Tensor && index.numel() === 1 ? index.item() : index;

/** The indices of a batch. @throws ArgumentError unless they are a list. */
export function plainBatch(batch: unknown): readonly unknown[] {
  const list = listOf("DataLoader", "a batch of batchSampler", batch);
  if (!Array.isArray(list))
    throw new ArgumentError(`DataLoader: batchSampler must give arrays of indices, got ${describe(batch)}`);
  return list.some((index) => index instanceof Tensor) ? list.map(plainIndex) : list;
}

/** The length of a data set. @throws ArgumentError if it has none, ValueError unless it is a count. */
export function lengthOfSource(op: string, source: unknown, most: number = Number.MAX_SAFE_INTEGER): number {
  const length = within(op, () => (source as { length?: unknown } | null | undefined)?.length);
  if (typeof length !== "number")
    throw new ArgumentError(`${op}: takes a data set with a length, got ${describe(source)}`);
  if (!Number.isInteger(length) || length < 0 || length > most)
    throw new ValueError(`${op}: the length of a data set must be an integer from 0 to ${most}, got ${length}`);
  return length;
}
