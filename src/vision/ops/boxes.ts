/** Boxes in images: their forms, their sizes, and what lies outside of the image. */

import { checkArray, checkNumber, isKeyOf } from "../../core/arguments";
import { ArgumentError, describe, ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import { arange } from "../../ops/creation/ranges";
import { where } from "../../ops/elementwise/where";
import { stack } from "../../ops/shape/join";
import { zeros } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkBoxes, coordinates, upcast } from "./boxChecks";

/**
 * How a box is written: by two corners, "xyxy"; by the first corner, width and height, "xywh"; by its center, width and height,
 * "cxcywh".
 */
export type BoxFormat = "xyxy" | "xywh" | "cxcywh";

type Four = readonly [Tensor, Tensor, Tensor, Tensor];

const toCorners: Readonly<Record<BoxFormat, (box: Four) => Four>> = {
  xyxy: (box) => box,
  xywh: ([x, y, w, h]) => [x, y, x.add(w), y.add(h)],
  cxcywh: ([cx, cy, w, h]) => {
    const [right, down] = [w.mul(0.5), h.mul(0.5)];
    return [cx.sub(right), cy.sub(down), cx.add(right), cy.add(down)];
  },
};

const fromCorners: Readonly<Record<BoxFormat, (box: Four) => Four>> = {
  xyxy: (box) => box,
  xywh: ([x1, y1, x2, y2]) => [x1, y1, x2.sub(x1), y2.sub(y1)],
  cxcywh: ([x1, y1, x2, y2]) => [x1.add(x2).div(2), y1.add(y2).div(2), x2.sub(x1), y2.sub(y1)],
};

function checkFormat(name: string, format: unknown): asserts format is BoxFormat {
  if (typeof format !== "string")
    throw new ArgumentError(`boxConvert: ${name} must be "xyxy", "xywh" or "cxcywh", got ${describe(format)}`);
  if (!isKeyOf(toCorners, format))
    throw new ValueError(
      `boxConvert: Unsupported Bounding Box Conversions for given in_fmt and out_fmt: ${name} must be "xyxy", "xywh" or "cxcywh", got ${describe(format)}`,
    );
}

/**
 * Boxes written in another way. Shape: [..., 4], unchanged; halves of integers are floats.
 * @throws ValueError for an unknown form, ShapeError unless the last axis has four elements.
 * @see torchvision.ops.box_convert
 * @example vision.ops.boxConvert(boxes, "cxcywh", "xyxy");
 */
export const boxConvert = named(
  "boxConvert",
  "boxes, inFmt, outFmt",
  (boxes: Tensor, inFmt: BoxFormat, outFmt: BoxFormat): Tensor => {
    checkTensor("boxConvert", boxes, "boxes");
    checkFormat("inFmt", inFmt);
    checkFormat("outFmt", outFmt);
    if (inFmt === outFmt) return boxes.clone();
    return stack([...fromCorners[outFmt](toCorners[inFmt](coordinates("boxConvert", boxes)))], -1);
  },
);

/**
 * The areas of boxes (x1, y1, x2, y2); small integers are multiplied in int32, floats of 16 bits in float32. Shape: [N, 4] → [N].
 * @see torchvision.ops.box_area
 */
export const boxArea = named("boxArea", "boxes", (boxes: Tensor): Tensor => {
  const [x1, y1, x2, y2] = columns(upcast(checkBoxes("boxArea", boxes, "boxes", true)));
  return x2.sub(x1).mul(y2.sub(y1));
});

/** The first four columns of rows. */
const columns = (boxes: Tensor): Four => [0, 1, 2, 3].map((at) => boxes.select(1, at)) as unknown as Four;

/**
 * The positions of boxes (x1, y1, x2, y2) whose sides are both at least `minSize`, int64. Shape: [N, 4] → [K].
 * @see torchvision.ops.remove_small_boxes
 * @example const large = boxes.at(vision.ops.removeSmallBoxes(boxes, 16));
 */
export const removeSmallBoxes = named(
  "removeSmallBoxes",
  "boxes, minSize",
  (boxes: Tensor, minSize: number): Tensor => {
    const [x1, y1, x2, y2] = columns(checkBoxes("removeSmallBoxes", boxes, "boxes", true));
    const least = checkNumber("removeSmallBoxes", "minSize", minSize);
    const isLarge = x2.sub(x1).ge(least).logicalAnd(y2.sub(y1).ge(least));
    return isLarge.nonzero().reshape(-1);
  },
);

/**
 * Boxes (x1, y1, x2, y2) without what lies outside of an image. Shape: [..., 4], unchanged.
 * @param size [height, width] of the image.
 * @see torchvision.ops.clip_boxes_to_image
 * @example vision.ops.clipBoxesToImage(boxes, [480, 640]);
 */
export const clipBoxesToImage = named(
  "clipBoxesToImage",
  "boxes, size",
  (boxes: Tensor, size: readonly [height: number, width: number]): Tensor => {
    checkTensor("clipBoxesToImage", boxes, "boxes");
    const given = checkArray("clipBoxesToImage", "size", size, "two numbers");
    if (given.length !== 2)
      throw new ValueError(`clipBoxesToImage: size must be [height, width], got ${describe(size)}`);
    const [height, width] = given.map((n, i) => checkNumber("clipBoxesToImage", `size[${i}]`, n)) as [number, number];
    if (boxes.ndim === 0 || boxes.shape.at(-1)! % 2 !== 0)
      throw new ShapeError(
        `clipBoxesToImage: boxes must have pairs of x and y in the last dimension, got shape ${shapeText(boxes.shape)}`,
      );
    const x = boxes.slice(-1, 0, null, 2).clamp({ min: 0, max: width });
    const y = boxes.slice(-1, 1, null, 2).clamp({ min: 0, max: height });
    return stack([x, y], boxes.ndim).reshape(boxes.shape);
  },
);

/** The first and the last place of each row that is set. Shape: [N, n] → [N] each. */
function ends(isSet: Tensor): [first: Tensor, last: Tensor] {
  const n = isSet.shape[1]!;
  const places = arange(n, { device: isSet.device });
  return [where(isSet, places, n).amin(1), where(isSet, places, -1).amax(1)];
}

/**
 * The smallest box (x1, y1, x2, y2) around each mask, float32. Shape: [N, H, W] → [N, 4].
 * @throws ValueError for a mask whose elements are all 0.
 * @see torchvision.ops.masks_to_boxes
 */
export const masksToBoxes = named("masksToBoxes", "masks", (masks: Tensor): Tensor => {
  checkTensor("masksToBoxes", masks, "masks");
  if (masks.numel() === 0) return zeros([0, 4], { device: masks.device });
  if (masks.ndim !== 3)
    throw new ShapeError(`masksToBoxes: masks must have the shape [N, H, W], got ${shapeText(masks.shape)}`);
  const isSet = masks.detach().ne(0);
  const [[x1, x2], [y1, y2]] = [ends(isSet.any(1)), ends(isSet.any(2))];
  const empty = x2.lt(0).nonzero();
  if (empty.numel() > 0)
    throw new ValueError(
      `masksToBoxes: all elements of mask ${empty.at(0, 0).item()} are 0, so that no box lies around it; leave such masks out`,
    );
  return stack([x1, y1, x2, y2], 1).to("float32");
});
