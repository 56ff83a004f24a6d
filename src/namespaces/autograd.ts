/** `torch.autograd`. */
export * from "../autograd/index";
export * as functional from "../func/functional/index";
