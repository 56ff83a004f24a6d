/** Losses with a margin as layers. */
import { ValueError } from "../core/errors";
import { checkReduction, type Reduction } from "../ops/loss";
import type { Tensor } from "../tensor/tensor";
import * as F from "./functional";
import { Module } from "./module";
import { readOptions } from "./options";

const mean: { reduction: Reduction } = { reduction: "mean" };

/** Options of the losses with a margin. */
export interface MarginLossOptions {
  margin?: number;
  /** What becomes of the losses of single elements. Default: `"mean"`. */
  reduction?: Reduction;
}

abstract class MarginLoss extends Module {
  margin: number;
  reduction: Reduction;

  constructor(options: MarginLossOptions, margin: number) {
    super();
    const given = readOptions(this.constructor.name, { margin, ...mean }, [options]);
    this.margin = given.margin;
    this.reduction = checkReduction(this.constructor.name, given.reduction);
  }
}

/** max(0, −target · (x1 − x2) + margin). Default margin: 0. @see torch.nn.MarginRankingLoss */
export class MarginRankingLoss extends MarginLoss {
  constructor(options: MarginLossOptions = {}) {
    super(options, 0);
  }

  override forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return F.marginRankingLoss(input1, input2, target, { margin: this.margin, reduction: this.reduction });
  }
}

/** x where the target is 1, max(0, margin − x) where it is −1. Default margin: 1. @see torch.nn.HingeEmbeddingLoss */
export class HingeEmbeddingLoss extends MarginLoss {
  constructor(options: MarginLossOptions = {}) {
    super(options, 1);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.hingeEmbeddingLoss(input, target, { margin: this.margin, reduction: this.reduction });
  }
}

/** 1 − cos where the target is 1, max(0, cos − margin) where it is −1. Default margin: 0. @see torch.nn.CosineEmbeddingLoss */
export class CosineEmbeddingLoss extends MarginLoss {
  constructor(options: MarginLossOptions = {}) {
    super(options, 0);
  }

  override forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return F.cosineEmbeddingLoss(input1, input2, target, { margin: this.margin, reduction: this.reduction });
  }
}

/** Options of {@link MultiMarginLoss}. */
export interface MultiMarginLossOptions extends MarginLossOptions {
  /** The power of the hinge: 1 or 2. Default: 1. */
  p?: number;
  /** A weight for each class. */
  weight?: Tensor | null;
}

/** The multi-class hinge loss. Shape: [N, C] and [N], or [C] and []. @see torch.nn.MultiMarginLoss */
export class MultiMarginLoss extends Module {
  p: number;
  margin: number;
  reduction: Reduction;
  weight: Tensor | null = null;

  constructor(options: MultiMarginLossOptions = {}) {
    super();
    const defaults = { p: 1, margin: 1, weight: null as Tensor | null, ...mean };
    const { p, margin, weight, reduction } = readOptions("MultiMarginLoss", defaults, [options]);
    if (p !== 1 && p !== 2) throw new ValueError("only p == 1 and p == 2 supported");
    this.p = p;
    this.margin = margin;
    this.reduction = checkReduction("MultiMarginLoss", reduction);
    this.registerBuffer("weight", weight);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { p, margin, weight, reduction } = this;
    return F.multiMarginLoss(input, target, { p, margin, weight, reduction });
  }
}

/** Options of {@link TripletMarginLoss}. */
export interface TripletMarginLossOptions extends MarginLossOptions {
  /** The degree of the norm. Default: 2. */
  p?: number;
  /** Added to differences. Default: 1e-6. */
  eps?: number;
  /** Use the distance between positive and negative where it is smaller. Default: false. */
  swap?: boolean;
}

/** max(0, d(anchor, positive) − d(anchor, negative) + margin). Shape: [N, D] or [D] each. @see torch.nn.TripletMarginLoss */
export class TripletMarginLoss extends Module {
  margin: number;
  p: number;
  eps: number;
  swap: boolean;
  reduction: Reduction;

  constructor(options: TripletMarginLossOptions = {}) {
    super();
    const given = readOptions("TripletMarginLoss", { margin: 1, p: 2, eps: 1e-6, swap: false, ...mean }, [options]);
    this.margin = given.margin;
    this.p = given.p;
    this.eps = given.eps;
    this.swap = given.swap;
    this.reduction = checkReduction("TripletMarginLoss", given.reduction);
  }

  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { margin, p, eps, swap, reduction } = this;
    return F.tripletMarginLoss(anchor, positive, negative, { margin, p, eps, swap, reduction });
  }
}

/** Options of {@link TripletMarginWithDistanceLoss}. */
export interface TripletMarginWithDistanceLossOptions extends MarginLossOptions {
  /** Default: the Euclidean distance. */
  distanceFunction?: ((a: Tensor, b: Tensor) => Tensor) | null;
  /** Use the distance between positive and negative where it is smaller. Default: false. */
  swap?: boolean;
}

/** {@link TripletMarginLoss} for any distance. @see torch.nn.TripletMarginWithDistanceLoss */
export class TripletMarginWithDistanceLoss extends Module {
  distanceFunction: ((a: Tensor, b: Tensor) => Tensor) | null;
  margin: number;
  swap: boolean;
  reduction: Reduction;

  constructor(options: TripletMarginWithDistanceLossOptions = {}) {
    super();
    const defaults: Required<TripletMarginWithDistanceLossOptions> = {
      distanceFunction: null,
      margin: 1,
      swap: false,
      ...mean,
    };
    const given = readOptions("TripletMarginWithDistanceLoss", defaults, [options]);
    this.distanceFunction = given.distanceFunction;
    this.margin = given.margin;
    this.swap = given.swap;
    this.reduction = checkReduction("TripletMarginWithDistanceLoss", given.reduction);
  }

  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { distanceFunction, margin, swap, reduction } = this;
    return F.tripletMarginWithDistanceLoss(anchor, positive, negative, { distanceFunction, margin, swap, reduction });
  }
}
