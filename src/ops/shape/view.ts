/** Views: other shapes and strides over the same memory. */

import { isGradEnabled } from "../../autograd/mode";
import { type InputGrad, record } from "../../autograd/node";
import { checkInteger } from "../../core/arguments";
import { isPlainObject } from "../../core/binding";
import { checkDType, type DType, sizeOf } from "../../core/dtype";
import { ArgumentError, IndexError, ShapeError } from "../../core/errors";
import {
  broadcastShapes,
  checkShape,
  inferSize,
  sameShape,
  shapeText,
  sizeArgument,
  sizeOfShape,
  viewStrides,
  wrapDim,
} from "../../core/shape";
import { named } from "../../core/signature";
import type { Overloaded } from "../../core/signatureTypes";
import { allocate, filled, windowOn } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { nodeName } from "../builders/define";

/** A view of `x`, recorded with the gradient `grad`, that follows in-place changes of its base. */
export function viewOf(
  op: string,
  x: Tensor,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  grad: InputGrad,
): Tensor {
  checkShape(op, shape);
  const y = windowOn(x, shape, strides, offset);
  const base = x.origin?.base ?? x;
  const { version } = x.storage;
  const isRecording = isGradEnabled();
  y.origin = isRecording ? { base, version } : { base, version, inplaceError: viewInNoGrad };
  return isRecording && x.requiresGrad ? record(nodeName(op), y, [x], [], [grad]) : y;
}

/** @see CreationMeta::NO_GRAD_MODE */
const viewInNoGrad =
  "A view was created in noGrad mode and is being modified inplace with grad mode enabled. Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace either both inside the noGrad block (if you don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked).";

/** A size given as numbers or as one array. */
export type SizeArguments = number[] | [size: readonly number[]];

/** {@link view} as a method. */
interface ViewMethod {
  (...size: SizeArguments): Tensor;
  (options: { size: readonly number[] }): Tensor;
  /** The same memory read as another dtype. */
  (dtype: DType): Tensor;
  (options: { dtype: DType }): Tensor;
}

/** {@link view} as a function. */
interface ViewFunction {
  (input: Tensor, ...size: SizeArguments): Tensor;
  (input: Tensor, options: { size: readonly number[] } | { dtype: DType }): Tensor;
  (input: Tensor, dtype: DType): Tensor;
  (options: { input: Tensor; size: readonly number[] } | { input: Tensor; dtype: DType }): Tensor;
}

/**
 * The same elements in another shape, as a view; one size may be -1: it is inferred. With a dtype: the same memory read as elements of that dtype, whose
 * last axis is longer or shorter where their sizes differ; no gradient flows.
 * @see torch.Tensor.view
 * @throws ShapeError if the number of elements differs, or if no strides show `x` in that shape: then use `reshape`.
 * @example x.view(2, -1); x.view(torch.int32)
 */
export const view = named("view", "input, ...size;; dtype", (x: Tensor, ...size: unknown[]): Tensor => {
  checkTensor("view", x);
  const last = size.at(-1);
  if (typeof last === "string") return viewDType(x, checkDType("view", last));
  if (isPlainObject(last)) return viewDType(x, checkDType("view", last.dtype as DType));
  const shape = inferSize("view", sizeArgument("view", size as SizeArguments), x.numel());
  const strides = viewStrides(x.shape, x.strides, shape);
  if (strides === undefined)
    throw new ShapeError(
      "view: size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous subspaces). Use .reshape(...) instead.",
    );
  const from = x.shape;
  return viewOf("view", x, shape, strides, x.offset, (g) => g.reshape(from));
}) as unknown as Overloaded<ViewFunction, ViewMethod>;

/** @see at::native::view_dtype */
function viewDType(x: Tensor, dtype: DType): Tensor {
  const [from, to] = [sizeOf(x.dtype), sizeOf(dtype)];
  if (from === to) return new Tensor(x.storage, dtype, x.shape, x.strides, x.offset);
  const size = x.shape.at(-1);
  if (size === undefined)
    throw new ShapeError(
      `view: a 0-d tensor cannot be viewed as ${dtype}, whose elements have another size than ${x.dtype}`,
    );
  if (x.strides.at(-1) !== 1)
    throw new ShapeError(
      `view: the last stride must be 1 to view ${x.dtype} as ${dtype}, got ${x.strides.at(-1)}; use x.contiguous()`,
    );
  const scaled = (n: number): number => (n * from) / to;
  const shape = x.shape.with(-1, scaled(size));
  const strides = [...x.strides.slice(0, -1).map(scaled), 1];
  const offset = scaled(x.offset);
  if (![...shape, ...strides, offset].every(Number.isInteger))
    throw new ShapeError(
      `view: the last size (${size}), the other strides and the offset must be multiples of ${to / from} to view ${x.dtype} as ${dtype}`,
    );
  return new Tensor(x.storage, dtype, shape, strides, offset);
}

