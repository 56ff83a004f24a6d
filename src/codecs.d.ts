/** Binaries of packages, as base64 text of their deflated bytes: the build provides these modules (rollup.config.mjs). */
declare module "*.wasm" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: a module that is nothing but this text.
  export default text;
}

/** Style sheets of packages, as text. */
declare module "*.css" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: a module that is nothing but this text.
  export default text;
}

/** Charts of letters. */
declare module "asciichart" {
  /** Lines of text that show series of numbers. */
  export function plot(
    series: readonly (readonly number[])[],
    options?: {
      height?: number;
      min?: number;
      max?: number;
      colors?: readonly string[];
      format?: (x: number) => string;
    },
  ): string;
}

/** libjpeg-turbo's decoder: the code around its binary, and the binary as text. */
declare module "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs" {
  const create: (options: object) => Promise<unknown>;
  // biome-ignore lint/style/noDefaultExport: as the package has it.
  export default create;
}

declare module "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm" {
  const binary: string;
  // biome-ignore lint/style/noDefaultExport: a module that is nothing but this text.
  export default binary;
}

/** Animated GIFs. */
declare module "gifenc/dist/gifenc.esm.js" {
  /** Colors as [red, green, blue]. */
  export type Palette = number[][];
  /** At most `most` colors that stand for those of pixels of four bytes. */
  export function quantize(rgba: Uint8Array | Uint8ClampedArray, most: number): Palette;
  /** The color of each pixel. */
  export function applyPalette(rgba: Uint8Array | Uint8ClampedArray, palette: Palette): Uint8Array;
  export interface Encoder {
    writeFrame(
      index: Uint8Array,
      width: number,
      height: number,
      options: { palette: Palette; delay: number; repeat?: number },
    ): void;
    finish(): void;
    bytes(): Uint8Array;
  }
  export function GIFEncoder(): Encoder;
}
