/** In which order a data set is read. Orders and draws are PyTorch's, value for value. */

import { checkFlag } from "../core/arguments";
import { argumentsOf } from "../core/binding";
import { classNameOf } from "../core/className";
import { ArgumentError, describe, ValueError } from "../core/errors";
import { defaultGenerator, Generator } from "../core/generator";
import { multinomial, randomFromTo, randperm } from "../core/random/index";
import { within } from "../core/signature";
import type { Arguments } from "../core/signatureTypes";
import type { Tensor } from "../tensor/tensor";
import { lengthOfSource, listOf, MOST_INDICES, plainIndex } from "./indices";

/** An order of indices: iterable any number of times, with the number of indices of one pass. */
export interface IndexOrder<T = number> extends Iterable<T> {
  readonly length?: number;
}

/** What a generator function gives; here the name `Generator` means random numbers. */
type Indices<T> = globalThis.Generator<T, void, undefined>;

/** Anything with a length. */
export interface Sized {
  readonly length: number;
}

const sequentialSignature = "dataSource{}";
const randomSignature = "dataSource{}; replacement, numSamples, generator";
const subsetSignature = "indices; generator";
const weightedSignature = "weights, numSamples; replacement, generator";
const batchSignature = "sampler{}, batchSize, dropLast";

/** Base class for an order of one's own. @see torch.utils.data.Sampler */
export abstract class Sampler<T = number> implements IndexOrder<T> {
  /** Indices of one pass. */
  abstract readonly length: number;
  abstract [Symbol.iterator](): Iterator<T>;
}

/** A seed as `torch.empty((), dtype=torch.int64).random_().item()` draws it: 63 random bits. */
export function drawSeed(generator: Generator = defaultGenerator): bigint {
  return BigInt.asUintN(63, generator.random64());
}

/** Whether an option is a positive integer. @throws ValueError in PyTorch's words. */
export function checkPositive(
  op: string,
  name: string,
  value: unknown,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (!Number.isInteger(value) || (value as number) <= 0)
    throw new ValueError(`${op}: ${name} should be a positive integer value, but got ${name}=${describe(value)}`);
  if ((value as number) > most)
    throw new ValueError(`${op}: ${name} should be at most ${most}, but got ${name}=${value}`);
  return value as number;
}

/** The generator of random numbers among options. @throws ArgumentError for anything else. */
export function checkGenerator(op: string, generator: unknown): Generator | undefined {
  if (generator === undefined || generator instanceof Generator) return generator;
  throw new ArgumentError(`${op}: generator must be a Generator, got ${describe(generator)}`);
}

/** What {@link RandomSampler} takes. */
export type RandomSamplerArguments = { dataSource: Sized } & RandomSamplerOptions;
/** What {@link SubsetRandomSampler} takes. */
export type SubsetRandomSamplerArguments<T> = { indices: readonly T[] | Tensor; generator?: Generator };
/** What {@link WeightedRandomSampler} takes. */
export type WeightedRandomSamplerArguments = {
  weights: Iterable<number> | Tensor;
  numSamples: number;
} & WeightedRandomSamplerOptions;
/** What {@link BatchSampler} takes. */
export type BatchSamplerArguments<T> = { sampler: IndexOrder<T> | Tensor; batchSize: number; dropLast: boolean };

/** 0, 1, 2, … @see torch.utils.data.SequentialSampler */
export class SequentialSampler extends Sampler {
  /** @internal */
  static readonly signature: string = sequentialSignature;

  readonly dataSource: Sized;

  /** @throws ArgumentError for a data set without a length. */
  constructor(...given: Arguments<typeof sequentialSignature, { dataSource: Sized }>) {
    super();
    const { dataSource } = argumentsOf<{ dataSource: Sized }>("SequentialSampler", sequentialSignature, given);
    this.dataSource = dataSource;
    lengthOfSource("SequentialSampler", dataSource);
  }

  get length(): number {
    return this.dataSource.length;
  }

  *[Symbol.iterator](): Indices<number> {
    for (let i = 0; i < this.dataSource.length; i++) yield i;
  }
}

/** Options of {@link RandomSampler}. */
export interface RandomSamplerOptions {
  /** Draw each index independently of the others. Default: false. */
  replacement?: boolean;
  /** Indices of one pass. Default: as many as the data set has. */
  numSamples?: number;
  /** Default: a new generator per pass, seeded from the default one. */
  generator?: Generator;
}

