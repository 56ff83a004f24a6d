/** Probability distributions. @see torch.distributions */
export { Bernoulli, Geometric } from "./bernoulli";
export type { BinaryArguments } from "./binary";
export {
  Categorical,
  type CategoricalArguments,
  OneHotCategorical,
  OneHotCategoricalStraightThrough,
} from "./categorical";
export * from "./cauchy";
export * as constraints from "./constraints";
export * from "./continuousBernoulli";
export { Distribution, type DistributionArguments } from "./distribution";
export * from "./exponential";
export * from "./exponentialFamily";
export { type HalfArguments, HalfNormal, LogisticNormal, LogNormal } from "./fromNormal";
export * from "./independent";
export * from "./laplace";
export type { LocScaleArguments } from "./locScale";
export * from "./mixtureSameFamily";
export * from "./normal";
export * as utils from "./publicUtils";
export * from "./relaxed";
export { TransformedDistribution, type TransformedDistributionArguments } from "./transformedDistribution";
export * from "./transforms";
export * as transforms from "./transforms";
export * from "./uniform";
