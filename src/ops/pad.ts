/** Padding: more elements around the last axes. */
import { record } from "../autograd/node";
import { ArgumentError, checkOptions, describe, ShapeError } from "../core/errors";
import { contiguousStrides, shapeText } from "../core/shape";
import { allocate, filled, tensor } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { checkTensor } from "./checks";

/** Elements before and after each axis, the last axis first: `[left, right, top, bottom, …]`. Negative numbers crop. */
export type Padding = readonly number[];

/** What {@link pad} writes around a tensor: one value, or its own elements mirrored, repeated or taken from the other side. */
export type PadMode = "constant" | "reflect" | "replicate" | "circular";

/** [before, after] per axis, in the order of the axes. */
function perAxis(x: Tensor, pad: Padding): (readonly [number, number])[] {
  if (pad.length % 2 !== 0) throw new ArgumentError(`pad: the padding must come in pairs, got ${shapeText(pad)}`);
  if (pad.length / 2 > x.ndim)
    throw new ArgumentError(`pad: padding length too large: ${pad.length} numbers for a tensor of ${x.ndim} axes`);
  return x.shape.map((_, axis) => {
    const at = 2 * (x.ndim - 1 - axis);
    return [pad[at] ?? 0, pad[at + 1] ?? 0] as const;
  });
}

/** `x` surrounded by `value`, or cropped where the padding is negative. @see torch.constant_pad_nd */
export function constantPadNd(x: Tensor, pad: Padding, value: number | boolean = 0): Tensor {
  checkTensor("constantPadNd", x);
  const sides = perAxis(x, pad);
  const shape = x.shape.map((n, i) => n + sides[i]![0] + sides[i]![1]);
  if (shape.some((n) => n < 0))
    throw new ShapeError(`constantPadNd: the padding ${shapeText(pad)} leaves a negative size: ${shapeText(shape)}`);
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
}

/** The source position of each element of a padded axis. */
function sourceIndices(mode: PadMode, size: number, before: number, after: number): number[] {
  return Array.from({ length: size + before + after }, (_, i) => {
    const at = i - before;
    if (mode === "replicate") return Math.min(Math.max(at, 0), size - 1);
    if (mode === "circular") return ((at % size) + size) % size;
    return size - 1 - Math.abs(size - 1 - Math.abs(at));
  });
}

function checkReach(mode: PadMode, x: Tensor, axis: number, before: number, after: number): void {
  const size = x.shape[axis]!;
  const limit = mode === "reflect" ? size - 1 : mode === "circular" ? size : Number.POSITIVE_INFINITY;
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
export function pad(x: Tensor, padding: Padding, options: { mode?: PadMode; value?: number | null } = {}): Tensor {
  checkTensor("pad", x);
  checkOptions("pad", options, ["mode", "value"]);
  const { mode = "constant", value = 0 } = options;
  if (mode === "constant") return constantPadNd(x, padding, value ?? 0);
  if (mode !== "reflect" && mode !== "replicate" && mode !== "circular")
    throw new ArgumentError(
      `pad: unrecognised padding mode ${describe(mode)}; the modes are constant, reflect, replicate, circular`,
    );
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
  perAxis(x, padding).forEach(([before, after], axis) => {
    if (before === 0 && after === 0) return;
    checkReach(mode, x, axis, before, after);
    const indices = sourceIndices(mode, x.shape[axis]!, before, after);
    y = y.indexSelect(axis, tensor(indices, { dtype: "int64" }));
  });
  return y;
}
