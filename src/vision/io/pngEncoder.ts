/** PNG files made on fflate's deflate. */
import { zlibSync } from "fflate";
import { ValueError } from "../../core/errors";
import { crc32 } from "../../platform/files";
import { bandsOf, type ImageMode, type Picture } from "../modes";

/** How each mode is written: its color type and the bits of a sample. */
const kinds: Readonly<Partial<Record<ImageMode, readonly [colorType: number, depth: number]>>> = {
  "1": [0, 1],
  L: [0, 8],
  LA: [4, 8],
  P: [3, 8],
  RGB: [2, 8],
  RGBA: [6, 8],
  "I;16": [0, 16],
  I: [0, 16],
};

/** The level of the packing that is as small as it gets in reasonable time. */
export type CompressionLevel = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

function chunk(type: string, body: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + body.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, body.length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  out.set(body, 8);
  view.setUint32(8 + body.length, crc32(out.subarray(4, 8 + body.length)));
  return out;
}

function headerOf(width: number, height: number, colorType: number, depth: number): Uint8Array {
  const body = new Uint8Array(13);
  const view = new DataView(body.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  body[8] = depth;
  body[9] = colorType;
  return body;
}

/** The samples as a file has them: packed bits, or two bytes with the larger first. */
function rowsOf({ width, height, data }: Picture, depth: number): Uint8Array {
  if (depth === 8) return data as Uint8Array;
  if (depth === 16) {
    const out = new Uint8Array(2 * data.length);
    data.forEach((value: number, i: number) => {
      const clipped = Math.min(65535, Math.max(0, value));
      out[2 * i] = clipped >> 8;
      out[2 * i + 1] = clipped & 255;
    });
    return out;
  }
  const stride = Math.ceil(width / 8);
  const out = new Uint8Array(stride * height);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) if (data[i]! !== 0) out[y * stride + (x >> 3)]! |= 128 >> (x & 7);
  return out;
}

/** The filters by their numbers: what is predicted from the bytes on the left, above, and above on the left. */
const predictors: readonly ((a: number, b: number, c: number) => number)[] = [
  () => 0,
  (a) => a,
  (_, b) => b,
  (a, b) => (a + b) >> 1,
  (a, b, c) => {
    const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
  },
];

/** Each row with the filter whose result has the smallest sum of magnitudes, as libpng chooses. */
function filtered(rows: Uint8Array, height: number, step: number, isPlain: boolean): Uint8Array {
  const stride = rows.length / height;
  const out = new Uint8Array((stride + 1) * height);
  const trial = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const to = y * (stride + 1);
    let best = Number.POSITIVE_INFINITY;
    for (let filter = 0; filter < (isPlain ? 1 : 5); filter++) {
      const sum = filterRow(rows, y * stride, stride, step, y === 0, predictors[filter]!, trial);
      if (sum >= best) continue;
      best = sum;
      out[to] = filter;
      out.set(trial, to + 1);
    }
  }
  return out;
}

function filterRow(
  rows: Uint8Array,
  at: number,
  stride: number,
  step: number,
  isFirst: boolean,
  predict: (a: number, b: number, c: number) => number,
  out: Uint8Array,
): number {
  let sum = 0;
  for (let i = 0; i < stride; i++) {
    const j = at + i;
    const a = i >= step ? rows[j - step]! : 0;
    const b = isFirst ? 0 : rows[j - stride]!;
    const c = isFirst || i < step ? 0 : rows[j - stride - step]!;
    const value = (rows[j]! - predict(a, b, c)) & 255;
    out[i] = value;
    sum += value < 128 ? value : 256 - value;
  }
  return sum;
}

/**
 * A picture as a PNG file.
 * @param level From 0, which does not compress, to 9.
 * @throws ValueError for modes that PNG files do not have, and for a picture without pixels.
 */
export function encodePngFile(picture: Picture, level: CompressionLevel): Uint8Array {
  const { mode, width, height, palette, transparency } = picture;
  const kind = kinds[mode];
  if (kind === undefined) throw new ValueError(`cannot write mode ${mode} as PNG; convert it first`);
  if (width === 0 || height === 0) throw new ValueError(`cannot write ${width}×${height} pixels as PNG`);
  const [colorType, depth] = kind;
  const step = Math.max(1, (bandsOf[mode] * depth) >> 3);
  const data = filtered(rowsOf(picture, depth), height, step, colorType === 3 || depth < 8);
  const parts = [
    Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10),
    chunk("IHDR", headerOf(width, height, colorType, depth)),
  ];
  if (mode === "P") parts.push(chunk("PLTE", palette ?? new Uint8Array(3)));
  if (mode === "P" && transparency instanceof Uint8Array) parts.push(chunk("tRNS", transparency));
  parts.push(chunk("IDAT", zlibSync(data, { level })), chunk("IEND", new Uint8Array(0)));
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
