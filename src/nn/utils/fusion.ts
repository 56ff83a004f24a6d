/** Layers in evaluation mode put together with the batch normalization after them. */

import { ArgumentError, checkOptions, describe } from "../../core/errors";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/checks";
import type { Tensor } from "../../tensor/tensor";
import { BatchNorm1d, BatchNorm2d, BatchNorm3d, SyncBatchNorm } from "../batchnorm";
import { checkModule } from "../checks";
import { deepcopy } from "../deepcopy";
import type { Linear } from "../linear";
import type { Module } from "../module";
import { Parameter } from "../parameter";
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
    throw new ArgumentError(`${op}: norm must be a batch normalization, got ${describe(norm)}`);
  const { training, runningMean, runningVar, eps, weight, bias } = norm;
  if (layer.training || training)
    throw new ArgumentError(`${op}: fusion is only for eval! Call eval() on both modules`);
  if (runningMean === null || runningVar === null)
    throw new ArgumentError(`${op}: the batch normalization keeps no running statistics`);
  return { runningMean, runningVar, eps, weight, bias };
}

/**
 * The weight and bias of a convolution that does what one of `weight` and `bias` and a batch normalization in evaluation mode do.
 * @param options.transpose Whether it is a transposed convolution. Default: false.
 * @see torch.nn.utils.fusion.fuse_conv_bn_weights
 */
export const fuseConvBnWeights = named(
  "fuseConvBnWeights",
  "weight, bias, norm;; transpose",
  (
    weight: Tensor,
    bias: Tensor | null,
    norm: BatchNorm,
    options: { transpose?: boolean } = {},
  ): [weight: Parameter, bias: Parameter] => {
    const op = "fuseConvBnWeights";
    checkOptions(op, options, ["transpose"]);
    const statistics = statisticsOf(op, norm, norm);
    checkTensor(op, weight, "weight");
    if (bias !== null) checkTensor(op, bias, "bias");
    return fuse(weight, bias, statistics, options.transpose ? 1 : 0);
  },
);

/**
 * One convolution in place of a convolution and the batch normalization after it. Neither is changed.
 * @see torch.nn.utils.fusion.fuse_conv_bn_eval
 * @throws ArgumentError in training mode.
 * @example const fused = nn.utils.fuseConvBnEval(conv.eval(), bn.eval());
 */
export function fuseConvBnEval<C extends Convolution>(conv: C, norm: BatchNorm): C {
  const statistics = statisticsOf("fuseConvBnEval", conv, norm);
  tensorField("fuseConvBnEval", conv, "weight");
  const fused = deepcopy(conv);
  [fused.weight, fused.bias] = fuse(conv.weight, conv.bias, statistics, outputAxis(conv));
  return fused;
}

/**
 * One linear layer in place of a linear layer and the batch normalization after it. Neither is changed.
 * @see torch.nn.utils.fusion.fuse_linear_bn_eval
 * @throws ArgumentError in training mode.
 */
export const fuseLinearBnEval = named(
  "fuseLinearBnEval",
  "linear, norm",
  (linear: Linear, norm: BatchNorm1d): Linear => {
    const statistics = statisticsOf("fuseLinearBnEval", linear, norm);
    tensorField("fuseLinearBnEval", linear, "weight");
    const fused = deepcopy(linear);
    [fused.weight, fused.bias] = fuse(linear.weight, linear.bias, statistics, 0);
    return fused;
  },
);
