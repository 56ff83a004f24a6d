/** What strict mode takes for an error: results that do not depend on what they are differentiated by. */
import { AutogradError } from "../../core/errors";
import type { Tensor } from "../../tensor/tensor";

type Kind = "outputs" | "grad_inputs" | "jacobian" | "hessian";

const complaints: Record<Kind, (i: number) => string> = {
  outputs: (i) =>
    `Output ${i} of the user-provided function does not require gradients. The outputs must be computed in a differentiable manner from the input when running in strict mode.`,
  grad_inputs: (i) =>
    `The gradient with respect to input ${i} is independent of the inputs of the user-provided function. This is not allowed in strict mode.`,
  jacobian: (i) =>
    `While computing the hessian, found that the jacobian of the user-provided function with respect to input ${i} is independent of the input. This is not allowed in strict mode. You should ensure that your function is twice differentiable and that the jacobian depends on the inputs (this would be violated by a linear function for example).`,
  hessian: (i) =>
    `The hessian of the user-provided function with respect to input ${i} is independent of the input. This is not allowed in strict mode. You should ensure that your function is thrice differentiable and that the hessian depends on the inputs.`,
};

const independent = (i: number): string =>
  `The output of the user-provided function is independent of input ${i}. This is not allowed in strict mode.`;

/** In strict mode, every tensor must be there and require grad. */
export function requireGraph(list: readonly (Tensor | null)[], kind: Kind, strict: boolean): void {
  if (!strict) return;
  list.forEach((x, i) => {
    if (x === null) throw new AutogradError(independent(i));
    if (!x.requiresGrad) throw new AutogradError(complaints[kind](i));
  });
}

/** Which backward a gradient comes from. */
type Stage = "back" | "back_trick" | "double_back" | "double_back_trick";

const missing: Record<Stage, (i: number) => string> = {
  back: independent,
  back_trick: (i) =>
    `The gradient with respect to the input is independent of entry ${i} in the grad_outputs when using the double backward trick to compute forward mode gradients. This is not allowed in strict mode.`,
  double_back: (i) =>
    `The jacobian of the user-provided function is independent of input ${i}. This is not allowed in strict mode.`,
  double_back_trick: (i) =>
    `The hessian of the user-provided function is independent of entry ${i} in the grad_jacobian. This is not allowed in strict mode as it prevents from using the double backward trick to replace forward mode AD.`,
};

/** Gradients with zeros for those that are missing; an error in strict mode. */
export function withZeros(
  grads: readonly (Tensor | null)[],
  like: readonly Tensor[],
  stage: Stage,
  { strict, createGraph }: { strict: boolean; createGraph: boolean },
): Tensor[] {
  return grads.map((g, i) => {
    if (g === null && strict) throw new AutogradError(missing[stage](i));
    if (g !== null && strict && createGraph && !g.requiresGrad) throw new AutogradError(constant(stage, i));
    return g ?? like[i]!.newZeros(like[i]!.shape);
  });
}

/** A derivative that was to be differentiated, and does not depend on the inputs. */
export const constant = (stage: Stage, i: number): string =>
  `The ${stage.startsWith("double") ? "hessian" : "jacobian"} of the user-provided function is independent of input ${i}. This is not allowed in strict mode when createGraph: true.`;
