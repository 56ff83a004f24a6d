/** Convolutions of quantized images. */

import { classNameOf } from "../../core/className";
import { ArgumentError, DTypeError, describe, ValueError } from "../../core/errors";
import * as F from "../../nn/functional/index";
import { Conv1d as FloatConv1d, Conv2d as FloatConv2d } from "../../nn/layers/conv";
import { checkModule } from "../../nn/module/checks";
import { takes } from "../../nn/module/forward";
import type { Module } from "../../nn/module/module";
import { float } from "../../nn/module/repr";
import type { Tensor } from "../../tensor/tensor";
import { type ConvGeometry, convolve, packConvolution } from "../convolution";
import { dequantizeWeight } from "../fakeQuantize";
import { quantizeBy } from "../functional";
import type { Packed } from "../packed";
import { checkQuantized, QuantizedTensor } from "../quantizedTensor";
import { simulates } from "../simulate";
import { ConvReLU1d as FloatConvReLU1d, ConvReLU2d as FloatConvReLU2d } from "./intrinsic";
import { layerOf } from "./linear";
import { observedOf, quantizedWeight, WeightedQuantizedModule } from "./weighted";

type FloatConv = FloatConv1d | FloatConv2d;

/** The sizes of a convolution of one axis are those of images of one line. */
const pairOf = (sizes: readonly number[], line: number): readonly [number, number] =>
  sizes.length === 1 ? [line, sizes[0]!] : [sizes[0]!, sizes[1]!];

/** A convolution whose weights have 8 bits, and whose results have a scale and a zero point of their own. */
abstract class QuantizedConv extends WeightedQuantizedModule {
  inChannels!: number;
  outChannels!: number;
  kernelSize!: number[];
  stride!: number[];
  padding!: number[];
  dilation!: number[];
  groups!: number;

  protected abstract get printed(): string;

  /** @param module A float layer, fused or not, that has been observed. */
  constructor(module: Module) {
    super();
    checkModule(classNameOf(this), module);
    const conv = layerOf(module) as FloatConv;
    if (!(conv instanceof FloatConv1d || conv instanceof FloatConv2d))
      throw new ArgumentError(
        `${classNameOf(this)}: quantized convolutions are made of float ones, by fromFloat or convert(), got ${describe(module)}`,
      );
    if (conv.paddingMode !== "zeros")
      throw new ValueError(`${classNameOf(this)}: paddingMode must be "zeros", got "${conv.paddingMode}"`);
    const { inChannels, outChannels, kernelSize, stride, dilation, groups } = conv;
    Object.assign(this, { inChannels, outChannels, kernelSize, stride, dilation, groups });
    this.padding = this.paddingOf(conv);
    Object.assign(this, observedOf(module));
    this.setWeightBias(quantizedWeight(conv.weight, module), conv.bias);
  }

  private paddingOf({ padding, kernelSize, dilation }: FloatConv): number[] {
    if (padding === "valid") return kernelSize.map(() => 0);
    if (padding !== "same") return [...padding];
    return kernelSize.map((size, axis) => {
      const total = dilation[axis]! * (size - 1);
      if (total % 2 !== 0)
        throw new ValueError(`${classNameOf(this)}: padding="same" needs odd kernels here; use a padding in numbers`);
      return total / 2;
    });
  }

  private get geometry(): ConvGeometry {
    const { groups } = this;
    return {
      kernel: pairOf(this.kernelSize, 1),
      stride: pairOf(this.stride, 1),
      padding: pairOf(this.padding, 0),
      dilation: pairOf(this.dilation, 1),
      groups,
    };
  }

  protected override get weightShape(): readonly number[] {
    return [this.outChannels, this.inChannels / this.groups, ...this.kernelSize];
  }

  protected override get layout(): readonly number[] {
    return [...super.layout, this.groups, ...this.dilation];
  }

  protected override pack(op: string, weight: QuantizedTensor, bias: Tensor | null): Packed {
    const images =
      weight.ndim === 3 ? new QuantizedTensor(weight.values.unsqueeze(2), weight.dtype, weight.quantizer) : weight;
    return packConvolution(op, images, bias, this.geometry, 1 / this.scale);
  }

  /** Whether negative results are cut off. */
  protected get relu(): boolean {
    return false;
  }

