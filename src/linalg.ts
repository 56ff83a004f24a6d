/** `torch.linalg`. */
export { vectorNorm } from "./ops/moments";
export { multiDot, vecdot } from "./ops/products";
