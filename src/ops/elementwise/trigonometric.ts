/** Trigonometric and hyperbolic functions, and their inverses. */
import { alias } from "../../core/signature";
import { type Unary, type UnaryInplace, unary } from "../builders/define";
import { inplace } from "../builders/inplace";
import { tanhBackward } from "./activationBackward";

/** Sine of each element, in radians. Shape: any. @see torch.sin */
export const sin: Unary = unary("sin", {
  dtypes: "float",
  domain: [-6, 6],
  js: Math.sin,
  saves: ["x"],
  grad: (g, { x }) => g.mul(x.cos()),
});
/** {@link sin} in place. */
export const sin_: UnaryInplace = inplace("sin_", sin);

/** Cosine of each element, in radians. Shape: any. @see torch.cos */
export const cos: Unary = unary("cos", {
  dtypes: "float",
  domain: [-6, 6],
  js: Math.cos,
  saves: ["x"],
  grad: (g, { x }) => g.mul(x.sin()).neg(),
});
/** {@link cos} in place. */
export const cos_: UnaryInplace = inplace("cos_", cos);

/** Tangent of each element, in radians. Shape: any. @see torch.tan */
export const tan: Unary = unary("tan", {
  dtypes: "float",
  domain: [-1.2, 1.2],
  js: Math.tan,
  saves: ["y"],
  grad: (g, { y }) => g.mul(y.mul(y).add(1)),
});
/** {@link tan} in place. */
export const tan_: UnaryInplace = inplace("tan_", tan);

/** The angle in radians whose sine is x. Shape: any. @see torch.asin */
export const asin: Unary = unary("asin", {
  dtypes: "float",
  domain: [-0.9, 0.9],
  js: Math.asin,
  saves: ["x"],
  grad: (g, { x }) => g.mul(x.mul(x).neg().add(1).rsqrt()),
});
/** {@link asin} in place. */
export const asin_: UnaryInplace = inplace("asin_", asin);

/** The angle in radians whose cosine is x. Shape: any. @see torch.acos */
export const acos: Unary = unary("acos", {
  dtypes: "float",
  domain: [-0.9, 0.9],
  js: Math.acos,
  saves: ["x"],
  grad: (g, { x }) => g.mul(x.mul(x).neg().add(1).rsqrt()).neg(),
});
/** {@link acos} in place. */
export const acos_: UnaryInplace = inplace("acos_", acos);

/** The angle in radians whose tangent is x. Shape: any. @see torch.atan */
export const atan: Unary = unary("atan", {
  dtypes: "float",
  domain: [-5, 5],
  js: Math.atan,
  saves: ["x"],
  grad: (g, { x }) => g.div(x.mul(x).add(1)),
});
/** {@link atan} in place. */
export const atan_: UnaryInplace = inplace("atan_", atan);

/** Hyperbolic sine. Shape: any. @see torch.sinh */
export const sinh: Unary = unary("sinh", {
  dtypes: "float",
  domain: [-3, 3],
  js: Math.sinh,
  saves: ["x"],
  grad: (g, { x }) => g.mul(x.cosh()),
});
/** {@link sinh} in place. */
export const sinh_: UnaryInplace = inplace("sinh_", sinh);

/** Hyperbolic cosine. Shape: any. @see torch.cosh */
export const cosh: Unary = unary("cosh", {
  dtypes: "float",
  domain: [-3, 3],
  js: Math.cosh,
  saves: ["x"],
  grad: (g, { x }) => g.mul(x.sinh()),
});
/** {@link cosh} in place. */
export const cosh_: UnaryInplace = inplace("cosh_", cosh);

/** Hyperbolic tangent. Shape: any. @see torch.tanh */
export const tanh: Unary = unary("tanh", {
  dtypes: "float",
  domain: [-3, 3],
  js: Math.tanh,
  saves: ["y"],
  grad: (g, { y }) => tanhBackward(g, y),
});
/** {@link tanh} in place. */
export const tanh_: UnaryInplace = inplace("tanh_", tanh);

/** Inverse hyperbolic sine. Shape: any. @see torch.asinh */
export const asinh: Unary = unary("asinh", {
  dtypes: "float",
  domain: [-5, 5],
  js: Math.asinh,
  saves: ["x"],
  grad: (g, { x }) => g.mul(x.mul(x).add(1).rsqrt()),
});
/** {@link asinh} in place. */
export const asinh_: UnaryInplace = inplace("asinh_", asinh);

/** Inverse hyperbolic cosine. Shape: any. @see torch.acosh */
export const acosh: Unary = unary("acosh", {
  dtypes: "float",
  domain: [1.2, 5],
  js: Math.acosh,
  saves: ["x"],
  grad: (g, { x }) => g.mul(x.mul(x).sub(1).rsqrt()),
});
/** {@link acosh} in place. */
export const acosh_: UnaryInplace = inplace("acosh_", acosh);

/** Inverse hyperbolic tangent. Shape: any. @see torch.atanh */
export const atanh: Unary = unary("atanh", {
  dtypes: "float",
  domain: [-0.9, 0.9],
  js: Math.atanh,
  saves: ["x"],
  grad: (g, { x }) => g.div(x.mul(x).neg().add(1)),
});
/** {@link atanh} in place. */
export const atanh_: UnaryInplace = inplace("atanh_", atanh);

/** Another name of {@link asin}. */
export const arcsin: Unary = alias("arcsin", asin);
/** {@link asin} in place. */
export const arcsin_: UnaryInplace = alias("arcsin_", asin_);

/** Another name of {@link acos}. */
export const arccos: Unary = alias("arccos", acos);
/** {@link acos} in place. */
export const arccos_: UnaryInplace = alias("arccos_", acos_);

/** Another name of {@link atan}. */
export const arctan: Unary = alias("arctan", atan);
/** {@link atan} in place. */
export const arctan_: UnaryInplace = alias("arctan_", atan_);

/** Another name of {@link asinh}. */
export const arcsinh: Unary = alias("arcsinh", asinh);
/** {@link asinh} in place. */
export const arcsinh_: UnaryInplace = alias("arcsinh_", asinh_);

/** Another name of {@link acosh}. */
export const arccosh: Unary = alias("arccosh", acosh);
/** {@link acosh} in place. */
export const arccosh_: UnaryInplace = alias("arccosh_", acosh_);

/** Another name of {@link atanh}. */
export const arctanh: Unary = alias("arctanh", atanh);
/** {@link atanh} in place. */
export const arctanh_: UnaryInplace = alias("arctanh_", atanh_);