/**
 * Indices in random order.
 * @see torch.utils.data.RandomSampler
 * @throws ValueError if `numSamples` is not a positive integer, also when it is the length of an empty data set.
 */
export class RandomSampler extends Sampler {
  readonly dataSource: Sized;
  readonly replacement: boolean;
  readonly generator: Generator | undefined;
  private readonly asked: number | undefined;

  /** @internal */
  static readonly signature: string = randomSignature;

  constructor(...given: Arguments<typeof randomSignature, RandomSamplerArguments>) {
    super();
    const { dataSource, ...options } = argumentsOf<RandomSamplerArguments>("RandomSampler", randomSignature, given);
    this.dataSource = dataSource;
    lengthOfSource("RandomSampler", dataSource, MOST_INDICES);
    this.replacement = checkFlag("RandomSampler", "replacement", options.replacement ?? false);
    this.generator = checkGenerator("RandomSampler", options.generator);
    this.asked = options.numSamples;
    checkPositive("RandomSampler", "numSamples", this.numSamples, MOST_INDICES);
  }

  get numSamples(): number {
    return this.asked ?? this.dataSource.length;
  }

  get length(): number {
    return this.numSamples;
  }

  *[Symbol.iterator](): Indices<number> {
    const generator = this.generator ?? new Generator().manualSeed(drawSeed());
    if (this.replacement) yield* this.independent(generator);
    else yield* this.permuted(generator);
  }

  /** A data set may have become another since; of an empty one there is nothing to draw. */
  private sourceLength(): number {
    return checkPositive("RandomSampler", "numSamples", lengthOfSource("RandomSampler", this.dataSource, MOST_INDICES));
  }

  /** Draws 32 at a time, since a pass that is left early must leave the generator where PyTorch does. */
  private *independent(generator: Generator): Indices<number> {
    const n = this.sourceLength();
    for (let left = this.numSamples; left > 0; left -= 32) {
      const block = new Int32Array(Math.min(left, 32));
      randomFromTo(block, "int64", 0, n, generator);
      yield* block;
    }
  }

  /** The last permutation is drawn even if nothing of it is used, as in PyTorch: it moves the generator. */
  private *permuted(generator: Generator): Indices<number> {
    const n = this.sourceLength();
    for (let left = this.numSamples; left >= n; left -= n) yield* randperm(n, generator);
    yield* randperm(n, generator).subarray(0, this.numSamples % n);
  }
}

/**
 * The given indices in random order.
 * @see torch.utils.data.SubsetRandomSampler
 * @throws ArgumentError unless they are a list: an array, a typed array or a 1-d tensor.
 */
export class SubsetRandomSampler<T = number> extends Sampler<T> {
  readonly indices: readonly T[];
  readonly generator: Generator | undefined;

  /** @internal */
  static readonly signature: string = subsetSignature;

  constructor(indices: readonly T[] | Tensor, options?: { generator?: Generator });
  constructor(...given: Arguments<typeof subsetSignature, SubsetRandomSamplerArguments<T>>);
  constructor(...given: unknown[]) {
    super();
    const { indices, ...options } = argumentsOf<SubsetRandomSamplerArguments<T>>(
      "SubsetRandomSampler",
      subsetSignature,
      given,
    );
    const list = listOf("SubsetRandomSampler", "indices", indices);
    if (!Array.isArray(list))
      throw new ArgumentError(`SubsetRandomSampler: indices must be an array or a tensor, got ${describe(indices)}`);
    this.indices = list as T[];
    this.generator = checkGenerator("SubsetRandomSampler", options.generator);
  }

  get length(): number {
    return this.indices.length;
  }

  *[Symbol.iterator](): Indices<T> {
    for (const i of randperm(this.indices.length, this.generator ?? defaultGenerator)) yield this.indices[i]!;
  }
}

/** Options of {@link WeightedRandomSampler}. */
export interface WeightedRandomSamplerOptions {
  /** Whether an index may come more than once. Default: true. */
  replacement?: boolean;
  generator?: Generator;
}

/**
 * `numSamples` indices, each drawn with a probability proportional to its weight.
 * @see torch.utils.data.WeightedRandomSampler
 * @param weights One per index: an array, a typed array or a 1-d tensor.
 * @throws ValueError if `numSamples` is not a positive integer, ArgumentError unless weights are numbers.
 */
export class WeightedRandomSampler extends Sampler {
  readonly numSamples: number;
  readonly weights: Float64Array;
  readonly replacement: boolean;
  readonly generator: Generator | undefined;

