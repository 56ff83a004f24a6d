/** Probability distributions. @see torch.distributions */
export * as constraints from "./constraints";
export { Distribution, type DistributionArguments } from "./distribution";
export * from "./exponentialFamily";
export { type LocScaleArguments, Normal } from "./normal";
export * as utils from "./publicUtils";
