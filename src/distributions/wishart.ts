/** The Wishart distribution of positive definite matrices. */
import { ValueError } from "../core/errors";
import { finfo } from "../core/limits";
import { broadcastShapes, type Shape } from "../core/shape";
import { demand } from "../ops/builders/checks";
import { arange } from "../ops/creation/ranges";
import { choleskyInverse, choleskySolve } from "../ops/linalg/factors";
import { matmul } from "../ops/linalg/matmul";
import { slogdet } from "../ops/linalg/matrixFunctions";
import { randn } from "../ops/random/randomTensors";
import { tensor } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { type Arguments, readArguments, type Value } from "./base/arguments";
import { type Constraint, greaterThan, lowerCholesky, positiveDefinite } from "./base/constraints";
import { lazyParameters } from "./base/distribution";
import { ExponentialFamily } from "./base/exponentialFamily";
import { asTensors, vecToTrilMatrix } from "./base/utils";
import { Chi2 } from "./gamma";
import { factorOf, halfLogDet, readSpread, type SpreadArguments } from "./multivariateNormal";

/** How often singular samples are drawn anew. */
const MOST_CORRECTIONS = 10;

const signature = "df, covarianceMatrix?, precisionMatrix?, scaleTril?; validateArgs";

/** Arguments of {@link Wishart}: exactly one of the three matrices. */
export interface WishartArguments extends SpreadArguments {
  /** The degrees of freedom, more than the size of the matrices less one. */
  readonly df: Value;
}

/** ψ of dimension p: the derivative of `mvlgamma`. */
const mvdigamma = (x: Tensor, p: number): Tensor =>
  x
    .unsqueeze(-1)
    .sub(arange(p, { dtype: x.dtype, device: x.device }).div(2))
    .digamma()
    .sum(-1);

/** The sum of the diagonal of matrices. */
const trace = (x: Tensor): Tensor => x.diagonal({ dim1: -2, dim2: -1 }).sum(-1);

/**
 * The Wishart distribution of the scatter matrices of `df` normal vectors.
 * @see torch.distributions.Wishart
 * @example new torch.distributions.Wishart(3, torch.eye(2)).sample()
 */
export class Wishart extends ExponentialFamily {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = {
    covarianceMatrix: positiveDefinite,
    precisionMatrix: positiveDefinite,
    scaleTril: lowerCholesky,
    df: greaterThan(0),
  };
  static override readonly support = positiveDefinite;
  static override readonly hasRsample = true;
  declare readonly df: Tensor;
  declare readonly covarianceMatrix: Tensor;
  declare readonly precisionMatrix: Tensor;
  declare readonly scaleTril: Tensor;
  /** @internal The Cholesky factor without the axes of the batch that only `df` has. */
  readonly unbroadcastedScaleTril: Tensor;
  /** The squares of the diagonal of Bartlett's factor. */
  private readonly chi2: Chi2;

