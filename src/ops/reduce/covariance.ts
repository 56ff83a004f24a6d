/** Covariance and correlation of variables in rows. */

import { checkInteger } from "../../core/arguments";
import { isFloat } from "../../core/dtype";
import { ShapeError } from "../../core/errors";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { mm } from "../linalg/matmul";

/** Options of {@link cov}. */
export interface CovOptions {
  /** What is subtracted from the number of observations in the divisor. Default: 1. */
  correction?: number;
  /** How often each observation counts, integers [n]. */
  fweights?: Tensor | null;
  /** How much each observation weighs [n]. */
  aweights?: Tensor | null;
}

/** What the sum of products is divided by. */
function divisor(n: number, weights: Tensor | null, aweights: Tensor | null, correction: number): Tensor | number {
  if (weights === null) return Math.max(0, n - correction);
  const total = weights.sum();
  if (aweights === null || correction === 0) return total.sub(correction).clampMin(0);
  return total.sub(weights.mul(aweights).sum().div(total).mul(correction)).clampMin(0);
}

/**
 * The covariance matrix of variables in rows, with an observation in each column. Shape: [m, n] → [m, m]; [n] → [].
 * @see torch.cov
 */
export const cov = named(
  "cov",
  "input;; correction, fweights, aweights",
  (x: Tensor, options: CovOptions = {}): Tensor => {
    checkTensor("cov", x);
    const { correction = 1, fweights = null, aweights = null } = options;
    checkInteger("cov", "correction", correction);
    for (const [name, w] of Object.entries({ fweights, aweights })) if (w !== null) checkTensor("cov", w, name);
    if (x.ndim > 2)
      throw new ShapeError(
        `cov: expected input to have two or fewer dimensions but got an input with ${x.ndim} dimensions`,
      );
    const rows = x.ndim === 2 ? x : x.reshape([1, -1]);
    const input = isFloat(rows.dtype) ? rows : rows.float();
    const n = rows.shape[1]!;
    for (const w of [fweights, aweights])
      if (w !== null && (w.ndim !== 1 || w.shape[0] !== n))
        throw new ShapeError(`cov: expected weights to be 1-D with ${n} elements, one per observation`);
    const w = fweights && aweights ? aweights.mul(fweights) : (fweights ?? aweights);
    const average = w ? input.mul(w).sum(1, { keepdim: true }).div(w.sum()) : input.mean(1, { keepdim: true });
    const centered = input.sub(average);
    const products = mm(centered, (w ? centered.mul(w) : centered).t());
    return products.div(divisor(n, w, aweights, correction)).squeeze();
  },
);

/** The correlation coefficients of variables in rows. Shape: [m, n] → [m, m]; [n] → []. @see torch.corrcoef */
export const corrcoef = named("corrcoef", "input", (x: Tensor): Tensor => {
  checkTensor("corrcoef", x);
  const c = cov(x);
  if (c.ndim === 0) return c.div(c);
  const deviation = c.diagonal().sqrt();
  return c.div(deviation.unsqueeze(1)).div(deviation).clamp(-1, 1);
});
