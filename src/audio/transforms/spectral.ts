/** Spectrograms as modules. */
import { checkFlag, checkInteger, MAX_COUNT, MAX_ITERATIONS } from "../../core/arguments";
import { DTypeError, ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { linspace } from "../../ops/creation/ranges";
import type { PadMode } from "../../ops/shape/pad";
import { hannWindow } from "../../ops/spectral/windowFunctions";
import type { Tensor } from "../../tensor/tensor";
import { checkFinite, checkPositive } from "../functional/checks";
import {
  checkNorm,
  griffinlim,
  inverseSpectrogram,
  phaseVocoder,
  type SpectrogramNorm,
  spectrogram,
} from "../functional/spectra";
import { AudioTransform, checkSize, checkWindowArguments, type WindowFunction, windowOf } from "./transform";

/** Frames of a signal. */
export interface FrameParameters {
  /** The size of the transform: ⌊nFft / 2⌋ + 1 frequencies. Default: 400. */
  nFft?: number;
  /** The size of the window. Default: nFft. */
  winLength?: number | null;
  /** The distance between frames. Default: ⌊winLength / 2⌋. */
  hopLength?: number | null;
  /** Makes the window. Default: `torch.hannWindow`. */
  windowFn?: WindowFunction;
  /** Options for `windowFn`. Default: null. */
  wkwargs?: object | null;
}

/** Parameters of {@link InverseSpectrogram}. */
export interface InverseSpectrogramParameters extends FrameParameters {
  /** Zeros on both sides of the signal. Default: 0. */
  pad?: number;
  /** Divide by the energy of the window (`true`, "window") or by √nFft ("frame_length"). Default: false. */
  normalized?: SpectrogramNorm;
  /** Whether frame t is centered at t · hopLength. Default: true. */
  center?: boolean;
  /** How a centered signal is continued at its ends. Default: "reflect". */
  padMode?: PadMode;
  /** Only the frequencies that are not redundant. Default: true. */
  onesided?: boolean;
}

/** Parameters of {@link Spectrogram}. */
export interface SpectrogramParameters extends InverseSpectrogramParameters {
  /** The exponent of the magnitude: 1 for amplitudes, 2 for energies, null for the complex spectrum as pairs. Default: 2. */
  power?: number | null;
  /** Deprecated in torchaudio; here there is no complex dtype. */
  returnComplex?: boolean | null;
}

/** Parameters of {@link GriffinLim}. */
export interface GriffinLimParameters extends FrameParameters {
  /** The exponent of the given magnitudes. Default: 2. */
  power?: number;
  /** Default: 32. */
  nIter?: number;
  /** From 0 to below 1. Default: 0.99. */
  momentum?: number;
  /** Samples of the result. Default: as many as the frames cover. */
  length?: number | null;
  /** Begin with random phases. Default: true. */
  randInit?: boolean;
}

const spectrogramSignature =
  "; nFft, winLength, hopLength, pad, windowFn, power, normalized, wkwargs, center, padMode, onesided, returnComplex";
const inverseSignature = "; nFft, winLength, hopLength, pad, windowFn, normalized, wkwargs, center, padMode, onesided";
const griffinSignature = "; nFft, nIter, winLength, hopLength, windowFn, power, wkwargs, momentum, length, randInit";
const stretchSignature = "; hopLength, nFreq, fixedRate";

const frameDefaults = {
  nFft: 400,
  winLength: null as number | null,
  hopLength: null as number | null,
  windowFn: hannWindow as unknown as WindowFunction,
  wkwargs: null as object | null,
};

/** Sizes of frames, checked, each with its default. */
export function frameSizes(op: string, given: FrameParameters): { nFft: number; winLength: number; hopLength: number } {
  const nFft = checkSize(op, "nFft", given.nFft);
  const winLength = checkSize(op, "winLength", given.winLength ?? nFft);
  if (winLength > nFft) throw new ValueError(`${op}: winLength must be at most nFft = ${nFft}, got ${winLength}`);
  const hopLength = checkSize(op, "hopLength", given.hopLength ?? Math.max(1, Math.floor(winLength / 2)));
  return { nFft, winLength, hopLength };
}

/** Base of what has frames and a window. */
abstract class Frames extends AudioTransform {
  readonly nFft: number;
  readonly winLength: number;
  readonly hopLength: number;
  declare window: Tensor;

  constructor(op: string, given: Required<FrameParameters>) {
    super();
    const { nFft, winLength, hopLength } = frameSizes(op, given);
    this.nFft = nFft;
    this.winLength = winLength;
    this.hopLength = hopLength;
    this.registerBuffer(
      "window",
      windowOf(op, given.windowFn, winLength, checkWindowArguments(op, "wkwargs", given.wkwargs)),
    );
  }
}

const inverseDefaults = {
  ...frameDefaults,
  pad: 0,
  // No flag: it may be a word.
  normalized: undefined as unknown as SpectrogramNorm,
  center: true,
  padMode: "reflect" as PadMode,
  onesided: true,
};

/** `power` may be null, so that its default is filled in later. */
const spectrogramDefaults = { ...inverseDefaults, returnComplex: null };

/** @internal The arguments of a class of spectrograms, with `defaults` for those that are not given. */
export function readSpectral<P extends InverseSpectrogramParameters>(
  op: string,
  signature: string,
  defaults: Readonly<Record<string, unknown>>,
  given: readonly unknown[],
): Required<P> {
  const read = readArguments<any>(op, signature, defaults as any, given) as Required<InverseSpectrogramParameters>;
  read.normalized = checkNorm(op, read.normalized ?? false);
  checkInteger(op, "pad", read.pad, 0, MAX_COUNT);
  return read as Required<P>;
}

/**
 * Spectrograms of signals. Shape: [..., time] → [..., ⌊nFft / 2⌋ + 1, frames]; with `power: null` pairs [..., freq, frames, 2].
 * @see torchaudio.transforms.Spectrogram
 * @example new audio.transforms.Spectrogram({ nFft: 512 })(waveform)
 */
export class Spectrogram extends Frames {
  /** @internal */
  static readonly signature: string = spectrogramSignature;

  readonly pad: number;
  readonly power: number | null;
  readonly normalized: SpectrogramNorm;
  readonly center: boolean;
  readonly padMode: PadMode;
  readonly onesided: boolean;

  constructor(...given: Arguments<typeof spectrogramSignature, SpectrogramParameters>) {
    const op = "Spectrogram";
    const values = readSpectral<SpectrogramParameters>(op, spectrogramSignature, spectrogramDefaults, given);
    super(op, values);
    if (values.returnComplex)
      throw new DTypeError(
        `${op}: there is no complex dtype: with power = null the numbers are pairs, [..., freq, time, 2]`,
      );
    this.pad = values.pad;
    const { power = 2 } = values;
    this.power = power === null ? null : checkPositive(op, "power", power);
    this.normalized = values.normalized;
    this.center = values.center;
    this.padMode = values.padMode;
    this.onesided = values.onesided;
  }

  override forward(waveform: Tensor): Tensor {
    const { pad, window, nFft, hopLength, winLength, power, normalized, center, padMode, onesided } = this;
    const options = { center, padMode, onesided };
    return spectrogram(waveform, pad, window, nFft, hopLength, winLength, power, normalized, options);
  }
}

/** Signals from complex spectrograms. Shape: pairs [..., freq, frames, 2] → [..., time]. @see torchaudio.transforms.InverseSpectrogram */
export class InverseSpectrogram extends Frames {
  /** @internal */
  static readonly signature: string = inverseSignature;

  readonly pad: number;
  readonly normalized: SpectrogramNorm;
  readonly center: boolean;
  readonly padMode: PadMode;
  readonly onesided: boolean;

  constructor(...given: Arguments<typeof inverseSignature, InverseSpectrogramParameters>) {
    const op = "InverseSpectrogram";
    const values = readSpectral<InverseSpectrogramParameters>(op, inverseSignature, inverseDefaults, given);
    super(op, values);
    this.pad = values.pad;
    this.normalized = values.normalized;
    this.center = values.center;
    this.padMode = values.padMode;
    this.onesided = values.onesided;
  }

  /** @param length The number of samples wanted. Default: as many as the frames cover. */
  override forward(spectrum: Tensor, length: number | null = null): Tensor {
    const { pad, window, nFft, hopLength, winLength, normalized, center, padMode, onesided } = this;
    const options = { center, padMode, onesided };
    return inverseSpectrogram(spectrum, length, pad, window, nFft, hopLength, winLength, normalized, options);
  }
}

/** Signals from magnitudes. Shape: [..., freq, frames] → [..., time]. @see torchaudio.transforms.GriffinLim */
export class GriffinLim extends Frames {
  /** @internal */
  static readonly signature: string = griffinSignature;

  readonly nIter: number;
  readonly power: number;
  readonly momentum: number;
  override readonly length: number | null;
  readonly randInit: boolean;

  constructor(...given: Arguments<typeof griffinSignature, GriffinLimParameters>) {
    const op = "GriffinLim";
    const own = { nIter: 32, power: 2, length: null, randInit: true };
    const defaults = { ...frameDefaults, ...own, momentum: 0.99 };
    const values = readArguments<GriffinLimParameters>(op, griffinSignature, defaults, given);
    super(op, values as Required<FrameParameters>);
    this.momentum = checkFinite(op, "momentum", values.momentum);
    if (this.momentum < 0 || this.momentum >= 1)
      throw new ValueError(`${op}: momentum must be in the range [0, 1). Found: ${this.momentum}`);
    this.nIter = checkInteger(op, "nIter", values.nIter, 0, MAX_ITERATIONS);
    this.power = checkPositive(op, "power", values.power);
    this.length = values.length === null ? null : checkInteger(op, "length", values.length, 0, MAX_COUNT);
    this.randInit = checkFlag(op, "randInit", values.randInit);
  }

  override forward(specgram: Tensor): Tensor {
    const { window, nFft, hopLength, winLength, power, nIter, momentum, length, randInit } = this;
    return griffinlim(specgram, window, nFft, hopLength, winLength, power, nIter, momentum, length, randInit);
  }
}

/** Parameters of {@link TimeStretch}. */
export interface TimeStretchParameters {
  /** The distance between frames of the spectrogram. Default: nFreq − 1. */
  hopLength?: number | null;
  /** Its frequencies. Default: 201. */
  nFreq?: number;
  /** The rate of all calls that give none. Default: null. */
  fixedRate?: number | null;
}

/**
 * Complex spectrograms stretched in time, their pitch unchanged. Shape: pairs [..., freq, frames, 2] → [..., freq, ⌈frames / rate⌉, 2].
 * @see torchaudio.transforms.TimeStretch
 */
export class TimeStretch extends AudioTransform {
  /** @internal */
  static readonly signature: string = stretchSignature;

  readonly fixedRate: number | null;
  declare phaseAdvance: Tensor;

  constructor(...given: Arguments<typeof stretchSignature, TimeStretchParameters>) {
    super();
    const op = "TimeStretch";
    const defaults = { hopLength: null, nFreq: 201, fixedRate: null };
    const values = readArguments<TimeStretchParameters>(op, stretchSignature, defaults, given);
    const nFreq = checkSize(op, "nFreq", values.nFreq);
    const hop = checkSize(op, "hopLength", values.hopLength ?? Math.max(1, nFreq - 1));
    this.fixedRate = values.fixedRate === null ? null : checkPositive(op, "fixedRate", values.fixedRate);
    this.registerBuffer("phaseAdvance", linspace(0, Math.PI * hop, nFreq).unsqueeze(1));
  }

  /** @throws ValueError without a rate where none is fixed. */
  override forward(complexSpecgrams: Tensor, overridingRate: number | null = null): Tensor {
    const rate = overridingRate ?? this.fixedRate;
    if (rate === null)
      throw new ValueError("TimeStretch: if no fixedRate is specified, must pass a valid rate to the forward method.");
    return phaseVocoder(complexSpecgrams, rate, this.phaseAdvance);
  }
}

takes("waveform", Spectrogram);
takes("spectrogram, length?", InverseSpectrogram);
takes("specgram", GriffinLim);
takes("complexSpecgrams, overridingRate?", TimeStretch);
