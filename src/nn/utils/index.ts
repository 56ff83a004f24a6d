/** Tools for gradients, parameters and sequences: `torch.nn.utils`. */
export * from "./clipGrad";
export * as rnn from "./rnn";
export * from "./spectralNorm";
export * from "./vector";
export * from "./weightNorm";
