/** `torch.autograd`, as far as it needs no ops; src/namespaces/autograd.ts is the whole. */
export {
  type AnomalyOptions,
  detectAnomaly,
  isAnomalyCheckNanEnabled,
  isAnomalyEnabled,
  setDetectAnomaly,
} from "./anomaly";
export { type BackwardOptions, backward, type GradOptions, grad } from "./backward";
export { CustomFunction as Function, type FunctionGrads, onceDifferentiable } from "./function";
export { FunctionCtx } from "./functionCtx";
export {
  type Differentiable,
  type GradcheckOptions,
  type GradgradcheckOptions,
  gradcheck,
  gradgradcheck,
} from "./gradcheck";
export * as graph from "./graph";
export { RemovableHandle } from "./handle";
export { AccumulateGrad, Node } from "./node";
export { Variable } from "./variable";
