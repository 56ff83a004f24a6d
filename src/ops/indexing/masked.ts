/** Elements chosen by a condition, or by their position in row-major order. */

import { record } from "../../autograd/node";
import { DTypeError, ShapeError } from "../../core/errors";
import { broadcastShapes, contiguousStrides, sameShape, sizeOfShape } from "../../core/shape";
import { named } from "../../core/signature";
import type { Overloaded } from "../../core/signatureTypes";
import { allocate, checkFill, filled } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkAll, checkFits, checkSameDevice, checkTensor } from "../builders/checks";
import { cast, computeType, sumTo } from "../builders/define";
import { inplace } from "../builders/inplace";
import { cat } from "../shape/join";
import { checkIndexType, dense, wrappedIndex, writing } from "./indexChecks";

/** @throws DTypeError unless `mask` is a bool tensor on the device of `x`. */
function checkMask(op: string, mask: Tensor, x: Tensor): void {
  checkTensor(op, x);
  checkTensor(op, mask, "mask");
  checkSameDevice(op, x, mask);
  if (mask.dtype !== "bool")
    throw new DTypeError(
      `${op}: only supports boolean masks, but got mask with dtype ${mask.dtype}; compare it, as in x.ne(0)`,
    );
}

/** The common shape of `x` and its mask. */
const maskedShape = (op: string, x: Tensor, mask: Tensor): readonly number[] =>
  sameShape(x.shape, mask.shape) ? x.shape : broadcastShapes(op, x.shape, mask.shape);

/** y = mask ? value : x, all broadcast to the shape of `y`. */
function choose(y: Tensor, mask: Tensor, value: Tensor | number | boolean, x: Tensor): void {
  const fill = value instanceof Tensor ? cast(value, x.dtype) : filled(allocate([], x.dtype, x), value);
  y.storage.backend.ternary("where", x.dtype, y, mask, fill, x, 0);
  if (fill !== value) fill.dispose();
}

function checkMaskedFill(op: string, x: Tensor, mask: Tensor, value: number | boolean | Tensor): void {
  checkMask(op, mask, x);
  if (value instanceof Tensor) checkSameDevice(op, x, value);
  checkFill(op, value, x.dtype);
}

/**
 * `x` with `value`, a number or a 0-d tensor, wherever `mask` is true. `x` and the mask broadcast.
 * @see torch.Tensor.masked_fill
 * @throws DTypeError if the mask is not bool.
 */
export const maskedFill = named(
  "maskedFill",
  "input, mask, value",
  (x: Tensor, mask: Tensor, value: number | boolean | Tensor): Tensor => {
    checkMaskedFill("maskedFill", x, mask, value);
    const y = allocate(maskedShape("maskedFill", x, mask), x.dtype, x);
    choose(y, mask, value, x);
    const { shape: from, dtype } = x;
    const given = value instanceof Tensor ? value.dtype : dtype;
    return record(
      "MaskedFillBackward0",
      y,
      [x, value instanceof Tensor ? value : null],
      [mask],
      [
        (g, [m]) => sumTo(g.maskedFill(m!, 0), from, dtype),
        (g, [m]) => g.maskedFill(m!.logicalNot(), 0).sum().to(given),
      ],
    );
  },
);

/** How many elements of a contiguous tensor are not 0. Read back. */
const countNonzeroOf = (x: Tensor): number => x.storage.backend.countNonzero(x);

/** {@link nonzero} as a method. */
interface NonzeroMethod {
  (options: { asTuple: true }): Tensor[];
  (options?: { asTuple?: boolean }): Tensor;
}

/** {@link nonzero} as a function. */
interface NonzeroFunction {
  (input: Tensor, options: { asTuple: true }): Tensor[];
  (input: Tensor, options?: { asTuple?: boolean }): Tensor;
  (options: { input: Tensor; asTuple: true }): Tensor[];
  (options: { input: Tensor; asTuple?: boolean }): Tensor;
}

