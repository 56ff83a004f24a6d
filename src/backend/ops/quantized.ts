/** Numbers of 8 bits with a scale and a zero point: x ≈ (q − zero) · scale. */
import type { Operand, Optional } from "../operand";

/** y = round(x / scale) + zero, cut off at the bounds of its dtype, or back. All contiguous, seen as [outer, channels, inner]. */
export interface Quantize {
  /** uint8, int8 or int32; of float32 for {@link DeviceOps.dequantize}. */
  readonly y: Operand;
  /** float32; of uint8, int8 or int32 for {@link DeviceOps.dequantize}. */
  readonly x: Operand;
  /** float32 [channels], or one for all. */
  readonly scales: Operand | number;
  /** int32 [channels], or one for all. */
  readonly zeros: Operand | number;
  readonly channels: number;
  readonly inner: number;
}

/** The smallest and the largest of each block of numbers. */
export interface BlockRanges {
  /** float32 [blocks, 2]. */
  readonly y: Operand;
  /** float32, contiguous, not empty. */
  readonly x: Operand;
  /** Numbers of a block. */
  readonly block: number;
}

/** How the terms of a product lie: each row or column has `segments` runs of `length` neighboring terms. */
export interface QuantizedTerms {
  /** Columns of a group. */
  readonly n: number;
  readonly groups: number;
  readonly segments: number;
  readonly length: number;
}

/** Brings weights into the order in which this device's products read them. */
export interface PackQuantized {
  /** int8, as long as {@link packedBytes} says. */
  readonly y: Operand;
  /** int8 [groups · n, segments, length], contiguous. */
  readonly w: Operand;
  readonly terms: QuantizedTerms;
}

/** How sums of products become results: (sum − zero · columnSum) · (scale · scaleOfColumn) + bias. */
export interface QuantizedResult {
  /** float32, or uint8: then the nearest integer plus `zeroOut`. */
  readonly y: Operand;
  /** Per column, in each group filled up to a multiple of eight: int32 sums of the weights, float32 scales, float32 biases. */
  readonly sums: Operand;
  readonly scales: Operand;
  readonly bias: Operand;
  readonly zero: number;
  readonly scale: number;
  readonly zeroOut: number;
  /** Whether negative results are cut off. */
  readonly relu: boolean;
}

/** Where the windows of a convolution begin in bytes, and where they lie in the result: lines of places, images of lines. */
export interface QuantizedPlaces {
  readonly images: number;
  readonly lines: number;
  readonly line: number;
  readonly imageStep: number;
  readonly lineStep: number;
  readonly placeStep: number;
  /** From the beginning of a window to each of its segments. */
  readonly offsets: readonly number[];
}

/** y = x · w, for windows of images or rows of a matrix; the channels of an image are neighbors, and so are the columns of a result. */
export interface QuantizedProduct extends QuantizedResult {
  /** uint8. */
  readonly x: Operand;
  /** As {@link PackQuantized} gives it. */
  readonly w: Operand;
  readonly terms: QuantizedTerms;
  readonly places: QuantizedPlaces;
  /** From one group of terms to the next, in bytes. */
  readonly groupStep: number;
}

/** A convolution with one kernel per channel. */
export interface QuantizedDepthwise extends QuantizedResult {
  /** uint8. */
  readonly x: Operand;
  /** int8 [taps, channels filled up to a multiple of eight]. */
  readonly w: Operand;
  readonly channels: number;
  readonly places: QuantizedPlaces;
}

/** y = a + b, each with a scale and a zero point. All uint8, contiguous, of equally many elements. */
export interface QuantizedAdd {
  readonly y: Operand;
  readonly a: Operand;
  readonly b: Operand;
  readonly scaleA: number;
  readonly zeroA: number;
  readonly scaleB: number;
  readonly zeroB: number;
  readonly scale: number;
  readonly zero: number;
  readonly relu: boolean;
}

/** The largest bytes of windows; images of [n, height, width, channels], uint8, contiguous. */
export interface QuantizedMaxPool {
  readonly y: Operand;
  readonly x: Operand;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
}

/** y = x · wᵀ + bias, for few rows x and a matrix whose numbers have 16 bits. All contiguous. */
export interface HalfProduct {
  /** float32 [m, n]. */
  readonly y: Operand;
  /** float32 [m, k]. */
  readonly x: Operand;
  /** float16 or bfloat16 [n, k], finite. */
  readonly w: Operand;
  /** float32 [n]. */
  readonly bias: Optional;
}

/** Columns of a panel of packed weights. */
const PANEL = 8;

/** n filled up to whole panels. */
export const paddedColumns = (n: number): number => Math.ceil(n / PANEL) * PANEL;

/** Bytes of packed weights. */
export const packedBytes = ({ n, groups, segments, length }: QuantizedTerms): number =>
  groups * paddedColumns(n) * segments * Math.ceil(length / 4) * 4;
