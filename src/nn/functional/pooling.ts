/** Pooling made of other operations, and its reverse. */

import { checkIntegers, checkNumber } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { checkSize, sameShape, shapeText, sizeOfShape } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import { checkNumbers } from "../../ops/layers/convArguments";
import { avgPool1d, avgPool2d, avgPool3d } from "../../ops/layers/pool";
import { type Sizes, spread } from "../../ops/layers/slidingWindows";
import type { Tensor } from "../../tensor/tensor";

/** Options of the power-average poolings. */
export interface LPPoolOptions {
  /** Default: the kernel size. */
  stride?: Sizes | null;
  /** Count windows that begin inside but end outside. Default: false. */
  ceilMode?: boolean;
}

function lpPool(dims: number, input: Tensor, order: number, kernelSize: Sizes, options: LPPoolOptions): Tensor {
  const op = `lpPool${dims}d`;
  checkTensor(op, input);
  const normType = checkNumber(op, "normType", order);
  const kernel = spread(op, "kernelSize", kernelSize, dims);
  const mean = [avgPool1d, avgPool2d, avgPool3d][dims - 1]!(input.pow(normType), kernel, options);
  // Odd powers can be negative: the root is taken of the size, and nothing is left of what is below zero.
  return mean
    .sign()
    .mul(mean.abs().relu())
    .mul(sizeOfShape(kernel))
    .pow(1 / normType);
}

/** (Σ x^p)^(1/p) over windows. Shape: [N, C, L]. @see torch.nn.functional.lp_pool1d */
export const lpPool1d = named(
  "lpPool1d",
  "input, normType, kernelSize; stride, ceilMode",
  (input: Tensor, normType: number, kernelSize: Sizes, options: LPPoolOptions = {}): Tensor =>
    lpPool(1, input, normType, kernelSize, options),
);

/** (Σ x^p)^(1/p) over windows. Shape: [N, C, H, W]. @see torch.nn.functional.lp_pool2d */
export const lpPool2d = named(
  "lpPool2d",
  "input, normType, kernelSize; stride, ceilMode",
  (input: Tensor, normType: number, kernelSize: Sizes, options: LPPoolOptions = {}): Tensor =>
    lpPool(2, input, normType, kernelSize, options),
);

/** (Σ x^p)^(1/p) over windows. Shape: [N, C, D, H, W]. @see torch.nn.functional.lp_pool3d */
export const lpPool3d = named(
  "lpPool3d",
  "input, normType, kernelSize; stride, ceilMode",
  (input: Tensor, normType: number, kernelSize: Sizes, options: LPPoolOptions = {}): Tensor =>
    lpPool(3, input, normType, kernelSize, options),
);

/** Options of the unpoolings. */
export interface MaxUnpoolOptions {
  /** Default: the kernel size. */
  stride?: Sizes | null;
  /** Default: 0. */
  padding?: Sizes;
  /** The size of the output (of its last axes, or of all), where the stride leaves it open. */
  outputSize?: readonly number[] | null;
}

function unpooledSize(op: string, dims: number, input: Tensor, kernelSize: Sizes, options: MaxUnpoolOptions): number[] {
  const kernel = spread(op, "kernelSize", kernelSize, dims);
  const stride = spread(op, "stride", options.stride ?? kernel, dims);
  const padding = spread(op, "padding", options.padding ?? 0, dims);
  checkNumbers(op, { kernelSize: kernel, stride, padding });
  const usual = input.shape.slice(-dims).map((n, i) => (n - 1) * stride[i]! + kernel[i]! - 2 * padding[i]!);
  const { outputSize } = options;
  if (outputSize === undefined || outputSize === null) return usual;
  const asked = checkIntegers(op, "outputSize", outputSize).slice(-dims);
  if (asked.length !== dims)
    throw new ShapeError(`${op}: outputSize must have ${dims} elements, got ${shapeText(outputSize)}`);
  asked.forEach((n, i) => {
    const [low, high] = [usual[i]! - stride[i]!, usual[i]! + stride[i]!];
    if (!(low < n && n < high))
      throw new ShapeError(
        `${op}: invalid outputSize ${shapeText(outputSize)} (dim ${i} must be between ${low} and ${high})`,
      );
  });
  return asked;
}

function maxUnpool(dims: number, input: Tensor, indices: Tensor, kernelSize: Sizes, options: MaxUnpoolOptions): Tensor {
  const op = `maxUnpool${dims}d`;
  checkTensor(op, input);
  checkTensor(op, indices, "indices");
  if (input.ndim !== dims + 1 && input.ndim !== dims + 2)
    throw new ShapeError(`${op}: input must have ${dims + 1} or ${dims + 2} axes, got shape ${shapeText(input.shape)}`);
  if (!sameShape(input.shape, indices.shape))
    throw new ShapeError(
      `${op}: indices must have the shape of the input, ${shapeText(input.shape)}, got ${shapeText(indices.shape)}`,
    );
  const size = unpooledSize(op, dims, input, kernelSize, options);
  const lead = input.shape.slice(0, -dims);
  const flat = (x: Tensor) => x.flatten(lead.length);
  checkSize(op, [[...lead, ...size]]);
  const blank = input.newZeros([...lead, sizeOfShape(size)]);
  return blank.scatter(-1, flat(indices), flat(input)).reshape([...lead, ...size]);
}

/** Zeros, with the input where {@link maxPool1d} found it. Shape: [N, C, L] or [C, L]. @see torch.nn.functional.max_unpool1d */
export const maxUnpool1d = named(
  "maxUnpool1d",
  "input, indices, kernelSize; stride, padding, outputSize",
  (input: Tensor, indices: Tensor, kernelSize: Sizes, options: MaxUnpoolOptions = {}): Tensor =>
    maxUnpool(1, input, indices, kernelSize, options),
);

/** Zeros, with the input where {@link maxPool2d} found it. Shape: [N, C, H, W] or [C, H, W]. @see torch.nn.functional.max_unpool2d */
export const maxUnpool2d = named(
  "maxUnpool2d",
  "input, indices, kernelSize; stride, padding, outputSize",
  (input: Tensor, indices: Tensor, kernelSize: Sizes, options: MaxUnpoolOptions = {}): Tensor =>
    maxUnpool(2, input, indices, kernelSize, options),
);

/** Zeros, with the input where {@link maxPool3d} found it. Shape: [N, C, D, H, W] or [C, D, H, W]. @see torch.nn.functional.max_unpool3d */
export const maxUnpool3d = named(
  "maxUnpool3d",
  "input, indices, kernelSize; stride, padding, outputSize",
  (input: Tensor, indices: Tensor, kernelSize: Sizes, options: MaxUnpoolOptions = {}): Tensor =>
    maxUnpool(3, input, indices, kernelSize, options),
);
