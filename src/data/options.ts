/** Options of a DataLoader, and what excludes what. */
import { checkFlag, checkNumber, checkString } from "../core/arguments";
import { ArgumentError, describe, ValueError } from "../core/errors";
import type { Generator } from "../core/generator";
import { hardwareConcurrency } from "../platform/platform";
import type { Tensor } from "../tensor/tensor";
import { type AnyDataset, isIterableStyle, isMapStyle } from "./dataset";
import { checkGenerator, type IndexOrder } from "./sampler";

/** Each takes a thread and 16 MiB. */
const MOST_WORKERS = 128;

/** Options of {@link DataLoader}. */
export interface DataLoaderOptions<T = unknown, B = unknown> {
  /** Samples per batch; null gives single samples. Default: 1. */
  batchSize?: number | null;
  /** A new random order in every pass. Default: false. */
  shuffle?: boolean | null;
  /** The order of the indices, in place of `shuffle`. */
  sampler?: IndexOrder<any> | Tensor | null;
  /** The indices of each batch, in place of `batchSize`, `shuffle`, `sampler` and `dropLast`. */
  batchSampler?: IndexOrder<readonly any[]> | null;
  /** Workers that read the data set; 0 reads it in this thread. Default: 0. */
  numWorkers?: number;
  /**
   * Makes a batch of the samples (where `batchSize` is null: of the one sample). Default: {@link defaultCollate}.
   * With workers it runs in this thread, unless it is exported by a module that workers can import and says so:
   * `collate.module = import.meta.url`.
   */
  collateFn?: ((samples: T[]) => B) | null;
  /** Leave out the last batch if it is not full. Default: false. */
  dropLast?: boolean;
  /** Draws the random order and the seeds of the workers. Default: the default generator. */
  generator?: Generator | null;
  /** Seconds to wait for a worker's batch; 0 waits for ever. Without workers it has to be 0. Default: 0. */
  timeout?: number;
  /** Called by each worker with its number before it reads; exported by a module as for `collateFn`. */
  workerInitFn?: ((workerId: number) => void) | null;
  /** Batches that each worker reads ahead. Default: 2. */
  prefetchFactor?: number;
  /** Keep the workers, with their copies of the data set, for the next pass. Default: false. */
  persistentWorkers?: boolean;
  /** Accepted and without effect: there is no memory of another device to pin for. */
  pinMemory?: boolean;
  /** Like `pinMemory`. */
  pinMemoryDevice?: string;
  /** Only null: workers are threads. */
  multiprocessingContext?: null;
}

/** Options with which every one that is null has its default, except `batchSize`, where null means something else. */
export function withoutNulls<O extends DataLoaderOptions<any, any>>(options: O): Known<O> {
  const given = Object.entries(options).filter(([name, value]) => value !== null || name === "batchSize");
  return Object.fromEntries(given) as Known<O>;
}

/** Options of which none but `batchSize` is null. */
export type Known<O> = { [K in keyof O]: K extends "batchSize" ? O[K] : Exclude<O[K], null> };

type Options = Known<DataLoaderOptions<any, any>>;

/** @throws ArgumentError or ValueError for options that are of another kind or contradict each other. */
export function checkLoader(dataset: unknown, options: Options): asserts dataset is AnyDataset {
  checkDataset(dataset);
  checkKinds(options);
  checkWorkerOptions(options);
  checkMemoryOptions(options);
  checkOrderOptions(dataset, options);
}

function checkDataset(dataset: unknown): asserts dataset is AnyDataset {
  if (typeof (dataset as { then?: unknown } | null | undefined)?.then === "function")
    throw new ArgumentError("DataLoader: the data set is a promise; await the data set: `await new FashionMNIST(…)`");
  if (!isMapStyle(dataset) && !isIterableStyle(dataset))
    throw new ArgumentError(`DataLoader: a data set has length and at(i), or is iterable; got ${describe(dataset)}`);
}

/** @throws ArgumentError for an option of another kind. */
function checkKinds(options: Options): void {
  for (const name of ["shuffle", "dropLast", "persistentWorkers"] as const)
    if (options[name] !== undefined) checkFlag("DataLoader", name, options[name]);
  for (const name of ["collateFn", "workerInitFn"] as const)
    if (options[name] !== undefined && typeof options[name] !== "function")
      throw new ArgumentError(`DataLoader: ${name} must be a function, got ${describe(options[name])}`);
  if (options.timeout !== undefined) checkNumber("DataLoader", "timeout", options.timeout);
  if (options.batchSampler !== undefined) checkIterable(options.batchSampler);
  checkGenerator("DataLoader", options.generator);
}

