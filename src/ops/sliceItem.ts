/** `torch.slice`: a slice of a tensor, and Python's `slice(1, 3)` as an item of an index. */
import { checkInteger } from "../core/arguments";
import { ArgumentError, describe } from "../core/errors";
import { Slice } from "../tensor/indexing";
import { Tensor } from "../tensor/tensor";
import { slice as sliceOf } from "./view";

const isBound = (value: unknown): value is number | null | undefined =>
  value === null || value === undefined || typeof value === "number";

const bound = (name: string, value: unknown): number | null =>
  value === null || value === undefined ? null : checkInteger("slice", name, value);

function sliceItem(...given: unknown[]): Slice {
  if (given.length === 0 || given.length > 3 || !given.every(isBound))
    throw new ArgumentError(
      `slice: takes a Tensor and what to take of it, or as an item of x.at(…) the start, end and step, got ${given.map(describe).join(", ")}`,
    );
  const [start, end, step] = given.length === 1 ? [null, given[0], null] : given;
  return new Slice(bound("start", start), bound("end", end), checkInteger("slice", "step", step ?? 1, 1));
}

/** {@link slice} in its two forms. */
export interface SliceFunction {
  /** Elements of one axis, as {@link Tensor.slice} takes them. */
  (...args: Parameters<typeof sliceOf>): Tensor;
  /** An item of an index up to `end`; null leaves a bound open. @see slice in Python */
  (end: number | null): Slice;
  /** An item of an index from `start` to before `end`. @see slice in Python @example x.at(torch.slice(1, 3)) */
  (start: number | null, end: number | null, step?: number | null): Slice;
}

/**
 * Elements `start`, `start + step`, … before `end`: of one axis of a tensor, or, without a tensor, an item for `x.at(…)` and `x.setAt(…)`.
 * @see torch.Tensor.slice
 * @example torch.slice(x, 0, 1, 3); x.at(torch.slice(1, 3), torch.slice(null, null, 2)) // x[1:3, ::2]
 */
export const slice: SliceFunction = ((...given: unknown[]): Tensor | Slice =>
  given[0] instanceof Tensor
    ? sliceOf(...(given as Parameters<typeof sliceOf>))
    : sliceItem(...given)) as SliceFunction;
