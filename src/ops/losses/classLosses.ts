/** Losses against classes: negative log likelihood and cross entropy, fused with their gradients. */

import { isGradEnabled, noGrad } from "../../autograd/mode";
import { record } from "../../autograd/node";
import { checkInteger } from "../../core/arguments";
import { isFloat } from "../../core/dtype";
import { ArgumentError, DTypeError, describe, IndexError, ShapeError, ValueError } from "../../core/errors";
import { sameShape, shapeText, sizeOfShape } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkSameDevice, checkTensor } from "../builders/checks";
import { checkFloating, checkSameDType, isHalf, widen } from "../builders/precision";

/** What becomes of the losses of single elements. */
export type Reduction = "none" | "mean" | "sum";

/** @throws ArgumentError unless `reduction` is one of the three. */
export function checkReduction(op: string, reduction: Reduction): Reduction {
  if (reduction !== "none" && reduction !== "mean" && reduction !== "sum")
    throw new ArgumentError(`${op}: reduction must be "none", "mean" or "sum", got ${describe(reduction)}`);
  return reduction;
}

/** The losses of single elements, reduced. */
export function reduceLoss(x: Tensor, reduction: Reduction): Tensor {
  return reduction === "mean" ? x.mean() : reduction === "sum" ? x.sum() : x;
}

/** Flags of losses that PyTorch still takes; they win over `reduction`. */
export interface OldReduction {
  /** @deprecated Use `reduction`: with `false` the sum instead of the mean. */
  sizeAverage?: boolean | null;
  /** @deprecated Use `reduction`: `false` means `"none"`. */
  reduce?: boolean | null;
}

/** Options of {@link nllLoss}. */
export interface NllOptions extends OldReduction {
  /** A weight for each class, of shape [C]. */
  weight?: Tensor | null;
  /** Targets with this value count for nothing. Default: −100. */
  ignoreIndex?: number;
  /** Default: "mean", weighted by the class weights. */
  reduction?: Reduction;
}

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends NllOptions {
  /** How much of the target's probability is spread evenly over all classes, from 0 to 1. Default: 0. */
  labelSmoothing?: number;
}

/** Scores seen as [outer, c, inner], with the classes on axis 1 (axis 0 for a single item). */
interface Rows {
  readonly c: number;
  readonly inner: number;
  readonly ignoreIndex: number;
}

/** @throws ShapeError unless there is a weight for each of `c` classes, or none. */
function checkWeight(op: string, weight: Tensor | null | undefined, c: number): void {
  if (weight == null) return;
  if (checkTensor(op, weight, "weight").ndim !== 1 || weight.shape[0] !== c)
    throw new ShapeError(
      `${op}: weight tensor should be defined either for all ${c} classes or no classes but got weight tensor of shape: ${shapeText(weight.shape)}`,
    );
}

function checkClasses(op: string, input: Tensor, target: Tensor, options: NllOptions): Rows {
  checkFloating(op, input);
  if (target.dtype !== "int64" && target.dtype !== "uint8")
    throw new DTypeError(`${op}: class targets must be int64, got ${target.dtype}; use target.long()`);
  if (input.ndim === 0) throw new ShapeError(`${op}: expects scores with a class axis, got a 0-d tensor`);
  const axis = input.ndim === 1 ? 0 : 1;
  const wanted = input.shape.toSpliced(axis, 1);
  if (!sameShape(wanted, target.shape))
    throw new ShapeError(
      `${op}: scores of shape ${shapeText(input.shape)} want targets of shape ${shapeText(wanted)}, got ${shapeText(target.shape)}`,
    );
  const c = input.shape[axis]!;
  const { weight } = options;
  checkWeight(op, weight, c);
  checkSameDType(op, input, { weight });
  checkSameDevice(op, input, target, weight);
  const ignoreIndex = checkInteger(op, "ignoreIndex", options.ignoreIndex ?? -100);
  return { c, inner: sizeOfShape(input.shape.slice(axis + 1)), ignoreIndex };
}

/** @throws IndexError for a target that is neither a class nor the ignored index. */
function checkTargets(op: string, target: Tensor, { c, ignoreIndex }: Rows): void {
  const { backend } = target.storage;
  const error = (bad: number): IndexError => {
    const value = backend.readsAtOnce ? target.reshape(-1).select(0, bad).item() : `number ${bad}`;
    return new IndexError(
      `${op}: Target ${value} is out of bounds: there are ${c} classes, so targets are 0 to ${c - 1} (or ignoreIndex ${ignoreIndex})`,
    );
  };
  const bad = backend.firstInvalid({ kind: "targets", x: target, classes: c, ignoreIndex }, error);
  if (bad >= 0) throw error(bad);
}

/** The weight that each target counts for. */
function targetWeights(like: Tensor, target: Tensor, weight: Tensor | undefined, { ignoreIndex }: Rows): Tensor {
  const weights = allocate(target.shape, like.dtype, like);
  like.storage.backend.run("targetWeights", { weights, target, weight: weight?.contiguous(), ignoreIndex });
  return weights;
}

