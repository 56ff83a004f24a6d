/** Kullback–Leibler divergences. @see torch.distributions.kl */
import "./within";
import "./between";

export { type DistributionClass, type Divergence, klDivergence, registerKl } from "./registry";
