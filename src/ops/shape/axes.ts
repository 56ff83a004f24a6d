/** Views that move, exchange, add or open axes. */

import { checkInteger } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { sameShape, shapeText, wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import { vectorOf } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { permute, reshape, transpose, viewOf } from "./view";

/**
 * The axes `source` at the positions `destination`; the others keep their order.
 * @see torch.movedim
 * @throws ShapeError if the lists differ in length or name an axis twice.
 */
export const movedim = named(
  "movedim",
  "input, source, destination",
  (x: Tensor, source: number | readonly number[], destination: number | readonly number[]): Tensor => {
    checkTensor("movedim", x);
    const wrap = (dims: number | readonly number[]) =>
      (Array.isArray(dims) ? [...(dims as readonly number[])] : [dims as number]).map((d) =>
        wrapDim("movedim", d, x.ndim),
      );
    const [from, to] = [wrap(source), wrap(destination)];
    if (from.length !== to.length)
      throw new ShapeError(
        `movedim: Invalid source or destination dims: source (${shapeText(from)} dims) should contain the same number of dims as destination (${shapeText(to)} dims)`,
      );
    for (const [name, dims] of [
      ["source", from],
      ["destination", to],
    ] as const)
      if (new Set(dims).size !== dims.length)
        throw new ShapeError(`movedim: repeated dim in \`${name}\` (${shapeText(dims)})`);
    const order = x.shape.map((_, i) => i).filter((i) => !from.includes(i));
    const moves = to.map((at, i) => ({ at, axis: from[i]! })).sort((a, b) => a.at - b.at);
    for (const { at, axis } of moves) order.splice(at, 0, axis);
    return permute(x, order);
  },
);

/** {@link movedim}. @see torch.moveaxis */
export const moveaxis = named(
  "moveaxis",
  "input, source, destination",
  (x: Tensor, source: number | readonly number[], destination: number | readonly number[]): Tensor =>
    movedim(x, source, destination),
);

/** Two axes exchanged. @see torch.swapaxes */
export const swapaxes = named(
  "swapaxes",
  "input, axis0, axis1",
  (x: Tensor, axis0: number, axis1: number): Tensor => transpose(x, axis0, axis1),
);

/** Two axes exchanged. @see torch.swapdims */
export const swapdims = named(
  "swapdims",
  "input, dim0, dim1",
  (x: Tensor, dim0: number, dim1: number): Tensor => transpose(x, dim0, dim1),
);

/** The last two axes exchanged; of real tensors the conjugate changes nothing. @see torch.adjoint */
export const adjoint = named("adjoint", "input", (x: Tensor): Tensor => {
  checkTensor("adjoint", x);
  if (x.ndim === 1) throw new ShapeError("adjoint: only supported on matrices or batches of matrices. Got 1-D tensor.");
  return x.ndim === 0 ? x : transpose(x, -2, -1);
});

/** All elements in row-major order along one axis: a view if `x` is contiguous, else a copy. @see torch.ravel */
export const ravel = named("ravel", "input", (x: Tensor): Tensor => reshape(checkTensor("ravel", x), -1));

/**
 * All windows of `size` elements along one axis, `step` apart, as a new last axis. Shape: [*, n, *] → [*, ⌊(n − size) / step⌋ + 1, *, size].
 * @see torch.Tensor.unfold
 * @throws ShapeError if a window is longer than the axis, or `step` is not positive.
 */
export const unfold = named(
  "unfold",
  "input, dimension, size, step",
  (x: Tensor, dimension: number, size: number, step: number): Tensor => {
    checkTensor("unfold", x);
    const d = wrapDim("unfold", dimension, x.ndim);
    const [n, stride] = x.ndim === 0 ? [1, 1] : [x.shape[d]!, x.strides[d]!];
    checkInteger("unfold", "size", size);
    checkInteger("unfold", "step", step);
    if (size < 0 || size > n)
      throw new ShapeError(`unfold: maximum size for tensor at dimension ${d} is ${n} but size is ${size}`);
    if (step <= 0) throw new ShapeError(`unfold: step is ${step} but must be > 0`);
    const shape = x.ndim === 0 ? [size] : [...x.shape.with(d, Math.floor((n - size) / step) + 1), size];
    const strides = x.ndim === 0 ? [1] : [...x.strides.with(d, stride * step), stride];
    const from = x.shape;
    return viewOf("unfold", x, shape, strides, x.offset, (g) => unfoldBackward(g, from, d, size, step));
  },
);

/** The gradient of {@link unfold}: every window added to where it was taken. */
function unfoldBackward(g: Tensor, shape: readonly number[], dim: number, size: number, step: number): Tensor {
  if (shape.length === 0) return g.sum();
  const positions = vectorOf("int32", g.shape[dim]! * size, g, (out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.floor(i / size) * step + (i % size);
  });
  const windows = g.movedim(-1, dim + 1);
  const flat = windows.reshape([...windows.shape.slice(0, dim), positions.numel(), ...windows.shape.slice(dim + 2)]);
  return g.newZeros(shape).indexAdd(dim, positions, flat);
}

/** Whether two tensors have one shape. @see torch.is_same_size */
export const isSameSize = named("isSameSize", "input, other", (x: Tensor, other: Tensor): boolean =>
  sameShape(checkTensor("isSameSize", x).shape, checkTensor("isSameSize", other, "other").shape),
);

/** The complex conjugate: `x` itself, all tensors are real. @see torch.conj */
export const conj = named("conj", "input", (x: Tensor): Tensor => checkTensor("conj", x));

/** The complex conjugate: `x` itself, all tensors are real. @see torch.conj_physical */
export const conjPhysical = named("conjPhysical", "input", (x: Tensor): Tensor => checkTensor("conjPhysical", x));

/** {@link conjPhysical} in place. @see torch.Tensor.conj_physical_ */
export const conjPhysical_ = named("conjPhysical_", "input", (x: Tensor): Tensor => checkTensor("conjPhysical_", x));

/** Whether each element is real: true everywhere, all tensors are real. @see torch.isreal */
export const isreal = named(
  "isreal",
  "input",
  (x: Tensor): Tensor => checkTensor("isreal", x).newOnes(x.shape, { dtype: "bool" }),
);

/** `x` itself: no tensor has a pending conjugation. @see torch.resolve_conj */
export const resolveConj = named("resolveConj", "input", (x: Tensor): Tensor => checkTensor("resolveConj", x));

/** `x` itself: no tensor has a pending negation. @see torch.resolve_neg */
export const resolveNeg = named("resolveNeg", "input", (x: Tensor): Tensor => checkTensor("resolveNeg", x));
