/** Checks that the functions of audio share. */
import { isFloat } from "../../core/dtype";
import { ArgumentError, DTypeError, describe, ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { checkTensor } from "../../ops/builders/checks";
import type { Tensor } from "../../tensor/tensor";

/** A tensor of floats with at least `axes` axes. @throws ArgumentError, DTypeError or ShapeError for anything else. */
export function checkFloats(op: string, x: unknown, name: string, axes: number, layout: string): Tensor {
  const tensor = checkTensor(op, x, name);
  if (!isFloat(tensor.dtype))
    throw new DTypeError(
      `${op}: ${name} must be of floats, got ${tensor.dtype}; convert it with ${name}.float() (samples of 16 bits: .div(32768))`,
    );
  if (tensor.ndim < axes)
    throw new ShapeError(`${op}: ${name} must have the shape ${layout}, got ${shapeText(tensor.shape)}`);
  return tensor;
}

/** A signal, [..., time]. */
export const checkWaveform = (op: string, x: unknown, name = "waveform"): Tensor =>
  checkFloats(op, x, name, 1, "[..., time]");

/** A real spectrogram, [..., freq, time]. */
export const checkSpecgram = (op: string, x: unknown, name = "specgram"): Tensor =>
  checkFloats(op, x, name, 2, "[..., freq, time]");

/** A complex spectrogram as pairs, [..., freq, time, 2]. */
export function checkPairs(op: string, x: unknown, name: string): Tensor {
  const tensor = checkFloats(op, x, name, 3, "[..., freq, time, 2]");
  if (tensor.shape.at(-1) !== 2)
    throw new ShapeError(
      `${op}: ${name} must be complex: pairs [..., freq, time, 2], as a spectrogram with power = null gives them, got ${shapeText(tensor.shape)}`,
    );
  return tensor;
}

/** A finite number. @throws ArgumentError or ValueError for anything else. */
export function checkFinite(op: string, name: string, value: unknown): number {
  if (typeof value !== "number") throw new ArgumentError(`${op}: ${name} must be a number, got ${describe(value)}`);
  if (!Number.isFinite(value)) throw new ValueError(`${op}: ${name} must be finite, got ${value}`);
  return value;
}

/** A finite number above 0. @throws ArgumentError or ValueError for anything else. */
export function checkPositive(op: string, name: string, value: unknown): number {
  const number = checkFinite(op, name, value);
  if (number <= 0) throw new ValueError(`${op}: ${name} must be above 0, got ${number}`);
  return number;
}

/** A tensor as floats: integers, as encodings have them, become float32. */
export const toFloats = (op: string, x: unknown): Tensor => {
  const tensor = checkTensor(op, x, "x");
  return isFloat(tensor.dtype) ? tensor : tensor.float();
};
