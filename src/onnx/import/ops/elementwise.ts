/** Functions of each element. */

import { isFloat } from "../../../core/dtype";
import { finfo } from "../../../core/limits";
import * as F from "../../../nn/functional/index";
import { hardsigmoid } from "../../../nn/functional/inplace";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import { type Entry, unary } from "../entry";

/** `x` within bounds that are tensors or missing; what is not a number stays so. */
function clip(c: Context): Tensor {
  const bounded = (x: Tensor, bound: Tensor | undefined, isLow: boolean) =>
    bound === undefined ? x : isLow ? x.maximum(bound.to(x.dtype)) : x.minimum(bound.to(x.dtype));
  if (c.version >= 11) return bounded(bounded(c.x, c.optional(1), true), c.optional(2), false);
  const { max } = finfo("float32");
  return c.x.clamp(c.float("min", -max), c.float("max", max));
}

function prelu(c: Context): Tensor {
  return c.x.where(c.x.ge(0), c.x.mul(slopeOf(c)));
}

/** Before opset 7 a slope was one per channel; it is broadcast from the left end there. */
function slopeOf(c: Context): Tensor {
  const [x, slope] = [c.x, c.y];
  const isChannel =
    slope.ndim === 1 && x.ndim > 2 && slope.shape[0] === x.shape[1] && slope.shape[0] !== x.shape.at(-1);
  return c.version < 7 || isChannel ? slope.reshape([1, -1, ...new Array(Math.max(0, x.ndim - 2)).fill(1)]) : slope;
}

function isInf(c: Context): Tensor {
  const positive = c.flag("detect_positive", true);
  const negative = c.flag("detect_negative", true);
  if (positive && negative) return c.x.isinf();
  if (!positive && !negative) return c.x.isinf().logicalAnd(c.x.isfinite());
  return positive ? c.x.isposinf() : c.x.isneginf();
}

/** In float32 for halves, whose own range is left on the way. */
const wide = (x: Tensor, f: (x: Tensor) => Tensor): Tensor =>
  isFloat(x.dtype) ? f(x) : f(x.to("float32")).to(x.dtype);

export const elementwise: readonly Entry[] = [
  { name: "Abs", unsigned: true, run: (c) => (c.unsigned(0) ? c.x : c.x.abs()) },
  unary("Acos", 7, (x) => x.acos()),
  unary("Acosh", 9, (x) => x.acosh()),
  unary("Asin", 7, (x) => x.asin()),
  unary("Asinh", 9, (x) => x.asinh()),
  unary("Atan", 7, (x) => x.atan()),
  unary("Atanh", 9, (x) => x.atanh()),
  unary("BitwiseNot", 18, (x) => x.bitwiseNot()),
  unary("Ceil", 1, (x) => x.ceil()),
  { name: "Celu", since: 12, run: (c) => F.celu(c.x, c.float("alpha", 1)) },
  { name: "Clip", unsigned: true, run: clip },
  unary("Cos", 7, (x) => x.cos()),
  unary("Cosh", 9, (x) => x.cosh()),
  { name: "Elu", run: (c) => F.elu(c.x, c.float("alpha", 1)) },
  unary("Erf", 9, (x) => wide(x, (y) => y.erf())),
  unary("Exp", 1, (x) => x.exp()),
  unary("Floor", 1, (x) => x.floor()),
  {
    name: "Gelu",
    since: 20,
    run: (c) => F.gelu(c.x, { approximate: c.string("approximate", "none") as "none" | "tanh" }),
  },
  { name: "HardSigmoid", run: (c) => c.x.mul(c.float("alpha", 0.2)).add(c.float("beta", 0.5)).clamp(0, 1) },
  { name: "HardSwish", since: 14, run: (c) => c.x.mul(hardsigmoid(c.x)) },
  { name: "IsInf", since: 10, run: isInf },
  unary("IsNaN", 9, (x) => x.isnan()),
  { name: "LeakyRelu", run: (c) => F.leakyRelu(c.x, c.float("alpha", 0.01)) },
  unary("Log", 1, (x) => x.log()),
  unary("Mish", 18, (x) => F.mish(x)),
  unary("Neg", 1, (x) => x.neg()),
  unary("Not", 1, (x) => x.logicalNot()),
  { name: "PRelu", weights: [1], run: prelu },
  unary("Reciprocal", 1, (x) => x.reciprocal()),
  unary("Relu", 1, (x) => x.relu()),
  unary("Round", 11, (x) => x.round()),
  {
    name: "Selu",
    run: (c) => {
      const [alpha, gamma] = [c.float("alpha", 1.6732632423543772), c.float("gamma", 1.0507009873554805)];
      return F.elu(c.x, alpha).mul(gamma);
    },
  },
  {
    name: "Shrink",
    since: 9,
    run: (c) => {
      const [bias, lambd] = [c.float("bias", 0), c.float("lambd", 0.5)];
      const x = c.x;
      return x
        .add(bias)
        .mul(x.lt(-lambd))
        .add(x.sub(bias).mul(x.gt(lambd)))
        .to(x.dtype);
    },
  },
  unary("Sigmoid", 1, (x) => x.sigmoid()),
  unary("Sign", 9, (x) => x.sign()),
  unary("Sin", 7, (x) => x.sin()),
  unary("Sinh", 9, (x) => x.sinh()),
  unary("Softplus", 1, (x) => F.softplus(x, { threshold: 1e4 })),
  unary("Softsign", 1, (x) => F.softsign(x)),
  unary("Sqrt", 1, (x) => x.sqrt()),
  unary("Tan", 7, (x) => x.tan()),
  unary("Tanh", 1, (x) => x.tanh()),
  { name: "ThresholdedRelu", since: 10, run: (c) => F.threshold(c.x, c.float("alpha", 1), 0) },
];
