/** Probability distributions. @see torch.distributions */
import { checkMethods } from "./arguments";
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

export { Bernoulli, Geometric } from "./bernoulli";
export type { BinaryArguments } from "./binary";
export { Binomial, type BinomialArguments, NegativeBinomial, type NegativeBinomialArguments } from "./binomial";
export {
  Categorical,
  type CategoricalArguments,
  OneHotCategorical,
  OneHotCategoricalStraightThrough,
} from "./categorical";
export * from "./cauchy";
export * as constraintRegistry from "./constraintRegistry";
export { bijectTo, transformTo } from "./constraintRegistry";
export * as constraints from "./constraints";
export * from "./continuousBernoulli";
export { Beta, type BetaArguments, Dirichlet, type DirichletArguments } from "./dirichlet";
export { Distribution, type DistributionArguments } from "./distribution";
export * from "./exponential";
export * from "./exponentialFamily";
export { type HalfArguments, HalfNormal, LogisticNormal, LogNormal } from "./fromNormal";
export { Chi2, type Chi2Arguments, Gamma, type GammaArguments } from "./gamma";
export * from "./independent";
export * as kl from "./kl";
export { type DistributionClass, type Divergence, klDivergence, registerKl } from "./kl";
export * from "./laplace";
export { LKJCholesky, type LKJCholeskyArguments } from "./lkjCholesky";
export type { LocScaleArguments } from "./locScale";
export { LowRankMultivariateNormal, type LowRankMultivariateNormalArguments } from "./lowRankMultivariateNormal";
export * from "./mixtureSameFamily";
export { Multinomial, type MultinomialArguments } from "./multinomial";
export { MultivariateNormal, type MultivariateNormalArguments, type SpreadArguments } from "./multivariateNormal";
export * from "./normal";
export { Poisson, type PoissonArguments } from "./poisson";
export * as utils from "./publicUtils";
export * from "./relaxed";
export { FisherSnedecor, type FisherSnedecorArguments, StudentT, type StudentTArguments } from "./studentT";
export { TransformedDistribution, type TransformedDistributionArguments } from "./transformedDistribution";
export * from "./transforms";
export * as transforms from "./transforms";
export * from "./uniform";
export { VonMises, type VonMisesArguments } from "./vonMises";
export { Wishart, type WishartArguments } from "./wishart";
