/** Batches of a data set, in any order, read here or by workers. */

import { backendOf } from "../backend/backend";
import { explainAbsent } from "../core/absent";
import { checkFlag, checkNumber, checkString } from "../core/arguments";
import { argumentsOf, parse } from "../core/binding";
import { ArgumentError, describe, ValueError } from "../core/errors";
import type { Generator } from "../core/generator";
import type { Arguments } from "../core/signatureTypes";
import { collectNow } from "../platform/collector";
import { canShareMemory, nextTurn, now } from "../platform/platform";
import type { Tensor } from "../tensor/tensor";
import { type Collated, defaultCollate } from "./collate";
import { Crew, type CrewOptions } from "./crew";
import { type AnyDataset, isIterableStyle, isMapStyle, type SampleOf } from "./dataset";
import { assertSettled, type Collate, createFetcher, END, type FetchOptions } from "./fetch";
import { plainBatch, plainIndex } from "./indices";
import {
  BatchSampler,
  checkGenerator,
  checkOrder,
  drawSeed,
  type IndexOrder,
  lengthOf,
  RandomSampler,
  SequentialSampler,
} from "./sampler";
import { getWorkerInfo } from "./worker";

/** Options of {@link DataLoader}. */
export interface DataLoaderOptions<T = unknown, B = unknown> {
  /** Samples per batch; null gives single samples. Default: 1. */
  batchSize?: number | null;
  /** A new random order in every pass. Default: false. */
  shuffle?: boolean;
  /** The order of the indices, in place of `shuffle`. */
  sampler?: IndexOrder<any> | Tensor;
  /** The indices of each batch, in place of `batchSize`, `shuffle`, `sampler` and `dropLast`. */
  batchSampler?: IndexOrder<readonly any[]>;
  /** Workers that read the data set; 0 reads it in this thread. Default: 0. */
  numWorkers?: number;
  /**
   * Makes a batch of the samples (where `batchSize` is null: of the one sample). Default: {@link defaultCollate}.
   * With workers it runs in this thread, unless it is exported by a module that workers can import and says so:
   * `collate.module = import.meta.url`.
   */
  collateFn?: (samples: T[]) => B;
  /** Leave out the last batch if it is not full. Default: false. */
  dropLast?: boolean;
  /** Draws the random order and the seeds of the workers. Default: the default generator. */
  generator?: Generator;
  /** Seconds to wait for a worker's batch; 0 waits for ever. Default: 0. */
  timeout?: number;
  /** Called by each worker with its number before it reads; exported by a module as for `collateFn`. */
  workerInitFn?: (workerId: number) => void;
  /** Batches that each worker reads ahead. Default: 2. */
  prefetchFactor?: number;
  /** Keep the workers, with their copies of the data set, for the next pass. Default: false. */
  persistentWorkers?: boolean;
  /** Accepted and without effect: there is no memory of another device to pin for. */
  pinMemory?: boolean;
  /** As `pinMemory`. */
  pinMemoryDevice?: string;
  /** Only null: workers are threads. */
  multiprocessingContext?: null;
}

/** What {@link DataLoader} takes. */
export type DataLoaderArguments<D, B> = { dataset: D } & DataLoaderOptions<SampleOf<D>, B>;

const signature =
  "dataset{}; batchSize, shuffle, sampler, batchSampler, numWorkers, collateFn, pinMemory, dropLast, timeout, workerInitFn, multiprocessingContext, generator; prefetchFactor, persistentWorkers, pinMemoryDevice";

/** Each takes a thread and 16 MiB. */
const MOST_WORKERS = 128;
/** Growth of the memory in use after which finalizers get a turn. */
const PAUSE_BYTES = 32 << 20;
/** Milliseconds after which everything else that waits for the event loop gets a turn: a frame of a screen. */
const PAUSE_TIME = 16;

/** Workers stay with a loader; those of a forgotten one are let go. */
const forgottenLoaders = new FinalizationRegistry<Crew>((crew) => crew.close());

