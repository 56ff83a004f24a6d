/** Pictures of other sizes, with borders, and mirrored. */

import { checkFlag, checkInteger, MAX_COUNT } from "../../core/arguments";
import { nameOf } from "../../core/className";
import { ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { portable } from "../../data/pack";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { text } from "../../nn/module/repr";
import { drawRand } from "./draws";
import {
  checkFillValue,
  checkPadding,
  checkResizeSize,
  type Fill,
  type PaddingSize,
  type Size,
} from "./functional/arguments";
import * as F from "./functional/geometry";
import { checkInterpolation, type InterpolationMode } from "./functional/interpolation";
import type { PaddingMode } from "./functional/tensor/geometry";
import { type Picture, PictureTransform } from "./transform";

/** Parameters of {@link Resize}. */
export interface ResizeParameters extends F.ResizeOptions {
  /** The size of the shorter side, with the shape kept, or [height, width]. */
  size: Size;
}

const resizeSignature = "size; interpolation, maxSize, antialias";

/**
 * The picture at another size, see `functional.resize`.
 * @see torchvision.transforms.Resize
 * @example new transforms.Resize(256)
 */
export class Resize extends PictureTransform {
  size: Size;
  interpolation: InterpolationMode;
  maxSize: number | null;
  antialias: boolean | null;

  constructor(...given: Arguments<typeof resizeSignature, ResizeParameters>);
  constructor(...given: unknown[]) {
    super();
    const defaults = { interpolation: "bilinear" as InterpolationMode, maxSize: null, antialias: null };
    const read = readArguments<ResizeParameters>("Resize", resizeSignature, defaults, given);
    checkResizeSize("Resize", read.size);
    this.size = read.size;
    this.interpolation = checkInterpolation("Resize", read.interpolation);
    this.maxSize = read.maxSize === null ? null : checkInteger("Resize", "maxSize", read.maxSize, 1, MAX_COUNT);
    this.antialias = read.antialias === null ? null : checkFlag("Resize", "antialias", read.antialias);
  }

  override forward(img: Picture): any {
    const { interpolation, maxSize, antialias } = this;
    return F.resize(img, this.size, { interpolation, maxSize, antialias });
  }

  override extraRepr(): string {
    return `size=${text(this.size)}, interpolation=${this.interpolation}, max_size=${text(this.maxSize)}, antialias=${text(this.antialias)}`;
  }
}

/** Parameters of {@link Pad}. */
export interface PadParameters {
  /** Pixels on all sides, [left and right, top and bottom], or [left, top, right, bottom]. */
  padding: PaddingSize;
  /** The color of a constant border. Default: 0. */
  fill?: Fill | null;
  /** Default: `"constant"`. */
  paddingMode?: PaddingMode;
}

/**
 * The picture within a border, see `functional.pad`.
 * @see torchvision.transforms.Pad
 * @example new transforms.Pad([4, 2], { paddingMode: "reflect" })
 */
export class Pad extends PictureTransform {
  padding: PaddingSize;
  fill: Fill;
  paddingMode: PaddingMode;

  constructor(...given: Arguments<"padding; fill, paddingMode", PadParameters>);
  constructor(...given: unknown[]) {
    super();
    const defaults = { fill: null, paddingMode: "constant" as PaddingMode };
    const read = readArguments<PadParameters>("Pad", "padding; fill, paddingMode", defaults, given);
    checkPadding("Pad", read.padding);
    this.padding = read.padding;
    this.fill = checkFillValue("Pad", read.fill ?? 0);
    this.paddingMode = F.checkPaddingMode("Pad", read.paddingMode);
  }

  override forward(img: Picture): any {
    return F.pad(img, this.padding, { fill: this.fill, paddingMode: this.paddingMode });
  }

  override extraRepr(): string {
    return `padding=${text(this.padding)}, fill=${text(this.fill)}, padding_mode=${this.paddingMode}`;
  }
}

/** The parameter of transforms that act now and then. */
export interface ChanceOptions {
  /** How often, from 0 to 1. Default: 0.5. */
  p?: number;
}

/** @throws ValueError unless it is a probability. */
export function checkChance(op: string, p: number): number {
  if (!(p >= 0 && p <= 1)) throw new ValueError(`${op}: p must be a probability, from 0 to 1, got ${p}`);
  return p;
}

/** Whether a transform acts this time: `torch.rand(1) < p`. */
export const acts = (p: number): boolean => drawRand() < Math.fround(p);

abstract class RandomFlip extends PictureTransform {
  p: number;

  constructor(...given: Arguments<"; p", ChanceOptions>);
  constructor(...given: unknown[]) {
    super();
    const name = nameOf(new.target);
    this.p = checkChance(name, readArguments<ChanceOptions>(name, "; p", { p: 0.5 }, given).p);
  }

  override extraRepr(): string {
    return `p=${text(this.p)}`;
  }
}

/**
 * Left and right swapped with probability p.
 * @see torchvision.transforms.RandomHorizontalFlip
 * @example new transforms.RandomHorizontalFlip()
 */
export class RandomHorizontalFlip extends RandomFlip {
  override forward(img: Picture): any {
    return acts(this.p) ? F.hflip(img) : img;
  }
}

/** Top and bottom swapped with probability p. @see torchvision.transforms.RandomVerticalFlip */
export class RandomVerticalFlip extends RandomFlip {
  override forward(img: Picture): any {
    return acts(this.p) ? F.vflip(img) : img;
  }
}

takes("img", Resize, Pad, RandomHorizontalFlip, RandomVerticalFlip);
portable({ Resize, Pad, RandomHorizontalFlip, RandomVerticalFlip });
