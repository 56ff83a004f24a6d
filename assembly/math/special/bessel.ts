/**
 * Bessel functions of orders 0 and 1 in f64, from series and recurrences (DLMF, chapter 10). Relative errors of I and K are
 * below 1e-13; those of J and Y below 1e-14 of the amplitude √(2/πx). I, J and Y of an infinity are NaN, as in PyTorch.
 */
import * as math from "../double";

/** Σ (±x²/4)ᵏ / (k! (k + order)!), the power series without its leading power; `z` is ±x²/4. */
function powerSeries(z: f64, order: i32): f64 {
  let term: f64 = 1,
    sum: f64 = 1;
  for (let k = 1; abs<f64>(term) > 1e-18 * abs<f64>(sum) && k < 200; k++) {
    term *= z / (<f64>k * <f64>(k + order));
    sum += term;
  }
  return sum;
}

// ------------------------------------------------------------------------------------------- modified

/** Beyond this the asymptotic series reaches full precision; below, the power series has only positive terms. */
const ASYMPTOTIC: f64 = 19;

/** Σ ∏ (±)((2k − 1)² − 4ν²) / (8xk), DLMF 10.40.1 and .2, up to its smallest term; sign is 1 for I and −1 for K. */
function modifiedAsymptotic(x: f64, order: i32, sign: f64): f64 {
  const mu = 4 * order;
  let term: f64 = 1,
    sum: f64 = 1;
  for (let k = 1; k < 60; k++) {
    const odd = <f64>(2 * k - 1);
    const next = (sign * term * (odd * odd - mu)) / (8 * x * k);
    if (abs<f64>(next) < 1e-17 || abs<f64>(next) > abs<f64>(term)) break;
    term = next;
    sum += term;
  }
  return sum;
}

/** e^−|x| I(|x|) of order 0 or 1. */
function scaledI(a: f64, order: i32): f64 {
  if (a > ASYMPTOTIC) return a == Infinity ? 0 : modifiedAsymptotic(a, order, 1) / sqrt<f64>(2 * Math.PI * a);
  return math.exp(-a) * smallI(a, order);
}

function smallI(a: f64, order: i32): f64 {
  return (order ? 0.5 * a : 1) * powerSeries(0.25 * a * a, order);
}

/** I(|x|) of order 0 or 1; eˣ in two factors because it overflows before I does. */
function unscaledI(a: f64, order: i32): f64 {
  if (a <= ASYMPTOTIC) return smallI(a, order);
  const root = math.exp(0.5 * a);
  return root * scaledI(a, order) * root;
}

export function i0(x: f64): f64 {
  return unscaledI(abs<f64>(x), 0);
}

/** e^−|x| I₀(x). */
export function i0e(x: f64): f64 {
  return scaledI(abs<f64>(x), 0);
}

export function i1(x: f64): f64 {
  return copysign<f64>(unscaledI(abs<f64>(x), 1), x);
}

/** e^−|x| I₁(x). */
export function i1e(x: f64): f64 {
  return copysign<f64>(scaledI(abs<f64>(x), 1), x);
}

/**
 * e^x K of order ν for x > 0: ∫ exp(−2x sinh²(t/2)) cosh νt dt over t > 0 (DLMF 10.32.9). The trapezoidal rule converges
 * exponentially; its step follows the width of the integrand.
 */
export function scaledKIntegral(x: f64, order: f64): f64 {
  const step = 0.25 * min<f64>(1, sqrt<f64>(2 / x));
  let sum: f64 = 0.5,
    term: f64 = 1;
  for (let t = step; term > 1e-17 * sum; t += step) {
    const s = math.sinh(0.5 * t);
    term = math.exp(-2 * x * s * s) * math.cosh(order * t);
    sum += term;
  }
  return sum * step;
}

/** K of order 0 or 1 for small x > 0, by its power series (DLMF 10.31). */
function smallK(x: f64, order: i32): f64 {
  const z = 0.25 * x * x;
  const regular = 0.5 * harmonicSeries(z, order) - (math.log(0.5 * x) + EULER_GAMMA) * powerSeries(z, order);
  return order ? 1 / x - 0.5 * x * regular : regular;
}

/** e^x K of order 0 or 1; ∞ at 0, NaN below. */
function scaledK(x: f64, order: i32): f64 {
  if (!(x > 0)) return x == 0 ? Infinity : NaN;
  return x <= 2 ? smallK(x, order) * math.exp(x) : x == Infinity ? 0 : scaledKIntegral(x, order);
}

function unscaledK(x: f64, order: i32): f64 {
  return x > 0 && x <= 2 ? smallK(x, order) : scaledK(x, order) * math.exp(-x);
}

export function k0(x: f64): f64 {
  return unscaledK(x, 0);
}

