/** The public API: `import * as torch from "kindling"`. */
import "./backend/wasm/backend";
import "./ops/index";
import "./tensor/format";

export { inferenceMode, enableGrad, isGradEnabled, isInferenceModeEnabled, noGrad, setGradEnabled } from "./autograd/mode";
export type { Device } from "./backend/backend";
export { getNumThreads, memoryStats, setNumThreads, simdLevel } from "./backend/wasm/threads";
export { canCast, type DType, getDefaultDtype, promoteTypes, resultType, setDefaultDtype } from "./core/dtype";
export * from "./core/errors";
export { defaultGenerator, Generator } from "./core/generator";
export * from "./dtypes";
export * from "./ops/binary";
export * from "./ops/copy";
export * from "./ops/matmul";
export * from "./ops/rand";
export * from "./ops/random";
export * from "./ops/reduce";
export * from "./ops/softmax";
export * from "./ops/unary";
export * from "./ops/view";
export { type CreateOptions, empty, full, ones, tensor, zeros } from "./tensor/create";
export { setPrintoptions } from "./tensor/format";
export { isTensor, Tensor, tidy } from "./tensor/tensor";
export * as autograd from "./autograd/index";
export * as safetensors from "./io/safetensors";
export * as vision from "./vision/index";
