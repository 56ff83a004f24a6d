/** Losses that compare distances and scores with a margin. */

import { assertNumber, checkFlag, checkFunction } from "../../core/arguments";
import { DTypeError, describe, ShapeError, ValueError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { named, within } from "../../core/signature";
import { checkAll, checkTensor } from "../../ops/builders/checks";
import { checkSameDType } from "../../ops/builders/precision";
import { checkReduction, reduceLoss } from "../../ops/losses/classLosses";
import type { LossOptions } from "../../ops/losses/elementLosses";
import type { Tensor } from "../../tensor/tensor";
import { pairwiseDistance } from "./distance";

/** Keeps the cosine of a zero vector finite. */
const EPSILON = 1e-12;

/** Options of losses with a margin. */
export interface MarginOptions extends LossOptions {
  margin?: number;
}

/**
 * 1 − cos(x1, x2) where the target is 1, max(0, cos(x1, x2) − margin) where it is −1. Shape: [N, D] and [N], or [D] and [].
 * Default margin: 0.
 * @see torch.nn.functional.cosine_embedding_loss
 */
export const cosineEmbeddingLoss = named(
  "cosineEmbeddingLoss",
  "input1, input2, target; margin, sizeAverage, reduce, reduction",
  (input1: Tensor, input2: Tensor, target: Tensor, options: MarginOptions = {}): Tensor => {
    const { margin = 0, reduction = "mean" } = options;
    checkReduction("cosineEmbeddingLoss", reduction);
    checkTensor("cosineEmbeddingLoss", input1, "input1");
    checkTensor("cosineEmbeddingLoss", input2, "input2");
    checkTensor("cosineEmbeddingLoss", target, "target");
    assertNumber("cosineEmbeddingLoss", "margin", margin);
    if (target.ndim > 1 || input1.ndim !== target.ndim + 1 || input2.ndim !== target.ndim + 1)
      throw new ShapeError(
        `cosineEmbeddingLoss: ${target.ndim}D target tensor expects ${target.ndim + 1}D input tensors, but found inputs with sizes ${shapeText(input1.shape)} and ${shapeText(input2.shape)}`,
      );
    const dim = target.ndim;
    const norm = (x: Tensor) => x.square().sum(dim).add(EPSILON);
    const cosine = input1
      .mul(input2)
      .sum(dim)
      .div(norm(input1).mul(norm(input2)).sqrt());
    const together = cosine.neg().add(1).where(target.eq(1), 0);
    const apart = cosine.sub(margin).clamp(0).where(target.eq(-1), 0);
    return reduceLoss(together.add(apart), reduction);
  },
);

function checkTriplet(op: string, anchor: Tensor, positive: Tensor, negative: Tensor, margin: number): void {
  checkTensor(op, anchor, "anchor");
  checkTensor(op, positive, "positive");
  checkTensor(op, negative, "negative");
  assertNumber(op, "margin", margin);
}

/** Options of {@link tripletMarginWithDistanceLoss}. */
export interface TripletDistanceOptions extends MarginOptions {
  /** Use the distance between positive and negative where it is smaller. Default: false. */
  swap?: boolean;
  /** Default: the Euclidean distance. */
  distanceFunction?: ((a: Tensor, b: Tensor) => Tensor) | null;
}

/**
 * max(0, d(anchor, positive) − d(anchor, negative) + margin), for any distance. Default margin: 1.
 * @see torch.nn.functional.triplet_margin_with_distance_loss
 */
export const tripletMarginWithDistanceLoss = named(
  "tripletMarginWithDistanceLoss",
  "anchor(), positive, negative;; distanceFunction, margin, swap, reduction",
  (anchor: Tensor, positive: Tensor, negative: Tensor, options: TripletDistanceOptions = {}): Tensor => {
    const op = "tripletMarginWithDistanceLoss";
    checkFlag(op, "swap", options.swap ?? false);
    const { margin = 1, swap = false, reduction = "mean" } = options;
    checkReduction(op, reduction);
    checkTriplet(op, anchor, positive, negative, margin);
    if (options.distanceFunction != null) checkFunction(op, "distanceFunction", options.distanceFunction);
    const distance = options.distanceFunction ?? ((a: Tensor, b: Tensor) => within(op, () => pairwiseDistance(a, b)));
    const between = (a: Tensor, b: Tensor) => checkTensor(op, distance(a, b), "the result of distanceFunction");
    const near = between(anchor, positive);
    let far = between(anchor, negative);
    if (swap) far = far.minimum(between(positive, negative));
    return reduceLoss(near.sub(far).add(margin).clamp(0), reduction);
  },
);

/** Options of {@link tripletMarginLoss}. */
export interface TripletMarginOptions extends MarginOptions {
  /** The degree of the norm. Default: 2. */
  p?: number;
  /** Added to differences. Default: 1e-6. */
  eps?: number;
  /** Use the distance between positive and negative where it is smaller. Default: false. */
  swap?: boolean;
}

/**
 * max(0, d(anchor, positive) − d(anchor, negative) + margin). Shape: [N, D] or [D] each. Default margin: 1.
 * @see torch.nn.functional.triplet_margin_loss
 */
export const tripletMarginLoss = named(
  "tripletMarginLoss",
  "anchor, positive, negative; margin, p, eps, swap, sizeAverage, reduce, reduction",
  (anchor: Tensor, positive: Tensor, negative: Tensor, options: TripletMarginOptions = {}): Tensor => {
    const { p = 2, eps = 1e-6, margin = 1, swap = false, reduction = "mean" } = options;
    checkTriplet("tripletMarginLoss", anchor, positive, negative, margin);
    assertNumber("tripletMarginLoss", "p", p);
    checkFlag("tripletMarginLoss", "swap", swap);
    checkReduction("tripletMarginLoss", reduction);
    const distanceFunction = (a: Tensor, b: Tensor) => pairwiseDistance(a, b, { p, eps });
    return tripletMarginWithDistanceLoss(anchor, positive, negative, { margin, swap, reduction, distanceFunction });
  },
);

/** Options of {@link multiMarginLoss}. */
export interface MultiMarginOptions extends MarginOptions {
  /** The power of the hinge: 1 or 2. Default: 1. */
  p?: number;
  /** A weight for each class. */
  weight?: Tensor | null;
}

/** @throws DTypeError unless targets are int64, ValueError unless they lie in [low, c). */
function checkClasses(op: string, target: Tensor, low: number, c: number): void {
  if (checkTensor(op, target, "target").dtype !== "int64")
    throw new DTypeError(`${op}: expected scalar type Long but found ${target.dtype} for target; use target.long()`);
  const isClass = target.ge(low).logicalAnd(target.lt(c));
  checkAll(op, isClass, `target out of range: there are ${c} classes, so targets are ${low} to ${c - 1}`);
}

/**
 * Σ_j≠t max(0, margin − x_t + x_j)^p / C. Shape: [N, C] and [N], or [C] and []. Default margin: 1.
 * @see torch.nn.functional.multi_margin_loss
 */
export const multiMarginLoss = named(
  "multiMarginLoss",
  "input, target; p, margin, weight, sizeAverage, reduce, reduction",
  (input: Tensor, target: Tensor, options: MultiMarginOptions = {}): Tensor => {
    const { p = 1, margin = 1, weight = null, reduction = "mean" } = options;
    checkReduction("multiMarginLoss", reduction);
    checkTensor("multiMarginLoss", input);
    checkTensor("multiMarginLoss", target, "target");
    if (weight !== null) checkTensor("multiMarginLoss", weight, "weight");
    assertNumber("multiMarginLoss", "margin", margin);
    if (p !== 1 && p !== 2)
      throw new ValueError(`multiMarginLoss: only p == 1 and p == 2 supported, got ${describe(p)}`);
    const scores = input.ndim < 2 ? input.reshape(1, -1) : input;
    const [n, c] = scores.shape;
    if (scores.ndim !== 2 || c === 0 || target.ndim > 1 || target.numel() !== n)
      throw new ShapeError(
        `multiMarginLoss: inconsistent target size: ${shapeText(target.shape)} for input of size ${shapeText(input.shape)}`,
      );
    checkClasses("multiMarginLoss", target, 0, c);
    if (weight !== null && (weight.ndim !== 1 || weight.shape[0] !== c))
      throw new ShapeError(
        `multiMarginLoss: inconsistent weight size: expected [${c}], got ${shapeText(weight.shape)}`,
      );
    checkSameDType("multiMarginLoss", input, { weight });
    const classes = target.reshape(-1, 1);
    const hinge = scores.sub(scores.gather(1, classes)).add(margin).clamp(0);
    let terms = p === 1 ? hinge : hinge.square();
    if (weight !== null) terms = terms.mul(weight.indexSelect(0, classes.reshape(-1)).unsqueeze(1));
    const others = terms.scatter(1, classes, 0);
    const losses = others.sum(1).div(scores.shape[1]!);
    return reduceLoss(target.ndim === 0 ? losses.squeeze(0) : losses, reduction);
  },
);

/**
 * Σ over targets t and other classes j of max(0, 1 − (x_t − x_j)) / C. A row of targets ends at its first −1.
 * Shape: [N, C] and [N, C], or [C] and [C].
 * @see torch.nn.functional.multilabel_margin_loss
 */
export const multilabelMarginLoss = named(
  "multilabelMarginLoss",
  "input, target; sizeAverage, reduce, reduction",
  (input: Tensor, target: Tensor, options: LossOptions = {}): Tensor => {
    const reduction = checkReduction("multilabelMarginLoss", options.reduction ?? "mean");
    checkTensor("multilabelMarginLoss", input);
    checkTensor("multilabelMarginLoss", target, "target");
    const [scores, labels] = input.ndim < 2 ? [input.reshape(1, -1), target.reshape(1, -1)] : [input, target];
    if (scores.ndim !== 2 || !sameShape(scores.shape, labels.shape))
      throw new ShapeError(
        `multilabelMarginLoss: inconsistent target size: ${shapeText(target.shape)} for input of size ${shapeText(input.shape)}`,
      );
    const c = scores.shape[1]!;
    checkClasses("multilabelMarginLoss", labels, -1, c);
    const isListed = labels.lt(0).cumsum(1).eq(0);
    const classes = labels.clamp(0);
    // How often a class is a target: one count per listed entry.
    const isTarget = scores.zerosLike().scatterAdd(1, classes, isListed.to(scores.dtype)).gt(0);
    const margins = scores.unsqueeze(1).sub(scores.gather(1, classes).unsqueeze(2)).add(1).clamp(0);
    const counted = isListed.unsqueeze(2).logicalAnd(isTarget.logicalNot().unsqueeze(1));
    const losses = margins.where(counted, 0).sum([1, 2]).div(c);
    return reduceLoss(input.ndim < 2 ? losses.squeeze(0) : losses, reduction);
  },
);
