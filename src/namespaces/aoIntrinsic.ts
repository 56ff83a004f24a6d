/** `torch.ao.nn.intrinsic`: layers that are computed as one. */

export * from "../quantization/modules/intrinsic";
export * as quantized from "./aoIntrinsicQuantized";
