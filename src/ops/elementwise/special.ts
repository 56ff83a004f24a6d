/** Special functions. */

import { noGrad } from "../../autograd/mode";
import { record } from "../../autograd/node";
import { checkInteger, checkNumber } from "../../core/arguments";
import { alias, named, withMethod } from "../../core/signature";
import type { Method, Named, Overloaded } from "../../core/signatureTypes";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import {
  type Binary,
  type BinaryInplace,
  binary,
  mapWith,
  type Unary,
  type UnaryInplace,
  unary,
} from "../builders/define";
import { inplace, inplaceMap } from "../builders/inplace";
import { widened } from "../builders/precision";

/** The error function. Shape: any. @see torch.erf */
export const erf: Unary = unary("erf", {
  dtypes: "float",
  domain: [-3, 3],
  saves: ["x"],
  grad: (g, { x }) =>
    g.mul(
      x
        .mul(x)
        .neg()
        .exp()
        .mul(2 / Math.sqrt(Math.PI)),
    ),
});
/** {@link erf} in place. */
export const erf_: UnaryInplace = inplace("erf_", erf);

/** 1 − erf(x), accurate where erf is close to 1. Shape: any. @see torch.erfc */
export const erfc: Unary = unary("erfc", {
  dtypes: "float",
  domain: [-3, 3],
  saves: ["x"],
  grad: (g, { x }) =>
    g.mul(
      x
        .mul(x)
        .neg()
        .exp()
        .mul(-2 / Math.sqrt(Math.PI)),
    ),
});
/** {@link erfc} in place. */
export const erfc_: UnaryInplace = inplace("erfc_", erfc);

/** The inverse of {@link erf}, on (−1, 1). Shape: any. @see torch.erfinv */
export const erfinv: Unary = unary("erfinv", {
  dtypes: "float",
  domain: [-0.9, 0.9],
  saves: ["y"],
  grad: (g, { y }) =>
    g.mul(
      y
        .mul(y)
        .exp()
        .mul(Math.sqrt(Math.PI) / 2),
    ),
});
/** {@link erfinv} in place. */
export const erfinv_: UnaryInplace = inplace("erfinv_", erfinv);

/** e^(x²) · erfc(x). Shape: any. @see torch.special.erfcx */
export const erfcx: Unary = unary("erfcx", {
  dtypes: "float",
  domain: [-2, 5],
  saves: ["x", "y"],
  grad: (g, { x, y }) =>
    g.mul(
      x
        .mul(y)
        .mul(2)
        .sub(2 / Math.sqrt(Math.PI)),
    ),
});

/** The logarithm of |Γ(x)|. Shape: any. @see torch.lgamma */
export const lgamma: Unary = unary("lgamma", {
  dtypes: "float",
  domain: [0.5, 5],
  saves: ["x"],
  grad: (g, { x }) => g.mul(digamma(x)),
});
/** {@link lgamma} in place. */
export const lgamma_: UnaryInplace = inplace("lgamma_", lgamma);

/** The derivative of {@link lgamma}. Shape: any. @see torch.digamma */
export const digamma: Unary = unary("digamma", {
  dtypes: "float",
  domain: [0.5, 5],
  saves: ["x"],
  grad: (g, { x }) => g.mul(x.polygamma(1)),
});
/** {@link digamma} in place. */
export const digamma_: UnaryInplace = inplace("digamma_", digamma);

/** The highest order of derivatives and dimension of functions that are computed one after another. */
const MAX_ORDER = 65536;

/**
 * The n-th derivative of {@link digamma}, n ≥ 0. As in PyTorch the function takes the order first, the method is `x.polygamma(n)`.
 * @see torch.polygamma
 * @throws ValueError unless the order is a natural number.
 * @example torch.polygamma(1, x); x.polygamma(1);
 */
export const polygamma: Overloaded<
  Named<"n, input", (n: number, input: Tensor) => Tensor>,
  Method<Named<"input, n", (input: Tensor, n: number) => Tensor>>
