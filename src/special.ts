/** `torch.special`. */
import { alias } from "./core/signature";
import type { Unary } from "./ops/define";
import { digamma, lgamma } from "./ops/special";
import { sigmoid } from "./ops/unary";

export { round } from "./ops/arithmetic";
export * from "./ops/bessel";
export { xlog1py, xlogy } from "./ops/binary";
export { logsumexp } from "./ops/moments";
export * from "./ops/polynomial";
export { logSoftmax, softmax } from "./ops/softmax";
export * from "./ops/special";
export { exp2, expm1, log1p, sinc } from "./ops/unary";

/** The derivative of {@link gammaln}. @see torch.special.psi */
export const psi: Unary = alias("psi", digamma);
/** log |Γ(x)|. @see torch.special.gammaln */
export const gammaln: Unary = alias("gammaln", lgamma);
/** 1 / (1 + e^−x). @see torch.special.expit */
export const expit: Unary = alias("expit", sigmoid);
