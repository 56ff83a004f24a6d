/** What a JPEG file (ITU-T T.81) says of itself, found without decoding it. */
import { FormatError } from "../../core/errors";
import { MOST_PIXELS } from "../modes";
import { orientationIn } from "./exif";

/** One component of a frame. */
export interface Component {
  readonly id: number;
  /** Sampling factors. */
  readonly h: number;
  readonly v: number;
}

/** A stretch of the file from one marker to the next. */
export interface Segment {
  /** The second byte of the marker. */
  readonly marker: number;
  /** Where its 0xff stands. */
  readonly start: number;
  /** Where its body begins, behind the length. */
  readonly body: number;
  readonly end: number;
  /** Where the coded data of a scan ends. */
  readonly dataEnd: number;
}

export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
  /** The marker of the frame: 0xc0 baseline, 0xc1 extended, 0xc2 progressive … */
  readonly frame: number;
  /** The transform of Adobe's marker, if there is one: 0 none, 1 YCbCr, 2 YCCK. */
  readonly adobe: number | undefined;
  /** The orientation as Exif counts it, from 1, which is upright. */
  readonly orientation: number;
  readonly segments: readonly Segment[];
}

export const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;

const fail = (why: string): never => {
  throw new FormatError(`the JPEG file ${why}`);
};

/** Passes over the picture cost time however few bytes they have. Encoders make about ten. */
const MOST_SCANS = 100;

/** A block of 64 pixels takes a bit at least, where Huffman codes are used. */
const PIXELS_PER_BYTE = 512;

/** What frames may be that codecs know: sequential and progressive, with Huffman or arithmetic codes. */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
const isStandalone = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);

/** Where the next marker stands that is not within coded data: a stuffed zero or a restart. */
function endOfData(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next === undefined) return bytes.length;
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return bytes.length;
}

/** The segments in their order. The last is the end of the image. @throws FormatError if there is none. */
function segmentsOf(bytes: Uint8Array): Segment[] {
  const segments: Segment[] = [];
  let scans = 0;
  for (let at = 2; ; ) {
    // Whatever stands between segments is passed over, as by libjpeg.
    at = bytes.indexOf(0xff, at);
    const marker = at < 0 ? undefined : bytes[at + 1];
    if (marker === undefined) return fail("is incomplete or truncated");
    if (marker === 0 || marker === 0xff || isStandalone(marker)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    if (marker === 0xd9) return [...segments, { marker, start: at, body: at + 2, end: at + 2, dataEnd: at + 2 }];
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    const end = at + 2 + length;
    if (end > bytes.length) fail("is incomplete or truncated");
    if (length < 2) fail(`is damaged: a segment of marker ${marker.toString(16)} has the length ${length}`);
    const isScan = marker === 0xda;
    if (isScan && ++scans > MOST_SCANS) fail(`has more than ${MOST_SCANS} scans`);
    const dataEnd = isScan ? endOfData(bytes, end) : end;
    segments.push({ marker, start: at, body: at + 4, end, dataEnd });
    at = dataEnd;
  }
}

/** @throws FormatError if the file is truncated, has no picture, or claims more pixels than {@link MOST_PIXELS} or than its bytes can code. */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  if (!isJpeg(bytes))
    throw new FormatError(
      bytes.length < 2
        ? "the JPEG file is incomplete or truncated"
        : `Not a JPEG file: starts with 0x${hex(bytes[0])} 0x${hex(bytes[1])}`,
    );
  const segments = segmentsOf(bytes);
  const frame = segments.find(({ marker }) => isFrame(marker)) ?? fail("is damaged: it has no frame");
  if (!segments.some(({ marker }) => marker === 0xda)) fail("is damaged: it contains no image");
  const { width, height, components } = readFrame(bytes, frame);
  if (frame.marker < 0xc8 && width * height > PIXELS_PER_BYTE * bytes.length)
    fail(`claims ${width}×${height} pixels, more than its ${bytes.length} bytes can hold: it is truncated or damaged`);
  return { width, height, components, frame: frame.marker, ...applicationData(bytes, segments), segments };
}

const hex = (byte: number | undefined): string => (byte ?? 0).toString(16).padStart(2, "0");

function readFrame(bytes: Uint8Array, { body, end, marker }: Segment) {
  const [precision, h1, h0, w1, w0, count] = bytes.subarray(body, end) as unknown as number[];
  if (count === undefined || end - body < 6 + 3 * count) return fail("is damaged: its frame is too short");
  const [height, width] = [(h1! << 8) | h0!, (w1! << 8) | w0!];
  if (precision !== 8) fail(`has samples of ${precision} bits; 8 are supported`);
  if (marker === 0xc3 || (marker >= 0xc5 && marker <= 0xc7) || marker > 0xca)
    fail(`is coded in a way (frame ${marker.toString(16)}) that is not supported`);
  if (width === 0 || height === 0) fail("is empty (DNL not supported)");
  if (width * height > MOST_PIXELS)
    fail(`claims ${width}×${height} pixels; pictures of more than ${MOST_PIXELS} are refused`);
  if (![1, 3, 4].includes(count)) fail(`has ${count} components; 1, 3 and 4 are supported`);
  const components = Array.from({ length: count }, (_, i): Component => {
    const at = body + 6 + 3 * i;
    return { id: bytes[at]!, h: bytes[at + 1]! >> 4, v: bytes[at + 1]! & 15 };
  });
  return { width, height, components };
}

const startsWith = (bytes: Uint8Array, at: number, text: string): boolean =>
  [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));

/** What Adobe's and Exif's segments say. */
function applicationData(bytes: Uint8Array, segments: readonly Segment[]) {
  const adobe = segments.find(
    ({ marker, body, end }) => marker === 0xee && end - body >= 12 && startsWith(bytes, body, "Adobe"),
  );
  const exif = segments.find(({ marker, body }) => marker === 0xe1 && startsWith(bytes, body, "Exif\0\0"));
  return {
    adobe: adobe === undefined ? undefined : bytes[adobe.body + 11],
    orientation: exif === undefined ? 1 : orientationIn(bytes.subarray(exif.body + 6, exif.end)),
  };
}
