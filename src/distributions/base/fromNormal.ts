/** Distributions of functions of normal variables. */
import { within } from "../../core/signature";
import { where } from "../../ops/elementwise/where";
import type { Tensor } from "../../tensor/tensor";
import type { Independent } from "../independent";
import { Normal } from "../normal";
import { TransformedDistribution } from "../transforms/transformedDistribution";
import { type Arguments, readArguments, type ValidateArgs, type Value } from "./arguments";
import { type Constraint, nonnegative, positive, real, simplex } from "./constraints";
import type { Distribution } from "./distribution";
import { AbsTransform, ExpTransform } from "./elementwise";
import { type LocScaleArguments, type locScale, readLocScale } from "./locScale";
import { StickBreakingTransform } from "./shaped";
import { asTensors } from "./utils";

/**
 * The distribution of eˣ for a normal x with mean `loc` and standard deviation `scale`.
 * @see torch.distributions.LogNormal
 */
export class LogNormal extends TransformedDistribution {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = { loc: real, scale: positive };
  static override readonly support: Constraint = positive;
  static override readonly hasRsample = true;
  declare readonly baseDist: Normal;

  constructor(...given: Arguments<typeof locScale, LocScaleArguments>) {
    const [, , validateArgs, { loc, scale }] = readLocScale("LogNormal", given);
    super(new Normal(loc, scale, false), new ExpTransform(), { validateArgs });
  }

  /** The mean of the logarithm. */
  get loc(): Tensor {
    return this.baseDist.loc;
  }

  /** The standard deviation of the logarithm. */
  get scale(): Tensor {
    return this.baseDist.scale;
  }

  override get mean(): Tensor {
    return this.loc.add(this.scale.pow(2).div(2)).exp();
  }

  override get mode(): Tensor {
    return this.loc.sub(this.scale.square()).exp();
  }

  override get variance(): Tensor {
    const square = this.scale.pow(2);
    return square.exp().sub(1).mul(this.loc.mul(2).add(square).exp());
  }

  override entropy(): Tensor {
    return this.baseDist.entropy().add(this.loc);
  }
}

/** Arguments of {@link HalfNormal} and {@link HalfCauchy}. */
export interface HalfArguments extends ValidateArgs {
  /** The scale of the whole distribution. */
  readonly scale: Value;
}

/** The signature of the halves of symmetric distributions. */
export const halfSignature = "scale; validateArgs";

/** The distribution of |x| for an x that is symmetric around 0. */
export abstract class Half extends TransformedDistribution {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = { scale: positive };
  static override readonly support: Constraint = nonnegative;
  static override readonly hasRsample = true;
  declare readonly baseDist: Distribution & { readonly scale: Tensor };

  constructor(op: string, given: readonly unknown[], whole: (scale: Tensor) => Distribution) {
    const { scale, validateArgs } = readArguments<HalfArguments>(op, halfSignature, given);
    super(whole(asTensors(op, [scale])[0]!), new AbsTransform(), { validateArgs });
  }

  /** The scale of the whole distribution. */
  get scale(): Tensor {
    return this.baseDist.scale;
  }

  override get mode(): Tensor {
    return this.scale.zerosLike();
  }

  protected override validatesFor(): boolean {
    return this.validates;
  }

  protected override logDensity(value: Tensor): Tensor {
    const x = value.to(this.scale.dtype);
    return where(x.ge(0), this.baseDist.logProb(x).add(Math.LN2), Number.NEGATIVE_INFINITY);
  }

  protected override cumulative(value: Tensor): Tensor {
    return this.baseDist.cdf(value).mul(2).sub(1);
  }

  protected override quantile(value: Tensor): Tensor {
    return this.baseDist.icdf(value.add(1).div(2));
  }

  override entropy(): Tensor {
    return this.baseDist.entropy().sub(Math.LN2);
  }
}

/**
 * The distribution of |x| for a normal x with mean 0 and standard deviation `scale`.
 * @see torch.distributions.HalfNormal
 */
export class HalfNormal extends Half {
  constructor(...given: Arguments<typeof halfSignature, HalfArguments>) {
    super("HalfNormal", given, (scale) => new Normal(0, scale, false));
  }

  override get mean(): Tensor {
    return this.scale.mul(Math.sqrt(2 / Math.PI));
  }

  override get variance(): Tensor {
    return this.scale.pow(2).mul(1 - 2 / Math.PI);
  }
}

/**
 * The distribution on the simplex of normal variables that break a stick.
 * @see torch.distributions.LogisticNormal
 */
export class LogisticNormal extends TransformedDistribution {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = { loc: real, scale: positive };
  static override readonly support: Constraint = simplex;
  static override readonly hasRsample = true;
  declare readonly baseDist: Independent & { readonly baseDist: Normal };

  constructor(...given: Arguments<typeof locScale, LocScaleArguments>) {
    const [, , validateArgs, { loc, scale }] = readLocScale("LogisticNormal", given);
    const base = within("LogisticNormal", () => new Normal(loc, scale, { validateArgs }));
    const vector = base.batchShape.length === 0 ? base.expand([1]) : base;
    super(vector, new StickBreakingTransform(), { validateArgs });
  }

  /** The mean of the normal variables. */
  get loc(): Tensor {
    return this.baseDist.baseDist.loc;
  }

  /** The standard deviation of the normal variables. */
  get scale(): Tensor {
    return this.baseDist.baseDist.scale;
  }
}
