/** Non-maximum suppression: of boxes that overlap, the one with the highest score. The shape of the result depends on the data, so the device is read. */

import { noGrad } from "../../autograd/mode";
import { checkNumber } from "../../core/arguments";
import { legacyName } from "../../core/dtype";
import { DTypeError, ShapeError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkSameDevice, checkTensor } from "../../ops/checks";
import { vectorOf } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";

type Floats = Float32Array | Float64Array;

function checkDetections(op: string, boxes: unknown, scores: unknown): void {
  const [x, s] = [checkTensor(op, boxes, "boxes"), checkTensor(op, scores, "scores")];
  checkSameDevice(op, x, s);
  if (x.ndim !== 2) throw new ShapeError(`${op}: boxes should be a 2d tensor, got ${x.ndim}D`);
  if (x.shape[1] !== 4) throw new ShapeError(`${op}: boxes should have 4 elements in dimension 1, got ${x.shape[1]}`);
  if (s.ndim !== 1) throw new ShapeError(`${op}: scores should be a 1d tensor, got ${s.ndim}D`);
  if (x.shape[0] !== s.shape[0])
    throw new ShapeError(
      `${op}: boxes and scores should have same number of elements in dimension 0, got ${x.shape[0]} and ${s.shape[0]}`,
    );
  if (x.dtype !== s.dtype)
    throw new DTypeError(`${op}: boxes should have the same type as scores, got ${x.dtype} and ${s.dtype}`);
  if (x.dtype !== "float32" && x.dtype !== "float64")
    throw new DTypeError(`${op}: "nms_kernel" not implemented for '${legacyName(x.dtype)}'; use float32 or float64`);
}

/** Positions in descending order of scores; NaN first, as everywhere in PyTorch. */
const descending = (scores: Tensor): Int32Array =>
  scores.detach().argsort(0, { descending: true, stable: true }).int().toTypedArray() as Int32Array;

/** Boxes that were kept, by coordinate, so that a run over them reads memory in order. */
interface Kept {
  readonly x1: Float64Array;
  readonly y1: Float64Array;
  readonly x2: Float64Array;
  readonly y2: Float64Array;
  readonly area: Float64Array;
  count: number;
}

function keptOf(n: number): Kept {
  const list = () => new Float64Array(n);
  return { x1: list(), y1: list(), x2: list(), y2: list(), area: list(), count: 0 };
}

/** Rounds to the dtype of the boxes: each step of the kernel in torchvision does. */
type Round = (x: number) => number;

// C++'s, which with a NaN give the first: comparisons with it fail.
// biome-ignore lint/complexity/useMathMinMax: as above.
const larger = (a: number, b: number): number => (a < b ? b : a);
// biome-ignore lint/complexity/useMathMinMax: as above.
const smaller = (a: number, b: number): number => (b < a ? b : a);

/** Whether one of the boxes that were kept overlaps with a box by more than `threshold`. */
function isCovered(kept: Kept, box: readonly number[], area: number, threshold: number, round: Round): boolean {
  const { x1, y1, x2, y2, area: areas, count } = kept;
  const [left, top, right, bottom] = box as [number, number, number, number];
  for (let k = 0; k < count; k++) {
    const width = smaller(x2[k]!, right) - larger(x1[k]!, left);
    const height = smaller(y2[k]!, bottom) - larger(y1[k]!, top);
    // Of a threshold that is not negative, boxes that do not meet stay below.
    if (!(width > 0 && height > 0) && threshold >= 0) continue;
    const inter = width > 0 && height > 0 ? round(round(width) * round(height)) : 0;
    if (round(inter / round(round(areas[k]! + area) - inter)) > threshold) return true;
  }
  return false;
}

/** Of positions in descending order of scores, those of boxes that overlap with none before by more than `threshold`. */
function suppress(boxes: Floats, order: ArrayLike<number>, threshold: number): number[] {
  const round: Round = boxes instanceof Float32Array ? Math.fround : (x) => x;
  const kept = keptOf(order.length);
  const found: number[] = [];
  for (let i = 0; i < order.length; i++) {
    const at = order[i]!;
    const box = [boxes[4 * at]!, boxes[4 * at + 1]!, boxes[4 * at + 2]!, boxes[4 * at + 3]!] as const;
    const area = round(round(box[2] - box[0]) * round(box[3] - box[1]));
    if (isCovered(kept, box, area, threshold, round)) continue;
    const k = kept.count++;
    [kept.x1[k], kept.y1[k], kept.x2[k], kept.y2[k], kept.area[k]] = [...box, area];
    found.push(at);
  }
  return found;
}

