/** The types of old: `torch.FloatTensor(2, 3)`, `x.type("torch.LongTensor")`, and `x.data`. */
import { type DType, dtypes, getDefaultDtype, isDType, legacyName } from "../../core/dtype";
import { ArgumentError, DeviceError, DTypeError, describe } from "../../core/errors";
import { checkSize } from "../../core/shape";
import { named, within } from "../../core/signature";
import { empty, tensor } from "../../tensor/create";
import { assignData } from "../../tensor/data";
import { type NestedArray, onConstruct, Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { detach, to } from "./copy";

/** Values of a tensor: nested arrays, or a typed array. */
type Values = readonly (NestedArray | readonly NestedArray[])[] | ArrayBufferView;

/** A dtype in the form of a constructor, as programs wrote it before there were dtypes. It can be called with and without `new`. */
export interface TensorType {
  /** A tensor of these values, where a list of numbers is values too. */
  (values: Values): Tensor;
  /** A tensor that shows the same memory. @throws DTypeError if `other` has another dtype. */
  (other: Tensor): Tensor;
  /** A tensor of that size with unspecified values. */
  (...size: number[]): Tensor;
  new (values: Values): Tensor;
  new (other: Tensor): Tensor;
  new (...size: number[]): Tensor;
  /** The dtype that it stands for. */
  readonly dtype: DType;
}

const nameOf = (dtype: DType): string => `${legacyName(dtype)}Tensor`;

function construct(name: string, dtype: DType, given: readonly unknown[]): Tensor {
  const [first] = given;
  if (given.every((size) => typeof size === "number"))
    return empty(given.length === 0 ? [0] : checkSize(name, given), { dtype });
  if (given.length > 1 || !(Array.isArray(first) || ArrayBuffer.isView(first) || first instanceof Tensor))
    throw new ArgumentError(`${name}: takes sizes, or one array of values, got ${given.map(describe).join(", ")}`);
  if (!(first instanceof Tensor)) return within(name, () => tensor(first as number[], { dtype }));
  if (checkTensor(name, first).dtype !== dtype)
    throw new DTypeError(`${name}: expected a tensor of ${dtype}, got ${first.dtype}; use x.to("${dtype}")`);
  return detach(first);
}

onConstruct((all) => {
  const given = all.slice(0, all.findLastIndex((value) => value !== undefined) + 1);
  if (given.length === all.length)
    throw new ArgumentError(`Tensor: takes at most ${all.length - 1} sizes; use torch.empty(size)`);
  return construct("Tensor", getDefaultDtype(), given);
});

const types = new Map<unknown, DType>();

function tensorType(dtype: DType): TensorType {
  const name = nameOf(dtype);
  // A function that is declared can be called with `new` as well.
  function type(...given: unknown[]): Tensor {
    return construct(name, dtype, given);
  }
  Object.defineProperties(type, {
    name: { value: name },
    dtype: { value: dtype, enumerable: true },
    [Symbol.hasInstance]: { value: (x: unknown) => x instanceof Tensor && x.dtype === dtype },
  });
  for (const key of [type, `torch.${name}`]) types.set(key, dtype);
  return type as unknown as TensorType;
}

/** Tensors of float32. @see torch.FloatTensor @example torch.FloatTensor([[1, 2], [3, 4]]); x.type(torch.FloatTensor) */
export const FloatTensor: TensorType = tensorType("float32");
/** Tensors of float64. @see torch.DoubleTensor */
export const DoubleTensor: TensorType = tensorType("float64");
/** Tensors of float16. @see torch.HalfTensor */
export const HalfTensor: TensorType = tensorType("float16");
/** Tensors of bfloat16. @see torch.BFloat16Tensor */
export const BFloat16Tensor: TensorType = tensorType("bfloat16");
/** Tensors of int64. @see torch.LongTensor */
export const LongTensor: TensorType = tensorType("int64");
/** Tensors of int32. @see torch.IntTensor */
export const IntTensor: TensorType = tensorType("int32");
/** Tensors of int16. @see torch.ShortTensor */
export const ShortTensor: TensorType = tensorType("int16");
/** Tensors of int8. @see torch.CharTensor */
export const CharTensor: TensorType = tensorType("int8");
/** Tensors of uint8. @see torch.ByteTensor */
export const ByteTensor: TensorType = tensorType("uint8");
/** Tensors of bool. @see torch.BoolTensor */
export const BoolTensor: TensorType = tensorType("bool");

/** @throws DTypeError for what is no type, DeviceError for a type of a device that is not there. */
function dtypeOf(type: unknown): DType {
  if (isDType(type)) return type;
  const known = types.get(type);
  if (known !== undefined) return known;
  if (typeof type === "string" && /^torch\.(cuda|sparse)\./.test(type))
    throw new DeviceError(`type: ${type} is not there; tensors are dense, devices here are "cpu" and "webgpu"`);
  throw new DTypeError(
    `type: invalid type ${describe(type)}; takes a dtype (${dtypes.join(", ")}), its name such as "torch.LongTensor", or torch.LongTensor itself`,
  );
}

/** Members that depend on the ops. */
export interface TypedTensor {
  /** PyTorch's name of the type: `"torch.FloatTensor"`. @see torch.Tensor.type */
  type(): string;
  /**
   * `x` converted to a type: itself if it already is of it.
   * @param dtype A dtype, the name of a type such as `"torch.LongTensor"`, or the type itself.
   * @throws DTypeError for an unknown type.
   * @example x.type(torch.int64); x.type(torch.LongTensor); x.type("torch.LongTensor")
   */
  type(dtype: DType | TensorType | (string & {})): Tensor;
  type(options: { dtype: DType | TensorType | (string & {}) }): Tensor;
  /**
   * The same memory without history, as {@link detach} gives it. Assigned, the tensor shows the memory of another one from then on: it keeps its
   * identity, its gradient and its place in the graph.
   * @see torch.Tensor.data
   * @throws ArgumentError unless a tensor is assigned, AutogradError for integers where the tensor requires grad.
   */
  get data(): Tensor;
  set data(data: Tensor);
}

const type = named("type", "input, dtype?", (x: Tensor, dtype?: unknown): string | Tensor =>
  dtype === undefined ? `torch.${nameOf(x.dtype)}` : to(x, dtypeOf(dtype)),
);

Object.defineProperties(Tensor.prototype, {
  type: {
    value: type.method,
    writable: true,
    configurable: true,
  },
  data: {
    get(this: Tensor) {
      return detach(this);
    },
    set(this: Tensor, data: unknown) {
      assignData(this, data);
    },
    configurable: true,
  },
});
