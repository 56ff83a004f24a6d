/** `torch.compile`, and what can be asked about a compiled function. */
import { backendOf } from "../backend/backend";
import { classNameOf, nameOf } from "../core/className";
import { ArgumentError, describe, KindlingError, ValueError } from "../core/errors";
import { areCallsTaken, overloaded } from "../core/signature";
import { areOpsChanged } from "./calls";
import { tensorsIn } from "./patterns";
import { type CallRecorder, Player } from "./player";
import { type Recorded, Recorder, type Underway } from "./record";
import type { Segment } from "./segment";

/** Options of {@link compile}. */
export interface CompileOptions {
  /** Whether it is an error if the function cannot be recorded as a whole. Default: false. */
  fullgraph?: boolean;
  /** Has no effect: each shape has a program of its own. */
  dynamic?: boolean | null;
  /** `"inductor"`, the default, compiles; `"eager"` runs the function as it is. */
  backend?: "inductor" | "eager";
  /** Has no effect: there is one way to compile. */
  mode?: "default" | "reduce-overhead" | "max-autotune" | "max-autotune-no-cudagraphs" | null;
  /** Whether to give the function as it is. Default: false. */
  disable?: boolean;
}

/** What {@link explain} tells. */
export interface Explanation {
  /** Calls so far, and how many of them went as recorded. */
  readonly callCount: number;
  readonly compiledCallCount: number;
  /** How often the function was recorded. */
  readonly recordCount: number;
  /** Programs, and the ops and kernels in them. */
  readonly graphCount: number;
  readonly opCount: number;
  readonly kernelCount: number;
  readonly graphBreakCount: number;
  /** Why programs end before the function does, or why there are none. */
  readonly breakReasons: readonly string[];
}

type AnyFunction = (...args: any[]) => any;

/** How often a function is recorded before it is run as it is. @see torch._dynamo.config.recompile_limit */
const MOST_RECORDS = 8;
/** How often it is tried where nothing could be compiled. */
const MOST_FAILURES = 4;

/** A function with what was recorded of it. */
class Compiled {
  private variants: Recorded[] = [];
  private obstacles: string[] = [];
  private isDue = true;
  calls = 0;
  compiledCalls = 0;
  records = 0;
  private hasWarned = false;

  constructor(
    private readonly name: string,
    private readonly isWhole: boolean,
    /** Keeps tensors of calls in its fields, if it is more than a function. */
    private readonly holder: object | undefined,
  ) {}

  reset(): void {
    this.variants = [];
    this.obstacles = [];
    this.isDue = true;
    this.records = 0;
  }

  call<R>(body: () => R, args: readonly unknown[]): R {
    this.calls++;
    if (areCallsTaken() || areOpsChanged() || isElsewhere(args)) return body();
    if (this.isDue) return this.recordCall(body);
    const variant = this.variants[0];
    return variant === undefined ? body() : this.playCall(variant, body);
  }

  private recordCall<R>(body: () => R): R {
    this.isDue = false;
    const { result, recorded } = new Recorder().record(body, this.holder);
    this.take(recorded);
    return result;
  }

  /** Takes what was recorded for one of the ways that calls go. @returns Whether it is of use. */
  private take(recorded: Recorded): boolean {
    this.records++;
    const reasons = reasonsOf(recorded);
    if (this.isWhole && reasons.length > 0) throw wholeError(this.name, reasons);
    for (const reason of reasons) if (!this.obstacles.includes(reason)) this.obstacles.push(reason);
    const isUseful =
      recorded.obstacle === undefined && recorded.segments.some(({ built }) => typeof built === "object");
    if (isUseful) this.variants.unshift(recorded);
    else {
      this.isDue = this.variants.length === 0 && this.records < MOST_FAILURES;
      this.warn(`runs as it is: ${reasons[0] ?? "it has no ops that could be compiled"}`);
    }
    return isUseful;
  }

