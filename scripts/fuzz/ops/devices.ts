/** Makes one call on the cpu and on the GPU, and says how the results and gradients differ. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { isTensor, type Tensor, torch } from "../../../test/conformance/values";
import { swiftshader } from "../../../test/helpers/adapter";
import type { FaultKind } from "../fault";
import { compile, faultOf, isAlive, type Prepared, reset, show, tensorsIn, undetermined, type Verdict } from "./judge";
import { printCall } from "./print";
import { Rng } from "./rng";
import { lastName } from "./targets";
import { type Call, mapCall, type Value } from "./value";

const DEVICE = "webgpu";

/** A result, a gradient, or an operand as the call left it. */
interface Output {
  readonly what: string;
  readonly dtype: string;
  readonly shape: string;
  readonly values: ArrayLike<number | bigint>;
}

/** What a run gave; neither results nor an error if its tensors could not be made. */
interface Run {
  readonly outputs?: readonly Output[];
  readonly error?: unknown;
}

/** Half of the distance between 1 and the next number, of the dtypes that a GPU computes. */
const roundings: Readonly<Record<string, number>> = { float32: 2 ** -24, float16: 2 ** -11, bfloat16: 2 ** -8 };

/** Roundings of a result that are of no interest whatever the inputs are. */
const SLACK = 64;
/** Changes of results that follow from roundings of the inputs count so often. */
const FOLLOWING = 32;
/** Where they are this share of a result, none of its digits is determined. */
const UNDETERMINED = 0.01;
/** What WGSL may take for 0. */
const SMALLEST = 2 ** -126;

/** Weights of the elements of a result in what is differentiated: they tell elements apart, whatever their values are. */
const weightsOf = (y: Tensor): Tensor =>
  torch
    .tensor(
      Float64Array.from({ length: y.numel() }, (_, i) => 0.5 + ((0.618 * (i + 1)) % 1)),
      { dtype: y.dtype },
    )
    .view([...y.shape])
    .to(y.device);

const needsGradient = (x: unknown): x is Tensor => isTensor(x) && x.requiresGrad;

/** Gradients of `outputs` with respect to `leaves`, and those of their sum. */
function* gradientsOf(outputs: readonly Tensor[], leaves: readonly Tensor[], order = 1): Generator<[string, Tensor]> {
  if (outputs.length === 0 || leaves.length === 0 || order > 2) return;
  const options = { gradOutputs: outputs.map(weightsOf), allowUnused: true, createGraph: order < 2 };
  const gradients = (torch.autograd.grad(outputs, leaves, options) as (Tensor | null)[]).filter((x) => x !== null);
  for (const [i, x] of gradients.entries()) yield [`gradient ${i} of order ${order}`, x];
  yield* gradientsOf(gradients.filter(needsGradient), leaves, order + 1);
}

/** Runs a call, and gives all tensors that it made or changed, before anybody waits for them. */
function tensorsOf({ tensors, call }: Prepared, seed: number): [string, Tensor][] {
  torch.manualSeed(seed);
  const result = call();
  if (result instanceof Promise) result.catch(() => {});
  const results = [...tensorsIn(result)].flatMap(([, x]) => (isTensor(x) ? [x] : []));
  const leaves = tensors.filter((x) => isAlive(x) && x.requiresGrad && x.isLeaf);
  return [
    ...results.map((x): [string, Tensor] => ["result", x]),
    ...tensors.flatMap((x, i): [string, Tensor][] => (isAlive(x) ? [[`x${i}`, x]] : [])),
    ...gradientsOf(results.filter(needsGradient), leaves),
  ];
}

const outputOf = (what: string, x: Tensor): Output => ({
  what,
  dtype: x.dtype,
  shape: `[${x.shape}]`,
  values: x.detach().toTypedArray().slice(),
});

/** Tensors with the values of `torch.tensor`, each a little off. */
function disturbed(rng: Rng): unknown {
  const tensor = (values: ArrayLike<number>, options: { dtype: string }) => {
    const rounding = roundings[options.dtype];
    const off = (x: number): number => (Math.abs(x) < SMALLEST ? 0 : x * (1 + 4 * rounding! * (2 * rng.next() - 1)));
    return torch.tensor(rounding === undefined ? values : Array.from(values, off), options);
  };
  return Object.create(torch, { tensor: { value: tensor } });
}

