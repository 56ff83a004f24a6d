/** `torch.ao.nn.quantized`: layers of quantized tensors. */

export * as dynamic from "./dynamic";
export { Conv1d, Conv2d } from "./modules/conv";
export { FloatFunctional, QFunctional } from "./modules/functional";
export { Linear } from "./modules/linear";
export { DeQuantize, Quantize } from "./modules/stubs";
