/** Adagrad. */
import type { Tensor } from "../tensor/tensor";
import { type OptimizerArguments, readArguments } from "./arguments";
import type { ParamGroup } from "./optimizer";
import { checkNonNegative } from "./options";
import { PerParameterOptimizer } from "./perParameter";
import { stateLike, update } from "./steps/fused";

/** Options of {@link Adagrad}. */
export interface AdagradOptions {
  /** Learning rate. Default: 1e-2. */
  lr?: number;
  /** The rate at step t is divided by 1 + (t - 1) lrDecay. Default: 0. */
  lrDecay?: number;
  /** L2 penalty. Default: 0. */
  weightDecay?: number;
  /** Default: 0. */
  initialAccumulatorValue?: number;
  /** Added to the denominator. Default: 1e-10. */
  eps?: number;
  /** Climb instead of descend. Default: false. */
  maximize?: boolean;
}

interface AdagradState {
  step: number;
  sum: Tensor;
}

const signature =
  "params; lr, lrDecay, weightDecay, initialAccumulatorValue, eps, foreach; maximize, differentiable, fused";

/**
 * Adagrad: gradients divided by the root of the sum of all their squares.
 * @see torch.optim.Adagrad
 * @see Adaptive Subgradient Methods for Online Learning and Stochastic Optimization (Duchi et al., 2011)
 * @throws ValueError for a negative rate.
 */
export class Adagrad extends PerParameterOptimizer<AdagradOptions, AdagradState> {
  /** @internal */
  static readonly signature: string = signature;

  constructor(...given: OptimizerArguments<typeof signature, AdagradOptions>) {
    const defaults = { lr: 1e-2, lrDecay: 0, eps: 1e-10, weightDecay: 0, initialAccumulatorValue: 0, maximize: false };
    super(...readArguments<AdagradOptions>("Adagrad", signature, given, defaults));
    // The sums exist before the first gradient, as in PyTorch.
    for (const group of this.paramGroups)
      for (const param of group.params) this.state.set(param, this.initState(param, group));
  }

  protected override checkGroup(group: ParamGroup<AdagradOptions>): void {
    const { lr, lrDecay, weightDecay, initialAccumulatorValue, eps } = group;
    checkNonNegative("Adagrad", { "learning rate": lr, "lrDecay value": lrDecay, "weightDecay value": weightDecay });
    checkNonNegative("Adagrad", { "initialAccumulatorValue value": initialAccumulatorValue, "epsilon value": eps });
  }

  protected initState(param: Tensor, group: ParamGroup<AdagradOptions>): AdagradState {
    return { step: 0, sum: stateLike(param, group.initialAccumulatorValue) };
  }

  protected update(param: Tensor, grad: Tensor, state: AdagradState, group: ParamGroup<AdagradOptions>): void {
    const { lr, lrDecay, eps, weightDecay, maximize } = group;
    const rate = lr / (1 + state.step * lrDecay);
    state.step++;
    const { sum } = state;
    update("adagrad", { parameter: param, gradient: grad, sum, lr: rate, eps, weightDecay, maximize }, sum);
  }
}
