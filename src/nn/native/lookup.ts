/** Rows of tables and samples of images, with the arguments of `torch` itself. */
import { noGrad } from "../../autograd/mode";
import { assertNumber, checkFlag, checkInteger } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkInplace, checkTensor } from "../../ops/builders/checks";
import { embedding as fEmbedding } from "../../ops/indexing/membership";
import type { Tensor } from "../../tensor/tensor";
import { type EmbeddingBagOptions, embeddingBag as fEmbeddingBag } from "../functional/embeddingBag";
import { affineGrid, gridSample } from "../functional/gridSample";

/** Options of {@link embedding}. */
export interface EmbeddingArguments {
  /** A row that is never trained; −1 for none. Default: −1. */
  paddingIdx?: number;
  /** Divide gradients by how often a row was used. Default: false. */
  scaleGradByFreq?: boolean;
  /** Accepted as in PyTorch; gradients are dense. */
  sparse?: boolean;
}

/**
 * The rows of `weight` that `indices` name: the weight comes first here, and second in `nn.functional.embedding`. Shape: [n, d] and [*] → [*, d].
 * @see torch.embedding
 */
export const embedding = named(
  "embedding",
  "weight, indices; paddingIdx, scaleGradByFreq, sparse",
  (weight: Tensor, indices: Tensor, { paddingIdx = -1, ...options }: EmbeddingArguments = {}): Tensor => {
    checkInteger("embedding", "paddingIdx", paddingIdx);
    return fEmbedding(indices, weight, { ...options, paddingIdx: paddingIdx < 0 ? null : paddingIdx });
  },
);

/** Shortens the rows of `weight` that `indices` name to a norm of at most `maxNorm`, in place. @see torch.embedding_renorm_ */
export const embeddingRenorm_ = named(
  "embeddingRenorm_",
  "weight, indices, maxNorm, normType",
  (weight: Tensor, indices: Tensor, maxNorm: number, normType: number): Tensor => {
    const op = "embeddingRenorm_";
    checkInplace(op, weight);
    assertNumber(op, "maxNorm", maxNorm);
    assertNumber(op, "normType", normType);
    noGrad(() => fEmbedding(indices, weight, { maxNorm, normType }));
    return weight;
  },
);

const bagModes = ["sum", "mean", "max"] as const;

/** Options of {@link embeddingBag}. */
export interface EmbeddingBagArguments extends Omit<EmbeddingBagOptions, "offsets" | "mode" | "maxNorm" | "normType"> {
  /** 0: the sum, 1: the mean, 2: the maximum. Default: 0. */
  mode?: 0 | 1 | 2;
}

/** What {@link embeddingBag} gives. */
export type Bags = [output: Tensor, offset2bag: Tensor, bagSize: Tensor, maxIndices: Tensor];

/**
 * Sums, means or maxima of the rows of `weight` that each bag of indices names, with the bag of each index, the number of indices that count in each bag,
 * and the index that each maximum came from (with other modes: the sizes again). Shape: weight [rows, D], indices [n], offsets [B]; gives [B, D].
 * @see torch.embedding_bag
 */
export const embeddingBag = named(
  "embeddingBag",
  "weight, indices, offsets; scaleGradByFreq, mode, sparse, perSampleWeights, includeLastOffset, paddingIdx",
  (weight: Tensor, indices: Tensor, offsets: Tensor, { mode: code = 0, ...rest }: EmbeddingBagArguments = {}): Bags => {
    const mode = bagModes[checkInteger("embeddingBag", "mode", code, 0, 2)]!;
    checkTensor("embeddingBag", offsets, "offsets");
    const output = fEmbeddingBag(indices, weight, { ...rest, offsets, mode });
    const { paddingIdx, includeLastOffset = false } = rest;
    const rows = weight.shape[0]!;
    const padding = typeof paddingIdx === "number" ? (paddingIdx + rows) % rows : -1;
    const starts = (offsets.tolist() as number[]).slice(0, includeLastOffset ? -1 : undefined);
    const values = indices.tolist() as number[];
    const sizes = starts.map(() => 0);
    let bag = -1;
    const bags = values.map((value, place) => {
      while (bag + 1 < starts.length && starts[bag + 1]! <= place) bag++;
      if (value !== padding) sizes[bag]!++;
      return bag;
    });
    const [bagOf, bagSize] = [indices.newTensor(bags), indices.newTensor(sizes)];
    return [output, bagOf, bagSize, mode === "max" ? maximaOf(weight, indices, bagOf, output, padding) : bagSize];
  },
);

/** The index of the row that each maximum of a bag came from: the first one, or 0 in an empty bag. */
function maximaOf(weight: Tensor, indices: Tensor, bagOf: Tensor, output: Tensor, padding: number): Tensor {
  const n = indices.numel();
  if (n === 0) return indices.newZeros(output.shape);
  return noGrad(() => {
    const isMaximum = weight.indexSelect(0, indices).eq(output.indexSelect(0, bagOf));
    const counts = isMaximum.logicalAnd(indices.ne(padding).unsqueeze(1));
    const places = indices
      .newTensor(Array.from({ length: n }, (_, i) => i))
      .unsqueeze(1)
      .expand(counts.shape)
      .maskedFill(counts.logicalNot(), n);
    const bags = bagOf.long().unsqueeze(1).expand(counts.shape);
    const first = indices.newFull(output.shape, n).scatterReduce(0, bags, places, "amin");
    const rows = indices.indexSelect(0, first.clampMax(n - 1).reshape(-1)).reshape(output.shape);
    return rows.maskedFill(first.eq(n), 0);
  });
}

/** Where a grid of `size` lies in the image under each of the affine maps. @see torch.affine_grid_generator */
export const affineGridGenerator = named(
  "affineGridGenerator",
  "theta, size, alignCorners",
  (theta: Tensor, size: readonly number[], alignCorners: boolean): Tensor =>
    affineGrid(theta, size, { alignCorners: checkFlag("affineGridGenerator", "alignCorners", alignCorners) }),
);

const modes = ["bilinear", "nearest", "bicubic"] as const;
const paddings = ["zeros", "border", "reflection"] as const;

const sampler = <const S extends string>(op: S, axes?: number) =>
  named(
    op,
    "input, grid, interpolationMode, paddingMode, alignCorners",
    (input: Tensor, grid: Tensor, interpolationMode: number, paddingMode: number, alignCorners: boolean): Tensor => {
      if (axes !== undefined && checkTensor(op, input).ndim !== axes)
        throw new ShapeError(`${op}: expected ${axes}D input and grid, got input of shape ${shapeText(input.shape)}`);
      return gridSample(input, grid, {
        mode: modes[checkInteger(op, "interpolationMode", interpolationMode, 0, 2)]!,
        paddingMode: paddings[checkInteger(op, "paddingMode", paddingMode, 0, 2)]!,
        alignCorners: checkFlag(op, "alignCorners", alignCorners),
      });
    },
  );

/**
 * Samples of the input at the places of a grid. The modes are numbers: 0 bilinear, 1 nearest, 2 bicubic; outside 0 zeros, 1 the border, 2 reflection.
 * @see torch.grid_sampler
 */
export const gridSampler = sampler("gridSampler");
/** {@link gridSampler} of images [N, C, H, W]. @see torch.grid_sampler_2d */
export const gridSampler2d = sampler("gridSampler2d", 4);
/** {@link gridSampler} of volumes [N, C, D, H, W]. @see torch.grid_sampler_3d */
export const gridSampler3d = sampler("gridSampler3d", 5);
