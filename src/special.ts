/** `torch.special`. */
export { round } from "./ops/arithmetic";
export * from "./ops/bessel";
export { xlog1py, xlogy } from "./ops/binary";
export { logsumexp } from "./ops/moments";
export * from "./ops/polynomial";
export { logSoftmax, softmax } from "./ops/softmax";
export * from "./ops/special";
export { digamma as psi, lgamma as gammaln } from "./ops/special";
export { exp2, expm1, log1p, sigmoid as expit, sinc } from "./ops/unary";
