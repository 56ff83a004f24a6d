/** Integers that stand for real numbers: `(q - zero point) · scale`. Sums of products are exact in float64. */

import type { DType } from "../../../core/dtype";
import { iinfo } from "../../../core/limits";
import { matmul } from "../../../ops/linalg/matmul";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import { isUnsigned, type Value, wrapUnsigned } from "../values";
import { typeOf } from "./cast";
import { convolve } from "./convolutions";
import { tensor } from "./make";

/** A scale or zero point against `x`: one for all, one for each slice of `axis`, or one for each block of it. */
function along(c: Context, x: Tensor, values: Tensor, axis: number, block = 0): Tensor {
  if (values.numel() === 1) return values.reshape([]);
  if (values.ndim === 1) return values.reshape(x.shape.map((_, i) => (i === c.wrapAxis(axis, x.ndim) ? -1 : 1)));
  if (block === 0) return values;
  const at = c.wrapAxis(axis, x.ndim);
  return values.repeatInterleave(block, { dim: at }).narrow(at, 0, x.shape[at]!);
}

const wide = (x: Tensor): Tensor => x.to("float64");

/** Rounded to the nearest, ties to even, and within the range of the dtype. */
function saturate(x: Tensor, dtype: DType): Tensor {
  const { min, max } = iinfo(dtype);
  return x.round().clamp(Number(min), Number(max)).to(dtype);
}

function quantize(c: Context, x: Tensor, scale: Tensor, zero: Tensor | undefined, axis: number): Value {
  const block = c.int("block_size", 0);
  const code = c.attributes.has("output_dtype") ? c.int("output_dtype") : 0;
  const type = c.unsigned(2) ?? (zero === undefined ? (code === 0 ? "uint8" : typeOf(c, code)) : zero.dtype);
  // In the precision of the scale, as the format says.
  const steps = wide(x.div(along(c, x, scale.to(x.dtype), axis, block))).round();
  const shifted = zero === undefined ? steps : steps.add(wide(along(c, x, zero, axis, block)));
  if (type === "uint16") return wrapUnsigned(shifted.clamp(0, 65535).to("int32"), type);
  if (isUnsigned(type) || !["int8", "uint8", "int16", "int32"].includes(type)) return c.fail(`cannot give ${type}`);
  return saturate(shifted, type as DType);
}

function dequantize(c: Context): Tensor {
  const [x, scale, zero] = [c.x, c.y, c.optional(2)];
  const axis = c.int("axis", 1);
  const block = c.int("block_size", 0);
  const centered = zero === undefined ? wide(x) : wide(x).sub(wide(along(c, x, zero, axis, block)));
  return centered.to(scale.dtype).mul(along(c, x, scale, axis, block));
}

/** Gives uint8, with a scale and a zero point such that 0 and all values are in the range. */
function dynamicQuantize(c: Context): Value[] {
  const x = c.x;
  const low = x.amin().minimum(tensor(0, x.dtype));
  const high = x.amax().maximum(tensor(0, x.dtype));
  const range = high.sub(low).div(255);
  const scale = tensor(1, x.dtype).where(range.eq(0), range);
  const zero = saturate(low.neg().div(scale), "uint8");
  return [saturate(x.div(scale).round().add(zero.to(x.dtype)), "uint8"), scale, zero];
}

/** An operand of a product without its zero point; those per row stand before the last axis. */
function centered(x: Tensor, zero: Tensor | undefined, isRow: boolean): Tensor {
  if (zero === undefined) return wide(x);
  return wide(x).sub(
    wide(
      zero.ndim === 1 && zero.numel() > 1 && isRow ? zero.unsqueeze(-1) : zero.numel() === 1 ? zero.reshape([]) : zero,
    ),
  );
}

function matMulInteger(c: Context): Tensor {
  return matmul(centered(c.x, c.optional(2), true), centered(c.y, c.optional(3), false)).to("int32");
}

