/** Distances of whole tensors, and slices shortened to a greatest norm. */

import { noGrad } from "../../autograd/mode";
import { checkNumber } from "../../core/arguments";
import { ShapeError, ValueError } from "../../core/errors";
import { wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { inplace } from "../builders/inplace";
import { vectorNorm } from "./moments";

/** The p-norm of the difference. @see torch.dist */
export const dist = named(
  "dist",
  "input, other, p?",
  (x: Tensor, other: Tensor, p = 2): Tensor =>
    vectorNorm(checkTensor("dist", x).sub(checkTensor("dist", other, "other")), checkNumber("dist", "p", p)),
);

/** Each slice along `dim` whose p-norm exceeds `maxnorm` scaled down to it. @see torch.renorm */
export const renorm = named(
  "renorm",
  "input, p, dim, maxnorm",
  (x: Tensor, order: number, dim: number, most: number): Tensor => {
    if (checkTensor("renorm", x).ndim < 2)
      throw new ShapeError(`renorm: input needs at least 2 dimensions, got ${x.ndim} dimensions`);
    const p = checkNumber("renorm", "p", order);
    const maxnorm = checkNumber("renorm", "maxnorm", most);
    if (!(p > 0)) throw new ValueError(`renorm: non-positive norm not supported, got p=${p}`);
    if (!(maxnorm >= 0)) throw new ValueError(`renorm: expected maxnorm to be >= 0 but got ${maxnorm}`);
    const d = wrapDim("renorm", dim, x.ndim);
    const others = x.shape.map((_, i) => i).filter((i) => i !== d);
    const norms = vectorNorm(x, p, others, { keepdim: true });
    const isLong = noGrad(() => norms.gt(maxnorm));
    return x.mul(norms.add(1e-7).reciprocal().mul(maxnorm).where(isLong, 1));
  },
);

/** {@link renorm} in place. */
export const renorm_: typeof renorm = inplace("renorm_", renorm);
