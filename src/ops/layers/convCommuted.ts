/**
 * Convolutions of kernels that are much larger than what they see: a transposed convolution of a small plane, or a plane with a padding
 * larger than itself. Computed as they stand, they would multiply zeros of the padding nearly all the time. A convolution commutes, so the
 * weights become the images, and the small plane becomes the kernel.
 */
import { noGrad } from "../../autograd/mode";
import type { ConvolutionGeometry } from "../../backend/ops";
import { sizeOfShape } from "../../core/shape";
import type { Tensor } from "../../tensor/tensor";
import { flip } from "../shape/rearrange";
import * as maps from "./convMaps";

/** How many times larger than the plane a kernel must be, since copies of the weights are made. */
const LEAST_RATIO = 8;
/** Multiplications below which nothing is worth the copies. */
const LEAST_WORK = 2 ** 22;

const isLarge = (g: ConvolutionGeometry, plane: readonly number[], results: readonly number[]): boolean => {
  const taps = sizeOfShape(g.kernel);
  const steps = sizeOfShape(g.stride);
  const work = (g.n * g.c * g.o * sizeOfShape(results) * taps) / (g.groups * steps);
  return taps > LEAST_RATIO * sizeOfShape(plane) * steps && work > LEAST_WORK && g.dilation.every((d) => d === 1);
};

/** Whether the windows of a convolution see far more padding than input. */
const seesPadding = (g: ConvolutionGeometry): boolean =>
  g.stride.every((s) => s === 1) && isLarge(g, g.input, g.output);

/** y from x and w, without history. */
export function outputOf(x: Tensor, w: Tensor, bias: Tensor | undefined, g: ConvolutionGeometry): Tensor {
  if (!seesPadding(g)) return maps.outputOf(x, w, bias, g);
  const y = noGrad(() => commutedOutput(x, w, g));
  return bias === undefined ? y : noGrad(() => y.add(bias.view(-1, ...g.output.map(() => 1))));
}

/** The gradient of x, without history. */
export const inputGradOf = (gy: Tensor, w: Tensor, g: ConvolutionGeometry): Tensor =>
  isLarge(g, g.output, g.input) ? noGrad(() => commutedInputGrad(gy, w, g)) : maps.inputGradOf(gy, w, g);

/** The gradient of w, without history. */
export const weightGradOf = (gy: Tensor, x: Tensor, g: ConvolutionGeometry): Tensor =>
  seesPadding(g) ? noGrad(() => commutedWeightGrad(gy, x, g)) : maps.weightGradOf(gy, x, g);

/** Σ over j of x[j] · w[j − q + padding]. */
function commutedOutput(x: Tensor, w: Tensor, g: ConvolutionGeometry): Tensor {
  const { n, groups, c, o, kernel, input } = g;
  const images = spatialFlip(w.reshape(groups, o / groups, c / groups, ...kernel).movedim(1, 0));
  const kernels = spatialFlip(x.reshape(n, groups, c / groups, ...input));
  const first = kernel.map((k, axis) => k - g.padding[axis]! - input[axis]!);
  return convolved(images, kernels, first, g.stride, g.output);
}

/** Σ over q of gy[q] · w[p + padding − q · stride]. */
function commutedInputGrad(gy: Tensor, w: Tensor, g: ConvolutionGeometry): Tensor {
  const { n, groups, c, o, kernel, output } = g;
  const images = w.reshape(groups, o / groups, c / groups, ...kernel).movedim(2, 0);
  const kernels = spatialFlip(gy.reshape(n, groups, o / groups, ...output));
  const first = g.padding.map((p, axis) => p - (output[axis]! - 1) * g.stride[axis]!);
  return convolved(images, kernels, first, g.stride, g.input);
}

/** Σ over j of x[j] · gy[j − k + padding]. */
function commutedWeightGrad(gy: Tensor, x: Tensor, g: ConvolutionGeometry): Tensor {
  const { n, groups, c, o, input, output } = g;
  const images = spatialFlip(gy.reshape(n, groups, o / groups, ...output).transpose(0, 2));
  const kernels = spatialFlip(x.reshape(n, groups, c / groups, ...input).transpose(0, 2));
  const first = output.map((q, axis) => q - g.padding[axis]! - input[axis]!);
  return convolved(images, kernels, first, g.stride, g.kernel).transpose(0, 1).contiguous();
}

/** Reverses the axes from the third on. */
const spatialFlip = (x: Tensor): Tensor =>
  flip(
    x,
    x.shape.slice(3).map((_, axis) => axis + 3),
  );

/**
 * Images [m, groups, r, …] by kernels [n, groups, r, …] → [n, groups · m, …size].
 * @param first The position in the images that the first tap sees for the first result; negative in the padding.
 * @param dilation The distance of neighboring taps in the images.
 */
function convolved(
  images: Tensor,
  kernels: Tensor,
  first: readonly number[],
  dilation: readonly number[],
  size: readonly number[],
): Tensor {
  const [m, groups, r] = images.shape as readonly [number, number, number];
  const n = kernels.shape[0]!;
  const seen = first.reduce(
    (x, start, axis) => (start > 0 ? x.narrow(axis + 3, start, x.shape[axis + 3]! - start) : x),
    images,
  );
  const x = seen.reshape(m, groups * r, ...seen.shape.slice(3));
  const w = kernels.movedim(1, 0).reshape(groups * n, r, ...kernels.shape.slice(3));
  const y = maps.outputOf(x, w, undefined, {
    n: m,
    c: groups * r,
    o: groups * n,
    groups,
    input: x.shape.slice(2),
    kernel: w.shape.slice(2),
    stride: size.map(() => 1),
    padding: first.map((start) => Math.max(0, -start)),
    dilation,
    output: size,
  });
  return y
    .view(m, groups, n, ...size)
    .movedim(2, 0)
    .movedim(2, 1)
    .reshape(n, groups * m, ...size);
}
