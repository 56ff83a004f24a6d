/**
 * Spectrograms and what leads back from them. There is no complex dtype: a complex spectrogram is a tensor of pairs, [..., freq, time, 2], as `torch.stft`
 * gives them. Powers are computed from the pairs directly, so that they have gradients everywhere, at silence too.
 */
import { checkFlag, checkInteger, MAX_COUNT, MAX_ITERATIONS } from "../../core/arguments";
import { ArgumentError, DTypeError, describe, ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import { rand } from "../../ops/random/randomTensors";
import { cat, stack } from "../../ops/shape/join";
import { constantPadNd, type PadMode } from "../../ops/shape/pad";
import { istft, stft } from "../../ops/spectral/stft";
import { full } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkFinite, checkPairs, checkPositive, checkSpecgram, checkWaveform } from "./checks";

/** How a spectrogram is scaled: not at all, by the energy of the window (also `true`), or by 1/√nFft. */
export type SpectrogramNorm = boolean | "window" | "frame_length";

/** Options of {@link spectrogram}. */
export interface SpectrogramOptions {
  /** Whether frame t is centered at t · hopLength; otherwise it begins there. Default: true. */
  center?: boolean;
  /** How a centered signal is continued at its ends. Default: "reflect". */
  padMode?: PadMode;
  /** Give only the frequencies that are not redundant. Default: true. */
  onesided?: boolean;
  /** Deprecated in torchaudio; here there is no complex dtype. */
  returnComplex?: boolean | null;
}

/** @throws ArgumentError unless `normalized` is one of its words or a flag. */
export function checkNorm(op: string, normalized: unknown): SpectrogramNorm {
  if (typeof normalized === "boolean" || normalized === "window" || normalized === "frame_length") return normalized;
  throw new ArgumentError(
    `${op}: normalized must be true, false, "window" or "frame_length", got ${describe(normalized)}`,
  );
}

/** The factor that `normalized` divides by, apart from what the transform does itself. */
const windowNorm = (normalized: SpectrogramNorm, window: Tensor): Tensor | undefined =>
  normalized === true || normalized === "window" ? window.square().sum().sqrt() : undefined;

/** Pairs to magnitudes to the power of `power`: |z|², the square root of that with gradient 0 at 0, or another power of it. */
function magnitude(pairs: Tensor, power: number): Tensor {
  const energy = pairs.square().sum(-1);
  if (power === 2) return energy;
  const silent = energy.eq(0);
  // The slope of a root at 0 is infinite, and 0 · ∞ no number: PyTorch's gradient of |z| at 0 is 0.
  return energy
    .maskedFill(silent, 1)
    .pow(power / 2)
    .maskedFill(silent, 0);
}

/**
 * A spectrogram, or a batch of them. Shape: [..., time] → [..., freq, frames] with freq = ⌊nFft / 2⌋ + 1; with `power = null` the complex numbers
 * themselves as pairs, [..., freq, frames, 2].
 * @param pad Zeros on both sides of the signal.
 * @param window What each frame is multiplied by, [winLength].
 * @param power The exponent of the magnitude: 1 for amplitudes, 2 for energies, null for the complex spectrum.
 * @param normalized Whether to divide by the energy of the window (`true`, "window") or by √nFft ("frame_length").
 * @see torchaudio.functional.spectrogram
 * @example audio.functional.spectrogram(waveform, 0, torch.hannWindow(400), 400, 200, 400, 2, false)
 */
