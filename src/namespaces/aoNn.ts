/** `torch.ao.nn`: layers of quantized models, and those that are fused before. */
export * as intrinsic from "./aoIntrinsic";
export * as quantized from "../quantization/quantized";