/**
 * The indices of all elements that are not 0, in row-major order: as rows of an int64 tensor of shape [count, ndim]; with `asTuple` as
 * one vector per axis, as indexing takes them. The shape of the result depends on the data, which are read back.
 * @see torch.nonzero
 */
export const nonzero = named(
  "nonzero",
  "input;; asTuple",
  (x: Tensor, options: { asTuple?: boolean } = {}): Tensor | Tensor[] => {
    checkTensor("nonzero", x);
    if (options.asTuple) return nonzero(x.ndim === 0 ? x.reshape(1) : x).unbind(1);
    if (x.numel() > LONGEST) return coordinates(longNonzero(x.detach().reshape(-1)), x.shape);
    const source = dense(cast(x, computeType(x.dtype)));
    const y = allocate([countNonzeroOf(source), x.ndim], "int64", x);
    y.storage.backend.run("nonzero", { y, x: source });
    return y;
  },
) as unknown as Overloaded<NonzeroFunction, NonzeroMethod>;

/** Kernels count in 32 bits, so that a longer vector is looked through in parts. */
const LONGEST = 2 ** 30;

/** The positions of the elements of a vector of any length that are not 0. */
function longNonzero(x: Tensor): Tensor {
  const n = x.shape[0]!;
  const starts = Array.from({ length: Math.ceil(n / LONGEST) }, (_, i) => i * LONGEST);
  return cat(starts.map((start) => nonzero(x.narrow(0, start, Math.min(LONGEST, n - start))).add(start))).reshape(-1);
}

/** Positions in row-major order as rows of indices of a shape. */
function coordinates(positions: Tensor, shape: readonly number[]): Tensor {
  const strides = contiguousStrides(shape);
  const indices = shape.map((n, i) => positions.floorDivide(strides[i]!).remainder(n).unsqueeze(1));
  return cat(indices, 1);
}

/** The indices of all elements that are not 0, as rows. @see torch.argwhere */
export const argwhere = named("argwhere", "input", (x: Tensor): Tensor => nonzero(checkTensor("argwhere", x)));

/** `x` at a shape that it broadcasts to, contiguous and without history. */
const spreadOut = (x: Tensor, shape: readonly number[]): Tensor =>
  dense(sameShape(x.shape, shape) ? x : x.detach().expand(shape));

/**
 * The elements of `x` where `mask` is true, in row-major order, as a vector. `x` and the mask broadcast. The size of the result
 * depends on the mask, which is read back.
 * @see torch.masked_select
 */
export const maskedSelect = named("maskedSelect", "input, mask", (x: Tensor, mask: Tensor): Tensor => {
  checkMask("maskedSelect", mask, x);
  const shape = maskedShape("maskedSelect", x, mask);
  const where = spreadOut(mask, shape);
  const y = allocate([countNonzeroOf(where)], x.dtype, x);
  y.storage.backend.run("maskedSelect", { y, x: spreadOut(x, shape), mask: where });
  const { shape: from, dtype } = x;
  return record(
    "MaskedSelectBackward0",
    y,
    [x],
    [where],
    [(g, [m]) => sumTo(g.newZeros(shape).maskedScatter(m!, g), from, dtype)],
  );
});

/**
 * `x` with the first elements of `source`, in row-major order, wherever `mask` is true. `x` and the mask broadcast.
 * @see torch.Tensor.masked_scatter
 * @throws ShapeError if the source has fewer elements than the mask has true ones.
 */
