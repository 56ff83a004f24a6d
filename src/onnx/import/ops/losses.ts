/** Losses. */
import { logSoftmax } from "../../../ops/reduce/softmax";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import { tensor, zeros } from "./make";

/** Minus the logarithm of the probability of each target, which counts by its weight; places to ignore count nothing. */
function nll(c: Context, logProbabilities: Tensor, target: Tensor, weight: Tensor | undefined): Tensor {
  const classes = logProbabilities.shape[1]!;
  const places = target.to("int64");
  const ignored = c.attributes.has("ignore_index") ? places.eq(c.int("ignore_index")) : undefined;
  const safe = ignored === undefined ? places : tensor(0, "int64").where(ignored, places);
  if (safe.numel() > 0 && (Number(safe.min().item()) < 0 || Number(safe.max().item()) >= classes))
    c.fail(`a target is out of range for ${classes} classes`);
  const picked = logProbabilities.gather(1, safe.unsqueeze(1)).squeeze(1).neg();
  const own = weight === undefined ? undefined : weight.indexSelect(0, safe.reshape([-1])).reshape([...safe.shape]);
  const counted = countOf(picked, own, ignored);
  const losses = counted === undefined ? picked : zeros([], picked.dtype).where(counted.eq(0), picked.mul(counted));
  const reduction = c.string("reduction", "mean");
  if (reduction === "none") return losses;
  const sum = losses.sum();
  if (reduction === "sum") return sum;
  return counted === undefined ? losses.mean() : sum.div(counted.sum());
}

/** How much each place counts; undefined if all count one. */
function countOf(like: Tensor, weight: Tensor | undefined, ignored: Tensor | undefined): Tensor | undefined {
  if (ignored === undefined) return weight;
  const counts = ignored.logicalNot().to(like.dtype);
  return weight === undefined ? counts : counts.mul(weight);
}

export const losses: readonly Entry[] = [
  { name: "NegativeLogLikelihoodLoss", since: 12, run: (c) => nll(c, c.x, c.y, c.optional(2)) },
  {
    name: "SoftmaxCrossEntropyLoss",
    since: 12,
    run: (c) => {
      const logProbabilities = logSoftmax(c.x, 1);
      return [nll(c, logProbabilities, c.y, c.optional(2)), logProbabilities];
    },
  },
];
