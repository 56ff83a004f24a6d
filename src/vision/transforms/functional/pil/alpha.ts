/** Colors multiplied by their opacity, as they are mixed: PIL's modes `RGBa` and `La`. */
import type { Image } from "../../../image";
import { imageLike } from "./samples";

/** Whether pictures of this kind are mixed with their colors multiplied by opacity. */
export const hasAlpha = (img: Image): boolean => img.mode === "RGBA" || img.mode === "LA";

/** a × b / 255 of bytes, rounded. */
function mulDiv255(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/** Every color through `change`, with the opacity of its pixel. */
function mapColors(img: Image, change: (color: number, alpha: number) => number): Image {
  const { bands, data } = img;
  const out = Uint8Array.from(data as Uint8Array);
  for (let i = 0; i < out.length; i += bands) {
    const alpha = out[i + bands - 1]!;
    for (let band = 0; band < bands - 1; band++) out[i + band] = change(out[i + band]!, alpha);
  }
  return imageLike(img, img.width, img.height, out);
}

/** Colors times opacity. */
export const premultiplied = (img: Image): Image => mapColors(img, mulDiv255);

/** The inverse of {@link premultiplied}, as far as there is one. */
export const unmultiplied = (img: Image): Image =>
  mapColors(img, (color, alpha) =>
    alpha === 0 || alpha === 255 ? color : Math.min(255, Math.trunc((255 * color) / alpha)),
  );

/** Does something that mixes pixels, of a picture with opacity as PIL does it. */
export const mixing = (img: Image, mix: (img: Image) => Image): Image =>
  hasAlpha(img) ? unmultiplied(mix(premultiplied(img))) : mix(img);
