/** Transforms that take detail away: blurring, and erasing of a rectangle. */
import { checkFlag, checkNumber } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { ArgumentError, describe, ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import { portable } from "../../data/pack";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { text } from "../../nn/module/repr";
import { randn } from "../../ops/random/randomTensors";
import { tensor } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { drawInt, drawRand, drawUniform } from "./draws";
import { checkNumberList } from "./functional/arguments";
import { roundHalfEven } from "./functional/geometry";
import { checkImageTensor, dimensionsOf } from "./functional/picture";
import type { Pair } from "./functional/tensor/filter";
import { erase, gaussianBlur } from "./functional/tone";
import { type Picture, PictureTransform, Transform } from "./transform";

/** The parameters of {@link GaussianBlur}. */
export interface GaussianBlurParameters {
  /** Odd numbers of pixels: one, or one along the width and one along the height. */
  kernelSize: number | readonly number[];
  /** The standard deviation in pixels, or a range from which it is drawn. Default: [0.1, 2]. */
  sigma?: number | readonly [min: number, max: number];
}

const blurSignature = "kernelSize; sigma";

function kernelSizes(value: unknown): Pair {
  const sizes = typeof value === "number" ? [Math.trunc(value)] : value;
  if (!Array.isArray(sizes) || (sizes.length !== 1 && sizes.length !== 2))
    throw new ValueError(`GaussianBlur: Kernel size should be a tuple/list of two integers, got ${describe(value)}`);
  const pair = sizes.length === 1 ? [sizes[0], sizes[0]] : sizes;
  for (const size of pair)
    if (!Number.isInteger(size) || size <= 0 || size % 2 === 0)
      throw new ValueError(
        `GaussianBlur: Kernel size value should be an odd and positive number, got ${describe(value)}.`,
      );
  return pair as unknown as Pair;
}

function deviations(value: unknown): Pair {
  if (typeof value === "number") {
    if (!(value > 0))
      throw new ValueError(`GaussianBlur: If sigma is a single number, it must be positive, got ${value}.`);
    return [value, value];
  }
  if (!Array.isArray(value) || value.length !== 2 || value.some((bound) => typeof bound !== "number"))
    throw new ValueError(
      `GaussianBlur: sigma should be a single number or a list/tuple with length 2, got ${describe(value)}.`,
    );
  const [min, max] = value as unknown as Pair;
  if (!(0 < min && min <= max))
    throw new ValueError(
      `GaussianBlur: sigma values should be positive and of the form (min, max), got ${describe(value)}.`,
    );
  return [min, max];
}

/**
 * A picture blurred with a bell whose width is drawn each time.
 * @see torchvision.transforms.GaussianBlur
 * @throws ValueError unless sizes are odd and deviations positive.
 * @example new transforms.GaussianBlur([5, 9], { sigma: [0.1, 5] })
 */
export class GaussianBlur extends PictureTransform {
  /** A random standard deviation. Draws a float. */
  static readonly getParams = named("getParams", "sigmaMin, sigmaMax", (sigmaMin: number, sigmaMax: number): number =>
    drawUniform(checkNumber("getParams", "sigmaMin", sigmaMin), checkNumber("getParams", "sigmaMax", sigmaMax)),
  );

  kernelSize: Pair;
  sigma: Pair;

  constructor(...given: Arguments<typeof blurSignature, GaussianBlurParameters>);
  constructor(...given: unknown[]) {
    super();
    const defaults = { sigma: [0.1, 2] as const };
    const read = readArguments<GaussianBlurParameters>("GaussianBlur", blurSignature, defaults, given);
    this.kernelSize = kernelSizes(read.kernelSize);
    this.sigma = deviations(read.sigma);
  }

  override forward(img: Picture): any {
    const sigma = GaussianBlur.getParams(...this.sigma);
    return gaussianBlur(img, this.kernelSize, { sigma: [sigma, sigma] });
  }

  override extraRepr(): string {
    const isDefault = this.sigma[0] === 0.1 && this.sigma[1] === 2;
    return `kernel_size=${text(this.kernelSize)}, sigma=${isDefault ? "(0.1, 2.0)" : text(this.sigma)}`;
  }
}

/** What {@link RandomErasing} writes: one number, one for each channel, or normal numbers. */
export type ErasingValue = number | readonly number[] | "random";

/** The parameters of {@link RandomErasing}. */
export interface RandomErasingOptions {
  /** The probability of erasing. Default: 0.5. */
  p?: number;
  /** The range of the part of the picture's area. Default: [0.02, 0.33]. */
  scale?: readonly [min: number, max: number];
  /** The range of height over width. Default: [0.3, 3.3]. */
  ratio?: readonly [min: number, max: number];
  /** Default: 0. */
  value?: ErasingValue;
  /** Change the tensor itself. Default: false. */
  inplace?: boolean;
}

const erasingSignature = "; p, scale, ratio, value, inplace";

function checkValue(value: unknown): ErasingValue {
  if (typeof value === "number" || value === "random") return value;
  if (typeof value === "string")
    throw new ValueError(`RandomErasing: If value is str, it should be 'random', got ${describe(value)}`);
  if (Array.isArray(value) && value.every((item) => typeof item === "number")) return value;
  throw new ArgumentError(
    `RandomErasing: Argument value should be either a number or str or a sequence, got ${describe(value)}`,
  );
}

function checkSpan(name: string, value: unknown): Pair {
  if (Array.isArray(value) && value.length === 2 && value.every((bound) => typeof bound === "number"))
    return value as unknown as Pair;
  throw new ArgumentError(`RandomErasing: ${name} should be a sequence of two numbers, got ${describe(value)}`);
}

/** The natural logarithm in float32. */
const log32 = (x: number): number => Math.fround(Math.log(Math.fround(x)));

/** One number as a tensor of PyTorch's choice: integers stay integers. */
const channelValues = (values: readonly number[]): Tensor => tensor([...values]).view(-1, 1, 1);

/**
 * Replaces a rectangle of a tensor with probability `p`: where, how large and of what shape is drawn each time.
 *
 * Zhong et al., Random Erasing Data Augmentation, 2017.
 * @see torchvision.transforms.RandomErasing
 * @throws ValueError for a probability or parts out of bounds, ArgumentError for values of the wrong kind and for Images.
 * @example new transforms.RandomErasing({ value: "random" })
 */
export class RandomErasing extends Transform {
  /**
   * [top, left, height, width] of a random rectangle and what replaces it, normal numbers where `value` is null; the picture itself if none of ten
   * trials fits in. Each trial draws two floats, the last one the normal numbers and two integers as well.
   */
  static readonly getParams = named(
    "getParams",
    "img, scale, ratio, value?",
    (
      img: Tensor,
      scale: readonly number[],
      ratio: readonly number[],
      value: readonly number[] | null = null,
    ): [i: number, j: number, h: number, w: number, v: Tensor] => {
      const [channels, height, width] = dimensionsOf(checkImageTensor("getParams", img));
      const [from, to] = checkNumberList("getParams", "scale", scale, [2]) as [number, number];
      const [least, most] = checkNumberList("getParams", "ratio", ratio, [2]).map(log32) as [number, number];
      for (let trial = 0; trial < 10; trial++) {
        const area = height * width * drawUniform(from, to);
        const aspect = Math.fround(Math.exp(drawUniform(least, most)));
        const h = roundHalfEven(Math.sqrt(area * aspect));
        const w = roundHalfEven(Math.sqrt(area / aspect));
        if (!(h < height && w < width)) continue;
        const v = value === null ? randn(channels, h, w) : channelValues(value);
        return [drawInt(0, height - h + 1), drawInt(0, width - w + 1), h, w, v];
      }
      return [0, 0, height, width, img];
    },
  );

  p: number;
  scale: Pair;
  ratio: Pair;
  value: ErasingValue;
  inplace: boolean;

  constructor(...given: Arguments<typeof erasingSignature, RandomErasingOptions>);
  constructor(...given: unknown[]) {
    super();
    const read = argumentsOf<RandomErasingOptions>("RandomErasing", erasingSignature, given);
    this.value = checkValue(read.value ?? 0);
    this.scale = checkSpan("scale", read.scale ?? [0.02, 0.33]);
    this.ratio = checkSpan("ratio", read.ratio ?? [0.3, 3.3]);
    this.p = checkNumber("RandomErasing", "p", read.p ?? 0.5);
    this.inplace = checkFlag("RandomErasing", "inplace", read.inplace ?? false);
    const { scale, ratio, p } = this;
    if (scale[0] > scale[1] || ratio[0] > ratio[1])
      console.warn("RandomErasing: Scale and ratio should be of kind (min, max)");
    if (!(scale[0] >= 0 && scale[1] <= 1))
      throw new ValueError(`RandomErasing: Scale should be between 0 and 1, got ${describe(scale)}`);
    if (!(ratio[0] > 0 && ratio[1] > 0))
      throw new ValueError(`RandomErasing: Ratio should be positive, got ${describe(ratio)}`);
    if (!(p >= 0 && p <= 1))
      throw new ValueError(`RandomErasing: Random erasing probability should be between 0 and 1, got ${p}`);
  }

  override forward(img: Tensor): Tensor {
    if (!(img instanceof Tensor))
      throw new ArgumentError(`RandomErasing: img should be Tensor Image. Got ${describe(img)}; use ToTensor first`);
    checkImageTensor("RandomErasing", img);
    if (img.ndim < 3)
      throw new ArgumentError(`RandomErasing: img should have 3 or more dimensions [..., C, H, W], got ${img.ndim}`);
    if (!(drawRand() < Math.fround(this.p))) return img;
    const value = this.value === "random" ? null : typeof this.value === "number" ? [this.value] : this.value;
    const channels = img.shape.at(-3)!;
    if (value !== null && value.length !== 1 && value.length !== channels)
      throw new ValueError(
        `RandomErasing: If value is a sequence, it should have either a single value or ${channels} (number of input channels)`,
      );
    const [i, j, h, w, v] = RandomErasing.getParams(img, this.scale, this.ratio, value);
    return erase(img, i, j, h, w, v.to(img.device), { inplace: this.inplace });
  }

  override extraRepr(): string {
    const { p, scale, ratio, value, inplace } = this;
    return `p=${text(p)}, scale=${text(scale)}, ratio=${text(ratio)}, value=${text(value)}, inplace=${text(inplace)}`;
  }
}

takes("img", GaussianBlur, RandomErasing);
portable({ GaussianBlur, RandomErasing });
