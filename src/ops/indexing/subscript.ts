/** Python's `x[…]` as `x.at(…)` and `x.setAt([…], value)`: views by numbers and slices, copies by tensors. */

import { checkArray } from "../../core/arguments";
import { ArgumentError, checkOptions, DTypeError, IndexError, ShapeError } from "../../core/errors";
import { broadcastShapes, sameShape, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import type { Overloaded } from "../../core/signatureTypes";
import { allocate, checkScalar, filled, tensor } from "../../tensor/create";
import { axesOf, type IndexItem, type IndexStep, isMask, parseIndex } from "../../tensor/indexing";
import { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { inplace } from "../builders/inplace";
import { copy_ } from "../creation/copy";
import { viewOf } from "../shape/view";
import { wrappedIndex, writing } from "./indexChecks";
import { type AccumulateOptions, maskedFill, maskedFill_, nonzero } from "./masked";
import { indexAdd_, indexCopy_ } from "./slices";

/** One index per axis, in order; null or undefined leaves an axis whole. */
export type TensorIndices = readonly (Tensor | null | undefined)[];

/** Whether an entry of {@link TensorIndices} indexes its axis, which null and undefined leave whole. */
const isGiven = (index: Tensor | null | undefined): index is Tensor => index !== null && index !== undefined;

/** The view that numbers and slices make, and what is left to index it with: one entry per axis, but one for all axes of a mask. */
function basicIndex(x: Tensor, steps: readonly IndexStep[]): { view: Tensor; indices: (Tensor | undefined)[] } {
  let view = x;
  let axis = 0;
  const indices: (Tensor | undefined)[] = [];
  for (const step of steps) {
    if (step.kind === "select") {
      view = selectAt(view, axis, step.index, x);
      continue;
    }
    if (step.kind === "slice" && !(step.start === null && step.end === null && step.step === 1))
      view = view.slice(axis, step.start, step.end, step.step);
    if (step.kind === "newAxis" || step.kind === "truth") view = view.unsqueeze(axis);
    indices.push(indexOf(step, x));
    axis += step.kind === "tensor" ? axesOf(step) : 1;
  }
  return { view, indices };
}

function selectAt(view: Tensor, axis: number, index: number, x: Tensor): Tensor {
  const size = view.shape[axis]!;
  if (index < -size || index >= size)
    throw new IndexError(
      `at: index ${index} is out of bounds for dimension ${x.ndim - view.ndim + axis} with size ${size}`,
    );
  return view.select(axis, index);
}

function indexOf(step: IndexStep, x: Tensor): Tensor | undefined {
  if (step.kind === "truth") return tensor(step.value ? [0] : [], { dtype: "int64", device: x.device });
  return step.kind === "tensor" ? step.index : undefined;
}

/**
 * The elements that `items` choose, as `x[…]` in Python. Integers, slices (`"1:3"`), `"..."` and null give a view; tensors and arrays of
 * integers or of booleans give a copy, through which gradients flow.
 * @see torch.Tensor.__getitem__
 * @throws IndexError for an index out of range, or more items than axes.
 * @example x.at(0); x.at("1:3", "::2"); x.at("...", null, [0, 2]); x.at(x.gt(0));
 */
export const at = named("at", "input, ...items", (x: Tensor, ...items: IndexItem[]): Tensor => {
  checkTensor("at", x);
  const { view, indices } = basicIndex(x, parseIndex(items, x.ndim));
  if (indices.some((index) => index !== undefined)) return indexBy(view, indices);
  return view === x ? viewOf("alias", x, x.shape, x.strides, x.offset, (g) => g) : view;
}) as unknown as Overloaded<(input: Tensor, ...items: IndexItem[]) => Tensor, (...items: IndexItem[]) => Tensor>;

/** How tensors choose elements: the axes that they index, moved together, are walked by one vector of positions. */
interface Selection {
  /** The order of the axes that brings the indexed ones together. */
  readonly order: readonly number[];
  /** The sizes of the axes before the indexed ones, and after them. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Positions in the indexed axes, row-major, as a vector of int64. */
  readonly positions: Tensor;
  /** The common shape of the indices, which takes the place of the axes. */
  readonly shape: readonly number[];
}

/** @throws IndexError unless the shape of a mask is that of the axes that it meets. */
function checkMask(mask: Tensor, x: Tensor, axis: number): void {
  const seen = x.shape.slice(axis, axis + mask.ndim);
  if (!sameShape(mask.shape, seen))
    throw new IndexError(
      `at: The shape of the mask ${shapeText(mask.shape)} at index ${axis} does not match the shape of the indexed tensor ${shapeText(x.shape)} at index ${axis}`,
    );
}

/** A mask as one vector of indices per axis. @throws IndexError unless its shape is that of the axes that it meets. */
function maskIndices(mask: Tensor, x: Tensor, axis: number): Tensor[] {
  checkMask(mask, x, axis);
  return nonzero(mask, { asTuple: true });
}

/**
 * The only index, if it is a mask and one value is written: no count of its elements is needed then, which a device that cannot be read at once does not
 * give. Its shape broadcasts to that of `x`.
 */
function onlyMask(x: Tensor, indices: TensorIndices, values: Tensor, options: AccumulateOptions): Tensor | undefined {
  if (values.numel() !== 1 || options.accumulate || x.storage.backend.readsAtOnce) return undefined;
  const axis = indices.findIndex(isGiven);
  const mask = indices[axis];
  if (!mask || !isMask(mask) || indices.some((index, i) => isGiven(index) && i > axis)) return undefined;
  checkMask(mask, x, axis);
  return mask.reshape([...mask.shape, ...x.shape.slice(axis + mask.ndim).map(() => 1)]);
}

/** One index per axis: masks taken apart. @throws IndexError if there are more than axes. */
function indexPerAxis(x: Tensor, indices: TensorIndices): (Tensor | undefined)[] {
  const list: (Tensor | undefined)[] = [];
  for (const index of indices) {
    if (index && isMask(index)) for (const own of maskIndices(index, x, list.length)) list.push(own);
    else list.push(index ?? undefined);
  }
  if (list.length > x.ndim)
    throw new IndexError(`at: too many indices for tensor of dimension ${x.ndim} (got ${list.length})`);
  return list;
}

function commonShape(indices: readonly Tensor[]): readonly number[] {
  try {
    return broadcastShapes("at", ...indices.map((index) => index.shape));
  } catch {
    throw new IndexError(
      `at: shape mismatch: indexing tensors could not be broadcast together with shapes ${indices.map((i) => shapeText(i.shape)).join(", ")}`,
    );
  }
}

/** Positions in the axes `sizes`, row-major, of indices at their common shape. */
function linearPositions(
  indices: readonly Tensor[],
  axes: readonly number[],
  sizes: readonly number[],
  shape: readonly number[],
): Tensor {
  if (indices.length === 1) return wrappedIndex("at", indices[0]!, sizes[0]!, axes[0]!).reshape(-1);
  const own = indices.map((index, k) => wrappedIndex("at", index, sizes[k]!, axes[k]!));
  const linear = own.reduce((sum, index, k) => sum.mul(sizes[k]!).add(index));
  return linear.expand(shape).reshape(-1);
}

/** Indices on neighboring axes leave their result in place; on others it comes first. @see at::native::index */
function selectionOf(x: Tensor, indices: TensorIndices): Selection {
  const perAxis = indexPerAxis(x, indices);
  const axes = perAxis.flatMap((index, axis) => (index === undefined ? [] : [axis]));
  const used = axes.map((axis) => perAxis[axis]!);
  const sizes = axes.map((axis) => x.shape[axis]!);
  const shape = commonShape(used);
  const areNeighbors = axes.at(-1)! - axes[0]! === axes.length - 1;
  const rest = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const lead = areNeighbors ? axes[0]! : 0;
  const order = [...rest.slice(0, lead), ...axes, ...rest.slice(lead)];
  const sizesOf = (list: readonly number[]) => list.map((axis) => x.shape[axis]!);
  return {
    order,
    before: sizesOf(rest.slice(0, lead)),
    after: sizesOf(rest.slice(lead)),
    positions: linearPositions(used, axes, sizes, shape),
    shape,
  };
}

const isIdentity = (order: readonly number[]): boolean => order.every((axis, i) => axis === i);

/** `x` with the indexed axes of a selection as one. */
function mergeAxes(x: Tensor, { order, before, after }: Selection): Tensor {
  const ordered = isIdentity(order) ? x : x.permute(order);
  const n = order.slice(before.length, order.length - after.length).reduce((size, axis) => size * x.shape[axis]!, 1);
  const merged = [...before, n, ...after];
  return sameShape(ordered.shape, merged) ? ordered : ordered.reshape(merged);
}

/** The elements of `x` at indices into one axis. */
function indexAxis(x: Tensor, index: Tensor, axis: number): Tensor {
  const y = x.indexSelect(axis, wrappedIndex("at", index, x.shape[axis]!, axis).reshape(-1));
  return index.ndim === 1 ? y : y.reshape(x.shape.toSpliced(axis, 1, ...index.shape));
}

/** The elements of `x` at tensors of indices: one per axis, null for whole axes. @see torch.Tensor.index */
function indexBy(x: Tensor, indices: TensorIndices): Tensor {
  const axis = indices.findIndex(isGiven);
  const first = indices[axis]!;
  if (!isMask(first) && !indices.some((index, i) => isGiven(index) && i > axis)) return indexAxis(x, first, axis);
  const selection = selectionOf(x, indices);
  const { before, after, shape } = selection;
  const y = mergeAxes(x, selection).indexSelect(before.length, selection.positions);
  return shape.length === 1 ? y : y.reshape([...before, ...shape, ...after]);
}

/**
 * `x` with `values`, broadcast to the shape of the choice, at tensors of indices: one per axis, null for whole axes, masks allowed. Which
 * value stays where indices repeat is unspecified, unless they accumulate.
 * @see torch.Tensor.index_put
 * @throws IndexError for an index out of range, ShapeError if the values do not broadcast.
 */
export const indexPut = named(
  "indexPut",
  "input, indices, values; accumulate",
  (x: Tensor, indices: TensorIndices, values: Tensor, options: AccumulateOptions = {}): Tensor => {
    checkPut(x, indices, values, options);
    const mask = onlyMask(x, indices, values, options);
    if (mask !== undefined) return maskedFill(x, mask, values.reshape([]));
    const { order, before, positions, source, merged } = placement(x, indices, values);
    const y = options.accumulate
      ? merged.indexAdd(before.length, positions, source)
      : merged.indexCopy(before.length, positions, source);
    const ordered = y.reshape(order.map((axis) => x.shape[axis]!));
    return isIdentity(order) ? ordered : ordered.permute(x.shape.map((_, axis) => order.indexOf(axis)));
  },
);

function checkPut(x: Tensor, indices: TensorIndices, values: Tensor, options: AccumulateOptions): void {
  checkTensor("indexPut", x);
  checkTensor("indexPut", values, "values");
  checkOptions("indexPut", options, ["accumulate"]);
  if (values.dtype !== x.dtype)
    throw new DTypeError(
      `indexPut: Index put requires the source and destination dtypes match, got ${x.dtype} for the destination and ${values.dtype} for the source.`,
    );
  checkArray("indexPut", "indices", indices, "tensors");
  for (const index of indices) if (isGiven(index)) checkTensor("indexPut", index, "an index");
  if (!indices.some(isGiven)) throw new ArgumentError("indexPut: needs at least one tensor of indices");
}

/** Where {@link indexPut} writes: `x` with the indexed axes merged, and the values as they go there. */
function placement(x: Tensor, indices: TensorIndices, values: Tensor) {
  const selection = selectionOf(x, indices);
  const { before, after, shape, positions } = selection;
  const spread = broadcastValues(values, [...before, ...shape, ...after]);
  const source = spread.reshape([...before, positions.numel(), ...after]);
  return { ...selection, source, merged: mergeAxes(x, selection) };
}

/** `values` at the shape that is written; leading axes of size 1 too many are dropped. @throws ShapeError if they do not broadcast. */
function broadcastValues(values: Tensor, shape: readonly number[]): Tensor {
  const extra = values.ndim - shape.length;
  const own =
    extra > 0 && values.shape.slice(0, extra).every((n) => n === 1)
      ? values.reshape(values.shape.slice(extra))
      : values;
  const fits =
    own.ndim <= shape.length && own.shape.every((n, i) => n === 1 || n === shape[shape.length - own.ndim + i]);
  if (!fits)
    throw new ShapeError(
      `setAt: shape mismatch: value tensor of shape ${shapeText(values.shape)} cannot be broadcast to indexing result of shape ${shapeText(shape)}`,
    );
  return own.expand(shape);
}

/** indexPut in place. @see torch.Tensor.index_put_ */
export const indexPut_: typeof indexPut = inplace(
  "indexPut_",
  writing("indexPut_", indexPut, (x, indices, values, options = {}) => {
    checkPut(x, indices, values, options);
    const mask = onlyMask(x, indices, values, options);
    if (mask !== undefined) {
      maskedFill_(x, mask, values.reshape([]));
      return;
    }
    const { before, positions, source, merged } = placement(x, indices, values);
    if (merged.storage !== x.storage) copy_(x, indexPut(x, indices, values, options));
    else if (options.accumulate) indexAdd_(merged, before.length, positions, source);
    else indexCopy_(merged, before.length, positions, source);
  }),
);

/**
 * Writes `value`, a number or a tensor that broadcasts, to the elements that `items` choose, as `x[…] = value` in Python; gives `x`.
 * @see torch.Tensor.__setitem__
 * @throws IndexError for an index out of range, ShapeError if the value does not broadcast.
 * @example x.setAt([0, "1:"], 0); x.setAt([x.lt(0)], 0);
 */
export const setAt = named(
  "setAt",
  "input, items, value",
  (x: Tensor, items: IndexItem | readonly IndexItem[], value: Tensor | number | boolean | bigint): Tensor => {
    checkTensor("setAt", x);
    if (!(value instanceof Tensor)) checkScalar("setAt", "value", value, x.dtype);
    const list = Array.isArray(items) ? (items as readonly IndexItem[]) : [items as IndexItem];
    const { view, indices } = basicIndex(x, parseIndex(list, x.ndim));
    // The value may be a part of x itself: it is read before anything is written.
    const given = value instanceof Tensor && value.storage === x.storage ? value.clone() : value;
    const source = given instanceof Tensor ? given : filled(allocate([], x.dtype, x), given);
    if (indices.some((index) => index !== undefined)) indexPut_(view, indices, source);
    else copy_(view, broadcastValues(source, view.shape));
    return x;
  },
);
