/** Products added to a tensor: beta · input + alpha · product. */

import { checkNumbers } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { broadcastShapes, sameShape, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { inplace } from "../builders/inplace";
import { checkSameDType } from "../builders/precision";
import { bmm, mm, mv } from "./matmul";
import { outer } from "./products";

/** Options of {@link addmm} and its kin. */
export interface AddmmOptions {
  /** The factor of the input; 0 leaves it out, NaN included. Default: 1. */
  beta?: number;
  /** The factor of the product. Default: 1. */
  alpha?: number;
}

/** The factor in the arithmetic of `x`: integers truncate it, as PyTorch's kernels do. */
const factor = (x: Tensor, value: number): number | boolean =>
  x.isFloatingPoint() ? value : x.dtype === "bool" ? value !== 0 : Math.trunc(value);

/** beta · x + alpha · y, where x broadcasts to the shape of y. */
function addScaled(op: string, x: Tensor, y: Tensor, { beta, alpha }: Required<AddmmOptions>): Tensor {
  checkSameDType(op, x, { product: y });
  if (!sameShape(broadcastShapes(op, x.shape, y.shape), y.shape))
    throw new ShapeError(
      `${op}: the input ${shapeText(x.shape)} does not broadcast to the product ${shapeText(y.shape)}`,
    );
  const product = alpha === 1 ? y : y.mul(factor(y, alpha));
  if (beta === 0) return product;
  return (beta === 1 ? x : x.mul(factor(x, beta))).add(product);
}

/** The factors, each a number. */
function check(op: string, x: Tensor, options: AddmmOptions): Required<AddmmOptions> {
  checkTensor(op, x);
  return checkNumbers(op, options, { beta: 1, alpha: 1 });
}

/** beta · x + alpha · (mat1 · mat2). Shape: [m, k] and [k, n] → [m, n]. @see torch.addmm */
export const addmm = named(
  "addmm",
  "input, mat1, mat2;; beta, alpha",
  (x: Tensor, mat1: Tensor, mat2: Tensor, options: AddmmOptions = {}): Tensor => {
    const factors = check("addmm", x, options);
    return addScaled("addmm", x, mm(mat1, mat2), factors);
  },
);

/** beta · x + alpha · (mat · vec). Shape: [m, k] and [k] → [m]. @see torch.addmv */
export const addmv = named(
  "addmv",
  "input, mat, vec;; beta, alpha",
  (x: Tensor, mat: Tensor, vec: Tensor, options: AddmmOptions = {}): Tensor => {
    const factors = check("addmv", x, options);
    return addScaled("addmv", x, mv(mat, vec), factors);
  },
);

/** beta · x + alpha · vec1 vec2ᵀ. Shape: [m] and [n] → [m, n]. @see torch.addr */
export const addr = named(
  "addr",
  "input, vec1, vec2;; beta, alpha",
  (x: Tensor, vec1: Tensor, vec2: Tensor, options: AddmmOptions = {}): Tensor => {
    const factors = check("addr", x, options);
    return addScaled("addr", x, outer(vec1, vec2), factors);
  },
);

/** beta · x + alpha · batch1 · batch2, stack by stack. Shape: [b, m, k] and [b, k, n] → [b, m, n]. @see torch.baddbmm */
export const baddbmm = named(
  "baddbmm",
  "input, batch1, batch2;; beta, alpha",
  (x: Tensor, batch1: Tensor, batch2: Tensor, options: AddmmOptions = {}): Tensor => {
    const factors = check("baddbmm", x, options);
    return addScaled("baddbmm", x, bmm(batch1, batch2), factors);
  },
);

/** beta · x + alpha · Σ batch1[i] · batch2[i]. Shape: [b, m, k] and [b, k, n] → [m, n]. @see torch.addbmm */
export const addbmm = named(
  "addbmm",
  "input, batch1, batch2;; beta, alpha",
  (x: Tensor, batch1: Tensor, batch2: Tensor, options: AddmmOptions = {}): Tensor => {
    const factors = check("addbmm", x, options);
    return addScaled("addbmm", x, bmm(batch1, batch2).sum(0, { dtype: batch1.dtype }), factors);
  },
);

/** {@link addmm} in place. */
export const addmm_: typeof addmm = inplace("addmm_", addmm, "allowed");
/** {@link addmv} in place. */
export const addmv_: typeof addmv = inplace("addmv_", addmv, "allowed");
/** {@link addr} in place. */
export const addr_: typeof addr = inplace("addr_", addr);
/** {@link baddbmm} in place. */
export const baddbmm_: typeof baddbmm = inplace("baddbmm_", baddbmm, "allowed");
/** {@link addbmm} in place. */
export const addbmm_: typeof addbmm = inplace("addbmm_", addbmm, "allowed");
