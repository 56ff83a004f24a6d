/** Transforms of tones that apply at random: inverted, with fewer bits, sharpened, stretched, equalized. */

import { checkInteger, checkNumber } from "../../core/arguments";
import { nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import { portable } from "../../data/pack";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { text } from "../../nn/module/repr";
import { drawRand } from "./draws";
import { adjustSharpness } from "./functional/color";
import * as F from "./functional/tone";
import { type ChanceOptions, checkChance } from "./resizing";
import { type Picture, PictureTransform } from "./transform";

/** A change of tones with a probability. */
abstract class RandomTone extends PictureTransform {
  abstract p: number;

  /** What is done with probability `p`. */
  protected abstract change(img: Picture): Picture;

  override forward(img: Picture): any {
    return drawRand() < this.p ? this.change(img) : img;
  }

  override extraRepr(): string {
    return `p=${text(this.p)}`;
  }
}

/** A change without parameters. */
abstract class PlainTone extends RandomTone {
  p: number;

  constructor(...given: Arguments<"; p", ChanceOptions>);
  constructor(...given: unknown[]) {
    super();
    const name = nameOf(new.target);
    this.p = checkChance(name, readArguments<ChanceOptions>(name, "; p", { p: 0.5 }, given).p);
  }
}

/** The negative of a picture with probability `p` (0.5). @see torchvision.transforms.RandomInvert */
export class RandomInvert extends PlainTone {
  protected override change(img: Picture): Picture {
    return F.invert(img);
  }
}

/**
 * Each channel stretched from black to white with probability `p` (0.5).
 * @see torchvision.transforms.RandomAutocontrast
 */
export class RandomAutocontrast extends PlainTone {
  protected override change(img: Picture): Picture {
    return F.autocontrast(img);
  }
}

/**
 * The samples of each channel spread evenly with probability `p` (0.5). Tensors are of uint8.
 * @see torchvision.transforms.RandomEqualize
 */
export class RandomEqualize extends PlainTone {
  protected override change(img: Picture): Picture {
    return F.equalize(img);
  }
}

/** The parameters of {@link RandomPosterize}. */
export interface RandomPosterizeParameters extends ChanceOptions {
  /** Bits to keep of each sample, from 0 to 8. */
  bits: number;
}

/**
 * Fewer bits of each sample with probability `p` (0.5). Tensors are of uint8.
 * @see torchvision.transforms.RandomPosterize
 * @example new transforms.RandomPosterize(2)
 */
export class RandomPosterize extends RandomTone {
  bits: number;
  p: number;

  constructor(...given: Arguments<"bits; p", RandomPosterizeParameters>);
  constructor(...given: unknown[]) {
    super();
    const read = readArguments<RandomPosterizeParameters>("RandomPosterize", "bits; p", { p: 0.5 }, given);
    this.bits = checkInteger("RandomPosterize", "bits", read.bits);
    this.p = checkChance("RandomPosterize", read.p);
  }

  protected override change(img: Picture): Picture {
    return F.posterize(img, this.bits);
  }

  override extraRepr(): string {
    return `bits=${this.bits},p=${text(this.p)}`;
  }
}

/** The parameters of {@link RandomSolarize}. */
export interface RandomSolarizeParameters extends ChanceOptions {
  /** Samples from here on are inverted: of 0 to 255, for floats of 0 to 1. */
  threshold: number;
}

/**
 * The light samples inverted with probability `p` (0.5).
 * @see torchvision.transforms.RandomSolarize
 * @example new transforms.RandomSolarize(192)
 */
export class RandomSolarize extends RandomTone {
  threshold: number;
  p: number;

  constructor(...given: Arguments<"threshold; p", RandomSolarizeParameters>);
  constructor(...given: unknown[]) {
    super();
    const read = readArguments<RandomSolarizeParameters>("RandomSolarize", "threshold; p", { p: 0.5 }, given);
    this.threshold = checkNumber("RandomSolarize", "threshold", read.threshold);
    this.p = checkChance("RandomSolarize", read.p);
  }

  protected override change(img: Picture): Picture {
    return F.solarize(img, this.threshold);
  }

  override extraRepr(): string {
    return `threshold=${text(this.threshold)},p=${text(this.p)}`;
  }
}

/** The parameters of {@link RandomAdjustSharpness}. */
export interface RandomAdjustSharpnessParameters extends ChanceOptions {
  /** 0 gives a soft picture, 1 the picture, 2 twice its sharpness. */
  sharpnessFactor: number;
}

const sharpnessSignature = "sharpnessFactor; p";

/**
 * A picture sharper or softer with probability `p` (0.5).
 * @see torchvision.transforms.RandomAdjustSharpness
 * @example new transforms.RandomAdjustSharpness(2)
 */
export class RandomAdjustSharpness extends RandomTone {
  sharpnessFactor: number;
  p: number;

  constructor(...given: Arguments<typeof sharpnessSignature, RandomAdjustSharpnessParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = "RandomAdjustSharpness";
    const read = readArguments<RandomAdjustSharpnessParameters>(layer, sharpnessSignature, { p: 0.5 }, given);
    this.sharpnessFactor = checkNumber(layer, "sharpnessFactor", read.sharpnessFactor);
    this.p = checkChance(layer, read.p);
  }

  protected override change(img: Picture): Picture {
    return adjustSharpness(img, this.sharpnessFactor);
  }

  override extraRepr(): string {
    return `sharpness_factor=${text(this.sharpnessFactor)},p=${text(this.p)}`;
  }
}

takes("img", RandomInvert, RandomAutocontrast, RandomEqualize, RandomPosterize, RandomSolarize, RandomAdjustSharpness);
portable({
  RandomInvert,
  RandomAutocontrast,
  RandomEqualize,
  RandomPosterize,
  RandomSolarize,
  RandomAdjustSharpness,
});
