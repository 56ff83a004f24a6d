/** Losses as layers. */
import { checkReduction, type Reduction } from "../ops/loss";
import type { Tensor } from "../tensor/tensor";
import * as F from "./functional";
import { Module } from "./module";
import { readOptions } from "./options";

/** Options of every loss. */
export interface LossOptions {
  /** What becomes of the losses of single elements. Default: `"mean"`. */
  reduction?: Reduction;
}

/** A loss whose only option is the reduction. */
abstract class Loss extends Module {
  reduction: Reduction;

  constructor(options: LossOptions = {}) {
    super();
    const { reduction } = readOptions<Required<LossOptions>>(this.constructor.name, { reduction: "mean" }, [options]);
    this.reduction = checkReduction(this.constructor.name, reduction);
  }
}

/** Options of losses with weights. */
export interface WeightedLossOptions extends LossOptions {
  /** A factor for each class or element. */
  weight?: Tensor | null;
}

/** A loss with weights, which are a buffer of the module. */
abstract class WeightedLoss extends Module {
  reduction: Reduction;
  weight: Tensor | null = null;

  constructor({ reduction = "mean", weight = null }: WeightedLossOptions) {
    super();
    this.reduction = checkReduction(this.constructor.name, reduction);
    this.registerBuffer("weight", weight);
  }
}

const weighted = { reduction: "mean" as Reduction, weight: null as Tensor | null };

/** |input − target|. Shapes: equal. @see torch.nn.L1Loss */
export class L1Loss extends Loss {
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.l1Loss(input, target, { reduction: this.reduction });
  }
}

/** (input − target)². Shapes: equal. @see torch.nn.MSELoss */
export class MSELoss extends Loss {
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.mseLoss(input, target, { reduction: this.reduction });
  }
}

/** log(1 + exp(−target · input)) for targets of 1 and −1. Shapes: equal. @see torch.nn.SoftMarginLoss */
export class SoftMarginLoss extends Loss {
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.softMarginLoss(input, target, { reduction: this.reduction });
  }
}

/** The multi-label hinge loss. Shape: [N, C] or [C], targets end at the first −1. @see torch.nn.MultiLabelMarginLoss */
export class MultiLabelMarginLoss extends Loss {
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.multilabelMarginLoss(input, target, { reduction: this.reduction });
  }
}

/** Options of {@link NLLLoss}. */
export interface NLLLossOptions extends WeightedLossOptions {
  /** Targets with this value count for nothing. Default: −100. */
  ignoreIndex?: number;
}

/** −weight[t] · input[t] of log-probabilities. Shape: [N, C, …] and [N, …], or [C] and []. @see torch.nn.NLLLoss */
export class NLLLoss extends WeightedLoss {
  ignoreIndex: number;

  constructor(options: NLLLossOptions = {}) {
    const { ignoreIndex, ...rest } = readOptions("NLLLoss", { ...weighted, ignoreIndex: -100 }, [options]);
    super(rest);
    this.ignoreIndex = ignoreIndex;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, reduction } = this;
    return F.nllLoss(input, target, { weight, ignoreIndex, reduction });
  }
}

/** Options of {@link CrossEntropyLoss}. */
export interface CrossEntropyLossOptions extends NLLLossOptions {
  /** How much of the target's probability is spread evenly over all classes. Default: 0. */
  labelSmoothing?: number;
}

/**
 * The cross entropy between scores (logits) and class indices or probabilities. Shape: [N, C, …] and [N, …], or [C] and [].
 * @see torch.nn.CrossEntropyLoss
 */
export class CrossEntropyLoss extends WeightedLoss {
  ignoreIndex: number;
  labelSmoothing: number;

  constructor(options: CrossEntropyLossOptions = {}) {
    const defaults = { ...weighted, ignoreIndex: -100, labelSmoothing: 0 };
    const { ignoreIndex, labelSmoothing, ...rest } = readOptions("CrossEntropyLoss", defaults, [options]);
    super(rest);
    this.ignoreIndex = ignoreIndex;
    this.labelSmoothing = labelSmoothing;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, reduction, labelSmoothing } = this;
    return F.crossEntropy(input, target, { weight, ignoreIndex, reduction, labelSmoothing });
  }
}

/** The cross entropy of probabilities against targets in [0, 1]. Shapes: equal. @see torch.nn.BCELoss */
export class BCELoss extends WeightedLoss {
  constructor(options: WeightedLossOptions = {}) {
    super(readOptions("BCELoss", weighted, [options]));
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.binaryCrossEntropy(input, target, { weight: this.weight, reduction: this.reduction });
  }
}

/** Options of {@link BCEWithLogitsLoss}. */
export interface BCEWithLogitsLossOptions extends WeightedLossOptions {
  /** The weight of positive targets, per class. */
  posWeight?: Tensor | null;
}

/** {@link BCELoss} of sigmoid(input), computed without overflow. Shapes: equal. @see torch.nn.BCEWithLogitsLoss */
export class BCEWithLogitsLoss extends WeightedLoss {
  posWeight: Tensor | null = null;

  constructor(options: BCEWithLogitsLossOptions = {}) {
    const { posWeight, ...rest } = readOptions("BCEWithLogitsLoss", { ...weighted, posWeight: null as Tensor | null }, [
      options,
    ]);
    super(rest);
    this.registerBuffer("posWeight", posWeight);
  }

