/** Valid calls to start from: PyTorch's samples in `test/golden` and the sample calls of the sweep. */
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { serialize } from "node:v8";
import { type MappedCall, mapConstructor, mapForward, mapFunction, mapMethod } from "../../../test/conformance/adapter";
import { type Api, loadApi } from "../../../test/conformance/api";
import type { OpInfo, OpSample } from "../../../test/conformance/families/ops";
import { parseSignature, type TorchSignature } from "../../../test/conformance/signatures";
import { openSource, type Source } from "../../../test/conformance/source";
import { decode, decodeNamed, isTensor, torch } from "../../../test/conformance/values";
import { elementwise } from "../../../test/ops/samples/elementwise";
import { functional } from "../../../test/ops/samples/functional";
import { indexing } from "../../../test/ops/samples/index";
import { linalg } from "../../../test/ops/samples/linalg";
import { nn } from "../../../test/ops/samples/nn";
import { reduce } from "../../../test/ops/samples/reduce";
import { shape } from "../../../test/ops/samples/shape";
import { spectral } from "../../../test/ops/samples/spectral";
import { materialize } from "../../../test/ops/spec";
import { type Call, type DType, drawn, list, plain, type TensorValue, type Value } from "./value";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const golden = join(root, "test", "golden");
/** Larger samples say nothing more and cost time. */
const MOST_ELEMENTS = 3000;
const MOST_PER_FILE = 12;

/** Elements of a tensor beyond which only their bounds matter. */
const MOST_LITERAL = 36;

/** The elements, or the interval that they lie in. */
function summary(values: readonly number[]): TensorValue["values"] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return values.length > MOST_LITERAL && Number.isFinite(low) && Number.isFinite(high) ? { low, high } : values;
}

/** A module among the arguments of another. */
class Built {
  constructor(readonly call: MappedCall) {}
}

/** The description of a live argument; undefined if there is none. */
function describe(x: unknown): Value | undefined {
  if (isTensor(x)) {
    if (x.numel() > MOST_ELEMENTS) return undefined;
    const values = Array.from(x.toTypedArray() as ArrayLike<number>, Number);
    return { ...drawn([...x.shape], x.dtype as DType, 0, 0), values: summary(values) };
  }
  if (x instanceof Built) {
    const args = allValues(x.call.args);
    return args && { is: "new", path: x.call.path, args };
  }
  if (Array.isArray(x)) {
    const items = allValues(x);
    return items && list(items);
  }
  if (typeof x !== "object" || x === null) return typeof x === "function" ? undefined : plain(x);
  if (Object.getPrototypeOf(x) !== Object.prototype) return undefined;
  const values = allValues(Object.values(x));
  return values && { is: "record", entries: Object.keys(x).map((key, i) => [key, values[i]!] as const) };
}

function allValues(xs: readonly unknown[]): Value[] | undefined {
  const values = xs.map(describe);
  return values.includes(undefined) ? undefined : (values as Value[]);
}

/** The call without what cannot be described. */
function callOf({ path, receiver, args }: MappedCall): Call | undefined {
  const values = allValues(receiver === undefined ? args : [receiver, ...args]);
  return values && { kind: receiver === undefined ? "function" : "method", path, args: values };
}

/** undefined for what the library does not have. */
function attempt<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch {
    return undefined;
  }
}

function opCall({ op, kind, input, args, kwargs }: OpSample, signatures: readonly TorchSignature[]): Call | undefined {
  const [x, rest, named] = [decode(input), decode(args) as unknown[], decodeNamed(kwargs)];
  const mapped =
    kind === "method"
      ? mapMethod(x, op, rest, named, signatures)
      : kind === "inplace" && !op.startsWith("nn.functional.")
        ? mapMethod(x, `${op.replace(/_$/, "")}_`, rest, named, signatures)
        : mapFunction(op, [x, ...rest], named, signatures);
  return callOf(mapped);
}

function* opCalls(source: Source): Generator<Call> {
  for (const info of source.index("ops").ops as OpInfo[]) {
    const signatures = [...info.signatures, ...info.schemas].flatMap(
      (text) => attempt(() => parseSignature(text)) ?? [],
    );
    const telling = signatures.filter(({ parameters }) => parameters.every(({ name }) => name !== "args"));
    for (const sample of source.samples("ops", info.file).slice(0, MOST_PER_FILE)) {
      const call = attempt(() => torch.tidy(() => opCall(sample, telling)) as Call | undefined);
      if (call) yield call;
    }
  }
}

interface ModuleSample {
  readonly module: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly inputs: readonly unknown[];
  readonly input_kwargs: Readonly<Record<string, unknown>>;
}

/** A module among arguments, or any other value of a sample. */
const isModule = (json: unknown): json is ModuleSample => typeof json === "object" && json !== null && "module" in json;

function moduleCalls(source: Source): Call[] {
  const infos = source.index("modules").modules as { module: string; signature: string }[];
  const signatures = new Map(
    infos.filter(({ signature }) => !signature.includes("(*args")).map((x) => [x.module, parseSignature(x.signature)]),
  );
  const build = ({ module, args, kwargs }: ModuleSample): MappedCall => {
    const argument = (json: unknown): unknown => (isModule(json) ? new Built(build(json)) : decode(json));
    const named = Object.fromEntries(Object.entries(kwargs).map(([name, value]) => [name, argument(value)]));
    const signature = signatures.get(module);
    return mapConstructor(module, args.map(argument), named, signature ? [signature] : []);
  };
  const read = (sample: ModuleSample): Call | undefined => {
    const { path, args } = build(sample);
    const values = allValues(args);
    const given = mapForward(decode(sample.inputs) as unknown[], decodeNamed(sample.input_kwargs));
    const inputs = allValues(given);
    return values && inputs && { kind: "module", path, args: values, inputs };
  };
  return source
    .files("modules")
    .flatMap((file) => source.samples("modules", file).slice(0, MOST_PER_FILE) as ModuleSample[])
    .flatMap((sample) => attempt(() => torch.tidy(() => read(sample)) as Call | undefined) ?? []);
}

/** The sample calls of the sweep in `test/ops`. */
function sweepCalls(): Call[] {
  const samples = { ...shape, ...reduce, ...indexing, ...elementwise, ...nn, ...linalg, ...functional, ...spectral };
  return Object.entries(samples).flatMap(([path, calls]) =>
    calls.flatMap((sample) => {
      const args = torch.tidy(() => allValues(materialize(sample, "contiguous", "float32") ?? [])) as Value[];
      return args ? [{ kind: "function", path, args } as const] : [];
    }),
  );
}

/** What calls are made from. */
export interface Knowledge {
  readonly api: Api;
  readonly templates: readonly Call[];
}

/** The file with the {@link Knowledge} of this build; it is written when something is newer. */
export function knowledgeFile(): string {
  const cache = join(root, "build", "fuzz", "knowledge.bin");
  const sources = [join(root, "dist", "kindling.js"), join(golden, "samples.jsonl.br"), fileURLToPath(import.meta.url)];
  const newest = Math.max(...sources.map((path) => statSync(path).mtimeMs));
  if (existsSync(cache) && statSync(cache).mtimeMs > newest) return cache;
  const source = openSource(golden);
  const templates = [...opCalls(source), ...moduleCalls(source), ...sweepCalls()];
  mkdirSync(dirname(cache), { recursive: true });
  writeFileSync(cache, serialize({ api: loadApi(), templates } satisfies Knowledge));
  return cache;
}