  constructor(...given: Arguments<typeof signature, WishartArguments>) {
    const read = readArguments<WishartArguments>("Wishart", signature, given);
    const [name, matrix] = readSpread("Wishart", read);
    const [degrees] = asTensors("Wishart", [read.df, matrix]) as [Tensor];
    const event = matrix.shape.slice(-2);
    const batch = broadcastShapes("Wishart", matrix.shape.slice(0, -2), degrees.shape);
    const df = degrees.expand(batch);
    const least = event[1]! - 1;
    const error = () =>
      new ValueError(`Wishart: Value of df=${read.df} expected to be greater than ndim - 1 = ${least}.`);
    demand(df.le(least).logicalNot(), error);
    super(batch, event, read.validateArgs, { df, [name]: matrix.expand([...batch, -1, -1]) });
    this.unbroadcastedScaleTril = factorOf(name, matrix);
    this.chi2 = new Chi2(df.unsqueeze(-1).sub(arange(event[1]!, { dtype: matrix.dtype, device: matrix.device })), {
      validateArgs: false,
    });
  }

  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { ...Wishart.argConstraints, df: greaterThan(this.eventShape[1]! - 1) };
  }

  protected override expandFields(batchShape: Shape): Record<string, unknown> {
    const chi2 = this.chi2.expand([...batchShape, this.eventShape[1]!]);
    return { ...super.expandFields(batchShape), chi2 };
  }

  private perMatrix(x: Tensor): Tensor {
    return x.reshape([...this.batchShape, 1, 1]);
  }

  override get mean(): Tensor {
    return this.perMatrix(this.df).mul(this.covarianceMatrix);
  }

  override get mode(): Tensor {
    const factor = this.df.sub(this.eventShape[1]! + 1);
    return this.perMatrix(factor.maskedFill(factor.le(0), Number.NaN)).mul(this.covarianceMatrix);
  }

  override get variance(): Tensor {
    const covariance = this.covarianceMatrix;
    const diagonal = covariance.diagonal({ dim1: -2, dim2: -1 });
    const products = diagonal.unsqueeze(-1).mul(diagonal.unsqueeze(-2));
    return this.perMatrix(this.df).mul(covariance.pow(2).add(products));
  }

  /** Bartlett's decomposition: the factor of a sample is that of the covariance times one of independent numbers. */
  private bartlett(sampleShape: Shape): Tensor {
    const p = this.eventShape[1]!;
    const roots = this.chi2.rsample(sampleShape).sqrt();
    const { dtype, device } = roots;
    const below = randn([...sampleShape, ...this.batchShape, (p * (p - 1)) / 2], { dtype, device });
    const noise = roots
      .clamp({ min: finfo(dtype).eps })
      .diagEmbed()
      .add(vecToTrilMatrix(below, -1));
    const factor = matmul(this.unbroadcastedScaleTril, noise);
    return matmul(factor, factor.transpose(-2, -1));
  }

  /** Which samples have a matrix in their batch that is positive definite, or one that is not. */
  private having(positive: boolean, samples: Tensor): boolean[] {
    const good = positiveDefinite.check(samples);
    const found = (positive ? good : good.logicalNot()).reshape([samples.shape[0]!, -1]).any(-1);
    return found.tolist() as boolean[];
  }

  /**
   * Samples are drawn anew until they are not singular, ten times at most. PyTorch 1.13 takes the first samples that are positive definite for
   * the singular ones, so it draws all twice; so does this, to go on with the same random numbers.
   */
  protected override drawReparameterized(shape: Shape, sampleShape: Shape): Tensor {
    const count = sampleShape.reduce((a, b) => a * b, 1);
    let samples = this.bartlett(sampleShape).reshape([count, ...this.batchShape, ...this.eventShape]);
    let again = this.having(true, samples).flatMap((is, i) => (is ? i : []));
    for (let tries = 0; tries < MOST_CORRECTIONS && again.length > 0; tries++) {
      const drawn = this.bartlett([again.length]);
      samples = samples.indexCopy(0, tensor(again, { dtype: "int64", device: samples.device }), drawn);
      const singular = this.having(false, drawn);
      again = again.filter((_, i) => singular[i]);
    }
    return samples.reshape(shape);
  }

  protected override logDensity(value: Tensor): Tensor {
    const { df, unbroadcastedScaleTril: factor } = this;
    const p = this.eventShape[1]!;
    return halfLogDet(factor)
      .add((p * Math.LN2) / 2)
      .mul(df.neg())
      .sub(df.div(2).mvlgamma(p))
      .add(
        df
          .sub(p + 1)
          .div(2)
          .mul(slogdet(value).logabsdet),
      )
      .sub(trace(choleskySolve(value, factor)).div(2));
  }

  override entropy(): Tensor {
    const { df } = this;
    const p = this.eventShape[1]!;
    const half = df.div(2);
    return halfLogDet(this.unbroadcastedScaleTril)
      .add((p * Math.LN2) / 2)
      .mul(p + 1)
      .add(half.mvlgamma(p))
      .sub(
        df
          .sub(p + 1)
          .div(2)
          .mul(mvdigamma(half, p)),
      )
      .add(half.mul(p));
  }

  override get _naturalParams(): readonly Tensor[] {
    return [this.precisionMatrix.neg().div(2), this.df.sub(this.eventShape[1]! + 1).div(2)];
  }

  override _logNormalizer(x: Tensor, y: Tensor): Tensor {
    const p = this.eventShape[1]!;
    const half = y.add((p + 1) / 2);
    return half
      .mul(
        slogdet(x.mul(-2))
          .logabsdet.neg()
          .add(Math.LN2 * p),
      )
      .add(half.mvlgamma(p));
  }

  override get _meanCarrierMeasure(): number {
    return 0;
  }
}

const square = (d: Wishart): Shape => [...d.batchShape, ...d.eventShape];

lazyParameters(Wishart, {
  scaleTril: (d) => d.unbroadcastedScaleTril.expand(square(d)),
  covarianceMatrix: (d) =>
    matmul(d.unbroadcastedScaleTril, d.unbroadcastedScaleTril.transpose(-2, -1)).expand(square(d)),
  precisionMatrix: (d) => choleskyInverse(d.unbroadcastedScaleTril).expand(square(d)),
});
