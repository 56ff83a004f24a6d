/** Random numbers written over tensors, and samples whose distribution a tensor gives. Every stream is PyTorch's. */

import { record } from "../../autograd/node";
import { assertNumber, checkInteger, checkNumber, MAX_COUNT } from "../../core/arguments";
import { DTypeError, ShapeError, ValueError } from "../../core/errors";
import type { Generator } from "../../core/generator";
import type { FloatArray } from "../../core/random";
import * as random from "../../core/random";
import { broadcastShapes } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate, vectorOf } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkAll, checkTensor } from "../builders/checks";
import { cast, computeType, nodeName } from "../builders/define";
import {
  check,
  checkFloat,
  type Draw,
  drawIntegers,
  drawing,
  drawNormal,
  generatorOf,
  numbersOf,
  type RandomOptions,
  sampleInto,
  sampler,
} from "./draw";
import { drawIndices } from "./indices";

/** Overwrites `x` with uniform numbers in [from, to). Default: [0, 1). @see torch.Tensor.uniform_ @example x.uniform_(-1, 1) */
export const uniform_ = sampler(
  "uniform_",
  "input; from, to; generator",
  (x, options: RandomOptions & { from?: number; to?: number } = {}) => {
    const { from, to, generator } = numbersOf("uniform_", options, { from: 0, to: 1 });
    checkFloat("uniform_", x.dtype);
    check(from <= to, `uniform_ expects to return a [from, to) range, but found from=${from} > to=${to}`);
    return drawing("uniform", generator, [from, to], (out) => random.uniform(out as FloatArray, from, to, generator));
  },
);

/** Options of {@link normal_} and {@link logNormal_}. */
export type NormalOptions = RandomOptions & { mean?: number; std?: number };

/** Overwrites `x` with normal numbers of a mean (0) and standard deviation (1). @see torch.Tensor.normal_ */
export const normal_ = sampler("normal_", "input; mean, std; generator", (x, options: NormalOptions = {}) => {
  const { mean, std, generator } = numbersOf("normal_", options, { mean: 0, std: 1 });
  checkFloat("normal_", x.dtype);
  check(std >= 0, `normal expects std >= 0.0, but found std ${std}`);
  return drawNormal(mean, std, generator);
});

/** Overwrites `x` with numbers whose logarithm is normal, of mean 1 and standard deviation 2 unless given. @see torch.Tensor.log_normal_ */
export const logNormal_ = sampler("logNormal_", "input; mean, std; generator", (x, options: NormalOptions = {}) => {
  const { mean, std, generator } = numbersOf("logNormal_", options, { mean: 1, std: 2 });
  checkFloat("logNormal_", x.dtype);
  check(std > 0, `log_normal_ expects std > 0.0, but found std=${std}`);
  return drawing("logNormal", generator, [mean, std], (out) =>
    random.logNormal(out as FloatArray, mean, std, generator),
  );
});

/** Overwrites `x` with exponential numbers of rate `lambd` (1). @see torch.Tensor.exponential_ */
export const exponential_ = sampler(
  "exponential_",
  "input; lambd; generator",
  (x, options: RandomOptions & { lambd?: number } = {}) => {
    const { lambd, generator } = numbersOf("exponential_", options, { lambd: 1 });
    checkFloat("exponential_", x.dtype);
    check(lambd > 0, `exponential_ expects lambda > 0.0, but found lambda=${lambd}`);
    return drawing("exponential", generator, [lambd], (out) => random.exponential(out as FloatArray, lambd, generator));
  },
);

/** Overwrites `x` with Cauchy numbers of a median (0) and scale (1). @see torch.Tensor.cauchy_ */
export const cauchy_ = sampler(
  "cauchy_",
  "input; median, sigma; generator",
  (x, options: RandomOptions & { median?: number; sigma?: number } = {}) => {
    const { median, sigma, generator } = numbersOf("cauchy_", options, { median: 0, sigma: 1 });
    checkFloat("cauchy_", x.dtype);
    check(sigma > 0, `cauchy_ expects sigma > 0.0, but found sigma=${sigma}`);
    return drawing("cauchy", generator, [median, sigma], (out) =>
      random.cauchy(out as FloatArray, median, sigma, generator),
    );
  },
);

/** Overwrites `x` with the numbers of trials up to the first success of probability `p`. @see torch.Tensor.geometric_ */
export const geometric_ = sampler(
  "geometric_",
  "input, p;; generator",
  (_x, p: number, options: RandomOptions = {}) => {
    assertNumber("geometric_", "p", p);
    check(p > 0 && p < 1, `geometric_ expects p to be in (0, 1), but got p=${p}`);
    const generator = generatorOf("geometric_", options);
    return drawing("geometric", generator, [p], (out) => random.geometric(out, p, generator));
  },
);

/** A bound of {@link random_}. */
type Bound = number | bigint | null;

/**
 * Overwrites `x` with integers: all that its dtype has (floats: those up to 2^24 or 2^53), those in [0, to), or those in [from, to).
 * @see torch.Tensor.random_
 * @example x.random_(); x.random_(10); x.random_(5, 10); x.random_({ from: 5, to: 10 });
 */
export const random_ = sampler(
  "random_",
  "input; from, to; generator",
  (x, options: RandomOptions & { from?: Bound; to?: Bound } = {}) => {
    const generator = generatorOf("random_", options);
    for (const bound of [options.from, options.to])
      if (bound != null && typeof bound !== "bigint") checkInteger("random_", "a bound", bound);
    // One bound by position is the upper one.
    const [from, to] = options.to == null ? [0, options.from] : [options.from ?? 0, options.to];
    if (to == null) {
      const most = Number(random.rangeOf(x.dtype).max);
      // A device that holds 32 bits draws as many.
      const range = [0, Math.min(most + 1, 2 ** 31)] as const;
      return drawing("integers", generator, range, (out) => random.random(out, x.dtype, generator));
    }
    check(from < to, `random_ expects 'from' to be less than 'to', but got from=${from} >= to=${to}`);
    return drawIntegers(x.dtype, from, to, generator);
  },
);