const int64 = (positions: readonly number[], like: Tensor): Tensor =>
  vectorOf("int32", positions.length, like, (out) => out.set(positions)).to("int64");

const valuesOf = (boxes: Tensor): Floats => boxes.detach().toTypedArray() as Floats;

/**
 * Positions of boxes (x1, y1, x2, y2) that overlap with none of a higher score by more than `iouThreshold`, int64, in descending order of scores.
 * Shape: [N, 4], [N] → [K].
 * @throws ShapeError for other shapes, DTypeError unless both are float32 or both float64.
 * @see torchvision.ops.nms
 * @example const best = boxes.at(vision.ops.nms(boxes, scores, 0.5));
 */
export const nms = named(
  "nms",
  "boxes, scores, iouThreshold",
  (boxes: Tensor, scores: Tensor, iouThreshold: number): Tensor => {
    checkDetections("nms", boxes, scores);
    const threshold = checkNumber("nms", "iouThreshold", iouThreshold);
    return int64(suppress(valuesOf(boxes), descending(scores), threshold), boxes);
  },
);

/** Elements of boxes above which torchvision goes through the categories one by one, on the CPU. */
const ONE_BY_ONE = 4000;

/** Boxes moved so far apart by category that those of different ones never meet, rounded as torchvision rounds them. */
function apart(boxes: Tensor, idxs: Tensor): Tensor {
  const offsets = idxs.to(boxes.dtype).mul(boxes.max().add(1));
  return boxes.add(offsets.unsqueeze(1));
}

/** The positions of each category, in the given order. */
function categories(order: Int32Array, idxs: Tensor): number[][] {
  const values = idxs.detach().toTypedArray();
  const lists = new Map<number | bigint, number[]>();
  for (const at of order) {
    const category = values[at]!;
    // Nothing equals NaN, so that no category holds it.
    if (Number.isNaN(category)) continue;
    const list = lists.get(category);
    if (list === undefined) lists.set(category, [at]);
    else list.push(at);
  }
  return [...lists.values()];
}

function oneByOne(boxes: Tensor, scores: Tensor, idxs: Tensor, threshold: number): Tensor {
  const order = descending(scores);
  const values = valuesOf(boxes);
  const kept = new Set(categories(order, idxs).flatMap((list) => suppress(values, list, threshold)));
  return int64(
    [...order].filter((at) => kept.has(at)),
    boxes,
  );
}

/**
 * {@link nms} within each category. Shape: [N, 4], [N], [N] → [K].
 * @param idxs The category of each box.
 * @throws ShapeError for other shapes, DTypeError unless boxes and scores are both float32 or both float64.
 * @see torchvision.ops.batched_nms
 * @example vision.ops.batchedNms(boxes, scores, labels, 0.5);
 */
export const batchedNms = named(
  "batchedNms",
  "boxes, scores, idxs, iouThreshold",
  (boxes: Tensor, scores: Tensor, idxs: Tensor, iouThreshold: number): Tensor =>
    noGrad(() => {
      checkDetections("batchedNms", boxes, scores);
      checkSameDevice("batchedNms", boxes, checkTensor("batchedNms", idxs, "idxs"));
      const threshold = checkNumber("batchedNms", "iouThreshold", iouThreshold);
      if (!sameShape(idxs.shape, scores.shape))
        throw new ShapeError(
          `batchedNms: idxs must have a category for each box, shape ${shapeText(scores.shape)}, got ${shapeText(idxs.shape)}`,
        );
      if (boxes.numel() === 0) return int64([], boxes);
      if (boxes.numel() > ONE_BY_ONE) return oneByOne(boxes, scores, idxs, threshold);
      return nms(apart(boxes, idxs), scores, threshold);
    }),
);
