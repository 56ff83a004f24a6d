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
