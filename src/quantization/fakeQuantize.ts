/** Numbers rounded as if they became integers and numbers again; gradients pass through the rounding. */

import { noGrad } from "../autograd/mode";
import { record } from "../autograd/node";
import { checkInteger, checkNumber } from "../core/arguments";
import { ArgumentError, describe, ShapeError, ValueError } from "../core/errors";
import { wrapDim } from "../core/shape";
import { named } from "../core/signature";
import { checkTensor } from "../ops/builders/checks";
import { Tensor } from "../tensor/tensor";

function checkRange(op: string, min: number, max: number): void {
  checkInteger(op, "quantMin", min);
  checkInteger(op, "quantMax", max);
  if (min > max)
    throw new ValueError(`${op}: \`quant_min\` should be less than or equal to \`quant_max\`, got ${min} and ${max}`);
}

/** x on the grid; the gradient is that of x where x is in range, and 0 elsewhere. */
function onGrid(
  node: string,
  x: Tensor,
  scale: Tensor | number,
  zero: Tensor | number,
  min: number,
  max: number,
): Tensor {
  const [y, mask] = noGrad(() => {
    const inverse = typeof scale === "number" ? Math.fround(1 / Math.fround(scale)) : scale.reciprocal();
    const q = x.detach().mul(inverse).round().add(zero);
    return [q.clamp({ min, max }).sub(zero).mul(scale), q.ge(min).logicalAnd(q.le(max))];
  });
  return record(node, y, [x], [], [(g) => g.mul(mask)]);
}

const numberOf = (op: string, name: string, value: unknown): number => {
  if (!(value instanceof Tensor)) return checkNumber(op, name, value);
  if (value.numel() !== 1) throw new ArgumentError(`${op}: ${name} must be one number, got ${describe(value)}`);
  return Number(value.item());
};

/**
 * Rounds as {@link quantizePerTensor} and {@link dequantize} one after the other do. The gradient passes where the integer is within the bounds.
 * @see torch.fake_quantize_per_tensor_affine
 * @example torch.fakeQuantizePerTensorAffine(x, 0.1, 0, 0, 255)
 */
export const fakeQuantizePerTensorAffine = named(
  "fakeQuantizePerTensorAffine",
  "input, scale, zeroPoint, quantMin, quantMax",
  (input: Tensor, scale: number | Tensor, zeroPoint: number | Tensor, quantMin: number, quantMax: number): Tensor => {
    const op = "fakeQuantizePerTensorAffine";
    checkTensor(op, input);
    checkRange(op, quantMin, quantMax);
    const zero = checkInteger(op, "zeroPoint", numberOf(op, "zeroPoint", zeroPoint));
    if (zero < quantMin || zero > quantMax)
      throw new ValueError(`${op}: \`zero_point\` must be between \`quant_min\` and \`quant_max\`, got ${zero}`);
    const node = "FakeQuantizePerTensorAffineCachemaskBackward0";
    return onGrid(node, input, numberOf(op, "scale", scale), zero, quantMin, quantMax);
  },
);

/**
 * {@link fakeQuantizePerTensorAffine} with a scale and a zero point for each position of `axis`.
 * @see torch.fake_quantize_per_channel_affine
 */
export const fakeQuantizePerChannelAffine = named(
  "fakeQuantizePerChannelAffine",
  "input, scale, zeroPoint, axis, quantMin, quantMax",
  (input: Tensor, scale: Tensor, zeroPoint: Tensor, axis: number, quantMin: number, quantMax: number): Tensor => {
    const op = "fakeQuantizePerChannelAffine";
    checkTensor(op, input);
    checkTensor(op, scale, "scale");
    checkTensor(op, zeroPoint, "zeroPoint");
    checkRange(op, quantMin, quantMax);
    const at = wrapDim(op, axis, input.ndim);
    if (scale.numel() !== input.shape[at] || zeroPoint.numel() !== input.shape[at])
      throw new ShapeError(
        `${op}: dimensions of scale and zero-point are not consistent with input tensor: ${scale.numel()} and ${zeroPoint.numel()} for [${input.shape}]`,
      );
    const shape = input.shape.map((_, i) => (i === at ? -1 : 1));
    const node = "FakeQuantizePerChannelAffineCachemaskBackward0";
    return onGrid(node, input, scale.reshape(shape), zeroPoint.reshape(shape).float(), quantMin, quantMax);
  },
);

/** @internal The numbers of a weight whose zero points are 0: an op of its own, so that exported models keep its integers. */
export const dequantizeWeight = named(
  "dequantizeWeight",
  "input, scale, axis",
  (values: Tensor, scale: Tensor, axis: number): Tensor =>
    noGrad(() =>
      values
        .float()
        .mul(scale.numel() === 1 ? scale : scale.reshape(values.shape.map((_, i) => (i === axis ? -1 : 1)))),
    ),
);
