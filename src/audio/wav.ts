/**
 * The WAVE format (Microsoft and IBM, 1991; multimedia data standards update, 1994): a list of chunks, of which "fmt " says how the samples in "data" are
 * encoded. Every size in a file is checked against the bytes that are there before it is used.
 */
import { FormatError } from "../core/errors";
import { aEncode, aTable, muEncode, muTable } from "./laws";

/** How samples are encoded, in torchaudio's words. */
export type Encoding = "PCM_S" | "PCM_U" | "PCM_F" | "ULAW" | "ALAW";

/** What the header of a file says. */
export interface WavHeader {
  readonly encoding: Encoding;
  readonly bits: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly frames: number;
  /** Where the samples begin. */
  readonly start: number;
}

/** Samples in the types that files have: of 24 bits as int32, times 256; of the logarithmic laws as int16. */
export type Samples = Uint8Array | Int16Array | Int32Array | Float32Array | Float64Array;

const PCM = 1;
const FLOAT = 3;
const A_LAW = 6;
const MU_LAW = 7;
const EXTENSIBLE = 0xfffe;
/** The end of the GUIDs of the extensible format; the code of the format comes before. */
const GUID_TAIL = [0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71];
/** What programs write that do not know how much will follow. */
const UNKNOWN_SIZE = 0xffffffff;

interface Chunk {
  readonly start: number;
  readonly size: number;
  readonly isOpen: boolean;
}

const nameOf = (view: DataView, at: number): string =>
  String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));

/** The chunks "fmt " and "data". */
function findChunks(view: DataView, fail: (why: string) => FormatError): { format: Chunk; data: Chunk } {
  let format: Chunk | undefined;
  const end = view.byteLength;
  for (let at = 12; ; ) {
    if (at + 8 > end)
      throw fail(format === undefined ? 'it has no chunk "fmt "' : 'it has no chunk "data": it is truncated');
    const name = nameOf(view, at);
    const size = view.getUint32(at + 4, true);
    const start = at + 8;
    const isOpen = name === "data" && size === UNKNOWN_SIZE;
    if (!isOpen && size > end - start)
      throw fail(
        `its chunk ${JSON.stringify(name)} claims ${size} bytes, but ${end - start} follow: it is truncated or damaged`,
      );
    if (name === "fmt ") format ??= { start, size, isOpen };
    if (name === "data") {
      if (format === undefined) throw fail('its chunk "data" comes before its chunk "fmt "');
      return { format, data: { start, size: isOpen ? end - start : size, isOpen } };
    }
    // Chunks begin at even positions.
    at = start + size + (size & 1);
  }
}

/** The code of the format, behind that of the extensible one too. */
function codeOf(view: DataView, { start, size }: Chunk, bits: number, fail: (why: string) => FormatError): number {
  const code = view.getUint16(start, true);
  if (code !== EXTENSIBLE) return code;
  if (size < 40 || view.getUint16(start + 16, true) < 22) throw fail(`its extensible format has only ${size} bytes`);
  const valid = view.getUint16(start + 18, true);
  if (valid > bits) throw fail(`it claims ${valid} valid bits of ${bits}`);
  if (!GUID_TAIL.every((byte, i) => view.getUint8(start + 26 + i) === byte))
    throw fail("its extensible format is none that is known here");
  return view.getUint16(start + 24, true);
}

function encodingOf(code: number, bits: number, fail: (why: string) => FormatError): Encoding {
  if (code === PCM && bits === 8) return "PCM_U";
  if (code === PCM && (bits === 16 || bits === 24 || bits === 32)) return "PCM_S";
  if (code === FLOAT && (bits === 32 || bits === 64)) return "PCM_F";
  if (code === MU_LAW && bits === 8) return "ULAW";
  if (code === A_LAW && bits === 8) return "ALAW";
  throw fail(
    `its samples are of format ${code} with ${bits} bits; PCM with 8, 16, 24 or 32 bits, floats with 32 or 64, µ-law and A-law can be read`,
  );
}

/**
 * What a file says of itself.
 * @throws FormatError naming the file if it is truncated, damaged, or of a format that is not known here.
 */
