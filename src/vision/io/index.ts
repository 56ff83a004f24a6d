/** Files of pictures as tensors and back: uint8 of shape [channels, height, width]. @see torchvision.io */
import { checkChoice, checkFlag, checkInteger } from "../../core/arguments";
import {
  ArgumentError,
  DeviceError,
  DTypeError,
  describe,
  FormatError,
  ShapeError,
  ValueError,
} from "../../core/errors";
import { namedAsync } from "../../core/signature";
import { readBytes, writeBytes } from "../../platform/files";
import { tensor } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { convertPicture } from "../convert";
import { transposed } from "../geometry";
import { inFile, turns } from "../image";
import { bandsOf, type Picture } from "../modes";
import { jpegPicture } from "./jpeg";
import { encodeJpegFile } from "./jpegEncoder";
import { isJpeg } from "./jpegHeader";
import { type Interleaved, type Layout, pictureOfPlanes, planesOf, pngChannels } from "./planes";
import { decodePngFile, isPng } from "./png";
import { type CompressionLevel, encodePngFile } from "./pngEncoder";

/**
 * What channels a decoded picture is to have: those of the file, gray, gray and alpha, red, green and blue, or these and alpha.
 * @see torchvision.io.ImageReadMode
 */
export const ImageReadMode = {
  UNCHANGED: "UNCHANGED",
  GRAY: "GRAY",
  GRAY_ALPHA: "GRAY_ALPHA",
  RGB: "RGB",
  RGB_ALPHA: "RGB_ALPHA",
} as const;
/** One of the names of {@link ImageReadMode}. */
export type ReadMode = keyof typeof ImageReadMode;

const readModes = Object.keys(ImageReadMode) as ReadMode[];

const layouts: Readonly<Record<ReadMode, Layout | undefined>> = {
  UNCHANGED: undefined,
  GRAY: [true, false],
  GRAY_ALPHA: [true, true],
  RGB: [false, false],
  RGB_ALPHA: [false, true],
};

/** Bytes of a file: a 1-d uint8 tensor, or as they are. */
export type FileBytes = Tensor | Uint8Array | ArrayBuffer;

/** How a file is decoded. */
export interface DecodeOptions {
  /** Default: `ImageReadMode.UNCHANGED`. */
  mode?: ReadMode;
  /** Whether a picture is turned as the camera's orientation says. Default: false. */
  applyExifOrientation?: boolean;
}

/** {@link DecodeOptions} of JPEG files. */
export interface DecodeJpegOptions extends DecodeOptions {
  /** Only `"cpu"`. */
  device?: "cpu";
}

/** How a PNG file is decoded. */
export interface DecodePngOptions {
  /** Default: `ImageReadMode.UNCHANGED`. */
  mode?: ReadMode;
  /** Whether samples of 16 bits are given, as int32; they are an error otherwise. Default: false. */
  allow16Bits?: boolean;
}

/** The bytes of a file that were passed. @throws DTypeError, ShapeError in torchvision's words. */
function bytesOf(op: string, input: unknown): Uint8Array {
  if (input instanceof ArrayBuffer) return new Uint8Array(input);
  if (input instanceof Uint8Array) return input;
  const x = checkUint8(op, input, "input", `Expected a torch.uint8 tensor`);
  if (x.shape.length !== 1 || x.shape[0] === 0)
    throw new ShapeError(`${op}: Expected a non empty 1-dimensional tensor, got shape [${x.shape.join(", ")}]`);
  return x.toTypedArray() as Uint8Array;
}

function checkUint8(op: string, x: unknown, name: string, words: string): Tensor {
  if (!(x instanceof Tensor)) throw new ArgumentError(`${op}: ${name} must be a uint8 tensor, got ${describe(x)}`);
  if (x.dtype !== "uint8") throw new DTypeError(`${op}: ${words}, got ${x.dtype}`);
  if (x.device !== "cpu") throw new DeviceError(`${op}: ${name} must be on the cpu, got a tensor on ${x.device}`);
  return x;
}

