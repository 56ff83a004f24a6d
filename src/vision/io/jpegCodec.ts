/** libjpeg-turbo and mozjpeg in WebAssembly: loaded when they are first needed, in any runtime and in workers, with nothing to set up. */
import { inflateSync } from "fflate";
import { FormatError, KindlingError, OutOfMemoryError } from "../../core/errors";
import type { JpegHeader } from "./jpegHeader";

/** What Emscripten's glue takes and gives. */
interface Glue {
  readonly HEAPU8?: Uint8Array;
}

type Create<M> = (options: object) => Promise<M>;

interface Decoded {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** mozjpeg, which makes red, green, blue and alpha of everything. */
interface DecoderModule extends Glue {
  decode(file: Uint8Array, preservesOrientation: boolean): Decoded | null;
}

/** A file and its pixels in the memory of libjpeg-turbo, as vectors of C++. */
interface TurboDecoder {
  /** Room for a file of that many bytes. */
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getFrameInfo(): { width: number; height: number; componentCount: number };
  getDecodedBuffer(): Uint8ClampedArray;
  delete(): void;
}

interface TurboModule extends Glue {
  readonly JPEGDecoder: new () => TurboDecoder;
}

interface EncoderModule extends Glue {
  encode(pixels: Uint8Array, width: number, height: number, options: object): Uint8Array;
}

/** Samples of a file of one or three components. */
export interface Pixels extends Decoded {
  /** Samples of a pixel: 1 where it is gray, 3, or 4, the last of which means nothing. */
  readonly bands: number;
}

/** An instance that has grown beyond this is let go, since memory of WebAssembly never shrinks. */
const MOST_KEPT = 2 ** 26;

/** What the decoder makes its result of; the glue looks for the class of browsers. */
class PlainPixels implements Decoded {
  constructor(
    readonly data: Uint8ClampedArray,
    readonly width: number,
    readonly height: number,
  ) {}
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return inflateSync(bytes) as Uint8Array<ArrayBuffer>;
}

/** A codec whose code is compiled once, and which runs in an instance that is replaced when it has failed or grown. */
class Codec<M extends Glue> {
  private source: Promise<{ create: Create<M>; module: WebAssembly.Module }> | undefined;
  private instance: Promise<M> | undefined;
  private messages: string[] = [];

  constructor(private readonly load: () => Promise<{ create: Create<M>; binary: string }>) {}

  /**
   * Runs `work`, which is over when it returns.
   * @throws What the codec said last, if it gave up.
   */
  async run<R>(work: (codec: M, messages: readonly string[]) => R): Promise<R> {
    this.instance ??= this.start();
    const codec = await this.instance;
    this.messages.length = 0;
    let result: R;
    try {
      result = work(codec, this.messages);
    } catch (error) {
      this.instance = undefined;
      throw error instanceof KindlingError ? error : this.failure(error);
    }
    if ((codec.HEAPU8?.length ?? 0) > MOST_KEPT) this.instance = undefined;
    return result;
  }

  private failure(cause: unknown): KindlingError {
    const why = this.messages.at(-1) ?? (cause as Error).message ?? String(cause);
    const isMemory = /memory|out of bounds|Aborted/i.test(why);
    return new (isMemory ? OutOfMemoryError : FormatError)(why, { cause });
  }

  private async start(): Promise<M> {
    this.source ??= this.load().then(async ({ create, binary }) => ({
      create,
      module: await WebAssembly.compile(fromBase64(binary)),
    }));
    const { create, module } = await this.source;
    return new Promise((resolve, reject) => {
      create({
        noInitialRun: true,
        ImageData: PlainPixels,
        print: () => {},
        printErr: (message: string) => void this.messages.push(message),
        instantiateWasm: (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) => {
          WebAssembly.instantiate(module, imports).then(done, reject);
          return {};
        },
      }).then(resolve, reject);
    });
  }
}

const turbo = new Codec<TurboModule>(async () => {
  const { createDecoder, binary } = await import("./lazyTurboDecoder");
  return { create: createDecoder as unknown as Create<TurboModule>, binary };
});

const mozjpeg = new Codec<DecoderModule>(async () => {
  const { createDecoder, binary } = await import("./lazyJpegDecoder");
  return { create: createDecoder as unknown as Create<DecoderModule>, binary };
});

function turboPixels({ JPEGDecoder }: TurboModule, bytes: Uint8Array): Pixels {
  const decoder = new JPEGDecoder();
  decoder.getEncodedBuffer(bytes.length).set(bytes);
  decoder.decode();
  const { width, height, componentCount } = decoder.getFrameInfo();
  // The glue's view is one of clamped bytes, which is none of plain ones.
  const { buffer, byteOffset, length } = decoder.getDecodedBuffer();
  const data = new Uint8Array(buffer, byteOffset, length).slice();
  decoder.delete();
  return { data, width, height, bands: componentCount };
}

/** libjpeg goes on where the data ends and fills the rest; PIL and torchvision do not. */
const isTruncation = (message: string): boolean => message.includes("Premature end of JPEG file");

/** The sampling factors of three components that libjpeg-turbo's wrapper knows, h and v of each: it refuses all others. */
const turboSamplings: ReadonlySet<string> = new Set([
  ...["11,11,11", "21,11,11", "12,11,11", "22,11,11", "41,11,11", "14,11,11"],
  // The same as some of those, said with greater numbers.
  ...["22,21,21", "22,12,12", "21,21,21", "12,12,12", "31,31,31", "13,13,13"],
]);

/** What a header says of how pixels are coded. */
export type Coding = Pick<JpegHeader, "frame" | "components">;

/** Whether libjpeg-turbo's wrapper may take a file: Huffman codes and a sampling that it knows. */
function isForTurbo({ frame, components }: Coding): boolean {
  if (frame > 0xc8) return false;
  return components.length === 1 || turboSamplings.has(components.map(({ h, v }) => `${h}${v}`).join());
}

/**
 * The pixels of a file of one or three components, value by value as libjpeg has them: from libjpeg-turbo, which takes two thirds of mozjpeg's
 * time, or from mozjpeg where libjpeg-turbo's wrapper gives up, as it does on mere warnings and on rare ways of coding. Where the header shows
 * that, it is not tried, since a codec that has failed is started anew.
 * @throws FormatError
 */
export async function decodePixels(bytes: Uint8Array, coding: Coding): Promise<Pixels> {
  const pixels = isForTurbo(coding)
    ? await turbo.run((codec) => turboPixels(codec, bytes)).catch(() => undefined)
    : undefined;
  return pixels ?? mozjpeg.run((codec, messages) => mozjpegPixels(codec, messages, bytes));
}

function mozjpegPixels(codec: DecoderModule, messages: readonly string[], bytes: Uint8Array): Pixels {
  const decoded = codec.decode(bytes, false);
  if (messages.some(isTruncation)) throw new FormatError("the JPEG file is incomplete or truncated");
  if (decoded === null) throw new FormatError("the JPEG file cannot be decoded: it is damaged");
  const { data, width, height } = decoded;
  return { data, width, height, bands: 4 };
}

/** Makes JPEG files. */
export const encoder = new Codec<EncoderModule>(async () => {
  const { createEncoder, binary } = await import("./lazyJpegEncoder");
  return { create: createEncoder as unknown as Create<EncoderModule>, binary };
});
