/** Switches that programs written for PyTorch set. */
import { setDetectAnomaly } from "./autograd/anomaly";
import { checkChoice, checkFlag, checkInteger } from "./core/arguments";
import { determinism, setDeterminism } from "./core/determinism";
import { dtypes, isFloat, legacyName, setDefaultDtype } from "./core/dtype";
import { ArgumentError, describe, ValueError } from "./core/errors";
import { named } from "./core/signature";

const debugModes = ["default", "warn", "error"] as const;

/**
 * Asks for results that have the same bits each time. On the cpu they have, with any number of threads. On WebGPU sums over repeated indices are added
 * in any order unless this is asked for.
 * @param options.warnOnly Default: false.
 * @see torch.use_deterministic_algorithms
 */
export const useDeterministicAlgorithms = named(
  "useDeterministicAlgorithms",
  "mode;; warnOnly",
  (mode: boolean, { warnOnly = false }: { warnOnly?: boolean } = {}): void => {
    checkFlag("useDeterministicAlgorithms", "mode", mode);
    checkFlag("useDeterministicAlgorithms", "warnOnly", warnOnly);
    setDeterminism(mode ? (warnOnly ? 1 : 2) : 0);
  },
);

/** Whether {@link useDeterministicAlgorithms} was asked for. @see torch.are_deterministic_algorithms_enabled */
export const areDeterministicAlgorithmsEnabled = (): boolean => determinism() > 0;

/** @see torch.is_deterministic_algorithms_warn_only_enabled */
export const isDeterministicAlgorithmsWarnOnlyEnabled = (): boolean => determinism() === 1;

/** {@link useDeterministicAlgorithms} in a number, or a word for it. @see torch.set_deterministic_debug_mode */
export const setDeterministicDebugMode = named(
  "setDeterministicDebugMode",
  "debugMode",
  (mode: 0 | 1 | 2 | (typeof debugModes)[number]): void => {
    const op = "setDeterministicDebugMode";
    const code =
      typeof mode === "string"
        ? debugModes.indexOf(checkChoice(op, "debugMode", mode, debugModes))
        : checkInteger(op, "debugMode", mode, 0, 2);
    setDeterminism(code as 0 | 1 | 2);
  },
);

/** 0, 1 or 2: see {@link setDeterministicDebugMode}. @see torch.get_deterministic_debug_mode */
export const getDeterministicDebugMode = (): 0 | 1 | 2 => determinism();

const precisions = ["highest", "high", "medium"] as const;

/** How exact matrix products of float32 have to be. */
export type MatmulPrecision = (typeof precisions)[number];

let matmulPrecision: MatmulPrecision = "highest";

/** Allows products of float32 to be less exact. Without effect: they are computed in float32. @see torch.set_float32_matmul_precision */
export const setFloat32MatmulPrecision = named(
  "setFloat32MatmulPrecision",
  "precision",
  (precision: MatmulPrecision): void => {
    matmulPrecision = checkChoice("setFloat32MatmulPrecision", "precision", precision, precisions);
  },
);

/** What {@link setFloat32MatmulPrecision} was given. @see torch.get_float32_matmul_precision */
export const getFloat32MatmulPrecision = (): MatmulPrecision => matmulPrecision;

/**
 * Asks that numbers too small for full precision become zero, which WebAssembly does not do.
 * @returns false: not supported.
 * @see torch.set_flush_denormal
 */
export const setFlushDenormal = named("setFlushDenormal", "mode", (mode: boolean): boolean => {
  checkFlag("setFlushDenormal", "mode", mode);
  return false;
});

/** Turns anomaly mode on or off. @param options.checkNan Default: true. @see torch.set_anomaly_enabled */
export const setAnomalyEnabled = named(
  "setAnomalyEnabled",
  "mode; checkNan",
  (mode: boolean, options: { checkNan?: boolean } = {}): void =>
    setDetectAnomaly(checkFlag("setAnomalyEnabled", "mode", mode), options),
);

/**
 * Sets the default dtype by the old name of a type of tensors.
 * @see torch.set_default_tensor_type @see setDefaultDtype
 * @throws ValueError for a type that is unknown, or not of floating-point numbers.
 * @example torch.setDefaultTensorType("torch.DoubleTensor");
 */
export const setDefaultTensorType = named(
  "setDefaultTensorType",
  "t",
  (t: string | { readonly name: string }): void => {
    const given: unknown = typeof t === "function" ? (t as { readonly name: string }).name : t;
    if (typeof given !== "string")
      throw new ArgumentError(`setDefaultTensorType: takes a name such as "torch.FloatTensor", got ${describe(t)}`);
    const name = given.replace(/^torch\./, "");
    const dtype = dtypes.find((one) => `${legacyName(one)}Tensor` === name);
    if (dtype === undefined)
      throw new ValueError(`setDefaultTensorType: no type of tensors is called ${JSON.stringify(given)}`);
    if (!isFloat(dtype))
      throw new ValueError("setDefaultTensorType: only floating-point types are supported as the default type");
    setDefaultDtype(dtype);
  },
);
