/** Changes of a tensor as a whole: of its memory, its history, or each of its elements by a function. Each is a method. */
import { isRecorded, replaceHistory } from "../../autograd/node";
import { checkFunction } from "../../core/arguments";
import { AutogradError, DTypeError, ShapeError } from "../../core/errors";
import { broadcastShapes, checkSize, sameShape, shapeText, sizeOfShape } from "../../core/shape";
import { alias, named } from "../../core/signature";
import { type CreateOptions, checkScalar, type SizeArgs, type TensorData, tensor } from "../../tensor/create";
import { setWindow, Tensor } from "../../tensor/tensor";
import { checkInplace, checkTensor } from "../builders/checks";
import { copy_, detach } from "../creation/copy";
import { strided } from "../creation/fromMemory";
import { newEmpty, newTensor } from "../creation/like";
import { asStrided } from "../shape/asStrided";
import { chunk, split, splitWithSizes } from "../shape/split";
import { expand, reshape, type SizeArguments } from "../shape/view";

type Plain = number | bigint | boolean;

/** Writes what `f` makes of the elements of `x` and of `others`, which are broadcast to its shape. */
function applyEach(op: string, x: Tensor, others: readonly Tensor[], f: (...values: any[]) => Plain): Tensor {
  checkTensor(op, x);
  checkFunction(op, "callable", f);
  if (x.requiresGrad)
    throw new AutogradError(`${op}: can't be called on a tensor that requires grad. Use x.detach().${op}() instead.`);
  const columns = [x, ...others].map((y) => expand(detach(y), x.shape).reshape(-1).tolist() as Plain[]);
  const values = columns[0]!.map((_, i) =>
    checkScalar(op, "the result of the function", f(...columns.map((column) => column[i]!)), x.dtype),
  );
  return copy_(x, tensor(values, { dtype: x.dtype, device: x.device }).reshape(x.shape));
}

/** A tensor of the dtype of `x`. */
function checkOther(op: string, x: Tensor, other: Tensor, name: string): Tensor {
  if (checkTensor(op, other, name).dtype !== checkTensor(op, x).dtype)
    throw new DTypeError(`${op}: expected ${x.type()} for ${name}, got ${other.type()}`);
  return other;
}

/** One that can be broadcast to the shape of `x`. */
function checkOperand(op: string, x: Tensor, other: Tensor, name: string): Tensor {
  checkOther(op, x, other, name);
  if (!sameShape(broadcastShapes(op, x.shape, other.shape), x.shape))
    throw new ShapeError(`${op}: ${name} of shape ${shapeText(other.shape)} does not fit ${shapeText(x.shape)}`);
  return other;
}

/** Each element becomes what `callable` makes of it. Slow: a call of JavaScript for each. @see torch.Tensor.apply_ @example x.apply_((v) => v * 2) */
export const apply_ = named(
  "apply_",
  "input, callable()",
  (x: Tensor, callable: (value: any) => Plain): Tensor => applyEach("apply_", x, [], callable),
);

/** Each element becomes what `callable` makes of it and of that of `tensor`, which is broadcast. @see torch.Tensor.map_ */
export const map_ = named(
  "map_",
  "input, tensor, callable()",
  (x: Tensor, other: Tensor, callable: (a: any, b: any) => Plain): Tensor =>
    applyEach("map_", x, [checkOperand("map_", x, other, "tensor")], callable),
);

/** {@link map_} with two tensors. @see torch.Tensor.map2_ */
export const map2_ = named(
  "map2_",
  "input, x, y, callable()",
  (input: Tensor, x: Tensor, y: Tensor, callable: (a: any, b: any, c: any) => Plain): Tensor =>
    applyEach("map2_", input, [checkOperand("map2_", input, x, "x"), checkOperand("map2_", input, y, "y")], callable),
);

/**
 * Takes the tensor out of the graph: it becomes a leaf that requires no gradient.
 * @see torch.Tensor.detach_
 * @throws AutogradError for a view.
 */