/** The sum of the weights that the targets count for: the divisor of the mean. */
function totalWeight(like: Tensor, target: Tensor, weight: Tensor | undefined, rows: Rows): Tensor {
  const weights = targetWeights(like, target, weight, rows);
  const total = weights.sum();
  weights.dispose();
  return total;
}

/** The gradient of the elements' losses from the gradient of their reduction. */
function elementGrad(g: Tensor, shape: readonly number[], reduction: Reduction, total: Tensor | undefined): Tensor {
  if (reduction === "none") return g;
  return (total === undefined ? g : g.div(total)).expand(shape);
}

const widenWeight = <O extends NllOptions>(options: O): O => ({ ...options, weight: widen(options.weight ?? null) });

const isTensorGiven = (x: Tensor | undefined | null): x is Tensor => x !== undefined && x !== null;

/**
 * The loss −weight[t] · input[t] of log-probabilities against class targets.
 *
 * Shape: input [N, C] or [N, C, d1, …] or [C]; target [N], [N, d1, …] or [], int64. Result: 0-d, or the target's shape without reduction.
 * @see torch.nn.functional.nll_loss
 * @throws IndexError for a target out of range.
 */
export const nllLoss = named(
  "nllLoss",
  "input, target; weight, sizeAverage, ignoreIndex, reduce, reduction",
  (input: Tensor, target: Tensor, options: NllOptions = {}): Tensor => {
    checkTensor("nllLoss", input);
    checkTensor("nllLoss", target, "target");
    const reduction = checkReduction("nllLoss", options.reduction ?? "mean");
    const rows = checkClasses("nllLoss", input, target, options);
    if (isHalf(input.dtype)) return nllLoss(widen(input), target, widenWeight(options)).to(input.dtype);
    const classes = target.long().contiguous();
    checkTargets("nllLoss", classes, rows);
    const weight = options.weight?.contiguous() ?? undefined;
    const [y, total] = noGrad(() => {
      const losses = allocate(target.shape, input.dtype, input);
      const { c, inner, ignoreIndex } = rows;
      const x = input.contiguous();
      input.storage.backend.run("nllLoss", { losses, x, target: classes, weight, c, inner, ignoreIndex });
      const divisor = reduction === "mean" ? totalWeight(input, classes, weight, rows) : undefined;
      return [divisor === undefined ? reduceLoss(losses, reduction) : losses.sum().div(divisor), divisor];
    });
    const { shape } = input;
    const name = input.ndim > 2 ? "NllLoss2DBackward0" : "NllLossBackward0";
    return record(name, y, [input], [classes, weight, total].filter(isTensorGiven), [
      (g, [t, ...rest]) => {
        const divisor = total === undefined ? undefined : rest.at(-1);
        const w = weight === undefined ? undefined : rest[0];
        return nllLossBackward(elementGrad(g, t!.shape, reduction, divisor), t!, w, shape, rows);
      },
    ]);
  },
);

/** The gradient of {@link nllLoss} per element: −weight[t] · g at the target's class, else 0. Linear in `g`. */
function nllLossBackward(
  g: Tensor,
  target: Tensor,
  weight: Tensor | undefined,
  shape: readonly number[],
  rows: Rows,
): Tensor {
  const gx = allocate(shape, g.dtype, g);
  const { c, inner, ignoreIndex } = rows;
  g.storage.backend.run("nllLossGradient", { gx, gy: g.contiguous(), target, weight, c, inner, ignoreIndex });
  const options: NllOptions = { weight: weight ?? null, ignoreIndex, reduction: "none" };
  return record("NllLossBackwardBackward0", gx, [g], [target], [(h, [t]) => nllLoss(h, t!, options)]);
}

/**
 * The cross entropy between scores (logits) and targets: class indices, or probabilities of all classes.
 *
 * Shape: input [N, C], [N, C, d1, …] or [C]; target [N], [N, d1, …] or [], int64; or the input's shape and dtype for probabilities.
 * Result: 0-d, or the targets' shape without reduction.
 * @see torch.nn.functional.cross_entropy
 * @throws IndexError for a target out of range.
 * @example const loss = F.crossEntropy(model(x), labels, { labelSmoothing: 0.1 });
 */
