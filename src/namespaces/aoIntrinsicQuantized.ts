/** `torch.ao.nn.intrinsic.quantized`: the layers that fused ones become. */
export { ConvReLU1d, ConvReLU2d } from "../quantization/modules/conv";
export { LinearReLU } from "../quantization/modules/linear";
