/** Normalizations with the arguments of `torch` itself. */
import { noGrad } from "../../autograd/mode";
import { assertNumber, checkFlag, checkInteger } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import * as F from "../../ops/layers/norm";
import type { Tensor } from "../../tensor/tensor";

type Optional = Tensor | null;

/** Which of cuDNN's routines may be used; there are none. */
interface Cudnn {
  cudnnEnabled?: boolean;
}

/** Options of {@link layerNorm}. */
export interface LayerNormArguments extends F.LayerNormOptions {
  /** Without effect. */
  cudnnEnable?: boolean;
}

/** Normalizes over the last axes. Shape: [*, …normalizedShape], unchanged. @see torch.layer_norm */
export const layerNorm = named(
  "layerNorm",
  "input, normalizedShape; weight, bias, eps, cudnnEnable",
  (
    input: Tensor,
    normalizedShape: readonly number[],
    { cudnnEnable: _, ...options }: LayerNormArguments = {},
  ): Tensor => F.layerNorm(input, normalizedShape, options),
);

/** Normalizes over groups of channels. Shape: [N, C, *], unchanged. @see torch.group_norm */
export const groupNorm = named(
  "groupNorm",
  "input, numGroups; weight, bias, eps, cudnnEnabled",
  (input: Tensor, numGroups: number, { cudnnEnabled: _, ...options }: F.GroupNormOptions & Cudnn = {}): Tensor =>
    F.groupNorm(input, numGroups, options),
);

/** Normalizes each channel over the batch. Shape: [N, C, *], unchanged. @see torch.batch_norm */
export const batchNorm = named(
  "batchNorm",
  "input, weight, bias, runningMean, runningVar, training, momentum, eps; cudnnEnabled",
  (
    input: Tensor,
    weight: Optional,
    bias: Optional,
    runningMean: Optional,
    runningVar: Optional,
    training: boolean,
    momentum: number,
    eps: number,
    _: Cudnn = {},
  ): Tensor => {
    checkFlag("batchNorm", "training", training);
    return F.batchNorm(input, runningMean, runningVar, { weight, bias, training, momentum, eps });
  },
);

/** Normalizes each channel of each item. Shape: [N, C, *], unchanged. @see torch.instance_norm */
export const instanceNorm = named(
  "instanceNorm",
  "input, weight, bias, runningMean, runningVar, useInputStats, momentum, eps; cudnnEnabled",
  (
    input: Tensor,
    weight: Optional,
    bias: Optional,
    runningMean: Optional,
    runningVar: Optional,
    useInputStats: boolean,
    momentum: number,
    eps: number,
    _: Cudnn = {},
  ): Tensor => {
    checkFlag("instanceNorm", "useInputStats", useInputStats);
    assertNumber("instanceNorm", "momentum", momentum);
    assertNumber("instanceNorm", "eps", eps);
    return F.instanceNorm(input, { runningMean, runningVar, weight, bias, useInputStats, momentum, eps });
  },
);

/**
 * {@link groupNorm} of an input that is read as [N, C, HxW], with the mean and 1 / σ of each group, [N, group].
 * @see torch.native_group_norm
 */
export const nativeGroupNorm = named(
  "nativeGroupNorm",
  "input, weight, bias, N, C, HxW, group, eps",
  (
    input: Tensor,
    weight: Optional,
    bias: Optional,
    n: number,
    c: number,
    inner: number,
    group: number,
    eps: number,
  ): [output: Tensor, mean: Tensor, rstd: Tensor] => {
    const op = "nativeGroupNorm";
    checkTensor(op, input);
    const sizes = { N: n, C: c, HxW: inner };
    for (const [name, size] of Object.entries(sizes)) checkInteger(op, name, size, 0);
    if (input.numel() !== n * c * inner)
      throw new ShapeError(`${op}: an input of shape ${shapeText(input.shape)} has no ${n} · ${c} · ${inner} elements`);
    assertNumber(op, "eps", eps);
    const flat = input.reshape(n, c, inner);
    const y = F.groupNorm(flat, group, { weight, bias, eps }).reshape(input.shape);
    const [variance, mean] = noGrad(() => {
      const groups = flat.reshape(n, group, -1);
      return [groups.var(-1, { correction: 0 }), groups.mean(-1)];
    });
    return [y, mean, noGrad(() => variance.add(eps).rsqrt())];
  },
);
