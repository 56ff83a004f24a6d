/** `torch.ao.nn.quantized.dynamic`: layers of float32 whose weights have fewer bits. */
export { LinearHalf } from "./modules/half";
export { DynamicLinear as Linear } from "./modules/linear";
