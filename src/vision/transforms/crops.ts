/** Windows of pictures, fixed and at random. */
import { checkFlag, checkInteger } from "../../core/arguments";
import { ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import { portable } from "../../data/pack";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { float, text } from "../../nn/module/repr";
import { drawInt, drawUniform } from "./draws";
import {
  checkCropSize,
  checkFillValue,
  checkNumberList,
  checkPadding,
  type Fill,
  type PaddingSize,
  type Size,
} from "./functional/arguments";
import * as F from "./functional/geometry";
import { checkInterpolation, type InterpolationMode } from "./functional/interpolation";
import type { PaddingMode } from "./functional/tensor/geometry";
import { type Picture, PictureTransform, Transform } from "./transform";

/** What windows must be told. */
export interface SizeParameters {
  /** One size for both axes, or [height, width]. */
  size: Size;
}

/**
 * The window in the middle, within a border of zeros where the picture is smaller.
 * @see torchvision.transforms.CenterCrop
 * @example new transforms.CenterCrop(224)
 */
export class CenterCrop extends PictureTransform {
  size: [height: number, width: number];

  constructor(...given: Arguments<"size", SizeParameters>);
  constructor(...given: unknown[]) {
    super();
    const { size } = readArguments<SizeParameters>("CenterCrop", "size", {}, given);
    this.size = checkCropSize("CenterCrop", size);
  }

  override forward(img: Picture): any {
    return F.centerCrop(img, this.size);
  }

  override extraRepr(): string {
    return `size=${text(this.size)}`;
  }
}

/** Parameters of {@link RandomCrop}. */
export interface RandomCropParameters extends SizeParameters {
  /** A border put around the picture first, see `functional.pad`. Default: none. */
  padding?: PaddingSize | null;
  /** Whether a picture that is smaller gets a border. Default: false. */
  padIfNeeded?: boolean;
  /** The color of the border. Default: 0. */
  fill?: Fill | null;
  /** Default: `"constant"`. */
  paddingMode?: PaddingMode;
}

/** Top and left of a random window in a picture of `h`×`w` pixels. */
function drawWindow(h: number, w: number, height: number, width: number): [top: number, left: number] {
  if (h < height || w < width)
    throw new ValueError(
      `getParams: Required crop size (${height}, ${width}) is larger than input image size (${h}, ${w})`,
    );
  if (h === height && w === width) return [0, 0];
  return [drawInt(0, h - height + 1), drawInt(0, w - width + 1)];
}

const randomCropSignature = "size; padding, padIfNeeded, fill, paddingMode";

/**
 * A window at a random place.
 * @see torchvision.transforms.RandomCrop
 * @throws ValueError when called with a picture that is smaller, unless `padIfNeeded`.
 * @example new transforms.RandomCrop(32, { padding: 4 })
 */
export class RandomCrop extends PictureTransform {
  /** [top, left, height, width] of a random window. Draws two integers, unless the window is the whole picture. */
  static readonly getParams = named(
    "getParams",
    "img, outputSize",
    (img: Picture, outputSize: readonly number[]): [top: number, left: number, height: number, width: number] => {
      const [, h, w] = F.getDimensions(img);
      const [th, tw] = checkCropSize("getParams", outputSize, "outputSize");
      return [...drawWindow(h, w, th, tw), th, tw];
    },
  );

  size: [height: number, width: number];
  padding: PaddingSize | null;
  padIfNeeded: boolean;
  fill: Fill;
  paddingMode: PaddingMode;

  constructor(...given: Arguments<typeof randomCropSignature, RandomCropParameters>);
  constructor(...given: unknown[]) {
    super();
    const defaults = { padding: null, padIfNeeded: false, fill: null, paddingMode: "constant" as PaddingMode };
    const read = readArguments<RandomCropParameters>("RandomCrop", randomCropSignature, defaults, given);
    this.size = checkCropSize("RandomCrop", read.size);
    this.padding = read.padding;
    if (read.padding !== null) checkPadding("RandomCrop", read.padding);
    this.padIfNeeded = read.padIfNeeded;
    this.fill = checkFillValue("RandomCrop", read.fill ?? 0);
    this.paddingMode = F.checkPaddingMode("RandomCrop", read.paddingMode);
  }

  override forward(img: Picture): any {
    if (this.paddingMode === "constant") return this.cropOfOneColor(img);
    const options = { fill: this.fill, paddingMode: this.paddingMode };
    let picture = this.padding === null ? img : F.pad(img, this.padding, options);
    const [, height, width] = F.getDimensions(picture);
    const [h, w] = this.size;
    if (this.padIfNeeded && width < w) picture = F.pad(picture, [w - width, 0], options);
    if (this.padIfNeeded && height < h) picture = F.pad(picture, [0, h - height], options);
    return F.crop(picture, ...RandomCrop.getParams(picture, this.size));
  }

  /** Border and window in one: a window is a border of negative numbers. */
  private cropOfOneColor(img: Picture): any {
    const [, height, width] = F.getDimensions(img);
    const [left, top, right, bottom] = checkPadding("RandomCrop", this.padding ?? 0);
    const more = (size: number, available: number): number =>
      this.padIfNeeded && available < size ? size - available : 0;
    const [h, w] = this.size;
    const [moreX, moreY] = [more(w, left + width + right), more(h, top + height + bottom)];
    const [y, x] = drawWindow(top + height + bottom + 2 * moreY, left + width + right + 2 * moreX, h, w);
    const [x0, y0] = [left + moreX - x, top + moreY - y];
    return F.pad(img, [x0, y0, w - x0 - width, h - y0 - height], { fill: this.fill });
  }

  override extraRepr(): string {
    return `size=${text(this.size)}, padding=${text(this.padding)}`;
  }
}

/** Parameters of {@link RandomResizedCrop}. */
export interface RandomResizedCropParameters extends SizeParameters {
  /** The least and the largest part of the picture's area. Default: [0.08, 1]. */
  scale?: readonly number[];
  /** The least and the largest width over height, before the window is resized. Default: [3/4, 4/3]. */
  ratio?: readonly number[];
  /** Default: `"bilinear"`. */
  interpolation?: InterpolationMode;
  /** Whether tensors are smoothed where they become smaller. Images always are. Default: false. */
  antialias?: boolean | null;
}

const resizedCropSignature = "size; scale, ratio, interpolation, antialias";

/** Four digits after the point, as Python rounds them. */
const fourDigits = (x: number): number => F.roundHalfEven(x * 1e4) / 1e4;

/** Numbers as a tuple of floats of four digits. */
const pairText = (values: readonly number[]): string =>
  `(${values.map((value) => float(fourDigits(value))).join(", ")})`;

/** The middle of a picture, cut to a shape that is allowed. */
function fallback(height: number, width: number, ratio: readonly number[]): [number, number, number, number] {
  const [least, most] = [Math.min(...ratio), Math.max(...ratio)];
  let [h, w] = [height, width];
  if (width / height < least) h = F.roundHalfEven(width / least);
  else if (width / height > most) w = F.roundHalfEven(height * most);
  return [Math.floor((height - h) / 2), Math.floor((width - w) / 2), h, w];
}

/**
 * A window of random size, shape and place, resized.
 * @see torchvision.transforms.RandomResizedCrop
 * @throws ArgumentError or ValueError unless scale and ratio are pairs of numbers.
 * @example new transforms.RandomResizedCrop(224)
 */
export class RandomResizedCrop extends PictureTransform {
  /** [top, left, height, width] of a random window. Each of up to ten trials draws two floats, the last one two integers as well. */
  static readonly getParams = named(
    "getParams",
    "img, scale, ratio",
    (
      img: Picture,
      scale: readonly number[],
      ratio: readonly number[],
    ): [top: number, left: number, height: number, width: number] => {
      const [, height, width] = F.getDimensions(img);
      const [from, to] = checkNumberList("getParams", "scale", scale, [2]) as [number, number];
      const ratios = checkNumberList("getParams", "ratio", ratio, [2]);
      const [least, most] = ratios.map((r) => Math.fround(Math.log(Math.fround(r)))) as [number, number];
      for (let trial = 0; trial < 10; trial++) {
        const area = height * width * drawUniform(from, to);
        const aspect = Math.fround(Math.exp(drawUniform(least, most)));
        const w = F.roundHalfEven(Math.sqrt(area * aspect));
        const h = F.roundHalfEven(Math.sqrt(area / aspect));
        if (w > 0 && w <= width && h > 0 && h <= height)
          return [drawInt(0, height - h + 1), drawInt(0, width - w + 1), h, w];
      }
      return fallback(height, width, ratios);
    },
  );

  size: [height: number, width: number];
  scale: readonly number[];
  ratio: readonly number[];
  interpolation: InterpolationMode;
  antialias: boolean | null;

  constructor(...given: Arguments<typeof resizedCropSignature, RandomResizedCropParameters>);
  constructor(...given: unknown[]) {
    super();
    const op = "RandomResizedCrop";
    const defaults = {
      scale: [0.08, 1],
      ratio: [3 / 4, 4 / 3],
      interpolation: "bilinear" as InterpolationMode,
      antialias: null,
    };
    const read = readArguments<RandomResizedCropParameters>(op, resizedCropSignature, defaults, given);
    this.size = checkCropSize(op, read.size);
    for (const side of this.size) checkInteger(op, "size", side, 1);
    this.scale = checkRange(op, "scale", read.scale);
    this.ratio = checkRange(op, "ratio", read.ratio);
    this.interpolation = checkInterpolation(op, read.interpolation);
    this.antialias = read.antialias === null ? null : checkFlag(op, "antialias", read.antialias);
  }

  override forward(img: Picture): any {
    const window = RandomResizedCrop.getParams(img, this.scale, this.ratio);
    const { interpolation, antialias } = this;
    return F.resizedCrop(img, ...window, this.size, { interpolation, antialias });
  }

  /** With the parenthesis that torchvision 0.14 has too many. */
  override extraRepr(): string {
    const { size, scale, ratio, interpolation, antialias } = this;
    return `size=${text(size)}, scale=${pairText(scale)}, ratio=${pairText(ratio)}, interpolation=${interpolation}), antialias=${text(antialias)}`;
  }
}

/** Two positive numbers in order; torchvision warns where they are not. */
function checkRange(op: string, name: string, values: unknown): number[] {
  const pair = checkNumberList(op, name, values, [2]);
  if (!(pair[0]! > 0 && pair[0]! <= pair[1]! && Number.isFinite(pair[1])))
    throw new ValueError(`${op}: ${name} should be of kind (min, max), both positive, got [${pair.join(", ")}]`);
  return pair;
}

/** The call of {@link FiveCrop}. */
export interface FiveCrop {
  <T extends Picture>(img: T): F.FiveCrops<T>;
  (img: Picture): F.FiveCrops<Picture>;
}

/**
 * The windows of a size at the four corners and in the middle: an array of five pictures.
 * @see torchvision.transforms.FiveCrop
 */
export class FiveCrop extends Transform {
  size: [height: number, width: number];

  constructor(...given: Arguments<"size", SizeParameters>);
  constructor(...given: unknown[]) {
    super();
    const { size } = readArguments<SizeParameters>("FiveCrop", "size", {}, given);
    this.size = checkCropSize("FiveCrop", size);
  }

  override forward<T extends Picture>(img: T): F.FiveCrops<T> {
    return F.fiveCrop(img, this.size);
  }

  override extraRepr(): string {
    return `size=${text(this.size)}`;
  }
}

/** Parameters of {@link TenCrop}. */
export interface TenCropParameters extends SizeParameters {
  /** Mirrored at a horizontal axis, not at a vertical one. Default: false. */
  verticalFlip?: boolean;
}

/** The call of {@link TenCrop}. */
export interface TenCrop {
  <T extends Picture>(img: T): [...F.FiveCrops<T>, ...F.FiveCrops<T>];
  (img: Picture): [...F.FiveCrops<Picture>, ...F.FiveCrops<Picture>];
}

/**
 * The five windows of {@link FiveCrop} and those of the mirror image: an array of ten pictures.
 * @see torchvision.transforms.TenCrop
 */
export class TenCrop extends Transform {
  size: [height: number, width: number];
  verticalFlip: boolean;

  constructor(...given: Arguments<"size; verticalFlip", TenCropParameters>);
  constructor(...given: unknown[]) {
    super();
    const defaults = { verticalFlip: false };
    const read = readArguments<TenCropParameters>("TenCrop", "size; verticalFlip", defaults, given);
    this.size = checkCropSize("TenCrop", read.size);
    this.verticalFlip = read.verticalFlip;
  }

  override forward<T extends Picture>(img: T): [...F.FiveCrops<T>, ...F.FiveCrops<T>] {
    return F.tenCrop(img, this.size, { verticalFlip: this.verticalFlip });
  }

  override extraRepr(): string {
    return `size=${text(this.size)}, vertical_flip=${text(this.verticalFlip)}`;
  }
}

takes("img", CenterCrop, RandomCrop, RandomResizedCrop, FiveCrop, TenCrop);
portable({ CenterCrop, RandomCrop, RandomResizedCrop, FiveCrop, TenCrop });
