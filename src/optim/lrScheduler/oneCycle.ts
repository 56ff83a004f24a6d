/** One cycle of the rate over a whole training run. */
import { checkFlag, checkNumber, isKeyOf } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { describe, ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { type AnyOptimizer, LRScheduler, numbersPerGroup, type SchedulerOptions } from "./scheduler";

/** Options of {@link OneCycleLR}. */
export interface OneCycleLROptions extends SchedulerOptions {
  /** Batches in the whole run; or give `epochs` and `stepsPerEpoch`. */
  totalSteps?: number | null;
  epochs?: number | null;
  stepsPerEpoch?: number | null;
  /** The share of the run in which the rate rises. Default: 0.3. */
  pctStart?: number;
  /** Default: "cos". */
  annealStrategy?: "cos" | "linear";
  /** Whether the momentum (or beta1) moves the other way. Default: true. */
  cycleMomentum?: boolean;
  /** Default: 0.85. */
  baseMomentum?: number | readonly number[];
  /** Default: 0.95. */
  maxMomentum?: number | readonly number[];
  /** The rate begins at maxLr / divFactor. Default: 25. */
  divFactor?: number;
  /** The rate ends at its first value / finalDivFactor. Default: 1e4. */
  finalDivFactor?: number;
  /** Fall to the first rate before falling to the last. Default: false. */
  threePhase?: boolean;
}

/** Part of the cycle: the step at which it ends, and between which values of the group it goes. */
interface Phase {
  readonly endStep: number;
  readonly lr: readonly [from: string, to: string];
  readonly momentum: readonly [from: string, to: string];
}

function phasesOf(totalSteps: number, pctStart: number, threePhase: boolean): Phase[] {
  const rise: Phase = {
    endStep: pctStart * totalSteps - 1,
    lr: ["initialLr", "maxLr"],
    momentum: ["maxMomentum", "baseMomentum"],
  };
  const last = totalSteps - 1;
  if (!threePhase) return [rise, { endStep: last, lr: ["maxLr", "minLr"], momentum: ["baseMomentum", "maxMomentum"] }];
  return [
    rise,
    { endStep: 2 * pctStart * totalSteps - 2, lr: ["maxLr", "initialLr"], momentum: ["baseMomentum", "maxMomentum"] },
    { endStep: last, lr: ["initialLr", "minLr"], momentum: ["maxMomentum", "maxMomentum"] },
  ];
}

/** A value between two, at a share of the way. */
type Anneal = (start: number, end: number, share: number) => number;

const anneals: Readonly<Record<string, Anneal>> = {
  cos: (start, end, share) => end + ((start - end) / 2) * (Math.cos(Math.PI * share) + 1),
  linear: (start, end, share) => (end - start) * share + start,
};

function checkSteps(name: string, value: number | null | undefined): number {
  if (!Number.isInteger(value) || value! <= 0)
    throw new ValueError(`OneCycleLR: Expected positive integer ${name}, but got ${describe(value)}`);
  return value!;
}

function countSteps({ totalSteps, epochs, stepsPerEpoch }: OneCycleLROptions): number {
  if (totalSteps === undefined || totalSteps === null) {
    if ((epochs ?? stepsPerEpoch ?? null) === null)
      throw new ValueError("OneCycleLR: You must define either totalSteps OR (epochs AND stepsPerEpoch)");
    return checkSteps("epochs", epochs) * checkSteps("stepsPerEpoch", stepsPerEpoch);
  }
  return checkSteps("totalSteps", totalSteps);
}

/** What {@link OneCycleLR} takes. */
export type OneCycleLRArguments = { optimizer: AnyOptimizer; maxLr: number | readonly number[] } & OneCycleLROptions;

const oneCycleLRSignature =
  "optimizer, maxLr; totalSteps, epochs, stepsPerEpoch, pctStart, annealStrategy, cycleMomentum, baseMomentum, maxMomentum, divFactor, finalDivFactor, threePhase, lastEpoch, verbose";

/**
 * The 1cycle policy: the rate rises from maxLr / divFactor to maxLr and falls to almost nothing, batch by batch, once.
 * @param maxLr The upper bound of the rate, or one per group.
 * @see torch.optim.lr_scheduler.OneCycleLR
 * @see Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates (Smith, Topin, 2017)
 * @throws ValueError if the length of the run does not follow from the options, or the optimizer has no momentum while
 * `cycleMomentum` is on; and from `step` beyond the end.
 */
export class OneCycleLR extends LRScheduler {
  readonly totalSteps: number;
  readonly cycleMomentum: boolean;
  readonly useBeta1: boolean;
  readonly #phases: readonly Phase[];
  readonly #anneal: Anneal;

  /** @internal */
  static readonly signature: string = oneCycleLRSignature;

  constructor(...given: Arguments<typeof oneCycleLRSignature, OneCycleLRArguments>) {
    const { optimizer, maxLr, ...options } = argumentsOf<OneCycleLRArguments>("OneCycleLR", oneCycleLRSignature, given);
    super(optimizer, options);
    const { pctStart = 0.3, annealStrategy = "cos", cycleMomentum = true, threePhase = false } = options;
    this.totalSteps = countSteps(options);
    checkFlag("OneCycleLR", "cycleMomentum", cycleMomentum);
    checkFlag("OneCycleLR", "threePhase", threePhase);
    if (!(typeof pctStart === "number" && pctStart >= 0 && pctStart <= 1))
      throw new ValueError(`OneCycleLR: Expected number between 0 and 1 pctStart, but got ${describe(pctStart)}`);
    const anneal = isKeyOf(anneals, annealStrategy) ? anneals[annealStrategy] : undefined;
    if (anneal === undefined)
      throw new ValueError(
        `OneCycleLR: annealStrategy must be one of "cos" or "linear", instead got ${describe(annealStrategy)}`,
      );
    this.#phases = phasesOf(this.totalSteps, pctStart, threePhase);
    this.#anneal = anneal;
    this.cycleMomentum = cycleMomentum;
    this.useBeta1 = "betas" in optimizer.defaults;
    if (this.lastEpoch === -1) this.setBounds(maxLr, options);
    this.initialStep();
  }

  /** Writes the bounds into the groups, from where they are saved with the optimizer. */
  private setBounds(maxLr: number | readonly number[], options: OneCycleLROptions): void {
    const { baseMomentum = 0.85, maxMomentum = 0.95 } = options;
    const divFactor = checkNumber("OneCycleLR", "divFactor", options.divFactor ?? 25);
    const finalDivFactor = checkNumber("OneCycleLR", "finalDivFactor", options.finalDivFactor ?? 1e4);
    const groups = this.optimizer.paramGroups;
    numbersPerGroup("OneCycleLR", this.optimizer, "maxLr", maxLr).forEach((lr, i) => {
      const initialLr = lr / divFactor;
      Object.assign(groups[i]!, { initialLr, maxLr: lr, minLr: initialLr / finalDivFactor });
    });
    this.baseLrs = groups.map((group) => group.initialLr!);
    if (!this.cycleMomentum) return;
    if (!this.useBeta1 && !("momentum" in this.optimizer.defaults))
      throw new ValueError("OneCycleLR: optimizer must support momentum with `cycleMomentum` option enabled");
    const most = numbersPerGroup("OneCycleLR", this.optimizer, "maxMomentum", maxMomentum);
    const least = numbersPerGroup("OneCycleLR", this.optimizer, "baseMomentum", baseMomentum);
    groups.forEach((group, i) => {
      Object.assign(group, { maxMomentum: most[i], baseMomentum: least[i] });
    });
  }

  getLr(): number[] {
    const step = this.lastEpoch;
    if (step > this.totalSteps)
      throw new ValueError(
        `OneCycleLR: Tried to step ${step + 1} times. The specified number of total steps is ${this.totalSteps}`,
      );
    const phases = this.#phases;
    const found = phases.findIndex((phase) => step <= phase.endStep);
    const current = found < 0 ? phases.length - 1 : found;
    const start = current === 0 ? 0 : phases[current - 1]!.endStep;
    const phase = phases[current]!;
    const share = (step - start) / (phase.endStep - start);
    return this.optimizer.paramGroups.map((group) => {
      if (this.cycleMomentum)
        this.setMomentum(group, this.#anneal(group[phase.momentum[0]], group[phase.momentum[1]], share));
      return this.#anneal(group[phase.lr[0]], group[phase.lr[1]], share);
    });
  }

  private setMomentum(group: Record<string, any>, momentum: number): void {
    if (this.useBeta1) group.betas = [momentum, ...group.betas.slice(1)];
    else group.momentum = momentum;
  }
}
