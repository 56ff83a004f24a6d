/** Losses of boxes by intersection over union, pair by pair. */

import { noGrad } from "../../autograd/mode";
import { checkNumber } from "../../core/arguments";
import { named } from "../../core/signature";
import { checkSameDevice, checkTensor } from "../../ops/builders/checks";
import { maximum, minimum } from "../../ops/elementwise/binary";
import { where } from "../../ops/elementwise/where";
import { checkReduction, type Reduction } from "../../ops/losses/classLosses";
import type { Tensor } from "../../tensor/tensor";
import { coordinates, upcastToFloat } from "./boxChecks";

/** Options of the losses of boxes. */
export interface BoxIouLossOptions {
  /** What becomes of the losses of single boxes. Default: "none". */
  reduction?: Reduction;
  /** Added to divisors. Default: 1e-7. */
  eps?: number;
}

type Four = readonly [Tensor, Tensor, Tensor, Tensor];

/** Pairs of boxes, by coordinates. */
interface Pairs {
  readonly first: Four;
  readonly second: Four;
}

function pairsOf(op: string, boxes1: unknown, boxes2: unknown): Pairs {
  const [first, second] = [checkTensor(op, boxes1, "boxes1"), checkTensor(op, boxes2, "boxes2")];
  checkSameDevice(op, first, second);
  return {
    first: coordinates(op, upcastToFloat(first), "boxes1"),
    second: coordinates(op, upcastToFloat(second), "boxes2"),
  };
}

const areaOf = ([x1, y1, x2, y2]: Four): Tensor => x2.sub(x1).mul(y2.sub(y1));

/** The areas that pairs share, and those that they cover. Where they share nothing, no gradient flows through that. */
function interUnion({ first, second }: Pairs): [inter: Tensor, union: Tensor] {
  const [x1, y1] = [maximum(first[0], second[0]), maximum(first[1], second[1])];
  const [x2, y2] = [minimum(first[2], second[2]), minimum(first[3], second[3])];
  const meet = y2.gt(y1).logicalAnd(x2.gt(x1));
  const inter = where(meet, x2.sub(x1), 0).mul(where(meet, y2.sub(y1), 0));
  return [inter, areaOf(first).add(areaOf(second)).sub(inter)];
}

/** Widths and heights of the smallest boxes around pairs. */
const enclosing = ({ first, second }: Pairs): [width: Tensor, height: Tensor] => [
  maximum(first[2], second[2]).sub(minimum(first[0], second[0])),
  maximum(first[3], second[3]).sub(minimum(first[1], second[1])),
];

/** The reduced loss; the mean of none is 0. */
function reduced(loss: Tensor, reduction: Reduction): Tensor {
  if (reduction === "sum") return loss.sum();
  if (reduction === "none") return loss;
  return loss.numel() > 0 ? loss.mean() : loss.sum().mul(0);
}

/** A loss of pairs with the arguments and options that all of them take. */
const boxLoss = (opName: string, loss: (pairs: Pairs, eps: number) => Tensor) =>
  named(
    opName,
    "boxes1, boxes2; reduction, eps",
    (boxes1: Tensor, boxes2: Tensor, options: BoxIouLossOptions = {}): Tensor => {
      const reduction = checkReduction(opName, options.reduction ?? "none");
      const eps = checkNumber(opName, "eps", options.eps ?? 1e-7);
      return reduced(loss(pairsOf(opName, boxes1, boxes2), eps), reduction);
    },
  );

type BoxLoss = ReturnType<typeof boxLoss>;

/**
 * 1 − the generalized intersection over union of pairs of boxes (x1, y1, x2, y2). Shape: [N, 4], [N, 4] → [N], or [4], [4] → [].
 * @throws ArgumentError for an unknown reduction, ShapeError unless boxes have four coordinates.
 * @see torchvision.ops.generalized_box_iou_loss
 * @example vision.ops.generalizedBoxIouLoss(predicted, truth, { reduction: "mean" }).backward();
 */
export const generalizedBoxIouLoss: BoxLoss = boxLoss("generalizedBoxIouLoss", (pairs, eps) => {
  const [inter, union] = interUnion(pairs);
  const [width, height] = enclosing(pairs);
  const area = width.mul(height);
  const iou = inter.div(union.add(eps)).sub(area.sub(union).div(area.add(eps)));
  return iou.neg().add(1);
});

/** The squared distance of the centers of pairs. */
function centerDistance({ first, second }: Pairs): Tensor {
  const [x, y] = [0, 1].map((axis) => {
    const [a, b] = [first, second].map((box) => box[axis + 2]!.add(box[axis]!).div(2));
    return a!.sub(b!).pow(2);
  });
  return x!.add(y!);
}

function distanceLoss(pairs: Pairs, eps: number): [loss: Tensor, iou: Tensor] {
  const [inter, union] = interUnion(pairs);
  const iou = inter.div(union.add(eps));
  const [width, height] = enclosing(pairs);
  const diagonal = width.pow(2).add(height.pow(2)).add(eps);
  return [iou.neg().add(1).add(centerDistance(pairs).div(diagonal)), iou];
}

/**
 * 1 − the distance intersection over union of pairs of boxes (x1, y1, x2, y2). Shape: [N, 4], [N, 4] → [N].
 * @see torchvision.ops.distance_box_iou_loss
 */
export const distanceBoxIouLoss: BoxLoss = boxLoss("distanceBoxIouLoss", (pairs, eps) => distanceLoss(pairs, eps)[0]);

const diagonalAngle = ([x1, y1, x2, y2]: Four): Tensor => x2.sub(x1).div(y2.sub(y1)).atan();

/**
 * 1 − the complete intersection over union of pairs of boxes (x1, y1, x2, y2). Shape: [N, 4], [N, 4] → [N].
 * `eps` is added to the divisor of the weight alone, and 1e-7 to the others, as in torchvision.
 * @see torchvision.ops.complete_box_iou_loss
 */
export const completeBoxIouLoss: BoxLoss = boxLoss("completeBoxIouLoss", (pairs, eps) => {
  const [loss, iou] = distanceLoss(pairs, 1e-7);
  const v = diagonalAngle(pairs.second)
    .sub(diagonalAngle(pairs.first))
    .pow(2)
    .mul(4 / Math.PI ** 2);
  const alpha = noGrad(() => v.div(iou.neg().add(1).add(v).add(eps)));
  return loss.add(alpha.mul(v));
});
