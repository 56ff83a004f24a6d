/** All parameters as one vector, and back. */

import { noGrad } from "../../autograd/mode";
import { checkIterable } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import { cat } from "../../ops/shape/join";
import type { Tensor } from "../../tensor/tensor";

/** @throws ArgumentError unless `parameters` is an iterable of tensors. */
export const tensorsOf = (op: string, parameters: Iterable<Tensor>): Tensor[] =>
  checkIterable(op, "parameters", parameters, "tensors").map((p, i) => checkTensor(op, p, `parameters[${i}]`));

/** The elements of all parameters one after the other; gradients flow through. @see torch.nn.utils.parameters_to_vector */
export const parametersToVector = named(
  "parametersToVector",
  "parameters",
  (parameters: Iterable<Tensor>): Tensor => cat(tensorsOf("parametersToVector", parameters).map((p) => p.reshape(-1))),
);

/**
 * Overwrites the parameters with the elements of a vector.
 * @see torch.nn.utils.vector_to_parameters
 * @throws ShapeError if the vector is too short.
 */
export const vectorToParameters = named(
  "vectorToParameters",
  "vec, parameters",
  (vector: Tensor, parameters: Iterable<Tensor>): void => {
    checkTensor("vectorToParameters", vector, "vector");
    const list = tensorsOf("vectorToParameters", parameters);
    const total = list.reduce((sum, p) => sum + p.numel(), 0);
    if (vector.ndim !== 1 || vector.numel() < total)
      throw new ShapeError(
        `vectorToParameters: ${total} elements are needed, got a tensor of shape ${shapeText(vector.shape)}`,
      );
    noGrad(() => {
      let start = 0;
      for (const p of list) {
        p.copy_(vector.narrow(0, start, p.numel()).reshape(p.shape));
        start += p.numel();
      }
    });
  },
);