export const spectrogram = named(
  "spectrogram",
  "waveform, pad, window, nFft, hopLength, winLength, power, normalized; center, padMode, onesided, returnComplex",
  (
    waveform: Tensor,
    pad: number,
    window: Tensor,
    nFft: number,
    hopLength: number,
    winLength: number,
    power: number | null,
    normalized: SpectrogramNorm,
    options: SpectrogramOptions = {},
  ): Tensor => {
    const op = "spectrogram";
    checkWaveform(op, waveform);
    checkTensor(op, window, "window");
    checkInteger(op, "pad", pad, 0, MAX_COUNT);
    checkNorm(op, normalized);
    if (power !== null) checkPositive(op, "power", power);
    if (options.returnComplex)
      throw new DTypeError(
        `${op}: there is no complex dtype: with power = null the numbers are pairs, [..., freq, time, 2]`,
      );
    const { center = true, padMode = "reflect", onesided = true } = options;
    const padded = pad > 0 ? constantPadNd(waveform, [pad, pad]) : waveform;
    const lead = waveform.shape.slice(0, -1);
    const spectrum = stft(padded.reshape([-1, padded.shape.at(-1)!]), nFft, {
      hopLength,
      winLength,
      window,
      center,
      padMode,
      onesided,
      normalized: normalized === "frame_length",
    });
    const norm = windowNorm(normalized, window);
    const scaled = norm === undefined ? spectrum : spectrum.div(norm);
    const pairs = scaled.reshape([...lead, ...spectrum.shape.slice(-3)]);
    return power === null ? pairs : magnitude(pairs, power);
  },
);

/**
 * The signal whose spectrogram this is. Shape: pairs [..., freq, frames, 2] → [..., time].
 * @param length The number of samples wanted; null for as many as the frames cover.
 * @param pad The zeros that {@link spectrogram} put on both sides; they are cut off if `length` is given.
 * @see torchaudio.functional.inverse_spectrogram
 */
export const inverseSpectrogram = named(
  "inverseSpectrogram",
  "spectrogram, length, pad, window, nFft, hopLength, winLength, normalized; center, padMode, onesided",
  (
    spectrum: Tensor,
    length: number | null,
    pad: number,
    window: Tensor,
    nFft: number,
    hopLength: number,
    winLength: number,
    normalized: SpectrogramNorm,
    options: Omit<SpectrogramOptions, "returnComplex"> = {},
  ): Tensor => {
    const op = "inverseSpectrogram";
    checkPairs(op, spectrum, "spectrogram");
    checkTensor(op, window, "window");
    checkNorm(op, normalized);
    checkInteger(op, "pad", pad, 0, MAX_COUNT);
    if (length !== null) checkInteger(op, "length", length, 0, MAX_COUNT);
    const norm = windowNorm(normalized, window);
    const scaled = norm === undefined ? spectrum : spectrum.mul(norm);
    const waveform = istft(scaled.reshape([-1, ...spectrum.shape.slice(-3)]), nFft, {
      hopLength,
      winLength,
      window,
      center: options.center ?? true,
      onesided: options.onesided ?? true,
      normalized: normalized === "frame_length",
      length: length === null ? null : length + 2 * pad,
    });
    const cut = length !== null && pad > 0 ? waveform.narrow(-1, pad, length) : waveform;
    return cut.reshape([...spectrum.shape.slice(0, -3), cut.shape.at(-1)!]);
  },
);

/**
 * A signal with the given magnitudes, its phases estimated by the fast Griffin-Lim algorithm (Perraudin et al., 2013).
 * Shape: [..., freq, frames] → [..., time].
 * @param power The exponent of the magnitudes: 2 for energies.
 * @param momentum From 0 (the original algorithm) to below 1.
 * @param length The number of samples wanted; null for as many as the frames cover.
 * @param randInit Begin with random phases (drawn as PyTorch draws complex numbers), otherwise with zero.
 * @see torchaudio.functional.griffinlim
 */
