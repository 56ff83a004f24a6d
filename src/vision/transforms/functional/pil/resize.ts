/**
 * Pictures of other sizes, value for value as PIL's: convolution with a filter as wide as a pixel of the smaller picture, first along rows, then along
 * columns; 8-bit samples with weights of 22 bits, rounded between the passes.
 */
import type { Image, ImageSamples } from "../../../image";
import type { InterpolationMode } from "../interpolation";
import { mixing } from "./alpha";
import { resampledBytes, type Taps } from "./resample";
import { checkPixels, imageLike, isNominal, samples } from "./samples";
import { affineNearest } from "./transform";

interface Filter {
  /** How far from its center a filter reaches. */
  readonly support: number;
  readonly weight: (x: number) => number;
}

function hamming(at: number): number {
  if (at === 0) return 1;
  const x = Math.abs(at) * Math.PI;
  return Math.abs(at) >= 1 ? 0 : (Math.sin(x) / x) * (Math.fround(0.54) + Math.fround(0.46) * Math.cos(x));
}

function bicubic(at: number): number {
  const x = Math.abs(at);
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

function sinc(at: number): number {
  const x = at * Math.PI;
  return at === 0 ? 1 : Math.sin(x) / x;
}

const filters: Readonly<Record<Exclude<InterpolationMode, "nearest">, Filter>> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: hamming },
  bicubic: { support: 2, weight: bicubic },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

function tapsOf(input: number, output: number, { support, weight }: Filter): Taps {
  const scale = input / output;
  const stretch = Math.max(1, scale);
  const reach = support * stretch;
  const width = Math.ceil(reach) * 2 + 1;
  const taps = {
    starts: new Int32Array(output),
    counts: new Int32Array(output),
    width,
    weights: new Float64Array(output * width),
  };
  for (let i = 0; i < output; i++) {
    const center = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - reach + 0.5));
    const count = Math.min(input, Math.trunc(center + reach + 0.5)) - start;
    taps.starts[i] = start;
    taps.counts[i] = count;
    const row = taps.weights.subarray(i * width, i * width + count);
    let sum = 0;
    for (let k = 0; k < count; k++) sum += row[k] = weight((k + start - center + 0.5) * (1 / stretch));
    if (sum !== 0) for (let k = 0; k < count; k++) row[k]! /= sum;
  }
  return taps;
}

/** Rounds half away from zero. */
const roundUp = (x: number): number => Math.trunc(x >= 0 ? x + 0.5 : x - 0.5);

/** Writes a sum of samples that are no bytes. */
function store(out: ImageSamples, at: number, sum: number): void {
  if (out instanceof Float32Array) out[at] = sum;
  else out[at] = out instanceof Uint16Array ? Math.min(65535, Math.max(0, roundUp(sum))) : roundUp(sum);
}

function rowsWide({ width, height, data }: Image, taps: Taps, out: ImageSamples): void {
  const n = taps.starts.length;
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < n; x++) {
      const from = y * width + taps.starts[x]!;
      let sum = 0;
      for (let k = 0; k < taps.counts[x]!; k++) sum += data[from + k]! * taps.weights[x * taps.width + k]!;
      store(out, at++, sum);
    }
}

function columnsWide({ width, data }: Image, taps: Taps, out: ImageSamples): void {
  for (let y = 0, at = 0; y < taps.starts.length; y++)
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < taps.counts[y]!; k++)
        sum += data[(taps.starts[y]! + k) * width + x]! * taps.weights[y * taps.width + k]!;
      store(out, at++, sum);
    }
}

function resampleWide(img: Image, width: number, height: number, filter: Filter): Image {
  let result = img;
  if (width !== img.width) {
    const out = samples(img.mode, width * img.height);
    rowsWide(img, tapsOf(img.width, width, filter), out);
    result = imageLike(img, width, img.height, out);
  }
  if (height === img.height) return result;
  const out = samples(img.mode, width * height);
  columnsWide(result, tapsOf(img.height, height, filter), out);
  return imageLike(img, width, height, out);
}

function resample(img: Image, width: number, height: number, filter: Filter): Image {
  if (!(img.data instanceof Uint8Array)) return resampleWide(img, width, height, filter);
  const along = width === img.width ? undefined : tapsOf(img.width, width, filter);
  const down = height === img.height ? undefined : tapsOf(img.height, height, filter);
  return imageLike(img, width, height, resampledBytes(img, along, down));
}

/** The picture at another size. Pictures with a palette and black and white ones take the nearest pixel, whatever the filter. @see PIL.Image.Image.resize */
export function resizeImage(op: string, img: Image, width: number, height: number, mode: InterpolationMode): Image {
  checkPixels(op, width, height);
  if (width === img.width && height === img.height) return img;
  if (mode !== "nearest" && !isNominal(img.mode))
    return mixing(img, (picture) => resample(picture, width, height, filters[mode]));
  const matrix = [img.width / width, 0, 0, 0, img.height / height, 0];
  return affineNearest(img, width, height, matrix, samples(img.mode, width * height * img.bands));
}
