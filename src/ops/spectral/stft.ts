/** The short-time Fourier transform and its inverse. Complex numbers are pairs along the last axis, as PyTorch gives them with `return_complex=False`. */

import { checkInteger, MAX_COUNT } from "../../core/arguments";
import { isFloat } from "../../core/dtype";
import { ArgumentError, DTypeError, describe, ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { full } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkAll, checkTensor } from "../builders/checks";
import { cat, stack } from "../shape/join";
import { constantPadNd, type PadMode, pad } from "../shape/pad";
import { type Complex, hermitianTransform, transform } from "./fourier";

interface FrameOptions {
  /** The distance between frames. Default: ⌊nFft / 4⌋. */
  hopLength?: number | null;
  /** The size of the window, which is centered in a frame. Default: nFft. */
  winLength?: number | null;
  /** What a frame is multiplied by, [winLength]. Default: ones. */
  window?: Tensor | null;
  /** Whether frame t is centered at t · hopLength; otherwise it begins there. Default: true. */
  center?: boolean;
  /** Scale by 1/√nFft. Default: false. */
  normalized?: boolean;
  /** Only pairs are possible: there is no complex dtype. Default: false. */
  returnComplex?: boolean | null;
}

/** Options of {@link stft}. */
export interface StftOptions extends FrameOptions {
  /** How a centered signal is continued at its ends. Default: "reflect". */
  padMode?: PadMode;
  /** Give only the ⌊nFft / 2⌋ + 1 frequencies that are not redundant. Default: true. */
  onesided?: boolean | null;
}

/** Options of {@link istft}. */
export interface IstftOptions extends FrameOptions {
  /** Whether the input has only the frequencies that are not redundant. Default: unless it has nFft of them. */
  onesided?: boolean | null;
  /** The number of samples wanted. Default: as many as the frames cover. */
  length?: number | null;
}

/** The distance of frames and the window, filled up with zeros to the size of a frame. */
function framesOf(op: string, x: Tensor, nFft: number, options: FrameOptions): { hop: number; window: Tensor } {
  if (options.returnComplex)
    throw new DTypeError(`${op}: there is no complex dtype: returnComplex must be false, and numbers are pairs`);
  const { hopLength, winLength, window } = options;
  checkInteger(op, "nFft", nFft, 1, MAX_COUNT);
  const hop = checkInteger(op, "hopLength", hopLength ?? Math.floor(nFft / 4));
  const size = checkInteger(op, "winLength", winLength ?? nFft);
  if (window != null) checkTensor(op, window, "window");
  if (hop <= 0) throw new ValueError(`${op}: expected hopLength > 0, but got ${hop}`);
  if (size <= 0 || size > nFft) throw new ValueError(`${op}: expected 0 < winLength <= nFft, but got ${size}`);
  if (window && (window.ndim !== 1 || window.shape[0] !== size))
    throw new ShapeError(
      `${op}: expected a 1-D window of size winLength = ${size}, but got ${shapeText(window.shape)}`,
    );
  const given = window ?? full([size], 1, { dtype: x.dtype, device: x.device });
  const before = Math.floor((nFft - size) / 2);
  return { hop, window: constantPadNd(given, [before, nFft - size - before]) };
}

/**
 * Fourier transforms of overlapping windowed frames of a signal. Shape: [T] or [B, T] → [(B), N, frames, 2] with N = ⌊nFft / 2⌋ + 1 frequencies
 * (nFft if not onesided), the last axis being real and imaginary parts.
 * @see torch.stft
 * @example const [re, im] = torch.stft(signal, 512, { window: torch.hannWindow(512) }).unbind(-1);
 */
export const stft = named(
  "stft",
  "input, nFft; hopLength, winLength, window, center, padMode, normalized, onesided, returnComplex",
  (x: Tensor, nFft: number, options: StftOptions = {}): Tensor => {
    checkTensor("stft", x);
    if (!isFloat(x.dtype) || x.ndim === 0 || x.ndim > 2)
      throw new ShapeError(`stft: expected a 1D or 2D tensor of floats, got ${x.dtype} of shape ${shapeText(x.shape)}`);
    const { center = true, padMode = "reflect", normalized = false, onesided } = options;
    const { hop, window } = framesOf("stft", x, nFft, options);
    const half = Math.floor(nFft / 2);
    const signal = center ? pad(x, [half, half], { mode: padMode }) : x;
    const length = signal.shape.at(-1)!;
    if (nFft <= 0 || nFft > length) throw new ValueError(`stft: expected 0 < nFft <= ${length}, but got ${nFft}`);
    const frames = signal.unfold(-1, nFft, hop).mul(window);
    const spectrum = transform({ re: frames, im: frames.newZeros(frames.shape) }, frames.ndim - 1, -1);
    const pairs = stack([spectrum.re, spectrum.im], -1).narrow(-2, 0, (onesided ?? true) ? half + 1 : nFft);
    return (normalized ? pairs.mul(1 / Math.sqrt(nFft)) : pairs).transpose(-3, -2);
  },
);

