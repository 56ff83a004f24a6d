/** Pictures turned, sheared, seen in perspective, and bent. */
import { assertNumber, checkArray, checkFlag } from "../../../core/arguments";
import { ArgumentError, describe, ShapeError, ValueError } from "../../../core/errors";
import { sameShape, shapeText } from "../../../core/shape";
import { overloaded } from "../../../core/signature";
import { checkTensor } from "../../../ops/builders/checks";
import { linspace, meshgrid } from "../../../ops/creation/ranges";
import { stack } from "../../../ops/shape/join";
import { Tensor } from "../../../tensor/tensor";
import { Image } from "../../image";
import type { Picture } from "../transform";
import { checkFillValue, checkNumberList, type Fill, inkOf } from "./arguments";
import { fromPlanes, toPlanes } from "./conversion";
import { checkInterpolation, type InterpolationMode } from "./interpolation";
import { perspectiveCoefficients } from "./perspective";
import { checkPicture, dimensionsOf } from "./picture";
import { rotateImage, transformImage } from "./pil/transform";
import { affineGrid, affineOutputSize, checkGridMode, type GridFill, perspectiveGrid, sampleGrid } from "./tensor/grid";

/** Angles of a shear, in degrees: along x, or [along x, along y]. */
export type Shear = number | readonly number[];

/** The inverse of a turn, a shear, a scaling and a move, in this order, around a center. Angles in degrees. */
export function inverseAffine(
  [cx, cy]: readonly number[],
  angle: number,
  [tx, ty]: readonly number[],
  scale: number,
  [shearX, shearY]: readonly number[],
): number[] {
  const radians = (degrees: number): number => degrees * (Math.PI / 180);
  const [rot, sx, sy] = [radians(angle), radians(shearX!), radians(shearY!)];
  const { cos, sin, tan } = Math;
  const a = cos(rot - sy) / cos(sy);
  const b = (-cos(rot - sy) * tan(sx)) / cos(sy) - sin(rot);
  const c = sin(rot - sy) / cos(sy);
  const d = (-sin(rot - sy) * tan(sx)) / cos(sy) + cos(rot);
  const [m0, m1, m3, m4] = [d / scale, -b / scale, -c / scale, a / scale];
  const [x, y] = [-cx! - tx!, -cy! - ty!];
  return [m0, m1, m0 * x + m1 * y + cx!, m3, m4, m3 * x + m4 * y + cy!];
}

/** A fill for tensors; undefined leaves zeros. */
const gridFill = (op: string, fill: Fill | null | undefined): GridFill =>
  fill == null ? undefined : checkFillValue(op, fill);

/** A center counted from the middle of a tensor. */
function fromMiddle(center: readonly number[] | undefined, img: Tensor): [number, number] {
  if (center === undefined) return [0, 0];
  const [, h, w] = dimensionsOf(img);
  return [center[0]! - w * 0.5, center[1]! - h * 0.5];
}

/**
 * The picture turned counter-clockwise.
 * @param angle In degrees.
 * @param interpolation `"nearest"` or `"bilinear"`, of Images also `"bicubic"`. Default: `"nearest"`.
 * @param expand Whether the result is large enough to hold all of the picture; meant for turns around the middle. Default: false.
 * @param center [x, y] of the fixed point from the upper left corner. Default: the middle.
 * @param fill The color outside, a number or one for each channel. Default: 0.
 * @see torchvision.transforms.functional.rotate
 * @throws ArgumentError for a mode that cannot be had, ValueError for a center or fill of another length.
 * @example functional.rotate(image, 30, { expand: true });
 */
