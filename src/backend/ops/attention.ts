/** Scaled dot-product attention. All operands are float32 and have elements; the last axis of each is contiguous. */
import type { Operand, Optional } from "../operand";

/** y = (softmax(q · kᵀ · scale + bias) · noise) · v, head by head; `causal` lets query i see only keys 0 to i. */
export interface Attention {
  /** [n, heads, l, v]. */
  readonly y: Operand;
  /** [n, heads, l], contiguous: the logarithms of the sums of exponentials, written for the gradient. */
  readonly logSums: Operand;
  /** [n, heads, l, e]. */
  readonly q: Operand;
  /** [n, heads, s, e]. */
  readonly k: Operand;
  /** [n, heads, s, v]. */
  readonly v: Operand;
  /** [n, heads, l, s], with strides of 0 where it is the same: added to the scores; or bool, true where a score counts. */
  readonly bias: Optional;
  /** [n, heads, l, s], contiguous: 0 for weights that are dropped, and what others are multiplied by. */
  readonly noise: Optional;
  readonly causal: boolean;
  readonly scale: number;
}

/** The gradients of {@link Attention} with respect to q, k and v. */
export interface AttentionGradient extends Attention {
  /** Has the shape of q; likewise the other two. None overlaps another. */
  readonly gq: Operand;
  readonly gk: Operand;
  readonly gv: Operand;
  /** The gradient of y. */
  readonly gy: Operand;
}