/** Options of decoders with their defaults. */
function checked(op: string, { mode = "UNCHANGED", applyExifOrientation = false }: DecodeOptions = {}) {
  return {
    mode: checkChoice(op, "mode", mode, readModes),
    turns: checkFlag(op, "applyExifOrientation", applyExifOrientation),
  };
}

/** A tensor of [channels, height, width]. */
function tensorOf(channels: Interleaved, height: number, width: number): Tensor {
  const flat = tensor(planesOf(channels));
  const shaped = flat.view([channels.bands, height, width]);
  flat.dispose();
  return shaped;
}

function pngTensor(op: string, bytes: Uint8Array, mode: ReadMode, allow16Bits: boolean): Tensor {
  const png = decodePngFile(bytes);
  if (png.depth === 16 && !allow16Bits)
    throw new FormatError(
      `${op}: At most 8-bit PNG images are supported currently. Use decodePng with allow16Bits: true, which gives int32, or Image.open`,
    );
  return tensorOf(pngChannels(png, layouts[mode]), png.height, png.width);
}

async function jpegTensor(op: string, bytes: Uint8Array, mode: ReadMode, turnsUpright: boolean): Promise<Tensor> {
  if (mode === "GRAY_ALPHA" || mode === "RGB_ALPHA")
    throw new ValueError(`${op}: The provided mode is not supported for JPEG files`);
  const { picture, orientation } = await jpegPicture(bytes, mode === "GRAY");
  const turn = turnsUpright ? turns[orientation] : undefined;
  const upright = turn === undefined ? picture : transposed(picture, turn);
  const { data, bands } = jpegChannels(upright, mode);
  return tensorOf({ data, bands }, upright.height, upright.width);
}

/** Gives the values of four components as they stand in the file, which are what is left of the light. */
function jpegChannels(picture: Picture, mode: ReadMode): Interleaved {
  if (picture.mode === "CMYK" && mode === "UNCHANGED")
    return { data: (picture.data as Uint8Array).map((ink) => 255 - ink), bands: 4 };
  const wanted = mode === "UNCHANGED" ? picture.mode : mode === "GRAY" ? "L" : "RGB";
  const { data } = convertPicture(picture, wanted, "none");
  return { data: data as Uint8Array, bands: bandsOf[wanted] };
}

/**
 * The bytes of a file as a 1-d uint8 tensor; in a browser those of a URL.
 * @see torchvision.io.read_file
 * @throws KindlingError if it cannot be read, FormatError if it is empty.
 */
export const readFile = namedAsync("readFile", "path", async (path: string | URL): Promise<Tensor> => {
  const bytes = await readBytes("readFile", path);
  if (bytes.length === 0) throw new FormatError(`readFile: "${path}": Expected a non empty file`);
  return tensor(bytes);
});

/**
 * Writes a 1-d uint8 tensor into a file, whole or not at all.
 * @see torchvision.io.write_file
 * @throws DTypeError, ShapeError for another tensor, KindlingError if the file cannot be written.
 */
export const writeFile = namedAsync(
  "writeFile",
  "filename, data",
  async (filename: string | URL, data: Tensor): Promise<void> => {
    const x = checkUint8("writeFile", data, "data", "Input tensor dtype should be uint8");
    if (x.shape.length !== 1)
      throw new ShapeError(`writeFile: Input data should be a 1-dimensional tensor, got shape [${x.shape.join(", ")}]`);
    await writeBytes("writeFile", filename, x.toTypedArray() as Uint8Array);
  },
);

/**
 * Decodes a PNG file into uint8 of shape [channels, height, width]. Unchanged, a palette's picture is the places in it, as in torchvision; other
 * modes look them up.
 * @see torchvision.io.decode_png
 * @param input The file: a 1-d uint8 tensor, or its bytes.
 * @throws FormatError if it is damaged, truncated, too large for any picture, or has 16 bits that are not allowed.
 * @example const image = await vision.io.decodePng(await vision.io.readFile("digit.png"), "GRAY");
 */