export function parseWav(name: string, file: Uint8Array): WavHeader {
  const fail = (why: string) => new FormatError(`${name} cannot be read as WAV: ${why}`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 12) throw fail(`it has only ${file.length} bytes: it is truncated, or no WAV file`);
  const kind = nameOf(view, 0);
  if (kind === "RF64") throw fail("files above 4 GiB (RF64) are not supported; split it");
  if (kind !== "RIFF" || nameOf(view, 8) !== "WAVE")
    throw fail(
      "it does not begin with RIFF and WAVE; other formats must be converted first, as by `ffmpeg -i FILE out.wav`",
    );
  const { format, data } = findChunks(view, fail);
  if (format.size < 16) throw fail(`its chunk "fmt " has only ${format.size} bytes`);
  const channels = view.getUint16(format.start + 2, true);
  const sampleRate = view.getUint32(format.start + 4, true);
  const block = view.getUint16(format.start + 12, true);
  const bits = view.getUint16(format.start + 14, true);
  const encoding = encodingOf(codeOf(view, format, bits, fail), bits, fail);
  if (channels === 0) throw fail("it has 0 channels");
  if (sampleRate === 0) throw fail("its sample rate is 0");
  if (block !== (channels * bits) / 8)
    throw fail(`a frame has ${block} bytes, but ${channels} channels of ${bits} bits have ${(channels * bits) / 8}`);
  if (data.size % block !== 0 && !data.isOpen)
    throw fail(`its ${data.size} bytes of samples end within a frame of ${block} bytes`);
  return { encoding, bits, channels, sampleRate, frames: Math.floor(data.size / block), start: data.start };
}

/**
 * Bytes as little-endian numbers; a copy, since numbers of several bytes lie at multiples of their size only. `slice` would be none: that of Node's
 * buffers shares their memory.
 */
const aligned = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

function samples24(bytes: Uint8Array): Int32Array {
  const out = new Int32Array(bytes.length / 3);
  for (let i = 0, at = 0; i < out.length; i++, at += 3)
    out[i] = (bytes[at]! << 8) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 24);
  return out;
}

/** The samples of `count` frames from `offset` on, interleaved. */
export function samplesOf(file: Uint8Array, header: WavHeader, offset: number, count: number): Samples {
  const block = (header.channels * header.bits) / 8;
  const bytes = file.subarray(header.start + offset * block, header.start + (offset + count) * block);
  if (header.encoding === "ULAW") return Int16Array.from(bytes, (code) => muTable[code]!);
  if (header.encoding === "ALAW") return Int16Array.from(bytes, (code) => aTable[code]!);
  if (header.encoding === "PCM_F")
    return header.bits === 32 ? new Float32Array(aligned(bytes)) : new Float64Array(aligned(bytes));
  if (header.bits === 8) return new Uint8Array(bytes);
  if (header.bits === 16) return new Int16Array(aligned(bytes));
  return header.bits === 24 ? samples24(bytes) : new Int32Array(aligned(bytes));
}

/** Samples as float32 from −1 to 1; floats stay as they are. */
export function normalized(samples: Samples): Float32Array {
  if (samples instanceof Float32Array) return samples;
  if (samples instanceof Float64Array) return Float32Array.from(samples);
  const out = new Float32Array(samples.length);
  if (samples instanceof Uint8Array) for (let i = 0; i < out.length; i++) out[i] = (samples[i]! - 128) / 128;
  else {
    const scale = samples instanceof Int16Array ? 1 / 32768 : 1 / 2147483648;
    for (let i = 0; i < out.length; i++) out[i] = samples[i]! * scale;
  }
  return out;
}

/** Writes a sample from −1 to 1 at a position; what lies beyond is cut off, and no number is silence. */
type Put = (view: DataView, at: number, x: number) => void;

