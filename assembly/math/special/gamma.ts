/** The gamma function's family in f64; relative errors below 1e-13 but near zeros, where absolute errors are below 1e-15. */

import * as math from "../double";
import { chebyshev } from "./series";

/** log Γ(x) / ((x − 1) (x − 2)) for 1 ≤ x ≤ 3, in x − 2. */
const LOG_GAMMA = memory.data<f64>([
  0.44148902545501423, -0.11119580321752523, 0.01951044826068884, -0.003922461463025264, 0.0008478989895953857,
  -0.00019153855341365593, 4.454470184975607e-5, -1.05728743735943e-5, 2.5474336873408417e-6, -6.208535880776316e-7,
  1.5268677399071546e-7, -3.782637660291326e-8, 9.428100823624284e-9, -2.361999702184645e-9, 5.943541905817546e-10,
  -1.501312977072867e-10, 3.8050196458110534e-11, -9.672485299656325e-12, 2.465348198355661e-12, -6.298868140791711e-13,
  1.6128460030283787e-13, -4.137949206814042e-14, 1.0635701227757898e-14, -2.7382420786652826e-15,
  7.060670507214892e-16, -1.8232177141662118e-16, 4.714169006756272e-17,
]);
/** Coefficients of x^(1−2j) in log Γ(x) beyond Stirling's formula: B₂ⱼ / (2j (2j − 1)). */
const STIRLING = memory.data<f64>([
  0.08333333333333333, -0.002777777777777778, 0.0007936507936507937, -0.0005952380952380953, 0.0008417508417508417,
  -0.0019175269175269176, 0.00641025641025641, -0.029550653594771242,
]);
/** Coefficients of −x^(−2j) in ψ(x): B₂ⱼ / 2j. */
const DIGAMMA = memory.data<f64>([
  0.08333333333333333, -0.008333333333333333, 0.003968253968253968, -0.004166666666666667, 0.007575757575757576,
  -0.021092796092796094, 0.08333333333333333, -0.4432598039215686,
]);
/** B₂ⱼ / (2j)!. */
const EULER_MACLAURIN = memory.data<f64>([
  0.08333333333333333, -0.001388888888888889, 3.306878306878307e-5, -8.267195767195768e-7, 2.08767569878681e-8,
  -5.284190138687493e-10, 1.3382536530684679e-11, -3.3896802963225827e-13, 8.586062056277845e-15,
  -2.174868698558062e-16, 5.5090028283602295e-18, -1.3954464685812522e-19, 3.534707039629467e-21,
]);

/** sin πx, exact at integers. */
function sinPi(x: f64): f64 {
  const n = nearest<f64>(x);
  const y = Math.sin(Math.PI * (x - n));
  return n % 2 == 0 ? y : -y;
}

/** log Γ(x) − ((x − ½) log x − x + log √2π) for x ≥ 10. */
export function stirlingTail(x: f64): f64 {
  const z = 1 / (x * x);
  let sum: f64 = 0;
  for (let j = 7; j >= 0; j--) sum = sum * z + load<f64>(STIRLING + ((<usize>j) << 3));
  return sum / x;
}

function lgammaPositive(x: f64): f64 {
  if (x >= 12) return (x - 0.5) * math.log(x) - x + 0.9189385332046728 + stirlingTail(x);
  if (x < 1) return lgammaPositive(x + 1) - math.log(x);
  let product: f64 = 1;
  while (x > 3) product *= --x;
  return (x - 1) * (x - 2) * chebyshev(x - 2, LOG_GAMMA, 27) + math.log(product);
}

/** log |Γ(x)|. */
export function lgamma(x: f64): f64 {
  if (abs<f64>(x) == Infinity) return Infinity;
  if (x > 0) return lgammaPositive(x);
  if (x == floor<f64>(x)) return Infinity;
  return math.log(Math.PI / abs<f64>(sinPi(x))) - lgammaPositive(1 - x);
}

function digammaPositive(x: f64): f64 {
  if (x == Infinity) return x;
  let shift: f64 = 0;
  for (; x < 10; x++) shift += 1 / x;
  const z = 1 / (x * x);
  let sum: f64 = 0;
  for (let j = 7; j >= 0; j--) sum = (sum + load<f64>(DIGAMMA + ((<usize>j) << 3))) * z;
  return math.log(x) - 0.5 / x - sum - shift;
}

/** Derivative of log Γ; ∓∞ at ±0 and NaN at the other poles, as in PyTorch. */
export function digamma(x: f64): f64 {
  if (x > 0) return digammaPositive(x);
  if (x == 0) return copysign<f64>(Infinity, -x);
  if (x == floor<f64>(x)) return NaN;
  return digammaPositive(1 - x) - Math.PI / math.tan(Math.PI * (x - nearest<f64>(x)));
}

/** Second derivative of log Γ. */
function trigamma(x: f64): f64 {
  if (x == Infinity) return 0;
  if (x >= 0.5) return zeta(2, x);
  const s = sinPi(x);
  return (Math.PI * Math.PI) / (s * s) - zeta(2, 1 - x);
}

/** Derivative n + 1 of log Γ. */
export function polygamma(n: f64, x: f64): f64 {
  if (n == 0) return digamma(x);
  if (n == 1) return trigamma(x);
  const factorial = math.exp(lgammaPositive(n + 1));
  return (n % 2 == 0 ? -factorial : factorial) * zeta(n + 1, x);
}

/** Hurwitz's Σ (q + k)^−s for s > 1, by the Euler–Maclaurin formula once the argument is large against s. NaN for infinite q, as in PyTorch. */
export function zeta(s: f64, q: f64): f64 {
  if (s == 1) return Infinity;
  if (s < 1) return NaN;
  if (q <= 0) {
    if (q == floor<f64>(q)) return Infinity;
    if (s != floor<f64>(s)) return NaN;
  }
  if (s != s || q != q || q == Infinity || (s == Infinity && q > 1)) return NaN;
  if (q < -MOST_NEGATIVE_TERMS) return zetaReflected(s, q);
  let sum: f64 = 0;
  for (const enough = max<f64>(10, s); q < enough; q++) {
    const term = math.pow(q, -s);
    sum += term;
    if (sum != sum || (q > 0 && term <= 1e-17 * abs<f64>(sum))) return sum;
  }
  return sum + zetaTail(s, q);
}

/** Below minus this, the terms of a negative q are summed by the formula instead of one by one: there may be any number of them. */
const MOST_NEGATIVE_TERMS: f64 = 64;

/** For a fraction q < 0 and an integer s: the negative terms are those of ζ(s, 1 − f) up to 1 − q, with f the fractional part. */
function zetaReflected(s: f64, q: f64): f64 {
  const f = q - floor<f64>(q);
  const negative = zeta(s, 1 - f) - zeta(s, 1 - q);
  return zeta(s, f) + (s % 2 == 0 ? negative : -negative);
}

/** Σ (q + k)^−s for large q. */
function zetaTail(s: f64, q: f64): f64 {
  let power = math.pow(q, -s);
  let sum = (power * q) / (s - 1) + 0.5 * power;
  let rising = s;
  for (let j: usize = 0; j < 13; j++) {
    power /= q;
    const term = load<f64>(EULER_MACLAURIN + (j << 3)) * rising * power;
    sum += term;
    if (abs<f64>(term) < 1e-17 * sum) break;
    const k = 2 * <f64>j + 1;
    rising *= (s + k) * (s + k + 1);
    power /= q;
  }
  return sum;
}
