/** Images with other samples: what all operations on pictures are made of. */
import { ValueError } from "../../../../core/errors";
import { Image, type ImageMode, type ImageSamples, MOST_PIXELS } from "../../../image";

/** @throws ValueError for a size below 0, or of more pixels than a picture may have. */
export function checkPixels(op: string, width: number, height: number): void {
  if (width < 0 || height < 0)
    throw new ValueError(`${op}: Width and height must be >= 0, got ${width} and ${height} (width, height)`);
  if (width * height > MOST_PIXELS)
    throw new ValueError(`${op}: ${width}×${height} pixels are more than the ${MOST_PIXELS} that a picture may have`);
}

/** An array of the kind that holds the samples of a mode. */
export function samples(mode: ImageMode, length: number): ImageSamples {
  if (mode === "I;16") return new Uint16Array(length);
  if (mode === "I") return new Int32Array(length);
  return mode === "F" ? new Float32Array(length) : new Uint8Array(length);
}

/** A picture of the mode and palette of `img` with other samples. */
export const imageLike = (img: Image, width: number, height: number, data: ImageSamples): Image =>
  new Image(img.mode, width, height, data, img.palette);

/** Whether samples of a mode cannot be mixed: they are places in a palette, or black and white. */
export const isNominal = (mode: ImageMode): boolean => mode === "P" || mode === "1";
