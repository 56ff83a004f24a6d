/** Operations on pictures that look each sample up in a table. @see PIL.ImageOps */
import { ValueError } from "../../../../core/errors";
import type { Image } from "../../../image";
import { fromRgb, picture, toRgb } from "./convert";

/** A new value for each of 256. */
type Table = Uint8Array;

/** Values beyond 8 bits are cut off. */
const table = (f: (value: number) => number): Table =>
  new Uint8Array(Uint8ClampedArray.from({ length: 256 }, (_, i) => f(i)).buffer);

/** The samples of a picture that tables take. @throws ValueError for modes other than L and RGB. */
function samplesOf(op: string, image: Image): Uint8Array {
  if (image.mode === "L" || image.mode === "RGB") return image.data as Uint8Array;
  throw new ValueError(
    image.mode === "P"
      ? `${op}: pictures with a palette (mode P) are not supported; turn it into RGB first`
      : `${op}: not supported for this image mode: ${image.mode}; turn it into RGB or L first`,
  );
}

/** Looks samples up, each band in its own table. */
function lookUp(image: Image, samples: ArrayLike<number>, tables: readonly Table[]): Image {
  const out = new Uint8Array(samples.length);
  const bands = tables.length;
  for (let band = 0; band < bands; band++) {
    const own = tables[band]!;
    for (let i = band; i < out.length; i += bands) out[i] = own[samples[i]!]!;
  }
  return picture(image, image.mode, out);
}

/** One table for all bands. */
const everywhere = (op: string, image: Image, f: (value: number) => number): Image => {
  const samples = samplesOf(op, image);
  return lookUp(image, samples, [table(f)]);
};

/** A table for each band, from the counts of its values. */
function byHistogram(op: string, image: Image, make: (counts: Uint32Array) => Table | undefined): Image {
  const samples = samplesOf(op, image);
  const { bands } = image;
  const tables = Array.from({ length: bands }, (_, band) => {
    const counts = new Uint32Array(256);
    for (let i = band; i < samples.length; i += bands) counts[samples[i]!]!++;
    return make(counts) ?? table((value) => value);
  });
  return lookUp(image, samples, tables);
}

/** @see PIL.ImageOps.invert */
export function invert(op: string, image: Image): Image {
  if (image.mode !== "1") return everywhere(op, image, (value) => 255 - value);
  return picture(
    image,
    "1",
    (image.data as Uint8Array).map((value) => 255 - value),
  );
}

/** @see PIL.ImageOps.posterize */
export const posterize = (op: string, image: Image, bits: number): Image =>
  everywhere(op, image, (value) => value & -(2 ** (8 - bits)));

/** @see PIL.ImageOps.solarize */
export const solarize = (op: string, image: Image, threshold: number): Image =>
  everywhere(op, image, (value) => (value < threshold ? value : 255 - value));

/** Stretches the values that occur to all of 0 to 255. */
function stretched(counts: Uint32Array): Table | undefined {
  const low = counts.findIndex((n) => n > 0);
  const high = counts.findLastIndex((n) => n > 0);
  if (high <= low) return undefined;
  const scale = 255 / (high - low);
  const offset = -low * scale;
  return table((value) => Math.trunc(value * scale + offset));
}

/** @see PIL.ImageOps.autocontrast */
export const autocontrast = (op: string, image: Image): Image => byHistogram(op, image, stretched);

/** The values for which all occur about as often as each other: those below, in steps of a 255th of all but the last. */
export function equalized(counts: ArrayLike<number>): Table | undefined {
  const own = Array.from(counts).filter((n) => n > 0);
  const step = Math.floor(own.slice(0, -1).reduce((sum, n) => sum + n, 0) / 255);
  if (step === 0) return undefined;
  let below = Math.floor(step / 2);
  return table((value) => {
    const at = Math.floor(below / step);
    below += counts[value]!;
    return at;
  });
}

/** @see PIL.ImageOps.equalize */
export const equalize = (op: string, image: Image): Image =>
  byHistogram(op, image.mode === "P" ? toRgb(image) : image, equalized);

/** Gamma correction by way of RGB, as torchvision does it: modes with alpha lose theirs. */
export function gamma(op: string, image: Image, exponent: number, gain: number): Image {
  const map = table((value) => Math.trunc((255 + 1 - 1e-3) * gain * (value / 255) ** exponent));
  const rgb = toRgb(image);
  return fromRgb(op, lookUp(rgb, rgb.data, [map]), image);
}