/** e^x K₀(x). */
export function k0e(x: f64): f64 {
  return scaledK(x, 0);
}

export function k1(x: f64): f64 {
  return unscaledK(x, 1);
}

/** e^x K₁(x). */
export function k1e(x: f64): f64 {
  return scaledK(x, 1);
}

// ------------------------------------------------------------------------------------------- ordinary

const EULER_GAMMA: f64 = 0.5772156649015329;
/** Up to here power series, up to HANKEL Miller's backward recurrence, beyond it Hankel's asymptotic expansion. */
const SMALL: f64 = 5;
const HANKEL: f64 = 25;

/** J or Y of order 0 or 1 for x > HANKEL (DLMF 10.17.3 and .4). */
function hankel(x: f64, order: i32, second: bool): f64 {
  const mu = <f64>(4 * order);
  let p: f64 = 1,
    q: f64 = 0,
    term: f64 = 1;
  for (let k = 1; k < 40 && abs<f64>(term) > 1e-17; k++) {
    const odd = <f64>(2 * k - 1);
    term *= (mu - odd * odd) / (8 * x * k);
    const signed = k & 2 ? -term : term;
    if (k & 1) q += signed;
    else p += signed;
  }
  const s = Math.sin(x),
    c = Math.cos(x);
  const cosine = order ? s - c : c + s;
  const sine = order ? -s - c : s - c;
  const wave = second ? p * sine + q * cosine : p * cosine - q * sine;
  return wave / sqrt<f64>(Math.PI * x);
}

/** J or Y of order 0 or 1 for SMALL < x ≤ HANKEL, by backward recurrence; Y from Neumann's series (DLMF 10.8, 10.23). */
function miller(x: f64, order: i32, second: bool): f64 {
  let above: f64 = 0,
    here: f64 = 1e-200;
  let norm: f64 = 0,
    y0: f64 = 0,
    y1: f64 = 0;
  for (let n = 64; n > 0; n--) {
    const k = <f64>(n >> 1),
      sign: f64 = n & 2 ? -1 : 1;
    if (!(n & 1)) {
      norm += 2 * here;
      y0 -= (sign * here) / k;
    } else if (n > 1) y1 -= (sign * here * n) / (k * (k + 1));
    const below = ((2 * n) / x) * here - above;
    above = here;
    here = below;
  }
  norm += here;
  const j0 = here / norm,
    j1 = above / norm;
  if (!second) return order ? j1 : j0;
  const log = math.log(0.5 * x) + EULER_GAMMA;
  if (!order) return (2 / Math.PI) * (log * j0 + (2 * y0) / norm);
  return (2 / Math.PI) * ((log - 1) * j1 + y1 / norm - j0 / x);
}

function besselJ(x: f64, order: i32): f64 {
  const a = abs<f64>(x);
  if (a > HANKEL) return hankel(a, order, false);
  if (a > SMALL) return miller(a, order, false);
  return (order ? 0.5 * a : 1) * powerSeries(-0.25 * a * a, order);
}

export function besselJ0(x: f64): f64 {
  return besselJ(x, 0);
}

export function besselJ1(x: f64): f64 {
  return copysign<f64>(1, x) * besselJ(x, 1);
}

/** Σ (H₍ₖ₎ + H₍ₖ₊ₙ₎) zᵏ / (k! (k + n)!), the logarithm-free part of Y and K of order n. */
function harmonicSeries(z: f64, order: i32): f64 {
  let term: f64 = 1,
    h0: f64 = 0,
    h1 = <f64>order;
  let sum = h1;
  for (let k = 1; k < 60; k++) {
    const above = <f64>(k + order);
    term *= z / (<f64>k * above);
    h0 += 1 / <f64>k;
    h1 += 1 / above;
    sum += (h0 + h1) * term;
  }
  return sum;
}

function besselY(x: f64, order: i32): f64 {
  if (x <= 0) return x == 0 ? -Infinity : NaN;
  if (x > HANKEL) return hankel(x, order, true);
  if (x > SMALL) return miller(x, order, true);
  const z = -0.25 * x * x;
  const log = math.log(0.5 * x) + EULER_GAMMA;
  const regular = 2 * log * powerSeries(z, order) - harmonicSeries(z, order);
  return order ? (0.5 * x * regular - 2 / x) / Math.PI : regular / Math.PI;
}

export function besselY0(x: f64): f64 {
  return besselY(x, 0);
}

export function besselY1(x: f64): f64 {
  return besselY(x, 1);
}

/** Spherical Bessel function of the first kind, order 0: sin x / x. */
export function sphericalJ0(x: f64): f64 {
  if (abs<f64>(x) == Infinity) return 0;
  return x == 0 ? 1 : Math.sin(x) / x;
}
