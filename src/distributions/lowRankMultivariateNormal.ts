/** The normal distribution of vectors whose covariance is a diagonal matrix and one of low rank. */
import { ValueError } from "../core/errors";
import { broadcastShapes, type Shape, shapeText } from "../core/shape";
import { eye } from "../ops/creation/ranges";
import { cholesky, solveTriangular } from "../ops/linalg/decompositions";
import { matmul } from "../ops/linalg/matmul";
import { randn } from "../ops/random/randomTensors";
import type { Tensor } from "../tensor/tensor";
import { type Arguments, checkTensor, readArguments, type ValidateArgs } from "./base/arguments";
import { independent, positive, real, realVector } from "./base/constraints";
import { Distribution, lazyParameters } from "./base/distribution";
import { batchMahalanobis, batchMv, halfLogDet } from "./multivariateNormal";

/** A matrix plus the identity. */
const plusIdentity = (x: Tensor): Tensor => x.add(eye(x.shape.at(-1)!, { dtype: x.dtype, device: x.device }));

/** WᵀD⁻¹. */
const scaledTranspose = (factor: Tensor, diagonal: Tensor): Tensor =>
  factor.transpose(-2, -1).div(diagonal.unsqueeze(-2));

/** The Cholesky factor of the capacitance matrix I + WᵀD⁻¹W. */
const capacitanceOf = (factor: Tensor, diagonal: Tensor): Tensor =>
  cholesky(plusIdentity(matmul(scaledTranspose(factor, diagonal), factor)));

/** log |WWᵀ + D| by the matrix determinant lemma. */
export const batchLowRankLogDet = (diagonal: Tensor, capacitanceTril: Tensor): Tensor =>
  halfLogDet(capacitanceTril).mul(2).add(diagonal.log().sum(-1));

/** xᵀ(WWᵀ + D)⁻¹x by Woodbury's identity. */
export const batchLowRankMahalanobis = (factor: Tensor, diagonal: Tensor, x: Tensor, capacitanceTril: Tensor): Tensor =>
  x
    .pow(2)
    .div(diagonal)
    .sum(-1)
    .sub(batchMahalanobis(capacitanceTril, batchMv(scaledTranspose(factor, diagonal), x)));

const signature = "loc, covFactor, covDiag; validateArgs";

/** Arguments of {@link LowRankMultivariateNormal}. */
export interface LowRankMultivariateNormalArguments extends ValidateArgs {
  /** The mean. Shape: […, n]. */
  readonly loc: Tensor;
  /** The factor W of the covariance. Shape: […, n, rank]. */
  readonly covFactor: Tensor;
  /** The diagonal D of the covariance. Shape: […, n]. */
  readonly covDiag: Tensor;
}

/**
 * The multivariate normal distribution with the covariance WWᵀ + D. Only matrices of the size of the rank are factorized.
 * @see torch.distributions.LowRankMultivariateNormal
 */
export class LowRankMultivariateNormal extends Distribution {
  static override readonly argConstraints = {
    loc: realVector,
    covFactor: independent(real, 2),
    covDiag: independent(positive, 1),
  };
  static override readonly support = realVector;
  static override readonly hasRsample = true;
  declare readonly loc: Tensor;
  declare readonly covFactor: Tensor;
  declare readonly covDiag: Tensor;
  declare readonly scaleTril: Tensor;
  declare readonly covarianceMatrix: Tensor;
  declare readonly precisionMatrix: Tensor;
  /** @internal The parameters without the axes of the batch that only others have. */
  declare readonly unbroadcastedCovFactor: Tensor;
  /** @internal */
  declare readonly unbroadcastedCovDiag: Tensor;
  /** @internal The Cholesky factor of the capacitance matrix I + WᵀD⁻¹W. */
  readonly capacitanceTril: Tensor;

