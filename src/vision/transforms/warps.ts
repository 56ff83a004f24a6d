/** Pictures turned, sheared, seen in perspective and bent at random. */
import { checkFlag, checkInteger, checkNumber, MAX_COUNT } from "../../core/arguments";
import { ValueError } from "../../core/errors";
import { float as floatText } from "../../core/repr";
import { named } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import { portable } from "../../data/pack";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { text } from "../../nn/module/repr";
import { drawInt, drawUniform } from "./draws";
import { checkFillValue, checkNumberList, type Fill } from "./functional/arguments";
import { getDimensions, roundHalfEven } from "./functional/geometry";
import { checkInterpolation, type InterpolationMode } from "./functional/interpolation";
import * as F from "./functional/warp";
import { acts, checkChance } from "./resizing";
import { type Picture, PictureTransform } from "./transform";

/** A range of angles in degrees: [least, most], or one number for that and its negative. */
export type Angles = number | readonly number[];

function checkAngles(op: string, name: string, angles: unknown, counts: readonly number[]): number[] {
  if (typeof angles !== "number") return checkNumberList(op, name, angles, counts);
  if (!(angles >= 0)) throw new ValueError(`${op}: If ${name} is a single number, it must be positive, got ${angles}`);
  return [-angles, angles];
}

/** A list of floats, as Python prints it. */
const listText = (values: readonly number[]): string => `[${values.map(floatText).join(", ")}]`;

/** Parameters of {@link RandomRotation}. */
export interface RandomRotationParameters {
  /** [least, most] in degrees, or one number for that and its negative. */
  degrees: Angles;
  /** Default: `"nearest"`. */
  interpolation?: InterpolationMode;
  /** Whether the result is large enough to hold all of the picture. Default: false. */
  expand?: boolean;
  /** [x, y] of the fixed point. Default: the middle. */
  center?: readonly number[] | null;
  /** The color outside. Default: 0. */
  fill?: Fill | null;
}

const rotationSignature = "degrees; interpolation, expand, center, fill";

/**
 * The picture turned by a random angle, see `functional.rotate`.
 * @see torchvision.transforms.RandomRotation
 * @example new transforms.RandomRotation(15)
 */
export class RandomRotation extends PictureTransform {
  /** A random angle in degrees. Draws a float. */
  static readonly getParams = named("getParams", "degrees", (degrees: readonly number[]): number => {
    const [least, most] = checkNumberList("getParams", "degrees", degrees, [2]);
    return drawUniform(least!, most!);
  });

  degrees: number[];
  interpolation: InterpolationMode;
  expand: boolean;
  center: number[] | null;
  fill: Fill;

  constructor(...given: Arguments<typeof rotationSignature, RandomRotationParameters>);
  constructor(...given: unknown[]) {
    super();
    const op = "RandomRotation";
    const defaults = { interpolation: "nearest" as InterpolationMode, expand: false, center: null, fill: null };
    const read = readArguments<RandomRotationParameters>(op, rotationSignature, defaults, given);
    this.degrees = checkAngles(op, "degrees", read.degrees, [2]);
    this.interpolation = checkInterpolation(op, read.interpolation);
    this.expand = checkFlag(op, "expand", read.expand);
    this.center = read.center === null ? null : checkNumberList(op, "center", read.center, [2]);
    this.fill = checkFillValue(op, read.fill ?? 0);
  }

  override forward(img: Picture): any {
    getDimensions(img);
    const angle = RandomRotation.getParams(this.degrees);
    return F.rotate(img, angle, this.interpolation, this.expand, this.center, this.fill);
  }

  override extraRepr(): string {
    const center = this.center === null ? "" : `, center=${text(this.center)}`;
    return `degrees=${listText(this.degrees)}, interpolation=${this.interpolation}, expand=${text(this.expand)}${center}, fill=${text(this.fill)}`;
  }
}

/** Parameters of {@link RandomAffine}. */
export interface RandomAffineParameters {
  /** [least, most] in degrees, or one number for that and its negative. */
  degrees: Angles;
  /** The largest moves along x and y, as parts of width and height. Default: none. */
  translate?: readonly number[] | null;
  /** [least, most] factor. Default: 1. */
  scale?: readonly number[] | null;
  /** [least, most] in degrees along x, then along y, or one number for the former. Default: none. */
  shear?: Angles | null;
  /** Default: `"nearest"`. */
  interpolation?: InterpolationMode;
  /** The color outside. Default: 0. */
  fill?: Fill | null;
  /** [x, y] of the fixed point of turn and shear. Default: the middle. */
  center?: readonly number[] | null;
}

