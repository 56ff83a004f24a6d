/** The Cauchy distribution and its half. */
import type { Shape } from "../core/shape";
import { fullLike } from "../ops/creation/like";
import { empty } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import type { Arguments } from "./base/arguments";
import { type Constraint, positive, real } from "./base/constraints";
import { Distribution } from "./base/distribution";
import { Half, type HalfArguments, type halfSignature } from "./base/fromNormal";
import { type LocScaleArguments, type locScale, readLocScale } from "./base/locScale";

/**
 * The Cauchy distribution with median `loc` and half width `scale` at half of the maximum.
 * @see torch.distributions.Cauchy
 */
export class Cauchy extends Distribution {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = { loc: real, scale: positive };
  static override readonly support: Constraint = real;
  static override readonly hasRsample = true;
  declare readonly loc: Tensor;
  declare readonly scale: Tensor;

  constructor(...given: Arguments<typeof locScale, LocScaleArguments>) {
    super(...readLocScale("Cauchy", given));
  }

  override get mean(): Tensor {
    return fullLike(this.loc, Number.NaN);
  }

  override get mode(): Tensor {
    return this.loc;
  }

  override get variance(): Tensor {
    return fullLike(this.loc, Number.POSITIVE_INFINITY);
  }

  protected override drawReparameterized(shape: Shape): Tensor {
    return this.loc.add(empty(shape, { dtype: this.loc.dtype, device: this.loc.device }).cauchy_().mul(this.scale));
  }

  protected override logDensity(value: Tensor): Tensor {
    const z = value.sub(this.loc).div(this.scale);
    return this.scale.log().neg().sub(Math.log(Math.PI)).sub(z.pow(2).add(1).log());
  }

  protected override cumulative(value: Tensor): Tensor {
    return value.sub(this.loc).div(this.scale).atan().div(Math.PI).add(0.5);
  }

  protected override quantile(value: Tensor): Tensor {
    return value.sub(0.5).mul(Math.PI).tan().mul(this.scale).add(this.loc);
  }

  override entropy(): Tensor {
    return this.scale.log().add(Math.log(4 * Math.PI));
  }
}

/**
 * The distribution of |x| for a Cauchy variable x around 0.
 * @see torch.distributions.HalfCauchy
 */
export class HalfCauchy extends Half {
  constructor(...given: Arguments<typeof halfSignature, HalfArguments>) {
    super("HalfCauchy", given, (scale) => new Cauchy(0, scale, false));
  }

  override get mean(): Tensor {
    return this.variance;
  }

  override get variance(): Tensor {
    return this.baseDist.variance;
  }
}
