/** Arithmetic of two operands that broadcast; numbers are operands too. */
import { alias } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import {
  type Binary,
  type BinaryInplace,
  binary,
  type ScaledBinary,
  type ScaledInplace,
  scaledBinary,
} from "../builders/define";
import { inplace } from "../builders/inplace";
import { checkDivisor, refuseBool, refuseBools } from "../builders/operands";
import { constantLike } from "../reduce/reduce";

/** `g` where the mask is set, else 0. */
const onlyWhere = (g: Tensor, mask: Tensor): Tensor => g.where(mask, 0);

/** The gradient of an operand: none where it `loses`, half where both are equal, all of it else, also beside NaN. */
const shareOf = (g: Tensor, isEqual: Tensor, loses: Tensor): Tensor =>
  g.mul(0.5).where(isEqual, g).maskedFill(loses, 0);

/** a + alpha · b. @see torch.add */
export const add: ScaledBinary = scaledBinary("add", {
  dtypes: "same",
  domain: [-5, 5],
  js: (a, b) => a + b,
  grads: [(g) => g, (g, { p }) => (p === 1 ? g : g.mul(p))],
});
/** {@link add} in place. */
export const add_: ScaledInplace = inplace("add_", add);

/** a − alpha · b. @see torch.sub @throws DTypeError for bool. */
export const sub: ScaledBinary = scaledBinary("sub", {
  dtypes: "same",
  check: refuseBool,
  domain: [-5, 5],
  js: (a, b) => a - b,
  grads: [(g) => g, (g, { p }) => g.mul(-p)],
});
/** {@link sub} in place. */
export const sub_: ScaledInplace = inplace("sub_", sub);

/** a · b. @see torch.mul */
export const mul: Binary = binary("mul", {
  dtypes: "same",
  domain: [-5, 5],
  js: (a, b) => a * b,
  takesNumbers: true,
  saves: { a: ["b"], b: ["a"] },
  grads: [(g, { b }) => g.mul(b), (g, { a }) => g.mul(a)],
});
/** {@link mul} in place. */
export const mul_: BinaryInplace = inplace("mul_", mul);

/** a / b; integers give floating point. @see torch.true_divide */
export const trueDivide: Binary = binary("trueDivide", {
  dtypes: "float",
  domain: [0.5, 5],
  kernel: "div",
  js: (a, b) => a / b,
  takesNumbers: true,
  saves: { a: ["b"], b: ["a", "b"] },
  // b² may underflow where a / b / b does not.
  grads: [(g, { b }) => g.div(b), (g, { a, b }) => trueDivide(a, b).div(b).mul(g).neg()],
});
/** {@link trueDivide} in place. */
export const trueDivide_: BinaryInplace = inplace("trueDivide_", trueDivide);

/** ⌊a / b⌋. @see torch.floor_divide */
export const floorDivide: Binary = binary("floorDivide", {
  dtypes: "same",
  check: (a, b, dtype) => checkDivisor("floorDivide", a, b, dtype),
  domain: [0.5, 5],
  js: (a, b) => Math.floor(a / b),
});
/** {@link floorDivide} in place. */
export const floorDivide_: BinaryInplace = inplace("floorDivide_", floorDivide);

/** a − ⌊a / b⌋ · b: the remainder with the sign of b, as Python's %. @see torch.remainder */
export const remainder: Binary = binary("remainder", {
  dtypes: "same",
  check: (a, b, dtype) => checkDivisor("remainder", a, b, dtype),
  domain: [0.5, 5],
  js: (a, b) => a - Math.floor(a / b) * b,
  saves: { a: [], b: ["a", "b"] },
  grads: [(g) => g, (g, { a, b }) => g.mul(floorDivide(a, b)).neg()],
});
/** {@link remainder} in place. */
export const remainder_: BinaryInplace = inplace("remainder_", remainder);

/** The remainder of a / b with the sign of a, as C's fmod. @see torch.fmod */
export const fmod: Binary = binary("fmod", {
  dtypes: "same",
  check: (a, b, dtype) => checkDivisor("fmod", a, b, dtype),
  domain: [0.5, 5],
  js: (a, b) => a % b,
  saves: { a: [], b: ["a", "b"] },
  grads: [(g) => g, (g, { a, b }) => g.mul(trueDivide(a, b).trunc()).neg()],
});
/** {@link fmod} in place. */
export const fmod_: BinaryInplace = inplace("fmod_", fmod);

/** The angle in radians of the point (b, a). @see torch.atan2 */
export const atan2: Binary = binary("atan2", {
  dtypes: "float",
  domain: [0.5, 5],
  js: Math.atan2,
  saves: ["a", "b"],
  grads: [
    (g, { a, b }) => g.mul(b).div(a.mul(a).add(b.mul(b))),
    (g, { a, b }) =>
      g
        .mul(a)
        .div(a.mul(a).add(b.mul(b)))
        .neg(),
  ],
});
/** {@link atan2} in place. */
export const atan2_: BinaryInplace = inplace("atan2_", atan2);

