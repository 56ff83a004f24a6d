/** Distributions of exponential families. */
import { grad } from "../../autograd/backward";
import { enableGrad } from "../../autograd/scopes";
import type { Tensor } from "../../tensor/tensor";
import { Distribution } from "./distribution";

/**
 * A distribution with the density exp(⟨t(x), θ⟩ − F(θ) + k(x)) of natural parameters θ: its entropy, and divergences within the family, follow
 * from the gradient of F.
 * @see torch.distributions.ExponentialFamily
 */
export class ExponentialFamily extends Distribution {
  /** The natural parameters θ. */
  get _naturalParams(): readonly Tensor[] {
    return this.missing("_naturalParams");
  }

  /** The log normalizer F of natural parameters. */
  _logNormalizer(..._naturalParams: Tensor[]): Tensor {
    return this.missing("_logNormalizer");
  }

  /** The expected carrier measure k. */
  get _meanCarrierMeasure(): number | Tensor {
    return this.missing("entropy");
  }

  /** @internal The natural parameters as leaves, the log normalizer of them and its gradient by each. */
  normalizerGradient(): { params: Tensor[]; value: Tensor; gradients: readonly Tensor[] } {
    return enableGrad(() => {
      const params = this._naturalParams.map((param) => param.detach().requiresGrad_());
      const value = this._logNormalizer(...params);
      return { params, value, gradients: grad(value.sum(), params, { createGraph: true }) as readonly Tensor[] };
    });
  }

  override entropy(): Tensor {
    const { params, value, gradients } = this.normalizerGradient();
    const products = params.map((param, i) =>
      param
        .mul(gradients[i]!)
        .reshape([...this.batchShape, -1])
        .sum(-1),
    );
    return products.reduce((sum, product) => sum.sub(product), value.sub(this._meanCarrierMeasure));
  }
}
