/** Intersection over union of every box of one set with every box of another, and its refinements. */

import { noGrad } from "../../autograd/mode";
import { checkNumber } from "../../core/arguments";
import { named } from "../../core/signature";
import { checkSameDevice } from "../../ops/builders/checks";
import { maximum, minimum } from "../../ops/elementwise/binary";
import type { Tensor } from "../../tensor/tensor";
import { checkBoxes, upcast } from "./boxChecks";
import { boxArea } from "./boxes";

/** Options of {@link distanceBoxIou} and {@link completeBoxIou}. */
export interface BoxIouOptions {
  /** Added to divisors. Default: 1e-7. */
  eps?: number;
}

function checkBoth(op: string, boxes1: unknown, boxes2: unknown): void {
  const first = checkBoxes(op, boxes1, "boxes1");
  checkSameDevice(op, first, checkBoxes(op, boxes2, "boxes2"));
}

/** The first and the second corners of boxes. Shape: [N, 2] each. */
const corners = (boxes: Tensor): [Tensor, Tensor] => [boxes.narrow(1, 0, 2), boxes.narrow(1, 2, 2)];

/** Widths and heights from `from` to `to`, 0 where that is before. Shape: [N, M] each. */
function sides(from: Tensor, to: Tensor): [width: Tensor, height: Tensor] {
  const both = upcast(to.sub(from)).clamp({ min: 0 });
  return [both.select(-1, 0), both.select(-1, 1)];
}

/** The areas that pairs of boxes share, and those that they cover. Shape: [N, M] each. */
function interUnion(boxes1: Tensor, boxes2: Tensor): [inter: Tensor, union: Tensor] {
  const [[from1, to1], [from2, to2]] = [corners(boxes1), corners(boxes2)];
  const [width, height] = sides(maximum(from1.unsqueeze(1), from2), minimum(to1.unsqueeze(1), to2));
  const inter = width.mul(height);
  return [inter, boxArea(boxes1).unsqueeze(1).add(boxArea(boxes2)).sub(inter)];
}

/** Widths and heights of the smallest boxes around pairs. Shape: [N, M] each. */
function enclosing(boxes1: Tensor, boxes2: Tensor): [width: Tensor, height: Tensor] {
  const [[from1, to1], [from2, to2]] = [corners(boxes1), corners(boxes2)];
  return sides(minimum(from1.unsqueeze(1), from2), maximum(to1.unsqueeze(1), to2));
}

function iouOf(boxes1: Tensor, boxes2: Tensor): Tensor {
  const [inter, union] = interUnion(boxes1, boxes2);
  return inter.div(union);
}

/**
 * Intersection over union of all pairs of boxes (x1, y1, x2, y2). Shape: [N, 4], [M, 4] → [N, M].
 * @throws ShapeError unless both are rows of four.
 * @see torchvision.ops.box_iou
 * @example const [best, at] = vision.ops.boxIou(predicted, truth).max(1);
 */
export const boxIou = named("boxIou", "boxes1, boxes2", (boxes1: Tensor, boxes2: Tensor): Tensor => {
  checkBoth("boxIou", boxes1, boxes2);
  return iouOf(boxes1, boxes2);
});

/**
 * {@link boxIou} less the part of the smallest box around a pair that neither covers. Shape: [N, 4], [M, 4] → [N, M].
 * @see torchvision.ops.generalized_box_iou; Rezatofighi et al., 2019
 */
export const generalizedBoxIou = named(
  "generalizedBoxIou",
  "boxes1, boxes2",
  (boxes1: Tensor, boxes2: Tensor): Tensor => {
    checkBoth("generalizedBoxIou", boxes1, boxes2);
    const [inter, union] = interUnion(boxes1, boxes2);
    const [width, height] = enclosing(boxes1, boxes2);
    const area = width.mul(height);
    return inter.div(union).sub(area.sub(union).div(area));
  },
);

/** The centers of boxes along an axis. Shape: [N]. */
const center = (boxes: Tensor, axis: number): Tensor =>
  boxes
    .select(1, axis)
    .add(boxes.select(1, axis + 2))
    .div(2);

/** The distance IoU, and the plain one. */
function distanceAndPlain(boxes1: Tensor, boxes2: Tensor, eps: number): [distance: Tensor, iou: Tensor] {
  const iou = iouOf(boxes1, boxes2);
  const [width, height] = enclosing(boxes1, boxes2);
  const diagonal = width.pow(2).add(height.pow(2)).add(eps);
  const [x, y] = [0, 1].map((axis) => center(boxes1, axis).unsqueeze(1).sub(center(boxes2, axis)).pow(2));
  return [iou.sub(x!.add(y!).div(diagonal)), iou];
}

/**
 * {@link boxIou} less the squared distance of the centers, relative to the diagonal of the box around both. Shape: [N, 4], [M, 4] → [N, M].
 * @see torchvision.ops.distance_box_iou; Zheng et al., 2020
 */
export const distanceBoxIou = named(
  "distanceBoxIou",
  "boxes1, boxes2; eps",
  (boxes1: Tensor, boxes2: Tensor, options: BoxIouOptions = {}): Tensor => {
    checkBoth("distanceBoxIou", boxes1, boxes2);
    const eps = checkNumber("distanceBoxIou", "eps", options.eps ?? 1e-7);
    return distanceAndPlain(upcast(boxes1), upcast(boxes2), eps)[0];
  },
);

/** The angles of the diagonals of boxes. Shape: [N]. */
const diagonalAngle = (boxes: Tensor): Tensor =>
  boxes
    .select(1, 2)
    .sub(boxes.select(1, 0))
    .div(boxes.select(1, 3).sub(boxes.select(1, 1)))
    .atan();

/**
 * {@link distanceBoxIou} less a measure of how the ratios of the sides differ, whose weight has no gradient. Shape: [N, 4], [M, 4] → [N, M].
 * @see torchvision.ops.complete_box_iou; Zheng et al., 2020
 */
export const completeBoxIou = named(
  "completeBoxIou",
  "boxes1, boxes2; eps",
  (boxes1: Tensor, boxes2: Tensor, options: BoxIouOptions = {}): Tensor => {
    checkBoth("completeBoxIou", boxes1, boxes2);
    const eps = checkNumber("completeBoxIou", "eps", options.eps ?? 1e-7);
    const [first, second] = [upcast(boxes1), upcast(boxes2)];
    const [distance, iou] = distanceAndPlain(first, second, eps);
    const v = diagonalAngle(first)
      .unsqueeze(1)
      .sub(diagonalAngle(second))
      .pow(2)
      .mul(4 / Math.PI ** 2);
    const alpha = noGrad(() => v.div(iou.neg().add(1).add(v).add(eps)));
    return distance.sub(alpha.mul(v));
  },
);
