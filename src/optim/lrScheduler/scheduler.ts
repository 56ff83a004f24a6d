/** The bases of all learning-rate schedulers. */

import { explainAbsent } from "../../core/absent";
import { checkFlag, checkInteger, checkNumber } from "../../core/arguments";
import { classNameOf } from "../../core/className";
import { ArgumentError, describe, StateError, ValueError } from "../../core/errors";
import { declareMethods, within } from "../../core/signature";
import { camelCase, snakeCase } from "../../core/snakeCase";
import { entriesOf } from "../../core/stateNames";
import { Optimizer } from "../optimizer";

/** Any optimizer, as far as schedulers are concerned. */
export type AnyOptimizer = Optimizer<any, any>;

/** Options of every scheduler. */
export interface SchedulerOptions {
  /** The epoch to resume after; the groups then need `initialLr`. Default: -1, from the start. */
  lastEpoch?: number;
  /** Log every change. Default: false. */
  verbose?: boolean;
}

/** The state of a scheduler, under PyTorch's names. */
export type SchedulerStateDict = Record<string, unknown>;

/** What all schedulers have in common: an optimizer, the rates that they set last, and a state that can be saved. */
export abstract class Scheduler {
  readonly optimizer: AnyOptimizer;
  /** @internal */
  _lastLr: number[];

  constructor(optimizer: AnyOptimizer) {
    this.optimizer = checkOptimizer(classNameOf(this), optimizer);
    this._lastLr = this.currentLrs();
  }

  /** The learning rates of the groups as they are. */
  protected currentLrs(): number[] {
    return this.optimizer.paramGroups.map((group) => group.lr);
  }

  /** The learning rate of each group that the last step set. @see torch.optim.lr_scheduler.LRScheduler.get_last_lr */
  getLastLr(): readonly number[] {
    return this._lastLr;
  }

  /**
   * Everything but the optimizer and functions, under PyTorch's names.
   * @see torch.optim.lr_scheduler.LRScheduler.state_dict
   */
  stateDict(): SchedulerStateDict {
    const state: SchedulerStateDict = {};
    for (const [name, value] of Object.entries(this))
      if (name !== "optimizer" && typeof value !== "function") state[snakeCase(name)] = saved(value);
    return state;
  }

  /**
   * Takes over what {@link stateDict} or PyTorch's `state_dict()` gave.
   * @see torch.optim.lr_scheduler.LRScheduler.load_state_dict
   * @throws StateError for anything but a dictionary, and for values of another kind than those that are there; nothing is changed then.
   */
  loadStateDict(state: Readonly<SchedulerStateDict>): void {
    const op = classNameOf(this);
    if (typeof state !== "object" || state === null || Array.isArray(state))
      throw new StateError(`${op}: loadStateDict takes a dictionary, got ${describe(state)}`);
    const fields = this as unknown as Record<string, unknown>;
    const loaded = new Map(entriesOf(state).map(([key, value]) => [camelCase(String(key)), value]));
    if ("lastEpoch" in this && !loaded.has("lastEpoch"))
      throw new StateError(`${op}: the state dict has no last_epoch`);
    // PyTorch saves some fields that follow from the constructor's arguments here.
    const known = [...loaded].filter(([name]) => Object.hasOwn(this, name) && name !== "optimizer");
    for (const [name, value] of known) checkField(`${op}: the state dict's ${snakeCase(name)}`, fields[name], value);
    for (const [name, value] of known) fields[name] = restored(fields[name], value);
  }
}

function checkOptimizer(op: string, optimizer: AnyOptimizer): AnyOptimizer {
  if (!(optimizer instanceof Optimizer)) throw new ArgumentError(`${op}: ${describe(optimizer)} is not an Optimizer`);
  return optimizer;
}

/** One value per group, from one value or a list. @throws ValueError for a list of another length. */
export function perGroup<T>(op: string, optimizer: AnyOptimizer, what: string, value: T | readonly T[]): T[] {
  const { length } = checkOptimizer(op, optimizer).paramGroups;
  if (!Array.isArray(value)) return new Array<T>(length).fill(value as T);
  if (value.length !== length)
    throw new ValueError(`${op}: expected ${length} values for ${what}, got ${value.length}`);
  return [...value];
}

/** Like {@link perGroup}, for numbers. */
export const numbersPerGroup = (
  op: string,
  optimizer: AnyOptimizer,
  what: string,
  value: number | readonly number[],
): number[] => perGroup(op, optimizer, what, value).map((number) => checkNumber(op, what, number));

/** A field as it is saved: functions are left to the constructor, inner schedulers save themselves. */
function saved(value: unknown): unknown {
  if (value instanceof Scheduler) return value.stateDict();
  if (typeof value === "function") return null;
  if (value instanceof Map) return Object.fromEntries(value);
  return Array.isArray(value) ? value.map(saved) : value;
}

/** Infinities, which JSON has as null, are those of a scheduler that has seen nothing yet. */
const isLostInfinity = (current: unknown, value: unknown): boolean =>
  value === null && (current === Number.POSITIVE_INFINITY || current === Number.NEGATIVE_INFINITY);

