/** Schedules made of others. */

import { checkArray, checkIntegers } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { ArgumentError, describe, ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { type AnyOptimizer, countUpTo, LRScheduler, Scheduler, type SchedulerOptions } from "./scheduler";

/** A scheduler whose step takes no argument. */
export type Steppable = Scheduler & { step(): void };

/** @throws ValueError unless all schedulers are of one optimizer. */
function checkSameOptimizer(op: string, schedulers: readonly Scheduler[], optimizer: AnyOptimizer): void {
  schedulers.forEach((scheduler, i) => {
    if (scheduler.optimizer !== optimizer)
      throw new ValueError(
        `${op}: expects all schedulers to belong to the same optimizer, but the scheduler at index ${i} has another`,
      );
  });
}

/** What {@link SequentialLR} takes. */
export type SequentialLRArguments = {
  optimizer: AnyOptimizer;
  schedulers: readonly LRScheduler[];
  milestones: readonly number[];
} & SchedulerOptions;

const sequentialLRSignature = "optimizer, schedulers, milestones; lastEpoch, verbose";

/**
 * Schedules one after the other: scheduler i + 1 takes over at epoch `milestones[i]`.
 * @see torch.optim.lr_scheduler.SequentialLR
 * @throws ValueError if there is not one milestone less than schedulers, or they are of several optimizers.
 * @example
 * const warmup = new ConstantLR(optimizer, { factor: 0.1, totalIters: 2 });
 * const decay = new ExponentialLR(optimizer, 0.9);
 * const scheduler = new SequentialLR(optimizer, [warmup, decay], [2]);
 */
export class SequentialLR extends Scheduler {
  /** @internal */
  readonly _schedulers: readonly LRScheduler[];
  /** @internal */
  readonly _milestones: readonly number[];
  lastEpoch: number;

  /** @internal */
  static readonly signature: string = sequentialLRSignature;

  constructor(...given: Arguments<typeof sequentialLRSignature, SequentialLRArguments>) {
    const { optimizer, schedulers, milestones, ...options } = argumentsOf<SequentialLRArguments>(
      "SequentialLR",
      sequentialLRSignature,
      given,
    );
    super(optimizer);
    checkIntegers("SequentialLR", "milestones", milestones);
    for (const scheduler of checkArray("SequentialLR", "schedulers", schedulers, "schedulers"))
      if (!(scheduler instanceof LRScheduler))
        throw new ArgumentError(
          `SequentialLR: takes schedulers that step without a metric, got ${describe(scheduler)}`,
        );
    checkSameOptimizer("SequentialLR", schedulers, optimizer);
    if (milestones.length !== schedulers.length - 1)
      throw new ValueError(
        `SequentialLR: expects one scheduler more than milestones, but got ${schedulers.length} schedulers and ${milestones.length} milestones`,
      );
    this._schedulers = schedulers;
    this._milestones = milestones;
    this.lastEpoch = (options.lastEpoch ?? -1) + 1;
    this.restart();
  }

  /** Undoes the first steps of all schedulers, and repeats that of the first. */
  private restart(): void {
    for (const group of this.optimizer.paramGroups) group.lr = group.initialLr;
    for (const scheduler of this._schedulers) scheduler.lastEpoch--;
    this._schedulers[0]!.initialStep();
    this._lastLr = this.currentLrs();
  }

  /** Sets the rates of the next epoch. */
  step(): void {
    this.lastEpoch++;
    const index = countUpTo(this._milestones, this.lastEpoch);
    const begins = index > 0 && this._milestones[index - 1] === this.lastEpoch;
    this._schedulers[index]!.step(begins ? 0 : undefined);
    this._lastLr = this.currentLrs();
  }
}

/** What {@link ChainedScheduler} takes. */
export type ChainedSchedulerArguments = { schedulers: readonly Steppable[] };

const chainedSchedulerSignature = "schedulers";

/**
 * Schedules that act together: each step is a step of all of them.
 * @see torch.optim.lr_scheduler.ChainedScheduler
 * @throws ValueError if there are none, or they are of several optimizers.
 */
export class ChainedScheduler extends Scheduler {
  /** @internal */
  readonly _schedulers: readonly Steppable[];

  /** @internal */
  static readonly signature: string = chainedSchedulerSignature;

  constructor(...given: Arguments<typeof chainedSchedulerSignature, ChainedSchedulerArguments>) {
    const { schedulers } = argumentsOf<ChainedSchedulerArguments>("ChainedScheduler", chainedSchedulerSignature, given);
    for (const scheduler of checkArray("ChainedScheduler", "schedulers", schedulers, "schedulers"))
      if (!(scheduler instanceof Scheduler) || !("step" in scheduler))
        throw new ArgumentError(`ChainedScheduler: takes schedulers, got ${describe(scheduler)}`);
    const first = schedulers[0];
    if (first === undefined) throw new ValueError("ChainedScheduler: expects at least one scheduler");
    super(first.optimizer);
    checkSameOptimizer("ChainedScheduler", schedulers, first.optimizer);
    this._schedulers = [...schedulers];
  }

  /** Sets the rates of the next epoch. */
  step(): void {
    for (const scheduler of this._schedulers) scheduler.step();
    this._lastLr = this.currentLrs();
  }
}
