/** Tensors of integers with scales and zero points. */
import type { Device } from "../backend/backend";
import { ArgumentError, KindlingError } from "../core/errors";
import { float } from "../core/repr";
import type { TensorSize } from "../core/shape";
import { computes } from "../core/signature";
import { allocate, tensor } from "../tensor/create";
import { formatTensor, withSuffixes } from "../tensor/format";
import { Tensor } from "../tensor/tensor";
import { type QScheme, type QuantizedDType, schemeText, storageOf } from "./dtypes";

/** Computes an op of quantized tensors, by its name; `dispatch.ts` says how. */
type Compute = (op: string, given: readonly unknown[]) => unknown;

let computeQuantized: Compute;

/** @internal Says how ops are computed. */
export function computeBy(compute: Compute): void {
  computeQuantized = compute;
}

/** One scale and one zero point. */
export interface TensorQuantizer {
  readonly scheme: "perTensorAffine";
  readonly scale: number;
  readonly zeroPoint: number;
}

/** A scale and a zero point per channel. */
export interface ChannelQuantizer {
  readonly scheme: "perChannelAffine";
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
  readonly axis: number;
}

/** What the integers of a quantized tensor stand for. */
export type Quantizer = TensorQuantizer | ChannelQuantizer;

const storageFor = (dtype: unknown): unknown =>
  dtype === "quint8" || dtype === "qint8" || dtype === "qint32" ? storageOf(dtype) : undefined;

const isQuantizer = (q: Quantizer, { shape }: Tensor): boolean =>
  typeof q === "object" &&
  q !== null &&
  (q.scheme === "perTensorAffine"
    ? typeof q.scale === "number" && Number.isInteger(q.zeroPoint)
    : q.scheme === "perChannelAffine" &&
      Array.isArray(q.scales) &&
      Array.isArray(q.zeroPoints) &&
      q.scales.length === shape[q.axis]);

/**
 * A tensor of integers that stand for numbers: (q − zeroPoint) · scale.
 *
 * It is no {@link Tensor}: an op that takes one would compute with the integers and forget the scale. The ops that PyTorch has for quantized tensors take it all the
 * same (`torch.flatten(q, 1)`, `F.maxPool2d(q, 2)`, the layers that call them), and those below are methods. All others throw.
 * @see torch.quantize_per_tensor
 * @example
 * const q = torch.quantizePerTensor(torch.tensor([-1, 0, 1]), 0.1, 10, torch.quint8);
 * q.intRepr(); // tensor([ 0, 10, 20], dtype=torch.uint8)
 * q.dequantize(); // tensor([-1.,  0.,  1.])
 */
export class QuantizedTensor {
  /** Always true. @see torch.Tensor.is_quantized */
  readonly isQuantized = true;

  /** @internal */
  constructor(
    /** @internal The integers, in any layout. */
    readonly values: Tensor,
    readonly dtype: QuantizedDType,
    /** @internal */
    readonly quantizer: Quantizer,
  ) {
    const isMade = values instanceof Tensor && (storageFor(dtype) === values.dtype || values.dtype === "float32");
    if (!isMade || !isQuantizer(quantizer, values))
      throw new ArgumentError("QuantizedTensor: quantized tensors are made by torch.quantizePerTensor and its kin");
  }

  /** The sizes of the axes, outermost first. */
  get shape(): TensorSize {
    return this.values.shape;
  }

  /** The number of axes. @see torch.Tensor.ndim */
  get ndim(): number {
    return this.values.ndim;
  }

  /** Where the tensor lives. @see torch.Tensor.device */
  get device(): Device {
    return this.values.device;
  }

  /** Always false: no gradient flows through integers. */
  get requiresGrad(): boolean {
    return false;
  }

  /** The number of axes. @see torch.Tensor.dim */
  dim(): number {
    return this.values.ndim;
  }

  /** The shape, or the size of one axis. @see torch.Tensor.size */
  size(): TensorSize;
  size(dim: number): number;
  size(dim?: any): any {
    return this.values.size(dim);
  }

  /** The number of elements. @see torch.Tensor.numel */
  numel(): number {
    return this.values.numel();
  }

  /** Whether the elements lie in row-major order without gaps. @see torch.Tensor.is_contiguous */
  isContiguous(): boolean {
    return this.values.isContiguous();
  }

  /** A copy of the integers: uint8, int8 or int32. @see torch.Tensor.int_repr */
  intRepr(): Tensor {
    const { values } = this;
    return values.isContiguous() ? values.clone() : values.contiguous();
  }

  /** The numbers, float32. @see torch.Tensor.dequantize */
  dequantize(): Tensor {
    return dequantized(this);
  }

