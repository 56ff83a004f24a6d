/** What the layers with parameters share. */
import type { Device } from "../backend/backend";
import type { DType } from "../core/dtype";
import { empty } from "../tensor/create";
import { kaimingUniform_, uniform_ } from "./init";
import { fans } from "./initialization";
import { Parameter } from "./parameter";

/** Where and as what a layer makes its parameters. */
export interface FactoryOptions {
  /** Default: float32 (see `setDefaultDtype`). */
  dtype?: DType | undefined;
  /** Default: `"cpu"`. */
  device?: Device | "wasm" | undefined;
}

/** Options of a layer with all defaults filled in. */
export type Complete<O extends FactoryOptions> = Required<Omit<O, keyof FactoryOptions>> & FactoryOptions;

/** @internal The defaults of {@link FactoryOptions}. */
export const factory: FactoryOptions = { dtype: undefined, device: undefined };

/** @internal A parameter whose values are still to be set. */
export function newParameter(shape: readonly number[], { dtype, device }: FactoryOptions = {}): Parameter {
  return new Parameter(empty([...shape], { ...(dtype && { dtype }), ...(device && { device }) }));
}

/**
 * @internal PyTorch's default for weights of shape [out, in, …] and their biases: uniform within 1 / √fanIn.
 * The slope √5 makes the Kaiming bound come out as that.
 */
export function resetWeightAndBias(weight: Parameter, bias: Parameter | null): void {
  kaimingUniform_(weight, { a: Math.sqrt(5) });
  if (bias === null) return;
  const { fanIn } = fans(weight);
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
  uniform_(bias, -bound, bound);
}
