/** New tensors: from values, filled, and as views on the memory of others. */

import type { Device } from "../backend/backend";
import { isPlainObject } from "../core/binding";
import {
  arrayOf,
  checkDType,
  type DType,
  dtypes,
  getDefaultDtype,
  isFloat,
  isInteger,
  scalarType,
  sizeOf,
  type TypedArray,
} from "../core/dtype";
import { ArgumentError, DTypeError, describe, ShapeError, ValueError } from "../core/errors";
import { finfo, iinfo } from "../core/limits";
import { checkShape, checkSize, contiguousStrides, MAX_AXES, shapeText, sizeOfShape } from "../core/shape";
import { named } from "../core/signature";
import { resolveDevice } from "./device";
import { Storage } from "./storage";
import { type NestedArray, Tensor } from "./tensor";

/** Options of everything that makes a tensor. */
export interface CreateOptions {
  /** Default: float32 (see {@link setDefaultDtype}), unless the function says otherwise. */
  dtype?: DType;
  /** `"cpu"` (also called `"wasm"`), or `"webgpu"`. Default: `"cpu"`. */
  device?: Device | "wasm";
  /** Whether the new tensor is a leaf that collects its gradient. Default: false. */
  requiresGrad?: boolean;
}

export const createOptions = ["dtype", "device", "requiresGrad"] as const;

/** @internal An uninitialized contiguous tensor on the device of `like`, or on the cpu. */
export function allocate(shape: readonly number[], dtype: DType, like?: Tensor): Tensor {
  const backend = like === undefined ? resolveDevice("empty") : like.storage.backend;
  const storage = new Storage(backend, Math.max(1, sizeOfShape(shape)) * sizeOf(dtype));
  return new Tensor(storage, dtype, shape, contiguousStrides(shape));
}

/** @internal Another window on the memory of `x`, without history. */
export function windowOn(x: Tensor, shape: readonly number[], strides: readonly number[], offset: number): Tensor {
  return new Tensor(x.storage, x.dtype, shape, strides, offset);
}

/**
 * @internal A vector on the device of `like` whose elements `write` puts in order into the array it is given: the memory of the tensor itself
 * where that can be had, so that nothing is listed before it is known to fit.
 */
export function vectorOf<D extends keyof VectorArrays>(
  dtype: D,
  length: number,
  like: Tensor | undefined,
  write: (out: VectorArrays[D]) => void,
): Tensor {
  const x = allocate([length], dtype, like);
  const { backend, block } = x.storage;
  if (backend.readsAtOnce) {
    write(backend.view(block, dtype, 0, length) as VectorArrays[D]);
    return x;
  }
  const values = new (arrayOf(dtype))(new ArrayBuffer(length * sizeOf(dtype)), 0, length);
  write(values as VectorArrays[D]);
  backend.write(block, dtype, 0, values);
  return x;
}

/** The arrays that {@link vectorOf} gives, by dtype. */
interface VectorArrays {
  readonly int32: Int32Array;
  readonly float64: Float64Array;
  readonly uint8: Uint8Array;
}

/** @internal A tensor of `shape` with no initial values, from options that a user gave. */
export function allocateFor(op: string, shape: readonly number[], options: CreateOptions, fallback: DType): Tensor {
  const dtype = options.dtype === undefined ? fallback : checkDType(op, options.dtype);
  const backend = resolveDevice(op, options.device);
  return new Tensor(
    new Storage(backend, Math.max(1, sizeOfShape(shape)) * sizeOf(dtype)),
    dtype,
    shape,
    contiguousStrides(shape),
  );
}

const noOptions: object = Object.freeze({});

/** Splits `(2, 3, { dtype })` or `([2, 3], { dtype })` into a size and options, whose names have been checked. */
export function splitSize<O extends object>(op: string, args: readonly unknown[]): [number[], O] {
  const last = args.at(-1);
  const hasOptions = isPlainObject(last);
  const options = hasOptions ? (last as O) : undefined;
  const size = checkSize(op, (hasOptions ? args.slice(0, -1) : args) as (number | number[])[]);
  return [size, options ?? (noOptions as O)];
}

/** The size as numbers or as one array, then options. */
export type SizeArgs<O = CreateOptions> =
  | [...size: number[], options: O]
  | [size: readonly number[], options?: O]
  | number[];

