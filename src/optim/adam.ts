/** Adam. */
import type { Tensor } from "../tensor/tensor";
import { type OptimizerArguments, readArguments } from "./arguments";
import type { ParamGroup } from "./optimizer";
import { checkBetas, checkNonNegative } from "./options";
import { PerParameterOptimizer } from "./perParameter";
import { stateLike, update } from "./steps/fused";

/** Options of {@link Adam}, {@link AdamW}. */
export interface AdamOptions {
  /** Learning rate. Default: 1e-3. */
  lr?: number;
  /** Decay of the averages of the gradient and of its square. Default: [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the denominator. Default: 1e-8. */
  eps?: number;
  /** Weight decay. Default: 0; 1e-2 for AdamW. */
  weightDecay?: number;
  /** Divide by the largest average so far. Default: false. @see On the Convergence of Adam and Beyond (Reddi et al., 2018) */
  amsgrad?: boolean;
  /** Climb instead of descend. Default: false. */
  maximize?: boolean;
}

/** What Adam remembers of a parameter. */
export interface AdamState {
  step: number;
  expAvg: Tensor;
  expAvgSq: Tensor;
  maxExpAvgSq?: Tensor;
}

export const adamDefaults: Required<AdamOptions> = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
  maximize: false,
};

/** @throws ValueError for a negative rate or a beta outside of [0, 1). */
export function checkAdamGroup(op: string, { lr, betas, eps, weightDecay }: ParamGroup<AdamOptions>): void {
  checkNonNegative(op, { "learning rate": lr, "epsilon value": eps, "weightDecay value": weightDecay });
  checkBetas(op, betas);
}

export const newAdamState = (param: Tensor): AdamState => ({
  step: 0,
  expAvg: stateLike(param),
  expAvgSq: stateLike(param),
});

/** One step; `decoupled` weight decay shrinks the parameter itself, and does not enter the averages. */
export function updateAdam(
  param: Tensor,
  grad: Tensor,
  state: AdamState,
  group: ParamGroup<AdamOptions>,
  decoupled: boolean,
): void {
  const {
    lr,
    betas: [beta1, beta2],
    eps,
    weightDecay,
    maximize,
  } = group;
  if (group.amsgrad) state.maxExpAvgSq ??= stateLike(param);
  const largest = group.amsgrad ? state.maxExpAvgSq : undefined;
  state.step++;
  const bias1 = 1 - beta1 ** state.step;
  const bias2 = 1 - beta2 ** state.step;
  const { expAvg, expAvgSq } = state;
  const step = {
    parameter: param,
    gradient: grad,
    expAvg,
    expAvgSq,
    maxExpAvgSq: largest,
    lr,
    beta1,
    beta2,
    eps,
    weightDecay,
    decoupled,
    maximize,
    bias1,
    bias2,
  };
  update("adam", step, expAvg, expAvgSq, largest);
}

const signature = "params; lr, betas, eps, weightDecay, amsgrad; foreach, maximize, capturable, differentiable, fused";

/**
 * Adam: steps along the average gradient, scaled by the root of the average squared gradient.
 * @see torch.optim.Adam
 * @see Adam: A Method for Stochastic Optimization (Kingma, Ba, 2014)
 * @throws ValueError for a negative rate or a beta outside of [0, 1).
 */
export class Adam extends PerParameterOptimizer<AdamOptions, AdamState> {
  /** @internal */
  static readonly signature: string = signature;

  constructor(...given: OptimizerArguments<typeof signature, AdamOptions>) {
    super(...readArguments<AdamOptions>("Adam", signature, given, adamDefaults));
  }

  protected override checkGroup(group: ParamGroup<AdamOptions>): void {
    checkAdamGroup("Adam", group);
  }

  protected initState(param: Tensor): AdamState {
    return newAdamState(param);
  }

  protected update(param: Tensor, grad: Tensor, state: AdamState, group: ParamGroup<AdamOptions>): void {
    updateAdam(param, grad, state, group, false);
  }
}
