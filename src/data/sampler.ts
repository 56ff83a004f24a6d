/** In which order a data set is read. Orders and draws are PyTorch's, value for value. */
import { ArgumentError, checkOptions, describe, ValueError } from "../core/errors";
import { defaultGenerator, Generator } from "../core/generator";
import { multinomial, randomFromTo, randperm } from "../core/random/index";

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
export function checkPositive(name: string, value: unknown): number {
  if (!Number.isInteger(value) || (value as number) <= 0)
    throw new ValueError(`${name} should be a positive integer value, but got ${name}=${describe(value)}`);
  return value as number;
}

/** 0, 1, 2, … @see torch.utils.data.SequentialSampler */
export class SequentialSampler extends Sampler {
  constructor(readonly dataSource: Sized) {
    super();
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
  readonly replacement: boolean;
  readonly generator: Generator | undefined;
  private readonly asked: number | undefined;

  constructor(
    readonly dataSource: Sized,
    options: RandomSamplerOptions = {},
  ) {
    super();
    checkOptions("RandomSampler", options, ["replacement", "numSamples", "generator"]);
    this.replacement = options.replacement ?? false;
    this.generator = options.generator;
    this.asked = options.numSamples;
    checkPositive("numSamples", this.numSamples);
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

  /** Draws 32 at a time, since a pass that is left early must leave the generator where PyTorch does. */
  private *independent(generator: Generator): Indices<number> {
    const n = this.dataSource.length;
    for (let left = this.numSamples; left > 0; left -= 32) {
      const block = new Int32Array(Math.min(left, 32));
      randomFromTo(block, "int64", 0, n, generator);
      yield* block;
    }
  }

  /** The last permutation is drawn even if nothing of it is used, as in PyTorch: it moves the generator. */
  private *permuted(generator: Generator): Indices<number> {
    const n = this.dataSource.length;
    for (let left = this.numSamples; left >= n; left -= n) yield* randperm(n, generator);
    yield* randperm(n, generator).subarray(0, this.numSamples % n);
  }
}

/** The given indices in random order. @see torch.utils.data.SubsetRandomSampler */
export class SubsetRandomSampler<T = number> extends Sampler<T> {
  readonly generator: Generator | undefined;

  constructor(
    readonly indices: readonly T[],
    options: { generator?: Generator } = {},
  ) {
    super();
    checkOptions("SubsetRandomSampler", options, ["generator"]);
    this.generator = options.generator;
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
 * @throws ValueError if `numSamples` is not a positive integer.
 */
export class WeightedRandomSampler extends Sampler {
  readonly weights: Float64Array;
  readonly replacement: boolean;
  readonly generator: Generator | undefined;

  constructor(
    weights: Iterable<number>,
    readonly numSamples: number,
    options: WeightedRandomSamplerOptions = {},
  ) {
    super();
    checkOptions("WeightedRandomSampler", options, ["replacement", "generator"]);
    checkPositive("numSamples", numSamples);
    this.weights = Float64Array.from(weights, Number);
    this.replacement = options.replacement ?? true;
    this.generator = options.generator;
  }

  get length(): number {
    return this.numSamples;
  }

  *[Symbol.iterator](): Indices<number> {
    yield* multinomial(this.weights, this.numSamples, this.replacement, this.generator ?? defaultGenerator);
  }
}

/**
 * The indices of another order in groups.
 * @see torch.utils.data.BatchSampler
 * @param dropLast whether a last group that is not full is left out
 * @throws ValueError if `batchSize` is not a positive integer, ArgumentError if `dropLast` is not a boolean.
 */
export class BatchSampler<T = number> extends Sampler<T[]> {
  constructor(
    readonly sampler: IndexOrder<T>,
    readonly batchSize: number,
    readonly dropLast: boolean,
  ) {
    super();
    checkPositive("batchSize", batchSize);
    if (typeof dropLast !== "boolean")
      throw new ArgumentError(`dropLast should be a boolean value, but got dropLast=${describe(dropLast)}`);
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

/** @throws ArgumentError if `order` does not know its length. */
export function lengthOf(op: string, order: { readonly length?: number }): number {
  if (typeof order.length === "number") return order.length;
  throw new ArgumentError(`${op}: object of type '${order.constructor.name}' has no length`);
}
