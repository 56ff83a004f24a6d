/** Averaged stochastic gradient descent. */
import type { Tensor } from "../tensor/tensor";
import { type OptimizerArguments, readArguments } from "./arguments";
import type { ParamGroup } from "./optimizer";
import { checkNonNegative } from "./options";
import { PerParameterOptimizer } from "./perParameter";
import type { ScalarState } from "./stateDict";
import { stateLike, update } from "./steps/fused";

/** Options of {@link ASGD}. */
export interface ASGDOptions {
  /** Learning rate. Default: 1e-2. */
  lr?: number;
  /** Decay term. Default: 1e-4. */
  lambd?: number;
  /** Power of the decay of the rate. Default: 0.75. */
  alpha?: number;
  /** The step at which averaging begins. Default: 1e6. */
  t0?: number;
  /** L2 penalty. Default: 0. */
  weightDecay?: number;
  /** Climb instead of descend. Default: false. */
  maximize?: boolean;
}

interface ASGDState {
  step: number;
  /** The rates of the next step, float32 as in PyTorch. */
  eta: number;
  mu: number;
  /** The average of the parameter. */
  ax: Tensor;
}

const signature = "params; lr, lambd, alpha, t0, weightDecay, foreach, maximize; capturable, differentiable";

/**
 * ASGD: gradient descent with a decaying rate that keeps the average of its iterates in the state `ax`.
 * @see torch.optim.ASGD
 * @see Acceleration of stochastic approximation by averaging (Polyak, Juditsky, 1992)
 * @throws ValueError for a negative rate.
 */
export class ASGD extends PerParameterOptimizer<ASGDOptions, ASGDState> {
  protected override readonly scalarState: ScalarState = { step: "tensor", eta: "tensor", mu: "tensor" };

  /** @internal */
  static readonly signature: string = signature;

  constructor(...given: OptimizerArguments<typeof signature, ASGDOptions>) {
    const defaults = { lr: 1e-2, lambd: 1e-4, alpha: 0.75, t0: 1e6, weightDecay: 0, maximize: false };
    super(...readArguments<ASGDOptions>("ASGD", signature, given, defaults));
  }

  protected override checkGroup({ lr, weightDecay }: ParamGroup<ASGDOptions>): void {
    checkNonNegative("ASGD", { "learning rate": lr, "weightDecay value": weightDecay });
  }

  protected initState(param: Tensor, { lr }: ParamGroup<ASGDOptions>): ASGDState {
    return { step: 0, eta: Math.fround(lr), mu: 1, ax: stateLike(param) };
  }

  protected update(param: Tensor, grad: Tensor, state: ASGDState, group: ParamGroup<ASGDOptions>): void {
    const { lr, lambd, alpha, t0, weightDecay, maximize } = group;
    const { ax, eta, mu } = state;
    update("asgd", { parameter: param, gradient: grad, ax, eta, lambd, mu, weightDecay, maximize }, ax);
    state.step++;
    state.eta = Math.fround(lr / (1 + lambd * lr * state.step) ** alpha);
    state.mu = Math.fround(1 / Math.max(1, state.step - t0));
  }
}
