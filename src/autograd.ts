/** `torch.autograd`. */
export * from "./autograd/index";