/**
 * The same elements in another shape: a view where that is possible, else a copy. One size may be -1: it is inferred.
 * @see torch.reshape
 * @example x.reshape(2, -1)
 */
export const reshape = named("reshape", "input, ...shape", (x: Tensor, ...size: SizeArguments): Tensor => {
  checkTensor("reshape", x);
  const shape = inferSize("reshape", sizeArgument("reshape", size), x.numel());
  const strides = viewStrides(x.shape, x.strides, shape);
  if (strides === undefined) return view(x.clone(), shape);
  const from = x.shape;
  return viewOf("reshape", x, shape, strides, x.offset, (g) => g.reshape(from));
});

/** `x` in the shape of `other`. @see torch.Tensor.view_as */
export const viewAs = named(
  "viewAs",
  "input, other",
  (x: Tensor, other: Tensor): Tensor => view(x, checkTensor("viewAs", other, "other").shape),
);

/** `x` in the shape of `other`. @see torch.Tensor.reshape_as */
export const reshapeAs = named(
  "reshapeAs",
  "input, other",
  (x: Tensor, other: Tensor): Tensor => reshape(x, checkTensor("reshapeAs", other, "other").shape),
);

/** The axes in another order. @see torch.permute @example images.permute(0, 2, 3, 1) */
export const permute = named("permute", "input, ...dims", (x: Tensor, ...dims: SizeArguments): Tensor => {
  checkTensor("permute", x);
  const given = sizeArgument("permute", dims);
  if (given.length !== x.ndim)
    throw new ShapeError(
      `permute: number of dimensions in the tensor input does not match the length of the desired ordering of dimensions i.e. input.dim() = ${x.ndim} is not equal to len(dims) = ${given.length}`,
    );
  const inverse = new Array<number>(given.length).fill(-1);
  const shape = new Array<number>(given.length);
  const strides = new Array<number>(given.length);
  for (let i = 0; i < given.length; i++) {
    const d = wrapDim("permute", given[i]!, x.ndim);
    if (inverse[d] !== -1) throw new IndexError(`permute: duplicate dims are not allowed, got ${shapeText(given)}`);
    inverse[d] = i;
    shape[i] = x.shape[d]!;
    strides[i] = x.strides[d]!;
  }
  return viewOf("permute", x, shape, strides, x.offset, (g) => g.permute(inverse));
});

function swapped(list: readonly number[], a: number, b: number): number[] {
  const out = list.slice();
  out[a] = list[b]!;
  out[b] = list[a]!;
  return out;
}

/** Two axes exchanged. @see torch.transpose */
export const transpose = named("transpose", "input, dim0, dim1", (x: Tensor, dim0: number, dim1: number): Tensor => {
  checkTensor("transpose", x);
  const a = wrapDim("transpose", dim0, x.ndim);
  const b = wrapDim("transpose", dim1, x.ndim);
  if (x.ndim === 0) return viewOf("transpose", x, x.shape, x.strides, x.offset, (g) => g);
  return viewOf("transpose", x, swapped(x.shape, a, b), swapped(x.strides, a, b), x.offset, (g) => g.transpose(a, b));
});

/** The transpose of a matrix; tensors of fewer axes as they are. @see torch.t */
export const t = named("t", "input", (x: Tensor): Tensor => {
  checkTensor("t", x);
  if (x.ndim > 2)
    throw new ShapeError(`t: expects a tensor with <= 2 dimensions, but self is ${x.ndim}D; use transpose or permute`);
  if (x.ndim < 2) return viewOf("t", x, x.shape, x.strides, x.offset, (g) => g);
  return viewOf("t", x, [...x.shape].reverse(), [...x.strides].reverse(), x.offset, (g) => g.t());
});

/** Axes of size 1 stretched to `size`, without copying; -1 keeps a size. @see torch.Tensor.expand */
export const expand = named("expand", "input, ...size", (x: Tensor, ...size: SizeArguments): Tensor => {
  checkTensor("expand", x);
  const given = sizeArgument("expand", size);
  const lead = given.length - x.ndim;
  if (lead < 0)
    throw new ShapeError(
      `expand: the number of sizes provided (${given.length}) must be greater or equal to the number of dimensions in the tensor (${x.ndim})`,
    );
  const shape = given.map((n, i) => {
    const have = i < lead ? 1 : x.shape[i - lead]!;
    if (n === -1 && i >= lead) return have;
    if (n < 0 || (have !== 1 && n !== have))
      throw new ShapeError(
        `expand: the expanded size of the tensor (${n}) must match the existing size (${have}) at non-singleton dimension ${i}. Target sizes: ${shapeText(given)}. Tensor sizes: ${shapeText(x.shape)}`,
      );
    return n;
  });
  const strides = shape.map((n, i) => (i < lead || (x.shape[i - lead] === 1 && n !== 1) ? 0 : x.strides[i - lead]!));
  const from = x.shape;
  return viewOf("expand", x, shape, strides, x.offset, (g) => g.sumToSize(from));
});

