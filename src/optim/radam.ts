/** Rectified Adam. */
import type { Tensor } from "../tensor/tensor";
import { type OptimizerArguments, readArguments } from "./arguments";
import type { ParamGroup } from "./optimizer";
import { checkBetas, checkNonNegative } from "./options";
import { PerParameterOptimizer } from "./perParameter";
import { stateLike, update } from "./steps/fused";

/** Options of {@link RAdam}. */
export interface RAdamOptions {
  /** Learning rate. Default: 1e-3. */
  lr?: number;
  /** Decay of the averages of the gradient and of its square. Default: [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the denominator. Default: 1e-8. */
  eps?: number;
  /** L2 penalty. Default: 0. */
  weightDecay?: number;
  /** Climb instead of descend. Default: false. */
  maximize?: boolean;
}

interface RAdamState {
  step: number;
  expAvg: Tensor;
  expAvgSq: Tensor;
}

/** The rectification of the adaptive rate at a step; 0 while too few gradients were seen to know their variance. */
function rectification(beta2: number, step: number): number {
  const decayed = beta2 ** step;
  const limit = 2 / (1 - beta2) - 1;
  const length = limit - (2 * step * decayed) / (1 - decayed);
  if (length <= 5) return 0;
  return Math.sqrt(((length - 4) * (length - 2) * limit) / ((limit - 4) * (limit - 2) * length));
}

const signature = "params; lr, betas, eps, weightDecay, foreach; maximize, capturable, differentiable";

/**
 * RAdam: Adam that begins as SGD with momentum, until the variance of the adaptive rate is known.
 * @see torch.optim.RAdam
 * @see On the variance of the adaptive learning rate and beyond (Liu et al., 2019)
 * @throws ValueError for a negative rate or a beta outside of [0, 1).
 */
export class RAdam extends PerParameterOptimizer<RAdamOptions, RAdamState> {
  /** @internal */
  static readonly signature: string = signature;

  constructor(...given: OptimizerArguments<typeof signature, RAdamOptions>) {
    const betas: readonly [number, number] = [0.9, 0.999];
    super(
      ...readArguments<RAdamOptions>("RAdam", signature, given, {
        lr: 1e-3,
        betas,
        eps: 1e-8,
        weightDecay: 0,
        maximize: false,
      }),
    );
  }

  protected override checkGroup({ lr, betas, eps, weightDecay }: ParamGroup<RAdamOptions>): void {
    checkNonNegative("RAdam", { "learning rate": lr, "epsilon value": eps, "weightDecay value": weightDecay });
    checkBetas("RAdam", betas);
  }

  protected initState(param: Tensor): RAdamState {
    return { step: 0, expAvg: stateLike(param), expAvgSq: stateLike(param) };
  }

  protected update(param: Tensor, grad: Tensor, state: RAdamState, group: ParamGroup<RAdamOptions>): void {
    const {
      lr,
      betas: [beta1, beta2],
      eps,
      weightDecay,
      maximize,
    } = group;
    state.step++;
    const scale = lr / (1 - beta1 ** state.step);
    const rectified = rectification(beta2, state.step) * Math.sqrt(1 - beta2 ** state.step);
    const { expAvg, expAvgSq } = state;
    const step = {
      parameter: param,
      gradient: grad,
      expAvg,
      expAvgSq,
      scale,
      rectified,
      beta1,
      beta2,
      eps,
      weightDecay,
      maximize,
    };
    update("radam", step, expAvg, expAvgSq);
  }
}
