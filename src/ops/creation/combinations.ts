/** Selections of the elements of a vector. */
import { checkInteger, MAX_COUNT } from "../../core/arguments";
import { ShapeError, ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import { tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";

/** The most numbers in the rows of {@link combinations}, which are listed before they are looked up. */
const MAX_LISTED = 2 ** 26;

/** How many selections of `r` of `n` there are. */
function countSelections(n: number, r: number, isRepeated: boolean): number {
  const m = isRepeated ? n + r - 1 : n;
  if (r > m) return 0;
  let count = 1;
  for (let k = 1; k <= Math.min(r, m - r) && count < MAX_LISTED; k++) count = (count * (m - k + 1)) / k;
  return count;
}

/** All increasing selections of `r` of the numbers below `n`, with or without repetition, in lexical order. */
function selections(n: number, r: number, isRepeated: boolean): number[][] {
  let list: number[][] = [[]];
  for (let k = 0; k < r; k++)
    list = list.flatMap((chosen) => {
      const first = chosen.length === 0 ? 0 : chosen.at(-1)! + (isRepeated ? 0 : 1);
      // Enough numbers must be left for the choices to come, so that no list is longer than the last.
      const end = isRepeated ? n : n - (r - 1 - k);
      return Array.from({ length: Math.max(0, end - first) }, (_, i) => [...chosen, first + i]);
    });
  return list;
}

/** Every selection of `r` elements of a vector, in order, as rows. @see torch.combinations */
export const combinations = named(
  "combinations",
  "input, r?; withReplacement",
  (x: Tensor, r = 2, options: { withReplacement?: boolean } = {}): Tensor => {
    checkTensor("combinations", x);
    if (x.ndim !== 1) throw new ShapeError(`combinations: Expect a 1D vector, but got shape [${x.shape.join(", ")}]`);
    if (checkInteger("combinations", "r", r, undefined, MAX_COUNT) < 0)
      throw new ValueError(`combinations: Expect a non-negative number, but got ${r}`);
    if (r === 0) return x.newEmpty([0]);
    const count = countSelections(x.shape[0]!, r, options.withReplacement ?? false);
    if (count === 0) return x.newEmpty([0, r]);
    if (count * r > MAX_LISTED)
      throw new ValueError(`combinations: the result may have ${MAX_LISTED} elements, these selections have more`);
    const rows = selections(x.shape[0]!, r, options.withReplacement ?? false);
    return x.indexSelect(0, tensor(rows.flat(), { dtype: "int64", device: x.device })).reshape(rows.length, r);
  },
);
