/** Makes one call twice over different memory, and says what is wrong with it. */
import { isTensor, type Tensor, torch } from "../../../test/conformance/values";
import type { Fault, FaultKind } from "../fault";
import { BOUND, type Heap } from "./heap";
import { type Program, printCall } from "./print";
import type { Call } from "./value";

/** What became of a call. */
export interface Verdict {
  readonly outcome: "accepted" | "refused" | "invalid";
  readonly fault?: Fault;
}

/** Pairs of bytes that fresh memory is filled with: zeros and NaN, and two ordinary floats of different sign. */
const patterns: readonly (readonly [number, number])[] = [
  [0x00, 0xff],
  [0x3f, 0xcb],
];

/** Their results may differ from one call to the next. */
export const undetermined: Readonly<Record<string, string>> = {
  empty: "uninitialized",
  emptyLike: "uninitialized",
  newEmpty: "uninitialized",
  newEmptyStrided: "uninitialized",
  emptyStrided: "uninitialized",
  resize_: "uninitialized where it grows",
  resizeAs_: "uninitialized where it grows",
  "nn.Parameter": "may be given uninitialized memory",
  "nn.utils.skipInit": "uninitialized",
  resize: "uninitialized where it grows",
  new: "uninitialized where it is given a size",
  ...Object.fromEntries(
    ["Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool", ""].map((type) => [
      `${type}Tensor`,
      "uninitialized where it is given a size",
    ]),
  ),
  seed: "the time",
  "random.seed": "the time",
  memoryStats: "counts of memory",
};

/** What a run gave: the bits of results, or the error. */
interface Run {
  readonly bits?: readonly Bits[];
  readonly error?: unknown;
  /** The tensors could not be made. */
  readonly isInvalid?: boolean;
}

interface Bits {
  readonly what: string;
  readonly bytes: Uint8Array;
}

export interface Prepared {
  readonly tensors: readonly Tensor[];
  readonly call: () => unknown;
}

export function compile({ setup, tensors, call }: Program): (library: unknown) => Prepared {
  const names = Array.from({ length: tensors }, (_, i) => `x${i}`).join(", ");
  return new Function("torch", `${setup}\nreturn { tensors: [${names}], call: () => ${call} };`) as never;
}

/** What one call may have changed for the next. */
export function reset(): void {
  torch.setDefaultDtype("float32");
  torch.setGradEnabled(true);
  torch.setPrintoptions({ profile: "default" });
  torch.manualSeed(1);
}

const MOST_RESULTS = 200;

/** Tensors, numbers and texts of a result, each with what describes it. */
export function* tensorsIn(value: unknown, depth = 0): Generator<readonly [string, unknown]> {
  if (isTensor(value)) yield [`[${value.shape}] ${value.dtype}`, value];
  else if (typeof value === "number" || typeof value === "string" || typeof value === "bigint")
    yield [String(value), null];
  else if (typeof value === "object" && value !== null && depth < 3 && !(value instanceof Promise)) {
    const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
    let n = 0;
    if (isPlain) for (const item of Object.values(value)) if (n++ < MOST_RESULTS) yield* tensorsIn(item, depth + 1);
    if (!isPlain && Symbol.iterator in value && !("forward" in value))
      for (const item of value as Iterable<unknown>) {
        if (n++ >= MOST_RESULTS) break;
        yield* tensorsIn(item, depth + 1);
      }
  }
}

const bytesOf = (x: Tensor): Uint8Array => {
  const { buffer, byteOffset, byteLength } = x.toTypedArray();
  return new Uint8Array(buffer, byteOffset, byteLength);
};

function bitsOf(name: string, value: unknown): Bits[] {
  return [...tensorsIn(value)].map(([what, x]) => ({
    what: `${name} ${what}`,
    bytes: x === null ? new Uint8Array() : bytesOf(x as Tensor),
  }));
}

export const isAlive = (x: Tensor): boolean => !(x as any).isDisposed && !(x as any).storage.isFreed;

/** Gradients of all results with respect to the tensors that ask for them. */
function gradientsOf(result: unknown, tensors: readonly Tensor[]): Bits[] {
  const leaves = tensors.filter((x) => isAlive(x) && x.requiresGrad && x.isLeaf);
  const outputs = [...tensorsIn(result)].flatMap(([, x]) => (isTensor(x) && x.requiresGrad ? [x] : []));
  if (leaves.length === 0 || outputs.length === 0) return [];
  const gradOutputs = outputs.map((y) => torch.onesLike(y));
  return bitsOf("gradient", torch.autograd.grad(outputs, leaves, { gradOutputs, allowUnused: true }));
}

