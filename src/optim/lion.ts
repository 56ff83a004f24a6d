/** Lion. */
import type { Tensor } from "../tensor/tensor";
import { type OptimizerArguments, readArguments } from "./arguments";
import type { ParamGroup } from "./optimizer";
import { checkBetas, checkNonNegative } from "./options";
import { PerParameterOptimizer } from "./perParameter";
import { stateLike, update } from "./steps/fused";

/** Options of {@link Lion}. */
export interface LionOptions {
  /** Learning rate; 3 to 10 times less than Adam's. Default: 1e-4. */
  lr?: number;
  /** Share of the average in a step, and its decay. Default: [0.9, 0.99]. */
  betas?: readonly [number, number];
  /** Decoupled weight decay. Default: 0. */
  weightDecay?: number;
  /** Climb instead of descend. Default: false. */
  maximize?: boolean;
}

interface LionState {
  expAvg: Tensor;
}

const signature = "params; lr, betas, weightDecay; maximize, foreach";

/**
 * Lion: steps of one length along the sign of the momentum. Half the memory of Adam. Not in PyTorch.
 * @see Symbolic Discovery of Optimization Algorithms (Chen et al., 2023)
 * @throws ValueError for a negative rate or a beta outside of [0, 1).
 */
export class Lion extends PerParameterOptimizer<LionOptions, LionState> {
  /** @internal */
  static readonly signature: string = signature;

  constructor(...given: OptimizerArguments<typeof signature, LionOptions>) {
    super(
      ...readArguments<LionOptions>("Lion", signature, given, {
        lr: 1e-4,
        betas: [0.9, 0.99],
        weightDecay: 0,
        maximize: false,
      }),
    );
  }

  protected override checkGroup({ lr, betas, weightDecay }: ParamGroup<LionOptions>): void {
    checkNonNegative("Lion", { "learning rate": lr, "weightDecay value": weightDecay });
    checkBetas("Lion", betas);
  }

  protected initState(param: Tensor): LionState {
    return { expAvg: stateLike(param) };
  }

  protected update(param: Tensor, grad: Tensor, state: LionState, group: ParamGroup<LionOptions>): void {
    const {
      lr,
      betas: [beta1, beta2],
      weightDecay,
      maximize,
    } = group;
    const { expAvg } = state;
    update("lion", { parameter: param, gradient: grad, expAvg, lr, beta1, beta2, weightDecay, maximize }, expAvg);
  }
}
