/**
 * Pictures of other sizes, value for value as PIL's: convolution with a filter as wide as a pixel of the smaller picture, first along rows, then along
 * columns; 8-bit samples with weights of 22 bits, rounded between the passes.
 */
import type { Image, ImageSamples } from "../../../image";
import type { InterpolationMode } from "../interpolation";
import { mixing } from "./alpha";
import { checkPixels, imageLike, isNominal, samples } from "./samples";
import { affineNearest } from "./transform";

interface Filter {
  /** How far from its centre a filter reaches. */
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

/** What each output position of an axis is made of: `counts[i]` inputs from `starts[i]`, with the weights from `i * width`. */
interface Taps {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly width: number;
  readonly weights: Float64Array;
}

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
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - reach + 0.5));
    const count = Math.min(input, Math.trunc(centre + reach + 0.5)) - start;
    taps.starts[i] = start;
    taps.counts[i] = count;
    const row = taps.weights.subarray(i * width, i * width + count);
    let sum = 0;
    for (let k = 0; k < count; k++) sum += row[k] = weight((k + start - centre + 0.5) * (1 / stretch));
    if (sum !== 0) for (let k = 0; k < count; k++) row[k]! /= sum;
  }
  return taps;
}

/** Bits of the weights of 8-bit samples after the point: the sums fit into 32. */
const BITS = 22;

function fixed({ weights }: Taps): Int32Array {
  const result = new Int32Array(weights.length);
  for (let i = 0; i < result.length; i++) {
    const w = weights[i]!;
    result[i] = Math.trunc((w < 0 ? -0.5 : 0.5) + w * (1 << BITS));
  }
  return result;
}

const clip8 = (sum: number): number => {
  const value = sum >> BITS;
  return value < 0 ? 0 : Math.min(value, 255);
};

/** Rounds half away from zero. */
const roundUp = (x: number): number => Math.trunc(x >= 0 ? x + 0.5 : x - 0.5);

/** Writes a sum of samples that are no bytes. */
function store(out: ImageSamples, at: number, sum: number): void {
  if (out instanceof Float32Array) out[at] = sum;
  else out[at] = out instanceof Uint16Array ? Math.min(65535, Math.max(0, roundUp(sum))) : roundUp(sum);
}

/** {@link rows8} of three bands. */
function colourRows8({ width, height, data }: Image, taps: Taps, out: Uint8Array): void {
  const values = data as Uint8Array;
  const weights = fixed(taps);
  const { starts, counts } = taps;
  const half = 1 << (BITS - 1);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < starts.length; x++, at += 3) {
      let [r, g, b] = [half, half, half];
      let i = (y * width + starts[x]!) * 3;
      for (let w = x * taps.width, end = w + counts[x]!; w < end; w++, i += 3) {
        const weight = weights[w]!;
        r = (r + Math.imul(values[i]!, weight)) | 0;
        g = (g + Math.imul(values[i + 1]!, weight)) | 0;
        b = (b + Math.imul(values[i + 2]!, weight)) | 0;
      }
      out[at] = clip8(r);
      out[at + 1] = clip8(g);
      out[at + 2] = clip8(b);
    }
}

function rows8(img: Image, taps: Taps, out: Uint8Array): void {
  const weights = fixed(taps);
  if (img.bands === 3) rowsOfThree(img, taps, weights, out);
  else rowsOfAny(img, taps, weights, out);
}

function rowsOfAny(img: Image, taps: Taps, weights: Int32Array, out: Uint8Array): void {
  const { width, height, bands } = img;
  const data = img.data as Uint8Array;
  const n = taps.starts.length;
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < n; x++) {
      const from = (y * width + taps.starts[x]!) * bands;
      const count = taps.counts[x]!;
      for (let band = 0; band < bands; band++) {
        let sum = 1 << (BITS - 1);
        for (let k = 0, w = x * taps.width, i = from + band; k < count; k++, i += bands)
          sum = (sum + Math.imul(data[i]!, weights[w + k]!)) | 0;
        out[at++] = clip8(sum);
      }
    }
}

/** {@link rowsOfAny} where there are three bands, as in most pictures: each weight is read once. */
function rowsOfThree(img: Image, { starts, counts, width }: Taps, weights: Int32Array, out: Uint8Array): void {
  const data = img.data as Uint8Array;
  const half = 1 << (BITS - 1);
  for (let y = 0, at = 0; y < img.height; y++)
    for (let x = 0; x < starts.length; x++, at += 3) {
      let [a, b, c] = [half, half, half];
      const end = x * width + counts[x]!;
      for (let k = x * width, i = (y * img.width + starts[x]!) * 3; k < end; k++, i += 3) {
        const weight = weights[k]!;
        a = (a + Math.imul(data[i]!, weight)) | 0;
        b = (b + Math.imul(data[i + 1]!, weight)) | 0;
        c = (c + Math.imul(data[i + 2]!, weight)) | 0;
      }
      out[at] = clip8(a);
      out[at + 1] = clip8(b);
      out[at + 2] = clip8(c);
    }
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

function columns8(img: Image, taps: Taps, out: Uint8Array): void {
  const row = img.width * img.bands;
  const data = img.data as Uint8Array;
  const weights = fixed(taps);
  const sums = new Int32Array(row);
  for (let y = 0; y < taps.starts.length; y++) {
    sums.fill(1 << (BITS - 1));
    for (let k = 0; k < taps.counts[y]!; k++) {
      const weight = weights[y * taps.width + k]!;
      const from = (taps.starts[y]! + k) * row;
      for (let i = 0; i < row; i++) sums[i] = (sums[i]! + Math.imul(data[from + i]!, weight)) | 0;
    }
    for (let i = 0, at = y * row; i < row; i++) out[at + i] = clip8(sums[i]!);
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

function resample(img: Image, width: number, height: number, filter: Filter): Image {
  let result = img;
  if (width !== img.width) {
    const out = samples(img.mode, width * img.height * img.bands);
    const taps = tapsOf(img.width, width, filter);
    if (out instanceof Uint8Array) (img.bands === 3 ? colourRows8 : rows8)(img, taps, out);
    else rowsWide(img, taps, out);
    result = imageLike(img, width, img.height, out);
  }
  if (height === img.height) return result;
  const out = samples(img.mode, width * height * img.bands);
  const taps = tapsOf(img.height, height, filter);
  if (out instanceof Uint8Array) columns8(result, taps, out);
  else columnsWide(result, taps, out);
  return imageLike(img, width, height, out);
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
