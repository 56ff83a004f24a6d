/** Single steps of recurrent networks, n sequences at a time. Operands are contiguous, of one floating dtype. */
import type { Operand } from "../operand";

/** cells = f · cellsBefore + i · g and hidden = o · tanh(cells), where i, f, o are logistic functions and g is the hyperbolic tangent of the gates. */
export interface LstmCell {
  /** [n, size]. */
  readonly hidden: Operand;
  /** [n, size]. */
  readonly cells: Operand;
  /** [n, 4 · size]: input, forget, cell, output. They become i, f, g, o, in place. */
  readonly gates: Operand;
  /** [n, size]. */
  readonly cellsBefore: Operand;
  readonly size: number;
}

/** The gradient of {@link LstmCell}. */
export interface LstmCellGradient {
  /** [n, 4 · size]: the gradient of the gates, written. */
  readonly gGates: Operand;
  /** [n, size]: the gradient of the cells; becomes that of the cells before, in place. */
  readonly gCells: Operand;
  /** [n, size]. */
  readonly gHidden: Operand;
  /** [n, 4 · size]: i, f, g, o. */
  readonly active: Operand;
  readonly cells: Operand;
  readonly cellsBefore: Operand;
  readonly size: number;
}

/** hidden = (1 − z) · h + z · hiddenBefore with r = σ(ir + hr), z = σ(iz + hz), h = tanh(ih + r · hh). */
export interface GruCell {
  /** [n, size]. */
  readonly hidden: Operand;
  /** [n, 3 · size]: the input's part of the gates (reset, update, new). They become r, z, h, in place. */
  readonly gates: Operand;
  /** [n, 3 · size]: the state's part of the gates. */
  readonly fromState: Operand;
  /** [n, size]. */
  readonly hiddenBefore: Operand;
  readonly size: number;
}

/** The gradient of {@link GruCell}. */
export interface GruCellGradient {
  /** [n, 3 · size]: the gradient of the input's part of the gates, written. */
  readonly gGates: Operand;
  /** [n, 3 · size]: that of the state's part, written. */
  readonly gFromState: Operand;
  /** [n, size]: the gradient of the state; becomes what reaches the state before past the gates, in place. */
  readonly gHidden: Operand;
  /** [n, 3 · size]: r, z, h. */
  readonly active: Operand;
  /** [n, 3 · size]. */
  readonly fromState: Operand;
  /** [n, size]. */
  readonly hiddenBefore: Operand;
  readonly size: number;
}
