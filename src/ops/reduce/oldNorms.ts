/** Norms under their old names. */
import { checkInteger, checkNumber } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { matrixNorm } from "../linalg/matrixNorms";
import { vectorNorm } from "./moments";

interface Keepdim {
  keepdim?: boolean;
}

type Dims = number | readonly number[];

/** The axes and the flag, where the flag may stand in the place of the axes. */
const arrange = (dim: Dims | boolean | undefined, { keepdim = false }: Keepdim) =>
  typeof dim === "boolean" ? { dim: undefined, keepdim: dim } : { dim, keepdim };

/** The sum of the singular values of matrices. @see torch.nuclear_norm, torch.linalg.matrix_norm */
export const nuclearNorm = named(
  "nuclearNorm",
  "input, dim?; keepdim",
  (x: Tensor, dim?: readonly number[] | boolean, options: Keepdim = {}): Tensor => {
    const { dim: axes, keepdim } = arrange(dim, options);
    if (axes === undefined && checkTensor("nuclearNorm", x).ndim !== 2)
      throw new ShapeError(
        `nuclearNorm: Expected a tensor with 2 dimensions, but got a tensor with ${x.ndim} dimensions instead.`,
      );
    return matrixNorm(x, "nuc", (axes as readonly number[] | undefined) ?? [0, 1], { keepdim });
  },
);

/** The root of the sum of the squares, of all elements or along one or two axes. @see torch.frobenius_norm, torch.linalg.vector_norm */
export const frobeniusNorm = named(
  "frobeniusNorm",
  "input, dim?; keepdim",
  (x: Tensor, dim?: Dims, options: Keepdim = {}): Tensor => {
    const axes = typeof dim === "number" ? [dim] : (dim ?? undefined);
    if (axes !== undefined && axes.length > 2)
      throw new ShapeError(`frobeniusNorm: Expected at most 2 dimensions, but got ${axes.length} dimensions instead.`);
    return vectorNorm(x, 2, axes?.length === 0 ? undefined : axes, options);
  },
);

/**
 * The norm of each slice along `dim`, or of the whole for −1: what weight normalization divides by.
 * @param options.pow The degree of the norm. Default: 2.
 * @param options.dim Default: 0.
 * @see torch.norm_except_dim
 */
export const normExceptDim = named(
  "normExceptDim",
  "v; pow, dim",
  (v: Tensor, options: { pow?: number; dim?: number } = {}): Tensor => {
    const op = "normExceptDim";
    const [pow, dim] = [checkNumber(op, "pow", options.pow ?? 2), checkInteger(op, "dim", options.dim ?? 0)];
    checkTensor(op, v);
    if (dim === -1) return v.norm(pow);
    const d = wrapDim(op, dim, v.ndim);
    const n = v.shape[d]!;
    const rows = v.transpose(0, d).reshape(n, -1);
    return rows.norm(pow, 1).reshape(v.shape.map((_, i) => (i === d ? n : 1)));
  },
);