export const crossEntropy = named(
  "crossEntropy",
  "input, target; weight, sizeAverage, ignoreIndex, reduce, reduction, labelSmoothing",
  (input: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor => {
    checkTensor("crossEntropy", input);
    checkTensor("crossEntropy", target, "target");
    const { labelSmoothing = 0, ...rest } = options;
    checkReduction("crossEntropy", options.reduction ?? "mean");
    if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
      throw new ValueError(`crossEntropy: labelSmoothing must be between 0 and 1, got ${labelSmoothing}`);
    if (sameShape(input.shape, target.shape) && isFloat(target.dtype)) return probabilityLoss(input, target, options);
    if (isHalf(input.dtype)) return crossEntropy(widen(input), target, widenWeight(options)).to(input.dtype);
    if (labelSmoothing > 0) return smoothedLoss(input, target, options);
    return classLoss(input, target, rest);
  },
);

function classLoss(input: Tensor, target: Tensor, options: NllOptions): Tensor {
  const rows = checkClasses("crossEntropy", input, target, options);
  const reduction = options.reduction ?? "mean";
  const classes = target.long().contiguous();
  checkTargets("crossEntropy", classes, rows);
  const weight = options.weight?.contiguous() ?? undefined;
  const x = input.contiguous();
  const statistics = allocate([2, ...target.shape], input.dtype, input);
  const [y, total] = noGrad(() => {
    const losses = allocate(target.shape, input.dtype, input);
    const { c, inner, ignoreIndex } = rows;
    x.storage.backend.run("crossEntropy", { losses, statistics, x, target: classes, weight, c, inner, ignoreIndex });
    if (reduction === "none") return [losses, undefined];
    const divisor = reduction === "mean" ? totalWeight(input, classes, weight, rows) : undefined;
    const sum = losses.sum();
    losses.dispose();
    return [divisor === undefined ? sum : sum.div(divisor), divisor];
  });
  const saved = [x, statistics, classes, weight, total].filter(isTensorGiven);
  return record("NllLossBackward0", y, [x], saved, ([g], [scores, numbers, t, ...rest]) => {
    const divisor = total === undefined ? undefined : rest.at(-1);
    const w = weight === undefined ? undefined : rest[0];
    return [crossEntropyBackward(elementGrad(g!, t!.shape, reduction, divisor), scores!, numbers!, t!, w, rows)];
  });
}

/** The gradient of the fused cross entropy per element: weight[t] · g · (softmax − onehot). */
function crossEntropyBackward(
  g: Tensor,
  x: Tensor,
  statistics: Tensor,
  target: Tensor,
  weight: Tensor | undefined,
  rows: Rows,
): Tensor {
  const gx = allocate(x.shape, x.dtype, x);
  const { c, inner, ignoreIndex } = rows;
  const gy = g.contiguous();
  x.storage.backend.run("crossEntropyGradient", { gx, gy, x, statistics, target, weight, c, inner, ignoreIndex });
  if (!isGradEnabled()) return gx;
  const dim = x.ndim === 1 ? 0 : 1;
  const scale = targetWeights(gx, target, weight, rows);
  const options: NllOptions = { weight: weight ?? null, ignoreIndex, reduction: "none" };
  return record(
    "CrossEntropyBackwardBackward0",
    gx,
    [g, x],
    [g, x, target, scale],
    [
      (h, [, s, t, w]) =>
        h
          .mul(s!.softmax(dim))
          .sum(dim)
          .mul(w!)
          .add(nllLoss(h, t!, options)),
      (h, [u, s, , w]) => {
        const p = s!.softmax(dim);
        const through = h.mul(p).mul(u!.mul(w!).unsqueeze(dim));
        return through.sub(p.mul(through.sum(dim, true)));
      },
    ],
  );
}

/** Cross entropy against probabilities. */
function probabilityLoss(input: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  const dim = input.ndim === 1 ? 0 : 1;
  const { labelSmoothing = 0, reduction = "mean", weight } = options;
  const c = input.shape[dim]!;
  checkWeight("crossEntropy", weight, c);
  checkSameDevice("crossEntropy", input, target, weight);
  const smooth = labelSmoothing > 0 ? target.mul(1 - labelSmoothing).add(labelSmoothing / c) : target;
  let terms = input.logSoftmax(dim).mul(smooth);
  if (weight) terms = terms.mul(alongClasses(weight, input.ndim, dim));
  const losses = terms.sum(dim).neg();
  if (reduction !== "mean") return reduceLoss(losses, reduction);
  return losses.sum().div(Math.max(1, input.numel() / c));
}

const alongClasses = (weight: Tensor, ndim: number, dim: number): Tensor =>
  weight.reshape(Array.from({ length: ndim }, (_, i) => (i === dim ? -1 : 1)));

/** Cross entropy against classes of which `labelSmoothing` is spread over all. */
function smoothedLoss(input: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  const { labelSmoothing = 0, reduction = "mean", weight = null, ignoreIndex = -100 } = options;
  const dim = input.ndim === 1 ? 0 : 1;
  const c = input.shape[dim]!;
  const logProbs = input.logSoftmax(dim);
  const nll = nllLoss(logProbs, target, { weight, ignoreIndex, reduction });
  const rows = checkClasses("crossEntropy", input, target, options);
  const weighted = weight ? logProbs.mul(alongClasses(weight, input.ndim, dim)) : logProbs;
  const classes = target.long().contiguous();
  const counts = targetWeights(input, classes, undefined, rows);
  const spread = weighted.sum(dim).neg().mul(counts);
  const smooth =
    reduction === "mean"
      ? spread.sum().div(totalWeight(input, classes, weight ?? undefined, rows))
      : reduceLoss(spread, reduction);
  return nll.mul(1 - labelSmoothing).add(smooth.mul(labelSmoothing / c));
}
