/** Colors of pictures: brightness, contrast, saturation, hue, gamma, and gray. */
import { assertNumber, checkNumber } from "../../../core/arguments";
import { ArgumentError, describe, ValueError } from "../../../core/errors";
import { named, overloaded } from "../../../core/signature";
import { Image } from "../../image";
import type { Picture } from "../transform";
import { checkFactor, checkTurn, dispatch, type Kernels } from "./dispatch";
import { picture, toGray } from "./pil/convert";
import * as enhance from "./pil/enhance";
import { hue as hueOfImage } from "./pil/hue";
import { gamma as gammaOfImage } from "./pil/tables";
import * as color from "./tensor/color";
import { sharpness } from "./tensor/filter";
import { gamma } from "./tensor/tone";

/**
 * The picture, brighter or darker: mixed with black.
 * @param img An Image, or a tensor [..., 1 or 3, height, width] of uint8 (0 to 255) or floats (0 to 1).
 * @param brightnessFactor 0 gives black, 1 the picture, 2 twice its brightness.
 * @throws ValueError for a negative factor or a mode of an Image other than 8 bits, ArgumentError for other channels.
 * @see torchvision.transforms.functional.adjust_brightness
 * @example functional.adjustBrightness(image, 1.5);
 */
export const adjustBrightness = overloaded(
  "adjustBrightness",
  "img, brightnessFactor",
  <T extends Picture>(img: T, brightnessFactor: number): T => {
    const factor = checkFactor("adjustBrightness", "brightnessFactor", brightnessFactor);
    return dispatch("adjustBrightness", img, { image: enhance.brightness, tensor: color.brightness }, factor);
  },
);

/**
 * The picture with more or less contrast: mixed with the mean of its grays.
 * @param img As {@link adjustBrightness} takes it.
 * @param contrastFactor 0 gives gray, 1 the picture, 2 twice its contrast.
 * @throws As {@link adjustBrightness}.
 * @see torchvision.transforms.functional.adjust_contrast
 * @example functional.adjustContrast(image, 0.5);
 */
export const adjustContrast = overloaded(
  "adjustContrast",
  "img, contrastFactor",
  <T extends Picture>(img: T, contrastFactor: number): T => {
    const factor = checkFactor("adjustContrast", "contrastFactor", contrastFactor);
    return dispatch("adjustContrast", img, { image: enhance.contrast, tensor: color.contrast }, factor);
  },
);

/**
 * The picture with stronger or weaker colors: mixed with its grays. One of one channel stays as it is.
 * @param img As {@link adjustBrightness} takes it.
 * @param saturationFactor 0 gives a gray picture, 1 the picture, 2 twice its saturation.
 * @throws As {@link adjustBrightness}.
 * @see torchvision.transforms.functional.adjust_saturation
 * @example functional.adjustSaturation(image, 2);
 */
export const adjustSaturation = overloaded(
  "adjustSaturation",
  "img, saturationFactor",
  <T extends Picture>(img: T, saturationFactor: number): T => {
    const factor = checkFactor("adjustSaturation", "saturationFactor", saturationFactor);
    return dispatch("adjustSaturation", img, { image: enhance.saturation, tensor: color.saturation }, factor);
  },
);

/**
 * The picture with its hues turned on the circle of colors. Gray pictures stay as they are.
 * @param img As {@link adjustBrightness} takes it. Of Images with alpha the result is opaque, as in torchvision.
 * @param hueFactor A part of the circle, from −0.5 to 0.5: both ends give the opposite colors, 0 the picture.
 * @throws ValueError for a factor beyond that, or an Image with a palette; ArgumentError for other channels.
 * @see torchvision.transforms.functional.adjust_hue
 * @example functional.adjustHue(image, 0.1);
 */
export const adjustHue = overloaded(
  "adjustHue",
  "img, hueFactor",
  <T extends Picture>(img: T, hueFactor: number): T => {
    const factor = checkTurn("adjustHue", "hueFactor", hueFactor);
    return dispatch("adjustHue", img, { image: hueOfImage, tensor: color.hue }, factor);
  },
);

