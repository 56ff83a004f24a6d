/** Sizes, windows, mirror images and borders of pictures. */
import { checkFlag, checkInteger, MAX_COUNT } from "../../../core/arguments";
import { ArgumentError, describe, ValueError } from "../../../core/errors";
import { named, overloaded } from "../../../core/signature";
import { Image } from "../../image";
import type { Picture } from "../transform";
import {
  checkCropSize,
  checkFillValue,
  checkPadding,
  checkResizeSize,
  type Fill,
  inkOf,
  type PaddingSize,
  type Size,
} from "./arguments";
import { checkInterpolation, type InterpolationMode } from "./interpolation";
import { checkPicture, dimensionsOf } from "./picture";
import { cropImage, expandImage, flipLeftRight, flipTopBottom, padImage } from "./pil/arrange";
import { resizeImage } from "./pil/resize";
import { cropTensor, type PaddingMode, padTensor, resizeTensor } from "./tensor/geometry";

/** [channels, height, width]. @see torchvision.transforms.functional.get_dimensions */
export const getDimensions = named(
  "getDimensions",
  "img",
  (img: Picture): [channels: number, height: number, width: number] => dimensionsOf(checkPicture("getDimensions", img)),
);

/** [width, height], as PIL has them. @see torchvision.transforms.functional.get_image_size */
export const getImageSize = named("getImageSize", "img", (img: Picture): [width: number, height: number] => {
  const [, height, width] = dimensionsOf(checkPicture("getImageSize", img));
  return [width, height];
});

/** @see torchvision.transforms.functional.get_image_num_channels */
export const getImageNumChannels = named(
  "getImageNumChannels",
  "img",
  (img: Picture): number => dimensionsOf(checkPicture("getImageNumChannels", img))[0],
);

/** The picture mirrored: left is right. @param img An Image, or a tensor of shape [..., height, width]. @see torchvision.transforms.functional.hflip */
export const hflip = overloaded("hflip", "img", <T extends Picture>(img: T): T => {
  checkPicture("hflip", img);
  return (img instanceof Image ? flipLeftRight(img) : img.flip(-1)) as T;
});

/** The picture mirrored: top is bottom. @param img An Image, or a tensor of shape [..., height, width]. @see torchvision.transforms.functional.vflip */
export const vflip = overloaded("vflip", "img", <T extends Picture>(img: T): T => {
  checkPicture("vflip", img);
  return (img instanceof Image ? flipTopBottom(img) : img.flip(-2)) as T;
});

/**
 * The window of `height`×`width` pixels whose first pixel is at row `top` and column `left`; what lies outside of the picture is 0. Of a tensor it is
 * a view where it can be one.
 * @see torchvision.transforms.functional.crop
 * @throws ValueError for a negative size.
 * @example functional.crop(image, 2, 4, 32, 32);
 */
export const crop = overloaded(
  "crop",
  "img, top, left, height, width",
  <T extends Picture>(img: T, top: number, left: number, height: number, width: number): T => {
    checkPicture("crop", img);
    checkInteger("crop", "top", top, -MAX_COUNT, MAX_COUNT);
    checkInteger("crop", "left", left, -MAX_COUNT, MAX_COUNT);
    checkInteger("crop", "height", height, 0, MAX_COUNT);
    checkInteger("crop", "width", width, 0, MAX_COUNT);
    return window("crop", img, top, left, height, width);
  },
);

/** {@link crop} of what has been checked. */
const window = <T extends Picture>(op: string, img: T, top: number, left: number, height: number, width: number): T =>
  (img instanceof Image
    ? cropImage(op, img, left, top, width, height)
    : cropTensor(img, left, top, width, height)) as T;

/** Rounds half to even, as Python does. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  return x - floor === 0.5 ? floor + (floor % 2 === 0 ? 0 : 1) : Math.round(x);
}

/**
 * The window in the middle, within a border of zeros where the picture is smaller.
 * @param outputSize One size or [height, width].
 * @see torchvision.transforms.functional.center_crop
 */