const affineSignature = "degrees; translate, scale, shear, interpolation, fill, center";

/** What {@link RandomAffine} hands to `functional.affine`. */
export type AffineParams = [angle: number, translations: [number, number], scale: number, shear: [number, number]];

function drawAffine(
  degrees: readonly number[],
  translate: readonly number[] | null | undefined,
  scaleRanges: readonly number[] | null | undefined,
  shears: readonly number[] | null | undefined,
  [width, height]: readonly number[],
): AffineParams {
  const angle = drawUniform(degrees[0]!, degrees[1]!);
  const move = (part: number, size: number): number => {
    const rounded = roundHalfEven(drawUniform(-part * size, part * size));
    return rounded === 0 ? 0 : rounded;
  };
  const translations: [number, number] =
    translate == null ? [0, 0] : [move(translate[0]!, width!), move(translate[1]!, height!)];
  const scale = scaleRanges == null ? 1 : drawUniform(scaleRanges[0]!, scaleRanges[1]!);
  const shearX = shears == null ? 0 : drawUniform(shears[0]!, shears[1]!);
  const shearY = shears?.length === 4 ? drawUniform(shears[2]!, shears[3]!) : 0;
  return [angle, translations, scale, [shearX, shearY]];
}

function checkTranslate(op: string, translate: unknown): number[] | null {
  if (translate == null) return null;
  const parts = checkNumberList(op, "translate", translate, [2]);
  if (!parts.every((part) => part >= 0 && part <= 1))
    throw new ValueError(`${op}: translation values should be between 0 and 1, got [${parts.join(", ")}]`);
  return parts;
}

function checkScale(op: string, scale: unknown): number[] | null {
  if (scale == null) return null;
  const factors = checkNumberList(op, "scale", scale, [2]);
  if (!factors.every((factor) => factor > 0))
    throw new ValueError(`${op}: scale values should be positive, got [${factors.join(", ")}]`);
  return factors;
}

/**
 * The picture turned, moved, scaled and sheared at random, see `functional.affine`.
 * @see torchvision.transforms.RandomAffine
 * @example new transforms.RandomAffine(10, { translate: [0.1, 0.1], scale: [0.9, 1.1] })
 */
export class RandomAffine extends PictureTransform {
  /** Random arguments for `functional.affine`. Draws a float for each that is not fixed. `imgSize` is [width, height]. */
  static readonly getParams = named(
    "getParams",
    "degrees, translate, scaleRanges, shears, imgSize",
    (
      degrees: readonly number[],
      translate: readonly number[] | null,
      scaleRanges: readonly number[] | null,
      shears: readonly number[] | null,
      imgSize: readonly number[],
    ): AffineParams =>
      drawAffine(
        checkNumberList("getParams", "degrees", degrees, [2]),
        checkTranslate("getParams", translate),
        checkScale("getParams", scaleRanges),
        shears == null ? null : checkNumberList("getParams", "shears", shears, [2, 4]),
        checkNumberList("getParams", "imgSize", imgSize, [2]),
      ),
  );

  degrees: number[];
  translate: number[] | null;
  scale: number[] | null;
  shear: number[] | null;
  interpolation: InterpolationMode;
  fill: Fill;
  center: number[] | null;

  constructor(...given: Arguments<typeof affineSignature, RandomAffineParameters>);
  constructor(...given: unknown[]) {
    super();
    const op = "RandomAffine";
    const none = { translate: null, scale: null, shear: null, center: null };
    const defaults = { ...none, interpolation: "nearest" as InterpolationMode, fill: null };
    const read = readArguments<RandomAffineParameters>(op, affineSignature, defaults, given);
    this.degrees = checkAngles(op, "degrees", read.degrees, [2]);
    this.translate = checkTranslate(op, read.translate);
    this.scale = checkScale(op, read.scale);
    this.shear = read.shear === null ? null : checkAngles(op, "shear", read.shear, [2, 4]);
    this.interpolation = checkInterpolation(op, read.interpolation);
    this.fill = checkFillValue(op, read.fill ?? 0);
    this.center = read.center === null ? null : checkNumberList(op, "center", read.center, [2]);
  }

