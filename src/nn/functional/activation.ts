/** Activations made of other operations. */

import { checkFlag, checkNumber } from "../../core/arguments";
import type { DType } from "../../core/dtype";
import { ShapeError } from "../../core/errors";
import { wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import { checkSameDType } from "../../ops/builders/precision";
import type { Tensor } from "../../tensor/tensor";

/** Softmax of −x along `dim`. Shape: any, unchanged. @see torch.nn.functional.softmin */
export const softmin = named(
  "softmin",
  "input, dim; dtype",
  (input: Tensor, dim: number, options: { dtype?: DType } = {}): Tensor =>
    checkTensor("softmin", input).neg().softmax(dim, options),
);

/**
 * a · sigmoid(b), a and b being the halves of the input along `dim`.
 * @param options.dim Default: −1.
 * @see torch.nn.functional.glu; Dauphin et al., 2016
 */
export const glu = named("glu", "input; dim", (input: Tensor, options: { dim?: number } = {}): Tensor => {
  const d = wrapDim("glu", options.dim ?? -1, checkTensor("glu", input).ndim);
  if (input.ndim === 0) throw new ShapeError("glu: does not support 0-dimensional tensors");
  const size = input.shape[d]!;
  if (size % 2 !== 0) throw new ShapeError(`glu: Halving dimension must be even, but dimension ${d} is size ${size}`);
  return input.narrow(d, 0, size / 2).mul(input.narrow(d, size / 2, size / 2).sigmoid());
});

/**
 * x where it is positive, else weight · x, with one weight or one per channel (axis 1).
 * @see torch.nn.functional.prelu; He et al., 2015
 */
export const prelu = named("prelu", "input, weight", (input: Tensor, weight: Tensor): Tensor => {
  checkTensor("prelu", input);
  checkSameDType("prelu", input, { weight: checkTensor("prelu", weight, "weight") });
  const channels = input.ndim >= 2 ? input.shape[1]! : 1;
  if (weight.numel() !== 1 && weight.numel() !== channels)
    throw new ShapeError(
      `prelu: Mismatch of parameter numbers and input channel size. Found parameter numbers = ${weight.numel()} and channel size = ${channels}.`,
    );
  const slopes =
    weight.numel() === 1 ? weight.reshape([]) : weight.reshape(input.shape.map((_, i) => (i === 1 ? -1 : 1)));
  return input.where(input.gt(0), input.mul(slopes));
});

/** Options of {@link gumbelSoftmax}. */
export interface GumbelSoftmaxOptions {
  /** The temperature. Default: 1. */
  tau?: number;
  /** Give one-hot samples whose gradient is that of the soft ones. Default: false. */
  hard?: boolean;
  /** @deprecated Without effect, as in PyTorch. */
  eps?: number;
  /** Default: −1. */
  dim?: number;
}

/** Samples from the Gumbel-softmax distribution of `logits`. @see torch.nn.functional.gumbel_softmax; Jang et al., 2016 */
export const gumbelSoftmax = named(
  "gumbelSoftmax",
  "logits; tau, hard, eps, dim",
  (logits: Tensor, options: GumbelSoftmaxOptions = {}): Tensor => {
    const { hard = false, dim = -1 } = options;
    checkTensor("gumbelSoftmax", logits, "logits");
    checkFlag("gumbelSoftmax", "hard", hard);
    const tau = checkNumber("gumbelSoftmax", "tau", options.tau ?? 1);
    const gumbel = logits.detach().clone().exponential_().log().neg();
    const soft = logits.add(gumbel).div(tau).softmax(dim);
    if (!hard) return soft;
    const oneHot = soft
      .detach()
      .zerosLike()
      .scatter(dim, soft.detach().argmax(dim, { keepdim: true }), 1);
    return oneHot.sub(soft.detach()).add(soft);
  },
);