  private playCall<R>(variant: Recorded, body: () => R): R {
    const player = new Player(variant.segments, rebuild, this.variants, this.onDivert);
    const result = player.play(body);
    const { played } = player;
    if (played === undefined) return result;
    this.compiledCalls++;
    if (played !== variant.segments) this.prefer(played);
    return result;
  }

  /** A call that goes another way than all before is recorded from there on. */
  private readonly onDivert = (runs: readonly Underway[], isInference: boolean): CallRecorder | undefined => {
    if (this.records >= MOST_RECORDS) {
      this.warn(
        `was recorded ${MOST_RECORDS} times, each time with other shapes, numbers or ops; calls that differ from all of them run as they are. Numbers that change from call to call are better given as tensors`,
      );
      return undefined;
    }
    const recorder = new Recorder(runs, isInference);
    return {
      intercept: recorder.intercept,
      start: () => recorder.start(),
      stop: () => recorder.stop(),
      complete: (result) => {
        const recorded = recorder.complete(result, this.holder);
        return this.take(recorded) ? recorded.segments : undefined;
      },
    };
  };

  /** The variant that was played comes first the next time. */
  private prefer(segments: Recorded["segments"]): void {
    const at = this.variants.findIndex((one) => one.segments === segments);
    if (at > 0) this.variants.unshift(...this.variants.splice(at, 1));
  }

  private warn(message: string): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    console.warn(`torch.compile: ${this.name} ${message}. torch.compiler.explain(f) tells more.`);
  }

  explain(): Explanation {
    const segments = this.variants.flatMap((variant) => variant.segments);
    const built = segments.flatMap(({ built, steps }) => (typeof built === "object" ? [{ built, steps }] : []));
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    return {
      callCount: this.calls,
      compiledCallCount: this.compiledCalls,
      recordCount: this.records,
      graphCount: built.length,
      opCount: sum(built.map(({ steps }) => steps.length)),
      kernelCount: sum(built.map(({ built }) => built.kernels)),
      graphBreakCount: sum(this.variants.map((variant) => variant.segments.length - 1)),
      breakReasons: [...this.obstacles],
    };
  }
}

/** More of a segment is used than was known: its program is made again. */
const rebuild = (segment: Segment): void => {
  segment.built = undefined;
};

/** Whether tensors of another device are among the arguments: that one fuses ops itself. */
function isElsewhere(args: readonly unknown[]): boolean {
  if (backendOf("webgpu") === undefined) return false;
  for (const x of tensorsIn(args)) if (x.device !== "cpu") return true;
  return false;
}

function reasonsOf({ segments, obstacle }: Recorded): string[] {
  const reasons = obstacle === undefined ? [] : [`it ${obstacle}`];
  for (const { end, built } of segments) {
    if (end.kind !== "return") reasons.push(end.reason);
    if (typeof built === "string") reasons.push(`it ${built}`);
  }
  return reasons;
}

const wholeError = (name: string, reasons: readonly string[]): KindlingError =>
  new KindlingError(`compile: ${name} cannot be recorded as a whole, which fullgraph asks for: ${reasons.join("; ")}`);

const compiledOf = new WeakMap<object, Compiled>();
const all = new Set<WeakRef<Compiled>>();

const modes = ["default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs"];

/**
 * A function that does what `model` does, faster: elementwise ops that follow each other become one kernel, made for them, forward and backward, and all
 * ops of a call are one step of the graph. `model` is a function or a module.
 *
 * `model` is recorded at the first call, and runs at each: its ops are compared with the recorded ones, with all of their arguments, which takes much
 * less time than to run them. So whatever decides what it computes may change at any time; what was not recorded runs as it is, and is recorded at the
 * next call, up to 8 times. Values that are looked at, random numbers and in-place changes of tensors that come from elsewhere end a program, and
 * another one begins behind them.
 *
 * Results and gradients are those of `model`, but for the order in which sums of rows are added up. Tensors on WebGPU are computed as without it,
 * since that device fuses ops itself.
 *
 * @throws ArgumentError unless `model` is a function or a module; KindlingError from the first call if `fullgraph` is set and not kept.
 * @see torch.compile
 * @example
 * const gelu = torch.compile((x: torch.Tensor) => x.mul(0.5).mul(x.div(Math.SQRT2).erf().add(1)));
 * gelu(torch.randn(64, 256));
 */
