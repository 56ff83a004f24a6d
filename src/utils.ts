/** `torch.utils`. */
export * as checkpoint from "./autograd/checkpoint";
export * as data from "./data/index";
export * as tensorboard from "./tensorboard/index";
