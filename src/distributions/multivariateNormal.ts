/** The normal distribution of vectors. */
import { ArgumentError, ValueError } from "../core/errors";
import { broadcastShapes, type Shape, shapeText } from "../core/shape";
import { eye } from "../ops/creation/ranges";
import { cholesky, solveTriangular } from "../ops/linalg/decompositions";
import { choleskyInverse } from "../ops/linalg/factors";
import { matmul } from "../ops/linalg/matmul";
import { randn } from "../ops/random/randomTensors";
import type { Tensor } from "../tensor/tensor";
import { type Arguments, checkTensor, readArguments, type ValidateArgs } from "./base/arguments";
import { lowerCholesky, positiveDefinite, realVector } from "./base/constraints";
import { Distribution, lazyParameters } from "./base/distribution";

/** Products of matrices and vectors whose batches broadcast. */
export const batchMv = (matrix: Tensor, vector: Tensor): Tensor => matmul(matrix, vector.unsqueeze(-1)).squeeze(-1);

/**
 * The squared Mahalanobis distances xᵀM⁻¹x of vectors for M = LLᵀ. The batch of the factors broadcasts to the last axes of that of the vectors;
 * the axes before become columns, so that a factor is used once for all of them.
 */
export function batchMahalanobis(factor: Tensor, x: Tensor): Tensor {
  const n = x.shape.at(-1)!;
  const batch = x.shape.slice(0, -1);
  const inner = batch.slice(batch.length - (factor.ndim - 2));
  const count = batch.slice(0, batch.length - inner.length).reduce((a, b) => a * b, 1);
  const columns = x.reshape([count, ...inner, n]).movedim(0, -1);
  const solved = solveTriangular(factor.expand([...inner, n, n]), columns, { upper: false });
  return solved.pow(2).sum(-2).movedim(-1, 0).reshape(batch);
}

/** The lower Cholesky factor of the inverse of `precision`. */
export function precisionToScaleTril(precision: Tensor): Tensor {
  const flipped = cholesky(precision.flip([-2, -1])).flip([-2, -1]);
  const identity = eye(precision.shape.at(-1)!, { dtype: precision.dtype, device: precision.device });
  return solveTriangular(flipped.transpose(-2, -1), identity, { upper: false });
}

/** The half of the log determinant of LLᵀ. */
export const halfLogDet = (factor: Tensor): Tensor => factor.diagonal({ dim1: -2, dim2: -1 }).log().sum(-1);

const spreads = ["covarianceMatrix", "precisionMatrix", "scaleTril"] as const;

/** A covariance by one of three matrices. */
export interface SpreadArguments extends ValidateArgs {
  /** The positive definite covariance. */
  readonly covarianceMatrix?: Tensor | null;
  /** The positive definite inverse of the covariance. */
  readonly precisionMatrix?: Tensor | null;
  /** The lower Cholesky factor of the covariance, with a positive diagonal. */
  readonly scaleTril?: Tensor | null;
}

/** The one matrix that was given, with its name. @throws ArgumentError for none or several. */
export function readSpread(op: string, given: SpreadArguments): [name: (typeof spreads)[number], matrix: Tensor] {
  const names = spreads.filter((name) => given[name] != null);
  const [name] = names;
  if (name === undefined || names.length > 1)
    throw new ArgumentError(
      `${op}: Exactly one of covarianceMatrix or precisionMatrix or scaleTril may be specified, got ${names.join(", ") || "none"}.`,
    );
  const matrix = checkTensor(op, name, given[name]);
  if (matrix.ndim < 2)
    throw new ValueError(
      `${op}: ${name} matrix must be at least two-dimensional, with optional leading batch dimensions`,
    );
  const [rows, columns] = matrix.shape.slice(-2);
  if (rows !== columns) throw new ValueError(`${op}: ${name} must be square, got ${shapeText(matrix.shape)}`);
  return [name, matrix];
}

