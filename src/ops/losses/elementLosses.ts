/** Losses between tensors of one shape, and those composed of other ops. */

import { noGrad } from "../../autograd/mode";
import { record } from "../../autograd/node";
import { assertNumber, checkFlag, checkNumber } from "../../core/arguments";
import { ShapeError, ValueError } from "../../core/errors";
import { broadcastShapes, sameShape, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkAll, checkTensor } from "../builders/checks";
import { sumTo } from "../builders/define";
import { checkSameDType } from "../builders/precision";
import { checkReduction, type OldReduction, type Reduction, reduceLoss } from "./classLosses";

/** What every loss takes. */
export interface LossOptions extends OldReduction {
  /** What becomes of the losses of single elements. Default: "mean". */
  reduction?: Reduction;
}

/** An elementwise loss: its value and its derivatives with respect to input and target, in differentiable ops. */
interface Elementwise {
  readonly value: (x: Tensor, t: Tensor) => Tensor;
  readonly dx: (x: Tensor, t: Tensor) => Tensor;
  readonly dt: (x: Tensor, t: Tensor) => Tensor;
}

/** Evaluates an elementwise loss as one node named as in PyTorch. */
function elementwise(
  name: string,
  op: string,
  input: Tensor,
  target: Tensor,
  reduction: Reduction,
  rule: Elementwise,
): Tensor {
  checkTensor(op, input);
  checkTensor(op, target, "target");
  checkReduction(op, reduction);
  const shape = broadcastShapes(op, input.shape, target.shape);
  const y = noGrad(() => reduceLoss(rule.value(input, target), reduction));
  const n = shape.reduce((a, b) => a * b, 1);
  const each = (g: Tensor) => (reduction === "mean" ? g.div(n) : g);
  const [x, t] = [input, target].map(({ shape: s, dtype }) => ({ shape: s, dtype })) as [Layout, Layout];
  return record(
    name,
    y,
    [input, target],
    [input, target],
    [
      (g, [a, b]) => sumTo(rule.dx(a!, b!).mul(each(g)).expand(shape), x.shape, x.dtype),
      (g, [a, b]) => sumTo(rule.dt(a!, b!).mul(each(g)).expand(shape), t.shape, t.dtype),
    ],
  );
}

type Layout = Pick<Tensor, "shape" | "dtype">;

function checkSameShape(op: string, input: Tensor, target: Tensor): void {
  if (!sameShape(input.shape, target.shape))
    throw new ShapeError(
      `${op}: target of size ${shapeText(target.shape)} must have the size of the input, ${shapeText(input.shape)}`,
    );
}

/** (input − target)². @see torch.nn.functional.mse_loss */
export const mseLoss = named(
  "mseLoss",
  "input, target; sizeAverage, reduce, reduction",
  (input: Tensor, target: Tensor, options: LossOptions = {}): Tensor => {
    return elementwise("MseLossBackward0", "mseLoss", input, target, options.reduction ?? "mean", {
      value: (x, t) => x.sub(t).square(),
      dx: (x, t) => x.sub(t).mul(2),
      dt: (x, t) => t.sub(x).mul(2),
    });
  },
);

/** |input − target|. @see torch.nn.functional.l1_loss */
export const l1Loss = named(
  "l1Loss",
  "input, target; sizeAverage, reduce, reduction",
  (input: Tensor, target: Tensor, options: LossOptions = {}): Tensor => {
    return elementwise("L1LossBackward0", "l1Loss", input, target, options.reduction ?? "mean", {
      value: (x, t) => x.sub(t).abs(),
      dx: (x, t) => x.sub(t).sgn(),
      dt: (x, t) => t.sub(x).sgn(),
    });
  },
);

/** Squared below `beta` and linear above: ½d²/beta, or |d| − ½beta. Default beta: 1. @see torch.nn.functional.smooth_l1_loss */
export const smoothL1Loss = named(
  "smoothL1Loss",
  "input, target; sizeAverage, reduce, reduction, beta",
  (input: Tensor, target: Tensor, options: LossOptions & { beta?: number } = {}): Tensor => {
    const { reduction = "mean" } = options;
    const beta = checkNumber("smoothL1Loss", "beta", options.beta ?? 1);
    if (!(beta >= 0)) throw new ValueError(`smoothL1Loss: does not support negative values for beta, got ${beta}`);
    if (beta === 0) return l1Loss(input, target, { reduction });
    const slope = (d: Tensor) => d.sgn().where(d.abs().ge(beta), d.div(beta));
    return elementwise("SmoothL1LossBackward0", "smoothL1Loss", input, target, reduction, {
      value: (x, t) => {
        const d = x.sub(t).abs();
        return d
          .square()
          .mul(0.5 / beta)
          .where(d.lt(beta), d.sub(0.5 * beta));
      },
      dx: (x, t) => slope(x.sub(t)),
      dt: (x, t) => slope(t.sub(x)),
    });
  },
);

