/** mozjpeg in WebAssembly: loaded when it is first needed, in any runtime and in workers, with nothing to set up. */
import { inflateSync } from "fflate";
import { FormatError, KindlingError, OutOfMemoryError } from "../../core/errors";

/** What Emscripten's glue takes and gives. */
interface Glue {
  readonly HEAPU8?: Uint8Array;
}

type Create<M> = (options: object) => Promise<M>;

interface DecoderModule extends Glue {
  decode(file: Uint8Array, preservesOrientation: boolean): Pixels | null;
}

interface EncoderModule extends Glue {
  encode(pixels: Uint8Array, width: number, height: number, options: object): Uint8Array;
}

/** Red, green, blue and alpha of each pixel. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** An instance that has grown beyond this is let go, since memory of WebAssembly never shrinks. */
const MOST_KEPT = 2 ** 26;

/** What the decoder makes its result of; the glue looks for the class of browsers. */
class PlainPixels implements Pixels {
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

/** Turns JPEG files of one or three components into pixels, value by value as libjpeg does. */
export const decoder = new Codec<DecoderModule>(async () => {
  const { createDecoder, binary } = await import("./lazyJpegDecoder");
  return { create: createDecoder as unknown as Create<DecoderModule>, binary };
});

/** Makes JPEG files. */
export const encoder = new Codec<EncoderModule>(async () => {
  const { createEncoder, binary } = await import("./lazyJpegEncoder");
  return { create: createEncoder as unknown as Create<EncoderModule>, binary };
});
