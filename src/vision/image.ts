/** Pictures in memory, as files hold them and as transforms take them: Kindling's counterpart of Python's `PIL.Image`. */

import { checkArray, checkChoice, checkFlag, checkInteger, checkIntegers, checkString } from "../core/arguments";
import { argumentsOf } from "../core/binding";
import { nameOf } from "../core/className";
import { ArgumentError, describe, IndexError, KindlingError, ShapeError, ValueError } from "../core/errors";
import { declareMethods, renamed } from "../core/signature";
import type { Arguments } from "../core/signatureTypes";
import type { stacked } from "../data/collate";
import { portable } from "../data/pack";
import { readBytes, writeBytes } from "../platform/files";
import type { Tensor } from "../tensor/tensor";
import { convertPicture, type Dither } from "./convert";
import { cropped, merged, onBand, type Transpose, transposed, transposes } from "./geometry";
import { decodePicture, encodePicture, type ImageFormat } from "./io/codec";
import type { CompressionLevel } from "./io/pngEncoder";
import {
  bandsOf,
  type ImageMode,
  type ImageSamples,
  MOST_PIXELS,
  modes,
  type Picture,
  type Transparency,
} from "./modes";

import { display, type ImshowOptions, type Shown } from "./utils/display";

export type { Dither } from "./convert";
export type { Transpose } from "./geometry";
export { bandsOf, type ImageMode, type ImageSamples, MOST_PIXELS, type Transparency } from "./modes";

const arrayOf = (mode: ImageMode) =>
  mode === "I;16" ? Uint16Array : mode === "I" ? Int32Array : mode === "F" ? Float32Array : Uint8Array;

const openSignature = "fp; applyExifOrientation";
/** What `Image.open` takes. */
export type OpenArguments = { fp: string | URL | Uint8Array | ArrayBuffer; applyExifOrientation?: boolean };

/** How `Image.save` writes. */
export interface SaveOptions {
  /** Default: what the name of the file ends with. */
  format?: string;
  /** The quality of JPEG, from 1 to 100. Default: 75. */
  quality?: number;
  /** The level of compression of PNG, from 0 to 9. Default: 6. */
  compressionLevel?: CompressionLevel;
}

