/** Pooling over windows of random size: Graham, Fractional Max-Pooling, 2014. */
import { noGrad } from "../../autograd/mode";
import { ShapeError, ValueError } from "../../core/errors";
import { sameShape, shapeText, sizeOfShape } from "../../core/shape";
import { type Declared, named } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import { checkAll, checkTensor } from "../../ops/builders/checks";
import { isHalf } from "../../ops/builders/precision";
import { arange } from "../../ops/creation/ranges";
import type { Pooled } from "../../ops/layers/pool";
import { numbersFor, type Sizes, spread } from "../../ops/layers/slidingWindows";
import { rand } from "../../ops/random/randomTensors";
import { cat } from "../../ops/shape/join";
import { full, tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";

/** Options of {@link fractionalMaxPool2d} and {@link fractionalMaxPool3d}. */
export interface FractionalMaxPoolOptions {
  /** The output size. */
  outputSize?: Sizes | null;
  /** Or its ratio to the input size, between 0 and 1. */
  outputRatio?: Sizes | null;
  /** Also return the positions of the maxima. Default: false. */
  returnIndices?: boolean;
  /** Numbers between 0 and 1 that choose the windows, [N, C, dims]. Default: random. */
  _randomSamples?: Tensor | null;
}

/**
 * Where the windows of one axis begin in each plane; a number between 0 and 1 chooses among the possible sequences. Every step is rounded in the dtype
 * of the samples, as in PyTorch: near a whole number the rounding decides. Shape: [planes] → [planes, output], int64.
 */
function windowStarts(sample: Tensor, input: number, output: number, kernel: number): Tensor {
  const last = full([sample.shape[0]!, 1], input - kernel, { dtype: "int64", device: sample.device });
  if (output === 1) return last;
  const step = (input - kernel) / (output - 1);
  const u = sample.unsqueeze(1);
  const places = arange(output - 1, { dtype: sample.dtype as "float32", device: sample.device }).add(u);
  return cat([places.mul(step).long().sub(u.mul(step).long()), last], 1);
}

/** Flat places in a plane of all elements of all windows, windows first. Shape: [planes, windows, elements]. */
function windowPlaces(starts: readonly Tensor[], kernel: readonly number[], size: readonly number[]): Tensor {
  const planes = starts[0]!.shape[0]!;
  let places = starts[0]!;
  for (const [i, list] of starts.slice(1).entries())
    places = places
      .unsqueeze(2)
      .mul(size[i + 1]!)
      .add(list.unsqueeze(1))
      .reshape(planes, places.shape[1]! * list.shape[1]!);
  let offsets = [0];
  kernel.forEach((k, axis) => {
    offsets = offsets.flatMap((offset) => Array.from({ length: k }, (_, i) => offset * size[axis]! + i));
  });
  return places.unsqueeze(2).add(tensor(offsets, { dtype: "int64", device: places.device }));
}

function outputSizes(
  op: string,
  size: readonly number[],
  kernel: readonly number[],
  options: FractionalMaxPoolOptions,
): number[] {
  const { outputSize = null, outputRatio = null } = options;
  if ((outputSize === null) === (outputRatio === null))
    throw new ValueError(`${op}: requires specifying either outputSize or outputRatio, and not both`);
  const dims = size.length;
  const ratios = outputRatio === null ? [] : numbersFor(op, "outputRatio", outputRatio, dims);
  const output =
    outputSize === null ? size.map((n, i) => Math.trunc(n * ratios[i]!)) : spread(op, "outputSize", outputSize, dims);
  output.forEach((n, i) => {
    if (n < 1 || kernel[i]! < 1)
      throw new ValueError(
        `${op}: sizes of windows and outputs must be positive, got ${shapeText(kernel)} and ${shapeText(output)}`,
      );
    // Three axes leave a place more than two do, as in PyTorch.
    if (n + kernel[i]! - 1 > size[i]! - (dims === 3 ? 1 : 0))
      throw new ShapeError(
        `${op}: pool size ${kernel[i]} too large relative to input size ${size[i]} for an output of ${n}`,
      );
  });
  return output;
}

/** Windows begin where the samples say: others would lie outside of the input. @throws ShapeError or ValueError */
function checkSamples(op: string, samples: Tensor, shape: readonly number[]): Tensor {
  if (!sameShape(checkTensor(op, samples, "_randomSamples").shape, shape))
    throw new ShapeError(
      `${op}: _randomSamples must have shape ${shapeText(shape)}, got shape ${shapeText(samples.shape)}`,
    );
  const inside = noGrad(() => samples.ge(0).logicalAnd(samples.le(1)));
  checkAll(op, inside, "_randomSamples must lie between 0 and 1");
  return samples;
}

function fractionalMaxPool(
  dims: number,
  input: Tensor,
  kernelSize: Sizes,
  options: FractionalMaxPoolOptions,
): Tensor | [Tensor, Tensor] {
  const op = `fractionalMaxPool${dims}d`;
  checkTensor(op, input);
  if (input.ndim !== dims + 1 && input.ndim !== dims + 2)
    throw new ShapeError(`${op}: Expected ${dims + 1}D or ${dims + 2}D tensor, but got: ${shapeText(input.shape)}`);
  const lead = input.shape.slice(0, -dims);
  const size = input.shape.slice(-dims);
  const kernel = spread(op, "kernelSize", kernelSize, dims);
  if (kernel.some((k) => k < 1)) throw new ValueError(`${op}: kernelSize must be positive, got ${shapeText(kernel)}`);
  const output = outputSizes(op, size, kernel, options);
  const [n, c] = lead.length === 1 ? [1, lead[0]!] : (lead as [number, number]);
  const samples = options._randomSamples ?? rand(n, c, dims, { dtype: input.dtype, device: input.device });
  const chosen = checkSamples(op, samples, [n, c, dims])
    .detach()
    .reshape(n * c, dims);
  const exact = chosen.to({ dtype: isHalf(input.dtype) ? "float32" : input.dtype, device: input.device });
  // In two dimensions the first number belongs to the width, in three to the depth.
  const axisOf = (i: number) => (dims === 2 ? dims - 1 - i : i);
  const places = noGrad(() =>
    windowPlaces(
      size.map((s, i) => windowStarts(exact.select(1, axisOf(i)), s, output[i]!, kernel[i]!)),
      kernel,
      size,
    ),
  );
  const count = sizeOfShape(output);
  const index = places.reshape(n * c, count * sizeOfShape(kernel));
  const windows = input
    .reshape(n * c, sizeOfShape(size))
    .gather(1, index)
    .reshape(n * c, count, sizeOfShape(kernel));
  const { values, indices } = windows.max(2);
  const shape = [...lead, ...output];
  if (!options.returnIndices) return values.reshape(shape);
  const positions = noGrad(() => index.reshape(n * c, count, sizeOfShape(kernel)).gather(2, indices.unsqueeze(2)));
  return [values.reshape(shape), positions.reshape(shape)];
}

interface FractionalParameters extends FractionalMaxPoolOptions {
  /** The size of the windows: one for all axes, or one for each. */
  kernelSize: Sizes;
}

const rest = "kernelSize; outputSize, outputRatio, returnIndices, _randomSamples";

/** A pooling that gives positions too if asked. */
interface FractionalMaxPool extends Declared {
  (input: Tensor, kernelSize: Sizes, options: FractionalMaxPoolOptions & { returnIndices: true }): Pooled;
  (
    input: Tensor,
    kernelSize: Sizes,
    outputSize: Sizes | null | undefined,
    outputRatio: Sizes | null | undefined,
    returnIndices: true,
    _randomSamples?: Tensor | null,
  ): Pooled;
  (input: Tensor, ...given: Arguments<typeof rest, FractionalParameters>): Tensor;
  (options: FractionalParameters & { input: Tensor; returnIndices: true }): Pooled;
  (options: FractionalParameters & { input: Tensor }): Tensor;
}

function fractional(dims: number): FractionalMaxPool {
  const run = (input: Tensor, kernelSize: Sizes, options: FractionalMaxPoolOptions = {}) =>
    fractionalMaxPool(dims, input, kernelSize, options);
  return named(`fractionalMaxPool${dims}d`, `input, ${rest}`, run) as unknown as FractionalMaxPool;
}

/** Maxima over windows of which the places are random. Shape: [N, C, H, W] or [C, H, W]. @see torch.nn.functional.fractional_max_pool2d */
export const fractionalMaxPool2d: FractionalMaxPool = fractional(2);

/** Maxima over windows of which the places are random. Shape: [N, C, D, H, W] or [C, D, H, W]. @see torch.nn.functional.fractional_max_pool3d */
export const fractionalMaxPool3d: FractionalMaxPool = fractional(3);
