/** Boxes, regions and pictures. Operands are contiguous. */
import type { Operand, Optional } from "../operand";

/** Non-maximum suppression: whether each box is kept, because none before it in its group that is kept overlaps by more than the threshold. */
export interface Nms {
  /** [n], bool: for each position of `order`. */
  readonly mask: Operand;
  /** [n, 4]: (x1, y1, x2, y2); float32 or float64. */
  readonly boxes: Operand;
  /** [n], int64: the boxes of each group, the highest score first. */
  readonly order: Operand;
  /** Where each group of `order` begins, and where the last ends. */
  readonly starts: readonly number[];
  /** The greatest ratio of the areas of intersection and union that is kept. */
  readonly threshold: number;
}

/**
 * Which rows and columns of an input [n, channels, height, width] the bins of regions look at. `rows` and `columns` are int32, three numbers for each bin:
 * the first row, the count, and where the weights of the bin begin.
 */
export interface RegionBins {
  /** [regions], int32: the image of each. */
  readonly batch: Operand;
  /** The regions by image, int32. */
  readonly order: Operand;
  /** Where those of each image begin in `order`, and where the last end; int32. */
  readonly starts: Operand;
  /** [regions, pooled height, 3]. */
  readonly rows: Operand;
  readonly rowWeights: Operand;
  /** [regions, pooled width, 3]. */
  readonly columns: Operand;
  readonly columnWeights: Operand;
  /** [regions]: what the sums of each are divided by. */
  readonly counts: Operand;
}

/** Whether the bins of a channel look at one channel of the input, or bin (p, q) of channel c at channel (c · height + p) · width + q. */
export type RegionChannels = "shared" | "own";

/** y[r, c, p, q] = Σ row weight · column weight · x[batch[r], c, row, column] / counts[r]. */
export interface RoiMean {
  /** [regions, channels or fewer, pooled height, pooled width]. */
  readonly y: Operand;
  /** [n, channels, height, width], float32 or float64. */
  readonly x: Operand;
  readonly bins: RegionBins;
  readonly channels: RegionChannels;
}

/** The gradient of {@link RoiMean}. */
export interface RoiMeanGradient {
  /** [n, channels, height, width]. */
  readonly gx: Operand;
  /** [regions, channels or fewer, pooled height, pooled width]. */
  readonly gy: Operand;
  readonly bins: RegionBins;
  readonly channels: RegionChannels;
}

/** The largest element of each bin, and its position in its plane; 0 and −1 of a bin that looks at nothing. */
export interface RoiMax {
  /** [regions, channels, pooled height, pooled width]. */
  readonly y: Operand;
  /** Has the shape of y, int64: the position among all elements of x. */
  readonly indices: Operand;
  /** [n, channels, height, width], float32 or float64. */
  readonly x: Operand;
  readonly bins: RegionBins;
}

/** A deformable convolution. Pairs are of height and width. */
export interface Deformation {
  /** [channels, height, width] of the input. */
  readonly input: readonly number[];
  readonly images: number;
  readonly kernel: readonly [number, number];
  readonly output: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Groups of channels with offsets of their own. */
  readonly offsetGroups: number;
}

/** What each tap sees at each place, moved by the offsets and times the mask: between pixels bilinear, 0 outside. */
export interface DeformColumns {
  /** [images, channels · taps, output positions]. */
  readonly y: Operand;
  /** [images, channels, height, width], float32 or float64. */
  readonly x: Operand;
  /** [images, groups, taps, 2, output positions]: down and right. */
  readonly offset: Operand;
  /** [images, groups, taps, output positions]; 1 if undefined. */
  readonly mask: Optional;
  readonly deformation: Deformation;
}

/** The gradient of {@link DeformColumns} for x. */
export interface DeformInputGradient {
  /** [images, channels, height, width]. */
  readonly gx: Operand;
  /** [images, channels · taps, output positions]. */
  readonly gy: Operand;
  readonly offset: Operand;
  readonly mask: Optional;
  readonly deformation: Deformation;
}

/** The gradients of {@link DeformColumns} for the offsets and the mask. */
export interface DeformOffsetGradient {
  readonly gOffset: Operand;
  /** Undefined if there is no mask. */
  readonly gMask: Optional;
  readonly gy: Operand;
  readonly x: Operand;
  readonly offset: Operand;
  readonly mask: Optional;
  readonly deformation: Deformation;
}

/** What each output position of an axis is made of: `counts[i]` inputs from `starts[i]`, with the weights from `i * width`. */
export interface Taps {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly width: number;
  readonly weights: Float64Array;
}

/**
 * Bytes of a picture at another width or height: weighted sums in fixed point with 22 bits after the point, rounded and clamped, value for value PIL's. The
 * block of x has 16 bytes behind the picture, which may be read.
 */
export interface Resample {
  /** Whether each row gets another width, or each column another height. */
  readonly axis: "rows" | "columns";
  /** Bytes: [height, new width, bands], or [new height, width, bands]. */
  readonly y: Operand;
  /** Bytes: [height, width, bands]. */
  readonly x: Operand;
  readonly height: number;
  readonly width: number;
  readonly bands: number;
  readonly taps: Taps;
}

/** y[band, p] = x[p, band] / 255. The block of x has 16 bytes behind the picture, which may be read. */
export interface UnitPlanes {
  /** [bands, pixels], float32. */
  readonly y: Operand;
  /** Bytes: [pixels, bands]. */
  readonly x: Operand;
  readonly pixels: number;
  readonly bands: number;
}

/** y[r, i, band] = x[r, width − 1 − i, band]. The block of x has 16 bytes behind the picture, which may be read. */
export interface MirrorRows {
  /** Bytes: [height, width, bands]. */
  readonly y: Operand;
  readonly x: Operand;
  readonly height: number;
  readonly width: number;
  readonly bands: number;
}

/** y[…, c, p] = (x[…, c, p] − mean[c]) / std[c], rounded after either step; y may be x. */
export interface NormalizePlanes {
  /** [..., channels, plane], float32. */
  readonly y: Operand;
  readonly x: Operand;
  /** [channels], or one number for all. */
  readonly mean: Operand;
  /** Has the layout of `mean`. */
  readonly std: Operand;
  /** How many elements a channel has. */
  readonly plane: number;
}
