/** Matrix products. */
import type { Operand, Optional } from "../operand";

/** y = a · b + bias, or y += a · b; for one matrix or each of a stack of equally many. */
export interface MatMul {
  /** [m, n] or [batch, m, n], contiguous. */
  readonly y: Operand;
  /** [m, k] or [batch, m, k], of the dtype of y and with any strides, so that a transposed matrix costs nothing. */
  readonly a: Operand;
  /** [k, n] or [batch, k, n], as a. */
  readonly b: Operand;
  /** [n], contiguous: added to each row. It must be undefined if `accumulate` is set. */
  readonly bias: Optional;
  /** Whether the product is added to what is in y. */
  readonly accumulate: boolean;
}
