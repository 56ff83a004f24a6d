/** Batches of a data set, in any order, read here or by workers. */

import { backendOf } from "../backend/backend";
import { explainAbsent } from "../core/absent";
import { argumentsOf, parse } from "../core/binding";
import { ArgumentError, ValueError } from "../core/errors";
import type { Generator } from "../core/generator";
import { within } from "../core/signature";
import type { Arguments } from "../core/signatureTypes";
import { collectNow } from "../platform/collector";
import { canShareMemory, nextTurn, now } from "../platform/platform";
import { type Collated, defaultCollate } from "./collate";
import { Crew, type CrewOptions } from "./crew";
import { type AnyDataset, isMapStyle, type SampleOf } from "./dataset";
import { PassDraws } from "./draws";
import { assertSettled, type Collate, createFetcher, END, type FetchOptions, fetchWith } from "./fetch";
import { plainBatch, plainIndex } from "./indices";
import { checkContext, checkLoader, type DataLoaderOptions, warnOfWorkers, withoutNulls } from "./options";
import {
  BatchSampler,
  checkOrder,
  drawSeed,
  type IndexOrder,
  lengthOf,
  RandomSampler,
  SequentialSampler,
} from "./sampler";
import { getWorkerInfo } from "./worker";

/** What {@link DataLoader} takes. */
export type DataLoaderArguments<D, B> = { dataset: D } & DataLoaderOptions<SampleOf<D>, B>;

const signature =
  "dataset{}; batchSize, shuffle, sampler, batchSampler, numWorkers, collateFn, pinMemory, dropLast, timeout, workerInitFn, multiprocessingContext, generator; prefetchFactor, persistentWorkers, pinMemoryDevice";

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
  readonly pinMemory: boolean;
  readonly pinMemoryDevice: string;
  readonly multiprocessingContext: null = null;
  readonly workerInitFn: ((workerId: number) => void) | undefined;
  private crew: Crew | undefined;
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
    this.checkTimeout();
    return this.passHere(drawSeed(this.generator));
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
      `DataLoader: length of IterableDataset ${this.dataset.constructor.name} was reported to be ${this.reportedLength} (by loader.length), but ${count} samples have been fetched.${hint}`,
    );
  }

  private *passHere(seed: bigint): globalThis.Generator<B, void, undefined> {
    const fetcher = createFetcher(this.dataset, this.fetchOptions);
    const draws = new PassDraws(seed);
    let k = 0;
    for (const request of this.requests()) {
      const batch = fetchWith(fetcher, request, draws, k++);
      assertSettled(batch);
      if (batch === END) return;
      this.checkCount(k);
      yield batch as B;
    }
  }

  /** One pass. Now and then it waits a turn of the event loop, in which finalizers run and a page stays alive. */
  [Symbol.asyncIterator](): AsyncIterator<B> {
    this.checkTimeout();
    const seed = drawSeed(this.generator);
    return this.numWorkers > 0 && canUseWorkers() ? this.watchedPass(seed) : this.passAwaited(seed);
  }

  private async *passAwaited(seed: bigint): AsyncGenerator<B, void, undefined> {
    const fetcher = createFetcher(this.dataset, this.fetchOptions);
    const draws = new PassDraws(seed);
    const pauses = new Pauses();
    let k = 0;
    for (const request of this.requests()) {
      const batch = await fetchWith(fetcher, request, draws, k++);
      if (batch === END) return;
      this.checkCount(k);
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
    let count = 0;
    try {
      for await (const batch of crew.pass(requests, seed)) {
        isIntact = true;
        this.checkCount(++count);
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
  if (getWorkerInfo() !== null)
    throw new ArgumentError(
      "DataLoader: a worker cannot have workers of its own. If this is the program that made the workers, imported by one of them, " +
        "let it do its work only where getWorkerInfo() is null, or move the data set into a module of its own.",
    );
  // Where it is false, the computing threads have already said so once, and what to do about it.
  return canShareMemory();
}

explainAbsent(DataLoader.prototype, "DataLoader", {
  fields: parse(signature).all,
  waysOut: [
    [/^(len|__len__)$/, "use loader.length"],
    [/^(__iter__|__next__|next)$/, "use for await (const batch of loader), or await loader.first() for one batch"],
    [/^pinMemory\w*$/, "leave it out: there is no memory to be pinned"],
  ],
});
