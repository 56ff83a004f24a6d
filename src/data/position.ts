/**
 * Where a pass of a DataLoader stands, as something that can be saved: the pass is begun again from the random numbers that it began
 * with, its first requests are drawn once more without reading anything, and it goes on behind the last batch that was handed out.
 */
import { checkFlag, checkInteger } from "../core/arguments";
import { fromBase64, toBase64 } from "../core/base64";
import { describe, StateError } from "../core/errors";
import { defaultGenerator, Generator } from "../core/generator";

/** What an order or a data set of one's own may have, so that it need not be read again from its beginning. */
export interface StatefulOrder {
  stateDict(): unknown;
  loadStateDict(state: any): void;
}

/** The state of a pass that is going on. */
export interface PassState {
  /** Seed of the random numbers that the data set draws, in decimal. */
  readonly seed: string;
  /** Batches that the program has got. */
  readonly taken: number;
  /** Batches that were asked for; with workers, these are ahead. */
  readonly requested: number;
  /** Whether there was no more to be asked for. */
  readonly isExhausted: boolean;
  /** States of the default generator and of the loader's own when the pass began, in base64. */
  readonly generators: readonly string[];
  /** State of a sampler that has one, behind the last batch that was handed out. */
  readonly sampler?: unknown;
  /** State of an iterable data set that has one. */
  readonly dataset?: unknown;
}

/** What {@link DataLoader.stateDict} gives. It survives JSON where the states of sampler and data set do. */
export interface DataLoaderState {
  /** The pass that is going on, or null between two passes. */
  readonly pass: PassState | null;
  /** Batches of a pass, where the loader knows. */
  readonly length: number | null;
  /** States of the loader's own generators now, in base64. */
  readonly generators: readonly string[];
  /** Seed of the workers that stay, in decimal, or null where there are none. */
  readonly workerSeed: string | null;
}

/** Whether a sampler or a data set can be asked for its state. */
export const isStateful = (x: unknown): x is StatefulOrder =>
  typeof x === "object" &&
  x !== null &&
  typeof (x as StatefulOrder).stateDict === "function" &&
  typeof (x as StatefulOrder).loadStateDict === "function";

const encode = (generator: Generator): string => toBase64(generator.getState());

/** The states of generators in base64. */
export const encodeAll = (generators: readonly Generator[]): string[] => generators.map(encode);

/** Puts generators into states that {@link encodeAll} gave. */
export function decodeAll(generators: readonly Generator[], states: readonly string[]): void {
  generators.forEach((generator, i) => void generator.setState(fromBase64(states[i]!)));
}

/** A pass that is going on, or that is to go on. It does not lead to the pass itself, which nobody has to finish. */
export class PassPosition {
  taken = 0;
  private requested = 0;
  private isExhausted = false;
  private starts: readonly string[] | undefined;
  /** The states of a sampler behind each batch that was asked for and not handed out, the last handed out first. */
  private readonly samplerStates: unknown[] = [];
  private readonly saved: PassState | undefined;
  /** Whether something was asked for. */
  hasBegun = false;
  /** Whether the pass has ended, or was left. */
  isOver = false;

  constructor(
    readonly seed: bigint,
    saved?: PassState,
  ) {
    this.saved = saved;
    this.starts = saved?.generators;
    this.taken = saved?.taken ?? 0;
  }

  /** The state of a data set to go on from. */
  get datasetState(): unknown {
    return this.saved?.dataset;
  }

  /** Whether an iterable data set was read to its end before the position was saved; its state may be that of a pass to come. */
  get wasAtEnd(): boolean {
    return this.saved?.isExhausted ?? false;
  }

  /** A batch is handed out. @param isLast Whether an iterable data set is known to have no more. */
  take(isLast = false): void {
    this.taken++;
    if (isLast) this.isExhausted = true;
    if (this.samplerStates.length > 1) this.samplerStates.shift();
  }

  /**
   * The requests of a pass from this position on.
   * @param begin Gives all requests of the pass, of which none was drawn.
   * @param generators The loader's own, which `order` may draw from, as it may from the default one.
   * @param sampler Knows where it stands, if there is such a one.
   * @param length Batches of the pass, if that is known.
   */
  *requests(
    begin: () => Iterator<unknown>,
    generators: readonly Generator[],
    sampler: StatefulOrder | undefined,
    length: number | null,
  ): globalThis.Generator<unknown, void, undefined> {
    const all = [defaultGenerator, ...generators];
    let order: Iterator<unknown> | undefined;
    const draw = (): IteratorResult<unknown> => {
      order ??= begin();
      const result = order.next();
      if (result.done) this.isExhausted = true;
      else this.requested++;
      if (sampler !== undefined && !result.done) this.samplerStates.push(sampler.stateDict());
      return result;
    };
    try {
      if (sampler !== undefined) this.rewind(sampler);
      // Behind the last batch, a sampler's state may be that of a pass to come.
      if (sampler !== undefined && this.saved !== undefined && this.taken === length) return;
      const ahead = this.saved === undefined || sampler !== undefined ? [] : this.replay(draw, all, this.saved);
      this.starts ??= encodeAll(all);
      yield* ahead;
      if (this.isExhausted) return;
      for (let next = draw(); !next.done; next = draw()) yield next.value;
    } finally {
      order?.return?.();
    }
  }