function checkIterable(order: unknown): void {
  if (typeof order !== "object" || order === null || !(Symbol.iterator in order))
    throw new ArgumentError(`DataLoader: batchSampler must be an iterable of arrays, got ${describe(order)}`);
}

function checkWorkerOptions(options: Options): void {
  const { numWorkers = 0, timeout = 0, prefetchFactor, persistentWorkers = false } = options;
  if (!Number.isInteger(numWorkers) || numWorkers < 0)
    throw new ValueError(
      `numWorkers option should be a non-negative integer, got ${describe(numWorkers)}; use numWorkers: 0 to disable workers.`,
    );
  if (numWorkers > MOST_WORKERS)
    throw new ValueError(`numWorkers option should be at most ${MOST_WORKERS}, got ${numWorkers}`);
  if (!(timeout >= 0)) throw new ValueError("timeout option should be non-negative");
  // PyTorch takes its default, 2, without workers too.
  if (numWorkers === 0 && prefetchFactor !== undefined && prefetchFactor !== 2)
    throw new ValueError(
      "prefetchFactor option could only be specified with workers: let numWorkers > 0 to enable them.",
    );
  if (prefetchFactor !== undefined && (!Number.isInteger(prefetchFactor) || prefetchFactor <= 0))
    throw new ValueError(`prefetchFactor option should be a positive integer, got ${describe(prefetchFactor)}`);
  if (persistentWorkers && numWorkers === 0) throw new ValueError("persistentWorkers option needs numWorkers > 0");
}

function checkOrderOptions(dataset: AnyDataset, options: Options): void {
  const { batchSize = 1, shuffle = false, sampler, batchSampler, dropLast = false } = options;
  if (!isMapStyle(dataset)) checkIterableOptions(options);
  if (sampler !== undefined && shuffle) throw new ValueError("sampler option is mutually exclusive with shuffle");
  if (batchSampler !== undefined && (batchSize !== 1 || shuffle || sampler !== undefined || dropLast))
    throw new ValueError("batchSampler option is mutually exclusive with batchSize, shuffle, sampler, and dropLast");
  if (batchSize === null && dropLast)
    throw new ValueError("batchSize: null option disables auto-batching and is mutually exclusive with dropLast");
  if (batchSize !== null && (!Number.isInteger(batchSize) || batchSize <= 0))
    throw new ValueError(
      `DataLoader: batchSize should be a positive integer value, but got batchSize=${describe(batchSize)}`,
    );
}

function checkIterableOptions(options: Options): void {
  const forbidden = {
    shuffle: options.shuffle || undefined,
    sampler: options.sampler,
    batchSampler: options.batchSampler,
  };
  for (const [name, value] of Object.entries(forbidden))
    if (value !== undefined)
      throw new ValueError(
        `DataLoader with IterableDataset: expected unspecified ${name} option, but got ${name}=${describe(value)}`,
      );
}

/** Options that speak of pinned memory, which is nowhere here. */
function checkMemoryOptions({ pinMemory = false, pinMemoryDevice = "" }: Options): void {
  checkFlag("DataLoader", "pinMemory", pinMemory);
  checkString("DataLoader", "pinMemoryDevice", pinMemoryDevice);
  if (pinMemory) warnOnce("DataLoader: pinMemory has no effect: there is no memory of another device to pin for");
  if (pinMemoryDevice !== "" && !pinMemory)
    warnOnce("DataLoader: pinMemoryDevice is set, but pinMemory is not; neither has an effect here");
}

/** Workers are threads. @throws ValueError for a way to start processes. */
export function checkContext(context: unknown): void {
  if (context == null) return;
  throw new ValueError(
    `DataLoader: multiprocessingContext must be null, got ${describe(context)}: workers are threads, not processes`,
  );
}

/** More workers than the machine runs at once only take turns. */
export function warnOfWorkers(numWorkers: number): void {
  const most = hardwareConcurrency();
  if (numWorkers > most)
    warnOnce(
      `DataLoader: ${numWorkers} workers are more than the ${most} threads that this machine runs at the same time; fewer may be faster`,
    );
}

const said = new Set<string>();

/** Warns of what a program need hear only once. */
export function warnOnce(text: string): void {
  if (said.has(text)) return;
  said.add(text);
  console.warn(text);
}
