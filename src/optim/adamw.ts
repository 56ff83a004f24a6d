/** Adam with decoupled weight decay. */
import type { Tensor } from "../tensor/tensor";
import { type AdamOptions, type AdamState, adamDefaults, checkAdamGroup, newAdamState, updateAdam } from "./adam";
import type { ParamGroup } from "./optimizer";
import { type OptimizerArguments, readArguments } from "./options";
import { PerParameterOptimizer } from "./perParameter";

/** Options of {@link AdamW}. */
export interface AdamWOptions extends AdamOptions {}

const signature = "params; lr, betas, eps, weightDecay, amsgrad; maximize, foreach, capturable, differentiable, fused";

/**
 * Adam whose weight decay shrinks the parameters directly instead of entering the gradient.
 * @see torch.optim.AdamW
 * @see Decoupled Weight Decay Regularization (Loshchilov, Hutter, 2017)
 * @throws ValueError for a negative rate or a beta outside of [0, 1).
 */
export class AdamW extends PerParameterOptimizer<AdamWOptions, AdamState> {
  /** @internal */
  static readonly signature: string = signature;

  constructor(...given: OptimizerArguments<typeof signature, AdamWOptions>) {
    super(...readArguments<AdamWOptions>("AdamW", signature, given, { ...adamDefaults, weightDecay: 1e-2 }));
  }

  protected override checkGroup(group: ParamGroup<AdamWOptions>): void {
    checkAdamGroup("AdamW", group);
  }

  protected initState(param: Tensor): AdamState {
    return newAdamState(param);
  }

  protected update(param: Tensor, grad: Tensor, state: AdamState, group: ParamGroup<AdamWOptions>): void {
    updateAdam(param, grad, state, group, true);
  }
}
