/** Products of matrices, and what belongs to them. */

import { isFloat } from "../../../core/dtype";
import { einsum } from "../../../ops/linalg/einsum";
import { linear, matmul } from "../../../ops/linalg/matmul";
import { det } from "../../../ops/linalg/matrixFunctions";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";

function gemm(c: Context): Tensor {
  const [alpha, beta] = [c.float("alpha", 1), c.float("beta", 1)];
  const a = c.flag("transA") ? c.x.t() : c.x;
  const bias = c.optional(2);
  const isTransposed = c.flag("transB");
  const isVector = bias?.ndim === 1 && bias.shape[0] === c.y.shape[isTransposed ? 0 : 1];
  if (a.ndim !== 2 || c.y.ndim !== 2) c.fail("takes two matrices");
  if (isTransposed && alpha === 1 && beta === 1 && isVector && isFloat(a.dtype)) return linear(a, c.y, bias);
  const product = matmul(a, isTransposed ? c.y.t() : c.y);
  const scaled = alpha === 1 ? product : product.mul(alpha);
  if (bias === undefined || beta === 0) return scaled.to(c.x.dtype);
  return scaled.add(beta === 1 ? bias : bias.mul(beta)).to(c.x.dtype);
}

export const matrices: readonly Entry[] = [
  { name: "Det", since: 11, run: (c) => det(c.x) },
  {
    name: "Einsum",
    since: 12,
    weights: "all",
    run: (c) => einsum(c.string("equation").replace(/\s/g, ""), ...c.tensors),
  },
  { name: "Gemm", weights: [0, 1, 2], run: gemm },
  { name: "MatMul", weights: [0, 1], unsigned: true, run: (c) => matmul(c.x, c.y) },
];
