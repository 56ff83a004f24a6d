/** `torch.ao.nn.intrinsic`: layers that are computed as one. */

export { ConvReLU1d as QuantizedConvReLU1d, ConvReLU2d as QuantizedConvReLU2d } from "../quantization/modules/conv";
export * from "../quantization/modules/intrinsic";
export { LinearReLU as QuantizedLinearReLU } from "../quantization/modules/linear";
