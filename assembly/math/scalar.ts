/** Scalar functions that more than one family of kernels needs. */
import * as math from "./double";

/** x^n for integers, wrapping; 1 / x^−n truncated to an integer for n < 0 (0 for x = 0). */
export function powInteger<T>(x: T, n: i64): T {
  if (n < 0) {
    if (x == 1) return 1;
    return isSigned<T>() && x == -1 ? (n & 1 ? <T>-1 : <T>1) : <T>0;
  }
  let power: T = 1;
  for (; n > 0; n >>= 1) {
    if (n & 1) power = <T>(power * x);
    x = <T>(x * x);
  }
  return power;
}

/** 1 / (1 + e⁻ˣ), without overflow. */
export function sigmoid(x: f64): f64 {
  const e = math.exp(-abs<f64>(x));
  return (x < 0 ? e : 1) / (1 + e);
}

/** log(1 + eˣ), without overflow. */
export function softplus(x: f64): f64 {
  return max<f64>(x, 0) + math.log1p(math.exp(-abs<f64>(x)));
}
