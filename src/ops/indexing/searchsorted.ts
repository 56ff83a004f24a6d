/** Positions among sorted boundaries. */

import { noGrad } from "../../autograd/mode";
import { checkChoice, checkNumber } from "../../core/arguments";
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate, tensor } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkSameDevice, checkTensor } from "../builders/checks";
import { cast, computeType, promote } from "../builders/define";
import { dense } from "./indexChecks";

/** Options of {@link bucketize}. */
export interface BucketizeOptions {
  /** Positions as int32 instead of int64. Default: false. */
  outInt32?: boolean;
  /** Behind equal boundaries instead of before them. Default: false. */
  right?: boolean;
}

/** Options of {@link searchsorted}. */
export interface SearchsortedOptions extends BucketizeOptions {
  /** The same choice as `right`, by name. */
  side?: "left" | "right" | null;
  /** The order that sorts `sortedSequence`, as `argsort` gives it, if it is not sorted itself. */
  sorter?: Tensor | null;
}

/** Nanoseconds per value searched. */
const SEARCH_COST = 20;

function checkSorter(sorted: Tensor, sorter: Tensor): void {
  if (!sameShape(sorted.shape, sorter.shape))
    throw new ShapeError(
      `searchsorted: boundary and sorter must have the same size, but got ${shapeText(sorted.shape)} and ${shapeText(sorter.shape)}`,
    );
  if (sorter.dtype !== "int64") throw new DTypeError(`searchsorted: sorter must be int64, got ${sorter.dtype}`);
}

/** Positions of values [..., m] in sorted [..., n], or in one row [n]. */
function positionsIn(sorted: Tensor, values: Tensor, right: boolean): Tensor {
  const dtype = computeType(sorted.dtype === values.dtype ? sorted.dtype : promote(sorted, values));
  if (dtype === "bool")
    throw new DTypeError("searchsorted: not implemented for bool; search in integers: sortedSequence.long()");
  const [rows, wanted] = [dense(cast(sorted.detach(), dtype)), dense(cast(values.detach(), dtype))];
  const y = allocate(values.shape, "int64", values);
  const shared = sorted.ndim === 1;
  const m = shared ? values.numel() : (values.shape.at(-1) ?? 1);
  const work = { range: values.numel(), cost: values.numel() * SEARCH_COST };
  values.storage.backend.call(
    "searchsorted",
    dtype,
    [y, rows, wanted, sorted.shape.at(-1)!, m, shared ? 1 : 0, right ? 1 : 0],
    work,
  );
  return y;
}

/**
 * Where each value belongs in its row of `sortedSequence`, so that the row stays sorted. Shape: [*, n] and [*, m], or [n] and any.
 * @see torch.searchsorted
 * @throws ShapeError unless the leading axes agree.
 */
export const searchsorted = named(
  "searchsorted",
  "sortedSequence, values;; side, sorter, outInt32, right",
  (sortedSequence: Tensor, values: Tensor | number, options: SearchsortedOptions = {}): Tensor => {
    checkTensor("searchsorted", sortedSequence, "sortedSequence");
    const wanted =
      values instanceof Tensor
        ? checkTensor("searchsorted", values, "values")
        : tensor(checkNumber("searchsorted", "values", values), {
            dtype: sortedSequence.dtype,
            device: sortedSequence.device,
          });
    checkSameDevice("searchsorted", sortedSequence, wanted);
    const { side, sorter, right = false, outInt32 = false } = options;
    if (side != null) checkChoice("searchsorted", "side", side, ["left", "right"]);
    if (sorter != null) checkSorter(sortedSequence, checkTensor("searchsorted", sorter, "sorter"));
    if (side === "left" && right)
      throw new ArgumentError(
        "searchsorted: side and right can't be set to opposites, got side of left while right was true",
      );
    const lead = sortedSequence.shape.slice(0, -1);
    if (sortedSequence.ndim === 0 || (lead.length > 0 && !sameShape(lead, wanted.shape.slice(0, -1))))
      throw new ShapeError(
        `searchsorted: the first dimensions of the boundaries ${shapeText(sortedSequence.shape)} and of the values ${shapeText(wanted.shape)} must agree`,
      );
    const rows = sorter ? noGrad(() => sortedSequence.gather(-1, sorter)) : sortedSequence;
    const y = positionsIn(rows, wanted, right || side === "right");
    return outInt32 ? y.to("int32") : y;
  },
);

/**
 * The bucket of each element, between sorted boundaries: i where boundaries[i − 1] < x ≤ boundaries[i] (`right`: ≤ and <).
 * @see torch.bucketize
 */
export const bucketize = named(
  "bucketize",
  "input, boundaries;; outInt32, right",
  (x: Tensor | number, boundaries: Tensor, options: BucketizeOptions = {}): Tensor => {
    checkTensor("bucketize", boundaries, "boundaries");
    if (boundaries.ndim !== 1)
      throw new ShapeError(`bucketize: boundaries tensor must be 1 dimension, but got dim(${boundaries.ndim})`);
    return searchsorted(boundaries, x, options);
  },
);
