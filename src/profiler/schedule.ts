/** Which steps of a long run are recorded. */
import { checkInteger, MAX_COUNT } from "../core/arguments";
import { named } from "../core/signature";

/** What a profile does during a step. @see torch.profiler.ProfilerAction */
export type ProfilerAction = "none" | "warmup" | "record" | "recordAndSave";

/** The actions by their names in PyTorch. @see torch.profiler.ProfilerAction */
export const ProfilerAction = Object.freeze({
  NONE: "none",
  WARMUP: "warmup",
  RECORD: "record",
  RECORD_AND_SAVE: "recordAndSave",
} as const);

/** Options of {@link schedule}, in steps. */
export interface ScheduleOptions {
  wait: number;
  warmup: number;
  active: number;
  /** How many cycles; 0 for no end. Default: 0. */
  repeat?: number;
  /** Steps before the first cycle. Default: 0. */
  skipFirst?: number;
}

/**
 * A schedule that waits, warms up and records in turn: after `skipFirst` steps, cycles of `wait`, `warmup` and `active` steps.
 * @throws ArgumentError or ValueError unless all are integers, `active` at least 1.
 * @see torch.profiler.schedule
 * @example torch.profiler.schedule({ wait: 1, warmup: 1, active: 2 });
 */
export const schedule = named(
  "schedule",
  ";; wait, warmup, active, repeat, skipFirst",
  (options: ScheduleOptions): ((step: number) => ProfilerAction) => {
    const { wait, warmup, active, repeat = 0, skipFirst = 0 } = options ?? ({} as ScheduleOptions);
    for (const [name, value] of Object.entries({ wait, warmup, repeat, skipFirst }))
      checkInteger("schedule", name, value, 0, MAX_COUNT);
    checkInteger("schedule", "active", active, 1, MAX_COUNT);
    const cycle = wait + warmup + active;
    return (step) => {
      const at = checkInteger("schedule", "step", step, 0) - skipFirst;
      if (at < 0 || (repeat > 0 && at / cycle >= repeat)) return "none";
      const within = at % cycle;
      if (within < wait) return "none";
      if (within < wait + warmup) return "warmup";
      return within < cycle - 1 ? "record" : "recordAndSave";
    };
  },
);