/** The frames whose transforms these are, [B, frames, nFft]; redundant frequencies are not read. */
const framesFrom = (z: Complex, nFft: number, normalized: boolean): Tensor =>
  hermitianTransform(z, 2, nFft, 1).mul(normalized ? 1 / Math.sqrt(nFft) : 1 / nFft);

/** The sum of frames [B, frames, size], each `hop` after the one before. */
function overlapAdd(frames: Tensor, hop: number): Tensor {
  const [batch, count, size] = frames.shape;
  const start = frames.newTensor(Array.from({ length: count }, (_, i) => i * hop)).long();
  const within = frames.newTensor(Array.from({ length: size }, (_, i) => i)).long();
  const at = start.unsqueeze(1).add(within).reshape(-1);
  return frames.newZeros([batch, size + hop * (count - 1)]).indexAdd(1, at, frames.reshape([batch, count * size]));
}

/** The samples [start, end) of a signal, and zeros beyond its end. */
function cut(x: Tensor, start: number, end: number): Tensor {
  const have = Math.min(end, x.shape[1]!);
  const part = x.narrow(1, start, Math.max(0, have - start));
  return end > have ? cat([part, x.newZeros([x.shape[0]!, end - have])], 1) : part;
}

/**
 * The signal of which these are the transforms of frames: overlapping parts are added, and divided by what the squared windows add up to.
 * Shape: [(B), N, frames, 2] → [(B), T].
 * @see torch.istft
 * @throws ValueError if the windows leave a gap.
 */
export const istft = named(
  "istft",
  "input, nFft; hopLength, winLength, window, center, normalized, onesided, length, returnComplex",
  (x: Tensor, nFft: number, options: IstftOptions = {}): Tensor => {
    checkTensor("istft", x);
    if (!isFloat(x.dtype) || (x.ndim !== 3 && x.ndim !== 4) || x.shape.at(-1) !== 2)
      throw new ShapeError(`istft: expected pairs of floats, [(B), N, frames, 2], got ${shapeText(x.shape)}`);
    checkInteger("istft", "nFft", nFft, 1, MAX_COUNT);
    if (options.length != null) checkInteger("istft", "length", options.length, 0);
    const onesided = options.onesided ?? x.shape.at(-3) !== nFft;
    const wanted = onesided ? Math.floor(nFft / 2) + 1 : nFft;
    if (x.shape.at(-3) !== wanted)
      throw new ArgumentError(
        `istft: expected ${wanted} frequencies for nFft = ${nFft} and onesided = ${onesided}, got ${describe(x.shape.at(-3))}`,
      );
    const { hop, window } = framesOf("istft", x, nFft, options);
    const [re, im] = (x.ndim === 3 ? x.unsqueeze(0) : x).transpose(1, 2).unbind(-1) as [Tensor, Tensor];
    const frames = framesFrom({ re, im }, nFft, options.normalized ?? false);
    const y = joinFrames(frames, window, nFft, hop, options);
    return x.ndim === 3 ? y.squeeze(0) : y;
  },
);

function joinFrames(frames: Tensor, window: Tensor, nFft: number, hop: number, options: IstftOptions): Tensor {
  const { center = true, length } = options;
  const covered = nFft + hop * (frames.shape[1]! - 1);
  const start = center ? Math.floor(nFft / 2) : 0;
  const end = length === undefined || length === null ? covered - start : start + length;
  const weights = window.square().expand([1, frames.shape[1]!, nFft]);
  const envelope = cut(overlapAdd(weights, hop), start, Math.min(end, covered));
  const gap = "the windows leave a gap (their overlap adds up to 0); use a smaller hopLength";
  checkAll("istft", envelope.abs().le(1e-11).logicalNot(), gap);
  const signal = cut(overlapAdd(frames.mul(window), hop), start, Math.min(end, covered)).div(envelope);
  return cut(signal, 0, end - start);
}
