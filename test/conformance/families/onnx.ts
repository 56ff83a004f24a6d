/** `onnx`: the backend tests of ONNX, an entry per operator. */
import { onnx } from "kindling";
import type { OnnxModule } from "../../../src/onnx/import/model";
import type * as Reader from "../../../src/onnx/lazyImport";
import { failed, passed, type Result, type SampleResult } from "../report";
import type { Source } from "../source";
import { isTensor, type Tensor } from "../values";
import { outcomeOf } from "./ops";

interface NodeTest {
  readonly id: string;
  readonly model: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** What the library keeps out of its published types: the reader, which is loaded when it is first used, and runs on values of any kind. */
interface Internals {
  __reader(): Promise<typeof Reader>;
  load(bytes: Uint8Array): Promise<OnnxModule>;
}

const { __reader, load } = onnx as unknown as Internals;
const reader = await __reader();

type Kind = ReturnType<typeof reader.kindsOf>["inputs"][number];

/** The tolerance of ONNX's own runner. */
const RTOL = 1e-3;
const ATOL = 1e-7;

/** Tests of random values are judged by shape and type. */
const isRandom = (name: string): boolean =>
  /test_(bernoulli|training_dropout(?!.*zero_ratio)|random|multinomial)/.test(name);

/** `test_add_bcast/…` is of the operator whose name begins the test's: the longest operator of the model that does. */
export function onnxEntry({ model }: NodeTest, source: Source): string {
  const name = model.split("/")[0]!.replace(/^test_/, "");
  const ops = reader.operatorsOf(source.bytes("onnx", model));
  const known = ops.find((op) => name.replaceAll("_", "").startsWith(op.toLowerCase()));
  return known ?? (ops.length === 1 ? ops[0]! : name.split("_")[0]!);
}

type Value =
  | Tensor
  | { readonly shape: readonly number[]; readonly values: readonly string[] }
  | readonly Value[]
  | null
  | undefined;

function compare(actual: Value, expected: Value, random: boolean, at: string): string | undefined {
  if (expected === undefined || expected === null) return actual == null ? undefined : `${at}: is not empty`;
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length)
      return `${at}: is no sequence of ${expected.length}`;
    for (const [i, item] of expected.entries()) {
      const difference = compare(actual[i], item, random, `${at}[${i}]`);
      if (difference) return difference;
    }
    return undefined;
  }
  return isTensor(expected) ? compareTensors(actual, expected, random, at) : compareTexts(actual, expected, at);
}

function compareTexts(actual: any, expected: any, at: string): string | undefined {
  const same =
    actual?.shape?.join() === expected.shape.join() &&
    JSON.stringify(actual.values) === JSON.stringify(expected.values);
  return same ? undefined : `${at}: ${JSON.stringify(actual?.values)} instead of ${JSON.stringify(expected.values)}`;
}

function compareTensors(actual: any, expected: Tensor, random: boolean, at: string): string | undefined {
  if (!isTensor(actual)) return `${at}: is no tensor`;
  if (actual.dtype !== expected.dtype) return `${at}: ${actual.dtype} instead of ${expected.dtype}`;
  if (actual.shape.join() !== expected.shape.join())
    return `${at}: shape [${actual.shape}] instead of [${expected.shape}]`;
  if (random) return undefined;
  const [a, b] = [actual.toTypedArray(), expected.toTypedArray()];
  const isReal = /float/.test(expected.dtype);
  for (let i = 0; i < b.length; i++) {
    const same = isReal ? isClose(Number(a[i]), Number(b[i])) : a[i] === b[i];
    if (!same) return `${at}: ${a[i]} instead of ${b[i]} at ${i} of ${b.length}`;
  }
  return undefined;
}

const isClose = (a: number, b: number): boolean =>
  a === b || (Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) <= ATOL + RTOL * Math.abs(b);

async function judge(test: NodeTest, source: Source): Promise<Result> {
  const bytes = source.bytes("onnx", test.model);
  const model = await load(bytes);
  const { inputs, outputs } = reader.kindsOf(bytes);
  const read = (file: string, kind: Kind) => reader.readValue(source.bytes("onnx", file), kind, file) as Value;
  const given = test.inputs.map((file, i) => read(file, inputs[i] ?? "tensor"));
  const result = model.runValues(given as never) as Value[];
  const name = test.model.split("/")[0]!;
  for (const [i, file] of test.outputs.entries()) {
    const difference = compare(result[i], read(file, outputs[i] ?? "tensor"), isRandom(name), `output ${i}`);
    if (difference) return failed(difference);
  }
  return passed;
}

export async function runOnnx(test: NodeTest, source: Source): Promise<SampleResult> {
  try {
    return { forward: await judge(test, source) };
  } catch (error) {
    return { forward: outcomeOf(error) };
  }
}
