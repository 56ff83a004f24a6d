/** Means of bilinear samples in regions of interest. */

import { checkFlag, checkInteger, MAX_COUNT } from "../../core/arguments";
import { ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import type { Sizes } from "../../ops/layers/slidingWindows";
import type { Tensor } from "../../tensor/tensor";
import { meansOf } from "./regionMeans";
import { Bands, checkRegions, type RegionBoxes, type Regions, type Round, tablesOf } from "./regions";

/** Options of {@link psRoiAlign}. */
export interface PSRoIAlignOptions {
  /** What brings coordinates of boxes to those of the input. Default: 1. */
  spatialScale?: number;
  /** Samples of a bin along each axis; −1 for about one for each element. Default: −1. */
  samplingRatio?: number;
}

/** Options of {@link roiAlign}. */
export interface RoIAlignOptions extends PSRoIAlignOptions {
  /** Moves boxes by half an element, so that they lie over the centers of elements. Default: false. */
  aligned?: boolean;
}

/** A region along one axis: bins of `size` from `start` on, in each of which `grid` samples lie. */
interface Axis {
  readonly start: number;
  readonly size: number;
  readonly grid: number;
  readonly bins: number;
}

/** The numbers of the samples of a bin at `base` that may lie in [−1, length]: all, unless they are many. */
function near(base: number, step: number, grid: number, length: number): [from: number, to: number] {
  if (grid <= 4096 || !(Math.abs(step) > 0)) return [0, grid];
  const ends = [(-1 - base) / step, (length - base) / step].sort((a, b) => a - b) as [number, number];
  return [Math.max(0, Math.floor(ends[0]) - 2), Math.min(grid, Math.ceil(ends[1]) + 2)];
}

/** The elements that a sample at `position` lies between, and their weights; none if it lies outside. */
function putSample(position: number, length: number, round: Round, elements: number[], weights: number[]): void {
  if (!(position >= -1 && position <= length)) return;
  const inside = Math.max(position, 0);
  const low = Math.min(Math.trunc(inside), length - 1);
  const fraction = low >= length - 1 ? 0 : round(inside - low);
  elements.push(low);
  weights.push(round(1 - fraction));
  if (fraction === 0) return;
  elements.push(low + 1);
  weights.push(fraction);
}

/** Puts the bins of a region along an axis of an input of `length` elements. */
function putBins(bands: Bands, { start, size, grid, bins }: Axis, length: number, round: Round): void {
  for (let bin = 0; bin < bins; bin++) {
    const base = round(start + round(bin * size));
    const [elements, weights]: [number[], number[]] = [[], []];
    const [from, to] = Number.isFinite(base) ? near(base, size / grid, grid, length) : [0, 0];
    for (let i = from; i < to; i++)
      putSample(round(base + round(round((i + 0.5) * size) / grid)), length, round, elements, weights);
    bands.addSummed(elements, weights, round);
  }
}

/** How a region becomes samples. */
interface Sampling {
  readonly ratio: number;
  /** What boxes are moved by. */
  readonly shift: number;
  /** The smallest side that a region may have, if there is one. */
  readonly least: number | undefined;
}

/** A region along one axis, 0 for x and 1 for y, of an input. */
function axisOf({ rows, pooled, scale, round }: Regions, region: number, axis: 0 | 1, sampling: Sampling): Axis {
  const { ratio, shift, least } = sampling;
  const [from, to] = [rows[5 * region + 1 + axis]!, rows[5 * region + 3 + axis]!];
  const start = round(round(from * scale) - shift);
  const length = round(round(round(to * scale) - shift) - start);
  const side = least === undefined ? length : Math.max(length, least);
  const bins = pooled[1 - axis]!;
  const size = round(side / bins);
  const grid = ratio > 0 ? ratio : Math.ceil(size);
  return { start, size, grid: Number.isFinite(grid) ? grid + 0 : 0, bins };
}

function sampled(regions: Regions, sampling: Sampling, countOf: (samples: number) => number) {
  const [down, right] = [new Bands(), new Bands()];
  const counts: number[] = [];
  const [height, width] = regions.input.shape.slice(2) as [number, number];
  for (let region = 0; region < regions.count; region++) {
    const [y, x] = [axisOf(regions, region, 1, sampling), axisOf(regions, region, 0, sampling)];
    putBins(down, y, height, regions.round);
    putBins(right, x, width, regions.round);
    counts.push(countOf(y.grid * x.grid));
  }
  return tablesOf(regions, down, right, counts);
}

const checkRatio = (op: string, ratio: number): number =>
  checkInteger(op, "samplingRatio", ratio, -MAX_COUNT, MAX_SAMPLES);

/** Samples of a bin along an axis: each is computed. */
const MAX_SAMPLES = 1 << 16;

/**
 * The means of bilinear samples in the bins of regions of interest. Shape: [N, C, H, W] → [K, C, outputSize[0], outputSize[1]].
 * There are gradients of the input, of any order, and none of the boxes.
 * @param boxes (x1, y1, x2, y2) after the number of the image, [K, 5], or a list with a tensor [L, 4] for each image; of the input's dtype.
 * @param outputSize One number of bins, or [height, width].
 * @throws ShapeError, DTypeError, or IndexError for a box of an image that is not there.
 * @see torchvision.ops.roi_align; He et al., "Mask R-CNN", 2017
 * @example vision.ops.roiAlign(features, [boxes], 7, { spatialScale: 1 / 16, samplingRatio: 2 });
 */
export const roiAlign = named(
  "roiAlign",
  "input, boxes, outputSize; spatialScale, samplingRatio, aligned",
  (input: Tensor, boxes: RegionBoxes, outputSize: Sizes, options: RoIAlignOptions = {}): Tensor => {
    const regions = checkRegions("roiAlign", input, boxes, outputSize, options.spatialScale ?? 1);
    const ratio = checkRatio("roiAlign", options.samplingRatio ?? -1);
    const aligned = checkFlag("roiAlign", "aligned", options.aligned ?? false);
    const sampling = { ratio, shift: aligned ? 0.5 : 0, least: aligned ? undefined : 1 };
    const tables = sampled(regions, sampling, (samples) => Math.max(samples, 1));
    return meansOf("roiAlign", "RoIAlignBackward", "shared", regions, tables).to(input.dtype);
  },
);

/** @internal @throws ValueError unless each bin has as many channels as the others. */
export function checkChannels(op: string, { input, pooled }: Regions): void {
  const bins = pooled[0] * pooled[1];
  if (bins === 0 || input.shape[1]! % bins !== 0)
    throw new ValueError(
      `${op}: input channels must be a multiple of pooling height * pooling width, got ${input.shape[1]} channels and ${pooled[0]} * ${pooled[1]}`,
    );
}

/**
 * {@link roiAlign} in which each bin looks at channels of its own. Shape: [N, C, H, W] → [K, C / (h · w), h, w] for the outputSize [h, w].
 * @see torchvision.ops.ps_roi_align; Li et al., "Light-Head R-CNN", 2017
 */
export const psRoiAlign = named(
  "psRoiAlign",
  "input, boxes, outputSize; spatialScale, samplingRatio",
  (input: Tensor, boxes: RegionBoxes, outputSize: Sizes, options: PSRoIAlignOptions = {}): Tensor => {
    const regions = checkRegions("psRoiAlign", input, boxes, outputSize, options.spatialScale ?? 1);
    const ratio = checkRatio("psRoiAlign", options.samplingRatio ?? -1);
    checkChannels("psRoiAlign", regions);
    const tables = sampled(regions, { ratio, shift: 0.5, least: undefined }, (samples) => samples);
    return meansOf("psRoiAlign", "PSRoIAlignBackward", "own", regions, tables).to(input.dtype);
  },
);
