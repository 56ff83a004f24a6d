/** What there is to know of a tensor beside its values, and old names for it. Each is a method. */

import { sameShape } from "../../core/shape";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";

export { numpy } from "../creation/exchange";

/** Whether the elements are complex: never. @see torch.is_complex */
export const isComplex = named("isComplex", "input", (x: Tensor): boolean => !checkTensor("isComplex", x));

/** Whether a conjugate is still to be taken: never, since all tensors are real. @see torch.is_conj */
export const isConj = named("isConj", "input", (x: Tensor): boolean => !checkTensor("isConj", x));

/** Whether elements are still to be negated: never. @see torch.is_neg */
export const isNeg = named("isNeg", "input", (x: Tensor): boolean => !checkTensor("isNeg", x));

/** Whether the dtype has negative numbers. @see torch.is_signed */
export const isSigned = named("isSigned", "input", (x: Tensor): boolean => {
  const { dtype } = checkTensor("isSigned", x);
  return dtype !== "uint8" && dtype !== "bool";
});

/** The number of the GPU that holds the tensor, −1 on the CPU. @see torch.Tensor.get_device */
export const getDevice = named("getDevice", "input", (x: Tensor): number =>
  checkTensor("getDevice", x).device === "cpu" ? -1 : 0,
);

/** Whether both show the same memory in the same way. @see torch.Tensor.is_set_to */
export const isSetTo = named("isSetTo", "input, tensor", (x: Tensor, tensor: Tensor): boolean => {
  checkTensor("isSetTo", x);
  checkTensor("isSetTo", tensor, "tensor");
  return (
    x.storage === tensor.storage &&
    x.offset === tensor.offset &&
    sameShape(x.shape, tensor.shape) &&
    sameShape(x.strides, tensor.strides)
  );
});

/** The number of axes. @see torch.Tensor.ndimension */
export const ndimension = named("ndimension", "input", (x: Tensor): number => checkTensor("ndimension", x).ndim);

/** The number of elements. @see torch.Tensor.nelement */
export const nelement = named("nelement", "input", (x: Tensor): number => checkTensor("nelement", x).numel());
