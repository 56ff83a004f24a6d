/** `rng/`: sequences of random calls, initialization, and the order of data, after `manual_seed`. */
import { callFunction, callMethod, construct, find } from "../adapter";
import { isClose, judgeTensor } from "../judge";
import { failed, passed, type Result, type SampleResult } from "../report";
import { parseSignature } from "../signatures";
import { decode, decodeNamed, isTensor, Missing, type TensorSpec, toNumber, torch } from "../values";
import type { ModuleRunner, ModuleSpec } from "./modules";
import { outcomeOf } from "./ops";

interface RandomCall {
  readonly fn: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly out: TensorSpec | null;
}

interface RngSample {
  readonly id: string;
  readonly seed: number;
  readonly generator?: boolean;
  readonly calls?: readonly RandomCall[];
  readonly fn?: string;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly shape?: readonly number[];
  readonly out?: unknown;
  readonly module?: string;
  readonly state?: Readonly<Record<string, TensorSpec>>;
  readonly then?: TensorSpec;
  readonly what?: string;
  readonly n?: number;
  readonly weights?: readonly number[];
  readonly indices?: readonly number[];
  readonly lengths?: readonly number[];
  readonly generator_seed?: number;
  readonly between?: TensorSpec;
  readonly epochs?: readonly unknown[];
}

/** PyTorch's documentation of the functions that samples call. */
const signatures = [
  "rand(*size, *, generator=None, dtype=None)",
  "randn(*size, *, generator=None, dtype=None)",
  "randint(high, size, *, generator=None, dtype=None)",
  "randint(low, high, size, *, generator=None, dtype=None)",
  "randperm(n, *, generator=None, dtype=None)",
  "normal(mean, std, *, generator=None)",
  "normal(mean, std, size, *, generator=None)",
  "multinomial(input, num_samples, replacement=False, *, generator=None)",
  "bernoulli(input, *, generator=None)",
  "rand_like(input, *, dtype=None)",
  "randn_like(input, *, dtype=None)",
  "randint_like(input, high, *, dtype=None)",
  "randint_like(input, low, high, *, dtype=None)",
  "poisson(input, generator=None)",
  "manual_seed(seed)",
  "Tensor.uniform_(from=0, to=1, *, generator=None)",
  "Tensor.normal_(mean=0, std=1, *, generator=None)",
  "Tensor.bernoulli_(p=0.5, *, generator=None)",
  "Tensor.exponential_(lambd=1, *, generator=None)",
  "Tensor.geometric_(p, *, generator=None)",
  "Tensor.cauchy_(median=0, sigma=1, *, generator=None)",
  "Tensor.log_normal_(mean=1, std=2, *, generator=None)",
  "Tensor.random_(*, generator=None)",
  "Tensor.random_(to, *, generator=None)",
  "Tensor.random_(from, to, *, generator=None)",
  "dropout(input, p=0.5, training=True)",
  "dropout1d(input, p=0.5, training=True)",
  "dropout2d(input, p=0.5, training=True)",
  "dropout3d(input, p=0.5, training=True)",
  "alpha_dropout(input, p=0.5, training=False)",
  "feature_alpha_dropout(input, p=0.5, training=False)",
  "rrelu(input, lower=0.125, upper=0.3333333333333333, training=False)",
  "gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1)",
].map(parseSignature);

const known = (name: string) => signatures.filter((signature) => signature.name === name);

const onesBased = /^(alpha_|feature_alpha_)?dropout/;

function call({ fn, args, kwargs }: RandomCall, generator: unknown): unknown {
  const values = args.map(decode);
  const named = { ...decodeNamed(kwargs), ...(generator ? { generator } : {}) };
  if (fn === "manual_seed") {
    const seeder = generator as { manualSeed(seed: unknown): unknown } | undefined;
    if (seeder) seeder.manualSeed(values[0]);
    else callFunction(fn, values, {}, known(fn));
    return null;
  }
  const [first, ...rest] = values;
  const { dtype, ...others } = named as Record<string, any>;
  const options = dtype === undefined ? {} : { dtype: dtype.name };
  if (fn.endsWith("_")) {
    const x = torch.zeros(first, options);
    return callMethod(x, fn, rest, others, known(fn));
  }
  const path = `nn.functional.${fn}`;
  if (onesBased.test(fn))
    return callFunction(path, [torch.ones(first, options), ...rest], { training: true }, known(fn));
  if (fn === "rrelu") return callFunction(path, values, { ...named, training: true }, known(fn));
  return callFunction(fn === "gumbel_softmax" ? path : fn, values, named, known(fn));
}

/** `rand` and whole numbers bit for bit, all else within 1e-6. */
function judgeRandom(fn: string, actual: unknown, expected: TensorSpec): string | undefined {
  if (!isTensor(actual)) return "not a tensor";
  if (!expected.t.startsWith("float")) return judgeTensor(actual, expected);
  if (actual.dtype !== expected.t) return `dtype ${actual.dtype} instead of ${expected.t}`;
  if (actual.shape.join() !== expected.s.join()) return `shape [${actual.shape}] instead of [${expected.s}]`;
  const round = expected.t === "float32" ? Math.fround : (x: number) => x;
  const tolerance = /^rand(_like)?$/.test(fn) ? { rtol: 0, atol: 0 } : { rtol: 1e-6, atol: 1e-6 };
  const values = actual.toTypedArray();
  const wrong = values.findIndex(
    (a: number | bigint, i: number) => !isClose(Number(a), round(Number(toNumber(expected.d[i]!))), tolerance, 0),
  );
  return wrong < 0 ? undefined : `[${wrong}] is ${values[wrong]}, expected ${expected.d[wrong]}`;
}

