/** Max poolings that always give the positions of the maxima too. */
import {
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  type MaxPoolOptions,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  type OutputSize,
  type Pooled,
} from "../../ops/pool";
import type { Sizes } from "../../ops/sliding";
import type { Tensor } from "../../tensor/tensor";
import { type FractionalMaxPoolOptions, fractionalMaxPool2d, fractionalMaxPool3d } from "./fractionalPool";

const returnIndices = true;

type PoolOptions = Omit<MaxPoolOptions, "returnIndices">;
type FractionalOptions = Omit<FractionalMaxPoolOptions, "returnIndices">;

/** {@link maxPool1d} with the positions of the maxima. @see torch.nn.functional.max_pool1d_with_indices */
export const maxPool1dWithIndices = (x: Tensor, kernelSize: Sizes, options: PoolOptions = {}): Pooled =>
  maxPool1d(x, kernelSize, { ...options, returnIndices });

/** {@link maxPool2d} with the positions of the maxima. @see torch.nn.functional.max_pool2d_with_indices */
export const maxPool2dWithIndices = (x: Tensor, kernelSize: Sizes, options: PoolOptions = {}): Pooled =>
  maxPool2d(x, kernelSize, { ...options, returnIndices });

/** {@link maxPool3d} with the positions of the maxima. @see torch.nn.functional.max_pool3d_with_indices */
export const maxPool3dWithIndices = (x: Tensor, kernelSize: Sizes, options: PoolOptions = {}): Pooled =>
  maxPool3d(x, kernelSize, { ...options, returnIndices });

/** {@link adaptiveMaxPool1d} with the positions of the maxima. @see torch.nn.functional.adaptive_max_pool1d_with_indices */
export const adaptiveMaxPool1dWithIndices = (x: Tensor, outputSize: OutputSize): Pooled =>
  adaptiveMaxPool1d(x, outputSize, { returnIndices });

/** {@link adaptiveMaxPool2d} with the positions of the maxima. @see torch.nn.functional.adaptive_max_pool2d_with_indices */
export const adaptiveMaxPool2dWithIndices = (x: Tensor, outputSize: OutputSize): Pooled =>
  adaptiveMaxPool2d(x, outputSize, { returnIndices });

/** {@link adaptiveMaxPool3d} with the positions of the maxima. @see torch.nn.functional.adaptive_max_pool3d_with_indices */
export const adaptiveMaxPool3dWithIndices = (x: Tensor, outputSize: OutputSize): Pooled =>
  adaptiveMaxPool3d(x, outputSize, { returnIndices });

/** {@link fractionalMaxPool2d} with the positions of the maxima. @see torch.nn.functional.fractional_max_pool2d_with_indices */
export const fractionalMaxPool2dWithIndices = (x: Tensor, kernelSize: Sizes, options: FractionalOptions = {}): Pooled =>
  fractionalMaxPool2d(x, kernelSize, { ...options, returnIndices });

/** {@link fractionalMaxPool3d} with the positions of the maxima. @see torch.nn.functional.fractional_max_pool3d_with_indices */
export const fractionalMaxPool3dWithIndices = (x: Tensor, kernelSize: Sizes, options: FractionalOptions = {}): Pooled =>
  fractionalMaxPool3d(x, kernelSize, { ...options, returnIndices });
