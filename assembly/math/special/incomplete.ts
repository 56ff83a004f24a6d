/** Regularized incomplete gamma functions in f64; relative error of the smaller of the two below 1e-12 for a up to 10⁶. */

import * as math from "../double";
import { erfc } from "./erf";
import { lgamma, stirlingTail } from "./gamma";

/** xᵃ e⁻ˣ / Γ(a + 1). For large a the exponent is written around x = a, where its parts would cancel. */
function prefix(a: f64, x: f64): f64 {
  if (a < 10) return math.exp(a * math.log(x) - x - lgamma(a + 1));
  const d = (x - a) / a;
  const exponent = (abs<f64>(d) < 0.5 ? math.log1p(d) : math.log(x / a)) - d;
  return math.exp(a * exponent - stirlingTail(a)) / sqrt<f64>(2 * Math.PI * a);
}

/** Terms that a sum may need: about 9 √a near x = a. */
const MAX_TERMS: i32 = 20000;

/** The lower function by its power series; for x below about a + 1. */
function lowerSeries(a: f64, x: f64): f64 {
  let term: f64 = 1,
    sum: f64 = 1;
  for (let n = 1; n < MAX_TERMS && term > 1e-17 * sum; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return prefix(a, x) * sum;
}

/** The upper function by its continued fraction (Lentz's method); for x beyond about a + 1. */
function upperFraction(a: f64, x: f64): f64 {
  let b = x + 1 - a;
  let c = Infinity,
    d = 1 / b;
  let fraction = d;
  for (let n = 1; n < MAX_TERMS; n++) {
    const numerator = n * (a - n);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    fraction *= c * d;
    if (abs<f64>(c * d - 1) < 1e-16) break;
  }
  return prefix(a, x) * a * fraction;
}

/** Above this the sums would need more than their terms, and the expansion below is as exact. */
const MANY: f64 = 1e6;

/** P(a, x) (sign −1) or Q(a, x) (sign 1) by the first term of Temme's uniform expansion for large a, 1979. */
function uniform(a: f64, x: f64, sign: f64): f64 {
  const d = (x - a) / a;
  const half = abs<f64>(d) < 1e-3 ? d * d * (0.5 - d * (1 / 3.0 - d * (0.25 - d * 0.2))) : d - math.log1p(d);
  const eta = copysign<f64>(sqrt<f64>(2 * half), d);
  const first = abs<f64>(d) < 1e-3 ? eta / 12 - 1 / 3.0 : 1 / d - 1 / eta;
  return (
    0.5 * erfc(sign * eta * sqrt<f64>(0.5 * a)) + (sign * math.exp(-a * half) * first) / sqrt<f64>(2 * Math.PI * a)
  );
}

/** P(a, x) = γ(a, x) / Γ(a). @see torch.igamma */
export function igamma(a: f64, x: f64): f64 {
  if (a < 0 || x < 0) return NaN;
  if (a == 0) return x > 0 ? 1 : NaN;
  if (x == 0) return 0;
  if (a == Infinity) return x == Infinity ? NaN : 0;
  if (x == Infinity) return 1;
  if (a > MANY) return uniform(a, x, -1);
  return x > a + 1 ? 1 - upperFraction(a, x) : lowerSeries(a, x);
}

/** Q(a, x) = Γ(a, x) / Γ(a). @see torch.igammac */
export function igammac(a: f64, x: f64): f64 {
  if (a < 0 || x < 0) return NaN;
  if (a == 0) return x > 0 ? 0 : NaN;
  if (x == 0) return 1;
  if (a == Infinity) return x == Infinity ? NaN : 1;
  if (x == Infinity) return 0;
  if (a > MANY) return uniform(a, x, 1);
  return x > a + 1 ? upperFraction(a, x) : 1 - lowerSeries(a, x);
}
