/** Selections of the elements of a vector. */
import { checkInteger, MAX_COUNT } from "../../core/arguments";
import { ShapeError, ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import { vectorOf } from "../../tensor/create";
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

/** Writes all increasing selections of `r` of the numbers below `n`, with or without repetition, in lexical order, one after the other. */
function writeSelections(into: Int32Array, n: number, r: number, isRepeated: boolean): void {
  const chosen = Array.from({ length: r }, (_, i) => (isRepeated ? 0 : i));
  const last = (k: number): number => (isRepeated ? n - 1 : n - r + k);
  for (let at = 0; at < into.length; at += r) {
    for (let k = 0; k < r; k++) into[at + k] = chosen[k]!;
    let k = r - 1;
    while (k > 0 && chosen[k] === last(k)) k--;
    chosen[k]!++;
    for (let next = k + 1; next < r; next++) chosen[next] = chosen[next - 1]! + (isRepeated ? 0 : 1);
  }
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
    const rows = vectorOf("int32", count * r, x, (into) =>
      writeSelections(into, x.shape[0]!, r, options.withReplacement ?? false),
    );
    return x.indexSelect(0, rows).reshape(count, r);
  },
);
