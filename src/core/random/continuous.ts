/** Distributions that transform one uniform number per element. PyTorch's `TransformationHelper.h`. */
import { ValueError } from "../errors";
import { defaultGenerator, type Generator } from "../generator";
import { type FillableArray, type FloatArray, fill, transform, unit24, unit53 } from "./fill";

const { fround } = Math;

/**
 * Uniform over [from, to): 24 random bits per float32, 53 per float64.
 * @throws {@link ValueError} if from > to or the span overflows the type
 * @see torch.Tensor.uniform_, torch.rand
 */
export function uniform(out: FloatArray, from = 0, to = 1, generator: Generator = defaultGenerator): void {
  const exact = out instanceof Float64Array;
  const [low, high] = exact ? [from, to] : [fround(from), fround(to)];
  const span = exact ? high - low : fround(high - low);
  if (!(span >= 0 && span < Infinity))
    throw new ValueError(`uniform: expects from <= to, a finite span apart, got from = ${from} and to = ${to}`);
  if (exact) uniform64(out, low, span, generator);
  else uniform32(out, low, span, generator);
}

/** A product of two float32 is exact in a double: one rounding in all, as by the fused multiply-add of PyTorch's builds. */
function uniform32(out: Float32Array, from: number, range: number, generator: Generator): void {
  // A word is as long as a float, so it is drawn to where its number goes.
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
  generator.fillWords(words);
  for (let i = 0; i < out.length; i++) out[i] = unit24(words, i) * range + from;
}

function uniform64(out: Float64Array, from: number, range: number, generator: Generator): void {
  transform(out, 2, generator, (values, words) => {
    for (let i = 0; i < values.length; i++) values[i] = unit53(words, i) * range + from;
  });
}

/**
 * Density `lambda * exp(-lambda * x)` for x > 0.
 * @throws {@link ValueError} unless lambda is positive
 * @see torch.Tensor.exponential_
 */
export function exponential(out: FloatArray, lambda = 1, generator: Generator = defaultGenerator): void {
  if (!(lambda > 0)) throw new ValueError(`exponential: lambda must be positive, got ${lambda}`);
  transform(out, 2, generator, (values, words) => {
    for (let i = 0; i < values.length; i++) values[i] = (-1 / lambda) * Math.log(1 - unit53(words, i));
  });
}

/**
 * Density `sigma / (pi * ((x - median)^2 + sigma^2))`.
 * @throws {@link ValueError} unless sigma is positive
 * @see torch.Tensor.cauchy_
 */
export function cauchy(out: FloatArray, median = 0, sigma = 1, generator: Generator = defaultGenerator): void {
  if (!(sigma > 0)) throw new ValueError(`cauchy: sigma must be positive, got ${sigma}`);
  transform(out, 2, generator, (values, words) => {
    for (let i = 0; i < values.length; i++) values[i] = median + sigma * Math.tan(Math.PI * (unit53(words, i) - 0.5));
  });
}

/**
 * The number of trials, each of probability p, up to the first success.
 * @throws {@link ValueError} unless p lies in (0, 1)
 * @see torch.Tensor.geometric_
 */
export function geometric(out: FillableArray, p: number, generator: Generator = defaultGenerator): void {
  if (!(p > 0 && p < 1)) throw new ValueError(`geometric: p must lie in (0, 1), got ${p}`);
  const scale = Math.log(1 - p);
  transform(out, 2, generator, (values, words) => {
    for (let i = 0; i < values.length; i++) values[i] = Math.ceil(Math.log(unit53(words, i)) / scale);
  });
}

/**
 * The slopes of a randomized leaky ReLU in training: uniform over [lower, upper) where `input` is not positive, else 1.
 * Only the first kind draws.
 *
 * @param out of the length of `input`
 * @see torch.nn.functional.rrelu
 */
export function rreluSlopes(
  out: FloatArray,
  input: FloatArray,
  lower: number,
  upper: number,
  generator: Generator = defaultGenerator,
): void {
  fill(out, (i) => (input[i]! <= 0 ? generator.uniform53() * (upper - lower) + lower : 1));
}
