/** Divergences of distributions of different families. */
import { fullLike } from "../../ops/creation/like";
import { where } from "../../ops/elementwise/where";
import type { Tensor } from "../../tensor/tensor";
import type { Distribution } from "../base/distribution";
import { eulerConstant } from "../base/utils";
import { Bernoulli } from "../bernoulli";
import { Binomial } from "../binomial";
import { ContinuousBernoulli } from "../continuousBernoulli";
import { Beta } from "../dirichlet";
import { Exponential, Pareto } from "../exponential";
import { Gamma } from "../gamma";
import { Laplace } from "../laplace";
import { Normal } from "../normal";
import { Poisson } from "../poisson";
import { Gumbel, Uniform } from "../uniform";
import { type DistributionClass, registerKl } from "./registry";

const infinity = Number.POSITIVE_INFINITY;

/** Pairs in which p has values where q has none. */
function infinite<P extends Distribution>(
  typeP: DistributionClass<P>,
  parameter: (p: P) => Tensor,
  typesQ: readonly DistributionClass[],
): void {
  for (const typeQ of typesQ) registerKl(typeP, typeQ)((p) => fullLike(parameter(p), infinity));
}

infinite(Beta, (p) => p.concentration1, [Pareto]);
infinite(ContinuousBernoulli, (p) => p.probs, [Pareto]);
infinite(Exponential, (p) => p.rate, [Beta, ContinuousBernoulli, Pareto, Uniform]);
infinite(Gamma, (p) => p.concentration, [Beta, ContinuousBernoulli, Pareto, Uniform]);
infinite(Gumbel, (p) => p.loc, [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform]);
infinite(Laplace, (p) => p.loc, [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform]);
infinite(Normal, (p) => p.loc, [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform]);
infinite(Pareto, (p) => p.scale, [Beta, ContinuousBernoulli, Uniform]);
infinite(Poisson, (p) => p.rate, [Bernoulli, Binomial]);

const xLogX = (x: Tensor): Tensor => x.mul(x.log());
const complement = (x: Tensor): Tensor => x.neg().add(1);
/** log Γ(α) − α log β, of a gamma distribution. */
const gammaNorm = (q: Gamma): Tensor => q.concentration.lgamma().sub(q.concentration.mul(q.rate.log()));
/** What normal distributions make of the first two moments of p: E(x − loc)² / (2 scale²), up to a factor. */
const quadratic = (q: Normal, first: Tensor, halfSecond: Tensor): Tensor =>
  halfSecond.sub(q.loc.mul(first)).add(q.loc.pow(2).mul(0.5)).div(q.scale.pow(2));

registerKl(Bernoulli, Poisson)((p, q) => p.entropy().neg().sub(p.probs.mul(q.rate.log()).sub(q.rate)));

/** −E log q(x) for a continuous Bernoulli q, which needs no more of p than its mean. */
const crossOf = (p: Distribution, q: ContinuousBernoulli): Tensor =>
  p.mean.mul(q.logits).add(q.probs.neg().log1p()).add(q.logNorm).neg();

registerKl(Beta, ContinuousBernoulli)((p, q) => crossOf(p, q).sub(p.entropy()));

const exponential = (p: Distribution, q: Exponential): Tensor =>
  p.entropy().neg().sub(q.rate.log()).add(q.rate.mul(p.mean));

registerKl(Beta, Exponential)(exponential);
registerKl(ContinuousBernoulli, Exponential)(exponential);
registerKl(Gamma, Exponential)(exponential);

registerKl(
  Beta,
  Gamma,
)((p, q) => {
  const sum = p.concentration1.add(p.concentration0);
  const t3 = q.concentration.sub(1).mul(p.concentration1.digamma().sub(sum.digamma()));
  return gammaNorm(q).sub(p.entropy()).sub(t3).add(q.rate.mul(p.concentration1).div(sum));
});

registerKl(
  Beta,
  Normal,
)((p, q) => {
  const norm = q.scale
    .pow(2)
    .mul(2 * Math.PI)
    .log()
    .mul(0.5);
  const second = p.variance.add(p.mean.pow(2)).mul(0.5);
  return norm.sub(p.entropy()).add(quadratic(q, p.mean, second));
});

registerKl(
  Beta,
  Uniform,
)((p, q) => {
  const inside = q.high.sub(q.low).log().sub(p.entropy());
  return where(q.low.gt(0).logicalOr(q.high.lt(1)), infinity, inside);
});

