/** Pooling over windows. Operands are contiguous, [planes, …spatial], and floating point; windows are clipped to the input. */
import type { Operand } from "../operand";
import type { SlidingWindows } from "./windows";

/**
 * The windows of a pooling. In adaptive pooling, where the input is divided into as many windows as there are outputs, the kernel is 0 in all axes: output i
 * sees the inputs from ⌊i · input / output⌋ to before ⌈(i + 1) · input / output⌉.
 */
export type PoolWindows = SlidingWindows;

/** The largest element of each window and its position in its plane: the first NaN if there is one, otherwise the first maximum. */
export interface MaxPool {
  /** [planes, …output]. */
  readonly y: Operand;
  /** [planes, …output], int64: the position among the elements of the plane of x; −1 of a window that lies in the padding alone. */
  readonly indices: Operand;
  /** [planes, …input]. */
  readonly x: Operand;
  readonly windows: PoolWindows;
}

/** The gradient of {@link MaxPool}: each gradient is added at the position of its maximum, all else is 0. */
export interface MaxPoolGradient {
  /** [planes, …input]. */
  readonly gx: Operand;
  /** [planes, …output]. */
  readonly gy: Operand;
  /** [planes, …output], int64; −1 of a window that lies in the padding alone. */
  readonly indices: Operand;
  readonly windows: PoolWindows;
}

/** What {@link AvgPool} divides the sums of windows by. */
export interface Averaging {
  /** Whether padding counts as elements of the window. */
  readonly countIncludePad: boolean;
  /** A divisor for all windows in place of the number of their elements. */
  readonly divisor: number | undefined;
}

/** The means of windows, outside of the input being zeros. */
export interface AvgPool extends Averaging {
  /** [planes, …output]. */
  readonly y: Operand;
  /** [planes, …input]. */
  readonly x: Operand;
  readonly windows: PoolWindows;
}

/** The gradient of {@link AvgPool}. */
export interface AvgPoolGradient extends Averaging {
  /** [planes, …input]. */
  readonly gx: Operand;
  /** [planes, …output]. */
  readonly gy: Operand;
  readonly windows: PoolWindows;
}