/** Squared below `delta` and linear above: ½d², or delta·(|d| − ½delta). Default delta: 1. @see torch.nn.functional.huber_loss */
export const huberLoss = named(
  "huberLoss",
  "input, target; reduction, delta",
  (input: Tensor, target: Tensor, options: LossOptions & { delta?: number } = {}): Tensor => {
    const { reduction = "mean" } = options;
    const delta = checkNumber("huberLoss", "delta", options.delta ?? 1);
    if (!(delta > 0)) throw new ValueError(`huberLoss: does not support non-positive values for delta, got ${delta}`);
    const slope = (d: Tensor) => d.sgn().mul(delta).where(d.abs().gt(delta), d);
    return elementwise("HuberLossBackward0", "huberLoss", input, target, reduction, {
      value: (x, t) => {
        const d = x.sub(t).abs();
        return d
          .square()
          .mul(0.5)
          .where(d.le(delta), d.sub(0.5 * delta).mul(delta));
      },
      dx: (x, t) => slope(x.sub(t)),
      dt: (x, t) => slope(t.sub(x)),
    });
  },
);

/** log(1 + e^(−target·input)), of targets −1 and 1. @see torch.nn.functional.soft_margin_loss */
export const softMarginLoss = named(
  "softMarginLoss",
  "input, target; sizeAverage, reduce, reduction",
  (input: Tensor, target: Tensor, options: LossOptions = {}): Tensor => {
    return elementwise("SoftMarginLossBackward0", "softMarginLoss", input, target, options.reduction ?? "mean", {
      value: (x, t) => t.mul(x).neg().exp().log1p(),
      dx: (x, t) => t.neg().mul(t.mul(x).neg().sigmoid()),
      dt: (x, t) => x.neg().mul(t.mul(x).neg().sigmoid()),
    });
  },
);

/** Options of {@link binaryCrossEntropy}. */
export interface BceOptions extends LossOptions {
  /** A factor for each element's loss; broadcasts. */
  weight?: Tensor | null;
}

/** The smallest logarithm that a probability counts with. */
const LOG_FLOOR = -100;

/**
 * The cross entropy of probabilities against targets in [0, 1]: −(t·log p + (1 − t)·log(1 − p)), logarithms limited to −100.
 * @see torch.nn.functional.binary_cross_entropy
 */
export const binaryCrossEntropy = named(
  "binaryCrossEntropy",
  "input, target; weight, sizeAverage, reduce, reduction",
  (input: Tensor, target: Tensor, options: BceOptions = {}): Tensor => {
    checkTensor("binaryCrossEntropy", input);
    checkTensor("binaryCrossEntropy", target, "target");
    checkSameShape("binaryCrossEntropy", input, target);
    const { weight, reduction = "mean" } = options;
    if (weight != null) checkTensor("binaryCrossEntropy", weight, "weight");
    checkSameDType("binaryCrossEntropy", input, { target });
    const isProbability = noGrad(() => input.ge(0).logicalAnd(input.le(1)));
    checkAll("binaryCrossEntropy", isProbability, "all elements of input should be between 0 and 1");
    isProbability.dispose();
    const weighted = (x: Tensor) => (weight ? x.mul(weight) : x);
    return elementwise("BinaryCrossEntropyBackward0", "binaryCrossEntropy", input, target, reduction, {
      value: (p, t) => {
        const yes = p.log().clampMin(LOG_FLOOR);
        const no = p.neg().log1p().clampMin(LOG_FLOOR);
        return weighted(t.sub(1).mul(no).sub(t.mul(yes)));
      },
      dx: (p, t) => weighted(p.sub(t).div(p.neg().add(1).mul(p).clampMin(1e-12))),
      dt: (p) => weighted(p.neg().log1p().clampMin(LOG_FLOOR).sub(p.log().clampMin(LOG_FLOOR))),
    });
  },
);

/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BceWithLogitsOptions extends BceOptions {
  /** The weight of positive targets, per class; broadcasts. */
  posWeight?: Tensor | null;
}

/**
 * {@link binaryCrossEntropy} of sigmoid(input), computed without overflow.
 * @see torch.nn.functional.binary_cross_entropy_with_logits
 * @throws ShapeError unless input and target have one shape.
 */