  /** @throws ArgumentError unless the input is quantized, ShapeError unless it fits. */
  override forward(input: Tensor): Tensor {
    const op = classNameOf(this);
    const x = checkQuantized(op, input);
    if (x.dtype !== "quint8") throw new DTypeError(`${op}: expected an input of quint8, got ${x.dtype}`);
    const isLine = this.kernelSize.length === 1;
    const result = { scale: this.scale, zeroPoint: this.zeroPoint, relu: this.relu };
    if (simulates()) return this.simulated(x) as unknown as Tensor;
    const images = isLine ? x.unsqueeze(2) : x;
    const y = convolve(op, images, this.packedFor(op), this.inChannels, this.geometry, result);
    return (isLine ? y.squeeze(2) : y) as unknown as Tensor;
  }

  private simulated(x: QuantizedTensor): QuantizedTensor {
    const { stride, padding, dilation, groups, scale, zeroPoint } = this;
    const weight = dequantizeWeight(this.weightInt, this.weightScale, 0);
    const conv = this.kernelSize.length === 1 ? F.conv1d : F.conv2d;
    const y = conv(x.dequantize(), weight, this.biasFloat, { stride, padding, dilation, groups });
    return quantizeBy(this.relu ? y.relu() : y, "quint8", { scheme: "perTensorAffine", scale, zeroPoint });
  }

  override extraRepr(): string {
    const tuple = (sizes: readonly number[]) => `(${sizes.join(", ")}${sizes.length === 1 ? "," : ""})`;
    let out = `${this.inChannels}, ${this.outChannels}, kernel_size=${tuple(this.kernelSize)}, stride=${tuple(this.stride)}`;
    out += `, scale=${float(this.scale)}, zero_point=${this.zeroPoint}`;
    if (this.padding.some((size) => size !== 0)) out += `, padding=${tuple(this.padding)}`;
    if (this.dilation.some((size) => size !== 1)) out += `, dilation=${tuple(this.dilation)}`;
    if (this.groups !== 1) out += `, groups=${this.groups}`;
    if (this.biasFloat === null) out += ", bias=False";
    return out;
  }

  override toString(): string {
    return `${this.printed}(${this.extraRepr()})`;
  }
}

function checkFloat(name: string, module: unknown, type: new (...args: any[]) => Module): Module {
  if (module instanceof type) return module;
  throw new ArgumentError(`fromFloat: mod must be a layer that ${name} stands for, got ${describe(module)}`);
}

/** A convolution of quantized images. Shape: [N, C, H, W]. @see torch.ao.nn.quantized.Conv2d */
export class Conv2d extends QuantizedConv {
  protected override get printed(): string {
    return "QuantizedConv2d";
  }

  /** From a float layer that has been observed. @see torch.ao.nn.quantized.Conv2d.from_float */
  static fromFloat(mod: Module): Conv2d {
    return new Conv2d(checkFloat("Conv2d", mod, FloatConv2d));
  }
}

/** {@link Conv2d} followed by a rectifier. @see torch.ao.nn.intrinsic.quantized.ConvReLU2d */
export class ConvReLU2d extends QuantizedConv {
  protected override get printed(): string {
    return "QuantizedConvReLU2d";
  }

  protected override get relu(): boolean {
    return true;
  }

  /** From a fused layer that has been observed. */
  static fromFloat(mod: Module): ConvReLU2d {
    return new ConvReLU2d(checkFloat("ConvReLU2d", mod, FloatConvReLU2d));
  }
}

/** A convolution of quantized sequences. Shape: [N, C, L]. @see torch.ao.nn.quantized.Conv1d */
export class Conv1d extends QuantizedConv {
  protected override get printed(): string {
    return "QuantizedConv1d";
  }

  /** From a float layer that has been observed. */
  static fromFloat(mod: Module): Conv1d {
    return new Conv1d(checkFloat("Conv1d", mod, FloatConv1d));
  }
}

/** {@link Conv1d} followed by a rectifier. @see torch.ao.nn.intrinsic.quantized.ConvReLU1d */
export class ConvReLU1d extends QuantizedConv {
  protected override get printed(): string {
    return "QuantizedConvReLU1d";
  }

  protected override get relu(): boolean {
    return true;
  }

  /** From a fused layer that has been observed. */
  static fromFloat(mod: Module): ConvReLU1d {
    return new ConvReLU1d(checkFloat("ConvReLU1d", mod, FloatConvReLU1d));
  }
}

takes("input", QuantizedConv);
