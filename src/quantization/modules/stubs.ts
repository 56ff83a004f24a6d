/** Where numbers become integers in a model, and integers numbers. */

import { assertNumber, checkInteger } from "../../core/arguments";
import { nameOf } from "../../core/className";
import { checkModule } from "../../nn/module/checks";
import { takes } from "../../nn/module/forward";
import { Module } from "../../nn/module/module";
import { stateKeyOf } from "../../nn/module/state";
import { tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkQuantizedDType, type QuantizedDType } from "../dtypes";
import { dequantize, quantizeBy, quantizePerTensor } from "../functional";
import { checkQConfig, type QConfig } from "../qconfig";
import { simulates } from "../simulate";
import { observedOf } from "./weighted";

/**
 * Marks where a model's numbers become integers: it gives its input back until the model is converted. Set fields of this kind in the constructor, and call
 * them at the beginning of `forward`.
 * @see torch.ao.quantization.QuantStub
 */
export class QuantStub extends Module {
  qconfig?: QConfig | null;

  constructor(qconfig?: QConfig | null) {
    super();
    checkQConfig(nameOf(new.target), qconfig);
    if (qconfig !== undefined) this.qconfig = qconfig;
  }

  override forward(x: Tensor): Tensor {
    return x;
  }
}

/** Marks where a model's integers become numbers again. @see torch.ao.quantization.DeQuantStub */
export class DeQuantStub extends Module {
  qconfig?: QConfig | null;

  constructor(qconfig?: QConfig | null) {
    super();
    checkQConfig(nameOf(new.target), qconfig);
    if (qconfig !== undefined) this.qconfig = qconfig;
  }

  override forward(x: Tensor): Tensor {
    return x;
  }
}

/** A module between a {@link QuantStub} and a {@link DeQuantStub}. @see torch.ao.quantization.QuantWrapper */
export class QuantWrapper extends Module {
  quant: Module;
  dequant: Module;
  module: Module;

  constructor(module: Module) {
    super();
    checkModule("QuantWrapper", module);
    const { qconfig } = module as { qconfig?: QConfig | null };
    this.quant = new QuantStub(qconfig);
    this.dequant = new DeQuantStub(qconfig);
    this.module = module;
    this.train(module.training);
  }

  override forward(x: Tensor): Tensor {
    return this.dequant(this.module(this.quant(x)));
  }
}

/** Makes integers of numbers. @see torch.ao.nn.quantized.Quantize */
export class Quantize extends Module {
  declare scale: Tensor;
  declare zeroPoint: Tensor;
  dtype: QuantizedDType;

  constructor(scale: number, zeroPoint: number, dtype: QuantizedDType) {
    super();
    assertNumber("Quantize", "scale", scale);
    checkInteger("Quantize", "zeroPoint", zeroPoint);
    checkQuantizedDType("Quantize", dtype);
    this.registerBuffer("scale", tensor([scale], { dtype: "float32" }));
    this.registerBuffer("zeroPoint", tensor([zeroPoint], { dtype: "int64" }));
    this.dtype = dtype;
  }

  override stateKey(field: string): string {
    return stateKeyOf(field);
  }

  /** A quantized tensor; its type says Tensor, as that of what layers take. */
  override forward(x: Tensor): Tensor {
    return (simulates()
      ? quantizeBy(x, this.dtype, {
          scheme: "perTensorAffine",
          scale: this.scale.item(),
          zeroPoint: Number(this.zeroPoint.item()),
        })
      : quantizePerTensor(x, this.scale, this.zeroPoint, this.dtype)) as unknown as Tensor;
  }

  override extraRepr(): string {
    return `scale=${this.scale}, zero_point=${this.zeroPoint}, dtype=torch.${this.dtype}`;
  }

  /** From a stub that has been observed. */
  static fromFloat(mod: Module): Quantize {
    const { scale, zeroPoint } = observedOf(mod);
    return new Quantize(scale, zeroPoint, "quint8");
  }
}

/** Makes numbers of integers. @see torch.ao.nn.quantized.DeQuantize */
export class DeQuantize extends Module {
  override forward(x: Tensor): Tensor {
    return dequantize(x) as Tensor;
  }

  /** From a stub. */
  static fromFloat(_mod: Module): DeQuantize {
    return new DeQuantize();
  }
}

takes("x", QuantStub, DeQuantStub, QuantWrapper, Quantize, DeQuantize);
