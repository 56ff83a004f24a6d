/** Hue of pictures, by way of HSV in 8 bits with PIL's rounding. */
import type { Image } from "../../../image";
import { fromRgb, picture, toRgb } from "./convert";

const { fround } = Math;

/** The part of the circle from red, of 0 to 255. */
function hueOf(r: number, g: number, b: number, most: number, range: number): number {
  const [rc, gc, bc] = [fround((most - r) / range), fround((most - g) / range), fround((most - b) / range)];
  const sixths = r === most ? fround(bc - gc) : fround(g === most ? 2 + rc - bc : 4 + gc - rc);
  return Math.trunc(fround((sixths / 6 + 1) % 1) * 255);
}

/** Turns the hue of one pixel by `turn` 256ths. */
function turnPixel(from: ArrayLike<number>, at: number, out: Uint8Array, turn: number): void {
  const [r, g, b] = [from[at]!, from[at + 1]!, from[at + 2]!];
  const most = Math.max(r, g, b);
  const range = most - Math.min(r, g, b);
  const saturation = range === 0 ? 0 : Math.trunc(fround(range / most) * 255);
  if (saturation === 0) {
    out.fill(most, at, at + 3);
    return;
  }
  const hue = (hueOf(r, g, b, most, range) + turn) & 255;
  const sixths = fround((hue * 6) / 255);
  const sector = Math.floor(sixths);
  const rest = fround((hue * 6) / 255 - sector);
  const s = fround(saturation / 255);
  const p = Math.floor(most * (1 - s) + 0.5);
  const q = Math.floor(most * (1 - s * rest) + 0.5);
  const t = Math.floor(most * (1 - s * (1 - rest)) + 0.5);
  const bySector = [most, t, p, q, most, p, p, most, t, p, q, most, t, p, most, most, p, q];
  const place = 3 * (sector % 6);
  for (let band = 0; band < 3; band++) out[at + band] = bySector[place + band]!;
}

/**
 * Turns hues by a part of the circle. Gray pictures stay as they are, alpha becomes opaque.
 * @see torchvision.transforms.functional_pil.adjust_hue
 */
export function hue(op: string, image: Image, factor: number): Image {
  if (image.mode === "L" || image.mode === "1" || image.mode === "I" || image.mode === "F") return image;
  const rgb = toRgb(image);
  const turn = Math.trunc(factor * 255) & 255;
  const out = new Uint8Array(rgb.data.length);
  for (let at = 0; at < out.length; at += 3) turnPixel(rgb.data, at, out, turn);
  return fromRgb(op, picture(rgb, "RGB", out), image);
}
