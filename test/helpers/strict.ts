/**
 * A device under the name "webgpu" whose memory and kernels are the cpu's, and that is as strict as a GPU: what would read its memory at once is an
 * error, checks of values find nothing, and operands of the other device are refused, on both sides.
 */
import * as kindling from "kindling";

const torch = kindling as unknown as Record<string, any>;

/** A backend as tests see it: methods by name. */
type Methods = Record<string, any>;

/** What reads at once, and so throws. */
const reads = new Set(["countNonzero", "element", "view"]);
/** What answers with the position of a bad value, or with a count, and so finds nothing. */
const checks = new Set(["firstInvalid"]);
/** What has no operands. */
const aboutMemory = new Set(["allocate", "release", "memoryStats", "write", "read"]);

/** The operands among the arguments of a kernel, in lists and descriptions too. */
function operandsIn(value: unknown, depth = 0): { storage: { backend?: unknown } }[] {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || depth > 4) return [];
  if ("storage" in value && "strides" in value) return [value as { storage: { backend?: unknown } }];
  return Object.values(value).flatMap((item) => operandsIn(item, depth + 1));
}

/** @throws Error unless every operand is on `backend`: a kernel would read foreign memory. */
function checkOperands(name: string, backend: unknown, args: readonly unknown[]): void {
  for (const { storage } of args.flatMap((arg) => operandsIn(arg)))
    if (storage.backend !== undefined && storage.backend !== backend)
      throw new Error(`${name}: a kernel got an operand of another device`);
}

const cpu: Methods = torch.tensor([0]).storage.backend;

/** Where a synchronous read was tried since the last call of {@link takeReads}: the stacks. */
let seen: string[] = [];

/** The stacks of the reads that were tried since the last call. */
export function takeReads(): string[] {
  const found = seen;
  seen = [];
  return found;
}

/** Where the strict device's random numbers come from: other than a GPU's, they are those of the cpu for the same seed. */
const generator = new torch.Generator();

/** Seeds the strict device and the cpu alike. */
export function seedBoth(seed: number): void {
  torch.manualSeed(seed);
  generator.manualSeed(seed);
}

/** Ops that the kernels of the cpu have in double precision alone. */
const ofDoubles = new Set([
  "luFactor",
  "luSolve",
  "triangularSolve",
  "cholesky",
  "qrFactor",
  "reflect",
  "orthogonalize",
]);

/** Draws as the cpu does, whose kernels this device has. */
function draw({ kind, y, p, q }: { kind: string; y: Methods; p: number; q: number }): void {
  const x = torch.empty([...y.shape]);
  if (kind === "uniform") x.uniform_(p, q, { generator });
  else if (kind === "normal") x.normal_(p, q, { generator });
  else if (kind === "bernoulli") x.bernoulli_(p, { generator }).mul_(q);
  else throw new Error(`the strict device draws nothing of the kind ${kind}`);
  Object.getPrototypeOf(cpu).copy.call(cpu, y, x);
}

const strict: Methods = new Proxy(cpu, {
  get(target, key: string) {
    if (key === "device") return "webgpu";
    if (key === "readsAtOnce") return false;
    if (reads.has(key))
      return () => {
        seen.push(String(new Error("read").stack));
        // Devices name what the user called; only `item` reads a single element.
        throw new torch.DeviceError(
          `${key === "element" ? "item" : key}: a tensor on "webgpu" cannot be read at once; use await x.cpu() first`,
        );
      };
    // The method of the class: that of the instance refuses operands of this device.
    const value = typeof target[key] === "function" ? (Object.getPrototypeOf(target)[key] ?? target[key]) : target[key];
    if (typeof value !== "function") return value;
    if (aboutMemory.has(key)) return value.bind(target);
    return (...args: unknown[]) => {
      checkOperands(key, strict, args);
      if (key === "run" && ofDoubles.has(args[0] as string))
        throw new torch.DeviceError(`${args[0]}: this device factorizes in double precision alone`);
      if (key === "run" && args[0] === "draw") return draw(args[1] as Parameters<typeof draw>[0]);
      return checks.has(key) ? -1 : value.apply(target, args);
    };
  },
});

/** Lets the cpu refuse operands of the strict device, whose memory it would read without a word. */
function guard(): void {
  for (const key of Object.getOwnPropertyNames(Object.getPrototypeOf(cpu)).filter((name) =>
    /^(unary|binary|ternary|copy|fill|run|firstInvalid|countNonzero)$/.test(name),
  )) {
    const own = cpu[key];
    cpu[key] = (...args: unknown[]) => {
      checkOperands(key, cpu, args);
      return own.apply(cpu, args);
    };
  }
}

/** Makes the strict device known, under the name "webgpu". */
export function useStrictDevice(): void {
  torch.__registerBackend(strict);
  guard();
}