  /** @see torch.Tensor.qscheme */
  qscheme(): QScheme {
    return this.quantizer.scheme;
  }

  /** The scale of all values. @see torch.Tensor.q_scale @throws KindlingError for scales per channel. */
  qScale(): number {
    return perTensor("qScale", this).scale;
  }

  /** The integer that stands for 0. @see torch.Tensor.q_zero_point @throws KindlingError for zero points per channel. */
  qZeroPoint(): number {
    return perTensor("qZeroPoint", this).zeroPoint;
  }

  /** The scales, float64. @see torch.Tensor.q_per_channel_scales @throws KindlingError for one scale. */
  qPerChannelScales(): Tensor {
    return tensor([...perChannel("qPerChannelScales", this).scales], { dtype: "float64" });
  }

  /** The zero points, int64. @see torch.Tensor.q_per_channel_zero_points @throws KindlingError for one zero point. */
  qPerChannelZeroPoints(): Tensor {
    return tensor([...perChannel("qPerChannelZeroPoints", this).zeroPoints], { dtype: "int64" });
  }

  /** The axis of the channels. @see torch.Tensor.q_per_channel_axis @throws KindlingError for one scale. */
  qPerChannelAxis(): number {
    return perChannel("qPerChannelAxis", this).axis;
  }

  /** The same elements in another shape, as a view. @see torch.Tensor.view */
  view(...size: any[]): QuantizedTensor {
    return this.shown("view", size);
  }

  /** The same elements in another shape. @see torch.Tensor.reshape */
  reshape(...shape: any[]): QuantizedTensor {
    return this.shown("reshape", shape);
  }

  /** Axes joined. @see torch.Tensor.flatten */
  flatten(startDim?: number, endDim?: number): QuantizedTensor {
    return this.shown("flatten", [startDim ?? 0, endDim ?? -1]);
  }

  /** Axes in another order. @see torch.Tensor.permute */
  permute(...dims: any[]): QuantizedTensor {
    return this.shown("permute", dims);
  }

  /** Two axes exchanged. @see torch.Tensor.transpose */
  transpose(dim0: number, dim1: number): QuantizedTensor {
    return this.shown("transpose", [dim0, dim1]);
  }

  /** Without axes of size 1. @see torch.Tensor.squeeze */
  squeeze(...dims: any[]): QuantizedTensor {
    return this.shown("squeeze", dims);
  }

  /** With one more axis of size 1. @see torch.Tensor.unsqueeze */
  unsqueeze(dim: number): QuantizedTensor {
    return this.shown("unsqueeze", [dim]);
  }

  /** In row-major order. @see torch.Tensor.contiguous */
  contiguous(): QuantizedTensor {
    return new QuantizedTensor(this.values.contiguous(), this.dtype, this.quantizer);
  }

  /** A copy. @see torch.Tensor.clone */
  clone(): QuantizedTensor {
    return new QuantizedTensor(this.values.clone(), this.dtype, this.quantizer);
  }

  /** The tensor itself, which is in no graph. @see torch.Tensor.detach */
  detach(): QuantizedTensor {
    return this;
  }

  /** The tensor itself: quantized tensors live on the cpu. @see torch.Tensor.cpu */
  cpu(): QuantizedTensor {
    return this;
  }

  /** Negative numbers cut off. @see torch.relu */
  relu(): QuantizedTensor {
    return computeQuantized("relu", [this]) as QuantizedTensor;
  }

  /** Negative numbers cut off. Integers are not changed in place: the result is another tensor. @see torch.relu_ */
  relu_(): QuantizedTensor {
    return this.relu();
  }

  /** The mean over axes, with the scale and the zero point of this tensor. @see torch.mean */
  mean(...dims: any[]): QuantizedTensor {
    return computeQuantized("mean", [this, ...dims]) as QuantizedTensor;
  }

  /** Gives the memory back at once. */
  dispose(): void {
    this.values.dispose();
  }

  /** Gives the memory back at the end of a block. */
  [Symbol.dispose](): void {
    this.values.dispose();
  }

