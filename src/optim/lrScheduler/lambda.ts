/** Rates given by functions of the epoch. */
import { checkFunction } from "../../core/arguments";
import { ArgumentError, checkOptions, describe } from "../../core/errors";
import { type AnyOptimizer, LRScheduler, perGroup, type SchedulerOptions, schedulerOptions } from "./scheduler";

/** A factor by epoch, counted from 0. */
export type LrLambda = (epoch: number) => number;

function checkLambdas(op: string, lambdas: readonly LrLambda[]): LrLambda[] {
  for (const lambda of lambdas) {
    if (typeof lambda !== "function")
      throw new ArgumentError(`${op}: lrLambda must be a function or one per group, got ${describe(lambda)}`);
    checkFunction(op, "lrLambda", lambda);
  }
  return [...lambdas];
}

/**
 * The initial rate times `lrLambda(epoch)`.
 * @param lrLambda One function, or one per group.
 * @see torch.optim.lr_scheduler.LambdaLR
 * @example new LambdaLR(optimizer, (epoch) => 0.95 ** epoch);
 */
export class LambdaLR extends LRScheduler {
  readonly lrLambdas: LrLambda[];

  constructor(optimizer: AnyOptimizer, lrLambda: LrLambda | readonly LrLambda[], options: SchedulerOptions = {}) {
    checkOptions("LambdaLR", options, schedulerOptions);
    super(optimizer, options);
    this.lrLambdas = checkLambdas("LambdaLR", perGroup("LambdaLR", optimizer, "lrLambda", lrLambda));
    this.initialStep();
  }

  getLr(): number[] {
    return this.baseLrs.map((lr, i) => lr * this.lrLambdas[i]!(this.lastEpoch));
  }
}

/**
 * The rate of the epoch before times `lrLambda(epoch)`.
 * @param lrLambda One function, or one per group.
 * @see torch.optim.lr_scheduler.MultiplicativeLR
 */
export class MultiplicativeLR extends LRScheduler {
  readonly lrLambdas: LrLambda[];

  constructor(optimizer: AnyOptimizer, lrLambda: LrLambda | readonly LrLambda[], options: SchedulerOptions = {}) {
    checkOptions("MultiplicativeLR", options, schedulerOptions);
    super(optimizer, options);
    this.lrLambdas = checkLambdas("MultiplicativeLR", perGroup("MultiplicativeLR", optimizer, "lrLambda", lrLambda));
    this.initialStep();
  }

  getLr(): number[] {
    const lrs = this.currentLrs();
    return this.lastEpoch > 0 ? lrs.map((lr, i) => lr * this.lrLambdas[i]!(this.lastEpoch)) : lrs;
  }
}