/** What is to be done when nobody goes on with a pass. It must not lead to the pass itself. */
interface Ending {
  run?: () => void;
}

/** Nobody has to finish a pass: `next()` of a new iterator is an idiom for one batch. */
const forgottenPasses = new FinalizationRegistry<Ending>((ending) => ending.run?.());

/** Crews beyond which forgotten passes are looked for before another crew starts: the collector does not see their threads and memory. */
const MANY_CREWS = 2;

/**
 * Batches of a data set.
 *
 * Iterate with `for await`, which also gives dead tensors' memory back as it goes; without workers `for` works as
 * well. A data set is anything with `length` and `at(i)`, such as an array, or anything iterable. After `manualSeed`
 * the order is PyTorch's.
 *
 * With `numWorkers` the data set is sent to workers, which write batches straight into shared memory, in order.
 * Tensors are not copied. Classes of one's own say where workers can import them: `static module = import.meta.url`.
 * @see torch.utils.data.DataLoader
 * @throws ValueError or ArgumentError for options that contradict each other, as PyTorch does.
 * @example
 * for await (const [x, y] of new DataLoader(dataset, { batchSize: 64, shuffle: true })) { … }
 */
export class DataLoader<D extends AnyDataset = AnyDataset, B = Collated<SampleOf<D>>>
  implements AsyncIterable<B>, Iterable<B>
{
  /** @internal */
  static readonly signature: string = signature;

  readonly dataset: D;
  readonly batchSize: number | null;
  readonly dropLast: boolean;
  readonly sampler: IndexOrder<any> | undefined;
  readonly batchSampler: IndexOrder<readonly any[]> | undefined;
  readonly numWorkers: number;
  readonly collateFn: Collate;
  readonly generator: Generator | undefined;
  readonly timeout: number;
  readonly prefetchFactor: number;
  readonly persistentWorkers: boolean;
  private readonly workerInitFn: ((workerId: number) => void) | undefined;
  private crew: Crew | undefined;

  constructor(dataset: D, options?: DataLoaderOptions<SampleOf<D>, B>);
  constructor(...given: Arguments<typeof signature, DataLoaderArguments<D, B>>);
  constructor(...given: unknown[]) {
    const { dataset, ...options } = argumentsOf<DataLoaderArguments<D, B>>("DataLoader", signature, given);
    this.dataset = dataset;
    checkDataset(dataset);
    checkKinds(options);
    checkWorkerOptions(options);
    checkProcessOptions(options);
    checkOrderOptions(dataset, options);
    this.numWorkers = options.numWorkers ?? 0;
    this.prefetchFactor = options.prefetchFactor ?? 2;
    this.persistentWorkers = options.persistentWorkers ?? false;
    this.timeout = options.timeout ?? 0;
    this.workerInitFn = options.workerInitFn;
    this.generator = options.generator;
    this.collateFn = options.collateFn ?? defaultCollate;
    this.dropLast = options.dropLast ?? false;
    this.batchSize = options.batchSampler !== undefined || options.batchSize === null ? null : (options.batchSize ?? 1);
    this.sampler =
      options.sampler === undefined
        ? this.defaultOrder(options.shuffle ?? false)
        : checkOrder("DataLoader", "sampler", options.sampler);
    this.batchSampler = options.batchSampler ?? this.defaultBatches();
  }

  private defaultOrder(shuffle: boolean): IndexOrder | undefined {
    if (!isMapStyle(this.dataset)) return undefined;
    return shuffle
      ? new RandomSampler(this.dataset, { generator: this.generator })
      : new SequentialSampler(this.dataset);
  }

  private defaultBatches(): IndexOrder<readonly any[]> | undefined {
    if (this.batchSize === null || this.sampler === undefined) return undefined;
    return new BatchSampler(this.sampler, this.batchSize, this.dropLast);
  }

  /** Batches of one pass. @throws ArgumentError if the data set or the sampler does not know its length. */
  get length(): number {
    const order = this.batchSampler ?? this.sampler;
    if (order !== undefined) return lengthOf("DataLoader", order);
    const samples = lengthOf("DataLoader", this.dataset as { length?: number });
    if (this.batchSize === null) return samples;
    return this.dropLast ? Math.floor(samples / this.batchSize) : Math.ceil(samples / this.batchSize);
  }

  /**
   * The first batch of a new pass, which ends with it: `next(iter(loader))` in Python.
   * @throws ValueError if there are no batches.
   * @example const [x, y] = await loader.first();
   */
  async first(): Promise<B> {
    for await (const batch of this) return batch;
    throw new ValueError("DataLoader.first: there are no batches");
  }

  /**
   * One pass in this thread, without waiting. Memory of dead tensors comes back only when the event loop turns:
   * prefer `for await`, or use `tidy`.
   * @throws ArgumentError with workers, or for a data set whose samples are promises.
   */
  [Symbol.iterator](): Iterator<B> {
    if (this.numWorkers > 0)
      throw new ArgumentError(
        "DataLoader: batches of workers have to be awaited: iterate with `for await`, or use numWorkers: 0",
      );
    drawSeed(this.generator);
    return this.passHere();
  }

  private *passHere(): globalThis.Generator<B, void, undefined> {
    const fetcher = createFetcher(this.dataset, this.fetchOptions);
    for (const request of this.requests()) {
      const batch = fetcher.fetch(request);
      assertSettled(batch);
      if (batch === END) return;
      yield batch as B;
    }
  }

  /** One pass. Now and then it waits a turn of the event loop, in which finalizers run and a page stays alive. */
  [Symbol.asyncIterator](): AsyncIterator<B> {
    const seed = drawSeed(this.generator);
    return this.numWorkers > 0 && canUseWorkers() ? this.watchedPass(seed) : this.passAwaited();
  }

  private async *passAwaited(): AsyncGenerator<B, void, undefined> {
    const fetcher = createFetcher(this.dataset, this.fetchOptions);
    const pauses = new Pauses();
    for (const request of this.requests()) {
      const batch = await fetcher.fetch(request);
      if (batch === END) return;
      yield batch as B;
      if (pauses.isDue()) await pauses.take();
    }
  }

  private watchedPass(seed: bigint): AsyncIterator<B> {
    const ending: Ending = {};
    const pass = this.passByWorkers(seed, ending);
    forgottenPasses.register(pass, ending, ending);
    return pass;
  }

  private async *passByWorkers(seed: bigint, ending: Ending): AsyncGenerator<B, void, undefined> {
    if (Crew.count >= MANY_CREWS) await findForgottenPasses();
    const crew = this.startCrew(seed);
    const stays = crew === this.crew;
    const requests = this.requests();
    ending.run = () => (stays ? crew.endPass(requests) : crew.close());
    const pauses = new Pauses();
    let isIntact = false;
    try {
      for await (const batch of crew.pass(requests)) {
        isIntact = true;
        yield batch as B;
        isIntact = false;
        if (pauses.isDue()) await pauses.take();
      }
      isIntact = true;
    } finally {
      forgottenPasses.unregister(ending);
      if (crew !== this.crew || !isIntact) this.dismiss(crew);
    }
  }

  /** The workers that stayed, if there are any and no other pass has them, or new ones. */
  private startCrew(seed: bigint): Crew {
    if (this.crew?.hasFailed) this.dismiss(this.crew);
    if (this.crew?.isBusy === false) return this.crew;
    const crew = Crew.start(this.crewOptions(seed));
    if (!this.persistentWorkers || this.crew !== undefined) return crew;
    forgottenLoaders.register(this, crew);
    this.crew = crew;
    return crew;
  }

  private dismiss(crew: Crew): void {
    crew.close();
    if (crew === this.crew) this.crew = undefined;
  }

  /** What each fetch reads: indices, or for an iterable data set a number of samples. */
  private *requests(): globalThis.Generator<unknown, void, undefined> {
    if (this.batchSampler !== undefined) for (const batch of this.batchSampler) yield plainBatch(batch);
    else if (this.sampler !== undefined) for (const index of this.sampler) yield plainIndex(index);
    else for (;;) yield this.batchSize ?? 1;
  }

  private get fetchOptions(): FetchOptions {
    return {
      isBatched: this.batchSampler !== undefined || this.batchSize !== null,
      dropLast: this.dropLast,
      collate: this.collateFn === defaultCollate ? undefined : this.collateFn,
    };
  }

  private crewOptions(seed: bigint): CrewOptions {
    const { dataset, numWorkers, prefetchFactor, timeout, workerInitFn, fetchOptions } = this;
    return { dataset, numWorkers, prefetchFactor, timeout, workerInitFn, fetchOptions, seed };
  }
}

