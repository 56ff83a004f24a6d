/** The types of lists of tensors. */
import type { Items } from "../core/items";
import type { Tensor } from "./tensor";

/** Several results. The first are known to be there to TypeScript's `noUncheckedIndexedAccess` as well: `const [a, b] = x.split(2)`. */
export interface Tensors extends Array<Tensor>, Items<Tensor> {}

/** `N` results: a tuple where the number is known and not large. */
export type Several<N extends number, T extends Tensor[] = []> = number extends N
  ? Tensors
  : T["length"] extends N
    ? T
    : T["length"] extends 16
      ? Tensors
      : Several<N, [...T, Tensor]>;