/** Their results are determined up to signs, or up to a rotation. */
const openResults: ReadonlySet<string> = new Set(["svd", "svdLowrank", "pcaLowrank", "eigh", "symeig"]);

/** What NaN and infinities are as integers: of 64 bits, and of 32. */
const LOST: ReadonlySet<number> = new Set([-(2 ** 63), -(2 ** 31)]);

/** Opens the GPU. The driver of software that Debian's Chromium brings along is taken where none is chosen. */
async function open(): Promise<void> {
  if (existsSync(swiftshader)) process.env.VK_ICD_FILENAMES ??= swiftshader;
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  await torch.webgpu.init();
}

/** What a device says that lacks an op or a dtype, or that would have to wait. */
const isLack = (error: unknown): boolean => error instanceof torch.DeviceError;

/** Matrices that are singular in float32, in which a GPU factorizes them, need not be so in float64. */
const isSingular = (error: unknown): boolean => error instanceof torch.linalg.LinAlgError;

const single = (value: Value): Value =>
  value.is === "tensor" && value.dtype === "float64" ? { ...value, dtype: "float32" } : value;

/** Whether a call brings a generator of its own: the devices draw other numbers, and no seed says whether a result depends on them. */
const drawsAlone = (call: Call): boolean => /torch\.Generator/.test(textOf(call));

const textOf = (call: Call): string => {
  const { setup, call: text } = printCall(call, DEVICE);
  return `${setup}\n${text}`;
};

/** Whether a call gives the GPU anything to compute with. */
const hasTensor = (call: Call): boolean => textOf(call).includes(`"${DEVICE}"`);

/** Elements of the results that are compared. */
const MOST_ELEMENTS = 1 << 20;

/** Compares the devices, call by call. */
export class Devices {
  /** @param made A call; float64, which GPUs do not have, is float32 in what is judged. */
  async judge(made: Call): Promise<Verdict> {
    await open();
    const call = mapCall(made, single);
    if (!hasTensor(call) || drawsAlone(call)) return { outcome: "invalid" };
    const here = this.onCpu(call);
    if (here.outputs === undefined && here.error === undefined) return { outcome: "invalid" };
    const there = await this.onGpu(call);
    if (there.outputs === undefined && there.error === undefined) return { outcome: "invalid" };
    if (there.error !== undefined && !(there.error instanceof torch.KindlingError) && here.outputs !== undefined)
      return this.fault("refused", call, "foreign", show(there.error));
    if (there.error !== undefined) {
      const isFault = here.outputs !== undefined && !isLack(there.error) && !isSingular(there.error);
      return isFault ? this.fault("refused", call, "refused", show(there.error)) : { outcome: "refused" };
    }
    if (here.error !== undefined) {
      if (!this.isSure(call, here)) return { outcome: "refused" };
      return this.fault("accepted", call, "accepted", `the cpu refuses it: ${show(here.error)}`);
    }
    const difference = this.difference(call, here.outputs!, there.outputs!);
    return difference === undefined ? { outcome: "accepted" } : this.fault("accepted", call, "differs", difference);
  }

  private fault(outcome: Verdict["outcome"], call: Call, kind: FaultKind, detail: string): Verdict {
    return { outcome, fault: faultOf(call, kind, detail, DEVICE) };
  }

  /** Whether the cpu refuses a call because of its arguments, not of values that its random numbers happen to have. */
  private isSure(call: Call, { error }: Run): boolean {
    const other = this.onCpu(call, torch, 2).error;
    return other !== undefined && String(other) === String(error);
  }

  private onCpu(call: Call, library: unknown = torch, seed = 1): Run {
    reset();
    return torch.tidy((): Run => {
      const prepared = this.prepare(call, "cpu", library);
      if (prepared === undefined) return {};
      try {
        const tensors = tensorsOf(prepared, seed);
        if (tensors.reduce((sum, [, x]) => sum + x.numel(), 0) > MOST_ELEMENTS) return {};
        return { outputs: tensors.map(([what, x]) => outputOf(what, x)) };
      } catch (error) {
        return { error };
      }
    });
  }

