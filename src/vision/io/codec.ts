/** Files of any format that is known, as pictures. */
import { FormatError } from "../../core/errors";
import type { Picture } from "../modes";
import { jpegPicture } from "./jpeg";
import { encodeJpegFile } from "./jpegEncoder";
import { isJpeg } from "./jpegHeader";
import { isPng, pngPicture } from "./png";
import { type CompressionLevel, encodePngFile } from "./pngEncoder";

/** A picture, and how it is to be turned to be seen upright: as Exif counts, from 1, which is upright. */
export interface Decoded {
  readonly picture: Picture;
  readonly orientation: number;
}

/**
 * Decodes a PNG or JPEG file, told by its first bytes, with PIL's modes and values.
 * @throws FormatError if it is neither, damaged, truncated, or larger than any picture may be.
 */
export async function decodePicture(bytes: Uint8Array): Promise<Decoded> {
  if (isJpeg(bytes)) return jpegPicture(bytes);
  if (isPng(bytes)) return { picture: pngPicture(bytes), orientation: 1 };
  throw new FormatError(
    bytes.length === 0 ? "the file is empty" : "Unsupported image file. Only jpeg and png are currently supported.",
  );
}

/** Formats that can be written. */
export type ImageFormat = "png" | "jpeg";

/** How a picture is written. */
export interface EncodeOptions {
  /** The quality of JPEG, from 1 to 100. */
  readonly quality: number;
  /** The level of compression of PNG, from 0 to 9. */
  readonly compressionLevel: CompressionLevel;
}

/** A picture as a file. @throws ValueError for what the format does not have. */
export async function encodePicture(
  picture: Picture,
  format: ImageFormat,
  options: EncodeOptions,
): Promise<Uint8Array> {
  if (format === "png") return encodePngFile(picture, options.compressionLevel);
  return encodeJpegFile(picture.mode === "1" ? { ...picture, mode: "L" } : picture, options.quality);
}
