/** Elements in order along the middle axis of contiguous operands [outer, n, inner]. NaN is larger than all numbers. */
import type { Operand } from "../operand";

/** The first m elements of each row in order, and where they come from. Equal elements keep their order. */
export interface Sort {
  /** [outer, m, inner], of the dtype of x. */
  readonly values: Operand;
  /** [outer, m, inner], int64. */
  readonly indices: Operand;
  /** [outer, n, inner]. */
  readonly x: Operand;
  readonly n: number;
  /** At most n. */
  readonly m: number;
  readonly inner: number;
  readonly descending: boolean;
}

/** The most frequent element of each row, the smallest of equally frequent ones, and the position where it occurs last. */
export interface MostFrequent {
  /** [outer, inner], of the dtype of x. */
  readonly values: Operand;
  /** [outer, inner], int64. */
  readonly indices: Operand;
  /** [outer, n, inner], with n of at least 1. */
  readonly x: Operand;
  readonly n: number;
  readonly inner: number;
}