/**
 * Gamma correction: gain · x^gamma of values x from 0 to 1.
 * @param img As {@link adjustBrightness} takes it. Of Images with alpha the result is opaque, as in torchvision.
 * @param gamma Above 1 shadows become darker, below 1 lighter.
 * @param gain Default: 1.
 * @throws ValueError for a negative gamma or a mode of two colors or a palette, ArgumentError for other channels.
 * @see torchvision.transforms.functional.adjust_gamma
 * @example functional.adjustGamma(image, 2.2);
 */
export const adjustGamma = overloaded(
  "adjustGamma",
  "img, gamma, gain?",
  <T extends Picture>(img: T, exponent: number, gain = 1): T => {
    if (!(checkNumber("adjustGamma", "gamma", exponent) >= 0))
      throw new ValueError(`adjustGamma: Gamma should be a non-negative real number, got ${exponent}`);
    assertNumber("adjustGamma", "gain", gain);
    return dispatch("adjustGamma", img, { image: gammaOfImage, tensor: gamma }, exponent, gain);
  },
);

/**
 * The picture sharper or softer: mixed with one in which each pixel is mixed with its neighbors. Its edge, and a tensor of at most 2 rows or
 * columns, stays as it is.
 * @param img As {@link adjustBrightness} takes it.
 * @param sharpnessFactor 0 gives a soft picture, 1 the picture, 2 twice its sharpness.
 * @throws As {@link adjustBrightness}.
 * @see torchvision.transforms.functional.adjust_sharpness
 * @example functional.adjustSharpness(image, 2);
 */
export const adjustSharpness = overloaded(
  "adjustSharpness",
  "img, sharpnessFactor",
  <T extends Picture>(img: T, sharpnessFactor: number): T => {
    const factor = checkFactor("adjustSharpness", "sharpnessFactor", sharpnessFactor);
    return dispatch("adjustSharpness", img, { image: enhance.sharpness, tensor: sharpness }, factor);
  },
);

function grayImage(_op: string, image: Image, channels: number): Image {
  const gray = toGray(image);
  if (channels === 1) return gray;
  const out = new Uint8Array(3 * gray.data.length);
  for (let at = 0; at < out.length; at++) out[at] = gray.data[Math.trunc(at / 3)]!;
  return picture(image, "RGB", out);
}

const grayKernels: Kernels<[number]> = { image: grayImage, tensor: color.grayscale };

function checkGrayChannels(op: string, channels: unknown): number {
  if (channels !== 1 && channels !== 3)
    throw new ValueError(`${op}: numOutputChannels should be either 1 or 3, got ${describe(channels)}`);
  return channels;
}

/**
 * The picture in gray: 0.299 red + 0.587 green + 0.114 blue.
 * @param img An Image of any mode, or a tensor [..., 1 or 3, height, width].
 * @param numOutputChannels 1, or 3 equal ones; a tensor of 1 channel keeps it, as in torchvision 0.14. Default: 1.
 * @throws ValueError for other numbers, ArgumentError for other channels.
 * @see torchvision.transforms.functional.rgb_to_grayscale
 * @example functional.rgbToGrayscale(image, 3);
 */
export const rgbToGrayscale = overloaded(
  "rgbToGrayscale",
  "img, numOutputChannels?",
  <T extends Picture>(img: T, numOutputChannels = 1): T =>
    dispatch("rgbToGrayscale", img, grayKernels, checkGrayChannels("rgbToGrayscale", numOutputChannels)),
);

/**
 * {@link rgbToGrayscale} of Images only.
 * @see torchvision.transforms.functional.to_grayscale
 * @throws ArgumentError for a tensor.
 */
export const toGrayscale = named(
  "toGrayscale",
  "img, numOutputChannels?",
  (img: Image, numOutputChannels = 1): Image => {
    if (!(img instanceof Image))
      throw new ArgumentError(
        `toGrayscale: Input should be an Image; of a tensor use rgbToGrayscale, got ${describe(img)}`,
      );
    return grayImage("toGrayscale", img, checkGrayChannels("toGrayscale", numOutputChannels));
  },
);