registerKl(
  ContinuousBernoulli,
  Normal,
)((p, q) => {
  const norm = q.scale.log().add(0.5 * Math.log(2 * Math.PI));
  return norm.sub(p.entropy()).add(quadratic(q, p.mean, p.variance.add(p.mean.square()).mul(0.5)));
});

// Infinite where an end of q touches [0, 1], as in PyTorch.
registerKl(
  ContinuousBernoulli,
  Uniform,
)((p, q) => where(q.low.ge(0).logicalOr(q.high.le(1)), infinity, q.high.sub(q.low).log().sub(p.entropy())));

registerKl(
  Exponential,
  Gamma,
)((p, q) => {
  const ratio = q.rate.div(p.rate);
  return ratio
    .sub(q.concentration.mul(ratio.log()))
    .add(q.concentration.lgamma())
    .add(q.concentration.mul(eulerConstant))
    .sub(1 + eulerConstant);
});

registerKl(
  Exponential,
  Gumbel,
)((p, q) => {
  const product = p.rate.mul(q.scale);
  const ratio = q.loc.div(q.scale);
  return product
    .log()
    .sub(1)
    .sub(ratio)
    .add(ratio.exp().mul(product).div(product.add(1)))
    .add(product.reciprocal());
});

registerKl(
  Exponential,
  Normal,
)((p, q) => {
  const square = p.rate.pow(2);
  const norm = square
    .mul(q.scale.pow(2))
    .mul(2 * Math.PI)
    .log()
    .mul(0.5);
  return norm.sub(1).add(quadratic(q, p.rate.reciprocal(), square.reciprocal()));
});

registerKl(
  Gamma,
  Gumbel,
)((p, q) => {
  const product = p.rate.mul(q.scale);
  const ratio = q.loc.div(q.scale);
  const t1 = p.concentration.sub(1).mul(p.concentration.digamma()).sub(p.concentration.lgamma()).sub(p.concentration);
  const t3 = ratio.exp().mul(product.reciprocal().add(1).pow(p.concentration.neg()));
  return t1.add(product.log()).add(p.concentration.div(product)).add(t3).sub(ratio);
});

registerKl(
  Gamma,
  Normal,
)((p, q) => {
  const square = p.rate.pow(2);
  const norm = square
    .mul(q.scale.pow(2))
    .mul(2 * Math.PI)
    .log()
    .mul(0.5);
  const second = p.concentration.pow(2).add(p.concentration).div(square).mul(0.5);
  return norm
    .sub(p.concentration)
    .sub(p.concentration.lgamma())
    .add(p.concentration.sub(1).mul(p.concentration.digamma()))
    .add(quadratic(q, p.concentration.div(p.rate), second));
});

registerKl(
  Gumbel,
  Normal,
)((p, q) => {
  const ratio = p.scale.div(q.scale);
  const t3 = p.loc.add(p.scale.mul(eulerConstant)).sub(q.loc).div(q.scale).pow(2).mul(0.5);
  return ratio
    .mul(Math.PI / 2)
    .pow(2)
    .div(3)
    .sub(ratio.div(Math.sqrt(2 * Math.PI)).log())
    .add(t3)
    .sub(eulerConstant + 1);
});

registerKl(
  Laplace,
  Normal,
)((p, q) => {
  const ratio = p.scale.pow(2).div(q.scale.pow(2));
  const t1 = ratio
    .mul(2 / Math.PI)
    .log()
    .mul(0.5);
  return ratio
    .sub(t1)
    .add(quadratic(q, p.loc, p.loc.pow(2).mul(0.5)))
    .sub(1);
});

registerKl(
  Normal,
  Gumbel,
)((p, q) => {
  const [locP, locQ] = [p.loc.div(q.scale), q.loc.div(q.scale)];
  const ratio = p.scale.div(q.scale).pow(2);
  const t3 = ratio.mul(0.5).sub(locP).add(locQ).exp();
  return locP
    .sub(locQ)
    .sub(ratio.log().mul(0.5))
    .add(t3)
    .sub(0.5 * (1 + Math.log(2 * Math.PI)));
});

registerKl(
  Normal,
  Laplace,
)((p, q) => {
  const distance = p.loc.sub(q.loc);
  const z = distance.div(p.scale);
  const t2 = p.scale.mul(Math.sqrt(2 / Math.PI)).mul(z.pow(2).mul(-0.5).exp());
  const t3 = distance.mul(z.mul(Math.SQRT1_2).erf());
  return t2
    .add(t3)
    .div(q.scale)
    .sub(p.scale.div(q.scale).log())
    .sub(0.5 * (1 + Math.log(Math.PI / 2)));
});

