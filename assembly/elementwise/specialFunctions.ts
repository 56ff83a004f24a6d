/** Special functions: float32 by vectors where networks draw their weights with them, else through the f64 functions of `special/`, one element at a time. */
import { singles1, specials1, specials2 } from "../common/dispatch";
import { walk1, walk2 } from "../common/map";
import { erf_f32x4, erfinv_f32x4 } from "../math/single";
import { airy } from "../math/special/airy";
import * as bessel from "../math/special/bessel";
import * as error from "../math/special/erf";
import * as gamma from "../math/special/gamma";
import * as incomplete from "../math/special/incomplete";
import { orthogonal } from "../math/special/orthogonal";

@final
@unmanaged
class Erf {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return erf_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return error.erf(x);
  }
}

/** Error function. */
export function erf(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Erf>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Erfc {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return error.erfc(x);
  }
}

/** 1 − erf(x). */
export function erfc(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<Erfc>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Erfcx {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return error.erfcx(x);
  }
}

/** e^(x²) erfc(x). */
export function erfcx(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<Erfcx>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Erfinv {
  @inline vec<T>(x: v128, p: v128, q: v128): v128 {
    return erfinv_f32x4(x);
  }
  @inline one<T>(x: T, p: f64, q: f64): T {
    return error.erfinv(x);
  }
}

/** Inverse error function; NaN beyond ±1. */
export function erfinv(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(singles1<Erfinv>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Ndtri {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return error.ndtri(x);
  }
}

/** Inverse of the normal distribution function; NaN outside [0, 1]. */
export function ndtri(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<Ndtri>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class LogNdtr {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return error.logNdtr(x);
  }
}

/** Logarithm of the normal distribution function. */
export function logNdtr(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<LogNdtr>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Lgamma {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return gamma.lgamma(x);
  }
}

/** log |Γ(x)|. */
export function lgamma(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<Lgamma>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Digamma {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return gamma.digamma(x);
  }
}

/** Derivative of log Γ. */
export function digamma(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<Digamma>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Polygamma {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return gamma.polygamma(p, x);
  }
}

/** Derivative p + 1 of log Γ. */
export function polygamma(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<Polygamma>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class I0 {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return bessel.i0(x);
  }
}

/** Modified Bessel function of the first kind, order 0. */
export function i0(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<I0>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class I0e {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return bessel.i0e(x);
  }
}

/** e^−|x| I₀(x). */
export function i0e(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<I0e>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class I1 {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return bessel.i1(x);
  }
}

/** Modified Bessel function of the first kind, order 1. */
export function i1(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<I1>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class I1e {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return bessel.i1e(x);
  }
}

/** e^−|x| I₁(x). */
export function i1e(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<I1e>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class BesselJ0 {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return bessel.besselJ0(x);
  }
}

/** Bessel function of the first kind, order 0. */
export function besselJ0(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<BesselJ0>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class BesselJ1 {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return bessel.besselJ1(x);
  }
}

/** Bessel function of the first kind, order 1. */
export function besselJ1(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<BesselJ1>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class BesselY0 {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return bessel.besselY0(x);
  }
}

/** Bessel function of the second kind, order 0; NaN for x < 0. */
export function besselY0(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<BesselY0>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class BesselY1 {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return bessel.besselY1(x);
  }
}

/** Bessel function of the second kind, order 1; NaN for x < 0. */
export function besselY1(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<BesselY1>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class K0 {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return bessel.k0(x);
  }
}

/** Modified Bessel function of the second kind, order 0; NaN for x < 0. */
export function besselK0(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<K0>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class K0e {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return bessel.k0e(x);
  }
}

/** eˣ K₀(x). */
export function besselK0e(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<K0e>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class K1 {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return bessel.k1(x);
  }
}

/** Modified Bessel function of the second kind, order 1; NaN for x < 0. */
export function besselK1(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<K1>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class K1e {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return bessel.k1e(x);
  }
}

/** eˣ K₁(x). */
export function besselK1e(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<K1e>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class SphericalJ0 {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return bessel.sphericalJ0(x);
  }
}

/** sin x / x. */
export function sphericalBesselJ0(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<SphericalJ0>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class AiryAi {
  @inline one<T>(x: T, p: f64, q: f64): T {
    return airy(x);
  }
}

/** Airy function Ai. */
export function airyAi(t: i32, y: usize, x: usize, p: f64, q: f64, geom: usize, begin: i32, end: i32): void {
  walk1(specials1<AiryAi>(t), t, t, y, x, p, q, geom, begin, end);
}

@final
@unmanaged
class Zeta {
  @inline one<T>(s: T, q: T, p: f64): T {
    return gamma.zeta(s, q);
  }
}

/** Hurwitz zeta function Σ (q + k)^−s. */
export function zeta(t: i32, y: usize, a: usize, b: usize, p: f64, mode: i32, geom: usize, begin: i32, end: i32): void {
  walk2(specials2<Zeta>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Igamma {
  @inline one<T>(a: T, x: T, p: f64): T {
    return incomplete.igamma(a, x);
  }
}

/** Regularized lower incomplete gamma function P(a, x). */
export function igamma(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  p: f64,
  mode: i32,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  walk2(specials2<Igamma>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Igammac {
  @inline one<T>(a: T, x: T, p: f64): T {
    return incomplete.igammac(a, x);
  }
}

/** Regularized upper incomplete gamma function Q(a, x). */
export function igammac(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  p: f64,
  mode: i32,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  walk2(specials2<Igammac>(t), t, t, y, a, b, p, mode, geom, begin, end);
}

@final
@unmanaged
class Orthogonal {
  @inline one<T>(x: T, n: T, p: f64): T {
    return orthogonal(<i32>p, x, n);
  }
}

/** The orthogonal polynomial of family p (`special/orthogonal.ts`) and degree n at x. */
export function orthogonalPolynomial(
  t: i32,
  y: usize,
  a: usize,
  b: usize,
  p: f64,
  mode: i32,
  geom: usize,
  begin: i32,
  end: i32,
): void {
  walk2(specials2<Orthogonal>(t), t, t, y, a, b, p, mode, geom, begin, end);
}
