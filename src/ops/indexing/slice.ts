/** `torch.slice`: a slice of a tensor, and Python's `slice(1, 3)` as an item of an index. */
import { checkInteger } from "../../core/arguments";
import { Slice } from "../../tensor/indexing";
import type { Tensor } from "../../tensor/tensor";
import { slice as sliceOf } from "../shape/view";

/** Whether a call means an item: bounds alone, which no tensor comes with. */
const isItem = (given: readonly unknown[]): boolean =>
  given.length > 0 && given.length <= 3 && given.every((bound) => bound == null || typeof bound === "number");

function sliceItem(...given: unknown[]): Slice {
  const [start, end, step] = given.length === 1 ? [null, given[0], null] : given;
  const bound = (name: string, value: unknown): number | null =>
    value == null ? null : checkInteger("slice", name, value);
  return new Slice(bound("start", start), bound("end", end), checkInteger("slice", "step", step ?? 1, 1));
}

/** {@link slice} in its two forms. */
export type SliceFunction = typeof sliceOf & {
  /** An item of an index up to `end`; null leaves a bound open. @see slice in Python */
  (end: number | null): Slice;
  /** An item of an index from `start` to before `end`. @see slice in Python @example x.at(torch.slice(1, 3)) */
  (start: number | null, end: number | null, step?: number | null): Slice;
};

/**
 * Elements `start`, `start + step`, … before `end`: of one axis of a tensor, or, without a tensor, an item for `x.at(…)` and `x.setAt(…)`.
 * @see torch.Tensor.slice
 * @example torch.slice(x, 0, 1, 3); x.at(torch.slice(1, 3), torch.slice(null, null, 2)) // x[1:3, ::2]
 */
export const slice: SliceFunction = Object.assign(
  (...given: any[]) => (isItem(given) ? sliceItem(...given) : (sliceOf as (...given: any[]) => Tensor)(...given)),
  sliceOf,
) as unknown as SliceFunction;
