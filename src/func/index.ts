/** `torch.func`. */
export type { Argnums } from "./differentiate";
export { type FunctionalCallOptions, functionalCall, type NamedTensors, stackModuleState } from "./functionalCall";
export {
  grad,
  gradAndValue,
  type JvpOptions,
  jvp,
  type Pullback,
  type PullbackOptions,
  type TransformOptions,
  vjp,
} from "./grad";
export { hessian, jacfwd, jacrev } from "./jacobian";
export { type Dims, type VmapOptions, vmap } from "./vmap";
