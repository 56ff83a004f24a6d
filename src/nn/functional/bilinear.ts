/** Products of two inputs. */

import { ShapeError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import type { Tensor } from "../../tensor/tensor";

/**
 * x1ᵀ · weight[o] · x2 + bias[o] for each output o.
 *
 * Shape: input1 [*, in1], input2 [*, in2], weight [out, in1, in2], bias [out]; gives [*, out].
 * @see torch.nn.functional.bilinear
 */
export const bilinear = named(
  "bilinear",
  "input1, input2, weight, bias?",
  (input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor => {
    checkTensor("bilinear", input1, "input1");
    checkTensor("bilinear", input2, "input2");
    const [out, in1, in2] = checkTensor("bilinear", weight, "weight").shape;
    const lead = input1.shape.slice(0, -1);
    if (input1.shape.at(-1) !== in1 || input2.shape.at(-1) !== in2 || !sameShape(lead, input2.shape.slice(0, -1)))
      throw new ShapeError(
        `bilinear: inputs of shape ${shapeText(input1.shape)} and ${shapeText(input2.shape)} do not fit a weight of shape ${shapeText(weight.shape)}`,
      );
    const left = input1.reshape(-1, in1).matmul(weight.permute(1, 0, 2).reshape(in1, out * in2));
    const y = left
      .reshape(-1, out, in2)
      .mul(input2.reshape(-1, 1, in2))
      .sum(-1, { dtype: input1.dtype })
      .reshape([...lead, out]);
    if (bias !== null) checkTensor("bilinear", bias, "bias");
    return bias === null ? y : y.add(bias);
  },
);
