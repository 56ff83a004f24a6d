/** Operands that an op of two refuses although their dtypes fit. */
import { type DType, isFloat } from "../../core/dtype";
import { DTypeError, ValueError } from "../../core/errors";
import { Tensor } from "../../tensor/tensor";
import { demand } from "./checks";
import type { TensorLike } from "./define";

const isBool = (x: TensorLike): boolean => typeof x === "boolean" || (x instanceof Tensor && x.dtype === "bool");

/** Subtraction has no meaning for truth values. */
export function refuseBool(a: TensorLike, b: TensorLike): void {
  if (isBool(a) || isBool(b))
    throw new DTypeError(
      "sub: subtraction with a bool tensor is not supported; use logicalXor(), or logicalNot() to invert a mask",
    );
}

/** For ops that are not defined between truth values. */
export const refuseBools =
  (op: string) =>
  (_a: TensorLike, _b: TensorLike, dtype: DType): void => {
    if (dtype === "bool") throw new DTypeError(`${op}: not implemented for 'Bool'; cast with x.long()`);
  };

/** @throws ValueError if an integer divisor is 0; a device that cannot be read at once gives 0 instead. */
export function checkDivisor(op: string, a: TensorLike, b: TensorLike, dtype: DType): void {
  refuseBools(op)(a, b, dtype);
  if (isFloat(dtype)) return;
  const error = () => new ValueError(`${op}: ZeroDivisionError: an integer was divided by 0; cast with x.float()`);
  if (b instanceof Tensor) demand(b, error);
  else if (Number(b) === 0) throw error();
}
