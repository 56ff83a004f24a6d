/** Max poolings that always give the positions of the maxima too. */
import { named } from "../../core/signature";
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
export const maxPool1dWithIndices = named(
  "maxPool1dWithIndices",
  "input, kernelSize; stride, padding, dilation, ceilMode",
  (x: Tensor, kernelSize: Sizes, options: PoolOptions = {}): Pooled =>
    maxPool1d(x, kernelSize, { ...options, returnIndices }),
);

/** {@link maxPool2d} with the positions of the maxima. @see torch.nn.functional.max_pool2d_with_indices */
export const maxPool2dWithIndices = named(
  "maxPool2dWithIndices",
  "input, kernelSize; stride, padding, dilation, ceilMode",
  (x: Tensor, kernelSize: Sizes, options: PoolOptions = {}): Pooled =>
    maxPool2d(x, kernelSize, { ...options, returnIndices }),
);

/** {@link maxPool3d} with the positions of the maxima. @see torch.nn.functional.max_pool3d_with_indices */
export const maxPool3dWithIndices = named(
  "maxPool3dWithIndices",
  "input, kernelSize; stride, padding, dilation, ceilMode",
  (x: Tensor, kernelSize: Sizes, options: PoolOptions = {}): Pooled =>
    maxPool3d(x, kernelSize, { ...options, returnIndices }),
);

/** {@link adaptiveMaxPool1d} with the positions of the maxima. @see torch.nn.functional.adaptive_max_pool1d_with_indices */
export const adaptiveMaxPool1dWithIndices = named(
  "adaptiveMaxPool1dWithIndices",
  "input, outputSize",
  (x: Tensor, outputSize: OutputSize): Pooled => adaptiveMaxPool1d(x, outputSize, { returnIndices }),
);

/** {@link adaptiveMaxPool2d} with the positions of the maxima. @see torch.nn.functional.adaptive_max_pool2d_with_indices */
export const adaptiveMaxPool2dWithIndices = named(
  "adaptiveMaxPool2dWithIndices",
  "input, outputSize",
  (x: Tensor, outputSize: OutputSize): Pooled => adaptiveMaxPool2d(x, outputSize, { returnIndices }),
);

/** {@link adaptiveMaxPool3d} with the positions of the maxima. @see torch.nn.functional.adaptive_max_pool3d_with_indices */
export const adaptiveMaxPool3dWithIndices = named(
  "adaptiveMaxPool3dWithIndices",
  "input, outputSize",
  (x: Tensor, outputSize: OutputSize): Pooled => adaptiveMaxPool3d(x, outputSize, { returnIndices }),
);

/** {@link fractionalMaxPool2d} with the positions of the maxima. @see torch.nn.functional.fractional_max_pool2d_with_indices */
export const fractionalMaxPool2dWithIndices = named(
  "fractionalMaxPool2dWithIndices",
  "input, kernelSize; outputSize, outputRatio; _randomSamples",
  (x: Tensor, kernelSize: Sizes, options: FractionalOptions = {}): Pooled =>
    fractionalMaxPool2d(x, kernelSize, { ...options, returnIndices }),
);

/** {@link fractionalMaxPool3d} with the positions of the maxima. @see torch.nn.functional.fractional_max_pool3d_with_indices */
export const fractionalMaxPool3dWithIndices = named(
  "fractionalMaxPool3dWithIndices",
  "input, kernelSize; outputSize, outputRatio; _randomSamples",
  (x: Tensor, kernelSize: Sizes, options: FractionalOptions = {}): Pooled =>
    fractionalMaxPool3d(x, kernelSize, { ...options, returnIndices }),
);
