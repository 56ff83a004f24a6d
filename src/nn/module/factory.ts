/** What the layers with parameters share. */
import { empty } from "../../tensor/create";
import { kaimingUniform_, uniform_ } from "../init";
import { fans } from "./initialization";
import type { FactoryOptions } from "./options";
import { Parameter, UninitializedParameter } from "./parameter";

export type { FactoryOptions } from "./options";

/** @internal A parameter whose values are still to be set. */
export function newParameter(shape: readonly number[], { dtype, device }: FactoryOptions = {}): Parameter {
  return new Parameter(empty([...shape], { ...(dtype && { dtype }), ...(device && { device }) }));
}

/**
 * @internal PyTorch's default for weights of shape [out, in, …] and their biases: uniform within 1 / √fanIn.
 * The slope √5 makes the Kaiming bound come out as that. Parameters that have no shape yet stay so.
 */
export function resetWeightAndBias(weight: Parameter, bias: Parameter | null): void {
  if (weight instanceof UninitializedParameter && weight.isUninitialized) return;
  kaimingUniform_(weight, { a: Math.sqrt(5) });
  if (bias === null) return;
  const { fanIn } = fans("resetParameters", weight);
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
  uniform_(bias, -bound, bound);
}
