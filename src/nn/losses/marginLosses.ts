/** Losses with a margin as layers. */

import { checkFunction } from "../../core/arguments";
import { classNameOf, nameOf } from "../../core/className";
import { ShapeError, ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { checkReduction, type OldReduction, type Reduction } from "../../ops/losses/classLosses";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { guest } from "../module/composite";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { type Given, readArguments } from "../module/options";

const mean: { reduction: Reduction } = { reduction: "mean" };
const marginSignature = "; margin, sizeAverage, reduce, reduction";

/** Options of the losses with a margin. */
export interface MarginLossOptions extends OldReduction {
  margin?: number;
  /** What becomes of the losses of single elements. Default: `"mean"`. */
  reduction?: Reduction;
}

abstract class MarginLoss extends Module {
  margin: number;
  reduction: Reduction;

  constructor(given: Given<MarginLossOptions>) {
    super();
    this.margin = given.margin;
    this.reduction = checkReduction(classNameOf(this), given.reduction);
  }
}

/** max(0, −target · (x1 − x2) + margin). Default margin: 0. @see torch.nn.MarginRankingLoss */
export class MarginRankingLoss extends MarginLoss {
  constructor(margin?: number, sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction);
  constructor(...given: Arguments<typeof marginSignature, MarginLossOptions>);
  constructor(...given: unknown[]) {
    super(readArguments<MarginLossOptions>(nameOf(new.target), marginSignature, { margin: 0, ...mean }, given));
  }

  override forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return F.marginRankingLoss(input1, input2, target, { margin: this.margin, reduction: this.reduction });
  }
}

/** x where the target is 1, max(0, margin − x) where it is −1. Default margin: 1. @see torch.nn.HingeEmbeddingLoss */
export class HingeEmbeddingLoss extends MarginLoss {
  constructor(margin?: number, sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction);
  constructor(...given: Arguments<typeof marginSignature, MarginLossOptions>);
  constructor(...given: unknown[]) {
    super(readArguments<MarginLossOptions>(nameOf(new.target), marginSignature, { margin: 1, ...mean }, given));
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.hingeEmbeddingLoss(input, target, { margin: this.margin, reduction: this.reduction });
  }
}

/** 1 − cos where the target is 1, max(0, cos − margin) where it is −1. Default margin: 0. @see torch.nn.CosineEmbeddingLoss */
export class CosineEmbeddingLoss extends MarginLoss {
  constructor(margin?: number, sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction);
  constructor(...given: Arguments<typeof marginSignature, MarginLossOptions>);
  constructor(...given: unknown[]) {
    super(readArguments<MarginLossOptions>(nameOf(new.target), marginSignature, { margin: 0, ...mean }, given));
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

const multiSignature = "; p, margin, weight, sizeAverage, reduce, reduction";

/** The multi-class hinge loss. Shape: [N, C] and [N], or [C] and []. @see torch.nn.MultiMarginLoss */
export class MultiMarginLoss extends Module {
  p: number;
  margin: number;
  reduction: Reduction;
  weight: Tensor | null = null;

  constructor(
    p?: number,
    margin?: number,
    weight?: Tensor | null,
    sizeAverage?: boolean | null,
    reduce?: boolean | null,
    reduction?: Reduction,
  );
  constructor(...given: Arguments<typeof multiSignature, MultiMarginLossOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults = { p: 1, margin: 1, weight: null, ...mean };
    const { p, margin, weight, reduction } = readArguments<MultiMarginLossOptions>(
      layer,
      multiSignature,
      defaults,
      given,
    );
    if (p !== 1 && p !== 2) throw new ValueError(`${layer}: only p == 1 and p == 2 supported, got ${p}`);
    if (weight !== null && weight.ndim !== 1)
      throw new ShapeError(`${layer}: weight must have one axis, got ${weight.ndim}`);
    this.p = p;
    this.margin = margin;
    this.reduction = checkReduction(layer, reduction);
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

const tripletSignature = "; margin, p, eps, swap, sizeAverage, reduce, reduction";

/** max(0, d(anchor, positive) − d(anchor, negative) + margin). Shape: [N, D] or [D] each. @see torch.nn.TripletMarginLoss */
export class TripletMarginLoss extends Module {
  margin: number;
  p: number;
  eps: number;
  swap: boolean;
  reduction: Reduction;

  constructor(
    margin?: number,
    p?: number,
    eps?: number,
    swap?: boolean,
    sizeAverage?: boolean | null,
    reduce?: boolean | null,
    reduction?: Reduction,
  );
  constructor(...given: Arguments<typeof tripletSignature, TripletMarginLossOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults = { margin: 1, p: 2, eps: 1e-6, swap: false, ...mean };
    const options = readArguments<TripletMarginLossOptions>(layer, tripletSignature, defaults, given);
    this.margin = options.margin;
    this.p = options.p;
    this.eps = options.eps;
    this.swap = options.swap;
    this.reduction = checkReduction(layer, options.reduction);
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

const distanceSignature = ";; distanceFunction, margin, swap, reduction";

/** {@link TripletMarginLoss} for any distance. @see torch.nn.TripletMarginWithDistanceLoss */
export class TripletMarginWithDistanceLoss extends Module {
  distanceFunction: ((a: Tensor, b: Tensor) => Tensor) | null;
  margin: number;
  swap: boolean;
  reduction: Reduction;

  constructor(
    ...given: Arguments<typeof distanceSignature, Omit<TripletMarginWithDistanceLossOptions, keyof OldReduction>>
  );
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults = { distanceFunction: null, margin: 1, swap: false, ...mean };
    const options = readArguments<TripletMarginWithDistanceLossOptions>(layer, distanceSignature, defaults, given);
    if (options.distanceFunction !== null) checkFunction(layer, "distanceFunction", options.distanceFunction);
    this.distanceFunction = options.distanceFunction;
    this.margin = options.margin;
    this.swap = options.swap;
    this.reduction = checkReduction(layer, options.reduction);
  }

  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { margin, swap, reduction } = this;
    const distanceFunction = this.distanceFunction && guest(this.distanceFunction);
    return F.tripletMarginWithDistanceLoss(anchor, positive, negative, { distanceFunction, margin, swap, reduction });
  }
}

takes("input1, input2, target", MarginRankingLoss, CosineEmbeddingLoss);
takes("input, target", HingeEmbeddingLoss, MultiMarginLoss);
takes("anchor, positive, negative", TripletMarginLoss);
takes("anchor(), positive, negative", TripletMarginWithDistanceLoss);
