/** What `torch.optim` exports. */
export * from "./adadelta";
export * from "./adagrad";
export { Adam, type AdamOptions } from "./adam";
export * from "./adamax";
export * from "./adamw";
export * from "./asgd";
export * from "./lbfgs";
export * from "./lion";
export * as lrScheduler from "./lrScheduler/index";
export * from "./muon";
export * from "./nadam";
export {
  type Closure,
  Optimizer,
  type ParamGroup,
  type ParamGroupInput,
  type Params,
  type StepPostHook,
  type StepPreHook,
} from "./optimizer";
export { PerParameterOptimizer } from "./perParameter";
export * from "./radam";
export * from "./rmsprop";
export * from "./rprop";
export * from "./sgd";
export * from "./sparseAdam";
export type { OptimizerStateDict } from "./stateDict";
export * as swaUtils from "./swaUtils";
