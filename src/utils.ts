/** `torch.utils`. */
export * as checkpoint from "./autograd/checkpoint";
export * as data from "./data/index";
export * as dlpack from "./ops/dlpack";
