/** Videos of tensors as PyTorch's writer makes them: side by side, as an animated GIF. */
import { create } from "@bufbuild/protobuf";
import { ShapeError, ValueError } from "../core/errors";
import type { Held } from "./arguments";
import { bytesOf, checkSize, type Pixels } from "./pictures";
import { type Summary, SummarySchema } from "./proto/tensorboard_pb";

/** Bytes of all frames together. */
const MOST_BYTES = 2 ** 30;

/** How many videos stand below each other and side by side: PyTorch's, which fills up to a power of two. */
function layout(count: number): { rows: number; columns: number } {
  const bits = 32 - Math.clz32(count);
  const whole = (count & (count - 1)) === 0 ? count : 2 ** bits;
  const rows = 2 ** ((bits - 1) >> 1);
  return { rows, columns: whole / rows };
}

/**
 * The frames of videos [N, T, C, H, W].
 * @throws ShapeError for other axes, or nothing to show; OutOfMemoryError for too many pixels.
 */
export function framesOf(held: Held): Pixels[] {
  if (held.shape.length !== 5)
    throw new ShapeError(`vidTensor must have shape [N, T, C, H, W], got [${held.shape.join(", ")}]`);
  const [n, t, c, h, w] = held.shape as unknown as [number, number, number, number, number];
  if (c !== 1 && c !== 3) throw new ShapeError(`videos have 1 or 3 channels, got ${c}`);
  if (n === 0 || t === 0) throw new ShapeError(`there is no frame to show in shape [${held.shape.join(", ")}]`);
  const { rows, columns } = layout(n);
  const [height, width] = [rows * h, columns * w];
  checkSize(width, height);
  if (t * width * height * c > MOST_BYTES)
    throw new ShapeError(`${t} frames of ${width}×${height} pixels are too many`);
  const bytes = bytesOf(held);
  return Array.from({ length: t }, (_, frame) => {
    const data = new Uint8Array(width * height * c);
    for (let i = 0; i < n; i++)
      for (let k = 0; k < c; k++)
        for (let y = 0; y < h; y++)
          for (let x = 0; x < w; x++) {
            const [row, column] = [Math.floor(i / columns) * h + y, (i % columns) * w + x];
            data[(row * width + column) * c + k] = bytes[(((i * t + frame) * c + k) * h + y) * w + x]!;
          }
    return { height, width, channels: c, data };
  });
}

/** @throws ValueError unless the format can show so many frames per second. */
export function checkRate(fps: number): number {
  if (fps > 0 && fps <= 100) return fps;
  throw new ValueError(`fps must be above 0 and at most 100, got ${fps}`);
}

export function videoSummary(tag: string, [first]: readonly Pixels[], encodedImageString: Uint8Array): Summary {
  const { height, width, channels } = first!;
  const value = { height, width, colorspace: channels, encodedImageString };
  return create(SummarySchema, { value: [{ tag, value: { case: "image", value } }] });
}
