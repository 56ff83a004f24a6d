/** Elementwise ops of one tensor. */

import { record } from "../../autograd/node";
import { getDefaultDtype, isFloat } from "../../core/dtype";
import { DTypeError } from "../../core/errors";
import { alias, named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { type Unary, type UnaryInplace, unary } from "../builders/define";
import { inplace } from "../builders/inplace";
import { constantLike } from "../reduce/reduce";
import { sigmoidBackward, thresholdBackward } from "./activationBackward";

/** The gradient of a step function. */
const zeroGrad = (g: Tensor): Tensor => constantLike(g, 0);

/** −x. Shape: any. @see torch.neg @throws DTypeError for bool. */
export const neg: Unary = unary("neg", {
  dtypes: "same",
  check: (x) => {
    if (x.dtype === "bool")
      throw new DTypeError("neg: negation of a bool tensor is not supported; to invert a mask use logicalNot()");
  },
  domain: [-5, 5],
  js: (x) => -x,
  grad: (g) => g.neg(),
});
/** {@link neg} in place. */
export const neg_: UnaryInplace = inplace("neg_", neg);

/** |x|. Shape: any. @see torch.abs */
export const abs: Unary = unary("abs", {
  dtypes: "same",
  domain: [-5, 5],
  js: Math.abs,
  saves: ["x"],
  grad: (g, { x }) => g.mul(x.sgn()),
});
/** {@link abs} in place. */
export const abs_: UnaryInplace = inplace("abs_", abs);

/** The sign of each element: −1, 0 or 1. Shape: any. @see torch.sign */
export const sign: Unary = unary("sign", {
  dtypes: "same",
  domain: [-5, 5],
  js: Math.sign,
  grad: zeroGrad,
});
/** {@link sign} in place. */
export const sign_: UnaryInplace = inplace("sign_", sign);

/** The sign of each element; the same as {@link sign} for real numbers. Shape: any. @see torch.sgn */
export const sgn: Unary = unary("sgn", {
  dtypes: "same",
  domain: [-5, 5],
  kernel: "sign",
  js: Math.sign,
  grad: zeroGrad,
});
/** {@link sgn} in place. */
export const sgn_: UnaryInplace = inplace("sgn_", sgn);

/** The smallest integer not below each element. Shape: any. @see torch.ceil */
export const ceil: Unary = unary("ceil", {
  dtypes: "same",
  domain: [-5, 5],
  js: Math.ceil,
  grad: zeroGrad,
});
/** {@link ceil} in place. */
export const ceil_: UnaryInplace = inplace("ceil_", ceil);

/** The largest integer not above each element. Shape: any. @see torch.floor */
export const floor: Unary = unary("floor", {
  dtypes: "same",
  domain: [-5, 5],
  js: Math.floor,
  grad: zeroGrad,
});
/** {@link floor} in place. */
export const floor_: UnaryInplace = inplace("floor_", floor);

/** Each element without its fraction. Shape: any. @see torch.trunc */
export const trunc: Unary = unary("trunc", {
  dtypes: "same",
  domain: [-5, 5],
  js: Math.trunc,
  grad: zeroGrad,
});
/** {@link trunc} in place. */
export const trunc_: UnaryInplace = inplace("trunc_", trunc);

/** The fraction of each element, with its sign. Shape: any. @see torch.frac */
export const frac: Unary = unary("frac", {
  dtypes: "floating",
  domain: [-5, 5],
  js: (x) => x - Math.trunc(x),
  grad: (g) => g,
});
/** {@link frac} in place. */
export const frac_: UnaryInplace = inplace("frac_", frac);

/** The square root; NaN below 0. Shape: any. @see torch.sqrt */
export const sqrt: Unary = unary("sqrt", {
  dtypes: "float",
  domain: [0.1, 5],
  js: Math.sqrt,
  saves: ["y"],
  grad: (g, { y }) => g.div(y.mul(2)),
});
/** {@link sqrt} in place. */
export const sqrt_: UnaryInplace = inplace("sqrt_", sqrt);

/** 1 / √x. Shape: any. @see torch.rsqrt */
export const rsqrt: Unary = unary("rsqrt", {
  dtypes: "float",
  domain: [0.1, 5],
  js: (x) => 1 / Math.sqrt(x),
  saves: ["y"],
  grad: (g, { y }) => g.mul(y.pow(3)).mul(-0.5),
});
/** {@link rsqrt} in place. */
export const rsqrt_: UnaryInplace = inplace("rsqrt_", rsqrt);

/** 1 / x. Shape: any. @see torch.reciprocal */
export const reciprocal: Unary = unary("reciprocal", {
  dtypes: "float",
  domain: [0.5, 5],
  js: (x) => 1 / x,
  saves: ["y"],
  grad: (g, { y }) => g.mul(y.mul(y)).neg(),
});
/** {@link reciprocal} in place. */
export const reciprocal_: UnaryInplace = inplace("reciprocal_", reciprocal);

/** x². Shape: any. @see torch.square */
export const square: Unary = unary("square", {
  dtypes: "number",
  domain: [-5, 5],
  js: (x) => x * x,
  saves: ["x"],
  grad: (g, { x }) => g.mul(x.mul(2)),
});
/** {@link square} in place. */
export const square_: UnaryInplace = inplace("square_", square);

/** e to the power of each element. Shape: any. @see torch.exp */
export const exp: Unary = unary("exp", {
  dtypes: "float",
  domain: [-3, 3],
  js: Math.exp,
  saves: ["y"],
  grad: (g, { y }) => g.mul(y),
});
/** {@link exp} in place. */
export const exp_: UnaryInplace = inplace("exp_", exp);

/** 2 to the power of each element. Shape: any. @see torch.exp2 */
export const exp2: Unary = unary("exp2", {
  dtypes: "float",
  domain: [-3, 3],
  js: (x) => 2 ** x,
  saves: ["y"],
  grad: (g, { y }) => g.mul(y).mul(Math.LN2),
});
/** {@link exp2} in place. */
export const exp2_: UnaryInplace = inplace("exp2_", exp2);

/** e^x − 1, accurate near 0. Shape: any. @see torch.expm1 */
export const expm1: Unary = unary("expm1", {
  dtypes: "float",
  domain: [-3, 3],
  js: Math.expm1,
  saves: ["y"],
  grad: (g, { y }) => g.mul(y.add(1)),
});
/** {@link expm1} in place. */
export const expm1_: UnaryInplace = inplace("expm1_", expm1);

/** The natural logarithm. Shape: any. @see torch.log */
export const log: Unary = unary("log", {
  dtypes: "float",
  domain: [0.1, 5],
  js: Math.log,
  saves: ["x"],
  grad: (g, { x }) => g.div(x),
});
/** {@link log} in place. */
export const log_: UnaryInplace = inplace("log_", log);

/** The logarithm to base 2. Shape: any. @see torch.log2 */
export const log2: Unary = unary("log2", {
  dtypes: "float",
  domain: [0.1, 5],
  js: Math.log2,
  saves: ["x"],
  grad: (g, { x }) => g.div(x.mul(Math.LN2)),
});
/** {@link log2} in place. */
export const log2_: UnaryInplace = inplace("log2_", log2);

/** The logarithm to base 10. Shape: any. @see torch.log10 */
export const log10: Unary = unary("log10", {
  dtypes: "float",
  domain: [0.1, 5],
  js: Math.log10,
  saves: ["x"],
  grad: (g, { x }) => g.div(x.mul(Math.LN10)),
});
/** {@link log10} in place. */
export const log10_: UnaryInplace = inplace("log10_", log10);

/** log(1 + x), accurate near 0. Shape: any. @see torch.log1p */
export const log1p: Unary = unary("log1p", {
  dtypes: "float",
  domain: [-0.5, 5],
  js: Math.log1p,
  saves: ["x"],
  grad: (g, { x }) => g.div(x.add(1)),
});
/** {@link log1p} in place. */
export const log1p_: UnaryInplace = inplace("log1p_", log1p);

/** 1 / (1 + e^−x), between 0 and 1. Shape: any. @see torch.sigmoid */
export const sigmoid: Unary = unary("sigmoid", {
  dtypes: "float",
  domain: [-5, 5],
  js: (x) => 1 / (1 + Math.exp(-x)),
  saves: ["y"],
  grad: (g, { y }) => sigmoidBackward(g, y),
});
/** {@link sigmoid} in place. */
export const sigmoid_: UnaryInplace = inplace("sigmoid_", sigmoid);

/** max(x, 0). Shape: any. @see torch.relu */
export const relu: Unary = unary("relu", {
  dtypes: "same",
  domain: [-5, 5],
  js: (x) => Math.max(x, 0),
  saves: ["y"],
  grad: (g, { y }) => thresholdBackward(g, y),
});
/** {@link relu} in place. */
export const relu_: UnaryInplace = inplace("relu_", relu);

/** sin(πx) / (πx), and 1 at 0. Shape: any. @see torch.sinc */
export const sinc: Unary = unary("sinc", {
  dtypes: "float",
  domain: [-3, 3],
  js: (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)),
  saves: ["x"],
  grad: (g, { x }) => {
    // Near 0 the difference below cancels; the series does not.
    const isSmall = x.abs().lt(0.03);
    const px = x.maskedFill(isSmall, 1).mul(Math.PI);
    const slope = px.mul(px.cos()).sub(px.sin()).div(px.square()).mul(Math.PI);
    const square = x.mul(Math.PI).square();
    const series = square
      .mul(1 / 280)
      .sub(1 / 10)
      .mul(square)
      .add(1)
      .mul(x)
      .mul(-(Math.PI ** 2) / 3);
    return g.mul(series.where(isSmall, slope));
  },
});
/** {@link sinc} in place. */
export const sinc_: UnaryInplace = inplace("sinc_", sinc);

