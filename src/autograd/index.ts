/** `torch.autograd`. */
export { backward, grad } from "./engine";
export { RemovableHandle } from "./hooks";
export { AccumulateGrad, Node } from "./node";
