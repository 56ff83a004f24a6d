/** An iterable data set dealt out to processes and their workers. */
import { checkFlag, checkInteger } from "../core/arguments";
import { argumentsOf } from "../core/binding";
import { ArgumentError, describe, ValueError } from "../core/errors";
import type { Arguments } from "../core/signatureTypes";
import { IterableDataset, type IterableStyle, isIterableStyle } from "./dataset";
import { worldOf } from "./distributed";
import { MOST_INDICES } from "./indices";
import { portable } from "./pack";
import { checkPositive } from "./sampler";
import { getWorkerInfo } from "./worker";

/** Options of {@link ShardedDataset}. */
export interface ShardedDatasetOptions {
  /** How many processes share the data set. Default: the ranks of the process group. */
  numReplicas?: number | null;
  /** Which of them this is, from 0. Default: the rank in the process group. */
  rank?: number | null;
  /**
   * Leave out samples at the end that do not go round, so that every process has the same number, as `DistributedDataParallel` needs; otherwise use
   * its `join`. Default: true.
   */
  dropLast?: boolean;
}

const signature = "dataset; numReplicas, rank, dropLast";

/**
 * The samples of an iterable data set that belong to this process and, in a loader with workers, to this worker of it: every sample is read by one of
 * them. Each still iterates over all samples and passes over those of the others, so the data set must give the same ones everywhere.
 *
 * With `dropLast` the numbers of samples are equal in all processes that have equally many workers.
 * @throws StateError unless a process group or the options say how many processes there are and which one this is.
 * @example
 * const mine = new torch.utils.data.ShardedDataset(lines, { numReplicas: 4, rank: 0 });
 * for await (const batch of new DataLoader(mine, { batchSize: 32, numWorkers: 2 })) trainOn(batch);
 */
export class ShardedDataset<T = unknown> extends IterableDataset<T> {
  readonly dataset: IterableStyle<T>;
  readonly numReplicas: number;
  readonly rank: number;
  readonly dropLast: boolean;
  /** @internal */
  static readonly signature: string = signature;

  constructor(...given: Arguments<typeof signature, ShardedDatasetOptions & { dataset: IterableStyle<T> }>) {
    super();
    const op = "ShardedDataset";
    const options = argumentsOf<ShardedDatasetOptions & { dataset: IterableStyle<T> }>(op, signature, given);
    const { dataset, dropLast = true } = options;
    if (!isIterableStyle(dataset) && !Array.isArray(dataset))
      throw new ArgumentError(`${op}: dataset must be iterable, got ${describe(dataset)}`);
    this.dataset = dataset;
    const numReplicas = options.numReplicas ?? worldOf(op).size;
    const rank = options.rank ?? worldOf(op).rank;
    this.numReplicas = checkPositive(op, "numReplicas", numReplicas, MOST_INDICES);
    this.rank = checkInteger(op, "rank", rank);
    if (rank < 0 || rank >= numReplicas)
      throw new ValueError(`${op}: Invalid rank ${rank}, rank should be in the interval [0, ${numReplicas - 1}]`);
    this.dropLast = checkFlag(op, "dropLast", dropLast);
  }

  override async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const { id, numWorkers } = getWorkerInfo() ?? { id: 0, numWorkers: 1 };
    const total = this.numReplicas * numWorkers;
    const own = this.rank * numWorkers + id;
    let i = 0;
    let mine: T | undefined;
    for await (const sample of this.dataset as AsyncIterable<T>) {
      const place = i++ % total;
      if (place === own) {
        mine = sample;
        if (!this.dropLast) yield sample;
      }
      // Only now is it known that the round is whole.
      if (this.dropLast && place === total - 1) yield mine as T;
    }
  }
}

portable({ ShardedDataset });