/** The part of a browser's `ImageData` that pictures need. */
export interface ImageDataLike {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

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
    /** The palette of mode `"P"`: red, green and blue of each place. */
    readonly palette?: Uint8Array | undefined,
    /** The transparency of a file: the alpha of each place of its palette, or the one color that is invisible. Conversions to modes with alpha see it. */
    readonly transparency?: Transparency | undefined,
  ) {
    checkChoice("Image", "mode", mode, modes);
    checkInteger("Image", "width", width, 0, MOST_PIXELS);
    checkInteger("Image", "height", height, 0, MOST_PIXELS);
    const array = arrayOf(mode);
    if (!(data instanceof array))
      throw new ArgumentError(`Image: the samples of mode ${mode} are a ${nameOf(array)}, got ${describe(data)}`);
    const length = width * height * bandsOf[mode];
    if (data.length !== length)
      throw new ShapeError(
        `Image: ${width}×${height} pixels of mode ${mode} have ${length} samples, got ${data.length}`,
      );
    if (palette !== undefined && !(palette instanceof Uint8Array && palette.length % 3 === 0 && palette.length <= 768))
      throw new ArgumentError(`Image: palette must be a Uint8Array of at most 256 colors, got ${describe(palette)}`);
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

  /** @internal Node's `console.log`. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /**
   * Opens a PNG or JPEG file, decoded at once, in PIL's modes: gray `"L"`, colors `"RGB"`, palettes `"P"`, and so on.
   * @param given A path, a URL, or the bytes of a file; `applyExifOrientation` turns the picture as the camera's orientation says (default:
   * false, as in PIL).
   * @see PIL.Image.open
   * @throws FormatError naming the file if it is damaged, truncated, of another format, or larger than any picture may be; KindlingError if it
   * cannot be read.
   * @example const image = (await Image.open("cat.jpg")).convert("RGB");
   */
  static async open(...given: Arguments<typeof openSignature, OpenArguments>): Promise<Image> {
    const { fp, applyExifOrientation = false } = argumentsOf<OpenArguments>("open", openSignature, given);
    return decodeImageFile("open", fp, checkFlag("open", "applyExifOrientation", applyExifOrientation));
  }

  /**
   * One picture of several of mode `"L"`, its bands.
   * @see PIL.Image.merge
   * @throws ValueError unless the number of bands and their sizes go with the mode.
   */
  static merge(mode: ImageMode, bands: readonly Image[]): Image {
    checkChoice("merge", "mode", mode, modes);
    checkArray("merge", "bands", bands, "images");
    for (const band of bands)
      if (!(band instanceof Image)) throw new ArgumentError(`merge: bands must be images, got ${describe(band)}`);
    if (bands.length !== bandsOf[mode] || mode === "P")
      throw new ValueError(`merge: wrong number of bands: mode ${mode} has ${bandsOf[mode]}, got ${bands.length}`);
    const [first] = bands as [Image];
    for (const band of bands) {
      if (bands.length > 1 && band.mode !== "L")
        throw new ValueError(`merge: mode mismatch: a band has mode ${band.mode}, not L`);
      if (band.width !== first.width || band.height !== first.height)
        throw new ValueError(`merge: size mismatch: ${first.size.join("×")} and ${band.size.join("×")}`);
    }
    return bands.length === 1 ? first : Image.from(merged(mode, bands));
  }

  /** A picture of a browser's pixels, such as those of a canvas, in mode `"RGBA"`. They are copied. */
  static fromImageData(imageData: ImageDataLike): Image {
    const { data, width, height } = imageData ?? {};
    if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray))
      throw new ArgumentError(`fromImageData: imageData must have data, width and height, got ${describe(imageData)}`);
    return new Image("RGBA", width, height, new Uint8Array(data));
  }

  /** The pixels as a browser's `ImageData`; where there is no such class, as a plain object of the same form. */
  toImageData(): ImageData {
    const { data, width, height } = this.convert("RGBA");
    const pixels = Uint8ClampedArray.from(data);
    if (typeof ImageData === "function" && width > 0 && height > 0) return new ImageData(pixels, width, height);
    return { data: pixels, width, height, colorSpace: "srgb" } as unknown as ImageData;
  }

  /**
   * The picture in another mode, with PIL's formulas: gray is `(299 R + 587 G + 114 B) / 1000`, rounded. To `"1"`, and from `"RGB"` to `"P"` (the
   * palette of the web), errors are spread over neighbors unless `dither` is `"none"`.
   * @see PIL.Image.Image.convert
   * @throws ValueError if PIL has no such conversion.
   */
  convert(mode: ImageMode, options: { dither?: Dither } = {}): Image {
    checkChoice("convert", "mode", mode, modes);
    const dither = checkChoice("convert", "dither", options.dither ?? "floydsteinberg", ["none", "floydsteinberg"]);
    return mode === this.mode ? this : Image.from(convertPicture(this, mode, dither));
  }

  /** A picture with samples of its own. @see PIL.Image.Image.copy */
  copy(): Image {
    return Image.from({ ...this.picture, data: this.data.slice() });
  }

  /** The names of the bands: `["R", "G", "B"]`. @see PIL.Image.Image.getbands */
  getbands(): string[] {
    return this.mode === "I;16" ? ["I"] : this.bands === 1 ? [this.mode] : [...this.mode];
  }

  /**
   * A pixel: a number, or of several bands a list.
   * @param xy From the left and from the top; negative ones count from the other side.
   * @see PIL.Image.Image.getpixel
   * @throws IndexError outside of the picture.
   */
  getpixel(xy: readonly [x: number, y: number]): number | number[] {
    const list = checkIntegers("getpixel", "xy", xy);
    if (list.length !== 2) throw new ArgumentError(`getpixel: xy must be [x, y], got ${describe(xy)}`);
    const [x, y] = list.map((at, i) => (at < 0 ? at + this.size[i]! : at)) as [number, number];
    if (x < 0 || y < 0 || x >= this.width || y >= this.height)
      throw new IndexError(
        `getpixel: image index out of range: [${xy.join(", ")}] of ${this.width}×${this.height} pixels`,
      );
    const at = (y * this.width + x) * this.bands;
    return this.bands === 1 ? this.data[at]! : [...this.data.subarray(at, at + this.bands)];
  }

  /**
   * A part of the picture. What lies outside of it is zero.
   * @param box Left, upper, right and lower edge, in pixels. Default: all.
   * @see PIL.Image.Image.crop
   * @throws ValueError if it ends before it begins.
   */
  crop(box: readonly [number, number, number, number] = [0, 0, this.width, this.height]): Image {
    const list = checkArray("crop", "box", box, "numbers").map((edge) => roundEven(edge as number));
    checkIntegers("crop", "box", list, -(2 ** 31), 2 ** 31);
    if (list.length !== 4)
      throw new ArgumentError(`crop: box must be [left, upper, right, lower], got ${describe(box)}`);
    const [left, upper, right, lower] = list as [number, number, number, number];
    if (right < left) throw new ValueError("crop: Coordinate 'right' is less than 'left'");
    if (lower < upper) throw new ValueError("crop: Coordinate 'lower' is less than 'upper'");
    if ((right - left) * (lower - upper) > MOST_PIXELS)
      throw new ValueError(`crop: ${right - left}×${lower - upper} pixels are more than a picture may have`);
    return Image.from(cropped(this, left, upper, right - left, lower - upper));
  }

  /**
   * The picture flipped or turned by quarters.
   * @see PIL.Image.Image.transpose
   */
  transpose(method: Transpose): Image {
    return Image.from(transposed(this, checkChoice("transpose", "method", method, transposes)));
  }

  /** Each band as a picture of mode `"L"`; a picture of one band is its own. @see PIL.Image.Image.split */
  split(): Image[] {
    if (this.bands === 1) return [this.copy()];
    return Array.from({ length: this.bands }, (_, k) => Image.from(onBand(this, k)));
  }

  /** The samples as bytes, little-endian; of mode `"1"` eight pixels to a byte, rows padded. @see PIL.Image.Image.tobytes */
  tobytes(): Uint8Array {
    const { data, width, height } = this;
    if (this.mode !== "1") return new Uint8Array(data.slice().buffer);
    const stride = Math.ceil(width / 8);
    const out = new Uint8Array(stride * height);
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++) if (data[i]! !== 0) out[y * stride + (x >> 3)]! |= 128 >> (x & 7);
    return out;
  }

  /**
   * Writes the picture into a file, whole or not at all.
   * @param fp A path or a file URL.
   * @param options `format` is `"png"` or `"jpeg"`, by default what the name ends with; `quality` from 1 to 100 for JPEG (default: 75),
   * `compressionLevel` from 0 to 9 for PNG (default: 6).
   * @see PIL.Image.Image.save
   * @throws ValueError for a format that is unknown or has no such mode, KindlingError if the file cannot be written.
   */
  async save(fp: string | URL, options: SaveOptions = {}): Promise<void> {
    const { quality = 75, compressionLevel = 6 } = options;
    checkInteger("save", "quality", quality, 1, 100);
    checkInteger("save", "compressionLevel", compressionLevel, 0, 9);
    const format = formatOf("save", fp, options.format);
    const bytes = await encodePicture(this, format, { quality, compressionLevel }).catch((error) => {
      throw renamed(error, "save");
    });
    await writeBytes("save", fp, bytes);
  }

  /**
   * Shows the picture where the program runs, as `vision.utils.imshow` does.
   * @see PIL.Image.Image.show
   */
  async show(options: ImshowOptions = {}): Promise<Shown> {
    return display("show", this, options);
  }

  private get picture(): Picture {
    const { mode, width, height, data, palette, transparency } = this;
    return { mode, width, height, data, palette, transparency };
  }

  /** @internal A picture as an image. */
  static from({ mode, width, height, data, palette, transparency }: Picture): Image {
    return new Image(mode, width, height, data, palette, transparency);
  }
}

