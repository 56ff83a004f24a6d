/** `io/`: files written by PyTorch and NumPy, read back. */
import { createHash } from "node:crypto";
import { noGrad, onnx } from "kindling";
import { find } from "../adapter";
import { isClose, judgeTensor } from "../judge";
import { failed, passed, type Result, type SampleResult } from "../report";
import type { Source } from "../source";
import { decode, isTensor, isTensorSpec, Missing, type Tensor, type TensorSpec, toNumber } from "../values";
import { outcomeOf } from "./ops";

interface Digest {
  readonly sha256: string;
  readonly sum: number;
}

type LongSpec = Omit<TensorSpec, "d"> & { readonly digest: Digest; readonly requires_grad?: boolean };

interface IoSample {
  readonly file: string;
  readonly format: string;
  readonly value?: unknown;
  readonly arrays?: Readonly<Record<string, unknown>>;
}

/** The function that reads each format from bytes. */
const readers: Readonly<Record<string, string>> = {
  "torch zip": "load",
  "torch legacy": "load",
  npy: "io.loadNpy",
  npz: "io.loadNpz",
};

const isLong = (json: any): json is LongSpec => typeof json === "object" && json !== null && "digest" in json;

/** The first difference between a loaded value and the expected one. */
function compare(actual: any, expected: any, at: string): string | undefined {
  if (isLong(expected)) return compareDigest(actual, expected, at);
  if (isTensorSpec(expected)) return compareTensor(actual, expected, at);
  if (typeof expected !== "object" || expected === null) return comparePlain(actual, expected, at);
  if (Array.isArray(expected)) return compareList(actual, expected, at);
  if ("dict" in expected) return compareDict(actual, expected.dict, at);
  if ("tuple" in expected) return compareList(actual, expected.tuple, at);
  if ("size" in expected) return compareList(actual, expected.size, at);
  if ("set" in expected) return compareList([...(actual ?? [])], expected.set, at);
  if ("parameter" in expected) {
    const same = actual?.requiresGrad === expected.requires_grad;
    return same ? compare(actual, expected.parameter, at) : `${at}: requiresGrad is ${actual?.requiresGrad}`;
  }
  if ("bytes" in expected)
    return Buffer.from(actual ?? []).toString("base64") === expected.bytes ? undefined : `${at}: other bytes`;
  if ("f" in expected) return comparePlain(actual, Number(toNumber(expected.f)), at);
  if ("i" in expected) return comparePlain(String(actual), expected.i, at);
  return "dtype" in expected
    ? comparePlain(actual, expected.dtype, at)
    : `${at}: cannot judge ${JSON.stringify(expected).slice(0, 60)}`;
}

function comparePlain(actual: unknown, expected: unknown, at: string): string | undefined {
  const same =
    Object.is(actual, expected) || (typeof actual === "bigint" && Number(actual) === expected) || actual === expected;
  return same || (expected === null && actual === undefined)
    ? undefined
    : `${at}: ${String(actual)} instead of ${String(expected)}`;
}

function compareList(actual: any, expected: readonly unknown[], at: string): string | undefined {
  if (actual?.length !== expected.length) return `${at}: length ${actual?.length} instead of ${expected.length}`;
  for (const [i, item] of expected.entries()) {
    const difference = compare(actual[i], item, `${at}[${i}]`);
    if (difference) return difference;
  }
  return undefined;
}

function compareDict(actual: any, expected: readonly (readonly [any, unknown])[], at: string): string | undefined {
  if (typeof actual !== "object" || actual === null) return `${at}: not a dict`;
  const entries: [unknown, unknown][] = actual instanceof Map ? [...actual] : Object.entries(actual);
  if (entries.length !== expected.length) return `${at}: ${entries.length} keys instead of ${expected.length}`;
  const byKey = new Map(entries.map(([key, value]) => [String(key), value]));
  for (const [key, value] of expected) {
    const name = String(typeof key === "object" && key !== null ? (key.f ?? key.i ?? JSON.stringify(key)) : key);
    const difference = compare(byKey.get(name), value, `${at}.${name}`);
    if (difference) return difference;
  }
  return undefined;
}

function compareTensor(
  actual: unknown,
  expected: TensorSpec & { requires_grad?: boolean },
  at: string,
): string | undefined {
  if (isTensor(actual) && expected.requires_grad && !actual.requiresGrad) return `${at}: does not require grad`;
  const verdict = judgeTensor(actual, expected);
  return verdict && `${at}: ${verdict}`;
}

function compareDigest(actual: unknown, { t, s, digest }: LongSpec, at: string): string | undefined {
  if (!isTensor(actual) || actual.dtype !== t || actual.shape.join() !== s.join())
    return `${at}: not a ${t} tensor of [${s}]`;
  const values = (actual as Tensor).toTypedArray();
  if (t === "float16" || t === "bfloat16") {
    const sum = (values as Float32Array).reduce((total, value) => total + value, 0);
    return isClose(sum, digest.sum, { rtol: 1e-6, atol: 1e-6 }, 0) ? undefined : `${at}: sum ${sum}`;
  }
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return createHash("sha256").update(bytes).digest("hex") === digest.sha256 ? undefined : `${at}: other values`;
}

/** Runs a model on its inputs by name, and compares its outputs. */
async function judgeModel(sample: IoSample, source: Source): Promise<Result> {
  const model = await onnx.load(source.bytes("io", sample.file));
  const { inputs, outputs } = sample as unknown as Record<"inputs" | "outputs", Record<string, TensorSpec>>;
  const given = Object.fromEntries(Object.entries(inputs).map(([name, spec]) => [name, decode(spec)]));
  const result: any = noGrad(() => model(given));
  const list = Array.isArray(result) ? result : [result];
  for (const [name, spec] of Object.entries(outputs)) {
    const difference = compare(list[model.outputNames.indexOf(name)], spec, name);
    if (difference) return failed(difference);
  }
  return passed;
}

async function judge(sample: IoSample, source: Source): Promise<Result> {
  if (sample.format === "onnx") return judgeModel(sample, source);
  const path = readers[sample.format];
  const read = path === undefined ? undefined : (find(path) as ((bytes: Uint8Array) => Promise<unknown>) | undefined);
  if (typeof read !== "function") throw new Missing(path ? `torch.${path}` : `reading ${sample.format}`);
  const value = await read(source.bytes("io", sample.file));
  const expected = sample.arrays ? { dict: Object.entries(sample.arrays) } : sample.value;
  const difference = compare(value, expected, "value");
  return difference ? failed(difference) : passed;
}

export async function runIo(sample: IoSample, source: Source): Promise<SampleResult> {
  try {
    return { forward: await judge(sample, source) };
  } catch (error) {
    return { forward: outcomeOf(error) };
  }
}
