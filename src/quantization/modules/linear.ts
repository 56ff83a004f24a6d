/** Linear maps of quantized tensors. */
import { checkFlag, checkInteger, MAX_COUNT } from "../../core/arguments";
import { classNameOf } from "../../core/className";
import { ArgumentError, DTypeError, describe, ShapeError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { Linear as FloatLinear } from "../../nn/layers/linear";
import { takes } from "../../nn/module/forward";
import type { Module } from "../../nn/module/module";
import { float as floatText } from "../../nn/module/repr";
import { checkTensor } from "../../ops/builders/checks";
import { linear } from "../../ops/linalg/matmul";
import { allocate, zeros } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { schemeText } from "../dtypes";
import { dequantizeWeight } from "../fakeQuantize";
import { quantizeBy } from "../functional";
import { multiply, type Packed, packWeight } from "../packed";
import { checkQuantized, convert, perTensor, QuantizedTensor } from "../quantizedTensor";
import { chooseParameters, rangeOf } from "../scales";
import { simulates } from "../simulate";
import { LinearReLU as FloatLinearReLU, FusedModule } from "./intrinsic";
import { observedOf, quantizedWeight, WeightedQuantizedModule } from "./weighted";

/** The float layer of a module that may be fused. */
export const layerOf = (module: Module): Module => (module instanceof FusedModule ? (module.at(0) as Module) : module);

abstract class AnyLinear extends WeightedQuantizedModule {
  inFeatures: number;
  outFeatures: number;

  constructor(inFeatures: number, outFeatures: number, bias = true) {
    super();
    const layer = classNameOf(this);
    this.inFeatures = checkInteger(layer, "inFeatures", inFeatures, 0, MAX_COUNT);
    this.outFeatures = checkInteger(layer, "outFeatures", outFeatures, 0, MAX_COUNT);
    checkFlag(layer, "bias", bias);
    const weight = zeros([outFeatures, inFeatures], { dtype: "int8" });
    const quantizer = { scheme: "perTensorAffine", scale: 1, zeroPoint: 0 } as const;
    this.setWeightBias(new QuantizedTensor(weight, "qint8", quantizer), bias ? zeros([outFeatures]) : null);
  }

  /** Whether negative results are cut off. */
  protected get relu(): boolean {
    return false;
  }

  /** 1 / the scale of the results, in whose units the bias is. */
  protected abstract get invert(): number;

  protected override get weightShape(): readonly number[] {
    return [this.outFeatures, this.inFeatures];
  }

  protected override pack(op: string, weight: QuantizedTensor, bias: Tensor | null): Packed {
    const terms = { n: this.outFeatures, groups: 1, segments: 1, length: this.inFeatures };
    return packWeight(op, weight, weight.values, bias, this.invert, terms);
  }

  protected rowsOf(op: string, x: Tensor): Tensor {
    if (x.ndim < 1 || x.shape.at(-1) !== this.inFeatures)
      throw new ShapeError(
        `${op}: the last axis of the input must have the size inFeatures = ${this.inFeatures}, got ${shapeText(x.shape)}`,
      );
    return x.reshape([-1, this.inFeatures].map((n, i) => (i === 0 ? x.numel() / Math.max(1, this.inFeatures) : n)));
  }

  protected shapeFor(x: { readonly shape: readonly number[] }): number[] {
    return [...x.shape.slice(0, -1), this.outFeatures];
  }

  /** The map of numbers, by the numbers of the weight. */
  protected numbers(x: Tensor): Tensor {
    return linear(x, dequantizeWeight(this.weightInt, this.weightScale, 0), this.biasFloat);
  }

  /** Takes weight and bias from a float layer that has been observed. */
  protected take(module: Module): void {
    const { weight, bias } = layerOf(module) as FloatLinear;
    this.setWeightBias(quantizedWeight(weight, module), bias);
  }
}

/** @throws ArgumentError unless `module` is a float layer that can be quantized. */
function checkFloat(name: string, module: unknown, ...types: (new (...args: any[]) => Module)[]): Module {
  if (types.some((type) => module instanceof type)) return module as Module;
  throw new ArgumentError(`fromFloat: mod must be a layer that ${name} stands for, got ${describe(module)}`);
}

/**
 * A linear map of quantized tensors: weights of 8 bits, results with a scale and a zero point of their own. Shape: [*, inFeatures] → [*, outFeatures].
 * @see torch.ao.nn.quantized.Linear
 */
export class Linear extends AnyLinear {
  protected get printed(): string {
    return "QuantizedLinear";
  }

  protected override get invert(): number {
    return 1 / this.scale;
  }

  /** @throws ArgumentError unless the input is quantized. */
  override forward(input: Tensor): Tensor {
    const op = classNameOf(this);
    const x = checkQuantized(op, input);
    const { scale, zeroPoint } = perTensor(op, x);
    if (x.dtype !== "quint8") throw new DTypeError(`${op}: expected an input of quint8, got ${x.dtype}`);
    const quantizer = { scheme: "perTensorAffine", scale: this.scale, zeroPoint: this.zeroPoint } as const;
    if (simulates()) {
      const y = this.numbers(x.dequantize());
      return quantizeBy(this.relu ? y.relu() : y, "quint8", quantizer) as unknown as Tensor;
    }
    const rows = this.rowsOf(op, x.values).contiguous();
    const y = multiply(rows, zeroPoint, this.packedFor(op), scale / this.scale, this.zeroPoint, this.relu);
    return new QuantizedTensor(y.reshape(this.shapeFor(x)), "quint8", quantizer) as unknown as Tensor;
  }

  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, scale=${floatText(this.scale)}, zero_point=${this.zeroPoint}, qscheme=${schemeText(this.weight().qscheme())}`;
  }

  override toString(): string {
    return `${this.printed}(${this.extraRepr()})`;
  }

  /** From a float layer that has been observed. @see torch.ao.nn.quantized.Linear.from_float */
  static fromFloat(mod: Module): Linear {
    const float = layerOf(checkFloat("Linear", mod, FloatLinear)) as FloatLinear;
    return filled(new Linear(float.inFeatures, float.outFeatures, float.bias !== null), mod);
  }

  /** @internal */
  static fill(quantized: Linear, module: Module): void {
    Object.assign(quantized, observedOf(module));
    quantized.take(module);
  }
}

function filled<M extends Linear>(quantized: M, module: Module): M {
  Linear.fill(quantized, module);
  return quantized;
}

/** {@link Linear} followed by a rectifier. @see torch.ao.nn.intrinsic.quantized.LinearReLU */
export class LinearReLU extends Linear {
  protected override get printed(): string {
    return "QuantizedLinearReLU";
  }

  protected override get relu(): boolean {
    return true;
  }

  /** From a fused layer that has been observed. */
  static override fromFloat(mod: Module): LinearReLU {
    const float = layerOf(checkFloat("LinearReLU", mod, FloatLinearReLU)) as FloatLinear;
    return filled(new LinearReLU(float.inFeatures, float.outFeatures, float.bias !== null), mod);
  }
}

/**
 * A linear map of float32 with weights of 8 bits: the range of the input is measured in each call, and its numbers become integers of 7 bits.
 * Shape: [*, inFeatures] → [*, outFeatures].
 * @see torch.ao.nn.quantized.dynamic.Linear
 */
export class DynamicLinear extends AnyLinear {
  static readonly className: string = "Linear";
  protected override get invert(): number {
    return 1;
  }

  override forward(input: Tensor): Tensor {
    const op = classNameOf(this);
    checkTensor(op, input);
    if (input.dtype !== "float32") throw new DTypeError(`${op}: expected an input of float32, got ${input.dtype}`);
    if (simulates()) return this.numbers(input);
    const x = this.rowsOf(op, input.detach()).contiguous();
    const shape = this.shapeFor(input);
    if (x.numel() === 0) return zeros(shape).add(this.biasFloat ?? 0);
    const [min, max] = rangeOf(x);
    const { scale, zeroPoint } = chooseParameters(op, min, max, 0, 127);
    const q = allocate(x.shape, "uint8", x);
    convert("quantize", q, x, { scheme: "perTensorAffine", scale, zeroPoint });
    const y = multiply(q, zeroPoint, this.packedFor(op), scale, undefined, this.relu);
    q.dispose();
    return y.reshape(shape);
  }

  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, dtype=torch.qint8, qscheme=${schemeText(this.weight().qscheme())}`;
  }

  override toString(): string {
    return `DynamicQuantizedLinear(${this.extraRepr()})`;
  }

  /** From a float layer with a configuration. @see torch.ao.nn.quantized.dynamic.Linear.from_float */
  static fromFloat(mod: Module): Module {
    const float = layerOf(checkFloat("Linear", mod, FloatLinear)) as FloatLinear;
    const quantized = new DynamicLinear(float.inFeatures, float.outFeatures, float.bias !== null);
    quantized.take(mod);
    return quantized;
  }
}

takes("input", Linear, LinearReLU, DynamicLinear);
