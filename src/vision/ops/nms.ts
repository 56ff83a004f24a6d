/** Non-maximum suppression: of boxes that overlap, the one with the highest score. The shape of the result depends on the data, so the device is read. */

import { noGrad } from "../../autograd/mode";
import { checkNumber } from "../../core/arguments";
import { legacyName } from "../../core/dtype";
import { DTypeError, ShapeError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkSameDevice, checkTensor } from "../../ops/builders/checks";
import { uniqueConsecutive } from "../../ops/indexing/unique";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import "../kernels";

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
const descending = (scores: Tensor): Tensor => scores.argsort(0, { descending: true, stable: true });

/**
 * Which boxes of `order` are kept, bool: those that overlap with none before them in their group by more than `threshold`.
 * @param starts Where each group of `order` begins, and where the last ends.
 */
function survivors(boxes: Tensor, order: Tensor, starts: readonly number[], threshold: number): Tensor {
  const n = order.shape[0]!;
  const mask = allocate([n], "bool", boxes);
  if (n === 0) return mask;
  const [x, at] = [boxes.contiguous(), order.contiguous()];
  boxes.storage.backend.run("nms", { mask, boxes: x, order: at, starts, threshold });
  return mask;
}

/** {@link nms} of checked arguments. */
function suppress(boxes: Tensor, scores: Tensor, threshold: number): Tensor {
  const order = descending(scores);
  return order.maskedSelect(survivors(boxes, order, [0, order.shape[0]!], threshold));
}

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
    return noGrad(() => suppress(boxes, scores, threshold));
  },
);

/** Elements of boxes above which torchvision goes through the categories one by one, on the CPU. */
const ONE_BY_ONE = 4000;

/** Boxes moved so far apart by category that those of different ones never meet, rounded as torchvision rounds them. */
function apart(boxes: Tensor, idxs: Tensor): Tensor {
  const offsets = idxs.to(boxes.dtype).mul(boxes.max().add(1));
  return boxes.add(offsets.unsqueeze(1));
}

/** Boxes of each category by themselves, as groups of one list. */
function oneByOne(boxes: Tensor, scores: Tensor, idxs: Tensor, threshold: number): Tensor {
  const order = descending(scores);
  const { values, indices } = idxs.indexSelect(0, order).sort(0, { stable: true });
  const grouped = order.indexSelect(0, indices);
  const [, counts] = uniqueConsecutive(values, { returnCounts: true });
  const starts = [0, ...counts!.cumsum(0).int().toTypedArray()] as number[];
  const kept = allocate([boxes.shape[0]!], "bool", boxes);
  kept.indexCopy_(0, grouped, survivors(boxes, grouped, starts, threshold));
  // Nothing equals NaN, so that no category holds it.
  return order.maskedSelect(kept.logicalAnd(idxs.eq(idxs)).indexSelect(0, order));
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
      if (boxes.numel() === 0) return allocate([0], "int64", boxes);
      if (boxes.numel() > ONE_BY_ONE) return oneByOne(boxes, scores, idxs, threshold);
      return suppress(apart(boxes, idxs), scores, threshold);
    }),
);
