/** Linear maps whose weights have 16 bits. */

import { DTypeError, ShapeError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import type { Linear } from "../../nn/layers/linear";
import { checkModule } from "../../nn/module/checks";
import { takes } from "../../nn/module/forward";
import { fixedBuffers, Module } from "../../nn/module/module";
import { stateKeyOf } from "../../nn/module/state";
import { checkTensor } from "../../ops/builders/checks";
import { linear } from "../../ops/linalg/matmul";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { simulates } from "../simulate";

/** Rows for which the weight is widened on its way; for more it is widened before. */
const MOST_ROWS = 8;

const operandOf = ({ storage, offset, dtype }: Tensor) => ({ storage, offset, dtype });

/**
 * A linear map of float32 whose weight is kept in float16, half the memory, and widened where it is used. Shape: [*, inFeatures] → [*, outFeatures].
 * @see torch.ao.nn.quantized.dynamic.Linear, with dtype=torch.float16
 */
export class LinearHalf extends Module {
  inFeatures: number;
  outFeatures: number;
  /** Buffers: float16 [outFeatures, inFeatures], float32 [outFeatures]. */
  declare weightHalf: Tensor;
  declare biasFloat: Tensor | null;
  private checked: { storage: unknown; version: number; isFinite: boolean } | undefined;

  constructor(weight: Tensor, bias: Tensor | null) {
    super();
    if (checkTensor("LinearHalf", weight, "weight").ndim !== 2)
      throw new ShapeError(`LinearHalf: weight must have two axes, got ${shapeText(weight.shape)}`);
    if (bias != null) checkTensor("LinearHalf", bias, "bias");
    [this.outFeatures, this.inFeatures] = weight.shape as readonly number[] as readonly [number, number];
    if (bias != null && !sameShape(bias.shape, [this.outFeatures]))
      throw new ShapeError(`LinearHalf: bias must have the shape [${this.outFeatures}], got ${shapeText(bias.shape)}`);
    this.registerBuffer("weightHalf", weight.detach().to("float16").contiguous());
    this.registerBuffer("biasFloat", bias == null ? null : bias.detach().float().clone());
  }

  override stateKey(field: string): string {
    return stateKeyOf(field);
  }

  /** @internal */
  override get [fixedBuffers](): readonly string[] {
    return ["weight_half", "bias_float"];
  }

  /** The weight, float16. */
  weight(): Tensor {
    return this.weightHalf;
  }

  /** The bias, float32. */
  bias(): Tensor | null {
    return this.biasFloat;
  }

  override forward(input: Tensor): Tensor {
    const op = "LinearHalf";
    checkTensor(op, input);
    if (input.dtype !== "float32") throw new DTypeError(`${op}: expected an input of float32, got ${input.dtype}`);
    const rows = input.numel() / Math.max(1, this.inFeatures);
    const isFew = rows > 0 && rows <= MOST_ROWS;
    if (simulates() || !isFew || input.shape.at(-1) !== this.inFeatures || !this.hasSizes() || !this.isFinite())
      return linear(input, this.weightHalf.float(), this.biasFloat);
    const x = input.detach().contiguous();
    const y = allocate([...input.shape.slice(0, -1), this.outFeatures], "float32", x);
    const flat = { ...operandOf(x), shape: [rows, this.inFeatures], strides: [this.inFeatures, 1] };
    if (y.numel() > 0)
      x.storage.backend.run("halfProduct", { y, x: flat, w: this.weightHalf, bias: this.biasFloat ?? undefined });
    return y;
  }

  /** Whether the buffers are as the constructor made them. */
  private hasSizes(): boolean {
    const { weightHalf, biasFloat, inFeatures, outFeatures } = this;
    const isMade = (x: Tensor, dtype: string, shape: readonly number[]) =>
      x.dtype === dtype && sameShape(x.shape, shape) && x.isContiguous();
    return (
      isMade(weightHalf, "float16", [outFeatures, inFeatures]) &&
      (biasFloat === null || isMade(biasFloat, "float32", [outFeatures]))
    );
  }

  /** Whether all weights are finite, which is found out once. */
  private isFinite(): boolean {
    const { storage } = this.weightHalf;
    if (this.checked?.storage !== storage || this.checked.version !== storage.version)
      this.checked = {
        storage,
        version: storage.version,
        isFinite: this.weightHalf.device === "cpu" && this.weightHalf.float().isfinite().all().item() !== 0,
      };
    return this.checked.isFinite;
  }

  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, dtype=torch.float16`;
  }

  override toString(): string {
    return `DynamicQuantizedLinear(${this.extraRepr()})`;
  }

  /** @internal */
  static fromFloat(mod: Linear): LinearHalf {
    checkModule("fromFloat", mod, "mod");
    return new LinearHalf(mod.weight, mod.bias);
  }
}

takes("input", LinearHalf);
