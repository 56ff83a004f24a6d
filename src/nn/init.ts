/** Initial values of parameters, with PyTorch's random numbers. All change a tensor in place, outside the graph, and return it. */

import { noGrad } from "../autograd/mode";
import { checkInteger, checkNumber } from "../core/arguments";
import { ArgumentError, describe, ShapeError, ValueError } from "../core/errors";
import type { Generator } from "../core/generator";
import { sizeOfShape } from "../core/shape";
import { alias, named } from "../core/signature";
import { checkTensor } from "../ops/builders/checks";
import { randperm } from "../ops/random/randomTensors";
import { empty, tensor } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { fans, isSkippingInit } from "./module/initialization";

/** Functions whose effect on the spread of activations {@link calculateGain} knows. */
export type Nonlinearity =
  | "linear"
  | "conv1d"
  | "conv2d"
  | "conv3d"
  | "convTranspose1d"
  | "convTranspose2d"
  | "convTranspose3d"
  | "sigmoid"
  | "tanh"
  | "relu"
  | "leakyRelu"
  | "selu";

/** Whose number of connections sets the spread: those into a unit, or those out of it. */
export type FanMode = "fanIn" | "fanOut";

/** `leaky_relu` and `fan_in`, as PyTorch writes them, are understood too. */
const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/**
 * The factor by which weights are scaled to keep the spread of activations through a nonlinearity.
 * @param param The slope of a leaky ReLU. Default: 0.01.
 * @see torch.nn.init.calculate_gain
 */
export const calculateGain = named(
  "calculateGain",
  "nonlinearity, param?",
  (nonlinearity: Nonlinearity | (string & {}), param?: number | null): number => {
    if (typeof nonlinearity !== "string")
      throw new ArgumentError(`calculateGain: nonlinearity must be a string, got ${describe(nonlinearity)}`);
    switch (camelCase(nonlinearity)) {
      case "linear":
      case "conv1d":
      case "conv2d":
      case "conv3d":
      case "convTranspose1d":
      case "convTranspose2d":
      case "convTranspose3d":
      case "sigmoid":
        return 1;
      case "tanh":
        return 5 / 3;
      case "relu":
        return Math.SQRT2;
      case "leakyRelu":
        if (param !== undefined && param !== null && typeof param !== "number")
          throw new ValueError(`calculateGain: param must be a number, the negative slope, got ${describe(param)}`);
        return Math.sqrt(2 / (1 + (param ?? 0.01) ** 2));
      case "selu":
        return 3 / 4;
      default:
        throw new ValueError(`calculateGain: Unsupported nonlinearity ${describe(nonlinearity)}`);
    }
  },
);

/** Options of the random initializers. */
interface RandomInit {
  /** Default: the generator that `manualSeed` seeds. */
  generator?: Generator;
}

const change = (x: Tensor, body: (x: Tensor) => void): Tensor => {
  if (!isSkippingInit()) noGrad(() => body(x));
  return x;
};

/** The values given, as numbers. @throws ArgumentError unless `x` is a tensor and they are numbers. */
function check<K extends string>(op: string, x: Tensor, values?: Readonly<Record<K, unknown>>): Record<K, number> {
  checkTensor(op, x, "tensor");
  const numbers = Object.entries(values ?? {}).map(([name, value]) => [name, checkNumber(op, name, value)]);
  return Object.fromEntries(numbers) as Record<K, number>;
}

const draws = (generator: Generator | undefined) => (generator === undefined ? {} : { generator });

/** Options of {@link uniform_}. */
export interface UniformOptions extends RandomInit {
  /** The lower bound. Default: 0. */
  a?: number;
  /** The upper bound. Default: 1. */
  b?: number;
}

/** Uniform numbers in [a, b). Default: [0, 1). @see torch.nn.init.uniform_ @example nn.init.uniform_(w, -0.1, 0.1) */
export const uniform_ = named(
  "uniform_",
  "tensor; a, b; generator",
  (x: Tensor, options: UniformOptions = {}): Tensor => {
    const { a, b } = check("uniform_", x, { a: options.a ?? 0, b: options.b ?? 1 });
    return change(x, () => x.uniform_(a, b, draws(options.generator)));
  },
);