export const rotate = overloaded(
  "rotate",
  "img, angle, interpolation?, expand?, center?, fill?",
  <T extends Picture>(
    img: T,
    angle: number,
    interpolation: InterpolationMode = "nearest",
    expand = false,
    center?: readonly number[] | null,
    fill?: Fill | null,
  ): T => {
    checkPicture("rotate", img);
    checkFinite("rotate", "angle", angle);
    checkFlag("rotate", "expand", expand);
    const mode = checkInterpolation("rotate", interpolation);
    const point = center == null ? undefined : checkNumberList("rotate", "center", center, [2]);
    if (img instanceof Image) {
      const ink = inkOf("rotate", img, checkFillValue("rotate", fill ?? 0));
      return rotateImage("rotate", img, angle, mode, expand, point, ink) as T;
    }
    const sampled = checkGridMode("rotate", mode);
    const matrix = inverseAffine(fromMiddle(point, img), -angle, [0, 0], 1, [0, 0]);
    const [, h, w] = dimensionsOf(img);
    const grid = affineGrid(img, matrix, expand ? affineOutputSize(matrix, w, h) : [w, h]);
    return sampleGrid("rotate", img, grid, sampled, gridFill("rotate", fill)) as T;
  },
);

/** @throws ValueError for NaN and infinities. */
function checkFinite(op: string, name: string, value: unknown): number {
  assertNumber(op, name, value);
  if (!Number.isFinite(value)) throw new ValueError(`${op}: ${name} must be finite, got ${value}`);
  return value;
}

/** [along x, along y] in degrees. */
function checkShear(op: string, shear: unknown): number[] {
  if (typeof shear === "number") return [checkFinite(op, "shear", shear), 0];
  if (!Array.isArray(shear))
    throw new ArgumentError(
      `${op}: Shear should be either a single value or a sequence of two values, got ${describe(shear)}`,
    );
  const values = shear.map((value, i) => checkFinite(op, `shear[${i}]`, value));
  if (values.length !== 1 && values.length !== 2)
    throw new ValueError(`${op}: Shear should be a sequence containing two values. Got ${describe(shear)}`);
  return values.length === 1 ? [values[0]!, values[0]!] : values;
}

/**
 * The picture turned, sheared, scaled and moved.
 * @param angle In degrees, clockwise.
 * @param translate [x, y] in pixels.
 * @param scale A factor.
 * @param shear In degrees, along x or [along x, along y].
 * @param interpolation `"nearest"` or `"bilinear"`, of Images also `"bicubic"`. Default: `"nearest"`.
 * @param fill The color outside, a number or one for each channel. Default: 0.
 * @param center [x, y] of the fixed point of turn and shear from the upper left corner. Default: the middle.
 * @see torchvision.transforms.functional.affine
 * @throws ValueError for a scale that is not positive, and for lists of other lengths.
 * @example functional.affine(image, 30, [4, 0], 1.2, 0, "bilinear");
 */
export const affine = overloaded(
  "affine",
  "img, angle, translate, scale, shear, interpolation?, fill?, center?",
  <T extends Picture>(
    img: T,
    angle: number,
    translate: readonly number[],
    scale: number,
    shear: Shear,
    interpolation: InterpolationMode = "nearest",
    fill?: Fill | null,
    center?: readonly number[] | null,
  ): T => {
    checkPicture("affine", img);
    checkFinite("affine", "angle", angle);
    const move = checkNumberList("affine", "translate", translate, [2]);
    if (!(checkFinite("affine", "scale", scale) > 0))
      throw new ValueError(`affine: Argument scale should be positive, got ${scale}`);
    const shears = checkShear("affine", shear);
    const mode = checkInterpolation("affine", interpolation);
    const point = center == null ? undefined : checkNumberList("affine", "center", center, [2]);
    if (img instanceof Image) {
      const matrix = inverseAffine(point ?? [img.width * 0.5, img.height * 0.5], angle, move, scale, shears);
      const ink = inkOf("affine", img, checkFillValue("affine", fill ?? 0));
      return transformImage("affine", img, [img.width, img.height], matrix, mode, ink) as T;
    }
    const sampled = checkGridMode("affine", mode);
    const matrix = inverseAffine(fromMiddle(point, img), angle, move, scale, shears);
    const [, h, w] = dimensionsOf(img);
    return sampleGrid("affine", img, affineGrid(img, matrix, [w, h]), sampled, gridFill("affine", fill)) as T;
  },
);

