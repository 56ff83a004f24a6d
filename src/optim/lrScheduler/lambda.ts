/** Rates given by functions of the epoch. */
import { checkFunction } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { ArgumentError, describe } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { type AnyOptimizer, LRScheduler, perGroup, type SchedulerOptions } from "./scheduler";

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

/** What {@link LambdaLR} takes. */
export type LambdaLRArguments = {
  optimizer: AnyOptimizer;
  lrLambda: LrLambda | readonly LrLambda[];
} & SchedulerOptions;

const lambdaLRSignature = "optimizer, lrLambda; lastEpoch, verbose";

/**
 * The initial rate times `lrLambda(epoch)`.
 * @param lrLambda One function, or one per group.
 * @see torch.optim.lr_scheduler.LambdaLR
 * @example new LambdaLR(optimizer, (epoch) => 0.95 ** epoch);
 */
export class LambdaLR extends LRScheduler {
  readonly lrLambdas: LrLambda[];

  /** @internal */
  static readonly signature: string = lambdaLRSignature;

  constructor(...given: Arguments<typeof lambdaLRSignature, LambdaLRArguments>) {
    const { optimizer, lrLambda, ...options } = argumentsOf<LambdaLRArguments>("LambdaLR", lambdaLRSignature, given);
    super(optimizer, options);
    this.lrLambdas = checkLambdas("LambdaLR", perGroup("LambdaLR", optimizer, "lrLambda", lrLambda));
    this.initialStep();
  }

  getLr(): number[] {
    return this.baseLrs.map((lr, i) => lr * this.lrLambdas[i]!(this.lastEpoch));
  }
}

/** What {@link MultiplicativeLR} takes. */
export type MultiplicativeLRArguments = {
  optimizer: AnyOptimizer;
  lrLambda: LrLambda | readonly LrLambda[];
} & SchedulerOptions;

const multiplicativeLRSignature = "optimizer, lrLambda; lastEpoch, verbose";

/**
 * The rate of the epoch before times `lrLambda(epoch)`.
 * @param lrLambda One function, or one per group.
 * @see torch.optim.lr_scheduler.MultiplicativeLR
 */
export class MultiplicativeLR extends LRScheduler {
  readonly lrLambdas: LrLambda[];

  /** @internal */
  static readonly signature: string = multiplicativeLRSignature;

  constructor(...given: Arguments<typeof multiplicativeLRSignature, MultiplicativeLRArguments>) {
    const { optimizer, lrLambda, ...options } = argumentsOf<MultiplicativeLRArguments>(
      "MultiplicativeLR",
      multiplicativeLRSignature,
      given,
    );
    super(optimizer, options);
    this.lrLambdas = checkLambdas("MultiplicativeLR", perGroup("MultiplicativeLR", optimizer, "lrLambda", lrLambda));
    this.initialStep();
  }

  getLr(): number[] {
    const lrs = this.currentLrs();
    return this.lastEpoch > 0 ? lrs.map((lr, i) => lr * this.lrLambdas[i]!(this.lastEpoch)) : lrs;
  }
}