/** Overwrites `x` with ones and zeros: ones with probability `p` (0.5), a number or a tensor of the same shape. @see torch.Tensor.bernoulli_ */
export const bernoulli_ = sampler(
  "bernoulli_",
  "input; p; generator",
  (x, options: RandomOptions & { p?: number | Tensor } = {}) => {
    const generator = generatorOf("bernoulli_", options);
    const { p: given = 0.5 } = options;
    if (given instanceof Tensor) {
      const spread: Tensor = x.shape.length === 0 ? given : given.expand(x.shape);
      return drawEach("bernoulli_", spread, generator);
    }
    const p = checkNumber("bernoulli_", "p", given);
    check(p >= 0 && p <= 1, `bernoulli_ expects p to be in [0, 1], but got p=${p}`);
    return drawing("bernoulli", generator, [p, 1], (out) => random.bernoulli(out, p, generator));
  },
);

function valuesOf(op: string, p: Tensor): FloatArray {
  checkFloat(op, p.dtype);
  return cast(p, computeType(p.dtype)).toTypedArray() as FloatArray;
}

/** Ones with the probabilities `p`. */
function drawEach(op: string, p: Tensor, generator: Generator): Draw {
  if (!p.storage.backend.readsAtOnce) {
    checkFloat(op, p.dtype);
    checkAll(op, p.ge(0).logicalAnd(p.le(1)), "expects probabilities to be in [0, 1]");
    return Object.assign(() => {}, { onDevice: { kind: "bernoulliEach", generator, given: [p] } as const });
  }
  const each = probabilities(op, p);
  return (out) => random.bernoulliEach(out, each, generator);
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
export const bernoulli = named(
  "bernoulli",
  "input; p; generator",
  (x: Tensor, options: RandomOptions & { p?: number } = {}): Tensor => {
    checkTensor("bernoulli", x);
    const { p } = options;
    const y = allocate(x.shape, x.dtype, x);
    if (p !== undefined) return bernoulli_(y, options);
    const generator = generatorOf("bernoulli", options);
    sampleInto(y, drawEach("bernoulli", x, generator));
    return y;
  },
);

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
export const multinomial = named(
  "multinomial",
  "input, numSamples; replacement; generator",
  (x: Tensor, count: number, options: MultinomialOptions = {}): Tensor => {
    checkTensor("multinomial", x);
    checkFloat("multinomial", x.dtype);
    if (x.ndim !== 1 && x.ndim !== 2) throw new ShapeError("multinomial: prob_dist must be 1 or 2 dim");
    if (checkInteger("multinomial", "count", count, undefined, MAX_COUNT) <= 0)
      throw new ValueError("multinomial: cannot sample n_sample <= 0 samples");
    const generator = generatorOf("multinomial", options);
    if (!x.storage.backend.readsAtOnce) return drawIndices(x, count, options.replacement ?? false, generator);
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
  },
);

/**
 * Random numbers whose parameters are `inputs`, all of one shape and dtype.
 * @param isValid Which parameters are, for devices that cannot be read at once.
 */
function drawFrom(
  op: "poisson" | "binomial",
  inputs: readonly Tensor[],
  generator: Generator,
  isValid: (...inputs: readonly Tensor[]) => Tensor,
  draw: (out: FloatArray, given: readonly FloatArray[]) => void,
): Tensor {
  const [first] = inputs as [Tensor];
  const y = allocate(first.shape, first.dtype, first);
  if (first.storage.backend.readsAtOnce) {
    const given = inputs.map((x) => valuesOf(op, x));
    sampleInto(y, (out) => draw(out as FloatArray, given));
  } else {
    checkFloat(op, first.dtype);
    checkAll(op, isValid(...inputs.map((x) => x.detach())), "a parameter is out of range");
    sampleInto(
      y,
      Object.assign(() => {}, { onDevice: { kind: op, generator, given: inputs } }),
    );
  }
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
export const poisson = named("poisson", "input; generator", (x: Tensor, options: RandomOptions = {}): Tensor => {
  const generator = generatorOf("poisson", options);
  return drawFrom(
    "poisson",
    [checkTensor("poisson", x)],
    generator,
    (rates) => rates!.ge(0),
    (out, [rates]) => random.poisson(out, rates!, generator),
  );
});

/**
 * The numbers of successes in `count` trials of the probabilities `prob`; the gradient is zero. Shapes broadcast; one floating-point
 * dtype for both.
 * @see torch.binomial
 * @throws ValueError for a negative count or a probability outside of [0, 1], DTypeError for different dtypes.
 */
export const binomial = named(
  "binomial",
  "count, prob;; generator",
  (count: Tensor, prob: Tensor, options: RandomOptions = {}): Tensor => {
    checkTensor("binomial", count);
    checkTensor("binomial", prob, "prob");
    if (count.dtype !== prob.dtype)
      throw new DTypeError(`binomial: count and prob must have one dtype, got ${count.dtype} and ${prob.dtype}`);
    const generator = generatorOf("binomial", options);
    const shape = broadcastShapes("binomial", count.shape, prob.shape);
    return drawFrom(
      "binomial",
      [count.expand(shape), prob.expand(shape)],
      generator,
      (counts, probs) => counts!.ge(0).logicalAnd(probs!.ge(0)).logicalAnd(probs!.le(1)),
      (out, [counts, probs]) => random.binomial(out, counts!, probs!, generator),
    );
  },
);
