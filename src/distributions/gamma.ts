/** The gamma distribution and its special case of sums of squares. */
import { finfo } from "../core/limits";
import type { Shape } from "../core/shape";
import { xlogy } from "../ops/elementwise/binary";
import type { Tensor } from "../tensor/tensor";
import { type Arguments, readArguments, type ValidateArgs, type Value } from "./base/arguments";
import { type Constraint, nonnegative, positive } from "./base/constraints";
import { ExponentialFamily } from "./base/exponentialFamily";
import { standardGamma } from "./base/sampling";
import { asTensors, broadcastNamed } from "./base/utils";

const gammaSignature = "concentration, rate; validateArgs";

/** Arguments of {@link Gamma}. */
export interface GammaArguments extends ValidateArgs {
  /** The shape α. */
  readonly concentration: Value;
  /** The rate β, one over the scale. */
  readonly rate: Value;
}

/**
 * The gamma distribution.
 * @see torch.distributions.Gamma
 * @example new torch.distributions.Gamma(2, 0.5).sample([3])
 */
export class Gamma extends ExponentialFamily {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = {
    concentration: positive,
    rate: positive,
  };
  static override readonly support = nonnegative;
  static override readonly hasRsample = true;
  declare readonly concentration: Tensor;
  declare readonly rate: Tensor;

  constructor(...given: Arguments<typeof gammaSignature, GammaArguments>) {
    const { concentration, rate, validateArgs } = readArguments<GammaArguments>("Gamma", gammaSignature, given);
    const parameters = broadcastNamed("Gamma", { concentration, rate });
    super(parameters.concentration.shape, [], validateArgs, parameters);
  }

  protected override expandFields(batchShape: Shape): Record<string, unknown> {
    return { concentration: this.concentration.expand(batchShape), rate: this.rate.expand(batchShape) };
  }

  override get mean(): Tensor {
    return this.concentration.div(this.rate);
  }

  override get mode(): Tensor {
    return this.concentration.sub(1).div(this.rate).clamp({ min: 0 });
  }

  override get variance(): Tensor {
    return this.concentration.div(this.rate.pow(2));
  }

  protected override drawReparameterized(shape: Shape): Tensor {
    const value = standardGamma(this.concentration.expand(shape)).div(this.rate.expand(shape));
    value.detach().clamp_({ min: finfo(value.dtype).tiny });
    return value;
  }

  protected override checkValue(op: string, value: unknown): Tensor {
    return super.checkValue(op, this.toTensor(op, value).to(this.rate.dtype));
  }

  protected override logDensity(value: Tensor): Tensor {
    const { concentration, rate } = this;
    return xlogy(concentration, rate)
      .add(xlogy(concentration.sub(1), value))
      .sub(rate.mul(value))
      .sub(concentration.lgamma());
  }

  override entropy(): Tensor {
    const { concentration, rate } = this;
    return concentration
      .sub(rate.log())
      .add(concentration.lgamma())
      .add(concentration.neg().add(1).mul(concentration.digamma()));
  }

  override get _naturalParams(): readonly Tensor[] {
    return [this.concentration.sub(1), this.rate.neg()];
  }

  override _logNormalizer(x: Tensor, y: Tensor): Tensor {
    const shape = x.add(1);
    return shape.lgamma().add(shape.mul(y.reciprocal().neg().log()));
  }

  override get _meanCarrierMeasure(): number {
    return 0;
  }
}

const chi2Signature = "df; validateArgs";

/** Arguments of {@link Chi2}. */
export interface Chi2Arguments extends ValidateArgs {
  /** The degrees of freedom. */
  readonly df: Value;
}

/** The distribution of a sum of squares of `df` standard normal numbers: Gamma(df/2, 1/2). @see torch.distributions.Chi2 */
export class Chi2 extends Gamma {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = { df: positive };

  constructor(...given: Arguments<typeof chi2Signature, Chi2Arguments>) {
    const { df, validateArgs } = readArguments<Chi2Arguments>("Chi2", chi2Signature, given);
    super(asTensors("Chi2", [df])[0]!.mul(0.5), 0.5, { validateArgs });
  }

  /** The degrees of freedom. */
  get df(): Tensor {
    return this.concentration.mul(2);
  }
}
