/** `ops/`: one call of one operator, with first and second derivatives. */
import { callFunction, callMethod, find, ourPath } from "../adapter";
import { device, fetched, isCpu, lacking, readsSoFar, strays } from "../device";
import { agreesUpToTies, judgeGrads, judgeLeaves, judgeTensor, project } from "../judge";
import { evaluate, type World } from "../python";
import { failed, type Kind, missing, passed, type Result, type SampleResult } from "../report";
import { parseSignature, type TorchSignature } from "../signatures";
import { specialFor } from "../special";
import {
  decode,
  decodeNamed,
  flatten,
  isTensor,
  lookUp,
  Missing,
  type Tensor,
  type TensorSpec,
  torch,
} from "../values";

/** A line of a file. */
export interface OpSample {
  readonly id: string;
  readonly op: string;
  readonly kind: "function" | "method" | "inplace";
  readonly input: unknown;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly rg?: readonly string[];
  readonly out: unknown;
  readonly err32x?: number;
  readonly cot?: readonly TensorSpec[];
  readonly cot_i?: readonly number[];
  readonly grads?: Readonly<Record<string, TensorSpec | null>>;
  readonly err32gx?: number;
  readonly cot2?: Readonly<Record<string, TensorSpec>>;
  readonly grads2?: Readonly<Record<string, TensorSpec | null>>;
  readonly err32g2x?: number;
  readonly proj?: string;
  readonly outp?: unknown;
  readonly after?: Readonly<Record<string, TensorSpec>>;
}

/** What `ops/index.json` says about a file. */
export interface OpInfo {
  readonly file: string;
  readonly op: string;
  readonly impl?: string;
  readonly signatures: readonly string[];
  readonly schemas: readonly string[];
}

interface Call {
  readonly input: unknown;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

type Gradients = Readonly<Record<string, Tensor | null>>;

/** Gradients, or why there are none. */
export type Derived = { readonly grads: Gradients } | { readonly result: Result };

/** What a call gave. */
interface Computed {
  readonly call: Call;
  readonly outputs: readonly unknown[];
  readonly first?: Derived;
  readonly second?: Derived;
}

export function attempt(derive: () => Gradients): Derived {
  try {
    return { grads: derive() };
  } catch (error) {
    return { result: outcomeOf(error) };
  }
}

/** Whether a call makes tensors of none, and says on which device. */
const createsTensor = (signatures: readonly TorchSignature[], values: readonly unknown[]): boolean =>
  signatures.some(({ parameters }) => parameters.some(({ name }) => name === "device")) &&
  !values.flatMap((value) => flatten(value)).some(isTensor);

/** The kinds that a sample has. */
export const opKinds = ({ grads, grads2 }: OpSample): Kind[] => [
  "forward",
  ...(grads ? (["grad"] as const) : []),
  ...(grads2 ? (["grad2"] as const) : []),
];

/** Runs samples of the operators that an index describes. */
export class OpRunner {
  private readonly infos: ReadonlyMap<string, OpInfo>;
  private readonly signatures = new Map<string, readonly TorchSignature[]>();

  constructor(infos: readonly OpInfo[]) {
    this.infos = new Map(infos.map((info) => [info.file, info]));
  }

  /** Judges one sample. On a device that cannot be read at once, its results are awaited. */
  run(file: string, sample: OpSample): SampleResult | Promise<SampleResult> {
    const allOf = (error: unknown): SampleResult => {
      const result = outcomeOf(error);
      return Object.fromEntries(opKinds(sample).map((kind) => [kind, result]));
    };
    try {
      if (isCpu()) return torch.tidy(() => judge(sample, this.compute(file, sample)));
      const before = readsSoFar();
      const computed = torch.tidy(() => this.compute(file, sample));
      const stray = strays(computed.outputs, before);
      if (stray) return allOf(stray);
      return fetched(computed).then((here) => torch.tidy(() => judge(sample, here)), allOf);
    } catch (error) {
      return allOf(error);
    }
  }

