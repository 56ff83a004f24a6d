/** Tensors from other memory, of other layouts, and over ranges that include their end. */
import { checkInteger, checkIntegers, checkNumber, MAX_COUNT } from "../../core/arguments";
import { arrayOf, checkDType, type DType, getDefaultDtype, sizeOf } from "../../core/dtype";
import { ArgumentError, describe, ShapeError, ValueError } from "../../core/errors";
import { checkSize, sizeOfShape } from "../../core/shape";
import { named } from "../../core/signature";
import { allocateFor, type CreateOptions, finish, type TensorData, tensor, windowOn } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { detach, to } from "./copy";

/** Options of {@link asarray}. */
export interface AsarrayOptions extends CreateOptions {
  /** true: always copy; false: an error where memory cannot be shared, which it can with tensors only. Default: copy where it is needed. */
  copy?: boolean | null;
}

/**
 * `obj` as a tensor: one that shares its memory if it is a tensor of the dtype and device asked for, else a copy. Unless `requiresGrad` is set the result is
 * outside of the graph.
 * @see torch.asarray
 */
export const asarray = named(
  "asarray",
  "obj;; dtype, device, copy, requiresGrad",
  (obj: Tensor | TensorData | readonly unknown[], options: AsarrayOptions = {}): Tensor => {
    const { copy = null, requiresGrad = false, ...target } = options;
    if (!(obj instanceof Tensor)) {
      if (copy === false) throw new ValueError("asarray: can't alias arbitrary sequence into a tensor.");
      return tensor(obj, { ...target, requiresGrad });
    }
    const x = to(checkTensor("asarray", obj, "obj"), { ...target, copy: copy === true });
    if (copy === false && x.storage !== obj.storage)
      throw new ValueError(`asarray: can't alias tensor with dtype '${obj.dtype}' into dtype '${x.dtype}'.`);
    if (requiresGrad) return x.requiresGrad ? x : x.requiresGrad_();
    return x.requiresGrad ? detach(x) : x;
  },
);

/** Options of {@link frombuffer}. */
export interface FrombufferOptions {
  dtype: DType;
  /** How many elements to read; −1 for all. Default: −1. */
  count?: number;
  /** Bytes to skip at the beginning. Default: 0. */
  offset?: number;
  requiresGrad?: boolean;
}

function bytesOf(buffer: unknown): Uint8Array {
  if (ArrayBuffer.isView(buffer)) return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  if (/^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(buffer)))
    return new Uint8Array(buffer as ArrayBuffer);
  throw new ArgumentError(`frombuffer: buffer must be an ArrayBuffer or a view of one, got ${describe(buffer)}`);
}

/** How many elements a request for `count` of them reads. @throws ValueError with PyTorch's words. */
function elementCount(bytes: number, count: number, offset: number, size: number): number {
  if (bytes === 0 || count === 0)
    throw new ValueError(`frombuffer: both buffer length (${bytes}) and count (${count}) must not be 0`);
  if (offset < 0 || offset >= bytes)
    throw new ValueError(
      `frombuffer: offset (${offset} bytes) must be non-negative and no greater than buffer length (${bytes} bytes) minus 1`,
    );
  const left = bytes - offset;
  if (count < 0 && left % size !== 0)
    throw new ValueError(
      `frombuffer: buffer length (${left} bytes) after offset (${offset} bytes) must be a multiple of element size (${size})`,
    );
  if (count > 0 && count * size > left)
    throw new ValueError(
      `frombuffer: requested buffer length (${count} * ${size} bytes) after offset (${offset} bytes) must not be greater than actual buffer length (${bytes} bytes)`,
    );
  return count < 0 ? left / size : count;
}

/**
 * A vector with a copy of the bytes of a buffer, read as numbers of `dtype`. (PyTorch shares the memory; tensors here have memory of their own: fromNumpy shares what came from x.numpy().)
 * @see torch.frombuffer
 * @example torch.frombuffer(await file.arrayBuffer(), { dtype: torch.float32, offset: 16 })
 */
export const frombuffer = named(
  "frombuffer",
  "buffer;; dtype, count, offset, requiresGrad",
  (buffer: ArrayBufferLike | ArrayBufferView, options?: FrombufferOptions): Tensor => {
    const op = "frombuffer";
    const bytes = bytesOf(buffer);
    if (options?.dtype === undefined) throw new ArgumentError(`${op}: missing argument dtype`);
    const dtype = checkDType(op, options?.dtype);
    const count = checkInteger(op, "count", options?.count ?? -1, -MAX_COUNT, MAX_COUNT);
    const offset = checkInteger(op, "offset", options?.offset ?? 0);
    const n = elementCount(bytes.length, count, offset, sizeOf(dtype));
    const x = allocateFor(op, [n], { dtype }, dtype);
    const copy = bytes.slice(offset, offset + n * sizeOf(dtype));
    x.storage.backend.write(x.storage.block, dtype, 0, new (arrayOf(dtype))(copy.buffer, 0, n));
    return finish(x, { requiresGrad: options?.requiresGrad ?? false });
  },
);

/** A tensor of unspecified values with memory for a window of this size and these strides. */
export function strided(
  op: string,
  size: readonly number[],
  stride: readonly number[],
  options: CreateOptions,
  dtype: DType,
) {
  const shape = checkSize(op, [checkIntegers(op, "size", size)]);
  const strides = checkIntegers(op, "stride", stride, 0, MAX_COUNT);
  if (strides.length !== shape.length)
    throw new ShapeError(
      `${op}: dimensionality of sizes (${shape.length}) must match dimensionality of strides (${strides.length})`,
    );
  const room = sizeOfShape(shape) === 0 ? 0 : shape.reduce((sum, n, i) => sum + (n - 1) * strides[i]!, 1);
  const memory = allocateFor(op, checkSize(op, [[room]]), options, dtype);
  const x = windowOn(memory, shape, strides, 0);
  memory.dispose();
  return finish(x, options);
}

/** A tensor of unspecified values with the strides given. @see torch.empty_strided */
export const emptyStrided = named(
  "emptyStrided",
  "size, stride;; dtype, device, requiresGrad",
  (size: readonly number[], stride: readonly number[], options: CreateOptions = {}): Tensor =>
    strided("emptyStrided", size, stride, options, getDefaultDtype()),
);

/**
 * Numbers from `start` to `end` with the end, where it is met; of the default dtype, also if all are integral.
 * @see torch.range @see arange, which PyTorch recommends
 */
export const range = named(
  "range",
  "start, end, step?;; dtype, device, requiresGrad",
  (first: number, last: number, by = 1, options: CreateOptions = {}): Tensor => {
    const bound = (name: string, value: unknown): number => checkNumber("range", name, value);
    const [start, end, step] = [bound("start", first), bound("end", last), bound("step", by)];
    if (![start, end, step].every(Number.isFinite))
      throw new ValueError(`range: unsupported range: ${start} -> ${end}`);
    if (step === 0) throw new ValueError("range: step must be nonzero");
    if (step > 0 !== end > start && start !== end)
      throw new ValueError("range: upper bound and lower bound inconsistent with step sign");
    const n = checkInteger("range", "the number of elements", Math.floor((end - start) / step) + 1, 0, MAX_COUNT);
    const y = allocateFor("range", [n], options, getDefaultDtype());
    y.storage.backend.run("arange", { y, start, step });
    return finish(y, options);
  },
);