/** Options of {@link normal_}. */
export interface NormalOptions extends RandomInit {
  /** Default: 0. */
  mean?: number;
  /** The standard deviation. Default: 1. */
  std?: number;
}

/** Normal numbers of a mean (0) and standard deviation (1). @see torch.nn.init.normal_ @example nn.init.normal_(w, 0, 0.01) */
export const normal_ = named(
  "normal_",
  "tensor; mean, std; generator",
  (x: Tensor, options: NormalOptions = {}): Tensor => {
    const { mean, std } = check("normal_", x, { mean: options.mean ?? 0, std: options.std ?? 1 });
    return change(x, () => x.normal_(mean, std, draws(options.generator)));
  },
);

/** Options of {@link truncNormal_}. */
export interface TruncNormalOptions extends RandomInit {
  /** Default: 0. */
  mean?: number;
  /** Default: 1. */
  std?: number;
  /** The smallest value. Default: −2. */
  a?: number;
  /** The largest value. Default: 2. */
  b?: number;
}

/** Normal numbers, drawn again where they lie outside of [a, b]. @see torch.nn.init.trunc_normal_ */
export const truncNormal_ = named(
  "truncNormal_",
  "tensor; mean, std, a, b; generator",
  (x: Tensor, options: TruncNormalOptions = {}): Tensor => {
    const initial = { mean: 0, std: 1, a: -2, b: 2 };
    const { generator: _, ...given } = options;
    const { mean, std, a, b } = check("truncNormal_", x, { ...initial, ...given });
    const bounds = tensor([(a - mean) / std, (b - mean) / std], { dtype: "float64" });
    // 2 Φ(z) − 1 = erf(z / √2); numbers uniform between the bounds' images come back through the inverse.
    const [low, high] = bounds.div(Math.SQRT2).erf().tolist() as [number, number];
    return change(x, () => {
      x.uniform_(low, high, draws(options.generator));
      x.erfinv_();
      x.mul_(std * Math.SQRT2);
      x.add_(mean);
      x.clamp_(a, b);
    });
  },
);

/** One value everywhere. @see torch.nn.init.constant_ */
export const constant_ = named("constant_", "tensor, val", (x: Tensor, val: number): Tensor => {
  check("constant_", x, { val });
  return change(x, () => x.fill_(val));
});

/** Ones. @see torch.nn.init.ones_ */
export const ones_ = named("ones_", "tensor", (x: Tensor): Tensor => {
  check("ones_", x);
  return change(x, () => x.fill_(1));
});

/** Zeros. @see torch.nn.init.zeros_ */
export const zeros_ = named("zeros_", "tensor", (x: Tensor): Tensor => {
  check("zeros_", x);
  return change(x, () => x.fill_(0));
});

/** Writes `value(index)` for each row-major index. */
function assign(x: Tensor, values: ArrayLike<number>): Tensor {
  return change(x, () =>
    x.copy_(tensor(Float64Array.from(values), { dtype: x.dtype, device: x.device }).reshape(x.shape)),
  );
}

/** The identity matrix, as far as a matrix that need not be square has one. @see torch.nn.init.eye_ */
export const eye_ = named("eye_", "tensor", (x: Tensor): Tensor => {
  check("eye_", x);
  if (x.ndim !== 2) throw new ValueError("Only tensors with 2 dimensions are supported");
  const [rows, columns] = x.shape;
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < Math.min(rows, columns); i++) values[i * columns + i] = 1;
  return assign(x, values);
});

/**
 * The Dirac delta: a convolution of shape [out, in / groups, …] that passes its input channels on.
 * @see torch.nn.init.dirac_
 */
export const dirac_ = named("dirac_", "tensor; groups", (x: Tensor, options: { groups?: number } = {}): Tensor => {
  const { groups = 1 } = options;
  check("dirac_", x);
  checkInteger("dirac_", "groups", groups, 1);
  if (x.ndim < 3 || x.ndim > 5) throw new ValueError("Only tensors with 3, 4, or 5 dimensions are supported");
  const [out, channels, ...kernel] = x.shape;
  if (out % groups !== 0) throw new ValueError("dim 0 must be divisible by groups");
  const field = sizeOfShape(kernel);
  const center = kernel.reduce((at, size) => at * size + Math.floor(size / 2), 0);
  const values = new Float64Array(x.numel());
  const perGroup = out / groups;
  for (let group = 0; group < groups; group++)
    for (let d = 0; d < Math.min(perGroup, channels); d++)
      values[((group * perGroup + d) * channels + d) * field + center] = 1;
  return assign(x, values);
});

