/** The public API: `import * as torch from "kindling"`. */
import "./backend/wasm/backend";
import "./ops/index";
import "./tensor/format";

export { autocast } from "./amp/autocast";
export * as amp from "./amp/index";
export * as audio from "./audio/index";
export { isAnomalyCheckNanEnabled, isAnomalyEnabled } from "./autograd/anomaly";
/** @internal For the tests: what runs at the end of a backward pass. */
export { queueCallback as __queueCallback } from "./autograd/engine";
export { isGradEnabled, isInferenceModeEnabled } from "./autograd/mode";
export { enableGrad, inferenceMode, noGrad, setGradEnabled } from "./autograd/scopes";
export type { Device } from "./backend/backend";
/** @internal For the tests, which register a device of their own. */
export { registerBackend as __registerBackend } from "./backend/backend";
export { getNumThreads, memoryStats, setNumThreads, simdLevel } from "./backend/cpu";
/** @internal The allocator's guard mode, for the fuzzer and the tests. */
export { guard as __guard } from "./backend/guard";
export {
  Checkpoint,
  type CheckpointInfo,
  type CheckpointOptions,
  type CheckpointPart,
  type CheckpointSource,
} from "./checkpoint/checkpoint";
export { type CompileOptions, compile, type Explanation } from "./compile/index";
export * from "./constants";
export type { DType } from "./core/dtype";
export {
  ArgumentError,
  AutogradError,
  DeviceError,
  DisposedError,
  DTypeError,
  FormatError,
  IndexError,
  KindlingError,
  OutOfMemoryError,
  ShapeError,
  StateError,
  ValueError,
  WorkerError,
} from "./core/errors";
export { defaultGenerator, Generator } from "./core/generator";
export type { FloatInfo, IntegerInfo } from "./core/limits";
export type { TensorSize } from "./core/shape";
export * as darknet from "./darknet/index";
export * as distributed from "./distributed/index";
export * as distributions from "./distributions/index";
export { type Diagnosis, doctor } from "./doctor";
export * from "./dtypes";
export * as func from "./func/index";
export { vmap } from "./func/vmap";
export * as hub from "./hub/index";
export * as numpy from "./io/numpy";
export * as safetensors from "./io/safetensors";
export {
  type LoadingStorage,
  type LoadOptions,
  load,
  type MapLocation,
  type SaveTarget,
  save,
} from "./io/serialization";
export * from "./modes";
export * as ao from "./namespaces/ao";
export * as autograd from "./namespaces/autograd";
export * as backends from "./namespaces/backends";
export * as compiler from "./namespaces/compiler";
export { cuda } from "./namespaces/cuda";
export * as fft from "./namespaces/fft";
export * as linalg from "./namespaces/linalg";
export * as masked from "./namespaces/masked";
export * as random from "./namespaces/random";
export * as special from "./namespaces/special";
export * as utils from "./namespaces/utils";
export * as webgpu from "./namespaces/webgpu";
export * as nn from "./nn/index";
export * from "./nn/native/index";
export * as onnx from "./onnx/index";
export { complex, imag, lstsq, matrixRank, polar, solve, viewAsComplex, viewAsReal } from "./ops/absent";
export * from "./ops/creation/combinations";
export * from "./ops/creation/copy";
export * from "./ops/creation/dtypes";
export { fromDlpack, fromNumpy, toDlpack } from "./ops/creation/exchange";
export { asarray, emptyStrided, frombuffer, range } from "./ops/creation/fromMemory";
export * from "./ops/creation/like";
export * from "./ops/creation/ranges";
export * from "./ops/creation/tensorTypes";
export {
  celu,
  celu_,
  clamp,
  clamp_,
  clampMax,
  clampMax_,
  clampMin,
  clampMin_,
  clip,
  clip_,
  hardshrink,
  nanToNum,
  nanToNum_,
  selu,
  selu_,
  threshold,
  threshold_,
} from "./ops/elementwise/activation";
export * from "./ops/elementwise/arithmetic";
export {
  add,
  add_,
  arctan2,
  arctan2_,
  atan2,
  atan2_,
  bitwiseAnd,
  bitwiseAnd_,
  bitwiseLeftShift,
  bitwiseLeftShift_,
  bitwiseOr,
  bitwiseOr_,
  bitwiseRightShift,
  bitwiseRightShift_,
  bitwiseXor,
  bitwiseXor_,
  copysign,
  copysign_,
  floorDivide,
  floorDivide_,
  fmax,
  fmin,
  fmod,
  fmod_,
  gcd,
  gcd_,
  heaviside,
  heaviside_,
  hypot,
  hypot_,
  lcm,
  lcm_,
  logaddexp,
  logaddexp2,
  maximum,
  minimum,
  mul,
  mul_,
  multiply,
  multiply_,
  nextafter,
  nextafter_,
  remainder,
  remainder_,
  sub,
  sub_,
  subtract,
  subtract_,
  trueDivide,
  trueDivide_,
  xlog1py,
  xlogy,
  xlogy_,
} from "./ops/elementwise/binary";
export * from "./ops/elementwise/compare";
export {
  digamma,
  digamma_,
  erf,
  erf_,
  erfc,
  erfc_,
  erfinv,
  erfinv_,
  i0,
  i0_,
  igamma,
  igamma_,
  igammac,
  igammac_,
  lgamma,
  lgamma_,
  logit,
  logit_,
  mvlgamma,
  mvlgamma_,
  polygamma,
  polygamma_,
} from "./ops/elementwise/special";
export { addcdiv, addcmul, lerp } from "./ops/elementwise/ternary";
export * from "./ops/elementwise/trigonometric";
export * from "./ops/elementwise/unary";
export { where } from "./ops/elementwise/where";
/** @internal The op table, for the tests. */
export { families as __families } from "./ops/index";
export * from "./ops/indexing/gather";
export * from "./ops/indexing/masked";
export { type IsinOptions, isin, oneHot } from "./ops/indexing/membership";
export * from "./ops/indexing/scatterReduce";
export * from "./ops/indexing/searchsorted";
export { slice } from "./ops/indexing/slice";
export * from "./ops/indexing/slices";
export * from "./ops/indexing/subscript";
export * from "./ops/indexing/unique";
export * from "./ops/layers/nativeNorm";
export * from "./ops/linalg/addmm";
export * from "./ops/linalg/distance";
export * from "./ops/linalg/einsum";
export * from "./ops/linalg/lowrank";
export { bmm, dot, linear, matmul, mm, mv } from "./ops/linalg/matmul";
export * from "./ops/linalg/products";
export * from "./ops/linalg/torchNames";
export { isFloatingPoint, isInference, numel, real } from "./ops/members/attributes";
export { getDevice, isComplex, isConj, isNeg, isSigned } from "./ops/members/facts";
export { detach_, unsafeChunk, unsafeSplit, unsafeSplitWithSizes } from "./ops/members/renewal";
export * from "./ops/random/fill";
export * from "./ops/random/randomTensors";
export * from "./ops/reduce/covariance";
export * from "./ops/reduce/differences";
export {
  all,
  amax,
  amin,
  aminmax,
  any,
  argmax,
  argmin,
  countNonzero,
  type ExtremumFunction,
  type ExtremumMethod,
  type KeepdimOptions,
  max,
  min,
  type ValuesAndIndices,
} from "./ops/reduce/extrema";
export * from "./ops/reduce/histogram";
export * from "./ops/reduce/integrate";
export * from "./ops/reduce/moments";
export * from "./ops/reduce/oldNorms";
export * from "./ops/reduce/quantile";
export { type Dim, mean, type ReduceOptions, sum, sumToSize } from "./ops/reduce/reduce";
export * from "./ops/reduce/renorm";
export * from "./ops/reduce/scan";
export * from "./ops/reduce/segmentReduce";
export { logSoftmax, softmax } from "./ops/reduce/softmax";
export * from "./ops/reduce/sort";
export { asStrided } from "./ops/shape/asStrided";
export * from "./ops/shape/axes";
export * from "./ops/shape/diagonal";
export * from "./ops/shape/inplaceViews";
export * from "./ops/shape/join";
export { constantPadNd } from "./ops/shape/pad";
export * from "./ops/shape/rearrange";
export * from "./ops/shape/split";
export {
  broadcastTensors,
  broadcastTo,
  expand,
  expandAs,
  flatten,
  narrow,
  narrowCopy,
  permute,
  reshape,
  reshapeAs,
  select,
  squeeze,
  t,
  transpose,
  unflatten,
  unsqueeze,
  view,
  viewAs,
} from "./ops/shape/view";
export * from "./ops/shape/viewCopies";
export * from "./ops/shape/viewScatter";
export * from "./ops/spectral/stft";
export * from "./ops/spectral/windowFunctions";
export * as optim from "./optim/index";
export { nextTurn } from "./platform/platform";
export * as profiler from "./profiler/index";
export {
  perChannelAffine,
  perChannelSymmetric,
  perTensorAffine,
  perTensorSymmetric,
  type QScheme,
  type QuantizedDType,
  qint8,
  qint32,
  quint8,
} from "./quantization/dtypes";
export { fakeQuantizePerChannelAffine, fakeQuantizePerTensorAffine } from "./quantization/fakeQuantize";
export {
  dequantize,
  quantizePerChannel,
  quantizePerTensor,
  quantizePerTensorDynamic,
} from "./quantization/functional";
export * as quantization from "./quantization/index";
export { QuantizedTensor } from "./quantization/quantizedTensor";
export { isStorage, Size, typename } from "./size";
export { type CreateOptions, empty, full, ones, tensor, zeros } from "./tensor/create";
export { device } from "./tensor/device";
export { setPrintoptions } from "./tensor/format";
export { isTensor, Tensor, tidy } from "./tensor/tensor";
export type { Several, Tensors } from "./tensor/tensors";
export * as text from "./text/index";
export { type TrainingRun, type TrainingState, TrainingWorker } from "./training/trainingWorker";
export * as vision from "./vision/index";
