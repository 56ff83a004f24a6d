/** Normalization over the batch and over features. All operands are contiguous, floating point and of one dtype. */
import type { Operand, Optional } from "../operand";

/** Mean and biased variance of each channel, [c], of x [n, c, …]. */
export interface BatchNormStatistics {
  readonly mean: Operand;
  readonly variance: Operand;
  readonly x: Operand;
}

/** y = (x − mean) · invstd · weight + bias, channel by channel. */
export interface BatchNorm {
  /** [n, c, …]. */
  readonly y: Operand;
  /** Has the shape and dtype of y. */
  readonly x: Operand;
  /** [c]. */
  readonly mean: Operand;
  /** [c]: 1 / √(variance + eps). */
  readonly invstd: Operand;
  /** [c]; 1 if undefined. */
  readonly weight: Optional;
  /** [c]; 0 if undefined. */
  readonly bias: Optional;
}

/** The gradients of {@link BatchNorm}; those that are undefined are not wanted. */
export interface BatchNormGradient {
  /** [n, c, …]. */
  readonly gx: Optional;
  /** [c]. */
  readonly gweight: Optional;
  /** [c]. */
  readonly gbias: Optional;
  /** The gradient of y, [n, c, …]. */
  readonly gy: Operand;
  readonly x: Operand;
  readonly mean: Operand;
  readonly invstd: Operand;
  readonly weight: Optional;
  /** Whether the statistics are those of x, so that they move with it. */
  readonly training: boolean;
}

/** y = (x − mean) / √(variance + eps) · weight + bias, where each row of n elements has statistics of its own. */
export interface LayerNorm {
  /** [rows, n]. */
  readonly y: Operand;
  /** [rows]: the means, written for the gradient. */
  readonly mean: Operand;
  /** [rows]: 1 / √(variance + eps), written for the gradient. */
  readonly invstd: Operand;
  /** [rows, n]. */
  readonly x: Operand;
  /** [n]; 1 if undefined. */
  readonly weight: Optional;
  /** [n]; 0 if undefined. */
  readonly bias: Optional;
  readonly n: number;
  readonly eps: number;
}

/** The gradients of {@link LayerNorm}; those that are undefined are not wanted. */
export interface LayerNormGradient {
  /** [rows, n]. */
  readonly gx: Optional;
  /** [n]. */
  readonly gweight: Optional;
  /** [n]. */
  readonly gbias: Optional;
  /** The gradient of y, [rows, n]. */
  readonly gy: Operand;
  readonly x: Operand;
  readonly mean: Operand;
  readonly invstd: Operand;
  readonly weight: Optional;
  readonly n: number;
}
