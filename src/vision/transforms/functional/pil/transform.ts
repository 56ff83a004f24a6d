/** Pictures seen through an affine or a projective map, value for value as PIL's `Image.transform`. */
import { ArgumentError } from "../../../../core/errors";
import type { Image, ImageSamples } from "../../../image";
import type { InterpolationMode } from "../interpolation";
import { mixing } from "./alpha";
import { inked, quarterTurns } from "./arrange";
import { checkPixels, imageLike, isNominal, samples } from "./samples";

/** a … f of x' = a x + b y + c, y' = d x + e y + f, from places of the result to those of the source. */
export type Affine = readonly number[];

/** Puts the pixel of `img` at (x, y), if there is one, at sample `at` of `out`. */
function copyPixel(out: ImageSamples, at: number, img: Image, x: number, y: number): void {
  const { width, height, bands, data } = img;
  if (!(x >= 0 && x < width && y >= 0 && y < height)) return;
  const from = (y * width + x) * bands;
  for (let band = 0; band < bands; band++) out[at + band] = data[from + band]!;
}

/** The integer part of a place, −1 before the first. */
const place = (v: number): number => (v < 0 ? -1 : Math.trunc(v));

/** Rows and columns that stay rows and columns. The places are sums of steps, with the roundings of those. */
function scaleNearest(img: Image, width: number, height: number, a: Affine, out: ImageSamples): void {
  const columns = new Float64Array(width);
  for (let x = 0, at = a[2]! + a[0]! * 0.5; x < width; x++, at += a[0]!) columns[x] = place(at);
  let yo = a[5]! + a[4]! * 0.5;
  for (let y = 0, at = 0; y < height; y++, yo += a[4]!) {
    const row = place(yo);
    for (let x = 0; x < width; x++, at += img.bands) copyPixel(out, at, img, columns[x]!, row);
  }
}

/** A number of 16 bits after the point. */
const fix = (v: number): number => Math.floor(v * 65536 + 0.5) | 0;

/** Any affine map, in steps of 1/65536 of a pixel. */
function fixedNearest(img: Image, width: number, height: number, a: Affine, out: ImageSamples): void {
  const [a0, a1, a3, a4] = [fix(a[0]!), fix(a[1]!), fix(a[3]!), fix(a[4]!)];
  let rowX = fix(a[2]! + a[0]! * 0.5 + a[1]! * 0.5);
  let rowY = fix(a[5]! + a[3]! * 0.5 + a[4]! * 0.5);
  for (let y = 0, at = 0; y < height; y++) {
    let [xx, yy] = [rowX, rowY];
    for (let x = 0; x < width; x++, at += img.bands) {
      copyPixel(out, at, img, xx >> 16, yy >> 16);
      xx = (xx + a0) | 0;
      yy = (yy + a3) | 0;
    }
    rowX = (rowX + a1) | 0;
    rowY = (rowY + a4) | 0;
  }
}

/** Any affine map of pictures too large for {@link fixedNearest}. */
function floatNearest(img: Image, width: number, height: number, a: Affine, out: ImageSamples): void {
  let xo = a[2]! + a[1]! * 0.5 + a[0]! * 0.5;
  let yo = a[5]! + a[4]! * 0.5 + a[3]! * 0.5;
  for (let y = 0, at = 0; y < height; y++, xo += a[1]!, yo += a[4]!)
    for (let x = 0, xx = xo, yy = yo; x < width; x++, at += img.bands, xx += a[0]!, yy += a[3]!)
      copyPixel(out, at, img, place(xx), place(yy));
}

function fitsFixed(a: Affine, x: number, y: number): boolean {
  return Math.abs(x * a[0]! + y * a[1]! + a[2]!) < 32768 && Math.abs(x * a[3]! + y * a[4]! + a[5]!) < 32768;
}