/** A tensor of unspecified values. @see torch.empty */
export const empty = named("empty", "...size;; dtype, device, requiresGrad", (...args: SizeArgs): Tensor => {
  const [shape, options] = splitSize<CreateOptions>("empty", args);
  return finish(allocateFor("empty", shape, options, getDefaultDtype()), options);
});

/** @internal Applies `requiresGrad`. */
export function finish(x: Tensor, options: CreateOptions): Tensor {
  return options.requiresGrad ? x.requiresGrad_() : x;
}

/** The finite numbers that a dtype holds. The largest int64 is no number: 2^63 is excluded by {@link fits}. */
const ranges = new Map<DType, { readonly min: number | bigint; readonly max: number | bigint }>(
  dtypes.filter((dtype) => dtype !== "bool").map((dtype) => [dtype, isFloat(dtype) ? finfo(dtype) : iinfo(dtype)]),
);

/** Whether a number is so small, and a dtype so wide, that there is nothing to look up. */
const isCommon = (value: number | bigint, dtype: DType): boolean =>
  typeof value === "number" &&
  value >= -(2 ** 31) &&
  value <= 2 ** 31 - 1 &&
  (dtype === "float32" || dtype === "float64" || dtype === "int64" || dtype === "int32");

/** Whether a dtype holds a value; as in PyTorch, uint8 takes −255 to 255, and floating-point dtypes take what is not finite. */
function fits(value: number | bigint, dtype: DType): boolean {
  const { min, max } = ranges.get(dtype)!;
  if (isFloat(dtype)) return (value >= min && value <= max) || !Number.isFinite(Number(value));
  if (typeof value === "number" && typeof max === "bigint") return value >= -(2 ** 63) && value < 2 ** 63;
  const low = dtype === "uint8" && (typeof value === "bigint" || Number.isInteger(value)) ? -255 : min;
  return value >= low && value <= max;
}

/**
 * @internal Throws where a dtype cannot hold a value. The only check of its kind, for everything that writes a plain number.
 * @throws ValueError naming the value and the range.
 */
export function checkRange(op: string, value: number | bigint | boolean, dtype: DType): void {
  if (typeof value === "boolean" || dtype === "bool" || isCommon(value, dtype) || fits(value, dtype)) return;
  const { min, max } = ranges.get(dtype)!;
  throw new ValueError(
    `${op}: value cannot be converted to ${dtype} without overflow: got ${value}, ${dtype} holds ${min} to ${max}`,
  );
}

/**
 * @internal A plain value that is to be written into a tensor of `dtype`.
 * @throws ArgumentError unless it is a number, a boolean or a bigint, ValueError where the dtype cannot hold it.
 */
export function checkScalar(op: string, name: string, value: unknown, dtype: DType): number | bigint | boolean {
  if (typeof value !== "number" && typeof value !== "boolean" && typeof value !== "bigint")
    throw new ArgumentError(`${op}: ${name} must be a number, got ${describe(value)}`);
  checkRange(op, value, dtype);
  return value;
}

/**
 * @internal A value as {@link checkScalar} takes it, or a 0-d tensor, whose value is checked where it can be read at once.
 * @throws ShapeError for a tensor with axes.
 */
export function checkFill(op: string, value: unknown, dtype: DType): void {
  if (!(value instanceof Tensor)) {
    checkScalar(op, "value", value, dtype);
    return;
  }
  if (value.ndim !== 0)
    throw new ShapeError(
      `${op}: only supports a 0-dimensional value tensor, but got tensor with ${value.ndim} dimension(s).`,
    );
  if (value.dtype !== dtype && value.storage.backend.readsAtOnce) checkRange(op, value.item(), dtype);
}

/** @internal `x` filled with one value. */
export function filled(x: Tensor, value: number | bigint | boolean): Tensor {
  if (typeof value === "bigint" && !Number.isSafeInteger(Number(value)) && x.dtype === "int64")
    x.storage.backend.write(x.storage.block, "int64", x.offset, new BigInt64Array(x.numel()).fill(value));
  else x.storage.backend.fill(x, Number(value));
  return x;
}

/** A tensor of zeros. @see torch.zeros @example torch.zeros(2, 3) */
export const zeros = named("zeros", "...size;; dtype, device, requiresGrad", (...args: SizeArgs): Tensor => {
  const [shape, options] = splitSize<CreateOptions>("zeros", args);
  return finish(filled(allocateFor("zeros", shape, options, getDefaultDtype()), 0), options);
});

