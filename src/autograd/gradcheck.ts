/** Gradients checked against finite differences: the judge of every derivative in the table. */

import { checkFunction, checkNumber } from "../core/arguments";
import { isFloat } from "../core/dtype";
import { ArgumentError, AutogradError, describe, ValueError } from "../core/errors";
import { named } from "../core/signature";
import { tensor } from "../tensor/create";
import { isTensor, Tensor } from "../tensor/tensor";
import { grad } from "./backward";
import { checkRepeats, checkUndefined, checkZeros, sample } from "./gradcheckBackward";
import { enableGrad } from "./mode";

/** Options of {@link gradcheck} and {@link gradgradcheck}. */
export interface GradcheckOptions {
  /** Step of the finite differences. Default: 1e-6. */
  eps?: number;
  /** Absolute tolerance. Default: 1e-5. */
  atol?: number;
  /** Relative tolerance. Default: 1e-3. */
  rtol?: number;
  /** Throw on a mismatch (the default) instead of returning false. */
  raiseException?: boolean;
  /** How far two runs of the same backward may differ. Default: 0. */
  nondetTol?: number;
  /** Also check backward when gradients of some outputs are missing. Default: true. */
  checkUndefinedGrad?: boolean;
}

/** Options of {@link gradgradcheck}. */
export interface GradgradcheckOptions extends GradcheckOptions {
  /** Draw gradients of the outputs that are not contiguous. Default: false. */
  genNonContigGradOutputs?: boolean;
}

/** A function of tensors with one or several tensors as its result; others in the result are ignored. */
export type Differentiable = (...inputs: Tensor[]) => Tensor | readonly unknown[];

type Settings = Required<Omit<GradcheckOptions, "raiseException">>;

const tolerances = { eps: 1e-6, atol: 1e-5, rtol: 1e-3, nondetTol: 0 };

function run(
  op: string,
  { raiseException = true, checkUndefinedGrad = true, ...options }: GradcheckOptions,
  check: (settings: Settings) => void,
): boolean {
  const settings = { ...tolerances, checkUndefinedGrad };
  for (const name of Object.keys(tolerances) as (keyof typeof tolerances)[])
    settings[name] = checkNumber(op, name, options[name] ?? tolerances[name]);
  try {
    check(settings);
    return true;
  } catch (error) {
    if (raiseException || !(error instanceof AutogradError)) throw error;
    return false;
  }
}

/**
 * Compares the gradients of `fn` at `inputs` with central finite differences: every output with respect to every input that
 * requires grad. Use float64 inputs; float32 is too coarse for the default tolerances.
 *
 * @returns true; on a mismatch it throws, or returns false with `raiseException: false`.
 * @throws AutogradError showing the numerical and the analytical Jacobian, ValueError if no input requires grad.
 * @see torch.autograd.gradcheck
 * @example torch.autograd.gradcheck((x) => x.sin().mul(x), [torch.randn(3, { dtype: torch.float64, requiresGrad: true })]);
 */
export const gradcheck = named(
  "gradcheck",
  "func(), inputs;; eps, atol, rtol, raiseException, nondetTol, checkUndefinedGrad",
  (fn: Differentiable, inputs: Tensor | readonly Tensor[], options: GradcheckOptions = {}): boolean => {
    const list = checkArguments("gradcheck", fn, inputs);
    return run("gradcheck", options, (settings) => enableGrad(() => checkAll(fn, list, settings)));
  },
);

/**
 * Compares second derivatives with finite differences: {@link gradcheck} of the gradients of `fn`, as functions of the inputs
 * and of the gradients of the outputs.
 *
 * @param gradOutputs Gradients of the outputs; default: values drawn in a fixed way, so that a failure can be repeated.
 * @see torch.autograd.gradgradcheck
 */
