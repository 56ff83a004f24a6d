/** `torch.ao.nn`: layers of quantized models, and those that are fused before. */

export * as quantized from "../quantization/quantized";
export * as intrinsic from "./aoIntrinsic";
