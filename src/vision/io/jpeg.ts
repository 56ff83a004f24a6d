/** JPEG files as pictures, with libjpeg's values. */
import { FormatError } from "../../core/errors";
import type { Picture } from "../modes";
import { adobeMarker, type Cut, cutFor, withoutComponent } from "./cmyk";
import { decodePixels, type Pixels } from "./jpegCodec";
import { type JpegHeader, readJpegHeader } from "./jpegHeader";

/** The first `wanted` bands of pixels that have at least as many. */
function bandsFrom({ data, width, height, bands }: Pixels, wanted: number): Uint8Array {
  if (bands === wanted && data instanceof Uint8Array) return data;
  const out = new Uint8Array(width * height * wanted);
  if (wanted === 1) for (let i = 0, j = 0; i < out.length; i++, j += bands) out[i] = data[j]!;
  else
    for (let i = 0, j = 0; i < out.length; i += 3, j += bands) {
      out[i] = data[j]!;
      out[i + 1] = data[j + 1]!;
      out[i + 2] = data[j + 2]!;
    }
  return out;
}

/** A JPEG file that is to be decoded as another color space than the one it says. */
function withTransform(bytes: Uint8Array, { segments }: JpegHeader, transform: number): Uint8Array {
  const marker = adobeMarker(transform);
  const out = new Uint8Array(bytes.length + marker.length);
  out.set(bytes.subarray(0, 2));
  out.set(marker, 2);
  out.set(bytes.subarray(2), 2 + marker.length);
  // JFIF's segment would have the last word, and so would another one of Adobe: both become segments that mean nothing.
  for (const { marker: type, start } of segments)
    if (type === 0xe0 || type === 0xee) out[start + marker.length + 1] = 0xef;
  return out;
}

/** The pixels of the other three of four components. */
function pixelsWithout(bytes: Uint8Array, header: JpegHeader, cut: Cut): Promise<Pixels> {
  const components = header.components.filter((_, i) => i !== cut.without);
  return decodePixels(withoutComponent(bytes, header, cut), { frame: header.frame, components });
}

/** A file of four components as PIL sees it: inks, not what is left of the light, which is what such files hold. */
async function cmykPicture(bytes: Uint8Array, header: JpegHeader): Promise<Picture> {
  const { width, height, adobe } = header;
  const isYcck = adobe === 2;
  const colors = [0, 1, 2];
  const without = cutFor(header, colors);
  const cmy = await pixelsWithout(bytes, header, { without, transform: isYcck ? 1 : 0 });
  const rest = await pixelsWithout(bytes, header, { without: cutFor(header, [3]), transform: 0 });
  if (cmy.width !== width || cmy.height !== height)
    throw new FormatError("the JPEG file is damaged: it has two frames");
  const data = new Uint8Array(width * height * 4);
  // YCbCr stands for red, green and blue; the inks of such files are their complements, and PIL's are the complements of those.
  const flip = isYcck ? 0 : 255;
  for (let i = 0, j = 0, k = 0; i < data.length; i += 4, j += cmy.bands, k += rest.bands) {
    for (const band of colors) data[i + band] = cmy.data[j + band]! ^ flip;
    data[i + 3] = 255 - rest.data[k + 2]!;
  }
  return { mode: "CMYK", width, height, data };
}

/** A decoded file, and how it is to be turned to be seen upright. */
export interface JpegPicture {
  readonly picture: Picture;
  /** The orientation as Exif counts it, from 1, which is upright. */
  readonly orientation: number;
}

/**
 * Decodes a JPEG file: gray in mode `"L"`, colors in mode `"RGB"`.
 * @param asGray Whether colors are left out: of a file in YCbCr the luminance as it stands there, as libjpeg gives it.
 * @throws FormatError if it is damaged or truncated, or claims more than it can hold.
 */
export async function jpegPicture(bytes: Uint8Array, asGray = false): Promise<JpegPicture> {
  const header = readJpegHeader(bytes);
  const { width, height, components, orientation } = header;
  if (components.length === 4) return { picture: await cmykPicture(bytes, header), orientation };
  const bands = components.length === 1 || asGray ? 1 : 3;
  const pixels = await decodePixels(asGray && isYCbCr(header) ? withTransform(bytes, header, 0) : bytes, header);
  if (pixels.width !== width || pixels.height !== height)
    throw new FormatError("the JPEG file is damaged: it has two frames");
  const isRgbAsGray = asGray && components.length === 3 && !isYCbCr(header);
  const data = isRgbAsGray ? luminance(bandsFrom(pixels, 3)) : bandsFrom(pixels, bands);
  return { picture: { mode: bands === 1 ? "L" : "RGB", width, height, data }, orientation };
}

/** libjpeg's guess of what three components mean. */
function isYCbCr({ components, adobe, segments }: JpegHeader): boolean {
  if (components.length !== 3) return false;
  if (segments.some(({ marker }) => marker === 0xe0)) return true;
  if (adobe !== undefined) return adobe !== 0;
  const ids = components.map(({ id }) => id).join();
  return ids !== "82,71,66";
}

/** libjpeg's, from red, green and blue. */
function luminance(rgb: Uint8Array): Uint8Array {
  const out = new Uint8Array(rgb.length / 3);
  for (let i = 0, j = 0; i < out.length; i++, j += 3)
    out[i] = (19595 * rgb[j]! + 38470 * rgb[j + 1]! + 7471 * rgb[j + 2]! + 32768) >> 16;
  return out;
}
