/** What the samples of a picture mean, and how many there are. */

/**
 * What the samples of a picture mean, in PIL's words: `"1"` black and white (0 and 255), `"L"` gray, `"LA"` gray and alpha, `"P"` places in
 * a palette, `"RGB"`, `"RGBA"`, `"CMYK"`, all of 8 bits; `"I;16"` gray of 16 bits, `"I"` of 32 bits, `"F"` of float32.
 */
export type ImageMode = "1" | "L" | "LA" | "P" | "RGB" | "RGBA" | "CMYK" | "I;16" | "I" | "F";

/** The samples of a picture: uint8, but for `"I;16"`, `"I"` and `"F"`. */
export type ImageSamples = Uint8Array | Uint16Array | Int32Array | Float32Array;

/** Samples of each pixel, by mode. */
export const bandsOf: Readonly<Record<ImageMode, number>> = {
  "1": 1,
  L: 1,
  LA: 2,
  P: 1,
  RGB: 3,
  RGBA: 4,
  CMYK: 4,
  "I;16": 1,
  I: 1,
  F: 1,
};

/** All modes. */
export const modes: readonly ImageMode[] = Object.keys(bandsOf) as ImageMode[];

/** The most pixels of a picture: a larger one is refused before it is decoded. PIL's `MAX_IMAGE_PIXELS`, twice. */
export const MOST_PIXELS = 178_956_970;

/** What of a picture is invisible: the alpha of each place of its palette, or the one color (a value of each band) that is. */
export type Transparency = Uint8Array | readonly number[];

/** A picture as a file holds it, before anybody makes an `Image` or a tensor of it. */
export interface Picture {
  readonly mode: ImageMode;
  readonly width: number;
  readonly height: number;
  /** Interleaved samples: height × width × bands. */
  readonly data: ImageSamples;
  /** The palette of mode `"P"`: red, green and blue of each place. */
  readonly palette?: Uint8Array | undefined;
  /** What of a file is invisible; conversions to modes with alpha see it. */
  readonly transparency?: Transparency | undefined;
}
