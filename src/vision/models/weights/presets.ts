/** The transforms that published weights ask for. */

import { checkInteger, MAX_COUNT } from "../../../core/arguments";
import { classNameOf, nameOf } from "../../../core/className";
import { ArgumentError, describe } from "../../../core/errors";
import type { Arguments } from "../../../core/signatureTypes";
import { portable } from "../../../data/pack";
import { takes } from "../../../nn/module/forward";
import { Module } from "../../../nn/module/module";
import { readArguments } from "../../../nn/module/options";
import { float } from "../../../nn/module/repr";
import { Tensor } from "../../../tensor/tensor";
import { convertImageDtype, normalize, pilToTensor } from "../../transforms/functional/conversion";
import { centerCrop, resize } from "../../transforms/functional/geometry";
import { checkInterpolation, type InterpolationMode } from "../../transforms/functional/interpolation";
import type { Picture } from "../../transforms/transform";

const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

/** Options of {@link SemanticSegmentation}. */
export interface SemanticSegmentationOptions {
  /** The smaller side after the resizing; null for none. */
  resizeSize: number | null;
  /** The mean of each channel. Default: [0.485, 0.456, 0.406]. */
  mean?: readonly number[];
  /** The standard deviation of each channel. Default: [0.229, 0.224, 0.225]. */
  std?: readonly number[];
  /** Default: "bilinear". */
  interpolation?: InterpolationMode;
}

/** Options of {@link ImageClassification}. */
export interface ImageClassificationOptions extends Omit<SemanticSegmentationOptions, "resizeSize"> {
  /** The side of the square that is cut out of the middle. */
  cropSize: number;
  /** The smaller side after the resizing. Default: 256. */
  resizeSize?: number;
}

function checkChannels(name: string, field: string, values: unknown): number[] {
  if (!Array.isArray(values) || values.length === 0 || !values.every((value) => typeof value === "number"))
    throw new ArgumentError(`${name}: ${field} must be an array of a number for each channel, got ${describe(values)}`);
  return [...values];
}

/** `"bilinear"` as torchvision prints it. */
const printed = (mode: InterpolationMode): string => `InterpolationMode.${mode.toUpperCase()}`;

const listText = (values: readonly number[], text: (value: number) => string): string =>
  `[${values.map(text).join(", ")}]`;

/** Fields as torchvision's presets print them, a line for each. */
const fieldsText = (name: string, fields: Readonly<Record<string, string>>): string =>
  `${name}(${Object.entries(fields)
    .map(([field, value]) => `\n    ${field}=${value}`)
    .join("")}\n)`;

/** A picture as floats of mean 0 and deviation 1 in each channel. */
function normalized(img: Picture, mean: readonly number[], std: readonly number[]): Tensor {
  const samples = img instanceof Tensor ? img : pilToTensor(img);
  return normalize(convertImageDtype(samples, "float32"), mean as number[], std as number[]);
}

/**
 * What networks for classification take: the picture resized, the middle cut out, as floats, normalized. Takes Images, and tensors of shape
 * [C, H, W] or [N, C, H, W]; gives tensors.
 * @see torchvision.transforms._presets.ImageClassification
 * @example const input = new vision.models.ImageClassification({ cropSize: 224 })(image).unsqueeze(0);
 */
export class ImageClassification extends Module {
  cropSize: number[];
  resizeSize: number[];
  mean: number[];
  std: number[];
  interpolation: InterpolationMode;

  constructor(...given: Arguments<"cropSize; resizeSize, mean, std, interpolation", ImageClassificationOptions>);
  constructor(...given: unknown[]) {
    super();
    const name = nameOf(new.target);
    const options = readArguments<ImageClassificationOptions>(
      name,
      "cropSize; resizeSize, mean, std, interpolation",
      { resizeSize: 256, mean: MEAN, std: STD, interpolation: "bilinear" },
      given,
    );
    this.cropSize = [checkInteger(name, "cropSize", options.cropSize, 1, MAX_COUNT)];
    this.resizeSize = [checkInteger(name, "resizeSize", options.resizeSize, 1, MAX_COUNT)];
    this.mean = checkChannels(name, "mean", options.mean);
    this.std = checkChannels(name, "std", options.std);
    this.interpolation = checkInterpolation(name, options.interpolation);
  }

  override forward(img: Picture): Tensor {
    const resized = resize(img, this.resizeSize, { interpolation: this.interpolation });
    return normalized(centerCrop(resized, this.cropSize), this.mean, this.std);
  }

  /** The fields, as torchvision prints them. */
  override toString(): string {
    return fieldsText(classNameOf(this), {
      crop_size: `[${this.cropSize}]`,
      resize_size: `[${this.resizeSize}]`,
      mean: listText(this.mean, float),
      std: listText(this.std, float),
      interpolation: printed(this.interpolation),
    });
  }

  /** What it does, in words. */
  describe(): string {
    const { cropSize, resizeSize, mean, std, interpolation } = this;
    return (
      `Accepts \`\`PIL.Image\`\`, batched \`\`(B, C, H, W)\`\` and single \`\`(C, H, W)\`\` image \`\`torch.Tensor\`\` objects. ` +
      `The images are resized to \`\`resize_size=[${resizeSize}]\`\` using \`\`interpolation=${printed(interpolation)}\`\`, ` +
      `followed by a central crop of \`\`crop_size=[${cropSize}]\`\`. Finally the values are first rescaled to \`\`[0.0, 1.0]\`\` ` +
      `and then normalized using \`\`mean=${listText(mean, float)}\`\` and \`\`std=${listText(std, float)}\`\`.`
    );
  }
}

/**
 * What networks for segmentation take: the picture resized, as floats, normalized. Takes and gives what {@link ImageClassification} does.
 * @see torchvision.transforms._presets.SemanticSegmentation
 */
export class SemanticSegmentation extends Module {
  resizeSize: number[] | null;
  mean: number[];
  std: number[];
  interpolation: InterpolationMode;

  constructor(...given: Arguments<"; resizeSize, mean, std, interpolation", SemanticSegmentationOptions>);
  constructor(...given: unknown[]) {
    super();
    const name = nameOf(new.target);
    const options = readArguments<Required<SemanticSegmentationOptions>>(
      name,
      "; resizeSize, mean, std, interpolation",
      { resizeSize: null, mean: MEAN, std: STD, interpolation: "bilinear" } as any,
      given,
    );
    const { resizeSize } = options;
    this.resizeSize = resizeSize === null ? null : [checkInteger(name, "resizeSize", resizeSize, 1, MAX_COUNT)];
    this.mean = checkChannels(name, "mean", options.mean);
    this.std = checkChannels(name, "std", options.std);
    this.interpolation = checkInterpolation(name, options.interpolation);
  }

  override forward(img: Picture): Tensor {
    const { resizeSize, interpolation } = this;
    return normalized(resizeSize === null ? img : resize(img, resizeSize, { interpolation }), this.mean, this.std);
  }

  /** The fields, as torchvision prints them. */
  override toString(): string {
    return fieldsText(classNameOf(this), {
      resize_size: this.resizeSize === null ? "None" : `[${this.resizeSize}]`,
      mean: listText(this.mean, float),
      std: listText(this.std, float),
      interpolation: printed(this.interpolation),
    });
  }
}

takes("img", ImageClassification, SemanticSegmentation);
portable({ ImageClassification, SemanticSegmentation });
