/** Batches of a data set, in any order, read here or by workers. */

import { backendOf } from "../backend/backend";
import { explainAbsent } from "../core/absent";
import { argumentsOf, parse } from "../core/binding";
import { classNameOf } from "../core/className";
import { ArgumentError, ValueError } from "../core/errors";
import { Generator } from "../core/generator";
import { declareMethods, within } from "../core/signature";
import type { Arguments } from "../core/signatureTypes";
import { collectNow } from "../platform/collector";
import { canShareMemory, nextTurn, now } from "../platform/platform";
import { type Collated, defaultCollate } from "./collate";
import { type AnyDataset, isMapStyle, type SampleOf } from "./dataset";
import { PassDraws } from "./draws";
import { assertSettled, type Collate, createFetcher, END, type FetchOptions, fetchWith } from "./fetch";
import { readHere } from "./imports";
import { plainBatch, plainIndex } from "./indices";
import { checkContext, checkLoader, type DataLoaderOptions, warnOfWorkers, warnOnce, withoutNulls } from "./options";
import { ImportError } from "./pack";
import {
  checkLoaderState,
  type DataLoaderState,
  decodeAll,
  encodeAll,
  isStateful,
  PassPosition,
  type StatefulOrder,
} from "./position";
import {
  BatchSampler,
  checkOrder,
  drawSeed,
  type IndexOrder,
  lengthOf,
  RandomSampler,
  SequentialSampler,
} from "./sampler";
import { isDataWorker } from "./worker";
import { WorkerPool, type WorkerPoolOptions } from "./workerPool";

/** What {@link DataLoader} takes. */
export type DataLoaderArguments<D, B> = { dataset: D } & DataLoaderOptions<SampleOf<D>, B>;

const signature =
  "dataset{}; batchSize, shuffle, sampler, batchSampler, numWorkers, collateFn, pinMemory, dropLast, timeout, workerInitFn, multiprocessingContext, generator; prefetchFactor, persistentWorkers, pinMemoryDevice";

/** Growth of the memory in use after which finalizers get a turn. */
const PAUSE_BYTES = 32 << 20;
/** Milliseconds after which everything else that waits for the event loop gets a turn: a frame of a screen. */
const PAUSE_TIME = 16;

/** Workers stay with a loader; those of a forgotten one are let go. */
const forgottenLoaders = new FinalizationRegistry<WorkerPool>((pool) => pool.close());

/** What is to be done when nobody goes on with a pass. It must not lead to the pass itself. */
interface Ending {
  run?: () => void;
}

/** Nobody has to finish a pass: `next()` of a new iterator is an idiom for one batch. */
const forgottenPasses = new FinalizationRegistry<Ending>((ending) => ending.run?.());

