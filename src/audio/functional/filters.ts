/** Changes of level, rate and slope of signals, and masks of spectrograms. */
import { checkChoice, checkInteger, MAX_COUNT } from "../../core/arguments";
import { checkDType, type DType, getDefaultDtype, isFloat } from "../../core/dtype";
import { ArgumentError, DTypeError, describe, ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import { arange } from "../../ops/creation/ranges";
import { conv1d } from "../../ops/layers/conv";
import { rand } from "../../ops/random/randomTensors";
import { constantPadNd, type PadMode, pad } from "../../ops/shape/pad";
import { tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkFinite, checkFloats, checkPositive, checkSpecgram, checkWaveform } from "./checks";

/** A signal louder by `gainDb` decibels. Shape: any. @see torchaudio.functional.gain */
export const gain = named("gain", "waveform; gainDb", (waveform: Tensor, options: { gainDb?: number } = {}): Tensor => {
  checkWaveform("gain", waveform);
  const decibels = checkFinite("gain", "gainDb", options.gainDb ?? 1);
  return decibels === 0 ? waveform : waveform.mul(10 ** (decibels / 20));
});

/** The window of the interpolation of {@link resample}. The names of torchaudio 0.13 count too. */
export type ResamplingMethod = "sinc_interp_hann" | "sinc_interp_kaiser" | "sinc_interpolation" | "kaiser_window";

/** Options of {@link resample}. */
export interface ResampleOptions {
  /** Zero crossings of the sinc on each side: more are sharper, and slower. Default: 6. */
  lowpassFilterWidth?: number;
  /** Where the low-pass filter cuts, as a share of the Nyquist frequency. Default: 0.99. */
  rolloff?: number;
  /** Default: "sinc_interp_hann". */
  resamplingMethod?: ResamplingMethod;
  /** The shape of Kaiser's window. Default: 14.769656459379492. */
  beta?: number | null;
}

/** Kernels of a resampling: one per phase of the output. */
export interface ResamplingKernel {
  /** [new rate, 1, taps], both rates divided by what they have in common. */
  readonly kernel: Tensor;
  /** Samples on each side that the kernels reach over. */
  readonly width: number;
}

/** Elements of a kernel above which rates have too little in common. */
const MOST_TAPS = 1 << 26;

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** The modified Bessel function of order 0 by its power series, whose terms are all positive. */
function i0(x: number): number {
  let sum = 1;
  for (let k = 1, term = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** @throws ArgumentError or ValueError unless both rates are positive integers. */
function checkRates(op: string, origFreq: unknown, newFreq: unknown): [orig: number, next: number] {
  for (const [name, freq] of [
    ["origFreq", origFreq],
    ["newFreq", newFreq],
  ] as const) {
    if (typeof freq !== "number") throw new ArgumentError(`${op}: ${name} must be a number, got ${describe(freq)}`);
    if (freq <= 0 || !Number.isFinite(freq))
      throw new ValueError(`${op}: original frequency and desired frequency should be positive, got ${name} = ${freq}`);
    if (!Number.isInteger(freq))
      throw new ValueError(
        `${op}: frequencies must be of integer type to ensure quality resampling computation, got ${name} = ${freq}; to work around this, manually convert both frequencies to integer values that maintain their resampling rate ratio`,
      );
  }
  return [origFreq as number, newFreq as number];
}

const methods = ["sinc_interp_hann", "sinc_interp_kaiser", "sinc_interpolation", "kaiser_window"] as const;

/** The weight of a tap `t` zero crossings from the center. */
function windowOf(isKaiser: boolean, width: number, beta: number): (t: number) => number {
  if (!isKaiser) return (t) => Math.cos((t * Math.PI) / width / 2) ** 2;
  const scale = i0(beta);
  return (t) => i0(beta * Math.sqrt(Math.max(0, 1 - (t / width) ** 2))) / scale;
}

/** Kernels for two rates, checked. Their numbers are torchaudio's: phases are rounded to float32 unless a dtype is given. */
export function resamplingKernel(
  op: string,
  origFreq: unknown,
  newFreq: unknown,
  options: ResampleOptions,
  dtype?: DType,
): ResamplingKernel {
  const [orig, next] = checkRates(op, origFreq, newFreq);
  const method = checkChoice(op, "resamplingMethod", options.resamplingMethod ?? "sinc_interp_hann", methods);
  const lowpass = checkInteger(op, "lowpassFilterWidth", options.lowpassFilterWidth ?? 6);
  if (lowpass <= 0) throw new ValueError(`${op}: low pass filter width should be positive, got ${lowpass}`);
  const base = (Math.min(orig, next) / gcd(orig, next)) * checkPositive(op, "rolloff", options.rolloff ?? 0.99);
  const beta = checkFinite(op, "beta", options.beta ?? 14.769656459379492);
  const common = gcd(orig, next);
  const [from, to] = [orig / common, next / common];
  const width = Math.ceil((lowpass * from) / base);
  const taps = 2 * width + from;
  if (to * taps > MOST_TAPS)
    throw new ValueError(
      `${op}: from ${orig} to ${next} hertz takes ${to} kernels of ${taps} taps, more than ${MOST_TAPS} numbers; choose rates with a common divisor, or a smaller lowpassFilterWidth`,
    );
  const weight = windowOf(method === "sinc_interp_kaiser" || method === "kaiser_window", lowpass, beta);
  const values = new Float64Array(to * taps);
  const round = dtype === "float64" ? (x: number) => x : Math.fround;
  for (let i = 0; i < to; i++)
    for (let j = 0; j < taps; j++) {
      const at = (round(-i / to) + (j - width) / from) * base;
      const t = Math.max(-lowpass, Math.min(lowpass, at));
      const angle = t * Math.PI;
      values[i * taps + j] = ((angle === 0 ? 1 : Math.sin(angle) / angle) * weight(t) * base) / from;
    }
  const kernel = tensor(values, { dtype: dtype ?? "float32" }).reshape([to, 1, taps]);
  return { kernel, width };
}

/** @internal A signal through the kernels of {@link resamplingKernel}. */
export function applyKernel(
  op: string,
  waveform: Tensor,
  origFreq: number,
  newFreq: number,
  k: ResamplingKernel,
): Tensor {
  checkWaveform(op, waveform);
  const common = gcd(origFreq, newFreq);
  const [from, to] = [origFreq / common, newFreq / common];
  const length = waveform.shape.at(-1)!;
  const lead = waveform.shape.slice(0, -1);
  const flat = constantPadNd(waveform.reshape([-1, 1, length]), [k.width, k.width + from]);
  const phases = conv1d(flat, k.kernel.to({ dtype: waveform.dtype, device: waveform.device }), { stride: from });
  const all = phases.transpose(1, 2).reshape([flat.shape[0]!, -1]);
  const wanted = Math.ceil((to * length) / from);
  return all.narrow(1, 0, Math.min(wanted, all.shape[1]!)).reshape([...lead, -1]);
}

/**
 * A signal at another rate, by band-limited interpolation (Smith, 1984). Shape: [..., time] → [..., ⌈time · newFreq / origFreq⌉].
 * @param origFreq Hertz. @param newFreq Hertz.
 * @see torchaudio.functional.resample
 * @example audio.functional.resample(waveform, 44100, 16000)
 */
export const resample = named(
  "resample",
  "waveform, origFreq, newFreq; lowpassFilterWidth, rolloff, resamplingMethod, beta",
  (waveform: Tensor, origFreq: number, newFreq: number, options: ResampleOptions = {}): Tensor => {
    checkWaveform("resample", waveform);
    const [orig, next] = checkRates("resample", origFreq, newFreq);
    if (orig === next) return waveform;
    const dtype = waveform.dtype === "float64" ? "float64" : undefined;
    return applyKernel("resample", waveform, orig, next, resamplingKernel("resample", orig, next, options, dtype));
  },
);

/** Options of {@link computeDeltas}. */
export interface DeltaOptions {
  /** Frames that a slope is estimated from. Default: 5. */
  winLength?: number;
  /** How the spectrogram is continued at its ends. Default: "replicate". */
  mode?: PadMode;
}

/** Slopes over time. Shape: [..., freq, time], kept. @see torchaudio.functional.compute_deltas */
export const computeDeltas = named(
  "computeDeltas",
  "specgram; winLength, mode",
  (specgram: Tensor, options: DeltaOptions = {}): Tensor => {
    const op = "computeDeltas";
    checkFloats(op, specgram, "specgram", 1, "[..., freq, time]");
    const { winLength = 5, mode = "replicate" } = options;
    checkInteger(op, "winLength", winLength, undefined, MAX_COUNT);
    if (winLength < 3)
      throw new ValueError(`${op}: window length should be greater than or equal to 3. Found winLength ${winLength}`);
    const n = Math.floor((winLength - 1) / 2);
    const denominator = (n * (n + 1) * (2 * n + 1)) / 3;
    const rows = specgram.reshape([-1, 1, specgram.shape.at(-1)!]);
    const kernel = arange(-n, n + 1, { dtype: specgram.dtype, device: specgram.device }).reshape([1, 1, -1]);
    return conv1d(pad(rows, [n, n], { mode }), kernel)
      .div(denominator)
      .reshape([...specgram.shape]);
  },
);

/** Options of the masks. */
export interface MaskOptions {
  /** The most that is masked, as a share of the axis. Default: 1. */
  p?: number;
}

/** The width that masks stay below. @throws ArgumentError or ValueError for what cannot be one. */
function maskParam(op: string, param: unknown, p: unknown, size: number): number {
  const number = checkFinite(op, "maskParam", param);
  const share = checkFinite(op, "p", p);
  if (share < 0 || share > 1)
    throw new ValueError(`${op}: the value of p must be between 0.0 and 1.0 (${share} given)`);
  return share === 1 ? number : Math.min(number, Math.floor(size * share));
}

/** Frequency is the axis before the last, time the last one. */
function checkAxis(op: string, axis: unknown, ndim: number): number {
  const at = checkInteger(op, "axis", axis);
  const positive = at < 0 ? at + ndim : at;
  if (positive !== ndim - 2 && positive !== ndim - 1)
    throw new ValueError(
      `${op}: only frequency and time masking are supported (axis ${ndim - 2} and ${ndim - 1} supported; ${at} given)`,
    );
  return positive;
}

/** Masks [start, end) on an axis, drawn for each of `shape`; from 0 up to `param` wide. */
function drawMask(shape: readonly number[], param: number, specgram: Tensor, axis: number, dtype: DType): Tensor {
  const size = specgram.shape[axis]!;
  const { device } = specgram;
  const value = rand([...shape], { dtype, device }).mul(param);
  const start = rand([...shape], { dtype, device })
    .mul(value.neg().add(size))
    .long();
  const end = start.add(value.long());
  const at = arange(size, { dtype: "int64", device });
  const within = at.ge(start.unsqueeze(-1)).logicalAnd(at.lt(end.unsqueeze(-1)));
  return axis === specgram.ndim - 2 ? within.unsqueeze(-1) : within.unsqueeze(-2);
}

/**
 * Replaces a random range of frequencies or times by a value, the same in all of the batch. Shape: [..., freq, time], kept. The width is drawn from
 * [0, maskParam), then the start from [0, size − width), as `torch.rand(1)` draws them.
 * @param axis The axis of frequency (the one before the last) or of time (the last).
 * @see torchaudio.functional.mask_along_axis
 */
export const maskAlongAxis = named(
  "maskAlongAxis",
  "specgram, maskParam, maskValue, axis; p",
  (specgram: Tensor, param: number, maskValue: number, axis: number, options: MaskOptions = {}): Tensor => {
    const op = "maskAlongAxis";
    checkSpecgram(op, specgram);
    checkFinite(op, "maskValue", maskValue);
    const at = checkAxis(op, axis, specgram.ndim);
    const most = maskParam(op, param, options.p ?? 1, specgram.shape[at]!);
    if (most < 1) return specgram;
    return specgram.maskedFill(drawMask([1], most, specgram, at, getDefaultDtype()).squeeze(0), maskValue);
  },
);

/**
 * {@link maskAlongAxis} with a range of its own for each element of the axes before frequency. Shape: [batch, channel, freq, time], or [..., freq, time].
 * @see torchaudio.functional.mask_along_axis_iid
 */
export const maskAlongAxisIid = named(
  "maskAlongAxisIid",
  "specgrams, maskParam, maskValue, axis; p",
  (specgrams: Tensor, param: number, maskValue: number, axis: number, options: MaskOptions = {}): Tensor => {
    const op = "maskAlongAxisIid";
    checkFloats(op, specgrams, "specgrams", 3, "[batch, channel, freq, time]");
    checkFinite(op, "maskValue", maskValue);
    const at = checkAxis(op, axis, specgrams.ndim);
    const most = maskParam(op, param, options.p ?? 1, specgrams.shape[at]!);
    if (most < 1) return specgrams;
    return specgrams.maskedFill(
      drawMask(specgrams.shape.slice(0, -2), most, specgrams, at, specgrams.dtype),
      maskValue,
    );
  },
);

/** Steps of insertion, deletion and substitution that lead from one sequence to the other. @see torchaudio.functional.edit_distance */
export const editDistance = named(
  "editDistance",
  "seq1, seq2",
  (seq1: ArrayLike<unknown>, seq2: ArrayLike<unknown>): number => {
    for (const [name, seq] of [
      ["seq1", seq1],
      ["seq2", seq2],
    ] as const)
      if (typeof seq !== "string" && !Array.isArray(seq))
        throw new ArgumentError(`editDistance: ${name} must be a string or an array, got ${describe(seq)}`);
    const [a, b] = [[...(seq1 as string)], [...(seq2 as string)]];
    let old = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (let i = 0; i < a.length; i++) {
      const row = [i + 1];
      for (let j = 0; j < b.length; j++)
        row.push(a[i] === b[j] ? old[j]! : 1 + Math.min(row[j]!, old[j + 1]!, old[j]!));
      old = row;
    }
    return old[b.length]!;
  },
);

/** @internal A float dtype, or undefined. @throws DTypeError for another. */
export function checkFloatDType(op: string, dtype: DType | null | undefined): DType | undefined {
  if (dtype == null) return undefined;
  if (!isFloat(checkDType(op, dtype)))
    throw new DTypeError(`${op}: dtype must be a floating point dtype, got ${dtype}`);
  return dtype;
}
