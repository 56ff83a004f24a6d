/** `torchaudio.transforms`. */
export * from "./levels";
export * from "./masking";
export * from "./mel";
export {
  type FrameParameters,
  GriffinLim,
  type GriffinLimParameters,
  InverseSpectrogram,
  type InverseSpectrogramParameters,
  Spectrogram,
  type SpectrogramParameters,
  TimeStretch,
  type TimeStretchParameters,
} from "./spectral";
export type { WindowFunction } from "./transform";
