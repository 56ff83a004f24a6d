/** Adam with the infinity norm. */
import type { Tensor } from "../tensor/tensor";
import { type OptimizerArguments, readArguments } from "./arguments";
import type { ParamGroup } from "./optimizer";
import { checkBetas, checkNonNegative } from "./options";
import { PerParameterOptimizer } from "./perParameter";
import { stateLike, update } from "./steps/fused";

/** Options of {@link Adamax}. */
export interface AdamaxOptions {
  /** Learning rate. Default: 2e-3. */
  lr?: number;
  /** Decay of the averages of the gradient and of its infinity norm. Default: [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the magnitude of the gradient. Default: 1e-8. */
  eps?: number;
  /** L2 penalty. Default: 0. */
  weightDecay?: number;
  /** Climb instead of descend. Default: false. */
  maximize?: boolean;
}

interface AdamaxState {
  step: number;
  expAvg: Tensor;
  expInf: Tensor;
}

const signature = "params; lr, betas, eps, weightDecay, foreach; maximize, capturable, differentiable";

/**
 * Adamax: Adam scaled by the decaying maximum of the gradient's magnitude.
 * @see torch.optim.Adamax
 * @see Adam: A Method for Stochastic Optimization (Kingma, Ba, 2014), section 7.1
 * @throws ValueError for a negative rate or a beta outside of [0, 1).
 */
export class Adamax extends PerParameterOptimizer<AdamaxOptions, AdamaxState> {
  /** @internal */
  static readonly signature: string = signature;

  constructor(...given: OptimizerArguments<typeof signature, AdamaxOptions>) {
    const betas: readonly [number, number] = [0.9, 0.999];
    super(
      ...readArguments<AdamaxOptions>("Adamax", signature, given, {
        lr: 2e-3,
        betas,
        eps: 1e-8,
        weightDecay: 0,
        maximize: false,
      }),
    );
  }

  protected override checkGroup({ lr, betas, eps, weightDecay }: ParamGroup<AdamaxOptions>): void {
    checkNonNegative("Adamax", { "learning rate": lr, "epsilon value": eps, "weightDecay value": weightDecay });
    checkBetas("Adamax", betas);
  }

  protected initState(param: Tensor): AdamaxState {
    return { step: 0, expAvg: stateLike(param), expInf: stateLike(param) };
  }

  protected update(param: Tensor, grad: Tensor, state: AdamaxState, group: ParamGroup<AdamaxOptions>): void {
    const {
      lr,
      betas: [beta1, beta2],
      eps,
      weightDecay,
      maximize,
    } = group;
    state.step++;
    const scale = lr / (1 - beta1 ** state.step);
    const { expAvg, expInf } = state;
    const step = {
      parameter: param,
      gradient: grad,
      expAvg,
      expInf,
      scale,
      lr,
      beta1,
      beta2,
      eps,
      weightDecay,
      maximize,
    };
    update("adamax", step, expAvg, expInf);
  }
}
