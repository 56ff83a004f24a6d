/** `torch.autograd.functional`. */
export { type HessianOptions, hessian, type Jacobian, type JacobianOptions, jacobian, type Strategy } from "./jacobian";
export { hvp, jvp, type ProductOptions, vhp, vjp } from "./products";
export type { Each, TensorFunction, Tensors } from "./tuples";
