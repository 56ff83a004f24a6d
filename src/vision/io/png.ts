/** PNG files (ISO/IEC 15948) on fflate's inflate: their container, filters, interlacing and depths. */
import { FormatError } from "../../core/errors";
import { crc32 } from "../../platform/files";
import { convertPicture } from "../convert";
import { MOST_PIXELS, type Picture, type Transparency } from "../modes";
import { inflateBounded, MOST_INFLATION } from "./inflate";

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

/** Whether bytes begin as a PNG file does. */
export const isPng = (bytes: Uint8Array): boolean => SIGNATURE.every((byte, i) => bytes[i] === byte);

/** What a color type means: the samples of a pixel, and the bits that each may have. */
const colorTypes: Readonly<Record<number, { bands: number; depths: readonly number[] }>> = {
  0: { bands: 1, depths: [1, 2, 4, 8, 16] },
  2: { bands: 3, depths: [8, 16] },
  3: { bands: 1, depths: [1, 2, 4, 8] },
  4: { bands: 2, depths: [8, 16] },
  6: { bands: 4, depths: [8, 16] },
};

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colorType: number;
  readonly bands: number;
  readonly isInterlaced: boolean;
}

/** A decoded file: samples of 8 bits, or as wide as the file has them if that is 16. Places of palettes are not looked up. */
export interface Png extends Header {
  readonly samples: Uint8Array | Uint16Array;
  readonly palette?: Uint8Array;
  /** The chunk as it is: alphas of a palette, or one color in 16 bits each. */
  readonly transparency?: Uint8Array;
}

const fail = (why: string): never => {
  throw new FormatError(`the PNG file ${why}`);
};

const typeAt = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));

/** The parts of a file that make the picture. */
interface Chunks {
  header?: Header;
  palette?: Uint8Array;
  transparency?: Uint8Array;
  readonly data: Uint8Array[];
}

/** Reads what makes the picture, each part with its checksum. A missing end after all of the data is no fault, as for libpng. */
function readChunks(bytes: Uint8Array): Chunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks: Chunks = { data: [] };
  for (let at = SIGNATURE.length; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = typeAt(bytes, at + 4);
    const end = at + 12 + length;
    if (end > bytes.length) {
      if (type === "IDAT" || chunks.data.length === 0) fail(`is truncated within its ${type} chunk`);
      break;
    }
    const body = bytes.subarray(at + 8, end - 4);
    if (isUsed(type) && crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4))
      fail(`is damaged: the checksum of its ${type} chunk differs`);
    if (type === "IEND") break;
    takeChunk(chunks, type, body);
    at = end;
  }
  return chunks;
}

const isUsed = (type: string): boolean => /^(IHDR|PLTE|tRNS|IDAT)$/.test(type);

function takeChunk(chunks: Chunks, type: string, body: Uint8Array): void {
  if (chunks.header === undefined && type !== "IHDR") fail("is damaged: its first chunk is no header");
  if (type === "IHDR") {
    if (chunks.header !== undefined) fail("is damaged: it has two headers");
    chunks.header = readHeader(body);
  } else if (type === "PLTE") {
    if (body.length === 0 || body.length % 3 !== 0 || body.length > 768)
      fail(`is damaged: its palette has ${body.length} bytes`);
    chunks.palette = body.slice();
  } else if (type === "tRNS") chunks.transparency = body.slice();
  else if (type === "IDAT") chunks.data.push(body);
  else if (type.charAt(0) <= "Z") fail(`has a chunk ${JSON.stringify(type)}, which is unknown and cannot be left out`);
}

