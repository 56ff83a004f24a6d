/** Padding: more elements around the last axes. */

import { record } from "../../autograd/node";
import { checkChoice, checkIntegers } from "../../core/arguments";
import { ArgumentError, ShapeError } from "../../core/errors";
import { checkShape, contiguousStrides, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate, checkScalar, filled, vectorOf } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";

/** Elements before and after each axis, the last axis first: `[left, right, top, bottom, …]`. Negative numbers crop. */
export type Padding = readonly number[];

/** What {@link pad} writes around a tensor: one value, or its own elements mirrored, repeated or taken from the other side. */
export type PadMode = "constant" | "reflect" | "replicate" | "circular";

/** [before, after] per axis, in the order of the axes. */
function perAxis(op: string, x: Tensor, given: Padding): (readonly [number, number])[] {
  const pad = checkIntegers(op, "padding", given);
  if (pad.length % 2 !== 0) throw new ArgumentError(`${op}: the padding must come in pairs, got ${shapeText(pad)}`);
  if (pad.length / 2 > x.ndim)
    throw new ArgumentError(`${op}: padding length too large: ${pad.length} numbers for a tensor of ${x.ndim} axes`);
  return x.shape.map((_, axis) => {
    const at = 2 * (x.ndim - 1 - axis);
    return [pad[at] ?? 0, pad[at + 1] ?? 0] as const;
  });
}

/** `x` surrounded by `value`, or cropped where the padding is negative. @see torch.constant_pad_nd */
export const constantPadNd = named(
  "constantPadNd",
  "input, pad, value?",
  (x: Tensor, pad: Padding, value: number | boolean = 0): Tensor => {
    checkTensor("constantPadNd", x);
    const sides = perAxis("constantPadNd", x, pad);
    const shape = x.shape.map((n, i) => n + sides[i]![0] + sides[i]![1]);
    if (shape.some((n) => n < 0))
      throw new ShapeError(`constantPadNd: the padding ${shapeText(pad)} leaves a negative size: ${shapeText(shape)}`);
    checkShape("constantPadNd", shape);
    checkScalar("constantPadNd", "value", value, x.dtype);
    const y = filled(allocate(shape, x.dtype, x), value);
    const strides = contiguousStrides(shape);
    // The part of x that is kept, seen in both tensors.
    const kept = x.shape.map((n, i) => Math.max(0, n + Math.min(0, sides[i]![0]) + Math.min(0, sides[i]![1])));
    const from = sides.reduce((at, [before], i) => at + Math.max(0, -before) * x.strides[i]!, x.offset);
    const to = sides.reduce((at, [before], i) => at + Math.max(0, before) * strides[i]!, 0);
    x.storage.backend.copy(
      { storage: y.storage, dtype: y.dtype, shape: kept, strides, offset: to },
      { storage: x.storage, dtype: x.dtype, shape: kept, strides: x.strides, offset: from },
    );
    return record(
      "ConstantPadNdBackward0",
      y,
      [x],
      [],
      [
        (g) =>
          constantPadNd(
            g,
            pad.map((p) => -p),
          ),
      ],
    );
  },
);

/** The source position of element `at` of a padded axis, counted from the first element that is not padding. */
function sourceOf(mode: PadMode, size: number, at: number): number {
  if (mode === "replicate") return Math.min(Math.max(at, 0), size - 1);
  if (mode === "circular") return ((at % size) + size) % size;
  return size - 1 - Math.abs(size - 1 - Math.abs(at));
}

/** One axis padded with elements of its own. */
function padAxis(x: Tensor, mode: PadMode, axis: number, before: number, after: number): Tensor {
  const size = x.shape[axis]!;
  const length = Math.max(0, size + before + after);
  checkShape("pad", x.shape.with(axis, length));
  const index = vectorOf("int32", length, x, (out) => {
    for (let i = 0; i < length; i++) out[i] = sourceOf(mode, size, i - before);
  });
  return x.indexSelect(axis, index);
}

function checkReach(mode: PadMode, x: Tensor, axis: number, before: number, after: number): void {
  const size = x.shape[axis]!;
  const limit = mode === "reflect" ? size - 1 : mode === "circular" ? size : Number.POSITIVE_INFINITY;
  if (size + before + after < 0 || (size === 0 && before + after > 0))
    throw new ShapeError(
      `pad: the padding (${before}, ${after}) cannot be taken from dimension ${axis} of input ${shapeText(x.shape)}`,
    );
  if (before > limit || after > limit)
    throw new ShapeError(
      `pad: padding size should be ${mode === "reflect" ? "less than" : "at most"} the corresponding input dimension, but got padding (${before}, ${after}) at dimension ${axis} of input ${shapeText(x.shape)}`,
    );
}

/**
 * Pads the last axes: with a value, or with the input mirrored ("reflect"), its edge ("replicate") or its other end ("circular").
 * @see torch.nn.functional.pad
 * @example F.pad(x, [1, 1, 2, 2], { mode: "reflect" });
 */
export const pad = named(
  "pad",
  "input, pad; mode, value",
  (x: Tensor, padding: Padding, options: { mode?: PadMode; value?: number | null } = {}): Tensor => {
    checkTensor("pad", x);
    const { mode = "constant", value = 0 } = options;
    if (mode === "constant") return constantPadNd(x, padding, value ?? 0);
    checkChoice("pad", "mode", mode, ["constant", "reflect", "replicate", "circular"]);
    const sides = perAxis("pad", x, padding);
    // What is cropped away does not come back at the other end.
    if (mode === "circular" && padding.some((p) => p < 0)) {
      const cropped = constantPadNd(
        x,
        padding.map((p) => Math.min(p, 0)),
      );
      return pad(
        cropped,
        padding.map((p) => Math.max(p, 0)),
        options,
      );
    }
    let y = x;
    sides.forEach(([before, after], axis) => {
      if (before === 0 && after === 0) return;
      checkReach(mode, x, axis, before, after);
      y = padAxis(y, mode, axis, before, after);
    });
    return y;
  },
);
