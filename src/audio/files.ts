/** Audio files: `torchaudio.load`, `save` and `info`. */
import { checkChoice, checkFlag, checkInteger } from "../core/arguments";
import { ArgumentError, DTypeError, describe, OutOfMemoryError, ShapeError, ValueError } from "../core/errors";
import { shapeText } from "../core/shape";
import { named, namedAsync } from "../core/signature";
import { checkTensor } from "../ops/builders/checks";
import { readBytes, writeBytes } from "../platform/files";
import { tensor } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { type Encoding, encodedSize, encodeWav, normalized, parseWav, type Samples, samplesOf } from "./wav";

/** A path or URL, or the bytes of a file. */
export type AudioSource = string | URL | Uint8Array | ArrayBuffer | Blob;

/** What {@link info} tells. @see torchaudio.backend.common.AudioMetaData */
export class AudioMetaData {
  constructor(
    /** Frames per second. */
    readonly sampleRate: number,
    readonly numFrames: number,
    readonly numChannels: number,
    readonly bitsPerSample: number,
    readonly encoding: Encoding,
  ) {}

  toString(): string {
    return `AudioMetaData(sample_rate=${this.sampleRate}, num_frames=${this.numFrames}, num_channels=${this.numChannels}, bits_per_sample=${this.bitsPerSample}, encoding=${this.encoding})`;
  }
}

/** Options of {@link load}. */
export interface LoadOptions {
  /** Frames to skip. Default: 0. */
  frameOffset?: number;
  /** The most frames to read; −1 for all that are left. Default: −1. */
  numFrames?: number;
  /** Give float32 from −1 to 1; otherwise integers as the file has them (samples of 24 bits times 256 as int32). Default: true. */
  normalize?: boolean;
  /** Give [channels, time] and not [time, channels]. Default: true. */
  channelsFirst?: boolean;
  /** Only "wav" is there. */
  format?: "wav" | null;
}

/** Options of {@link save}. */
export interface SaveOptions {
  /** Whether `src` is [channels, time] and not [time, channels]. Default: true. */
  channelsFirst?: boolean;
  /** WAV files are not compressed. */
  compression?: null;
  /** Only "wav" is there. */
  format?: "wav" | null;
  /** Default: by the dtype of `src` and the bits: "PCM_F" for floats, "PCM_S" for int16 and int32, "PCM_U" for uint8 and for 8 bits. */
  encoding?: Encoding | null;
  /** Default: by the dtype of `src` or by the encoding: 16 for "PCM_S", 32 for "PCM_F", else 8. */
  bitsPerSample?: 8 | 16 | 24 | 32 | 64 | null;
}

const encodings = ["PCM_S", "PCM_U", "PCM_F", "ULAW", "ALAW"] as const;

/** The bits that each encoding may have. */
const widths: Record<Encoding, readonly number[]> = {
  PCM_S: [16, 24, 32],
  PCM_U: [8],
  PCM_F: [32, 64],
  ULAW: [8],
  ALAW: [8],
};

function checkFormat(op: string, format: unknown): void {
  if (format != null) checkChoice(op, "format", format, ["wav"]);
}

/** The bytes of a source, and its name for errors. */
async function bytesOf(op: string, source: unknown): Promise<{ name: string; bytes: Uint8Array }> {
  if (source instanceof Uint8Array) return { name: `${op}: the file`, bytes: source };
  if (source instanceof ArrayBuffer) return { name: `${op}: the file`, bytes: new Uint8Array(source) };
  if (typeof Blob === "function" && source instanceof Blob)
    return { name: `${op}: the file`, bytes: new Uint8Array(await source.arrayBuffer()) };
  if (typeof source !== "string" && !(source instanceof URL))
    throw new ArgumentError(`${op}: filepath must be a path, a URL or the bytes of a file, got ${describe(source)}`);
  return { name: `${op}: "${source}"`, bytes: await readBytes(op, source) };
}

/**
 * What a WAV file holds, without decoding it.
 * @param filepath A path, a URL, or the bytes of a file.
 * @see torchaudio.info
 * @throws FormatError for a file that is damaged, truncated, or of another format.
 * @example const { sampleRate, numFrames } = await audio.info("speech.wav");
 */
