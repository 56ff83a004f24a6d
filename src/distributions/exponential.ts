/** The exponential distribution, and those of functions of exponential variables. */
import type { Shape } from "../core/shape";
import { within } from "../core/signature";
import { onesLike, zerosLike } from "../ops/creation/like";
import { empty } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import type { Arguments, ValidateArgs, Value } from "./base/arguments";
import { type Constraint, dependent, greaterThanEq, nonnegative, positive } from "./base/constraints";
import { AffineTransform, ExpTransform, PowerTransform } from "./base/elementwise";
import { ExponentialFamily } from "./base/exponentialFamily";
import { eulerConstant, readBroadcast } from "./base/utils";
import { TransformedDistribution } from "./transforms/transformedDistribution";

/** Arguments of {@link Exponential}. */
export interface ExponentialArguments extends ValidateArgs {
  /** One over the mean. */
  readonly rate: Value;
}

/**
 * The exponential distribution with mean 1 / `rate`.
 * @see torch.distributions.Exponential
 */
export class Exponential extends ExponentialFamily {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = { rate: positive };
  static override readonly support: Constraint = nonnegative;
  static override readonly hasRsample = true;
  declare readonly rate: Tensor;

  constructor(...given: Arguments<"rate; validateArgs", ExponentialArguments>) {
    const { rate, validateArgs } = readBroadcast<"rate">("Exponential", "rate; validateArgs", given);
    super(rate.shape, [], validateArgs, { rate });
  }

  override get mean(): Tensor {
    return this.rate.reciprocal();
  }

  override get mode(): Tensor {
    return zerosLike(this.rate);
  }

  override get stddev(): Tensor {
    return this.rate.reciprocal();
  }

  override get variance(): Tensor {
    return this.rate.pow(-2);
  }

  protected override drawReparameterized(shape: Shape): Tensor {
    return empty(shape, { dtype: this.rate.dtype, device: this.rate.device }).exponential_().div(this.rate);
  }

  protected override logDensity(value: Tensor): Tensor {
    return this.rate.log().sub(this.rate.mul(value));
  }

  protected override cumulative(value: Tensor): Tensor {
    return this.rate.neg().mul(value).exp().neg().add(1);
  }

  protected override quantile(value: Tensor): Tensor {
    return value.neg().add(1).log().neg().div(this.rate);
  }

  override entropy(): Tensor {
    return this.rate.log().neg().add(1);
  }

  override get _naturalParams(): readonly Tensor[] {
    return [this.rate.neg()];
  }

  override _logNormalizer(x: Tensor): Tensor {
    return x.neg().log().neg();
  }

  override get _meanCarrierMeasure(): number {
    return 0;
  }
}

/** Arguments of {@link Pareto}. */
export interface ParetoArguments extends ValidateArgs {
  /** The smallest value. */
  readonly scale: Value;
  /** The shape: how fast the density falls. */
  readonly alpha: Value;
}

/**
 * The Pareto distribution of type 1.
 * @see torch.distributions.Pareto
 */
export class Pareto extends TransformedDistribution {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = { alpha: positive, scale: positive };
  static override readonly support: Constraint = dependent({ isDiscrete: false, eventDim: 0 });
  declare readonly scale: Tensor;
  declare readonly alpha: Tensor;

  constructor(...given: Arguments<"scale, alpha; validateArgs", ParetoArguments>) {
    const read = readBroadcast<"scale" | "alpha">("Pareto", "scale, alpha; validateArgs", given);
    const { scale, alpha, validateArgs } = read;
    const base = within("Pareto", () => new Exponential(alpha, { validateArgs }));
    super(base, [new ExpTransform(), new AffineTransform(0, scale)], { validateArgs });
    this.take({ scale, alpha });
  }

  override get support(): Constraint {
    return greaterThanEq(this.scale);
  }

  override get mean(): Tensor {
    const a = this.alpha.clamp(1);
    return a.mul(this.scale).div(a.sub(1));
  }

  override get mode(): Tensor {
    return this.scale;
  }

  override get variance(): Tensor {
    const a = this.alpha.clamp(2);
    return this.scale
      .pow(2)
      .mul(a)
      .div(a.sub(1).pow(2).mul(a.sub(2)));
  }

  override entropy(): Tensor {
    return this.scale.div(this.alpha).log().add(this.alpha.reciprocal().add(1));
  }
}

/** Arguments of {@link Weibull}. */
export interface WeibullArguments extends ValidateArgs {
  /** The scale λ. */
  readonly scale: Value;
  /** The shape k. */
  readonly concentration: Value;
}

const weibullSignature = "scale, concentration; validateArgs";

/**
 * The Weibull distribution.
 * @see torch.distributions.Weibull
 */
export class Weibull extends TransformedDistribution {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = {
    scale: positive,
    concentration: positive,
  };
  static override readonly support: Constraint = positive;
  declare readonly scale: Tensor;
  declare readonly concentration: Tensor;

  constructor(...given: Arguments<typeof weibullSignature, WeibullArguments>) {
    const read = readBroadcast<"scale" | "concentration">("Weibull", weibullSignature, given);
    const { scale, concentration, validateArgs } = read;
    super(
      new Exponential(onesLike(scale), { validateArgs }),
      [new PowerTransform(concentration.reciprocal()), new AffineTransform(0, scale)],
      { validateArgs },
    );
    this.take({ scale, concentration });
  }

  private get inverse(): Tensor {
    return this.concentration.reciprocal();
  }

  override get mean(): Tensor {
    return this.scale.mul(this.inverse.add(1).lgamma().exp());
  }

  override get mode(): Tensor {
    return this.scale.mul(this.concentration.sub(1).div(this.concentration).pow(this.inverse));
  }

  override get variance(): Tensor {
    const second = this.inverse.mul(2).add(1).lgamma().exp();
    const first = this.inverse.add(1).lgamma().mul(2).exp();
    return this.scale.pow(2).mul(second.sub(first));
  }

  override entropy(): Tensor {
    const { inverse } = this;
    return inverse.neg().add(1).mul(eulerConstant).add(this.scale.mul(inverse).log()).add(1);
  }
}
