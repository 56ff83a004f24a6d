/** Checks of values, for `Backend.firstInvalid`. */
import type { Operand } from "../operand";

/** What is asked about the values of a contiguous operand. */
export type ValueCheck =
  /** int64 indices are in [low, high). */
  | { readonly kind: "indices"; readonly x: Operand; readonly low: number; readonly high: number }
  /** int64 class labels are in [0, classes), or `ignoreIndex`. */
  | { readonly kind: "targets"; readonly x: Operand; readonly classes: number; readonly ignoreIndex: number }
  /** No element is 0. */
  | { readonly kind: "nonzero"; readonly x: Operand }
  /** At most `most` elements of a bool operand are true; what comes after those is not valid. */
  | { readonly kind: "mask"; readonly x: Operand; readonly most: number };
