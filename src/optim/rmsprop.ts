/** RMSprop. */
import type { Tensor } from "../tensor/tensor";
import { type OptimizerArguments, readArguments } from "./arguments";
import type { ParamGroup } from "./optimizer";
import { checkNonNegative } from "./options";
import { PerParameterOptimizer } from "./perParameter";
import type { ScalarState } from "./stateDict";
import { stateLike, update } from "./steps/fused";

/** Options of {@link RMSprop}. */
export interface RMSpropOptions {
  /** Learning rate. Default: 1e-2. */
  lr?: number;
  /** Decay of the average squared gradient. Default: 0.99. */
  alpha?: number;
  /** Added to the denominator. Default: 1e-8. */
  eps?: number;
  /** L2 penalty. Default: 0. */
  weightDecay?: number;
  /** Default: 0. */
  momentum?: number;
  /** Divide by the standard deviation of the gradient instead of its root mean square. Default: false. */
  centered?: boolean;
  /** Climb instead of descend. Default: false. */
  maximize?: boolean;
}

interface RMSpropState {
  step: number;
  squareAvg: Tensor;
  momentumBuffer?: Tensor;
  gradAvg?: Tensor;
}

const signature =
  "params; lr, alpha, eps, weightDecay, momentum, centered, foreach, maximize, differentiable; capturable";

/**
 * RMSprop: gradients divided by the root of their average square.
 * @see torch.optim.RMSprop
 * @see Lecture notes of G. Hinton; Generating Sequences With Recurrent Neural Networks (Graves, 2013) for the centered version
 * @throws ValueError for a negative rate.
 */
export class RMSprop extends PerParameterOptimizer<RMSpropOptions, RMSpropState> {
  protected override readonly scalarState: ScalarState = { step: "number" };

  /** @internal */
  static readonly signature: string = signature;

  constructor(...given: OptimizerArguments<typeof signature, RMSpropOptions>) {
    const defaults = {
      lr: 1e-2,
      momentum: 0,
      alpha: 0.99,
      eps: 1e-8,
      centered: false,
      weightDecay: 0,
      maximize: false,
    };
    super(...readArguments<RMSpropOptions>("RMSprop", signature, given, defaults));
  }

  protected override checkGroup({ lr, eps, momentum, weightDecay, alpha }: ParamGroup<RMSpropOptions>): void {
    checkNonNegative("RMSprop", { "learning rate": lr, "epsilon value": eps, "momentum value": momentum });
    checkNonNegative("RMSprop", { "weightDecay value": weightDecay, "alpha value": alpha });
  }

  protected initState(param: Tensor): RMSpropState {
    return { step: 0, squareAvg: stateLike(param) };
  }

  protected update(param: Tensor, grad: Tensor, state: RMSpropState, group: ParamGroup<RMSpropOptions>): void {
    const { lr, alpha, eps, weightDecay, momentum, centered, maximize } = group;
    if (momentum > 0) state.momentumBuffer ??= stateLike(param);
    if (centered) state.gradAvg ??= stateLike(param);
    state.step++;
    const buffer = momentum > 0 ? state.momentumBuffer : undefined;
    const mean = centered ? state.gradAvg : undefined;
    const { squareAvg } = state;
    const step = {
      parameter: param,
      gradient: grad,
      squareAvg,
      gradAvg: mean,
      momentumBuffer: buffer,
      lr,
      alpha,
      eps,
      weightDecay,
      momentum,
      maximize,
    };
    update("rmsprop", step, squareAvg, mean, buffer);
  }
}