> = withMethod(
  named("polygamma", "n, input", (n: number, x: Tensor): Tensor => polygammaOf(x, n)),
  named("polygamma", "input, n", polygammaOf),
);

function polygammaOf(x: Tensor, n: number): Tensor {
  checkInteger("polygamma", "n", n, 0, MAX_ORDER);
  return mapWith("polygamma", checkTensor("polygamma", x), {
    dtypes: "float",
    p: n,
    grad: (g, s) => g.mul(polygammaOf(s, n + 1)),
  });
}

/** {@link polygamma} in place: `x.polygamma_(n)`. */
export const polygamma_: Named<"input, n", (x: Tensor, n: number) => Tensor> = inplaceMap("polygamma_", {
  signature: "input, n",
  implementation: polygammaOf,
});

/** Modified Bessel function of the first kind, order 0. Shape: any. @see torch.i0 */
export const i0: Unary = unary("i0", {
  dtypes: "float",
  domain: [-4, 4],
  saves: ["x"],
  grad: (g, { x }) => g.mul(i1(x)),
});
/** {@link i0} in place. */
export const i0_: UnaryInplace = inplace("i0_", i0);

/** e^−|x| · i0(x). Shape: any. @see torch.special.i0e */
export const i0e: Unary = unary("i0e", {
  dtypes: "float",
  domain: [-4, 4],
  saves: ["x", "y"],
  grad: (g, { x, y }) => g.mul(i1e(x).sub(x.sgn().mul(y))),
});

/** Modified Bessel function of the first kind, order 1. Shape: any. @see torch.special.i1 */
export const i1: Unary = unary("i1", {
  dtypes: "float",
  domain: [-4, 4],
  saves: ["x", "y"],
  grad: (g, { x, y }) => g.mul(i0(x).sub(ratio(y, x))),
});

/** e^−|x| · i1(x). Shape: any. @see torch.special.i1e */
export const i1e: Unary = unary("i1e", {
  dtypes: "float",
  domain: [-4, 4],
  saves: ["x", "y"],
  grad: (g, { x, y }) => g.mul(i0e(x).sub(x.sgn().mul(y)).sub(ratio(y, x))),
});

/** y / x, whose limit at 0 is ½ for the Bessel functions of order 1. */
function ratio(y: Tensor, x: Tensor): Tensor {
  // Half of the smallest numbers is rounded to 0 or to themselves.
  const isTiny = x.abs().lt(1e-30);
  return y.div(x.maskedFill(isTiny, 1)).maskedFill(isTiny, 0.5);
}

/** The quantile of the standard normal distribution. Shape: any. @see torch.special.ndtri */
export const ndtri: Unary = unary("ndtri", {
  dtypes: "float",
  domain: [0.1, 0.9],
  saves: ["y"],
  grad: (g, { y }) =>
    g.mul(
      y
        .mul(y)
        .mul(0.5)
        .exp()
        .mul(Math.sqrt(2 * Math.PI)),
    ),
});

/** The logarithm of the standard normal distribution function. Shape: any. @see torch.special.log_ndtr */
export const logNdtr: Unary = unary("logNdtr", {
  dtypes: "float",
  domain: [-3, 3],
  saves: ["x"],
  grad: (g, { x }) => g.div(x.mul(-Math.SQRT1_2).erfcx()).mul(Math.sqrt(2 / Math.PI)),
});

/** The standard normal distribution function. Shape: any. @see torch.special.ndtr */
export const ndtr = named(
  "ndtr",
  "input",
  (x: Tensor): Tensor => checkTensor("ndtr", x).mul(Math.SQRT1_2).erf().add(1).mul(0.5),
);

/** The Hurwitz zeta function Σ (k + b)^−a. @see torch.special.zeta */
export const zeta: Binary = binary("zeta", {
  dtypes: "float",
  domain: [1.5, 5],
  saves: ["a", "b"],
  grads: [null, (g, { a, b }) => g.mul(a.neg()).mul(zeta(a.add(1), b))],
});

