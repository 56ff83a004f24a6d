/** The three maps of a convolution, without history: y from x and w, and the gradients of x and of w. */
import type { ConvolutionGeometry } from "../../backend/ops";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";

/** One convolution. Devices keep plans for the object, so that it is used again as long as the sizes are the same. */
export type Geometry = ConvolutionGeometry;

/** y from x and w. */
export function outputOf(x: Tensor, w: Tensor, bias: Tensor | undefined, geometry: Geometry): Tensor {
  const { n, o, output } = geometry;
  const y = allocate([n, o, ...output], x.dtype, x);
  const plus = bias?.contiguous();
  const pass = "forward";
  x.storage.backend.run("convolution", { pass, x: x.contiguous(), w: w.contiguous(), y, bias: plus, geometry });
  return y;
}

/** The gradient of x. */
export function inputGradOf(gy: Tensor, w: Tensor, geometry: Geometry): Tensor {
  const { n, c, input } = geometry;
  const x = allocate([n, c, ...input], gy.dtype, gy);
  const pass = "inputGrad";
  const y = gy.contiguous();
  gy.storage.backend.run("convolution", { pass, x, w: w.contiguous(), y, bias: undefined, geometry });
  return x;
}

/** The gradient of w. */
export function weightGradOf(gy: Tensor, x: Tensor, geometry: Geometry): Tensor {
  const { o, c, groups, kernel } = geometry;
  const w = allocate([o, c / groups, ...kernel], gy.dtype, gy);
  const pass = "weightGrad";
  const y = gy.contiguous();
  gy.storage.backend.run("convolution", { pass, x: x.contiguous(), w, y, bias: undefined, geometry });
  return w;
}

/** The gradient of the bias: the sum of each channel of gy. */
export function channelSums(gy: Tensor, { o }: Geometry): Tensor {
  const y = allocate([o], gy.dtype, gy);
  gy.storage.backend.run("channelSums", { y, x: gy.contiguous() });
  return y;
}
