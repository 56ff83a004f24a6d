/** Arithmetic of two operands that broadcast; numbers are operands too. */
import { type Binary, type BinaryInplace, binary, type ScaledBinary, type ScaledInplace, scaledBinary } from "./define";
import { inplace } from "./inplace";

/** a + alpha · b. @see torch.add */
export const add: ScaledBinary = scaledBinary("add", {
  dtypes: "same",
  domain: [-5, 5],
  js: (a, b) => a + b,
  grads: [(g) => g, (g, { p }) => (p === 1 ? g : g.mul(p))],
});

/** a − alpha · b. @see torch.sub */
export const sub: ScaledBinary = scaledBinary("sub", {
  dtypes: "same",
  domain: [-5, 5],
  js: (a, b) => a - b,
  grads: [(g) => g, (g, { p }) => g.mul(-p)],
});

/** a · b. @see torch.mul */
export const mul: Binary = binary("mul", {
  dtypes: "same",
  domain: [-5, 5],
  saves: ["a", "b"],
  js: (a, b) => a * b,
  grads: [(g, { b }) => g.mul(b), (g, { a }) => g.mul(a)],
});

/** a / b, true division: integers give floating point. @see torch.div */
export const div: Binary = binary("div", {
  dtypes: "float",
  domain: [0.5, 5],
  saves: ["a", "b"],
  js: (a, b) => a / b,
  grads: [(g, { b }) => g.div(b), (g, { a, b }) => g.mul(a).div(b.mul(b)).neg()],
});

/** add in place. @see torch.Tensor.add_ */
export const add_: ScaledInplace = inplace("add_", add);

/** sub in place. @see torch.Tensor.sub_ */
export const sub_: ScaledInplace = inplace("sub_", sub);

/** mul in place. @see torch.Tensor.mul_ */
export const mul_: BinaryInplace = inplace("mul_", mul);

/** div in place. @see torch.Tensor.div_ */
export const div_: BinaryInplace = inplace("div_", div);