function runOnce(make: (library: unknown) => Prepared, library: unknown): Run {
  reset();
  return torch.tidy((): Run => {
    let prepared: Prepared;
    try {
      prepared = make(library);
    } catch (error) {
      return error instanceof torch.KindlingError ? { isInvalid: true } : { error };
    }
    try {
      const result = prepared.call();
      unregister(result);
      if (result instanceof Promise) result.catch(() => {});
      const bits = bitsOf("result", result);
      for (const [i, x] of prepared.tensors.entries()) if (isAlive(x)) bits.push(...bitsOf(`x${i}`, x));
      return { bits: [...bits, ...gradientsOf(result, prepared.tensors)] };
    } catch (error) {
      return { error };
    }
  });
}

export const show = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}\n${stackOf(error)}` : `threw ${String(error)}`;

/** The innermost places of an error. */
const stackOf = ({ stack = "" }: Error): string =>
  stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 4)
    .map((line) => line.replace(/\(?(file:\/\/)?\/\S*\/(?=[^/]+:\d+)/, "("))
    .join("\n");

const words = (text: string): string => text.toLowerCase().replaceAll("_", "");

/** What is public under a path: `nn.Linear`. */
const publicAt = (path: string): unknown =>
  path.split(".").reduce((space: any, name) => space?.[name], torch as unknown);

/** The class of an instance whose method is called, or that is called itself. */
const classOf = ({ kind, path: called, args: [receiver] }: Call): string | undefined => {
  if (kind === "function") {
    const value = publicAt(called);
    return typeof value === "function" && Object.getPrototypeOf(value) !== Function.prototype
      ? value.constructor.name
      : undefined;
  }
  if (kind !== "method" || receiver === undefined) return undefined;
  const path =
    receiver.is === "new"
      ? receiver.path
      : receiver.is === "code"
        ? /^new torch\.([\w.]+)/.exec(receiver.text)?.[1]
        : undefined;
  return path?.split(".").at(-1);
};

/** Whether something public has this name. */
const isPublic = (name: string): boolean =>
  [torch, torch.nn, torch.nn.functional, torch.Tensor.prototype].some((space) => typeof space[name] === "function");

/**
 * Whether a message names what was called: the function, the method, or the class. The call of a module may fail in any of the functions and modules
 * that it is made of.
 */
function isNamed(call: Call, message: string): boolean {
  const { kind, path } = call;
  const className = classOf(call);
  const names = [path.split(".").at(-1)!, ...(className === undefined ? [] : [className])];
  // A loader reads its data set, here a tensor, by the indices of the program's own sampler.
  if (path.endsWith(".DataLoader")) names.push("at:", "defaultCollate:");
  // It makes an instance of the program's own class, here one of the layers.
  if (path.endsWith(".skipInit")) names.push("Linear:");
  if (names.some((name) => words(message).includes(words(name)))) return true;
  return kind === "module" && isPublic(/^\w+/.exec(message)?.[0] ?? "");
}

/** A class that is given for a function is called as one: that it cannot be is said by the language. */
const isCallers = (error: unknown): boolean => error instanceof TypeError && /^Class constructor /.test(error.message);

/** @param isStrict Whether an error must name the op that was called. */
function judgeError(call: Call, error: unknown, isStrict: boolean): [FaultKind, string] | undefined {
  if (error instanceof WebAssembly.RuntimeError) return ["trap", show(error)];
  if (isCallers(error)) return undefined;
  if (!(error instanceof torch.KindlingError)) return ["foreign", show(error)];
  const { message } = error as Error;
  if (message.includes(BOUND)) return undefined;
  if (/\[object \w+\]/.test(message)) return ["foreign", show(error)];
  if (isStrict && !isNamed(call, message)) return ["foreign", `names no op: ${show(error)}`];
  return undefined;
}

function difference(a: readonly Bits[], b: readonly Bits[]): string | undefined {
  if (a.length !== b.length) return `${a.length} results, then ${b.length}`;
  for (const [i, one] of a.entries()) {
    if (one.what !== b[i]!.what) return `${one.what}, then ${b[i]!.what}`;
    const at = one.bytes.findIndex((byte, k) => byte !== b[i]!.bytes[k]);
    if (at >= 0) return `${one.what} differs from byte ${at} of ${one.bytes.length}`;
  }
  return undefined;
}

/** Makes calls in a guarded heap. */
export class Judge {
  /**
   * @param library What the programs call `torch`.
   * @param isStrict Whether an error must name the op that was called.
   */
  constructor(
    private readonly heap: Heap,
    private readonly library: unknown = torch,
    private readonly isStrict = false,
  ) {}

  /**
   * Judges calls together: memory is filled and inspected once for all, and calls are made alone only where something is wrong. Ends at
   * a trap, after which the state of the library is not to be relied on.
   * @param begin Is told before each call.
   */
  judgeAll(calls: readonly Call[], begin: (i: number) => void): Verdict[] {
    const [first, second] = patterns[calls.length % patterns.length]!;
    const makers = calls.map((call) => compile(printCall(call)));
    this.heap.setPoison(first);
    const runs: Run[] = [];
    for (const [i, make] of makers.entries()) {
      begin(i);
      runs.push(runOnce(make, this.library));
      if (runs[i]!.error instanceof WebAssembly.RuntimeError) break;
    }
    const damages = [...this.heap.check()];
    this.heap.setPoison(second);
    const again = runs.map((run, i) => {
      begin(i);
      return run.bits && runOnce(makers[i]!, this.library);
    });
    damages.push(...this.heap.check());
    return runs.map((run, i) => {
      begin(i);
      const differs = again[i] && changed(calls[i]!, run, again[i]);
      return damages.length > 0 || differs ? this.judge(calls[i]!) : this.verdict(calls[i]!, run);
    });
  }

  /**
   * Judges one call alone.
   * @param kind Only this kind of fault matters.
   */
  judge(call: Call, kind?: FaultKind): Verdict {
    const make = compile(printCall(call));
    const run = (): Run => runOnce(make, this.library);
    const a = run();
    const verdict = this.verdict(call, a);
    if (kind === "foreign" || kind === "trap") return verdict;
    const damages = this.heap.check();
    if (damages.length > 0) return { ...verdict, fault: faultOf(call, "guard", damages[0]!) };
    if (a.bits === undefined || kind === "guard") return verdict;
    for (const pair of patterns) {
      const [first, second] = pair.map((byte) => {
        this.heap.setPoison(byte);
        return run();
      }) as [Run, Run];
      const differs = first.bits && changed(call, first, second);
      if (differs) return { ...verdict, fault: faultOf(call, "poison", differs) };
    }
    return verdict;
  }

  /** Judges the error of a call, also one that a promise or the first items of what it gives are refused with. */
  async judgeError(call: Call): Promise<Verdict> {
    const make = compile(printCall(call));
    reset();
    const run = torch.tidy((): Run & { later?: boolean } => {
      let prepared: Prepared;
      try {
        prepared = make(this.library);
      } catch (error) {
        return error instanceof torch.KindlingError ? { isInvalid: true } : { error };
      }
      try {
        const result = prepared.call();
        if (!(result instanceof Promise)) return begin(result);
        result.catch(() => {});
        return { later: true };
      } catch (error) {
        return { error };
      }
    });
    return this.verdict(call, run.later ? await settle(make(this.library)) : run);
  }

  private verdict(call: Call, { isInvalid, error, bits }: Run): Verdict {
    if (isInvalid) return { outcome: "invalid" };
    if (bits && call.isInvalid)
      return { outcome: "accepted", fault: faultOf(call, "accepted", "took for a tensor what is none") };
    if (bits) return { outcome: "accepted" };
    const wrong = judgeError(call, error, this.isStrict);
    return wrong ? { outcome: "refused", fault: faultOf(call, ...wrong) } : { outcome: "refused" };
  }
}

/** Whether the library accepts a call. */
export function isPlausible(call: Call): boolean {
  try {
    torch.tidy(() => {
      const result = compile(printCall(call))(torch).call();
      if (result instanceof Promise) result.catch(() => {});
      else begin(result);
    });
    return true;
  } catch {
    return false;
  }
}

/** Takes back what would run in every later call: a hook of all modules. */
function unregister(result: unknown): void {
  if ((result as object | null)?.constructor?.name === "RemovableHandle") (result as { remove(): void }).remove();
}

/** Reads a few items of what can be read: samplers, loaders and the like begin then. */
function begin(result: unknown): Run {
  unregister(result);
  const isLazy = typeof result === "object" && result !== null && !isTensor(result) && Symbol.iterator in result;
  let n = 0;
  if (isLazy) for (const _ of result as Iterable<unknown>) if (++n > 2) break;
  return { bits: [] };
}

/** Milliseconds that a promise may take. */
const PATIENCE = 3000;

async function settle({ call }: Prepared): Promise<Run> {
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE).unref());
  try {
    await Promise.race([call(), late]);
    return { bits: [] };
  } catch (error) {
    return { error };
  }
}

/** How two runs of a call differ that should not. */
function changed(call: Call, a: Run, b: Run): string | undefined {
  if (call.path in undetermined) return undefined;
  return b.bits ? difference(a.bits!, b.bits) : `accepted, then ${show(b.error)}`;
}

/** A fault with its program. @param device Where its tensors are, if it is said. */
export function faultOf(call: Call, kind: FaultKind, detail: string, device?: string): Fault {
  const { setup, call: text } = printCall(call, device);
  return { kind, program: setup === "" ? `${text};` : `${setup}\n${text};`, detail };
}
