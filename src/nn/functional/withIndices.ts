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
} from "../../ops/layers/pool";
import type { Sizes } from "../../ops/layers/slidingWindows";
import type { Tensor } from "../../tensor/tensor";
import { type FractionalMaxPoolOptions, fractionalMaxPool2d, fractionalMaxPool3d } from "./fractionalPool";

const returnIndices = true;

/** {@link maxPool1d} with the positions of the maxima. @see torch.nn.functional.max_pool1d_with_indices */
export const maxPool1dWithIndices = named(
  "maxPool1dWithIndices",
  "input, kernelSize; stride, padding, dilation, ceilMode, returnIndices",
  (x: Tensor, kernelSize: Sizes, options: MaxPoolOptions = {}): Pooled =>
    maxPool1d(x, kernelSize, { ...options, returnIndices }),
);

/** {@link maxPool2d} with the positions of the maxima. @see torch.nn.functional.max_pool2d_with_indices */
export const maxPool2dWithIndices = named(
  "maxPool2dWithIndices",
  "input, kernelSize; stride, padding, dilation, ceilMode, returnIndices",
  (x: Tensor, kernelSize: Sizes, options: MaxPoolOptions = {}): Pooled =>
    maxPool2d(x, kernelSize, { ...options, returnIndices }),
);

/** {@link maxPool3d} with the positions of the maxima. @see torch.nn.functional.max_pool3d_with_indices */
export const maxPool3dWithIndices = named(
  "maxPool3dWithIndices",
  "input, kernelSize; stride, padding, dilation, ceilMode, returnIndices",
  (x: Tensor, kernelSize: Sizes, options: MaxPoolOptions = {}): Pooled =>
    maxPool3d(x, kernelSize, { ...options, returnIndices }),
);

/** {@link adaptiveMaxPool1d} with the positions of the maxima. @see torch.nn.functional.adaptive_max_pool1d_with_indices */
export const adaptiveMaxPool1dWithIndices = named(
  "adaptiveMaxPool1dWithIndices",
  "input, outputSize; returnIndices",
  (x: Tensor, outputSize: OutputSize, _: { returnIndices?: boolean } = {}): Pooled =>
    adaptiveMaxPool1d(x, outputSize, { returnIndices }),
);

/** {@link adaptiveMaxPool2d} with the positions of the maxima. @see torch.nn.functional.adaptive_max_pool2d_with_indices */
export const adaptiveMaxPool2dWithIndices = named(
  "adaptiveMaxPool2dWithIndices",
  "input, outputSize; returnIndices",
  (x: Tensor, outputSize: OutputSize, _: { returnIndices?: boolean } = {}): Pooled =>
    adaptiveMaxPool2d(x, outputSize, { returnIndices }),
);

/** {@link adaptiveMaxPool3d} with the positions of the maxima. @see torch.nn.functional.adaptive_max_pool3d_with_indices */
export const adaptiveMaxPool3dWithIndices = named(
  "adaptiveMaxPool3dWithIndices",
  "input, outputSize; returnIndices",
  (x: Tensor, outputSize: OutputSize, _: { returnIndices?: boolean } = {}): Pooled =>
    adaptiveMaxPool3d(x, outputSize, { returnIndices }),
);

/** {@link fractionalMaxPool2d} with the positions of the maxima. @see torch.nn.functional.fractional_max_pool2d_with_indices */
export const fractionalMaxPool2dWithIndices = named(
  "fractionalMaxPool2dWithIndices",
  "input, kernelSize; outputSize, outputRatio, returnIndices, _randomSamples",
  (x: Tensor, kernelSize: Sizes, options: FractionalMaxPoolOptions = {}): Pooled =>
    fractionalMaxPool2d(x, kernelSize, { ...options, returnIndices }),
);

/** {@link fractionalMaxPool3d} with the positions of the maxima. @see torch.nn.functional.fractional_max_pool3d_with_indices */
export const fractionalMaxPool3dWithIndices = named(
  "fractionalMaxPool3dWithIndices",
  "input, kernelSize; outputSize, outputRatio, returnIndices, _randomSamples",
  (x: Tensor, kernelSize: Sizes, options: FractionalMaxPoolOptions = {}): Pooled =>
    fractionalMaxPool3d(x, kernelSize, { ...options, returnIndices }),
);
