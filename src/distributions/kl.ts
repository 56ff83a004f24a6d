/** Kullback–Leibler divergences. @see torch.distributions.kl */
import "./klWithin";
import "./klBetween";

export { type DistributionClass, type Divergence, klDivergence, registerKl } from "./klRegistry";
