/** Distances and similarities. */

import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import { broadcastTensors } from "../../ops/shape/view";
import type { Tensor } from "../../tensor/tensor";

/**
 * x1 · x2 / max(‖x1‖ ‖x2‖, eps) along `dim`; the shapes broadcast.
 * @param options.dim Default: 1.
 * @param options.eps Default: 1e-8.
 * @see torch.nn.functional.cosine_similarity
 */
export const cosineSimilarity = named(
  "cosineSimilarity",
  "x1, x2; dim, eps",
  (x1: Tensor, x2: Tensor, options: { dim?: number; eps?: number } = {}): Tensor => {
    const { dim = 1, eps = 1e-8 } = options;
    const [a, b] = broadcastTensors(
      checkTensor("cosineSimilarity", x1, "x1"),
      checkTensor("cosineSimilarity", x2, "x2"),
    );
    const unit = (x: Tensor) => x.div(x.norm(2, dim, { keepdim: true }).clamp(eps));
    return unit(a!).mul(unit(b!)).sum(dim);
  },
);

/** Options of {@link pairwiseDistance}. */
export interface PairwiseDistanceOptions {
  /** The degree of the norm. Default: 2. */
  p?: number;
  /** Added to the differences. Default: 1e-6. */
  eps?: number;
  /** Keep the last axis with size 1. Default: false. */
  keepdim?: boolean;
}

/** ‖x1 − x2 + eps‖ along the last axis. Shape: [N, D] or [D]. @see torch.nn.functional.pairwise_distance */
export const pairwiseDistance = named(
  "pairwiseDistance",
  "x1, x2; p, eps, keepdim",
  (x1: Tensor, x2: Tensor, options: PairwiseDistanceOptions = {}): Tensor => {
    const { p = 2, eps = 1e-6, keepdim = false } = options;
    const difference = checkTensor("pairwiseDistance", x1, "x1").sub(checkTensor("pairwiseDistance", x2, "x2"));
    // eps is a float, whatever its value, so integers become floats.
    return (difference.isFloatingPoint() ? difference : difference.float()).add(eps).norm(p, -1, { keepdim });
  },
);

/**
 * x / max(‖x‖, eps) along `dim`.
 * @see torch.nn.functional.normalize
 */
export const normalize = named(
  "normalize",
  "input; p, dim, eps",
  (input: Tensor, options: { p?: number; dim?: number | readonly number[]; eps?: number } = {}): Tensor => {
    const { p = 2, dim = 1, eps = 1e-12 } = options;
    checkTensor("normalize", input);
    return input.div(input.norm(p, dim, { keepdim: true }).clamp(eps));
  },
);
