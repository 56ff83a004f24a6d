/** `torch.utils`. */
export * as checkpoint from "./autograd/checkpoint";
export * as data from "./data/index";
