/**
 * The compiled kernels as base64 text, and the types of their parameters; the build provides this module (scripts/building/kernels.mjs).
 * `build/kernels.d.ts`, which the build writes, adds what each kernel takes: run `npm run build` if your editor does not find `RangeKernels`.
 */
declare module "kindling:kernels" {
  /** Both binaries, the relaxed one first, in one LZMA stream. */
  export const packed: string;
  /** How many bytes each of them has. */
  export const lengths: readonly [relaxed: number, baseline: number];
  /** The binary that unpacks the stream (`assembly/unpack/lzma.ts`). */
  export const unpacker: string;
  /** The types of the parameters of each export, a letter each. */
  export const signatures: Readonly<Record<string, string>>;
}

/**
 * The library as the text of a script, without the kernels; the build provides this module (rollup.config.mjs). Where the sources run unbundled, it is
 * absent.
 */
declare module "kindling:dataWorker" {
  export const script: string;
}

/**
 * AssemblyScript's loader and the loop of a compute thread as the text of a script that defines `loader`; the build provides this module
 * (rollup.config.mjs).
 */
declare module "kindling:loader" {
  export const script: string;
}
