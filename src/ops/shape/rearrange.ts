/** Copies with the elements in another order, or repeated. */

import { record } from "../../autograd/node";
import { checkInteger, checkIntegers } from "../../core/arguments";
import { describe, IndexError, ShapeError } from "../../core/errors";
import { checkShape, checkSize, contiguousStrides, shapeText, sizeArgument, wrapDim, wrapDims } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate, vectorOf } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import type { SizeArguments } from "./view";

/** The elements along each of the axes in reverse order, copied. @see torch.flip @example x.flip(0, 1) */
export const flip = named("flip", "input, ...dims", (x: Tensor, ...dims: SizeArguments): Tensor => {
  checkTensor("flip", x);
  const axes = wrapDims("flip", sizeArgument("flip", dims), x.ndim);
  const y = allocate(x.shape, x.dtype, x);
  const strides = x.strides.map((s, d) => (axes.includes(d) ? -s : s));
  const offset = axes.reduce((at, d) => at + Math.max(0, x.shape[d]! - 1) * x.strides[d]!, x.offset);
  x.storage.backend.copy(y, { storage: x.storage, dtype: x.dtype, shape: x.shape, strides, offset });
  return record("FlipBackward0", y, [x], [], [(g) => g.flip(axes)]);
});

const listOf = (value: number | readonly number[]): readonly number[] => (typeof value === "number" ? [value] : value);

/** Each row from right to left. @see torch.fliplr */
export const fliplr = named("fliplr", "input", (x: Tensor): Tensor => {
  if (checkTensor("fliplr", x).ndim < 2) throw new ShapeError("fliplr: Input must be >= 2-d.");
  return flip(x, 1);
});

/** The rows from bottom to top. @see torch.flipud */
export const flipud = named("flipud", "input", (x: Tensor): Tensor => {
  if (checkTensor("flipud", x).ndim < 1) throw new ShapeError("flipud: Input must be >= 1-d.");
  return flip(x, 0);
});

/** y = x rotated by `shift` along one axis: two copies of slices. */
function rollInto(y: Tensor, x: Tensor, shift: number, dim: number): void {
  const n = x.shape[dim]!;
  const cut = ((shift % n) + n) % n;
  const window = (t: Tensor, start: number, length: number) => ({
    storage: t.storage,
    dtype: t.dtype,
    shape: t.shape.with(dim, length),
    strides: t.strides,
    offset: t.offset + start * t.strides[dim]!,
  });
  const { backend } = x.storage;
  if (cut > 0) backend.copy(window(y, 0, cut), window(x, n - cut, cut));
  backend.copy(window(y, cut, n - cut), window(x, 0, n - cut));
}

/**
 * The elements moved along axes by `shifts` places; what leaves at one end returns at the other. Without `dims` over all elements in
 * row-major order.
 * @see torch.roll
 */
export const roll = named(
  "roll",
  "input, shifts, dims?",
  (x: Tensor, shifts: number | readonly number[], dims?: number | readonly number[] | null): Tensor => {
    checkTensor("roll", x);
    const by = checkIntegers("roll", "shifts", listOf(shifts));
    const axes = dims === undefined || dims === null ? [] : checkIntegers("roll", "dims", listOf(dims));
    if (axes.length === 0 && by.length === 1) return roll(x.reshape(-1), by, 0).reshape(x.shape);
    if (by.length !== axes.length || by.length === 0)
      throw new ShapeError(`roll: shifts and dimensions must align. shifts: ${by.length}, dims:${axes.length}`);
    if (x.ndim === 0) throw new IndexError(`roll: Dimension specified as ${axes[0]} but tensor has no dimensions`);
    let y = x.detach();
    for (const [i, dim] of axes.entries()) {
      const d = wrapDim("roll", dim, x.ndim);
      const next = allocate(x.shape, x.dtype, x);
      if (x.numel() > 0) rollInto(next, y, by[i]!, d);
      y = next;
    }
    const back = by.map((s) => -s);
    return record("RollBackward0", y, [x], [], [(g) => g.roll(back, axes)]);
  },
);

/** Rotated by `k` quarter turns from the first toward the second of two axes. @see torch.rot90 */
export const rot90 = named(
  "rot90",
  "input, k?, dims?",
  (x: Tensor, k = 1, dims: readonly number[] = [0, 1]): Tensor => {
    checkTensor("rot90", x);
    checkInteger("rot90", "k", k);
    if (checkIntegers("rot90", "dims", dims).length !== 2)
      throw new ShapeError(`rot90: expected total rotation dims == 2, but got dims = ${dims.length}`);
    const [a, b] = dims.map((d) => wrapDim("rot90", d, x.ndim)) as [number, number];
    if (a === b)
      throw new ShapeError(
        `rot90: expected rotation dims to be different, but got dim0 = ${dims[0]} and dim1 = ${dims[1]}`,
      );
    const turns = ((k % 4) + 4) % 4;
    if (turns === 1) return x.flip(b).transpose(a, b);
    if (turns === 2) return x.flip(a, b);
    return turns === 3 ? x.flip(a).transpose(a, b) : x.clone();
  },
);

