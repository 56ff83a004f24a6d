/** Connectionist temporal classification as a layer. */
import { checkReduction, type Reduction } from "../ops/loss";
import type { Tensor } from "../tensor/tensor";
import * as F from "./functional";
import type { CTCLossOptions } from "./functional/ctc";
import { Module } from "./module";
import { readOptions } from "./options";

/**
 * −log of the probability that a sequence of class probabilities spells a target.
 * Shape: log-probabilities [T, N, C] or [T, C], targets [N, S] or [Σ lengths].
 * @see torch.nn.CTCLoss; Graves et al., ICML 2006
 */
export class CTCLoss extends Module {
  blank: number;
  reduction: Reduction;
  zeroInfinity: boolean;

  constructor(options: CTCLossOptions = {}) {
    super();
    const defaults: Required<CTCLossOptions> = { blank: 0, reduction: "mean", zeroInfinity: false };
    const { blank, reduction, zeroInfinity } = readOptions("CTCLoss", defaults, [options]);
    this.blank = blank;
    this.reduction = checkReduction("CTCLoss", reduction);
    this.zeroInfinity = zeroInfinity;
  }

  override forward(
    logProbs: Tensor,
    targets: Tensor,
    inputLengths: Tensor | readonly number[] | number,
    targetLengths: Tensor | readonly number[] | number,
  ): Tensor {
    const { blank, reduction, zeroInfinity } = this;
    return F.ctcLoss(logProbs, targets, inputLengths, targetLengths, { blank, reduction, zeroInfinity });
  }
}