/** Pools beyond which forgotten passes are looked for before another pool starts: the collector does not see their threads and memory. */
const MANY_POOLS = 2;

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
  readonly pinMemory: boolean;
  readonly pinMemoryDevice: string;
  readonly multiprocessingContext: null = null;
  readonly workerInitFn: ((workerId: number) => void) | undefined;
  private pool: WorkerPool | undefined;
  /** Workers cannot import what the data set is made of. */
  private readsHere = false;
  /** Seed of the workers that stay. */
  private workerSeed: bigint | undefined;
  /** The position of the pass that was begun last. */
  private position: PassPosition | undefined;
  /** Where the next pass is to begin. */
  private resumption: PassPosition | undefined;
  /** Samples of an iterable data set, as it said when the program asked for the length. */
  private reportedLength: number | undefined;

  constructor(dataset: D, options?: DataLoaderOptions<SampleOf<D>, B>);
  constructor(...given: Arguments<typeof signature, DataLoaderArguments<D, B>>);
  constructor(...given: unknown[]) {
    const { dataset, multiprocessingContext, ...rest } = argumentsOf<DataLoaderArguments<D, B>>(
      "DataLoader",
      signature,
      given,
    );
    checkContext(multiprocessingContext);
    const options = withoutNulls(rest as DataLoaderOptions<SampleOf<D>, B>);
    this.dataset = dataset;
    within("DataLoader", () => checkLoader(dataset, options));
    this.numWorkers = options.numWorkers ?? 0;
    this.prefetchFactor = options.prefetchFactor ?? 2;
    this.persistentWorkers = options.persistentWorkers ?? false;
    this.timeout = options.timeout ?? 0;
    this.workerInitFn = options.workerInitFn;
    this.generator = options.generator;
    this.collateFn = options.collateFn ?? defaultCollate;
    this.dropLast = options.dropLast ?? false;
    this.batchSize = options.batchSampler !== undefined || options.batchSize === null ? null : (options.batchSize ?? 1);
    this.sampler = within("DataLoader", () =>
      options.sampler === undefined
        ? this.defaultOrder(options.shuffle ?? false)
        : checkOrder("DataLoader", "sampler", options.sampler),
    );
    this.batchSampler = within("DataLoader", () => options.batchSampler ?? this.defaultBatches());
    this.pinMemory = options.pinMemory ?? false;
    this.pinMemoryDevice = options.pinMemoryDevice ?? "";
    warnOfWorkers(this.numWorkers);
    for (const name of FINAL) freeze(this, name);
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
    this.reportedLength = samples;
    if (this.batchSize === null) return samples;
    return this.dropLast ? Math.floor(samples / this.batchSize) : Math.ceil(samples / this.batchSize);
  }

  /**
   * The first batch of a new pass, which ends with it: `next(iter(loader))` in Python.
   * @throws ValueError if there are no batches.
   * @example const [x, y] = await loader.first();
   */
  async first(): Promise<B> {
    this.checkTimeout();
    const pass = this.passFrom(new PassPosition(drawSeed(this.generator)));
    for await (const batch of { [Symbol.asyncIterator]: () => pass }) return batch;
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
    this.checkTimeout();
    return this.passHere(this.nextPosition());
  }

  /** Where the pass begins that is begun now: behind the last batch before a loaded state was saved, or at the beginning. */
  private nextPosition(): PassPosition {
    this.position = this.resumption ?? new PassPosition(drawSeed(this.generator));
    this.resumption = undefined;
    return this.position;
  }

  /**
   * Where the pass that was begun last stands, and the random numbers of loader and samplers. In the body of a loop, the batch of that turn counts as
   * read; batches that workers have read ahead do not. It survives JSON where the states of samplers and data sets of one's own do, which may have
   * `stateDict()` and `loadStateDict(state)` themselves.
   * @see torchdata.stateful_dataloader.StatefulDataLoader.state_dict
   */
  stateDict(): DataLoaderState {
    const generators = this.generators();
    const { workerSeed } = this;
    const isReadHere = !isMapStyle(this.dataset) && this.numWorkers === 0;
    return {
      pass: (this.resumption ?? this.position)?.state(generators, isReadHere ? this.dataset : undefined) ?? null,
      length: this.knownLength(),
      generators: encodeAll(generators),
      workerSeed: workerSeed === undefined ? null : String(workerSeed),
    };
  }

  /**
   * Takes over what {@link stateDict} gave: the next pass goes on with the batch after the last one before it was saved, and draws the same random
   * numbers, with any number of workers. An iterable data set without a state of its own is read from its beginning again, and what was handed out is
   * dropped.
   * @see torchdata.stateful_dataloader.StatefulDataLoader.load_state_dict
   * @throws StateError if it is no such state, or that of a loader with another number of batches or of generators; nothing is changed then.
   */
  loadStateDict(stateDict: DataLoaderState): void {
    const own = this.generators();
    const { pass, generators, workerSeed } = checkLoaderState(stateDict, this.knownLength(), own.length);
    decodeAll(own, generators);
    this.workerSeed = workerSeed === null ? undefined : BigInt(workerSeed);
    this.position = undefined;
    this.resumption = pass === null ? undefined : new PassPosition(BigInt(pass.seed), pass);
  }

  /** Batches of a pass, where that is known without asking an iterable data set, which need not know. */
  private knownLength(): number | null {
    const order = this.batchSampler ?? this.sampler;
    try {
      return typeof order?.length === "number" ? order.length : null;
    } catch (error) {
      // A batch sampler does not know how long the order of one's own is that it divides.
      if (error instanceof ArgumentError) return null;
      throw error;
    }
  }

  /** The orders that requests come from, the outer first. */
  private orders(): unknown[] {
    return [this.batchSampler, (this.batchSampler as { sampler?: unknown } | undefined)?.sampler, this.sampler];
  }

  /** The generators of loader and samplers, each once. */
  private generators(): Generator[] {
    const found = [this, ...this.orders()].map((part) => (part as { generator?: unknown } | undefined)?.generator);
    return [...new Set(found.filter((generator) => generator instanceof Generator))];
  }

  /** @throws ValueError where nothing could be timed out. */
  private checkTimeout(): void {
    if (this.numWorkers === 0 && this.timeout > 0)
      throw new ValueError(
        "DataLoader: timeout option could only be specified with workers, got timeout with numWorkers=0",
      );
  }

  /** Warns, once a pass, when an iterable data set gives more than it said. */
  private checkCount(count: number): void {
    if (this.reportedLength === undefined || count !== this.reportedLength + 1) return;
    const hint =
      this.numWorkers > 0
        ? " With workers, each reads a copy of the data set: share its samples out by getWorkerInfo()."
        : "";
    console.warn(
      `DataLoader: length of IterableDataset ${classNameOf(this.dataset)} was reported to be ${this.reportedLength} (by loader.length), but ${count} samples have been fetched.${hint}`,
    );
  }

  private *passHere(position: PassPosition): globalThis.Generator<B, void, undefined> {
    let { k, skipped } = this.beginAt(position);
    const fetcher = createFetcher(this.dataset, this.fetchOptions);
    const draws = new PassDraws(position.seed);
    try {
      for (const request of this.requests(position)) {
        const batch = fetchWith(fetcher, request, draws, k++);
        assertSettled(batch);
        if (batch === END) return;
        if (skipped-- > 0) continue;
        this.checkCount(k);
        position.take(fetcher.isAtEnd);
        yield batch as B;
      }
    } finally {
      position.isOver = true;
    }
  }

  /** The number of the first batch to be read, and how many are to be dropped, because nothing less makes an iterable data set go on. */
  private beginAt(position: PassPosition): { k: number; skipped: number } {
    const { taken } = position;
    position.hasBegun = true;
    if (isMapStyle(this.dataset)) return { k: taken, skipped: 0 };
    if (this.numWorkers > 0 || position.datasetState === undefined) return { k: 0, skipped: taken };
    (this.dataset as unknown as StatefulOrder).loadStateDict(position.datasetState);
    return { k: taken, skipped: 0 };
  }

  /** One pass. Now and then it waits a turn of the event loop, in which finalizers run and a page stays alive. */
  [Symbol.asyncIterator](): AsyncIterator<B> {
    this.checkTimeout();
    return this.passFrom(this.nextPosition());
  }

  private passFrom(position: PassPosition): AsyncIterator<B> {
    return this.numWorkers > 0 && canUseWorkers() ? this.watchedPass(position) : this.passAwaited(position);
  }

  private async *passAwaited(position: PassPosition): AsyncGenerator<B, void, undefined> {
    let { k, skipped } = this.beginAt(position);
    const fetcher = createFetcher(this.dataset, this.fetchOptions);
    const draws = new PassDraws(position.seed);
    const pauses = new Pauses();
    try {
      for (const request of this.requests(position)) {
        const batch = await fetchWith(fetcher, request, draws, k++);
        if (batch === END) return;
        if (skipped-- <= 0) {
          this.checkCount(k);
          position.take(fetcher.isAtEnd);
          yield batch as B;
        }
        if (pauses.isDue()) await pauses.take();
      }
    } finally {
      position.isOver = true;
    }
  }

  private watchedPass(position: PassPosition): AsyncIterator<B> {
    const ending: Ending = {};
    const pass = this.passByWorkers(position, ending);
    forgottenPasses.register(pass, ending, ending);
    return pass;
  }

  private async *passByWorkers(position: PassPosition, ending: Ending): AsyncGenerator<B, void, undefined> {
    if (WorkerPool.count >= MANY_POOLS) await findForgottenPasses();
    const { seed } = position;
    const pool = await this.readyPool(seed);
    if (pool === undefined) {
      yield* this.passAwaited(position);
      return;
    }
    const first = this.beginAt(position);
    let { skipped } = first;
    const stays = pool === this.pool;
    const requests = this.requests(position);
    ending.run = () => (stays ? pool.endPass(requests) : pool.close());
    const pauses = new Pauses();
    let isIntact = false;
    let count = first.k;
    try {
      for await (const batch of pool.pass(requests, seed, first.k)) {
        if (skipped-- > 0) continue;
        isIntact = true;
        this.checkCount(++count);
        position.take();
        yield batch as B;
        isIntact = false;
        if (pauses.isDue()) await pauses.take();
      }
      isIntact = true;
    } finally {
      position.isOver = true;
      forgottenPasses.unregister(ending);
      if (pool !== this.pool || !isIntact) this.stop(pool);
    }
  }

  /** Workers that have the data set, or undefined where they cannot: this thread reads it then, and says so once. */
  private async readyPool(seed: bigint): Promise<WorkerPool | undefined> {
    if (this.readsHere) return undefined;
    const { script } = await import("./lazyWorkerScript");
    let pool: WorkerPool | undefined;
    try {
      pool = this.startPool(seed, script);
      await pool.start();
      return pool;
    } catch (error) {
      if (pool !== undefined) this.stop(pool);
      if (!(error instanceof ImportError)) throw error;
      warnOnce(readHere(error));
      this.readsHere = true;
      return undefined;
    }
  }

  /** The workers that stayed, if there are any and no other pass has them, or new ones. */
  private startPool(seed: bigint, library: string): WorkerPool {
    if (this.pool?.hasFailed) this.stop(this.pool);
    if (this.pool?.isBusy === false) return this.pool;
    const stays = this.persistentWorkers && this.pool === undefined;
    // Workers that stay keep the seed of their first pass, also when they are started again to resume.
    const pool = WorkerPool.start(this.poolOptions(stays ? (this.workerSeed ?? seed) : seed), library);
    if (!stays) return pool;
    this.workerSeed ??= seed;
    forgottenLoaders.register(this, pool);
    this.pool = pool;
    return pool;
  }

  private stop(pool: WorkerPool): void {
    pool.close();
    if (pool === this.pool) this.pool = undefined;
  }

  /** What each fetch reads: indices, or for an iterable data set a number of samples. */
  private requests(position: PassPosition): globalThis.Generator<unknown, void, undefined> {
    if (!isMapStyle(this.dataset)) return position.wasAtEnd ? nothing() : this.allRequests();
    const sampler = this.orders().find(isStateful);
    return position.requests(() => this.allRequests(), this.generators(), sampler, this.knownLength());
  }

  private *allRequests(): globalThis.Generator<unknown, void, undefined> {
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

  private poolOptions(seed: bigint): WorkerPoolOptions {
    const { dataset, numWorkers, prefetchFactor, timeout, workerInitFn, fetchOptions } = this;
    return { dataset, numWorkers, prefetchFactor, timeout, workerInitFn, fetchOptions, seed };
  }
}

