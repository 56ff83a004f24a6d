/** Elementwise ops of one tensor. */
import { unary, type Unary } from "./define";

/** −x. Shape: any. @see torch.neg */
export const neg: Unary = unary("neg", { dtypes: "same", domain: [-5, 5], js: (x) => -x, grad: (g) => g.neg() });

/** Sine of each element, in radians. Shape: any. @see torch.sin */
export const sin: Unary = unary("sin", {
  dtypes: "float",
  domain: [-6, 6],
  saves: ["x"],
  js: Math.sin,
  grad: (g, { x }) => g.mul(x.cos()),
});

/** Cosine of each element, in radians. Shape: any. @see torch.cos */
export const cos: Unary = unary("cos", {
  dtypes: "float",
  domain: [-6, 6],
  saves: ["x"],
  js: Math.cos,
  grad: (g, { x }) => g.mul(x.sin()).neg(),
});

/** e to the power of each element. Shape: any. @see torch.exp */
export const exp: Unary = unary("exp", {
  dtypes: "float",
  domain: [-3, 3],
  saves: ["y"],
  js: Math.exp,
  grad: (g, { y }) => g.mul(y),
});
