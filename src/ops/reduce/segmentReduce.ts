/** Reductions of consecutive runs of rows. */

import { checkChoice, checkIntegers, checkNumber } from "../../core/arguments";
import { isFloat } from "../../core/dtype";
import { ArgumentError, DTypeError, describe, ShapeError } from "../../core/errors";
import { sameShape, shapeText, wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import { full, tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkAll, checkTensor } from "../builders/checks";
import { arange } from "../creation/ranges";
import { searchsorted } from "../indexing/searchsorted";

/** Options of {@link segmentReduce}: `lengths` or `offsets` say where the segments are. */
export interface SegmentReduceOptions {
  /** The lengths of the segments, [*, segments]; leading axes are those of the data. */
  lengths?: Tensor | null;
  /** Where the segments begin and the last one ends, [*, segments + 1]. */
  offsets?: Tensor | null;
  /** The axis that is cut into segments: the last one of the lengths. Default: 0. */
  axis?: number;
  /** Only null: PyTorch has no reduction by indices either. */
  indices?: null;
  /** Skip the check that the lengths add up to the axis. Default: false. */
  unsafe?: boolean;
  /** What a segment's reduction starts with. Default: what changes nothing; the mean of an empty segment is NaN. */
  initial?: number | null;
}

const modes = ["sum", "mean", "max", "min", "prod"] as const;

/** How segments are reduced. */
export type SegmentMode = (typeof modes)[number];

const neutral = { sum: 0, mean: 0, max: Number.NEGATIVE_INFINITY, min: Number.POSITIVE_INFINITY, prod: 1 } as const;
const scatterModes = { sum: "sum", mean: "sum", max: "amax", min: "amin", prod: "prod" } as const;

function lengthsOf(data: Tensor, { lengths, offsets }: SegmentReduceOptions): Tensor {
  for (const [name, x] of Object.entries({ lengths, offsets })) if (x != null) checkTensor("segmentReduce", x, name);
  const given = lengths ?? offsets?.diff();
  if (!given) throw new ArgumentError("segmentReduce: pass { lengths } or { offsets }");
  if (given.ndim === 0 || given.ndim > data.ndim)
    throw new ShapeError(
      `segmentReduce: expected lengths of 1 to ${data.ndim} axes for data of shape ${shapeText(data.shape)}, got ${shapeText(given.shape)}`,
    );
  return given;
}

/** The segment of each row along the axis, [*, n]; rows beyond the last segment belong to an extra one. */
function segmentsOf(lengths: Tensor, n: number, unsafe: boolean): Tensor {
  const count = lengths.shape.at(-1)!;
  if (!lengths.storage.backend.readsAtOnce) return segmentsOn(lengths, n, unsafe);
  const rows = lengths.reshape([-1, count]).tolist() as number[][];
  const segments = rows.flatMap((row) => {
    const total = checkIntegers("segmentReduce", "lengths", row, 0).reduce((sum, length) => sum + length, 0);
    if (total > n || (!unsafe && total !== n))
      throw new ShapeError(
        `segmentReduce: expected all rows of lengths to sum to the size ${n} of the axis, got ${describe(row)}`,
      );
    const of = row.flatMap((length, i) => Array<number>(length).fill(i));
    return of.concat(Array<number>(n - total).fill(count));
  });
  return tensor(segments, { dtype: "int64", device: lengths.device }).reshape([...lengths.shape.slice(0, -1), n]);
}

/** {@link segmentsOf} without a look at the lengths: the segment of a row is the number of those that end before it. */
function segmentsOn(lengths: Tensor, n: number, unsafe: boolean): Tensor {
  const ends = lengths.long().cumsum(-1);
  const isValid = lengths.ge(0).all();
  const whole = ends.narrow(-1, lengths.shape.at(-1)! - 1, 1);
  checkAll("segmentReduce", isValid, "lengths must not be negative");
  checkAll(
    "segmentReduce",
    unsafe ? whole.le(n) : whole.eq(n),
    `expected all rows of lengths to sum to the size ${n} of the axis`,
  );
  const rows = arange(n, { dtype: "int64", device: lengths.device }).expand([...lengths.shape.slice(0, -1), n]);
  return searchsorted(ends, rows.contiguous(), { right: true });
}

/**
 * Reduces each segment of an axis, and so makes it as long as there are segments. Shape: [*, n, …] → [*, segments, …]. The lengths are read back.
 * @see torch.segment_reduce
 * @throws ShapeError unless the lengths add up to the axis.
 * @example torch.segmentReduce(torch.tensor([1, 2, 3]), "sum", { lengths: torch.tensor([2n, 1n]) }) // [3, 3]
 */
export const segmentReduce = named(
  "segmentReduce",
  "data, reduce;; lengths, indices, offsets, axis, unsafe, initial",
  (data: Tensor, reduce: SegmentMode, options: SegmentReduceOptions = {}): Tensor => {
    checkTensor("segmentReduce", data);
    const { axis = 0, unsafe = false } = options;
    checkChoice("segmentReduce", "reduce", reduce, modes);
    const initial = options.initial == null ? undefined : checkNumber("segmentReduce", "initial", options.initial);
    if (!isFloat(data.dtype)) throw new DTypeError(`segmentReduce: takes floating-point elements, got ${data.dtype}`);
    if (options.indices != null)
      throw new ArgumentError("segmentReduce: indices is not supported, as in PyTorch; give lengths or offsets");
    const lengths = lengthsOf(data, options);
    const dim = wrapDim("segmentReduce", axis, data.ndim);
    if (dim !== lengths.ndim - 1)
      throw new ArgumentError(
        `segmentReduce: axis must be the last one of the lengths, ${lengths.ndim - 1}, got ${axis}`,
      );
    const lead = data.shape.slice(0, dim);
    if (!sameShape(lead, lengths.shape.slice(0, -1)))
      throw new ShapeError(
        `segmentReduce: the lengths ${shapeText(lengths.shape)} must have the leading axes ${shapeText(lead)} of the data`,
      );
    const count = lengths.shape.at(-1)!;
    const inner = data.shape.slice(dim + 1).map(() => 1);
    const widened = (x: Tensor): Tensor => x.reshape([...x.shape, ...inner]);
    const at = widened(segmentsOf(lengths, data.shape[dim]!, unsafe)).expand(data.shape);
    const start = full(data.shape.with(dim, count + 1), initial ?? neutral[reduce], {
      dtype: data.dtype,
      device: data.device,
    });
    const y = start.scatterReduce(dim, at, data, scatterModes[reduce]).narrow(dim, 0, count);
    if (reduce !== "mean") return y;
    const sizes = widened(lengths);
    return initial === undefined || initial === null ? y.div(sizes) : y.div(sizes.clampMin(1));
  },
);