/** The angle of each number in the complex plane: 0, or π below 0; NaN stays. Shape: any. @see torch.angle */
export const angle = named("angle", "input", (x: Tensor): Tensor => {
  checkTensor("angle", x);
  const input = x.detach();
  const y = input
    .lt(0)
    .to(isFloat(x.dtype) ? x.dtype : getDefaultDtype())
    .mul(Math.PI)
    .maskedFill(input.isnan(), Number.NaN);
  return record("AngleBackward0", y, [x], [], [zeroGrad]);
});

/** Whether each element is zero. Shape: any. @see torch.logical_not */
export const logicalNot: Unary = unary("logicalNot", {
  dtypes: "bool",
  domain: [-1, 1],
  js: (x) => Number(x === 0),
});
/** {@link logicalNot} in place. */
export const logicalNot_: UnaryInplace = inplace("logicalNot_", logicalNot);

/** The bits inverted; of booleans, the negation. Shape: any. @see torch.bitwise_not */
export const bitwiseNot: Unary = unary("bitwiseNot", {
  dtypes: "integer",
  domain: [-9, 9],
  js: (x) => ~x,
});
/** {@link bitwiseNot} in place. */
export const bitwiseNot_: UnaryInplace = inplace("bitwiseNot_", bitwiseNot);

