/** A data set dealt out to several machines or processes. */
import { checkFlag, checkInteger } from "../core/arguments";
import { argumentsOf } from "../core/binding";
import { StateError, ValueError } from "../core/errors";
import { Generator } from "../core/generator";
import { randperm } from "../core/random/index";
import type { Arguments } from "../core/signatureTypes";
import { lateParts } from "../nn/parallel/late";
import { lengthOfSource, MOST_INDICES } from "./indices";
import { checkPositive, Sampler, type Sized } from "./sampler";

/** Options of {@link DistributedSampler}. */
export interface DistributedSamplerOptions {
  /** How many processes share the data set. Default: the ranks of the process group. */
  numReplicas?: number | null;
  /** Which of them this is, from 0. Default: the rank in the process group. */
  rank?: number | null;
  /** Default: true. */
  shuffle?: boolean;
  /** The seed of the shuffling, the same in all processes. Default: 0. */
  seed?: number;
  /** Leave out what is too much to be shared evenly; otherwise some indices come twice. Default: false. */
  dropLast?: boolean;
}

/** The process group that exists. @throws StateError if there is none. */
export function worldOf(op: string): { size: number; rank: number } {
  const world = lateParts()?.world();
  if (world !== undefined) return world;
  throw new StateError(
    `${op}: Default process group has not been initialized, please make sure to call await torch.distributed.initProcessGroup() first, or give numReplicas and rank`,
  );
}

const signature = "dataset, numReplicas?, rank?; shuffle, seed, dropLast";

/**
 * Every `numReplicas`-th index, in an order that all processes share: call {@link setEpoch} before each epoch to have another one.
 * @see torch.utils.data.DistributedSampler
 * @example
 * await torch.distributed.initProcessGroup();
 * const sampler = new DistributedSampler(dataset);
 * const loader = new DataLoader(dataset, { sampler, batchSize: 32 });
 * for (let epoch = 0; epoch < 10; epoch++) {
 *   sampler.setEpoch(epoch);
 *   for await (const [x, y] of loader) trainOn(x, y);
 * }
 */
export class DistributedSampler extends Sampler {
  readonly numReplicas: number;
  readonly rank: number;
  readonly shuffle: boolean;
  readonly seed: number;
  readonly dropLast: boolean;
  /** Added to the seed. */
  epoch = 0;

  readonly dataset: Sized;
  /** @internal */
  static readonly signature: string = signature;

  /** @throws StateError unless a process group or the options say how many processes there are and which one this is, ValueError for a rank that none has. */
  constructor(...given: Arguments<typeof signature, DistributedSamplerOptions & { dataset: Sized }>) {
    super();
    const op = "DistributedSampler";
    const options = argumentsOf<DistributedSamplerOptions & { dataset: Sized }>(op, signature, given);
    const { dataset, shuffle = true, seed = 0, dropLast = false } = options;
    const numReplicas = options.numReplicas ?? worldOf(op).size;
    const rank = options.rank ?? worldOf(op).rank;
    this.dataset = dataset;
    lengthOfSource(op, dataset, MOST_INDICES);
    this.numReplicas = checkPositive(op, "numReplicas", numReplicas, MOST_INDICES);
    this.rank = checkInteger(op, "rank", rank);
    if (this.rank < 0 || this.rank >= this.numReplicas)
      throw new ValueError(
        `${op}: Invalid rank ${this.rank}, rank should be in the interval [0, ${this.numReplicas - 1}]`,
      );
    this.shuffle = checkFlag(op, "shuffle", shuffle);
    this.seed = checkInteger(op, "seed", seed);
    this.dropLast = checkFlag(op, "dropLast", dropLast);
  }

  get length(): number {
    const share = this.dataset.length / this.numReplicas;
    return this.dropLast ? Math.floor(share) : Math.ceil(share);
  }

  /** The number of the epoch, on which the order depends. @see torch.utils.data.DistributedSampler.set_epoch */
  setEpoch(epoch: number): void {
    this.epoch = checkInteger("setEpoch", "epoch", epoch);
  }

  *[Symbol.iterator](): Iterator<number> {
    const n = lengthOfSource("DistributedSampler", this.dataset, MOST_INDICES);
    const order = this.shuffle ? randperm(n, new Generator().manualSeed(this.seed + this.epoch)) : undefined;
    const total = this.length * this.numReplicas;
    for (let i = this.rank; i < total; i += this.numReplicas) yield order === undefined ? i % n : order[i % n]!;
  }
}
