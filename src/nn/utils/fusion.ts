/** Layers in evaluation mode put together with the batch normalization after them. */

import { checkFlag, checkNumber } from "../../core/arguments";
import { ArgumentError, describe } from "../../core/errors";
import { type Declared, named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import type { Tensor } from "../../tensor/tensor";
import { BatchNorm1d, BatchNorm2d, BatchNorm3d, SyncBatchNorm } from "../layers/batchnorm";
import type { Linear } from "../layers/linear";
import { checkModule } from "../module/checks";
import { deepcopy } from "../module/deepcopy";
import type { Module } from "../module/module";
import { Parameter } from "../module/parameter";
import { outputAxis, tensorField } from "./fields";

type BatchNorm = BatchNorm1d | BatchNorm2d | BatchNorm3d;
/** A convolution, transposed or not, of any dimension. */
type Convolution = Module & { weight: Parameter; bias: Parameter | null };

/** What a batch normalization does in evaluation mode. */
interface Statistics {
  readonly runningMean: Tensor;
  readonly runningVar: Tensor;
  readonly eps: number;
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
}

/** The weight with `dim` scaled, and the bias, of a layer and the normalization after it. */
function fuse(
  weight: Tensor,
  bias: Tensor | null,
  norm: Statistics,
  dim: number,
): [weight: Parameter, bias: Parameter] {
  const { runningMean, runningVar, eps } = norm;
  const deviations = runningVar.add(eps).rsqrt();
  const scale = norm.weight === null ? deviations : deviations.mul(norm.weight.detach());
  const shift = runningMean
    .neg()
    .add(bias?.detach() ?? 0)
    .mul(scale);
  const along = weight.shape.map((_, i) => (i === dim ? -1 : 1));
  return [
    new Parameter(weight.detach().mul(scale.reshape(along)), { requiresGrad: weight.requiresGrad }),
    new Parameter(norm.bias === null ? shift : shift.add(norm.bias.detach()), {
      requiresGrad: bias?.requiresGrad ?? true,
    }),
  ];
}

/** @throws ArgumentError unless both are in evaluation mode and the normalization keeps statistics. */
function statisticsOf(op: string, layer: Module, norm: BatchNorm) {
  checkModule(op, layer);
  if (![BatchNorm1d, BatchNorm2d, BatchNorm3d, SyncBatchNorm].some((type) => norm instanceof type))
    throw new ArgumentError(`${op}: bn must be a batch normalization, got ${describe(norm)}`);
  const { training, runningMean, runningVar, eps, weight, bias } = norm;
  if (layer.training || training)
    throw new ArgumentError(`${op}: fusion is only for eval! Call eval() on both modules`);
  if (runningMean === null || runningVar === null)
    throw new ArgumentError(`${op}: the batch normalization keeps no running statistics`);
  return { runningMean, runningVar, eps, weight, bias };
}

/**
 * The weight and bias of a convolution that does what one of `convW` and `convB` and a batch normalization in evaluation mode do.
 * @param options.transpose Whether it is a transposed convolution. Default: false.
 * @see torch.nn.utils.fusion.fuse_conv_bn_weights
 */
export const fuseConvBnWeights = named(
  "fuseConvBnWeights",
  "convW, convB, bnRm, bnRv, bnEps, bnW, bnB; transpose",
  (
    convW: Tensor,
    convB: Tensor | null,
    bnRm: Tensor,
    bnRv: Tensor,
    bnEps: number,
    bnW: Tensor | null,
    bnB: Tensor | null,
    { transpose = false }: { transpose?: boolean } = {},
  ): [weight: Parameter, bias: Parameter] => {
    const op = "fuseConvBnWeights";
    for (const [name, x] of Object.entries({ convW, bnRm, bnRv })) checkTensor(op, x, name);
    for (const [name, x] of Object.entries({ convB, bnW, bnB })) if (x !== null) checkTensor(op, x, name);
    const eps = checkNumber(op, "bnEps", bnEps);
    checkFlag(op, "transpose", transpose);
    const norm = { runningMean: bnRm, runningVar: bnRv, eps, weight: bnW, bias: bnB };
    return fuse(convW, convB, norm, transpose ? 1 : 0);
  },
);

interface FuseConvBnEval extends Declared {
  <C extends Convolution>(conv: C, bn: BatchNorm, options?: boolean | { transpose?: boolean }): C;
  <C extends Convolution>(given: { conv: C; bn: BatchNorm; transpose?: boolean }): C;
}

/**
 * One convolution in place of a convolution and the batch normalization after it. Neither is changed.
 * @see torch.nn.utils.fusion.fuse_conv_bn_eval
 * @throws ArgumentError in training mode.
 * @example const fused = nn.utils.fuseConvBnEval(conv.eval(), bn.eval());
 */
export const fuseConvBnEval = named(
  "fuseConvBnEval",
  "conv, bn; transpose",
  <C extends Convolution>(conv: C, norm: BatchNorm, options: { transpose?: boolean } = {}): C => {
    const statistics = statisticsOf("fuseConvBnEval", conv, norm);
    tensorField("fuseConvBnEval", conv, "weight");
    const axis =
      options.transpose === undefined
        ? outputAxis(conv)
        : Number(checkFlag("fuseConvBnEval", "transpose", options.transpose));
    const fused = deepcopy(conv);
    [fused.weight, fused.bias] = fuse(conv.weight, conv.bias, statistics, axis);
    return fused;
  },
) as unknown as FuseConvBnEval;

/**
 * One linear layer in place of a linear layer and the batch normalization after it. Neither is changed.
 * @see torch.nn.utils.fusion.fuse_linear_bn_eval
 * @throws ArgumentError in training mode.
 */
export const fuseLinearBnEval = named("fuseLinearBnEval", "linear, bn", (linear: Linear, norm: BatchNorm1d): Linear => {
  const statistics = statisticsOf("fuseLinearBnEval", linear, norm);
  tensorField("fuseLinearBnEval", linear, "weight");
  const fused = deepcopy(linear);
  [fused.weight, fused.bias] = fuse(linear.weight, linear.bias, statistics, 0);
  return fused;
});