/** @throws FormatError also for sizes that no picture may have: nothing has been allocated yet. */
function readHeader(body: Uint8Array): Header {
  if (body.length !== 13) fail(`is damaged: its header has ${body.length} bytes`);
  const view = new DataView(body.buffer, body.byteOffset, 13);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colorType, compression, filter, interlace] = body.subarray(8) as unknown as number[];
  if (width === 0 || height === 0) fail(`has ${width}×${height} pixels`);
  if (width * height > MOST_PIXELS)
    fail(`claims ${width}×${height} pixels; pictures of more than ${MOST_PIXELS} are refused`);
  const kind = colorTypes[colorType!];
  if (kind === undefined || !kind.depths.includes(depth!))
    fail(`is damaged: there is no color type ${colorType} of ${depth} bits`);
  if (compression !== 0 || filter !== 0 || interlace! > 1)
    fail(`is damaged: compression ${compression}, filter ${filter}, interlacing ${interlace} are unknown`);
  return { width, height, depth: depth!, colorType: colorType!, bands: kind!.bands, isInterlaced: interlace === 1 };
}

/** The passes of Adam7: where each begins, and its steps. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Pass {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly width: number;
  readonly height: number;
}

const passesOf = ({ width, height, isInterlaced }: Header): Pass[] =>
  (isInterlaced ? adam7 : ([[0, 0, 1, 1]] as const))
    .map(([x, y, dx, dy]) => ({
      ...{ x, y, dx, dy },
      width: Math.ceil((width - x) / dx),
      height: Math.ceil((height - y) / dy),
    }))
    .filter((pass) => pass.width > 0 && pass.height > 0);

const rowBytes = ({ depth, bands }: Header, width: number): number => Math.ceil((width * bands * depth) / 8);

/** Undoes the filters of `rows` rows from `start`, in place. */
function unfilter(data: Uint8Array, start: number, rows: number, stride: number, step: number): void {
  let above = -1;
  for (let row = 0, at = start; row < rows; row++, at += stride + 1) {
    unfilterRow(data, data[at]!, at + 1, above, stride, step);
    above = at + 1;
  }
}

/** One row, from the one `above`, which lies at -1 where there is none; `step` is the distance of a sample to the one on its left. */
function unfilterRow(data: Uint8Array, filter: number, at: number, above: number, stride: number, step: number): void {
  const end = at + stride;
  const hasAbove = above >= 0;
  const distance = at - above;
  if (filter === 0) return;
  if (filter === 1) for (let i = at + step; i < end; i++) data[i] = data[i]! + data[i - step]!;
  else if (filter === 2) {
    if (hasAbove) for (let i = at; i < end; i++) data[i] = data[i]! + data[i - distance]!;
  } else if (filter === 3)
    for (let i = at; i < end; i++) {
      const left = i - step >= at ? data[i - step]! : 0;
      data[i] = data[i]! + ((left + (hasAbove ? data[i - distance]! : 0)) >> 1);
    }
  else if (filter === 4) paeth(data, at, end, hasAbove ? distance : 0, step);
  else fail(`is damaged: there is no filter ${filter}`);
}

