/** Pictures in memory, as files hold them and as transforms take them: Kindling's counterpart of Python's `PIL.Image`. */
import { checkChoice, checkInteger } from "../core/arguments";
import { ArgumentError, describe, ShapeError } from "../core/errors";
import type { stacked } from "../data/collate";
import { portable } from "../data/pack";
import type { Tensor } from "../tensor/tensor";

/**
 * What the samples of a picture mean, in PIL's words: `"1"` black and white (0 and 255), `"L"` grey, `"LA"` grey and alpha, `"P"` places in
 * a palette, `"RGB"`, `"RGBA"`, `"CMYK"`, all of 8 bits; `"I;16"` grey of 16 bits, `"I"` of 32 bits, `"F"` of float32.
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

const modes = Object.keys(bandsOf) as ImageMode[];

/** The most pixels of a picture: a larger one is refused before it is decoded. PIL's `MAX_IMAGE_PIXELS`, twice. */
export const MOST_PIXELS = 178_956_970;

const arrayOf = (mode: ImageMode) =>
  mode === "I;16" ? Uint16Array : mode === "I" ? Int32Array : mode === "F" ? Float32Array : Uint8Array;

/**
 * A picture: rows of pixels from the top, pixels from the left, the samples of a pixel side by side.
 *
 * Pictures are values: no operation changes one.
 * @see PIL.Image.Image
 * @throws ArgumentError or ShapeError unless mode, sizes and samples go together.
 * @example
 * const image = new Image("RGB", 2, 1, Uint8Array.of(255, 0, 0, 0, 0, 255));
 */
export class Image {
  /** A batch of pictures is a tensor; in types alone. */
  declare readonly [stacked]: Tensor;

  constructor(
    readonly mode: ImageMode,
    readonly width: number,
    readonly height: number,
    /** The samples, of length height × width × bands. Not to be written to. */
    readonly data: ImageSamples,
    /** Of mode `"P"`: red, green and blue of each place. */
    readonly palette?: Uint8Array,
  ) {
    checkChoice("Image", "mode", mode, modes);
    checkInteger("Image", "width", width, 0, MOST_PIXELS);
    checkInteger("Image", "height", height, 0, MOST_PIXELS);
    const array = arrayOf(mode);
    if (!(data instanceof array))
      throw new ArgumentError(`Image: the samples of mode ${mode} are a ${array.name}, got ${describe(data)}`);
    const length = width * height * bandsOf[mode];
    if (data.length !== length)
      throw new ShapeError(
        `Image: ${width}×${height} pixels of mode ${mode} have ${length} samples, got ${data.length}`,
      );
  }

  /** Width and height, as PIL has them. */
  get size(): [width: number, height: number] {
    return [this.width, this.height];
  }

  /** Samples of each pixel. */
  get bands(): number {
    return bandsOf[this.mode];
  }

  toString(): string {
    return `<Image mode=${this.mode} size=${this.width}x${this.height}>`;
  }
}

portable({ Image });