  private rewind(sampler: StatefulOrder): void {
    if (this.saved !== undefined) {
      sampler.loadStateDict(this.saved.sampler);
      this.requested = this.saved.taken;
    }
    this.samplerStates.push(sampler.stateDict());
  }

  /** Draws the requests anew that were drawn before the position was saved. @returns Those that were not handed out. */
  private replay(draw: () => IteratorResult<unknown>, all: readonly Generator[], saved: PassState): unknown[] {
    const now = encodeAll(all);
    const ahead: unknown[] = [];
    decodeAll(all, saved.generators);
    try {
      while (this.requested < saved.requested) {
        const { done, value } = draw();
        if (done) break;
        if (this.requested > saved.taken) ahead.push(value);
      }
      if (saved.isExhausted) draw();
    } finally {
      decodeAll(all, now);
    }
    return ahead;
  }

  /** What is to be saved, or null where the pass is over. */
  state(generators: readonly Generator[], dataset: unknown): PassState | null {
    if (this.isOver) return null;
    const { seed, taken } = this;
    // Before anything is asked for, what was loaded is still what is to be saved.
    if (this.saved !== undefined && !this.hasBegun) return this.saved;
    return {
      seed: String(seed),
      taken,
      requested: this.requested,
      isExhausted: this.isExhausted,
      generators: this.starts ?? encodeAll([defaultGenerator, ...generators]),
      ...(this.samplerStates.length > 0 && { sampler: this.samplerStates[0] }),
      ...(isStateful(dataset) && { dataset: dataset.stateDict() }),
    };
  }
}

const OP = "DataLoader";

/** @throws StateError unless `state` is what `stateDict` of such a loader gave. */
export function checkLoaderState(state: unknown, length: number | null, generators: number): DataLoaderState {
  const { pass, length: savedLength, generators: now, workerSeed } = checkRecord("loadStateDict", state) as any;
  checkStates("generators", now, generators);
  if (workerSeed !== null) checkSeed("workerSeed", workerSeed);
  if (pass === null) return state as DataLoaderState;
  checkPass(pass, generators);
  if (savedLength !== length)
    throw new StateError(
      `${OP}: the state is from the middle of a pass of ${savedLength ?? "unknown"} batches, but this loader has ${length ?? "an unknown number"}: ` +
        "data set, batchSize, sampler and dropLast must be those of the loader that was saved",
    );
  if (length !== null && pass.requested > length)
    throw new StateError(`${OP}: the state says that ${pass.requested} of ${length} batches were asked for`);
  return state as DataLoaderState;
}

function checkPass(pass: unknown, generators: number): void {
  const { seed, taken, requested, isExhausted, generators: starts } = checkRecord("pass", pass) as any;
  checkSeed("pass.seed", seed);
  asState(() => {
    checkInteger(OP, "pass.requested", requested, 0);
    checkInteger(OP, "pass.taken", taken, 0);
    checkFlag(OP, "pass.isExhausted", isExhausted);
  });
  if (taken > requested && requested !== 0)
    throw new StateError(`${OP}: the state has more batches taken than asked for`);
  checkStates("pass.generators", starts, generators + 1);
}

function asState(body: () => void): void {
  try {
    body();
  } catch (error) {
    throw new StateError((error as Error).message, { cause: error });
  }
}

function checkRecord(name: string, value: unknown): object {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new StateError(`${OP}: ${name} takes what stateDict() gave, got ${describe(value)}`);
}

function checkSeed(name: string, seed: unknown): void {
  if (typeof seed !== "string" || !/^\d{1,20}$/.test(seed))
    throw new StateError(`${OP}: ${name} must be the digits of a seed, got ${describe(seed)}`);
}

function checkStates(name: string, states: unknown, count: number): void {
  if (!Array.isArray(states) || !states.every((state) => typeof state === "string"))
    throw new StateError(`${OP}: ${name} must be states of generators in base64, got ${describe(states)}`);
  if (states.length !== count)
    throw new StateError(
      `${OP}: ${name} has the states of ${states.length} generators, but there are ${count}: loader and samplers must have generators where those that were saved had them`,
    );
  asState(() => states.forEach((state) => void new Generator().setState(fromBase64(state))));
}
