/** One tensor as several views of its parts. */

import { recordAll } from "../../autograd/node";
import { checkInteger, checkIntegers } from "../../core/arguments";
import { IndexError, ShapeError, ValueError } from "../../core/errors";
import { shapeText, wrapDim } from "../../core/shape";
import { named, withMethod } from "../../core/signature";
import { allocate, filled, windowOn } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import type { Several, Tensors } from "../../tensor/tensors";
import { checkTensor } from "../builders/checks";
import { cat, stack } from "./join";

/** Views of consecutive parts of one axis; their gradients are joined by one copy each. */
function parts(op: string, x: Tensor, dim: number, sizes: readonly number[]): Tensors {
  let start = 0;
  const shapes = sizes.map((size) => x.shape.with(dim, size));
  const views = shapes.map((shape) => {
    const view = windowOn(x, shape, x.strides, x.offset + start * x.strides[dim]!);
    view.origin = { base: x.origin?.base ?? x, version: x.storage.version };
    start += shape[dim]!;
    return view;
  });
  return recordAll(op, views, [x], [], (gs) => [
    cat(
      shapes.map((shape, i) => gs[i] ?? zerosFor(shape, gs)),
      dim,
    ),
  ]) as Tensors;
}

/** Zeros for a part that no gradient reached, of the dtype and on the device of the others. */
function zerosFor(shape: readonly number[], gs: readonly (Tensor | undefined)[]): Tensor {
  const like = gs.find((g) => g !== undefined)!;
  return filled(allocate(shape, like.dtype, like), 0);
}

/** The most views that one call makes: each is an object of some 300 bytes that takes 2 µs. */
const MAX_PARTS = 2 ** 20;

function checkParts(op: string, count: number): void {
  if (count > MAX_PARTS) throw new ValueError(`${op}: makes at most ${MAX_PARTS} tensors, got ${count}`);
}

/** The axis to split, and its size. @throws IndexError for a 0-d tensor. */
function splitAxis(op: string, x: Tensor, dim: number): [dim: number, size: number] {
  checkTensor(op, x);
  if (x.ndim === 0) throw new IndexError(`${op} expects at least a 1-dimensional tensor`);
  const d = wrapDim(op, dim, x.ndim);
  return [d, x.shape[d]!];
}

/**
 * Views of `splitSize` elements each along `dim`, the last one perhaps smaller; or of the sizes given.
 * @see torch.split
 * @throws ShapeError if the sizes do not add up to the axis.
 */
export const split = withMethod(
  named("split", "tensor, splitSizeOrSections, dim?", splitInto),
  named("split", "input, splitSize, dim?", splitInto),
);

function splitInto(x: Tensor, splitSizeOrSections: number | readonly number[], dim = 0): Tensors {
  if (Array.isArray(splitSizeOrSections)) return splitWithSizes(x, splitSizeOrSections, dim);
  const [d, n] = splitAxis("split", x, dim);
  const size = checkInteger("split", "splitSizeOrSections", splitSizeOrSections);
  if (size < 0) throw new ShapeError(`split expects split_size be non-negative, but got split_size=${size}`);
  if (size === 0 && n > 0)
    throw new ShapeError(`split: split_size can only be 0 if dimension size is 0, but got dimension size of ${n}`);
  const count = n === 0 ? 1 : Math.ceil(n / size);
  checkParts("split", count);
  return parts(
    "SplitBackward0",
    x,
    d,
    Array.from({ length: count }, (_, i) => Math.min(size, n - i * size)),
  );
}

/** Views of the given sizes along `dim`. @see torch.split_with_sizes @throws ShapeError if they do not add up to the axis. */
export const splitWithSizes = named(
  "splitWithSizes",
  "input, splitSizes, dim?",
  (x: Tensor, splitSizes: readonly number[], dim = 0): Tensors => {
    const [d, n] = splitAxis("splitWithSizes", x, dim);
    checkIntegers("splitWithSizes", "splitSizes", splitSizes);
    if (splitSizes.some((s) => s < 0) || splitSizes.reduce((a, b) => a + b, 0) !== n)
      throw new ShapeError(
        `splitWithSizes: expects split_sizes to sum exactly to ${n} (input tensor's size at dimension ${d}), but got split_sizes=${shapeText(splitSizes)}`,
      );
    return parts("SplitWithSizesBackward0", x, d, splitSizes);
  },
);