/** `x` expanded to the shape of `other`. @see torch.Tensor.expand_as */
export const expandAs = named(
  "expandAs",
  "input, other",
  (x: Tensor, other: Tensor): Tensor => expand(x, checkTensor("expandAs", other, "other").shape),
);

/** `x` broadcast to `shape`. @see torch.broadcast_to */
export const broadcastTo = named(
  "broadcastTo",
  "input, shape",
  (x: Tensor, shape: readonly number[]): Tensor => expand(x, shape),
);

/** All tensors expanded to their common shape. @see torch.broadcast_tensors */
export const broadcastTensors = named("broadcastTensors", "...tensors", (...xs: Tensor[]): Tensor[] => {
  for (const x of xs) checkTensor("broadcastTensors", x, "tensors");
  const shape = broadcastShapes("broadcastTensors", ...xs.map((x) => x.shape));
  return xs.map((x) => (sameShape(x.shape, shape) ? x : expand(x, shape)));
});

/** The slice at `index` of one axis, which disappears. @see torch.select */
export const select = named("select", "input, dim, index", (x: Tensor, dim: number, index: number): Tensor => {
  checkTensor("select", x);
  if (x.ndim === 0) throw new IndexError("select() cannot be applied to a 0-dim tensor.");
  const d = wrapDim("select", dim, x.ndim);
  const size = x.shape[d]!;
  checkInteger("select", "index", index);
  if (index < -size || index >= size)
    throw new IndexError(
      `select(): index ${index} out of range for tensor of size ${shapeText(x.shape)} at dimension ${d}`,
    );
  const at = index < 0 ? index + size : index;
  const from = x.shape;
  return viewOf("select", x, x.shape.toSpliced(d, 1), x.strides.toSpliced(d, 1), x.offset + at * x.strides[d]!, (g) =>
    selectBackward(g, from, d, at),
  );
});

/** The gradient of {@link select}: zero but for one slice. @see torch.select_backward */
export function selectBackward(g: Tensor, shape: readonly number[], dim: number, index: number): Tensor {
  const y = filled(allocate(shape, g.dtype, g), 0);
  const window = {
    ...operand(y),
    shape: g.shape,
    strides: y.strides.toSpliced(dim, 1),
    offset: index * y.strides[dim]!,
  };
  g.storage.backend.copy(window, g);
  return record("SelectBackwardBackward0", y, [g], [], [(gg) => gg.select(dim, index)]);
}

const operand = ({ storage, dtype }: Tensor) => ({ storage, dtype });

/**
 * The first position of a slice of `size` elements, and the one before which it ends, clipped as in Python.
 * @throws ArgumentError for a bound that is no integer, ValueError unless the step is positive.
 */
function sliceRange(
  op: string,
  size: number,
  start: number | null | undefined,
  end: number | null | undefined,
  step: number,
): [from: number, to: number] {
  checkInteger(op, "step", step, 1);
  const clip = (name: string, i: number) => {
    // Any number beyond the axis stands for its end, Infinity included, as in slices of Python.
    const isBeyond = typeof i === "number" && Math.abs(i) > Number.MAX_SAFE_INTEGER;
    const at = isBeyond ? i : checkInteger(op, name, i);
    return Math.min(Math.max(at < 0 ? at + size : at, 0), size);
  };
  const from = clip("start", start ?? 0);
  return [from, Math.max(from, clip("end", end ?? size))];
}

/** Elements `start`, `start + step`, … before `end` of one axis, clipped to its size like a Python slice. @see torch.Tensor.slice */
export const slice = named(
  "slice",
  "input, dim?, start?, end?, step?",
  (x: Tensor, dim = 0, start?: number | null, end?: number | null, step = 1): Tensor => {
    checkTensor("slice", x);
    if (x.ndim === 0) throw new IndexError("slice() cannot be applied to a 0-dim tensor.");
    const d = wrapDim("slice", dim, x.ndim);
    const size = x.shape[d]!;
    const [from, to] = sliceRange("slice", size, start, end, step);
    const shape = x.shape.with(d, Math.ceil((to - from) / step));
    const strides = x.strides.with(d, x.strides[d]! * step);
    const whole = x.shape;
    return viewOf("slice", x, shape, strides, x.offset + from * x.strides[d]!, (g) =>
      sliceBackward(g, whole, d, from, to, step),
    );
  },
);

