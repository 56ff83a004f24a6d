/** Connectionist temporal classification as a layer. */
import { nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import { checkReduction, type Reduction } from "../../ops/losses/classLosses";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import type { CTCLossOptions } from "../functional/ctc";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";

const signature = "; blank, reduction, zeroInfinity";

/**
 * −log of the probability that a sequence of class probabilities spells a target.
 * Shape: log-probabilities [T, N, C] or [T, C], targets [N, S] or [Σ lengths].
 * @see torch.nn.CTCLoss; Graves et al., ICML 2006
 */
export class CTCLoss extends Module {
  blank: number;
  reduction: Reduction;
  zeroInfinity: boolean;

  constructor(blank?: number, reduction?: Reduction, zeroInfinity?: boolean);
  constructor(...given: Arguments<typeof signature, CTCLossOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults: Required<CTCLossOptions> = { blank: 0, reduction: "mean", zeroInfinity: false };
    const { blank, reduction, zeroInfinity } = readArguments<CTCLossOptions>(layer, signature, defaults, given);
    this.blank = blank;
    this.reduction = checkReduction(layer, reduction);
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

takes("logProbs, targets, inputLengths, targetLengths", CTCLoss);
