/** Results with names: tuples, as PyTorch's. */
import type { Tensor } from "../tensor/tensor";

/**
 * Tensors by number and by name: `const [values, indices] = x.max(1)` and `const { values, indices } = x.max(1)` give the same, and so do
 * `x.max(1)[0]` and `x.max(1).values`.
 */
export type NamedTuple<N extends readonly string[]> = { readonly [K in N[number]]: Tensor } & {
  readonly [I in keyof N]: Tensor;
};

const name = (tuple: unknown[], field: string, value: unknown): void => {
  Object.defineProperty(tuple, field, { value, writable: true, configurable: true });
};

/** The values of `fields` as an array that has their names as well. Names are not enumerable: what walks over the tuple meets each tensor once. */
export function namedTuple(fields: Readonly<Record<string, unknown>>): any {
  const tuple: unknown[] = Object.values(fields);
  for (const [field, value] of Object.entries(fields)) name(tuple, field, value);
  return tuple;
}

/** Gives `values` the names of `tuple`, if it has any. */
export function renamed(tuple: readonly unknown[], values: unknown[]): unknown[] {
  const fields = Object.getOwnPropertyNames(tuple).slice(tuple.length + 1);
  fields.forEach((field, i) => {
    name(values, field, values[i]);
  });
  return values;
}