/** @throws StateError unless `value` is of the kind of the field that it is for. */
function checkField(what: string, current: unknown, value: unknown): void {
  const wrong = (kind: string) => new StateError(`${what} must be ${kind}, got ${describe(value)}`);
  if (typeof current === "number" && typeof value !== "number" && !isLostInfinity(current, value))
    throw wrong("a number");
  if (Array.isArray(current)) {
    if (!Array.isArray(value) || value.length !== current.length) throw wrong(`an array of ${current.length}`);
    current.forEach((item, i) => {
      checkField(`${what}[${i}]`, item, value[i]);
    });
  }
  const isDictionary = typeof value === "object" && value !== null && !Array.isArray(value);
  if (current instanceof Scheduler && !isDictionary) throw wrong("the state of a scheduler");
  if (!(current instanceof Map)) return;
  const isCount = (entry: readonly unknown[]) => entry.every((part) => Number.isInteger(Number(part)));
  if (!isDictionary || !entriesOf(value).every(isCount)) throw wrong("a dictionary of counts");
}

/** A field after loading. */
function restored(current: unknown, value: unknown): unknown {
  if (isLostInfinity(current, value)) return current;
  if (typeof current === "function") return current;
  if (current instanceof Scheduler) {
    current.loadStateDict(value as SchedulerStateDict);
    return current;
  }
  if (current instanceof Map) return new Map(entriesOf(value as object).map(([key, item]) => [Number(key), item]));
  return Array.isArray(value) ? value.map((item, i) => restored((current as unknown[] | undefined)?.[i], item)) : value;
}

/** A learning rate as PyTorch prints it: `1.0000e-01`. */
export const scientific = (x: number): string => x.toExponential(4).replace(/e([+-])(\d)$/, "e$10$2");

/**
 * Base class of schedulers that give the rates of one epoch from those of the epoch before ({@link getLr}). As PyTorch's, most can be
 * combined, and follow changes of the rates by others.
 *
 * A subclass sets its fields after `super(…)` and calls {@link initialStep} at the end of its constructor.
 * @see torch.optim.lr_scheduler.LRScheduler
 */
export abstract class LRScheduler extends Scheduler {
  lastEpoch: number;
  readonly verbose: boolean;
  /** The rates that the schedule starts from, one per group. */
  baseLrs: number[];
  /** @internal Steps taken, the one of the constructor included. */
  _stepCount = 0;

  /** @throws ArgumentError unless `optimizer` is one, ValueError when resuming without `initialLr` in a group. */
  constructor(optimizer: AnyOptimizer, { lastEpoch = -1, verbose = false }: SchedulerOptions = {}) {
    super(optimizer);
    checkInteger(classNameOf(this), "lastEpoch", lastEpoch, -1);
    checkFlag(classNameOf(this), "verbose", verbose);
    this.lastEpoch = lastEpoch;
    this.verbose = verbose;
    optimizer.paramGroups.forEach((group, i) => {
      if (lastEpoch === -1) group.initialLr ??= group.lr;
      else if (group.initialLr === undefined)
        throw new ValueError(
          `${classNameOf(this)}: param 'initialLr' is not specified in paramGroups[${i}] when resuming an optimizer`,
        );
    });
    this.baseLrs = optimizer.paramGroups.map((group) => group.initialLr!);
  }

  /** The rates of epoch `lastEpoch`, from those of the epoch before. */
  abstract getLr(): number[];

  /** The rates of epoch `lastEpoch` from the base rates alone, where a schedule knows them. */
  protected closedFormLr(): number[] {
    return this.getLr();
  }

  /** @internal Sets the rates of the first epoch. */
  initialStep(): void {
    this.optimizer.stepCount = 0;
    this._stepCount = 0;
    // What a function of the caller throws here, the constructor throws.
    within(classNameOf(this), () => this.step());
  }

  /**
   * Sets the rates of the next epoch. Call it after the optimizer's own step.
   * @param epoch Another epoch to go to.
   * @see torch.optim.lr_scheduler.LRScheduler.step
   */
  step(epoch?: number): void {
    if (epoch !== undefined) checkNumber(`${classNameOf(this)}.step`, "epoch", epoch);
    this.warnOfOrder();
    this._stepCount++;
    this.lastEpoch = epoch ?? this.lastEpoch + 1;
    this.setLrs(epoch === undefined ? this.getLr() : this.closedFormLr());
  }

  protected setLrs(lrs: readonly number[]): void {
    this.optimizer.paramGroups.forEach((group, i) => {
      group.lr = lrs[i];
      if (this.verbose) console.log(`Adjusting learning rate of group ${i} to ${scientific(group.lr)}.`);
    });
    this._lastLr = this.currentLrs();
  }

  private warnOfOrder(): void {
    if (this._stepCount !== 1 || this.optimizer.stepCount > 0) return;
    console.warn(
      "Detected call of `scheduler.step()` before `optimizer.step()`. Call them in the opposite order: `optimizer.step()` before " +
        "`scheduler.step()`. Failure to do this will result in skipping the first value of the learning rate schedule.",
    );
  }

  /** The current rates, each times `factor`. */
  protected scaled(factor: number): number[] {
    return this.currentLrs().map((lr) => lr * factor);
  }

  /** The base rates, each times `factor`. */
  protected scaledBase(factor: number): number[] {
    return this.baseLrs.map((lr) => lr * factor);
  }
}

/** How many elements of an ascending list are at most `x`. */
export const countUpTo = (list: readonly number[], x: number): number => list.filter((item) => item <= x).length;

declareMethods(Scheduler, { getLastLr: "", stateDict: "", loadStateDict: "stateDict{}" });
declareMethods(LRScheduler, { step: "epoch?" });
explainAbsent(Scheduler.prototype, "Scheduler", { fields: ["lastEpoch", "baseLrs"], isOpen: true });
