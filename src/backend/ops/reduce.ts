/**
 * Reductions along one axis. Their operands are contiguous and seen as three axes, [outer, n, inner], of which the middle one is reduced; results
 * are [outer, inner]. `inner` and `n` are given, `outer` follows from the sizes of the operands.
 */
import type { Operand } from "../operand";

/** How a {@link Reduce} combines elements. */
export type ReduceKind =
  /** The sum of integers and truth values is int64. */
  | "sum"
  | "sumSquare"
  /** How many elements are not 0; int64. */
  | "countNonzero"
  | "prod"
  /** The logarithm of the sum of exponentials; floating point. */
  | "logsumexp"
  /** The largest element; NaN if there is one. */
  | "amax"
  | "amin"
  /** Whether any element is not 0; bool. */
  | "any"
  | "all"
  /** The position of the largest element, of the first one if there are several, of the first NaN if there is one; int64. */
  | "argmax"
  | "argmin";

/** y = a reduction of x. A device may regroup sums of floating-point numbers. */
export interface Reduce {
  readonly kind: ReduceKind;
  /** [outer, inner]; of the dtype that `kind` names, otherwise of that of x. */
  readonly y: Operand;
  /** [outer, n, inner]. */
  readonly x: Operand;
  /** How many elements each result is made of. */
  readonly n: number;
  readonly inner: number;
}

/** The largest or smallest element along an axis and its position: the first NaN, if there is one. */
export interface Extremum {
  readonly kind: "max" | "min";
  /** [outer, inner], of the dtype of x. */
  readonly values: Operand;
  /** [outer, inner], int64. */
  readonly indices: Operand;
  /** [outer, n, inner], with n of at least 1. */
  readonly x: Operand;
  readonly n: number;
  readonly inner: number;
}

/** Mean and sum of the squared deviations from it, floating point. The mean is computed first, so that a large one does no harm. */
export interface SquaredDeviation {
  /** [outer, inner]: Σ (x − mean)². */
  readonly sum: Operand;
  /** [outer, inner]. */
  readonly mean: Operand;
  /** [outer, n, inner]. */
  readonly x: Operand;
  readonly n: number;
  readonly inner: number;
}

/** y = exp(x) / Σ exp(x) along an axis, or the logarithm of that; without overflow. Floating point. */
export interface Softmax {
  readonly kind: "softmax" | "logSoftmax";
  /** [outer, n, inner]. */
  readonly y: Operand;
  /** Has the shape and dtype of y. */
  readonly x: Operand;
  readonly n: number;
  readonly inner: number;
}

/** The gradient of {@link Softmax} from its result: y · (gy − Σ gy · y), or gy − exp(y) · Σ gy. */
export interface SoftmaxGradient {
  readonly kind: "softmax" | "logSoftmax";
  /** [outer, n, inner]. */
  readonly gx: Operand;
  readonly gy: Operand;
  /** The result of the op. */
  readonly y: Operand;
  readonly n: number;
  readonly inner: number;
}

/** How many elements lie in each of equal bins from `low` to `high`, the end included; others are not counted. Floating point. */
export interface Histogram {
  /** [bins], of the dtype of x. */
  readonly y: Operand;
  /** Contiguous, of any shape. */
  readonly x: Operand;
  readonly low: number;
  readonly high: number;
}
