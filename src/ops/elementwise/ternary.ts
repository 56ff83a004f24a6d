/** Elementwise ops of three operands. */

import { type InputGrad, record } from "../../autograd/node";
import type { TernaryName } from "../../backend/elementwise";
import { checkNumbers } from "../../core/arguments";
import { type DType, resultType } from "../../core/dtype";
import { DTypeError } from "../../core/errors";
import { broadcastShapes } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate, checkScalar, filled } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkSameDevice, checkTensor } from "../builders/checks";
import { cast, computeType, sumTo, type TensorLike } from "../builders/define";
import { inplace } from "../builders/inplace";
import { beside } from "../builders/move";
import { checkFloating } from "../builders/precision";

/** y = kernel(a, b, c; p) of operands that broadcast; the last two are cast to `dtype`, the first too unless it is a mask. */
function combine(kernel: TernaryName, dtype: DType, a: Tensor, b: Tensor, c: Tensor, p = 0): Tensor {
  checkSameDevice(kernel, a, b, c);
  const shape = broadcastShapes(kernel, a.shape, b.shape, c.shape);
  const compute = computeType(dtype);
  const y = allocate(shape, compute, a);
  const first = a.dtype === "bool" && kernel === "where" ? a : cast(a, compute);
  a.storage.backend.ternary(kernel, compute, y, first, cast(b, compute), cast(c, compute), p);
  return cast(y, dtype);
}

/** A plain value as a 0-d tensor. */
function asTensor(op: string, name: string, x: TensorLike, dtype: DType, like: Tensor): Tensor {
  if (x instanceof Tensor) return checkTensor(op, x, name);
  return filled(allocate([], dtype, like), checkScalar(op, name, x, dtype));
}

/** {@link where} with its operands in the order of a method: `x.where(condition, other)`. */
export const where = named(
  "where",
  "input, condition, other",
  (x: TensorLike, condition: Tensor, other: TensorLike): Tensor => {
    checkTensor("where", condition, "condition");
    if (condition.dtype !== "bool" && condition.dtype !== "uint8")
      throw new DTypeError(
        `where: expected condition to be a boolean tensor, but got a tensor with dtype ${condition.dtype}`,
      );
    const dtype = resultType(x, other);
    const [a, b] = [
      beside(asTensor("where", "input", x, dtype, condition), condition, dtype),
      beside(asTensor("where", "other", other, dtype, condition), condition, dtype),
    ];
    checkSameDevice("where", condition, a, b);
    const mask = cast(condition, "bool");
    const [sa, sb, ta, tb] = [a.shape, b.shape, a.dtype, b.dtype];
    return record(
      "WhereBackward0",
      combine("where", dtype, mask, a, b),
      [a, b],
      [mask],
      [(g, [m]) => sumTo(where(g, m!, 0), sa, ta), (g, [m]) => sumTo(where(0, m!, g), sb, tb)],
    );
  },
);

/** start + weight · (end − start); the weight is a number or a tensor. @see torch.lerp */
export const lerp = named(
  "lerp",
  "input, end, weight",
  (start: Tensor, end: Tensor, weight: Tensor | number): Tensor => {
    checkFloating("lerp", checkTensor("lerp", start));
    checkTensor("lerp", end, "end");
    if (start.dtype !== end.dtype)
      throw new DTypeError(`lerp: expected dtype ${start.dtype} for \`end\` but got dtype ${end.dtype}`);
    const w = asTensor("lerp", "weight", weight, start.dtype, start);
    if (w.dtype !== start.dtype)
      throw new DTypeError(`lerp: expected dtype ${start.dtype} for \`weight\` but got dtype ${w.dtype}`);
    const shapes = [start.shape, end.shape, w.shape];
    const { dtype } = start;
    const rules: InputGrad[] = [
      (g, [, , x]) => sumTo(g.mul(x!.neg().add(1)), shapes[0]!, dtype),
      (g, [, , x]) => sumTo(g.mul(x!), shapes[1]!, dtype),
      (g, [a, b]) => sumTo(g.mul(b!.sub(a!)), shapes[2]!, dtype),
    ];
    return record("LerpBackward0", combine("lerp", dtype, start, end, w), [start, end, w], [start, end, w], rules);
  },
);

/** {@link lerp} in place. */
export const lerp_: typeof lerp = inplace("lerp_", lerp);

/** x + value · tensor1 · tensor2. Default value: 1. @see torch.addcmul */
export const addcmul = named(
  "addcmul",
  "input, tensor1, tensor2;; value",
  (x: Tensor, tensor1: Tensor, tensor2: Tensor, options: { value?: number } = {}): Tensor => {
    checkTensor("addcmul", x);
    checkTensor("addcmul", tensor1, "tensor1");
    checkTensor("addcmul", tensor2, "tensor2");
    const { value } = checkNumbers("addcmul", options, { value: 1 });
    const dtype = resultType(x, tensor1, tensor2);
    const like = [x, tensor1, tensor2].map(({ shape, dtype: t }) => [shape, t] as const);
    const back = (g: Tensor, i: number) => sumTo(g, like[i]![0], like[i]![1]);
    return record(
      "AddcmulBackward0",
      combine("addcmul", dtype, x, tensor1, tensor2, value),
      [x, tensor1, tensor2],
      [tensor1, tensor2],
      [(g) => back(g, 0), (g, [, b]) => back(g.mul(b!).mul(value), 1), (g, [a]) => back(g.mul(a!).mul(value), 2)],
    );
  },
);

/** {@link addcmul} in place. */
export const addcmul_: typeof addcmul = inplace("addcmul_", addcmul);

/** x + value · tensor1 / tensor2, of floating-point operands. Default value: 1. @see torch.addcdiv */
export const addcdiv = named(
  "addcdiv",
  "input, tensor1, tensor2;; value",
  (x: Tensor, tensor1: Tensor, tensor2: Tensor, options: { value?: number } = {}): Tensor => {
    checkTensor("addcdiv", x);
    checkTensor("addcdiv", tensor1, "tensor1");
    checkTensor("addcdiv", tensor2, "tensor2");
    const { value } = checkNumbers("addcdiv", options, { value: 1 });
    const dtype = resultType(x, tensor1, tensor2);
    if (!tensor1.isFloatingPoint() && !tensor2.isFloatingPoint())
      throw new DTypeError(
        "addcdiv: integer division with addcdiv is no longer supported; cast one operand with x.float()",
      );
    const like = [x, tensor1, tensor2].map(({ shape, dtype: t }) => [shape, t] as const);
    const back = (g: Tensor, i: number) => sumTo(g, like[i]![0], like[i]![1]);
    return record(
      "AddcdivBackward0",
      combine("addcdiv", dtype, x, tensor1, tensor2, value),
      [x, tensor1, tensor2],
      [tensor1, tensor2],
      [
        (g) => back(g, 0),
        (g, [, b]) => back(g.mul(value).div(b!), 1),
        (g, [a, b]) => back(g.mul(value).mul(a!).div(b!.mul(b!)).neg(), 2),
      ],
    );
  },
);

/** {@link addcdiv} in place. */
export const addcdiv_: typeof addcdiv = inplace("addcdiv_", addcdiv);
