/** Adam with Nesterov momentum. */
import type { Tensor } from "../tensor/tensor";
import { type OptimizerArguments, readArguments } from "./arguments";
import type { ParamGroup } from "./optimizer";
import { checkBetas, checkNonNegative } from "./options";
import { PerParameterOptimizer } from "./perParameter";
import type { ScalarState } from "./stateDict";
import { stateLike, update } from "./steps/fused";

/** Options of {@link NAdam}. */
export interface NAdamOptions {
  /** Learning rate. Default: 2e-3. */
  lr?: number;
  /** Decay of the averages of the gradient and of its square. Default: [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the denominator. Default: 1e-8. */
  eps?: number;
  /** L2 penalty. Default: 0. */
  weightDecay?: number;
  /** Default: 4e-3. */
  momentumDecay?: number;
  /** Climb instead of descend. Default: false. */
  maximize?: boolean;
}

interface NAdamState {
  step: number;
  muProduct: number;
  expAvg: Tensor;
  expAvgSq: Tensor;
}

/** PyTorch keeps the product of the momenta in float32. */
const product = (a: number, b: number): number => Math.fround(a * Math.fround(b));

const signature = "params; lr, betas, eps, weightDecay, momentumDecay, foreach; maximize, capturable, differentiable";

/**
 * NAdam: Adam that looks ahead along its momentum.
 * @see torch.optim.NAdam
 * @see Incorporating Nesterov Momentum into Adam (Dozat, 2016)
 * @throws ValueError for a negative rate or a beta outside of [0, 1).
 */
export class NAdam extends PerParameterOptimizer<NAdamOptions, NAdamState> {
  protected override readonly scalarState: ScalarState = { step: "tensor", muProduct: "tensor" };

  /** @internal */
  static readonly signature: string = signature;

  constructor(...given: OptimizerArguments<typeof signature, NAdamOptions>) {
    const betas: readonly [number, number] = [0.9, 0.999];
    const defaults = { lr: 2e-3, betas, eps: 1e-8, weightDecay: 0, momentumDecay: 4e-3, maximize: false };
    super(...readArguments<NAdamOptions>("NAdam", signature, given, defaults));
  }

  protected override checkGroup({ lr, betas, eps, weightDecay, momentumDecay }: ParamGroup<NAdamOptions>): void {
    checkNonNegative("NAdam", { "learning rate": lr, "epsilon value": eps });
    checkNonNegative("NAdam", { "weightDecay value": weightDecay, "momentumDecay value": momentumDecay });
    checkBetas("NAdam", betas);
  }

  protected initState(param: Tensor): NAdamState {
    return { step: 0, muProduct: 1, expAvg: stateLike(param), expAvgSq: stateLike(param) };
  }

  protected update(param: Tensor, grad: Tensor, state: NAdamState, group: ParamGroup<NAdamOptions>): void {
    const {
      lr,
      betas: [beta1, beta2],
      eps,
      weightDecay,
      momentumDecay,
      maximize,
    } = group;
    const momentumAt = (step: number): number => beta1 * (1 - 0.5 * 0.96 ** (step * momentumDecay));
    state.step++;
    const mu = momentumAt(state.step);
    const muNext = momentumAt(state.step + 1);
    state.muProduct = product(state.muProduct, mu);
    const gradScale = (lr * (1 - mu)) / (1 - state.muProduct);
    // PyTorch 1.13 counts mu twice here; its runs are the reference.
    const meanScale = (lr * muNext) / (1 - product(product(state.muProduct, mu), muNext));
    const bias2 = 1 - beta2 ** state.step;
    const { expAvg, expAvgSq } = state;
    const step = {
      parameter: param,
      gradient: grad,
      expAvg,
      expAvgSq,
      gradScale,
      meanScale,
      beta1,
      beta2,
      eps,
      weightDecay,
      maximize,
      bias2,
    };
    update("nadam", step, expAvg, expAvgSq);
  }
}
