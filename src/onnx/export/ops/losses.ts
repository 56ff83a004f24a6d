/** Losses against classes. */
import type { Args, Forms, Lower } from "../form";
import type { Graph } from "../graph";
import type { Value } from "../types";

/** What the old flags, which win, make of the reduction. */
function reductionOf(a: Args): string {
  if (a.reduce === false) return "none";
  if (a.sizeAverage === false) return "sum";
  if (a.sizeAverage != null || a.reduce != null) return "mean";
  return a.reduction ?? "mean";
}

const attributes = (a: Args) => ({ ignore_index: a.ignoreIndex ?? -100, reduction: reductionOf(a) });

/** Scores and targets of one item, as ONNX wants them: with an axis for the items. */
function batched(g: Graph, a: Args): { scores: Value; target: Value; isSingle: boolean } {
  const isSingle = a.input.shape.length === 1;
  const target = g.cast(a.target, "int64");
  return isSingle
    ? { scores: g.unsqueeze(a.input, [0]), target: g.unsqueeze(target, [0]), isSingle }
    : { scores: a.input, target, isSingle };
}

const loss =
  (type: string): Lower =>
  (g, a) => {
    const { scores, target, isSingle } = batched(g, a);
    const value = g.add(type, [scores, target, a.weight ?? null], attributes(a));
    return isSingle && reductionOf(a) === "none" ? g.squeeze(value, [0]) : value;
  };

/** Cross entropy with part of the probability spread over all classes: what it is without, and the mean of all classes' losses. */
function smoothed(g: Graph, a: Args, smoothing: number): Value {
  const { scores, target, isSingle } = batched(g, a);
  const { dtype } = a.input as Value;
  const n = (x: number): Value => g.scalar(x, dtype);
  const log = g.add("LogSoftmax", [scores], { axis: 1 });
  const rest = new Array(Math.max(0, a.input.shape.length - 2)).fill(1);
  const weights = a.weight ? g.reshape(a.weight, [1, -1, ...rest]) : undefined;
  const spread = g.add("Neg", [g.reduce("ReduceSum", weights ? g.add("Mul", [log, weights]) : log, [1], false)]);
  const isCounted = g.add("Not", [g.add("Equal", [target, g.scalar(a.ignoreIndex ?? -100, "int64")], {}, "bool")]);
  const kept = g.add("Where", [isCounted, spread, n(0)], {}, dtype);
  const classes = g.cast(
    g.add("Gather", [g.add("Shape", [scores], {}, "int64"), g.scalar(1, "int64")], { axis: 0 }),
    dtype,
  );
  const reduction = reductionOf(a);
  const own = g.add("NegativeLogLikelihoodLoss", [log, target, a.weight ?? null], attributes(a));
  const share = g.add("Div", [n(smoothing), classes]);
  const both = (all: Value): Value => g.add("Add", [g.add("Mul", [own, n(1 - smoothing)]), g.add("Mul", [all, share])]);
  if (reduction === "none") return isSingle ? g.squeeze(both(kept), [0]) : both(kept);
  const sum = g.reduce("ReduceSum", kept, null, false);
  if (reduction === "sum") return both(sum);
  // The mean is over the weights of the targets that count.
  const safe = g.add("Where", [isCounted, target, g.scalar(0, "int64")], {}, "int64");
  const each = a.weight ? g.add("Gather", [a.weight, safe], { axis: 0 }) : n(1);
  const counted = g.add("Where", [isCounted, each, n(0)], {}, dtype);
  return both(g.add("Div", [sum, g.reduce("ReduceSum", counted, null, false)]));
}

const isClasses = (a: Args): boolean => a.target?.dtype === "int64" || a.target?.dtype === "uint8";

export const losses: Forms = {
  nllLoss: { when: isClasses, lower: loss("NegativeLogLikelihoodLoss") },
  crossEntropy: {
    when: isClasses,
    lower: (g, a, call) =>
      (a.labelSmoothing ?? 0) > 0 ? smoothed(g, a, a.labelSmoothing) : loss("SoftmaxCrossEntropyLoss")(g, a, call),
  },
};
