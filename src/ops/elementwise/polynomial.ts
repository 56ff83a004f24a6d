/**
 * Orthogonal polynomials: the argument x and the degree n are tensors or numbers that broadcast. The degree is truncated; a negative one gives 0. As
 * in PyTorch they have no derivatives, and are functions of `torch.special` only.
 */

import { ValueError } from "../../core/errors";
import { Tensor } from "../../tensor/tensor";
import { checkAll } from "../builders/checks";
import { type Binary, binary, type TensorLike } from "../builders/define";

/** Families of polynomials; the position is their number in the kernel ABI (`assembly/math/special/orthogonal.ts`). */
const families = ["T", "U", "V", "W", "H", "He", "L", "P"] as const;
/** Added to the number of a family: its polynomials at 2x − 1. */
const SHIFTED = 8;

/** The highest degree: polynomials are computed by recurrence, one degree after another. */
const MAX_DEGREE = 65536;
/** From here on a degree is no int64, and counts as negative. */
const BEYOND_INT64 = 2 ** 63;

/** @throws ValueError for degrees that would take too long. */
function checkDegree(op: string, n: TensorLike): void {
  const isTooHigh = (degree: number) => degree > MAX_DEGREE && degree < BEYOND_INT64;
  const message = `the degree n is at most ${MAX_DEGREE}`;
  if (n instanceof Tensor) checkAll(op, hasLowDegree(n.detach()), message);
  else if (isTooHigh(Number(n))) throw new ValueError(`${op}: ${message}`);
}

function hasLowDegree(n: Tensor): Tensor {
  const degrees = n.storage.backend.readsAtOnce ? n.double() : n.float();
  return degrees.le(MAX_DEGREE).logicalOr(degrees.ge(BEYOND_INT64)).logicalOr(degrees.isnan());
}

/** A family of polynomials, as a function of the argument and the degree. */
export type Polynomial = Binary<"x, n">;

const polynomial = (name: string, family: (typeof families)[number], shift = 0): Polynomial =>
  binary(
    name,
    {
      dtypes: "float",
      check: (_x, n) => checkDegree(name, n),
      domain: [0.5, 5],
      kernel: "orthogonalPolynomial",
      p: families.indexOf(family) + shift,
    },
    "x, n",
  );

/** Chebyshev polynomial of the first kind Tₙ(x). @see torch.special.chebyshev_polynomial_t */
export const chebyshevPolynomialT: Polynomial = polynomial("chebyshevPolynomialT", "T");

/** Chebyshev polynomial of the second kind Uₙ(x). @see torch.special.chebyshev_polynomial_u */
export const chebyshevPolynomialU: Polynomial = polynomial("chebyshevPolynomialU", "U");

/** Chebyshev polynomial of the third kind Vₙ(x). @see torch.special.chebyshev_polynomial_v */
export const chebyshevPolynomialV: Polynomial = polynomial("chebyshevPolynomialV", "V");

/** Chebyshev polynomial of the fourth kind Wₙ(x). @see torch.special.chebyshev_polynomial_w */
export const chebyshevPolynomialW: Polynomial = polynomial("chebyshevPolynomialW", "W");

/** Physicist's Hermite polynomial Hₙ(x). @see torch.special.hermite_polynomial_h */
export const hermitePolynomialH: Polynomial = polynomial("hermitePolynomialH", "H");

/** Probabilist's Hermite polynomial Heₙ(x). @see torch.special.hermite_polynomial_he */
export const hermitePolynomialHe: Polynomial = polynomial("hermitePolynomialHe", "He");

/** Laguerre polynomial Lₙ(x). @see torch.special.laguerre_polynomial_l */
export const laguerrePolynomialL: Polynomial = polynomial("laguerrePolynomialL", "L");

/** Legendre polynomial Pₙ(x). @see torch.special.legendre_polynomial_p */
export const legendrePolynomialP: Polynomial = polynomial("legendrePolynomialP", "P");

/** Shifted Chebyshev polynomial of the first kind Tₙ(2x − 1). @see torch.special.shifted_chebyshev_polynomial_t */
export const shiftedChebyshevPolynomialT: Polynomial = polynomial("shiftedChebyshevPolynomialT", "T", SHIFTED);

/** Shifted Chebyshev polynomial of the second kind Uₙ(2x − 1). @see torch.special.shifted_chebyshev_polynomial_u */
export const shiftedChebyshevPolynomialU: Polynomial = polynomial("shiftedChebyshevPolynomialU", "U", SHIFTED);

/** Shifted Chebyshev polynomial of the third kind Vₙ(2x − 1). @see torch.special.shifted_chebyshev_polynomial_v */
export const shiftedChebyshevPolynomialV: Polynomial = polynomial("shiftedChebyshevPolynomialV", "V", SHIFTED);

/** Shifted Chebyshev polynomial of the fourth kind Wₙ(2x − 1). @see torch.special.shifted_chebyshev_polynomial_w */
export const shiftedChebyshevPolynomialW: Polynomial = polynomial("shiftedChebyshevPolynomialW", "W", SHIFTED);
