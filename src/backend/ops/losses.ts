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

/** {@link NllLoss} of the logarithm of the softmax of x along c. */
export interface CrossEntropy extends Classes {
  /** [outer, inner]. */
  readonly losses: Operand;
  /**
   * [2, outer, inner], written for the gradient: the largest score of each row, and the logarithm of the sum of the exponentials of the row's scores less the
   * largest.
   */
  readonly statistics: Operand;
  /** [outer, c, inner]. */
  readonly x: Operand;
}

/** gx = weight[target] · gy · (softmax(x) − onehot(target)). */
export interface CrossEntropyGradient extends Classes {
  /** [outer, c, inner]. */
  readonly gx: Operand;
  /** [outer, inner]. */
  readonly gy: Operand;
  /** [outer, c, inner]. */
  readonly x: Operand;
  /** [2, outer, inner]. */
  readonly statistics: Operand;
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

/**
 * −log of the probability of all paths through time that spell a sequence, for devices that cannot be read at once (connectionist temporal
 * classification). What lies beyond the steps and the labels of a sequence is not read.
 */
export interface SequenceLoss {
  /** [n], float32. */
  readonly losses: Operand;
  /** [n, steps, labels], float32: the logarithms of the probabilities to be at a label at a time, by all that came before. */
  readonly alpha: Operand;
  /** [steps, n, c], float32. */
  readonly logProbs: Operand;
  /** [n, labels], int64, with the blank around every label. */
  readonly labels: Operand;
  /** [n], int64: how many steps a sequence has. */
  readonly steps: Operand;
  /** [n], int64: how many labels it has, at least 1. */
  readonly sizes: Operand;
}

/** gx = exp(logProbs) less the share of the paths that go through a class at a time. */
export interface SequenceLossGradient extends SequenceLoss {
  /** Has the shape of logProbs, float32. */
  readonly gx: Operand;
  /** Has the shape of alpha; written: the same by all that comes after. */
  readonly beta: Operand;
}