declareMethods(Image, {
  toImageData: "",
  convert: "mode; dither",
  copy: "",
  getbands: "",
  getpixel: "xy",
  crop: "box?",
  transpose: "method",
  split: "",
  tobytes: "",
  save: "fp; format; quality, compressionLevel",
  show: "; title; path, place",
});

/** The format of a file, by its name unless it is said. @throws ValueError */
export function formatOf(op: string, fp: string | URL, format?: string): ImageFormat {
  if (typeof fp !== "string" && !(fp instanceof URL))
    throw new ArgumentError(`${op}: fp must be a string or a URL, got ${describe(fp)}`);
  if (format !== undefined) checkString(op, "format", format);
  const word = (format ?? /\.(\w+)$/.exec(String(fp))?.[1] ?? "").toLowerCase();
  if (word === "png") return "png";
  if (word === "jpg" || word === "jpeg") return "jpeg";
  throw new ValueError(
    `${op}: unknown file extension or format ${describe(format ?? String(fp))}; pictures are written as png or jpeg`,
  );
}

/** Rounds as Python does: halves to even. */
function roundEven(value: number): number {
  if (typeof value !== "number") return value;
  const whole = Math.floor(value);
  const part = value - whole;
  return part < 0.5 || (part === 0.5 && whole % 2 === 0) ? whole : whole + 1;
}

/** How a picture is turned to be seen upright, by Exif's orientation. */
export const turns: Readonly<Record<number, Transpose>> = {
  2: "flipLeftRight",
  3: "rotate180",
  4: "flipTopBottom",
  5: "transpose",
  6: "rotate270",
  7: "transverse",
  8: "rotate90",
};

/**
 * A file of a picture as an {@link Image}: for `Image.open` and data sets of folders.
 * @param op What was called, for errors.
 * @throws FormatError, KindlingError as `Image.open` does.
 * @internal
 */
export async function decodeImageFile(
  op: string,
  source: string | URL | Uint8Array | ArrayBuffer,
  applyExifOrientation = false,
): Promise<Image> {
  const isBuffer = source instanceof ArrayBuffer;
  const bytes = isBuffer ? new Uint8Array(source) : source instanceof Uint8Array ? source : await readBytes(op, source);
  try {
    const { picture, orientation } = await decodePicture(bytes);
    const image = Image.from(picture);
    const turn = applyExifOrientation ? turns[orientation] : undefined;
    return turn === undefined ? image : image.transpose(turn);
  } catch (error) {
    throw inFile(op, source, error);
  }
}

/** An error about the content of a file names the op and the file. */
export function inFile(op: string, source: unknown, error: unknown): unknown {
  if (!(error instanceof KindlingError)) return error;
  const name = typeof source === "string" || source instanceof URL ? `"${source}": ` : "";
  error.message = `${op}: ${name}${error.message}`;
  return error;
}

portable({ Image });
