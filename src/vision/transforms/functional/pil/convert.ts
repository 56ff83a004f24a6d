/** Pictures in other modes, with PIL's integer arithmetic. @see PIL.Image.Image.convert */
import { ValueError } from "../../../../core/errors";
import { Image, type ImageMode } from "../../../image";

/** Luma of ITU-R 601 in 16 bits of fraction, rounded. */
export const luma = (r: number, g: number, b: number): number => (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;

/** a · b / 255, rounded. */
function mulDiv255(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

const clip8 = (value: number): number => (value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value));

/** What a mode does not tell: an error that says what to do instead. */
export const wrongMode = (op: string, image: Image): ValueError =>
  new ValueError(`${op}: image has wrong mode: ${image.mode}; turn it into RGB or L first`);

/** A picture of as many pixels as `like`. */
export const picture = (like: Image, mode: ImageMode, data: Uint8Array | Int32Array | Float32Array): Image =>
  new Image(mode, like.width, like.height, data);

/** Writes the red, green and blue of the pixel at `at`, the first of its samples, to `out[to…]`. */
type Reader = (data: ArrayLike<number>, at: number, out: Uint8Array, to: number) => void;

const readGray: Reader = (data, at, out, to) => {
  const gray = clip8(data[at]!);
  out[to] = gray;
  out[to + 1] = gray;
  out[to + 2] = gray;
};

const readRgb: Reader = (data, at, out, to) => {
  out[to] = data[at]!;
  out[to + 1] = data[at + 1]!;
  out[to + 2] = data[at + 2]!;
};

const readCmyk: Reader = (data, at, out, to) => {
  const light = 255 - data[at + 3]!;
  for (let band = 0; band < 3; band++) out[to + band] = clip8(light - mulDiv255(data[at + band]!, light));
};

const readPalette =
  (palette: Uint8Array): Reader =>
  (data, at, out, to) => {
    const place = 3 * data[at]!;
    for (let band = 0; band < 3; band++) out[to + band] = palette[place + band] ?? 0;
  };

function readerOf(image: Image): Reader {
  if (image.mode === "P") return readPalette(image.palette ?? new Uint8Array(0));
  if (image.mode === "CMYK") return readCmyk;
  return image.bands >= 3 ? readRgb : readGray;
}

/** The picture in mode `"RGB"`: without its alpha. */
export function toRgb(image: Image): Image {
  if (image.mode === "RGB") return image;
  const { data, bands } = image;
  const read = readerOf(image);
  const out = new Uint8Array(3 * image.width * image.height);
  for (let at = 0, to = 0; to < out.length; at += bands, to += 3) read(data, at, out, to);
  return picture(image, "RGB", out);
}

/** The picture in mode `"L"`: numbers of more than 8 bits are clipped, alpha is dropped. */
export function toGray(image: Image): Image {
  if (image.mode === "L") return image;
  const n = image.width * image.height;
  const out = new Uint8Array(n);
  const { data, bands } = image;
  if (bands <= 2 && image.mode !== "P") {
    for (let i = 0; i < n; i++) out[i] = clip8(data[i * bands]!);
    return picture(image, "L", out);
  }
  const rgb = bands >= 3 && image.mode !== "CMYK" ? data : toRgb(image).data;
  const step = rgb === data ? bands : 3;
  for (let i = 0, at = 0; i < n; i++, at += step) out[i] = luma(rgb[at]!, rgb[at + 1]!, rgb[at + 2]!);
  return picture(image, "L", out);
}

/** Samples of a pixel of `mode` from its red, green and blue, opaque. */
function writeSamples(mode: ImageMode, rgb: ArrayLike<number>, at: number, out: Uint8Array, to: number): void {
  const [r, g, b] = [rgb[at]!, rgb[at + 1]!, rgb[at + 2]!];
  if (mode === "LA") {
    out[to] = luma(r, g, b);
    out[to + 1] = 255;
    return;
  }
  const isInk = mode === "CMYK";
  out[to] = isInk ? 255 - r : r;
  out[to + 1] = isInk ? 255 - g : g;
  out[to + 2] = isInk ? 255 - b : b;
  out[to + 3] = isInk ? 0 : 255;
}

/** A picture of mode `"RGB"` in the mode of `like`; alpha is opaque then. @throws ValueError for modes of two colors or of palettes. */
export function fromRgb(op: string, image: Image, like: Image): Image {
  const { mode } = like;
  if (mode === "RGB") return image;
  if (mode === "1" || mode === "P" || mode === "I;16") throw wrongMode(op, like);
  const gray = () => toGray(image).data;
  if (mode === "L") return toGray(image);
  if (mode === "I") return picture(image, mode, Int32Array.from(gray()));
  if (mode === "F") return picture(image, mode, Float32Array.from(gray()));
  const out = new Uint8Array(image.width * image.height * like.bands);
  for (let at = 0, to = 0; to < out.length; at += 3, to += like.bands) writeSamples(mode, image.data, at, out, to);
  return picture(image, mode, out);
}
