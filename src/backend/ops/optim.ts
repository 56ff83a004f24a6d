/**
 * Steps of optimizers: one pass over a parameter, its gradient and what the optimizer remembers of it. Operands are contiguous, of the size and the dtype of
 * the parameter, float32 or float64. The parameter and the state are updated in place.
 */
import type { Operand, Optional } from "../operand";
import type { Gate } from "./amp";

interface Step {
  readonly parameter: Operand;
  readonly gradient: Operand;
  /** Whether the step climbs. */
  readonly maximize: boolean;
  /** Undefined if the step is to be taken whatever happens. What depends on the number of the step is then worked out by the device. */
  readonly gate?: Gate | undefined;
}

interface DecayingStep extends Step {
  /** What is added to the gradient, as a multiple of the parameter. */
  readonly weightDecay: number;
}

/** @see torch.optim.SGD */
export interface SgdStep extends DecayingStep {
  /** Undefined without momentum. */
  readonly momentumBuffer: Optional;
  readonly lr: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
  /** Whether the buffer is not set yet. */
  readonly isFirst: boolean;
}

interface Moments extends DecayingStep {
  readonly expAvg: Operand;
  readonly expAvgSq: Operand;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
}

/** @see torch.optim.Adam */
export interface AdamStep extends Moments {
  /** The largest average of squares so far; undefined unless it is wanted (AMSGrad). */
  readonly maxExpAvgSq: Optional;
  readonly lr: number;
  /** Whether weight decay shrinks the parameter itself, and does not enter the averages (AdamW). */
  readonly decoupled: boolean;
  /** 1 − beta1ᵗ at step t. */
  readonly bias1: number;
  /** 1 − beta2ᵗ at step t. */
  readonly bias2: number;
}

/** @see torch.optim.Adamax */
export interface AdamaxStep extends DecayingStep {
  readonly expAvg: Operand;
  readonly expInf: Operand;
  /** lr / (1 − beta1ᵗ) at step t. */
  readonly scale: number;
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
}

/** @see torch.optim.NAdam */
export interface NAdamStep extends Moments {
  /** The factor of the gradient in the step. */
  readonly gradScale: number;
  /** The factor of its average in the step. */
  readonly meanScale: number;
  /** 1 − beta2ᵗ at step t. */
  readonly bias2: number;
}

/** @see torch.optim.RAdam */
export interface RAdamStep extends Moments {
  /** lr / (1 − beta1ᵗ) at step t. */
  readonly scale: number;
  /** The rectification times √(1 − beta2ᵗ); 0 as long as the variance is not tractable. */
  readonly rectified: number;
}

/** @see torch.optim.ASGD */
export interface AsgdStep extends DecayingStep {
  /** The average of the parameter. */
  readonly ax: Operand;
  readonly eta: number;
  readonly lambd: number;
  readonly mu: number;
}

/** @see torch.optim.Rprop */
export interface RpropStep extends Step {
  readonly previous: Operand;
  readonly stepSize: Operand;
  /** What the step is multiplied by when the gradient changes its sign. */
  readonly etaMinus: number;
  /** What the step is multiplied by when it does not. */
  readonly etaPlus: number;
  readonly least: number;
  readonly most: number;
}

/** Lion (Chen et al., 2023). */
export interface LionStep extends DecayingStep {
  readonly expAvg: Operand;
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
}

/** @see torch.optim.Adagrad */
export interface AdagradStep extends DecayingStep {
  readonly sum: Operand;
  /** The learning rate of this step. */
  readonly lr: number;
  readonly eps: number;
}

/** @see torch.optim.RMSprop */
export interface RmspropStep extends DecayingStep {
  readonly squareAvg: Operand;
  /** Undefined unless centered. */
  readonly gradAvg: Optional;
  /** Undefined without momentum. */
  readonly momentumBuffer: Optional;
  readonly lr: number;
  readonly alpha: number;
  readonly eps: number;
  readonly momentum: number;
}

/** @see torch.optim.Adadelta */
export interface AdadeltaStep extends DecayingStep {
  readonly squareAvg: Operand;
  readonly accDelta: Operand;
  readonly lr: number;
  readonly rho: number;
  readonly eps: number;
}
