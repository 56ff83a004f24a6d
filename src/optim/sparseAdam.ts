/** Adam for sparse gradients. */
import { describe, KindlingError, ValueError } from "../core/errors";
import { type OptimizerArguments, readArguments } from "./arguments";
import type { ParamGroup } from "./optimizer";
import { checkBetas } from "./options";
import { PerParameterOptimizer } from "./perParameter";

/** Options of {@link SparseAdam}. */
export interface SparseAdamOptions {
  /** Learning rate. Default: 1e-3. */
  lr?: number;
  /** Decay of the averages of the gradient and of its square. Default: [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the root of the square. Default: 1e-8. */
  eps?: number;
  /** Climb instead of descend. Default: false. */
  maximize?: boolean;
}

const signature = "params; lr, betas, eps, maximize";

/**
 * Adam for sparse gradients, which there are none of yet: gradients are dense here, also those of embeddings, and a step of dense ones is an error, as in
 * PyTorch.
 * @see torch.optim.SparseAdam @see Adam
 */
export class SparseAdam extends PerParameterOptimizer<SparseAdamOptions, object> {
  /** @internal */
  static readonly signature: string = signature;

  constructor(...given: OptimizerArguments<typeof signature, SparseAdamOptions>) {
    const betas: readonly [number, number] = [0.9, 0.999];
    const defaults = { lr: 1e-3, betas, eps: 1e-8, maximize: false };
    super(...readArguments<SparseAdamOptions>("SparseAdam", signature, given, defaults));
  }

  protected override checkGroup({ lr, betas, eps }: ParamGroup<SparseAdamOptions>): void {
    for (const [what, value] of Object.entries({ "learning rate": lr, "epsilon value": eps }))
      if (typeof value !== "number" || !(value > 0))
        throw new ValueError(`SparseAdam: Invalid ${what}: ${describe(value)}`);
    checkBetas("SparseAdam", betas);
  }

  protected initState(): object {
    return {};
  }

  /** @throws KindlingError always: the gradient is dense. */
  protected update(): void {
    throw new KindlingError("SparseAdam does not support dense gradients, please consider Adam instead");
  }
}
