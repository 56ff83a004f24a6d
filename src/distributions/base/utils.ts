/** What distributions share. @see torch.distributions.utils */
import { getDefaultDtype } from "../../core/dtype";
import { ArgumentError, describe, ValueError } from "../../core/errors";
import { finfo } from "../../core/limits";
import { float } from "../../core/repr";
import { broadcastShapes, sameShape } from "../../core/shape";
import { within } from "../../core/signature";
import { softmax } from "../../ops/reduce/softmax";
import { broadcastTensors } from "../../ops/shape/view";
import { tensor, zeros } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { readArguments, type ValidateArgs, type Value } from "./arguments";

/** The Euler–Mascheroni constant. */
export const eulerConstant = 0.5772156649015329;

/** Numbers become tensors of the dtype, and on the device, of the first tensor. */
export function asTensors(op: string, values: readonly unknown[]): Tensor[] {
  const like = values.find((value) => value instanceof Tensor);
  const where = { dtype: like?.dtype ?? getDefaultDtype(), ...(like && { device: like.device }) };
  return values.map((value) => {
    if (value instanceof Tensor) return value;
    if (typeof value === "number" || typeof value === "bigint") return tensor(Number(value), where);
    throw new ArgumentError(`${op}: takes numbers and tensors, got ${describe(value)}; make it one with torch.tensor`);
  });
}

/** The values of a family of parameters as tensors of one shape, under their names. */
export function broadcastNamed<N extends string>(op: string, values: Record<N, unknown>): Record<N, Tensor> {
  const names = Object.keys(values) as N[];
  const tensors = within(op, () => asTensors(op, Object.values(values)));
  const shape = broadcastShapes(op, ...tensors.map((x) => x.shape));
  const expanded = tensors.map((x) => (sameShape(x.shape, shape) ? x : x.expand(shape)));
  return Object.fromEntries(names.map((name, i) => [name, expanded[i]])) as Record<N, Tensor>;
}

/** The arguments of a family whose parameters broadcast, all of them required. */
export function readBroadcast<N extends string>(
  op: string,
  signature: string,
  given: readonly unknown[],
): Record<N, Tensor> & ValidateArgs {
  const { validateArgs, ...values } = readArguments<Record<N, unknown> & ValidateArgs>(op, signature, given);
  return { ...broadcastNamed(op, values as Record<N, unknown>), validateArgs };
}

/**
 * Tensors of one shape, in which numbers are tensors of the dtype of the first tensor.
 * @see torch.distributions.utils.broadcast_all
 */
export const broadcastAll = (...values: readonly Value[]): Tensor[] =>
  broadcastTensors(...asTensors("broadcastAll", values));

/** The probabilities of logits: of a binary event, or of the classes along the last axis. @see torch.distributions.utils.logits_to_probs */
export const logitsToProbs = (logits: Tensor, isBinary = false): Tensor =>
  isBinary ? logits.sigmoid() : softmax(logits, -1);

/** Probabilities that are neither 0 nor 1. @see torch.distributions.utils.clamp_probs */
export function clampProbs(probs: Tensor): Tensor {
  const { eps } = finfo(probs.dtype);
  return probs.clamp(eps, 1 - eps);
}

/** The logits of probabilities: of a binary event, or of the classes along the last axis. @see torch.distributions.utils.probs_to_logits */
export function probsToLogits(probs: Tensor, isBinary = false): Tensor {
  const clamped = clampProbs(probs);
  return isBinary ? clamped.log().sub(clamped.neg().log1p()) : clamped.log();
}

/** The sum over the last `count` axes. */
export function sumRightmost(value: Tensor, count: number): Tensor {
  return count === 0 ? value : value.reshape([...value.shape.slice(0, -count), -1]).sum(-1);
}

/** A number, a tensor of no axes as a number, or any tensor, as in a Python format. */
export function valueText(value: unknown): string {
  if (!(value instanceof Tensor) || value.ndim > 0 || !value.storage.backend.readsAtOnce) return String(value);
  return value.isFloatingPoint() ? float(value.item()) : String(value.item());
}

/** Positions of the lower triangle in a flattened n×n matrix, row by row. */
function trianglePositions(n: number, diag: number, like: Tensor): Tensor {
  const positions: number[] = [];
  for (let i = 0; i < n; i++) for (let j = 0; j <= Math.min(i + diag, n - 1); j++) positions.push(i * n + j);
  return tensor(positions, { dtype: "int64", device: like.device });
}

/** The lower triangle of square matrices as vectors, row by row. @see torch.distributions.utils.tril_matrix_to_vec */
export function trilMatrixToVec(matrix: Tensor, diag = 0): Tensor {
  const n = matrix.shape.at(-1) ?? 0;
  if (diag < -n || diag >= n)
    throw new ValueError(`trilMatrixToVec: diag (${diag}) provided is outside [${-n}, ${n - 1}]`);
  return matrix.reshape([...matrix.shape.slice(0, -2), n * n]).indexSelect(-1, trianglePositions(n, diag, matrix));
}

/** Square matrices whose lower triangle is given as vectors, row by row. @see torch.distributions.utils.vec_to_tril_matrix */
export function vecToTrilMatrix(vector: Tensor, diag = 0): Tensor {
  const size = vector.shape.at(-1) ?? 0;
  const b = 1 + 2 * diag;
  const n = (-b + Math.sqrt(b ** 2 + 8 * size + 4 * Math.abs(diag) * (diag + 1))) / 2;
  if (!Number.isInteger(n) || n < 0)
    throw new ValueError(`vecToTrilMatrix: ${size} elements are not the lower triangle of a square matrix`);
  const batch = vector.shape.slice(0, -1);
  const flat = zeros([...batch, n * n], { dtype: vector.dtype, device: vector.device });
  return flat.indexAdd(-1, trianglePositions(n, diag, vector), vector).reshape([...batch, n, n]);
}