export const info = namedAsync(
  "audio.info",
  "filepath; format",
  async (filepath: AudioSource, options: { format?: "wav" | null } = {}): Promise<AudioMetaData> => {
    checkFormat("audio.info", options.format);
    const { name, bytes } = await bytesOf("audio.info", filepath);
    const { sampleRate, frames, channels, bits, encoding } = parseWav(name, bytes);
    return new AudioMetaData(sampleRate, frames, channels, bits, encoding);
  },
);

/** Channel after channel instead of frame after frame. */
function apart<S extends Samples>(samples: S, channels: number): S {
  if (channels === 1) return samples;
  const frames = samples.length / channels;
  const out = samples.slice() as S;
  for (let c = 0; c < channels; c++) for (let i = 0; i < frames; i++) out[c * frames + i] = samples[i * channels + c]!;
  return out;
}

/** Samples of interleaved channels as a tensor, which alone owns its memory. */
function waveformOf(samples: Samples, channels: number, channelsFirst: boolean): Tensor {
  const frames = samples.length / channels;
  const flat = tensor(channelsFirst ? apart(samples, channels) : samples);
  const waveform = flat.view(channelsFirst ? [channels, frames] : [frames, channels]);
  flat.dispose();
  return waveform;
}

/**
 * The samples of a WAV file and their rate: PCM with 8, 16, 24 or 32 bits, floats with 32 or 64, µ-law and A-law.
 * @param filepath A path, a URL, or the bytes of a file.
 * @returns A tensor [channels, time], float32 from −1 to 1, and the frames per second.
 * @see torchaudio.load
 * @throws FormatError for a file that is damaged, truncated, or of another format; KindlingError if it cannot be read.
 * @example const [waveform, sampleRate] = await audio.load("speech.wav");
 */
export const load = namedAsync(
  "audio.load",
  "filepath; frameOffset, numFrames, normalize, channelsFirst, format",
  async (filepath: AudioSource, options: LoadOptions = {}): Promise<[waveform: Tensor, sampleRate: number]> => {
    const op = "audio.load";
    const { frameOffset = 0, numFrames = -1, normalize = true, channelsFirst = true } = options;
    checkInteger(op, "frameOffset", frameOffset, 0);
    checkInteger(op, "numFrames", numFrames);
    if (numFrames < -1 || numFrames === 0)
      throw new ValueError(`${op}: numFrames must be positive, or −1 for all, got ${numFrames}`);
    checkFlag(op, "normalize", normalize);
    checkFlag(op, "channelsFirst", channelsFirst);
    checkFormat(op, options.format);
    const { name, bytes } = await bytesOf(op, filepath);
    const header = parseWav(name, bytes);
    const offset = Math.min(frameOffset, header.frames);
    const left = header.frames - offset;
    const samples = samplesOf(bytes, header, offset, numFrames < 0 ? left : Math.min(numFrames, left));
    const values = normalize ? normalized(samples) : samples;
    return [waveformOf(values, header.channels, channelsFirst), header.sampleRate];
  },
);

const defaultBits: Record<Encoding, number> = { PCM_S: 16, PCM_U: 8, PCM_F: 32, ULAW: 8, ALAW: 8 };

/** What a tensor is written as unless it is said: its own encoding. */
function ownEncoding(op: string, { dtype }: Tensor): [Encoding, number] {
  if (dtype === "float32") return ["PCM_F", 32];
  if (dtype === "float64") return ["PCM_F", 64];
  if (dtype === "int16") return ["PCM_S", 16];
  if (dtype === "int32") return ["PCM_S", 32];
  if (dtype === "uint8") return ["PCM_U", 8];
  throw new DTypeError(
    `${op}: src must be float32, float64, int32, int16 or uint8, got ${dtype}; convert it with src.float()`,
  );
}

/** The encoding and bits that are asked for. */
function chosenEncoding(op: string, src: Tensor, options: SaveOptions): [Encoding, number] {
  const [ownName, ownBits] = ownEncoding(op, src);
  const encoding = options.encoding == null ? undefined : checkChoice(op, "encoding", options.encoding, encodings);
  const bits = options.bitsPerSample == null ? undefined : checkInteger(op, "bitsPerSample", options.bitsPerSample);
  if (encoding === undefined && bits === undefined) return [ownName, ownBits];
  const name = encoding ?? (bits === 8 ? "PCM_U" : bits === 64 ? "PCM_F" : "PCM_S");
  const width = bits ?? defaultBits[name];
  if (!widths[name].includes(width))
    throw new ValueError(`${op}: ${name} has ${widths[name].join(", ")} bits per sample in a WAV file, got ${width}`);
  return [name, width];
}