/** Takes the nearest pixel for each of `out`, whose pixels stay where the source has none. */
export function affineNearest(img: Image, width: number, height: number, a: Affine, out: ImageSamples): Image {
  if (img.mode === "I;16") generic(img, width, height, [...a, 0, 0], nearest, out);
  else if (a[1] === 0 && a[3] === 0) scaleNearest(img, width, height, a, out);
  else if ([0, width].every((x) => fitsFixed(a, x, 0) && fitsFixed(a, x, height)))
    fixedNearest(img, width, height, a, out);
  else floatNearest(img, width, height, a, out);
  return imageLike(img, width, height, out);
}

/** Writes the value of `img` at (x, y), if that lies in it, from sample `at` of `out` on. */
type Sampler = (out: ImageSamples, at: number, img: Image, x: number, y: number) => void;

const nearest: Sampler = (out, at, img, x, y) => copyPixel(out, at, img, place(x), place(y));

const clamp = (at: number, size: number): number => (at < 0 ? 0 : at < size ? at : size - 1);

/** Writes a mean of samples, which bytes hold truncated. */
function store(out: ImageSamples, at: number, value: number): void {
  if (out instanceof Float32Array || out instanceof Int32Array) out[at] = value;
  else out[at] = Math.max(0, Math.min(out instanceof Uint8Array ? 255 : 65535, value));
}

const bilinear: Sampler = (out, at, { width, height, bands, data }, xin, yin) => {
  if (!(xin >= 0 && xin < width && yin >= 0 && yin < height)) return;
  const x = Math.floor(xin - 0.5);
  const y = Math.floor(yin - 0.5);
  const dx = xin - 0.5 - x;
  const dy = yin - 0.5 - y;
  const left = clamp(x, width) * bands;
  const right = clamp(x + 1, width) * bands;
  const upper = clamp(y, height) * width * bands;
  const lower = clamp(y + 1, height) * width * bands;
  for (let band = 0; band < bands; band++) {
    const a = data[upper + left + band]!;
    const b = data[lower + left + band]!;
    const v1 = a + (data[upper + right + band]! - a) * dx;
    const v2 = b + (data[lower + right + band]! - b) * dx;
    store(out, at + band, v1 + (v2 - v1) * dy);
  }
};

function cubic(v1: number, v2: number, v3: number, v4: number, d: number): number {
  const p2 = -v1 + v3;
  const p3 = 2 * (v1 - v2) + v3 - v4;
  const p4 = -v1 + v2 - v3 + v4;
  return v2 + d * (p2 + d * (p3 + d * p4));
}

const bicubic: Sampler = (out, at, { width, height, bands, data }, xin, yin) => {
  if (!(xin >= 0 && xin < width && yin >= 0 && yin < height)) return;
  const x = Math.floor(xin - 0.5);
  const y = Math.floor(yin - 0.5);
  const dx = xin - 0.5 - x;
  const dy = yin - 0.5 - y;
  const c0 = clamp(x - 1, width) * bands;
  const c1 = clamp(x, width) * bands;
  const c2 = clamp(x + 1, width) * bands;
  const c3 = clamp(x + 2, width) * bands;
  for (let band = 0; band < bands; band++) {
    const row = (at: number): number => {
      const from = clamp(at, height) * width * bands + band;
      return cubic(data[from + c0]!, data[from + c1]!, data[from + c2]!, data[from + c3]!, dx);
    };
    store(out, at + band, cubic(row(y - 1), row(y), row(y + 1), row(y + 2), dy));
  }
};

/** Samples `img` for each pixel of `out`: at ((a x + b y + c) / w, (d x + e y + f) / w) with w = g x + h y + 1. */
function generic(img: Image, width: number, height: number, a: readonly number[], sample: Sampler, out: ImageSamples) {
  const [a0, a1, a2, a3, a4, a5, a6, a7] = a as unknown as Float64Array;
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += img.bands) {
      const xin = x + 0.5;
      const yin = y + 0.5;
      const w = a6! * xin + a7! * yin + 1;
      sample(out, at, img, (a0! * xin + a1! * yin + a2!) / w, (a3! * xin + a4! * yin + a5!) / w);
    }
}

