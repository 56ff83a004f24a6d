/** `distributions/`: distributions, divergences and transforms of `torch.distributions`. */
import { judgeGrads, judgeTensor, type Tolerance, type Verdict } from "../judge";
import { camelCase } from "../place";
import { evaluateValue } from "../pythonValue";
import type { Kind, Result, SampleResult } from "../report";
import { decodeNamed, Missing, PyFloat, type Tensor, type TensorSpec, torch, toTensor } from "../values";
import { outcomeOf, toResult } from "./ops";

type Kwargs = Readonly<Record<string, unknown>>;
type Gradients = Readonly<Record<string, TensorSpec | null>>;

interface Draw {
  readonly seed: number;
  readonly shape: readonly number[];
  readonly out: TensorSpec;
  /** `torch.rand` afterwards. */
  readonly then?: TensorSpec;
}

/** A distribution by its class or, in composites, by the Python text that builds it. */
interface DistributionSample {
  readonly id: string;
  readonly class: string;
  readonly kwargs?: Kwargs;
  readonly text?: string;
  readonly batch_shape?: readonly number[];
  readonly event_shape?: readonly number[];
  readonly value?: TensorSpec;
  readonly log_prob_grads?: Gradients;
  readonly has_rsample?: boolean;
  readonly icdf?: { readonly p: TensorSpec; readonly out: TensorSpec };
  readonly sample?: Draw;
  readonly rsample?: Draw & { readonly weights: string; readonly grads?: Gradients };
}

interface Built {
  readonly class: string;
  readonly kwargs: Kwargs;
}

interface KlSample {
  readonly p: Built;
  readonly q: Built;
  readonly kl: TensorSpec;
}

interface TransformSample {
  readonly transform: string;
  readonly kwargs: Kwargs;
  readonly x: TensorSpec;
  readonly y: TensorSpec;
  readonly inverse?: TensorSpec;
  readonly log_abs_det_jacobian?: TensorSpec;
  readonly grad?: TensorSpec;
}

type Sample = DistributionSample | KlSample | TransformSample;

const tolerance: Tolerance = { rtol: 1e-6, atol: 1e-8 };
const sampleTolerance: Tolerance = { rtol: 1e-6, atol: 1e-6 };

/** The properties and the methods without arguments that a sample may have a value of. */
const properties = ["mean", "variance", "stddev", "mode"];
const ofNothing = ["entropy", "enumerate_support", "perplexity"];
const ofValue = ["log_prob", "cdf"];

const judge = (actual: unknown, expected: TensorSpec, given = tolerance): Verdict =>
  judgeTensor(actual, expected, 0, given);

/** The first complaint, with the name of what it is about. */
function first(checks: readonly (readonly [name: string, check: () => Verdict])[]): Verdict {
  for (const [name, check] of checks) {
    const verdict = check();
    if (verdict) return `${name}: ${verdict}`;
  }
  return undefined;
}

function classOf(name: string): new (kwargs?: unknown) => any {
  const { distributions } = torch;
  const found = distributions?.[name] ?? distributions?.transforms?.[name];
  if (typeof found !== "function") throw new Missing(`torch.distributions.${name}`);
  return found;
}

/** Arguments by name, as the library takes them. */
const plainKwargs = (kwargs: Kwargs): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(decodeNamed(kwargs)).map(([name, value]) => [
      camelCase(name),
      value instanceof PyFloat ? value.value : value,
    ]),
  );

function build(name: string, kwargs: Record<string, unknown>): any {
  const made = classOf(name);
  return Object.keys(kwargs).length > 0 ? new made(kwargs) : new made();
}

const buildSpec = ({ class: name, kwargs }: Built): any => build(name, plainKwargs(kwargs));

/** Gradients of arguments by their PyTorch names. */
function gradients(scalar: Tensor, kwargs: Record<string, unknown>, names: readonly string[]) {
  const leaves = names.map((name) => kwargs[camelCase(name)] as Tensor);
  const grads = torch.autograd!.grad(scalar, leaves, { allowUnused: true });
  return Object.fromEntries(names.map((name, i) => [name, (grads[i] ?? null) as Tensor | null]));
}