export const decodePng = namedAsync(
  "decodePng",
  "input; mode; allow16Bits",
  async (input: FileBytes, options: DecodePngOptions = {}): Promise<Tensor> => {
    const { mode } = checked("decodePng", options);
    const allow16Bits = checkFlag("decodePng", "allow16Bits", options.allow16Bits ?? false);
    return pngTensor("decodePng", bytesOf("decodePng", input), mode, allow16Bits);
  },
);

/**
 * Decodes a JPEG file into uint8 of shape [channels, height, width], with libjpeg's values: 1 channel of gray, 3 of colors, or the 4 of
 * CMYK as they stand in the file.
 * @see torchvision.io.decode_jpeg
 * @param input The file: a 1-d uint8 tensor, or its bytes.
 * @throws FormatError if it is damaged, truncated or too large for any picture, ValueError for modes with alpha.
 */
export const decodeJpeg = namedAsync(
  "decodeJpeg",
  "input; mode, device; applyExifOrientation",
  async (input: FileBytes, options: DecodeJpegOptions = {}): Promise<Tensor> => {
    const { mode, turns } = checked("decodeJpeg", options);
    if (options.device !== undefined && options.device !== "cpu")
      throw new DeviceError(
        `decodeJpeg: pictures are decoded on the cpu, got device ${describe(options.device)}; move them with to()`,
      );
    return jpegTensor("decodeJpeg", bytesOf("decodeJpeg", input), mode, turns);
  },
);

function decoded(op: string, bytes: Uint8Array, options: DecodeOptions): Promise<Tensor> | Tensor {
  const { mode, turns } = checked(op, options);
  if (isJpeg(bytes)) return jpegTensor(op, bytes, mode, turns);
  if (isPng(bytes)) return pngTensor(op, bytes, mode, false);
  throw new FormatError("Unsupported image file. Only jpeg and png are currently supported.");
}

/**
 * Decodes a PNG or JPEG file, told by its first bytes, into uint8 of shape [channels, height, width].
 * @see torchvision.io.decode_image
 * @param input The file: a 1-d uint8 tensor, or its bytes.
 * @throws FormatError if it is neither, damaged, truncated, or too large for any picture.
 */
export const decodeImage = namedAsync(
  "decodeImage",
  "input; mode; applyExifOrientation",
  async (input: FileBytes, options: DecodeOptions = {}): Promise<Tensor> =>
    decoded("decodeImage", bytesOf("decodeImage", input), options),
);

/**
 * Reads a PNG or JPEG file into uint8 of shape [channels, height, width]; in a browser from a URL.
 * @see torchvision.io.read_image
 * @throws FormatError naming the file if it is neither, damaged, truncated, or too large for any picture; KindlingError if it cannot be read.
 * @example const image = await vision.io.readImage("cat.jpg", "RGB");
 */
export const readImage = namedAsync(
  "readImage",
  "path; mode; applyExifOrientation",
  async (path: string | URL, options: DecodeOptions = {}): Promise<Tensor> => {
    checked("readImage", options);
    const bytes = await readBytes("readImage", path);
    try {
      if (bytes.length === 0) throw new FormatError("Expected a non empty file");
      return await decoded("readImage", bytes, options);
    } catch (error) {
      throw inFile("readImage", path, error);
    }
  },
);

/** A tensor that is to be written as a picture. @throws DTypeError, ShapeError in torchvision's words. */
function pictureOf(op: string, input: unknown): Picture {
  const x = checkUint8(op, input, "input", "Input tensor dtype should be uint8");
  const [channels, height, width] = x.shape;
  if (x.shape.length !== 3)
    throw new ShapeError(`${op}: Input data should be a 3-dimensional tensor, got shape [${x.shape.join(", ")}]`);
  if (channels !== 1 && channels !== 3)
    throw new ShapeError(`${op}: The number of channels should be 1 or 3, got: ${channels}`);
  return pictureOfPlanes(x.toTypedArray() as Uint8Array, channels, height!, width!);
}

