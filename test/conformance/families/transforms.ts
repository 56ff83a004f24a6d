/** `transforms/`: torchvision transforms of small images. */
import { callFunction, callInstance, construct } from "../adapter";
import { judgeLeaves, judgeTensor } from "../judge";
import { failed, passed, type Result, type SampleResult } from "../report";
import { decode, decodeNamed, flatten, isTensor, isTensorSpec, type TensorSpec, torch } from "../values";
import { outcomeOf } from "./ops";

interface TransformSample {
  readonly id: string;
  readonly fn?: string;
  readonly cls?: string;
  readonly seed?: number;
  readonly transforms?: readonly (readonly [string, ...unknown[]])[];
  readonly input: TensorSpec;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly out: unknown;
  readonly then?: TensorSpec;
  readonly err32x?: number;
}

/** Functions whose uint8 results may differ by one, where a value falls on a rounding boundary. */
const interpolating =
  /^(resize|resized_crop|rotate|affine|perspective|gaussian_blur|adjust_\w+|Compose|Random\w+|ColorJitter|GaussianBlur)$/;

function judgeImages(
  name: string,
  actual: readonly unknown[],
  expected: readonly unknown[],
  err = 0,
): string | undefined {
  const verdict = judgeLeaves(actual, expected, err);
  if (verdict === undefined || !interpolating.test(name) || actual.length !== expected.length) return verdict;
  const near = expected.every((spec, i) => isTensorSpec(spec) && spec.t === "uint8" && isNear(actual[i], spec));
  return near ? undefined : verdict;
}

function isNear(actual: unknown, { t, s, d }: TensorSpec): boolean {
  if (!isTensor(actual) || actual.dtype !== t || actual.shape.join() !== s.join()) return false;
  return actual
    .toTypedArray()
    .every((value: number | bigint, i: number) => Math.abs(Number(value) - Number(d[i])) <= 1);
}

function callOnce(sample: TransformSample): unknown {
  const fn = sample.fn!;
  const path = fn === "utils.make_grid" ? "vision.utils.make_grid" : `vision.transforms.functional.${fn}`;
  return callFunction(
    path,
    decode([sample.input, ...(sample.args ?? [])]) as unknown[],
    decodeNamed(sample.kwargs ?? {}),
    [],
  );
}

function build(name: string, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): unknown {
  return construct(`vision.transforms.${name}`, decode(args) as unknown[], decodeNamed(kwargs), []);
}

const apply = (transform: any, input: unknown): unknown =>
  typeof transform === "function" ? transform(input) : callInstance(transform.forward.bind(transform), [input], {});

function judgeClass(sample: TransformSample): Result {
  const name = sample.cls!;
  const input = decode(sample.input);
  if (name === "Compose") {
    const list = sample.transforms!.map(([inner, ...args]) => build(inner, args, {}));
    const composed = construct("vision.transforms.Compose", [list], {}, []);
    return verdictOf(judgeImages(name, flatten(apply(composed, input)), flatten(sample.out), sample.err32x));
  }
  torch.manualSeed(sample.seed);
  const transform = build(name, sample.args ?? [], sample.kwargs ?? {});
  for (const [i, expected] of (sample.out as unknown[]).entries()) {
    const verdict = judgeImages(name, flatten(apply(transform, input)), flatten(expected), sample.err32x);
    if (verdict) return failed(`application ${i}: ${verdict}`);
  }
  return verdictOf(sample.then && judgeTensor(torch.rand([...sample.then.s]), sample.then));
}

const verdictOf = (verdict: string | undefined): Result => (verdict ? failed(verdict) : passed);

export const transformEntry = ({ fn, cls }: TransformSample): string => fn ?? cls!;

export function runTransform(sample: TransformSample): SampleResult {
  try {
    const judge = () =>
      sample.fn
        ? verdictOf(judgeImages(sample.fn, flatten(callOnce(sample)), flatten(sample.out), sample.err32x))
        : judgeClass(sample);
    return { forward: torch.tidy(judge) };
  } catch (error) {
    return { forward: outcomeOf(error) };
  }
}
