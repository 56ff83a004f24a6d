/** Losses as layers. */
import { classNameOf, nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import { checkReduction, type OldReduction, type Reduction } from "../../ops/losses/classLosses";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";

/** Options of every loss. */
export interface LossOptions extends OldReduction {
  /** What becomes of the losses of single elements. Default: `"mean"`. */
  reduction?: Reduction;
}

/** What is left of the options of a loss once they are read. */
interface Reduced {
  readonly reduction: Reduction;
}

/** A loss that is reduced. */
abstract class ReducedLoss extends Module {
  reduction: Reduction;

  constructor({ reduction }: Reduced) {
    super();
    this.reduction = checkReduction(classNameOf(this), reduction);
  }
}

const lossSignature = "; sizeAverage, reduce, reduction";

/** A loss whose only option is the reduction. */
abstract class Loss extends ReducedLoss {
  constructor(sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction);
  constructor(...given: Arguments<typeof lossSignature, LossOptions>);
  constructor(...given: unknown[]) {
    super(readArguments<LossOptions>(nameOf(new.target), lossSignature, { reduction: "mean" }, given));
  }
}

/** Options of losses with weights. */
export interface WeightedLossOptions extends LossOptions {
  /** A factor for each class or element. */
  weight?: Tensor | null;
}

/** A loss with weights, which are a buffer of the module. */
abstract class WeightedLoss extends ReducedLoss {
  weight: Tensor | null = null;

  constructor({ weight, ...options }: Reduced & { weight: Tensor | null }) {
    super(options);
    this.registerBuffer("weight", weight);
  }
}

const mean: Reduced = { reduction: "mean" };
const weighted = { ...mean, weight: null };

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

const nllSignature = "; weight, sizeAverage, ignoreIndex, reduce, reduction";

/** −weight[t] · input[t] of log-probabilities. Shape: [N, C, …] and [N, …], or [C] and []. @see torch.nn.NLLLoss */
export class NLLLoss extends WeightedLoss {
  ignoreIndex: number;

  constructor(
    weight?: Tensor | null,
    sizeAverage?: boolean | null,
    ignoreIndex?: number,
    reduce?: boolean | null,
    reduction?: Reduction,
  );
  constructor(...given: Arguments<typeof nllSignature, NLLLossOptions>);
  constructor(...given: unknown[]) {
    const defaults = { ...weighted, ignoreIndex: -100 };
    const { ignoreIndex, ...rest } = readArguments<NLLLossOptions>(nameOf(new.target), nllSignature, defaults, given);
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

const crossEntropySignature = "; weight, sizeAverage, ignoreIndex, reduce, reduction, labelSmoothing";

/**
 * The cross entropy between scores (logits) and class indices or probabilities. Shape: [N, C, …] and [N, …], or [C] and [].
 * @see torch.nn.CrossEntropyLoss
 */
export class CrossEntropyLoss extends WeightedLoss {
  ignoreIndex: number;
  labelSmoothing: number;

  constructor(
    weight?: Tensor | null,
    sizeAverage?: boolean | null,
    ignoreIndex?: number,
    reduce?: boolean | null,
    reduction?: Reduction,
    labelSmoothing?: number,
  );
  constructor(...given: Arguments<typeof crossEntropySignature, CrossEntropyLossOptions>);
  constructor(...given: unknown[]) {
    const defaults = { ...weighted, ignoreIndex: -100, labelSmoothing: 0 };
    const { ignoreIndex, labelSmoothing, ...rest } = readArguments<CrossEntropyLossOptions>(
      nameOf(new.target),
      crossEntropySignature,
      defaults,
      given,
    );
    super(rest);
    this.ignoreIndex = ignoreIndex;
    this.labelSmoothing = labelSmoothing;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, reduction, labelSmoothing } = this;
    return F.crossEntropy(input, target, { weight, ignoreIndex, reduction, labelSmoothing });
  }
}

const bceSignature = "; weight, sizeAverage, reduce, reduction";

/** The cross entropy of probabilities against targets in [0, 1]. Shapes: equal. @see torch.nn.BCELoss */
export class BCELoss extends WeightedLoss {
  constructor(weight?: Tensor | null, sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction);
  constructor(...given: Arguments<typeof bceSignature, WeightedLossOptions>);
  constructor(...given: unknown[]) {
    super(readArguments<WeightedLossOptions>(nameOf(new.target), bceSignature, weighted, given));
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

const bceWithLogitsSignature = "; weight, sizeAverage, reduce, reduction, posWeight";

/** {@link BCELoss} of sigmoid(input), computed without overflow. Shapes: equal. @see torch.nn.BCEWithLogitsLoss */
export class BCEWithLogitsLoss extends WeightedLoss {
  posWeight: Tensor | null = null;

  constructor(
    weight?: Tensor | null,
    sizeAverage?: boolean | null,
    reduce?: boolean | null,
    reduction?: Reduction,
    posWeight?: Tensor | null,
  );
  constructor(...given: Arguments<typeof bceWithLogitsSignature, BCEWithLogitsLossOptions>);
  constructor(...given: unknown[]) {
    const defaults = { ...weighted, posWeight: null };
    const { posWeight, ...rest } = readArguments<BCEWithLogitsLossOptions>(
      nameOf(new.target),
      bceWithLogitsSignature,
      defaults,
      given,
    );
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

const smoothL1Signature = "; sizeAverage, reduce, reduction, beta";

/** Squared for small differences, linear for large ones. Shapes: equal. @see torch.nn.SmoothL1Loss */
export class SmoothL1Loss extends ReducedLoss {
  beta: number;

  constructor(sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction, beta?: number);
  constructor(...given: Arguments<typeof smoothL1Signature, SmoothL1LossOptions>);
  constructor(...given: unknown[]) {
    const { beta, ...rest } = readArguments<SmoothL1LossOptions>(
      nameOf(new.target),
      smoothL1Signature,
      { ...mean, beta: 1 },
      given,
    );
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

const huberSignature = "; reduction, delta";

/** Squared for small differences, linear for large ones, with slope delta. Shapes: equal. @see torch.nn.HuberLoss */
export class HuberLoss extends ReducedLoss {
  delta: number;

  constructor(reduction?: Reduction, delta?: number);
  constructor(...given: Arguments<typeof huberSignature, Omit<HuberLossOptions, keyof OldReduction>>);
  constructor(...given: unknown[]) {
    const { delta, ...rest } = readArguments<HuberLossOptions>(
      nameOf(new.target),
      huberSignature,
      { ...mean, delta: 1 },
      given,
    );
    super(rest);
    this.delta = delta;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.huberLoss(input, target, { reduction: this.reduction, delta: this.delta });
  }
}

/** Options of {@link KLDivLoss}. */
export interface KLDivLossOptions extends OldReduction {
  /** `"batchmean"` divides the sum by the batch size: the divergence as it is defined. Default: `"mean"`. */
  reduction?: Reduction | "batchmean";
  /** Whether the target is given as logarithms too. Default: false. */
  logTarget?: boolean;
}

const klDivSignature = "; sizeAverage, reduce, reduction, logTarget";

/** The Kullback–Leibler divergence of log-probabilities from targets. Shapes: equal. @see torch.nn.KLDivLoss */
export class KLDivLoss extends Module {
  reduction: Reduction | "batchmean";
  logTarget: boolean;

  constructor(
    sizeAverage?: boolean | null,
    reduce?: boolean | null,
    reduction?: Reduction | "batchmean",
    logTarget?: boolean,
  );
  constructor(...given: Arguments<typeof klDivSignature, KLDivLossOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults = { ...mean, logTarget: false };
    const { reduction, logTarget } = readArguments<KLDivLossOptions>(layer, klDivSignature, defaults, given);
    this.reduction = reduction === "batchmean" ? reduction : checkReduction(layer, reduction);
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

const poissonNllSignature = "; logInput, full, sizeAverage, eps, reduce, reduction";

/** The negative log likelihood of counts under Poisson rates. Shapes: equal. @see torch.nn.PoissonNLLLoss */
export class PoissonNLLLoss extends ReducedLoss {
  logInput: boolean;
  full: boolean;
  eps: number;

  constructor(
    logInput?: boolean,
    full?: boolean,
    sizeAverage?: boolean | null,
    eps?: number,
    reduce?: boolean | null,
    reduction?: Reduction,
  );
  constructor(...given: Arguments<typeof poissonNllSignature, PoissonNLLLossOptions>);
  constructor(...given: unknown[]) {
    const defaults = { ...mean, logInput: true, full: false, eps: 1e-8 };
    const { logInput, full, eps, ...rest } = readArguments<PoissonNLLLossOptions>(
      nameOf(new.target),
      poissonNllSignature,
      defaults,
      given,
    );
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

const gaussianNllSignature = ";; full, eps, reduction";

/** The negative log likelihood of targets under normal distributions of given means and variances. @see torch.nn.GaussianNLLLoss */
export class GaussianNLLLoss extends ReducedLoss {
  full: boolean;
  eps: number;

  constructor(...given: Arguments<typeof gaussianNllSignature, Omit<GaussianNLLLossOptions, keyof OldReduction>>);
  constructor(...given: unknown[]) {
    const defaults = { ...mean, full: false, eps: 1e-6 };
    const { full, eps, ...rest } = readArguments<GaussianNLLLossOptions>(
      nameOf(new.target),
      gaussianNllSignature,
      defaults,
      given,
    );
    super(rest);
    this.full = full;
    this.eps = eps;
  }

  override forward(input: Tensor, target: Tensor, variance: Tensor): Tensor {
    const { full, eps, reduction } = this;
    return F.gaussianNllLoss(input, target, variance, { full, eps, reduction });
  }
}

const multiLabelSignature = "; weight, sizeAverage, reduce, reduction";

/** The mean over classes of binary cross entropies with logits. Shape: [*, C] both. @see torch.nn.MultiLabelSoftMarginLoss */
export class MultiLabelSoftMarginLoss extends WeightedLoss {
  constructor(weight?: Tensor | null, sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction);
  constructor(...given: Arguments<typeof multiLabelSignature, WeightedLossOptions>);
  constructor(...given: unknown[]) {
    super(readArguments<WeightedLossOptions>(nameOf(new.target), multiLabelSignature, weighted, given));
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.multilabelSoftMarginLoss(input, target, { weight: this.weight, reduction: this.reduction });
  }
}

takes(
  "input, target",
  L1Loss,
  MSELoss,
  SoftMarginLoss,
  MultiLabelMarginLoss,
  NLLLoss,
  CrossEntropyLoss,
  BCELoss,
  BCEWithLogitsLoss,
  SmoothL1Loss,
  HuberLoss,
  MultiLabelSoftMarginLoss,
);
takes("logInput, target", PoissonNLLLoss);
takes("input, target", KLDivLoss);
takes("input, target, var", GaussianNLLLoss);
