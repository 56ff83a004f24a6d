/** Checks of tensors that hold pictures: [..., channels, height, width], or [height, width] of one channel. */
import type { DType } from "../../../../core/dtype";
import { ArgumentError } from "../../../../core/errors";
import { shapeText } from "../../../../core/shape";
import type { Tensor } from "../../../../tensor/tensor";

/** @throws ArgumentError for fewer than `least` axes. */
export function checkAxes(op: string, img: Tensor, least: number): void {
  if (img.ndim < least)
    throw new ArgumentError(
      `${op}: Input image tensor should have at least ${least} dimensions, but found ${img.ndim}: ${shapeText(img.shape)}`,
    );
}

/** Channels of a picture. */
export const channelsOf = (img: Tensor): number => (img.ndim === 2 ? 1 : img.shape.at(-3)!);

/** @throws ArgumentError unless the picture has 1 or 3 channels. */
export function checkChannels(op: string, img: Tensor): void {
  const channels = channelsOf(img);
  if (channels !== 1 && channels !== 3)
    throw new ArgumentError(`${op}: Input image tensor permitted channel values are [1, 3], but found ${channels}`);
}

/** @throws ArgumentError unless the picture is one of 8 bits. */
export function checkBytes(op: string, img: Tensor): void {
  if (img.dtype !== "uint8")
    throw new ArgumentError(
      `${op}: Only torch.uint8 image tensors are supported, but found ${img.dtype}; use convertImageDtype(img, "uint8")`,
    );
}

/** The dtype in which pictures of another are computed. */
export const floatOf = (img: Tensor): DType => (img.isFloatingPoint() ? img.dtype : "float32");

/** White. */
export const boundOf = (img: Tensor): number => (img.isFloatingPoint() ? 1 : 255);
