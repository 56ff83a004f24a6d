/** Division with rounding, powers, limits, and rounding to decimals. */

import { noGrad } from "../../autograd/mode";
import { record } from "../../autograd/node";
import { checkInteger, checkNumber } from "../../core/arguments";
import { isFloat, resultType } from "../../core/dtype";
import { ArgumentError, DTypeError, describe } from "../../core/errors";
import { alias, named } from "../../core/signature";
import type { Named } from "../../core/signatureTypes";
import { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { type Binary, binary, cast, mapWith, type TensorLike } from "../builders/define";
import { inplace, inplaceMap } from "../builders/inplace";
import { type NamedTuple, namedTuple } from "../builders/namedTuple";
import { checkDivisor, refuseBools } from "../builders/operands";
import { constantLike } from "../reduce/reduce";
import { mul, sub, trueDivide } from "./binary";

/** Options of {@link div}. */
export interface DivOptions {
  /** "trunc" rounds toward zero, "floor" down; null divides exactly. Default: null. */
  roundingMode?: "trunc" | "floor" | null;
}

/** The rounded quotient has no slope, but keeps its place in the graph. */
const stepped: Binary = binary("div", {
  dtypes: "same",
  kernel: "floorDivide",
  check: (a, b, dtype) => checkDivisor("div", a, b, dtype),
  domain: [0.5, 5],
  js: (a, b) => Math.floor(a / b),
  grads: [(g) => constantLike(g, 0), (g) => constantLike(g, 0)],
});

const steppedTrunc: Binary = binary("div", {
  dtypes: "same",
  kernel: "truncDivide",
  check: (a, b, dtype) => checkDivisor("div", a, b, dtype),
  domain: [0.5, 5],
  js: (a, b) => Math.trunc(a / b),
  grads: [(g) => constantLike(g, 0), (g) => constantLike(g, 0)],
});

/**
 * a / b. Integers give floating point, unless rounded.
 * @see torch.div
 * @example a.div(b); a.div(2, { roundingMode: "floor" });
 */
export const div = named(
  "div",
  "input, other;; roundingMode",
  (a: TensorLike, b: TensorLike, options?: DivOptions): Tensor => {
    if (options === undefined) return trueDivide(a, b);
    switch (options.roundingMode ?? null) {
      case null:
        return trueDivide(a, b);
      case "floor":
        return stepped(a, b);
      case "trunc":
        return steppedTrunc(a, b);
      default:
        throw new ArgumentError(
          `div: roundingMode must be null, "trunc" or "floor", got ${describe(options.roundingMode)}`,
        );
    }
  },
);

/** {@link div} in place. */
export const div_: Named<
  "input, other;; roundingMode",
  (x: Tensor, other: TensorLike, options?: DivOptions) => Tensor
> = inplace("div_", div);
/** Another name of {@link div}. */
export const divide: typeof div = alias("divide", div);
/** {@link div} in place. */
export const divide_: typeof div_ = alias("divide_", div_);

/** b − alpha · a. @see torch.rsub */
export const rsub = named(
  "rsub",
  "input, other; alpha",
  (x: Tensor, other: TensorLike, options?: { alpha?: number }): Tensor => {
    checkTensor("rsub", x);
    return sub(other, x, options);
  },
);

const tensorPower: Binary = binary("pow", {
  dtypes: "same",
  check: refuseBools("pow"),
  domain: [0.5, 3],
  js: (a, b) => a ** b,
  saves: ["a", "b", "y"],
  grads: [
    (g, { a, b }) => g.mul(b.mul(pow(a, b.sub(1)))).maskedFill(b.eq(0), 0),
    (g, { a, b, y }) => exponentGrad(g, a, b, y),
  ],
});

/** g · y · log a, and 0 where a is 0 and the power is not negative. @see pow_backward_exponent */
function exponentGrad(g: Tensor, a: TensorLike, b: Tensor, y: Tensor): Tensor {
  if (!(a instanceof Tensor)) return Number(a) === 0 ? g.mul(y).mul(b.lt(0)) : g.mul(y).mul(Math.log(Number(a)));
  const flat = a.eq(0).logicalAnd(b.ge(0));
  return g.mul(y.mul(a.log())).maskedFill(flat, 0);
}

/**
 * x to the power of the exponent; either may be a number.
 * @see torch.pow
 */
export const pow = named("pow", "input, exponent", (x: TensorLike, exponent: TensorLike): Tensor => {
  if (exponent instanceof Tensor || !(x instanceof Tensor)) return tensorPower(x, exponent);
  checkTensor("pow", x);
  if (typeof exponent !== "boolean" && typeof exponent !== "bigint") checkNumber("pow", "exponent", exponent);
  const e = Number(exponent);
  const source = x.dtype === resultType(x, exponent) ? x : x.to(resultType(x, exponent));
  if (!isFloat(source.dtype) && e < 0)
    throw new ArgumentError("pow: Integers to negative integer powers are not allowed; cast to floating point first.");
  return mapWith("pow", source, {
    dtypes: "same",
    kernel: "powScalar",
    p: e,
    grad: (g, saved) =>
      e === 0 ? constantLike(g, 0) : e === 1 ? g : g.mul(e === 2 ? saved.mul(2) : pow(saved, e - 1).mul(e)),
  });
});

/** {@link pow} in place. */
export const pow_: Named<"input, exponent", (x: Tensor, exponent: TensorLike) => Tensor> = inplaceMap("pow_", pow);

/** x to the power of the exponent, computed in float64. @see torch.float_power */
export const floatPower = named("floatPower", "input, exponent", (x: TensorLike, exponent: TensorLike): Tensor => {
  const wide = (name: string, v: TensorLike): Tensor | number => {
    if (v instanceof Tensor) return v.to("float64");
    return typeof v === "boolean" ? Number(v) : checkNumber("floatPower", name, v);
  };
  return pow(wide("input", x), wide("exponent", exponent));
});

/** {@link floatPower} in place, on a float64 tensor. */
export const floatPower_: (x: Tensor, exponent: TensorLike) => Tensor = inplace("floatPower_", floatPower);

/** x · 2^other. @see torch.ldexp */
export const ldexp = named("ldexp", "input, other", (x: Tensor, other: Tensor): Tensor => {
  checkTensor("ldexp", x);
  return mul(x, pow(2, checkTensor("ldexp", other, "other").isFloatingPoint() ? other : other.float()));
});
/** {@link ldexp} in place. */
export const ldexp_: typeof ldexp = inplace("ldexp_", ldexp);

/** A mantissa of magnitude in [½, 1) (0, ±∞ and NaN as they are) and an int32 exponent. */
export type Frexp = NamedTuple<["mantissa", "exponent"]>;

/** x · 2^n for whole n, in two steps, since 2^n alone may overflow. */
const shifted = (x: Tensor, n: Tensor): Tensor => {
  const half = n.mul(0.5).floor();
  return x.mul(half.exp2()).mul(n.sub(half).exp2());
};

/** The mantissas and exponents, in a dtype that is wide enough: the logarithm may miss by 1, which the mantissa shows. */
function decompose(x: Tensor): [mantissa: Tensor, exponent: Tensor] {
  const plain = x.isfinite().logicalAnd(x.ne(0));
  const guess = x.abs().where(plain, 1).log2().floor().add(1);
  const first = shifted(x.where(plain, 0.5), guess.neg());
  const size = first.abs();
  const miss = size.ge(1).to(x.dtype).sub(size.lt(0.5).to(x.dtype));
  return [x.where(plain.logicalNot(), shifted(first, miss.neg())), guess.add(miss).maskedFill(plain.logicalNot(), 0)];
}

/**
 * x as mantissa · 2^exponent. The gradient is that of the mantissa, the exponent held constant.
 * @see torch.frexp
 * @throws DTypeError unless floating point.
 * @example const { mantissa, exponent } = torch.frexp(x);
 */
export const frexp = named("frexp", "input", (x: Tensor): Frexp => {
  checkTensor("frexp", x);
  if (!isFloat(x.dtype)) throw new DTypeError(`frexp: only supports floating-point dtypes, got ${x.dtype}`);
  const [wide, power] = noGrad(() => decompose(x.storage.backend.readsAtOnce ? x.double() : x.float()));
  const exponent = power.to("int32");
  const mantissa = record(
    "FrexpBackward0",
    cast(wide, x.dtype),
    [x],
    [exponent],
    [(g, [e]) => shifted(g, e!.to(g.dtype).neg())],
  );
  return namedTuple({ mantissa, exponent });
});

/** Each element rounded to the nearest integer, ties to even; or to a number of decimals. @see torch.round */
export const round = named("round", "input; decimals", (x: Tensor, options: { decimals?: number } = {}): Tensor => {
  checkTensor("round", x);
  const decimals = checkInteger("round", "decimals", options.decimals ?? 0);
  if (decimals !== 0) {
    const scale = 10 ** Math.abs(decimals);
    const scaled = decimals > 0 ? x.mul(scale) : x.div(scale);
    const rounded = round(scaled);
    return decimals > 0 ? rounded.div(scale) : rounded.mul(scale);
  }
  return mapWith("round", x, { dtypes: "same", saves: "nothing", grad: (g) => constantLike(g, 0) });
});

/** {@link round} in place. */
export const round_: (x: Tensor, options?: { decimals?: number }) => Tensor = inplaceMap("round_", round);

/** Degrees to radians. @see torch.deg2rad */
export const deg2rad = named("deg2rad", "input", (x: Tensor): Tensor => checkTensor("deg2rad", x).mul(Math.PI / 180));
/** {@link deg2rad} in place. */
export const deg2rad_: (x: Tensor) => Tensor = inplace("deg2rad_", deg2rad);
/** Radians to degrees. @see torch.rad2deg */
export const rad2deg = named("rad2deg", "input", (x: Tensor): Tensor => checkTensor("rad2deg", x).mul(180 / Math.PI));
/** {@link rad2deg} in place. */
export const rad2deg_: (x: Tensor) => Tensor = inplace("rad2deg_", rad2deg);

/** `x` itself. @see torch.positive */
export const positive = named("positive", "input", (x: Tensor): Tensor => checkTensor("positive", x));
