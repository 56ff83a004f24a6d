/** Normalizations made of other operations. */

import { assertNumber, checkInteger, checkIntegers, checkNumber, MAX_COUNT } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import { avgPool3d } from "../../ops/layers/pool";
import { constantPadNd } from "../../ops/shape/pad";
import type { Tensor } from "../../tensor/tensor";

/** Options of {@link localResponseNorm}. */
export interface LocalResponseNormOptions {
  /** Default: 1e-4. */
  alpha?: number;
  /** Default: 0.75. */
  beta?: number;
  /** Default: 1. */
  k?: number;
}

/**
 * x / (k + alpha · mean of the squares of `size` neighboring channels)^beta. Shape: [N, C, …], unchanged.
 * @see torch.nn.functional.local_response_norm; Krizhevsky et al., 2012
 */
export const localResponseNorm = named(
  "localResponseNorm",
  "input, size; alpha, beta, k",
  (input: Tensor, size: number, options: LocalResponseNormOptions = {}): Tensor => {
    checkTensor("localResponseNorm", input);
    const { alpha = 1e-4, beta = 0.75, k = 1 } = options;
    assertNumber("localResponseNorm", "k", k);
    checkInteger("localResponseNorm", "size", size, 1, MAX_COUNT);
    if (input.ndim < 3)
      throw new ShapeError(
        `localResponseNorm: Expected 3D or higher dimensionality input (got ${input.ndim} dimensions)`,
      );
    if (input.numel() === 0) return input;
    const [n, c] = input.shape;
    const squares = constantPadNd(input.square().reshape(n, 1, c, 1, -1), [
      0,
      0,
      0,
      0,
      Math.floor(size / 2),
      Math.floor((size - 1) / 2),
    ]);
    const mean = avgPool3d(squares, [size, 1, 1], { stride: 1 }).reshape(input.shape);
    return input.div(mean.mul(alpha).add(k).pow(beta));
  },
);

/** Spacing of floating-point numbers near 1. */
const spacing: Readonly<Record<string, number>> = {
  float16: 2 ** -10,
  bfloat16: 2 ** -7,
  float32: 2 ** -23,
  float64: 2 ** -52,
};

/**
 * x / √(mean of x² over the last axes + eps) · weight. Shape: [*, …normalizedShape], unchanged.
 * @see torch.nn.functional.rms_norm; Zhang and Sennrich, 2019
 */
export const rmsNorm = named(
  "rmsNorm",
  "input, normalizedShape;; weight, eps",
  (
    input: Tensor,
    normalizedShape: readonly number[],
    options: { weight?: Tensor | null; eps?: number | null } = {},
  ): Tensor => {
    checkTensor("rmsNorm", input);
    const { weight, eps } = options;
    if (weight != null) checkTensor("rmsNorm", weight, "weight");
    if (eps != null) checkNumber("rmsNorm", "eps", eps);
    checkIntegers("rmsNorm", "normalizedShape", normalizedShape, 0);
    const last = input.shape.slice(-normalizedShape.length);
    if (!sameShape(last, normalizedShape))
      throw new ShapeError(
        `rmsNorm: an input of shape ${shapeText(input.shape)} does not end with the normalized shape ${shapeText(normalizedShape)}`,
      );
    const dims = normalizedShape.map((_, i) => -1 - i);
    const scale = input
      .square()
      .mean(dims, { keepdim: true })
      .add(eps ?? spacing[input.dtype]!)
      .rsqrt();
    return weight ? input.mul(scale).mul(weight) : input.mul(scale);
  },
);
