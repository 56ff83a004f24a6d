/** Functions of autograd that are methods of a tensor as well. */
export { backward } from "../autograd/backward";
export { registerHook, registerPostAccumulateGradHook, retainGrad } from "../autograd/hooks";
