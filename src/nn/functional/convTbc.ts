/** Convolution over time, with the batch in the middle. */
import { checkInteger, MAX_COUNT } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import { conv1d } from "../../ops/layers/conv";
import type { Tensor } from "../../tensor/tensor";

/**
 * Cross-correlation along the first axis. Shape: input [T, N, C], weight [K, C, O], bias [O]; gives [T + 2 pad − K + 1, N, O].
 * @see torch.nn.functional.conv_tbc
 */
export const convTbc = named(
  "convTbc",
  "input, weight, bias; pad",
  (input: Tensor, weight: Tensor, bias: Tensor, { pad = 0 }: { pad?: number } = {}): Tensor => {
    for (const [name, x, axes] of [
      ["input", input, "time, batch, in_channel"],
      ["weight", weight, "kernel_width, in_channels, out_channels"],
    ] as const)
      if (checkTensor("convTbc", x, name).ndim !== 3)
        throw new ShapeError(`convTbc: ${name} must have 3 dims: ${axes}, got shape ${shapeText(x.shape)}`);
    checkTensor("convTbc", bias, "bias");
    const padding = checkInteger("convTbc", "pad", pad, 0, MAX_COUNT);
    return conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, { padding }).permute(2, 0, 1);
  },
);