export const centerCrop = overloaded(
  "centerCrop",
  "img, outputSize",
  <T extends Picture>(img: T, outputSize: Size): T => {
    checkPicture("centerCrop", img);
    const [height, width] = checkCropSize("centerCrop", outputSize, "outputSize");
    const [, h, w] = dimensionsOf(img);
    // A window of a window of the padded picture is one of the picture: the border goes to the right and the bottom where it is odd.
    const start = (size: number, available: number): number =>
      size > available ? -Math.floor((size - available) / 2) : roundHalfEven((available - size) / 2);
    return window("centerCrop", img, start(height, h), start(width, w), height, width);
  },
);

/** Options of {@link resizedCrop}. */
export interface ResizedCropOptions {
  /** Default: `"bilinear"`. */
  interpolation?: InterpolationMode;
  /** Whether tensors are smoothed where they become smaller. Images always are. Default: false. */
  antialias?: boolean | null;
}

/** Options of {@link resize}. */
export interface ResizeOptions extends ResizedCropOptions {
  /** The most pixels of the longer side, where `size` is that of the shorter. Default: none. */
  maxSize?: number | null;
}

/** [height, width] of a resized picture. */
export function resizedTo(
  op: string,
  [h, w]: readonly [number, number],
  size: readonly number[],
  maxSize: number | null | undefined,
): [height: number, width: number] {
  if (size.length === 2) {
    if (maxSize != null)
      throw new ValueError(
        `${op}: maxSize should only be passed if size specifies the length of the smaller edge, i.e. size should be an int or an array of length 1`,
      );
    return [size[0]!, size[1]!];
  }
  const [short, long] = w <= h ? [w, h] : [h, w];
  if (short < 1)
    throw new ValueError(`${op}: a picture of ${h}×${w} pixels has no shape to keep; give [height, width]`);
  let newShort = size[0]!;
  let newLong = Math.trunc((newShort * long) / short);
  if (maxSize != null) {
    checkInteger(op, "maxSize", maxSize, 1, MAX_COUNT);
    if (maxSize <= newShort)
      throw new ValueError(
        `${op}: maxSize = ${maxSize} must be strictly greater than the requested size for the smaller edge size = ${size[0]}`,
      );
    if (newLong > maxSize) [newShort, newLong] = [Math.trunc((maxSize * newShort) / newLong), maxSize];
  }
  return w <= h ? [newLong, newShort] : [newShort, newLong];
}

/** {@link resize} under the name of another function. */
function resized<T extends Picture>(op: string, img: T, size: Size, options: ResizeOptions): T {
  const { interpolation = "bilinear", maxSize, antialias } = options;
  const mode = checkInterpolation(op, interpolation);
  if (antialias != null) checkFlag(op, "antialias", antialias);
  const [, h, w] = dimensionsOf(img);
  const to = resizedTo(op, [h, w], checkResizeSize(op, size), maxSize);
  if (to[0] === h && to[1] === w) return img;
  if (h === 0 || w === 0) throw new ValueError(`${op}: there are no pixels to resize in a picture of ${h}×${w}`);
  if (to[0] < 1 || to[1] < 1)
    throw new ValueError(`${op}: height and width must be > 0, got ${to[0]} and ${to[1]}; maxSize leaves no pixel`);
  return (
    img instanceof Image
      ? resizeImage(op, img, to[1], to[0], mode)
      : resizeTensor(op, img, to, mode, antialias ?? false)
  ) as T;
}

/**
 * The picture at another size. Images are resampled as PIL does, which always smooths; tensors as torchvision does.
 * @param size That of the shorter side, with the shape kept, or [height, width].
 * @param options.interpolation Default: `"bilinear"`. Tensors take `"nearest"`, `"bilinear"` and `"bicubic"`, Images all.
 * @see torchvision.transforms.functional.resize
 * @throws ValueError for sizes that contradict each other, ArgumentError for a mode that does not exist.
 * @example functional.resize(image, 256);
 */
export const resize = overloaded(
  "resize",
  "img, size; interpolation, maxSize, antialias",
  <T extends Picture>(img: T, size: Size, options: ResizeOptions = {}): T => {
    checkPicture("resize", img);
    return resized("resize", img, size, options);
  },
);

/**
 * {@link crop}, then {@link resize}.
 * @see torchvision.transforms.functional.resized_crop
 */
