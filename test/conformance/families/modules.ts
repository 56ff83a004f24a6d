/** `modules/`: one torch.nn module with given state: outputs, changed buffers, gradients. */
import { callInstance, construct } from "../adapter";
import { device, fetched, isCpu, readsSoFar, strays } from "../device";
import { judgeGrads, judgeLeaves, judgeTensor } from "../judge";
import { failed, type Kind, passed, type Result, type SampleResult } from "../report";
import { parseSignature, type TorchSignature } from "../signatures";
import { decode, decodeNamed, flatten, isTensor, lookUp, type Tensor, type TensorSpec, torch } from "../values";
import { attempt, type Derived, gradients, outcomeOf, toResult } from "./ops";

export interface ModuleSpec {
  readonly module: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

interface ModuleSample extends ModuleSpec {
  readonly id: string;
  readonly train: boolean;
  readonly state: Readonly<Record<string, TensorSpec>>;
  readonly inputs: readonly unknown[];
  readonly input_kwargs: Readonly<Record<string, unknown>>;
  readonly rg: readonly string[];
  readonly out: unknown;
  readonly err32x: number;
  readonly state_after: Readonly<Record<string, TensorSpec>>;
  readonly cot: readonly TensorSpec[];
  readonly cot_i: readonly number[];
  readonly grads: Readonly<Record<string, TensorSpec | null>>;
  readonly param_grads: Readonly<Record<string, TensorSpec | null>>;
  readonly err32gx: number;
}

/** Signatures of the constructors by module, as `modules/index.json` has them. */
export class ModuleRunner {
  private readonly signatures: ReadonlyMap<string, TorchSignature>;

  constructor(infos: readonly { module: string; signature: string }[]) {
    // `LSTM(*args, **kwargs)` names nothing.
    const telling = infos.filter(({ signature }) => !signature.includes("(*args"));
    this.signatures = new Map(telling.map(({ module, signature }) => [module, parseSignature(signature)]));
  }

  /** Builds a module, and those among its arguments. */
  build(spec: ModuleSpec): any {
    const { positional, named } = this.given(spec);
    const signature = this.signatures.get(spec.module);
    return construct(spec.module, positional, named, signature ? [signature] : []);
  }

  /** The arguments of a constructor. */
  given({ args, kwargs }: ModuleSpec): { positional: unknown[]; named: Record<string, unknown> } {
    const argument = (json: unknown): unknown => (isModuleSpec(json) ? this.build(json) : decode(json));
    const named = Object.fromEntries(Object.entries(kwargs).map(([name, value]) => [name, argument(value)]));
    return { positional: args.map(argument), named };
  }

  /** Judges one sample. On a device that cannot be read at once, its results are awaited. */
  run(sample: ModuleSample): SampleResult | Promise<SampleResult> {
    const allOf = (error: unknown): SampleResult => {
      const result = outcomeOf(error);
      return Object.fromEntries(moduleKinds(sample).map((kind) => [kind, result]));
    };
    try {
      if (isCpu()) return torch.tidy(() => judge(sample, this.compute(sample)));
      const before = readsSoFar();
      const computed = torch.tidy(() => this.compute(sample));
      const stray = strays(computed.outputs, before);
      if (stray) return allOf(stray);
      return fetched(computed).then((here) => torch.tidy(() => judge(sample, here)), allOf);
    } catch (error) {
      return allOf(error);
    }
  }

  private compute(sample: ModuleSample): Computed {
    const model = this.build(sample);
    if (!isCpu()) model.to(device());
    const state = Object.fromEntries(Object.entries(sample.state).map(([key, spec]) => [key, decode(spec)]));
    model.loadStateDict(state);
    model.train(sample.train);
    const call = { inputs: decode(sample.inputs) as unknown[] };
    const leaves = sample.rg.map((path) => [path, lookUp(call, path) as Tensor] as const);
    for (const [, leaf] of leaves) leaf.requiresGrad_();
    const named = decodeNamed(sample.input_kwargs);
    const inputs = sample.kwargs.inplace ? call.inputs.map((x) => (isTensor(x) ? x.clone() : x)) : call.inputs;
    const outputs = flatten(callInstance(model, inputs, named));
    const own = model.stateDict();
    const after = Object.fromEntries(Object.keys(sample.state_after).map((key) => [key, own.get?.(key) ?? own[key]]));
    if (!hasGrads(sample)) return { outputs, after };
    return { outputs, after, derived: attempt(() => allGradients(sample, model, outputs, leaves)) };
  }
}

/** What a module gave, and its buffers after the call. */
interface Computed {
  readonly outputs: readonly unknown[];
  readonly after: Readonly<Record<string, unknown>>;
  readonly derived?: Derived;
}

const isModuleSpec = (json: unknown): json is ModuleSpec =>
  typeof json === "object" && json !== null && "module" in json;

const hasGrads = ({ grads, param_grads }: ModuleSample): boolean =>
  Object.keys(grads ?? {}).length + Object.keys(param_grads ?? {}).length > 0;

/** The kinds that a sample has. */
export const moduleKinds = (sample: ModuleSample): Kind[] => (hasGrads(sample) ? ["forward", "grad"] : ["forward"]);

function judge(sample: ModuleSample, { outputs, after, derived }: Computed): SampleResult {
  const forward = judgeForward(sample, outputs, after);
  if (derived === undefined) return { forward };
  if ("result" in derived) return { forward, grad: derived.result };
  return {
    forward,
    grad: toResult(judgeGrads(derived.grads, { ...sample.grads, ...sample.param_grads }, sample.err32gx)),
  };
}

function judgeForward(sample: ModuleSample, outputs: readonly unknown[], after: Computed["after"]): Result {
  const verdict = judgeLeaves(outputs, flatten(sample.out), sample.err32x);
  if (verdict) return failed(verdict);
  for (const [key, spec] of Object.entries(sample.state_after)) {
    const changed = judgeTensor(after[key], spec, sample.err32x);
    if (changed) return failed(`${key} after the call: ${changed}`);
  }
  return passed;
}

function allGradients(
  sample: ModuleSample,
  model: any,
  outputs: readonly unknown[],
  leaves: readonly (readonly [string, Tensor])[],
): Record<string, Tensor | null> {
  const parameters = [...model.namedParameters()] as [string, Tensor][];
  const trained = parameters.filter(([name, parameter]) => name in sample.param_grads && parameter.requiresGrad);
  return gradients(outputs, sample, [...leaves, ...trained]);
}
