/** What PowerSGD keeps between steps, and how it is told to compress. */
import { checkFlag, checkInteger, checkNumber } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { ValueError } from "../../core/errors";
import { Generator } from "../../core/generator";
import type { Arguments } from "../../core/signatureTypes";
import type { Tensor } from "../../tensor/tensor";
import type { ProcessGroup } from "../group";
import { groupOf } from "./groups";

/** Options of {@link PowerSGDState}. */
export interface PowerSGDOptions {
  /** The rank of the matrices that stand for gradients: more of it loses less and sends more. Default: 1. */
  matrixApproximationRank?: number;
  /** How many steps are reduced as they are before compression begins: gradients of the first ones are hard to compress. Default: 1000. */
  startPowerSGDIter?: number;
  /** A gradient is compressed if that makes it smaller by more than this factor. Default: 2. */
  minCompressionRate?: number;
  /** Whether what compression loses is added to the gradients of the next step. Default: true. */
  useErrorFeedback?: boolean;
  /** Whether each step begins with the matrices of the step before, and not with random ones. Default: true. */
  warmStart?: boolean;
  /** Added to the length of columns before they are divided by it; above 0, columns of zeros do not become NaN. Default: 0. */
  orthogonalizationEpsilon?: number;
  /** The seed of random matrices, the same on all ranks. Default: 0. */
  randomSeed?: number;
  /** Accepted as in PyTorch, which writes {@link PowerSGDState.compressionStats} to its log that often. Default: 10000. */
  compressionStatsLoggingFrequency?: number;
  /** Whether gradients of one shape are multiplied together, which is faster for many small ones. Default: false. */
  batchTensorsWithSameShape?: boolean;
}

type PowerSGDArguments = PowerSGDOptions & { processGroup: ProcessGroup | null };

const OP = "PowerSGDState";
const signature =
  "processGroup; matrixApproximationRank, startPowerSGDIter, minCompressionRate, useErrorFeedback, warmStart, orthogonalizationEpsilon, randomSeed, compressionStatsLoggingFrequency, batchTensorsWithSameShape";

/** Seeds are below it. */
const SEEDS = 1_000_000_000;

/** Random integers as NumPy's `RandomState.randint` gives them: 30 bits, drawn again as long as they are too large. */
function drawSeed(generator: Generator): number {
  for (;;) {
    const bits = generator.random() & 0x3fffffff;
    if (bits < SEEDS) return bits;
  }
}

/**
 * The state of {@link powerSGDHook} and {@link batchedPowerSGDHook}: one for each model.
 * @see torch.distributed.algorithms.ddp_comm_hooks.powerSGD_hook.PowerSGDState
 */
export class PowerSGDState {
  /** The ranks that reduce; null for those of the default group. */
  processGroup: ProcessGroup | null;
  matrixApproximationRank: number;
  startPowerSGDIter: number;
  minCompressionRate: number;
  useErrorFeedback: boolean;
  warmStart: boolean;
  orthogonalizationEpsilon: number;
  batchTensorsWithSameShape: boolean;
  compressionStatsLoggingFrequency: number;
  /** Draws the seeds of random matrices. */
  readonly rng: Generator;
  /** What the last step lost, by the positions of the buckets. */
  readonly errorDict = new Map<number, Tensor>();
  /** The left and right matrices of the last step, by the positions of the buckets: for each, all of them in one tensor. */
  readonly pMemoryDict = new Map<number, Tensor>();
  readonly qMemoryDict = new Map<number, Tensor>();
  /** Steps so far. */
  iter = 0;
  totalNumelBeforeCompression = 0;
  totalNumelAfterCompression = 0;

  /** @internal */
  static readonly signature: string = signature;

  /** @throws ValueError if compression with error feedback or warm start begins before the third step: until then, buckets change. */
  constructor(...given: Arguments<typeof signature, PowerSGDArguments>) {
    const options = argumentsOf<PowerSGDArguments>(OP, signature, given);
    const integer = (name: keyof PowerSGDOptions, fallback: number, least: number): number =>
      checkInteger(OP, name, options[name] ?? fallback, least);
    const flag = (name: keyof PowerSGDOptions, fallback: boolean): boolean =>
      checkFlag(OP, name, options[name] ?? fallback);
    this.processGroup = options.processGroup ?? null;
    if (this.processGroup !== null) groupOf(OP, this.processGroup);
    this.matrixApproximationRank = integer("matrixApproximationRank", 1, 1);
    this.startPowerSGDIter = integer("startPowerSGDIter", 1000, 0);
    this.minCompressionRate = checkNumber(OP, "minCompressionRate", options.minCompressionRate ?? 2);
    this.useErrorFeedback = flag("useErrorFeedback", true);
    this.warmStart = flag("warmStart", true);
    if ((this.useErrorFeedback || this.warmStart) && this.startPowerSGDIter <= 1)
      throw new ValueError(
        `${OP}: Expect \`startPowerSGDIter\` > 1 if \`useErrorFeedback\` or \`warmStart\` is enabled, because PowerSGD can only be applied after the first two iterations in DDP.`,
      );
    this.orthogonalizationEpsilon = checkNumber(OP, "orthogonalizationEpsilon", options.orthogonalizationEpsilon ?? 0);
    this.rng = new Generator().manualSeed(integer("randomSeed", 0, 0));
    this.compressionStatsLoggingFrequency = Math.max(1, integer("compressionStatsLoggingFrequency", 10_000, 0));
    this.batchTensorsWithSameShape = flag("batchTensorsWithSameShape", false);
  }

  /** A generator for the next random matrices, the same on all ranks. @internal */
  nextGenerator(): Generator {
    return new Generator().manualSeed(drawSeed(this.rng));
  }

  /** Counts a step when its last bucket is reduced. */
  maybeIncreaseIter(bucket: { isLast(): boolean }): void {
    if (bucket.isLast()) this.iter++;
  }

  /** By how much gradients were compressed so far: the factor, and the numbers of elements before and after. */
  compressionStats(): [rate: number, before: number, after: number] {
    const [before, after] = [this.totalNumelBeforeCompression, this.totalNumelAfterCompression];
    return [after > 0 ? before / after : 0, before, after];
  }
}
