/** The operands of one kernel have one dtype, in which kernels compute; 16-bit floats are widened for that. */
import { type DType, isFloat, legacyName } from "../../core/dtype";
import { DTypeError } from "../../core/errors";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "./checks";

type Optional = Tensor | null | undefined;

/** Whether a dtype only stores numbers: kernels compute with them in float32. */
export const isHalf = (dtype: DType): boolean => dtype === "float16" || dtype === "bfloat16";

/** `x` in float32 if its elements have 16 bits; gradients flow through the cast. */
export const widen = <T extends Optional>(x: T): T => (x && isHalf(x.dtype) ? (x.to("float32") as T) : x);

/** `f` of `x`: computed in float32 and rounded if the elements of `x` have 16 bits. */
export const widened = (x: Tensor, f: (x: Tensor) => Tensor): Tensor =>
  isHalf(x.dtype) ? f(x.to("float32")).to(x.dtype) : f(x);

/** @throws DTypeError unless `x` has floating-point elements. */
export function checkFloating(op: string, x: Tensor): void {
  if (!isFloat(checkTensor(op, x).dtype))
    throw new DTypeError(
      `${op}: not implemented for '${legacyName(x.dtype)}': takes floating-point elements, got ${x.dtype}; use x.float()`,
    );
}

/**
 * Checks that the parameters of an op have the dtype of its input: a kernel would read them as such. Those of an input of 16 bits may be
 * float32.
 * @throws DTypeError naming the parameter.
 */
export function checkSameDType(op: string, input: Tensor, parameters: Readonly<Record<string, Optional>>): void {
  const { dtype } = input;
  for (const name in parameters) {
    const p = parameters[name];
    if (p == null || checkTensor(op, p, name).dtype === dtype || (p.dtype === "float32" && isHalf(dtype))) continue;
    throw new DTypeError(
      `${op}: expected scalar type ${legacyName(dtype)} but found ${legacyName(p.dtype)}: the input has dtype ${dtype}, ${name} has ${p.dtype}; cast one with x.to(dtype)`,
    );
  }
}
