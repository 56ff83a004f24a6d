/** The Laplace distribution. */
import { finfo } from "../core/limits";
import type { Shape } from "../core/shape";
import { empty } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import type { Arguments } from "./base/arguments";
import { type Constraint, positive, real } from "./base/constraints";
import { Distribution } from "./base/distribution";
import { type LocScaleArguments, type locScale, readLocScale } from "./base/locScale";

/**
 * The Laplace distribution, which falls off exponentially on both sides of `loc`.
 * @see torch.distributions.Laplace
 */
export class Laplace extends Distribution {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = { loc: real, scale: positive };
  static override readonly support: Constraint = real;
  static override readonly hasRsample = true;
  declare readonly loc: Tensor;
  declare readonly scale: Tensor;

  constructor(...given: Arguments<typeof locScale, LocScaleArguments>) {
    super(...readLocScale("Laplace", given));
  }

  override get mean(): Tensor {
    return this.loc;
  }

  override get mode(): Tensor {
    return this.loc;
  }

  override get variance(): Tensor {
    return this.scale.pow(2).mul(2);
  }

  override get stddev(): Tensor {
    return this.scale.mul(Math.SQRT2);
  }

  protected override drawReparameterized(shape: Shape): Tensor {
    const { dtype, device } = this.loc;
    const u = empty(shape, { dtype, device }).uniform_(finfo(dtype).eps - 1, 1);
    return this.loc.sub(this.scale.mul(u.sign()).mul(u.abs().neg().log1p()));
  }

  protected override logDensity(value: Tensor): Tensor {
    return this.scale.mul(2).log().neg().sub(value.sub(this.loc).abs().div(this.scale));
  }

  protected override cumulative(value: Tensor): Tensor {
    const distance = value.sub(this.loc);
    const tail = distance.abs().neg().div(this.scale).expm1();
    return distance.sign().mul(0.5).mul(tail).neg().add(0.5);
  }

  protected override quantile(value: Tensor): Tensor {
    const term = value.sub(0.5);
    return this.loc.sub(this.scale.mul(term.sign()).mul(term.abs().mul(-2).log1p()));
  }

  override entropy(): Tensor {
    return this.scale.mul(2).log().add(1);
  }
}
