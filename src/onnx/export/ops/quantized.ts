/** Roundings to integers, as the nodes that make integers and numbers again of them. */
import type { DType } from "../../../core/dtype";
import type { Forms } from "../form";
import type { Graph } from "../graph";
import type { Value } from "../types";

/** The dtype of integers from `min` to `max`, if there is one. */
const integersOf = (min: number, max: number): DType | undefined =>
  min === 0 && max === 255 ? "uint8" : min === -128 && max === 127 ? "int8" : undefined;

/** A rounding, per tensor or per channel. @throws KindlingError for bounds that no type of ONNX has. */
function rounded(g: Graph, input: Value, scale: Value, zero: readonly number[], dtype: DType, axis?: number): Value {
  const shape = axis === undefined ? [] : [zero.length];
  const zeroPoint = g.constant(zero, dtype, shape);
  const attributes = axis === undefined ? {} : { axis };
  const integers = g.add("QuantizeLinear", [input, scale, zeroPoint], attributes, dtype);
  return g.add("DequantizeLinear", [integers, scale, zeroPoint], attributes, "float32");
}

export const quantized: Forms = {
  fakeQuantizePerTensorAffine: {
    when: ({ scale, zeroPoint, quantMin, quantMax }) =>
      typeof scale === "number" && typeof zeroPoint === "number" && integersOf(quantMin, quantMax) !== undefined,
    lower: (g, { input, scale, zeroPoint, quantMin, quantMax }) =>
      rounded(g, input, g.constant([scale], "float32", []), [zeroPoint], integersOf(quantMin, quantMax)!),
  },
  dequantizeWeight: (g, { input, scale, axis }) =>
    // One scale for all has no axes.
    g.add("DequantizeLinear", [input, scale], scale.shape.length === 0 ? {} : { axis }, "float32"),
};