export const griffinlim = named(
  "griffinlim",
  "specgram, window, nFft, hopLength, winLength, power, nIter, momentum, length, randInit",
  (
    specgram: Tensor,
    window: Tensor,
    nFft: number,
    hopLength: number,
    winLength: number,
    power: number,
    nIter: number,
    momentum: number,
    length: number | null,
    randInit: boolean,
  ): Tensor => {
    const op = "griffinlim";
    checkSpecgram(op, specgram);
    checkTensor(op, window, "window");
    checkInteger(op, "nIter", nIter, 0, MAX_ITERATIONS);
    checkFlag(op, "randInit", randInit);
    checkPositive(op, "power", power);
    if (!(checkFinite(op, "momentum", momentum) >= 0 && momentum < 1))
      throw new ValueError(`${op}: momentum must be in range [0, 1). Found: ${momentum}`);
    const frames = specgram.reshape([-1, ...specgram.shape.slice(-2)]).pow(1 / power);
    const { dtype, device } = frames;
    const shape = [...frames.shape, 2];
    let angles = randInit
      ? rand(shape, { dtype, device })
      : stack([full(frames.shape, 1, { dtype, device }), full(frames.shape, 0, { dtype, device })], -1);
    let previous: Tensor | undefined;
    const settings = { hopLength, winLength, window };
    const invert = (): Tensor => istft(angles.mul(frames.unsqueeze(-1)), nFft, { ...settings, length });
    for (let i = 0; i < nIter; i++) {
      const rebuilt = stft(invert(), nFft, settings);
      if (rebuilt.shape[2] !== frames.shape[2])
        throw new ShapeError(
          `${op}: a signal of length = ${length} has ${rebuilt.shape[2]} frames, but specgram has ${frames.shape[2]}, ${shapeText(specgram.shape)}`,
        );
      const moved =
        momentum > 0 && previous !== undefined ? rebuilt.sub(previous.mul(momentum / (1 + momentum))) : rebuilt;
      angles = moved.div(magnitude(moved, 1).add(1e-16).unsqueeze(-1));
      previous = rebuilt;
    }
    const waveform = invert();
    return waveform.reshape([...specgram.shape.slice(0, -2), waveform.shape.at(-1)!]);
  },
);

/** Pairs as magnitudes and angles. */
const polarOf = (pairs: Tensor): { norm: Tensor; angle: Tensor } => {
  const [re, im] = pairs.unbind(-1) as [Tensor, Tensor];
  return { norm: magnitude(pairs, 1), angle: im.atan2(re) };
};

/**
 * A complex spectrogram stretched in time by a factor of 1/rate, its pitch unchanged. Shape: pairs [..., freq, frames, 2] →
 * [..., freq, ⌈frames / rate⌉, 2].
 * @param rate Above 1 is faster.
 * @param phaseAdvance The phase that each frequency is expected to gain from frame to frame, [freq, 1].
 * @see torchaudio.functional.phase_vocoder
 */
export const phaseVocoder = named(
  "phaseVocoder",
  "complexSpecgrams, rate, phaseAdvance",
  (complexSpecgrams: Tensor, rate: number, phaseAdvance: Tensor): Tensor => {
    const op = "phaseVocoder";
    checkPairs(op, complexSpecgrams, "complexSpecgrams");
    checkPositive(op, "rate", rate);
    checkTensor(op, phaseAdvance, "phaseAdvance");
    if (rate === 1) return complexSpecgrams;
    const pairs = complexSpecgrams.reshape([-1, ...complexSpecgrams.shape.slice(-3)]);
    const frames = pairs.shape[2]!;
    const steps = Array.from({ length: Math.ceil(frames / rate) }, (_, i) => i * rate);
    const padded = constantPadNd(pairs, [0, 0, 0, 2]);
    const at = (offset: number): Tensor =>
      padded.indexSelect(2, pairs.newTensor(steps.map((step) => Math.floor(step) + offset)).long());
    const [now, next] = [polarOf(at(0)), polarOf(at(1))];
    const turn = 2 * Math.PI;
    const change = next.angle.sub(now.angle).sub(phaseAdvance);
    const advance = change.sub(change.div(turn).round().mul(turn)).add(phaseAdvance);
    const first = polarOf(pairs.narrow(2, 0, 1)).angle;
    const phase = cat([first, advance.narrow(-1, 0, steps.length - 1)], -1).cumsum(-1);
    const alphas = pairs.newTensor(steps.map((step) => step % 1));
    const norm = next.norm.mul(alphas).add(now.norm.mul(alphas.neg().add(1)));
    const stretched = stack([norm.mul(phase.cos()), norm.mul(phase.sin())], -1);
    return stretched.reshape([...complexSpecgrams.shape.slice(0, -2), steps.length, 2]);
  },
);
