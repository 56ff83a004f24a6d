/** Animated GIFs, loaded with the first video. */
import { applyPalette, GIFEncoder, type Palette, quantize } from "gifenc/dist/gifenc.esm.js";
import type { Pixels } from "./pictures";

/** Colors of a picture of the format. */
const MOST_COLORS = 256;

/** Pixels of four bytes. */
function rgbaOf({ data, width, height, channels }: Pixels): Uint8Array {
  const rgba = new Uint8Array(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < 3; c++) rgba[4 * i + c] = data[i * channels + Math.min(c, channels - 1)]!;
  return rgba;
}

/** The picture exactly, if it has few enough colors. */
function exact(rgba: Uint8Array): { palette: Palette; index: Uint8Array } | undefined {
  const places = new Map<number, number>();
  const index = new Uint8Array(rgba.length / 4);
  for (let i = 0; i < index.length; i++) {
    const color = (rgba[4 * i]! << 16) | (rgba[4 * i + 1]! << 8) | rgba[4 * i + 2]!;
    let place = places.get(color);
    if (place === undefined) {
      if (places.size === MOST_COLORS) return undefined;
      place = places.size;
      places.set(color, place);
    }
    index[i] = place;
  }
  return { index, palette: [...places.keys()].map((color) => [color >> 16, (color >> 8) & 255, color & 255]) };
}

/**
 * The bytes of a GIF that repeats without end. Frames of more than 256 colors get the 256 that fit best.
 * @param fps Frames per second; the format counts in hundredths of a second.
 */
export function encodeGif(frames: readonly Pixels[], fps: number): Uint8Array {
  const encoder = GIFEncoder();
  for (const frame of frames) {
    const rgba = rgbaOf(frame);
    const found = exact(rgba);
    const palette = found?.palette ?? quantize(rgba, MOST_COLORS);
    const index = found?.index ?? applyPalette(rgba, palette);
    encoder.writeFrame(index, frame.width, frame.height, { palette, delay: 1000 / fps, repeat: 0 });
  }
  encoder.finish();
  return encoder.bytes();
}