export const gradgradcheck = named(
  "gradgradcheck",
  "func(), inputs, gradOutputs?;; eps, atol, rtol, genNonContigGradOutputs, raiseException, nondetTol, checkUndefinedGrad",
  (
    fn: Differentiable,
    inputs: Tensor | readonly Tensor[],
    gradOutputs?: Tensor | readonly Tensor[] | null,
    options: GradgradcheckOptions = {},
  ): boolean => {
    const { genNonContigGradOutputs = false, ...rest } = options;
    const list = checkArguments("gradgradcheck", fn, inputs);
    return run("gradgradcheck", rest, (settings) =>
      enableGrad(() => {
        const draw = genNonContigGradOutputs ? sampleWithGaps : sample;
        const cotangents =
          gradOutputs == null
            ? differentiableOutputs(fn, list).map(([, y]) => draw(y))
            : checkTensors("gradgradcheck", "gradOutputs", gradOutputs);
        const seeds = cotangents.map((g) => g.detach().requiresGrad_());
        checkAll(gradientOf(fn, list), [...list, ...seeds], settings);
      }),
    );
  },
);

function checkTensors(op: string, name: string, value: unknown): Tensor[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  for (const x of list)
    if (!isTensor(x))
      throw new ArgumentError(`${op}: ${name} must be a Tensor or an array of them, got ${describe(x)}`);
  return list as Tensor[];
}

/** Inputs that are not tensors are passed on to `fn` as they are. */
function checkArguments(op: string, fn: unknown, inputs: unknown): Tensor[] {
  checkFunction(op, "fn", fn);
  return Array.isArray(inputs) ? inputs : checkTensors(op, "inputs", inputs);
}

function checkAll(fn: Differentiable, inputs: readonly Tensor[], settings: Settings): void {
  const checked = inputs.filter((x) => isTensor(x) && x.requiresGrad);
  if (checked.length === 0)
    throw new ValueError(
      "gradcheck expects at least one input tensor to require gradient, but none of the them have requiresGrad: true.",
    );
  checkJacobians(fn, inputs, settings);
  const outputs = (): Tensor[] => differentiableOutputs(fn, inputs).map(([, y]) => y);
  checkRepeats(outputs(), checked, settings.nondetTol);
  checkZeros(outputs(), checked);
  if (settings.checkUndefinedGrad) checkUndefined(outputs, checked);
}

/** The gradients of `fn` as a function of its inputs, followed by the gradients of its outputs. */
function gradientOf(fn: Differentiable, inputs: readonly Tensor[]): Differentiable {
  const wanted = inputs.flatMap((x, i) => (isTensor(x) && x.requiresGrad ? [i] : []));
  return (...all) => {
    const given = all.slice(0, inputs.length);
    const outputs = differentiableOutputs(fn, given).map(([, y]) => y);
    const sources = wanted.map((i) => given[i]!);
    const gradOutputs = all.slice(inputs.length);
    const grads = grad(outputs, sources, { gradOutputs, createGraph: true, allowUnused: true });
    return grads.filter((g) => g !== null);
  };
}

/** The outputs that depend on an input, with their positions. */
function differentiableOutputs(fn: Differentiable, inputs: readonly Tensor[]): [number, Tensor][] {
  return outputsOf(fn, inputs).flatMap((y, i): [number, Tensor][] =>
    y instanceof Tensor && y.requiresGrad ? [[i, y]] : [],
  );
}

function outputsOf(fn: Differentiable, inputs: readonly Tensor[]): readonly unknown[] {
  const result = fn(...inputs);
  if (isTensor(result)) return [result];
  if (!Array.isArray(result))
    throw new ArgumentError(`gradcheck: fn must return a Tensor or an array of outputs, got ${describe(result)}`);
  return result;
}

/** {@link sample} on every second element of its memory. */
function sampleWithGaps(y: Tensor): Tensor {
  return sample(y)
    .unsqueeze(-1)
    .repeat(...y.shape.map(() => 1), 2)
    .select(-1, 0);
}

