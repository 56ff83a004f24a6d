/**
 * Linear algebra on devices whose memory is not at hand: permutations, eigenvalues of symmetric matrices and singular values. Rows are turned until they
 * are orthogonal, without a look in between. Stacks of float32; nothing here knows gradients.
 */
import type { DType } from "../../core/dtype";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { eye } from "../creation/ranges";
import { finished, luSolve, qrFactor, reflect, split, working } from "./lapack";
import { LinAlgError } from "./matrixChecks";

/** The identity of size n, over and over. */
export function unitRowsOn(lead: readonly number[], rows: number, n: number, like: Tensor): Tensor {
  const x = allocate([...lead, rows, n], "float32", like);
  x.storage.backend.copy(x, eye(rows, n, { dtype: "float32", device: like.device }).expand(x.shape));
  return x;
}

/** The matrices of rows exchanged: exchanges undone on the identity are their transpose. */
export function permutationUnseen(pivots: Tensor, m: number, dtype: DType): Tensor {
  const unit = unitRowsOn(pivots.shape.slice(0, -1), m, m, pivots);
  const y = unit.clone();
  luSolve(unit, pivots, y);
  unit.dispose();
  return finished(y, dtype, true);
}

/** The largest absolute value of each matrix, or 1 where that is 0: [*, 1, 1]. What is not finite is told by the next read. */
function scaleOf(op: string, x: Tensor): Tensor {
  const isWhole = x.isfinite().all().reshape([1]);
  const error = () =>
    new LinAlgError(`${op}: The algorithm failed to converge because the input matrix contained non-finite values.`);
  x.storage.backend.firstInvalid({ kind: "nonzero", x: isWhole }, error);
  const most = x.abs().amax([-2, -1], true);
  return most.where(most.gt(0), 1);
}

/** Turns the rows of x until they are orthogonal. @returns Their lengths and what they were turned by, in rows. */
function orthogonalize(x: Tensor): { lengths: Tensor; turns: Tensor } {
  const { lead, m: n } = split(x);
  const turns = unitRowsOn(lead, n, n, x);
  x.storage.backend.run("orthogonalize", { x, v: turns });
  return { lengths: x.square().sum(-1).sqrt(), turns };
}

/** The rows of each matrix in an order [*, n]. */
const ordered = (rows: Tensor, order: Tensor): Tensor => rows.gather(-2, order.unsqueeze(-1).expand(rows.shape));

/**
 * Eigenvalues, ascending, and eigenvectors in rows of symmetric matrices, of which the upper triangles are read. With a multiple of the identity
 * added none is negative, so that they are singular values.
 */
export function eigenOf(op: string, a: Tensor): { values: Tensor; vectors: Tensor } {
  const whole = a.triu().add(a.triu(1).mT);
  if (a.numel() === 0) return { values: a.newZeros(a.shape.slice(0, -1)), vectors: whole };
  const scale = scaleOf(op, whole);
  const x = whole.div(scale);
  const shift = x.abs().sum(-1).amax(-1, true);
  const positive = x
    .add(shift.unsqueeze(-1).mul(eye(a.shape.at(-1)!, { dtype: a.dtype, device: a.device })))
    .contiguous();
  const { lengths, turns } = orthogonalize(positive);
  const [values, order] = lengths.sub(shift).sort({ dim: -1 });
  return { values: values.mul(scale.squeeze(-1)), vectors: ordered(turns, order) };
}

/**
 * Singular values, descending, and vectors in rows of matrices [m, n] with m ≥ n, or of those that are turned so.
 * @param isFull Whether m left vectors are wanted in place of n.
 */
export function singularOf(
  op: string,
  a: Tensor,
  isTurned: boolean,
  isFull: boolean,
): { values: Tensor; left: Tensor; right: Tensor } {
  const columns = working(a, !isTurned);
  const { lead, m: n, n: m } = split(columns);
  const count = isFull ? m : n;
  if (columns.numel() === 0) {
    const values = columns.newZeros([...lead, n]);
    return { values, left: unitRowsOn(lead, count, m, columns), right: unitRowsOn(lead, n, n, columns) };
  }
  const scale = scaleOf(op, columns);
  const x = columns.div(scale);
  columns.dispose();
  const { lengths, turns } = orthogonalize(x);
  const [values, order] = lengths.sort({ dim: -1, descending: true });
  const left = ordered(x, order)
    .div(values.where(values.gt(0), 1).unsqueeze(-1))
    .contiguous();
  return { values: values.mul(scale.squeeze(-1)), left: basisOf(left, count), right: ordered(turns, order) };
}

/** `count` orthonormal rows that begin as the rows of x, which are orthogonal, of length 1 or, where there is no more to tell, 0. */
function basisOf(x: Tensor, count: number): Tensor {
  const { lead, m: n, n: m } = split(x);
  const taus = qrFactor(x);
  const signs = x.diagonal({ dim1: -2, dim2: -1 }).lt(0).to(x.dtype).mul(-2).add(1).unsqueeze(-1);
  const basis = unitRowsOn(lead, count, m, x);
  reflect(basis, x, taus, { k: n });
  basis.narrow(-2, 0, n).mul_(signs);
  return basis;
}
