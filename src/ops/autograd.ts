/** Functions of autograd that are methods of a tensor as well. */
export { backward } from "../autograd/engine";
export { registerHook, registerPostAccumulateGradHook, retainGrad } from "../autograd/hooks";
