/** New tensors: from values, filled, and as views on the memory of others. */
import { backendOf, type Device } from "../backend/backend";
import { checkDType, type DType, getDefaultDtype, isFloat, isInteger, sizeOf, type TypedArray } from "../core/dtype";
import { ArgumentError, checkOptions, DeviceError, DTypeError, describe, ShapeError, ValueError } from "../core/errors";
import { iinfo } from "../core/limits";
import { checkSize, contiguousStrides, shapeText, sizeOfShape } from "../core/shape";
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

/** @internal The backend of a device. @throws DeviceError if this machine or build has none. */
export function resolveDevice(op: string, device: Device | "wasm" = "cpu") {
  const backend = backendOf(device === "wasm" ? "cpu" : device);
  if (backend === undefined)
    throw new DeviceError(`${op}: there is no device ${describe(device)} here; "cpu" always works`);
  return backend;
}

/** @internal An uninitialised contiguous tensor on the device of `like`, or on the cpu. */
export function allocate(shape: readonly number[], dtype: DType, like?: Tensor): Tensor {
  const backend = like === undefined ? resolveDevice("empty") : like.storage.backend;
  const storage = new Storage(backend, Math.max(1, sizeOfShape(shape)) * sizeOf(dtype));
  return new Tensor(storage, dtype, shape, contiguousStrides(shape));
}

