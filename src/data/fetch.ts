/** Reads batches from a data set; the main thread and the workers do it alike. */
import { ArgumentError, describe, IndexError } from "../core/errors";
import { defaultCollate, defaultConvert } from "./collate";
import { type AnyDataset, type IterableStyle, isMapStyle, type MapStyle, samplesAt } from "./dataset";

/** A value that may still be on its way. */
export type MaybePromise<T> = T | Promise<T>;

/** What to do with samples: batches are collated, single samples converted. */
export type Collate = (samples: any) => unknown;

/** How a data set is read. */
export interface FetchOptions {
  /** Whether each fetch reads several samples. */
  readonly isBatched: boolean;
  /** Whether an iterable data set's last batch is left out if it is not full. */
  readonly dropLast: boolean;
  /** In place of the default; takes the array of samples, or the only sample where there are no batches. */
  readonly collate: Collate | undefined;
}

/** Says that an iterable data set has no more samples. */
export const END = Symbol("end");

/** Reads one batch: the samples at the given indices, or as many as asked from an iterable. */
export interface Fetcher {
  fetch(request: unknown): MaybePromise<unknown>;
}

/** A fetcher with its own position in the data set if that is iterable. */
export const createFetcher = (dataset: AnyDataset, options: FetchOptions): Fetcher =>
  isMapStyle(dataset) ? new MapFetcher(dataset, options) : new IterableFetcher(dataset, options);

/** A promise of any library. */
const isPromise = (x: unknown): x is Promise<unknown> =>
  typeof x === "object" && x !== null && typeof (x as { then?: unknown }).then === "function";

/**
 * Arrays round fractions, and give undefined beyond their ends.
 * @throws IndexError for a number that is no index of the data set.
 */
function checkIndex(dataset: MapStyle, index: unknown): void {
  if (typeof index !== "number") return;
  const isOutside = Array.isArray(dataset) && (index >= dataset.length || index < -dataset.length);
  if (!Number.isInteger(index) || isOutside)
    throw new IndexError(`DataLoader: ${index} is no index of a data set of ${dataset.length} samples`);
}

class MapFetcher implements Fetcher {
  constructor(
    private readonly dataset: MapStyle,
    private readonly options: FetchOptions,
  ) {}

  fetch(request: unknown): MaybePromise<unknown> {
    const { isBatched, collate } = this.options;
    if (!isBatched) return settle(this.sample(request), collate ?? defaultConvert);
    const indices = request as number[];
    const batch = collate === undefined ? samplesAt(this.dataset, indices) : undefined;
    if (batch !== undefined) return batch;
    const samples = indices.map((index) => this.sample(index));
    return settle(samples.some(isPromise) ? Promise.all(samples) : samples, collate ?? defaultCollate);
  }

  /** The sample at an index; errors say which index it was. */
  private sample(index: unknown): MaybePromise<unknown> {
    try {
      checkIndex(this.dataset, index);
      const sample = this.dataset.at(index as number);
      return isPromise(sample)
        ? Promise.resolve(sample).catch((error) => Promise.reject(locate(error, index)))
        : sample;
    } catch (error) {
      throw locate(error, index);
    }
  }
}

const settle = (value: MaybePromise<unknown>, then: Collate): MaybePromise<unknown> =>
  isPromise(value) ? Promise.resolve(value).then(then) : then(value);

const indexOfError = new WeakMap<object, unknown>();

/** Remembers the index at which a data set failed. */
function locate(error: unknown, index: unknown): unknown {
  if (typeof error === "object" && error !== null) indexOfError.set(error, index);
  return error;
}

/** The index at which `at` threw this error, as text, or undefined if it did not come from `at`. */
export function failedIndex(error: unknown): string | undefined {
  return typeof error === "object" && error !== null && indexOfError.has(error)
    ? describe(indexOfError.get(error))
    : undefined;
}

class IterableFetcher implements Fetcher {
  private readonly iterator: Iterator<unknown> | AsyncIterator<unknown>;
  private readonly isAsync: boolean;
  private isAtEnd = false;

  constructor(
    dataset: IterableStyle,
    private readonly options: FetchOptions,
  ) {
    this.isAsync = Symbol.asyncIterator in dataset;
    this.iterator = Symbol.asyncIterator in dataset ? dataset[Symbol.asyncIterator]() : dataset[Symbol.iterator]();
  }

  fetch(count: unknown): MaybePromise<unknown> {
    if (this.isAtEnd) return END;
    return this.isAsync ? this.takeAsync(count as number) : this.finish(this.take(count as number), count as number);
  }

  private take(count: number): unknown[] {
    const samples: unknown[] = [];
    while (samples.length < count) {
      const { done, value } = this.iterator.next() as IteratorResult<unknown>;
      if (done) {
        this.isAtEnd = true;
        break;
      }
      samples.push(value);
    }
    return samples;
  }

  private async takeAsync(count: number): Promise<unknown> {
    const samples: unknown[] = [];
    while (samples.length < count) {
      const { done, value } = await this.iterator.next();
      if (done) {
        this.isAtEnd = true;
        break;
      }
      samples.push(value);
    }
    return this.finish(samples, count);
  }

  private finish(samples: unknown[], count: number): unknown {
    const { isBatched, dropLast, collate } = this.options;
    if (samples.length === 0 || (dropLast && samples.length < count)) return END;
    return isBatched ? (collate ?? defaultCollate)(samples) : (collate ?? defaultConvert)(samples[0]);
  }
}

/** @throws ArgumentError for a batch that is on its way in a loop that cannot wait. */
export function assertSettled(batch: MaybePromise<unknown>): void {
  if (!isPromise(batch)) return;
  Promise.resolve(batch).catch(() => {});
  throw new ArgumentError("DataLoader: this data set is asynchronous; iterate with `for await`");
}
