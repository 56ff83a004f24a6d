/** What happens to boxes where pictures move. Coordinates lie between pixels: a picture reaches from 0 to its width and height. */
import { cat, stack } from "../../../ops/shape/join";
import { tensor } from "../../../tensor/create";
import type { Tensor } from "../../../tensor/tensor";
import { resizedTo } from "../functional/geometry";
import { affineOutputSize } from "../functional/tensor/grid";
import { inverseAffine } from "../functional/warp";
import type { BoundingBoxes, BoundingBoxFormat } from "./tagged";

type Pair = readonly [number, number];

const halves = (data: Tensor): [Tensor, Tensor] => [data.narrow(-1, 0, 2), data.narrow(-1, 2, 2)];

/** Half of a size; of whole ones the next whole number, below or above. */
const half = (size: Tensor, isUp: boolean): Tensor => {
  if (size.isFloatingPoint()) return size.div(2);
  return isUp ? size.neg().div(2, { roundingMode: "floor" }).neg() : size.div(2, { roundingMode: "floor" });
};

/** Corners of boxes in another format. */
function corners(data: Tensor, format: BoundingBoxFormat): Tensor {
  if (format === "XYXY") return data;
  const [place, size] = halves(data);
  const first = format === "XYWH" ? place : place.sub(half(size, true));
  return cat([first, first.add(size)], -1);
}

/** Corners in another format. */
function fromCorners(data: Tensor, format: BoundingBoxFormat): Tensor {
  if (format === "XYXY") return data;
  const [first, last] = halves(data);
  const size = last.sub(first);
  return cat([format === "XYWH" ? first : first.add(half(size, false)), size], -1);
}

/** Boxes in another format. */
export const converted = (data: Tensor, from: BoundingBoxFormat, to: BoundingBoxFormat): Tensor =>
  from === to ? data : fromCorners(corners(data, from), to);

/** Corners cut to a canvas. */
function cut(data: Tensor, [height, width]: Pair): Tensor {
  const [x1, y1, x2, y2] = data.unbind(-1) as [Tensor, Tensor, Tensor, Tensor];
  return stack([x1.clamp(0, width), y1.clamp(0, height), x2.clamp(0, width), y2.clamp(0, height)], -1);
}

/** What `f` makes of the corners of boxes, in their own format and dtype, on a canvas. */
const byCorners = (boxes: BoundingBoxes, canvas: Pair, f: (data: Tensor) => Tensor): BoundingBoxes =>
  boxes.wrap(fromCorners(f(corners(boxes.data, boxes.format)).to(boxes.data.dtype), boxes.format), canvas);

const numbers = (values: readonly number[], like: Tensor): Tensor =>
  tensor([...values], { dtype: like.dtype, device: like.device });

/** Mirrored: the first corner along an axis is the last one then. */
function mirrored(boxes: BoundingBoxes, axis: 0 | 1): BoundingBoxes {
  const [height, width] = boxes.canvasSize;
  const size = axis === 0 ? width : height;
  if (boxes.format === "CXCYWH") {
    const parts = boxes.data.unbind(-1);
    return boxes.wrap(stack(parts.with(axis, parts[axis]!.neg().add(size)), -1));
  }
  return byCorners(boxes, boxes.canvasSize, (data) => {
    const sides = data.unbind(-1);
    const flipped = sides.with(axis, sides[axis + 2]!.neg().add(size)).with(axis + 2, sides[axis]!.neg().add(size));
    return stack(flipped, -1);
  });
}

export const horizontalFlip = (boxes: BoundingBoxes): BoundingBoxes => mirrored(boxes, 0);

export const verticalFlip = (boxes: BoundingBoxes): BoundingBoxes => mirrored(boxes, 1);

export const clamped = (boxes: BoundingBoxes): BoundingBoxes =>
  byCorners(boxes, boxes.canvasSize, (data) => cut(data, boxes.canvasSize));

