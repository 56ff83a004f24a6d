/** Divergences of two distributions of one family. */
import { KindlingError, ValueError } from "../../core/errors";
import { broadcastShapes, type Shape, sameShape } from "../../core/shape";
import { demand } from "../../ops/builders/checks";
import { softplus } from "../../ops/elementwise/activation";
import { where } from "../../ops/elementwise/where";
import { solveTriangular } from "../../ops/linalg/decompositions";
import { diagEmbed } from "../../ops/shape/diagonal";
import type { Tensor } from "../../tensor/tensor";
import { ExponentialFamily } from "../base/exponentialFamily";
import { HalfNormal } from "../base/fromNormal";
import { eulerConstant, sumRightmost } from "../base/utils";
import { Bernoulli, Geometric } from "../bernoulli";
import { Binomial } from "../binomial";
import { Categorical, OneHotCategorical } from "../categorical";
import { Cauchy } from "../cauchy";
import { ContinuousBernoulli } from "../continuousBernoulli";
import { Beta, Dirichlet } from "../dirichlet";
import { Exponential, Pareto } from "../exponential";
import { Gamma } from "../gamma";
import { Independent } from "../independent";
import { Laplace } from "../laplace";
import { batchLowRankLogDet, batchLowRankMahalanobis, LowRankMultivariateNormal } from "../lowRankMultivariateNormal";
import { batchMahalanobis, halfLogDet, MultivariateNormal } from "../multivariateNormal";
import { Normal } from "../normal";
import { Poisson } from "../poisson";
import { sameTransforms } from "../transforms/transform";
import { TransformedDistribution } from "../transforms/transformedDistribution";
import { Gumbel, Uniform } from "../uniform";
import { klDivergence, registerKl } from "./registry";

const infinity = Number.POSITIVE_INFINITY;

const complement = (x: Tensor): Tensor => x.neg().add(1);

registerKl(
  Bernoulli,
  Bernoulli,
)((p, q) => {
  /** The part of one outcome, whose logits have this sign. */
  const part = (probs: Tensor, other: Tensor, sign: number): Tensor => {
    const value = probs.mul(softplus(q.logits.mul(sign)).sub(softplus(p.logits.mul(sign))));
    return where(probs.eq(0), 0, where(other.eq(0), infinity, value));
  };
  return part(p.probs, q.probs, -1).add(part(complement(p.probs), complement(q.probs), 1));
});

const categorical = registerKl(
  Categorical,
  Categorical,
)((p, q) => {
  const terms = p.probs.mul(p.logits.sub(q.logits));
  return where(p.probs.eq(0), 0, where(q.probs.eq(0), infinity, terms)).sum(-1);
});

registerKl(OneHotCategorical, OneHotCategorical)((p, q) => categorical(p.categorical, q.categorical));

registerKl(
  Binomial,
  Binomial,
)((p, q) => {
  const error = () => new KindlingError("KL between Binomials where q.totalCount > p.totalCount is not implemented");
  demand(p.totalCount.lt(q.totalCount).logicalNot(), error);
  const each = p.probs.mul(p.logits.sub(q.logits)).add(p.probs.neg().log1p()).sub(q.probs.neg().log1p());
  return where(p.totalCount.gt(q.totalCount), infinity, p.totalCount.mul(each));
});

registerKl(Geometric, Geometric)((p, q) => p.entropy().neg().sub(q.probs.neg().log1p().div(p.probs)).sub(q.logits));

registerKl(Poisson, Poisson)((p, q) => p.rate.mul(p.rate.log().sub(q.rate.log())).sub(p.rate.sub(q.rate)));

registerKl(
  ContinuousBernoulli,
  ContinuousBernoulli,
)((p, q) => {
  const part = (d: ContinuousBernoulli): Tensor => d.logNorm.add(d.probs.neg().log1p());
  return p.mean.mul(p.logits.sub(q.logits)).add(part(p)).sub(part(q));
});

