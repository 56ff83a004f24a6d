/** Samples into batches. */

import { record } from "../autograd/node";
import { checkArray } from "../core/arguments";
import { isPlainObject } from "../core/binding";
import { nameOf } from "../core/className";
import { type DType, getDefaultDtype, promoteTypes, sizeOf, type TypedArray } from "../core/dtype";
import { ArgumentError, describe, ShapeError } from "../core/errors";
import { contiguousStrides, sameShape, shapeText, sizeOfShape } from "../core/shape";
import { type Declared, named } from "../core/signature";
import { allocate, tensor, writeValues } from "../tensor/create";
import { Tensor } from "../tensor/tensor";

/** What {@link defaultCollate} makes of samples of type T. */
export type Collated<T> = T extends Tensor | number | bigint | boolean | TypedArray | Uint8ClampedArray | Uint32Array
  ? Tensor
  : T extends string
    ? string[]
    : T extends ReadonlyMap<infer K, infer V>
      ? Map<K, Collated<V>>
      : T extends { readonly [stacked]: infer R }
        ? R
        : T extends object
          ? { -readonly [K in keyof T]: Collated<T[K]> }
          : unknown;

/** A key in types alone: what {@link defaultCollate} makes of samples of a class that {@link collateAs} makes known. */
export declare const stacked: unique symbol;

/** Makes a batch of samples of one class. @param at Where they are, for errors. */
type CollateClass = (samples: readonly any[], at: string) => unknown;

const classes = new Map<unknown, CollateClass>();

/** Makes a class of samples known to {@link defaultCollate}. */
export function collateAs<T>(
  type: abstract new (...args: any[]) => T,
  collate: (samples: T[], at: string) => unknown,
): void {
  classes.set(type, (samples, where) => {
    const wrong = samples.findIndex((sample) => !(sample instanceof type));
    if (wrong >= 0) throw mixed(wrong, where, `an instance of ${nameOf(type)}`, samples[wrong]);
    return collate(samples as T[], at(where));
  });
}

/** Makes the tensor that a batch is written into. */
export type BatchAllocator = (shape: readonly number[], dtype: DType, like?: Tensor) => Tensor;

let allocateBatch: BatchAllocator = allocate;

/** A tensor for a batch, in the memory that batches are to be written into. */
export const newBatch: BatchAllocator = (shape, dtype, like) => allocateBatch(shape, dtype, like);

/** Directs batches into other memory (that of another thread) until called without an allocator. */
export function setBatchAllocator(allocator: BatchAllocator = allocate): void {
  allocateBatch = allocator;
}

/**
 * A batch of samples of one structure. Tensors and typed arrays are stacked along a new first axis. Numbers become a
 * tensor: int64 if all of the batch are integral (class labels), else float32; bigints int64; booleans bool. Strings
 * stay an array. Arrays, plain objects and Maps are collated field by field. Pictures ({@link vision.Image}) of one mode and size become a
 * uint8 tensor of shape [samples, channels, height, width].
 *
 * PyTorch differs in numbers only: Python tells 1 from 1.0, JavaScript does not. Where a target may be integral by
 * chance, return a tensor or a `Float32Array` from `at`.
 * @see torch.utils.data.default_collate
 * @throws ShapeError naming the field if tensors or arrays have different sizes, ArgumentError for anything else.
 */
export const defaultCollate = named("defaultCollate", "batch", (samples: readonly unknown[]): unknown => {
  if (checkArray("defaultCollate", "batch", samples, "samples").length === 0)
    throw new ArgumentError("defaultCollate: there are no samples");
  return collate(samples, "");
}) as unknown as Declared &
  (<T>(batch: readonly T[]) => Collated<T>) &
  (<T>(options: { batch: readonly T[] }) => Collated<T>);

function collate(samples: readonly unknown[], path: string): unknown {
  const first = samples[0];
  if (first instanceof Tensor)
    return stack(
      samples.map((x, i) => expectTensor(x, i, path)),
      path,
    );
  if (ArrayBuffer.isView(first)) return stackArrays(samples as TypedArray[], path);
  if (typeof first === "string") return [...samples];
  if (typeof first === "number" || typeof first === "bigint" || typeof first === "boolean")
    return scalars(samples, path);
  if (Array.isArray(first)) return collateArrays(samples, first.length, path);
  if (first instanceof Map) return collateMaps(samples, first, path);
  const ofClass = typeof first === "object" && first !== null ? classes.get(first.constructor) : undefined;
  if (ofClass !== undefined) return ofClass(samples, path);
  if (isPlainObject(first))
    return Object.fromEntries(
      Object.keys(first).map((key) => [
        key,
        collate(
          samples.map((s, i) => fieldOf(s, key, i, path)),
          `${path}.${key}`,
        ),
      ]),
    );
  throw new ArgumentError(
    `defaultCollate: batch must contain tensors, typed arrays, numbers, booleans, strings, arrays, plain objects or Maps; found ${describe(first)}${at(path)}`,
  );
}

const at = (path: string): string => (path === "" ? "" : ` in the field ${path}`);

function mixed(i: number, path: string, first: string, found: unknown): ArgumentError {
  return new ArgumentError(
    `defaultCollate: sample 0 has ${first}${at(path)}, sample ${i} of the batch has ${describe(found)}`,
  );
}

function expectTensor(x: unknown, i: number, path: string): Tensor {
  if (x instanceof Tensor) return x;
  throw mixed(i, path, "a tensor", x);
}

function fieldOf(sample: unknown, key: string, i: number, path: string): unknown {
  if (isPlainObject(sample) && Object.hasOwn(sample, key)) return sample[key];
  throw mixed(i, path, `an object with the field ${key}`, sample);
}

