/** Pictures bent at random. */
import { checkNumber } from "../../core/arguments";
import { ValueError } from "../../core/errors";
import { float } from "../../core/repr";
import { named } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import { portable } from "../../data/pack";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { text } from "../../nn/module/repr";
import { rand } from "../../ops/random/randomTensors";
import { cat } from "../../ops/shape/join";
import type { Tensor } from "../../tensor/tensor";
import { checkCropSize, checkNumberList } from "./functional/arguments";
import { getDimensions } from "./functional/geometry";
import { checkInterpolation, type InterpolationMode } from "./functional/interpolation";
import { gaussianBlur } from "./functional/tone";
import { elasticTransform } from "./functional/warp";
import { type Picture, PictureTransform } from "./transform";

/** Options of {@link ElasticTransform}. */
export interface ElasticTransformOptions {
  /** How far pixels move: one number or [along x, along y]. Default: 50. */
  alpha?: number | readonly number[];
  /** How smooth the moves are, the standard deviation of a blur in pixels: one number or [along x, along y]. Default: 5. */
  sigma?: number | readonly number[];
  /** `"nearest"` or `"bilinear"`. Default: `"bilinear"`. */
  interpolation?: InterpolationMode;
  /** The color outside. Default: 0. */
  fill?: number;
}

const signature = "; alpha, sigma, interpolation, fill";

/** Two numbers, of which one stands for both. */
function checkPair(op: string, name: string, value: unknown): number[] {
  const pair = typeof value === "number" ? [value, value] : checkNumberList(op, name, value, [2]);
  if (!pair.every(Number.isFinite)) throw new ValueError(`${op}: ${name} must be finite, got [${pair.join(", ")}]`);
  return pair;
}

/** Moves along one axis, of shape [1, 1, height, width]: noise from −1 to 1, blurred, in pixels. */
function moves([height, width]: readonly number[], sigma: number, sigmas: readonly number[]): Tensor {
  const noise = rand(1, 1, height!, width!).mul(2).sub(1);
  const kernel = Math.trunc(8 * sigma + 1);
  const odd = kernel % 2 === 0 ? kernel + 1 : kernel;
  return sigma > 0 ? gaussianBlur(noise, [odd, odd], { sigma: sigmas }) : noise;
}

/**
 * The picture bent by random moves that are smooth, see `functional.elasticTransform`.
 * @see torchvision.transforms.ElasticTransform
 * @throws ShapeError when called with a picture that is not larger than half the kernel of the blur, 4 sigma.
 */
export class ElasticTransform extends PictureTransform {
  /** A random displacement of shape [1, height, width, 2]. `size` is [height, width]. Draws two floats for each pixel. */
  static readonly getParams = named(
    "getParams",
    "alpha, sigma, size",
    (alpha: readonly number[], sigma: readonly number[], size: readonly number[]): Tensor => {
      const factors = checkPair("getParams", "alpha", alpha);
      const sigmas = checkPair("getParams", "sigma", sigma);
      const shape = checkCropSize("getParams", size);
      const along = (axis: 0 | 1): Tensor => moves(shape, sigmas[axis]!, sigmas).mul(factors[axis]!).div(shape[axis]);
      return cat([along(0), along(1)], 1).permute(0, 2, 3, 1);
    },
  );

  alpha: number[];
  sigma: number[];
  interpolation: InterpolationMode;
  fill: number;

  constructor(...given: Arguments<typeof signature, ElasticTransformOptions>);
  constructor(...given: unknown[]) {
    super();
    const op = "ElasticTransform";
    // The kinds of alpha and sigma are checked below: a default that is a number would refuse pairs.
    const defaults = { alpha: [50, 50], sigma: [5, 5], interpolation: "bilinear" as InterpolationMode, fill: 0 };
    const read = readArguments<ElasticTransformOptions>(op, signature, defaults, given);
    this.alpha = checkPair(op, "alpha", read.alpha);
    this.sigma = checkPair(op, "sigma", read.sigma);
    this.interpolation = checkInterpolation(op, read.interpolation);
    this.fill = checkNumber(op, "fill", read.fill);
  }

  override forward(tensor: Picture): any {
    const [, height, width] = getDimensions(tensor);
    const displacement = ElasticTransform.getParams(this.alpha, this.sigma, [height, width]);
    return elasticTransform(tensor, displacement, { interpolation: this.interpolation, fill: this.fill });
  }

  override extraRepr(): string {
    const list = (values: readonly number[]): string => `[${values.map(float).join(", ")}]`;
    return `alpha=${list(this.alpha)}, sigma=${list(this.sigma)}, interpolation=${this.interpolation}, fill=${text(this.fill)}`;
  }
}

takes("tensor", ElasticTransform);
portable({ ElasticTransform });
