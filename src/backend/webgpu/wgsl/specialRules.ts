/** The rules of elementwise ops that call a function of `special.ts`. */
type FloatRules = Readonly<Record<string, { readonly f32: string }>>;

/** y = rule(x; p, q). */
export const specialUnary: FloatRules = {
  asin: { f32: "asinSafe(x)" },
  acos: { f32: "acosSafe(x)" },
  atan: { f32: "atanSafe(x)" },
  sinh: { f32: "sinhSafe(x)" },
  cosh: { f32: "coshSafe(x)" },
  asinh: { f32: "asinhSafe(x)" },
  acosh: { f32: "acoshSafe(x)" },
  atanh: { f32: "atanhSafe(x)" },
  sinc: { f32: "sincSafe(x)" },
  erfcx: { f32: "erfcxSafe(x)" },
  erfinv: { f32: "erfinvSafe(x)" },
  ndtri: { f32: "ndtriSafe(x)" },
  logNdtr: { f32: "logNdtr(x)" },
  lgamma: { f32: "lgammaSafe(x)" },
  digamma: { f32: "digammaSafe(x)" },
  polygamma: { f32: "polygammaSafe(p, x)" },
  i0: { f32: "besselI(x, 0.0)" },
  i0e: { f32: "scaledI(x, 0.0)" },
  i1: { f32: "besselI(x, 1.0)" },
  i1e: { f32: "scaledI(x, 1.0)" },
  besselJ0: { f32: "besselJ(x, 0.0)" },
  besselJ1: { f32: "besselJ(x, 1.0)" },
  besselY0: { f32: "besselY(x, 0.0)" },
  besselY1: { f32: "besselY(x, 1.0)" },
  besselK0: { f32: "besselK(x, 0.0)" },
  besselK0e: { f32: "scaledK(x, 0.0)" },
  besselK1: { f32: "besselK(x, 1.0)" },
  besselK1e: { f32: "scaledK(x, 1.0)" },
  sphericalBesselJ0: { f32: "sphericalJ(x)" },
  airyAi: { f32: "airySafe(x)" },
};

/** y = rule(a, b; p). */
export const specialBinary: FloatRules = {
  atan2: { f32: "atan2Safe(a, b)" },
  hypot: { f32: "hypotSafe(a, b)" },
  nextafter: { f32: "nextAfter(a, b)" },
  logaddexp: { f32: "logAddExp(a, b)" },
  logaddexp2: { f32: "logAddExp2(a, b)" },
  xlogy: { f32: "select(a * logSafe(b), 0.0, !isNonzero(a) && !isNan(b))" },
  xlog1py: { f32: "select(a * log1pSafe(b), 0.0, !isNonzero(a) && !isNan(b))" },
  zeta: { f32: "zetaSafe(a, b)" },
  igamma: { f32: "gammaRatio(a, b, -1.0)" },
  igammac: { f32: "gammaRatio(a, b, 1.0)" },
  orthogonalPolynomial: { f32: "orthogonal(a, b, p)" },
};
