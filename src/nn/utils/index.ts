/** Tools for gradients, parameters and sequences: `torch.nn.utils`. */
export * from "./clipGrad";
export * from "./fusion";
export * as lora from "./lora";
export * as parametrizations from "./parametrizations";
export * as parametrize from "./parametrize";
export * as prune from "./prune";
export * as rnn from "./rnn";
export * from "./skipInit";
export * from "./spectralNorm";
export { parametersToVector, vectorToParameters } from "./vector";
export * from "./weightNorm";
