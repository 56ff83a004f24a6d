/** Differences of neighbors. */

import { checkInteger } from "../../core/arguments";
import { ValueError } from "../../core/errors";
import { wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { cat } from "../shape/join";

/** Options of {@link diff}. */
export interface DiffOptions {
  /** Elements to put before the first along `dim`. */
  prepend?: Tensor | null;
  /** Elements to put after the last along `dim`. */
  append?: Tensor | null;
}

/**
 * The n-th differences of neighbors along `dim`: each element minus the one before; of bools whether they differ.
 * @see torch.diff
 */
export const diff = named(
  "diff",
  "input, n?, dim?; prepend, append",
  (x: Tensor, n = 1, dim = -1, options: DiffOptions = {}): Tensor => {
    checkTensor("diff", x);
    if (x.ndim === 0) throw new ValueError("diff: expects input to be at least one-dimensional");
    if (checkInteger("diff", "n", n) < 0) throw new ValueError(`diff: order must be non-negative but got ${n}`);
    const d = wrapDim("diff", dim, x.ndim);
    const { prepend, append } = options;
    for (const [name, part] of Object.entries({ prepend, append })) if (part != null) checkTensor("diff", part, name);
    // Nothing is joined to the input where there is no difference to take, as in PyTorch.
    if (n === 0) return x.clone();
    let y = prepend || append ? cat([...(prepend ? [prepend] : []), x, ...(append ? [append] : [])], d) : x;
    for (let i = Math.min(n, y.shape[d]!); i > 0; i--) {
      const rest = Math.max(0, y.shape[d]! - 1);
      const [later, earlier] = [y.narrow(d, y.shape[d]! - rest, rest), y.narrow(d, 0, rest)];
      y = x.dtype === "bool" ? later.logicalXor(earlier) : later.sub(earlier);
    }
    return y;
  },
);
