/** The Airy function Ai in f64; relative error below 1e-13 for x > 0, absolute below 1e-14 elsewhere. */
import * as math from "../double";
import { scaledKIntegral } from "./bessel";

/** Ai(0) and Ai′(0). */
const AT_ZERO: f64 = 0.355028053887817239;
const SLOPE_AT_ZERO: f64 = -0.258819403792806798;
/** Beyond it K of order ⅓ serves; below, Taylor series in steps from 0. */
const DECAYING: f64 = 1;
/** Before it the asymptotic expansion serves. */
const OSCILLATING: f64 = -10;

/** Ai(x) for x > 0 (DLMF 9.6.2). */
function decaying(x: f64): f64 {
  const zeta = (2 / 3.0) * x * sqrt<f64>(x);
  return (sqrt<f64>(x / 3) / Math.PI) * scaledKIntegral(zeta, 1 / 3.0) * math.exp(-zeta);
}

/** Ai(−x) for large x (DLMF 9.7.9). */
function oscillating(x: f64): f64 {
  const zeta = (2 / 3.0) * x * sqrt<f64>(x);
  let term: f64 = 1,
    p: f64 = 1,
    q: f64 = 0;
  for (let k: f64 = 1; abs<f64>(term) > 1e-17 && k < 30; k++) {
    term *= ((6 * k - 5) * (6 * k - 3) * (6 * k - 1)) / (216 * k * (2 * k - 1) * zeta);
    const signed = <i32>k & 2 ? -term : term;
    if (<i32>k & 1) q += signed;
    else p += signed;
  }
  const s = Math.sin(zeta),
    c = Math.cos(zeta);
  return (p * (c + s) + q * (s - c)) / sqrt<f64>(2 * Math.PI * sqrt<f64>(x));
}

/** Terms of a Taylor series over a step of at most 1, |center| ≤ 10. */
const TERMS: i32 = 34;

/** Ai(x) for −10 ≤ x ≤ 1: Ai″ = x Ai gives the Taylor series about one point from value and slope, and so the next point's. */
function stepping(x: f64): f64 {
  let at: f64 = 0,
    value = AT_ZERO,
    slope = SLOPE_AT_ZERO;
  while (at != x) {
    const h = max<f64>(min<f64>(x - at, 1), -1);
    let before: f64 = 0,
      here = value,
      next = slope,
      power: f64 = 1,
      sum: f64 = 0,
      derivative: f64 = 0;
    for (let n: f64 = 0; n < TERMS; n++) {
      sum += here * power;
      derivative += (n + 1) * next * power;
      const after = (at * here + before) / ((n + 1) * (n + 2));
      before = here;
      here = next;
      next = after;
      power *= h;
    }
    value = sum;
    slope = derivative;
    at += h;
  }
  return value;
}

/** Ai(x); NaN for infinities, as in PyTorch. @see torch.special.airy_ai */
export function airy(x: f64): f64 {
  if (!(abs<f64>(x) < Infinity)) return NaN;
  if (x > DECAYING) return decaying(x);
  return x < OSCILLATING ? oscillating(-x) : stepping(x);
}