export const binaryCrossEntropyWithLogits = named(
  "binaryCrossEntropyWithLogits",
  "input, target; weight, sizeAverage, reduce, reduction, posWeight",
  (input: Tensor, target: Tensor, options: BceWithLogitsOptions = {}): Tensor => {
    checkTensor("binaryCrossEntropyWithLogits", input);
    checkTensor("binaryCrossEntropyWithLogits", target, "target");
    checkSameShape("binaryCrossEntropyWithLogits", input, target);
    const { weight, posWeight, reduction = "mean" } = options;
    if (weight != null) checkTensor("binaryCrossEntropyWithLogits", weight, "weight");
    if (posWeight != null) checkTensor("binaryCrossEntropyWithLogits", posWeight, "posWeight");
    const weighted = (x: Tensor) => (weight ? x.mul(weight) : x);
    return elementwise(
      "BinaryCrossEntropyWithLogitsBackward0",
      "binaryCrossEntropyWithLogits",
      input,
      target,
      reduction,
      {
        // log sigmoid(−x) is log sigmoid(x) − x, so that what cancels never is computed.
        value: (x, t) => {
          const yes = x.logSigmoid();
          const both = posWeight ? yes.mul(t.mul(posWeight.sub(1)).add(1)) : yes;
          return weighted(t.neg().add(1).mul(x).sub(both));
        },
        dx: (x, t) => {
          if (!posWeight) return weighted(x.sigmoid().sub(t));
          const positive = t.mul(posWeight);
          return weighted(positive.add(t.neg().add(1)).mul(x.sigmoid()).sub(positive));
        },
        dt: (x) => weighted(posWeight ? x.neg().logSigmoid().sub(x.logSigmoid().mul(posWeight)) : x.neg()),
      },
    );
  },
);

/** `batchmean` divides the sum by the batch size, as the mathematical definition does. */
export type KlReduction = Reduction | "batchmean";

/** The Kullback–Leibler divergence of log-probabilities from targets: t·(log t − input). @see torch.nn.functional.kl_div */
export const klDiv = named(
  "klDiv",
  "input, target; sizeAverage, reduce, reduction, logTarget",
  (
    input: Tensor,
    target: Tensor,
    options: OldReduction & { reduction?: KlReduction; logTarget?: boolean } = {},
  ): Tensor => {
    checkTensor("klDiv", input);
    checkTensor("klDiv", target, "target");
    const { reduction = "mean", logTarget = false } = options;
    checkFlag("klDiv", "logTarget", logTarget);
    const losses = logTarget ? target.exp().mul(target.sub(input)) : target.xlogy(target).sub(target.mul(input));
    if (reduction !== "batchmean") return reduceLoss(losses, checkReduction("klDiv", reduction));
    return input.ndim === 0 ? losses.sum() : losses.sum().div(input.shape[0]!);
  },
);

/** Options of {@link poissonNllLoss}. */
export interface PoissonNllOptions extends LossOptions {
  /** Whether the input is the logarithm of the rate. Default: true. */
  logInput?: boolean;
  /** Add Stirling's approximation of log(target!). Default: false. */
  full?: boolean;
  /** Keeps the logarithm of a rate finite. Default: 1e-8. */
  eps?: number;
}

/** The negative log likelihood of counts under Poisson rates. @see torch.nn.functional.poisson_nll_loss */
export const poissonNllLoss = named(
  "poissonNllLoss",
  "input, target; logInput, full, sizeAverage, eps, reduce, reduction",
  (input: Tensor, target: Tensor, options: PoissonNllOptions = {}): Tensor => {
    checkTensor("poissonNllLoss", input);
    checkTensor("poissonNllLoss", target, "target");
    const { logInput = true, full = false, eps = 1e-8, reduction = "mean" } = options;
    checkFlag("poissonNllLoss", "logInput", logInput);
    checkFlag("poissonNllLoss", "full", full);
    let losses = logInput ? input.exp().sub(target.mul(input)) : input.sub(target.mul(input.add(eps).log()));
    if (full) {
      const stirling = target
        .mul(target.log())
        .sub(target)
        .add(
          target
            .mul(2 * Math.PI)
            .log()
            .mul(0.5),
        );
      losses = losses.add(stirling.maskedFill(target.le(1), 0));
    }
    return reduceLoss(losses, checkReduction("poissonNllLoss", reduction));
  },
);

