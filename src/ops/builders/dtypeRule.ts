/** Which dtypes an elementwise op takes, computes in and gives. */
import { type DType, getDefaultDtype, isFloat, legacyName } from "../../core/dtype";
import { DTypeError } from "../../core/errors";

/** The dtypes that an op computes in, and what it gives: see {@link resolve}. */
export type DTypeRule =
  /** Any numeric dtype; the result has it. */
  | "same"
  /** Like `same`, but bool becomes int64. */
  | "number"
  /** Floating point; integers are computed in the default dtype. */
  | "float"
  /** Floating point only. */
  | "floating"
  /** Any dtype, the result is bool. */
  | "bool"
  /** Integers and bool only; the result has the dtype. */
  | "integer";

/** The dtype to compute in and the dtype of the result. */
export function resolve(op: string, rule: DTypeRule, dtype: DType): { compute: DType; result: DType } {
  if (rule === "bool") return { compute: dtype, result: "bool" };
  if (rule === "float") {
    const compute = isFloat(dtype) ? dtype : getDefaultDtype();
    return { compute, result: compute };
  }
  if (rule === "floating" && !isFloat(dtype))
    throw new DTypeError(`${op}: not implemented for '${legacyName(dtype)}': takes floating point; use x.float()`);
  if (rule === "integer" && isFloat(dtype))
    throw new DTypeError(`${op}: not implemented for '${legacyName(dtype)}': takes integers or bool`);
  if (rule === "number" && dtype === "bool") return { compute: "int64", result: "int64" };
  return { compute: dtype, result: dtype };
}
