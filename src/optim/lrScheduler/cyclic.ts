/** Rates that go up and down between two bounds, batch by batch. */
import { checkChoice, checkFunction, checkNumber } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { describe, ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { type AnyOptimizer, LRScheduler, numbersPerGroup, type SchedulerOptions } from "./scheduler";

/** Options of {@link CyclicLR}. */
export interface CyclicLROptions extends SchedulerOptions {
  /** Batches from the lower to the upper bound. Default: 2000. */
  stepSizeUp?: number;
  /** Batches from the upper to the lower bound. Default: as many as up. */
  stepSizeDown?: number | null;
  /** How the height of the cycles develops, unless `scaleFn` says it. Default: "triangular". */
  mode?: "triangular" | "triangular2" | "exp_range";
  /** The base of `exp_range`. Default: 1. */
  gamma?: number;
  /** The height at a cycle (counted from 1) or batch. Default: given by `mode`. */
  scaleFn?: ((x: number) => number) | null;
  /** What `scaleFn` is a function of. Default: "cycle". */
  scaleMode?: "cycle" | "iterations";
  /** Whether the momentum moves the other way. Default: true. */
  cycleMomentum?: boolean;
  /** Default: 0.8. */
  baseMomentum?: number | readonly number[];
  /** Default: 0.9. */
  maxMomentum?: number | readonly number[];
}

/** The height of a cycle by mode. */
function scaleOf(mode: string, gamma: number): (x: number) => number {
  if (mode === "triangular") return () => 1;
  if (mode === "triangular2") return (cycle) => 1 / 2 ** (cycle - 1);
  if (mode === "exp_range") return (iteration) => gamma ** iteration;
  throw new ValueError(`CyclicLR: mode ${describe(mode)} is invalid and scaleFn is null`);
}

/** What {@link CyclicLR} takes. */
export type CyclicLRArguments = {
  optimizer: AnyOptimizer;
  baseLr: number | readonly number[];
  maxLr: number | readonly number[];
} & CyclicLROptions;

const cyclicLRSignature =
  "optimizer, baseLr, maxLr; stepSizeUp, stepSizeDown, mode, gamma, scaleFn, scaleMode, cycleMomentum, baseMomentum, maxMomentum, lastEpoch, verbose";

/**
 * The rate goes from `baseLr` to `maxLr` and back, at every batch.
 * @param baseLr One bound, or one per group.
 * @param maxLr One bound, or one per group.
 * @see torch.optim.lr_scheduler.CyclicLR
 * @see Cyclical Learning Rates for Training Neural Networks (Smith, 2015)
 * @throws ValueError for an unknown mode, or an optimizer without momentum while `cycleMomentum` is on.
 */
export class CyclicLR extends LRScheduler {
  readonly maxLrs: number[];
  readonly totalSize: number;
  readonly stepRatio: number;
  readonly scaleFn: (x: number) => number;
  readonly scaleMode: "cycle" | "iterations";
  readonly cycleMomentum: boolean;
  readonly baseMomentums: number[] = [];
  readonly maxMomentums: number[] = [];

  /** @internal */
  static readonly signature: string = cyclicLRSignature;

  constructor(...given: Arguments<typeof cyclicLRSignature, CyclicLRArguments>) {
    const { optimizer, baseLr, maxLr, ...options } = argumentsOf<CyclicLRArguments>(
      "CyclicLR",
      cyclicLRSignature,
      given,
    );
    const baseLrs = numbersPerGroup("CyclicLR", optimizer, "baseLr", baseLr);
    if ((options.lastEpoch ?? -1) === -1)
      baseLrs.forEach((lr, i) => {
        optimizer.paramGroups[i]!.lr = lr;
      });
    super(optimizer, options);
    const { mode = "triangular", scaleFn = null, scaleMode = "cycle", cycleMomentum = true } = options;
    const stepSizeUp = checkNumber("CyclicLR", "stepSizeUp", options.stepSizeUp ?? 2000);
    const stepSizeDown = checkNumber("CyclicLR", "stepSizeDown", options.stepSizeDown ?? stepSizeUp);
    const gamma = checkNumber("CyclicLR", "gamma", options.gamma ?? 1);
    if (scaleFn !== null) checkFunction("CyclicLR", "scaleFn", scaleFn);
    checkChoice("CyclicLR", "scaleMode", scaleMode, ["cycle", "iterations"]);
    this.baseLrs = baseLrs;
    this.maxLrs = numbersPerGroup("CyclicLR", optimizer, "maxLr", maxLr);
    this.totalSize = stepSizeUp + stepSizeDown;
    this.stepRatio = stepSizeUp / this.totalSize;
    this.scaleFn = scaleFn ?? scaleOf(mode, gamma);
    this.scaleMode = scaleFn === null && mode === "exp_range" ? "iterations" : scaleMode;
    this.cycleMomentum = cycleMomentum;
    if (cycleMomentum) {
      if (!("momentum" in optimizer.defaults))
        throw new ValueError("CyclicLR: optimizer must support momentum with `cycleMomentum` option enabled");
      this.baseMomentums = numbersPerGroup("CyclicLR", optimizer, "baseMomentum", options.baseMomentum ?? 0.8);
      this.maxMomentums = numbersPerGroup("CyclicLR", optimizer, "maxMomentum", options.maxMomentum ?? 0.9);
    }
    this.initialStep();
  }

  /** How far up the current cycle is, from 0 to 1, and its height. */
  private position(): [position: number, height: number] {
    const cycle = Math.floor(1 + this.lastEpoch / this.totalSize);
    const x = 1 + this.lastEpoch / this.totalSize - cycle;
    const position = x <= this.stepRatio ? x / this.stepRatio : (x - 1) / (this.stepRatio - 1);
    return [position, this.scaleFn(this.scaleMode === "cycle" ? cycle : this.lastEpoch)];
  }

  getLr(): number[] {
    const [position, height] = this.position();
    if (this.cycleMomentum)
      this.optimizer.paramGroups.forEach((group, i) => {
        const [least, most] = [this.baseMomentums[i]!, this.maxMomentums[i]!];
        group.momentum = most - (most - least) * position * height;
      });
    return this.baseLrs.map((lr, i) => lr + (this.maxLrs[i]! - lr) * position * height);
  }
}
