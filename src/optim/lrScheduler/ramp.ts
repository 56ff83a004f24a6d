/** Warm-up and ramps over a given number of epochs. */
import { checkNumber } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { type AnyOptimizer, LRScheduler, type SchedulerOptions } from "./scheduler";

/** Options of {@link ConstantLR}. */
export interface ConstantLROptions extends SchedulerOptions {
  /** Default: 1/3. */
  factor?: number;
  /** Epochs for which the factor holds. Default: 5. */
  totalIters?: number;
}

/** What {@link ConstantLR} takes. */
export type ConstantLRArguments = { optimizer: AnyOptimizer } & ConstantLROptions;

const constantLRSignature = "optimizer; factor, totalIters, lastEpoch, verbose";

/**
 * The rate times `factor` for the first `totalIters` epochs.
 * @see torch.optim.lr_scheduler.ConstantLR
 * @throws ValueError unless the factor is in [0, 1].
 */
export class ConstantLR extends LRScheduler {
  readonly factor: number;
  readonly totalIters: number;

  /** @internal */
  static readonly signature: string = constantLRSignature;

  constructor(...given: Arguments<typeof constantLRSignature, ConstantLRArguments>) {
    const { optimizer, ...options } = argumentsOf<ConstantLRArguments>("ConstantLR", constantLRSignature, given);
    super(optimizer, options);
    this.factor = checkNumber("ConstantLR", "factor", options.factor ?? 1 / 3);
    this.totalIters = checkNumber("ConstantLR", "totalIters", options.totalIters ?? 5);
    if (!(this.factor >= 0 && this.factor <= 1))
      throw new ValueError(
        `ConstantLR: Constant multiplicative factor expected to be between 0 and 1, got ${this.factor}`,
      );
    this.initialStep();
  }

  getLr(): number[] {
    if (this.lastEpoch === 0) return this.scaled(this.factor);
    return this.lastEpoch === this.totalIters ? this.scaled(1 / this.factor) : this.currentLrs();
  }

  protected override closedFormLr(): number[] {
    return this.scaledBase(this.lastEpoch >= this.totalIters ? 1 : this.factor);
  }
}

/** Options of {@link LinearLR}. */
export interface LinearLROptions extends SchedulerOptions {
  /** Default: 1/3. */
  startFactor?: number;
  /** Default: 1. */
  endFactor?: number;
  /** Epochs from the first to the last factor. Default: 5. */
  totalIters?: number;
}

/** What {@link LinearLR} takes. */
export type LinearLRArguments = { optimizer: AnyOptimizer } & LinearLROptions;

const linearLRSignature = "optimizer; startFactor, endFactor, totalIters, lastEpoch, verbose";

/**
 * The rate times a factor that goes linearly from `startFactor` to `endFactor`.
 * @see torch.optim.lr_scheduler.LinearLR
 * @throws ValueError unless the factors are in [0, 1].
 */
export class LinearLR extends LRScheduler {
  readonly startFactor: number;
  readonly endFactor: number;
  readonly totalIters: number;

  /** @internal */
  static readonly signature: string = linearLRSignature;

  constructor(...given: Arguments<typeof linearLRSignature, LinearLRArguments>) {
    const { optimizer, ...options } = argumentsOf<LinearLRArguments>("LinearLR", linearLRSignature, given);
    super(optimizer, options);
    this.startFactor = checkNumber("LinearLR", "startFactor", options.startFactor ?? 1 / 3);
    this.endFactor = checkNumber("LinearLR", "endFactor", options.endFactor ?? 1);
    this.totalIters = checkNumber("LinearLR", "totalIters", options.totalIters ?? 5);
    if (!(this.startFactor >= 0 && this.startFactor <= 1))
      throw new ValueError(
        `LinearLR: Starting multiplicative factor expected to be between 0 and 1, got ${this.startFactor}`,
      );
    if (!(this.endFactor >= 0 && this.endFactor <= 1))
      throw new ValueError(
        `LinearLR: Ending multiplicative factor expected to be between 0 and 1, got ${this.endFactor}`,
      );
    this.initialStep();
  }

  getLr(): number[] {
    const { lastEpoch, startFactor, endFactor, totalIters } = this;
    if (lastEpoch === 0) return this.scaled(startFactor);
    if (lastEpoch > totalIters) return this.currentLrs();
    const slope = endFactor - startFactor;
    return this.scaled(1 + slope / (totalIters * startFactor + (lastEpoch - 1) * slope));
  }

  protected override closedFormLr(): number[] {
    const { lastEpoch, startFactor, endFactor, totalIters } = this;
    return this.scaledBase(startFactor + ((endFactor - startFactor) * Math.min(totalIters, lastEpoch)) / totalIters);
  }
}

/** Options of {@link PolynomialLR}. */
export interface PolynomialLROptions extends SchedulerOptions {
  /** Epochs until the rate is 0. Default: 5. */
  totalIters?: number;
  /** Default: 1. */
  power?: number;
}

/** What {@link PolynomialLR} takes. */
export type PolynomialLRArguments = { optimizer: AnyOptimizer } & PolynomialLROptions;

const polynomialLRSignature = "optimizer; totalIters, power, lastEpoch, verbose";

/** The rate times (1 - epoch / totalIters)^power. @see torch.optim.lr_scheduler.PolynomialLR */
export class PolynomialLR extends LRScheduler {
  readonly totalIters: number;
  readonly power: number;

  /** @internal */
  static readonly signature: string = polynomialLRSignature;

  constructor(...given: Arguments<typeof polynomialLRSignature, PolynomialLRArguments>) {
    const { optimizer, ...options } = argumentsOf<PolynomialLRArguments>("PolynomialLR", polynomialLRSignature, given);
    super(optimizer, options);
    this.totalIters = checkNumber("PolynomialLR", "totalIters", options.totalIters ?? 5);
    this.power = checkNumber("PolynomialLR", "power", options.power ?? 1);
    this.initialStep();
  }

  getLr(): number[] {
    const { lastEpoch, totalIters, power } = this;
    if (lastEpoch === 0 || lastEpoch > totalIters) return this.currentLrs();
    return this.scaled(((1 - lastEpoch / totalIters) / (1 - (lastEpoch - 1) / totalIters)) ** power);
  }

  protected override closedFormLr(): number[] {
    return this.scaledBase((1 - Math.min(this.totalIters, this.lastEpoch) / this.totalIters) ** this.power);
  }
}
