/** Adam with decoupled weight decay. */
import type { Tensor } from "../tensor/tensor";
import { type AdamOptions, type AdamState, adamDefaults, checkAdamGroup, newAdamState, updateAdam } from "./adam";
import type { ParamGroup, Params } from "./optimizer";
import { withDefaults } from "./options";
import { PerParameterOptimizer } from "./perParameter";

/** Options of {@link AdamW}. */
export interface AdamWOptions extends AdamOptions {}

/**
 * Adam whose weight decay shrinks the parameters directly instead of entering the gradient.
 * @see torch.optim.AdamW
 * @see Decoupled Weight Decay Regularization (Loshchilov, Hutter, 2017)
 * @throws ValueError for a negative rate or a beta outside of [0, 1).
 */
export class AdamW extends PerParameterOptimizer<AdamWOptions, AdamState> {
  constructor(params: Params<AdamWOptions>, options: AdamWOptions = {}) {
    super(params, withDefaults("AdamW", options, { ...adamDefaults, weightDecay: 1e-2 }));
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
