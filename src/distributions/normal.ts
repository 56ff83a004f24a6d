/** The normal distribution. */
import type { Shape } from "../core/shape";
import { normal, randn } from "../ops/random/randomTensors";
import type { Tensor } from "../tensor/tensor";
import type { Arguments } from "./base/arguments";
import { positive, real } from "./base/constraints";
import { ExponentialFamily } from "./base/exponentialFamily";
import { type LocScaleArguments, type locScale, readLocScale } from "./base/locScale";

/**
 * The normal distribution with mean `loc` and standard deviation `scale`.
 * @see torch.distributions.Normal
 * @example new torch.distributions.Normal(0, 1).sample([3])
 */
export class Normal extends ExponentialFamily {
  static override readonly argConstraints = { loc: real, scale: positive };
  static override readonly support = real;
  static override readonly hasRsample = true;
  declare readonly loc: Tensor;
  declare readonly scale: Tensor;

  constructor(...given: Arguments<typeof locScale, LocScaleArguments>) {
    super(...readLocScale("Normal", given));
  }

  override get mean(): Tensor {
    return this.loc;
  }

  override get mode(): Tensor {
    return this.loc;
  }

  override get stddev(): Tensor {
    return this.scale;
  }

  override get variance(): Tensor {
    return this.scale.pow(2);
  }

  protected override drawSample(shape: Shape): Tensor {
    return normal(this.loc.expand(shape), this.scale.expand(shape));
  }

  protected override drawReparameterized(shape: Shape): Tensor {
    return this.loc.add(randn(shape, { dtype: this.loc.dtype, device: this.loc.device }).mul(this.scale));
  }

  protected override logDensity(value: Tensor): Tensor {
    const variance = this.scale.pow(2);
    return value
      .sub(this.loc)
      .pow(2)
      .neg()
      .div(variance.mul(2))
      .sub(this.scale.log())
      .sub(Math.log(Math.sqrt(2 * Math.PI)));
  }

  protected override cumulative(value: Tensor): Tensor {
    return value.sub(this.loc).mul(this.scale.reciprocal()).div(Math.SQRT2).erf().add(1).mul(0.5);
  }

  protected override quantile(value: Tensor): Tensor {
    return this.loc.add(this.scale.mul(value.mul(2).sub(1).erfinv()).mul(Math.SQRT2));
  }

  override entropy(): Tensor {
    return this.scale.log().add(0.5 + 0.5 * Math.log(2 * Math.PI));
  }

  override get _naturalParams(): readonly Tensor[] {
    return [this.loc.div(this.scale.pow(2)), this.scale.pow(2).reciprocal().mul(-0.5)];
  }

  override _logNormalizer(x: Tensor, y: Tensor): Tensor {
    return x.pow(2).div(y).mul(-0.25).add(y.reciprocal().mul(-Math.PI).log().mul(0.5));
  }

  override get _meanCarrierMeasure(): number {
    return 0;
  }
}
