/** `torch.Size`, and names of types. */

import { checkIterable } from "./core/arguments";
import { nameOf } from "./core/className";
import { describe } from "./core/errors";
import { checkSize, type TensorSize } from "./core/shape";
import { named } from "./core/signature";
import { Storage } from "./tensor/storage";
import { Tensor } from "./tensor/tensor";

/** The sizes of a tensor. */
export type Size = TensorSize;

/**
 * A size as an array that cannot be changed, checked: integers that are not negative. Shapes of tensors are plain arrays of numbers.
 * @see torch.Size
 * @throws ArgumentError for anything else.
 */
export const Size = named("Size", "sizes", (sizes: Iterable<number>): TensorSize => {
  const list = checkIterable("Size", "sizes", sizes, "integers") as number[];
  return Object.freeze(checkSize("Size", [list])) as TensorSize;
});

/** What PyTorch calls the type of a tensor, `torch.FloatTensor`; of others the name of their class. @see torch.typename */
export function typename(o: unknown): string {
  if (o instanceof Tensor) return o.type();
  const type: unknown = o === null || o === undefined ? undefined : Object(o).constructor;
  if (typeof type !== "function") return describe(o);
  return type === Function ? nameOf(o) : nameOf(type);
}

/** Whether a value is the memory of tensors, which programs do not get to see: so false. @see torch.is_storage */
export const isStorage = (obj: unknown): boolean => obj instanceof Storage;
