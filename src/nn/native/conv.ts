/** Convolutions, pooling and channels with the arguments of `torch` itself. */
import { checkFlag } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { alias, named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import * as conv from "../../ops/layers/conv";
import { type OutputSize, type Pooled, adaptiveMaxPool1d as pool } from "../../ops/layers/pool";
import type { Sizes } from "../../ops/layers/slidingWindows";
import type { Tensor } from "../../tensor/tensor";
import { channelShuffle } from "../functional/pixels";

/**
 * A convolution, or with `transposed` a transposed one, over as many axes as the weight has after its first two.
 * @see torch.convolution
 */
export const convolution = named(
  "convolution",
  "input, weight, bias, stride, padding, dilation, transposed, outputPadding, groups",
  (
    input: Tensor,
    weight: Tensor,
    bias: Tensor | null,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    transposed: boolean,
    outputPadding: Sizes,
    groups: number,
  ): Tensor => {
    const dims = checkTensor("convolution", weight, "weight").ndim - 2;
    if (dims < 1 || dims > 3)
      throw new ShapeError(`convolution: weight must have 3 to 5 axes, got shape ${shapeText(weight.shape)}`);
    const options = { stride, padding, dilation, groups };
    if (!checkFlag("convolution", "transposed", transposed))
      return [conv.conv1d, conv.conv2d, conv.conv3d][dims - 1]!(input, weight, bias, options);
    const f = [conv.convTranspose1d, conv.convTranspose2d, conv.convTranspose3d][dims - 1]!;
    return f(input, weight, bias, { ...options, outputPadding });
  },
);

/** The maximum over as many windows as the output has elements, and its positions. @see torch.adaptive_max_pool1d */
export const adaptiveMaxPool1d = named(
  "adaptiveMaxPool1d",
  "input, outputSize",
  (input: Tensor, outputSize: OutputSize): Pooled => pool(input, outputSize, { returnIndices: true }),
);

/** Channels dealt out to `groups` in turn. @see torch.native_channel_shuffle */
export const nativeChannelShuffle = alias("nativeChannelShuffle", channelShuffle);
