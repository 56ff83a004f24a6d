/** Layers as functions: `torch.nn.functional`. */
export {
  celu_,
  elu_,
  gelu,
  hardshrink,
  hardsigmoid_,
  hardswish_,
  hardtanh_,
  leakyRelu_,
  logSigmoid,
  logsigmoid,
  mish_,
  selu_,
  silu_,
  softplus,
  softshrink,
  softsign,
  tanhshrink,
  threshold_,
} from "../../ops/elementwise/activation";
export { tanh } from "../../ops/elementwise/trigonometric";
export { relu_, sigmoid } from "../../ops/elementwise/unary";
export { embedding, oneHot } from "../../ops/indexing/membership";
export {
  type ConvOptions,
  type ConvTransposeOptions,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
} from "../../ops/layers/conv";
export {
  alphaDropout,
  type DropoutOptions,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  featureAlphaDropout,
  type RReLUOptions,
  rrelu,
} from "../../ops/layers/dropout";
export * from "../../ops/layers/norm";
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
} from "../../ops/layers/pool";
export { pdist } from "../../ops/linalg/distance";
export { linear } from "../../ops/linalg/matmul";
export {
  type CrossEntropyOptions,
  crossEntropy,
  type NllOptions,
  nllLoss,
  type Reduction,
} from "../../ops/losses/classLosses";
export * from "../../ops/losses/elementLosses";
export { logSoftmax, softmax } from "../../ops/reduce/softmax";
export { type Padding, type PadMode, pad } from "../../ops/shape/pad";
export { nativeChannelShuffle } from "../native/conv";
export { rrelu_ } from "../native/dropout";
export * from "./activation";
export * from "./attention";
export * from "./bilinear";
export * from "./convTbc";
export * from "./ctc";
export * from "./distance";
export * from "./embeddingBag";
export * from "./fold";
export * from "./fractionalPool";
export * from "./gridSample";
export * from "./inplace";
export {
  type InterpolateMode,
  type InterpolateOptions,
  interpolate,
  type UpsampleOptions,
  upsample,
  upsampleBilinear,
  upsampleNearest,
} from "./interpolate";
export * from "./marginLoss";
export * from "./norm";
export * from "./pixels";
export * from "./pooling";
export * from "./withIndices";