/** Options of the Xavier initializers. */
export interface XavierOptions extends RandomInit {
  /** Default: 1. */
  gain?: number;
}

/**
 * Uniform numbers that keep the variance of activations and gradients.
 * @see torch.nn.init.xavier_uniform_; Glorot and Bengio, AISTATS 2010
 */
export const xavierUniform_ = named(
  "xavierUniform_",
  "tensor; gain; generator",
  (x: Tensor, options: XavierOptions = {}): Tensor => {
    const { gain } = check("xavierUniform_", x, { gain: options.gain ?? 1 });
    const { fanIn, fanOut } = fans("xavierUniform_", x);
    const bound = Math.sqrt(3) * gain * Math.sqrt(2 / (fanIn + fanOut));
    return change(x, () => x.uniform_(-bound, bound, draws(options.generator)));
  },
);

/** Normal numbers that keep the variance of activations and gradients. @see torch.nn.init.xavier_normal_ */
export const xavierNormal_ = named(
  "xavierNormal_",
  "tensor; gain; generator",
  (x: Tensor, options: XavierOptions = {}): Tensor => {
    const { gain } = check("xavierNormal_", x, { gain: options.gain ?? 1 });
    const { fanIn, fanOut } = fans("xavierNormal_", x);
    return change(x, () => x.normal_(0, gain * Math.sqrt(2 / (fanIn + fanOut)), draws(options.generator)));
  },
);

/** Options of the Kaiming initializers. */
export interface KaimingOptions extends RandomInit {
  /** The slope of the leaky ReLU that follows. Default: 0. */
  a?: number;
  /** Default: `"fanIn"`. */
  mode?: FanMode | "fan_in" | "fan_out";
  /** Default: `"leakyRelu"`. */
  nonlinearity?: Nonlinearity | (string & {});
}

/** The standard deviation of the Kaiming initializers. */
function kaimingStd(op: string, x: Tensor, options: KaimingOptions): number {
  const { mode = "fanIn", nonlinearity = "leakyRelu" } = options;
  const a = checkNumber(op, "a", options.a ?? 0);
  const which = typeof mode === "string" ? camelCase(mode) : mode;
  if (which !== "fanIn" && which !== "fanOut")
    throw new ValueError(`${op}: Mode ${describe(mode)} not supported, please use one of fanIn, fanOut`);
  return calculateGain(nonlinearity, a) / Math.sqrt(fans(op, x)[which]);
}

/**
 * Uniform numbers that keep the variance of activations through rectifiers.
 * @see torch.nn.init.kaiming_uniform_; He et al., ICCV 2015
 */
export const kaimingUniform_ = named(
  "kaimingUniform_",
  "tensor; a, mode, nonlinearity; generator",
  (x: Tensor, options: KaimingOptions = {}): Tensor => {
    check("kaimingUniform_", x);
    if (x.shape.includes(0)) return x;
    const std = kaimingStd("kaimingUniform_", x, options);
    const bound = Math.sqrt(3) * std;
    return change(x, () => x.uniform_(-bound, bound, draws(options.generator)));
  },
);

/** Normal numbers that keep the variance of activations through rectifiers. @see torch.nn.init.kaiming_normal_ */
export const kaimingNormal_ = named(
  "kaimingNormal_",
  "tensor; a, mode, nonlinearity; generator",
  (x: Tensor, options: KaimingOptions = {}): Tensor => {
    check("kaimingNormal_", x);
    if (x.shape.includes(0)) return x;
    const std = kaimingStd("kaimingNormal_", x, options);
    return change(x, () => x.normal_(0, std, draws(options.generator)));
  },
);

/**
 * A random (semi-)orthogonal matrix of the axes [first, all others].
 * @see torch.nn.init.orthogonal_; Saxe et al., ICLR 2014
 */