/** Tells when a loop that only awaits settled promises should let the event loop turn. */
class Pauses {
  private memory = allocatedBytes();
  private time = now();

  isDue(): boolean {
    const memory = allocatedBytes();
    if (memory < this.memory) this.memory = memory;
    return memory - this.memory >= PAUSE_BYTES || now() - this.time >= PAUSE_TIME;
  }

  async take(): Promise<void> {
    await nextTurn();
    this.memory = allocatedBytes();
    this.time = now();
  }
}

/** The collector finds them, and its callbacks run in the turns that follow. */
async function findForgottenPasses(): Promise<void> {
  await nextTurn();
  collectNow();
  for (let turn = 0; turn < 2; turn++) await nextTurn();
}

const allocatedBytes = (): number => backendOf("cpu")?.memoryStats().allocated ?? 0;

/** Whether workers can see this thread's memory; if not, the loader reads in this thread. @throws ArgumentError in a worker. */
function canUseWorkers(): boolean {
  if (getWorkerInfo() !== null)
    throw new ArgumentError(
      "DataLoader: a worker cannot have workers of its own. If this is the program that made the workers, imported by one of them, " +
        "let it do its work only where getWorkerInfo() is null, or move the data set into a module of its own.",
    );
  // Where it is false, the computing threads have already said so once, and what to do about it.
  return canShareMemory();
}

