/** Brightness, contrast, color and sharpness of pictures: each a blend of the picture with a poorer one. @see PIL.ImageEnhance */
import type { Image } from "../../../image";
import { luma, picture, toGray, toRgb, wrongMode } from "./convert";

/** The samples of a picture that can be blended. @throws ValueError for modes of other than 8 bits and palettes. */
function samplesOf(op: string, image: Image): Uint8Array {
  if (!(image.data instanceof Uint8Array) || image.mode === "1" || image.mode === "P") throw wrongMode(op, image);
  return image.data;
}

/** The place of alpha among the samples of a pixel, or −1. */
const alphaOf = ({ mode }: Image): number => (mode === "LA" ? 1 : mode === "RGBA" ? 3 : -1);

/** `poor + factor · (rich − poor)` in float32, cut off to 8 bits. @see PIL.Image.blend */
function blend(image: Image, poor: Uint8Array, rich: Uint8Array, given: number): Image {
  const factor = Math.fround(given);
  const out = new Uint8Array(rich.length);
  for (let i = 0; i < out.length; i++) {
    const from = poor[i]!;
    const value = Math.fround(from + Math.fround(factor * (rich[i]! - from)));
    out[i] = Math.min(Math.max(value, 0), 255);
  }
  return picture(image, image.mode, out);
}

/** A poorer picture of one color, whose alpha is that of the picture. */
function uniform(image: Image, samples: Uint8Array, color: readonly number[]): Uint8Array {
  const out = new Uint8Array(samples.length);
  const { bands } = image;
  const alpha = alphaOf(image);
  for (let band = 0; band < bands; band++) {
    if (band === alpha) for (let i = band; i < out.length; i += bands) out[i] = samples[i]!;
    else if (color[band] !== 0) for (let i = band; i < out.length; i += bands) out[i] = color[band]!;
  }
  return out;
}

/** Gray in the samples of a mode. */
const grayIn = ({ mode }: Image, gray: number): number[] =>
  mode === "CMYK" ? [0, 0, 0, 255 - gray] : [gray, gray, gray, 255];

/** @see PIL.ImageEnhance.Brightness */
export function brightness(op: string, image: Image, factor: number): Image {
  const samples = samplesOf(op, image);
  return blend(image, uniform(image, samples, [0, 0, 0, 0]), samples, factor);
}

/** @see PIL.ImageEnhance.Contrast */
export function contrast(op: string, image: Image, factor: number): Image {
  const samples = samplesOf(op, image);
  const gray = toGray(image).data;
  let sum = 0;
  for (let i = 0; i < gray.length; i++) sum += gray[i]!;
  const mean = Math.trunc(sum / gray.length + 0.5);
  return blend(image, uniform(image, samples, grayIn(image, mean)), samples, factor);
}

/** @see PIL.ImageEnhance.Color */
export function saturation(op: string, image: Image, factor: number): Image {
  const samples = samplesOf(op, image);
  const { bands } = image;
  if (bands < 3) return blend(image, samples, samples, factor);
  const isInk = image.mode === "CMYK";
  const rgb = isInk ? toRgb(image).data : samples;
  const step = isInk ? 3 : bands;
  const poor = new Uint8Array(samples.length);
  for (let at = 0, to = 0; to < poor.length; at += step, to += bands) {
    const gray = luma(rgb[at]!, rgb[at + 1]!, rgb[at + 2]!);
    if (isInk) poor[to + 3] = 255 - gray;
    else poor.fill(gray, to, to + 3);
    if (!isInk && bands === 4) poor[to + 3] = samples[to + 3]!;
  }
  return blend(image, poor, samples, factor);
}

const center = Math.fround(5 / 13);
const around = Math.fround(1 / 13);

/** Three samples side by side, weighted: in float32, as all of PIL's filter. */
function weighted(samples: Uint8Array, at: number, step: number, middle: number): number {
  const left = Math.fround(samples[at - step]! * around);
  const both = Math.fround(left + Math.fround(samples[at]! * middle));
  return Math.fround(both + Math.fround(samples[at + step]! * around));
}

/** Each sample but those of the edge mixed with its neighbors. @see PIL.ImageFilter.SMOOTH */
function smooth(image: Image, samples: Uint8Array): Uint8Array {
  const { width, height, bands } = image;
  const out = samples.slice();
  const row = width * bands;
  const alpha = alphaOf(image);
  for (let y = 1; y < height - 1; y++) {
    for (let at = y * row + bands; at < (y + 1) * row - bands; at++) {
      if (at % bands === alpha) continue;
      let sum = Math.fround(0.5 + weighted(samples, at + row, bands, around));
      sum = Math.fround(sum + weighted(samples, at, bands, center));
      sum = Math.fround(sum + weighted(samples, at - row, bands, around));
      out[at] = Math.min(sum, 255);
    }
  }
  return out;
}

/** @see PIL.ImageEnhance.Sharpness */
export function sharpness(op: string, image: Image, factor: number): Image {
  const samples = samplesOf(op, image);
  return blend(image, smooth(image, samples), samples, factor);
}