function collateMaps(samples: readonly unknown[], first: ReadonlyMap<unknown, unknown>, path: string): unknown {
  const keys = [...first.keys()];
  return new Map(
    keys.map((key) => {
      const name = `.get(${describe(key)})`;
      const values = samples.map((sample, i) => {
        if (sample instanceof Map && sample.has(key)) return sample.get(key);
        throw mixed(i, path, `a Map with the key ${describe(key)}`, sample);
      });
      return [key, collate(values, `${path}${name}`)];
    }),
  );
}

function collateArrays(samples: readonly unknown[], length: number, path: string): unknown[] {
  samples.forEach((sample, i) => {
    if (!Array.isArray(sample)) throw mixed(i, path, `an array of ${length}`, sample);
    if (sample.length !== length)
      throw new ShapeError(
        `defaultCollate: each element in list of batch should be of equal size${at(path)}: sample 0 has ${length}, sample ${i} has ${sample.length}`,
      );
  });
  return Array.from({ length }, (_, k) =>
    collate(
      (samples as unknown[][]).map((s) => s[k]),
      `${path}[${k}]`,
    ),
  );
}

function scalars(values: readonly unknown[], path: string): Tensor {
  const type = typeof values[0];
  values.forEach((value, i) => {
    if (typeof value !== type) throw mixed(i, path, `a ${type}`, value);
  });
  const isIntegral = type === "bigint" || values.every(Number.isInteger);
  const dtype = type === "boolean" ? "bool" : isIntegral ? "int64" : getDefaultDtype();
  const y = allocateBatch([values.length], dtype);
  writeValues(y, values as readonly number[]);
  return y;
}

function stackArrays(samples: readonly unknown[], path: string): Tensor {
  const rows = samples.map((x, i) => {
    if (!ArrayBuffer.isView(x)) throw mixed(i, path, "a typed array", x);
    return tensor(x as TypedArray);
  });
  const y = stack(rows, path);
  for (const row of rows) row.dispose();
  return y;
}

/**
 * Rows of elements of one dtype as a new tensor with a first axis for them: batches of samples that are no tensors.
 * @param rows Arrays whose elements are those of `shape`.
 */
export function batchOf(rows: readonly TypedArray[], dtype: DType, shape: readonly number[]): Tensor {
  const y = allocateBatch([rows.length, ...shape], dtype);
  const { backend, block } = y.storage;
  const size = sizeOfShape(shape);
  for (const [i, row] of rows.entries()) backend.write(block, dtype, y.offset + i * size, row);
  return y;
}

/** Stacks along a new first axis, differentiably; the dtype is the promotion of all. */
function stack(rows: readonly Tensor[], path: string): Tensor {
  const { shape } = rows[0]!;
  rows.forEach((row, i) => {
    if (!sameShape(row.shape, shape))
      throw new ShapeError(
        `defaultCollate: stack expects each tensor to be equal size, but got ${shapeText(shape)} at entry 0 and ${shapeText(row.shape)} at entry ${i}${at(path)}`,
      );
  });
  const dtype = rows.reduce<DType>((type, row) => promoteTypes(type, row.dtype), rows[0]!.dtype);
  const y = allocateBatch([rows.length, ...shape], dtype, rows[0]);
  const size = sizeOfShape(shape);
  rows.forEach((row, i) => void copyInto(y, i * size, row));
  return record(
    "StackBackward0",
    y,
    rows,
    [],
    rows.map((row, i) => (g) => g.select(0, i).to(row.dtype)),
  );
}

/** Writes the elements of `x` into the contiguous tensor `y`, from its element `start`. */
export function copyInto(y: Tensor, start: number, x: Tensor): void {
  const { storage, dtype } = y;
  const { backend } = storage;
  const offset = y.offset + start;
  if (x.dtype === dtype && x.device === "cpu" && x.isContiguous())
    backend.write(storage.block, dtype, offset, backend.view(x.storage.block, dtype, x.offset, x.numel()));
  else backend.copy({ storage, dtype, shape: x.shape, strides: contiguousStrides(x.shape), offset }, x);
}

/**
 * The rows `indices` of `x` as a batch, in one pass over memory. Undefined if there is a graph to record, or if the
 * layout asks for more than copying stretches of memory.
 */
export function gatherRows(x: Tensor, indices: readonly number[]): Tensor | undefined {
  if (x.requiresGrad || x.device !== "cpu" || !x.isContiguous()) return undefined;
  const [rows = 0, ...shape] = x.shape;
  const y = allocateBatch([indices.length, ...shape], x.dtype, x);
  const bytes = sizeOfShape(shape) * sizeOf(x.dtype);
  const { backend } = x.storage;
  const source = backend.view(x.storage.block, "uint8", x.offset * sizeOf(x.dtype), rows * bytes) as Uint8Array;
  const target = backend.view(y.storage.block, "uint8", 0, indices.length * bytes) as Uint8Array;
  indices.forEach((index, i) => {
    const start = (index < 0 ? index + rows : index) * bytes;
    target.set(source.subarray(start, start + bytes), i * bytes);
  });
  return y;
}

/**
 * A sample without batching: typed arrays become tensors, in arrays, objects and Maps too; the rest stays.
 * @see torch.utils.data.default_convert
 */
export const defaultConvert = named("defaultConvert", "data{}", (sample: unknown): unknown => converted(sample));

function converted(sample: unknown): unknown {
  if (ArrayBuffer.isView(sample)) return tensor(sample as TypedArray);
  if (Array.isArray(sample)) return sample.map(converted);
  if (sample instanceof Map) return new Map([...sample].map(([key, value]) => [key, converted(value)]));
  if (!isPlainObject(sample)) return sample;
  return Object.fromEntries(Object.entries(sample).map(([key, value]) => [key, converted(value)]));
}