/** Options of {@link perspective} and {@link elasticTransform}. */
export interface WarpOptions {
  /** `"nearest"` or `"bilinear"`, of Images seen in perspective also `"bicubic"`. Default: `"bilinear"`. */
  interpolation?: InterpolationMode;
  /** The color outside, a number or one for each channel. Default: 0. */
  fill?: Fill | null;
}

/** Four points [x, y]: top left, top right, bottom right, bottom left. */
export type Corners = readonly (readonly number[])[];

function checkCorners(op: string, name: string, corners: unknown): number[][] {
  const list = checkArray(op, name, corners, "four points [x, y]");
  if (list.length !== 4) throw new ValueError(`${op}: ${name} must be four points [x, y], got ${list.length}`);
  return list.map((point, i) => checkNumberList(op, `${name}[${i}]`, point, [2]));
}

/**
 * The picture as if its corners at `startpoints` were pulled to `endpoints`.
 * @param startpoints Four points [x, y]: top left, top right, bottom right, bottom left.
 * @param endpoints Where they go.
 * @see torchvision.transforms.functional.perspective
 * @throws ValueError unless four points are given, or if no perspective moves them so.
 */
export const perspective = overloaded(
  "perspective",
  "img, startpoints, endpoints; interpolation, fill",
  <T extends Picture>(img: T, startpoints: Corners, endpoints: Corners, options: WarpOptions = {}): T => {
    checkPicture("perspective", img);
    const from = checkCorners("perspective", "startpoints", startpoints);
    const to = checkCorners("perspective", "endpoints", endpoints);
    const mode = checkInterpolation("perspective", options.interpolation ?? "bilinear");
    const coefficients = perspectiveCoefficients("perspective", from, to);
    if (img instanceof Image) {
      const ink = inkOf("perspective", img, checkFillValue("perspective", options.fill ?? 0));
      return transformImage("perspective", img, [img.width, img.height], coefficients, mode, ink) as T;
    }
    const sampled = checkGridMode("perspective", mode);
    const grid = perspectiveGrid(img, coefficients);
    return sampleGrid("perspective", img, grid, sampled, gridFill("perspective", options.fill)) as T;
  },
);

/** The grid that moves nothing, of shape [1, height, width, 2]. */
function identityGrid(height: number, width: number): Tensor {
  const [y, x] = [height, width].map((n) => linspace((-n + 1) / n, (n - 1) / n, n)) as [Tensor, Tensor];
  const [gridY, gridX] = meshgrid(y, x, { indexing: "ij" }) as [Tensor, Tensor];
  return stack([gridX, gridY], -1).unsqueeze(0);
}

/**
 * The picture bent: each pixel is taken from a place moved by `displacement`.
 * @param displacement Of shape [1, height, width, 2], (x, y) in units of half the picture.
 * @see torchvision.transforms.functional.elastic_transform
 * @throws ArgumentError unless it is a tensor, ShapeError for another shape.
 */
export const elasticTransform = overloaded(
  "elasticTransform",
  "img, displacement; interpolation, fill",
  <T extends Picture>(img: T, displacement: Tensor, options: WarpOptions = {}): T => {
    checkPicture("elasticTransform", img);
    if (!(displacement instanceof Tensor))
      throw new ArgumentError(
        `elasticTransform: Argument displacement should be a Tensor, got ${describe(displacement)}`,
      );
    checkTensor("elasticTransform", displacement, "displacement");
    const mode = checkGridMode(
      "elasticTransform",
      checkInterpolation("elasticTransform", options.interpolation ?? "bilinear"),
    );
    const [, h, w] = dimensionsOf(img);
    if (!sameShape(displacement.shape, [1, h, w, 2]))
      throw new ShapeError(
        `elasticTransform: Argument displacement shape should be (1, ${h}, ${w}, 2), but given ${shapeText(displacement.shape)}`,
      );
    const grid = identityGrid(h, w).add(displacement.to("cpu"));
    const bend = (x: Tensor): Tensor =>
      sampleGrid("elasticTransform", x, grid, mode, gridFill("elasticTransform", options.fill));
    return (img instanceof Image ? fromPlanes(bend(toPlanes(img)), img) : bend(img)) as T;
  },
);
