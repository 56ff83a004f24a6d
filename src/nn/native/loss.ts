/** Losses with the arguments of `torch` itself, where reductions are numbers. */
import { checkChoice } from "../../core/arguments";
import { ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import type { Reduction } from "../../ops/losses/classLosses";
import * as losses from "../../ops/losses/elementLosses";
import type { Tensor } from "../../tensor/tensor";
import { type CTCLossOptions, ctcLoss as fCtcLoss } from "../functional/ctc";
import * as margins from "../functional/marginLoss";

/** 0: none, 1: the mean, 2: the sum; `torch.nn.functional` has words for them, which are taken too. */
export type ReductionCode = 0 | 1 | 2 | Reduction;

const words = ["none", "mean", "sum"] as const;

/** The options `given` with a word for the reduction; the default is the mean. */
function worded<O extends { reduction?: ReductionCode }>(
  op: string,
  given: O,
): Omit<O, "reduction"> & losses.LossOptions {
  const { reduction = 1 } = given;
  if (typeof reduction === "number" && !(reduction in words))
    throw new ValueError(`${op}: reduction must be 0 (none), 1 (mean) or 2 (sum), got ${reduction}`);
  const word = typeof reduction === "number" ? words[reduction]! : checkChoice(op, "reduction", reduction, words);
  return { ...given, reduction: word };
}

type Coded<O> = Omit<O, "reduction"> & { reduction?: ReductionCode };

/** Binary cross entropy of sigmoid(input). @see torch.binary_cross_entropy_with_logits */
export const binaryCrossEntropyWithLogits = named(
  "binaryCrossEntropyWithLogits",
  "input, target; weight, posWeight, reduction",
  (input: Tensor, target: Tensor, options: Coded<losses.BceWithLogitsOptions> = {}): Tensor =>
    losses.binaryCrossEntropyWithLogits(input, target, worded("binaryCrossEntropyWithLogits", options)),
);

/** 1 − cos of pairs that belong together, max(0, cos − margin) of the others. @see torch.cosine_embedding_loss */
export const cosineEmbeddingLoss = named(
  "cosineEmbeddingLoss",
  "input1, input2, target; margin, reduction",
  (input1: Tensor, input2: Tensor, target: Tensor, options: Coded<margins.MarginOptions> = {}): Tensor =>
    margins.cosineEmbeddingLoss(input1, input2, target, worded("cosineEmbeddingLoss", options)),
);

/** x where the target is 1, max(0, margin − x) where it is −1. @see torch.hinge_embedding_loss */
export const hingeEmbeddingLoss = named(
  "hingeEmbeddingLoss",
  "input, target; margin, reduction",
  (input: Tensor, target: Tensor, options: Coded<losses.LossOptions & { margin?: number }> = {}): Tensor =>
    losses.hingeEmbeddingLoss(input, target, worded("hingeEmbeddingLoss", options)),
);

/** max(0, −target · (input1 − input2) + margin). @see torch.margin_ranking_loss */
export const marginRankingLoss = named(
  "marginRankingLoss",
  "input1, input2, target; margin, reduction",
  (
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    options: Coded<losses.LossOptions & { margin?: number }> = {},
  ): Tensor => losses.marginRankingLoss(input1, input2, target, worded("marginRankingLoss", options)),
);

/** max(0, ‖anchor − positive‖ − ‖anchor − negative‖ + margin). @see torch.triplet_margin_loss */
export const tripletMarginLoss = named(
  "tripletMarginLoss",
  "anchor, positive, negative; margin, p, eps, swap, reduction",
  (anchor: Tensor, positive: Tensor, negative: Tensor, options: Coded<margins.TripletMarginOptions> = {}): Tensor =>
    margins.tripletMarginLoss(anchor, positive, negative, worded("tripletMarginLoss", options)),
);

/** The Kullback–Leibler divergence, elementwise. @see torch.kl_div */
export const klDiv = named(
  "klDiv",
  "input, target; reduction; logTarget",
  (input: Tensor, target: Tensor, options: { reduction?: ReductionCode; logTarget?: boolean } = {}): Tensor =>
    losses.klDiv(input, target, worded("klDiv", options)),
);

/** The negative log likelihood of a Poisson distribution. @see torch.poisson_nll_loss */
export const poissonNllLoss = named(
  "poissonNllLoss",
  "input, target, logInput, full, eps, reduction",
  (input: Tensor, target: Tensor, logInput: boolean, full: boolean, eps: number, reduction: ReductionCode): Tensor =>
    losses.poissonNllLoss(input, target, worded("poissonNllLoss", { logInput, full, eps, reduction })),
);

/** The loss of connectionist temporal classification. @see torch.ctc_loss */
export const ctcLoss = named(
  "ctcLoss",
  "logProbs, targets, inputLengths, targetLengths; blank, reduction, zeroInfinity",
  (
    logProbs: Tensor,
    targets: Tensor,
    inputLengths: Tensor | readonly number[],
    targetLengths: Tensor | readonly number[],
    options: Coded<CTCLossOptions> = {},
  ): Tensor => fCtcLoss(logProbs, targets, inputLengths, targetLengths, worded("ctcLoss", options)),
);
