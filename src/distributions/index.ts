/** Probability distributions. @see torch.distributions */
import { checkMethods } from "./base/arguments";
import { Bernoulli } from "./bernoulli";
import { ContinuousBernoulli } from "./continuousBernoulli";
import { Beta, Dirichlet } from "./dirichlet";
import { Exponential } from "./exponential";
import { Gamma } from "./gamma";
import { Normal } from "./normal";
import { Poisson } from "./poisson";
import { Wishart } from "./wishart";

checkMethods([Bernoulli, ContinuousBernoulli, Beta, Dirichlet, Exponential, Gamma, Normal, Poisson, Wishart], {
  _logNormalizer: "x, y",
});

export type { BinaryArguments } from "./base/binary";
export * as constraintRegistry from "./base/constraintRegistry";
export { bijectTo, transformTo } from "./base/constraintRegistry";
export * as constraints from "./base/constraints";
export { Distribution, type DistributionArguments } from "./base/distribution";
export * from "./base/exponentialFamily";
export { type HalfArguments, HalfNormal, LogisticNormal, LogNormal } from "./base/fromNormal";
export type { LocScaleArguments } from "./base/locScale";
export * as utils from "./base/publicUtils";
export { Bernoulli, Geometric } from "./bernoulli";
export { Binomial, type BinomialArguments, NegativeBinomial, type NegativeBinomialArguments } from "./binomial";
export {
  Categorical,
  type CategoricalArguments,
  OneHotCategorical,
  OneHotCategoricalStraightThrough,
} from "./categorical";
export * from "./cauchy";
export * from "./continuousBernoulli";
export { Beta, type BetaArguments, Dirichlet, type DirichletArguments } from "./dirichlet";
export * from "./exponential";
export { Chi2, type Chi2Arguments, Gamma, type GammaArguments } from "./gamma";
export * from "./independent";
export * as kl from "./kl/kl";
export { type DistributionClass, type Divergence, klDivergence, registerKl } from "./kl/kl";
export * from "./laplace";
export { LKJCholesky, type LKJCholeskyArguments } from "./lkjCholesky";
export { LowRankMultivariateNormal, type LowRankMultivariateNormalArguments } from "./lowRankMultivariateNormal";
export * from "./mixtureSameFamily";
export { Multinomial, type MultinomialArguments } from "./multinomial";
export { MultivariateNormal, type MultivariateNormalArguments, type SpreadArguments } from "./multivariateNormal";
export * from "./normal";
export { Poisson, type PoissonArguments } from "./poisson";
export * from "./relaxed";
export { FisherSnedecor, type FisherSnedecorArguments, StudentT, type StudentTArguments } from "./studentT";
export { TransformedDistribution, type TransformedDistributionArguments } from "./transforms/transformedDistribution";
export * from "./transforms/transforms";
export * as transforms from "./transforms/transforms";
export * from "./uniform";
export { VonMises, type VonMisesArguments } from "./vonMises";
export { Wishart, type WishartArguments } from "./wishart";
