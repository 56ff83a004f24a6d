/** `torch.special`. */
import { alias } from "../core/signature";
import type { Unary } from "../ops/builders/define";
import { digamma, lgamma } from "../ops/elementwise/special";
import { sigmoid } from "../ops/elementwise/unary";

export { round } from "../ops/elementwise/arithmetic";
export * from "../ops/elementwise/bessel";
export { xlog1py, xlogy } from "../ops/elementwise/binary";
export * from "../ops/elementwise/polynomial";
export * from "../ops/elementwise/special";
export { exp2, expm1, log1p, sinc } from "../ops/elementwise/unary";
export { logsumexp } from "../ops/reduce/moments";
export { logSoftmax, softmax } from "../ops/reduce/softmax";

/** The derivative of {@link gammaln}. @see torch.special.psi */
export const psi: Unary = alias("psi", digamma);
/** log |Γ(x)|. @see torch.special.gammaln */
export const gammaln: Unary = alias("gammaln", lgamma);
/** 1 / (1 + e^−x). @see torch.special.expit */
export const expit: Unary = alias("expit", sigmoid);
