/** `torch.where`: its operands come in another order than those of the method. */
import type { Tensor } from "../tensor/tensor";
import type { Tensors } from "../tensor/tensors";
import type { TensorLike } from "./define";
import { nonzero } from "./masked";
import { where as whereOf } from "./ternary";

/**
 * condition ? x : y, elementwise; all three broadcast. With the condition alone, the indices where it is true, one vector per axis.
 * @see torch.where
 * @example torch.where(x.gt(0), x, 0); const [rows, columns] = torch.where(mask);
 */
export function where(condition: Tensor): Tensors;
export function where(condition: Tensor, x: TensorLike, y: TensorLike): Tensor;
export function where(condition: Tensor, x?: TensorLike, y?: TensorLike): Tensor | Tensor[] {
  if (x === undefined || y === undefined) return nonzero(condition, { asTuple: true });
  return whereOf(x, condition, y);
}
