/** Views that are attributes of a tensor in PyTorch: `x.T`, `x.mT`, `x.H`, `x.mH`, `x.real`. */

import { ShapeError } from "../../core/errors";
import { named } from "../../core/signature";
import { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { permute, transpose } from "../shape/view";

/** All axes in reverse order. */
const reversed = (x: Tensor): Tensor =>
  permute(
    x,
    x.shape.map((_, i) => x.ndim - 1 - i),
  );

function checkMatrix(name: string, x: Tensor): Tensor {
  if (x.ndim !== 0 && x.ndim !== 2)
    throw new ShapeError(`tensor.${name} is only supported on matrices (2-D tensors). Got ${x.ndim}-D tensor.`);
  return x;
}

function transposed(name: string, x: Tensor): Tensor {
  if (x.ndim === 1)
    throw new ShapeError(`tensor.${name} is only supported on matrices or batches of matrices. Got 1-D tensor.`);
  return x.ndim === 0 ? x : transpose(x, -2, -1);
}

/** The conjugate of a real tensor is the tensor itself, so H is T and mH is mT. */
const attributes = {
  T: reversed,
  H: (x: Tensor) => reversed(checkMatrix("H", x)),
  mT: (x: Tensor) => transposed("mT", x),
  mH: (x: Tensor) => transposed("mH", x),
  real: (x: Tensor) => x,
};

/** The real part: the tensor itself, since all tensors are real. @see torch.real */
export const real = named("real", "input", (x: Tensor): Tensor => checkTensor("real", x));

/** Attributes of every tensor. */
export interface Attributes {
  /** All axes in reverse order, as a view. @see torch.Tensor.T */
  readonly T: Tensor;
  /** The conjugate transpose of a matrix, as a view. @see torch.Tensor.H */
  readonly H: Tensor;
  /** The last two axes exchanged, as a view. @see torch.Tensor.mT */
  readonly mT: Tensor;
  /** The last two axes exchanged, conjugated, as a view. @see torch.Tensor.mH */
  readonly mH: Tensor;
  /** The real part: the tensor itself. @see torch.Tensor.real */
  readonly real: Tensor;
}

/** The number of elements. @see torch.numel */
export const numel = named("numel", "input", (x: Tensor): number => checkTensor("numel", x).numel());

/** Whether the tensor was made in inference mode. @see torch.is_inference */
export const isInference = named("isInference", "input", (x: Tensor): boolean =>
  checkTensor("isInference", x).isInference(),
);

/** Whether the elements are floating-point numbers. @see torch.is_floating_point */
export const isFloatingPoint = named("isFloatingPoint", "input", (x: Tensor): boolean =>
  checkTensor("isFloatingPoint", x).isFloatingPoint(),
);

for (const [name, view] of Object.entries(attributes))
  Object.defineProperty(Tensor.prototype, name, {
    get(this: Tensor) {
      return view(this);
    },
    configurable: true,
  });
