/** Probability distributions. @see torch.distributions */

export { Binomial, type BinomialArguments, NegativeBinomial, type NegativeBinomialArguments } from "./binomial";
export * as constraints from "./constraints";
export { Beta, type BetaArguments, Dirichlet, type DirichletArguments } from "./dirichlet";
export { Distribution, type DistributionArguments } from "./distribution";
export * from "./exponentialFamily";
export { Chi2, type Chi2Arguments, Gamma, type GammaArguments } from "./gamma";
export { LKJCholesky, type LKJCholeskyArguments } from "./lkjCholesky";
export { LowRankMultivariateNormal, type LowRankMultivariateNormalArguments } from "./lowRankMultivariateNormal";
export { Multinomial, type MultinomialArguments } from "./multinomial";
export { MultivariateNormal, type MultivariateNormalArguments, type SpreadArguments } from "./multivariateNormal";
export { type LocScaleArguments, Normal } from "./normal";
export { Poisson, type PoissonArguments } from "./poisson";
export * as utils from "./publicUtils";
export { FisherSnedecor, type FisherSnedecorArguments, StudentT, type StudentTArguments } from "./studentT";
export * from "./transforms";
export * as transforms from "./transforms";
export { VonMises, type VonMisesArguments } from "./vonMises";
export { Wishart, type WishartArguments } from "./wishart";
