/** Rates that fall when a metric stops improving. */
import { checkNumber } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { ArgumentError, describe, ValueError } from "../../core/errors";
import { declareMethods } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import { Tensor } from "../../tensor/tensor";
import { type AnyOptimizer, numbersPerGroup, Scheduler, scientific } from "./scheduler";

/** Options of {@link ReduceLROnPlateau}. */
export interface ReduceLROnPlateauOptions {
  /** Whether the metric is to fall or to rise. Default: "min". */
  mode?: "min" | "max";
  /** The factor of each reduction. Default: 0.1. */
  factor?: number;
  /** Epochs without improvement that are let pass. Default: 10. */
  patience?: number;
  /** The least change that counts as an improvement. Default: 1e-4. */
  threshold?: number;
  /** Whether the threshold is a share of the best value or a difference. Default: "rel". */
  thresholdMode?: "rel" | "abs";
  /** Epochs to wait after a reduction. Default: 0. */
  cooldown?: number;
  /** The least rate, for all groups or for each. Default: 0. */
  minLr?: number | readonly number[];
  /** Smaller changes of the rate are not made. Default: 1e-8. */
  eps?: number;
  /** Log every reduction. Default: false. */
  verbose?: boolean;
}

const defaults = {
  mode: "min",
  factor: 0.1,
  patience: 10,
  threshold: 1e-4,
  thresholdMode: "rel",
  cooldown: 0,
  minLr: 0,
  eps: 1e-8,
  verbose: false,
} as const satisfies Required<ReduceLROnPlateauOptions>;

/** What {@link ReduceLROnPlateau} takes. */
export type ReduceLROnPlateauArguments = { optimizer: AnyOptimizer } & ReduceLROnPlateauOptions;

const reduceLROnPlateauSignature =
  "optimizer; mode, factor, patience, threshold, thresholdMode, cooldown, minLr, eps, verbose";

/**
 * Reduces the rate when a metric has stopped improving for `patience` epochs.
 * @see torch.optim.lr_scheduler.ReduceLROnPlateau
 * @throws ValueError for a factor of 1 or more, or an unknown mode.
 * @example
 * const scheduler = new ReduceLROnPlateau(optimizer, { mode: "min", patience: 3 });
 * scheduler.step(validationLoss);
 */
export class ReduceLROnPlateau extends Scheduler {
  readonly mode: "min" | "max";
  readonly factor: number;
  readonly patience: number;
  readonly threshold: number;
  readonly thresholdMode: "rel" | "abs";
  readonly cooldown: number;
  readonly minLrs: number[];
  readonly eps: number;
  readonly verbose: boolean;
  /** The best value of the metric so far. */
  best: number;
  numBadEpochs = 0;
  cooldownCounter = 0;
  lastEpoch = 0;

  /** @internal */
  static readonly signature: string = reduceLROnPlateauSignature;

  constructor(...given: Arguments<typeof reduceLROnPlateauSignature, ReduceLROnPlateauArguments>) {
    const { optimizer, ...options } = argumentsOf<ReduceLROnPlateauArguments>(
      "ReduceLROnPlateau",
      reduceLROnPlateauSignature,
      given,
    );
    super(optimizer);
    const all = { ...defaults, ...options };
    const { mode, thresholdMode, minLr, verbose } = all;
    const number = (name: "factor" | "patience" | "threshold" | "cooldown" | "eps") =>
      checkNumber("ReduceLROnPlateau", name, all[name]);
    const [factor, patience, threshold] = [number("factor"), number("patience"), number("threshold")];
    const [cooldown, eps] = [number("cooldown"), number("eps")];
    if (!(factor < 1)) throw new ValueError(`ReduceLROnPlateau: Factor should be < 1.0, got ${factor}`);
    if (mode !== "min" && mode !== "max") throw new ValueError(`ReduceLROnPlateau: mode ${describe(mode)} is unknown!`);
    if (thresholdMode !== "rel" && thresholdMode !== "abs")
      throw new ValueError(`ReduceLROnPlateau: threshold mode ${describe(thresholdMode)} is unknown!`);
    this.mode = mode;
    this.factor = factor;
    this.patience = patience;
    this.threshold = threshold;
    this.thresholdMode = thresholdMode;
    this.cooldown = cooldown;
    this.minLrs = numbersPerGroup("ReduceLROnPlateau", optimizer, "minLr", minLr);
    this.eps = eps;
    this.verbose = verbose;
    this.best = mode === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  /** Whether a reduction was so recent that bad epochs do not count. */
  get inCooldown(): boolean {
    return this.cooldownCounter > 0;
  }

  /**
   * Looks at the metric of an epoch.
   * @param metrics A number, or a tensor of one element.
   * @param epoch Which epoch it was. Default: the next.
   */
  step(metrics: number | Tensor, epoch?: number): void {
    if (typeof metrics !== "number" && !(metrics instanceof Tensor))
      throw new ArgumentError(`ReduceLROnPlateau.step: metrics must be a number or a Tensor, got ${describe(metrics)}`);
    const current = typeof metrics === "number" ? metrics : metrics.item();
    this.lastEpoch = epoch === undefined ? this.lastEpoch + 1 : checkNumber("ReduceLROnPlateau.step", "epoch", epoch);
    if (this.isBetter(current)) {
      this.best = current;
      this.numBadEpochs = 0;
    } else this.numBadEpochs++;
    if (this.inCooldown) {
      this.cooldownCounter--;
      this.numBadEpochs = 0;
    }
    if (this.numBadEpochs > this.patience) {
      this.reduce();
      this.cooldownCounter = this.cooldown;
      this.numBadEpochs = 0;
    }
    this._lastLr = this.currentLrs();
  }

  private isBetter(value: number): boolean {
    const sign = this.mode === "min" ? -1 : 1;
    const bound =
      this.thresholdMode === "rel" ? this.best * (1 + sign * this.threshold) : this.best + sign * this.threshold;
    return this.mode === "min" ? value < bound : value > bound;
  }

  private reduce(): void {
    this.optimizer.paramGroups.forEach((group, i) => {
      const lr = Math.max(group.lr * this.factor, this.minLrs[i]!);
      if (group.lr - lr <= this.eps) return;
      group.lr = lr;
      if (this.verbose)
        console.log(
          `Epoch ${String(this.lastEpoch).padStart(5, "0")}: reducing learning rate of group ${i} to ${scientific(lr)}.`,
        );
    });
  }
}

declareMethods(ReduceLROnPlateau, { step: "metrics, epoch?" });
