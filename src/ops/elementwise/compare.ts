/** Comparisons and logic: the result is bool. */

import type { BinaryName } from "../../backend/elementwise";
import { checkFlag, checkNumber } from "../../core/arguments";
import { checkOptions, DTypeError, ShapeError, ValueError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { alias, named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { type Binary, type BinaryInplace, binary } from "../builders/define";
import { inplace } from "../builders/inplace";

function comparison(name: BinaryName, js: (a: number, b: number) => boolean): Binary {
  return binary(name, { dtypes: "bool", domain: [-3, 3], js: (a, b) => Number(js(a, b)) });
}

/** Whether a equals b, elementwise. @see torch.eq */
export const eq: Binary = comparison("eq", (a, b) => a === b);
/** {@link eq} in place; the result is cast to the dtype of the tensor. */
export const eq_: BinaryInplace = inplace("eq_", eq);

/** Whether a differs from b, elementwise. @see torch.ne */
export const ne: Binary = comparison("ne", (a, b) => a !== b);
/** {@link ne} in place; the result is cast to the dtype of the tensor. */
export const ne_: BinaryInplace = inplace("ne_", ne);
/** Another name of {@link ne}. */
export const notEqual: Binary = alias("notEqual", ne);
/** {@link ne} in place. */
export const notEqual_: BinaryInplace = alias("notEqual_", ne_);

/** Whether a < b, elementwise. @see torch.lt */
export const lt: Binary = comparison("lt", (a, b) => a < b);
/** {@link lt} in place; the result is cast to the dtype of the tensor. */
export const lt_: BinaryInplace = inplace("lt_", lt);
/** Another name of {@link lt}. */
export const less: Binary = alias("less", lt);
/** {@link lt} in place. */
export const less_: BinaryInplace = alias("less_", lt_);

/** Whether a ≤ b, elementwise. @see torch.le */
export const le: Binary = comparison("le", (a, b) => a <= b);
/** {@link le} in place; the result is cast to the dtype of the tensor. */
export const le_: BinaryInplace = inplace("le_", le);
/** Another name of {@link le}. */
export const lessEqual: Binary = alias("lessEqual", le);
/** {@link le} in place. */
export const lessEqual_: BinaryInplace = alias("lessEqual_", le_);

/** Whether a > b, elementwise. @see torch.gt */
export const gt: Binary = comparison("gt", (a, b) => a > b);
/** {@link gt} in place; the result is cast to the dtype of the tensor. */
export const gt_: BinaryInplace = inplace("gt_", gt);
/** Another name of {@link gt}. */
export const greater: Binary = alias("greater", gt);
/** {@link gt} in place. */
export const greater_: BinaryInplace = alias("greater_", gt_);

/** Whether a ≥ b, elementwise. @see torch.ge */
export const ge: Binary = comparison("ge", (a, b) => a >= b);
/** {@link ge} in place; the result is cast to the dtype of the tensor. */
export const ge_: BinaryInplace = inplace("ge_", ge);
/** Another name of {@link ge}. */
export const greaterEqual: Binary = alias("greaterEqual", ge);
/** {@link ge} in place. */
export const greaterEqual_: BinaryInplace = alias("greaterEqual_", ge_);

/** Whether both are not zero, elementwise. @see torch.logical_and */
export const logicalAnd: Binary = comparison("logicalAnd", (a, b) => a !== 0 && b !== 0);
/** {@link logicalAnd} in place; the result is cast to the dtype of the tensor. */
export const logicalAnd_: BinaryInplace = inplace("logicalAnd_", logicalAnd);

/** Whether one is not zero, elementwise. @see torch.logical_or */
export const logicalOr: Binary = comparison("logicalOr", (a, b) => a !== 0 || b !== 0);
/** {@link logicalOr} in place; the result is cast to the dtype of the tensor. */
export const logicalOr_: BinaryInplace = inplace("logicalOr_", logicalOr);

/** Whether exactly one is not zero, elementwise. @see torch.logical_xor */
export const logicalXor: Binary = comparison("logicalXor", (a, b) => (a !== 0) !== (b !== 0));
/** {@link logicalXor} in place; the result is cast to the dtype of the tensor. */
export const logicalXor_: BinaryInplace = inplace("logicalXor_", logicalXor);

/** Whether shapes and all elements are equal. Reads the result back. @see torch.equal */
export const equal = named("equal", "input, other", (a: Tensor, b: Tensor): boolean => {
  checkTensor("equal", a);
  checkTensor("equal", b, "other");
  return sameShape(a.shape, b.shape) && Boolean(eq(a, b).all().item());
});

/** Options of {@link isclose}. */
export interface CloseOptions {
  /** Relative tolerance. Default: 1e-5. */
  rtol?: number;
  /** Absolute tolerance. Default: 1e-8. */
  atol?: number;
  /** Whether NaN equals NaN. Default: false. */
  equalNan?: boolean;
}

/** Whether |a − b| ≤ atol + rtol · |b|, elementwise. @see torch.isclose */
export const isclose = named(
  "isclose",
  "input, other; rtol, atol, equalNan",
  (a: Tensor, b: Tensor, options: CloseOptions = {}): Tensor => {
    return closeTo("isclose", a, b, options);
  },
);

function closeTo(op: string, a: Tensor, b: Tensor, options: CloseOptions): Tensor {
  checkTensor(op, a);
  checkTensor(op, b, "other");
  checkOptions(op, options, ["rtol", "atol", "equalNan"]);
  const equalNan = checkFlag(op, "equalNan", options.equalNan ?? false);
  const rtol = checkNumber(op, "rtol", options.rtol ?? 1e-5);
  const atol = checkNumber(op, "atol", options.atol ?? 1e-8);
  for (const [name, tolerance] of Object.entries({ rtol, atol }))
    if (!(tolerance >= 0))
      throw new ValueError(`${op}: ${name} must be greater than or equal to zero, but got ${tolerance}`);
  if (a.dtype !== b.dtype)
    throw new DTypeError(`${op}: ${a.dtype} did not match ${b.dtype}; cast one with x.to(dtype)`);
  let close = eq(a, b);
  if (equalNan && a.isFloatingPoint()) close = close.logicalOr(a.isnan().logicalAnd(b.isnan()));
  const [x, y] = a.isFloatingPoint() ? [a, b] : [a.double(), b.double()];
  const near = x.sub(y).abs().le(y.mul(rtol).abs().add(atol));
  return close.logicalOr(near.logicalAnd(x.sub(y).abs().isfinite()));
}

/** Whether all elements are close. Reads the result back. @see torch.allclose */
export const allclose = named(
  "allclose",
  "input, other; rtol, atol, equalNan",
  (a: Tensor, b: Tensor, options: CloseOptions = {}): boolean =>
    Boolean(closeTo("allclose", a, b, options).all().item()),
);

/** Whether the only element is not zero. @see torch.is_nonzero @throws ShapeError unless there is one element. */
export const isNonzero = named("isNonzero", "input", (x: Tensor): boolean => {
  checkTensor("isNonzero", x);
  if (x.numel() !== 1)
    throw new ShapeError(
      `isNonzero: Boolean value of Tensor with more than one value is ambiguous: the shape is ${shapeText(x.shape)}`,
    );
  return Boolean(x.item());
});
