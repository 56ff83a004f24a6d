/** The error function's family in f64; relative errors below 1e-14 unless said otherwise. */

import * as math from "../double";
import { chebyshev } from "./series";

/** (1 + 2x) erfcx(x) for x ≥ 0, in u = (x − 3) / (x + 3). */
const ERFCX = memory.data<f64>([
  1.17756257419656, 0.005353904539615676, -0.09377550342284209, 0.05436652555744322, -0.018976596707845208,
  0.004453426061462712, -0.0006335531710553147, 1.7661719523171593e-5, 1.2841532864056671e-5, -2.0072285659059913e-6,
  -1.807522790414837e-7, 7.549828343825093e-8, 1.8856685238386025e-9, -2.699519049798364e-9, -1.4600791199391102e-11,
  1.0361607445969484e-10, 1.4757159766234134e-12, -4.27734006439697e-12, -2.0792249285985606e-13,
  1.8134502003171702e-13, 1.973425574540118e-14, -7.287943737630808e-15, -1.516987869051486e-15, 2.3514112256964217e-16,
  1.0006111691120385e-16,
]);

/** erf(x) / x for |x| ≤ 1, in u = 2x² − 1. */
const ERF = memory.data<f64>([
  0.9754769393826541, -0.14226120510371365, 0.010035582187599796, -0.0005768764699767485, 2.741993125219606e-5,
  -1.1043175507344507e-6, 3.8488755420345036e-8, -1.1808582533875466e-9, 3.2334215826050907e-11, -7.991015947004549e-13,
  1.7990725113961456e-14, -3.718635487818693e-16,
]);

/** e^(x²) erfc(x) for x ≥ 0. */
function erfcxPositive(x: f64): f64 {
  if (x > 1e16) return 0.5641895835477563 / x;
  return chebyshev((x - 3) / (x + 3), ERFCX, 25) / (1 + 2 * x);
}

/** e^(x²) erfc(x). */
export function erfcx(x: f64): f64 {
  return x < 0 ? 2 * math.exp(x * x) - erfcxPositive(-x) : erfcxPositive(x);
}

/** e^(−x²); x is split, because a rounding error of x² would be magnified. */
function gaussian(x: f64): f64 {
  const high = <f64>(<f32>x);
  return math.exp(-high * high) * math.exp((high - x) * (high + x));
}

/** 2/√π ∫₀ˣ e^(−t²) dt. */
export function erf(x: f64): f64 {
  const a = abs<f64>(x);
  if (a <= 1) return x * chebyshev(2 * x * x - 1, ERF, 12);
  if (a > 6) return copysign<f64>(1, x);
  return a == a ? copysign<f64>(1 - gaussian(a) * erfcxPositive(a), x) : x;
}

/** 1 − erf(x), without cancellation. */
export function erfc(x: f64): f64 {
  if (x < 0.5) return 1 - erf(x);
  return x > 27.5 ? 0 : gaussian(x) * erfcxPositive(x);
}

/** log of the normal distribution function. */
export function logNdtr(x: f64): f64 {
  const z = x * Math.SQRT1_2;
  if (x < -1) return math.log(0.5 * erfcx(-z)) - z * z;
  return math.log1p(-0.5 * erfc(z));
}

/**
 * A first guess of the z ≥ 0 with erfc(z) = q, good to 2e-3 (S. Winitzki, "A handy approximation for the error function
 * and its inverse", 2008); `logSquares` is log(1 − (1 − q)²).
 */
function guessInverse(logSquares: f64): f64 {
  const A = 0.147;
  const t = 2 / (Math.PI * A) + 0.5 * logSquares;
  return sqrt<f64>(sqrt<f64>(t * t - logSquares / A) - t);
}

/** The z with erfc(z) = q for 0 < q ≤ ½, by Newton's method on logarithms, which are nearly quadratic in z. */
function inverseTail(q: f64): f64 {
  const goal = math.log(q);
  let z = guessInverse(goal + math.log(2 - q));
  for (let step = 0; step < 3; step++) {
    const e = erfcxPositive(z);
    z += (math.log(e) - z * z - goal) * e * 0.886226925452758;
  }
  return z;
}

/** The z with erf(z) = y for |y| ≤ ½, by Newton's method. */
function inverseCenter(y: f64): f64 {
  let z = copysign<f64>(guessInverse(math.log1p(-y * y)), y);
  for (let step = 0; step < 3; step++) z -= (erf(z) - y) * math.exp(z * z) * 0.886226925452758;
  return z;
}

/** Inverse of erf on [−1, 1]. */
export function erfinv(y: f64): f64 {
  const q = 1 - abs<f64>(y);
  if (q >= 0.5) return inverseCenter(y);
  if (q > 0) return copysign<f64>(inverseTail(q), y);
  return q == 0 ? copysign<f64>(Infinity, y) : NaN;
}

/** Inverse of the normal distribution function on [0, 1]. */
export function ndtri(p: f64): f64 {
  if (!(p >= 0 && p <= 1)) return NaN;
  if (p == 0 || p == 1) return p == 0 ? -Infinity : Infinity;
  if (p < 0.25) return -Math.SQRT2 * inverseTail(2 * p);
  if (p > 0.75) return Math.SQRT2 * inverseTail(2 * (1 - p));
  return Math.SQRT2 * inverseCenter(2 * p - 1);
}