function qlinearMatMul(c: Context): Tensor {
  const [a, aScale, aZero, b, bScale, bZero, scale, zero] = c.tensors as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const product = matmul(centered(a, aZero, true), centered(b, bZero, false));
  const row =
    aScale.numel() > 1 && aScale.ndim === 1 ? aScale.unsqueeze(-1) : aScale.numel() === 1 ? aScale.reshape([]) : aScale;
  const column = bScale.numel() === 1 ? bScale.reshape([]) : bScale;
  const factor = wide(row)
    .mul(wide(column))
    .div(wide(scale.reshape([])));
  return saturate(
    product
      .mul(factor)
      .round()
      .add(wide(zero.reshape([]))),
    zero.dtype,
  );
}

/** One value for each channel of the output, at the axis of the weight or of the result. */
const channels = (values: Tensor, ndim: number, at: number): Tensor =>
  values.numel() === 1
    ? values.reshape([])
    : values.reshape(Array.from({ length: ndim }, (_, i) => (i === at ? -1 : 1)));

function convInteger(c: Context): Tensor {
  const weightZero = c.optional(3);
  const weight = weightZero === undefined ? wide(c.y) : wide(c.y).sub(wide(channels(weightZero, c.y.ndim, 0)));
  return convolve(c, centered(c.x, c.optional(2), false), weight, undefined).to("int32");
}

function qlinearConv(c: Context): Tensor {
  const [x, xScale, xZero, w, wScale, wZero, scale, zero] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => c.tensor(i)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const weight = wide(w).sub(wide(channels(wZero, w.ndim, 0)));
  const bias = c.optional(8);
  const sums = convolve(c, centered(x, xZero, false), weight, bias === undefined ? undefined : wide(bias));
  const factor = wide(xScale.reshape([]))
    .mul(wide(channels(wScale, x.ndim, 1)))
    .div(wide(scale.reshape([])));
  return saturate(
    sums
      .mul(factor)
      .round()
      .add(wide(zero.reshape([]))),
    zero.dtype,
  );
}

/** What is there in the quantized form of `f` of real numbers. */
const qlinear = (name: string, f: (x: Tensor, y: Tensor) => Tensor): Entry => ({
  name,
  domain: "com.microsoft",
  run: (c) => {
    const [x, xScale, xZero, y, yScale, yZero, scale, zero] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => c.optional(i));
    const real = (q: Tensor, s: Tensor, z: Tensor | undefined) => centered(q, z, false).mul(wide(s.reshape([])));
    const result = f(real(x!, xScale!, xZero), real(y!, yScale!, yZero))
      .div(wide(scale!.reshape([])))
      .round();
    return saturate(zero === undefined ? result : result.add(wide(zero.reshape([]))), x!.dtype);
  },
});

export const quantized: readonly Entry[] = [
  { name: "ConvInteger", since: 10, run: convInteger },
  { name: "DequantizeLinear", since: 10, unsigned: "itself", run: dequantize },
  { name: "DequantizeLinear", domain: "com.microsoft", unsigned: "itself", run: dequantize },
  { name: "DynamicQuantizeLinear", since: 11, run: dynamicQuantize },
  { name: "MatMulInteger", since: 10, run: matMulInteger },
  qlinear("QLinearAdd", (x, y) => x.add(y)),
  { name: "QLinearConv", since: 10, run: qlinearConv },
  { name: "QLinearMatMul", since: 10, run: qlinearMatMul },
  qlinear("QLinearMul", (x, y) => x.mul(y)),
  {
    name: "QuantizeLinear",
    since: 10,
    unsigned: "itself",
    run: (c) => quantize(c, c.x, c.y, c.optional(2), c.int("axis", 1)),
  },
  {
    name: "QuantizeLinear",
    domain: "com.microsoft",
    unsigned: "itself",
    run: (c) => quantize(c, c.x, c.y, c.optional(2), c.int("axis", 1)),
  },
];