registerKl(
  Pareto,
  Exponential,
)((p, q) => {
  const product = p.scale.mul(q.rate);
  const inside = p.alpha
    .div(product)
    .log()
    .sub(p.alpha.reciprocal())
    .add(p.alpha.mul(product).div(p.alpha.sub(1)))
    .sub(1);
  return where(p.alpha.le(1), infinity, inside);
});

registerKl(
  Pareto,
  Gamma,
)((p, q) => {
  const common = p.scale.log().add(p.alpha.reciprocal());
  const t4 = q.rate.mul(p.alpha).mul(p.scale).div(p.alpha.sub(1));
  const inside = p.alpha
    .log()
    .sub(common)
    .add(gammaNorm(q))
    .add(complement(q.concentration).mul(common))
    .add(t4)
    .sub(1);
  return where(p.alpha.le(1), infinity, inside);
});

registerKl(
  Pareto,
  Normal,
)((p, q) => {
  const common = p.scale.div(p.alpha.sub(1));
  const t1 = q.scale
    .mul(Math.sqrt(2 * Math.PI))
    .mul(p.alpha)
    .div(p.scale)
    .log();
  const t3 = p.alpha.mul(common.pow(2)).div(p.alpha.sub(2));
  const t4 = p.alpha.mul(common).sub(q.loc).pow(2);
  const inside = t1
    .sub(p.alpha.reciprocal())
    .add(t3.add(t4).div(q.scale.pow(2).mul(2)))
    .sub(1);
  return where(p.alpha.le(2), infinity, inside);
});

/** E log x. */
const meanLog = ({ low, high }: Uniform, width: Tensor): Tensor => xLogX(high).sub(xLogX(low)).sub(width).div(width);

registerKl(
  Uniform,
  Beta,
)((p, q) => {
  const { concentration1: a, concentration0: b } = q;
  const width = p.high.sub(p.low);
  const rest = xLogX(complement(p.high))
    .sub(xLogX(complement(p.low)))
    .add(width)
    .div(width);
  const t4 = a.lgamma().add(b.lgamma()).sub(a.add(b).lgamma());
  const inside = b
    .sub(1)
    .mul(rest)
    .add(t4)
    .sub(width.log())
    .sub(a.sub(1).mul(meanLog(p, width)));
  return where(p.high.gt(1).logicalOr(p.low.lt(0)), infinity, inside);
});

// Infinite where p reaches an end of [0, 1], as in PyTorch.
registerKl(
  Uniform,
  ContinuousBernoulli,
)((p, q) => where(p.high.ge(1).logicalOr(p.low.le(0)), infinity, crossOf(p, q).sub(p.entropy())));

registerKl(
  Uniform,
  Exponential,
)((p, q) => {
  const inside = q.rate.mul(p.mean).sub(p.high.sub(p.low).mul(q.rate).log());
  return where(p.low.lt(0), infinity, inside);
});

registerKl(
  Uniform,
  Gamma,
)((p, q) => {
  const width = p.high.sub(p.low);
  const inside = gammaNorm(q)
    .sub(width.log())
    .add(complement(q.concentration).mul(meanLog(p, width)))
    .add(q.rate.mul(p.mean));
  return where(p.low.lt(0), infinity, inside);
});

registerKl(
  Uniform,
  Gumbel,
)((p, q) => {
  const ratio = q.scale.div(p.high.sub(p.low));
  const [high, low] = [p.high.sub(q.loc).div(q.scale), p.low.sub(q.loc).div(q.scale)];
  const t2 = ratio.mul(high.neg().exp().sub(low.neg().exp()));
  return ratio.log().add(high.add(low).mul(0.5)).sub(t2);
});

registerKl(
  Uniform,
  Normal,
)((p, q) => {
  const width = p.high.sub(p.low);
  const t1 = q.scale
    .mul(Math.sqrt(2 * Math.PI))
    .div(width)
    .log();
  const t2 = width.pow(2).div(12).add(p.mean.sub(q.loc).pow(2));
  return t1.add(t2.mul(0.5).div(q.scale.pow(2)));
});

registerKl(
  Uniform,
  Pareto,
)((p, q) => {
  const width = p.high.sub(p.low);
  const t1 = q.alpha.mul(q.scale.pow(q.alpha)).mul(width).log();
  const inside = meanLog(p, width).mul(q.alpha.add(1)).sub(t1);
  return where(p.low.lt(q.scale), infinity, inside);
});
