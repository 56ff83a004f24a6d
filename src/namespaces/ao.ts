/** `torch.ao`: models of integers. */
export * as nn from "./aoNn";
export * as quantization from "../quantization/index";