export const resizedCrop = overloaded(
  "resizedCrop",
  "img, top, left, height, width, size; interpolation, antialias",
  <T extends Picture>(
    img: T,
    top: number,
    left: number,
    height: number,
    width: number,
    size: Size,
    options: ResizedCropOptions = {},
  ): T => resized("resizedCrop", crop(img, top, left, height, width), size, options),
);

/** Five windows: top left, top right, bottom left, bottom right, middle. */
export type FiveCrops<T> = [topLeft: T, topRight: T, bottomLeft: T, bottomRight: T, center: T];

function corners<T extends Picture>(op: string, img: T, size: Size): FiveCrops<T> {
  checkPicture(op, img);
  const [height, width] = checkCropSize(op, size);
  const [, h, w] = dimensionsOf(img);
  if (width > w || height > h)
    throw new ValueError(`${op}: Requested crop size (${height}, ${width}) is bigger than input size (${h}, ${w})`);
  const at = (top: number, left: number): T => window(op, img, top, left, height, width);
  return [at(0, 0), at(0, w - width), at(h - height, 0), at(h - height, w - width), centerCrop(img, [height, width])];
}

/**
 * The windows of a size at the four corners and in the middle.
 * @see torchvision.transforms.functional.five_crop
 * @throws ValueError if the picture is smaller.
 */
export const fiveCrop = overloaded(
  "fiveCrop",
  "img, size",
  <T extends Picture>(img: T, size: Size): FiveCrops<T> => corners("fiveCrop", img, size),
);

/**
 * {@link fiveCrop} of the picture and of its mirror image.
 * @param options.verticalFlip Mirrored at a horizontal axis, not at a vertical one. Default: false.
 * @see torchvision.transforms.functional.ten_crop
 */
export const tenCrop = overloaded(
  "tenCrop",
  "img, size; verticalFlip",
  <T extends Picture>(
    img: T,
    size: Size,
    { verticalFlip = false }: { verticalFlip?: boolean } = {},
  ): [...FiveCrops<T>, ...FiveCrops<T>] => {
    checkFlag("tenCrop", "verticalFlip", verticalFlip);
    const first = corners("tenCrop", img, size);
    return [...first, ...corners("tenCrop", verticalFlip ? vflip(img) : hflip(img), size)];
  },
);

/** Options of {@link pad}. */
export interface PadOptions {
  /** The color of a constant border: a number, or of an Image one for each band. Default: 0. */
  fill?: Fill | null;
  /** Default: `"constant"`. `"edge"` repeats the last pixel, `"reflect"` mirrors without it, `"symmetric"` with it. */
  paddingMode?: PaddingMode;
}

/** @throws ValueError unless it is one of the modes. */
export function checkPaddingMode(op: string, mode: unknown): PaddingMode {
  if (typeof mode !== "string")
    throw new ArgumentError(`${op}: Got inappropriate paddingMode arg: ${describe(mode)}; it is a string`);
  if (mode !== "constant" && mode !== "edge" && mode !== "reflect" && mode !== "symmetric")
    throw new ValueError(
      `${op}: Padding mode should be either constant, edge, reflect or symmetric, got ${describe(mode)}`,
    );
  return mode;
}

/**
 * The picture within a border. Negative numbers crop.
 * @param padding Pixels on all sides, [left and right, top and bottom], or [left, top, right, bottom].
 * @see torchvision.transforms.functional.pad
 * @throws ArgumentError or ValueError for arguments of another form.
 * @example functional.pad(image, 4, { paddingMode: "reflect" });
 */
export const pad = overloaded(
  "pad",
  "img, padding; fill, paddingMode",
  <T extends Picture>(img: T, padding: PaddingSize, options: PadOptions = {}): T => {
    checkPicture("pad", img);
    const border = checkPadding("pad", padding);
    const fill = checkFillValue("pad", options.fill ?? 0);
    const mode = checkPaddingMode("pad", options.paddingMode ?? "constant");
    if (!(img instanceof Image)) {
      if (typeof fill !== "number")
        throw new ArgumentError(`pad: Got inappropriate fill arg: tensors take one number, got ${describe(fill)}`);
      return padTensor("pad", img, border, fill, mode) as T;
    }
    if (mode === "constant") return expandImage("pad", img, border, inkOf("pad", img, fill)) as T;
    return padImage("pad", img, border, mode) as T;
  },
);
