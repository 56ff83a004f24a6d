/** Norms of matrices and what follows from them. `torch.linalg` names. */

import { checkFlag, checkNumber } from "../../core/arguments";
import { isFloat, legacyName } from "../../core/dtype";
import { ArgumentError, checkOptions, DTypeError, describe, ShapeError } from "../../core/errors";
import { wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { vectorNorm } from "../reduce/moments";
import type { ReduceOptions } from "../reduce/reduce";
import { invertOf } from "./decompositions";
import { checkMatrix, checkStack } from "./matrixChecks";
import { svdvalsOf } from "./spectra";

/** The order of a matrix norm. */
export type MatrixNormOrder = number | "fro" | "nuc";

/** The order of a norm. @throws ArgumentError unless there is such a norm. */
function checkOrder(op: string, order: MatrixNormOrder): MatrixNormOrder {
  if (order === "fro" || order === "nuc") return order;
  const ord = checkNumber(op, "ord", order);
  if ([1, 2, Number.POSITIVE_INFINITY].includes(Math.abs(ord))) return ord;
  throw new ArgumentError(`${op}: Order ${describe(ord)} not supported.`);
}

/** {@link matrixNorm} under the name of the op that is called, of what has been checked. */
function matrixNormOf(
  op: string,
  x: Tensor,
  ord: MatrixNormOrder,
  row: number,
  column: number,
  keepdim: boolean,
): Tensor {
  if (ord === "fro") return vectorNorm(x, 2, [row, column], { keepdim });
  if (ord === "nuc" || Math.abs(ord) === 2) {
    const s = svdvalsOf(op, x.movedim([row, column], [-2, -1]));
    const y = ord === "nuc" ? s.sum(-1) : ord === 2 ? s.amax(-1) : s.amin(-1);
    return keepdim ? y.reshape(x.shape.with(row, 1).with(column, 1)) : y;
  }
  const [summed, compared] = Math.abs(ord) === 1 ? [row, column] : [column, row];
  const sums = x.abs().sum(summed, { keepdim: true });
  const y = ord > 0 ? sums.amax(compared, { keepdim: true }) : sums.amin(compared, { keepdim: true });
  return keepdim ? y : y.squeeze([row, column]);
}

/**
 * A norm of matrices: "fro", "nuc" (the sum of singular values), ±2 (the extreme singular value), ±1 and ±∞ (the extreme sum of absolute values
 * of a column or a row).
 * @see torch.linalg.matrix_norm
 */
export const matrixNorm = named(
  "matrixNorm",
  "A, ord?, dim?; keepdim; dtype",
  (A: Tensor, ord: MatrixNormOrder = "fro", dim: readonly number[] = [-2, -1], options: ReduceOptions = {}): Tensor => {
    return normOfMatrices("matrixNorm", A, ord, dim, options);
  },
);

function normOfMatrices(
  op: string,
  A: Tensor,
  order: MatrixNormOrder,
  dim: readonly number[],
  options: ReduceOptions,
): Tensor {
  checkStack(op, A);
  checkOptions(op, options, ["keepdim", "dtype"]);
  const keepdim = checkFlag(op, "keepdim", options.keepdim ?? false);
  if (!Array.isArray(dim) || dim.length !== 2)
    throw new ArgumentError(`${op}: dim must be a 2-tuple. Got ${describe(dim)}`);
  const ord = checkOrder(op, order);
  const x = options.dtype === undefined ? A : A.to(options.dtype);
  if (!isFloat(x.dtype))
    throw new DTypeError(`${op}: Expected a floating point tensor as input. Got ${legacyName(x.dtype)}; use x.float()`);
  const [row, column] = [...dim].map((d) => wrapDim(op, d, x.ndim)) as [number, number];
  if (row === column) throw new ArgumentError(`${op}: dims must be different. Got ${describe(dim)}`);
  return matrixNormOf(op, x, ord, row, column, keepdim);
}

/** A vector norm over one axis (or all, flattened), a matrix norm over two. @see torch.linalg.norm */
export const norm = named(
  "norm",
  "A, ord?, dim?; keepdim; dtype",
  (
    A: Tensor,
    ord?: MatrixNormOrder | null,
    dim?: number | readonly number[] | null,
    options: ReduceOptions = {},
  ): Tensor => {
    checkTensor("norm", A);
    const dims = typeof dim === "number" ? [dim] : dim;
    if (ord != null && dims != null && dims.length !== 1 && dims.length !== 2)
      throw new ArgumentError(`norm: If dim is specified, it must be of length 1 or 2. Got ${describe(dims)}`);
    if (ord != null && dims == null && A.ndim !== 1 && A.ndim !== 2)
      throw new ShapeError(`norm: If dim is not specified but ord is, the input must be 1D or 2D. Got ${A.ndim}D.`);
    if (ord != null && (dims?.length === 2 || (dims == null && A.ndim === 2)))
      return normOfMatrices("norm", A, ord, dims ?? [0, 1], options);
    if (typeof ord === "string") throw new ArgumentError(`norm: the order ${describe(ord)} takes two axes`);
    return vectorNorm(A, ord ?? 2, dims, options);
  },
);

/**
 * The condition number: ‖A‖ · ‖A⁻¹‖; for p = 2 (the default) or −2 the ratio of the extreme singular values. Infinite of singular matrices.
 * @see torch.linalg.cond
 */
export const cond = named("cond", "A, p?", (A: Tensor, order: MatrixNormOrder | null = null): Tensor => {
  checkMatrix("cond", A);
  const p = order === null ? null : checkOrder("cond", order);
  if (A.shape.at(-1) === 0 || A.shape.at(-2) === 0) return A.newZeros(A.shape.slice(0, -2));
  if (p === null || Math.abs(Number(p)) === 2) {
    const s = svdvalsOf("cond", A);
    const [largest, smallest] = [s.select(-1, 0), s.select(-1, -1)];
    return p === -2 ? smallest.div(largest) : largest.div(smallest);
  }
  if (p === "nuc") {
    const s = svdvalsOf("cond", A);
    return s.sum(-1).mul(s.reciprocal().sum(-1));
  }
  const { inverse, info } = invertOf("cond", A, false);
  const isSingular = info.ne(0).unsqueeze(-1).unsqueeze(-1);
  const finite = inverse.maskedFill(isSingular, Number.POSITIVE_INFINITY);
  const size = (x: Tensor) => normOfMatrices("cond", x, p, [-2, -1], {});
  return size(A).mul(size(finite));
});
