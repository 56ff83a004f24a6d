/** What makes elements from nothing but their positions. All else that is elementwise stands in `Backend` itself. */
import type { Operand } from "../operand";

/** y[i] = start + i · step, cast to the dtype of y. */
export interface Arange {
  /** [n], contiguous. */
  readonly y: Operand;
  readonly start: number;
  readonly step: number;
}
