/** Sums, means and maxima of rows of a table. */

import { checkChoice, checkFlag, checkInteger } from "../../core/arguments";
import { ShapeError, ValueError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import { checkIndexType } from "../../ops/indexing/indexChecks";
import { embedding } from "../../ops/indexing/membership";
import { stack } from "../../ops/shape/join";
import { tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { type BagMode, bagsUnseen, type EmbeddingBagOptions } from "./bagsUnseen";

export type { BagMode, EmbeddingBagOptions } from "./bagsUnseen";

function check(input: Tensor, weight: Tensor, options: EmbeddingBagOptions): BagMode {
  checkTensor("embeddingBag", input);
  checkTensor("embeddingBag", weight, "weight");
  const { offsets, mode = "mean", perSampleWeights } = options;
  for (const name of ["scaleGradByFreq", "sparse", "includeLastOffset"] as const)
    checkFlag("embeddingBag", name, options[name] ?? false);
  checkChoice("embeddingBag", "mode", mode, ["sum", "mean", "max"]);
  for (const [name, x] of Object.entries({ offsets, perSampleWeights }))
    if (x != null) checkTensor("embeddingBag", x, name);
  if (weight.ndim !== 2) throw new ShapeError(`embeddingBag: weight has to be a 2D Tensor, got ${weight.ndim}D`);
  checkIndexType("embeddingBag", input, weight);
  if (input.ndim === 2 && offsets)
    throw new ValueError(
      "embeddingBag: if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences",
    );
  if (input.ndim === 1 && offsets?.ndim !== 1) throw new ValueError("embeddingBag: offsets has to be a 1D Tensor");
  if (offsets?.numel() === 0 && options.includeLastOffset)
    throw new ValueError("embeddingBag: includeLastOffset: number of offsets should be at least 1");
  if (input.ndim !== 1 && input.ndim !== 2)
    throw new ShapeError(`embeddingBag: input has to be 1D or 2D Tensor, but got Tensor of dimension ${input.ndim}`);
  if (perSampleWeights && mode !== "sum")
    throw new ValueError(
      `embeddingBag: perSampleWeights was not null. perSampleWeights is only supported for mode='sum' (got mode='${mode}').`,
    );
  if (perSampleWeights && !sameShape(perSampleWeights.shape, input.shape))
    throw new ShapeError(
      `embeddingBag: expected perSampleWeights to have the shape of input, ${shapeText(input.shape)}, got ${shapeText(perSampleWeights.shape)}`,
    );
  return mode;
}

/** The first row of every bag, and after the last one the end. */
function bounds(input: Tensor, { offsets, includeLastOffset = false }: EmbeddingBagOptions): number[] {
  if (input.ndim === 2) return Array.from({ length: input.shape[0]! + 1 }, (_, i) => i * input.shape[1]!);
  checkIndexType("embeddingBag", offsets!, input);
  const starts = offsets!.tolist() as number[];
  if (starts[0] !== undefined && starts[0] !== 0)
    throw new ValueError(
      `embeddingBag: offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, got ${starts[0]}`,
    );
  if (starts.some((start, i) => start < 0 || start > (starts[i + 1] ?? start)))
    throw new ValueError("embeddingBag: offsets must not be negative, and not decrease");
  if (starts.some((start) => start > input.numel()))
    throw new ValueError(`embeddingBag: offsets[-1] can not be greater than input's length(${input.numel()})`);
  return includeLastOffset ? starts : [...starts, input.numel()];
}

/** The elements of the input that count, and the bag of each. */
function members(
  input: Tensor,
  options: EmbeddingBagOptions,
  rows: number,
): { places: number[]; bags: number[]; count: number } {
  const limits = bounds(input, options);
  const { paddingIdx } = options;
  if (paddingIdx != null) checkInteger("embeddingBag", "paddingIdx", paddingIdx, -rows, rows - 1);
  const padding = typeof paddingIdx === "number" ? (paddingIdx + rows) % rows : undefined;
  const values = padding === undefined ? undefined : (input.reshape(-1).tolist() as number[]);
  const [places, bags]: [number[], number[]] = [[], []];
  for (let bag = 0; bag + 1 < limits.length; bag++)
    for (let place = limits[bag]!; place < limits[bag + 1]!; place++) {
      if (values !== undefined && values[place] === padding) continue;
      places.push(place);
      bags.push(bag);
    }
  return { places, bags, count: limits.length - 1 };
}

/**
 * The sum, mean or maximum of the rows of `weight` that each bag of indices names. An empty bag gives zeros.
 *
 * Shape: input [B, n], or [Σn] with offsets [B]; weight [rows, D]; gives [B, D].
 * @see torch.nn.functional.embedding_bag
 */
export const embeddingBag = named(
  "embeddingBag",
  "input, weight; offsets, maxNorm, normType, scaleGradByFreq, mode, sparse, perSampleWeights, includeLastOffset, paddingIdx",
  (input: Tensor, weight: Tensor, options: EmbeddingBagOptions = {}): Tensor => {
    const mode = check(input, weight, options);
    if (!input.storage.backend.readsAtOnce) return bagsUnseen(input, weight, options, mode);
    const { perSampleWeights, maxNorm = null, normType = 2, scaleGradByFreq = false } = options;
    const { places, bags, count } = members(input, options, weight.shape[0]!);
    const index = (list: readonly number[]) => tensor(list, { dtype: "int64", device: input.device });
    const used = index(places);
    let rows = embedding(input.reshape(-1).indexSelect(0, used), weight, { maxNorm, normType, scaleGradByFreq });
    if (perSampleWeights) rows = rows.mul(perSampleWeights.reshape(-1).indexSelect(0, used).unsqueeze(1));
    const sizes = new Array<number>(count).fill(0);
    for (const bag of bags) sizes[bag]!++;
    if (mode === "max") return maxima(rows, sizes);
    const sums = rows.newZeros([count, weight.shape[1]!]).indexAdd(0, index(bags), rows);
    if (mode === "sum") return sums;
    return sums.div(
      tensor(
        sizes.map((n) => Math.max(n, 1)),
        { dtype: rows.dtype, device: rows.device },
      ).unsqueeze(1),
    );
  },
);

/** The largest of the rows of each bag, bags lying one after the other. */
function maxima(rows: Tensor, sizes: readonly number[]): Tensor {
  const blank = rows.newZeros([rows.shape[1]!]);
  return stack(rows.split(sizes, 0).map((bag, i) => (sizes[i] === 0 ? blank : bag.max(0).values)));
}