export const maskedScatter = named(
  "maskedScatter",
  "input, mask, source",
  (x: Tensor, mask: Tensor, source: Tensor): Tensor => {
    checkMask("maskedScatter", mask, x);
    checkTensor("maskedScatter", source, "source");
    if (source.dtype !== x.dtype)
      throw new DTypeError(
        `maskedScatter: expected self and source to have same dtypes but got ${x.dtype} and ${source.dtype}`,
      );
    const shape = maskedShape("maskedScatter", x, mask);
    const where = spreadOut(mask, shape);
    if (!where.storage.backend.readsAtOnce)
      checkAll("maskedScatter", where.sum().le(source.numel()), "the source has fewer elements than the mask has ones");
    else if (where.storage.backend.firstInvalid({ kind: "mask", x: where, most: source.numel() }) >= 0)
      throw new ShapeError(
        `maskedScatter: Number of elements of source (${source.numel()}) < number of ones in mask (${countNonzeroOf(where)})`,
      );
    const y = allocate(shape, x.dtype, x);
    y.storage.backend.copy(y, x.expand(shape).detach());
    y.storage.backend.run("maskedScatter", { y, mask: where, source: dense(source) });
    const [from, taken, dtype] = [x.shape, source.shape, x.dtype];
    return record(
      "MaskedScatterBackward0",
      y,
      [x, source],
      [where],
      [(g, [m]) => sumTo(g.maskedFill(m!, 0), from, dtype), (g, [m]) => takenOf(g, m!, taken)],
    );
  },
);

/** The elements of `g` where a mask is true, in row-major order, as the first of a tensor of zeros. Nothing depends on how many there are. */
function takenOf(g: Tensor, mask: Tensor, shape: readonly number[]): Tensor {
  const n = sizeOfShape(shape);
  const isTaken = mask.reshape(-1);
  // One place more than there are takes what is not taken.
  const places = isTaken.long().cumsum(0).sub(1).clamp({ max: n }).maskedFill(isTaken.logicalNot(), n);
  return g
    .newZeros([n + 1])
    .scatter(0, places, g.reshape(-1))
    .narrow(0, 0, n)
    .reshape(shape);
}

/** Positions in `x` in row-major order, negative ones counted from the end, as a vector. */
function flatIndex(op: string, x: Tensor, index: Tensor): Tensor {
  checkIndexType(op, index, x);
  return wrappedIndex(op, index, x.numel(), 0).reshape(-1);
}

/** The elements of `x` at positions in row-major order, in the shape of the index. Negative positions count from the end. @see torch.take */
export const take = named("take", "input, index", (x: Tensor, index: Tensor): Tensor => {
  checkTensor("take", x);
  return x
    .reshape(-1)
    .indexSelect(0, flatIndex("take", x, index))
    .reshape(index.shape);
});

/** Options of {@link put} and {@link indexPut}. */
export interface AccumulateOptions {
  /** Add to what is there instead of replacing it. Default: false. */
  accumulate?: boolean;
}

/**
 * `x` with the elements of `source` at positions in row-major order. Negative positions count from the end.
 * @see torch.Tensor.put
 * @throws ShapeError if the index and the source differ in their number of elements.
 */
export const put = named(
  "put",
  "input, index, source; accumulate",
  (x: Tensor, index: Tensor, source: Tensor, options: AccumulateOptions = {}): Tensor => {
    checkTensor("put", x);
    checkTensor("put", source, "source");
    const at = flatIndex("put", x, index);
    if (source.numel() !== at.numel())
      throw new ShapeError(
        `put: Expected source and index to have the same number of elements, but got source.numel() = ${source.numel()}, index.numel() = ${at.numel()}`,
      );
    const values = source.reshape(-1);
    const flat = x.reshape(-1);
    return (options.accumulate ? flat.indexAdd(0, at, values) : flat.indexCopy(0, at, values)).reshape(x.shape);
  },
);

/** maskedFill in place. @see torch.Tensor.masked_fill_ */
export const maskedFill_: typeof maskedFill = inplace(
  "maskedFill_",
  writing("maskedFill_", maskedFill, (x, mask, value) => {
    checkMaskedFill("maskedFill_", x, mask, value);
    checkFits("maskedFill_", x, maskedShape("maskedFill_", x, mask), x.dtype);
    choose(x, mask, value, x);
  }),
  "allowed",
);
/** maskedScatter in place. @see torch.Tensor.masked_scatter_ */
export const maskedScatter_: typeof maskedScatter = inplace("maskedScatter_", maskedScatter, "allowed");
/** put in place. @see torch.Tensor.put_ */
export const put_: typeof put = inplace("put_", put);
