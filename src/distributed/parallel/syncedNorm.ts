/** Batch normalization by the statistics of all ranks. */
import { CustomFunction } from "../../autograd/function";
import type { FunctionCtx } from "../../autograd/functionCtx";
import { noGrad } from "../../autograd/mode";
import { DeviceError, ValueError } from "../../core/errors";
import type { SyncedNorm } from "../../nn/parallel/late";
import { cat } from "../../ops/shape/join";
import type { Tensor } from "../../tensor/tensor";
import type { ProcessGroup } from "../group";
import { currentWorld, groupOf } from "./groups";

const OP = "SyncBatchNorm";

/** All axes but that of the channels. */
const others = (x: Tensor): number[] => Array.from({ length: x.ndim }, (_, i) => i).filter((i) => i !== 1);

/** One value per channel, as it is broadcast over `like`. */
const spread = (x: Tensor, like: Tensor): Tensor =>
  x.view(Array.from({ length: like.ndim }, (_, i) => (i === 1 ? -1 : 1)));

/** Statistics are kept in float32 for inputs of 16 bits. */
const wide = (x: Tensor): Tensor => (x.elementSize() < 4 ? x.float() : x);

interface Statistics {
  readonly mean: Tensor;
  readonly invstd: Tensor;
  /** The values of each channel on all ranks. */
  readonly count: number;
}

/** The count, mean and sum of squared differences of each channel, of one rank, in one tensor. */
function ownMoments(x: Tensor): Tensor {
  const channels = x.shape[1]!;
  const n = x.numel() / channels;
  if (n === 0) return x.newZeros([2 * channels + 1], { dtype: x.dtype });
  const mean = x.mean(others(x));
  const squares = x.sub(spread(mean, x)).square().sum(others(x));
  return cat([x.newTensor([n]), mean, squares]);
}

/** Puts the moments of all ranks together. Chan's formula has no cancellation where means are large. */
function combine(all: Tensor, channels: number, eps: number, norm: SyncedNorm): Statistics {
  const counts = all.select(1, 0);
  const means = all.narrow(1, 1, channels);
  const squares = all.narrow(1, 1 + channels, channels);
  const count = counts.sum().item();
  if (count <= 1)
    throw new ValueError(
      `${OP}: Expected more than 1 value per channel when training, got ${count} on all ranks together`,
    );
  const weights = counts.div(count).unsqueeze(1);
  const mean = means.mul(weights).sum(0);
  const between = means.sub(mean).square().mul(counts.unsqueeze(1)).sum(0);
  const variance = squares.sum(0).add(between).div(count);
  remember(norm, mean, variance.mul(count / (count - 1)));
  return { mean, invstd: variance.add(eps).rsqrt(), count };
}

function remember({ runningMean, runningVar, momentum }: SyncedNorm, mean: Tensor, variance: Tensor): void {
  runningMean?.mul_(1 - momentum).add_(mean.to(runningMean.dtype), { alpha: momentum });
  runningVar?.mul_(1 - momentum).add_(variance.to(runningVar.dtype), { alpha: momentum });
}

class SyncBatchNormFunction extends CustomFunction {
  static forward(
    ctx: FunctionCtx,
    given: Tensor,
    weight: Tensor | null,
    bias: Tensor | null,
    norm: SyncedNorm,
    group: ProcessGroup,
  ): Tensor {
    const x = wide(given);
    const channels = x.shape[1]!;
    const own = ownMoments(x);
    const all = own.newZeros([group.size, own.numel()]);
    group.now(() => group.allGatherIntoTensor(all, own, OP));
    const { mean, invstd, count } = combine(all, channels, norm.eps, norm);
    ctx.saveForBackward(given, mean, invstd, ...(weight === null ? [] : [weight]));
    Object.assign(ctx, { group, count });
    const scale = weight === null ? invstd : invstd.mul(weight);
    const shift = mean.mul(scale).neg();
    const offset = bias === null ? shift : shift.add(bias);
    return x.mul(spread(scale, x)).add(spread(offset, x)).to(given.dtype);
  }

  static backward(ctx: FunctionCtx, grad: Tensor): (Tensor | null)[] {
    return noGrad(() => gradients(ctx as FunctionCtx & { group: ProcessGroup; count: number }, grad));
  }
}

function gradients(ctx: FunctionCtx & { group: ProcessGroup; count: number }, given: Tensor): (Tensor | null)[] {
  const [saved, mean, invstd, weight = null] = ctx.savedTensors as unknown as [Tensor, Tensor, Tensor, Tensor?];
  const [x, grad] = [wide(saved), wide(given)];
  const centered = x.sub(spread(mean, x));
  const sumGrad = grad.sum(others(x));
  const sumProduct = grad.mul(centered).sum(others(x));
  const channels = x.shape[1]!;
  const sums = cat([sumGrad, sumProduct]);
  // Every rank takes part, whether its input needs a gradient or not.
  ctx.group.now((group) => group.allReduce(sums, "sum", OP));
  const meanGrad = sums.narrow(0, 0, channels).div(ctx.count);
  const slope = sums.narrow(0, channels, channels).div(ctx.count).mul(invstd.square());
  const scale = weight === null ? invstd : invstd.mul(weight);
  const gradInput = grad
    .sub(spread(meanGrad, x))
    .sub(centered.mul(spread(slope, x)))
    .mul(spread(scale, x));
  const needs = ctx.needsInputGrad;
  return [
    needs[0] ? gradInput.to(saved.dtype) : null,
    needs[1] && weight !== null ? sumProduct.mul(invstd).to(weight.dtype) : null,
    needs[2] ? sumGrad : null,
    null,
    null,
  ];
}

/** Whether there are ranks besides this one. */
export const isShared = (processGroup: unknown): boolean =>
  (processGroup !== null || currentWorld() !== undefined) && groupOf(OP, processGroup).size > 1;

export function syncedNorm(input: Tensor, norm: SyncedNorm): Tensor {
  if (input.device !== "cpu")
    throw new DeviceError(
      `${OP}: input has to be on the cpu where statistics are those of all ranks, got ${input.device}`,
    );
  return SyncBatchNormFunction.apply(input, norm.weight, norm.bias, norm, groupOf(OP, norm.processGroup)) as Tensor;
}
