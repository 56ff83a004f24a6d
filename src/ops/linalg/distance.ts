/** Distances between points. */

import { noGrad } from "../../autograd/mode";
import { record } from "../../autograd/node";
import { checkNumber } from "../../core/arguments";
import { ArgumentError, describe, ShapeError } from "../../core/errors";
import { broadcastShapes, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { triuIndices } from "../creation/ranges";
import { vectorNorm } from "../reduce/moments";
import { matmul } from "./matmul";

/** Options of {@link cdist}. */
export interface CdistOptions {
  /** Whether Euclidean distances of many points are computed by a matrix product, which is faster and less exact. */
  computeMode?: "use_mm_for_euclid_dist_if_necessary" | "use_mm_for_euclid_dist" | "donot_use_mm_for_euclid_dist";
}

/** From this many points on, "if necessary" takes the matrix product. */
const MANY_POINTS = 25;

/** Whether Euclidean distances go through |a|² + |b|² − 2ab. @throws ArgumentError for an unknown mode. */
function usesProduct(mode: NonNullable<CdistOptions["computeMode"]>, a: Tensor, b: Tensor): boolean {
  if (mode === "donot_use_mm_for_euclid_dist") return false;
  if (mode === "use_mm_for_euclid_dist") return true;
  if (mode === "use_mm_for_euclid_dist_if_necessary")
    return a.shape.at(-2)! > MANY_POINTS || b.shape.at(-2)! > MANY_POINTS;
  throw new ArgumentError(`cdist: unknown computeMode ${describe(mode)}`);
}

/** Euclidean distances of [*, p, m] and [*, r, m], without differences of all pairs. */
function euclidean(a: Tensor, b: Tensor): Tensor {
  const y = noGrad(() => {
    const squares = a.square().sum(-1, { keepdim: true }).add(b.square().sum(-1).unsqueeze(-2));
    return squares.sub(matmul(a, b.mT).mul(2)).clampMin(0).sqrt();
  });
  // d|a − b| / da = (a − b) / |a − b|, and 0 where the points are one.
  const toward = (g: Tensor, distance: Tensor, from: Tensor, to: Tensor) => {
    const ratio = g.div(distance).maskedFill(distance.eq(0), 0);
    return from.mul(ratio.sum(-1, { keepdim: true })).sub(matmul(ratio, to));
  };
  return record(
    "EuclideanDistBackward0",
    y,
    [a, b],
    [a, b, y],
    [
      (g, [u, v, distance]) => toward(g, distance!, u!, v!),
      (g, [u, v, distance]) => toward(g.mT, distance!.mT, v!, u!),
    ],
  );
}

/**
 * The p-norm distance of each point of x1 to each of x2. Shape: [*, p, m] and [*, r, m] → [*, p, r]; leading axes broadcast.
 * @see torch.cdist
 */
export const cdist = named(
  "cdist",
  "x1, x2, p?; computeMode",
  (x1: Tensor, x2: Tensor, p = 2, options: CdistOptions = {}): Tensor => {
    checkTensor("cdist", x1, "x1");
    checkTensor("cdist", x2, "x2");
    if (x1.ndim < 2 || x2.ndim < 2 || x1.shape.at(-1) !== x2.shape.at(-1))
      throw new ShapeError(
        `cdist: takes two sets of points of one dimension, got shapes ${shapeText(x1.shape)} and ${shapeText(x2.shape)}`,
      );
    if (!(checkNumber("cdist", "p", p) >= 0))
      throw new ArgumentError(`cdist: only supports non-negative p values, got ${p}`);
    const lead = broadcastShapes("cdist", x1.shape.slice(0, -2), x2.shape.slice(0, -2));
    const stack = (x: Tensor) => x.expand([...lead, ...x.shape.slice(-2)]);
    const [a, b] = [stack(x1), stack(x2)];
    if (p === 2 && usesProduct(options.computeMode ?? "use_mm_for_euclid_dist_if_necessary", a, b))
      return euclidean(a, b);
    const differences = a.unsqueeze(-2).sub(b.unsqueeze(-3));
    return differences.numel() === 0 ? differences.sum(-1) : vectorNorm(differences, p, -1);
  },
);

/**
 * The p-norm distances of all pairs of rows, in the order (0, 1), (0, 2) … Shape: [n, m] → [n (n − 1) / 2].
 * @see torch.nn.functional.pdist
 */
export const pdist = named("pdist", "input, p?", (x: Tensor, p = 2): Tensor => {
  checkTensor("pdist", x);
  if (x.ndim !== 2) throw new ShapeError(`pdist: only supports 2D tensors, got: ${x.ndim}D`);
  if (!(checkNumber("pdist", "p", p) >= 0))
    throw new ArgumentError(`pdist: only supports non-negative p values, got ${p}`);
  const n = x.shape[0]!;
  const [first, second] = triuIndices(n, n, { offset: 1, device: x.device }).unbind() as [Tensor, Tensor];
  const differences = x.indexSelect(0, first).sub(x.indexSelect(0, second));
  return differences.numel() === 0 ? differences.sum(-1) : vectorNorm(differences, p, -1);
});