/** A tensor of ones. @see torch.ones @example torch.ones([2, 3], { dtype: torch.int64 }) */
export const ones = named("ones", "...size;; dtype, device, requiresGrad", (...args: SizeArgs): Tensor => {
  const [shape, options] = splitSize<CreateOptions>("ones", args);
  return finish(filled(allocateFor("ones", shape, options, getDefaultDtype()), 1), options);
});

/**
 * A tensor filled with `value`. Default dtype: bool for a boolean, int64 for an integral number, else float32.
 * @see torch.full
 */
export const full = named(
  "full",
  "size, fillValue;; dtype, device, requiresGrad",
  (size: readonly number[], value: number | bigint | boolean, options: CreateOptions = {}): Tensor => {
    const shape = checkSize("full", [size]);
    const dtype = options.dtype === undefined ? undefined : checkDType("full", options.dtype);
    checkScalar("full", "value", value, dtype ?? scalarType(value));
    return finish(filled(allocateFor("full", shape, options, scalarType(value)), value), options);
  },
);

/** Everything that {@link tensor} takes. */
export type TensorData = NestedArray | TypedArray | Float32Array | Uint8ClampedArray | Uint32Array;

/** What a typed array is, also where its class comes from elsewhere: a subclass, such as Node's Buffer, or another realm. */
const arrayName = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!
  .get!;

const arrayTypes = new Map<string, DType>([
  ["Float32Array", "float32"],
  ["Float64Array", "float64"],
  ["BigInt64Array", "int64"],
  ["Int32Array", "int32"],
  ["Int16Array", "int16"],
  ["Int8Array", "int8"],
  ["Uint8Array", "uint8"],
  ["Uint8ClampedArray", "uint8"],
]);

/**
 * A tensor with a copy of the values given: a number, nested arrays of one shape, a typed array, or nested arrays of tensors.
 *
 * Default dtype: numbers → float32 (JavaScript does not tell 1 from 1.0), booleans → bool, bigints → int64, a typed array → its own type.
 * @see torch.tensor
 * @throws ShapeError if the nesting is ragged.
 * @example
 * torch.tensor([[1, 2], [3, 4]]);
 * torch.tensor([1, 2], { dtype: torch.int64, requiresGrad: false });
 */
export const tensor = named(
  "tensor",
  "data;; dtype, device, requiresGrad",
  (data: TensorData | readonly unknown[], options: CreateOptions = {}): Tensor => {
    if (ArrayBuffer.isView(data)) return fromTypedArray(data as TypedArray, options);
    const shape = nestedShape(data);
    checkShape("tensor", shape);
    // The first pass says what there is, the second writes it where it belongs: values are never listed in between.
    const seen = { number: false, bigint: false, boolean: false };
    eachValue(data, shape, 0, (value) => {
      seen[typeof value as keyof typeof seen] = true;
    });
    const fallback = seen.number
      ? getDefaultDtype()
      : seen.bigint
        ? "int64"
        : seen.boolean
          ? "bool"
          : getDefaultDtype();
    const x = allocateFor("tensor", shape, options, fallback);
    writeEach(x, (put) => eachValue(data, shape, 0, put));
    return finish(x, options);
  },
);

type Plain = number | bigint | boolean;

/** Writes values, given in order, to a contiguous `x`. @throws ValueError for one that an integer dtype cannot hold. */
function writeEach(x: Tensor, values: (put: (value: Plain) => void) => void): void {
  const { backend, block } = x.storage;
  const isNarrow = isFloat(x.dtype) && sizeOf(x.dtype) === 2;
  const target = isNarrow ? allocate(x.shape, "float32", x) : x;
  const n = sizeOfShape(x.shape);
  const out = backend.readsAtOnce
    ? backend.view(target.storage.block, target.dtype, 0, n)
    : new (arrayOf(target.dtype))(new ArrayBuffer(n * sizeOf(target.dtype)), 0, n);
  let at = 0;
  const isChecked = isInteger(x.dtype);
  values(
    out instanceof BigInt64Array
      ? (value) => {
          checkRange("tensor", value, x.dtype);
          out[at++] = toBigInt(value);
        }
      : (value) => {
          if (isChecked) checkRange("tensor", value, x.dtype);
          out[at++] = x.dtype === "bool" ? Number(!!value) : Number(value);
        },
  );
  if (!backend.readsAtOnce) backend.write(target === x ? block : target.storage.block, target.dtype, 0, out);
  if (target === x) return;
  backend.copy(x, target);
  target.dispose();
}

