/** Tones of pictures: inverted, with fewer bits, stretched, equalized; blurred; erased. */
import { assertNumber, checkFlag, checkInteger } from "../../../core/arguments";
import { ArgumentError, describe, ValueError } from "../../../core/errors";
import { named, overloaded } from "../../../core/signature";
import { checkTensor } from "../../../ops/builders/checks";
import { Tensor } from "../../../tensor/tensor";
import type { Image } from "../../image";
import type { Picture } from "../transform";
import { pilToTensor, toPilImage } from "./conversion";
import { checkKernelSize, checkSigma, dispatch } from "./dispatch";
import { checkImageTensor } from "./picture";
import * as tables from "./pil/tables";
import { blur, type Pair } from "./tensor/filter";
import * as tone from "./tensor/tone";

/**
 * The negative of a picture.
 * @param img An Image of mode RGB, L or 1, or a tensor [..., 1 or 3, height, width] of uint8 (0 to 255) or floats (0 to 1).
 * @throws ValueError for other modes, ArgumentError for other channels.
 * @see torchvision.transforms.functional.invert
 */
export const invert = overloaded(
  "invert",
  "img",
  <T extends Picture>(img: T): T => dispatch("invert", img, { image: tables.invert, tensor: tone.invert }),
);

/**
 * The picture with fewer bits per sample: the low ones become zero.
 * @param img An Image of mode RGB or L, or a tensor [..., 1 or 3, height, width] of uint8.
 * @param bits Bits to keep, from 0 to 8.
 * @throws ValueError for other bits or modes, ArgumentError for other channels or dtypes.
 * @see torchvision.transforms.functional.posterize
 * @example functional.posterize(image, 2);
 */
export const posterize = overloaded("posterize", "img, bits", <T extends Picture>(img: T, bits: number): T => {
  checkInteger("posterize", "bits", bits);
  if (bits < 0 || bits > 8)
    throw new ValueError(`posterize: The number of bits should be between 0 and 8. Got ${describe(bits)}`);
  return dispatch("posterize", img, { image: tables.posterize, tensor: tone.posterize }, bits);
});

/**
 * The picture with its light samples inverted.
 * @param img An Image of mode RGB or L, or a tensor [..., 1 or 3, height, width].
 * @param threshold Samples from here on are inverted: of 0 to 255, for floats of 0 to 1.
 * @throws ValueError for other modes, ArgumentError for other channels or a threshold above white.
 * @see torchvision.transforms.functional.solarize
 * @example functional.solarize(image, 128);
 */
export const solarize = overloaded("solarize", "img, threshold", <T extends Picture>(img: T, threshold: number): T => {
  assertNumber("solarize", "threshold", threshold);
  return dispatch("solarize", img, { image: tables.solarize, tensor: tone.solarize }, threshold);
});

/**
 * The picture with each channel stretched from black to white; a channel of one value stays as it is.
 * @param img An Image of mode RGB or L, or a tensor [..., 1 or 3, height, width].
 * @throws ValueError for other modes, ArgumentError for other channels.
 * @see torchvision.transforms.functional.autocontrast
 */
export const autocontrast = overloaded(
  "autocontrast",
  "img",
  <T extends Picture>(img: T): T =>
    dispatch("autocontrast", img, { image: tables.autocontrast, tensor: tone.autocontrast }),
);

/**
 * The picture with samples of each channel spread evenly over all values.
 * @param img An Image of mode RGB, L or P, or a tensor [..., 1 or 3, height, width] of uint8.
 * @throws ValueError for other modes, ArgumentError for other channels, axes or dtypes.
 * @see torchvision.transforms.functional.equalize
 */
export const equalize = overloaded(
  "equalize",
  "img",
  <T extends Picture>(img: T): T => dispatch("equalize", img, { image: tables.equalize, tensor: tone.equalize }),
);

/** Pictures in memory are blurred as tensors, as in torchvision. */
const blurImage = (op: string, image: Image, size: Pair, sigma: Pair): Image =>
  toPilImage(blur(op, pilToTensor(image), size, sigma), image.mode);

/** Options of {@link gaussianBlur}. */
export interface GaussianBlurOptions {
  /** Standard deviation in pixels: one, or one along the width and one along the height. Default: 0.15 · kernelSize + 0.35. */
  sigma?: number | readonly number[] | null;
}

/**
 * The picture blurred with a bell; at its edge it is taken to go on reflected.
 * @param img An Image, or a tensor [..., channels, height, width].
 * @param kernelSize Odd numbers of pixels: one, or one along the width and one along the height.
 * @throws ArgumentError or ValueError for other sizes or sigma, ShapeError for a kernel that reaches over more than the picture.
 * @see torchvision.transforms.functional.gaussian_blur
 * @example functional.gaussianBlur(image, [5, 9], { sigma: 2 });
 */
export const gaussianBlur = overloaded(
  "gaussianBlur",
  "img, kernelSize; sigma",
  <T extends Picture>(img: T, kernelSize: number | readonly number[], { sigma }: GaussianBlurOptions = {}): T => {
    const size = checkKernelSize("gaussianBlur", kernelSize);
    const deviations = checkSigma("gaussianBlur", sigma, size);
    return dispatch("gaussianBlur", img, { image: blurImage, tensor: blur }, size, deviations);
  },
);

/** The part of an axis that Python's slice `start:start + length` takes. */
function range(size: number, start: number, length: number): [start: number, length: number] {
  const clip = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, 0), size);
  const from = clip(start);
  return [from, Math.max(clip(start + length) - from, 0)];
}

/**
 * A tensor with the rectangle of `h` rows from `i` on and `w` columns from `j` on replaced.
 * @param img A tensor [..., channels, height, width].
 * @param v What replaces it: a tensor that broadcasts to it.
 * @param inplace Change the tensor itself. Default: false.
 * @throws ArgumentError for an Image, ShapeError if `v` does not fit.
 * @see torchvision.transforms.functional.erase
 * @example functional.erase(x, 2, 3, 4, 5, torch.zeros(3, 1, 1));
 */
export const erase = named(
  "erase",
  "img, i, j, h, w, v; inplace",
  (
    img: Tensor,
    i: number,
    j: number,
    h: number,
    w: number,
    v: Tensor,
    { inplace = false }: { inplace?: boolean } = {},
  ): Tensor => {
    if (!(img instanceof Tensor))
      throw new ArgumentError(`erase: img should be Tensor Image. Got ${describe(img)}; use toTensor first`);
    checkImageTensor("erase", img);
    checkTensor("erase", v, "v");
    const [top, left] = [checkInteger("erase", "i", i), checkInteger("erase", "j", j)];
    const rows = range(img.shape.at(-2)!, top, checkInteger("erase", "h", h));
    const columns = range(img.shape.at(-1)!, left, checkInteger("erase", "w", w));
    const out = checkFlag("erase", "inplace", inplace) ? img : img.clone();
    out
      .narrow(-2, ...rows)
      .narrow(-1, ...columns)
      .copy_(v);
    return out;
  },
);
