/** Linear maps whose weights have 16 bits. */
import { DTypeError } from "../../core/errors";
import type { Linear } from "../../nn/layers/linear";
import { linear } from "../../ops/linalg/matmul";
import { Module } from "../../nn/module/module";
import { snakeCase } from "../../nn/module/state";
import { checkTensor } from "../../ops/builders/checks";
import type { Tensor } from "../../tensor/tensor";

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

  constructor(weight: Tensor, bias: Tensor | null) {
    super();
    [this.outFeatures, this.inFeatures] = weight.shape as readonly number[] as readonly [number, number];
    this.registerBuffer("weightHalf", weight.detach().to("float16"));
    this.registerBuffer("biasFloat", bias === null ? null : bias.detach().float().clone());
  }

  override stateKey(field: string): string {
    return snakeCase(field);
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
    const op = "DynamicQuantizedLinear";
    checkTensor(op, input);
    if (input.dtype !== "float32") throw new DTypeError(`${op}: expected an input of float32, got ${input.dtype}`);
    return linear(input.detach(), this.weightHalf.float(), this.biasFloat);
  }

  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, dtype=torch.float16`;
  }

  override toString(): string {
    return `DynamicQuantizedLinear(${this.extraRepr()})`;
  }

  /** @internal */
  static fromFloat({ weight, bias }: Linear): LinearHalf {
    return new LinearHalf(weight, bias);
  }
}
