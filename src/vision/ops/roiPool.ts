/** Maxima and means of whole elements in regions of interest. */

import { record } from "../../autograd/node";
import { named } from "../../core/signature";
import type { Sizes } from "../../ops/layers/slidingWindows";
import { allocate, zeros } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { meansOf } from "./regionMeans";
import { Bands, checkRegions, type RegionBoxes, type Regions, type Tables, tablesOf } from "./regions";
import { checkChannels } from "./roiAlign";
import "../kernels";

/** Options of {@link roiPool} and {@link psRoiPool}. */
export interface RoIPoolOptions {
  /** What brings coordinates of boxes to those of the input. Default: 1. */
  spatialScale?: number;
}

/** Halves away from zero, as C++ rounds. */
const nearest = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);

const clip = (x: number, most: number): number => Math.min(Math.max(x, 0), most);

/** What the bins of regions look at. @param extra Elements beyond the difference of the ends. @param most Where the last element may end. */
function wholeBins(regions: Regions, axis: 0 | 1, extra: number, most: number, isMean: boolean): Bands {
  const { rows, count, pooled, scale, round } = regions;
  const bands = new Bands();
  const bins = pooled[1 - axis]!;
  for (let region = 0; region < count; region++) {
    const [from, to] = [1, 3].map((at) => nearest(round(rows[5 * region + at + axis]! * scale))) as [number, number];
    const size = round(Math.max(to - from + extra, 1) / bins);
    for (let bin = 0; bin < bins; bin++) {
      const first = clip(Math.floor(round(bin * size)) + from, most);
      const length = clip(Math.ceil(round((bin + 1) * size)) + from, most) - first;
      if (!(length > 0)) bands.addNone();
      else if (isMean) bands.addEven(first, length, round(1 / length));
      else bands.triples.push(first, length, 0);
    }
  }
  return bands;
}

/** The maxima of bins, and their positions in the input. */
function maxima({ input, count, pooled }: Regions, tables: Tables): Tensor {
  const shape = [count, input.shape[1]!, ...pooled];
  const y = allocate(shape, input.dtype, input);
  const indices = allocate(shape, "int64", input);
  if (y.numel() > 0) input.storage.backend.run("roiMax", { y, indices, x: input.contiguous(), bins: tables });
  const { shape: inputShape } = input;
  return record("RoIPoolBackward", y, [input], [indices], [(g, [at]) => addAt(g, at!, inputShape)]);
}

/** Adds gradients at the positions of maxima; −1 stands for none. */
function addAt(g: Tensor, at: Tensor, shape: readonly number[]): Tensor {
  const places = shape.reduce((a, b) => a * b, 1);
  const none = zeros([places], { dtype: g.dtype as "float32", device: g.device });
  if (places === 0) return none.reshape(shape);
  const found = g.maskedFill(at.lt(0), 0).reshape(-1);
  return none.scatterAdd(0, at.clamp({ min: 0 }).reshape(-1), found).reshape(shape);
}

/**
 * The largest elements in the bins of regions of interest, whose corners are rounded. Shape: [N, C, H, W] → [K, C, outputSize[0], outputSize[1]].
 * There are gradients of the input, of any order, and none of the boxes.
 * @param boxes (x1, y1, x2, y2) after the number of the image, [K, 5], or a list with a tensor [L, 4] for each image; of the input's dtype.
 * @param outputSize One number of bins, or [height, width].
 * @throws ShapeError, DTypeError, or IndexError for a box of an image that is not there.
 * @see torchvision.ops.roi_pool; Girshick, "Fast R-CNN", 2015
 * @example vision.ops.roiPool(features, [boxes], [7, 7], { spatialScale: 1 / 16 });
 */
export const roiPool = named(
  "roiPool",
  "input, boxes, outputSize; spatialScale",
  (input: Tensor, boxes: RegionBoxes, outputSize: Sizes, options: RoIPoolOptions = {}): Tensor => {
    const regions = checkRegions("roiPool", input, boxes, outputSize, options.spatialScale ?? 1);
    const [height, width] = regions.input.shape.slice(2) as [number, number];
    const [down, right] = [wholeBins(regions, 1, 1, height, false), wholeBins(regions, 0, 1, width, false)];
    return maxima(regions, tablesOf(regions, down, right, [])).to(input.dtype);
  },
);

/**
 * The means of whole elements in the bins of regions, each bin of channels of its own. Shape: [N, C, H, W] → [K, C / (h · w), h, w] for the
 * outputSize [h, w]. As in torchvision, the last row and the last column of the input are in no bin,
 * and so, other than there, they have no gradient.
 * @see torchvision.ops.ps_roi_pool; Dai et al., "R-FCN", 2016
 */
export const psRoiPool = named(
  "psRoiPool",
  "input, boxes, outputSize; spatialScale",
  (input: Tensor, boxes: RegionBoxes, outputSize: Sizes, options: RoIPoolOptions = {}): Tensor => {
    const regions = checkRegions("psRoiPool", input, boxes, outputSize, options.spatialScale ?? 1);
    checkChannels("psRoiPool", regions);
    const [height, width] = regions.input.shape.slice(2) as [number, number];
    const [down, right] = [wholeBins(regions, 1, 0, height - 1, true), wholeBins(regions, 0, 0, width - 1, true)];
    const counts = new Array<number>(regions.count).fill(1);
    return meansOf("psRoiPool", "PSRoIPoolBackward", "own", regions, tablesOf(regions, down, right, counts)).to(
      input.dtype,
    );
  },
);
