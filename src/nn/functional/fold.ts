/** Sliding windows of images as columns, and back. */

import { ShapeError } from "../../core/errors";
import { shapeText, sizeOfShape } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import { checkNumbers } from "../../ops/layers/convArguments";
import { type Sizes, spread } from "../../ops/layers/slidingWindows";
import { constantPadNd } from "../../ops/shape/pad";
import { vectorOf } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";

/** Options of {@link unfold} and {@link fold}. */
export interface FoldOptions {
  /** Distance between the elements of a window. Default: 1. */
  dilation?: Sizes;
  /** Zeros on all sides. Default: 0. */
  padding?: Sizes;
  /** Steps between windows. Default: 1. */
  stride?: Sizes;
}

/** Windows over a padded image. */
interface Windows {
  readonly padded: readonly [height: number, width: number];
  readonly padding: readonly number[];
  readonly kernel: readonly number[];
  /** Windows per axis. */
  readonly count: readonly number[];
  /** The place in the padded image, flat, of every element of every window: [kernel, windows]. */
  readonly index: Tensor;
}

function windowsOver(
  op: string,
  size: readonly number[],
  kernelSize: Sizes,
  options: FoldOptions,
  like: Tensor,
): Windows {
  const kernel = spread(op, "kernelSize", kernelSize, 2);
  const dilation = spread(op, "dilation", options.dilation ?? 1, 2);
  const padding = spread(op, "padding", options.padding ?? 0, 2);
  const stride = spread(op, "stride", options.stride ?? 1, 2);
  checkNumbers(op, { kernelSize: kernel, dilation, padding, stride });
  const padded = size.map((n, i) => n + 2 * padding[i]!) as [number, number];
  const count = padded.map((n, i) => Math.floor((n - dilation[i]! * (kernel[i]! - 1) - 1) / stride[i]!) + 1);
  if (count.some((n) => n < 1))
    throw new ShapeError(
      `${op}: windows of ${shapeText(kernel)} do not fit into an image of ${shapeText(size)} with padding ${shapeText(padding)}`,
    );
  /** Along one axis, where element k of window i lies. */
  const along = (axis: number, k: number, i: number): number => i * stride[axis]! + k * dilation[axis]!;
  const index = vectorOf("int32", sizeOfShape(kernel) * sizeOfShape(count), like, (flat) => {
    let at = 0;
    for (let ky = 0; ky < kernel[0]!; ky++)
      for (let kx = 0; kx < kernel[1]!; kx++)
        for (let y = 0; y < count[0]!; y++)
          for (let x = 0; x < count[1]!; x++) flat[at++] = along(0, ky, y) * padded[1] + along(1, kx, x);
  });
  return { padded, padding, kernel, count, index };
}

/**
 * The elements under a sliding window as columns. Shape: [N, C, H, W] → [N, C · kernel, windows], or without N.
 * @see torch.nn.functional.unfold
 */
export const unfold = named(
  "unfold",
  "input, kernelSize; dilation, padding, stride",
  (input: Tensor, kernelSize: Sizes, options: FoldOptions = {}): Tensor => {
    if (checkTensor("unfold", input).ndim === 3) return unfold(input.unsqueeze(0), kernelSize, options).squeeze(0);
    if (input.ndim !== 4)
      throw new ShapeError(`unfold: expected 3D or 4D (batch mode) tensor, but got: ${shapeText(input.shape)}`);
    const [n, c, h, w] = input.shape;
    const { padding, kernel, count, index } = windowsOver("unfold", [h, w], kernelSize, options, input);
    const [py, px] = padding as [number, number];
    const flat = constantPadNd(input, [px, px, py, py]).flatten(2);
    return flat.indexSelect(2, index).reshape(n, c * kernel[0]! * kernel[1]!, count[0]! * count[1]!);
  },
);

/**
 * Columns summed into an image, where the windows of {@link unfold} came from. Shape: [N, C · kernel, windows] → [N, C, …outputSize],
 * or without N.
 * @see torch.nn.functional.fold
 */
export const fold = named(
  "fold",
  "input, outputSize, kernelSize; dilation, padding, stride",
  (input: Tensor, outputSize: Sizes, kernelSize: Sizes, options: FoldOptions = {}): Tensor => {
    if (checkTensor("fold", input).ndim === 2)
      return fold(input.unsqueeze(0), outputSize, kernelSize, options).squeeze(0);
    if (input.ndim !== 3)
      throw new ShapeError(`fold: expected 2D or 3D (batch mode) tensor, but got: ${shapeText(input.shape)}`);
    const [h, w] = spread("fold", "outputSize", outputSize, 2) as [number, number];
    const { padded, padding, kernel, count, index } = windowsOver("fold", [h, w], kernelSize, options, input);
    const [n, rows, columns] = input.shape;
    const size = kernel[0]! * kernel[1]!;
    const windows = count[0]! * count[1]!;
    if (rows % size !== 0 || columns !== windows)
      throw new ShapeError(
        `fold: an input of shape ${shapeText(input.shape)} does not fit ${windows} windows of ${size} elements`,
      );
    const values = input.reshape(n, rows / size, size * windows);
    const flat = input.newZeros([n, rows / size, padded[0] * padded[1]]).indexAdd(2, index, values);
    return flat
      .reshape(n, rows / size, ...padded)
      .narrow(2, padding[0]!, h)
      .narrow(3, padding[1]!, w);
  },
);
