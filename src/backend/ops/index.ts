/**
 * The ops of a device, by name. Each is a description, an object of operands, sizes, flags and words, that says what is to be computed and nothing of
 * how. Results are allocated by the caller. What a description calls contiguous is so when the op runs: the caller copies what is not.
 * Elementwise ops, copies and fills are methods of `Backend`.
 */
import type { BatchNorm, BatchNormGradient, BatchNormStatistics, LayerNorm, LayerNormGradient } from "./normalization";
import type { MatMul } from "./products";
import type { Extremum, Histogram, Reduce, Softmax, SoftmaxGradient, SquaredDeviation } from "./reduce";
import type { RunningExtremum, Scan } from "./scan";

/** The description of each op. */
export interface DeviceOps {
  matmul: MatMul;
  reduce: Reduce;
  extremum: Extremum;
  squaredDeviation: SquaredDeviation;
  softmax: Softmax;
  softmaxGradient: SoftmaxGradient;
  histogram: Histogram;
  scan: Scan;
  runningExtremum: RunningExtremum;
  batchNormStatistics: BatchNormStatistics;
  batchNorm: BatchNorm;
  batchNormGradient: BatchNormGradient;
  layerNorm: LayerNorm;
  layerNormGradient: LayerNormGradient;
}

export type * from "./normalization";
export type * from "./products";
export type * from "./reduce";
export type * from "./scan";
export type * from "./losses";
export type * from "./optim";
