/** `torch.where`: its operands come in another order than those of the method. */
import { ArgumentError } from "../../core/errors";
import { named } from "../../core/signature";
import type { Overloaded } from "../../core/signatureTypes";
import type { Tensor } from "../../tensor/tensor";
import type { TensorLike } from "../builders/define";
import { nonzero } from "../indexing/masked";
import { where as whereOf } from "./ternary";

/** The forms of {@link where}. */
interface Where {
  (condition: Tensor): Tensor[];
  (condition: Tensor, input: TensorLike, other: TensorLike): Tensor;
  (condition: Tensor, options: { input: TensorLike; other: TensorLike }): Tensor;
  (condition: Tensor, input: TensorLike, options: { other: TensorLike }): Tensor;
  (options: { condition: Tensor }): Tensor[];
  (options: { condition: Tensor; input: TensorLike; other: TensorLike }): Tensor;
}

/**
 * condition ? input : other, elementwise; all three broadcast. With the condition alone, the indices where it is true, one vector per axis.
 * @see torch.where
 * @example torch.where(x.gt(0), x, 0); const [rows, columns] = torch.where(mask);
 */
export const where = named(
  "where",
  "condition, input?, other?",
  (condition: Tensor, input?: TensorLike, other?: TensorLike): Tensor | Tensor[] => {
    if (input === undefined && other === undefined) return nonzero(condition, { asTuple: true });
    if (input === undefined || other === undefined)
      throw new ArgumentError(`where: missing argument ${input === undefined ? "input" : "other"}; takes both or none`);
    return whereOf(input, condition, other);
  },
) as unknown as Overloaded<Where>;
