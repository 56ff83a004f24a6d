/** What gradcheck asks of a backward besides the right Jacobian. */
import { AutogradError } from "../core/errors";
import { tensor } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { grad } from "./backward";

/** @internal A tensor like `y` with values between −1 and 1, the same in every run. */
export function sample(y: Tensor): Tensor {
  const values = Float64Array.from({ length: y.numel() }, (_, i) => Math.sin(12.9898 * (i + 1)));
  return tensor(values, { dtype: y.dtype, device: y.device }).reshape([...y.shape]);
}

const zeros = (y: Tensor): Tensor => y.detach().newZeros(y.shape);

function gradsOf(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  gradOutputs: readonly Tensor[],
): (Tensor | null)[] {
  return outputs.length === 0
    ? inputs.map(() => null)
    : grad(outputs, inputs, { gradOutputs, retainGraph: true, allowUnused: true });
}

/** Backward must give the same each time. @throws AutogradError if two runs differ by more than `tolerance`. */
export function checkRepeats(outputs: readonly Tensor[], inputs: readonly Tensor[], tolerance: number): void {
  const gradOutputs = outputs.map(sample);
  const [first, second] = [gradsOf(outputs, inputs, gradOutputs), gradsOf(outputs, inputs, gradOutputs)];
  first.forEach((g, i) => {
    const difference = g && second[i] ? g.sub(second[i]).abs().detach() : null;
    if (difference?.gt(tolerance).any().item())
      throw new AutogradError(
        `Backward is not reentrant, i.e., running backward with same input and gradOutputs multiple times gives different values, although analytical gradient matches numerical gradient. The tolerance for nondeterminism was ${tolerance}.`,
      );
  });
}

/** Backward must be linear in the gradients of the outputs: zeros give zeros. */
export function checkZeros(outputs: readonly Tensor[], inputs: readonly Tensor[]): void {
  if (!areZero(gradsOf(outputs, inputs, outputs.map(zeros))))
    throw new AutogradError("backward not multiplied by grad_output");
}

/** Backward must do without the gradient of any one of several outputs. @param outputs Runs the function again. */
export function checkUndefined(outputs: () => Tensor[], inputs: readonly Tensor[]): void {
  const count = outputs().length;
  for (let missing = 0; count > 1 && missing < count; missing++) {
    const rest = outputs().toSpliced(missing, 1);
    if (!areZero(gradsWithout(rest, inputs)))
      throw new AutogradError(
        "Expected all input grads to be undefined or zero when all output grads are undefined or zero.",
      );
  }
}

function gradsWithout(outputs: readonly Tensor[], inputs: readonly Tensor[]): (Tensor | null)[] {
  try {
    return gradsOf(outputs, inputs, outputs.map(zeros));
  } catch (error) {
    throw new AutogradError(
      `Expected backward function to handle undefined output grads, but it failed: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** NaN counts as zero: it is what an infinite derivative makes of a zero gradient. */
const areZero = (grads: readonly (Tensor | null)[]): boolean =>
  grads.every((g) => g === null || !g.detach().abs().gt(0).any().item());