export const cropped = (boxes: BoundingBoxes, top: number, left: number, canvas: Pair): BoundingBoxes =>
  byCorners(boxes, canvas, (data) => cut(data.sub(numbers([left, top, left, top], data)), canvas));

/** @param size As `functional.resize` takes it, checked. */
export function resized(
  boxes: BoundingBoxes,
  size: readonly number[],
  maxSize: number | null | undefined,
): BoundingBoxes {
  const [height, width] = boxes.canvasSize;
  const canvas = resizedTo("resize", [height, width], size, maxSize);
  const ratios = [canvas[1] / width, canvas[0] / height];
  const { data } = boxes;
  const wide = data.isFloatingPoint() ? data : data.to("float32");
  return boxes.wrap(wide.mul(numbers([...ratios, ...ratios], wide)).to(data.dtype), canvas);
}

export function padded(boxes: BoundingBoxes, [left, top, right, bottom]: readonly number[]): BoundingBoxes {
  const [height, width] = boxes.canvasSize;
  const canvas: Pair = [height + top! + bottom!, width + left! + right!];
  return byCorners(boxes, canvas, (data) => cut(data.add(numbers([left!, top!, left!, top!], data)), canvas));
}

/** A map of the plane: x' = a x + b y + c, y' = d x + e y + f. */
type Matrix = readonly number[];

/** The map that another undoes. */
function inverted([a, b, c, d, e, f]: Matrix): Matrix {
  const scale = 1 / (a! * e! - b! * d!);
  const [p, q, r, s] = [e! * scale, -b! * scale, -d! * scale, a! * scale];
  return [p, q, -(p * c! + q * f!), r, s, -(r * c! + s * f!)];
}

/** The least and largest coordinates of the four mapped corners of each box. */
function mapped(data: Tensor, [a, b, c, d, e, f]: Matrix): Tensor {
  const [x1, y1, x2, y2] = data.unbind(-1) as [Tensor, Tensor, Tensor, Tensor];
  const xs = stack([x1, x2, x2, x1], -1);
  const ys = stack([y1, y1, y2, y2], -1);
  const x = xs.mul(a!).add(ys.mul(b!)).add(c!);
  const y = xs.mul(d!).add(ys.mul(e!)).add(f!);
  return stack([x.amin(-1), y.amin(-1), x.amax(-1), y.amax(-1)], -1);
}

/** Where the corner of a canvas goes that lies the farthest to the left and to the top. */
function origin([height, width]: Pair, [a, b, c, d, e, f]: Matrix): Pair {
  const xs = [0, b! * height, a! * width + b! * height, a! * width];
  const ys = [0, e! * height, d! * width + e! * height, d! * width];
  return [Math.min(...xs) + c!, Math.min(...ys) + f!];
}

/** What moves boxes as `functional.affine` moves pictures. */
export interface Affine {
  readonly angle: number;
  readonly translate: readonly number[];
  readonly scale: number;
  readonly shear: readonly number[];
  readonly center: readonly number[] | null | undefined;
  /** Whether the canvas grows to hold all of the picture. */
  readonly expand: boolean;
}

/** The smallest boxes around the moved ones. */
export function affine(
  boxes: BoundingBoxes,
  { angle, translate, scale, shear, center, expand }: Affine,
): BoundingBoxes {
  const [height, width] = boxes.canvasSize;
  const middle = center ?? [width * 0.5, height * 0.5];
  const back = inverseAffine(middle, angle, translate, scale, shear);
  const there = inverted(back);
  const [newWidth, newHeight] = expand
    ? affineOutputSize(inverseAffine([0, 0], angle, [0, 0], scale, shear), width, height)
    : [width, height];
  const [x, y] = expand ? origin(boxes.canvasSize, there) : [0, 0];
  const canvas: Pair = [newHeight, newWidth];
  return byCorners(boxes, canvas, (data) => {
    const wide = data.isFloatingPoint() ? data : data.to("float32");
    return cut(mapped(wide, there).sub(numbers([x, y, x, y], wide)), canvas);
  });
}
