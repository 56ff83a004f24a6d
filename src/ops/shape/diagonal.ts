/** Diagonals and triangles of matrices. */

import { record } from "../../autograd/node";
import { checkInteger, MAX_COUNT } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { checkShape, shapeText, wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import type { Named } from "../../core/signatureTypes";
import { allocate, filled, tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { inplace } from "../builders/inplace";
import { arange } from "../creation/ranges";
import { viewOf } from "./view";

/** Options of {@link diagonal}. */
export interface DiagonalOptions {
  /** Which diagonal: positive above the main one, negative below. Default: 0. */
  offset?: number;
  /** The axis of the rows. Default: 0. */
  dim1?: number;
  /** The axis of the columns. Default: 1. */
  dim2?: number;
}

interface DiagonalLayout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Where a diagonal lies in a tensor: the two axes disappear, the diagonal becomes the last. */
function diagonalOf(
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  dim1: number,
  dim2: number,
): DiagonalLayout {
  const [rows, columns] = [shape[dim1]!, shape[dim2]!];
  const length = Math.max(0, offset >= 0 ? Math.min(rows, columns - offset) : Math.min(rows + offset, columns));
  const rest = (list: readonly number[]) => list.filter((_, i) => i !== dim1 && i !== dim2);
  const start = length === 0 ? 0 : offset >= 0 ? offset * strides[dim2]! : -offset * strides[dim1]!;
  return {
    shape: [...rest(shape), length],
    strides: [...rest(strides), strides[dim1]! + strides[dim2]!],
    offset: start,
  };
}

function wrapPair(op: string, ndim: number, dim1: number, dim2: number): [number, number] {
  const [a, b] = [wrapDim(op, dim1, ndim), wrapDim(op, dim2, ndim)];
  if (a === b) throw new ShapeError(`${op}: diagonal dimensions cannot be identical ${dim1}, ${dim2}`);
  return [a, b];
}

/**
 * A diagonal of the matrices that two axes span, as a view with the diagonal as the last axis.
 * @see torch.diagonal
 * @example x.diagonal({ offset: 1 })
 */
export const diagonal = named(
  "diagonal",
  "input; offset, dim1, dim2",
  (x: Tensor, options: DiagonalOptions = {}): Tensor => {
    checkTensor("diagonal", x);
    const offset = checkInteger("diagonal", "offset", options.offset ?? 0);
    const [dim1, dim2] = wrapPair("diagonal", x.ndim, options.dim1 ?? 0, options.dim2 ?? 1);
    const at = diagonalOf(x.shape, x.strides, offset, dim1, dim2);
    const from = x.shape;
    return viewOf("diagonal", x, at.shape, at.strides, x.offset + at.offset, (g) =>
      diagonalBackward(g, from, offset, dim1, dim2),
    );
  },
);

/** The gradient of {@link diagonal}: zero elsewhere. @see torch.diagonal_backward */
function diagonalBackward(g: Tensor, shape: readonly number[], offset: number, dim1: number, dim2: number): Tensor {
  const y = filled(allocate(shape, g.dtype, g), 0);
  const at = diagonalOf(shape, y.strides, offset, dim1, dim2);
  y.storage.backend.copy({ storage: y.storage, dtype: y.dtype, ...at }, g);
  return record("DiagonalBackwardBackward0", y, [g], [], [(gg) => gg.diagonal({ offset, dim1, dim2 })]);
}

/**
 * Matrices of zeros with the last axis of `x` on a diagonal, spanned by two new axes of the result.
 * @see torch.diag_embed
 */
export const diagEmbed = named(
  "diagEmbed",
  "input; offset, dim1, dim2",
  (x: Tensor, options: DiagonalOptions = {}): Tensor => {
    checkTensor("diagEmbed", x);
    const offset = checkInteger("diagEmbed", "offset", options.offset ?? 0);
    if (x.ndim === 0) throw new ShapeError("diagEmbed: takes a tensor of at least one dimension");
    const [dim1, dim2] = wrapPair("diagEmbed", x.ndim + 1, options.dim1 ?? -2, options.dim2 ?? -1);
    const side = x.shape.at(-1)! + Math.abs(offset);
    const rest = [...x.shape.slice(0, -1)];
    const shape = Array.from({ length: x.ndim + 1 }, (_, i) => (i === dim1 || i === dim2 ? side : rest.shift()!));
    checkShape("diagEmbed", shape);
    return diagonalBackward(x, shape, offset, dim1, dim2);
  },
);

/** The diagonal of a matrix as a vector, or the matrix with a vector on its diagonal. @see torch.diag */
export const diag = named("diag", "input, diagonal?", (x: Tensor, diagonal = 0): Tensor => {
  checkTensor("diag", x);
  checkInteger("diag", "diagonal", diagonal);
  if (x.ndim !== 1 && x.ndim !== 2) throw new ShapeError(`diag: Supports 1D or 2D tensors. Got ${x.ndim}D`);
  return x.ndim === 1 ? diagEmbed(x, { offset: diagonal }) : x.diagonal({ offset: diagonal }).clone();
});

/** The matrix with all elements of `x`, in row-major order, on a diagonal. @see torch.diagflat */
export const diagflat = named("diagflat", "input, offset?", (x: Tensor, offset = 0): Tensor => {
  checkInteger("diagflat", "offset", offset);
  return diagEmbed(checkTensor("diagflat", x).reshape(-1), { offset });
});

/** A bool matrix that tells the elements above (`gt`) or below (`lt`) a diagonal. */
function beyond(x: Tensor, diagonal: number, side: "gt" | "lt"): Tensor {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const dtype = rows + columns < MAX_COUNT ? "int32" : "int64";
  const options = { dtype, device: x.device } as const;
  // Further out all diagonals are alike.
  const nearest = Math.min(Math.max(diagonal, -rows), columns);
  return arange(columns, options)[side](arange(nearest, rows + nearest, options).unsqueeze(1));
}

function checkMatrix(op: string, x: Tensor, diagonal = 0): Tensor {
  checkInteger(op, "diagonal", diagonal);
  if (checkTensor(op, x).ndim < 2)
    throw new ShapeError(`${op}: input tensor must have at least 2 dimensions, got shape ${shapeText(x.shape)}`);
  return x;
}

/** The elements on and below a diagonal of each matrix, zeros above. @see torch.tril */
export const tril = named(
  "tril",
  "input, diagonal?",
  (x: Tensor, diagonal = 0): Tensor => checkMatrix("tril", x, diagonal).maskedFill(beyond(x, diagonal, "gt"), 0),
);

/** The elements on and above a diagonal of each matrix, zeros below. @see torch.triu */
export const triu = named(
  "triu",
  "input, diagonal?",
  (x: Tensor, diagonal = 0): Tensor => checkMatrix("triu", x, diagonal).maskedFill(beyond(x, diagonal, "lt"), 0),
);

/** tril in place. @see torch.Tensor.tril_ */
export const tril_: typeof tril = inplace("tril_", tril);
/** triu in place. @see torch.Tensor.triu_ */
export const triu_: typeof triu = inplace("triu_", triu);

/** Fills the main diagonal; `wrap` goes on below a tall matrix after a row of its own. */
function fillDiagonal(x: Tensor, fillValue: number, options: { wrap?: boolean } = {}): Tensor {
  checkMatrix("fillDiagonal_", x);
  if (x.ndim > 2 && new Set(x.shape).size > 1)
    throw new ShapeError(`fillDiagonal_: all dimensions of input must be of equal length, got ${shapeText(x.shape)}`);
  const step = x.shape.reduce((sum, _, i) => sum + x.shape.slice(i + 1).reduce((n, s) => n * s, 1), 0);
  const side = x.shape.reduce((a, b) => Math.min(a, b));
  const end = x.ndim === 2 && options.wrap ? x.numel() : side * step;
  const mask = new Uint8Array(x.numel());
  for (let i = 0; i < Math.min(end, mask.length); i += step) mask[i] = 1;
  return x.maskedFill(tensor(mask, { device: x.device }).bool().reshape(x.shape), fillValue);
}

/** Fills the main diagonal in place. @see torch.Tensor.fill_diagonal_ */
export const fillDiagonal_: Named<"input, fillValue; wrap", typeof fillDiagonal> = inplace(
  "fillDiagonal_",
  named("fillDiagonal_", "input, fillValue; wrap", fillDiagonal),
);
