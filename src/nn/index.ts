/** Neural networks: `torch.nn`. */
import "./absent";

export * from "./activation";
export * from "./adaptiveSoftmax";
export * from "./attention";
export * from "./batchnorm";
export * from "./container";
export * from "./conv";
export * from "./crossMapNorm";
export * from "./ctc";
export { deepcopy } from "./deepcopy";
export * from "./distance";
export * from "./dropout";
export * from "./embeddingBag";
export * from "./flatten";
export * from "./fold";
export * from "./fractionalPool";
export * as functional from "./functional/index";
export type { BackwardHook, BackwardPreHook, ForwardHook, ForwardPreHook, ModuleGrads } from "./hooks";
export * as init from "./init";
export * from "./lazy";
export * from "./linear";
export * from "./loss";
export * from "./marginLoss";
export {
  type HookOptions,
  Module,
  registerModuleForwardHook,
  registerModuleForwardPreHook,
  registerModuleFullBackwardHook,
  registerModuleFullBackwardPreHook,
  type WalkOptions,
} from "./module";
export * from "./normalization";
export * from "./oldNames";
export * from "./padding";
export {
  Parameter,
  type ParameterOptions,
  type ParameterParameters,
  UninitializedBuffer,
  UninitializedParameter,
} from "./parameter";
export * from "./pixels";
export * from "./pooling";
export * from "./rnn";
export * from "./rnnCell";
export * from "./softmax";
export { Embedding, type EmbeddingOptions, type PretrainedParameters, type TableParameters } from "./sparse";
export { IncompatibleKeys, type StateDict, snakeCase } from "./state";
export * from "./transformer";
export * from "./tunableActivation";
export * from "./unpooling";
export * as utils from "./utils/index";
