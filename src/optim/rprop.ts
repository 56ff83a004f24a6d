/** Resilient backpropagation. */
import { ValueError } from "../core/errors";
import type { Tensor } from "../tensor/tensor";
import { type OptimizerArguments, readArguments } from "./arguments";
import type { ParamGroup } from "./optimizer";
import { checkNonNegative, checkPair } from "./options";
import { PerParameterOptimizer } from "./perParameter";
import type { ScalarState } from "./stateDict";
import { stateLike, update } from "./steps/fused";

/** Options of {@link Rprop}. */
export interface RpropOptions {
  /** The first step size. Default: 1e-2. */
  lr?: number;
  /** Factors by which a step shrinks and grows. Default: [0.5, 1.2]. */
  etas?: readonly [number, number];
  /** The least and the largest step. Default: [1e-6, 50]. */
  stepSizes?: readonly [number, number];
  /** Climb instead of descend. Default: false. */
  maximize?: boolean;
}

interface RpropState {
  step: number;
  prev: Tensor;
  stepSize: Tensor;
}

const signature = "params; lr, etas, stepSizes, foreach, maximize; capturable, differentiable";

/**
 * Rprop: every element has a step of its own, which grows while the sign of its gradient stays and shrinks when it turns. For full batches.
 * @see torch.optim.Rprop
 * @see A direct adaptive method for faster backpropagation learning (Riedmiller, Braun, 1993)
 * @throws ValueError for a negative rate, or unless 0 < etas[0] < 1 < etas[1].
 */
export class Rprop extends PerParameterOptimizer<RpropOptions, RpropState> {
  protected override readonly scalarState: ScalarState = { step: "number" };

  /** @internal */
  static readonly signature: string = signature;

  constructor(...given: OptimizerArguments<typeof signature, RpropOptions>) {
    const defaults: Required<RpropOptions> = { lr: 1e-2, etas: [0.5, 1.2], stepSizes: [1e-6, 50], maximize: false };
    super(...readArguments<RpropOptions>("Rprop", signature, given, defaults));
  }

  protected override checkGroup({ lr, etas, stepSizes }: ParamGroup<RpropOptions>): void {
    checkNonNegative("Rprop", { "learning rate": lr });
    checkPair("Rprop", "etas", etas);
    checkPair("Rprop", "stepSizes", stepSizes);
    const [shrink, grow] = etas;
    if (!(shrink > 0 && shrink < 1 && grow > 1)) throw new ValueError(`Rprop: Invalid eta values: ${shrink}, ${grow}`);
  }

  protected initState(param: Tensor, { lr }: ParamGroup<RpropOptions>): RpropState {
    return { step: 0, prev: stateLike(param), stepSize: stateLike(param, lr) };
  }

  protected update(param: Tensor, grad: Tensor, state: RpropState, group: ParamGroup<RpropOptions>): void {
    state.step++;
    const { prev: previous, stepSize } = state;
    const [etaMinus, etaPlus] = group.etas;
    const [least, most] = group.stepSizes;
    const step = {
      parameter: param,
      gradient: grad,
      previous,
      stepSize,
      etaMinus,
      etaPlus,
      least,
      most,
      maximize: group.maximize,
    };
    update("rprop", step, previous, stepSize);
  }
}
