/** Running results along one axis. Operands are contiguous and seen as [outer, n, inner]; the scan goes along n. */
import type { Operand } from "../operand";

/** y[i] = the sum, product or logarithm of the sum of exponentials of x[0] to x[i]. */
export interface Scan {
  readonly kind: "cumsum" | "cumprod" | "logcumsumexp";
  /** [outer, n, inner]; int64 if x has integers or truth values, otherwise of its dtype. */
  readonly y: Operand;
  /** Has the shape and dtype of y. */
  readonly x: Operand;
  readonly n: number;
  readonly inner: number;
  /** Whether the scan goes from the last element to the first. */
  readonly reverse: boolean;
}

/** The largest or smallest element so far, and its position: the last of equal ones. NaN stays once there is one. */
export interface RunningExtremum {
  readonly kind: "cummax" | "cummin";
  /** [outer, n, inner], of the dtype of x. */
  readonly values: Operand;
  /** [outer, n, inner], int64. */
  readonly indices: Operand;
  /** [outer, n, inner]. */
  readonly x: Operand;
  readonly n: number;
  readonly inner: number;
}