/** A distribution that a sample describes, and the arguments that it was made of. */
function open(sample: DistributionSample): { distribution: any; kwargs: Record<string, unknown> } {
  if (sample.text !== undefined) return { distribution: evaluateValue(sample.text), kwargs: {} };
  const kwargs = plainKwargs(sample.kwargs ?? {});
  const differentiated = { ...sample.log_prob_grads, ...sample.rsample?.grads };
  for (const name of Object.keys(differentiated)) (kwargs[camelCase(name)] as Tensor).requiresGrad_();
  return { distribution: build(sample.class, kwargs), kwargs };
}

const sameShape = (actual: readonly number[], expected: readonly number[]): Verdict =>
  [...actual].join() === expected.join() ? undefined : `[${actual}] instead of [${expected}]`;

/** Every value that the sample has, but gradients. */
function judgeValues(sample: DistributionSample, distribution: any): Verdict {
  const specs = sample as unknown as Readonly<Record<string, TensorSpec | undefined>>;
  const has = (name: string) => specs[name] !== undefined;
  const spec = (name: string) => specs[name]!;
  const value = sample.value && toTensor(sample.value);
  const { icdf, batch_shape, event_shape, has_rsample } = sample;
  return first([
    ...(batch_shape ? [["batchShape", () => sameShape(distribution.batchShape, batch_shape)] as const] : []),
    ...(event_shape ? [["eventShape", () => sameShape(distribution.eventShape, event_shape)] as const] : []),
    [
      "hasRsample",
      () => (distribution.hasRsample === (has_rsample ?? distribution.hasRsample) ? undefined : "differs"),
    ],
    ...properties.filter(has).map((name) => [name, () => judge(distribution[camelCase(name)], spec(name))] as const),
    ...ofNothing.filter(has).map((name) => [name, () => judge(distribution[camelCase(name)](), spec(name))] as const),
    ...ofValue
      .filter(has)
      .map((name) => [name, () => judge(distribution[camelCase(name)](value), spec(name))] as const),
    ...(icdf ? [["icdf", () => judge(distribution.icdf(toTensor(icdf.p)), icdf.out)] as const] : []),
    ...drawsOf(sample).map((method) => [method, () => judgeDraw(distribution, method, sample[method]!)] as const),
  ]);
}

const drawsOf = (sample: DistributionSample) =>
  (["sample", "rsample"] as const).filter((method) => sample[method] !== undefined);

function draw(distribution: any, method: "sample" | "rsample", { seed, shape }: Draw): Tensor {
  torch.manualSeed!(seed);
  return distribution[method]([...shape]);
}

function judgeDraw(distribution: any, method: "sample" | "rsample", spec: Draw): Verdict {
  const drawn = draw(distribution, method, spec);
  const { then } = spec;
  const verdict = judge(drawn, spec.out, sampleTolerance);
  if (verdict || !then) return verdict;
  const next = judge(torch.rand!([...then.s]), then, { rtol: 0, atol: 0 });
  return next && `rand afterwards: ${next}`;
}

/** Each gradient is of a distribution of its own: what constructors compute is in the graph, which the first gradient frees. */
function judgeGradients(sample: DistributionSample): Verdict {
  const { log_prob_grads, rsample } = sample;
  const compare = (expected: Gradients, scalarOf: (distribution: any) => Tensor) => {
    const { kwargs, distribution } = open(sample);
    const grads = gradients(scalarOf(distribution), kwargs, Object.keys(expected));
    return judgeGrads(grads, expected, 0, tolerance);
  };
  return first([
    ...(log_prob_grads
      ? [["logProb", () => compare(log_prob_grads, (d) => d.logProb(toTensor(sample.value!)).sum())] as const]
      : []),
    ...(rsample?.grads
      ? [
          [
            "rsample",
            () => compare(rsample.grads!, (d) => weighted(draw(d, "rsample", rsample), rsample.weights)),
          ] as const,
        ]
      : []),
  ]);
}