  /** Makes the call of a sample, and both derivatives. */
  private compute(file: string, sample: OpSample): Computed {
    const args = decode(sample.args) as unknown[];
    const call: Call = { input: decode(sample.input), args, kwargs: decodeNamed(sample.kwargs) };
    const leaves = (sample.rg ?? []).map((path) => [path, lookUp(call, path) as Tensor] as const);
    for (const [, leaf] of leaves) leaf.requiresGrad_();
    let outputs = flatten(this.call(file, sample, call));
    if (sample.proj) outputs = project(sample.proj, svdFactors(sample.op, outputs as Tensor[]));
    if (sample.grads === undefined) return { call, outputs };
    const first = attempt(() => gradients(outputs, sample, leaves));
    if (!sample.grads2 || "result" in first) return { call, outputs, first, second: first };
    return { call, outputs, first, second: attempt(() => secondGradients(sample, first.grads, leaves)) };
  }

  private call(file: string, { op, kind }: OpSample, { input, args, kwargs }: Call): unknown {
    const info = this.infos.get(file);
    const signatures = this.signaturesOf(file, info);
    if (!isCpu() && createsTensor(signatures, [input, args, kwargs])) kwargs = { ...kwargs, device: device() };
    if (kind === "inplace") return callInplace(op, input as Tensor, args, kwargs, signatures);
    const special = specialFor(op);
    if (special) return special(input, args, kwargs);
    if (info?.impl) return evaluate(info.impl, this.world(signatures), [input, ...args], kwargs);
    if (kind === "method") return callMethod(input, op, args, kwargs, signatures);
    return callFunction(op, [input, ...args], kwargs, signatures);
  }

  private signaturesOf(file: string, info: OpInfo | undefined): readonly TorchSignature[] {
    const known = this.signatures.get(file);
    if (known) return known;
    const parsed = info ? signaturesIn(info) : [];
    this.signatures.set(file, parsed);
    return parsed;
  }