function seed(value: number): void {
  if (typeof torch.manualSeed !== "function") throw new Missing("torch.manualSeed");
  torch.manualSeed(value);
}

function newGenerator(value: number): any {
  if (typeof torch.Generator !== "function") throw new Missing("torch.Generator");
  const generator = new torch.Generator();
  generator.manualSeed(value);
  return generator;
}

/** Judges the position of the generator after a sample. */
function judgeThen(sample: RngSample): Result {
  if (sample.then === undefined) return passed;
  const verdict = judgeRandom("rand", torch.rand([...sample.then.s]), sample.then);
  return verdict ? failed(`rand afterwards: ${verdict}`) : passed;
}

function judgeCalls(sample: RngSample): Result {
  seed(sample.seed);
  const generator = sample.generator ? newGenerator(sample.seed) : undefined;
  for (const [i, one] of sample.calls!.entries()) {
    const verdict = one.out ? judgeRandom(one.fn, call(one, generator), one.out) : void call(one, generator);
    if (verdict) return failed(`call ${i} (${one.fn}): ${verdict}`);
  }
  return passed;
}

function judgeInit(sample: RngSample): Result {
  seed(sample.seed);
  const path = `nn.${sample.fn}`;
  if (sample.fn === "init.calculate_gain") {
    const gain = callFunction(path, decode(sample.args) as unknown[], {}, [
      parseSignature("calculate_gain(nonlinearity, param=None)"),
    ]);
    return Math.abs((gain as number) - (sample.out as number)) <= 1e-9
      ? passed
      : failed(`${gain} instead of ${sample.out}`);
  }
  const x = torch.empty([...sample.shape!]);
  callFunction(path, [x], decodeNamed(sample.kwargs ?? {}), []);
  const verdict = judgeRandom(sample.fn!, x, sample.out as TensorSpec);
  return verdict ? failed(verdict) : judgeThen(sample);
}

function judgeModule(sample: RngSample, modules: ModuleRunner): Result {
  seed(sample.seed);
  const state = modules.build(sample as unknown as ModuleSpec).stateDict();
  for (const [key, spec] of Object.entries(sample.state!)) {
    const verdict = judgeRandom("init", state.get?.(key) ?? state[key], spec);
    if (verdict) return failed(`${key}: ${verdict}`);
  }
  return judgeThen(sample);
}

const plainBatch = (batch: unknown): unknown => (isTensor(batch) ? batch.tolist() : batch);

function dataPasses(sample: RngSample): unknown[] {
  const kwargs = decodeNamed(sample.kwargs ?? {});
  const items = Array.from({ length: sample.n ?? 0 }, (_, i) => i);
  const named =
    sample.generator_seed === undefined ? kwargs : { ...kwargs, generator: newGenerator(sample.generator_seed) };
  const make = (name: string, ...args: unknown[]) => construct(`utils.data.${name}`, args, named, []);
  const { what } = sample;
  if (what === "random_split") {
    const split = find("utils.data.randomSplit") as ((...args: unknown[]) => { indices: number[] }[]) | undefined;
    if (!split) throw new Missing("torch.utils.data.randomSplit");
    return split(items, sample.lengths, ...(named.generator ? [{ generator: named.generator }] : [])).map(
      ({ indices }) => [...indices],
    );
  }
  const loop = (source: Iterable<unknown>) => sample.epochs!.map(() => Array.from(source, plainBatch));
  if (what === "RandomSampler") return loop(make(what, items));
  if (what === "WeightedRandomSampler") return loop(make(what, sample.weights));
  if (what === "SubsetRandomSampler") return loop(make(what, sample.indices));
  if (what === "BatchSampler(RandomSampler)") {
    const sampler = construct("utils.data.RandomSampler", [items], {}, []);
    return loop(make("BatchSampler", sampler));
  }
  if (!sample.between) return loop(make("DataLoader", items));
  const loader = make("DataLoader", items);
  return sample.epochs!.map((_, i) => {
    if (i === 1) torch.randn([...sample.between!.s]);
    return Array.from(loader as Iterable<unknown>, plainBatch);
  });
}

function judgeOrder(sample: RngSample): Result {
  seed(sample.seed);
  const passes = dataPasses(sample);
  const same = JSON.stringify(passes) === JSON.stringify(sample.epochs);
  return same ? judgeThen(sample) : failed(`${JSON.stringify(passes)} instead of ${JSON.stringify(sample.epochs)}`);
}

/** The entry of a sample: its file, or for whole families of initializers and loaders what it calls. */
export function rngEntry(file: string, sample: RngSample): string {
  const name = file.replace(/\.jsonl$/, "");
  if (name === "init") return sample.fn!;
  if (name === "module_init") return `module_init.${sample.module}`;
  return name === "data_order" ? `data_order.${sample.what}` : name;
}

export function runRng(sample: RngSample, modules: ModuleRunner): SampleResult {
  const judge = (): Result => {
    if (sample.calls) return judgeCalls(sample);
    if (sample.module) return judgeModule(sample, modules);
    return sample.what ? judgeOrder(sample) : judgeInit(sample);
  };
  try {
    return { forward: torch.tidy(judge) };
  } catch (error) {
    return { forward: outcomeOf(error) };
  }
}