/** The sum, or that of the elements times 1, 2, 3, … along the last axis. */
function weighted(x: Tensor, weights: string): Tensor {
  if (!weights.startsWith("1..")) return x.sum();
  return x.mul(torch.arange!(1, x.shape.at(-1)! + 1)).sum();
}

function judgeDivergence({ p, q, kl }: KlSample): Verdict {
  const [from, to] = [buildSpec(p), buildSpec(q)];
  const { klDivergence } = torch.distributions!;
  if (typeof klDivergence !== "function") throw new Missing("torch.distributions.klDivergence");
  return judge(klDivergence(from, to), kl);
}

function judgeTransform(sample: TransformSample): Verdict {
  const x = toTensor(sample.x).requiresGrad_();
  const transform = build(sample.transform, plainKwargs(sample.kwargs));
  const y = callTransform(transform, x);
  const { inverse, log_abs_det_jacobian: jacobian } = sample;
  return first([
    ["y", () => judge(y, sample.y)],
    ...(inverse ? [["inverse", () => judge(callTransform(transform.inv, y), inverse)] as const] : []),
    ...(jacobian ? [["logAbsDetJacobian", () => judge(transform.logAbsDetJacobian(x, y), jacobian)] as const] : []),
  ]);
}

/** A transform is called, or if the library's are no functions, its method is. */
const callTransform = (transform: any, x: Tensor): Tensor =>
  typeof transform === "function" ? transform(x) : transform.call(x);

function judgeTransformGradient(sample: TransformSample): Verdict {
  const x = toTensor(sample.x).requiresGrad_();
  const transform = build(sample.transform, plainKwargs(sample.kwargs));
  const y = callTransform(transform, x);
  const [grad] = torch.autograd!.grad(y.sum().add(transform.logAbsDetJacobian(x, y).sum()), [x]);
  return judge(grad, sample.grad!);
}

/** Runs one judgment of a sample. Values written without a dtype in a text are float64. */
function attempt(check: () => Verdict): Result {
  const before = torch.getDefaultDtype!();
  try {
    return torch.tidy!(() => toResult(check()));
  } catch (error) {
    return outcomeOf(error);
  } finally {
    torch.setDefaultDtype!(before);
  }
}

function judgeDistribution(sample: DistributionSample): Verdict {
  if (sample.text !== undefined) torch.setDefaultDtype!("float64");
  const { distribution } = open(sample);
  torch.setDefaultDtype!("float32");
  return judgeValues(sample, distribution);
}

/** The kinds of judgment that a sample has. */
export function distributionKinds(sample: Sample): Kind[] {
  const hasGrads =
    "transform" in sample
      ? sample.grad !== undefined
      : !("kl" in sample) && (sample.log_prob_grads !== undefined || sample.rsample?.grads !== undefined);
  return hasGrads ? ["forward", "grad"] : ["forward"];
}

/** The class; of divergences that of p. */
export function distributionEntry(file: string, sample: Sample): string {
  const family = file.replace(/\.jsonl$/, "");
  if ("kl" in sample) return `${family}.${sample.p.class}`;
  if ("transform" in sample) return `${family}.${sample.transform}`;
  return sample.text === undefined ? sample.class : `${family}.${sample.class}`;
}

export function runDistribution(sample: Sample): SampleResult {
  const checks: Record<string, () => Verdict> =
    "kl" in sample
      ? { forward: () => judgeDivergence(sample) }
      : "transform" in sample
        ? { forward: () => judgeTransform(sample), grad: () => judgeTransformGradient(sample) }
        : { forward: () => judgeDistribution(sample), grad: () => judgeGradients(sample) };
  return Object.fromEntries(distributionKinds(sample).map((kind) => [kind, attempt(checks[kind]!)]));
}