/** @throws ValueError unless it is from 0 to 9. */
function checkLevel(op: string, level: unknown): CompressionLevel {
  checkInteger(op, "compressionLevel", level);
  if ((level as number) < 0 || (level as number) > 9)
    throw new ValueError(`${op}: Compression level should be between 0 and 9, got ${level}`);
  return level as CompressionLevel;
}

/** @throws ValueError unless it is from 1 to 100. */
function checkQuality(op: string, quality: unknown): number {
  checkInteger(op, "quality", quality);
  if ((quality as number) < 1 || (quality as number) > 100)
    throw new ValueError(`${op}: Image quality should be a positive number between 1 and 100, got ${quality}`);
  return quality as number;
}

function pngBytes(op: string, input: Tensor, { compressionLevel = 6 }: EncodePngOptions = {}): Uint8Array {
  const level = checkLevel(op, compressionLevel);
  return encodePngFile(pictureOf(op, input), level);
}

async function jpegBytes(op: string, input: Tensor, { quality = 75 }: EncodeJpegOptions = {}): Promise<Uint8Array> {
  const checkedQuality = checkQuality(op, quality);
  return encodeJpegFile(pictureOf(op, input), checkedQuality);
}

/** How PNG files are made. */
export interface EncodePngOptions {
  /** From 0 to 9, the smallest file. Default: 6. */
  compressionLevel?: number;
}

/** How JPEG files are made. */
export interface EncodeJpegOptions {
  /** From 1 to 100. Default: 75. */
  quality?: number;
}

/**
 * A uint8 tensor of [1 or 3, height, width] as the bytes of a PNG file, a 1-d uint8 tensor.
 * @see torchvision.io.encode_png
 * @throws DTypeError, ShapeError for another tensor, ValueError for another level.
 */
export const encodePng = namedAsync(
  "encodePng",
  "input; compressionLevel",
  async (input: Tensor, options?: EncodePngOptions): Promise<Tensor> => tensor(pngBytes("encodePng", input, options)),
);

/**
 * A uint8 tensor of [1 or 3, height, width] as the bytes of a JPEG file, a 1-d uint8 tensor: with the tables of the standard and colors at half
 * their resolution, as torchvision makes them, but chosen by mozjpeg, so that files are smaller and values differ a little.
 * @see torchvision.io.encode_jpeg
 * @throws DTypeError, ShapeError for another tensor, ValueError for another quality.
 */
export const encodeJpeg = namedAsync(
  "encodeJpeg",
  "input; quality",
  async (input: Tensor, options?: EncodeJpegOptions): Promise<Tensor> =>
    tensor(await jpegBytes("encodeJpeg", input, options)),
);

/**
 * Writes a uint8 tensor of [1 or 3, height, width] into a PNG file.
 * @see torchvision.io.write_png
 * @throws DTypeError, ShapeError, ValueError as {@link encodePng}, KindlingError if the file cannot be written.
 */
export const writePng = namedAsync(
  "writePng",
  "input, filename; compressionLevel",
  async (input: Tensor, filename: string | URL, options?: EncodePngOptions): Promise<void> =>
    writeBytes("writePng", filename, pngBytes("writePng", input, options)),
);

/**
 * Writes a uint8 tensor of [1 or 3, height, width] into a JPEG file.
 * @see torchvision.io.write_jpeg
 * @throws DTypeError, ShapeError, ValueError as {@link encodeJpeg}, KindlingError if the file cannot be written.
 */
export const writeJpeg = namedAsync(
  "writeJpeg",
  "input, filename; quality",
  async (input: Tensor, filename: string | URL, options?: EncodeJpegOptions): Promise<void> =>
    writeBytes("writeJpeg", filename, await jpegBytes("writeJpeg", input, options)),
);
