/** The error function's and the gamma function's families in WGSL. */
import { chebyshev, horner } from "./series";

const STIRLING = [0.083333333, -0.0027777778, 0.0007936508, -0.0005952381];
const DIGAMMA = [0, 0.083333333, -0.00833333333, 0.003968254, -0.004166667];
/** log Γ(x) / ((x − 1) (x − 2)) for 1 ≤ x ≤ 3, in x − 2. */
const LOG_GAMMA = [
  0.441489, -0.1111958, 0.019510448, -0.0039224615, 0.000847899, -0.00019153855, 0.0000445447, -0.000010572874,
  0.0000025474337, -6.208536e-7, 1.52686774e-7, -3.78263766e-8, 9.428101e-9,
];
/** B₂ⱼ / (2j)!. */
const EULER_MACLAURIN = [
  0.083333333, -0.0013888889, 0.000033068783, -8.267196e-7, 2.0876757e-8, -5.2841901e-10, 1.33825365e-11,
];

export const errorFunctions: Readonly<Record<string, string>> = {
  // As erfcPositive, without its e^(−x²).
  erfcxPositive: `fn erfcxPositive(x: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.5 * x);
  let p = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 + t * (0.27886807 +
    t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  return t * expSafe(p);
}`,
  erfcxSafe: `fn erfcxSafe(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (x < -9.5) { return infinity(); }
  if (x < 0.0) { return 2.0 * expSafe(x * x) - erfcxPositive(-x); }
  return erfcxPositive(min(x, 1e37)) * select(1.0, 0.0, isInf(x));
}`,
  // The factor of y in erfinv(y), of w = −log(1 − y²) (Giles, Approximating the erfinv function, 2010).
  erfinvFactor: `fn erfinvFactor(w: f32) -> f32 {
  if (w < 5.0) {
    let v = w - 2.5;
    return 1.50140941 + v * (0.246640727 + v * (-0.00417768164 + v * (-0.00125372503 + v * (0.00021858087 +
      v * (-4.39150654e-6 + v * (-3.5233877e-6 + v * (3.43273939e-7 + v * 2.81022636e-8)))))));
  }
  let v = sqrtSafe(w) - 3.0;
  return 2.83297682 + v * (1.00167406 + v * (0.00943887047 + v * (-0.0076224613 + v * (0.00573950773 +
    v * (-0.00367342844 + v * (0.00134934322 + v * (0.000100950558 - v * 0.000200214257)))))));
}`,
  erfinvSafe: `fn erfinvSafe(y: f32) -> f32 {
  if (isNan(y) || abs(y) > 1.0) { return nan(); }
  if (abs(y) == 1.0) { return select(infinity(), -infinity(), y < 0.0); }
  return y * erfinvFactor(-logSafe((1.0 - y) * (1.0 + y)));
}`,
  // The z with erfc(z) = q for small q, by Newton's method on logarithms.
  inverseTail: `fn inverseTail(q: f32) -> f32 {
  let goal = logSafe(q);
  let squares = goal + 0.69314718;
  let t = 4.3307467 + 0.5 * squares;
  var z = sqrtSafe(sqrtSafe(t * t - squares / 0.147) - t);
  for (var step = 0; step < 3; step++) {
    let e = erfcxPositive(z);
    z += (logSafe(e) - z * z - goal) * e * 0.88622693;
  }
  return z;
}`,
  ndtriSafe: `fn ndtriSafe(p: f32) -> f32 {
  if (isNan(p) || p < 0.0 || p > 1.0) { return nan(); }
  if (p == 0.0) { return -infinity(); }
  if (p == 1.0) { return infinity(); }
  if (p < 0.001) { return -1.4142136 * inverseTail(2.0 * p); }
  return 1.4142136 * (2.0 * p - 1.0) * erfinvFactor(-logSafe(4.0 * p * (1.0 - p)));
}`,
  logNdtr: `fn logNdtr(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let z = x * 0.70710678;
  if (x < -1.0) { return logSafe(0.5 * erfcxSafe(-z)) - z * z; }
  return log1pSafe(-0.5 * erfcSafe(z));
}`,
};