function checkDataset(dataset: unknown): void {
  if (dataset instanceof Promise)
    throw new ArgumentError("DataLoader: the data set is a promise; await the data set: `await new FashionMNIST(…)`");
  if (!isMapStyle(dataset) && !isIterableStyle(dataset))
    throw new ArgumentError(`DataLoader: a data set has length and at(i), or is iterable; got ${describe(dataset)}`);
}

/** @throws ArgumentError for an option of another kind. */
function checkKinds(options: DataLoaderOptions<any, any>): void {
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

function checkWorkerOptions(options: DataLoaderOptions<any, any>): void {
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

function checkOrderOptions(dataset: AnyDataset, options: DataLoaderOptions<any, any>): void {
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

function checkIterableOptions(options: DataLoaderOptions<any, any>): void {
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

/** Options of PyTorch's that speak of processes and pinned memory. @throws ArgumentError for what cannot be had. */
function checkProcessOptions({
  pinMemory,
  pinMemoryDevice,
  multiprocessingContext,
}: DataLoaderOptions<any, any>): void {
  if (pinMemory !== undefined) checkFlag("DataLoader", "pinMemory", pinMemory);
  if (pinMemoryDevice !== undefined) checkString("DataLoader", "pinMemoryDevice", pinMemoryDevice);
  if (multiprocessingContext != null)
    throw new ArgumentError(
      `DataLoader: multiprocessingContext must be null, got ${describe(multiprocessingContext)}: workers are threads, not processes`,
    );
}
explainAbsent(DataLoader.prototype, "DataLoader", {
  fields: parse(signature).all,
  waysOut: [
    [/^(len|__len__)$/, "use loader.length"],
    [/^(__iter__|__next__|next)$/, "use for await (const batch of loader), or await loader.first() for one batch"],
    [/^pinMemory\w*$/, "leave it out: there is no memory to be pinned"],
  ],
});
