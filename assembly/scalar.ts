/** Scalar helpers that AssemblyScript's `Math` lacks or defines in ECMAScript's way. */

/** x^y in C's sense: 1 to any power, and ±1 to an infinite one, is 1 (`Math.pow` gives NaN). */
export function pow(x: f64, y: f64): f64 {
  if (x == 1 || (x == -1 && abs<f64>(y) == Infinity)) return 1;
  return Math.pow(x, y);
}

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
  const e = Math.exp(-abs<f64>(x));
  return (x < 0 ? e : 1) / (1 + e);
}

/** log(1 + eˣ), without overflow. */
export function softplus(x: f64): f64 {
  return max<f64>(x, 0) + Math.log1p(Math.exp(-abs<f64>(x)));
}
