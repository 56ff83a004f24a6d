/** Pictures with their pixels at other places: windows, mirror images, quarter turns, borders. No value changes. */
import { ShapeError } from "../../../../core/errors";
import { type Transpose, transposed } from "../../../geometry";
import type { Image, ImageSamples } from "../../../image";
import { checkPixels, imageLike, samples } from "./samples";

/** Copies the part of `img` that lies in the window at (left, top) into `out`, rows of `width` pixels. */
function copyWindow(
  out: ImageSamples,
  img: Image,
  left: number,
  top: number,
  width: number,
  height: number,
): ImageSamples {
  const { bands, data } = img;
  const first = Math.max(0, left);
  const count = (Math.min(img.width, left + width) - first) * bands;
  if (count <= 0) return out;
  const last = Math.min(img.height, top + height);
  for (let y = Math.max(0, top); y < last; y++) {
    const from = (y * img.width + first) * bands;
    out.set(data.subarray(from, from + count), ((y - top) * width + first - left) * bands);
  }
  return out;
}

/** The window of `width`×`height` pixels at (left, top); what lies outside of the picture is 0. */
export function cropImage(op: string, img: Image, left: number, top: number, width: number, height: number): Image {
  if (left === 0 && top === 0 && width === img.width && height === img.height) return img;
  checkPixels(op, width, height);
  const out = samples(img.mode, width * height * img.bands);
  return imageLike(img, width, height, copyWindow(out, img, left, top, width, height));
}

const turned = (img: Image, method: Transpose): Image => {
  const { data, width, height } = transposed(img, method);
  return imageLike(img, width, height, data);
};

/** The picture mirrored: left is right. */
export const flipLeftRight = (img: Image): Image => turned(img, "flipLeftRight");

/** The picture mirrored: top is bottom. */
export const flipTopBottom = (img: Image): Image => turned(img, "flipTopBottom");

/** The picture turned counter-clockwise by so many quarters of a circle. */
export const quarterTurns = (img: Image, quarters: 1 | 2 | 3): Image =>
  turned(img, (["rotate90", "rotate180", "rotate270"] as const)[quarters - 1]!);

/** Pixels to the left, at the top, to the right and at the bottom. Negative numbers crop. */
export type Border = readonly [left: number, top: number, right: number, bottom: number];

/** Every pixel set to `ink`, one number for each band. */
export function inked(out: ImageSamples, ink: readonly number[]): ImageSamples {
  if (ink.length === 1) return out.fill(ink[0]!);
  if (ink.every((value) => value === ink[0])) return ink[0] === 0 ? out : out.fill(ink[0]!);
  for (let i = 0; i < out.length; i += ink.length)
    for (let band = 0; band < ink.length; band++) out[i + band] = ink[band]!;
  return out;
}

/** The picture within a border of one color. */
export function expandImage(op: string, img: Image, border: Border, ink: readonly number[]): Image {
  const [left, top, right, bottom] = border;
  const [width, height] = [left + img.width + right, top + img.height + bottom];
  checkPixels(op, width, height);
  const out = inked(samples(img.mode, width * height * img.bands), ink);
  return imageLike(img, width, height, copyWindow(out, img, -left, -top, width, height));
}

/** How a border is made of the pixels of a picture. */
export type BorderMode = "edge" | "reflect" | "symmetric";

/** Where in an axis of `size` pixels the pixel at `at` comes from, which may lie outside by any distance. */
function sourceOf(mode: BorderMode, size: number, at: number): number {
  if (mode === "edge" || size === 1) return Math.min(Math.max(at, 0), size - 1);
  const period = mode === "symmetric" ? 2 * size : 2 * size - 2;
  const place = ((at % period) + period) % period;
  if (place < size) return place;
  return mode === "symmetric" ? period - 1 - place : period - place;
}

/** The picture within a border made of its own pixels. */
export function padImage(op: string, img: Image, border: Border, mode: BorderMode): Image {
  const [left, top, right, bottom] = border.map((n) => Math.max(0, n)) as unknown as Border;
  const [x0, y0] = [Math.max(0, -border[0]), Math.max(0, -border[1])];
  const inner = [img.width - x0 - Math.max(0, -border[2]), img.height - y0 - Math.max(0, -border[3])] as const;
  const [width, height] = [left + inner[0] + right, top + inner[1] + bottom];
  if (inner[0] < 1 || inner[1] < 1)
    throw new ShapeError(`${op}: can't extend an empty picture: ${inner[0]}×${inner[1]} pixels are left of ${img}`);
  checkPixels(op, width, height);
  const { bands, data } = img;
  const out = samples(img.mode, width * height * bands);
  const columns = Int32Array.from({ length: width }, (_, x) => (x0 + sourceOf(mode, inner[0], x - left)) * bands);
  for (let y = 0, at = 0; y < height; y++) {
    const row = (y0 + sourceOf(mode, inner[1], y - top)) * img.width * bands;
    for (let x = 0; x < width; x++) {
      const from = row + columns[x]!;
      for (let band = 0; band < bands; band++) out[at++] = data[from + band]!;
    }
  }
  return imageLike(img, width, height, out);
}
