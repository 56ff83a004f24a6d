/** Connectionist temporal classification by a device whose memory is not at hand. */
import { record } from "../../autograd/node";
import { IndexError, ShapeError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { cast } from "../../ops/builders/define";
import { cat, stack } from "../../ops/shape/join";
import { allocate, tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";

/** What a batch of sequences is, besides its log-probabilities. */
export interface Batch {
  readonly targets: Tensor;
  readonly inputLengths: readonly number[];
  readonly targetLengths: readonly number[];
  readonly blank: number;
}

/** Where the labels of each sequence begin among all. @throws ShapeError if there are fewer. */
function startsOf(targets: Tensor, lengths: readonly number[]): number[] {
  const stride = targets.ndim === 2 ? targets.shape[1]! : undefined;
  let start = 0;
  return lengths.map((length, i) => {
    const from = stride === undefined ? start : i * stride;
    start += length;
    if (from + length > targets.numel() || (stride !== undefined && length > stride))
      throw new ShapeError(
        `ctcLoss: Expected tensor to have size at least ${length} at dimension 1, but got size ${shapeText(targets.shape)}`,
      );
    return from;
  });
}

/** The labels [n, 2 · most + 1] with a blank around each, of which rows use as many as they have. */
function labelsOf({ targets, targetLengths, blank }: Batch, c: number): Tensor {
  const int64 = { dtype: "int64", device: targets.device } as const;
  const n = targetLengths.length;
  const most = Math.max(0, ...targetLengths);
  const blanks = targets.newFull([n, 1], blank, { dtype: "int64" });
  if (most === 0) return blanks;
  const flat = cast(targets, "int64").reshape(-1);
  const starts = startsOf(targets, targetLengths);
  const used = starts.flatMap((start, i) => Array.from({ length: targetLengths[i]! }, (_, k) => start + k));
  const labels = flat.indexSelect(0, tensor(used, int64)).contiguous();
  const error = (bad: number) =>
    new IndexError(`ctcLoss: label number ${bad} is out of range: there are ${c} classes, so labels are 0 to ${c - 1}`);
  labels.storage.backend.firstInvalid({ kind: "indices", x: labels, low: 0, high: c }, error);
  const places = starts.flatMap((start, i) =>
    Array.from({ length: most }, (_, k) => (k < targetLengths[i]! ? start + k : used[0]!)),
  );
  const rows = flat.indexSelect(0, tensor(places, int64)).reshape(n, most);
  const pairs = stack([blanks.expand(n, most), rows], -1).reshape(n, 2 * most);
  return cat([pairs, blanks], 1);
}

/** The losses of single sequences. @see ctcLoss */
export function lossesUnseen(given: Tensor, batch: Batch, zeroInfinity: boolean): Tensor {
  const [time, n, c] = given.shape as readonly [number, number, number];
  const int64 = { dtype: "int64", device: given.device } as const;
  const logProbs = cast(given.detach(), "float32").contiguous();
  const labels = labelsOf(batch, c).contiguous();
  const steps = tensor(batch.inputLengths, int64);
  const sizes = tensor(
    batch.targetLengths.map((length) => 2 * length + 1),
    int64,
  );
  const losses = allocate([n], "float32", given);
  const alpha = allocate([n, time, labels.shape[1]!], "float32", given);
  const { backend } = given.storage;
  backend.run("sequenceLoss", { losses, alpha, logProbs, labels, steps, sizes });
  const isLost = zeroInfinity ? losses.isinf() : losses.isinf().zerosLike();
  const y = cast(losses.maskedFill(isLost, 0), given.dtype);
  return record(
    "CtcLossBackward0",
    y,
    [given],
    [losses, alpha, logProbs, labels, steps, sizes, isLost],
    [(g, saved) => gradOf(g, saved as never)],
  );
}

type Saved = readonly [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];

function gradOf(g: Tensor, [losses, alpha, logProbs, labels, steps, sizes, isLost]: Saved): Tensor {
  const gx = allocate(logProbs.shape, "float32", logProbs);
  const beta = allocate(alpha.shape, "float32", logProbs);
  const work = { gx, beta, losses, alpha, logProbs, labels, steps, sizes };
  gx.storage.backend.run("sequenceLossGradient", work);
  beta.dispose();
  const grad = cast(gx, g.dtype).mul(g.reshape(1, -1, 1));
  return grad.maskedFill(isLost.reshape(1, -1, 1), 0);
}