  /** As PyTorch prints quantized tensors. */
  toString(): string {
    const { quantizer, dtype, shape } = this;
    const numbers = this.dequantize();
    const body = formatTensor(numbers).slice(0, -1);
    if (numbers !== this.values) numbers.dispose();
    const rest = [`size=(${shape.join(", ")}${shape.length === 1 ? "," : ""})`, `dtype=torch.${dtype}`];
    rest.push(`quantization_scheme=${schemeText(quantizer.scheme)}`);
    if (quantizer.scheme === "perTensorAffine")
      rest.push(`scale=${float(quantizer.scale)}`, `zero_point=${quantizer.zeroPoint}`);
    else
      rest.push(
        `scale=${formatTensor(this.qPerChannelScales())}`,
        `zero_point=${formatTensor(this.qPerChannelZeroPoints())}`,
        `axis=${quantizer.axis}`,
      );
    return withSuffixes(body, rest, 7);
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** @internal What ops do that take no tensors of this kind themselves. */
  [computes](op: string, given: readonly unknown[]): unknown {
    return computeQuantized(op, given);
  }

  private shown(op: string, given: readonly unknown[]): QuantizedTensor {
    return computeQuantized(op, [this, ...given]) as QuantizedTensor;
  }
}

/** @internal */
export const isQuantizedTensor = (value: unknown): value is QuantizedTensor => value instanceof QuantizedTensor;

/** Whether the numbers of a quantized tensor are kept, as `simulate` does. */
export const isSimulated = ({ values }: QuantizedTensor): boolean => values.dtype === "float32";

/** @throws ArgumentError unless `x` is a quantized tensor, DisposedError if its memory is gone. */
export function checkQuantized(op: string, x: unknown, name = "input"): QuantizedTensor {
  if (!isQuantizedTensor(x))
    throw new ArgumentError(
      `${op}: ${name} must be a quantized tensor; a model begins with a QuantStub, or use torch.quantizePerTensor`,
    );
  x.values.assertAlive(op);
  return x;
}

/** @throws KindlingError unless `x` has one scale. */
export function perTensor(op: string, { quantizer }: QuantizedTensor): TensorQuantizer {
  if (quantizer.scheme === "perTensorAffine") return quantizer;
  throw new KindlingError(
    `${op}: Expected quantizer->qscheme() == kPerTensorAffine to be true, got ${quantizer.scheme}`,
  );
}

function perChannel(op: string, { quantizer }: QuantizedTensor): ChannelQuantizer {
  if (quantizer.scheme === "perChannelAffine") return quantizer;
  throw new KindlingError(
    `${op}: Expected quantizer->qscheme() == kPerChannelAffine to be true, got ${quantizer.scheme}`,
  );
}

/** How the values of a shape are seen by the kernels: [outer, channels, inner]. */
function channelsOf(shape: readonly number[], q: Quantizer): { channels: number; inner: number } {
  if (q.scheme === "perTensorAffine")
    return {
      channels: 1,
      inner: Math.max(
        1,
        shape.reduce((product, size) => product * size, 1),
      ),
    };
  const inner = shape.slice(q.axis + 1).reduce((product, size) => product * size, 1);
  return { channels: shape[q.axis]!, inner: Math.max(1, inner) };
}

/** Writes the numbers of `x` into `y` as integers, or back; neither is empty. */
export function convert(kernel: "quantize" | "dequantize", y: Tensor, x: Tensor, q: Quantizer): void {
  const { backend } = x.storage;
  const sizes = channelsOf(x.shape, q);
  if (q.scheme === "perTensorAffine") {
    backend.run(kernel, { y, x, scales: q.scale, zeros: q.zeroPoint, ...sizes });
    return;
  }
  const scales = tensor([...q.scales], { dtype: "float32" });
  const zeros = tensor([...q.zeroPoints], { dtype: "int32" });
  backend.run(kernel, { y, x, scales, zeros, ...sizes });
  for (const part of [scales, zeros]) part.dispose();
}

function dequantized(q: QuantizedTensor): Tensor {
  if (isSimulated(q)) return q.values;
  q.values.assertAlive("dequantize");
  // Bytes may lie in any order as long as all have the same scale.
  const x = q.quantizer.scheme === "perTensorAffine" && isDense(q.values) ? q.values : q.values.contiguous();
  const isWhole = x === q.values;
  const y = allocate(x.shape, "float32", x);
  if (y.numel() === 0) return y;
  convert("dequantize", y, x, q.quantizer);
  if (!isWhole) x.dispose();
  else if (!x.isContiguous()) return reordered(y, x);
  return y;
}

/** Whether the elements fill a range of memory, in some order of the axes. */
function isDense(x: Tensor): boolean {
  const order = x.strides.map((_, axis) => axis).sort((a, b) => x.strides[b]! - x.strides[a]!);
  let step = 1;
  for (const axis of order.reverse()) {
    if (x.shape[axis] === 1) continue;
    if (x.strides[axis] !== step) return false;
    step *= x.shape[axis]!;
  }
  return true;
}

/** The elements of `y`, which lie in the order of `like`, in row-major order. */
function reordered(y: Tensor, like: Tensor): Tensor {
  const result = y.asStrided(like.shape, like.strides, 0).contiguous();
  y.dispose();
  return result;
}
