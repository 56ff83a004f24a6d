/** Channels into space and back. */

import { checkInteger } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { shapeText, sizeOfShape } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import type { Tensor } from "../../tensor/tensor";

/** The sizes before the last three axes, and those three. */
function planes(op: string, x: Tensor, factor: number): { lead: readonly number[]; c: number; h: number; w: number } {
  if (checkTensor(op, x).ndim < 3)
    throw new ShapeError(
      `${op}: expects input to have at least 3 dimensions, but got input with ${x.ndim} dimension(s)`,
    );
  checkInteger(op, op === "pixelShuffle" ? "upscaleFactor" : "downscaleFactor", factor, 1, 1 << 15);
  const [c, h, w] = x.shape.slice(-3) as [number, number, number];
  return { lead: x.shape.slice(0, -3), c, h, w };
}

/** [*, C r², H, W] → [*, C, H r, W r]. @see torch.nn.functional.pixel_shuffle; Shi et al., CVPR 2016 */
export const pixelShuffle = named(
  "pixelShuffle",
  "input, upscaleFactor",
  (input: Tensor, upscaleFactor: number): Tensor => {
    const { lead, c, h, w } = planes("pixelShuffle", input, upscaleFactor);
    const r = upscaleFactor;
    if (c % (r * r) !== 0)
      throw new ShapeError(
        `pixelShuffle: expects its input's channels to be divisible by ${r * r}, but got input of shape ${shapeText(input.shape)}`,
      );
    const out = c / (r * r);
    return input
      .reshape(sizeOfShape(lead), out, r, r, h, w)
      .permute(0, 1, 4, 2, 5, 3)
      .reshape([...lead, out, h * r, w * r]);
  },
);

/** [*, C, H r, W r] → [*, C r², H, W]. @see torch.nn.functional.pixel_unshuffle */
export const pixelUnshuffle = named(
  "pixelUnshuffle",
  "input, downscaleFactor",
  (input: Tensor, downscaleFactor: number): Tensor => {
    const { lead, c, h, w } = planes("pixelUnshuffle", input, downscaleFactor);
    const r = downscaleFactor;
    if (h % r !== 0 || w % r !== 0)
      throw new ShapeError(
        `pixelUnshuffle: expects height and width to be divisible by ${r}, but got input of shape ${shapeText(input.shape)}`,
      );
    return input
      .reshape(sizeOfShape(lead), c, h / r, r, w / r, r)
      .permute(0, 1, 3, 5, 2, 4)
      .reshape([...lead, c * r * r, h / r, w / r]);
  },
);

/** Channels dealt out to `groups` in turn. Shape: [N, C, …], unchanged. @see torch.nn.functional.channel_shuffle; Zhang et al., CVPR 2018 */
export const channelShuffle = named("channelShuffle", "input, groups", (input: Tensor, groups: number): Tensor => {
  if (checkTensor("channelShuffle", input).ndim < 3)
    throw new ShapeError(
      `channelShuffle: expects input with > 2 dims, but got input with sizes ${shapeText(input.shape)}`,
    );
  const [n, c] = input.shape;
  if (checkInteger("channelShuffle", "groups", groups) < 1 || c % groups !== 0)
    throw new ShapeError(
      `channelShuffle: number of channels must be divisible by groups. Got ${c} channels and ${groups} groups.`,
    );
  return input
    .reshape(n, groups, c / groups, sizeOfShape(input.shape.slice(2)))
    .transpose(1, 2)
    .reshape(input.shape);
});
