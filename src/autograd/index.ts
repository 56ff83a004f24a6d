/** `torch.autograd`. */
export { backward, grad } from "./engine";
export { type Differentiable, type GradcheckOptions, gradcheck, gradgradcheck } from "./gradcheck";
export { RemovableHandle } from "./hooks";
export { AccumulateGrad, Node } from "./node";