/** The negative log likelihood of targets under independent normal distributions. @see torch.nn.functional.gaussian_nll_loss */
export const gaussianNllLoss = named(
  "gaussianNllLoss",
  "input, target, var; full, eps, reduction",
  (
    input: Tensor,
    target: Tensor,
    variance: Tensor,
    options: LossOptions & { full?: boolean; eps?: number } = {},
  ): Tensor => {
    checkTensor("gaussianNllLoss", input);
    checkTensor("gaussianNllLoss", target, "target");
    checkTensor("gaussianNllLoss", variance, "var");
    const { full = false, eps = 1e-6, reduction = "mean" } = options;
    checkFlag("gaussianNllLoss", "full", full);
    let v = variance;
    if (!sameShape(v.shape, input.shape)) {
      if (sameShape(input.shape.slice(0, -1), v.shape)) v = v.unsqueeze(-1);
      else if (!(sameShape(input.shape.slice(0, -1), v.shape.slice(0, -1)) && v.shape.at(-1) === 1))
        throw new ValueError(
          `gaussianNllLoss: var is of incorrect size ${shapeText(v.shape)}; it must have the shape of the input, ${shapeText(input.shape)}, or 1 as its last size`,
        );
    }
    const isValid = noGrad(() => v.lt(0).logicalNot());
    checkAll("gaussianNllLoss", isValid, "var has negative entry/entries");
    // The floor is a constant: no gradient flows through it.
    const floored = v.add(noGrad(() => v.clampMin(eps).sub(v)));
    let losses = floored.log().add(input.sub(target).square().div(floored)).mul(0.5);
    if (full) losses = losses.add(0.5 * Math.log(2 * Math.PI));
    return reduceLoss(losses, checkReduction("gaussianNllLoss", reduction));
  },
);

/** x where the target is 1, max(0, margin − x) where it is −1. Default margin: 1. @see torch.nn.functional.hinge_embedding_loss */
export const hingeEmbeddingLoss = named(
  "hingeEmbeddingLoss",
  "input, target; margin, sizeAverage, reduce, reduction",
  (input: Tensor, target: Tensor, options: LossOptions & { margin?: number } = {}): Tensor => {
    checkTensor("hingeEmbeddingLoss", input);
    checkTensor("hingeEmbeddingLoss", target, "target");
    const { margin = 1, reduction = "mean" } = options;
    assertNumber("hingeEmbeddingLoss", "margin", margin);
    const apart = input.neg().add(margin).clampMin(0).where(target.ne(1), 0);
    const together = input.where(target.ne(-1), 0);
    return reduceLoss(apart.add(together), checkReduction("hingeEmbeddingLoss", reduction));
  },
);

/** max(0, −target·(input1 − input2) + margin). Default margin: 0. @see torch.nn.functional.margin_ranking_loss */
export const marginRankingLoss = named(
  "marginRankingLoss",
  "input1, input2, target; margin, sizeAverage, reduce, reduction",
  (input1: Tensor, input2: Tensor, target: Tensor, options: LossOptions & { margin?: number } = {}): Tensor => {
    checkTensor("marginRankingLoss", input1, "input1");
    checkTensor("marginRankingLoss", input2, "input2");
    checkTensor("marginRankingLoss", target, "target");
    const { margin = 0, reduction = "mean" } = options;
    assertNumber("marginRankingLoss", "margin", margin);
    const products = target.neg().mul(input1.sub(input2));
    // The margin is a float, whatever its value, so integers become floats.
    const losses = (products.isFloatingPoint() ? products : products.float()).add(margin).clampMin(0);
    return reduceLoss(losses, checkReduction("marginRankingLoss", reduction));
  },
);

/** The mean of binary cross entropies over the classes of a multi-label target. @see torch.nn.functional.multilabel_soft_margin_loss */
export const multilabelSoftMarginLoss = named(
  "multilabelSoftMarginLoss",
  "input, target; weight, sizeAverage, reduce, reduction",
  (input: Tensor, target: Tensor, options: BceOptions = {}): Tensor => {
    checkTensor("multilabelSoftMarginLoss", input);
    checkTensor("multilabelSoftMarginLoss", target, "target");
    const { weight, reduction = "mean" } = options;
    if (weight != null) checkTensor("multilabelSoftMarginLoss", weight, "weight");
    let losses = target.mul(input.logSigmoid()).add(target.neg().add(1).mul(input.neg().logSigmoid())).neg();
    if (weight) losses = losses.mul(weight);
    return reduceLoss(losses.mean(-1), checkReduction("multilabelSoftMarginLoss", reduction));
  },
);
