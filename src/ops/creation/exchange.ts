/**
 * Arrays of other libraries in and out: typed arrays with a shape (NumPy's in JavaScript), the tensors of ONNX Runtime, and pictures of a canvas. Typed
 * arrays that `numpy` and `toDlpack` give show the memory of a tensor, and hold it; where those come back, nothing is copied.
 */
import { checkFlag, checkIntegers } from "../../core/arguments";
import { type DType, isDType, sizeOf, type TypedArray } from "../../core/dtype";
import { type ElementType, keptAs, keptBytes } from "../../core/elements";
import {
  ArgumentError,
  AutogradError,
  DeviceError,
  DTypeError,
  describe,
  ShapeError,
  ValueError,
} from "../../core/errors";
import { checkSize, contiguousStrides, shapeText, sizeOfShape } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate } from "../../tensor/create";
import type { Storage } from "../../tensor/storage";
import { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { detach } from "./copy";

/** A typed array with its shape: a NumPy array in JavaScript, as its libraries have it. */
export interface NumpyArray<A = TypedArray> {
  /** The elements in row-major order. float16 and bfloat16: their bits in a Uint16Array. */
  readonly data: A;
  /** Default: one axis with all elements. */
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** What {@link fromNumpy} takes. */
export type NumpyLike =
  | ArrayBufferView
  | {
      readonly data: ArrayBufferView;
      readonly shape?: readonly number[];
      /** Default: what the typed array says. Needed for `"bool"`, `"float16"` and `"bfloat16"`. */
      readonly dtype?: ElementType;
    };

/** A tensor of ONNX Runtime, or what `new ort.Tensor(type, data, dims)` takes. */
export interface OrtTensor<A = TypedArray> {
  readonly type: DType;
  readonly data: A;
  readonly dims: readonly number[];
}

/** What {@link fromDlpack} takes: a tensor, one of ONNX Runtime, a typed array with a shape, or a picture such as an `ImageData`. */
export type Exchangeable =
  | Tensor
  | NumpyLike
  | { readonly type: string; readonly data: unknown; readonly dims: readonly number[] }
  | { readonly data: ArrayBufferView; readonly width: number; readonly height: number };

/** What the elements of a typed array may be; the first if nothing is said. */
const typesOf: Readonly<Record<string, readonly ElementType[]>> = {
  Float32Array: ["float32"],
  Float64Array: ["float64"],
  Float16Array: ["float16"],
  BigInt64Array: ["int64"],
  BigUint64Array: ["uint64"],
  Int32Array: ["int32"],
  Uint32Array: ["uint32"],
  Int16Array: ["int16"],
  Uint16Array: ["uint16", "float16", "bfloat16"],
  Int8Array: ["int8"],
  Uint8Array: ["uint8", "bool"],
  Uint8ClampedArray: ["uint8"],
};

/** What a typed array is, also where its class comes from elsewhere. */
const arrayName = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!
  .get!;

/** What a typed array shows of a storage. */
interface Shown {
  readonly storage: Storage;
  /** Bytes from the start of the storage to the array. */
  readonly offset: number;
}

/** The memory that typed arrays show: as long as one is in use, its memory is not given back. */
const shown = new WeakMap<object, Shown>();

function elementType(op: string, data: ArrayBufferView, wanted: unknown): ElementType {
  const name = arrayName.call(data) as string | undefined;
  const types = name === undefined ? undefined : typesOf[name];
  if (types === undefined)
    throw new ArgumentError(`${op}: data must be a typed array of numbers, got ${describe(data)}`);
  if (wanted === undefined) return types[0]!;
  const type = types.find((known) => known === wanted);
  if (type !== undefined) return type;
  throw new DTypeError(`${op}: a ${name} holds ${types.join(" or ")}, got dtype ${describe(wanted)}`);
}

/** A tensor of a typed array: on the same memory if that is a tensor's, else with a copy. */
function fromArray(op: string, data: unknown, size: unknown, wanted: unknown): Tensor {
  if (!ArrayBuffer.isView(data)) throw new ArgumentError(`${op}: data must be a typed array, got ${describe(data)}`);
  const type = elementType(op, data, wanted);
  const { length } = data as TypedArray;
  const shape = size === undefined ? [length] : checkSize(op, [checkIntegers(op, "shape", size)]);
  if (sizeOfShape(shape) !== length)
    throw new ShapeError(`${op}: shape ${shapeText(shape)} has ${sizeOfShape(shape)} elements, but data has ${length}`);
  const known = shown.get(data);
  if (known !== undefined && !known.storage.isFreed && isDType(type))
    return new Tensor(known.storage, type, shape, contiguousStrides(shape), known.offset / sizeOf(type));
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const own = keptBytes(type, bytes, (i, why) => new ValueError(`${op}: element ${i} ${why}`));
  const x = allocate(shape, keptAs(type));
  x.storage.backend.write(x.storage.block, "uint8", 0, own);
  return x;
}

/**
 * A tensor of a typed array and its shape. It shows the memory of the tensor that the array came from by {@link numpy}; all others are copied into
 * the memory that tensors live in. uint16 becomes int32, uint32 and uint64 become int64.
 * @see torch.from_numpy
 * @throws ShapeError if the shape has another number of elements; DTypeError if the array cannot be of this dtype; ValueError for a uint64 that int64
 * does not hold, and for a truth value that is neither 0 nor 1.
 * @example torch.fromNumpy({ data: new Float32Array(6), shape: [2, 3] })
 */
export const fromNumpy = named("fromNumpy", "ndarray{}", (ndarray: NumpyLike): Tensor => {
  if (ArrayBuffer.isView(ndarray)) return fromArray("fromNumpy", ndarray, undefined, undefined);
  if (typeof ndarray !== "object" || ndarray === null || ndarray instanceof Tensor)
    throw new ArgumentError(
      `fromNumpy: ndarray must be a typed array or { data, shape, dtype }, got ${describe(ndarray)}`,
    );
  return fromArray("fromNumpy", ndarray.data, ndarray.shape, ndarray.dtype);
});

/** @throws AutogradError for a tensor that requires grad: what others do to its memory is no part of the graph. */
function checkOutside(op: string, x: Tensor, fix: string): void {
  if (x.requiresGrad)
    throw new AutogradError(`${op}: Can't call ${op}() on Tensor that requires grad. Use ${fix} instead.`);
}

/** The elements in row-major order: the memory itself of a contiguous tensor, else that of a copy. The array holds it. */
function show(x: Tensor): TypedArray {
  const dense = x.isContiguous() ? x : detach(x).contiguous();
  const { storage, dtype, offset } = dense;
  const data = storage.backend.view(storage.block, dtype, offset, dense.numel());
  // One more owner, who never lets go: the memory is given back when array and tensors are forgotten.
  storage.retain();
  storage.watch();
  storage.backend.threads?.expose(storage, storage.block);
  shown.set(data, { storage, offset: offset * sizeOf(dtype) });
  if (dense !== x) dense.dispose();
  return data;
}

/** Options of {@link numpy}. */
export interface NumpyOptions {
  /** Whether a tensor that requires grad is detached first. Default: false. */
  force?: boolean;
}

/**
 * The elements as a typed array with shape and dtype. It shows the memory of the tensor, so that changes of one are changes of the other; a tensor that
 * is not contiguous is copied. The array keeps the memory alive, also after `x.dispose()`: it is given back when the array is forgotten.
 * `x.toTypedArray()` copies instead.
 * @see torch.Tensor.numpy
 * @throws AutogradError for a tensor that requires grad, unless `force` is set.
 * @example const { data, shape } = x.numpy();
 */
export const numpy = named("numpy", "input;; force", (x: Tensor, { force = false }: NumpyOptions = {}): NumpyArray => {
  checkTensor("numpy", x);
  if (!checkFlag("numpy", "force", force)) checkOutside("numpy", x, "tensor.detach().numpy()");
  return { data: show(x), shape: [...x.shape], dtype: x.dtype };
});

/**
 * A tensor as ONNX Runtime takes it: `new ort.Tensor(type, data, dims)`. `data` shows the memory of the tensor as that of {@link numpy} does; float16
 * is a Uint16Array, int64 a BigInt64Array, bool a Uint8Array.
 * @see torch.utils.dlpack.to_dlpack
 * @throws AutogradError for a tensor that requires grad; DTypeError for bfloat16, which ONNX Runtime has no array for.
 * @example
 * const { type, data, dims } = torch.utils.dlpack.toDlpack(x);
 * const outputs = await session.run({ input: new ort.Tensor(type, data, dims) });
 */
export const toDlpack = named("toDlpack", "tensor", (tensor: Tensor): OrtTensor => {
  checkTensor("toDlpack", tensor, "tensor");
  checkOutside("toDlpack", tensor, "toDlpack(tensor.detach())");
  if (tensor.dtype === "bfloat16")
    throw new DTypeError("toDlpack: there is no typed array of bfloat16; use x.float() or x.half()");
  return { type: tensor.dtype, data: show(tensor), dims: [...tensor.shape] };
});

type Fields = Readonly<
  Partial<Record<"type" | "dims" | "shape" | "dtype" | "width" | "height" | "location", unknown>>
> & {
  readonly data?: unknown;
};

/** @throws DeviceError for a tensor whose elements are elsewhere, in which asking for `data` would fail. */
function checkLocation({ location }: Fields): void {
  if (location === undefined || location === "cpu" || location === "cpu-pinned") return;
  throw new DeviceError(
    `fromDlpack: the tensor lies on ${describe(location)}; fetch it first: fromDlpack({ type, dims, data: await tensor.getData() })`,
  );
}

function fromPicture({ data, width, height }: Fields): Tensor {
  const [h = 0, w = 0] = checkIntegers("fromDlpack", "[height, width]", [height, width], 0);
  const { length } = data as TypedArray;
  const channels = h * w === 0 ? 4 : length / (h * w);
  return fromArray("fromDlpack", data, Number.isInteger(channels) ? [h, w, channels] : [h, w], undefined);
}

/**
 * A tensor of another library's: of ONNX Runtime (`{ type, data, dims }`), a typed array with its shape (`{ data, shape, dtype }`), or a picture such as an
 * `ImageData` (`{ data, width, height }`, which gives shape [height, width, channels]). A tensor of this library gives another one on the same memory.
 * What came from {@link toDlpack} or {@link numpy} shows the same memory again; all else is copied, unsigned integers as {@link fromNumpy} does.
 * @see torch.from_dlpack
 * @throws DTypeError for texts and types that no tensor has, DeviceError for a tensor whose elements are on a GPU, and as {@link fromNumpy}.
 * @example const y = torch.fromDlpack((await session.run(feeds)).output);
 */
export const fromDlpack = named("fromDlpack", "extTensor{}", (extTensor: Exchangeable): Tensor => {
  const op = "fromDlpack";
  if (extTensor instanceof Tensor) return detach(checkTensor(op, extTensor, "extTensor"));
  if (typeof extTensor !== "object" || extTensor === null)
    throw new ArgumentError(
      `${op}: extTensor must be a tensor, { type, data, dims }, { data, shape, dtype } or an ImageData, got ${describe(extTensor)}`,
    );
  if (ArrayBuffer.isView(extTensor)) return fromArray(op, extTensor, undefined, undefined);
  const fields = extTensor as Fields;
  checkLocation(fields);
  if (fields.dims !== undefined) {
    if (fields.type === "string" || Array.isArray(fields.data))
      throw new DTypeError(`${op}: a tensor of type ${describe(fields.type)} holds no numbers in a typed array`);
    return fromArray(op, fields.data, fields.dims, fields.type);
  }
  if (fields.width !== undefined && fields.shape === undefined) {
    if (!ArrayBuffer.isView(fields.data))
      throw new ArgumentError(`${op}: data must be a typed array, got ${describe(fields.data)}`);
    return fromPicture(fields);
  }
  return fromArray(op, fields.data, fields.shape, fields.dtype);
});
