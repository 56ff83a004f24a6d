/** The focal loss of dense detectors (Lin et al., "Focal loss for dense object detection", 2017). */

import { checkNumber } from "../../core/arguments";
import { ValueError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkSameDevice, checkTensor } from "../../ops/builders/checks";
import { checkReduction, type Reduction, reduceLoss } from "../../ops/losses/classLosses";
import { binaryCrossEntropyWithLogits } from "../../ops/losses/elementLosses";
import type { Tensor } from "../../tensor/tensor";

/** Options of {@link sigmoidFocalLoss}. */
export interface SigmoidFocalLossOptions {
  /** The weight of positive elements, that of the others being 1 − alpha; negative for none. Default: 0.25. */
  alpha?: number;
  /** The exponent of what is lacking to certainty. Default: 2. */
  gamma?: number;
  /** What becomes of the losses of single elements. Default: "none". */
  reduction?: Reduction;
}

/**
 * Cross entropy of logits and truth values, in which elements count the less the better they are known. Shapes: both the same.
 * @param targets 0 or 1 for each element, or between; floating-point.
 * @throws ValueError for other shapes, ArgumentError for an unknown reduction.
 * @see torchvision.ops.sigmoid_focal_loss
 * @example vision.ops.sigmoidFocalLoss(logits, targets, { reduction: "sum" }).div(count);
 */
export const sigmoidFocalLoss = named(
  "sigmoidFocalLoss",
  "inputs, targets; alpha, gamma, reduction",
  (inputs: Tensor, targets: Tensor, options: SigmoidFocalLossOptions = {}): Tensor => {
    checkTensor("sigmoidFocalLoss", inputs, "inputs");
    checkSameDevice("sigmoidFocalLoss", inputs, checkTensor("sigmoidFocalLoss", targets, "targets"));
    if (!sameShape(inputs.shape, targets.shape))
      throw new ValueError(
        `sigmoidFocalLoss: Target size ${shapeText(targets.shape)} must be the same as input size ${shapeText(inputs.shape)}`,
      );
    const alpha = checkNumber("sigmoidFocalLoss", "alpha", options.alpha ?? 0.25);
    const gamma = checkNumber("sigmoidFocalLoss", "gamma", options.gamma ?? 2);
    const reduction = checkReduction("sigmoidFocalLoss", options.reduction ?? "none");
    const p = inputs.sigmoid();
    const others = targets.neg().add(1);
    const entropy = binaryCrossEntropyWithLogits(inputs, targets, { reduction: "none" });
    const known = p.mul(targets).add(p.neg().add(1).mul(others));
    const loss = entropy.mul(known.neg().add(1).pow(gamma));
    if (!(alpha >= 0)) return reduceLoss(loss, reduction);
    return reduceLoss(
      targets
        .mul(alpha)
        .add(others.mul(1 - alpha))
        .mul(loss),
      reduction,
    );
  },
);
