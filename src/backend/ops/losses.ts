/**
 * Losses against classes. Scores are contiguous, [outer, c, inner], floating point; targets are [outer, inner], int64, and hold classes or `ignoreIndex`, for
 * which losses and gradients are 0.
 */
import type { Operand, Optional } from "../operand";

interface Classes {
  /** [outer, inner], int64. */
  readonly target: Operand;
  /** [c], of the dtype of the scores: a weight for each class; 1 if undefined. */
  readonly weight: Optional;
  readonly c: number;
  readonly inner: number;
  readonly ignoreIndex: number;
}

/** losses = −weight[target] · x[target]. */
export interface NllLoss extends Classes {
  /** [outer, inner]. */
  readonly losses: Operand;
  /** The log-probabilities, [outer, c, inner]. */
  readonly x: Operand;
}

/** gx = −weight[target] · gy at the target's class, otherwise 0. */
export interface NllLossGradient extends Classes {
  /** [outer, c, inner]. */
  readonly gx: Operand;
  /** [outer, inner]. */
  readonly gy: Operand;
}

/** {@link NllLoss} of the logarithm of the softmax of x along c, which is a result as well. */
export interface CrossEntropy extends Classes {
  /** [outer, inner]. */
  readonly losses: Operand;
  /** [outer, c, inner]. */
  readonly logProbs: Operand;
  /** [outer, c, inner]. */
  readonly x: Operand;
}

/** gx = weight[target] · gy · (exp(logProbs) − onehot(target)). */
export interface CrossEntropyGradient extends Classes {
  /** [outer, c, inner]. */
  readonly gx: Operand;
  /** [outer, inner]. */
  readonly gy: Operand;
  /** [outer, c, inner]. */
  readonly logProbs: Operand;
}

/** weights = weight[target], or 0 where the target is ignored: what the mean of losses is divided by, element by element. */
export interface TargetWeights {
  /** Has the shape of the target; floating point. */
  readonly weights: Operand;
  readonly target: Operand;
  /** [c]; 1 if undefined. */
  readonly weight: Optional;
  readonly ignoreIndex: number;
}
