/** Distributions over integers and truth values. PyTorch's `DistributionsHelper.h` and `Distributions.cpp`. */
import { type DType, isFloat } from "../dtype";
import { ValueError } from "../errors";
import { defaultGenerator, type Generator } from "../generator";
import { type FillableArray, type FloatArray, fillBig, transform, unit24, unit53 } from "./fill";

/**
 * `one` with probability p, else 0. Draws 53 bits per element whatever the type, as a PyTorch without MKL does. Dropout draws
 * its mask so: p is the probability to keep, and `one` the factor 1 / p.
 *
 * @see torch.Tensor.bernoulli_, torch.nn.functional.dropout
 */
export function bernoulli(out: FillableArray, p: number, generator: Generator = defaultGenerator, one = 1): void {
  if (!(p >= 0 && p <= 1)) throw new ValueError(`bernoulli: the probability must lie in [0, 1], got ${p}`);
  transform(out, 2, generator, (values, words) => {
    for (let i = 0; i < values.length; i++) values[i] = unit53(words, i) < p ? one : 0;
  });
}

/**
 * 1 with the probability at the same place of `probabilities`, else 0: 24 bits per element for float32 probabilities, 53 for
 * float64.
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
  const [wordsEach, unit] = probabilities instanceof Float64Array ? ([2, unit53] as const) : ([1, unit24] as const);
  transform(out, wordsEach, generator, (values, words, start) => {
    for (let i = 0; i < values.length; i++) values[i] = unit(words, i) < probabilities[start + i]! ? 1 : 0;
  });
}

/**
 * Integers over the whole range of the type, [0, max]; for floats over the integers [0, 2^bits] that are exact in it.
 * @see torch.Tensor.random_ without bounds
 */
export function random(out: FillableArray, dtype: DType, generator: Generator = defaultGenerator): void {
  const count = rangeOf(dtype).max + 1n;
  if (dtype === "int64" || dtype === "float64") fillBig(out, () => generator.random64() % count);
  else fillBelow(out, 0, Number(count), generator);
}

/**
 * Integers in [from, to): 64 bits per element for int64 and floats if the span is 2^32 or more, else 32 bits.
 *
 * @param to null for the largest value of the type, included
 * @throws {@link ValueError} if no integer lies in the range or an integer type cannot hold all of it
 * @see torch.randint, torch.Tensor.random_
 */
export function randomFromTo(
  out: FillableArray,
  dtype: DType,
  from: number | bigint,
  to: number | bigint | null,
  generator: Generator = defaultGenerator,
): void {
  const [low, high] = boundsOf(dtype, from, to);
  const span = high - low;
  const wide = span >= 1n << 32n && (isFloat(dtype) || dtype === "int64");
  if (!wide && isSafe(low) && isSafe(high)) fillBelow(out, Number(low), Number(span), generator);
  else if (!wide) fillBig(out, () => (BigInt(generator.random()) % span) + low);
  // The whole range of int64 is the one span that PyTorch draws without an offset.
  else if (span === 1n << 64n) fillBig(out, () => BigInt.asIntN(64, generator.random64()));
  else fillBig(out, () => (generator.random64() % span) + low);
}

/**
 * The first whole number of a range that a dtype holds, and the one after its last.
 * @param to null for the largest value of the type, included
 * @throws {@link ValueError} if no integer lies in the range or an integer type cannot hold all of it
 */
export function boundsOf(dtype: DType, from: number | bigint, to: number | bigint | null): [bigint, bigint] {
  const end = to === null ? rangeOf(dtype).max + 1n : BigInt(to);
  const [low, high] = (isFloat(dtype) ? inwards : checkRange)(dtype, BigInt(from), end);
  if (low >= high) throw new ValueError(`random: expects from < to, got from = ${from} and to = ${end}`);
  return [low, high];
}

const isSafe = (value: bigint): boolean => Number.isSafeInteger(Number(value));

function fillBelow(out: FillableArray, from: number, count: number, generator: Generator): void {
  transform(out, 1, generator, (values, words) => {
    for (let i = 0; i < values.length; i++) values[i] = (words[i]! % count) + from;
  });
}

const significandBits: Partial<Record<DType, bigint>> = { float16: 11n, bfloat16: 8n, float32: 24n, float64: 53n };
const integerBits: Partial<Record<DType, bigint>> = { int64: 63n, int32: 31n, int16: 15n, int8: 7n };

/** The values of an integer type; of a float type the run of integers around zero that it holds exactly. */
export function rangeOf(dtype: DType): { min: bigint; max: bigint } {
  const bits = integerBits[dtype];
  if (bits !== undefined) return { min: -(1n << bits), max: (1n << bits) - 1n };
  const exact = significandBits[dtype];
  if (exact !== undefined) return { min: -(1n << exact), max: 1n << exact };
  return { min: 0n, max: dtype === "bool" ? 1n : 255n };
}

function checkRange(dtype: DType, from: bigint, to: bigint): [bigint, bigint] {
  const { min, max } = rangeOf(dtype);
  if (from < min || to - 1n > max)
    throw new ValueError(`random: ${dtype} holds ${min} to ${max}, got from = ${from} and to = ${to}`);
  return [from, to];
}

/**
 * A float type cannot hold every integer beyond 2^bits. Where rounding would leave the range, the bound moves inwards by one
 * step of the type (`update_from` and `update_to` in PyTorch's `DistributionTemplates.h`).
 */
function inwards(dtype: DType, from: bigint, to: bigint): [bigint, bigint] {
  const round = (value: bigint): bigint => BigInt(dtype === "float32" ? Math.fround(Number(value)) : Number(value));
  const step = (value: bigint): bigint => {
    const bits = BigInt((value < 0n ? -value : value).toString(2).length);
    return 1n << (bits - significandBits[dtype]!);
  };
  const [first, last] = [from + 1n, to - 1n];
  return [round(first) < from ? round(first) + step(first) : from, round(last) >= to ? round(last) - step(last) : to];
}

/**
 * A permutation of 0 … n - 1 by PyTorch's swaps: position i changes places with one of i … n - 1.
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
