/** Reads batches from a data set; the main thread and the workers do it alike. */
import { ArgumentError, describe, IndexError } from "../core/errors";
import { defaultCollate, defaultConvert } from "./collate";
import { type AnyDataset, type IterableStyle, isMapStyle, type MapStyle, samplesAt } from "./dataset";
import { type FetchDraws, mustDrawInTurn, type PassDraws } from "./draws";

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
  /** Whether an iterable data set has said that it has no more samples. */
  readonly isAtEnd?: boolean;
  /** @param draws Random numbers of the code that reads. */
  fetch(request: unknown, draws: FetchDraws): MaybePromise<unknown>;
}

/** Reads batch `k` of a pass with random numbers of its own; where there are none, with those of the thread. */
export function fetchWith(
  fetcher: Fetcher,
  request: unknown,
  pass: PassDraws | undefined,
  k: number,
): MaybePromise<unknown> {
  if (pass === undefined) return fetcher.fetch(request, threadDraws);
  return closing(pass.of(k), (draws) => fetcher.fetch(request, draws));
}

/** Runs `body` with the random numbers of one fetch, and closes them when its result has settled. */
function closing(draws: FetchDraws, body: (draws: FetchDraws) => MaybePromise<unknown>): MaybePromise<unknown> {
  let batch: MaybePromise<unknown>;
  try {
    batch = body(draws);
  } catch (error) {
    draws.close();
    throw error;
  }
  if (isPromise(batch)) return Promise.resolve(batch).finally(() => draws.close());
  draws.close();
  return batch;
}

/** Makes a batch of a worker's samples in this thread, with the random numbers that the worker would draw. */
export const collateHere = (samples: unknown, draws: FetchDraws, collate: Collate): MaybePromise<unknown> =>
  closing(draws, () => draws.collation(() => collate(samples)));

const plainly = <R>(body: () => R): R => body();

/** Draws from the generator of the thread. */
const threadDraws = {
  sample: <R>(_: number, body: () => R): R => body(),
  sequence: plainly,
  collation: plainly,
  drewLater: false,
} as unknown as FetchDraws;

/** A fetcher with its own position in the data set if that is iterable. */
export const createFetcher = (dataset: AnyDataset, options: FetchOptions): Fetcher =>
  isMapStyle(dataset) ? new MapFetcher(dataset, options) : new IterableFetcher(dataset, options);

/** A promise of any library. */
export const isPromise = (x: unknown): x is Promise<unknown> =>
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

  fetch(request: unknown, draws: FetchDraws): MaybePromise<unknown> {
    const { isBatched, collate } = this.options;
    if (!isBatched) return settle(this.sample(request, 0, draws), collate ?? defaultConvert, draws);
    const indices = request as number[];
    const batch = collate === undefined ? draws.sequence(() => samplesAt(this.dataset, indices)) : undefined;
    if (batch !== undefined) return batch;
    return settle(this.samples(indices, draws), collate ?? defaultCollate, draws);
  }

  private samples(indices: readonly number[], draws: FetchDraws): MaybePromise<unknown[]> {
    const samples: unknown[] = [];
    let isAsync = false;
    for (const [j, index] of indices.entries()) {
      const sample = this.sample(index, j, draws);
      samples.push(sample);
      if (!isPromise(sample)) continue;
      isAsync = true;
      if (mustDrawInTurn && j + 1 < indices.length) return this.samplesInTurn(samples, indices, draws);
    }
    return isAsync ? Promise.all(samples) : samples;
  }

  /**
   * Where the runtime cannot tell which sample goes on after an `await`, samples that draw random numbers then are read one after the
   * other. Those that do not are read at once, after the first has shown it.
   */
  private async samplesInTurn(begun: unknown[], indices: readonly number[], draws: FetchDraws): Promise<unknown[]> {
    const samples = [...begun.slice(0, -1), await begun.at(-1)];
    while (samples.length < indices.length && draws.drewLater)
      samples.push(await this.sample(indices[samples.length], samples.length, draws));
    const rest = indices.slice(samples.length).map((index, j) => this.sample(index, samples.length + j, draws));
    return [...samples, ...(await Promise.all(rest))];
  }

  /** The sample at an index, the `j`-th of its batch; errors say which index it was. */
  private sample(index: unknown, j: number, draws: FetchDraws): MaybePromise<unknown> {
    try {
      checkIndex(this.dataset, index);
      const sample = draws.sample(j, () => this.dataset.at(index as number));
      return isPromise(sample)
        ? Promise.resolve(sample).catch((error) => Promise.reject(locate(error, index)))
        : sample;
    } catch (error) {
      throw locate(error, index);
    }
  }
}

const settle = (value: MaybePromise<unknown>, collate: Collate, draws: FetchDraws): MaybePromise<unknown> => {
  const finish = (samples: unknown) => draws.collation(() => collate(samples));
  return isPromise(value) ? Promise.resolve(value).then(finish) : finish(value);
};

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
  isAtEnd = false;

  constructor(
    dataset: IterableStyle,
    private readonly options: FetchOptions,
  ) {
    this.isAsync = Symbol.asyncIterator in dataset;
    this.iterator = Symbol.asyncIterator in dataset ? dataset[Symbol.asyncIterator]() : dataset[Symbol.iterator]();
  }

  fetch(request: unknown, draws: FetchDraws): MaybePromise<unknown> {
    if (this.isAtEnd) return END;
    const count = request as number;
    if (!this.isAsync)
      return this.finish(
        draws.sequence(() => this.take(count)),
        count,
        draws,
      );
    return draws.sequence(() => this.takeAsync(count)).then((samples) => this.finish(samples, count, draws));
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

  private async takeAsync(count: number): Promise<unknown[]> {
    const samples: unknown[] = [];
    while (samples.length < count) {
      const { done, value } = await this.iterator.next();
      if (done) {
        this.isAtEnd = true;
        break;
      }
      samples.push(value);
    }
    return samples;
  }

  private finish(samples: unknown[], count: number, draws: FetchDraws): unknown {
    const { isBatched, dropLast, collate } = this.options;
    if (samples.length === 0 || (dropLast && samples.length < count)) return END;
    return draws.collation(() =>
      isBatched ? (collate ?? defaultCollate)(samples) : (collate ?? defaultConvert)(samples[0]),
    );
  }
}

/** @throws ArgumentError for a batch that is on its way in a loop that cannot wait. */
export function assertSettled(batch: MaybePromise<unknown>): void {
  if (!isPromise(batch)) return;
  Promise.resolve(batch).catch(() => {});
  throw new ArgumentError("DataLoader: this data set is asynchronous; iterate with `for await`");
}
