/** `torch.ao`: models of integers. */

export * as quantization from "../quantization/index";
export * as nn from "./aoNn";
