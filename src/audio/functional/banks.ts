/** Filter banks, the cosine transform, and scales of loudness. All matrices are computed as torchaudio computes them, in float32. */
import { assertNumber, checkChoice, checkInteger, MAX_COUNT } from "../../core/arguments";
import { ArgumentError, describe, ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import { arange, linspace } from "../../ops/creation/ranges";
import { maximum, minimum } from "../../ops/elementwise/binary";
import { where } from "../../ops/elementwise/where";
import type { Tensor } from "../../tensor/tensor";
import { checkFinite, checkFloats, checkPositive, toFloats } from "./checks";

/** The formula of the mel scale. */
export type MelScaleName = "htk" | "slaney";

/** Options of {@link melscaleFbanks}. */
export interface MelscaleOptions {
  /** "slaney" divides each triangle by its width. Default: null. */
  norm?: "slaney" | null;
  /** Default: "htk". */
  melScale?: MelScaleName;
}

const SLANEY_STEP = 200 / 3;
const SLANEY_BREAK = 1000;
const SLANEY_BREAK_MEL = SLANEY_BREAK / SLANEY_STEP;
const SLANEY_LOG_STEP = Math.log(6.4) / 27;

function hzToMel(freq: number, scale: MelScaleName): number {
  if (scale === "htk") return 2595 * Math.log10(1 + freq / 700);
  return freq >= SLANEY_BREAK ? SLANEY_BREAK_MEL + Math.log(freq / SLANEY_BREAK) / SLANEY_LOG_STEP : freq / SLANEY_STEP;
}

function melToHz(mels: Tensor, scale: MelScaleName): Tensor {
  if (scale === "htk") return mels.div(2595).mul(Math.LN10).exp().sub(1).mul(700);
  const log = mels.sub(SLANEY_BREAK_MEL).mul(SLANEY_LOG_STEP).exp().mul(SLANEY_BREAK);
  return where(mels.ge(SLANEY_BREAK_MEL), log, mels.mul(SLANEY_STEP));
}

/** Triangles over the frequencies, each from one point over the next to the one after. Shape: [freq, points − 2]. */
function triangles(allFreqs: Tensor, points: Tensor): Tensor {
  const count = points.shape[0]! - 2;
  const widths = points.narrow(0, 1, count + 1).sub(points.narrow(0, 0, count + 1));
  const slopes = points.unsqueeze(0).sub(allFreqs.unsqueeze(1));
  const down = slopes
    .narrow(1, 0, count)
    .neg()
    .div(widths.narrow(0, 0, count));
  const up = slopes.narrow(1, 2, count).div(widths.narrow(0, 1, count));
  return minimum(down, up).clamp({ min: 0 });
}

/** @throws ArgumentError or ValueError unless these sizes and frequencies make a bank. */
function checkBank(
  op: string,
  nFreqs: number,
  fMin: number,
  fMax: number,
  count: [string, number],
  sampleRate: number,
) {
  checkInteger(op, "nFreqs", nFreqs, 1, MAX_COUNT);
  checkInteger(op, count[0], count[1], 1, MAX_COUNT - 2);
  checkFinite(op, "fMin", fMin);
  checkFinite(op, "fMax", fMax);
  checkInteger(op, "sampleRate", sampleRate, 1, MAX_COUNT);
}

const warned = new Set<string>();

/** Says once for each bank that a filter lies between two frequencies. */
function warnEmpty(fb: Tensor, nFreqs: number, nMels: number): void {
  const key = `${nFreqs} ${nMels}`;
  if (warned.has(key) || !fb.amax(0).eq(0).any().item()) return;
  warned.add(key);
  console.warn(
    `melscaleFbanks: at least one mel filterbank has all zero values: nMels (${nMels}) may be set too high, or nFreqs (${nFreqs}) too low`,
  );
}

/**
 * Triangles on the mel scale. Shape: [nFreqs, nMels]; `spectrum.matmul(bank)` gives the energies of the mel bands.
 * @param nFreqs Frequencies of the spectrogram, ⌊nFft / 2⌋ + 1.
 * @param fMin Hertz. @param fMax Hertz.
 * @see torchaudio.functional.melscale_fbanks
 * @throws ValueError for another `norm`.
 */
export const melscaleFbanks = named(
  "melscaleFbanks",
  "nFreqs, fMin, fMax, nMels, sampleRate; norm, melScale",
  (
    nFreqs: number,
    fMin: number,
    fMax: number,
    nMels: number,
    sampleRate: number,
    options: MelscaleOptions = {},
  ): Tensor => {
    const op = "melscaleFbanks";
    const { norm = null, melScale = "htk" } = options;
    checkBank(op, nFreqs, fMin, fMax, ["nMels", nMels], sampleRate);
    if (norm !== null && norm !== "slaney")
      throw new ValueError(`${op}: norm must be one of null or "slaney", got ${describe(norm)}`);
    checkChoice(op, "melScale", melScale, ["htk", "slaney"]);
    const allFreqs = linspace(0, Math.floor(sampleRate / 2), nFreqs);
    const mels = linspace(hzToMel(fMin, melScale), hzToMel(fMax, melScale), nMels + 2);
    const points = melToHz(mels, melScale);
    const bank = triangles(allFreqs, points);
    const widths = points.narrow(0, 2, nMels).sub(points.narrow(0, 0, nMels));
    const scaled = norm === "slaney" ? bank.mul(widths.reciprocal().mul(2)) : bank;
    warnEmpty(scaled, nFreqs, nMels);
    return scaled;
  },
);

/** Triangles of equal widths in hertz. Shape: [nFreqs, nFilter]. @see torchaudio.functional.linear_fbanks */
export const linearFbanks = named(
  "linearFbanks",
  "nFreqs, fMin, fMax, nFilter, sampleRate",
  (nFreqs: number, fMin: number, fMax: number, nFilter: number, sampleRate: number): Tensor => {
    checkBank("linearFbanks", nFreqs, fMin, fMax, ["nFilter", nFilter], sampleRate);
    return triangles(linspace(0, Math.floor(sampleRate / 2), nFreqs), linspace(fMin, fMax, nFilter + 2));
  },
);

/**
 * The matrix of the discrete cosine transform of type 2. Shape: [nMels, nMfcc].
 * @param norm "ortho" makes it orthogonal; null only doubles it.
 * @see torchaudio.functional.create_dct
 */
export const createDct = named(
  "createDct",
  "nMfcc, nMels, norm",
  (nMfcc: number, nMels: number, norm: "ortho" | null): Tensor => {
    checkInteger("createDct", "nMfcc", nMfcc, 1, MAX_COUNT);
    checkInteger("createDct", "nMels", nMels, 1, MAX_COUNT);
    if (norm !== null && norm !== "ortho")
      throw new ValueError(`createDct: norm must be one of null or "ortho", got ${describe(norm)}`);
    const n = arange(nMels, { dtype: "float32" })
      .add(0.5)
      .mul(Math.PI / nMels);
    const k = arange(nMfcc, { dtype: "float32" }).unsqueeze(1);
    const dct = n.mul(k).cos();
    if (norm === null) return dct.mul(2).t();
    const scale = k
      .eq(0)
      .float()
      .mul(Math.SQRT1_2 - 1)
      .add(1)
      .mul(Math.sqrt(2 / nMels));
    return dct.mul(scale).t();
  },
);

/**
 * Powers or amplitudes in decibels. Shape: [..., freq, time], or with batches [batch, channel, freq, time].
 * @param multiplier 10 for powers, 20 for amplitudes.
 * @param amin Smaller values count as this one.
 * @param dbMultiplier log₁₀ of the value that is 0 dB.
 * @param topDb The result is at most this much below the largest value of its clip: of all channels together, apart from other clips of the batch.
 *   Default: null.
 * @see torchaudio.functional.amplitude_to_DB
 */
export const amplitudeToDB = named(
  "amplitudeToDB",
  "x, multiplier, amin, dbMultiplier; topDb",
  (
    x: Tensor,
    multiplier: number,
    amin: number,
    dbMultiplier: number,
    options: { topDb?: number | null } = {},
  ): Tensor => {
    const op = "amplitudeToDB";
    checkFloats(op, x, "x", 0, "[..., freq, time]");
    checkFinite(op, "multiplier", multiplier);
    checkPositive(op, "amin", amin);
    checkFinite(op, "dbMultiplier", dbMultiplier);
    const db = x
      .clamp({ min: amin })
      .log10()
      .mul(multiplier)
      .sub(multiplier * dbMultiplier);
    const { topDb = null } = options;
    if (topDb === null) return db;
    checkFinite(op, "topDb", topDb);
    checkFloats(op, x, "x", 2, "[..., freq, time]");
    const { shape } = db;
    const clips = db.reshape([-1, shape.length > 2 ? shape.at(-3)! : 1, ...shape.slice(-2)]);
    const floor = clips.amax([1, 2, 3]).sub(topDb).view([-1, 1, 1, 1]);
    return maximum(clips, floor).reshape([...shape]);
  },
);

/**
 * Decibels as powers (`power` 1) or amplitudes (`power` 0.5) of which `ref` is 0 dB.
 * @see torchaudio.functional.DB_to_amplitude
 */
export const DBToAmplitude = named(
  "DBToAmplitude",
  "x, ref, power",
  (x: Tensor, ref: number, power: number): Tensor => {
    checkFloats("DBToAmplitude", x, "x", 0, "[..., freq, time]");
    assertNumber("DBToAmplitude", "ref", ref);
    assertNumber("DBToAmplitude", "power", power);
    return x
      .mul(0.1 * Math.LN10)
      .exp()
      .pow(power)
      .mul(ref);
  },
);

/** Levels of µ-law. @throws ArgumentError for what is no number of levels. */
function checkLevels(op: string, levels: unknown): number {
  if (!Number.isInteger(levels) || (levels as number) < 2)
    throw new ArgumentError(`${op}: quantizationChannels must be an integer of at least 2, got ${describe(levels)}`);
  return (levels as number) - 1;
}

/**
 * Samples from −1 to 1 as int64 levels 0 to quantizationChannels − 1, finer near silence. Shape: any.
 * @see torchaudio.functional.mu_law_encoding
 */
export const muLawEncoding = named(
  "muLawEncoding",
  "x, quantizationChannels",
  (x: Tensor, quantizationChannels: number): Tensor => {
    const mu = checkLevels("muLawEncoding", quantizationChannels);
    checkFloats("muLawEncoding", x, "x", 0, "[..., time]");
    const compressed = x.sign().mul(x.abs().mul(mu).log1p()).div(Math.log1p(mu));
    return compressed.add(1).div(2).mul(mu).add(0.5).long();
  },
);

/** Levels of {@link muLawEncoding} as samples from −1 to 1. Shape: any. @see torchaudio.functional.mu_law_decoding */
export const muLawDecoding = named(
  "muLawDecoding",
  "xMu, quantizationChannels",
  (xMu: Tensor, quantizationChannels: number): Tensor => {
    const mu = checkLevels("muLawDecoding", quantizationChannels);
    const levels = toFloats("muLawDecoding", xMu);
    const x = levels.div(mu).mul(2).sub(1);
    return x
      .sign()
      .mul(x.abs().mul(Math.log1p(mu)).exp().sub(1))
      .div(mu);
  },
);