/** The gradient of {@link slice}: zero outside of the slice. @see torch.slice_backward */
export function sliceBackward(
  g: Tensor,
  shape: readonly number[],
  dim: number,
  start: number,
  end: number,
  step: number,
): Tensor {
  const y = filled(allocate(shape, g.dtype, g), 0);
  const strides = y.strides.with(dim, y.strides[dim]! * step);
  g.storage.backend.copy({ ...operand(y), shape: g.shape, strides, offset: start * y.strides[dim]! }, g);
  return record("SliceBackwardBackward0", y, [g], [], [(gg) => gg.slice(dim, start, end, step)]);
}

/** `length` elements of one axis from `start`. @see torch.narrow */
export const narrow = named(
  "narrow",
  "input, dim, start, length",
  (x: Tensor, dim: number, start: number | Tensor, length: number): Tensor => {
    checkTensor("narrow", x);
    const d = wrapDim("narrow", dim, x.ndim);
    const size = x.shape[d]!;
    const given = checkInteger("narrow", "start", start instanceof Tensor ? start.item() : start);
    checkInteger("narrow", "length", length);
    const from = given < 0 ? given + size : given;
    if (from < 0 || length < 0 || from + length > size)
      throw new IndexError(`narrow: start (${given}) + length (${length}) exceeds dimension size (${size}).`);
    return slice(x, d, from, from + length);
  },
);

/** {@link narrow}, copied. @see torch.narrow_copy */
export const narrowCopy = named(
  "narrowCopy",
  "input, dim, start, length",
  (x: Tensor, dim: number, start: number, length: number): Tensor => narrow(x, dim, start, length).clone(),
);

/** Without the axes of size 1, or without those named if their size is 1. @see torch.squeeze */
export const squeeze = named("squeeze", "input, dim?", (x: Tensor, dim?: number | readonly number[] | null): Tensor => {
  checkTensor("squeeze", x);
  const dims =
    dim === undefined || dim === null
      ? undefined
      : (Array.isArray(dim) ? [...(dim as readonly number[])] : [dim as number]).map((d) =>
          wrapDim("squeeze", d, x.ndim),
        );
  const keep = x.shape.map((n, i) => n !== 1 || (dims !== undefined && !dims.includes(i)));
  const from = x.shape;
  return viewOf(
    "squeeze",
    x,
    x.shape.filter((_, i) => keep[i]),
    x.strides.filter((_, i) => keep[i]),
    x.offset,
    (g) => g.reshape(from),
  );
});

/** With a new axis of size 1 at `dim`. @see torch.unsqueeze */
export const unsqueeze = named("unsqueeze", "input, dim", (x: Tensor, dim: number): Tensor => {
  checkTensor("unsqueeze", x);
  const d = wrapDim("unsqueeze", dim, x.ndim + 1);
  const stride = d < x.ndim ? x.shape[d]! * x.strides[d]! : 1;
  const from = x.shape;
  return viewOf("unsqueeze", x, x.shape.toSpliced(d, 0, 1), x.strides.toSpliced(d, 0, stride), x.offset, (g) =>
    g.reshape(from),
  );
});

/** Axes `startDim` to `endDim` as one. @see torch.flatten */
export const flatten = named("flatten", "input, startDim?, endDim?", (x: Tensor, startDim = 0, endDim = -1): Tensor => {
  checkTensor("flatten", x);
  const a = wrapDim("flatten", startDim, x.ndim);
  const b = wrapDim("flatten", endDim, x.ndim);
  if (a > b) throw new ArgumentError("flatten() has invalid args: startDim cannot come after endDim");
  if (x.ndim === 0) return reshape(x, 1);
  if (a === b) return x;
  return reshape(x, [...x.shape.slice(0, a), sizeOfShape(x.shape.slice(a, b + 1)), ...x.shape.slice(b + 1)]);
});

/** One axis split into several; one size may be -1. @see torch.Tensor.unflatten */
export const unflatten = named(
  "unflatten",
  "input, dim, sizes",
  (x: Tensor, dim: number, sizes: readonly number[]): Tensor => {
    checkTensor("unflatten", x);
    const d = wrapDim("unflatten", dim, x.ndim);
    const split = inferSize("unflatten", sizeArgument("unflatten", [sizes]), x.shape[d] ?? 1);
    return view(x, [...x.shape.slice(0, d), ...split, ...x.shape.slice(d + 1)]);
  },
);
