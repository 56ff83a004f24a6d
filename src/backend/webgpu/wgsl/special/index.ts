/**
 * Special functions in WGSL, exact to a few roundings of float32 where the function itself is not steep: series, recurrences and expansions of
 * `assembly/math/special/`, cut where float32 ends, and with their borders moved to where they lose least.
 */
import { besselFunctions, polynomials } from "./bessel";
import { elementary } from "./elementary";
import { errorFunctions, gammaFunctions } from "./gamma";

export const specialFunctions: Readonly<Record<string, string>> = {
  ...elementary,
  ...errorFunctions,
  ...gammaFunctions,
  ...besselFunctions,
  ...polynomials,
};