/** Whether each element is NaN. Shape: any. @see torch.isnan */
export const isnan: Unary = unary("isnan", {
  dtypes: "bool",
  domain: [-5, 5],
  js: (x) => Number(Number.isNaN(x)),
});

/** Whether each element is infinite. Shape: any. @see torch.isinf */
export const isinf: Unary = unary("isinf", {
  dtypes: "bool",
  domain: [-5, 5],
  js: (x) => Number(Math.abs(x) === Number.POSITIVE_INFINITY),
});

/** Whether each element is +∞. Shape: any. @see torch.isposinf */
export const isposinf: Unary = unary("isposinf", {
  dtypes: "bool",
  domain: [-5, 5],
  js: (x) => Number(x === Number.POSITIVE_INFINITY),
});

/** Whether each element is −∞. Shape: any. @see torch.isneginf */
export const isneginf: Unary = unary("isneginf", {
  dtypes: "bool",
  domain: [-5, 5],
  js: (x) => Number(x === Number.NEGATIVE_INFINITY),
});

/** Whether each element is neither infinite nor NaN. Shape: any. @see torch.isfinite */
export const isfinite: Unary = unary("isfinite", {
  dtypes: "bool",
  domain: [-5, 5],
  js: (x) => Number(Number.isFinite(x)),
});

/** Whether the sign bit is set, also for −0. Shape: any. @see torch.signbit */
export const signbit: Unary = unary("signbit", {
  dtypes: "bool",
  domain: [-5, 5],
  js: (x) => Number(x < 0 || Object.is(x, -0)),
});

/** Another name of {@link neg}. */
export const negative: Unary = alias("negative", neg);
/** {@link neg} in place. */
export const negative_: UnaryInplace = alias("negative_", neg_);

/** Another name of {@link abs}. */
export const absolute: Unary = alias("absolute", abs);
/** {@link abs} in place. */
export const absolute_: UnaryInplace = alias("absolute_", abs_);

/** Another name of {@link trunc}. */
export const fix: Unary = alias("fix", trunc);
/** {@link trunc} in place. */
export const fix_: UnaryInplace = alias("fix_", trunc_);