export const detach_ = named("detach_", "input", (x: Tensor): Tensor => {
  if (checkTensor("detach_", x).origin !== null)
    throw new AutogradError("detach_: Can't detach views in-place. Use detach() instead.");
  x.leafRequiresGrad = false;
  replaceHistory(x, null, 0);
  return x;
});

/**
 * Lets the tensor show the memory of `source`, which both share from then on; a size and strides show another window of it. Without a source it is empty.
 * @see torch.Tensor.set_
 * @throws DTypeError unless both have one dtype, AutogradError for tensors in the graph.
 */
export const set_ = named(
  "set_",
  "input, source?, storageOffset?, size?, stride?",
  (
    x: Tensor,
    source?: Tensor,
    storageOffset?: number,
    size?: readonly number[],
    stride?: readonly number[],
  ): Tensor => {
    checkInplace("set_", x, true);
    const from = source === undefined ? newEmpty(x, [0]) : checkOther("set_", x, source, "source");
    if (isRecorded([x, from])) throw new AutogradError("set_: not differentiable; detach() the tensors before");
    if (from.device !== x.device)
      throw new DTypeError(`set_: expected a source on "${x.device}", got "${from.device}"`);
    const layout =
      size === undefined && storageOffset === undefined
        ? from
        : asStrided(detach(from), size ?? from.shape, stride ?? from.strides, { storageOffset: storageOffset ?? 0 });
    setWindow(x, layout.shape, layout.strides, layout.offset, layout.storage);
    x.storage.version++;
    return x;
  },
);

/** The same elements in another shape of as many. @see torch.Tensor.resize @see resize_ for another number of them */
export const resize = named("resize", "input, ...sizes", (x: Tensor, ...sizes: SizeArguments): Tensor => {
  const shape = checkSize("resize", sizes);
  if (sizeOfShape(shape) !== checkTensor("resize", x).numel())
    throw new ShapeError(
      `resize: requested ${shapeText(shape)}, but the tensor has shape ${shapeText(x.shape)}; use resize_ to change the number of elements`,
    );
  return reshape(x, shape);
});

/** {@link resize} to the shape of another tensor. @see torch.Tensor.resize_as */
export const resizeAs = named(
  "resizeAs",
  "input, other",
  (x: Tensor, other: Tensor): Tensor => resize(x, checkTensor("resizeAs", other, "other").shape),
);

/** A tensor of the same dtype and device: empty of a size, or of data. @see torch.Tensor.new */
function fresh(x: Tensor, ...args: SizeArgs | [data: TensorData | Tensor]): Tensor {
  const [first] = args;
  if (args.length === 0) return newEmpty(checkTensor("new", x), [0]);
  if (typeof first === "number") return newEmpty(checkTensor("new", x), args as number[]);
  return first instanceof Tensor ? detach(checkOther("new", x, first, "data")) : newTensor(x, first as TensorData);
}

const renew = named("new", "input, ...data", fresh);

export { renew as new };

/** A tensor of unspecified values with the strides given, and the dtype and device of `x`. @see torch.Tensor.new_empty_strided */
export const newEmptyStrided = named(
  "newEmptyStrided",
  "input, size, stride;; dtype, device, requiresGrad",
  (x: Tensor, size: readonly number[], stride: readonly number[], options: CreateOptions = {}): Tensor =>
    strided("newEmptyStrided", size, stride, { device: checkTensor("newEmptyStrided", x).device, ...options }, x.dtype),
);

/** chunk, whose parts may be changed in place. @see torch.unsafe_chunk */
export const unsafeChunk = alias("unsafeChunk", chunk);
/** split into parts of one size that may be changed in place. @see torch.unsafe_split */
export const unsafeSplit = named(
  "unsafeSplit",
  "input, splitSize, dim?",
  (x: Tensor, splitSize: number, dim?: number): Tensor[] => split(x, splitSize, dim),
);
/** splitWithSizes, whose parts may be changed in place. @see torch.unsafe_split_with_sizes */
export const unsafeSplitWithSizes = alias("unsafeSplitWithSizes", splitWithSizes);