/** What makes samples of each dtype numbers from −1 to 1. */
const scales: Partial<Record<string, number>> = { int16: 1 / 32768, int32: 1 / 2147483648 };

function interleaved(src: Tensor, channelsFirst: boolean): ArrayLike<number> {
  const own = src.detach();
  const values = (channelsFirst ? own.t() : own).contiguous().flatten().toTypedArray() as ArrayLike<number>;
  const scale = scales[src.dtype];
  if (scale !== undefined) return Float64Array.from(values, (x) => x * scale);
  return src.dtype === "uint8" ? Float64Array.from(values, (x) => (x - 128) / 128) : values;
}

/** The bytes of a file, or an error that speaks of `op`. */
function encoded(op: string, src: unknown, sampleRate: unknown, options: SaveOptions): Uint8Array {
  const waveform = checkTensor(op, src, "src");
  checkFormat(op, options.format);
  if (options.compression != null)
    throw new ValueError(
      `${op}: WAV files are not compressed: compression must be null, got ${describe(options.compression)}`,
    );
  const channelsFirst = checkFlag(op, "channelsFirst", options.channelsFirst ?? true);
  const [encoding, bits] = chosenEncoding(op, waveform, options);
  if (waveform.ndim !== 2)
    throw new ShapeError(
      `${op}: src must be 2D, ${channelsFirst ? "[channels, time]" : "[time, channels]"}, got ${shapeText(waveform.shape)}`,
    );
  const channels = waveform.shape[channelsFirst ? 0 : 1]!;
  if (channels < 1 || channels > 65535 || (channels * bits) / 8 > 65535)
    throw new ValueError(
      `${op}: a WAV file has 1 to ${Math.floor((8 * 65535) / bits)} channels of ${bits} bits, got ${channels}`,
    );
  const rate = checkInteger(op, "sampleRate", sampleRate, 1, 0xffffffff);
  const size = encodedSize({ samples: { length: waveform.numel() }, bits });
  if (size > 0xffffffff)
    throw new OutOfMemoryError(
      `${op}: a WAV file has at most 4 GiB, these samples take ${size} bytes; save parts of them`,
    );
  return encodeWav({ samples: interleaved(waveform, channelsFirst), channels, sampleRate: rate, encoding, bits });
}

/**
 * The bytes of a WAV file, for runtimes without files, and for servers.
 * @param src [channels, time]: float32, float64, int32, int16 or uint8.
 * @example const wav = audio.encode(waveform, 16000);
 */
export const encode = named(
  "audio.encode",
  "src, sampleRate; channelsFirst, compression, format, encoding, bitsPerSample",
  (src: Tensor, sampleRate: number, options: SaveOptions = {}): Uint8Array =>
    encoded("audio.encode", src, sampleRate, options),
);

/**
 * Writes a WAV file whole or not at all. Floats beyond [−1, 1] are cut off where integers are written.
 * @param filepath A path or a file URL.
 * @param src [channels, time]: float32, float64, int32, int16 or uint8.
 * @param sampleRate Frames per second.
 * @see torchaudio.save
 * @throws KindlingError in browsers, which have no files: use {@link encode} and offer the bytes as a download.
 * @example await audio.save("out.wav", waveform, 16000, { encoding: "PCM_S", bitsPerSample: 16 });
 */
export const save = namedAsync(
  "audio.save",
  "filepath, src, sampleRate; channelsFirst, compression, format, encoding, bitsPerSample",
  async (filepath: string | URL, src: Tensor, sampleRate: number, options: SaveOptions = {}): Promise<void> => {
    if (typeof filepath !== "string" && !(filepath instanceof URL))
      throw new ArgumentError(`audio.save: filepath must be a path or a URL, got ${describe(filepath)}`);
    await writeBytes("audio.save", filepath, encoded("audio.save", src, sampleRate, options));
  },
);
