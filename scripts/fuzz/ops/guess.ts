/** Plausible arguments from names and declared types, for what has no sample. */
import type { Parameter, Signature } from "../../../test/conformance/api";
import type { Rng } from "./rng";
import type { Target } from "./targets";
import { type Call, code, type DType, drawn, dtypes, layouts, list, plain, type Value } from "./value";

const words: Readonly<Record<string, readonly string[]>> = {
  reduction: ["none", "mean", "sum"],
  reduce: ["sum", "prod", "mean", "amax", "amin"],
  mode: ["constant", "reflect", "replicate", "circular", "nearest", "bilinear", "min", "max", "relative", "reduced"],
  paddingMode: ["zeros", "border", "reflection", "circular"],
  padding: ["same", "valid"],
  approximate: ["none", "tanh"],
  roundingMode: ["floor", "trunc"],
  indexing: ["ij", "xy"],
  norm: ["forward", "backward", "ortho"],
  p: ["fro", "nuc"],
  interpolation: ["linear", "lower", "higher", "midpoint", "nearest"],
  nonlinearity: ["relu", "tanh", "leaky_relu"],
  uplo: ["L", "U"],
  UPLO: ["L", "U"],
  equation: ["ij,jk->ik", "ii->i", "...i->..."],
};

const numbers: Readonly<Record<string, readonly number[]>> = {
  dim: [0, -1, 1],
  p: [2, 1, 0.5, 0],
  eps: [1e-5, 1e-8],
  momentum: [0.9, 0.1, 0],
  lr: [0.1, 0.01],
  alpha: [1, 0.5, 2],
  beta: [1, 0.5],
  step: [1, 2],
  groups: [1, 2],
  stride: [1, 2],
  dilation: [1, 2],
  padding: [0, 1],
  std: [1, 0.5],
};

/** A small shape. */
export function shapeOf(rng: Rng): number[] {
  const sizes = [1, 2, 2, 3, 3, 4, 5, 7, 8, 17];
  return Array.from({ length: rng.pick([0, 1, 1, 2, 2, 2, 3, 3, 4]) }, () => (rng.chance(0.03) ? 0 : rng.pick(sizes)));
}

/** A tensor; mostly floats, integers where the name says so. */
export function tensorOf(rng: Rng, name = ""): Value {
  const isIndex = /ind|target|labels|lengths|repeats|pivots|offsets|numbers/i.test(name);
  const isMask = /mask|condition/i.test(name);
  const dtype: DType = isIndex ? "int64" : isMask ? "bool" : rng.chance(0.6) ? "float32" : rng.pick(dtypes);
  const [low, high] = isIndex ? [0, 2] : isMask || dtype === "bool" ? [0, 1] : rng.pick(intervals(dtype));
  const x = drawn(shapeOf(rng), dtype, low, high);
  return {
    ...x,
    layout: rng.chance(0.25) ? rng.pick(layouts) : "contiguous",
    requiresGrad: dtype.includes("float") && rng.chance(0.25),
  };
}

const intervals = (dtype: DType): [number, number][] =>
  dtype === "uint8"
    ? [[0, 5]]
    : [
        [-2, 2],
        [0.1, 0.9],
        [-2, 2],
        [0, 3],
      ];

function listOf(rng: Rng, name: string): Value {
  if (/tensors|inputs|params|matrices|operands|parameters|input|state|hx|targets/i.test(name))
    return list(Array.from({ length: rng.between(1, 3) }, () => tensorOf(rng)));
  return list(Array.from({ length: rng.between(1, 3) }, () => plain(rng.pick(numbers[name] ?? [0, 1, 1, 2, 2, 3]))));
}

/** They take anything: an error of a function that is given is not the library's. */
const functions = [
  "(x) => (torch.isTensor(x) ? x.mul(2) : x)",
  "(x) => (torch.isTensor(x) ? x.sum() : torch.ones([]))",
  "() => torch.ones([2])",
  "() => 0.5",
];

function optionsOf(rng: Rng, names: readonly string[]): Value {
  const chosen = names.filter(() => rng.chance(Math.min(0.5, 2 / names.length)));
  return { is: "record", entries: chosen.map((name) => [name, optionOf(rng, name)] as const) };
}