registerKl(
  Beta,
  Beta,
)((p, q) => {
  const [sumP, sumQ] = [p.concentration1.add(p.concentration0), q.concentration1.add(q.concentration0)];
  const t1 = q.concentration1.lgamma().add(q.concentration0.lgamma()).add(sumP.lgamma());
  const t2 = p.concentration1.lgamma().add(p.concentration0.lgamma()).add(sumQ.lgamma());
  return t1
    .sub(t2)
    .add(p.concentration1.sub(q.concentration1).mul(p.concentration1.digamma()))
    .add(p.concentration0.sub(q.concentration0).mul(p.concentration0.digamma()))
    .add(sumQ.sub(sumP).mul(sumP.digamma()));
});

registerKl(
  Dirichlet,
  Dirichlet,
)(({ concentration: p }, { concentration: q }) => {
  const [sumP, sumQ] = [p.sum(-1), q.sum(-1)];
  const t4 = p.digamma().sub(sumP.digamma().unsqueeze(-1));
  return sumP.lgamma().sub(sumQ.lgamma()).sub(p.lgamma().sub(q.lgamma()).sum(-1)).add(p.sub(q).mul(t4).sum(-1));
});

registerKl(
  Exponential,
  Exponential,
)((p, q) => {
  const ratio = q.rate.div(p.rate);
  return ratio.log().neg().add(ratio).sub(1);
});

registerKl(
  Gamma,
  Gamma,
)((p, q) =>
  q.concentration
    .mul(p.rate.div(q.rate).log())
    .add(q.concentration.lgamma().sub(p.concentration.lgamma()))
    .add(p.concentration.sub(q.concentration).mul(p.concentration.digamma()))
    .add(q.rate.sub(p.rate).mul(p.concentration.div(p.rate))),
);

registerKl(
  Gumbel,
  Gumbel,
)((p, q) => {
  const ratio = p.scale.div(q.scale);
  const [locP, locQ] = [p.loc.div(q.scale), q.loc.div(q.scale)];
  const t3 = locQ.add(ratio.add(1).lgamma()).sub(locP).exp();
  return locP
    .sub(locQ)
    .sub(ratio.log())
    .add(ratio.mul(eulerConstant))
    .add(t3)
    .sub(1 + eulerConstant);
});

const normal = registerKl(
  Normal,
  Normal,
)((p, q) => {
  const ratio = p.scale.div(q.scale).pow(2);
  return ratio.add(p.loc.sub(q.loc).div(q.scale).pow(2)).sub(1).sub(ratio.log()).mul(0.5);
});

registerKl(HalfNormal, HalfNormal)((p, q) => normal(p.baseDist as unknown as Normal, q.baseDist as unknown as Normal));

registerKl(
  Laplace,
  Laplace,
)((p, q) => {
  const ratio = p.scale.div(q.scale);
  const distance = p.loc.sub(q.loc).abs();
  return distance
    .div(q.scale)
    .sub(ratio.log())
    .add(ratio.mul(distance.neg().div(p.scale).exp()))
    .sub(1);
});

registerKl(
  Cauchy,
  Cauchy,
)((p, q) => {
  const sum = p.scale.add(q.scale).pow(2).add(p.loc.sub(q.loc).pow(2));
  return sum.log().sub(p.scale.mul(4).mul(q.scale).log());
});

registerKl(
  Pareto,
  Pareto,
)((p, q) => {
  const ratio = q.alpha.div(p.alpha);
  const inside = q.alpha.mul(p.scale.div(q.scale).log()).sub(ratio.log()).add(ratio).sub(1);
  return where(p.scale.lt(q.scale), infinity, inside);
});

registerKl(
  Uniform,
  Uniform,
)((p, q) => {
  const inside = q.high.sub(q.low).div(p.high.sub(p.low)).log();
  return where(q.low.gt(p.low).logicalOr(q.high.lt(p.high)), infinity, inside);
});

registerKl(
  ExponentialFamily,
  ExponentialFamily,
)((p, q) => {
  if (p.constructor !== q.constructor)
    throw new KindlingError(
      "klDivergence: The cross KL-divergence between different exponential families cannot be computed using Bregman divergences",
    );
  const { params, value, gradients } = p.normalizerGradient();
  const natural = q._naturalParams;
  return params.reduce(
    (sum, param, i) => sum.sub(sumRightmost(natural[i]!.sub(param).mul(gradients[i]!), q.eventShape.length)),
    q._logNormalizer(...natural).sub(value),
  );
});

