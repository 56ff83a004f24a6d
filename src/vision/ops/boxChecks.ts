/** Checks and casts that the operations on boxes share. */

import { ShapeError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { checkTensor } from "../../ops/builders/checks";
import type { Tensor } from "../../tensor/tensor";

/** @internal Boxes as rows. @throws ShapeError unless they have the shape [N, 4]; with `isOpen` rows may have more columns. */
export function checkBoxes(op: string, boxes: unknown, name = "boxes", isOpen = false): Tensor {
  const x = checkTensor(op, boxes, name);
  const [, columns = 0] = x.shape;
  if (x.ndim !== 2 || columns < 4 || (columns > 4 && !isOpen))
    throw new ShapeError(
      `${op}: ${name} must have the shape [N, 4], a box (x1, y1, x2, y2) in each row, got ${shapeText(x.shape)}`,
    );
  return x;
}

/** @internal Boxes along the last axis, as its four slices. @throws ShapeError unless that has four elements. */
export function coordinates(op: string, boxes: unknown, name = "boxes"): [Tensor, Tensor, Tensor, Tensor] {
  const x = checkTensor(op, boxes, name);
  if (x.shape.at(-1) !== 4)
    throw new ShapeError(
      `${op}: ${name} must have four elements in the last dimension, got shape ${shapeText(x.shape)}`,
    );
  return x.unbind(-1) as [Tensor, Tensor, Tensor, Tensor];
}

/** @internal What products of coordinates do not overflow in: float32 for floats of 16 bits, int32 for small integers. */
export function upcast(x: Tensor): Tensor {
  if (x.isFloatingPoint()) return x.dtype === "float64" ? x : x.to("float32");
  return x.dtype === "int64" ? x : x.to("int32");
}

/** @internal float32, unless it is float64. */
export const upcastToFloat = (x: Tensor): Tensor => (x.dtype === "float64" ? x : x.to("float32"));
