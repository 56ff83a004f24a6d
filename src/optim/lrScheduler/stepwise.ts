/** Decay by steps: every few epochs, at milestones, at every epoch. */
import { checkInteger, checkIntegers, checkNumber } from "../../core/arguments";
import { checkOptions } from "../../core/errors";
import { type AnyOptimizer, countUpTo, LRScheduler, type SchedulerOptions, schedulerOptions } from "./scheduler";

/** Options of {@link StepLR} and {@link MultiStepLR}. */
export interface StepLROptions extends SchedulerOptions {
  /** The factor of each decay. Default: 0.1. */
  gamma?: number;
}

/** The rate times `gamma` every `stepSize` epochs. @see torch.optim.lr_scheduler.StepLR */
export class StepLR extends LRScheduler {
  readonly gamma: number;

  constructor(
    optimizer: AnyOptimizer,
    readonly stepSize: number,
    options: StepLROptions = {},
  ) {
    checkOptions("StepLR", options, ["gamma", ...schedulerOptions]);
    super(optimizer, options);
    checkInteger("StepLR", "stepSize", stepSize, 1);
    this.gamma = checkNumber("StepLR", "gamma", options.gamma ?? 0.1);
    this.initialStep();
  }

  getLr(): number[] {
    const decays = this.lastEpoch !== 0 && this.lastEpoch % this.stepSize === 0;
    return decays ? this.scaled(this.gamma) : this.currentLrs();
  }

  protected override closedFormLr(): number[] {
    return this.scaledBase(this.gamma ** Math.floor(this.lastEpoch / this.stepSize));
  }
}

/** The rate times `gamma` at each milestone, an epoch. @see torch.optim.lr_scheduler.MultiStepLR */
export class MultiStepLR extends LRScheduler {
  readonly gamma: number;
  /** How often each milestone was named. */
  readonly milestones: ReadonlyMap<number, number>;

  constructor(optimizer: AnyOptimizer, milestones: readonly number[], options: StepLROptions = {}) {
    checkOptions("MultiStepLR", options, ["gamma", ...schedulerOptions]);
    super(optimizer, options);
    this.gamma = checkNumber("MultiStepLR", "gamma", options.gamma ?? 0.1);
    const counts = new Map<number, number>();
    for (const milestone of checkIntegers("MultiStepLR", "milestones", milestones))
      counts.set(milestone, (counts.get(milestone) ?? 0) + 1);
    this.milestones = counts;
    this.initialStep();
  }

  getLr(): number[] {
    const decays = this.milestones.get(this.lastEpoch);
    return decays === undefined ? this.currentLrs() : this.scaled(this.gamma ** decays);
  }

  protected override closedFormLr(): number[] {
    const passed = [...this.milestones].flatMap(([milestone, count]) => new Array<number>(count).fill(milestone));
    return this.scaledBase(this.gamma ** countUpTo(passed, this.lastEpoch));
  }
}

/** The rate times `gamma` at every epoch. @see torch.optim.lr_scheduler.ExponentialLR */
export class ExponentialLR extends LRScheduler {
  constructor(
    optimizer: AnyOptimizer,
    readonly gamma: number,
    options: SchedulerOptions = {},
  ) {
    checkOptions("ExponentialLR", options, schedulerOptions);
    super(optimizer, options);
    checkNumber("ExponentialLR", "gamma", gamma);
    this.initialStep();
  }

  getLr(): number[] {
    return this.lastEpoch === 0 ? this.currentLrs() : this.scaled(this.gamma);
  }

  protected override closedFormLr(): number[] {
    return this.scaledBase(this.gamma ** this.lastEpoch);
  }
}