/** At most `chunks` views of equal size along `dim`, the last one perhaps smaller. @see torch.chunk */
export const chunk = named(
  "chunk",
  "input, chunks, dim?",
  <N extends number>(x: Tensor, chunks: N, dim = 0): Several<N> => {
    const [d, n] = splitAxis("chunk", x, dim);
    if (checkInteger("chunk", "chunks", chunks) <= 0)
      throw new ShapeError(`chunk expects \`chunks\` to be greater than 0, got: ${chunks}`);
    const size = Math.ceil(n / chunks);
    if (size > 0) return split(x, size, d) as Several<N>;
    checkParts("chunk", chunks);
    return splitWithSizes(x, new Array<number>(chunks).fill(0), d) as Several<N>;
  },
);

/**
 * Views of parts along `dim`: as many as an integer says, their sizes differing by at most 1, or cut at the given positions.
 * @see torch.tensor_split
 */
export const tensorSplit = named(
  "tensorSplit",
  "input, indicesOrSections, dim?",
  (x: Tensor, indicesOrSections: number | readonly number[] | Tensor, dim = 0): Tensors => {
    const [d, n] = splitAxis("tensorSplit", x, dim);
    const given =
      indicesOrSections instanceof Tensor ? (indicesOrSections.tolist() as number | number[]) : indicesOrSections;
    if (!Array.isArray(given)) {
      if (checkInteger("tensorSplit", "indicesOrSections", given) <= 0)
        throw new ShapeError(`tensorSplit: number of sections must be larger than 0, got ${given}`);
      checkParts("tensorSplit", given as number);
      return parts(
        "SplitWithSizesBackward0",
        x,
        d,
        Array.from(
          { length: given as number },
          (_, i) => Math.floor(n / (given as number)) + (i < n % (given as number) ? 1 : 0),
        ),
      );
    }
    const bounds = [0].concat(checkIntegers("tensorSplit", "indicesOrSections", given), n);
    return bounds.slice(1).map((end, i) => x.slice(d, bounds[i], i === given.length ? n : end)) as Tensors;
  },
);

/** An axis counted as numpy does, cut in equal parts or at positions. */
function splitAlong(
  op: string,
  x: Tensor,
  at: number | readonly number[] | Tensor,
  dim: number,
  ndim: number,
): Tensors {
  if (checkTensor(op, x).ndim < ndim)
    throw new ShapeError(
      `${op} requires a tensor with at least ${ndim} dimension(s), but got a tensor with ${x.ndim} dimensions!`,
    );
  if (typeof at === "number" && (at === 0 || x.shape[dim]! % at !== 0))
    throw new ShapeError(
      `${op} attempted to split along dimension ${dim}, but the size of the dimension ${x.shape[dim]} is not divisible by the split_size ${at}!`,
    );
  return tensorSplit(x, at, dim);
}

/** Parts from left to right: along axis 1, of a vector along axis 0. @see torch.hsplit */
export const hsplit = named(
  "hsplit",
  "input, indicesOrSections",
  (x: Tensor, indicesOrSections: number | readonly number[]): Tensors =>
    splitAlong("hsplit", x, indicesOrSections, checkTensor("hsplit", x).ndim === 1 ? 0 : 1, 1),
);

/** Parts from top to bottom: along axis 0. @see torch.vsplit */
export const vsplit = named(
  "vsplit",
  "input, indicesOrSections",
  (x: Tensor, indicesOrSections: number | readonly number[]): Tensors =>
    splitAlong("vsplit", x, indicesOrSections, 0, 2),
);

/** Parts from front to back: along axis 2. @see torch.dsplit */
export const dsplit = named(
  "dsplit",
  "input, indicesOrSections",
  (x: Tensor, indicesOrSections: number | readonly number[]): Tensors =>
    splitAlong("dsplit", x, indicesOrSections, 2, 3),
);

/** The slices along `dim`, which disappears, as views. @see torch.unbind @example const [x, y] = points.unbind(1); */
export const unbind = named("unbind", "input, dim?", (x: Tensor, dim = 0): Tensors => {
  const [d, n] = splitAxis("unbind", x, dim);
  checkParts("unbind", n);
  const [shape, strides] = [x.shape.toSpliced(d, 1), x.strides.toSpliced(d, 1)];
  const views = Array.from({ length: n }, (_, i) => {
    const view = windowOn(x, shape, strides, x.offset + i * x.strides[d]!);
    view.origin = { base: x.origin?.base ?? x, version: x.storage.version };
    return view;
  });
  return recordAll("UnbindBackward0", views, [x], [], (gs) => [
    stack(
      Array.from({ length: n }, (_, i) => gs[i] ?? zerosFor(shape, gs)),
      d,
    ),
  ]) as Tensors;
});