  private prepare(call: Call, device: string, library: unknown = torch): Prepared | undefined {
    try {
      return compile(printCall(call, device))(library);
    } catch (error) {
      if (error instanceof torch.KindlingError) return undefined;
      throw error;
    }
  }

  /** Errors of checks may come with the values. */
  private async onGpu(call: Call): Promise<Run> {
    reset();
    try {
      const made = torch.tidy(() => {
        const prepared = this.prepare(call, DEVICE);
        return prepared === undefined ? [] : [tensorsOf(prepared, 1)];
      }) as [string, Tensor][][];
      if (made.length === 0) return {};
      const tensors = made[0]!;
      const settled = await Promise.allSettled(tensors.map(async ([what, x]) => outputOf(what, await x.cpu())));
      const failed = settled.find((one) => one.status === "rejected");
      // A check that is made after the last read would be told by the next call.
      await torch.webgpu.synchronize();
      for (const [, x] of tensors) x.dispose();
      if (failed !== undefined) throw failed.reason;
      return { outputs: settled.map((one) => (one as PromiseFulfilledResult<Output>).value) };
    } catch (error) {
      await torch.webgpu.synchronize().catch(() => {});
      return { error };
    }
  }

  private difference(call: Call, here: readonly Output[], there: readonly Output[]): string | undefined {
    if (here.length !== there.length) return `${there.length} tensors, on the cpu ${here.length}`;
    for (const [i, a] of here.entries()) {
      const b = there[i]!;
      if (a.dtype !== b.dtype || a.shape !== b.shape)
        return `${a.what}: ${b.dtype} ${b.shape}, on the cpu ${a.dtype} ${a.shape}`;
    }
    const isOpen = call.path in undetermined || openResults.has(lastName(call.path));
    if (isOpen || here.every((a, i) => firstFar(a, there[i]!, []) === undefined) || this.isRandom(call, here))
      return undefined;
    const others = this.others(call, here);
    for (const [i, a] of here.entries()) {
      const b = there[i]!;
      const near = others.map((run) => run[i]!);
      const far = firstFar(a, b, near);
      if (far !== undefined) return `${a.what} at ${far} of ${a.shape}: ${b.values[far]}, on the cpu ${a.values[far]}`;
    }
    return undefined;
  }

  /** Whether the results of the cpu depend on the seed: the devices draw other numbers. */
  private isRandom(call: Call, here: readonly Output[]): boolean {
    return [2, 3, 4, 5, 6, 7].some((seed) =>
      this.onCpu(call, torch, seed).outputs?.some((other, i) => firstFar(here[i]!, other, []) !== undefined),
    );
  }

  /** Results of the cpu that are as good: of inputs that differ by roundings. */
  private others(call: Call, here: readonly Output[]): (readonly Output[])[] {
    const runs = [1, 2, 3, 4].map((seed) => this.onCpu(call, disturbed(new Rng(seed, 0))));
    return runs.flatMap(({ outputs }) =>
      outputs?.length === here.length && outputs.every(({ shape }, i) => shape === here[i]!.shape) ? [outputs] : [],
    );
  }
}

/** The first element of `b` that is farther from that of `a` than those of results which are as good as `a`. */
function firstFar(a: Output, b: Output, others: readonly Output[]): number | undefined {
  const rounding = roundings[a.dtype] ?? 0;
  for (let i = 0; i < a.values.length; i++) {
    const [x, y] = [Number(a.values[i]), Number(b.values[i])];
    if (Object.is(x, y) || x === y || (LOST.has(x) && LOST.has(y))) continue;
    const spread = others.reduce((most, other) => Math.max(most, distance(x, Number(other.values[i]))), 0);
    if (spread > UNDETERMINED * Math.abs(x)) continue;
    if (!(distance(x, y) <= SLACK * rounding * (Math.abs(x) + 0.5) + FOLLOWING * spread)) return i;
  }
  return undefined;
}

/** How far two numbers are apart; NaN is infinitely far from numbers. */
const distance = (x: number, y: number): number =>
  Object.is(x, y) || x === y
    ? 0
    : Number.isFinite(x) && Number.isFinite(y)
      ? Math.abs(x - y)
      : Number.POSITIVE_INFINITY;
