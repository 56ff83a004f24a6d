/** Student's t-distribution, and that of ratios of variances. */
import { finfo } from "../core/limits";
import type { Shape } from "../core/shape";
import { where } from "../ops/elementwise/where";
import { randn } from "../ops/random/randomTensors";
import type { Tensor } from "../tensor/tensor";
import { type Arguments, readArguments, type ValidateArgs, type Value } from "./base/arguments";
import { positive, real } from "./base/constraints";
import { Distribution } from "./base/distribution";
import { broadcastNamed } from "./base/utils";
import { Chi2, Gamma } from "./gamma";

const studentSignature = "df, loc?, scale?; validateArgs";

/** Arguments of {@link StudentT}. */
export interface StudentTArguments extends ValidateArgs {
  /** The degrees of freedom. */
  readonly df: Value;
  /** Default: 0. */
  readonly loc?: Value;
  /** Default: 1. */
  readonly scale?: Value;
}

/** Student's t-distribution. @see torch.distributions.StudentT @example new torch.distributions.StudentT(3).sample() */
export class StudentT extends Distribution {
  static override readonly argConstraints = { df: positive, loc: real, scale: positive };
  static override readonly support = real;
  static override readonly hasRsample = true;
  declare readonly df: Tensor;
  declare readonly loc: Tensor;
  declare readonly scale: Tensor;
  declare private readonly chi2: Chi2;

  constructor(...given: Arguments<typeof studentSignature, StudentTArguments>) {
    const read = readArguments<StudentTArguments>("StudentT", studentSignature, given);
    const { df, loc = 0, scale = 1, validateArgs } = read;
    const parameters = broadcastNamed("StudentT", { df, loc, scale });
    super(parameters.df.shape, [], validateArgs, {
      ...parameters,
      chi2: new Chi2(parameters.df, { validateArgs: false }),
    });
  }

  protected override expandFields(batchShape: Shape): Record<string, unknown> {
    return { ...super.expandFields(batchShape), chi2: this.chi2.expand(batchShape) };
  }

  override get mean(): Tensor {
    return this.loc.maskedFill(this.df.le(1), Number.NaN);
  }

  override get mode(): Tensor {
    return this.loc;
  }

  override get variance(): Tensor {
    const { df, scale } = this;
    const infinite = df.le(2);
    const finite = df.maskedFill(infinite, 3);
    const variance = scale.pow(2).mul(finite).div(finite.sub(2));
    return where(infinite, Infinity, variance).maskedFill(df.le(1), Number.NaN);
  }

  protected override drawReparameterized(shape: Shape, sampleShape: Shape): Tensor {
    const x = randn(shape, { dtype: this.df.dtype, device: this.df.device });
    const z = this.chi2.rsample(sampleShape);
    return this.loc.add(this.scale.mul(x.mul(z.div(this.df).rsqrt())));
  }

  protected override logDensity(value: Tensor): Tensor {
    const { df, loc, scale } = this;
    const y = value.sub(loc).div(scale);
    const normalizer = scale
      .log()
      .add(df.log().mul(0.5))
      .add(0.5 * Math.log(Math.PI))
      .add(df.mul(0.5).lgamma())
      .sub(df.add(1).mul(0.5).lgamma());
    return df.add(1).mul(-0.5).mul(y.pow(2).div(df).log1p()).sub(normalizer);
  }

  override entropy(): Tensor {
    const { df, scale } = this;
    const [half, next] = [df.mul(0.5), df.add(1).mul(0.5)];
    const logBeta = half
      .lgamma()
      .add(0.5 * Math.log(Math.PI))
      .sub(next.lgamma());
    return scale
      .log()
      .add(next.mul(next.digamma().sub(half.digamma())))
      .add(df.log().mul(0.5))
      .add(logBeta);
  }
}

const fisherSignature = "df1, df2; validateArgs";

/** Arguments of {@link FisherSnedecor}. */
export interface FisherSnedecorArguments extends ValidateArgs {
  /** The degrees of freedom of the numerator. */
  readonly df1: Value;
  /** The degrees of freedom of the denominator. */
  readonly df2: Value;
}

/** The F-distribution. @see torch.distributions.FisherSnedecor */
export class FisherSnedecor extends Distribution {
  static override readonly argConstraints = { df1: positive, df2: positive };
  static override readonly support = positive;
  static override readonly hasRsample = true;
  declare readonly df1: Tensor;
  declare readonly df2: Tensor;
  declare private readonly gamma1: Gamma;
  declare private readonly gamma2: Gamma;

  constructor(...given: Arguments<typeof fisherSignature, FisherSnedecorArguments>) {
    const read = readArguments<FisherSnedecorArguments>("FisherSnedecor", fisherSignature, given);
    const { df1, df2 } = broadcastNamed("FisherSnedecor", { df1: read.df1, df2: read.df2 });
    const [gamma1, gamma2] = [df1, df2].map((df) => new Gamma(df.mul(0.5), df, { validateArgs: false }));
    super(df1.shape, [], read.validateArgs, { df1, df2, gamma1, gamma2 });
  }

  protected override expandFields(batchShape: Shape): Record<string, unknown> {
    const [gamma1, gamma2] = [this.gamma1.expand(batchShape), this.gamma2.expand(batchShape)];
    return { ...super.expandFields(batchShape), gamma1, gamma2 };
  }

  override get mean(): Tensor {
    const df2 = this.df2.maskedFill(this.df2.le(2), Number.NaN);
    return df2.div(df2.sub(2));
  }

  override get mode(): Tensor {
    const { df1, df2 } = this;
    const mode = df1.sub(2).div(df1).mul(df2).div(df2.add(2));
    return mode.maskedFill(df1.le(2), Number.NaN);
  }

  override get variance(): Tensor {
    const { df1 } = this;
    const df2 = this.df2.maskedFill(this.df2.le(4), Number.NaN);
    const denominator = df1.mul(df2.sub(2).pow(2)).mul(df2.sub(4));
    return df2.pow(2).mul(2).mul(df1.add(df2).sub(2)).div(denominator);
  }

  protected override drawReparameterized(shape: Shape, sampleShape: Shape): Tensor {
    const x1 = this.gamma1.rsample(sampleShape).reshape(shape);
    const x2 = this.gamma2.rsample(sampleShape).reshape(shape);
    const { tiny } = finfo(x2.dtype);
    return x1.div(x2.clamp({ min: tiny })).clamp({ min: tiny });
  }

  protected override logDensity(value: Tensor): Tensor {
    const [half1, half2] = [this.df1.mul(0.5), this.df2.mul(0.5)];
    const ratio = this.df1.div(this.df2);
    const sum = half1.add(half2);
    return sum
      .lgamma()
      .sub(half1.lgamma())
      .sub(half2.lgamma())
      .add(half1.mul(ratio.log()).add(half1.sub(1).mul(value.log())))
      .sub(sum.mul(ratio.mul(value).log1p()));
  }
}
