/** Bags of rows where nothing can be read: which bag an index belongs to is found by ops, and what belongs to none counts nothing. */
import { checkInteger } from "../../core/arguments";
import { checkAll } from "../../ops/builders/checks";
import { arange } from "../../ops/creation/ranges";
import { checkIndexType } from "../../ops/indexing/indexChecks";
import { embedding } from "../../ops/indexing/membership";
import { scatterReduce } from "../../ops/indexing/scatterReduce";
import { searchsorted } from "../../ops/indexing/searchsorted";
import type { Tensor } from "../../tensor/tensor";

/** What becomes of the rows of a bag. */
export type BagMode = "sum" | "mean" | "max";

/** Options of `embeddingBag`. */
export interface EmbeddingBagOptions {
  /** Where in a flat input each bag begins, [B]. */
  offsets?: Tensor | null;
  /** Rows that are used and longer than this are shortened to it, in place. */
  maxNorm?: number | null;
  /** The degree of that norm. Default: 2. */
  normType?: number;
  /** Divide gradients by how often a row was used. Default: false. */
  scaleGradByFreq?: boolean;
  /** Default: `"mean"`. */
  mode?: BagMode;
  /** Accepted as in PyTorch; gradients are dense. */
  sparse?: boolean;
  /** A factor for each row, of the shape of the input; only with mode `"sum"`. */
  perSampleWeights?: Tensor | null;
  /** Whether the last offset is the end of the last bag. Default: false. */
  includeLastOffset?: boolean;
  /** Rows of this index count for nothing. */
  paddingIdx?: number | null;
}

interface Bags {
  /** The bag of each index, int64. */
  readonly of: Tensor;
  readonly count: number;
}

/** Bags of equal size, or those that begin at offsets. */
function bagsOf(input: Tensor, { offsets, includeLastOffset = false }: EmbeddingBagOptions): Bags {
  const places = arange(input.numel(), { dtype: "int64", device: input.device });
  if (input.ndim === 2) return { of: places.floorDivide(Math.max(1, input.shape[1]!)), count: input.shape[0]! };
  checkIndexType("embeddingBag", offsets!, input);
  const starts = offsets!.long();
  checkAll("embeddingBag", starts.narrow(0, 0, Math.min(1, starts.numel())).eq(0), "offsets[0] has to be 0");
  checkAll("embeddingBag", starts.diff().ge(0), "offsets must not decrease");
  checkAll("embeddingBag", starts.le(input.numel()), "offsets can not be greater than input's length");
  const count = starts.numel() - Number(includeLastOffset);
  return { of: searchsorted(starts, places, { right: true }).sub(1), count };
}

/** `embeddingBag` of arguments that were checked. */
export function bagsByOps(input: Tensor, weight: Tensor, mode: BagMode, options: EmbeddingBagOptions): Tensor {
  const { perSampleWeights, paddingIdx, maxNorm = null, normType = 2, scaleGradByFreq = false } = options;
  const [rows, width] = weight.shape as readonly [number, number];
  if (paddingIdx != null) checkInteger("embeddingBag", "paddingIdx", paddingIdx, -rows, rows - 1);
  const { of, count } = bagsOf(input, options);
  const none = weight.newZeros([count, width]);
  const flat = input.reshape(-1);
  if (count === 0 || flat.numel() === 0) return none;
  let isMember = of.ge(0).logicalAnd(of.lt(count));
  if (paddingIdx != null) isMember = isMember.logicalAnd(flat.ne((paddingIdx + rows) % rows));
  let found = embedding(flat, weight, { maxNorm, normType, scaleGradByFreq });
  if (perSampleWeights) found = found.mul(perSampleWeights.reshape(-1).unsqueeze(1));
  const isOther = isMember.logicalNot().unsqueeze(1);
  const bag = of.clamp({ min: 0, max: count - 1 });
  const sizes = none.newZeros([count]).indexAdd(0, bag, isMember.to(weight.dtype)).unsqueeze(1);
  if (mode !== "max") {
    const sums = none.indexAdd(0, bag, found.maskedFill(isOther, 0));
    return mode === "sum" ? sums : sums.div(sizes.clamp({ min: 1 }));
  }
  const index = bag.unsqueeze(1).expand(found.shape);
  const least = Number.NEGATIVE_INFINITY;
  const most = scatterReduce(none.add(least), 0, index, found.maskedFill(isOther, least), "amax");
  return most.maskedFill(sizes.eq(0), 0);
}