function checkJacobians(fn: Differentiable, inputs: readonly Tensor[], settings: Settings): void {
  const checked = inputs.flatMap((x, i) => (isTensor(x) && x.requiresGrad ? [i] : []));
  const outputs = outputsOf(fn, inputs);
  for (const i of checked) {
    const numerical = numericalJacobian(fn, inputs, i, settings.eps);
    for (const [k, output] of outputs.entries()) {
      if (!(output instanceof Tensor) || !isFloat(output.dtype)) continue;
      compare(k, i, analyticalJacobian(output, inputs[i]!), numerical.get(k), settings);
    }
  }
}

/** Rows of d output[r] / d input, by backward. */
function analyticalJacobian(output: Tensor, input: Tensor): Float64Array[] {
  const rows = output.numel();
  return Array.from({ length: rows }, (_, row) => {
    if (!output.requiresGrad) return new Float64Array(input.numel());
    const unit = tensor(new Float64Array(rows).with(row, 1), { dtype: output.dtype, device: output.device }).reshape([
      ...output.shape,
    ]);
    const options = { gradOutputs: unit, retainGraph: true, allowUnused: true } as const;
    const [g] = grad(output, input, options);
    return g ? Float64Array.from(g.toTypedArray() as ArrayLike<number>, Number) : new Float64Array(input.numel());
  });
}

/** The Jacobian of each output with respect to one input: rows are elements of the output. Other inputs keep their values. */
function numericalJacobian(
  fn: Differentiable,
  inputs: readonly Tensor[],
  which: number,
  eps: number,
): Map<number, Float64Array[]> {
  const x = inputs[which]!;
  const base = Float64Array.from(x.toTypedArray() as ArrayLike<number>, Number);
  const at = (column: number, step: number): (Float64Array | undefined)[] => {
    const moved = base.with(column, base[column]! + step);
    const point = tensor(moved, { dtype: x.dtype, device: x.device }).reshape([...x.shape]);
    return outputsOf(fn, inputs.with(which, point.requiresGrad_())).map(valuesOf);
  };
  const jacobian = new Map<number, Float64Array[]>();
  for (let column = 0; column < base.length; column++) {
    const [above, below] = [at(column, eps), at(column, -eps)];
    above.forEach((values, k) => {
      if (values === undefined) return;
      const rows = jacobian.get(k) ?? Array.from(values, () => new Float64Array(base.length));
      jacobian.set(k, rows);
      values.forEach((value, row) => {
        rows[row]![column] = (value - below[k]![row]!) / (2 * eps);
      });
    });
  }
  return jacobian;
}

const valuesOf = (y: unknown): Float64Array | undefined =>
  y instanceof Tensor && isFloat(y.dtype)
    ? Float64Array.from(y.toTypedArray() as ArrayLike<number>, Number)
    : undefined;

function compare(
  output: number,
  input: number,
  analytical: readonly Float64Array[],
  numerical: readonly Float64Array[] | undefined,
  { atol, rtol }: Settings,
): void {
  const close = analytical.every((row, r) =>
    row.every((a, c) => {
      const n = numerical?.[r]?.[c] ?? 0;
      return Math.abs(a - n) <= atol + rtol * Math.abs(n) || (Number.isNaN(a) && Number.isNaN(n));
    }),
  );
  if (close) return;
  throw new AutogradError(
    `Jacobian mismatch for output ${output} with respect to input ${input},\n` +
      `numerical:${jacobianText(numerical ?? [])}\nanalytical:${jacobianText(analytical)}\n`,
  );
}

/** The transposed Jacobian as PyTorch prints it: a row per element of the input. */
function jacobianText(rows: readonly Float64Array[]): string {
  const columns = Array.from({ length: rows[0]?.length ?? 0 }, (_, c) => rows.map((row) => row[c]!.toPrecision(5)));
  return `tensor([${columns.map((column) => `[${column.join(", ")}]`).join(",\n        ")}])`;
}