registerKl(
  TransformedDistribution,
  TransformedDistribution,
)((p, q) => {
  if (!sameTransforms(p.transforms, q.transforms) || !sameShape(p.eventShape, q.eventShape))
    throw new KindlingError("klDivergence: is not implemented for distributions of different transforms or events");
  return klDivergence(p.baseDist, q.baseDist);
});

registerKl(
  Independent,
  Independent,
)((p, q) => {
  if (p.reinterpretedBatchNdims !== q.reinterpretedBatchNdims)
    throw new KindlingError("klDivergence: is not implemented for different reinterpretedBatchNdims");
  return sumRightmost(klDivergence(p.baseDist, q.baseDist), p.reinterpretedBatchNdims);
});

// Normal distributions of vectors, whose covariance is LLᵀ or WWᵀ + D.

type Multivariate = MultivariateNormal | LowRankMultivariateNormal;

function checkEvents(p: Multivariate, q: Multivariate): number {
  if (!sameShape(p.eventShape, q.eventShape))
    throw new ValueError(
      "klDivergence: KL-divergence between two multivariate normals with different event shapes cannot be computed",
    );
  return p.eventShape[0]!;
}

/** The trace of XXᵀ. */
const traceOfSquare = (x: Tensor): Tensor => x.pow(2).sum([-2, -1]);

/** L⁻¹X for batches of matrices that broadcast. */
function solved(factor: Tensor, x: Tensor): Tensor {
  const batch: Shape = broadcastShapes("klDivergence", factor.shape.slice(0, -2), x.shape.slice(0, -2));
  const spread = (matrix: Tensor): Tensor => matrix.expand([...batch, ...matrix.shape.slice(-2)]);
  return solveTriangular(spread(factor), spread(x), { upper: false });
}

const logDet = (d: Multivariate): Tensor =>
  d instanceof MultivariateNormal
    ? halfLogDet(d.unbroadcastedScaleTril).mul(2)
    : batchLowRankLogDet(d.unbroadcastedCovDiag, d.capacitanceTril);

function mahalanobis(q: Multivariate, x: Tensor): Tensor {
  if (q instanceof MultivariateNormal) return batchMahalanobis(q.unbroadcastedScaleTril, x);
  return batchLowRankMahalanobis(q.unbroadcastedCovFactor, q.unbroadcastedCovDiag, x, q.capacitanceTril);
}

/** Matrices X whose XXᵀ add up to the covariance. */
const rootsOf = (p: Multivariate): Tensor[] =>
  p instanceof MultivariateNormal
    ? [p.unbroadcastedScaleTril]
    : [p.unbroadcastedCovFactor, diagEmbed(p.unbroadcastedCovDiag.sqrt())];

/** The trace of Σq⁻¹Σp, by Woodbury's identity where Σq is of low rank. */
function traceOfQuotient(p: Multivariate, q: Multivariate): Tensor {
  const sum = (terms: Tensor[]): Tensor => terms.reduce((a, b) => a.add(b));
  if (q instanceof MultivariateNormal)
    return sum(rootsOf(p).map((root) => traceOfSquare(solved(q.unbroadcastedScaleTril, root))));
  const { unbroadcastedCovFactor: factor, unbroadcastedCovDiag: diagonal } = q;
  const a = solved(q.capacitanceTril, factor.transpose(-2, -1).div(diagonal.unsqueeze(-2)));
  return sum(
    rootsOf(p).map((root) =>
      traceOfSquare(root.mul(diagonal.rsqrt().unsqueeze(-1))).sub(traceOfSquare(a.matmul(root))),
    ),
  );
}

for (const typeP of [MultivariateNormal, LowRankMultivariateNormal])
  for (const typeQ of [MultivariateNormal, LowRankMultivariateNormal])
    registerKl<Multivariate, Multivariate>(
      typeP,
      typeQ,
    )((p, q) => {
      const n = checkEvents(p, q);
      const distance = mahalanobis(q, q.loc.sub(p.loc));
      return logDet(q).sub(logDet(p)).add(traceOfQuotient(p, q)).add(distance).sub(n).mul(0.5);
    });
