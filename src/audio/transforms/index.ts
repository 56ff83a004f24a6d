/** `torchaudio.transforms`. */
export * from "./levels";
export * from "./masking";
export * from "./mel";
export * from "./spectral";
export type { WindowFunction } from "./transform";
