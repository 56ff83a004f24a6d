/** What quantized modules share whose results have a scale and a zero point. */
import { Module } from "../../nn/module/module";
import { stateKeyOf } from "../../nn/module/state";
import { tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";

/** A module whose results are quantized tensors. Scale and zero point stand in its state dict, as in PyTorch. */
export abstract class ScaledModule extends Module {
  /** Buffers: float32 and int64, of no axes. */
  declare outputScale: Tensor;
  declare outputZeroPoint: Tensor;

  constructor() {
    super();
    this.scale = 1;
    this.zeroPoint = 0;
  }

  /** The scale of the results. */
  get scale(): number {
    return this.outputScale.item();
  }
  set scale(value: number) {
    this.registerBuffer("outputScale", tensor(value, { dtype: "float32" }));
  }

  /** The integer that stands for 0 in the results. */
  get zeroPoint(): number {
    return Number(this.outputZeroPoint.item());
  }
  set zeroPoint(value: number) {
    this.registerBuffer("outputZeroPoint", tensor(value, { dtype: "int64" }));
  }

  override stateKey(field: string): string {
    return stateKeyOf(field === "outputScale" ? "scale" : field === "outputZeroPoint" ? "zeroPoint" : field);
  }
}