  /** @internal */
  static readonly signature: string = weightedSignature;

  constructor(...given: Arguments<typeof weightedSignature, WeightedRandomSamplerArguments>) {
    super();
    const { weights, numSamples, ...options } = argumentsOf<WeightedRandomSamplerArguments>(
      "WeightedRandomSampler",
      weightedSignature,
      given,
    );
    this.numSamples = numSamples;
    checkPositive("WeightedRandomSampler", "numSamples", numSamples, MOST_INDICES);
    this.weights = weightsOf(listOf("WeightedRandomSampler", "weights", weights));
    this.replacement = checkFlag("WeightedRandomSampler", "replacement", options.replacement ?? true);
    this.generator = checkGenerator("WeightedRandomSampler", options.generator);
  }

  get length(): number {
    return this.numSamples;
  }

  *[Symbol.iterator](): Indices<number> {
    const { weights, numSamples, replacement, generator = defaultGenerator } = this;
    yield* within("WeightedRandomSampler", () => multinomial(weights, numSamples, replacement, generator));
  }
}

/** @throws ArgumentError for anything but numbers. Their values are checked when they are drawn from. */
function weightsOf(weights: unknown): Float64Array {
  if (typeof weights !== "object" || weights === null || !(Symbol.iterator in weights))
    throw new ArgumentError(`WeightedRandomSampler: weights must be numbers, got ${describe(weights)}`);
  return Float64Array.from(weights as Iterable<unknown>, (weight, i) => {
    if (typeof weight === "number" || typeof weight === "boolean" || typeof weight === "bigint") return Number(weight);
    const value = plainIndex(weight);
    if (typeof value === "number") return value;
    throw new ArgumentError(`WeightedRandomSampler: weights[${i}] must be a number, got ${describe(weight)}`);
  });
}

/**
 * The indices of another order in groups.
 * @see torch.utils.data.BatchSampler
 * @param dropLast whether a last group that is not full is left out
 * @throws ValueError if `batchSize` is not a positive integer, ArgumentError if `dropLast` is not a boolean.
 */
export class BatchSampler<T = number> extends Sampler<T[]> {
  /** @internal */
  static readonly signature: string = batchSignature;

  readonly sampler: IndexOrder<T>;
  readonly batchSize: number;
  readonly dropLast: boolean;

  /** @param sampler An order, an array, or a 1-d tensor of indices. */
  constructor(sampler: IndexOrder<T> | Tensor, batchSize: number, dropLast: boolean);
  constructor(...given: Arguments<typeof batchSignature, BatchSamplerArguments<T>>);
  constructor(...given: unknown[]) {
    super();
    const { sampler, batchSize, dropLast } = argumentsOf<BatchSamplerArguments<T>>(
      "BatchSampler",
      batchSignature,
      given,
    );
    this.batchSize = batchSize;
    this.dropLast = dropLast;
    this.sampler = checkOrder<T>("BatchSampler", "sampler", sampler);
    checkPositive("BatchSampler", "batchSize", batchSize);
    if (typeof dropLast !== "boolean")
      throw new ArgumentError(
        `BatchSampler: dropLast should be a boolean value, but got dropLast=${describe(dropLast)}`,
      );
  }

  get length(): number {
    const samples = lengthOf("BatchSampler", this.sampler);
    return this.dropLast ? Math.floor(samples / this.batchSize) : Math.ceil(samples / this.batchSize);
  }

  *[Symbol.iterator](): Indices<T[]> {
    let batch: T[] = [];
    for (const index of this.sampler) {
      batch.push(index);
      if (batch.length < this.batchSize) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0 && !this.dropLast) yield batch;
  }
}

/** An order of indices; of a tensor, its elements. @throws ArgumentError unless it can be iterated over. */
export function checkOrder<T>(op: string, name: string, order: unknown): IndexOrder<T> {
  const list = listOf(op, name, order);
  if (typeof list === "object" && list !== null && Symbol.iterator in list) return list as IndexOrder<T>;
  throw new ArgumentError(`${op}: ${name} must be an iterable of indices, got ${describe(order)}`);
}

/** @throws ArgumentError if `order` does not know its length. */
export function lengthOf(op: string, order: { readonly length?: number }): number {
  if (typeof order.length === "number") return order.length;
  throw new ArgumentError(`${op}: object of type '${classNameOf(order)}' has no length`);
}
