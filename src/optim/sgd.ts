/** Stochastic gradient descent. */
import { ValueError } from "../core/errors";
import type { Tensor } from "../tensor/tensor";
import { type OptimizerArguments, readArguments } from "./arguments";
import type { ParamGroup } from "./optimizer";
import { checkNonNegative } from "./options";
import { PerParameterOptimizer } from "./perParameter";
import { stateLike, update } from "./steps/fused";

/** Options of {@link SGD}. */
export interface SGDOptions {
  /** Learning rate. Default: 1e-3. */
  lr?: number;
  /** Default: 0. */
  momentum?: number;
  /** Share of each gradient that does not enter the momentum. Default: 0. */
  dampening?: number;
  /** L2 penalty. Default: 0. */
  weightDecay?: number;
  /** Nesterov momentum. Default: false. */
  nesterov?: boolean;
  /** Climb instead of descend. Default: false. */
  maximize?: boolean;
}

interface SGDState {
  momentumBuffer: Tensor | null;
}

const signature = "params; lr, momentum, dampening, weightDecay, nesterov; maximize, foreach, differentiable, fused";

/**
 * Stochastic gradient descent, with momentum if asked.
 * @see torch.optim.SGD
 * @see On the importance of initialization and momentum in deep learning (Sutskever et al., 2013)
 * @throws ValueError for negative rates, and for Nesterov momentum without momentum or with dampening.
 * @example
 * const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
 * optimizer.zeroGrad();
 * lossFn(model(input), target).backward();
 * optimizer.step();
 */
export class SGD extends PerParameterOptimizer<SGDOptions, SGDState> {
  /** @internal */
  static readonly signature: string = signature;

  constructor(...given: OptimizerArguments<typeof signature, SGDOptions>) {
    const defaults = { lr: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false };
    super(...readArguments<SGDOptions>("SGD", signature, given, defaults));
  }

  protected override checkGroup({ lr, momentum, dampening, weightDecay, nesterov }: ParamGroup<SGDOptions>): void {
    checkNonNegative("SGD", { "learning rate": lr, "momentum value": momentum, "weightDecay value": weightDecay });
    if (nesterov && (momentum <= 0 || dampening !== 0))
      throw new ValueError("SGD: Nesterov momentum requires a momentum and zero dampening");
  }

  protected initState(): SGDState {
    return { momentumBuffer: null };
  }

  protected update(param: Tensor, grad: Tensor, state: SGDState, group: ParamGroup<SGDOptions>): void {
    const { lr, momentum, dampening, weightDecay, nesterov, maximize } = group;
    const isFirst = momentum !== 0 && state.momentumBuffer === null;
    if (isFirst) state.momentumBuffer = stateLike(param);
    const buffer = momentum === 0 ? undefined : state.momentumBuffer!;
    const step = {
      parameter: param,
      gradient: grad,
      momentumBuffer: buffer,
      lr,
      momentum,
      dampening,
      weightDecay,
      nesterov,
      maximize,
      isFirst,
    };
    update("sgd", step, buffer);
  }
}
