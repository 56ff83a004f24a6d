/** Limits for gradients. */

import { noGrad } from "../../autograd/mode";
import { assertNumber } from "../../core/arguments";
import { KindlingError } from "../../core/errors";
import { alias, named } from "../../core/signature";
import { demand } from "../../ops/builders/checks";
import { stack } from "../../ops/shape/join";
import { zeros } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { tensorsOf } from "./vector";

const gradsOf = (op: string, parameters: Tensor | Iterable<Tensor>): Tensor[] =>
  tensorsOf(op, parameters instanceof Tensor ? [parameters] : parameters).flatMap(({ ownGrad }) =>
    ownGrad === null ? [] : [ownGrad],
  );

/** Options of {@link clipGradNorm_}. */
export interface ClipGradNormOptions {
  /** The degree of the norm; may be infinite. Default: 2. */
  normType?: number;
  /** Throw if the norm is not finite; on a device that cannot be read at once, the caller has to look at the norm. Default: false. */
  errorIfNonfinite?: boolean;
}

/**
 * Scales the gradients of all parameters in place, so that the norm of all of them together is at most `maxNorm`.
 * @returns The norm before, 0-d.
 * @see torch.nn.utils.clip_grad_norm_
 * @example nn.utils.clipGradNorm_(model.parameters(), 1);
 */
export const clipGradNorm_ = named(
  "clipGradNorm_",
  "parameters, maxNorm; normType, errorIfNonfinite",
  (parameters: Tensor | Iterable<Tensor>, maxNorm: number, options: ClipGradNormOptions = {}): Tensor => {
    const { normType = 2, errorIfNonfinite = false } = options;
    assertNumber("clipGradNorm_", "maxNorm", maxNorm);
    assertNumber("clipGradNorm_", "normType", normType);
    const grads = gradsOf("clipGradNorm_", parameters);
    if (grads.length === 0) return zeros([], {});
    return noGrad(() => {
      const total = stack(grads.map((grad) => grad.norm(normType))).norm(normType);
      const error = () =>
        new KindlingError(
          `The total norm of order ${normType} for gradients from \`parameters\` is non-finite, so it cannot be clipped.`,
        );
      if (errorIfNonfinite) demand(total.isfinite(), error);
      const scale = total.add(1e-6).reciprocal().mul(maxNorm).clamp({ max: 1 });
      for (const grad of grads) grad.mul_(scale);
      return total;
    });
  },
);

/**
 * Holds every element of the gradients between −clipValue and clipValue, in place.
 * @see torch.nn.utils.clip_grad_value_
 */
export const clipGradValue_ = named(
  "clipGradValue_",
  "parameters, clipValue",
  (parameters: Tensor | Iterable<Tensor>, clipValue: number): void => {
    assertNumber("clipGradValue_", "clipValue", clipValue);
    noGrad(() => {
      for (const grad of gradsOf("clipGradValue_", parameters)) grad.clamp_(-clipValue, clipValue);
    });
  },
);

/** {@link clipGradNorm_}, as it was called first. @see torch.nn.utils.clip_grad_norm */
export const clipGradNorm = alias("clipGradNorm", clipGradNorm_);