export const compile = overloaded(
  "compile",
  "model();; fullgraph, dynamic, backend, mode, disable",
  <F extends AnyFunction>(model: F, options: CompileOptions = {}): F => {
    if (typeof model !== "function")
      throw new ArgumentError(`compile: model must be a function or a module, got ${describe(model)}`);
    const { backend = "inductor", mode, disable = false, fullgraph = false } = options;
    if (backend !== "inductor" && backend !== "eager")
      throw new ValueError(`compile: backend must be "inductor" or "eager", got ${describe(backend)}`);
    if (mode != null && !modes.includes(mode))
      throw new ValueError(
        `compile: mode must be one of ${modes.map((one) => `"${one}"`).join(", ")}, got ${describe(mode)}`,
      );
    if (disable || backend === "eager") return model;
    const holder = isBare(model) ? undefined : model;
    return wrapped(model, new Compiled(nameOfModel(model), fullgraph, holder), holder);
  },
);

/** A function, or a module seen through one, so that its fields and methods are there as before. */
function wrapped<F extends AnyFunction>(model: F, compiled: Compiled, holder: object | undefined): F {
  all.add(new WeakRef(compiled));
  const result = holder === undefined ? wrappedFunction(model, compiled) : wrappedObject(model, compiled);
  compiledOf.set(result, compiled);
  return result as F;
}

/** A function by its name, a module by that of its class. */
function nameOfModel(model: AnyFunction): string {
  const name = isBare(model) ? nameOf(model) : classNameOf(model);
  return name === "" ? "the function" : name;
}

/** Whether a function is nothing else. */
const isBare = (model: object): boolean =>
  Object.getPrototypeOf(model) === Function.prototype &&
  Reflect.ownKeys(model).every((key) => ["length", "name", "prototype", "arguments", "caller"].includes(String(key)));

function wrappedFunction(model: AnyFunction, compiled: Compiled): AnyFunction {
  const call = function (this: unknown, ...args: unknown[]): unknown {
    return compiled.call(() => Reflect.apply(model, this, args), args);
  };
  Object.defineProperty(call, "name", { value: nameOf(model), configurable: true });
  Object.defineProperty(call, "length", { value: model.length, configurable: true });
  return call;
}

/**
 * A module, or another function with fields, seen through one that compiles its calls. Methods see the module itself, whose private fields only it has.
 */
function wrappedObject(model: AnyFunction, compiled: Compiled): AnyFunction {
  const proxy: AnyFunction = new Proxy(model, {
    apply: (target, self, args) => compiled.call(() => Reflect.apply(target, self, args), args),
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function" || Object.hasOwn(target, key) || key === "constructor") return value;
      return function (this: unknown, ...args: unknown[]): unknown {
        return Reflect.apply(value, this === proxy ? target : this, args);
      };
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
  return proxy;
}

/**
 * What became of a compiled function so far: how many programs there are, and why they end where they do.
 * @throws ArgumentError for a function that {@link compile} has not made.
 * @see torch._dynamo.explain
 */
export function explain(model: AnyFunction): Explanation {
  const compiled = typeof model === "function" ? compiledOf.get(model) : undefined;
  if (compiled === undefined)
    throw new ArgumentError(`compiler.explain: takes what torch.compile gave, got ${describe(model)}`);
  return compiled.explain();
}

/** Forgets what was recorded of all compiled functions: each is recorded again at its next call. @see torch.compiler.reset */
export function reset(): void {
  for (const reference of all) {
    const compiled = reference.deref();
    if (compiled === undefined) all.delete(reference);
    else compiled.reset();
  }
}

/** Whether a compiled function is at work, that is, whether the code that asks is called by one. @see torch.compiler.is_compiling */
export const isCompiling = (): boolean => areCallsTaken();