/** The Cholesky factor of the covariance that one of the three matrices stands for. */
export function factorOf(name: (typeof spreads)[number], matrix: Tensor): Tensor {
  if (name === "scaleTril") return matrix;
  return name === "covarianceMatrix" ? cholesky(matrix) : precisionToScaleTril(matrix);
}

const signature = "loc, covarianceMatrix?, precisionMatrix?, scaleTril?; validateArgs";

/** Arguments of {@link MultivariateNormal}: exactly one of the three matrices. */
export interface MultivariateNormalArguments extends SpreadArguments {
  /** The mean. */
  readonly loc: Tensor;
}

/**
 * The multivariate normal distribution. All is computed from `scaleTril`, so giving that costs least.
 * @see torch.distributions.MultivariateNormal
 * @example new torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2)).sample()
 */
export class MultivariateNormal extends Distribution {
  static override readonly argConstraints = {
    loc: realVector,
    covarianceMatrix: positiveDefinite,
    precisionMatrix: positiveDefinite,
    scaleTril: lowerCholesky,
  };
  static override readonly support = realVector;
  static override readonly hasRsample = true;
  declare readonly loc: Tensor;
  declare readonly covarianceMatrix: Tensor;
  declare readonly precisionMatrix: Tensor;
  declare readonly scaleTril: Tensor;
  /** @internal The Cholesky factor without the axes of the batch that only the mean has. */
  readonly unbroadcastedScaleTril: Tensor;

  constructor(...given: Arguments<typeof signature, MultivariateNormalArguments>) {
    const read = readArguments<MultivariateNormalArguments>("MultivariateNormal", signature, given);
    const loc = checkTensor("MultivariateNormal", "loc", read.loc);
    if (loc.ndim < 1) throw new ValueError("MultivariateNormal: loc must be at least one-dimensional.");
    const [name, matrix] = readSpread("MultivariateNormal", read);
    const n = loc.shape.at(-1)!;
    if (matrix.shape.at(-1) !== n)
      throw new ValueError(
        `MultivariateNormal: ${name} must be a batch of matrices with shape ${n} x ${n}, got ${shapeText(matrix.shape)}`,
      );
    const batch = broadcastShapes("MultivariateNormal", matrix.shape.slice(0, -2), loc.shape.slice(0, -1));
    const fields = { loc: loc.expand([...batch, n]), [name]: matrix.expand([...batch, -1, -1]) };
    super(batch, [n], read.validateArgs, fields);
    this.unbroadcastedScaleTril = factorOf(name, matrix);
  }

  override get mean(): Tensor {
    return this.loc;
  }

  override get mode(): Tensor {
    return this.loc;
  }

  override get variance(): Tensor {
    return this.unbroadcastedScaleTril.pow(2).sum(-1).expand(this.extendedShape());
  }

  protected override drawReparameterized(shape: Shape): Tensor {
    return this.loc.add(
      batchMv(this.unbroadcastedScaleTril, randn(shape, { dtype: this.loc.dtype, device: this.loc.device })),
    );
  }

  protected override logDensity(value: Tensor): Tensor {
    const distance = batchMahalanobis(this.unbroadcastedScaleTril, value.sub(this.loc));
    return distance
      .add(this.eventShape[0]! * Math.log(2 * Math.PI))
      .mul(-0.5)
      .sub(halfLogDet(this.unbroadcastedScaleTril));
  }

  override entropy(): Tensor {
    const constant = 0.5 * this.eventShape[0]! * (1 + Math.log(2 * Math.PI));
    return halfLogDet(this.unbroadcastedScaleTril).add(constant).expand(this.batchShape);
  }
}

const square = (d: MultivariateNormal): Shape => [...d.batchShape, ...d.eventShape, ...d.eventShape];

lazyParameters(MultivariateNormal, {
  scaleTril: (d) => d.unbroadcastedScaleTril.expand(square(d)),
  covarianceMatrix: (d) =>
    matmul(d.unbroadcastedScaleTril, d.unbroadcastedScaleTril.transpose(-2, -1)).expand(square(d)),
  precisionMatrix: (d) => choleskyInverse(d.unbroadcastedScaleTril).expand(square(d)),
});
