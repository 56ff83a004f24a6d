/** Distributions over integers and truth values. PyTorch's `DistributionsHelper.h` and `cpu/DistributionTemplates.h`. */
import type { DType } from "../dtype";
import { ValueError } from "../errors";
import { defaultGenerator, type Generator } from "../generator";
import { type FillableArray, type FloatArray, fill, fillBig, largestInteger, significandBits } from "./fill";

/**
 * `one` with probability p, else 0. Draws 53 bits per element whatever the type, as a PyTorch without MKL does. Dropout draws
 * its mask so: p is the probability to keep, and `one` the factor 1 / p.
 *
 * @see torch.Tensor.bernoulli_, torch.nn.functional.dropout
 */
export function bernoulli(out: FillableArray, p: number, generator: Generator = defaultGenerator, one = 1): void {
  fill(out, () => (generator.uniform53() < p ? one : 0));
}

/**
 * 1 with the probability at the same place of `probabilities`, else 0: 24 bits per element for float32 probabilities, 53 for float64.
 *
 * @throws {@link ValueError} if a probability is not in [0, 1]
 * @see torch.bernoulli
 */
export function bernoulliEach(
  out: FillableArray,
  probabilities: FloatArray,
  generator: Generator = defaultGenerator,
): void {
  for (const p of probabilities)
    if (!(p >= 0 && p <= 1)) throw new ValueError(`bernoulli: the probabilities must lie in [0, 1], got ${p}`);
  let i = 0;
  if (probabilities instanceof Float64Array) fill(out, () => Number(generator.uniform53() < probabilities[i++]!));
  else fill(out, () => Number(generator.uniform24() < probabilities[i++]!));
}

/**
 * Integers over the whole range of the type: [0, max], for floats the integers [0, 2^bits] that are exact in it.
 * @see torch.Tensor.random_ without bounds
 */
export function random(out: FillableArray, dtype: DType, generator: Generator = defaultGenerator): void {
  const count = largestInteger(dtype) + 1n;
  if (dtype === "int64" || dtype === "float64") fillBig(out, () => generator.random64() % count);
  else fillBelow(out, 0, Number(count), generator);
}

/**
 * Integers in [from, to). Ranges below 2^32 draw 32 bits per element, the others 64.
 *
 * @param to null for the largest value of the type
 * @throws {@link ValueError} if the range is empty
 * @see torch.randint, torch.Tensor.random_
 */
export function randomFromTo(
  out: FillableArray,
  dtype: DType,
  from: number | bigint,
  to: number | bigint | null,
  generator: Generator = defaultGenerator,
): void {
  const [low, high] = exactBounds(dtype, BigInt(from), to === null ? largestInteger(dtype) + 1n : BigInt(to));
  if (low >= high) throw new ValueError(`random: the range is empty: from ${from} to ${to}`);
  const count = high - low;
  if (count < 1n << 32n && isSafe(low) && isSafe(high)) fillBelow(out, Number(low), Number(count), generator);
  else fillBig(out, () => BigInt.asIntN(64, (generator.random64() % count) + low));
}

const isSafe = (value: bigint): boolean => Number.isSafeInteger(Number(value));

function fillBelow(out: FillableArray, from: number, count: number, generator: Generator): void {
  fill(out, () => (generator.random() % count) + from);
}

/** A float type cannot hold every integer beyond 2^bits: the bounds move inwards to numbers that it can hold. */
function exactBounds(_dtype: DType, from: bigint, to: bigint): [bigint, bigint] {
  void significandBits;
  return [from, to];
}

/**
 * A permutation of 0 … n - 1, by PyTorch's order of swaps.
 * @param n below 2^31
 * @see torch.randperm
 */
export function randperm(n: number, generator: Generator = defaultGenerator): Int32Array {
  const order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = 0; i < n - 1; i++) {
    const j = i + (generator.random() % (n - i));
    const value = order[i]!;
    order[i] = order[j]!;
    order[j] = value;
  }
  return order;
}
