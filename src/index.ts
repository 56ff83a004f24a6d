/** The public API: `import * as torch from "kindling"`. */
import "./backend/wasm/backend";
import "./ops/index";
import "./tensor/format";
import * as layers from "./nn/index";
import * as optimizers from "./optim/index";
import { registerClasses } from "./tensor/scope";

export * as audio from "./audio/index";
export * as autograd from "./autograd";
export { isAnomalyCheckNanEnabled, isAnomalyEnabled } from "./autograd/anomaly";
export { isGradEnabled, isInferenceModeEnabled } from "./autograd/mode";
export { enableGrad, inferenceMode, noGrad, setGradEnabled } from "./autograd/scopes";
export type { Device } from "./backend/backend";
/** @internal The allocator's guard mode, for the fuzzer and the tests. */
export { guard as __guard } from "./backend/wasm/guardControl";
export { getNumThreads, memoryStats, setNumThreads, simdLevel } from "./backend/wasm/threads";
export * as backends from "./backends";
export {
  Checkpoint,
  type CheckpointInfo,
  type CheckpointOptions,
  type CheckpointPart,
  type CheckpointSource,
} from "./checkpoint/checkpoint";
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
export { cuda } from "./cuda";
export * as distributions from "./distributions/index";
export { type Diagnosis, doctor } from "./doctor";
export * from "./dtypes";
export * as fft from "./fft";
export * as func from "./func/index";
export { vmap } from "./func/vmap";
export * as hub from "./hub/index";
export * as numpy from "./io/numpy";
export * as safetensors from "./io/safetensors";
export { type LoadOptions, load, type MapLocation, type SaveTarget, save } from "./io/serialization";
export * as linalg from "./linalg";
export * as masked from "./masked";
export * from "./modes";
export * as nn from "./nn/index";
export * from "./nn/native/index";
export * as onnx from "./onnx/index";
export { complex, imag, lstsq, matrixRank, polar, solve, viewAsComplex, viewAsReal } from "./ops/absent";
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
} from "./ops/activation";
export * from "./ops/addmm";
export * from "./ops/arithmetic";
export { isFloatingPoint, isInference, numel, real } from "./ops/attributes";
export * from "./ops/axes";
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
} from "./ops/binary";
export { asarray, emptyStrided, frombuffer, range } from "./ops/buffers";
export * from "./ops/compare";
export * from "./ops/copies";
export * from "./ops/copy";
export * from "./ops/creation";
export * from "./ops/diagonal";
export * from "./ops/differences";
export * from "./ops/distance";
export * from "./ops/dtypes";
export * from "./ops/einsum";
export { fromDlpack, fromNumpy, toDlpack } from "./ops/exchange";
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
} from "./ops/extrema";
export * from "./ops/factory";
export { getDevice, isComplex, isConj, isNeg, isSigned } from "./ops/facts";
export * from "./ops/gather";
export * from "./ops/histogram";
/** @internal The op table, for the tests. */
export { families as __families } from "./ops/index";
export * from "./ops/indexed";
export * from "./ops/indexing";
export * from "./ops/integrate";
export * from "./ops/join";
export * from "./ops/lowrank";
export * from "./ops/masked";
export { bmm, dot, linear, matmul, mm, mv } from "./ops/matmul";
export * from "./ops/matrices";
export { type IsinOptions, isin, oneHot } from "./ops/membership";
export * from "./ops/moments";
export * from "./ops/nativeNorm";
export * from "./ops/norms";
export { constantPadNd } from "./ops/pad";
export * from "./ops/products";
export * from "./ops/quantile";
export * from "./ops/rand";
export * from "./ops/random";
export * from "./ops/rearrange";
export { type Dim, mean, type ReduceOptions, sum, sumToSize } from "./ops/reduce";
export * from "./ops/reframe";
export { detach_, unsafeChunk, unsafeSplit, unsafeSplitWithSizes } from "./ops/renewal";
export * from "./ops/renorm";
export * from "./ops/scan";
export * from "./ops/scatterReduce";
export * from "./ops/search";
export * from "./ops/segmentReduce";
export { slice } from "./ops/sliceItem";
export { logSoftmax, softmax } from "./ops/softmax";
export * from "./ops/sort";
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
} from "./ops/special";
export * from "./ops/split";
export * from "./ops/statistics";
export * from "./ops/stft";
export * from "./ops/tensorTypes";
export { addcdiv, addcmul, lerp } from "./ops/ternary";
export * from "./ops/trigonometric";
export * from "./ops/unary";
export * from "./ops/unique";
export {
  asStrided,
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
} from "./ops/view";
export { where } from "./ops/where";
export * from "./ops/window";
export * from "./ops/windows";
export * as optim from "./optim/index";
export { nextTurn } from "./platform/platform";
export * as profiler from "./profiler/index";
export * as random from "./random";
export { isStorage, Size, typename } from "./size";
export * as special from "./special";
export { type CreateOptions, empty, full, ones, tensor, zeros } from "./tensor/create";
export { device } from "./tensor/device";
export { setPrintoptions } from "./tensor/format";
export { isTensor, Tensor, tidy } from "./tensor/tensor";
export type { Several, Tensors } from "./tensor/tensors";
export * as text from "./text/index";
export * as utils from "./utils";
export * as vision from "./vision/index";

registerClasses([...Object.values(layers), ...Object.values(optimizers)]);
