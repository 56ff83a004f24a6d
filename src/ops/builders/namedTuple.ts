/** Results with names: tuples, as PyTorch's. */
import type { Tuple } from "../../core/record";
import type { Tensor } from "../../tensor/tensor";

export { namedTuple } from "../../core/record";

/**
 * Tensors by number and by name: `const [values, indices] = x.max(1)` and `const { values, indices } = x.max(1)` give the same, and so do
 * `x.max(1)[0]` and `x.max(1).values`.
 */
export type NamedTuple<N extends readonly string[]> = { readonly [K in N[number]]: Tensor } & Tuple<{
  [I in keyof N]: Tensor;
}>;
