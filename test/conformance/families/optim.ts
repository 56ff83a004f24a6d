/** `optim/`: optimizer runs with given gradients; `LBFGS`: with an objective. */
import { construct } from "../adapter";
import { fetched, isCpu } from "../device";
import { isClose, judgeTensor } from "../judge";
import { camelCase } from "../place";
import { failed, passed, type Result, type SampleResult } from "../report";
import { decode, decodeNamed, type Tensor, type TensorSpec, torch, toTensor } from "../values";
import { outcomeOf } from "./ops";

interface GroupSpec {
  readonly params: readonly number[];
  readonly [option: string]: unknown;
}

export interface OptimizerSpec {
  readonly optimizer: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly groups: readonly GroupSpec[];
}

interface OptimSample extends OptimizerSpec {
  readonly id: string;
  readonly params: readonly TensorSpec[];
  readonly grads: readonly (readonly (TensorSpec | null)[])[];
  readonly out: readonly (readonly TensorSpec[])[];
  readonly state_keys: Readonly<Record<string, Readonly<Record<string, string | { t: string; s: number[] }>>>>;
  readonly param_groups: readonly Readonly<Record<string, unknown>>[];
  readonly err32x: number;
}

interface ObjectiveSample {
  readonly id: string;
  readonly optimizer: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly objective: "quadratic" | "rosenbrock";
  readonly steps: number;
  readonly A?: TensorSpec;
  readonly b?: TensorSpec;
  readonly x0: TensorSpec;
  readonly out: readonly TensorSpec[];
  readonly loss: readonly number[];
  readonly evals: readonly number[];
  readonly err32x: number;
}

/** An optimizer over parameters, with the options of its groups. */
export function buildOptimizer(spec: OptimizerSpec, params: readonly Tensor[]): any {
  const groups = spec.groups.map(({ params: indices, ...options }) => ({
    params: indices.map((i) => params[i]),
    ...Object.fromEntries(Object.entries(options).map(([name, value]) => [camelCase(name), plainValue(value)])),
  }));
  return construct(`optim.${spec.optimizer}`, [groups], decodeNamed(spec.kwargs), []);
}

/** Group options are read by the optimizer as they are: plain numbers. */
export const plainValue = (json: unknown): unknown => {
  const value = decode(json) as any;
  return Array.isArray(json) ? json.map(plainValue) : (value?.value ?? value);
};

export function runOptim(sample: OptimSample | ObjectiveSample): SampleResult | Promise<SampleResult> {
  try {
    if ("objective" in sample) return { forward: torch.tidy(() => judgeObjective(sample)) };
    if (isCpu()) return { forward: torch.tidy(() => judgeSteps(sample, computeSteps(sample))) };
    const computed = torch.tidy(() => computeSteps(sample));
    return fetched(computed).then(
      (here) => ({ forward: judgeSteps(sample, here) }),
      (error) => ({ forward: outcomeOf(error) }),
    );
  } catch (error) {
    return { forward: outcomeOf(error) };
  }
}

/** The parameters after each step, and the state after the last. */
interface Steps {
  readonly after: readonly (readonly Tensor[])[];
  readonly state: any;
}

function computeSteps(sample: OptimSample): Steps {
  const params = sample.params.map((spec) => toTensor(spec).requiresGrad_());
  const optimizer = buildOptimizer(sample, params);
  const after = sample.grads.map((grads) => {
    params.forEach((param, i) => {
      const grad = grads[i];
      param.grad = grad ? toTensor(grad) : null;
    });
    optimizer.step();
    return params.map((param) => param.detach().clone());
  });
  return { after, state: optimizer.stateDict().state };
}

function judgeSteps(sample: OptimSample, { after, state }: Steps): Result {
  for (const [t, params] of after.entries())
    for (const [i, param] of params.entries()) {
      const verdict = judgeTensor(param, sample.out[t]![i]!, sample.err32x);
      if (verdict) return failed(`step ${t}, parameter ${i}: ${verdict}`);
    }
  return judgeState(sample, state);
}

/** The state dict has PyTorch's layout: the same keys, and tensors of the same shape. */
function judgeState(sample: OptimSample, state: any): Result {
  for (const [index, expected] of Object.entries(sample.state_keys)) {
    const own = state.get?.(Number(index)) ?? state[index];
    if (own === undefined) return failed(`stateDict: no state of parameter ${index}`);
    for (const [key, shape] of Object.entries(expected)) {
      const value = own[key];
      if (value === undefined) return failed(`stateDict: no ${key} of parameter ${index}`);
      if (typeof shape === "object" && value?.shape?.join() !== shape.s.join())
        return failed(`stateDict: ${key} of parameter ${index} has shape [${value?.shape}] instead of [${shape.s}]`);
    }
  }
  return passed;
}

function objective(sample: ObjectiveSample, x: Tensor): Tensor {
  if (sample.objective === "quadratic") {
    const [A, b] = [toTensor(sample.A!), toTensor(sample.b!)];
    return torch.sub(torch.mul(torch.dot(x, torch.mv(A, x)), 0.5), torch.dot(b, x));
  }
  const n = x.shape[0]!;
  const [head, tail] = [torch.narrow(x, 0, 0, n - 1), torch.narrow(x, 0, 1, n - 1)];
  const valley = torch.sub(tail, torch.mul(head, head));
  const slope = torch.sub(1, head);
  return torch.sum(torch.add(torch.mul(torch.mul(valley, valley), 100), torch.mul(slope, slope)));
}

function judgeObjective(sample: ObjectiveSample): Result {
  const x = toTensor(sample.x0).requiresGrad_();
  const optimizer = construct(`optim.${sample.optimizer}`, [[x]], decodeNamed(sample.kwargs), []);
  let evals = 0;
  const closure = () => {
    evals++;
    optimizer.zeroGrad();
    const loss = objective(sample, x);
    loss.backward();
    return loss;
  };
  for (let t = 0; t < sample.steps; t++) {
    const returned = optimizer.step(closure);
    const loss = typeof returned === "number" ? returned : returned.item();
    const verdict = judgeTensor(x, sample.out[t]!, sample.err32x);
    if (verdict) return failed(`step ${t}: ${verdict}`);
    if (!isClose(loss, sample.loss[t]!, { rtol: 1e-4, atol: 1e-5 }, sample.err32x))
      return failed(`loss of step ${t} is ${loss}, expected ${sample.loss[t]}`);
    if (evals !== sample.evals[t]) return failed(`${evals} evaluations after step ${t}, expected ${sample.evals[t]}`);
  }
  return passed;
}
