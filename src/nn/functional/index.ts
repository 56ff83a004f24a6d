/** Layers as functions: `torch.nn.functional`. */
export {
  celu,
  celu_,
  elu,
  elu_,
  gelu,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  hardtanh_,
  leakyRelu,
  leakyRelu_,
  logSigmoid,
  logsigmoid,
  mish,
  relu6,
  selu,
  selu_,
  silu,
  softplus,
  softshrink,
  softsign,
  tanhshrink,
  threshold,
  threshold_,
} from "../../ops/activation";
export {
  alphaDropout,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  featureAlphaDropout,
  rrelu,
  type DropoutOptions,
  type RReLUOptions,
} from "../../ops/dropout";
export {
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  type ConvOptions,
  type ConvTransposeOptions,
} from "../../ops/conv";
export * from "../../ops/losses";
export * from "../../ops/norm";
export { pad, type Padding, type PadMode } from "../../ops/pad";
export { crossEntropy, nllLoss, type CrossEntropyOptions, type NllOptions, type Reduction } from "../../ops/loss";
export { linear } from "../../ops/matmul";
export { embedding, oneHot } from "../../ops/membership";
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
} from "../../ops/pool";
export { logSoftmax, softmax } from "../../ops/softmax";
export { relu, relu_, sigmoid, tanh } from "../../ops/unary";
export * from "./activation";
export * from "./bilinear";
export * from "./distance";
export * from "./marginLoss";
export * from "./norm";
