/** Sampling of indices by weight. PyTorch's `Distributions.cpp` and `cpu/MultinomialKernel.cpp`. */
import { ValueError } from "../errors";
import { defaultGenerator, type Generator } from "../generator";
import { exponential } from "./continuous";
import type { FloatArray } from "./fill";

/** PyTorch's limit: an index has to be exact in a float32. */
const MAX_CATEGORIES = 2 ** 24;

/**
 * `count` indices into `weights`, each drawn with a probability proportional to its weight: one row of `torch.multinomial`.
 * The rows of a matrix are drawn one after the other.
 *
 * @throws {@link ValueError} for weights that are negative, not finite or all zero, and for more draws without replacement than weights
 * @see torch.multinomial
 */
export function multinomial(
  weights: FloatArray,
  count: number,
  replacement = false,
  generator: Generator = defaultGenerator,
): Int32Array {
  checkWeights(weights, count, replacement);
  return replacement ? drawAgain(weights, count, generator) : drawApart(weights, count, generator);
}

function checkWeights(weights: FloatArray, count: number, replacement: boolean): void {
  if (!(count > 0)) throw new ValueError(`multinomial: needs at least one sample, got ${count}`);
  if (weights.length > MAX_CATEGORIES)
    throw new ValueError(`multinomial: at most 2^24 categories are possible, got ${weights.length}`);
  if (!replacement && count > weights.length)
    throw new ValueError(
      `multinomial: cannot draw ${count} samples of ${weights.length} categories without replacement`,
    );
  let positive = false;
  for (const weight of weights) {
    if (!(weight >= 0 && weight < Infinity))
      throw new ValueError(`multinomial: the weights must be finite and not negative, got ${weight}`);
    positive ||= weight > 0;
  }
  if (!positive) throw new ValueError("multinomial: the sum of the weights is zero");
}

/** Search of uniform numbers in the cumulative weights, which are summed in the type of the weights. */
function drawAgain(weights: FloatArray, count: number, generator: Generator): Int32Array {
  const cumulative = weights.slice();
  for (let i = 1; i < cumulative.length; i++) cumulative[i] = cumulative[i - 1]! + cumulative[i]!;
  const sum = cumulative[cumulative.length - 1]!;
  for (let i = 0; i < cumulative.length; i++) cumulative[i] = cumulative[i]! / sum;
  cumulative[cumulative.length - 1] = 1;
  return Int32Array.from({ length: count }, () => firstNotBelow(cumulative, generator.uniform53()));
}

/** The first index whose value is not below `target`, in ascending values of which the last is not below it. */
function firstNotBelow(values: FloatArray, target: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = low + ((high - low) >> 1);
    if (values[middle]! < target) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The indices of the largest weight / Exp(1), largest first: a race of exponential clocks (the Gumbel-max trick, exponentiated). */
function drawApart(weights: FloatArray, count: number, generator: Generator): Int32Array {
  const speed = weights.slice();
  exponential(speed, 1, generator);
  for (let i = 0; i < speed.length; i++) speed[i] = weights[i]! / speed[i]!;
  if (count === 1) return Int32Array.of(indexOfLargest(speed));
  const order = new Int32Array(speed.length).map((_, i) => i);
  return order.sort((a, b) => speed[b]! - speed[a]!).slice(0, count);
}

function indexOfLargest(values: FloatArray): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
