/** What quantized layers with weights share. */

import { KindlingError, ShapeError, ValueError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { checkModule } from "../../nn/module/checks";
import type { Module } from "../../nn/module/module";
import { checkTensor } from "../../ops/builders/checks";
import { tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import type { QScheme, QuantizedDType } from "../dtypes";
import { quantizePerChannel, quantizePerTensor } from "../functional";
import type { ObserverBase, QParams } from "../observers";
import type { Packed } from "../packed";
import type { QConfig } from "../qconfig";
import { checkQuantized, QuantizedTensor, type Quantizer } from "../quantizedTensor";
import { ScaledModule } from "./scaled";

/** Of a float module: its configuration and, once it is prepared, its observer. */
export interface Observed {
  readonly qconfig?: QConfig | null;
  readonly activationPostProcess?: ObserverBase;
}

/** The scale and the zero point that were observed for the results of a module. @throws KindlingError for one that was not prepared. */
export function observedOf(module: Module): { scale: number; zeroPoint: number } {
  checkModule("fromFloat", module, "mod");
  const { activationPostProcess } = module as Observed;
  if (activationPostProcess === undefined)
    throw new KindlingError(
      `fromFloat: a layer has no observer; set qconfig, call prepare(), and run the model on some inputs before convert()`,
    );
  const [scale, zeroPoint] = activationPostProcess.calculateQparams();
  return { scale: scale.item(), zeroPoint: Number(zeroPoint.item()) };
}

/** A weight in integers, by the observer for weights of a configuration. */
export function quantizedWeight(weight: Tensor, module: Module): QuantizedTensor {
  const { qconfig } = module as Observed;
  if (qconfig == null) throw new KindlingError("convert: Input float module must have qconfig defined");
  const observer = qconfig.weight();
  observer(weight.detach());
  return quantizedBy(
    weight,
    observer.calculateQparams(),
    observer as ObserverBase & { qscheme?: QScheme; chAxis?: number },
  );
}

function quantizedBy(
  weight: Tensor,
  [scales, zeros]: QParams,
  { qscheme, chAxis, dtype }: { qscheme?: QScheme; chAxis?: number; dtype: unknown },
): QuantizedTensor {
  const x = weight.detach().float();
  if (dtype !== "qint8") throw new KindlingError(`convert: Weight observer must have dtype qint8, got ${dtype}`);
  if (qscheme?.startsWith("perChannel")) return quantizePerChannel(x, scales, zeros.long(), chAxis ?? 0, "qint8");
  return quantizePerTensor(x, scales.item(), Number(zeros.item()), "qint8");
}

/**
 * The base of quantized layers with weights. The weight is kept as integers, with its scales, in buffers, so that state dicts have plain tensors; the packed
 * form is made when it is first needed, and again when the buffers change.
 */
export abstract class WeightedQuantizedModule extends ScaledModule {
  /** Buffers: int8, float32, int64, float32. Scales of channels are a vector, one for all has no axes. */
  declare weightInt: Tensor;
  declare weightScale: Tensor;
  declare weightZeroPoint: Tensor;
  declare biasFloat: Tensor | null;
  private packed: (Packed & { readonly of: readonly unknown[] }) | undefined;

  protected abstract pack(op: string, weight: QuantizedTensor, bias: Tensor | null): Packed;

  /** The shape of the weight, by the sizes of the layer. */
  protected abstract get weightShape(): readonly number[];

  /** What the packed form depends on besides the buffers. */
  protected get layout(): readonly number[] {
    return [...this.weightShape, this.scale];
  }

  /** The weight. @see torch.ao.nn.quantized.Linear.weight */
  weight(): QuantizedTensor {
    return new QuantizedTensor(this.weightInt, "qint8", this.weightQuantizer());
  }

  private weightQuantizer(): Quantizer {
    const { weightScale, weightZeroPoint } = this;
    if (weightScale.ndim === 0)
      return { scheme: "perTensorAffine", scale: weightScale.item(), zeroPoint: Number(weightZeroPoint.item()) };
    const zeroPoints = (weightZeroPoint.tolist() as number[]).map(Number);
    return { scheme: "perChannelAffine", scales: weightScale.tolist() as number[], zeroPoints, axis: 0 };
  }

  /** The bias, float32. @see torch.ao.nn.quantized.Linear.bias */
  bias(): Tensor | null {
    return this.biasFloat;
  }

  /**
   * Takes another weight and bias.
   * @see torch.ao.nn.quantized.Linear.set_weight_bias
   * @throws ShapeError unless they have the sizes of the layer, ValueError unless the channels of the weight are along axis 0.
   */
  setWeightBias(weight: QuantizedTensor, bias: Tensor | null): void {
    const { quantizer } = checkQuantized("setWeightBias", weight, "weight");
    if (bias !== null) checkTensor("setWeightBias", bias, "bias");
    this.checkShapes("setWeightBias", weight, bias);
    const isPerTensor = quantizer.scheme === "perTensorAffine";
    if (!isPerTensor && quantizer.axis !== 0)
      throw new ValueError(`setWeightBias: the channels of a weight must be along axis 0, got ${quantizer.axis}`);
    this.registerBuffer("weightInt", weight.values.contiguous());
    const scales = isPerTensor ? quantizer.scale : [...quantizer.scales];
    const zeros = isPerTensor ? quantizer.zeroPoint : [...quantizer.zeroPoints];
    this.registerBuffer("weightScale", tensor(scales, { dtype: "float32" }));
    this.registerBuffer("weightZeroPoint", tensor(zeros, { dtype: "int64" }));
    this.registerBuffer("biasFloat", bias === null ? null : bias.detach().float().clone());
    this.packed = undefined;
  }

  /** Products read as many elements as the sizes of the layer say. */
  private checkShapes(op: string, weight: QuantizedTensor | Tensor, bias: Tensor | null): void {
    const shape = this.weightShape;
    if (!sameShape(weight.shape, shape))
      throw new ShapeError(`${op}: expected a weight of shape ${shapeText(shape)}, got ${shapeText(weight.shape)}`);
    if (bias !== null && !sameShape(bias.shape, shape.slice(0, 1)))
      throw new ShapeError(
        `${op}: expected a bias of shape ${shapeText(shape.slice(0, 1))}, got ${shapeText(bias.shape)}`,
      );
  }

  /** The packed weight, as the products read it. */
  protected packedFor(op: string): Packed {
    this.checkShapes(op, this.weightInt, this.biasFloat);
    const buffers = [this.weightInt, this.weightScale, this.weightZeroPoint, this.biasFloat];
    const of = [...buffers.flatMap((x) => [x, x?.storage, x?.storage.version]), ...this.layout];
    if (this.packed !== undefined && of.every((value, i) => value === this.packed!.of[i])) return this.packed;
    this.packed = { ...this.pack(op, this.weight(), this.biasFloat), of };
    for (const part of [this.packed.w, this.packed.sums, this.packed.scales, this.packed.bias]) part.isKept = true;
    return this.packed;
  }
}

/** @internal The type of weights of a dynamic layer. */
export type WeightDType = QuantizedDType | "float16";
