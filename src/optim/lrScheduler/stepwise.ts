/** Decay by steps: every few epochs, at milestones, at every epoch. */
import { checkInteger, checkIntegers, checkNumber } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import type { Arguments } from "../../core/signatureTypes";
import { type AnyOptimizer, countUpTo, LRScheduler, type SchedulerOptions } from "./scheduler";

/** Options of {@link StepLR} and {@link MultiStepLR}. */
export interface StepLROptions extends SchedulerOptions {
  /** The factor of each decay. Default: 0.1. */
  gamma?: number;
}

/** What {@link StepLR} takes. */
export type StepLRArguments = { optimizer: AnyOptimizer; stepSize: number } & StepLROptions;

const stepLRSignature = "optimizer, stepSize; gamma, lastEpoch, verbose";

/** The rate times `gamma` every `stepSize` epochs. @see torch.optim.lr_scheduler.StepLR */
export class StepLR extends LRScheduler {
  readonly gamma: number;

  readonly stepSize: number;

  /** @internal */
  static readonly signature: string = stepLRSignature;

  constructor(...given: Arguments<typeof stepLRSignature, StepLRArguments>) {
    const { optimizer, stepSize, ...options } = argumentsOf<StepLRArguments>("StepLR", stepLRSignature, given);
    super(optimizer, options);
    this.stepSize = checkInteger("StepLR", "stepSize", stepSize, 1);
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

/** What {@link MultiStepLR} takes. */
export type MultiStepLRArguments = { optimizer: AnyOptimizer; milestones: readonly number[] } & StepLROptions;

const multiStepLRSignature = "optimizer, milestones; gamma, lastEpoch, verbose";

/** The rate times `gamma` at each milestone, an epoch. @see torch.optim.lr_scheduler.MultiStepLR */
export class MultiStepLR extends LRScheduler {
  readonly gamma: number;
  /** How often each milestone was named. */
  readonly milestones: ReadonlyMap<number, number>;

  /** @internal */
  static readonly signature: string = multiStepLRSignature;

  constructor(...given: Arguments<typeof multiStepLRSignature, MultiStepLRArguments>) {
    const { optimizer, milestones, ...options } = argumentsOf<MultiStepLRArguments>(
      "MultiStepLR",
      multiStepLRSignature,
      given,
    );
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

/** What {@link ExponentialLR} takes. */
export type ExponentialLRArguments = { optimizer: AnyOptimizer; gamma: number } & SchedulerOptions;

const exponentialLRSignature = "optimizer, gamma; lastEpoch, verbose";

/** The rate times `gamma` at every epoch. @see torch.optim.lr_scheduler.ExponentialLR */
export class ExponentialLR extends LRScheduler {
  readonly gamma: number;

  /** @internal */
  static readonly signature: string = exponentialLRSignature;

  constructor(...given: Arguments<typeof exponentialLRSignature, ExponentialLRArguments>) {
    const { optimizer, gamma, ...options } = argumentsOf<ExponentialLRArguments>(
      "ExponentialLR",
      exponentialLRSignature,
      given,
    );
    super(optimizer, options);
    this.gamma = checkNumber("ExponentialLR", "gamma", gamma);
    this.initialStep();
  }

  getLr(): number[] {
    return this.lastEpoch === 0 ? this.currentLrs() : this.scaled(this.gamma);
  }

  protected override closedFormLr(): number[] {
    return this.scaledBase(this.gamma ** this.lastEpoch);
  }
}