const flags =
  /^(keepdim|bias|affine|training|inplace|largest|sorted|upper|left|transpose|right|descending|sparse|accumulate|unbiased|requiresGrad|batchFirst|bidirectional|normalized|onesided|center|equalNan|returnIndices|return\w+|full|log|fullMatrices|nesterov|amsgrad|maximize|ceilMode|countIncludePad|alignCorners|trackRunningStats|elementwiseAffine|logInput|zeroInfinity|stable|createGraph|allowUnused|retainGraph|strict|vectorize|hermitian)$/;

function optionOf(rng: Rng, name: string): Value {
  if (name === "dtype") return plain(rng.pick(dtypes));
  if (name === "device") return plain("cpu");
  if (name === "generator") return code("new torch.Generator()");
  if (flags.test(name)) return plain(rng.chance(0.5));
  if (/^(out|weight|values|posWeight|mask|window|runningMean|runningVar|bias|lu|gradOutputs|tau)$/.test(name))
    return tensorOf(rng, name);
  if (name in words && rng.chance(0.7)) return plain(rng.pick(words[name]!));
  if (/^(size|dims|kernelSize|outputSize|normalizedShape|shape|betas)$/.test(name)) return listOf(rng, name);
  return plain(rng.pick(numbers[name] ?? [0, 1, 2, 3, 0.5]));
}

function parameter(rng: Rng, { name, kinds, options }: Parameter): Value {
  switch (rng.pick(kinds.length === 0 ? (["any"] as const) : kinds)) {
    case "tensor":
      return tensorOf(rng, name);
    case "number":
      return plain(rng.pick(numbers[name] ?? [0, 1, 1, 2, 3, 4, -1]));
    case "boolean":
      return plain(rng.chance(0.5));
    case "string":
      return plain(rng.pick(words[name] ?? (/dtype|type/i.test(name) ? dtypes : ["sum", "mean", "none"])));
    case "array":
      return listOf(rng, name);
    case "function":
      return code(rng.pick(functions));
    case "null":
      return plain(null);
    case "object":
      return options ? optionsOf(rng, Object.keys(options)) : code(rng.pick(Object.values(objects)));
    default:
      return rng.chance(0.7) ? tensorOf(rng, name) : plain(rng.pick([0, 1, 2]));
  }
}

/** Instances that some parameters want. */
export const objects = {
  linear: "new torch.nn.Linear(3, 2)",
  sequential: "new torch.nn.Sequential(new torch.nn.Linear(3, 3), new torch.nn.ReLU())",
  optimizer: "new torch.optim.SGD([torch.ones([3]).requiresGrad_()], { lr: 0.1 })",
  dataset: "new torch.utils.data.TensorDataset(torch.ones([4, 3]))",
  generator: "new torch.Generator()",
  map: "new Map()",
};

/** Plausible arguments for a signature. */
export function argumentsOf(rng: Rng, signature: Signature): Value[] {
  const values: Value[] = [];
  for (const one of signature) {
    if (one.optional && !one.rest && rng.chance(0.4)) break;
    const repeat = one.rest ? rng.between(0, 3) : 1;
    for (let i = 0; i < repeat; i++) values.push(parameter(rng, one));
  }
  return values;
}

/** A call from what is declared. */
export function guess(rng: Rng, { kind, path, signatures, forwards }: Target): Call {
  const args = signatures.length > 0 ? argumentsOf(rng, rng.pick(signatures)) : [tensorOf(rng)];
  if (kind === "method") return { kind, path, args: [tensorOf(rng), ...args] };
  if (kind === "optimizer") return { kind, path, args: [parameters(rng), ...args.slice(1)], inputs: [] };
  if (kind === "scheduler") return { kind, path, args: [code(objects.optimizer), ...args.slice(1)], inputs: [] };
  if (kind !== "module") return { kind, path, args };
  return { kind, path, args, inputs: forwards.length > 0 ? argumentsOf(rng, rng.pick(forwards)) : [tensorOf(rng)] };
}

/** Parameters of a model for an optimizer. */
const parameters = (rng: Rng): Value =>
  list(
    Array.from(
      { length: rng.between(1, 3) },
      (): Value => ({
        ...drawn(shapeOf(rng), rng.pick(["float32", "float32", "float64", "float16"]), -2, 2),
        requiresGrad: true,
      }),
    ),
  );
