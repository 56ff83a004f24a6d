/** The same call on the cpu and on the strict device. */
import { floatsOf, tensorsOf, torch } from "../ops/spec";

export type Op = (...args: any[]) => unknown;

/** Values with every tensor among them replaced, in lists and options too. */
export function mapTensors(value: any, change: (x: any) => any): any {
  if (value instanceof torch.Tensor) return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTensors(item, change));
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTensors(item, change)]));
  return value;
}

/** A leaf on the strict device with the values of `x`. */
export const there = (x: any): any => x.detach().to("webgpu").requiresGrad_(x.requiresGrad);

/** What a call gives: its results, and the gradients of its floating-point inputs. */
interface Outcome {
  readonly results: readonly any[];
  readonly gradients: readonly any[];
}

function outcome(op: Op, args: readonly unknown[]): Outcome {
  torch.manualSeed(7);
  const results = tensorsOf(op(...args));
  const inputs = floatsOf(args).filter((x) => x.requiresGrad);
  const differentiable = results.filter((y) => y.requiresGrad);
  if (differentiable.length === 0 || inputs.length === 0) return { results, gradients: [] };
  const gradOutputs = differentiable.map((y) => y.detach().cos());
  return { results, gradients: torch.autograd.grad(differentiable, inputs, { gradOutputs, allowUnused: true }) };
}

/** Tensors of the strict device, read as tests may. */
export const home = (xs: readonly any[]): Promise<any[]> => Promise.all(xs.map((x) => x?.detach().cpu() ?? null));

/** @throws Error unless the tensors are equal in dtype and shape, and close in their values. */
export function compare(what: string, actual: readonly any[], expected: readonly any[], atol = 1e-7): void {
  if (actual.length !== expected.length) throw new Error(`${what}: ${actual.length} tensors, not ${expected.length}`);
  actual.forEach((a, i) => {
    const b = expected[i];
    if ((a === null) !== (b === null)) throw new Error(`${what} ${i}: ${a} instead of ${b}`);
    if (a === null) return;
    if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join())
      throw new Error(`${what} ${i}: ${a.dtype} [${a.shape}] instead of ${b.dtype} [${b.shape}]`);
    if (!torch.allclose(a.double(), b.double(), { rtol: 1e-6, atol, equalNan: true }))
      throw new Error(`${what} ${i}: other values than on the cpu`);
  });
}

/**
 * Runs a call on both devices.
 * @throws Error if a result or gradient is not on the strict device, or differs from the cpu's.
 */
export async function checkThere(op: Op, args: readonly unknown[]): Promise<void> {
  const here = outcome(op, args);
  const moved = outcome(op, mapTensors([...args], there));
  for (const [what, xs] of Object.entries(moved) as [string, any[]][])
    xs.forEach((x, i) => {
      if (x !== null && x.device !== "webgpu") throw new Error(`${what} ${i}: on ${x.device}`);
    });
  compare("results", await home(moved.results), here.results);
  compare("gradients", await home(moved.gradients), here.gradients);
}