function* nothing(): globalThis.Generator<never, void, undefined> {}

/** What may not be changed once a loader is made. */
const FINAL = ["batchSize", "batchSampler", "sampler", "dropLast", "dataset", "persistentWorkers"] as const;

function freeze<K extends (typeof FINAL)[number]>(loader: DataLoader<any, any>, name: K): void {
  const value = loader[name];
  Object.defineProperty(loader, name, {
    enumerable: true,
    get: () => value,
    set: () => {
      throw new ValueError(`DataLoader: ${name} attribute should not be set after DataLoader is initialized`);
    },
  });
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
  if (isDataWorker())
    throw new ArgumentError(
      "DataLoader: a worker cannot have workers of its own. If this is the program that made the workers, imported by one of them, " +
        "let it do its work only where getWorkerInfo() is null, or move the data set into a module of its own.",
    );
  // Where it is false, the computing threads have already said so once, and what to do about it.
  return canShareMemory();
}

declareMethods(DataLoader, { stateDict: "", loadStateDict: "stateDict{}" });
explainAbsent(DataLoader.prototype, "DataLoader", {
  fields: parse(signature).all,
  waysOut: [
    [/^(len|__len__)$/, "use loader.length"],
    [/^(__iter__|__next__|next)$/, "use for await (const batch of loader), or await loader.first() for one batch"],
    [/^pinMemory\w*$/, "leave it out: there is no memory to be pinned"],
  ],
});
