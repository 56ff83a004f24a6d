/** Windows, borders and sizes of tensors. */
import { IndexError, ValueError } from "../../../../core/errors";
import * as nnF from "../../../../nn/functional/index";
import { constantPadNd } from "../../../../ops/shape/pad";
import { vectorOf } from "../../../../tensor/create";
import type { Tensor } from "../../../../tensor/tensor";
import type { InterpolationMode } from "../interpolation";
import type { Border } from "../pil/arrange";
import { restored, workable } from "./cast";

/** The window at (left, top): a view where it lies in the tensor, else with zeros outside. */
export function cropTensor(img: Tensor, left: number, top: number, width: number, height: number): Tensor {
  const [h, w] = img.shape.slice(-2) as [number, number];
  const [x0, y0] = [Math.min(Math.max(left, 0), w), Math.min(Math.max(top, 0), h)];
  const [x1, y1] = [Math.max(x0, Math.min(w, left + width)), Math.max(y0, Math.min(h, top + height))];
  const inner = img.narrow(-2, y0, y1 - y0).narrow(-1, x0, x1 - x0);
  if (x1 - x0 === width && y1 - y0 === height) return inner;
  const before = (at: number, first: number, size: number): number => Math.min(size, Math.max(0, first - at));
  const [padX, padY] = [before(left, x0, width), before(top, y0, height)];
  return constantPadNd(inner, [padX, width - (x1 - x0) - padX, padY, height - (y1 - y0) - padY]);
}

/** Mirrored borders that repeat the edge. */
function padSymmetric(op: string, img: Tensor, [left, top, right, bottom]: Border): Tensor {
  const axis = (x: Tensor, dim: number, before: number, after: number): Tensor => {
    const start = Math.max(0, -before);
    const cropped = x.narrow(dim, start, Math.max(0, x.shape.at(dim)! - start - Math.max(0, -after)));
    const size = cropped.shape.at(dim)!;
    const [first, last] = [Math.max(0, before), Math.max(0, after)];
    if (Math.max(first, last) > size)
      throw new IndexError(
        `${op}: a symmetric border of ${Math.max(first, last)} is wider than the ${size} pixels there are`,
      );
    if (first + last === 0) return cropped;
    const index = vectorOf("int32", first + size + last, img, (out) => {
      for (let i = 0; i < out.length; i++) {
        const at = i - first;
        out[i] = at < 0 ? -1 - at : at < size ? at : 2 * size - 1 - at;
      }
    });
    return cropped.indexSelect(dim, index);
  };
  return axis(axis(img, -2, top, bottom), -1, left, right);
}

/** How a border is filled. */
export type PaddingMode = "constant" | "edge" | "reflect" | "symmetric";

/** The tensor within a border; negative numbers crop. */
export function padTensor(op: string, img: Tensor, border: Border, fill: number, mode: PaddingMode): Tensor {
  if (mode === "symmetric") return padSymmetric(op, img, border);
  const [left, top, right, bottom] = border;
  const sides = [left, right, top, bottom];
  if (mode === "constant") return constantPadNd(img, sides, fill);
  const batch = workable(img, img.dtype);
  const padded = nnF.pad(batch, sides, { mode: mode === "edge" ? "replicate" : "reflect" });
  return restored(padded, img);
}

/** The tensor at another size. */
export function resizeTensor(
  op: string,
  img: Tensor,
  size: readonly [height: number, width: number],
  mode: InterpolationMode,
  antialias: boolean,
): Tensor {
  if (antialias && mode !== "bilinear" && mode !== "bicubic")
    throw new ValueError(`${op}: Antialias option is supported for bilinear and bicubic interpolation modes only`);
  if (mode !== "nearest" && mode !== "bilinear" && mode !== "bicubic")
    throw new ValueError(
      `${op}: interpolation "${mode}" is for Images; tensors take "nearest", "bilinear" and "bicubic"`,
    );
  const batch = workable(img, img.dtype === "float64" ? "float64" : "float32");
  const resized =
    mode === "nearest"
      ? nnF.interpolate(batch, { size: [...size], mode })
      : nnF.interpolate(batch, { size: [...size], mode, alignCorners: false, antialias });
  return restored(mode === "bicubic" && img.dtype === "uint8" ? resized.clamp(0, 255) : resized, img);
}