function fromTypedArray(data: TypedArray, options: CreateOptions): Tensor {
  const own = arrayTypes.get(arrayName.call(data));
  if (own === undefined)
    throw new DTypeError(`tensor: no dtype for ${describe(data)}; it takes ${[...arrayTypes.keys()].join(", ")}`);
  if (data.length === 0 && isDetached(data.buffer))
    throw new ArgumentError("tensor: the buffer of the array was transferred, so its elements are elsewhere");
  const x = allocateFor("tensor", [data.length], options, own);
  const source = x.dtype === own ? x : allocate([data.length], own, x);
  x.storage.backend.write(source.storage.block, own, 0, data);
  if (source !== x) {
    x.storage.backend.copy(x, source);
    source.dispose();
  }
  return finish(x, options);
}

/** Engines before `ArrayBuffer.prototype.detached` show it by the attempt only. */
function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    return new Uint8Array(buffer).length < 0;
  } catch {
    return true;
  }
}

/** @internal Writes plain values, converted to the dtype of `x` as PyTorch converts them. */
export function writeValues(x: Tensor, values: ArrayLike<number | bigint | boolean>): void {
  const { backend, block } = x.storage;
  if (isFloat(x.dtype) && sizeOf(x.dtype) === 2) {
    const wide = allocate([values.length], "float32", x);
    writeValues(wide, values);
    backend.copy(x, { ...layout(wide), shape: x.shape, strides: x.strides });
    wide.dispose();
    return;
  }
  const length = values.length;
  if (x.dtype === "int64") {
    const out = new BigInt64Array(length);
    for (let i = 0; i < length; i++) out[i] = toBigInt(values[i]!);
    backend.write(block, x.dtype, 0, out);
  } else {
    const out =
      x.dtype === "float64"
        ? new Float64Array(length)
        : x.dtype === "float32"
          ? new Float32Array(length)
          : new Int32Array(length);
    const isBool = x.dtype === "bool";
    for (let i = 0; i < length; i++) out[i] = isBool ? Number(!!values[i]) : Number(values[i]);
    backend.write(block, x.dtype, 0, out);
  }
}

function layout(x: Tensor) {
  return { storage: x.storage, offset: x.offset, shape: x.shape, strides: x.strides, dtype: x.dtype };
}

function toBigInt(value: number | bigint | boolean): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "boolean") return value ? 1n : 0n;
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}

function nestedShape(data: unknown): number[] {
  const shape: number[] = [];
  let level = data;
  // An array may hold itself: the depth is bounded.
  while ((Array.isArray(level) || ArrayBuffer.isView(level)) && shape.length <= MAX_AXES) {
    shape.push((level as ArrayLike<unknown> & object as unknown[]).length);
    level = (level as unknown[])[0];
  }
  return level instanceof Tensor ? shape.concat(level.shape) : shape;
}

/** Visits the values of nested data in order. @throws ShapeError where the nesting is ragged. */
function eachValue(data: unknown, shape: readonly number[], axis: number, visit: (value: Plain) => void): void {
  if (data instanceof Tensor) {
    if (shapeText(data.shape) !== shapeText(shape.slice(axis)))
      throw new ShapeError(
        `tensor: expected a tensor of shape ${shapeText(shape.slice(axis))} at dim ${axis}, got ${shapeText(data.shape)}`,
      );
    for (const value of data.toTypedArray()) visit(data.dtype === "bool" ? value !== 0 : value);
    return;
  }
  if (axis === shape.length) {
    if (typeof data !== "number" && typeof data !== "boolean" && typeof data !== "bigint")
      throw Array.isArray(data)
        ? new ShapeError(
            `tensor: expected a number at dim ${axis}, got an array of ${data.length}: the nesting is deeper here than at the first element`,
          )
        : new ArgumentError(
            `tensor: could not infer a dtype of ${describe(data)}; elements are numbers, booleans or bigints`,
          );
    visit(data);
    return;
  }
  const list = data as unknown[];
  if ((!Array.isArray(data) && !ArrayBuffer.isView(data)) || list.length !== shape[axis])
    throw new ShapeError(
      `tensor: expected sequence of length ${shape[axis]} at dim ${axis} (got ${Array.isArray(data) ? list.length : describe(data)})`,
    );
  for (let i = 0; i < list.length; i++) eachValue(list[i], shape, axis + 1, visit);
}
