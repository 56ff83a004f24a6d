/** Normalizations that also give the statistics they used, as PyTorch's `native_` functions. Gradients flow through the first result. */

import { noGrad } from "../../autograd/mode";
import { checkIntegers } from "../../core/arguments";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { checkSameDType } from "../builders/precision";
import { batchNorm, layerNorm } from "./norm";

type Optional = Tensor | null | undefined;

/**
 * Layer normalization with the mean and 1 / σ of each group of features, whose axes have size 1.
 * @see torch.native_layer_norm
 */
export const nativeLayerNorm = named(
  "nativeLayerNorm",
  "input, normalizedShape, weight, bias, eps",
  (
    input: Tensor,
    normalizedShape: readonly number[],
    weight: Optional,
    bias: Optional,
    eps: number,
  ): [output: Tensor, mean: Tensor, rstd: Tensor] => {
    checkIntegers("nativeLayerNorm", "normalizedShape", normalizedShape, 0);
    checkSameDType("nativeLayerNorm", checkTensor("nativeLayerNorm", input), { weight, bias });
    const y = layerNorm(input, normalizedShape, {
      weight: weight ?? null,
      bias: bias ?? null,
      eps,
    });
    return noGrad(() => {
      const axes = normalizedShape.map((_, i) => input.ndim - 1 - i);
      const mean = input.mean(axes, { keepdim: true });
      const variance = input.var(axes, { correction: 0, keepdim: true });
      return [y, mean, variance.add(eps).rsqrt()];
    });
  },
);

/**
 * Batch normalization with the mean and 1 / σ of each channel in training; otherwise these are empty. In training the running statistics are updated.
 * @see torch.native_batch_norm
 */
export const nativeBatchNorm = named(
  "nativeBatchNorm",
  "input, weight, bias, runningMean, runningVar, training, momentum, eps",
  (
    input: Tensor,
    weight: Optional,
    bias: Optional,
    runningMean: Optional,
    runningVar: Optional,
    training: boolean,
    momentum: number,
    eps: number,
  ): [output: Tensor, saveMean: Tensor, saveInvstd: Tensor] => {
    checkSameDType("nativeBatchNorm", checkTensor("nativeBatchNorm", input), { weight, bias, runningMean, runningVar });
    const y = batchNorm(input, runningMean, runningVar, {
      weight: weight ?? null,
      bias: bias ?? null,
      training,
      momentum,
      eps,
    });
    if (!training) return [y, input.newEmpty([0]), input.newEmpty([0])];
    return noGrad(() => {
      const axes = input.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
      const variance = input.var(axes, { correction: 0 });
      return [y, input.mean(axes), variance.add(eps).rsqrt()];
    });
  },
);
