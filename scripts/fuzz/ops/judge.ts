/** Makes one call twice over different memory, and says what is wrong with it. */
import { isTensor, type Tensor, torch } from "../../../test/conformance/values";
import type { Fault, FaultKind } from "../fault";
import type { GuardedHeap } from "./heap";
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
const undetermined: Readonly<Record<string, string>> = {
  empty: "uninitialised",
  emptyLike: "uninitialised",
  newEmpty: "uninitialised",
  emptyStrided: "uninitialised",
  resize_: "uninitialised where it grows",
  resizeAs_: "uninitialised where it grows",
  "nn.Parameter": "may be given uninitialised memory",
  "nn.utils.skipInit": "uninitialised",
  seed: "the time",
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

interface Prepared {
  readonly tensors: readonly Tensor[];
  readonly call: () => unknown;
}

function compile({ setup, tensors, call }: Program): (library: unknown) => Prepared {
  const names = Array.from({ length: tensors }, (_, i) => `x${i}`).join(", ");
  return new Function("torch", `${setup}\nreturn { tensors: [${names}], call: () => ${call} };`) as never;
}

/** What one call may have changed for the next. */
function reset(): void {
  torch.setDefaultDtype("float32");
  torch.setGradEnabled(true);
  torch.setPrintoptions({ profile: "default" });
  torch.manualSeed(1);
}

const MOST_RESULTS = 200;

function* tensorsIn(value: unknown, depth = 0): Generator<readonly [string, unknown]> {
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

const isAlive = (x: Tensor): boolean => !(x as any).isDisposed && !(x as any).storage.isFreed;

/** Gradients of all results with respect to the tensors that ask for them. */
function gradientsOf(result: unknown, tensors: readonly Tensor[]): Bits[] {
  const leaves = tensors.filter((x) => isAlive(x) && x.requiresGrad && x.isLeaf);
  const outputs = [...tensorsIn(result)].flatMap(([, x]) => (isTensor(x) && x.requiresGrad ? [x] : []));
  if (leaves.length === 0 || outputs.length === 0) return [];
  const gradOutputs = outputs.map((y) => torch.onesLike(y));
  return bitsOf("gradient", torch.autograd.grad(outputs, leaves, { gradOutputs, allowUnused: true }));
}

function runOnce(make: (library: unknown) => Prepared): Run {
  reset();
  return torch.tidy((): Run => {
    let prepared: Prepared;
    try {
      prepared = make(torch);
    } catch (error) {
      return error instanceof torch.KindlingError ? { isInvalid: true } : { error };
    }
    try {
      const result = prepared.call();
      if (result instanceof Promise) result.catch(() => {});
      const bits = bitsOf("result", result);
      for (const [i, x] of prepared.tensors.entries()) if (isAlive(x)) bits.push(...bitsOf(`x${i}`, x));
      return { bits: [...bits, ...gradientsOf(result, prepared.tensors)] };
    } catch (error) {
      return { error };
    }
  });
}

const show = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}\n${stackOf(error)}` : `threw ${String(error)}`;

/** The innermost places of an error. */
const stackOf = ({ stack = "" }: Error): string =>
  stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 4)
    .map((line) => line.replace(/\(?(file:\/\/)?\/\S*\/(?=[^/]+:\d+)/, "("))
    .join("\n");

/** The op's own name, or that of what it is an alias or a part of. */
function isNamed({ path }: Call, message: string): boolean {
  const name = path.split(".").at(-1)!.replace(/_$/, "").toLowerCase();
  return message.toLowerCase().includes(name);
}

function judgeError(call: Call, error: unknown): [FaultKind, string] | undefined {
  if (error instanceof WebAssembly.RuntimeError) return ["trap", show(error)];
  if (!(error instanceof torch.KindlingError)) return ["foreign", show(error)];
  const { message } = error as Error;
  if (/\[object \w+\]/.test(message)) return ["foreign", show(error)];
  if (strict && !isNamed(call, message)) return ["foreign", `names no op: ${show(error)}`];
  return undefined;
}

/** Whether an error must name the op that was called. */
const strict = process.env.FUZZ_STRICT === "1";

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
  constructor(private readonly heap: GuardedHeap) {}

  judge(call: Call): Verdict {
    const program = printCall(call);
    const make = compile(program);
    const [first, second] = patterns[program.call.length % patterns.length]!;
    const a = this.run(make, first);
    if (a.isInvalid) return { outcome: "invalid" };
    const fault = (kind: FaultKind, detail: string): Fault => ({
      kind,
      program: program.setup === "" ? `${program.call};` : `${program.setup}\n${program.call};`,
      detail,
    });
    const outcome = a.error === undefined ? "accepted" : "refused";
    const damages = this.heap.check();
    if (damages.length > 0) return { outcome, fault: fault("guard", damages[0]!) };
    if (a.error !== undefined) {
      const wrong = judgeError(call, a.error);
      return wrong ? { outcome, fault: fault(...wrong) } : { outcome };
    }
    const b = this.run(make, second);
    const later = this.heap.check();
    if (later.length > 0) return { outcome, fault: fault("guard", later[0]!) };
    if (call.path in undetermined) return { outcome };
    const differs = b.bits ? difference(a.bits!, b.bits) : `accepted, then ${show(b.error)}`;
    return differs ? { outcome, fault: fault("poison", differs) } : { outcome };
  }

  private run(make: (library: unknown) => Prepared, pattern: number): Run {
    this.heap.pattern = pattern;
    return runOnce(make);
  }
}