  override stateKey(field: string): string {
    return field === "posWeight" ? "pos_weight" : field;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, posWeight, reduction } = this;
    return F.binaryCrossEntropyWithLogits(input, target, { weight, posWeight, reduction });
  }
}

/** Options of {@link SmoothL1Loss}. */
export interface SmoothL1LossOptions extends LossOptions {
  /** Where the loss turns from squared to linear. Default: 1. */
  beta?: number;
}

/** Squared for small differences, linear for large ones. Shapes: equal. @see torch.nn.SmoothL1Loss */
export class SmoothL1Loss extends Loss {
  beta: number;

  constructor(options: SmoothL1LossOptions = {}) {
    const { beta, ...rest } = readOptions("SmoothL1Loss", { reduction: "mean" as Reduction, beta: 1 }, [options]);
    super(rest);
    this.beta = beta;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.smoothL1Loss(input, target, { reduction: this.reduction, beta: this.beta });
  }
}

/** Options of {@link HuberLoss}. */
export interface HuberLossOptions extends LossOptions {
  /** Where the loss turns from squared to linear. Default: 1. */
  delta?: number;
}

/** Squared for small differences, linear for large ones, with slope delta. Shapes: equal. @see torch.nn.HuberLoss */
export class HuberLoss extends Loss {
  delta: number;

  constructor(options: HuberLossOptions = {}) {
    const { delta, ...rest } = readOptions("HuberLoss", { reduction: "mean" as Reduction, delta: 1 }, [options]);
    super(rest);
    this.delta = delta;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.huberLoss(input, target, { reduction: this.reduction, delta: this.delta });
  }
}

/** Options of {@link KLDivLoss}. */
export interface KLDivLossOptions {
  /** `"batchmean"` divides the sum by the batch size: the divergence as it is defined. Default: `"mean"`. */
  reduction?: Reduction | "batchmean";
  /** Whether the target is given as logarithms too. Default: false. */
  logTarget?: boolean;
}

/** The Kullback–Leibler divergence of log-probabilities from targets. Shapes: equal. @see torch.nn.KLDivLoss */
export class KLDivLoss extends Module {
  reduction: Reduction | "batchmean";
  logTarget: boolean;

  constructor(options: KLDivLossOptions = {}) {
    super();
    const defaults: Required<KLDivLossOptions> = { reduction: "mean", logTarget: false };
    const { reduction, logTarget } = readOptions("KLDivLoss", defaults, [options]);
    this.reduction = reduction;
    this.logTarget = logTarget;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.klDiv(input, target, { reduction: this.reduction, logTarget: this.logTarget });
  }
}

/** Options of {@link PoissonNLLLoss}. */
export interface PoissonNLLLossOptions extends LossOptions {
  /** Whether the input is the logarithm of the rate. Default: true. */
  logInput?: boolean;
  /** Add Stirling's approximation of log(target!). Default: false. */
  full?: boolean;
  /** Keeps the logarithm of a rate finite. Default: 1e-8. */
  eps?: number;
}

/** The negative log likelihood of counts under Poisson rates. Shapes: equal. @see torch.nn.PoissonNLLLoss */
export class PoissonNLLLoss extends Loss {
  logInput: boolean;
  full: boolean;
  eps: number;

  constructor(options: PoissonNLLLossOptions = {}) {
    const defaults = { reduction: "mean" as Reduction, logInput: true, full: false, eps: 1e-8 };
    const { logInput, full, eps, ...rest } = readOptions("PoissonNLLLoss", defaults, [options]);
    super(rest);
    this.logInput = logInput;
    this.full = full;
    this.eps = eps;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { logInput, full, eps, reduction } = this;
    return F.poissonNllLoss(input, target, { logInput, full, eps, reduction });
  }
}

/** Options of {@link GaussianNLLLoss}. */
export interface GaussianNLLLossOptions extends LossOptions {
  /** Add the constant log(2π) / 2. Default: false. */
  full?: boolean;
  /** The smallest variance. Default: 1e-6. */
  eps?: number;
}

/** The negative log likelihood of targets under normal distributions of given means and variances. @see torch.nn.GaussianNLLLoss */
export class GaussianNLLLoss extends Loss {
  full: boolean;
  eps: number;

  constructor(options: GaussianNLLLossOptions = {}) {
    const defaults = { reduction: "mean" as Reduction, full: false, eps: 1e-6 };
    const { full, eps, ...rest } = readOptions("GaussianNLLLoss", defaults, [options]);
    super(rest);
    this.full = full;
    this.eps = eps;
  }

  override forward(input: Tensor, target: Tensor, variance: Tensor): Tensor {
    const { full, eps, reduction } = this;
    return F.gaussianNllLoss(input, target, variance, { full, eps, reduction });
  }
}

/** The mean over classes of binary cross entropies with logits. Shape: [*, C] both. @see torch.nn.MultiLabelSoftMarginLoss */
export class MultiLabelSoftMarginLoss extends WeightedLoss {
  constructor(options: WeightedLossOptions = {}) {
    super(readOptions("MultiLabelSoftMarginLoss", weighted, [options]));
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.multilabelSoftMarginLoss(input, target, { weight: this.weight, reduction: this.reduction });
  }
}