export const orthogonal_ = named(
  "orthogonal_",
  "tensor; gain; generator",
  (x: Tensor, options: XavierOptions = {}): Tensor => {
    const { gain } = check("orthogonal_", x, { gain: options.gain ?? 1 });
    if (x.ndim < 2) throw new ValueError("Only tensors with 2 or more dimensions are supported");
    if (x.numel() === 0) return x;
    const rows = x.shape[0]!;
    const columns = x.numel() / rows;
    const noise = tensor(new Float32Array(x.numel()))
      .to(x.dtype)
      .normal_(0, 1, draws(options.generator))
      .toTypedArray() as Float32Array;
    // Vectors of the longer side, as many as the shorter side has.
    const tall = rows >= columns;
    const vectors = Array.from({ length: tall ? columns : rows }, (_, i) =>
      Float64Array.from({ length: tall ? rows : columns }, (_, k) => noise[tall ? k * columns + i : i * columns + k]!),
    );
    orthonormalize(vectors);
    const values = new Float64Array(x.numel());
    vectors.forEach((vector, i) => {
      vector.forEach((value, k) => {
        values[tall ? k * columns + i : i * columns + k] = gain * value;
      });
    });
    return assign(x, values);
  },
);

/** Gram–Schmidt, each vector projected twice: the Q of a QR decomposition whose R has a positive diagonal. */
function orthonormalize(vectors: readonly Float64Array[]): void {
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, k) => sum + value * b[k]!, 0);
  vectors.forEach((vector, i) => {
    for (let pass = 0; pass < 2; pass++)
      for (const other of vectors.slice(0, i)) {
        const share = dot(vector, other);
        for (let k = 0; k < vector.length; k++) vector[k]! -= share * other[k]!;
      }
    const length = Math.sqrt(dot(vector, vector));
    for (let k = 0; k < vector.length; k++) vector[k]! /= length;
  });
}

/**
 * Normal numbers of which a share, the same in each column, is zero.
 * @param options.sparsity The share of zeros in each column.
 * @see torch.nn.init.sparse_; Martens, ICML 2010
 */
export const sparse_ = named(
  "sparse_",
  "tensor, sparsity; std; generator",
  (x: Tensor, sparsity: number, options: RandomInit & { std?: number } = {}): Tensor => {
    const { std, sparsity: share } = check("sparse_", x, { sparsity, std: options.std ?? 0.01 });
    if (x.ndim !== 2) throw new ShapeError("Only tensors with 2 dimensions are supported");
    const [rows, columns] = x.shape;
    const zeros = Math.ceil(share * rows);
    const noise = empty(x.shape, { dtype: x.dtype }).normal_(0, std, draws(options.generator));
    const values = Float64Array.from(noise.toTypedArray() as Float32Array);
    for (let column = 0; column < columns; column++)
      for (const row of (randperm(rows, draws(options.generator)).tolist() as number[]).slice(0, zeros))
        values[row * columns + column] = 0;
    return assign(x, values);
  },
);

// The names of the first versions of PyTorch: as those with an underscore, they change the tensor in place.

/** {@link uniform_}. @see torch.nn.init.uniform */
export const uniform: typeof uniform_ = uniform_;
/** {@link normal_}. @see torch.nn.init.normal */
export const normal: typeof normal_ = normal_;
/** {@link constant_}. @see torch.nn.init.constant */
export const constant = alias("constant", constant_);
/** {@link eye_}. @see torch.nn.init.eye */
export const eye = alias("eye", eye_);
/** {@link dirac_}. @see torch.nn.init.dirac */
export const dirac = alias("dirac", dirac_);
/** {@link xavierUniform_}. @see torch.nn.init.xavier_uniform */
export const xavierUniform: typeof xavierUniform_ = xavierUniform_;
/** {@link xavierNormal_}. @see torch.nn.init.xavier_normal */
export const xavierNormal: typeof xavierNormal_ = xavierNormal_;
/** {@link kaimingUniform_}. @see torch.nn.init.kaiming_uniform */
export const kaimingUniform = alias("kaimingUniform", kaimingUniform_);
/** {@link kaimingNormal_}. @see torch.nn.init.kaiming_normal */
export const kaimingNormal = alias("kaimingNormal", kaimingNormal_);
/** {@link orthogonal_}. @see torch.nn.init.orthogonal */
export const orthogonal: typeof orthogonal_ = orthogonal_;
/** {@link sparse_}. @see torch.nn.init.sparse */
export const sparse = alias("sparse", sparse_);
