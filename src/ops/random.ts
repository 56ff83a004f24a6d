/** Random numbers written over tensors, and samples whose distribution a tensor gives. Every stream is PyTorch's. */

import { record } from "../autograd/node";
import { checkInteger, checkNumber, MAX_COUNT } from "../core/arguments";
import { checkOptions, DTypeError, ShapeError, ValueError } from "../core/errors";
import type { FloatArray } from "../core/random";
import * as random from "../core/random";
import { broadcastShapes } from "../core/shape";
import { allocate, vectorOf } from "../tensor/create";
import { Tensor } from "../tensor/tensor";
import { checkTensor } from "./checks";
import { cast, computeType, nodeName } from "./define";
import {
  check,
  checkFloat,
  drawNormal,
  generatorOf,
  type RandomOptions,
  sampleInto,
  sampler,
  splitNumbers,
  splitOptions,
} from "./sample";

/** One number at most, then options. */
type One = [options?: RandomOptions] | [value: number, options?: RandomOptions];
/** Two numbers at most, then options. */
type Two = One | [first: number, second: number, options?: RandomOptions];

/** Overwrites `x` with uniform numbers in [from, to). Default: [0, 1). @see torch.Tensor.uniform_ @example x.uniform_(-1, 1) */
export const uniform_: (x: Tensor, ...args: Two) => Tensor = sampler("uniform_", (x, ...args: Two) => {
  const [[from = 0, to = 1], generator] = splitNumbers("uniform_", ["from", "to"], args);
  checkFloat("uniform_", x.dtype);
  check(from <= to, `uniform_ expects to return a [from, to) range, but found from=${from} > to=${to}`);
  return (out) => random.uniform(out as FloatArray, from, to, generator);
});

/** Overwrites `x` with normal numbers of a mean (0) and standard deviation (1). @see torch.Tensor.normal_ */
export const normal_: (x: Tensor, ...args: Two) => Tensor = sampler("normal_", (x, ...args: Two) => {
  const [[mean = 0, std = 1], generator] = splitNumbers("normal_", ["mean", "std"], args);
  checkFloat("normal_", x.dtype);
  check(std >= 0, `normal expects std >= 0.0, but found std ${std}`);
  return drawNormal(mean, std, generator);
});

/** Overwrites `x` with numbers whose logarithm is normal, of mean 1 and standard deviation 2 unless given. @see torch.Tensor.log_normal_ */
export const logNormal_: (x: Tensor, ...args: Two) => Tensor = sampler("logNormal_", (x, ...args: Two) => {
  const [[mean = 1, std = 2], generator] = splitNumbers("logNormal_", ["mean", "std"], args);
  checkFloat("logNormal_", x.dtype);
  check(std > 0, `log_normal_ expects std > 0.0, but found std=${std}`);
  return (out) => random.logNormal(out as FloatArray, mean, std, generator);
});

/** Overwrites `x` with exponential numbers of rate `lambd` (1). @see torch.Tensor.exponential_ */
export const exponential_: (x: Tensor, ...args: One) => Tensor = sampler("exponential_", (x, ...args: One) => {
  const [[lambd = 1], generator] = splitNumbers("exponential_", ["lambd"], args);
  checkFloat("exponential_", x.dtype);
  check(lambd > 0, `exponential_ expects lambda > 0.0, but found lambda=${lambd}`);
  return (out) => random.exponential(out as FloatArray, lambd, generator);
});

/** Overwrites `x` with Cauchy numbers of a median (0) and scale (1). @see torch.Tensor.cauchy_ */
export const cauchy_: (x: Tensor, ...args: Two) => Tensor = sampler("cauchy_", (x, ...args: Two) => {
  const [[median = 0, sigma = 1], generator] = splitNumbers("cauchy_", ["median", "sigma"], args);
  checkFloat("cauchy_", x.dtype);
  check(sigma > 0, `cauchy_ expects sigma > 0.0, but found sigma=${sigma}`);
  return (out) => random.cauchy(out as FloatArray, median, sigma, generator);
});

/** Overwrites `x` with the numbers of trials up to the first success of probability `p`. @see torch.Tensor.geometric_ */
export const geometric_: (x: Tensor, p: number, options?: RandomOptions) => Tensor = sampler(
  "geometric_",
  (_x, p: number, options: RandomOptions = {}) => {
    checkOptions("geometric_", options, ["generator"]);
    checkNumber("geometric_", "p", p);
    check(p > 0 && p < 1, `geometric_ expects p to be in (0, 1), but got p=${p}`);
    const generator = generatorOf("geometric_", options);
    return (out) => random.geometric(out, p, generator);
  },
);

/**
 * Overwrites `x` with integers: all that its dtype has (floats: those up to 2^24 or 2^53), those in [0, to), or those in [from, to).
 * @see torch.Tensor.random_
 */
export const random_: (x: Tensor, ...args: Two) => Tensor = sampler("random_", (x, ...args: Two) => {
  const [[first, second], generator] = splitOptions<number | bigint>("random_", args);
  if (first === undefined) return (out) => random.random(out, x.dtype, generator);
  for (const bound of second === undefined ? [first] : [first, second])
    if (typeof bound !== "bigint") checkInteger("random_", "a bound", bound);
  const [from, to] = second === undefined ? [0, first] : [first, second];
  check(from < to, `random_ expects 'from' to be less than 'to', but got from=${from} >= to=${to}`);
  return (out) => random.randomFromTo(out, x.dtype, from, to, generator);
});

/** A probability, or one for each element, then options. */
type Probability = [options?: RandomOptions] | [p: number | Tensor, options?: RandomOptions];

