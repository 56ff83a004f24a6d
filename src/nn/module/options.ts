/** Arguments of layers: all of them by position, in PyTorch's order, or by name. */

import type { Device } from "../../backend/backend";
import { checkFlag, checkFunction, checkInteger, checkNumber, MAX_COUNT } from "../../core/arguments";
import { bind, foldReduction, missing, partsOf } from "../../core/binding";
import { checkDType, type DType, isDType, isFloat } from "../../core/dtype";
import { AutogradError, ValueError } from "../../core/errors";
import { checkTensor } from "../../ops/builders/checks";
import { resolveDevice } from "../../tensor/device";

/** Where and as what a layer makes its parameters. */
export interface FactoryOptions {
  /** Default: float32 (see `setDefaultDtype`). */
  dtype?: DType | undefined;
  /** Default: `"cpu"`. */
  device?: Device | "wasm" | undefined;
}

/** Layers of a stack: more would only take minutes to make. */
export const MAX_LAYERS = 10_000;

type Check = (layer: string, name: string, value: any) => unknown;

const orNull =
  (check: Check): Check =>
  (layer, name, value) =>
    value === null ? null : check(layer, name, value);

const number = (layer: string, name: string, value: unknown): number => checkNumber(layer, name, value);

const integer: Check = (layer, name, value) => checkInteger(layer, name, value);

/** A size of a parameter. */
const count: Check = (layer, name, value) => checkInteger(layer, name, value, 0, MAX_COUNT);

const device: Check = (layer, _, value) => {
  resolveDevice(layer, value);
  return value;
};

const tensor: Check = (layer, name, value) => checkTensor(layer, value, name);

const probability: Check = (layer, name, value) => {
  const p = number(layer, name, value);
  if (!(p >= 0 && p <= 1)) throw new ValueError(`${layer}: ${name} must be between 0 and 1, got ${p}`);
  return p;
};

/** What is a number, or one for each axis, or a word: the layer knows which. */
const sizes: Check = (_, __, value) => value;

/** Kinds of arguments whose name says what they take, whichever layer has them. */
const kinds: readonly (readonly [Check, string])[] = [
  [
    count,
    "inFeatures, outFeatures, in1Features, in2Features, inChannels, outChannels, numFeatures, numChannels, numGroups, " +
      "numEmbeddings, embeddingDim, numParameters, inputSize, nClasses, dimFeedforward, numClasses",
  ],
  [sizes, "kernelSize, stride, padding, dilation, outputPadding, outputSize, size, scaleFactor, hiddenSize, projSize"],
  [orNull(count), "kdim, vdim"],
  [orNull(integer), "paddingIdx, divisorOverride, dim"],
  [integer, "startDim, endDim"],
  [probability, "dropout, attentionDropout"],
  [orNull(number), "momentum, maxNorm"],
  [orNull(checkFlag), "alignCorners, recomputeScaleFactor, sizeAverage, reduce"],
  [orNull(tensor), "weight, posWeight, _randomSamples"],
  [(layer, _, value) => checkDType(layer, value as DType), "dtype"],
  [device, "device"],
];

const checks: ReadonlyMap<string, Check> = new Map(
  kinds.flatMap(([check, names]) => names.split(", ").map((name) => [name, check] as const)),
);

/** A value of the kind that its name asks for, or that its default has. */
function checked(layer: string, name: string, value: unknown, fallback: unknown): unknown {
  if (typeof fallback === "boolean") return checkFlag(layer, name, value);
  if (typeof fallback === "function") checkFunction(layer, name, value);
  const check = checks.get(name);
  if (check !== undefined) return check(layer, name, value);
  return typeof fallback === "number" ? checkNumber(layer, name, value) : value;
}

/** @throws AutogradError if parameters of this dtype could not be learned. */
function checkLearnable(layer: string, dtype: unknown): void {
  if (isDType(dtype) && !isFloat(dtype))
    throw new AutogradError(`${layer}: parameters require gradients, so dtype must be floating-point, got ${dtype}`);
}

type Old = "sizeAverage" | "reduce";

/** Names that may be missing. */
type OptionalNames<V> = { [K in keyof V]-?: Record<never, never> extends Pick<V, K> ? K : never }[keyof V];

/** The values of what may be missing. */
type Defaults<V> = Required<Pick<V, Exclude<OptionalNames<V>, keyof FactoryOptions | Old>>>;

/** The arguments of a layer with all defaults filled in. */
export type Given<V> = Required<Omit<V, keyof FactoryOptions | Old>> & FactoryOptions;

/**
 * What the constructor of `layer` was given, by position or by name, with `defaults` for the rest.
 * @param signature As in `core/signature.ts`; the first part lists what a call must give, the others the names in `defaults`.
 * @throws {@link ArgumentError} for an unknown, missing or wrong argument. What takes one size per axis is for the layer to check.
 */
export function readArguments<V>(
  layer: string,
  signature: string,
  defaults: Defaults<V>,
  given: readonly unknown[],
): Given<V> {
  const parts = partsOf(signature);
  const values: Record<string, unknown> = { ...defaults };
  bind(layer, parts, given, (name, value) => {
    if (value === null && (name === "dtype" || name === "device")) return;
    values[name] = checked(layer, name, value, values[name]);
  });
  for (const name of parts.positions.slice(0, parts.required))
    if (values[name] === undefined) throw missing(layer, name, parts);
  if (values.affine !== false && values.elementwiseAffine !== false) checkLearnable(layer, values.dtype);
  foldReduction(layer, values);
  return values as Given<V>;
}