export const gammaFunctions: Readonly<Record<string, string>> = {
  sinPi: `fn sinPi(x: f32) -> f32 {
  let n = round(x);
  let y = sinCos(3.1415927 * (x - n), 0);
  return select(y, -y, abs(n) < 16777216.0 && (i32(n) & 1i) != 0i);
}`,
  stirling: `fn stirling(x: f32) -> f32 {
  let z = 1.0 / (x * x);
  ${horner(STIRLING)}
  return sum / x;
}`,
  lgammaPositive: `fn lgammaPositive(given: f32) -> f32 {
  if (given >= 12.0) { return (given - 0.5) * logSafe(given) - given + 0.91893853 + stirling(given); }
  var x = given;
  var below = 0.0;
  if (x < 1.0) { below = logSafe(x); x += 1.0; }
  var product = 1.0;
  while (x > 3.0) { x -= 1.0; product *= x; }
  let u = x - 2.0;
  ${chebyshev(LOG_GAMMA)}
  return (x - 1.0) * u * sum + logSafe(product) - below;
}`,
  lgammaSafe: `fn lgammaSafe(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (isInf(x)) { return infinity(); }
  if (x > 0.0) { return lgammaPositive(x); }
  if (x == floor(x)) { return infinity(); }
  return logSafe(3.1415927 / abs(sinPi(x))) - lgammaPositive(1.0 - x);
}`,
  digammaPositive: `fn digammaPositive(given: f32) -> f32 {
  var x = given;
  var shift = 0.0;
  while (x < 10.0) { shift += 1.0 / x; x += 1.0; }
  let z = 1.0 / (x * x);
  ${horner(DIGAMMA)}
  return logSafe(x) - 0.5 / x - sum - shift;
}`,
  digammaSafe: `fn digammaSafe(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (!isNonzero(x)) { return select(-infinity(), infinity(), isNegative(x)); }
  if (isInf(x)) { return select(infinity(), nan(), x < 0.0); }
  if (x > 0.0) { return digammaPositive(x); }
  if (x == floor(x)) { return nan(); }
  let z = 3.1415927 * (x - round(x));
  return digammaPositive(1.0 - x) - 3.1415927 * sinCos(z, 1) / sinCos(z, 0);
}`,
  zetaFrom: `fn zetaFrom(s: f32, first: f32) -> f32 {
  var q = first;
  var total = 0.0;
  let enough = max(10.0, s);
  for (var step = 0; step < 4096 && q < enough; step++) {
    let term = powSafe(q, -s);
    total += term;
    if (isNan(total) || isInf(total) || (q > 0.0 && term <= 1e-9 * abs(total))) { return total; }
    q += 1.0;
  }
  var power = powSafe(q, -s);
  total += powSafe(q, 1.0 - s) / (s - 1.0) + 0.5 * power;
  if (!isNonzero(power)) { return total; }
  var rising = s;
  ${EULER_MACLAURIN.map((c, j) => `power /= q;\n  total += f32(${c}) * rising * power;\n  rising *= (s + ${2 * j + 1}.0) * (s + ${2 * j + 2}.0);\n  power /= q;`).join("\n  ")}
  return total;
}`,
  zetaSafe: `fn zetaSafe(s: f32, q: f32) -> f32 {
  if (s == 1.0) { return infinity(); }
  if (!isNan(s) && s < 1.0) { return nan(); }
  if (!isNan(q) && q <= 0.0) {
    if (isInf(q) || q == floor(q)) { return infinity(); }
    if (s != floor(s)) { return nan(); }
  }
  if (isNan(s) || isNan(q) || isInf(q) || (isInf(s) && (q > 1.0 || q < -64.0))) { return nan(); }
  if (q < -64.0) {
    let f = q - floor(q);
    let negative = zetaFrom(s, 1.0 - f) - zetaFrom(s, 1.0 - q);
    return zetaFrom(s, f) + select(-negative, negative, s == 2.0 * floor(0.5 * s));
  }
  return zetaFrom(s, q);
}`,
  polygammaSafe: `fn polygammaSafe(n: f32, x: f32) -> f32 {
  if (n == 0.0) { return digammaSafe(x); }
  if (n == 1.0) {
    if (isInf(x) && x > 0.0) { return 0.0; }
    if (x >= 0.5 || isNan(x)) { return zetaSafe(2.0, x); }
    let s = sinPi(x);
    return divide(9.8696044, s * s) - zetaSafe(2.0, 1.0 - x);
  }
  let factorial = expSafe(lgammaPositive(n + 1.0));
  return select(factorial, -factorial, n == 2.0 * floor(0.5 * n)) * zetaSafe(n + 1.0, x);
}`,
  // xᵃ e⁻ˣ / Γ(a + 1), for large a about x = a.
  gammaPrefix: `fn gammaPrefix(a: f32, x: f32) -> f32 {
  if (a < 10.0) { return expSafe(a * logSafe(x) - x - lgammaSafe(a + 1.0)); }
  let d = (x - a) / a;
  var exponent = logSafe(x / a) - d;
  if (abs(d) < 0.1) { exponent = -gammaHalf(d); } else if (abs(d) < 0.5) { exponent = log1pSafe(d) - d; }
  return expSafe(a * exponent - stirling(a)) / sqrtSafe(6.2831853 * a);
}`,
  // d − log(1 + d) for small d.
  gammaHalf: `fn gammaHalf(d: f32) -> f32 {
  return d * d * (0.5 - d * (0.33333333 - d * (0.25 - d * (0.2 - d * (0.16666667 - d * (0.14285714 - d * 0.125))))));
}`,
  lowerSeries: `fn lowerSeries(a: f32, x: f32) -> f32 {
  var term = 1.0;
  var total = 1.0;
  for (var n = 1; n < 1000 && term > 1e-9 * total; n++) {
    term *= x / (a + f32(n));
    total += term;
  }
  return gammaPrefix(a, x) * total;
}`,
  upperFraction: `fn upperFraction(a: f32, x: f32) -> f32 {
  var b = x + 1.0 - a;
  var d = 1.0 / b;
  var c = 1e30;
  var fraction = d;
  for (var n = 1; n < 1000; n++) {
    let numerator = f32(n) * (a - f32(n));
    b += 2.0;
    d = 1.0 / (numerator * d + b);
    c = b + numerator / c;
    fraction *= c * d;
    if (abs(c * d - 1.0) < 6e-8) { break; }
  }
  return gammaPrefix(a, x) * a * fraction;
}`,
  // The first term of Temme's uniform expansion for large a, 1979.
  gammaUniform: `fn gammaUniform(a: f32, x: f32, side: f32) -> f32 {
  let d = (x - a) / a;
  var half = d - log1pSafe(d);
  if (abs(d) < 0.1) { half = gammaHalf(d); }
  // Far from x = a one of the two is 0.
  if (isInf(half) || a * half > 100.0) { return select(0.0, 1.0, (side < 0.0) == (d > 0.0)); }
  let eta = select(1.0, -1.0, d < 0.0) * sqrtSafe(2.0 * half);
  var first = 1.0 / d - 1.0 / eta;
  if (abs(d) < 0.1) {
    first = -0.33333333 + eta * (0.083333333 + eta * (-0.014814815 + eta * (0.0011574074 + eta * (0.00035273369 - eta * 0.00017875514))));
  }
  return 0.5 * erfcSafe(side * eta * sqrtSafe(0.5 * a)) + side * expSafe(-a * half) * first / sqrtSafe(6.2831853 * a);
}`,
  // P(a, x) (side −1) or Q(a, x) (side 1).
  gammaRatio: `fn gammaRatio(a: f32, x: f32, side: f32) -> f32 {
  let isLower = side < 0.0;
  if ((!isNan(a) && a < 0.0) || (!isNan(x) && x < 0.0)) { return nan(); }
  if (!isNonzero(a)) { return select(nan(), select(0.0, 1.0, isLower), x > 0.0); }
  if (!isNonzero(x)) { return select(1.0, 0.0, isLower); }
  if (isInf(a)) { return select(select(1.0, 0.0, isLower), nan(), isInf(x)); }
  if (isInf(x)) { return select(0.0, 1.0, isLower); }
  if (isNan(a) || isNan(x)) { return nan(); }
  if (a > 1000.0) { return gammaUniform(a, x, side); }
  if (x > a + 1.0) {
    let upper = upperFraction(a, x);
    return select(upper, 1.0 - upper, isLower);
  }
  let lower = lowerSeries(a, x);
  return select(1.0 - lower, lower, isLower);
}`,
};
