/** Checks of the ops that are ordinary functions, by sample calls. */
import { runsAll } from "../helpers/cut";
import {
  assertClose,
  type DType,
  floatsOf,
  layouts,
  materialize,
  type Tensor,
  tensorsOf,
  torch,
  withFloats,
} from "./spec";

export type Op = (...args: any[]) => unknown;

/** What is not expected of an op. */
export interface Exemptions {
  /** No gradient flows to its inputs; some do not even take inputs that require grad. */
  readonly gradient?: "absent" | "refused";
  /** The gradient is not differentiable. */
  readonly second?: boolean;
  /** Other layouts of the inputs mean another result, or none. */
  readonly layout?: boolean;
  /** The result is too coarse for finite differences. */
  readonly coarse?: boolean;
}

const valuesOf = (x: Tensor): ArrayLike<number | bigint> => x.toTypedArray();

/** A copy of the arguments in which every tensor is contiguous. */
const contiguous = (args: readonly unknown[]): unknown[] =>
  withFloats(
    args,
    floatsOf(args).map((x) => x.clone()),
  );

/** An op that changes its first argument, as one that does not. */
export const onCopy =
  (op: Op): Op =>
  (x, ...rest) =>
    op(x.clone(), ...rest);

/** In every layout the op gives what it gives on contiguous copies. */
export function checkLayouts(name: string, op: Op, sample: readonly unknown[], dtype: DType = "float64"): void {
  for (const layout of layouts)
    torch.tidy(() => {
      const args = materialize(sample, layout, dtype);
      if (args === undefined) return;
      const expected = tensorsOf(op(...contiguous(args)));
      const actual = tensorsOf(op(...args));
      if (actual.length !== expected.length) throw new Error(`${name} ${layout}: ${actual.length} tensors`);
      actual.forEach((y, i) => {
        if (y.shape.join() !== expected[i]!.shape.join()) throw new Error(`${name} ${layout}: shape [${y.shape}]`);
        assertClose(y, valuesOf(expected[i]!), 1e-9, 1e-12, `${name} ${layout}`);
      });
    });
}

/** float32 gives what float64 gives, in float32. */
export function checkSingle(name: string, op: Op, sample: readonly unknown[]): void {
  torch.tidy(() => {
    const single = materialize(sample, "contiguous", "float32")!;
    const double = withFloats(
      single,
      floatsOf(single).map((x) => x.double()),
    );
    const expected = tensorsOf(op(...double));
    tensorsOf(op(...single)).forEach((y, i) => {
      const same =
        y.dtype === (expected[i]!.dtype === "float64" && floatsOf(single).length > 0 ? "float32" : expected[i]!.dtype);
      if (!same && y.dtype !== expected[i]!.dtype)
        throw new Error(`${name}: ${y.dtype} from float32, ${expected[i]!.dtype} from float64`);
      assertClose(y, valuesOf(expected[i]!), 1e-4, 1e-5, `${name} float32`);
    });
  });
}

/** A result in floating point depends on its floating-point inputs, and both derivatives agree with finite differences. */
export function checkGradients(name: string, op: Op, sample: readonly unknown[], exempt: Exemptions): void {
  torch.tidy(() => {
    const args = materialize(sample, "contiguous", "float64", true)!;
    const inputs = floatsOf(args);
    if (inputs.length === 0) return;
    if (exempt.gradient === "refused") return checkRefusal(name, op, args);
    const outputs = tensorsOf(op(...args)).filter((y) => y.isFloatingPoint());
    const depends = outputs.some((y) => y.requiresGrad);
    if (exempt.gradient) {
      if (depends) throw new Error(`${name} is listed as not differentiable, but has a gradient`);
      return;
    }
    if (outputs.length === 0) return;
    if (!depends) throw new Error(`${name} has no gradient; declare why, or give it one`);
    if (exempt.coarse) return;
    const f = (...floats: Tensor[]) => tensorsOf(op(...withFloats(args, floats))).filter((y) => y.isFloatingPoint());
    torch.autograd.gradcheck(f, inputs, { rtol: 1e-5, atol: 1e-6 });
    // PyTorch's samples (test/conformance) compare second derivatives in every run.
    if (runsAll && !exempt.second) torch.autograd.gradgradcheck(f, inputs, null, { rtol: 1e-4, atol: 1e-5 });
  });
}

function checkRefusal(name: string, op: Op, args: readonly unknown[]): void {
  try {
    op(...args);
  } catch {
    return;
  }
  throw new Error(`${name} is listed as refusing inputs that require grad, but takes them`);
}

/** A result that is larger than the tensor that it should go into is refused. */
function checkTooSmall(name: string, call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (error instanceof torch.KindlingError) return;
    throw error;
  }
  throw new Error(`${name}_ gives a tensor of another shape than its own`);
}

/** The in-place form: the same values and gradients, through a clone. */
export function checkInplace(name: string, op: Op, inplace: Op, sample: readonly unknown[], exempt: Exemptions): void {
  torch.tidy(() => {
    const args = materialize(sample, "contiguous", "float64", !exempt.gradient)!;
    const [y] = tensorsOf(op(...args));
    const x = args[0] as Tensor;
    const z = x.clone();
    if (y!.shape.join() !== x.shape.join() && !/^(t|squeeze|unsqueeze|transpose|swap|asStrided)/.test(name)) {
      checkTooSmall(name, () => inplace(z, ...args.slice(1)));
      return;
    }
    const result = inplace(z, ...args.slice(1));
    if (result !== z) throw new Error(`${name}_ does not return its tensor`);
    assertClose(z, valuesOf(y!.to(z.dtype)), 1e-12, 1e-12, `${name}_`);
    if (!y!.requiresGrad) return;
    const inputs = floatsOf(args).filter((input) => input.requiresGrad);
    const options = { gradOutputs: y!.detach().cos(), allowUnused: true };
    const direct = torch.autograd.grad(y, inputs, options) as (Tensor | null)[];
    const through = torch.autograd.grad(z, inputs, options) as (Tensor | null)[];
    direct.forEach((g, i) => {
      if (g) assertClose(through[i]!, valuesOf(g), 1e-9, 1e-12, `gradient of ${name}_`);
    });
  });
}
