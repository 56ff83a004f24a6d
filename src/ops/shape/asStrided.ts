import { record } from "../../autograd/node";
import { checkInteger, checkIntegers } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { checkSize, isNested, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate, filled, tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { viewOf } from "./view";

const operand = ({ storage, dtype }: Tensor) => ({ storage, dtype });

/**
 * Any window on the storage of `x`, elements may overlap. The offset counts from the start of the storage; default: that of `x`.
 * @see torch.as_strided
 */
export const asStrided = named(
  "asStrided",
  "input, size, stride; storageOffset",
  (
    x: Tensor,
    size: readonly number[],
    stride: readonly number[],
    options: { storageOffset?: number | null } = {},
  ): Tensor => {
    checkTensor("asStrided", x);
    const window = windowIn("asStrided", x, size, stride, options.storageOffset ?? x.offset);
    const from = { shape: x.shape, strides: x.strides, offset: x.offset };
    return viewOf("asStrided", x, window.shape, window.strides, window.offset, (g) => scatterWindow(g, window, from));
  },
);

/** A window that somebody gave, once it is known to lie within the storage of `x`. */
function windowIn(
  op: string,
  x: Tensor,
  size: readonly number[],
  stride: readonly number[],
  storageOffset: number,
): Layout {
  const shape = checkSize(op, [checkIntegers(op, "size", size)]);
  const strides = checkIntegers(op, "stride", stride, 0);
  const offset = checkInteger(op, "storageOffset", storageOffset, 0);
  if (shape.length !== strides.length)
    throw new ShapeError(
      `${op}: mismatch in length of strides and shape: got ${shapeText(strides)} for ${shapeText(shape)}`,
    );
  const end = shape.includes(0) ? offset : lastPosition({ shape, strides, offset }) + 1;
  // Memory of a tensor without elements has room for one, which is nobody's.
  const isEmpty = (x.origin?.base ?? x).numel() === 0 && x.storage.bytes <= x.elementSize();
  const available = isEmpty ? 0 : Math.floor(x.storage.bytes / x.elementSize());
  if (end > available)
    throw new ShapeError(
      `${op}: size ${shapeText(shape)}, strides ${shapeText(strides)} and offset ${offset} reach outside of the storage of ${available} elements`,
    );
  return { shape, strides, offset };
}

interface Layout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Positions in the storage of every element of a layout, row-major. */
function positions({ shape, strides, offset }: Layout): number[] {
  let list = [offset];
  shape.forEach((n, i) => {
    list = list.flatMap((p) => Array.from({ length: n }, (_, k) => p + k * strides[i]!));
  });
  return list;
}

/** The last position of a layout that has elements. */
const lastPosition = ({ shape, strides, offset }: Layout): number =>
  offset + shape.reduce((n, s, i) => n + (s - 1) * strides[i]!, 0);

const isInjective = ({ shape, strides }: Layout): boolean => isNested(shape, strides);

/**
 * The gradient of a window: put into a storage of zeros at the window's positions, where those that meet add up, and read at those of the
 * source.
 * @see as_strided_backward
 */
function scatterWindow(g: Tensor, window: Layout, source: Layout): Tensor {
  if (g.numel() === 0 || source.shape.includes(0)) return g.newZeros(source.shape);
  return isInjective(window) && isInjective(source) ? copyWindow(g, window, source) : addWindow(g, window, source);
}

/** {@link scatterWindow} between windows without overlaps: two copies. Its transpose goes the other way. */
function copyWindow(g: Tensor, window: Layout, source: Layout): Tensor {
  const size = Math.max(lastPosition(window), lastPosition(source)) + 1;
  const whole = filled(allocate([size], g.dtype, g), 0);
  const y = allocate(source.shape, g.dtype, g);
  const { backend } = g.storage;
  backend.copy({ ...operand(whole), ...window }, g);
  backend.copy(y, { ...operand(whole), ...source });
  whole.dispose();
  return record("AsStridedBackwardBackward0", y, [g], [], [(gg) => copyWindow(gg, source, window)]);
}

/** {@link scatterWindow} by index, for any windows. */
function addWindow(g: Tensor, window: Layout, source: Layout): Tensor {
  const reads = positions(source);
  const slot = new Map(reads.map((p, i) => [p, i]));
  const writes = positions(window);
  const hit = writes.flatMap((p, i) => (slot.has(p) ? [i] : []));
  const picked = g.reshape(-1).indexSelect(0, tensor(hit, { dtype: "int64", device: g.device }));
  const target = tensor(
    hit.map((i) => slot.get(writes[i]!)!),
    { dtype: "int64", device: g.device },
  );
  return picked.newZeros([reads.length]).indexAdd(0, target, picked).reshape(source.shape);
}