  override forward(img: Picture): any {
    const [, height, width] = getDimensions(img);
    const params = RandomAffine.getParams(this.degrees, this.translate, this.scale, this.shear, [width, height]);
    return F.affine(img, ...params, this.interpolation, this.fill, this.center);
  }

  override extraRepr(): string {
    const shown = [`degrees=${listText(this.degrees)}`];
    if (this.translate !== null) shown.push(`translate=${text(this.translate)}`);
    if (this.scale !== null) shown.push(`scale=${text(this.scale)}`);
    if (this.shear !== null) shown.push(`shear=${listText(this.shear)}`);
    if (this.interpolation !== "nearest") shown.push(`interpolation=${this.interpolation}`);
    if (this.fill !== 0) shown.push(`fill=${text(this.fill)}`);
    if (this.center !== null) shown.push(`center=${text(this.center)}`);
    return shown.join(", ");
  }
}

/** Options of {@link RandomPerspective}. */
export interface RandomPerspectiveOptions {
  /** How far corners move, from 0 to 1: as parts of half the width and height. Default: 0.5. */
  distortionScale?: number;
  /** How often. Default: 0.5. */
  p?: number;
  /** Default: `"bilinear"`. */
  interpolation?: InterpolationMode;
  /** The color outside. Default: 0. */
  fill?: Fill | null;
}

const perspectiveSignature = "; distortionScale, p, interpolation, fill";

/**
 * The picture seen in a random perspective with probability p, see `functional.perspective`.
 * @see torchvision.transforms.RandomPerspective
 */
export class RandomPerspective extends PictureTransform {
  /** The corners of a picture, and random places to which they go. Draws eight integers. */
  static readonly getParams = named(
    "getParams",
    "width, height, distortionScale",
    (width: number, height: number, distortionScale: number): [startpoints: number[][], endpoints: number[][]] => {
      const right = checkInteger("getParams", "width", width, 1, MAX_COUNT) - 1;
      const bottom = checkInteger("getParams", "height", height, 1, MAX_COUNT) - 1;
      const part = checkDistortion("getParams", distortionScale);
      const reach = (size: number): number => Math.trunc(part * Math.floor(size / 2));
      const [dx, dy] = [reach(width), reach(height)];
      const low = (d: number): number => drawInt(0, d + 1);
      const high = (size: number, d: number): number => drawInt(size - d - 1, size);
      const topLeft = [low(dx), low(dy)];
      const topRight = [high(width, dx), low(dy)];
      const bottomRight = [high(width, dx), high(height, dy)];
      const bottomLeft = [low(dx), high(height, dy)];
      const corners = [
        [0, 0],
        [right, 0],
        [right, bottom],
        [0, bottom],
      ];
      return [corners, [topLeft, topRight, bottomRight, bottomLeft]];
    },
  );

  distortionScale: number;
  p: number;
  interpolation: InterpolationMode;
  fill: Fill;

  constructor(...given: Arguments<typeof perspectiveSignature, RandomPerspectiveOptions>);
  constructor(...given: unknown[]) {
    super();
    const op = "RandomPerspective";
    const defaults = { distortionScale: 0.5, p: 0.5, interpolation: "bilinear" as InterpolationMode, fill: null };
    const read = readArguments<RandomPerspectiveOptions>(op, perspectiveSignature, defaults, given);
    this.p = checkChance(op, read.p);
    this.interpolation = checkInterpolation(op, read.interpolation);
    this.distortionScale = checkDistortion(op, read.distortionScale);
    this.fill = checkFillValue(op, read.fill ?? 0);
  }

  override forward(img: Picture): any {
    const [, height, width] = getDimensions(img);
    if (!acts(this.p)) return img;
    const [startpoints, endpoints] = RandomPerspective.getParams(width, height, this.distortionScale);
    return F.perspective(img, startpoints, endpoints, { interpolation: this.interpolation, fill: this.fill });
  }

  override extraRepr(): string {
    return `p=${text(this.p)}`;
  }
}

function checkDistortion(op: string, scale: unknown): number {
  const part = checkNumber(op, "distortionScale", scale);
  if (!(part >= 0 && part <= 1)) throw new ValueError(`${op}: distortionScale must be from 0 to 1, got ${part}`);
  return part;
}

takes("img", RandomRotation, RandomAffine, RandomPerspective);
portable({ RandomRotation, RandomAffine, RandomPerspective });
