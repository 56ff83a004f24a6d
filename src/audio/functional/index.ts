/** `torchaudio.functional`. */
export {
  amplitudeToDB,
  createDct,
  DBToAmplitude,
  linearFbanks,
  type MelScaleName,
  type MelscaleOptions,
  melscaleFbanks,
  muLawDecoding,
  muLawEncoding,
} from "./banks";
export {
  computeDeltas,
  type DeltaOptions,
  editDistance,
  gain,
  type MaskOptions,
  maskAlongAxis,
  maskAlongAxisIid,
  type ResampleOptions,
  type ResamplingMethod,
  resample,
} from "./filters";
export {
  griffinlim,
  inverseSpectrogram,
  phaseVocoder,
  type SpectrogramNorm,
  type SpectrogramOptions,
  spectrogram,
} from "./spectra";
