/** Weights of 8 bits as this device's products read them, and what is added to the results. */

import { noGrad } from "../autograd/mode";
import { packedBytes, paddedColumns, type QuantizedTerms } from "../backend/ops/quantized";
import { DeviceError, ValueError } from "../core/errors";
import { allocate, tensor } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import type { QuantizedTensor } from "./quantizedTensor";

/** What a product needs of its weights. */
export interface Packed {
  readonly w: Tensor;
  /** Per column, filled up to whole panels in each group. */
  readonly sums: Tensor;
  readonly scales: Tensor;
  readonly bias: Tensor;
  readonly terms: QuantizedTerms;
}

/** The scales of the columns. @throws ValueError for weights whose zero points are not 0, DeviceError unless they are on the cpu. */
function scalesOf(op: string, weight: QuantizedTensor): number[] {
  if (weight.device !== "cpu") throw new DeviceError(`${op}: quantized weights are computed with on the cpu only`);
  const { quantizer } = weight;
  const count = weight.shape[0]!;
  const zeros = quantizer.scheme === "perTensorAffine" ? [quantizer.zeroPoint] : quantizer.zeroPoints;
  if (zeros.some((zero) => zero !== 0))
    throw new ValueError(
      `${op}: the zero points of weights must be 0 here, as those of symmetric observers are; got ${zeros.find((zero) => zero !== 0)}`,
    );
  return quantizer.scheme === "perTensorAffine" ? Array(count).fill(quantizer.scale) : [...quantizer.scales];
}

/** Values per column, filled up to whole panels of each group. */
function padded(values: readonly number[], groups: number, dtype: "float32" | "int32"): Tensor {
  const n = values.length / groups;
  const all = new Array<number>(groups * paddedColumns(n)).fill(0);
  values.forEach((value, i) => {
    all[Math.floor(i / n) * paddedColumns(n) + (i % n)] = value;
  });
  return tensor(all, { dtype });
}

const biasesOf = (bias: Tensor | null, count: number, invert: number): number[] =>
  bias === null ? Array(count).fill(0) : (bias.detach().float().tolist() as number[]).map((value) => value * invert);

/** Sums of the weights of each column. */
const sumsOf = (rows: Tensor): number[] => (rows.sum(1).tolist() as number[]).map(Number);

/**
 * Packs a weight whose first axis are the columns and whose others are the terms, in the order [segments, length].
 * @param invert 1 / the scale of the result if it is quantized: the bias is in units of the result.
 */
export function packWeight(
  op: string,
  weight: QuantizedTensor,
  ordered: Tensor,
  bias: Tensor | null,
  invert: number,
  terms: QuantizedTerms,
): Packed {
  return noGrad(() => {
    const count = terms.n * terms.groups;
    const scales = scalesOf(op, weight);
    const rows = ordered.contiguous().reshape([count, terms.segments * terms.length]);
    const w = allocate([packedBytes(terms)], "int8", rows);
    if (count > 0) rows.storage.backend.run("packQuantized", { y: w, w: rows, terms });
    return {
      w,
      sums: padded(sumsOf(rows), terms.groups, "int32"),
      scales: padded(scales, terms.groups, "float32"),
      bias: padded(biasesOf(bias, count, invert), terms.groups, "float32"),
      terms,
    };
  });
}

/** Packs the weight [channels, 1, kh, kw] of a convolution with one kernel per channel. */
export function packDepthwise(op: string, weight: QuantizedTensor, bias: Tensor | null, invert: number): Packed {
  return noGrad(() => {
    const { values } = weight;
    const channels = values.shape[0]!;
    const rows = values.reshape([channels, -1]);
    const taps = rows.shape[1]!;
    const w = values.newZeros([taps, paddedColumns(channels)]);
    w.narrow(1, 0, channels).copy_(rows.t());
    return {
      w,
      sums: padded(sumsOf(rows), 1, "int32"),
      scales: padded(scalesOf(op, weight), 1, "float32"),
      bias: padded(biasesOf(bias, channels, invert), 1, "float32"),
      terms: { n: channels, groups: 1, segments: taps, length: 1 },
    };
  });
}

/** Rows [m, k] of bytes by a packed weight. @param scale That of the rows, over that of the result if it is quantized. */
export function multiply(
  x: Tensor,
  zero: number,
  packed: Packed,
  scale: number,
  zeroOut: number | undefined,
  relu: boolean,
): Tensor {
  const [m, k] = x.shape as readonly [number, number];
  const y = allocate([m, packed.terms.n], zeroOut === undefined ? "float32" : "uint8", x);
  if (y.numel() === 0) return y;
  const places = { images: 1, lines: 1, line: m, imageStep: 0, lineStep: 0, placeStep: k, offsets: [0] };
  const { w, sums, scales, bias, terms } = packed;
  const result = { y, sums, scales, bias, zero, scale, zeroOut: zeroOut ?? 0, relu };
  x.storage.backend.run("quantizedProduct", { ...result, x, w, terms, places, groupStep: 0 });
  return y;
}