/** The larger of a and b; NaN if either is. Equal elements share the gradient. @see torch.maximum */
export const maximum: Binary = binary("maximum", {
  dtypes: "same",
  domain: [-5, 5],
  js: Math.max,
  saves: ["a", "b"],
  grads: [(g, { a, b }) => shareOf(g, a.eq(b), a.lt(b)), (g, { a, b }) => shareOf(g, b.eq(a), b.lt(a))],
});

/** The smaller of a and b; NaN if either is. Equal elements share the gradient. @see torch.minimum */
export const minimum: Binary = binary("minimum", {
  dtypes: "same",
  domain: [-5, 5],
  js: Math.min,
  saves: ["a", "b"],
  grads: [(g, { a, b }) => shareOf(g, a.eq(b), a.gt(b)), (g, { a, b }) => shareOf(g, b.eq(a), b.gt(a))],
});

/** The larger of a and b, ignoring NaN. @see torch.fmax */
export const fmax: Binary = binary("fmax", {
  dtypes: "same",
  domain: [-5, 5],
  js: Math.max,
  saves: ["a", "b"],
  grads: [
    (g, { a, b }) => onlyWhere(g, a.ge(b).logicalOr(b.isnan())),
    (g, { a, b }) => onlyWhere(g, b.le(a).logicalOr(b.isnan()).logicalNot()),
  ],
});

/** The smaller of a and b, ignoring NaN. @see torch.fmin */
export const fmin: Binary = binary("fmin", {
  dtypes: "same",
  domain: [-5, 5],
  js: Math.min,
  saves: ["a", "b"],
  grads: [
    (g, { a, b }) => onlyWhere(g, a.le(b).logicalOr(b.isnan())),
    (g, { a, b }) => onlyWhere(g, b.ge(a).logicalOr(b.isnan()).logicalNot()),
  ],
});

/** √(a² + b²), without overflow. @see torch.hypot */
export const hypot: Binary = binary("hypot", {
  dtypes: "floating",
  domain: [0.5, 5],
  js: Math.hypot,
  saves: { a: ["a", "y"], b: ["b", "y"] },
  grads: [(g, { a, y }) => g.mul(a.div(y)), (g, { b, y }) => g.mul(b.div(y))],
});
/** {@link hypot} in place. */
export const hypot_: BinaryInplace = inplace("hypot_", hypot);

/** |a| with the sign of b. @see torch.copysign */
export const copysign: Binary = binary("copysign", {
  dtypes: "float",
  domain: [0.5, 5],
  js: (a, b) => (b < 0 || Object.is(b, -0) ? -Math.abs(a) : Math.abs(a)),
  saves: ["a", "y"],
  grads: [(g, { a, y }) => onlyWhere(g.mul(y.div(a)), a.ne(0)), (g) => constantLike(g, 0)],
});
/** {@link copysign} in place. */
export const copysign_: BinaryInplace = inplace("copysign_", copysign);

/** The next representable number from a toward b. @see torch.nextafter */
export const nextafter: Binary = binary("nextafter", {
  dtypes: "floating",
  domain: [-5, 5],
});
/** {@link nextafter} in place. */
export const nextafter_: BinaryInplace = inplace("nextafter_", nextafter);

/** log(e^a + e^b), without overflow. @see torch.logaddexp */
export const logaddexp: Binary = binary("logaddexp", {
  dtypes: "float",
  domain: [-3, 3],
  js: (a, b) => Math.log(Math.exp(a) + Math.exp(b)),
  saves: ["a", "b"],
  grads: [(g, { a, b }) => g.div(b.sub(a).exp().add(1)), (g, { a, b }) => g.div(a.sub(b).exp().add(1))],
});

/** log2(2^a + 2^b), without overflow. @see torch.logaddexp2 */
export const logaddexp2: Binary = binary("logaddexp2", {
  dtypes: "float",
  domain: [-3, 3],
  js: (a, b) => Math.log2(2 ** a + 2 ** b),
  saves: ["a", "b"],
  grads: [(g, { a, b }) => g.div(b.sub(a).exp2().add(1)), (g, { a, b }) => g.div(a.sub(b).exp2().add(1))],
});

/** a · log b, and 0 where a is 0. @see torch.xlogy */
export const xlogy: Binary = binary("xlogy", {
  dtypes: "float",
  domain: [0.5, 5],
  js: (a, b) => a * Math.log(b),
  saves: ["a", "b"],
  grads: [
    // 0 only where a is 0 and log b is no number; a · 0 stands for 0 there, since b may be a number.
    (g, { a, b }) => g.mul(xlogy(a.ne(0).logicalOr(a.mul(0).lt(b)).to(a.dtype), b)),
    (g, { a, b }) => g.mul(a).div(b),
  ],
});
/** {@link xlogy} in place. */
export const xlogy_: BinaryInplace = inplace("xlogy_", xlogy);

