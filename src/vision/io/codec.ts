/** Files of any format that is known, as pictures. */
import { FormatError } from "../../core/errors";
import type { Picture } from "../modes";
import { jpegPicture } from "./jpeg";
import { isJpeg } from "./jpegHeader";
import { isPng, pngPicture } from "./png";

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
