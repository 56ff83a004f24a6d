/** Tensors to integers and back. */
import { checkFlag, checkInteger, checkNumber } from "../core/arguments";
import { ArgumentError, DTypeError, describe, ShapeError, ValueError } from "../core/errors";
import { wrapDim } from "../core/shape";
import { named } from "../core/signature";
import { checkTensor } from "../ops/builders/checks";
import { allocate } from "../tensor/create";
import { Tensor } from "../tensor/tensor";
import { boundsOf, checkQuantizedDType, type QuantizedDType, storageOf } from "./dtypes";
import { fakeQuantizePerTensorAffine } from "./fakeQuantize";
import { checkQuantized, convert, QuantizedTensor, type Quantizer } from "./quantizedTensor";
import { chooseParameters, rangeOf } from "./scales";
import { simulates } from "./simulate";

/** A number, or a tensor of one. */
export type Scalar = number | Tensor;

function numberOf(op: string, name: string, value: unknown): number {
  if (value instanceof Tensor) {
    if (value.numel() !== 1) throw new ArgumentError(`${op}: ${name} must be one number, got ${describe(value)}`);
    return Number(value.item());
  }
  return checkNumber(op, name, value);
}

function checkScale(op: string, scale: number): number {
  if (scale > 0 && Number.isFinite(scale)) return scale;
  throw new ValueError(`${op}: quantize_tensor scale must be a positive finite number, got ${scale}`);
}

function checkZeroPoint(op: string, zeroPoint: number, dtype: QuantizedDType): number {
  const [min, max] = boundsOf(dtype);
  checkInteger(op, "zeroPoint", zeroPoint);
  if (zeroPoint < min) throw new ValueError(`${op}: zero_point ${zeroPoint} is below lower bound ${min} of ${dtype}`);
  if (zeroPoint > max) throw new ValueError(`${op}: zero_point ${zeroPoint} is above upper bound ${max} of ${dtype}`);
  return zeroPoint;
}

function checkFloat32(op: string, x: Tensor): Tensor {
  checkTensor(op, x);
  if (x.dtype !== "float32")
    throw new DTypeError(`${op}: Quantize only works on Float Tensor, got ${x.dtype}; use x.float()`);
  return x;
}

/** @internal The integers of a float32 tensor. */
export function quantizeBy(x: Tensor, dtype: QuantizedDType, quantizer: Quantizer): QuantizedTensor {
  if (simulates() && quantizer.scheme === "perTensorAffine") {
    const { scale, zeroPoint } = quantizer;
    return new QuantizedTensor(fakeQuantizePerTensorAffine(x, scale, zeroPoint, ...boundsOf(dtype)), dtype, quantizer);
  }
  const from = x.detach().contiguous();
  const values = allocate(from.shape, storageOf(dtype), from);
  if (values.numel() > 0) convert("quantize", values, from, quantizer);
  return new QuantizedTensor(values, dtype, quantizer);
}

/**
 * Integers round(x / scale) + zeroPoint, cut off at the bounds of `dtype`; ties go to even. Shape: any.
 * @see torch.quantize_per_tensor
 * @throws DTypeError unless the input is float32, ValueError for a scale that is not positive or a zero point beyond the bounds.
 * @example torch.quantizePerTensor(torch.tensor([-1, 0, 1]), 0.1, 10, torch.quint8).intRepr() // tensor([ 0, 10, 20], dtype=torch.uint8)
 */
export const quantizePerTensor = named(
  "quantizePerTensor",
  "input, scale, zeroPoint, dtype",
  (input: Tensor, scale: Scalar, zeroPoint: Scalar, dtype: QuantizedDType): QuantizedTensor => {
    const op = "quantizePerTensor";
    checkQuantizedDType(op, dtype);
    const quantizer = {
      scheme: "perTensorAffine",
      scale: checkScale(op, numberOf(op, "scale", scale)),
      zeroPoint: checkZeroPoint(op, numberOf(op, "zeroPoint", zeroPoint), dtype),
    } as const;
    return quantizeBy(checkFloat32(op, input), dtype, quantizer);
  },
);

/**
 * {@link quantizePerTensor} with a scale and a zero point for each position of `axis`. Shape: input any, scales and zeroPoints [input.size(axis)].
 * @see torch.quantize_per_channel
 * @throws ShapeError unless there is a scale and a zero point for each channel.
 * @example torch.quantizePerChannel(x, torch.tensor([0.1, 0.01]), torch.tensor([10, 0], { dtype: torch.int64 }), 0, torch.quint8)
 */
export const quantizePerChannel = named(
  "quantizePerChannel",
  "input, scales, zeroPoints, axis, dtype",
  (input: Tensor, scales: Tensor, zeroPoints: Tensor, axis: number, dtype: QuantizedDType): QuantizedTensor => {
    const op = "quantizePerChannel";
    checkQuantizedDType(op, dtype);
    checkFloat32(op, input);
    checkTensor(op, scales, "scales");
    checkTensor(op, zeroPoints, "zeroPoints");
    const at = wrapDim(op, axis, input.ndim);
    const channels = input.shape[at]!;
    for (const [name, list] of Object.entries({ scales, zeroPoints }))
      if (list.ndim !== 1 || list.numel() !== channels)
        throw new ShapeError(`${op}: length of ${name} must equal to channel, [${channels}], got [${list.shape}]`);
    const all = (scales.double().tolist() as number[]).map((scale) => checkScale(op, scale));
    const zeros = (zeroPoints.tolist() as number[]).map((zero) => checkZeroPoint(op, Number(zero), dtype));
    return quantizeBy(input, dtype, { scheme: "perChannelAffine", scales: all, zeroPoints: zeros, axis: at });
  },
);

/**
 * {@link quantizePerTensor} with a scale and a zero point for the range of the input, so that 0 is exact.
 * @param reduceRange Whether one bit less is used.
 * @see torch.quantize_per_tensor_dynamic
 */
export const quantizePerTensorDynamic = named(
  "quantizePerTensorDynamic",
  "input, dtype, reduceRange",
  (input: Tensor, dtype: QuantizedDType, reduceRange: boolean): QuantizedTensor => {
    const op = "quantizePerTensorDynamic";
    checkFlag(op, "reduceRange", reduceRange);
    const [low, high] = boundsOf(checkQuantizedDType(op, dtype));
    const x = checkFloat32(op, input).detach().contiguous();
    const [min, max] = x.numel() === 0 ? [0, 0] : rangeOf(x);
    const half = (bound: number) => (reduceRange ? Math.trunc(bound / 2) : bound);
    const parameters = chooseParameters(op, min, max, half(low), half(high));
    return quantizeBy(x, dtype, { scheme: "perTensorAffine", ...parameters });
  },
);

/** The numbers of a quantized tensor, or of each of a list. @see torch.dequantize */
export const dequantize = named("dequantize", "tensor", (tensor: any): any =>
  Array.isArray(tensor)
    ? tensor.map((one) => checkQuantized("dequantize", one).dequantize())
    : tensor instanceof Tensor
      ? tensor
      : checkQuantized("dequantize", tensor).dequantize(),
) as unknown as {
  (tensor: QuantizedTensor | Tensor): Tensor;
  (tensors: readonly QuantizedTensor[]): Tensor[];
  readonly opName: string;
};
