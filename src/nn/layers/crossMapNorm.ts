/** Local response normalization as the first networks had it. */
import { checkInteger, checkNumber, MAX_COUNT } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import type { Arguments } from "../../core/signatureTypes";
import { checkTensor } from "../../ops/builders/checks";
import { avgPool3d } from "../../ops/layers/pool";
import { constantPadNd } from "../../ops/shape/pad";
import type { Tensor } from "../../tensor/tensor";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import { text } from "../module/repr";
import type { LocalResponseNormOptions } from "./normalization";

/** What {@link CrossMapLRN2d} takes. */
export interface CrossMapLRN2dParameters extends LocalResponseNormOptions {
  /** Channels that are summed over. */
  size: number;
}

const signature = "size; alpha, beta, k";

/**
 * x / (k + alpha / size · sum of the squares of neighboring channels)^beta. As in PyTorch, the square of the first channel stays in all sums after the first
 * windows; the gradients are those of this function (PyTorch's belong to other windows). Shape: [N, C, H, W], unchanged.
 * @see torch.nn.CrossMapLRN2d @see LocalResponseNorm, whose windows are exact
 */
export class CrossMapLRN2d extends Module {
  size: number;
  alpha: number;
  beta: number;
  k: number;

  constructor(...given: Arguments<typeof signature, CrossMapLRN2dParameters>) {
    super();
    const defaults = { alpha: 1e-4, beta: 0.75, k: 1 };
    const { size, alpha, beta, k } = readArguments<CrossMapLRN2dParameters>(
      "CrossMapLRN2d",
      signature,
      defaults,
      given,
    );
    this.size = checkInteger("CrossMapLRN2d", "size", size, 1, MAX_COUNT);
    this.alpha = checkNumber("CrossMapLRN2d", "alpha", alpha);
    this.beta = checkNumber("CrossMapLRN2d", "beta", beta);
    this.k = checkNumber("CrossMapLRN2d", "k", k);
  }

  override forward(input: Tensor): Tensor {
    if (checkTensor("CrossMapLRN2d", input).ndim !== 4)
      throw new ShapeError(`CrossMapLRN2d: expected an input [N, C, H, W], got shape ${shapeText(input.shape)}`);
    if (input.numel() === 0) return input;
    const { size, alpha, beta, k } = this;
    const channels = input.shape[1]!;
    // Channels beyond the last one add nothing, however wide the windows are.
    const reach = Math.min(Math.floor((size - 1) / 2), channels);
    const width = 2 * reach + 1;
    const squares = input.square();
    const padded = constantPadNd(squares.unsqueeze(1), [0, 0, 0, 0, reach, reach]);
    const sums = avgPool3d(padded, [width, 1, 1], { stride: 1 }).squeeze(1).mul(width);
    const isLate = input.newTensor(Array.from({ length: channels }, (_, c) => (c > reach ? 1 : 0)));
    const stale = squares.narrow(1, 0, 1).mul(isLate.reshape(1, -1, 1, 1));
    return input.div(
      sums
        .add(stale)
        .mul(alpha / size)
        .add(k)
        .pow(beta),
    );
  }

  override extraRepr(): string {
    return `${this.size}, alpha=${text(this.alpha)}, beta=${text(this.beta)}, k=${text(this.k)}`;
  }
}
