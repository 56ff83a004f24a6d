/** Mel spectrograms and cepstral coefficients as modules. */
import { checkChoice, checkFlag } from "../../core/arguments";
import { isPlainObject } from "../../core/binding";
import { ArgumentError, describe, ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { within } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { matmul } from "../../ops/linalg/matmul";
import { pinv } from "../../ops/linalg/matrixFunctions";
import type { PadMode } from "../../ops/shape/pad";
import { hannWindow } from "../../ops/spectral/windowFunctions";
import type { Tensor } from "../../tensor/tensor";
import { createDct, linearFbanks, type MelScaleName, melscaleFbanks } from "../functional/banks";
import { checkFinite, checkSpecgram } from "../functional/checks";
import type { SpectrogramNorm } from "../functional/spectra";
import { AmplitudeToDB } from "./levels";
import { type FrameParameters, frameSizes, readSpectral, Spectrogram, type SpectrogramParameters } from "./spectral";
import { AudioTransform, checkSize } from "./transform";

/** Parameters of {@link MelScale}. */
export interface MelScaleParameters {
  /** Bands. Default: 128. */
  nMels?: number;
  /** Hertz. Default: 16000. */
  sampleRate?: number;
  /** Hertz. Default: 0. */
  fMin?: number;
  /** Hertz. Default: ⌊sampleRate / 2⌋. */
  fMax?: number | null;
  /** Frequencies of the spectrogram. Default: 201. */
  nStft?: number;
  /** "slaney" divides each triangle by its width. Default: null. */
  norm?: "slaney" | null;
  /** Default: "htk". */
  melScale?: MelScaleName;
}

/** Parameters of {@link InverseMelScale}. */
export interface InverseMelScaleParameters extends MelScaleParameters {
  /** Frequencies of the spectrogram. */
  nStft: number;
}

/** Parameters of {@link MelSpectrogram}. */
export interface MelSpectrogramParameters extends Omit<SpectrogramParameters, "power" | "returnComplex"> {
  /** Hertz. Default: 16000. */
  sampleRate?: number;
  /** Hertz. Default: 0. */
  fMin?: number;
  /** Hertz. Default: ⌊sampleRate / 2⌋. */
  fMax?: number | null;
  /** Bands. Default: 128. */
  nMels?: number;
  /** The exponent of the magnitude. Default: 2. */
  power?: number;
  /** "slaney" divides each triangle by its width. Default: null. */
  norm?: "slaney" | null;
  /** Default: "htk". */
  melScale?: MelScaleName;
}

/** Parameters of {@link MFCC}. */
export interface MFCCParameters {
  /** Hertz. Default: 16000. */
  sampleRate?: number;
  /** Coefficients. Default: 40. */
  nMfcc?: number;
  /** Only 2 is there. */
  dctType?: number;
  /** Default: "ortho". */
  norm?: "ortho" | null;
  /** Take logarithms of the energies instead of decibels. Default: false. */
  logMels?: boolean;
  /** Arguments of the {@link MelSpectrogram}. Default: null. */
  melkwargs?: MelSpectrogramParameters | null;
}

/** Parameters of {@link LFCC}. */
export interface LFCCParameters {
  /** Hertz. Default: 16000. */
  sampleRate?: number;
  /** Bands. Default: 128. */
  nFilter?: number;
  /** Hertz. Default: 0. */
  fMin?: number;
  /** Hertz. Default: ⌊sampleRate / 2⌋. */
  fMax?: number | null;
  /** Coefficients. Default: 40. */
  nLfcc?: number;
  /** Only 2 is there. */
  dctType?: number;
  /** Default: "ortho". */
  norm?: "ortho" | null;
  /** Take logarithms of the energies instead of decibels. Default: false. */
  logLf?: boolean;
  /** Arguments of the {@link Spectrogram}. Default: null. */
  speckwargs?: SpectrogramParameters | null;
}

const melScaleSignature = "; nMels, sampleRate, fMin, fMax, nStft, norm, melScale";
const inverseMelSignature = "nStft; nMels, sampleRate, fMin, fMax, norm, melScale";
const melSpectrogramSignature =
  "; sampleRate, nFft, winLength, hopLength, fMin, fMax, pad, nMels, windowFn, power, normalized, wkwargs, center, padMode, onesided, norm, melScale";
const mfccSignature = "; sampleRate, nMfcc, dctType, norm, logMels, melkwargs";
const lfccSignature = "; sampleRate, nFilter, fMin, fMax, nLfcc, dctType, norm, logLf, speckwargs";

const scaleDefaults = {
  nMels: 128,
  sampleRate: 16000,
  fMin: 0,
  fMax: null as number | null,
  norm: null as "slaney" | null,
  melScale: "htk" as MelScaleName,
};

/** Frequencies of a bank, checked, with the default of the upper one. */
function checkBand(op: string, { sampleRate, fMin, fMax }: { sampleRate: number; fMin: number; fMax: number | null }) {
  checkSize(op, "sampleRate", sampleRate);
  const top = checkFinite(op, "fMax", fMax ?? Math.floor(sampleRate / 2));
  if (checkFinite(op, "fMin", fMin) > top) throw new ValueError(`${op}: Require fMin: ${fMin} <= fMax: ${top}`);
  return top;
}

/** A spectrogram through a bank, [freq, bands], along its axis of frequencies. */
function throughBank(op: string, specgram: Tensor, bank: Tensor): Tensor {
  checkSpecgram(op, specgram);
  if (specgram.shape.at(-2) !== bank.shape[0])
    throw new ShapeError(
      `${op}: takes spectrograms of ${bank.shape[0]} frequencies, [..., ${bank.shape[0]}, time], got ${shapeText(specgram.shape)}`,
    );
  return matmul(specgram.transpose(-1, -2), bank.to(specgram.dtype)).transpose(-1, -2);
}

/**
 * Spectrograms in mel bands. Shape: [..., nStft, time] → [..., nMels, time].
 * @see torchaudio.transforms.MelScale
 */
export class MelScale extends AudioTransform {
  /** @internal */
  static readonly signature: string = melScaleSignature;

  readonly nMels: number;
  readonly sampleRate: number;
  readonly fMin: number;
  readonly fMax: number;
  readonly norm: "slaney" | null;
  readonly melScale: MelScaleName;
  declare fb: Tensor;

  constructor(...given: Arguments<typeof melScaleSignature, MelScaleParameters>) {
    super();
    const op = "MelScale";
    const values = readArguments<MelScaleParameters>(op, melScaleSignature, { ...scaleDefaults, nStft: 201 }, given);
    this.fMax = checkBand(op, values);
    const { nMels, sampleRate, fMin, nStft, norm, melScale } = values;
    this.nMels = checkSize(op, "nMels", nMels);
    this.sampleRate = sampleRate;
    this.fMin = fMin;
    if (norm !== null) checkChoice(op, "norm", norm, ["slaney"]);
    this.norm = norm;
    this.melScale = checkChoice(op, "melScale", melScale, ["htk", "slaney"]);
    const count = checkSize(op, "nStft", nStft);
    this.registerBuffer("fb", melscaleFbanks(count, fMin, this.fMax, nMels, sampleRate, { norm, melScale }));
  }

  override forward(specgram: Tensor): Tensor {
    return throughBank("MelScale", specgram, this.fb);
  }
}

/**
 * Spectrograms from mel bands: the one of least squares with the smallest norm, without its negative parts, as later versions of torchaudio find it.
 * Shape: [..., nMels, time] → [..., nStft, time].
 * @see torchaudio.transforms.InverseMelScale
 */
export class InverseMelScale extends AudioTransform {
  /** @internal */
  static readonly signature: string = inverseMelSignature;

  readonly nMels: number;
  declare fb: Tensor;

  constructor(...given: Arguments<typeof inverseMelSignature, InverseMelScaleParameters>) {
    super();
    const op = "InverseMelScale";
    const values = readArguments<InverseMelScaleParameters>(op, inverseMelSignature, scaleDefaults, given);
    const fMax = checkBand(op, values);
    const { nMels, sampleRate, fMin, nStft, norm, melScale } = values;
    if (norm !== null) checkChoice(op, "norm", norm, ["slaney"]);
    this.nMels = checkSize(op, "nMels", nMels);
    const count = checkSize(op, "nStft", nStft);
    this.registerBuffer(
      "fb",
      melscaleFbanks(count, fMin, fMax, nMels, sampleRate, {
        norm,
        melScale: checkChoice(op, "melScale", melScale, ["htk", "slaney"]),
      }),
    );
  }

  override forward(melspec: Tensor): Tensor {
    return throughBank(
      "InverseMelScale",
      checkSpecgram("InverseMelScale", melspec, "melspec"),
      pinv(this.fb.double()).to(melspec.dtype),
    ).relu();
  }
}

const melSpectrogramDefaults = {
  ...scaleDefaults,
  nFft: 400,
  winLength: null,
  hopLength: null,
  windowFn: hannWindow,
  wkwargs: null,
  pad: 0,
  normalized: undefined,
  center: true,
  padMode: "reflect" as PadMode,
  onesided: null,
  power: 2,
};

/**
 * Mel spectrograms of signals: {@link Spectrogram}, then {@link MelScale}. Shape: [..., time] → [..., nMels, frames].
 * @see torchaudio.transforms.MelSpectrogram
 * @example new audio.transforms.MelSpectrogram({ sampleRate: 16000, nFft: 400, nMels: 80 })(waveform)
 */
export class MelSpectrogram extends AudioTransform {
  /** @internal */
  static readonly signature: string = melSpectrogramSignature;

  readonly sampleRate: number;
  readonly nFft: number;
  readonly nMels: number;
  readonly normalized: SpectrogramNorm;
  spectrogram: Spectrogram;
  melScale: MelScale;

  constructor(...given: Arguments<typeof melSpectrogramSignature, MelSpectrogramParameters>) {
    super();
    const op = "MelSpectrogram";
    const values = readSpectral<any>(op, melSpectrogramSignature, melSpectrogramDefaults, given) as any;
    const { sampleRate, nFft, winLength, hopLength, fMin, fMax, pad, nMels, windowFn, power } = values;
    const { normalized, wkwargs, center, padMode, norm, melScale } = values;
    this.sampleRate = sampleRate;
    this.nMels = nMels;
    this.normalized = normalized;
    const frames: FrameParameters = { nFft, winLength, hopLength, windowFn, wkwargs };
    frameSizes(op, frames);
    this.spectrogram = within(
      op,
      () => new Spectrogram({ ...frames, pad, power, normalized, center, padMode, onesided: true }),
    );
    this.nFft = this.spectrogram.nFft;
    const nStft = Math.floor(this.nFft / 2) + 1;
    this.melScale = within(op, () => new MelScale({ nMels, sampleRate, fMin, fMax, nStft, norm, melScale }));
  }

  override forward(waveform: Tensor): Tensor {
    return this.melScale(this.spectrogram(waveform));
  }
}

/** Arguments for a part, as an object. @throws ArgumentError for anything else. */
function checkPart<P extends object>(op: string, name: string, value: P | null): P {
  if (value === null) return {} as P;
  if (!isPlainObject(value)) throw new ArgumentError(`${op}: ${name} must be an object, got ${describe(value)}`);
  return value;
}

/** @throws ValueError for a transform that is not there. */
function checkDct(op: string, dctType: unknown): void {
  if (dctType !== 2) throw new ValueError(`${op}: DCT type not supported: ${describe(dctType)}; only 2 is`);
}

/** Shared by {@link MFCC} and {@link LFCC}: energies of bands, in decibels or logarithms, through a cosine transform. */
abstract class Cepstrum extends AudioTransform {
  readonly amplitudeToDB: AmplitudeToDB = new AmplitudeToDB("power", 80);
  declare dctMat: Tensor;

  protected coefficients(bands: Tensor, log: boolean): Tensor {
    const loud = log ? bands.add(1e-6).log() : this.amplitudeToDB(bands);
    return matmul(loud.transpose(-1, -2), this.dctMat.to(loud.dtype)).transpose(-1, -2);
  }

  /** torchaudio's names: its fields `amplitude_to_DB`, `MelSpectrogram` and `Spectrogram`. */
  override stateKey(field: string): string {
    if (field === "amplitudeToDB") return "amplitude_to_DB";
    return /^[A-Z]/.test(field) ? field : super.stateKey(field);
  }
}

/**
 * Mel-frequency cepstral coefficients. Shape: [..., time] → [..., nMfcc, frames].
 * @see torchaudio.transforms.MFCC
 * @example new audio.transforms.MFCC({ sampleRate: 16000, nMfcc: 13, melkwargs: { nFft: 400, hopLength: 160, nMels: 23 } })(waveform)
 */
export class MFCC extends Cepstrum {
  /** @internal */
  static readonly signature: string = mfccSignature;

  readonly sampleRate: number;
  readonly nMfcc: number;
  readonly dctType: number;
  readonly norm: "ortho" | null;
  readonly logMels: boolean;
  MelSpectrogram: MelSpectrogram;

  constructor(...given: Arguments<typeof mfccSignature, MFCCParameters>) {
    super();
    const op = "MFCC";
    const defaults = {
      sampleRate: 16000,
      nMfcc: 40,
      dctType: 2,
      norm: undefined as unknown as null,
      logMels: false,
      melkwargs: null,
    };
    const values = readArguments<MFCCParameters>(op, mfccSignature, defaults, given);
    checkDct(op, values.dctType);
    this.dctType = 2;
    this.sampleRate = values.sampleRate;
    this.nMfcc = checkSize(op, "nMfcc", values.nMfcc);
    this.norm = values.norm === undefined ? "ortho" : values.norm;
    this.logMels = checkFlag(op, "logMels", values.logMels);
    const part = checkPart(op, "melkwargs", values.melkwargs);
    this.MelSpectrogram = within(op, () => new MelSpectrogram({ sampleRate: this.sampleRate, ...part }));
    const { nMels } = this.MelSpectrogram;
    if (this.nMfcc > nMels)
      throw new ValueError(`${op}: Cannot select more MFCC coefficients than # mel bins: ${this.nMfcc} of ${nMels}`);
    this.registerBuffer("dctMat", createDct(this.nMfcc, nMels, this.norm));
  }

  override forward(waveform: Tensor): Tensor {
    return this.coefficients(this.MelSpectrogram(waveform), this.logMels);
  }
}

/** Cepstral coefficients of bands of equal widths. Shape: [..., time] → [..., nLfcc, frames]. @see torchaudio.transforms.LFCC */
export class LFCC extends Cepstrum {
  /** @internal */
  static readonly signature: string = lfccSignature;

  readonly sampleRate: number;
  readonly nFilter: number;
  readonly nLfcc: number;
  readonly dctType: number;
  readonly norm: "ortho" | null;
  readonly logLf: boolean;
  readonly fMin: number;
  readonly fMax: number;
  Spectrogram: Spectrogram;
  declare filterMat: Tensor;

  constructor(...given: Arguments<typeof lfccSignature, LFCCParameters>) {
    super();
    const op = "LFCC";
    const own = { nFilter: 128, fMin: 0, fMax: null, nLfcc: 40, dctType: 2, logLf: false, speckwargs: null };
    const defaults = { sampleRate: 16000, norm: undefined as unknown as null, ...own };
    const values = readArguments<LFCCParameters>(op, lfccSignature, defaults, given);
    checkDct(op, values.dctType);
    this.dctType = 2;
    this.fMax = checkBand(op, values);
    this.fMin = values.fMin;
    this.sampleRate = values.sampleRate;
    this.nFilter = checkSize(op, "nFilter", values.nFilter);
    this.nLfcc = checkSize(op, "nLfcc", values.nLfcc);
    this.norm = values.norm === undefined ? "ortho" : values.norm;
    this.logLf = checkFlag(op, "logLf", values.logLf);
    const part = checkPart(op, "speckwargs", values.speckwargs);
    this.Spectrogram = within(op, () => new Spectrogram(part));
    const nFreqs = Math.floor(this.Spectrogram.nFft / 2) + 1;
    if (this.nLfcc > this.Spectrogram.nFft)
      throw new ValueError(`${op}: Cannot select more LFCC coefficients than # fft bins: ${this.nLfcc}`);
    this.registerBuffer("filterMat", linearFbanks(nFreqs, this.fMin, this.fMax, this.nFilter, this.sampleRate));
    this.registerBuffer("dctMat", createDct(this.nLfcc, this.nFilter, this.norm));
  }

  override forward(waveform: Tensor): Tensor {
    return this.coefficients(throughBank("LFCC", this.Spectrogram(waveform), this.filterMat), this.logLf);
  }
}

takes("specgram", MelScale);
takes("melspec", InverseMelScale);
takes("waveform", MelSpectrogram, MFCC, LFCC);