/** Overwrites `x` with ones and zeros: ones with probability `p` (0.5), a number or a tensor of the same shape. @see torch.Tensor.bernoulli_ */
export const bernoulli_: (x: Tensor, ...args: Probability) => Tensor = sampler(
  "bernoulli_",
  (x, ...args: Probability) => {
    const [[given = 0.5], generator] = splitOptions<number | Tensor>("bernoulli_", args);
    if (given instanceof Tensor) {
      const each = probabilities("bernoulli_", x.shape.length === 0 ? given : given.expand(x.shape));
      return (out) => random.bernoulliEach(out, each, generator);
    }
    const p = checkNumber("bernoulli_", "p", given);
    check(p >= 0 && p <= 1, `bernoulli_ expects p to be in [0, 1], but got p=${p}`);
    return (out) => random.bernoulli(out, p, generator);
  },
);

function valuesOf(op: string, p: Tensor): FloatArray {
  checkFloat(op, p.dtype);
  return cast(p, computeType(p.dtype)).toTypedArray() as FloatArray;
}

function probabilities(op: string, p: Tensor): FloatArray {
  const values = valuesOf(op, p);
  for (const value of values)
    check(value >= 0 && value <= 1, `${op} expects probabilities to be in [0, 1], but got ${value}`);
  return values;
}

/**
 * Ones and zeros of the shape and dtype of `x`, whose elements are the probabilities of a one (or all have the probability `p`).
 * @see torch.bernoulli
 */
export function bernoulli(
  x: Tensor,
  ...args: [options?: RandomOptions] | [p: number, options?: RandomOptions]
): Tensor {
  checkTensor("bernoulli", x);
  const [[p], generator] = splitNumbers("bernoulli", ["p"], args);
  const y = allocate(x.shape, x.dtype, x);
  if (p !== undefined) return bernoulli_(y, p, { generator });
  const each = probabilities("bernoulli", x);
  sampleInto(y, (out) => random.bernoulliEach(out, each, generator));
  return y;
}

/** Options of {@link multinomial}. */
export interface MultinomialOptions extends RandomOptions {
  /** Whether an index may be drawn more than once. Default: false. */
  replacement?: boolean;
}

/**
 * Indices drawn with probabilities proportional to the weights in each row of `x`. Shape: [n] → [count], [m, n] → [m, count]; int64.
 * @see torch.multinomial
 * @throws ValueError for weights that are negative, not finite or all zero, or too few of them to draw from without replacement.
 */
export function multinomial(x: Tensor, count: number, options: MultinomialOptions = {}): Tensor {
  checkTensor("multinomial", x);
  checkOptions("multinomial", options, ["replacement", "generator"]);
  checkFloat("multinomial", x.dtype);
  if (x.ndim !== 1 && x.ndim !== 2) throw new ShapeError("multinomial: prob_dist must be 1 or 2 dim");
  if (checkInteger("multinomial", "count", count, undefined, MAX_COUNT) <= 0)
    throw new ValueError("multinomial: cannot sample n_sample <= 0 samples");
  const generator = generatorOf("multinomial", options);
  const weights = valuesOf("multinomial", x);
  const n = x.shape.at(-1)!;
  const rows = x.ndim === 1 ? 1 : x.shape[0]!;
  const y = allocate([...x.shape.slice(0, -1), count], "int64", x);
  const drawn = vectorOf("int32", rows * count, x, (out) => {
    for (let row = 0; row < rows; row++) {
      const own = weights.subarray(row * n, (row + 1) * n);
      out.set(random.multinomial(own, count, options.replacement ?? false, generator), row * count);
    }
  });
  y.storage.backend.copy(y, drawn.reshape(y.shape));
  drawn.dispose();
  return y;
}

/** Random numbers whose parameters are `inputs`, all of one shape and dtype. */
function drawFrom(
  op: string,
  inputs: readonly Tensor[],
  draw: (out: FloatArray, given: readonly FloatArray[]) => void,
): Tensor {
  const [first] = inputs as [Tensor];
  const given = inputs.map((x) => valuesOf(op, x));
  const y = allocate(first.shape, first.dtype, first);
  sampleInto(y, (out) => draw(out as FloatArray, given));
  const zero = (g: Tensor) => g.zerosLike();
  return record(
    nodeName(op),
    y,
    inputs,
    [],
    inputs.map(() => zero),
  );
}

/**
 * Poisson numbers of the rates in `x`; the gradient is zero. Shape: any, floating-point; the same.
 * @see torch.poisson
 * @throws ValueError for a negative rate.
 * @example torch.poisson(torch.rand(4, 4).mul(5))
 */
export function poisson(x: Tensor, options: RandomOptions = {}): Tensor {
  checkOptions("poisson", options, ["generator"]);
  const generator = generatorOf("poisson", options);
  return drawFrom("poisson", [checkTensor("poisson", x)], (out, [rates]) => random.poisson(out, rates!, generator));
}

/**
 * The numbers of successes in `count` trials of the probabilities `prob`; the gradient is zero. Shapes broadcast; one floating-point
 * dtype for both.
 * @see torch.binomial
 * @throws ValueError for a negative count or a probability outside of [0, 1], DTypeError for different dtypes.
 */
export function binomial(count: Tensor, prob: Tensor, options: RandomOptions = {}): Tensor {
  checkTensor("binomial", count);
  checkTensor("binomial", prob, "prob");
  if (count.dtype !== prob.dtype)
    throw new DTypeError(`binomial: count and prob must have one dtype, got ${count.dtype} and ${prob.dtype}`);
  checkOptions("binomial", options, ["generator"]);
  const generator = generatorOf("binomial", options);
  const shape = broadcastShapes("binomial", count.shape, prob.shape);
  return drawFrom("binomial", [count.expand(shape), prob.expand(shape)], (out, [counts, probs]) =>
    random.binomial(out, counts!, probs!, generator),
  );
}