/** a · log(1 + b), and 0 where a is 0. @see torch.special.xlog1py */
export const xlog1py: Binary = binary("xlog1py", {
  dtypes: "float",
  domain: [0.5, 5],
  js: (a, b) => a * Math.log1p(b),
  saves: ["a", "b"],
  grads: [
    (g, { a, b }) => g.mul(xlog1py(a.ne(0).logicalOr(a.mul(0).sub(1).lt(b)).to(a.dtype), b)),
    (g, { a, b }) => g.mul(a).div(b.add(1)),
  ],
});

/** The bits set in both. @see torch.bitwise_and */
export const bitwiseAnd: Binary = binary("bitwiseAnd", {
  dtypes: "integer",
  domain: [0, 60],
  js: (a, b) => a & b,
});
/** {@link bitwiseAnd} in place. */
export const bitwiseAnd_: BinaryInplace = inplace("bitwiseAnd_", bitwiseAnd);

/** The bits set in either. @see torch.bitwise_or */
export const bitwiseOr: Binary = binary("bitwiseOr", {
  dtypes: "integer",
  domain: [0, 60],
  js: (a, b) => a | b,
});
/** {@link bitwiseOr} in place. */
export const bitwiseOr_: BinaryInplace = inplace("bitwiseOr_", bitwiseOr);

/** The bits set in one of both. @see torch.bitwise_xor */
export const bitwiseXor: Binary = binary("bitwiseXor", {
  dtypes: "integer",
  domain: [0, 60],
  js: (a, b) => a ^ b,
});
/** {@link bitwiseXor} in place. */
export const bitwiseXor_: BinaryInplace = inplace("bitwiseXor_", bitwiseXor);

/** a · 2^b: the bits moved up. @see torch.bitwise_left_shift */
export const bitwiseLeftShift: Binary = binary("bitwiseLeftShift", {
  dtypes: "integer",
  check: refuseBools("bitwiseLeftShift"),
  kernel: "leftShift",
  domain: [0, 6],
  js: (a, b) => a << b,
});
/** {@link bitwiseLeftShift} in place. */
export const bitwiseLeftShift_: BinaryInplace = inplace("bitwiseLeftShift_", bitwiseLeftShift);

/** ⌊a / 2^b⌋: the bits moved down, the sign kept. @see torch.bitwise_right_shift */
export const bitwiseRightShift: Binary = binary("bitwiseRightShift", {
  dtypes: "integer",
  check: refuseBools("bitwiseRightShift"),
  kernel: "rightShift",
  domain: [0, 6],
  js: (a, b) => a >> b,
});
/** {@link bitwiseRightShift} in place. */
export const bitwiseRightShift_: BinaryInplace = inplace("bitwiseRightShift_", bitwiseRightShift);

/** The greatest common divisor. @see torch.gcd */
export const gcd: Binary = binary("gcd", {
  dtypes: "integer",
  check: refuseBools("gcd"),
  domain: [0, 60],
});
/** {@link gcd} in place. */
export const gcd_: BinaryInplace = inplace("gcd_", gcd);

/** The least common multiple. @see torch.lcm */
export const lcm: Binary = binary("lcm", {
  dtypes: "integer",
  check: refuseBools("lcm"),
  domain: [0, 60],
});
/** {@link lcm} in place. */
export const lcm_: BinaryInplace = inplace("lcm_", lcm);

/** 0 below 0, 1 above 0, and b at 0. @see torch.heaviside */
export const heaviside: Binary<"input, values"> = binary(
  "heaviside",
  {
    dtypes: "same",
    domain: [-5, 5],
    js: (a, b) => (a < 0 ? 0 : a > 0 ? 1 : b),
  },
  "input, values",
);
/** {@link heaviside} in place. */
export const heaviside_: BinaryInplace<"input, values"> = inplace("heaviside_", heaviside);

/** Another name of {@link sub}. */
export const subtract: ScaledBinary = alias("subtract", sub);
/** {@link sub} in place. */
export const subtract_: ScaledInplace = alias("subtract_", sub_);
/** Another name of {@link mul}. */
export const multiply: Binary = alias("multiply", mul);
/** {@link mul} in place. */
export const multiply_: BinaryInplace = alias("multiply_", mul_);
/** Another name of {@link atan2}. */
export const arctan2: Binary = alias("arctan2", atan2);
/** {@link atan2} in place. */
export const arctan2_: BinaryInplace = alias("arctan2_", atan2_);