  constructor(...given: Arguments<typeof signature, LowRankMultivariateNormalArguments>) {
    const op = "LowRankMultivariateNormal";
    const read = readArguments<LowRankMultivariateNormalArguments>(op, signature, given);
    const loc = checkTensor(op, "loc", read.loc);
    const covFactor = checkTensor(op, "covFactor", read.covFactor);
    const covDiag = checkTensor(op, "covDiag", read.covDiag);
    const n = checkSizes(op, loc, covFactor, covDiag);
    const parts = [loc.shape.slice(0, -1), covFactor.shape.slice(0, -2), covDiag.shape.slice(0, -1)];
    const batch = parts.reduce((a, b) => broadcastShapes(op, a, b));
    super(batch, [n], read.validateArgs, {
      loc: loc.expand([...batch, n]),
      covFactor: covFactor.expand([...batch, -1, -1]),
      covDiag: covDiag.expand([...batch, n]),
      unbroadcastedCovFactor: covFactor,
      unbroadcastedCovDiag: covDiag,
    });
    this.capacitanceTril = capacitanceOf(covFactor, covDiag);
  }

  override get mean(): Tensor {
    return this.loc;
  }

  override get mode(): Tensor {
    return this.loc;
  }

  override get variance(): Tensor {
    return this.unbroadcastedCovFactor.pow(2).sum(-1).add(this.unbroadcastedCovDiag).expand(this.extendedShape());
  }

  protected override drawReparameterized(shape: Shape): Tensor {
    const { dtype, device } = this.loc;
    const common = randn([...shape.slice(0, -1), this.covFactor.shape.at(-1)!], { dtype, device });
    const own = randn(shape, { dtype, device });
    return this.loc.add(batchMv(this.unbroadcastedCovFactor, common)).add(this.unbroadcastedCovDiag.sqrt().mul(own));
  }

  protected override logDensity(value: Tensor): Tensor {
    const { unbroadcastedCovFactor, unbroadcastedCovDiag, capacitanceTril } = this;
    const x = value.sub(this.loc);
    return this.logDet()
      .add(this.eventShape[0]! * Math.log(2 * Math.PI))
      .add(batchLowRankMahalanobis(unbroadcastedCovFactor, unbroadcastedCovDiag, x, capacitanceTril))
      .mul(-0.5);
  }

  override entropy(): Tensor {
    const constant = this.eventShape[0]! * (1 + Math.log(2 * Math.PI));
    return this.logDet().add(constant).mul(0.5).expand(this.batchShape);
  }

  private logDet(): Tensor {
    return batchLowRankLogDet(this.unbroadcastedCovDiag, this.capacitanceTril);
  }
}

/** The size of the vectors. */
function checkSizes(op: string, loc: Tensor, covFactor: Tensor, covDiag: Tensor): number {
  if (loc.ndim < 1) throw new ValueError(`${op}: loc must be at least one-dimensional.`);
  const n = loc.shape.at(-1)!;
  if (covFactor.ndim < 2)
    throw new ValueError(`${op}: covFactor must be at least two-dimensional, with optional leading batch dimensions`);
  if (covFactor.shape.at(-2) !== n)
    throw new ValueError(
      `${op}: covFactor must be a batch of matrices with shape ${n} x m, got ${shapeText(covFactor.shape)}`,
    );
  if (covDiag.shape.at(-1) !== n)
    throw new ValueError(
      `${op}: covDiag must be a batch of vectors with shape [${n}], got ${shapeText(covDiag.shape)}`,
    );
  return n;
}

const square = (d: LowRankMultivariateNormal): Shape => [...d.batchShape, ...d.eventShape, ...d.eventShape];

lazyParameters(LowRankMultivariateNormal, {
  /** D½ times the factor of I + D⁻½WWᵀD⁻½, whose eigenvalues are not below one. */
  scaleTril: (d) => {
    const root = d.unbroadcastedCovDiag.sqrt().unsqueeze(-1);
    const scaled = d.unbroadcastedCovFactor.div(root);
    return root.mul(cholesky(plusIdentity(matmul(scaled, scaled.transpose(-2, -1))))).expand(square(d));
  },
  covarianceMatrix: (d) =>
    matmul(d.unbroadcastedCovFactor, d.unbroadcastedCovFactor.transpose(-2, -1))
      .add(d.unbroadcastedCovDiag.diagEmbed())
      .expand(square(d)),
  precisionMatrix: (d) => {
    const scaled = scaledTranspose(d.unbroadcastedCovFactor, d.unbroadcastedCovDiag);
    const a = solveTriangular(d.capacitanceTril, scaled, { upper: false });
    const inverse = d.unbroadcastedCovDiag.reciprocal().diagEmbed();
    return inverse.sub(matmul(a.transpose(-2, -1), a)).expand(square(d));
  },
});
