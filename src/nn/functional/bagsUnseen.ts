/** Bags of rows where nothing can be read: which bag an index belongs to is found by ops, and what belongs to none goes to an extra bag. */
import { checkInteger } from "../../core/arguments";
import { checkAll } from "../../ops/builders/checks";
import { arange } from "../../ops/creation/ranges";
import { checkIndexType } from "../../ops/indexing/indexChecks";
import { embedding } from "../../ops/indexing/membership";
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

/** The bag of each element of the input and their number, where nobody can look: elements behind the last one belong to an extra bag. */
function bagsOn(
  input: Tensor,
  { offsets, includeLastOffset = false }: EmbeddingBagOptions,
): [bags: Tensor, count: number] {
  const places = arange(input.numel(), { dtype: "int64", device: input.device });
  if (input.ndim === 2) return [places.floorDivide(Math.max(1, input.shape[1]!)), input.shape[0]!];
  checkIndexType("embeddingBag", offsets!, input);
  const starts = offsets!.long().contiguous();
  const size = starts.numel();
  if (size > 0) {
    const [first, last] = [starts.narrow(0, 0, 1), starts.narrow(0, size - 1, 1)];
    checkAll(
      "embeddingBag",
      first.eq(0),
      "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0",
    );
    checkAll("embeddingBag", starts.diff().ge(0), "offsets must not be negative, and not decrease");
    checkAll(
      "embeddingBag",
      last.le(input.numel()),
      `offsets[-1] can not be greater than input's length(${input.numel()})`,
    );
  }
  return [searchsorted(starts, places, { right: true }).sub(1), size - Number(includeLastOffset)];
}

/** `embeddingBag` of arguments that were checked, without a look at offsets and indices: what is padding counts as nothing. */
export function bagsUnseen(input: Tensor, weight: Tensor, options: EmbeddingBagOptions, mode: BagMode): Tensor {
  const { perSampleWeights, maxNorm = null, normType = 2, scaleGradByFreq = false, paddingIdx } = options;
  const rowCount = weight.shape[0]!;
  if (paddingIdx != null) checkInteger("embeddingBag", "paddingIdx", paddingIdx, -rowCount, rowCount - 1);
  const [bags, count] = bagsOn(input, options);
  const flat = input.reshape(-1);
  const isKept = typeof paddingIdx === "number" ? flat.ne((paddingIdx + rowCount) % rowCount) : flat.eq(flat);
  let rows = embedding(flat, weight, { maxNorm, normType, scaleGradByFreq });
  if (perSampleWeights) rows = rows.mul(perSampleWeights.reshape(-1).unsqueeze(1));
  const shape = [count + 1, weight.shape[1]!];
  const dropped = isKept.logicalNot().unsqueeze(1);
  const sizes = rows
    .newZeros([count + 1])
    .indexAdd(0, bags, isKept.to(rows.dtype))
    .narrow(0, 0, count)
    .unsqueeze(1);
  if (mode === "max") {
    const least = rows.newFull(shape, Number.NEGATIVE_INFINITY);
    const largest = rows.maskedFill(dropped, Number.NEGATIVE_INFINITY);
    const y = least.scatterReduce(0, bags.unsqueeze(1).expand(rows.shape), largest, "amax").narrow(0, 0, count);
    return y.maskedFill(sizes.eq(0), 0);
  }
  const sums = rows.newZeros(shape).indexAdd(0, bags, rows.maskedFill(dropped, 0)).narrow(0, 0, count);
  return mode === "sum" ? sums : sums.div(sizes.clampMin(1));
}
