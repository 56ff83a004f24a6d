/** Distributions that are sampled by rejection, so that an element takes a varying number of draws. */
import { ValueError } from "../errors";
import { defaultGenerator, type Generator } from "../generator";
import { type FloatArray, fill } from "./fill";
import { standardNormal } from "./normal";

const { fround } = Math;

/**
 * Poisson numbers of the rates at the same places.
 * @throws {@link ValueError} for a negative rate
 * @see torch.poisson
 */
export function poisson(out: FloatArray, rates: FloatArray, generator: Generator = defaultGenerator): void {
  for (const rate of rates) if (!(rate >= 0)) throw new ValueError(`poisson: a rate must not be negative, got ${rate}`);
  fill(out, (i) => {
    const rate = rates[i]!;
    return rate === 0 ? 0 : rate < 10 ? countArrivals(rate, generator) : poissonByRejection(rate, generator);
  });
}

/** Multiplies uniform numbers until the product is not above exp(-rate). Knuth, TAOCP 2, 3.4.1. */
function countArrivals(rate: number, generator: Generator): number {
  const limit = Math.exp(-rate);
  let count = 0;
  let product = generator.uniform53();
  while (product > limit) {
    count++;
    product *= generator.uniform53();
  }
  return count;
}

/** PTRS: Hörmann, The transformed rejection method for generating Poisson random variables, 1993. */
function poissonByRejection(rate: number, generator: Generator): number {
  const logRate = Math.log(rate);
  const b = 0.931 + 2.53 * Math.sqrt(rate);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const accept = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = generator.uniform53() - 0.5;
    const v = generator.uniform53();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= accept) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const bound = Math.log(v) + Math.log(inverseAlpha) - Math.log(a / (us * us) + b);
    if (bound <= -rate + k * logRate - logGamma(k + 1)) return k;
  }
}

/** log Γ(x) for x >= 1, by Stirling's series from 8 upwards; relative error below 1e-14. */
function logGamma(x: number): number {
  let product = 1;
  for (; x < 8; x++) product *= x;
  const r = 1 / (x * x);
  const series = 1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - (r * 691) / 360360))));
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series / x - Math.log(product);
}

/**
 * Gamma numbers of scale 1 and the shapes at the same places; a shape of 0 gives the smallest normal number, one that is negative or NaN gives NaN.
 * Marsaglia and Tsang, A simple method for generating gamma variables, ACM TOMS 26(3), 2000.
 *
 * @see torch._standard_gamma, which torch.distributions builds Gamma, Beta, Dirichlet, Chi2 and StudentT on
 */
export function standardGamma(out: FloatArray, shapes: FloatArray, generator: Generator = defaultGenerator): void {
  const [smallest, round] =
    out instanceof Float64Array ? [2 ** -1022, (x: number) => x] : ([2 ** -126, fround] as const);
  fill(out, (i) => Math.max(smallest, gamma(shapes[i]!, round, generator)));
}

/** `round` is the precision of the shape: PyTorch derives the constants in it, and the sample in double precision. */
function gamma(shape: number, round: (x: number) => number, generator: Generator): number {
  if (!(shape > 0)) return shape === 0 ? 0 : Number.NaN;
  let scale = 1;
  if (shape < 1) {
    scale = (1 - generator.uniform53()) ** round(1 / shape);
    shape = round(shape + 1);
  }
  const d = round(shape - fround(1 / 3));
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = standardNormal(generator);
    const y = 1 + c * x;
    if (y <= 0) continue;
    const v = y * y * y;
    const u = 1 - generator.uniform53();
    const xx = x * x;
    if (u < 1 - fround(0.0331) * xx * xx) return scale * d * v;
    if (Math.log(u) < 0.5 * xx + d * (1 - v + Math.log(v))) return scale * d * v;
  }
}

/**
 * The number of successes in `counts` trials of the probabilities at the same places.
 * @throws {@link ValueError} for a negative count or a probability outside [0, 1]
 * @see torch.binomial
 */
export function binomial(
  out: FloatArray,
  counts: FloatArray,
  probabilities: FloatArray,
  generator: Generator = defaultGenerator,
): void {
  for (let i = 0; i < out.length; i++)
    if (!(counts[i]! >= 0 && probabilities[i]! >= 0 && probabilities[i]! <= 1))
      throw new ValueError(`binomial: cannot draw ${counts[i]} trials of probability ${probabilities[i]}`);
  fill(out, (i) => {
    const [count, p] = [counts[i]!, probabilities[i]!];
    return p <= 0.5 ? successes(count, p, generator) : count - successes(count, 1 - p, generator);
  });
}

/** For p <= 1/2. */
function successes(count: number, p: number, generator: Generator): number {
  if (count === 0 || p === 0) return 0;
  return count * p >= 10 ? binomialByRejection(count, p, generator) : binomialByWaiting(count, p, generator);
}

/** Adds up the geometric waiting times of the successes. */
function binomialByWaiting(count: number, p: number, generator: Generator): number {
  const scale = Math.log1p(-p);
  let trials = 0;
  for (let found = 0; ; found++) {
    trials += Math.ceil(Math.log(generator.uniform53()) / scale);
    if (trials > count) return found;
  }
}

/** BTRS: Hörmann, The generation of binomial random variates, 1993. */
function binomialByRejection(count: number, p: number, generator: Generator): number {
  const deviation = Math.sqrt(count * p * (1 - p));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const accept = 0.92 - 4.2 / b;
  const alpha = (2.83 + 5.1 / b) * deviation;
  for (;;) {
    const u = generator.uniform53() - 0.5;
    const v = generator.uniform53();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + count * p + 0.5);
    if (k < 0 || k > count) continue;
    if (us >= 0.07 && v <= accept) return k;
    if (Math.log((v * alpha) / (a / (us * us) + b)) <= logBinomialRatio(count, p, k)) return k;
  }
}

/** The logarithm of the probability of k successes over that of the most probable number. */
function logBinomialRatio(count: number, p: number, k: number): number {
  const m = Math.floor((count + 1) * p);
  const odds = p / (1 - p);
  return (
    (m + 0.5) * Math.log((m + 1) / (odds * (count - m + 1))) +
    (count + 1) * Math.log((count - m + 1) / (count - k + 1)) +
    (k + 0.5) * Math.log((odds * (count - k + 1)) / (k + 1)) +
    (stirlingTail(m) + stirlingTail(count - m) - stirlingTail(k) - stirlingTail(count - k))
  );
}

/** log k! less its approximation by Stirling in the form that `logBinomialRatio` uses. */
function stirlingTail(k: number): number {
  const x = k + 1;
  if (k <= 9) return logGamma(x) - (0.5 * Math.log(2 * Math.PI) + (k + 0.5) * Math.log(x) - x);
  const r = 1 / (x * x);
  return (1 / 12 - (1 / 360 - r / 1260) * r) / x;
}
