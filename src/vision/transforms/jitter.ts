/** Transforms that change colors at random, or turn them to gray. */
import { argumentsOf } from "../../core/binding";
import { ArgumentError, describe, ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import { portable } from "../../data/pack";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { float, text } from "../../nn/module/repr";
import { drawPerm, drawUniform } from "./draws";
import { checkNumberList } from "./functional/arguments";
import * as F from "./functional/color";
import { checkPicture, dimensionsOf } from "./functional/picture";
import { acts, type ChanceOptions, checkChance } from "./resizing";
import { type Picture, PictureTransform } from "./transform";

/** The parameter of {@link Grayscale}. */
export interface GrayscaleOptions {
  /** 1, or 3 equal channels. Default: 1. */
  numOutputChannels?: number;
}

/** A picture in gray. @see torchvision.transforms.Grayscale @example new transforms.Grayscale(3) */
export class Grayscale extends PictureTransform {
  numOutputChannels: number;

  constructor(...given: Arguments<"; numOutputChannels", GrayscaleOptions>);
  constructor(...given: unknown[]) {
    super();
    const defaults = { numOutputChannels: 1 };
    const read = readArguments<GrayscaleOptions>("Grayscale", "; numOutputChannels", defaults, given);
    this.numOutputChannels = read.numOutputChannels;
  }

  override forward(img: Picture): any {
    return F.rgbToGrayscale(img, this.numOutputChannels);
  }

  override extraRepr(): string {
    return `num_output_channels=${this.numOutputChannels}`;
  }
}

/**
 * A picture in gray with probability `p` (0.1), with as many channels as before.
 * @see torchvision.transforms.RandomGrayscale
 * @example new transforms.RandomGrayscale({ p: 0.5 })
 */
export class RandomGrayscale extends PictureTransform {
  p: number;

  constructor(...given: Arguments<"; p", ChanceOptions>);
  constructor(...given: unknown[]) {
    super();
    const { p } = readArguments<ChanceOptions>("RandomGrayscale", "; p", { p: 0.1 }, given);
    this.p = checkChance("RandomGrayscale", p);
  }

  override forward(img: Picture): any {
    const [channels] = dimensionsOf(checkPicture("RandomGrayscale", img));
    return acts(this.p) ? F.rgbToGrayscale(img, channels) : img;
  }

  override extraRepr(): string {
    return `p=${text(this.p)}`;
  }
}

/** How much a factor varies: by that much around the picture as it is, or in a range. */
export type Jitter = number | readonly [min: number, max: number];

/** A range from which a factor is drawn; null if that changes nothing. */
type Range = readonly number[] | null;

/** The parameters of {@link ColorJitter}. */
export interface ColorJitterOptions {
  /** A number b means factors from max(0, 1 − b) to 1 + b. Default: 0. */
  brightness?: Jitter;
  /** Like `brightness`. Default: 0. */
  contrast?: Jitter;
  /** Like `brightness`. Default: 0. */
  saturation?: Jitter;
  /** A number h of at most 0.5 means turns from −h to h; a range lies within −0.5 to 0.5. Default: 0. */
  hue?: Jitter;
}

const jitterSignature = "; brightness, contrast, saturation, hue";

type Name = keyof ColorJitterOptions;

function checkRange(name: Name, value: unknown): Range {
  const isHue = name === "hue";
  const center = isHue ? 0 : 1;
  const [low, high] = isHue ? [-0.5, 0.5] : [0, Number.POSITIVE_INFINITY];
  let range: [number, number];
  if (typeof value === "number") {
    if (!(value >= 0))
      throw new ValueError(`ColorJitter: If ${name} is a single number, it must be non negative, got ${value}.`);
    range = [isHue ? -value : Math.max(center - value, 0), center + value];
  } else if (Array.isArray(value) && value.length === 2 && value.every((bound) => typeof bound === "number"))
    range = value as [number, number];
  else
    throw new ArgumentError(
      `ColorJitter: ${name} should be a single number or a list/tuple with length 2, got ${describe(value)}.`,
    );
  if (!(low <= range[0] && range[0] <= range[1] && range[1] <= high))
    throw new ValueError(
      `ColorJitter: ${name} values should be between (${text(low)}, ${text(high)}), got ${text(range)}`,
    );
  return range[0] === center && range[1] === center ? null : range;
}

const jitterNames = ["brightness", "contrast", "saturation", "hue"] as const;

/**
 * Changes brightness, contrast, saturation and hue at random, in an order drawn anew each time.
 * @see torchvision.transforms.ColorJitter
 * @throws ValueError for negative numbers or ranges out of bounds, ArgumentError for what is neither number nor range.
 * @example new transforms.ColorJitter({ brightness: 0.5, hue: 0.3 })
 */
export class ColorJitter extends PictureTransform {
  /** A random order of the four changes and a factor for each; null for one that is turned off. Draws a permutation, then a float for each range. */
  static readonly getParams = named(
    "getParams",
    "brightness, contrast, saturation, hue",
    (
      brightness: Range,
      contrast: Range,
      saturation: Range,
      hue: Range,
    ): [order: number[], ...factors: (number | null)[]] => {
      const checked = [brightness, contrast, saturation, hue].map((range, i) =>
        range == null ? null : checkNumberList("getParams", jitterNames[i]!, range, [2]),
      );
      return [drawPerm(4), ...checked.map((range) => range && drawUniform(range[0]!, range[1]!))];
    },
  );

  brightness: Range;
  contrast: Range;
  saturation: Range;
  hue: Range;
  /** The ranges that numbers stand for print as Python's lists, those given as tuples. */
  private readonly numbers: readonly Name[];

  constructor(...given: Arguments<typeof jitterSignature, ColorJitterOptions>);
  constructor(...given: unknown[]) {
    super();
    const read = argumentsOf<ColorJitterOptions>("ColorJitter", jitterSignature, given);
    this.brightness = checkRange("brightness", read.brightness ?? 0);
    this.contrast = checkRange("contrast", read.contrast ?? 0);
    this.saturation = checkRange("saturation", read.saturation ?? 0);
    this.hue = checkRange("hue", read.hue ?? 0);
    this.numbers = (Object.keys(read) as Name[]).filter((name) => typeof read[name] === "number");
  }

  override forward(img: Picture): any {
    const [order, ...factors] = ColorJitter.getParams(this.brightness, this.contrast, this.saturation, this.hue);
    const changes = [F.adjustBrightness, F.adjustContrast, F.adjustSaturation, F.adjustHue];
    let picture = img;
    for (const at of order) {
      const factor = factors[at] ?? null;
      if (factor !== null) picture = changes[at]!(picture, factor);
    }
    return picture;
  }

  override extraRepr(): string {
    const shown = (name: Name): string => {
      const range = this[name];
      if (range === null || !this.numbers.includes(name)) return `${name}=${text(range)}`;
      return `${name}=[${range.map(float).join(", ")}]`;
    };
    return jitterNames.map(shown).join(", ");
  }
}

takes("img", Grayscale, RandomGrayscale, ColorJitter);
portable({ Grayscale, RandomGrayscale, ColorJitter });
