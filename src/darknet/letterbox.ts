/** Pictures of any size in the middle of one of the network's size, and boxes back. */
import * as F from "../nn/functional/index";
import { stack } from "../ops/shape/join";
import type { Tensor } from "../tensor/tensor";

type Size = readonly [height: number, width: number];

/** The size of a picture that fits into another, as Darknet rounds it. */
export function fitted([height, width]: Size, [outer, wide]: Size): Size {
  return wide / width < outer / height
    ? [Math.max(1, Math.floor((height * wide) / width)), wide]
    : [outer, Math.max(1, Math.floor((width * outer) / height))];
}

/** Darknet's bilinear interpolation, in which corners fall on corners. Shape: [N, C, h, w] → [N, C, height, width]. */
export const resized = (x: Tensor, size: Size): Tensor =>
  x.shape[2] === size[0] && x.shape[3] === size[1]
    ? x
    : F.interpolate(x, { size: [...size], mode: "bilinear", alignCorners: true });

/** A picture within gray borders. Shape: [N, C, h, w] → [N, C, height, width]. */
export function letterboxed(x: Tensor, size: Size): Tensor {
  const inner = fitted(x.shape.slice(2) as unknown as Size, size);
  const [top, left] = inner.map((n, i) => (size[i]! - n) >> 1) as [number, number];
  const sides = [left, size[1] - inner[1] - left, top, size[0] - inner[0] - top];
  const picture = resized(x, inner);
  if (sides.every((n) => n === 0)) return picture;
  return F.pad(picture, sides, { value: 0.5 });
}

/**
 * Corners in pixels of the original picture from centers, widths and heights as parts of the network's. Shape: [K, 4].
 * @param original Its size, where it was letterboxed; else it was stretched.
 */
export function cornersIn(boxes: Tensor, original: Size, size: Size, isLetterboxed: boolean): Tensor {
  const inner = isLetterboxed ? fitted(original, size) : size;
  const [cy, cx] = [1, 0].map((at, axis) => {
    const offset = (size[axis]! - inner[axis]!) / 2 / size[axis]!;
    return boxes
      .select(-1, at)
      .sub(offset)
      .mul((size[axis]! / inner[axis]!) * original[axis]!);
  }) as [Tensor, Tensor];
  const [h, w] = [3, 2].map((at, axis) =>
    boxes.select(-1, at).mul(((size[axis]! / inner[axis]!) * original[axis]!) / 2),
  ) as [Tensor, Tensor];
  return stack([cx.sub(w), cy.sub(h), cx.add(w), cy.add(h)], -1);
}
