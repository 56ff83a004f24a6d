/** What `torch.nn` exports. */
import "./absent";

export * as functional from "./functional/index";
export * as init from "./init";
export * from "./layers/activation";
export * from "./layers/attention";
export * from "./layers/batchnorm";
export * from "./layers/conv";
export * from "./layers/crossMapNorm";
export * from "./layers/dropout";
export * from "./layers/embeddingBag";
export * from "./layers/flatten";
export * from "./layers/fold";
export * from "./layers/fractionalPool";
export * from "./layers/linear";
export * from "./layers/normalization";
export * from "./layers/padding";
export * from "./layers/pixels";
export * from "./layers/pooling";
export * from "./layers/softmax";
export { Embedding, type EmbeddingOptions, type PretrainedParameters, type TableParameters } from "./layers/sparse";
export * from "./layers/transformer";
export * from "./layers/tunableActivation";
export * from "./layers/unpooling";
export * from "./losses/adaptiveSoftmax";
export * from "./losses/ctc";
export * from "./losses/distance";
export * from "./losses/losses";
export * from "./losses/marginLosses";
export * from "./module/container";
export { deepcopy } from "./module/deepcopy";
export type { BackwardHook, BackwardPreHook, ForwardHook, ForwardPreHook, ModuleGrads } from "./module/hooks";
export * from "./module/lazy";
export {
  type HookOptions,
  Module,
  registerModuleForwardHook,
  registerModuleForwardPreHook,
  registerModuleFullBackwardHook,
  registerModuleFullBackwardPreHook,
  type WalkOptions,
} from "./module/module";
export {
  Parameter,
  type ParameterOptions,
  type ParameterParameters,
  UninitializedBuffer,
  UninitializedParameter,
} from "./module/parameter";
export { IncompatibleKeys, type StateDict, snakeCase } from "./module/state";
export * from "./oldNames";
export * as parallel from "./parallel/index";
export * from "./recurrent/rnn";
export * from "./recurrent/rnnCell";
export * as utils from "./utils/index";
