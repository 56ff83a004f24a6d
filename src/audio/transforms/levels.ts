/** Scales of loudness, levels, rates and slopes as modules. */
import { checkChoice, checkInteger, MAX_COUNT } from "../../core/arguments";
import type { DType } from "../../core/dtype";
import { ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import type { Arguments } from "../../core/signatureTypes";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { linspace } from "../../ops/creation/ranges";
import { cat } from "../../ops/shape/join";
import type { PadMode } from "../../ops/shape/pad";
import type { Tensor } from "../../tensor/tensor";
import { amplitudeToDB, muLawDecoding, muLawEncoding } from "../functional/banks";
import { checkFinite, checkWaveform } from "../functional/checks";
import {
  applyKernel,
  checkFloatDType,
  computeDeltas,
  gain,
  type ResampleOptions,
  type ResamplingMethod,
  resamplingKernel,
} from "../functional/filters";
import { AudioTransform } from "./transform";

/** Parameters of {@link AmplitudeToDB}. */
export interface AmplitudeToDBParameters {
  /** What is given: energies or amplitudes. Default: "power". */
  stype?: "power" | "magnitude";
  /** The result is at most this much below the largest value of its clip. Default: null. */
  topDb?: number | null;
}

const dbSignature = "; stype, topDb";

/** Powers or amplitudes in decibels. Shape: any; with `topDb` [..., freq, time]. @see torchaudio.transforms.AmplitudeToDB */
export class AmplitudeToDB extends AudioTransform {
  /** @internal */
  static readonly signature: string = dbSignature;

  readonly stype: "power" | "magnitude";
  readonly topDb: number | null;
  readonly multiplier: number;
  readonly amin: number = 1e-10;
  readonly refValue: number = 1;
  readonly dbMultiplier: number = 0;

  constructor(...given: Arguments<typeof dbSignature, AmplitudeToDBParameters>) {
    super();
    const op = "AmplitudeToDB";
    const defaults = { stype: "power" as const, topDb: null };
    const { stype, topDb } = readArguments<AmplitudeToDBParameters>(op, dbSignature, defaults, given);
    this.stype = checkChoice(op, "stype", stype, ["power", "magnitude"]);
    if (topDb !== null && checkFinite(op, "topDb", topDb) < 0)
      throw new ValueError(`${op}: topDb must be positive value, got ${topDb}`);
    this.topDb = topDb;
    this.multiplier = stype === "power" ? 10 : 20;
  }

  override forward(x: Tensor): Tensor {
    return amplitudeToDB(x, this.multiplier, this.amin, this.dbMultiplier, { topDb: this.topDb });
  }
}

/** Parameters of {@link MuLawEncoding} and {@link MuLawDecoding}. */
export interface MuLawParameters {
  /** Levels. Default: 256. */
  quantizationChannels?: number;
}

const muLawSignature = "; quantizationChannels";

abstract class MuLaw extends AudioTransform {
  readonly quantizationChannels: number;

  constructor(op: string, given: readonly unknown[]) {
    super();
    const defaults = { quantizationChannels: 256 };
    const values = readArguments<MuLawParameters>(op, muLawSignature, defaults, given);
    this.quantizationChannels = checkInteger(op, "quantizationChannels", values.quantizationChannels, 2, MAX_COUNT);
  }
}

/** Samples from −1 to 1 as int64 levels. Shape: any. @see torchaudio.transforms.MuLawEncoding */
export class MuLawEncoding extends MuLaw {
  /** @internal */
  static readonly signature: string = muLawSignature;

  constructor(...given: Arguments<typeof muLawSignature, MuLawParameters>) {
    super("MuLawEncoding", given);
  }

  override forward(x: Tensor): Tensor {
    return muLawEncoding(x, this.quantizationChannels);
  }
}

/** Levels as samples from −1 to 1. Shape: any. @see torchaudio.transforms.MuLawDecoding */
export class MuLawDecoding extends MuLaw {
  /** @internal */
  static readonly signature: string = muLawSignature;

  constructor(...given: Arguments<typeof muLawSignature, MuLawParameters>) {
    super("MuLawDecoding", given);
  }

  override forward(xMu: Tensor): Tensor {
    return muLawDecoding(xMu, this.quantizationChannels);
  }
}

/** Parameters of {@link Resample}. */
export interface ResampleParameters {
  /** Hertz. Default: 16000. */
  origFreq?: number;
  /** Hertz. Default: 16000. */
  newFreq?: number;
  /** Default: "sinc_interp_hann". */
  resamplingMethod?: ResamplingMethod;
  /** Zero crossings of the sinc on each side. Default: 6. */
  lowpassFilterWidth?: number;
  /** Where the low-pass filter cuts, as a share of the Nyquist frequency. Default: 0.99. */
  rolloff?: number;
  /** The shape of Kaiser's window. Default: 14.769656459379492. */
  beta?: number | null;
  /** In which the kernels are computed and kept. Default: float64 and float32. */
  dtype?: DType;
}

const resampleSignature = "; origFreq, newFreq, resamplingMethod, lowpassFilterWidth, rolloff, beta; dtype";

/**
 * Signals at another rate; the kernels are computed once. Shape: [..., time] → [..., ⌈time · newFreq / origFreq⌉].
 * @see torchaudio.transforms.Resample
 * @example new audio.transforms.Resample(44100, 16000)(waveform)
 */
export class Resample extends AudioTransform {
  /** @internal */
  static readonly signature: string = resampleSignature;

  readonly origFreq: number;
  readonly newFreq: number;
  readonly width: number = 0;
  declare kernel: Tensor;

  constructor(...given: Arguments<typeof resampleSignature, ResampleParameters>) {
    super();
    const op = "Resample";
    const rates = { origFreq: 16000, newFreq: 16000 };
    const filter = { resamplingMethod: "sinc_interp_hann" as const, lowpassFilterWidth: 6, rolloff: 0.99, beta: null };
    const values = readArguments<ResampleParameters>(op, resampleSignature, { ...rates, ...filter }, given);
    this.origFreq = values.origFreq;
    this.newFreq = values.newFreq;
    const options: ResampleOptions = values;
    const { kernel, width } = resamplingKernel(
      op,
      values.origFreq,
      values.newFreq,
      options,
      checkFloatDType(op, values.dtype),
    );
    if (this.origFreq === this.newFreq) return;
    this.width = width;
    this.registerBuffer("kernel", kernel);
  }

  override forward(waveform: Tensor): Tensor {
    if (this.origFreq === this.newFreq) return checkWaveform("Resample", waveform);
    const { kernel, width } = this;
    return applyKernel("Resample", waveform, this.origFreq, this.newFreq, { kernel, width });
  }
}

/** Parameters of {@link ComputeDeltas}. */
export interface ComputeDeltasParameters {
  /** Frames that a slope is estimated from. Default: 5. */
  winLength?: number;
  /** How the spectrogram is continued at its ends. Default: "replicate". */
  mode?: PadMode;
}

const deltaSignature = "; winLength, mode";

/** Slopes over time. Shape: [..., freq, time], kept. @see torchaudio.transforms.ComputeDeltas */
export class ComputeDeltas extends AudioTransform {
  /** @internal */
  static readonly signature: string = deltaSignature;

  readonly winLength: number;
  readonly mode: PadMode;

  constructor(...given: Arguments<typeof deltaSignature, ComputeDeltasParameters>) {
    super();
    const defaults = { winLength: 5, mode: "replicate" as PadMode };
    const { winLength, mode } = readArguments<ComputeDeltasParameters>(
      "ComputeDeltas",
      deltaSignature,
      defaults,
      given,
    );
    this.winLength = checkInteger("ComputeDeltas", "winLength", winLength);
    this.mode = mode;
  }

  override forward(specgram: Tensor): Tensor {
    return computeDeltas(specgram, { winLength: this.winLength, mode: this.mode });
  }
}

/** Parameters of {@link Vol}. */
export interface VolParameters {
  /** The factor, the power or the decibels. */
  gain: number;
  /** Default: "amplitude". */
  gainType?: "amplitude" | "power" | "db";
}

const volSignature = "gain; gainType";

/** Signals louder or softer, cut to [−1, 1]. Shape: any. @see torchaudio.transforms.Vol */
export class Vol extends AudioTransform {
  /** @internal */
  static readonly signature: string = volSignature;

  readonly gain: number;
  readonly gainType: "amplitude" | "power" | "db";

  constructor(...given: Arguments<typeof volSignature, VolParameters>) {
    super();
    const values = readArguments<VolParameters>("Vol", volSignature, { gainType: "amplitude" }, given);
    this.gain = checkFinite("Vol", "gain", values.gain);
    this.gainType = checkChoice("Vol", "gainType", values.gainType, ["amplitude", "power", "db"]);
    if (this.gainType !== "db" && this.gain < 0)
      throw new ValueError(`Vol: If gainType = amplitude or power, gain must be positive, got ${this.gain}`);
  }

  override forward(waveform: Tensor): Tensor {
    checkWaveform("Vol", waveform);
    return this.scaled(waveform).clamp({ min: -1, max: 1 });
  }

  private scaled(waveform: Tensor): Tensor {
    if (this.gainType === "amplitude") return waveform.mul(this.gain);
    // No power at all is −∞ dB.
    if (this.gain === 0 && this.gainType === "power") return waveform.mul(0);
    return gain(waveform, { gainDb: this.gainType === "db" ? this.gain : 10 * Math.log10(this.gain) });
  }
}

/** How a signal begins and ends. */
export type FadeShape = "linear" | "exponential" | "logarithmic" | "quarter_sine" | "half_sine";

/** Parameters of {@link Fade}. */
export interface FadeParameters {
  /** Samples. Default: 0. */
  fadeInLen?: number;
  /** Samples. Default: 0. */
  fadeOutLen?: number;
  /** Default: "linear". */
  fadeShape?: FadeShape;
}

const fadeSignature = "; fadeInLen, fadeOutLen, fadeShape";

/** The loudness at times `t` from 0 to 1 of a beginning. */
const rising: Record<FadeShape, (t: Tensor) => Tensor> = {
  linear: (t) => t,
  exponential: (t) => t.sub(1).exp2().mul(t),
  logarithmic: (t) => t.add(0.1).log10().add(1),
  quarter_sine: (t) => t.mul(Math.PI / 2).sin(),
  half_sine: (t) =>
    t
      .mul(Math.PI)
      .sub(Math.PI / 2)
      .sin()
      .div(2)
      .add(0.5),
};

/** The loudness at times `t` from 0 to 1 of an end. */
const falling: Record<FadeShape, (t: Tensor) => Tensor> = {
  linear: (t) => t.neg().add(1),
  exponential: (t) => t.neg().exp2().mul(t.neg().add(1)),
  logarithmic: (t) => t.neg().add(1.1).log10().add(1),
  quarter_sine: (t) =>
    t
      .mul(Math.PI / 2)
      .add(Math.PI / 2)
      .sin(),
  half_sine: (t) =>
    t
      .mul(Math.PI)
      .add(Math.PI / 2)
      .sin()
      .div(2)
      .add(0.5),
};

/** Signals that begin and end softly. Shape: [..., time], kept. @see torchaudio.transforms.Fade */
export class Fade extends AudioTransform {
  /** @internal */
  static readonly signature: string = fadeSignature;

  readonly fadeInLen: number;
  readonly fadeOutLen: number;
  readonly fadeShape: FadeShape;

  constructor(...given: Arguments<typeof fadeSignature, FadeParameters>) {
    super();
    const defaults = { fadeInLen: 0, fadeOutLen: 0, fadeShape: "linear" as FadeShape };
    const values = readArguments<FadeParameters>("Fade", fadeSignature, defaults, given);
    this.fadeInLen = checkInteger("Fade", "fadeInLen", values.fadeInLen, 0, MAX_COUNT);
    this.fadeOutLen = checkInteger("Fade", "fadeOutLen", values.fadeOutLen, 0, MAX_COUNT);
    this.fadeShape = checkChoice("Fade", "fadeShape", values.fadeShape, Object.keys(rising) as FadeShape[]);
  }

  /** @throws ShapeError for signals that are shorter than the fades. */
  override forward(waveform: Tensor): Tensor {
    checkWaveform("Fade", waveform);
    const length = waveform.shape.at(-1)!;
    for (const fade of [this.fadeInLen, this.fadeOutLen])
      if (fade > length)
        throw new ShapeError(
          `Fade: a fade of ${fade} samples is longer than the waveform, ${shapeText(waveform.shape)}`,
        );
    const { dtype, device } = waveform;
    const times = (count: number) => linspace(0, 1, count, { dtype, device });
    const ones = (count: number) => waveform.newOnes([length - count]);
    const begin = cat([rising[this.fadeShape](times(this.fadeInLen)), ones(this.fadeInLen)]).clamp({ min: 0, max: 1 });
    const end = cat([ones(this.fadeOutLen), falling[this.fadeShape](times(this.fadeOutLen))]).clamp({ min: 0, max: 1 });
    return begin.mul(end).mul(waveform);
  }
}

takes("x", AmplitudeToDB, MuLawEncoding);
takes("xMu", MuLawDecoding);
takes("waveform", Resample, Vol, Fade);
takes("specgram", ComputeDeltas);