/** @param distance To the row above, 0 where there is none. */
function paeth(data: Uint8Array, at: number, end: number, distance: number, step: number): void {
  for (let i = at; i < end; i++) {
    const hasLeft = i - step >= at;
    const a = hasLeft ? data[i - step]! : 0;
    const b = distance > 0 ? data[i - distance]! : 0;
    const c = hasLeft && distance > 0 ? data[i - distance - step]! : 0;
    const pa = Math.abs(b - c);
    const pb = Math.abs(a - c);
    const pc = Math.abs(a + b - 2 * c);
    data[i] = data[i]! + (pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
  }
}

/** Writes the rows of one pass to where its pixels belong. */
function place(header: Header, pass: Pass, data: Uint8Array, start: number, out: Uint8Array | Uint16Array): void {
  const { depth, bands, width } = header;
  const stride = rowBytes(header, pass.width);
  const step = pass.dx * bands;
  for (let row = 0; row < pass.height; row++) {
    const from = start + row * (stride + 1) + 1;
    const to = ((pass.y + row * pass.dy) * width + pass.x) * bands;
    if (depth === 8 && pass.dx === 1) out.set(data.subarray(from, from + stride), to);
    else if (depth === 8)
      for (let x = 0; x < pass.width; x++)
        for (let k = 0; k < bands; k++) out[to + x * step + k] = data[from + x * bands + k]!;
    else if (depth === 16)
      for (let x = 0; x < pass.width; x++)
        for (let k = 0; k < bands; k++) {
          const i = from + 2 * (x * bands + k);
          out[to + x * step + k] = (data[i]! << 8) | data[i + 1]!;
        }
    // Less than a byte has a pixel of one sample only.
    else
      for (let x = 0, mask = (1 << depth) - 1; x < pass.width; x++)
        out[to + x * step] = (data[from + ((x * depth) >> 3)]! >> (8 - depth - ((x * depth) & 7))) & mask;
  }
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

/**
 * Decodes a PNG file.
 * @throws FormatError if it is damaged or truncated, or claims more than {@link MOST_PIXELS} or more than its bytes can unfold to.
 */
export function decodePngFile(bytes: Uint8Array): Png {
  if (!isPng(bytes)) throw new FormatError("Content is not png!");
  const { header, palette, transparency, data } = readChunks(bytes);
  if (header === undefined) return fail("is truncated: it ends before its header");
  const passes = passesOf(header);
  const size = passes.reduce((n, pass) => n + pass.height * (1 + rowBytes(header, pass.width)), 0);
  const packed = joined(data);
  // No memory for what cannot be there.
  if (packed.length * MOST_INFLATION < size)
    fail(`is truncated: it has too little data for ${header.width}×${header.height} pixels`);
  const raw = inflateBounded(packed, size, (why) => fail(`is damaged: ${why}`));
  if (raw.length < size) fail(`is truncated: its data ends after ${raw.length} of ${size} bytes`);
  if (header.colorType === 3 && palette === undefined) fail("is damaged: it has no palette");
  const samples = new (header.depth === 16 ? Uint16Array : Uint8Array)(header.width * header.height * header.bands);
  const step = Math.max(1, (header.bands * header.depth) >> 3);
  let at = 0;
  for (const pass of passes) {
    const stride = rowBytes(header, pass.width);
    unfilter(raw, at, pass.height, stride, step);
    place(header, pass, raw, at, samples);
    at += pass.height * (stride + 1);
  }
  return { ...header, samples, ...(palette && { palette }), ...(transparency && { transparency }) };
}

/** The samples as 8 bits: those of 16 lose their low byte, those of less than 8 of gray are stretched. */
export function bytesOf({ samples, depth, colorType }: Png): Uint8Array {
  if (samples instanceof Uint16Array) return Uint8Array.from(samples, (value) => value >> 8);
  if (depth === 8 || colorType === 3) return samples;
  const factor = 255 / ((1 << depth) - 1);
  return samples.map((value) => value * factor);
}

const modeOf = { 0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA" } as const;

/** A PNG file as PIL opens it: gray of 16 bits in mode `"I"`, of one bit in mode `"1"`; palettes stay. */
export function pngPicture(bytes: Uint8Array): Picture {
  const png = decodePngFile(bytes);
  const { width, height, depth, colorType, samples, palette } = png;
  const transparency = transparencyOf(png);
  const extra = { ...(colorType === 3 && palette && { palette }), ...(transparency && { transparency }) };
  if (colorType === 0 && depth === 16) return { mode: "I", width, height, data: Int32Array.from(samples), ...extra };
  const mode = colorType === 0 && depth === 1 ? "1" : modeOf[colorType as keyof typeof modeOf];
  // PIL has no mode of gray and alpha for these.
  if (mode === "LA" && depth === 16) return convertPicture({ mode, width, height, data: bytesOf(png) }, "RGBA", "none");
  return { mode, width, height, data: bytesOf(png), ...extra };
}

/** What is transparent, in the samples of the picture. */
function transparencyOf({ colorType, depth, bands, transparency }: Png): Transparency | undefined {
  if (transparency === undefined || transparency.length === 0) return undefined;
  if (colorType === 3) return transparency.subarray(0, 256);
  if (colorType > 2 || transparency.length < 2 * bands) return undefined;
  const values = Array.from({ length: bands }, (_, k) => (transparency[2 * k]! << 8) | transparency[2 * k + 1]!);
  if (depth === 1) return values.map((value) => (value & 1) * 255);
  return values;
}