/** To the nearest integer, of two the even one. */
function roundHalfEven(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

function quantized(x: number, bits: number): number {
  const scale = 2 ** (bits - 1);
  return Number.isNaN(x) ? 0 : Math.max(-scale, Math.min(scale - 1, roundHalfEven(x * scale)));
}

function putOf(encoding: Encoding, bits: number): Put {
  if (encoding === "ULAW") return (view, at, x) => view.setUint8(at, muEncode(quantized(x, 16)));
  if (encoding === "ALAW") return (view, at, x) => view.setUint8(at, aEncode(quantized(x, 16)));
  if (encoding === "PCM_U") return (view, at, x) => view.setUint8(at, quantized(x, 8) + 128);
  if (encoding === "PCM_F")
    return bits === 32 ? (view, at, x) => view.setFloat32(at, x, true) : (view, at, x) => view.setFloat64(at, x, true);
  if (bits === 16) return (view, at, x) => view.setInt16(at, quantized(x, 16), true);
  if (bits === 32) return (view, at, x) => view.setInt32(at, quantized(x, 32), true);
  return (view, at, x) => {
    const value = quantized(x, 24);
    view.setUint8(at, value & 255);
    view.setInt16(at + 1, value >> 8, true);
  };
}

const codes: Record<Encoding, number> = { PCM_S: PCM, PCM_U: PCM, PCM_F: FLOAT, ULAW: MU_LAW, ALAW: A_LAW };

/** Bytes of a file, without the samples. */
const CHUNKS = 12 + 8 + 8;

/** What a written file is made of. */
export interface WavContent {
  /** Samples from −1 to 1, interleaved. */
  readonly samples: ArrayLike<number>;
  readonly channels: number;
  readonly sampleRate: number;
  readonly encoding: Encoding;
  readonly bits: number;
}

/** The bytes that {@link encodeWav} makes; above 2³² they cannot be said in a header. */
export const encodedSize = ({ samples, bits }: Pick<WavContent, "samples" | "bits">): number =>
  samples.length * (bits / 8) + 128;

function putName(view: DataView, at: number, name: string): void {
  for (let i = 0; i < 4; i++) view.setUint8(at + i, name.charCodeAt(i));
}

/** The chunk "fmt ": the short form for PCM, the extensible one for more than two channels, whose places it leaves open. */
function putFormat(
  view: DataView,
  at: number,
  size: number,
  { channels, sampleRate, encoding, bits }: WavContent,
): void {
  const block = (channels * bits) / 8;
  view.setUint16(at, size === 40 ? EXTENSIBLE : codes[encoding], true);
  view.setUint16(at + 2, channels, true);
  view.setUint32(at + 4, sampleRate, true);
  view.setUint32(at + 8, Math.min(sampleRate * block, UNKNOWN_SIZE), true);
  view.setUint16(at + 12, block, true);
  view.setUint16(at + 14, bits, true);
  if (size < 40) return;
  view.setUint16(at + 16, 22, true);
  view.setUint16(at + 18, bits, true);
  view.setUint16(at + 24, codes[encoding], true);
  GUID_TAIL.forEach((byte, i) => void view.setUint8(at + 26 + i, byte));
}

/** A WAV file. */
export function encodeWav(content: WavContent): Uint8Array {
  const { samples, channels, encoding, bits } = content;
  const isPcm = codes[encoding] === PCM;
  const formatSize = channels > 2 ? 40 : isPcm ? 16 : 18;
  // Other formats than PCM tell the number of frames.
  const factSize = isPcm ? 0 : 12;
  const dataSize = samples.length * (bits / 8);
  const size = CHUNKS + formatSize + factSize + dataSize + (dataSize & 1);
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  putName(view, 0, "RIFF");
  view.setUint32(4, size - 8, true);
  putName(view, 8, "WAVE");
  putName(view, 12, "fmt ");
  view.setUint32(16, formatSize, true);
  putFormat(view, 20, formatSize, content);
  let at = 20 + formatSize;
  if (!isPcm) {
    putName(view, at, "fact");
    view.setUint32(at + 4, 4, true);
    view.setUint32(at + 8, samples.length / channels, true);
    at += factSize;
  }
  putName(view, at, "data");
  view.setUint32(at + 4, dataSize, true);
  const put = putOf(encoding, bits);
  for (let i = 0, to = at + 8; i < samples.length; i++, to += bits / 8) put(view, to, samples[i]!);
  return file;
}
