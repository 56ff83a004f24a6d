/**
 * Modes: values that hold for the length of a function, such as whether operations are recorded.
 *
 * All modes of one line of execution stand in a frame. A scope runs its body in a frame of its own. Code that runs at once finds its frame
 * in a plain variable; code that goes on after an `await` is told apart by an {@link AsyncVariable}, which is asked only while async scopes
 * are open, so that modes cost next to nothing where everything is synchronous.
 */
import { checkFunction } from "../core/arguments";
import { AutogradError } from "../core/errors";
import { asyncVariable } from "./asyncVariable";

/** The values of all modes, by their numbers. */
class Frame {
  /** Code that an ended scope left behind sees what holds around the scope. */
  isOpen = true;

  constructor(
    readonly values: unknown[],
    readonly outer?: Frame,
  ) {}
}

/** A mode, and the value that it takes. */
export type Setting<T = any> = readonly [mode: Mode<T>, value: T];

const isThenable = (x: unknown): x is PromiseLike<unknown> =>
  typeof x === "object" && x !== null && typeof (x as PromiseLike<unknown>).then === "function";

type AnyGenerator = Record<"next" | "return" | "throw", (value?: any) => unknown>;

/** Generator objects, also those that compilers make for older engines, whose methods are their own. */
function isGenerator(x: unknown): x is AnyGenerator {
  if (typeof x !== "object" || x === null || !("next" in x && "throw" in x && "return" in x)) return false;
  const tag = (x as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  return tag === "Generator" || tag === "AsyncGenerator" || Object.hasOwn(x, "next");
}

const variable = asyncVariable<Frame>();
const root = new Frame([]);
/** The frame of code that runs at once. */
let active = root;
/** Frames of async bodies that have not settled, with the number of promises that each waits for. */
const waiting = new Map<Frame, number>();
/** Whether any frame waits. */
let isAsync = false;

/** Whether code may have modes of an async scope that it does not belong to, since the runtime cannot tell. */
export const areModesUnclear = (): boolean => variable === undefined && isAsync;

const frame = (): Frame => (isAsync ? frameOfLine() : active);

function frameOfLine(): Frame {
  if (variable === undefined) return active;
  let frame = variable.get() ?? root;
  while (!frame.isOpen) frame = frame.outer!;
  return frame;
}

/**
 * Runs `body` with modes set, and gives its result. An async body has them until it settles, a generator while its own code runs, whatever
 * else runs in between. What a body changes of other modes lasts if it is synchronous, and ends with it if it is not.
 *
 * @param op The public name, for errors.
 * @throws ArgumentError if `body` is no function, AutogradError if it is async, another async scope with other modes is open, and the runtime cannot tell their code apart.
 */
export function runWith<R>(op: string, settings: readonly Setting[], body: () => R): R {
  checkFunction(op, "body", body);
  const outer = frame();
  const inner = new Frame(outer.values.slice(), outer);
  for (let i = 0; i < settings.length; i++) inner.values[settings[i]![0].index] = settings[i]![1];
  let result: R;
  try {
    result = enter(inner, body);
  } catch (error) {
    leave(inner, settings);
    throw error;
  }
  if (isThenable(result)) return untilSettled(op, inner, result, true) as R;
  if (isGenerator(result)) return generator(op, inner, result) as R;
  leave(inner, settings);
  return result;
}

/** The part of a body that runs at once. */
function enter<R>(frame: Frame, body: () => R): R {
  const before = active;
  active = frame;
  // Runs before anything that the body awaits goes on, and after what the caller does at once.
  if (variable === undefined) queueMicrotask(() => resume());
  try {
    return variable === undefined ? body() : variable.run(frame, body);
  } finally {
    active = before;
  }
}

function leave(frame: Frame, settings: readonly Setting[]): void {
  frame.isOpen = false;
  const { values } = frame;
  const outer = frame.outer!.values;
  for (let i = 0; i < settings.length; i++) {
    const { index } = settings[i]![0];
    values[index] = outer[index];
  }
  for (let i = 0; i < values.length; i++) outer[i] = values[i];
}

/** @param closes Whether the scope ends when the result settles. */
function untilSettled(op: string, frame: Frame, result: PromiseLike<unknown>, closes: boolean): PromiseLike<unknown> {
  if (variable === undefined && conflicts(frame)) return refuse(op, result);
  waiting.set(frame, (waiting.get(frame) ?? 0) + 1);
  isAsync = true;
  const settle = (): void => {
    if (closes) frame.isOpen = false;
    const left = waiting.get(frame)! - 1;
    if (left > 0) waiting.set(frame, left);
    else waiting.delete(frame);
    isAsync = waiting.size > 0;
    resume();
  };
  // A promise first: another thenable need not give one back.
  return Promise.resolve(result).then(
    (value) => {
      settle();
      return value;
    },
    (error) => {
      settle();
      throw error;
    },
  );
}

/** Where code that goes on cannot be told apart, it has the modes of the async bodies that are open; they all have the same. */
function resume(): void {
  if (variable !== undefined) return;
  const [first = root] = waiting.keys();
  active = first;
}

function conflicts(frame: Frame): boolean {
  for (const other of waiting.keys()) if (other.values.some((value, i) => value !== frame.values[i])) return true;
  return false;
}

/** A generator whose every step runs in `frame`. Steps of an async one that are asked for at once wait for each other here, as they would inside. */
function generator(op: string, frame: Frame, inner: AnyGenerator): AnyGenerator {
  const outer = Object.create(inner);
  let last: PromiseLike<unknown> | undefined;
  for (const name of ["next", "return", "throw"] as const)
    outer[name] = (...value: []) => {
      const run = (): unknown => enter(frame, () => inner[name](...value));
      const result = last === undefined ? run() : last.then(run, run);
      if (!isThenable(result)) return result;
      const step = untilSettled(op, frame, result, false);
      const clear = (): void => {
        if (last === step) last = undefined;
      };
      last = step;
      step.then(clear, clear);
      return step;
    };
  return outer;
}

/** An async body that goes on in the wrong modes: whoever waits for it is told so. */
function refuse(op: string, result: PromiseLike<unknown>): Promise<never> {
  result.then(undefined, () => {});
  return Promise.reject(unclear(op));
}

const unclear = (op: string): AutogradError =>
  new AutogradError(
    `${op}: an async scope with other modes is open, and this runtime has no AsyncLocalStorage to tell which code belongs to which. ` +
      "Await that scope first, or give scopes synchronous functions, around the operations between two awaits",
  );

/** One mode. */
export class Mode<T> {
  /** @internal The place of its value in every frame. */
  readonly index: number;

  /** @param initial The value outside of all scopes. */
  constructor(initial: T) {
    this.index = root.values.push(initial) - 1;
  }

  /** The value here and now; setting it lasts until the scope around ends. */
  get value(): T {
    return (isAsync ? frameOfLine() : active).values[this.index] as T;
  }
  set value(value: T) {
    if (variable === undefined && waiting.has(active)) throw unclear("setting a mode");
    frame().values[this.index] = value;
  }

  /** Runs a synchronous `body` with a value: for the library's own code, since this costs less than a scope. */
  hold<R>(value: T, body: () => R): R {
    const { values } = frame();
    const { index } = this;
    const before = values[index];
    values[index] = value;
    try {
      return body();
    } finally {
      values[index] = before;
    }
  }

  /** Runs any `body` with a value. @see runWith */
  run<R>(op: string, value: T, body: () => R): R {
    return runWith(op, [[this, value]], body);
  }
}