/** The regularized lower incomplete gamma function P(a, b). @see torch.igamma */
export const igamma: Binary = binary("igamma", {
  dtypes: "float",
  domain: [0.5, 5],
  saves: ["a", "b"],
  grads: [null, (g, { a, b }) => g.mul(gammaDensity(a, b))],
});

/** The regularized upper incomplete gamma function 1 − P(a, b). @see torch.igammac */
export const igammac: Binary = binary("igammac", {
  dtypes: "float",
  domain: [0.5, 5],
  saves: ["a", "b"],
  grads: [null, (g, { a, b }) => g.mul(gammaDensity(a, b)).neg()],
});

/** {@link igamma} in place. */
export const igamma_: BinaryInplace = inplace("igamma_", igamma);
/** {@link igammac} in place. */
export const igammac_: BinaryInplace = inplace("igammac_", igammac);
/** Another name of {@link igamma}. @see torch.special.gammainc */
export const gammainc: Binary = alias("gammainc", igamma);
/** Another name of {@link igammac}. @see torch.special.gammaincc */
export const gammaincc: Binary = alias("gammaincc", igammac);

const gammaDensity = (a: Tensor, b: Tensor): Tensor => a.sub(1).mul(b.log()).sub(b).sub(a.lgamma()).exp();

/** −x · log x, 0 at 0 and −∞ below. @see torch.special.entr */
export const entr = named("entr", "input", (x: Tensor): Tensor => {
  checkTensor("entr", x);
  const input = x.isFloatingPoint() ? x : x.float();
  const y = noGrad(() => input.xlogy(input).neg().maskedFill(input.lt(0), Number.NEGATIVE_INFINITY));
  return record("SpecialEntrBackward0", y, [input], [input], [(g, [s]) => g.mul(s!.log().add(1).neg())]);
});

/** log(x / (1 − x)), with x limited to [eps, 1 − eps] if eps is given. @see torch.logit */
export const logit = named("logit", "input; eps", (x: Tensor, options: { eps?: number | null } = {}): Tensor => {
  checkTensor("logit", x);
  const eps = options.eps == null ? null : checkNumber("logit", "eps", options.eps);
  return widened(x.isFloatingPoint() ? x : x.float(), (input) => {
    const y = noGrad(() => {
      const inside = eps === null ? input : input.clamp(eps, 1 - eps);
      return inside.div(inside.neg().add(1)).log();
    });
    return record("LogitBackward0", y, [input], [input], [(g, [s]) => logitGrad(g, s!, eps)]);
  });
});

/** g / (x (1 − x)); outside of [0, 1] NaN, or 0 where `eps` moved x. */
function logitGrad(g: Tensor, x: Tensor, eps: number | null): Tensor {
  const low = eps ?? 0;
  const outside = x.lt(low).logicalOr(x.gt(1 - low));
  return g.div(x.mul(x.neg().add(1))).maskedFill(outside, eps === null ? Number.NaN : 0);
}

/** {@link logit} in place. */
export const logit_: typeof logit = inplace("logit_", logit);

/** The logarithm of the multivariate gamma function of dimension p. @see torch.mvlgamma */
export const mvlgamma = named("mvlgamma", "input, p", (x: Tensor, p: number): Tensor => {
  checkTensor("mvlgamma", x);
  checkInteger("mvlgamma", "p", p, 1, MAX_ORDER);
  let y = (x.isFloatingPoint() ? x : x.float()).lgamma();
  for (let j = 1; j < p; j++) y = y.add(x.sub(j / 2).lgamma());
  return y.add((p * (p - 1) * Math.log(Math.PI)) / 4);
});

/** {@link mvlgamma} in place. */
export const mvlgamma_: typeof mvlgamma = inplace("mvlgamma_", mvlgamma);

/** Another name of {@link mvlgamma}. */
export const multigammaln: typeof mvlgamma = alias("multigammaln", mvlgamma);
