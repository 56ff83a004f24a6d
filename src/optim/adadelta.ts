/** Adadelta. */
import { ValueError } from "../core/errors";
import type { Tensor } from "../tensor/tensor";
import { type OptimizerArguments, readArguments } from "./arguments";
import type { ParamGroup } from "./optimizer";
import { checkNonNegative } from "./options";
import { PerParameterOptimizer } from "./perParameter";
import type { ScalarState } from "./stateDict";
import { stateLike, update } from "./steps/fused";

/** Options of {@link Adadelta}. */
export interface AdadeltaOptions {
  /** Scales each step. Default: 1. */
  lr?: number;
  /** Decay of the averages of squared gradients and squared steps. Default: 0.9. */
  rho?: number;
  /** Added under both roots. Default: 1e-6. */
  eps?: number;
  /** L2 penalty. Default: 0. */
  weightDecay?: number;
  /** Climb instead of descend. Default: false. */
  maximize?: boolean;
}

interface AdadeltaState {
  step: number;
  squareAvg: Tensor;
  accDelta: Tensor;
}

const signature = "params; lr, rho, eps, weightDecay, foreach; maximize, capturable, differentiable";

/**
 * Adadelta: gradients scaled by the ratio of the average step to the average gradient.
 * @see torch.optim.Adadelta
 * @see ADADELTA: An Adaptive Learning Rate Method (Zeiler, 2012)
 * @throws ValueError for a negative rate or rho outside of [0, 1].
 */
export class Adadelta extends PerParameterOptimizer<AdadeltaOptions, AdadeltaState> {
  protected override readonly scalarState: ScalarState = { step: "number" };

  /** @internal */
  static readonly signature: string = signature;

  constructor(...given: OptimizerArguments<typeof signature, AdadeltaOptions>) {
    super(
      ...readArguments<AdadeltaOptions>("Adadelta", signature, given, {
        lr: 1,
        rho: 0.9,
        eps: 1e-6,
        weightDecay: 0,
        maximize: false,
      }),
    );
  }

  protected override checkGroup({ lr, rho, eps, weightDecay }: ParamGroup<AdadeltaOptions>): void {
    checkNonNegative("Adadelta", { "learning rate": lr, "epsilon value": eps, "weightDecay value": weightDecay });
    if (!(rho >= 0 && rho <= 1)) throw new ValueError(`Adadelta: Invalid rho value: ${rho}`);
  }

  protected initState(param: Tensor): AdadeltaState {
    return { step: 0, squareAvg: stateLike(param), accDelta: stateLike(param) };
  }

  protected update(param: Tensor, grad: Tensor, state: AdadeltaState, group: ParamGroup<AdadeltaOptions>): void {
    const { lr, rho, eps, weightDecay, maximize } = group;
    state.step++;
    const { squareAvg, accDelta } = state;
    const step = { parameter: param, gradient: grad, squareAvg, accDelta, lr, rho, eps, weightDecay, maximize };
    update("adadelta", step, squareAvg, accDelta);
  }
}
