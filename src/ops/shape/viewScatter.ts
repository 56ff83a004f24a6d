/** `x` with a part replaced: writing through a view, out of place. */

import { record } from "../../autograd/node";
import { checkInteger } from "../../core/arguments";
import { DTypeError, ShapeError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkNotRepeated, checkSameDevice, checkTensor } from "../builders/checks";
import { nodeName } from "../builders/define";
import type { DiagonalOptions } from "./diagonal";

/** A contiguous copy of `x` with `src` in the part that the view `pick` shows. */
function replaced(op: string, x: Tensor, src: Tensor, pick: (whole: Tensor) => Tensor): Tensor {
  checkTensor(op, x);
  checkTensor(op, src, "src");
  checkSameDevice(op, x, src);
  if (src.dtype !== x.dtype)
    throw new DTypeError(`${op}: expected self and src to have the same dtype, got ${x.dtype} and ${src.dtype}`);
  const y = allocate(x.shape, x.dtype, x);
  y.storage.backend.copy(y, x);
  const part = pick(y);
  if (!sameShape(part.shape, src.shape))
    throw new ShapeError(
      `${op}: expected src to have a size equal to the slice of self. src size = ${shapeText(src.shape)}, slice size = ${shapeText(part.shape)}`,
    );
  checkNotRepeated(op, part);
  y.storage.backend.copy(part, src);
  part.dispose();
  const { shape } = src;
  return record(
    nodeName(op),
    y,
    [x, src],
    [],
    [(g) => replaced(op, g, g.newZeros(shape), pick), (g) => pick(g.contiguous())],
  );
}

/** `x` with the slice at `index` of `dim` replaced. @see torch.select_scatter */
export const selectScatter = named(
  "selectScatter",
  "input, src, dim, index",
  (x: Tensor, src: Tensor, dim: number, index: number): Tensor =>
    replaced("selectScatter", x, src, (whole) => whole.select(dim, index)),
);

/** Options of {@link sliceScatter}: the slice, as in Python. */
export interface SliceOptions {
  /** Default: 0. */
  dim?: number;
  start?: number | null;
  end?: number | null;
  /** Default: 1. */
  step?: number;
}

/** `x` with a slice of one axis replaced. @see torch.slice_scatter */
export const sliceScatter = named(
  "sliceScatter",
  "input, src; dim, start, end, step",
  (x: Tensor, src: Tensor, options: SliceOptions = {}): Tensor => {
    const { dim = 0, start, end, step = 1 } = options;
    return replaced("sliceScatter", x, src, (whole) => whole.slice(dim, start, end, step));
  },
);

/** `x` with a diagonal replaced. @see torch.diagonal_scatter */
export const diagonalScatter = named(
  "diagonalScatter",
  "input, src; offset, dim1, dim2",
  (x: Tensor, src: Tensor, options: DiagonalOptions = {}): Tensor =>
    replaced("diagonalScatter", x, src, (whole) => whole.diagonal(options)),
);

/** `x` with a window of given strides replaced. The offset counts from the first element of `x`. @see torch.as_strided_scatter */
export const asStridedScatter = named(
  "asStridedScatter",
  "input, src, size, stride; storageOffset",
  (
    x: Tensor,
    src: Tensor,
    size: readonly number[],
    stride: readonly number[],
    options: { storageOffset?: number | null } = {},
  ): Tensor => {
    const storageOffset = checkInteger("asStridedScatter", "storageOffset", options.storageOffset ?? 0, 0);
    return replaced("asStridedScatter", x, src, (whole) =>
      whole.asStrided(size, stride, { storageOffset: whole.offset + storageOffset }),
    );
  },
);
