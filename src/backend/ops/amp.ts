/** What the scaling of gradients asks of a device whose values cannot be read at once. All operands are contiguous. */
import type { Operand } from "../operand";

/** gradient /= scale, in place. */
export interface Unscale {
  /** float32. */
  readonly gradient: Operand;
  /** One element, float32. */
  readonly scale: Operand;
  /** One element, float32, which becomes 1 if an element of the gradient is infinite or NaN, and is left alone otherwise. */
  readonly found: Operand;
}

/** The next scale: a part of it if something was found, a multiple of it after `interval` steps in a row without. */
export interface UpdateScale {
  /** One element, float32. */
  readonly scale: Operand;
  /** Steps in a row without: one element, int32. */
  readonly tracker: Operand;
  /** One element, float32; what is not 0 was found. */
  readonly found: Operand;
  readonly growth: number;
  readonly backoff: number;
  readonly interval: number;
}

/** Lets the device decide whether a step of an optimizer is taken. */
export interface Gate {
  /** One element, float32: the step is left out unless it is 0. */
  readonly found: Operand;
  /** One element, float32: how many steps of the parameter were left out; one more if this one is. */
  readonly skips: Operand;
  /** The number of this step, counted from 1, those included that were left out. */
  readonly attempt: number;
}