  private world(signatures: readonly TorchSignature[]): World {
    return {
      call: (path, positional, named) => callFunction(path, positional, named, signatures),
      method: (receiver, name, positional, named) => callMethod(receiver, name, positional, named, signatures),
      attribute: (receiver, name) => attribute(receiver, name),
      matmul: (a, b) => torch.matmul(a, b),
    };
  }
}

/** PyTorch's signatures of an operator: those of its documentation, then its schemas. */
export const signaturesIn = ({ signatures, schemas }: OpInfo): TorchSignature[] =>
  [...signatures, ...schemas].map(parseSignature).filter(isInformative);

function attribute(receiver: unknown, name: string): unknown {
  const value = (receiver as any)[name];
  if (value === undefined) throw new Missing(`Tensor.${name}`);
  return value;
}

/** Whether a signature says more than `(*args, **kwargs)`. */
const isInformative = ({ parameters }: TorchSignature): boolean => parameters.every(({ name }) => name !== "args");

/** `input.op_(…)` on a clone; in nn.functional the function whose name ends with an underscore, or `inplace: true`. */
function callInplace(
  op: string,
  input: Tensor,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  signatures: readonly TorchSignature[],
): Tensor {
  const x = input.clone();
  const name = `${op.replace(/_$/, "")}_`;
  if (!op.startsWith("nn.functional.")) callMethod(x, name.split(".").at(-1)!, args, kwargs, signatures);
  else if (find(ourPath(name))) callFunction(name, [x, ...args], kwargs, signatures);
  else callFunction(op, [x, ...args], { ...kwargs, inplace: true }, signatures);
  return x;
}

/** The three factors with V transposed, as `linalg.svd` gives them. */
const svdFactors = (op: string, outputs: Tensor[]): Tensor[] =>
  op === "svd" ? [outputs[0]!, outputs[1]!, torch.transpose(outputs[2], -2, -1)] : outputs;

export const outcomeOf = (error: unknown): Result => {
  if (error instanceof Missing) return missing(error.message);
  return lacking(error) ?? failed(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
};

export const toResult = (verdict: string | undefined): Result => (verdict === undefined ? passed : failed(verdict));

/** Compares what a call gave with what PyTorch's gave. */
function judge(sample: OpSample, { call, outputs, first, second }: Computed): SampleResult {
  const judged = (derived: Derived, expected: OpSample["grads"], err?: number): Result =>
    "result" in derived ? derived.result : toResult(judgeGrads(derived.grads, expected!, err));
  return {
    forward: judgeForward(sample, call, outputs),
    ...(sample.grads && { grad: judged(first!, sample.grads, sample.err32gx) }),
    ...(sample.grads2 && { grad2: judged(second!, sample.grads2, sample.err32g2x) }),
  };
}

function judgeForward(sample: OpSample, call: Call, outputs: readonly unknown[]): Result {
  const expected = flatten(sample.proj ? sample.outp : sample.out);
  const verdict = judgeLeaves(outputs, expected, sample.err32x);
  if (verdict && !agreesUpToTies(sample.op, call.input, dimOf(sample), outputs, expected, sample.err32x ?? 0))
    return failed(verdict);
  for (const [path, spec] of Object.entries(sample.after ?? {})) {
    const changed = judgeTensor(lookUp(call, path), spec, sample.err32x);
    if (changed) return failed(`${path} after the call: ${changed}`);
  }
  return passed;
}

/** The axis of an operator that selects along one; null if it looks at all elements. */
function dimOf({ op, args, kwargs }: OpSample): number | null {
  const second = op === "topk" || op === "kthvalue";
  const given = kwargs.dim ?? args[second ? 1 : 0];
  if (typeof given === "number") return given;
  return op.startsWith("arg") && op !== "argsort" ? null : -1;
}

/** Gradients of sum_k <outputs[cot_i[k]], cot[k]> with respect to the leaves. */
export function gradients(
  outputs: readonly unknown[],
  sample: Pick<OpSample, "cot" | "cot_i" | "grads2">,
  leaves: readonly (readonly [string, Tensor])[],
): Record<string, Tensor | null> {
  const pairs = (sample.cot_i ?? []).map((i, k) => [outputs[i] as Tensor, decode(sample.cot![k]) as Tensor] as const);
  return derive(pairs, leaves, sample.grads2 !== undefined);
}

/** d/d leaf of sum <x, cotangent>, null where nothing depends on it. */
function derive(
  pairs: readonly (readonly [Tensor, Tensor])[],
  leaves: readonly (readonly [string, Tensor])[],
  createGraph: boolean,
): Record<string, Tensor | null> {
  const grad = find("autograd.grad") as ((...args: unknown[]) => (Tensor | null)[]) | undefined;
  if (!grad) throw new Missing("torch.autograd.grad");
  const live = pairs.filter(([x]) => isTensor(x) && x.requiresGrad);
  if (live.length === 0) return Object.fromEntries(leaves.map(([path]) => [path, null]));
  const gradOutputs = live.map(([, cotangent]) => cotangent);
  const options = { gradOutputs, createGraph, allowUnused: true };
  const found = grad(
    live.map(([x]) => x),
    leaves.map(([, leaf]) => leaf),
    options,
  );
  return Object.fromEntries(leaves.map(([path], i) => [path, found[i] ?? null]));
}

function secondGradients(
  sample: OpSample,
  grads: Gradients,
  leaves: readonly (readonly [string, Tensor])[],
): Record<string, Tensor | null> {
  const pairs = Object.entries(sample.cot2 ?? {}).flatMap(([path, cotangent]) => {
    const first = grads[path];
    return first ? [[first, decode(cotangent) as Tensor] as const] : [];
  });
  return derive(pairs, leaves, false);
}
