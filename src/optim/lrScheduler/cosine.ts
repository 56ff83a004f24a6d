/** Cosine annealing, with and without restarts. */
import { checkNumber } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { describe, ValueError } from "../../core/errors";
import { declareMethods } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import { type AnyOptimizer, LRScheduler, type SchedulerOptions } from "./scheduler";

/** Options of {@link CosineAnnealingLR}. */
export interface CosineAnnealingLROptions extends SchedulerOptions {
  /** The least rate. Default: 0. */
  etaMin?: number;
}

/** What {@link CosineAnnealingLR} takes. */
export type CosineAnnealingLRArguments = { optimizer: AnyOptimizer; tMax: number } & CosineAnnealingLROptions;

const cosineAnnealingLRSignature = "optimizer, tMax; etaMin, lastEpoch, verbose";

/**
 * The rate follows half a cosine from its initial value to `etaMin` in `TMax` epochs, and back.
 * @see torch.optim.lr_scheduler.CosineAnnealingLR
 * @see SGDR: Stochastic Gradient Descent with Warm Restarts (Loshchilov, Hutter, 2016)
 */
export class CosineAnnealingLR extends LRScheduler {
  readonly etaMin: number;

  readonly TMax: number;

  /** @internal */
  static readonly signature: string = cosineAnnealingLRSignature;

  constructor(...given: Arguments<typeof cosineAnnealingLRSignature, CosineAnnealingLRArguments>) {
    const { optimizer, tMax, ...options } = argumentsOf<CosineAnnealingLRArguments>(
      "CosineAnnealingLR",
      cosineAnnealingLRSignature,
      given,
    );
    super(optimizer, options);
    this.TMax = checkNumber("CosineAnnealingLR", "tMax", tMax);
    this.etaMin = checkNumber("CosineAnnealingLR", "etaMin", options.etaMin ?? 0);
    this.initialStep();
  }

  getLr(): number[] {
    const { lastEpoch, TMax, etaMin } = this;
    const lrs = this.currentLrs();
    if (lastEpoch === 0) return lrs;
    if (this._stepCount === 1 && lastEpoch > 0) return this.closedFormLr();
    // At the turning point the recurrence would divide by 0.
    if ((lastEpoch - 1 - TMax) % (2 * TMax) === 0)
      return lrs.map((lr, i) => lr + ((this.baseLrs[i]! - etaMin) * (1 - Math.cos(Math.PI / TMax))) / 2);
    const ratio = (1 + Math.cos((Math.PI * lastEpoch) / TMax)) / (1 + Math.cos((Math.PI * (lastEpoch - 1)) / TMax));
    return lrs.map((lr) => ratio * (lr - etaMin) + etaMin);
  }

  protected override closedFormLr(): number[] {
    const { lastEpoch, TMax, etaMin } = this;
    return this.baseLrs.map((lr) => etaMin + ((lr - etaMin) * (1 + Math.cos((Math.PI * lastEpoch) / TMax))) / 2);
  }
}

/** Options of {@link CosineAnnealingWarmRestarts}. */
export interface CosineAnnealingWarmRestartsOptions extends SchedulerOptions {
  /** The factor by which each period is longer than the one before. Default: 1. */
  tMult?: number;
  /** The least rate. Default: 0. */
  etaMin?: number;
}

/** What {@link CosineAnnealingWarmRestarts} takes. */
export type CosineAnnealingWarmRestartsArguments = {
  optimizer: AnyOptimizer;
  t0: number;
} & CosineAnnealingWarmRestartsOptions;

const cosineAnnealingWarmRestartsSignature = "optimizer, t0; tMult, etaMin, lastEpoch, verbose";

/**
 * The rate follows half a cosine from its initial value to `etaMin`, again and again; the first time in `T0` epochs.
 * @see torch.optim.lr_scheduler.CosineAnnealingWarmRestarts
 * @see SGDR: Stochastic Gradient Descent with Warm Restarts (Loshchilov, Hutter, 2016)
 * @throws ValueError unless t0 and tMult are positive integers.
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  readonly TMult: number;
  readonly etaMin: number;
  /** Length of the current period. */
  TI: number;
  /** Epochs since the last restart. */
  TCur: number;

  readonly T0: number;

  /** @internal */
  static readonly signature: string = cosineAnnealingWarmRestartsSignature;

  constructor(...given: Arguments<typeof cosineAnnealingWarmRestartsSignature, CosineAnnealingWarmRestartsArguments>) {
    const { optimizer, t0, ...options } = argumentsOf<CosineAnnealingWarmRestartsArguments>(
      "CosineAnnealingWarmRestarts",
      cosineAnnealingWarmRestartsSignature,
      given,
    );
    super(optimizer, options);
    this.T0 = t0;
    this.TMult = options.tMult ?? 1;
    this.etaMin = checkNumber("CosineAnnealingWarmRestarts", "etaMin", options.etaMin ?? 0);
    if (!Number.isInteger(t0) || t0 <= 0)
      throw new ValueError(`CosineAnnealingWarmRestarts: Expected positive integer t0, but got ${describe(t0)}`);
    if (!Number.isInteger(this.TMult) || this.TMult < 1)
      throw new ValueError(`CosineAnnealingWarmRestarts: Expected integer tMult >= 1, but got ${describe(this.TMult)}`);
    this.TI = t0;
    this.TCur = this.lastEpoch;
    this.initialStep();
  }

  getLr(): number[] {
    const { TCur, TI, etaMin } = this;
    return this.baseLrs.map((lr) => etaMin + ((lr - etaMin) * (1 + Math.cos((Math.PI * TCur) / TI))) / 2);
  }

  /**
   * Sets the rates of the next epoch.
   * @param epoch Another epoch to go to; with a fraction, a place within an epoch: `epoch + batch / batches`.
   * @throws ValueError for a negative epoch.
   */
  override step(epoch?: number): void {
    const target = epoch !== undefined ? checkNumber("step", "epoch", epoch) : this.lastEpoch < 0 ? 0 : undefined;
    if (target === undefined) this.advance();
    else this.goTo(target);
    this.lastEpoch = Math.floor(target ?? this.lastEpoch + 1);
    this.setLrs(this.getLr());
  }

  private advance(): void {
    this.TCur++;
    if (this.TCur < this.TI) return;
    this.TCur -= this.TI;
    this.TI *= this.TMult;
  }

  private goTo(epoch: number): void {
    const { T0, TMult } = this;
    if (!(epoch >= 0 && epoch < Number.POSITIVE_INFINITY))
      throw new ValueError(`CosineAnnealingWarmRestarts: Expected non-negative epoch, but got ${describe(epoch)}`);
    [this.TI, this.TCur] = [T0, TMult === 1 ? epoch % T0 : epoch];
    // Periods are T0, T0 TMult, T0 TMult^2, …: summed in whole numbers, since a logarithm may miss a restart.
    for (; TMult > 1 && this.TCur >= this.TI; this.TI *= TMult) this.TCur -= this.TI;
  }
}

declareMethods(CosineAnnealingWarmRestarts, { step: "epoch?" });
