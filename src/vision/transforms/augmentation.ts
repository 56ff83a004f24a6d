/** The operations from which AutoAugment, RandAugment, TrivialAugment and AugMix choose, and their magnitudes. */
import { drawInt } from "./draws";
import type { Fill } from "./functional/arguments";
import { adjustBrightness, adjustContrast, adjustSaturation, adjustSharpness } from "./functional/color";
import { roundHalfEven } from "./functional/geometry";
import type { InterpolationMode } from "./functional/interpolation";
import { autocontrast, equalize, invert, posterize, solarize } from "./functional/tone";
import { affine, rotate } from "./functional/warp";
import type { Picture } from "./transform";

/** How operations that move pixels find values. */
export interface Sampling {
  readonly interpolation: InterpolationMode;
  readonly fill: Fill | null;
}

type Operation = (img: Picture, magnitude: number, how: Sampling) => Picture;

const degrees = (slope: number): number => (Math.atan(slope) * 180) / Math.PI;

const sheared = (img: Picture, shear: [number, number], { interpolation, fill }: Sampling): Picture =>
  affine(img, 0, [0, 0], 1, shear, interpolation, fill, [0, 0]);

const moved = (img: Picture, by: [number, number], { interpolation, fill }: Sampling): Picture =>
  affine(img, 0, by, 1, [0, 0], interpolation, fill);

const operations: Readonly<Record<string, Operation>> = {
  Identity: (img) => img,
  ShearX: (img, magnitude, how) => sheared(img, [degrees(magnitude), 0], how),
  ShearY: (img, magnitude, how) => sheared(img, [0, degrees(magnitude)], how),
  TranslateX: (img, magnitude, how) => moved(img, [Math.trunc(magnitude), 0], how),
  TranslateY: (img, magnitude, how) => moved(img, [0, Math.trunc(magnitude)], how),
  Rotate: (img, magnitude, { interpolation, fill }) => rotate(img, magnitude, interpolation, false, null, fill),
  Brightness: (img, magnitude) => adjustBrightness(img, 1 + magnitude),
  Color: (img, magnitude) => adjustSaturation(img, 1 + magnitude),
  Contrast: (img, magnitude) => adjustContrast(img, 1 + magnitude),
  Sharpness: (img, magnitude) => adjustSharpness(img, 1 + magnitude),
  Posterize: (img, magnitude) => posterize(img, Math.trunc(magnitude)),
  Solarize: (img, magnitude) => solarize(img, magnitude),
  AutoContrast: (img) => autocontrast(img),
  Equalize: (img) => equalize(img),
  Invert: (img) => invert(img),
};

/** Does the operation of a name. */
export const operate = (name: string, img: Picture, magnitude: number, how: Sampling): Picture =>
  operations[name]!(img, magnitude, how);

/** The magnitudes of an operation, of which one is chosen, and whether its sign is drawn too; no magnitudes: it has none. */
export interface Magnitudes {
  readonly values: ArrayLike<number> | undefined;
  readonly isSigned: boolean;
}

/** Operations by name, in torchvision's order, by which they are drawn. */
export type Space = ReadonlyMap<string, Magnitudes>;

const { fround } = Math;

/** Numbers as `torch.linspace` computes them in float32: in blocks of 8 of an even number of whole blocks, the rest one by one. */
export function evenly(start: number, end: number, count: number): Float32Array {
  const [from, to] = [fround(start), fround(end)];
  const step = fround(fround(to - from) / (count - 1));
  const half = count >> 1;
  const at = (i: number): number => fround(i < half ? from + step * i : to - step * (count - 1 - i));
  const whole = count - (count % 16);
  return Float32Array.from({ length: count }, (_, i) => {
    if (i >= whole) return at(i);
    return at(i - (i % 8)) + fround(step * (i % 8));
  });
}

/** Fewer bits with each step, `lost` fewer at the end. */
const bits = (count: number, most: number, lost: number): number[] =>
  Array.from({ length: count }, (_, i) => most - roundHalfEven(fround(i / fround((count - 1) / lost))));

/** The largest magnitudes of a method. */
export interface Limits {
  readonly shear: number;
  readonly moveX: number;
  readonly moveY: number;
  readonly degrees: number;
  readonly color: number;
  /** Bits that are kept by the least of posterizing, and how many fewer by the most. */
  readonly bits: readonly [most: number, lost: number];
}

const none: Magnitudes = { values: undefined, isSigned: false };

type Entry = readonly [name: string, magnitudes: Magnitudes];

/** Operations that move pixels. */
export function moves(count: number, limits: Limits): Entry[] {
  const signed = (limit: number): Magnitudes => ({ values: evenly(0, limit, count), isSigned: true });
  return [
    ["ShearX", signed(limits.shear)],
    ["ShearY", signed(limits.shear)],
    ["TranslateX", signed(limits.moveX)],
    ["TranslateY", signed(limits.moveY)],
    ["Rotate", signed(limits.degrees)],
  ];
}

/** Operations on colors. */
export function colors(count: number, limits: Limits): Entry[] {
  const signed: Magnitudes = { values: evenly(0, limits.color, count), isSigned: true };
  return ["Brightness", "Color", "Contrast", "Sharpness"].map((name) => [name, signed] as const);
}

/** Operations on tones. */
export function tones(count: number, limits: Limits): Entry[] {
  return [
    ["Posterize", { values: bits(count, ...limits.bits), isSigned: false }],
    ["Solarize", { values: evenly(255, 0, count), isSigned: false }],
    ["AutoContrast", none],
    ["Equalize", none],
  ];
}

/** An operation that leaves the picture as it is. */
export const identity: Entry = ["Identity", none];

/** The negative. */
export const inversion: Entry = ["Invert", none];

/** Draws an operation, then its magnitude by `choose`, then its sign. */
export function drawOperation(
  space: Space,
  choose: (values: ArrayLike<number>) => number,
): [name: string, magnitude: number] {
  const [name, { values, isSigned }] = [...space][drawInt(0, space.size)]!;
  const magnitude = values === undefined ? 0 : choose(values);
  return [name, isSigned && drawInt(0, 2) === 1 ? -magnitude : magnitude];
}