/** @internal Another window on the memory of `x`, without history. */
export function windowOn(x: Tensor, shape: readonly number[], strides: readonly number[], offset: number): Tensor {
  return new Tensor(x.storage, x.dtype, shape, strides, offset);
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

/** Splits `(2, 3, { dtype })` or `([2, 3], { dtype })` into a size and checked options. */
export function splitSize<O extends object>(
  op: string,
  args: readonly unknown[],
  known: readonly string[] = createOptions,
): [number[], O] {
  const last = args.at(-1);
  const hasOptions = typeof last === "object" && last !== null && !Array.isArray(last);
  const options = hasOptions ? (last as O) : undefined;
  checkOptions(op, options, known);
  const size = checkSize(op, (hasOptions ? args.slice(0, -1) : args) as (number | number[])[]);
  return [size, options ?? ({} as O)];
}

/** The size as numbers or as one array, then options. */
export type SizeArgs<O = CreateOptions> =
  | [...size: number[], options: O]
  | [size: readonly number[], options?: O]
  | number[];

/** A tensor of unspecified values. @see torch.empty */
export function empty(...args: SizeArgs): Tensor {
  const [shape, options] = splitSize<CreateOptions>("empty", args);
  return finish(allocateFor("empty", shape, options, getDefaultDtype()), options);
}

/** @internal Applies `requiresGrad`. */
export function finish(x: Tensor, options: CreateOptions): Tensor {
  return options.requiresGrad ? x.requiresGrad_() : x;
}

/**
 * @internal Throws where an integer dtype cannot hold a value; as in PyTorch, uint8 takes −255 to 255.
 * @throws ValueError naming the value and the range.
 */
export function checkRange(op: string, value: number | bigint | boolean, dtype: DType): void {
  if (typeof value === "boolean" || !isInteger(dtype)) return;
  const { min, max } = iinfo(dtype);
  const low = dtype === "uint8" && (typeof value === "bigint" || Number.isInteger(value)) ? -255 : min;
  // 2^63 itself is a number, the largest int64 is not.
  const fits =
    typeof value === "number" && typeof max === "bigint"
      ? Math.abs(value) < 2 ** 63 || value === -(2 ** 63)
      : value >= low && value <= max;
  if (!fits)
    throw new ValueError(
      `${op}: ${String(value)} cannot be converted to ${dtype} without overflow: it holds ${min} to ${max}`,
    );
}

/** @internal `x` filled with one value. */
export function filled(x: Tensor, value: number | bigint | boolean): Tensor {
  if (typeof value === "bigint" && !Number.isSafeInteger(Number(value)) && x.dtype === "int64") {
    const view = x.storage.backend.view(x.storage.block, "int64", x.offset, x.numel()) as BigInt64Array;
    view.fill(value);
  } else x.storage.backend.fill(x, Number(value));
  return x;
}

/** A tensor of zeros. @see torch.zeros @example torch.zeros(2, 3) */
export function zeros(...args: SizeArgs): Tensor {
  const [shape, options] = splitSize<CreateOptions>("zeros", args);
  return finish(filled(allocateFor("zeros", shape, options, getDefaultDtype()), 0), options);
}

/** A tensor of ones. @see torch.ones @example torch.ones([2, 3], { dtype: torch.int64 }) */
export function ones(...args: SizeArgs): Tensor {
  const [shape, options] = splitSize<CreateOptions>("ones", args);
  return finish(filled(allocateFor("ones", shape, options, getDefaultDtype()), 1), options);
}

/**
 * A tensor filled with `value`. Default dtype: bool for a boolean, int64 for an integral number, else float32.
 * @see torch.full
 */
export function full(size: readonly number[], value: number | bigint | boolean, options: CreateOptions = {}): Tensor {
  checkOptions("full", options, createOptions);
  if (options.dtype !== undefined) checkRange("full", value, options.dtype);
  const fallback =
    typeof value === "boolean"
      ? "bool"
      : typeof value === "bigint" || Number.isInteger(value)
        ? "int64"
        : getDefaultDtype();
  return finish(filled(allocateFor("full", checkSize("full", [size]), options, fallback), value), options);
}

/** Everything that {@link tensor} takes. */
export type TensorData = NestedArray | TypedArray | Float32Array | Uint8ClampedArray | Uint32Array;

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
export function tensor(data: TensorData | readonly unknown[], options: CreateOptions = {}): Tensor {
  checkOptions("tensor", options, createOptions);
  if (ArrayBuffer.isView(data)) return fromTypedArray(data as TypedArray, options);
  const shape = nestedShape(data);
  const flat: (number | bigint | boolean)[] = [];
  flatten(data, shape, 0, flat);
  const x = allocateFor("tensor", shape, options, inferDType(flat));
  if (isInteger(x.dtype)) for (const value of flat) checkRange("tensor", value, x.dtype);
  writeValues(x, flat);
  return finish(x, options);
}

function fromTypedArray(data: TypedArray, options: CreateOptions): Tensor {
  const own = arrayTypes.get(data.constructor.name);
  if (own === undefined)
    throw new DTypeError(
      `tensor: no dtype for a ${data.constructor.name}; it takes ${[...arrayTypes.keys()].join(", ")}`,
    );
  const x = allocateFor("tensor", [data.length], options, own);
  if (x.dtype === own) x.storage.backend.write(x.storage.block, own, 0, data);
  else writeValues(x, data as ArrayLike<number>);
  return finish(x, options);
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

function inferDType(values: readonly (number | bigint | boolean)[]): DType {
  let kind: "bool" | "int64" | "float" = "bool";
  for (const value of values) {
    if (typeof value === "number") return getDefaultDtype();
    if (typeof value === "bigint") kind = "int64";
  }
  return values.length === 0 ? getDefaultDtype() : (kind as DType);
}

function nestedShape(data: unknown): number[] {
  const shape: number[] = [];
  let level = data;
  while (Array.isArray(level) || ArrayBuffer.isView(level)) {
    shape.push((level as ArrayLike<unknown> & object as unknown[]).length);
    level = (level as unknown[])[0];
  }
  if (level instanceof Tensor) shape.push(...level.shape);
  return shape;
}

function flatten(data: unknown, shape: readonly number[], axis: number, out: (number | bigint | boolean)[]): void {
  if (data instanceof Tensor) {
    if (shapeText(data.shape) !== shapeText(shape.slice(axis)))
      throw new ShapeError(
        `tensor: expected a tensor of shape ${shapeText(shape.slice(axis))} at dim ${axis}, got ${shapeText(data.shape)}`,
      );
    for (const value of data.toTypedArray()) out.push(data.dtype === "bool" ? value !== 0 : value);
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
    out.push(data);
    return;
  }
  const list = data as unknown[];
  if ((!Array.isArray(data) && !ArrayBuffer.isView(data)) || list.length !== shape[axis])
    throw new ShapeError(
      `tensor: expected sequence of length ${shape[axis]} at dim ${axis} (got ${Array.isArray(data) ? list.length : describe(data)})`,
    );
  for (const item of list) flatten(item, shape, axis + 1, out);
}