/**
 * Copies of `x` next to each other: `sizes` says how many along each axis; more sizes than axes add axes in front.
 * @see torch.Tensor.repeat
 */
export const repeat = named("repeat", "input, ...repeats", (x: Tensor, ...sizes: SizeArguments): Tensor => {
  checkTensor("repeat", x);
  const counts = checkSize("repeat", sizes);
  const lead = counts.length - x.ndim;
  if (lead < 0)
    throw new ShapeError(
      `repeat: Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: got ${shapeText(counts)} for shape ${shapeText(x.shape)}`,
    );
  const own = counts.map((_, i) => (i < lead ? 1 : x.shape[i - lead]!));
  const shape = own.map((n, i) => n * counts[i]!);
  checkShape("repeat", shape);
  const y = allocate(shape, x.dtype, x);
  // An axis that is repeated is seen as two, copies and elements; the others stay one, so that there are never too many.
  const tiled = counts.flatMap((count, i) => (count === 1 ? [own[i]!] : [count, own[i]!]));
  const strides = counts.flatMap((count, i) => {
    const stride = i < lead ? 0 : x.strides[i - lead]!;
    return count === 1 ? [stride] : [0, stride];
  });
  const target = { storage: y.storage, dtype: y.dtype, shape: tiled, strides: contiguousStrides(tiled), offset: 0 };
  x.storage.backend.copy(target, { storage: x.storage, dtype: x.dtype, shape: tiled, strides, offset: x.offset });
  const from = x.shape;
  const copies = counts.flatMap((count, i) =>
    count === 1 ? [] : [i + counts.slice(0, i).filter((before) => before !== 1).length],
  );
  return record(
    "RepeatBackward0",
    y,
    [x],
    [],
    [(g) => (copies.length === 0 ? g.reshape(from) : g.reshape(tiled).sum(copies).reshape(from))],
  );
});

/** {@link repeat}, with missing sizes taken as 1. @see torch.tile */
export const tile = named("tile", "input, ...dims", (x: Tensor, ...dims: SizeArguments): Tensor => {
  const counts = sizeArgument("tile", dims);
  const missing = Math.max(0, checkTensor("tile", x).ndim - counts.length);
  return repeat(x, new Array<number>(missing).fill(1).concat(counts));
});

/** Options of {@link repeatInterleave}. */
export interface RepeatInterleaveOptions {
  /** The size of the result along `dim`, if it is known; it is checked. */
  outputSize?: number | null;
}

/**
 * Each element repeated, one after another, along `dim`; without `dim` over all elements in row-major order. `repeats` is one count for all or
 * a vector of counts, which is read back.
 * @see torch.repeat_interleave
 */
export const repeatInterleave = named(
  "repeatInterleave",
  "input, repeats, dim?;; outputSize",
  (x: Tensor, repeats: number | Tensor, dim?: number | null, options: RepeatInterleaveOptions = {}): Tensor => {
    checkTensor("repeatInterleave", x);
    if (dim === undefined || dim === null) return repeatInterleave(x.reshape(-1), repeats, 0, options);
    const d = wrapDim("repeatInterleave", dim, x.ndim);
    const index = interleaved(x, x.shape[d] ?? 1, repeats);
    if (options.outputSize != null && options.outputSize !== index.numel())
      throw new ShapeError(
        `repeatInterleave: outputSize is ${describe(options.outputSize)}, but the repeats make ${index.numel()}`,
      );
    return (x.ndim === 0 ? x.reshape(1) : x).indexSelect(d, index);
  },
);

/** Position i as often as it is to be repeated. */
function interleaved(x: Tensor, n: number, repeats: number | Tensor): Tensor {
  const given =
    typeof repeats === "number"
      ? [repeats]
      : Array.from(checkTensor("repeatInterleave", repeats, "repeats").reshape(-1).toTypedArray(), Number);
  checkIntegers("repeatInterleave", "repeats", given, 0);
  if (given.length !== 1 && given.length !== n)
    throw new ShapeError(
      `repeatInterleave: repeats must have the same size as input along dim: got ${given.length} for ${n}`,
    );
  const countOf = (i: number) => (given.length === 1 ? given[0]! : given[i]!);
  const total = given.length === 1 ? given[0]! * n : given.reduce((sum, count) => sum + count, 0);
  return vectorOf("int32", total, x, (out) => {
    let at = 0;
    for (let i = 0; i < n; i++) {
      out.fill(i, at, at + countOf(i));
      at += countOf(i);
    }
  });
}