/** Filters that have no stretched form. */
function samplerOf(op: string, mode: InterpolationMode): Sampler {
  if (mode === "bilinear") return bilinear;
  if (mode === "bicubic") return bicubic;
  if (mode === "nearest") return nearest;
  throw new ArgumentError(
    `${op}: interpolation "${mode}" cannot be used with an Image here. Use "nearest", "bilinear" or "bicubic"`,
  );
}

/**
 * A picture of `width`×`height` pixels whose pixels are those of `img` at the places that six (affine) or eight (projective) coefficients give, and
 * `ink` where `img` has none. @see PIL.Image.Image.transform
 */
export function transformImage(
  op: string,
  img: Image,
  [width, height]: readonly [number, number],
  coefficients: readonly number[],
  mode: InterpolationMode,
  ink: readonly number[],
): Image {
  checkPixels(op, width, height);
  const sampler = samplerOf(op, mode);
  const canvas = () => inked(samples(img.mode, width * height * img.bands), ink);
  if (sampler === nearest || isNominal(img.mode)) {
    if (coefficients.length === 6) return affineNearest(img, width, height, coefficients, canvas());
    const out = canvas();
    generic(img, width, height, coefficients, nearest, out);
    return imageLike(img, width, height, out);
  }
  return mixing(img, (picture) => {
    const out = canvas();
    generic(picture, width, height, coefficients.length === 6 ? [...coefficients, 0, 0] : coefficients, sampler, out);
    return imageLike(img, width, height, out);
  });
}

const apply = ([a, b, c, d, e, f]: Affine, x: number, y: number): [number, number] => [
  a! * x + b! * y + c!,
  d! * x + e! * y + f!,
];

/** Fifteen digits after the point, so that quarter turns have no dirt. */
const rounded = (x: number): number => Number(x.toFixed(15));

/** The map of a turn by `degrees` counter-clockwise around (cx, cy), from the result to the source. */
function rotation(degrees: number, cx: number, cy: number): number[] {
  const angle = -degrees * (Math.PI / 180);
  const matrix = [
    rounded(Math.cos(angle)),
    rounded(Math.sin(angle)),
    0,
    rounded(-Math.sin(angle)),
    rounded(Math.cos(angle)),
    0,
  ];
  const [x, y] = apply(matrix, -cx, -cy);
  return matrix.with(2, x + cx).with(5, y + cy);
}

/** The size of a picture that holds the whole of a turned one, and the map moved to its middle. */
function expanded(matrix: readonly number[], w: number, h: number): [width: number, height: number, matrix: number[]] {
  const corners = [
    [0, 0],
    [w, 0],
    [w, h],
    [0, h],
  ].map(([x, y]) => apply(matrix, x!, y!));
  const span = (axis: 0 | 1): number => {
    const places = corners.map((corner) => corner[axis]);
    return Math.ceil(Math.max(...places)) - Math.floor(Math.min(...places));
  };
  const [width, height] = [span(0), span(1)];
  const [x, y] = apply(matrix, -(width - w) / 2, -(height - h) / 2);
  return [width, height, matrix.with(2, x).with(5, y)];
}

/** The picture turned by `degrees` counter-clockwise. @see PIL.Image.Image.rotate */
export function rotateImage(
  op: string,
  img: Image,
  degrees: number,
  mode: InterpolationMode,
  expand: boolean,
  center: readonly number[] | undefined,
  ink: readonly number[],
): Image {
  const rest = degrees % 360;
  const angle = rest < 0 ? rest + 360 : rest;
  const { width, height } = img;
  if (center === undefined) {
    if (angle === 0) return img;
    if (angle === 180) return quarterTurns(img, 2);
    if ((angle === 90 || angle === 270) && (expand || width === height)) return quarterTurns(img, angle === 90 ? 1 : 3);
  }
  const [cx, cy] = center ?? [width / 2, height / 2];
  const matrix = rotation(angle, cx!, cy!);
  const [w, h, moved] = expand ? expanded(matrix, width, height) : [width, height, matrix];
  return transformImage(op, img, [w, h], moved, mode, ink);
}
