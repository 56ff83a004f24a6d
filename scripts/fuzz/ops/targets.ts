/** What is called: the public face of the library, as the built bundle has it. */
import type { Api, Signature } from "../../../test/conformance/api";
import { torch } from "../../../test/conformance/values";
import type { Call } from "./value";

/** Something that can be called, with what is known of its arguments. */
export interface Target {
  readonly kind: Call["kind"];
  readonly path: string;
  readonly signatures: readonly Signature[];
  /** What a module's `forward` takes. */
  readonly forwards: readonly Signature[];
}

/** `nn.functional.relu_` → `relu`. */
export const lastName = (path: string): string => path.split(".").at(-1)!.replace(/_$/, "");

/** What is not called, with the reason. */
const excluded: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)__/, "for tests"],
  [/^(doctor|nextTurn)$/, "answers later, and takes no tensors"],
  [/^(setNumThreads|backends)\b/, "starts threads: fuzzed by workers"],
  [/^safetensors\./, "fuzzed by files"],
  [/^utils\.data\.DataLoader$/, "fuzzed by workers"],
  [/^vision\.(models|datasets)\./, "minutes of work, or the network"],
  [/Error$/, "errors"],
  [/^Tensor$/, "made by functions; its constructor is internal"],
  [/^nn\.(registerModule|Module$)/, "changes every later call; a base class"],
  [/^optim\.(Optimizer|PerParameterOptimizer|lrScheduler\.(LR)?Scheduler)$/, "base classes"],
  [/^(cpu|\w*Hook|tidy|toString|toLocaleString|valueOf|constructor)$/, "nothing to compute"],
  [/^(assertAlive|checkAxis|elements|takeGrad)$/, "members marked as internal"],
  [/^__/, "PyTorch's own"],
];

export const isExcluded = (path: string): boolean => excluded.some(([pattern]) => pattern.test(path));

const isClass = (value: unknown): boolean =>
  typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));

/** The functions and classes below a namespace, by path. */
function* exportsOf(space: Record<string, unknown>, prefix: string): Generator<[string, unknown]> {
  for (const [name, value] of Object.entries(space)) {
    if (typeof value === "function") yield [prefix + name, value];
    else if (typeof value === "object" && value !== null && Object.prototype.toString.call(value) === "[object Module]")
      yield* exportsOf(value as Record<string, unknown>, `${prefix}${name}.`);
    else if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null)
      yield* exportsOf(value as Record<string, unknown>, `${prefix}${name}.`);
  }
}

function kindOf(path: string, value: unknown): Call["kind"] {
  if (!isClass(value)) return "function";
  if ((value as any).prototype instanceof torch.nn.Module) return "module";
  if (/^optim\.[A-Z]/.test(path)) return "optimizer";
  return /^optim\.lrScheduler\.[A-Z]/.test(path) ? "scheduler" : "class";
}

/** The methods that instances of a class have, its own and inherited ones. */
const methodsOf = (prototype: object): string[] =>
  Object.getOwnPropertyNames(prototype).filter(
    (name) => typeof Object.getOwnPropertyDescriptor(prototype, name)!.value === "function",
  );

const of = <T>(known: Readonly<Record<string, readonly T[]>>, path: string): readonly T[] =>
  Object.hasOwn(known, path) ? known[path]! : [];

/** Everything that is called, in a fixed order. */
export function targets(api: Api, isLeftOut: (path: string) => boolean = isExcluded): Target[] {
  const found = new Map<string, Target>();
  for (const [path, value] of exportsOf(torch, "")) {
    if (isLeftOut(path)) continue;
    const kind = kindOf(path, value);
    const signatures = of(kind === "function" ? api.functions : api.classes, path);
    found.set(path, { kind, path, signatures, forwards: of(api.forwards, path) });
  }
  for (const path of methodsOf(torch.Tensor.prototype))
    if (!isLeftOut(path))
      found.set(`Tensor.${path}`, { kind: "method", path, signatures: of(api.methods, path), forwards: [] });
  return [...found.keys()].sort().map((key) => found.get(key)!);
}
