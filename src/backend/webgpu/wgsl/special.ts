/**
 * Special functions in WGSL, exact to a few roundings of float32 where the function itself is not steep: series, recurrences and expansions of
 * `assembly/math/special/`, cut where float32 ends, and with their borders moved to where they lose least.
 */

/** Statements that set `sum` to the polynomial of `z`, whose coefficients begin with the constant one. */
const horner = (coefficients: readonly number[]): string =>
  [...coefficients]
    .reverse()
    .map((c, i) => (i === 0 ? `var sum = f32(${c});` : `sum = sum * z + f32(${c});`))
    .join("\n  ");

/** Statements that set `sum` to a Chebyshev series of `u`, by Clenshaw's recurrence. */
const chebyshev = (coefficients: readonly number[]): string => {
  const [first, ...rest] = coefficients;
  const steps = rest.reverse().map((c) => `{ let b = f32(${c}) + 2.0 * u * b1 - b2; b2 = b1; b1 = b; }`);
  return `var b1 = 0.0;\n  var b2 = 0.0;\n  ${steps.join("\n  ")}\n  let sum = f32(${first}) + u * b1 - b2;`;
};

const STIRLING = [0.08333333333333333, -0.002777777777777778, 0.0007936507936507937, -0.0005952380952380953];
const DIGAMMA = [0, 0.08333333333333333, -0.008333333333333333, 0.003968253968253968, -0.004166666666666667];
/** log Γ(x) / ((x − 1) (x − 2)) for 1 ≤ x ≤ 3, in x − 2. */
const LOG_GAMMA = [
  0.44148902545501423, -0.11119580321752523, 0.01951044826068884, -0.003922461463025264, 0.0008478989895953857,
  -0.00019153855341365593, 4.454470184975607e-5, -1.05728743735943e-5, 2.5474336873408417e-6, -6.208535880776316e-7,
  1.5268677399071546e-7, -3.782637660291326e-8, 9.428100823624284e-9,
];
/** B₂ⱼ / (2j)!. */
const EULER_MACLAURIN = [
  0.08333333333333333, -0.001388888888888889, 3.306878306878307e-5, -8.267195767195768e-7, 2.08767569878681e-8,
  -5.284190138687493e-10, 1.3382536530684679e-11,
];

const elementary: Readonly<Record<string, string>> = {
  // Cephes' atanf, asinf and acosf.
  atanPositive: `fn atanPositive(a: f32) -> f32 {
  var x = a;
  var y = 0.0;
  if (x > 2.4142135) { y = 1.5707964; x = -1.0 / x; } else if (x > 0.41421357) { y = 0.78539816; x = (x - 1.0) / (x + 1.0); }
  let z = x * x;
  return y + ((((8.05374449538e-2 * z - 1.38776856032e-1) * z + 1.99777106478e-1) * z - 3.33329491539e-1) * z * x + x);
}`,
  atanSafe: `fn atanSafe(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let y = atanPositive(min(abs(x), 1e30));
  return select(y, -y, isNegative(x));
}`,
  asinSmall: `fn asinSmall(x: f32) -> f32 {
  let z = x * x;
  return ((((4.2163199048e-2 * z + 2.4181311049e-2) * z + 4.5470025998e-2) * z + 7.4953002686e-2) * z + 1.6666752422e-1) * z * x + x;
}`,
  asinSafe: `fn asinSafe(x: f32) -> f32 {
  let a = abs(x);
  if (isNan(x) || a > 1.0) { return nan(); }
  if (a <= 0.5) { return asinSmall(x); }
  let y = 1.5707964 - 2.0 * asinSmall(sqrtSafe(0.5 * (1.0 - a)));
  return select(y, -y, x < 0.0);
}`,
  acosSafe: `fn acosSafe(x: f32) -> f32 {
  if (isNan(x) || abs(x) > 1.0) { return nan(); }
  if (x > 0.5) { return 2.0 * asinSmall(sqrtSafe(0.5 * (1.0 - x))); }
  if (x < -0.5) { return 3.1415927 - 2.0 * asinSmall(sqrtSafe(0.5 * (1.0 + x))); }
  return 1.5707964 - asinSmall(x);
}`,
  atan2Safe: `fn atan2Safe(y: f32, x: f32) -> f32 {
  if (isNan(x) || isNan(y)) { return nan(); }
  let down = abs(y);
  let across = abs(x);
  var angle = 0.0;
  if (isInf(x) && isInf(y)) { angle = 0.78539816; }
  else if (isInf(y)) { angle = 1.5707964; }
  else if (isNonzero(y) && !isInf(x)) { angle = atanPositive(min(divide(down, across), 1e30)); }
  if (isNegative(x)) { angle = 3.1415927 - angle; }
  return select(angle, -angle, isNegative(y));
}`,
  sinhSafe: `fn sinhSafe(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let a = abs(x);
  if (a < 1.0) {
    let s = x * x;
    return x + x * s * (0.16666667 + s * (0.0083333333 + s * (0.00019841270 + s * 2.7557319e-6)));
  }
  let half = expSafe(0.5 * a);
  let e = (0.5 * half) * half;
  let y = select(e, e - 0.25 / e, a < 40.0);
  return select(y, -y, x < 0.0);
}`,
  coshSafe: `fn coshSafe(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let half = expSafe(0.5 * abs(x));
  let e = (0.5 * half) * half;
  return select(e, e + 0.25 / e, abs(x) < 40.0);
}`,
  asinhSafe: `fn asinhSafe(x: f32) -> f32 {
  if (isNan(x) || isInf(x)) { return x; }
  let a = abs(x);
  var y = logSafe(a) + 0.69314718;
  if (a < 10000.0) { y = log1pSafe(a + a * a / (1.0 + sqrtSafe(a * a + 1.0))); }
  return select(y, -y, isNegative(x));
}`,
  acoshSafe: `fn acoshSafe(x: f32) -> f32 {
  if (isNan(x) || x < 1.0) { return nan(); }
  if (x > 10000.0) { return logSafe(x) + 0.69314718; }
  let t = x - 1.0;
  return log1pSafe(t + sqrtSafe(2.0 * t + t * t));
}`,
  atanhSafe: `fn atanhSafe(x: f32) -> f32 {
  let a = abs(x);
  if (isNan(x) || a > 1.0) { return nan(); }
  let y = 0.5 * log1pSafe(divide(2.0 * a, 1.0 - a));
  return select(y, -y, isNegative(x));
}`,
  sincSafe: `fn sincSafe(x: f32) -> f32 {
  if (!isNonzero(x)) { return 1.0; }
  let z = 3.1415927 * x;
  return sinCos(z, 0) / z;
}`,
  hypotSafe: `fn hypotSafe(a: f32, b: f32) -> f32 {
  if (isInf(a) || isInf(b)) { return infinity(); }
  if (isNan(a) || isNan(b)) { return nan(); }
  let most = max(abs(a), abs(b));
  if (most == 0.0) { return 0.0; }
  let ratio = min(abs(a), abs(b)) / most;
  return most * sqrtSafe(1.0 + ratio * ratio);
}`,
  logAddExp: `fn logAddExp(a: f32, b: f32) -> f32 {
  if (isNan(a) || isNan(b)) { return nan(); }
  let most = max(a, b);
  if (isInf(most)) { return most; }
  return most + log1pSafe(expSafe(min(a, b) - most));
}`,
  logAddExp2: `fn logAddExp2(a: f32, b: f32) -> f32 {
  if (isNan(a) || isNan(b)) { return nan(); }
  let most = max(a, b);
  if (isInf(most)) { return most; }
  return most + log1pSafe(exp2Safe(min(a, b) - most)) * 1.442695041;
}`,
  nextAfter: `fn nextAfter(a: f32, b: f32) -> f32 {
  if (isNan(a) || isNan(b)) { return nan(); }
  if (a == b) { return b; }
  if (!isNonzero(a)) { return bitcast<f32>(1u | select(0u, 0x80000000u, b < 0.0)); }
  return bitcast<f32>(bitcast<i32>(a) + select(-1i, 1i, (a < b) == (a > 0.0)));
}`,
  divisorWhole: `fn divisorWhole(a: i32, b: i32) -> i32 {
  var x = a;
  var y = b;
  while (y != 0i) {
    let rest = modWhole(x, y);
    x = y;
    y = rest;
  }
  return abs(x);
}`,
  multipleWhole: `fn multipleWhole(a: i32, b: i32) -> i32 {
  if (a == 0i || b == 0i) { return 0i; }
  return abs(divideWhole(a, divisorWhole(a, b)) * b);
}`,
  shiftLeft: "fn shiftLeft(a: i32, b: i32) -> i32 { if (b < 0i || b > 31i) { return 0i; } return a << u32(b); }",
  shiftRight:
    "fn shiftRight(a: i32, b: i32) -> i32 { if (b < 0i || b > 31i) { return select(0i, -1i, a < 0i); } return a >> u32(b); }",
};

const errorFunctions: Readonly<Record<string, string>> = {
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

const gammaFunctions: Readonly<Record<string, string>> = {
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

const EULER_GAMMA = "0.57721566";

const besselFunctions: Readonly<Record<string, string>> = {
  // Σ zᵏ / (k! (k + order)!).
  besselSeries: `fn besselSeries(z: f32, order: f32) -> f32 {
  var term = 1.0;
  var total = 1.0;
  for (var k = 1.0; abs(term) > 1e-9 * abs(total) && k < 100.0; k += 1.0) {
    term *= z / (k * (k + order));
    total += term;
  }
  return total;
}`,
  // The asymptotic series of I (side 1) and K (side −1), up to its smallest term.
  besselTail: `fn besselTail(x: f32, order: f32, side: f32) -> f32 {
  var term = 1.0;
  var total = 1.0;
  for (var k = 1.0; k < 30.0; k += 1.0) {
    let odd = 2.0 * k - 1.0;
    let after = side * term * (odd * odd - 4.0 * order * order) / (8.0 * x * k);
    if (abs(after) < 1e-9 || abs(after) > abs(term)) { break; }
    term = after;
    total += term;
  }
  return total;
}`,
  smallI:
    "fn smallI(a: f32, order: f32) -> f32 { return select(1.0, 0.5 * a, order == 1.0) * besselSeries(0.25 * a * a, order); }",
  scaledI: `fn scaledI(x: f32, order: f32) -> f32 {
  if (isNan(x)) { return x; }
  let a = abs(x);
  var y = 0.0;
  if (a <= 12.0) { y = expSafe(-a) * smallI(a, order); } else if (!isInf(x)) { y = besselTail(a, order, 1.0) / sqrtSafe(6.2831853 * a); }
  return select(y, -y, order == 1.0 && isNegative(x));
}`,
  besselI: `fn besselI(x: f32, order: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (isInf(x)) { return nan(); }
  let a = abs(x);
  var y = 0.0;
  if (a <= 12.0) { y = smallI(a, order); } else {
    let root = expSafe(0.5 * a);
    y = root * (besselTail(a, order, 1.0) / sqrtSafe(6.2831853 * a)) * root;
  }
  return select(y, -y, order == 1.0 && isNegative(x));
}`,
  // Σ (H₍ₖ₎ + H₍ₖ₊ₙ₎) zᵏ / (k! (k + n)!).
  harmonicSeries: `fn harmonicSeries(z: f32, order: f32) -> f32 {
  var term = 1.0;
  var h0 = 0.0;
  var h1 = order;
  var total = h1;
  for (var k = 1.0; k < 24.0; k += 1.0) {
    term *= z / (k * (k + order));
    h0 += 1.0 / k;
    h1 += 1.0 / (k + order);
    total += (h0 + h1) * term;
  }
  return total;
}`,
  smallK: `fn smallK(x: f32, order: f32) -> f32 {
  let z = 0.25 * x * x;
  let regular = 0.5 * harmonicSeries(z, order) - (logSafe(0.5 * x) + ${EULER_GAMMA}) * besselSeries(z, order);
  return select(regular, divide(1.0, x) - 0.5 * x * regular, order == 1.0);
}`,
  // e^x K of any order: ∫ exp(−2x sinh²(t/2)) cosh νt dt by the trapezoidal rule, which converges exponentially.
  integralK: `fn integralK(x: f32, order: f32) -> f32 {
  let step = 0.25 * min(1.0, sqrtSafe(2.0 / x));
  var total = 0.5;
  var term = 1.0;
  for (var t = step; term > 1e-9 * total && t < 40.0; t += step) {
    let s = sinhSafe(0.5 * t);
    term = expSafe(-2.0 * x * s * s) * coshSafe(order * t);
    total += term;
  }
  return total * step;
}`,
  scaledK: `fn scaledK(x: f32, order: f32) -> f32 {
  if (isNan(x) || x < 0.0) { return nan(); }
  if (!isNonzero(x)) { return infinity(); }
  if (x <= 1.0) { return smallK(x, order) * expSafe(x); }
  if (isInf(x)) { return 0.0; }
  if (x > 12.0) { return besselTail(x, order, -1.0) * sqrtSafe(1.5707963 / x); }
  return integralK(x, order);
}`,
  besselK: `fn besselK(x: f32, order: f32) -> f32 {
  if (x > 0.0 && x <= 1.0) { return smallK(x, order); }
  if (isInf(x) && x > 0.0) { return 0.0; }
  return scaledK(x, order) * expSafe(-x);
}`,
  hankel: `fn hankel(x: f32, order: f32, isSecond: bool) -> f32 {
  var p = 1.0;
  var q = 0.0;
  var term = 1.0;
  for (var k = 1; k < 24 && abs(term) > 1e-9; k++) {
    let odd = f32(2 * k - 1);
    term *= (4.0 * order - odd * odd) / (8.0 * x * f32(k));
    let signed = select(term, -term, (k & 2) != 0);
    if ((k & 1) != 0) { q += signed; } else { p += signed; }
  }
  let s = sinCos(x, 0);
  let c = sinCos(x, 1);
  let isOne = order == 1.0;
  let cosine = select(c + s, s - c, isOne);
  let sine = select(s - c, -s - c, isOne);
  return select(p * cosine - q * sine, p * sine + q * cosine, isSecond) / sqrtSafe(3.1415927 * x);
}`,
  // Backward recurrence, and Y from Neumann's series.
  miller: `fn miller(x: f32, order: f32, isSecond: bool) -> f32 {
  var above = 0.0;
  var here = 1e-30;
  var norm = 0.0;
  var y0 = 0.0;
  var y1 = 0.0;
  for (var n = 40; n > 0; n--) {
    let k = f32(n / 2);
    let side = select(1.0, -1.0, (n & 2) != 0);
    if ((n & 1) == 0) { norm += 2.0 * here; y0 -= side * here / k; } else if (n > 1) { y1 -= side * here * f32(n) / (k * (k + 1.0)); }
    let below = 2.0 * f32(n) / x * here - above;
    above = here;
    here = below;
  }
  norm += here;
  let j0 = here / norm;
  let j1 = above / norm;
  let isOne = order == 1.0;
  if (!isSecond) { return select(j0, j1, isOne); }
  let log = logSafe(0.5 * x) + ${EULER_GAMMA};
  return 0.63661977 * select(log * j0 + 2.0 * y0 / norm, (log - 1.0) * j1 + y1 / norm - j0 / x, isOne);
}`,
  besselJ: `fn besselJ(x: f32, order: f32) -> f32 {
  if (isNan(x) || isInf(x)) { return nan(); }
  let a = abs(x);
  var y = 0.0;
  if (a > 12.0) { y = hankel(a, order, false); }
  else if (a > 2.0) { y = miller(a, order, false); }
  else { y = select(1.0, 0.5 * a, order == 1.0) * besselSeries(-0.25 * a * a, order); }
  return select(y, -y, order == 1.0 && isNegative(x));
}`,
  besselY: `fn besselY(x: f32, order: f32) -> f32 {
  if (isNan(x) || isInf(x) || x < 0.0) { return nan(); }
  if (!isNonzero(x)) { return -infinity(); }
  if (x > 12.0) { return hankel(x, order, true); }
  if (x > 2.0) { return miller(x, order, true); }
  let z = -0.25 * x * x;
  let log = logSafe(0.5 * x) + ${EULER_GAMMA};
  let regular = 2.0 * log * besselSeries(z, order) - harmonicSeries(z, order);
  return select(regular, 0.5 * x * regular - divide(2.0, x), order == 1.0) * 0.31830989;
}`,
  sphericalJ: `fn sphericalJ(x: f32) -> f32 {
  if (isInf(x)) { return 0.0; }
  if (!isNonzero(x)) { return 1.0; }
  return sinCos(x, 0) / x;
}`,
  airyStep: `fn airyStep(x: f32) -> f32 {
  var at = 0.0;
  var value = 0.355028054;
  var slope = -0.258819404;
  for (var step = 0; step < 12 && at != x; step++) {
    let h = clamp(x - at, -1.0, 1.0);
    var before = 0.0;
    var here = value;
    var after = slope;
    var power = 1.0;
    var total = 0.0;
    var derivative = 0.0;
    for (var n = 0.0; n < 24.0; n += 1.0) {
      total += here * power;
      derivative += (n + 1.0) * after * power;
      let third = (at * here + before) / ((n + 1.0) * (n + 2.0));
      before = here;
      here = after;
      after = third;
      power *= h;
    }
    value = total;
    slope = derivative;
    at += h;
  }
  return value;
}`,
  airySafe: `fn airySafe(x: f32) -> f32 {
  if (isNan(x) || isInf(x)) { return nan(); }
  if (x > -10.0 && x <= 1.0) { return airyStep(x); }
  let a = abs(x);
  if (x > 100.0 || x < -1e20) { return 0.0; }
  let zeta = 0.66666667 * a * sqrtSafe(a);
  if (x > 0.0) { return sqrtSafe(a / 3.0) * 0.31830989 * integralK(zeta, 0.33333333) * expSafe(-zeta); }
  var term = 1.0;
  var p = 1.0;
  var q = 0.0;
  for (var k = 1; k < 20 && abs(term) > 1e-9; k++) {
    let n = f32(k);
    term *= (6.0 * n - 5.0) * (6.0 * n - 3.0) * (6.0 * n - 1.0) / (216.0 * n * (2.0 * n - 1.0) * zeta);
    let signed = select(term, -term, (k & 2) != 0);
    if ((k & 1) != 0) { q += signed; } else { p += signed; }
  }
  let s = sinCos(zeta, 0);
  let c = sinCos(zeta, 1);
  return (p * (c + s) + q * (s - c)) / sqrtSafe(6.2831853 * sqrtSafe(a));
}`,
};

/** Families are numbered as in `assembly/math/special/orthogonal.ts`; degrees beyond 2^24, which no float32 counts, give NaN. */
const polynomials: Readonly<Record<string, string>> = {
  orthogonal: `fn orthogonal(given: f32, degree: f32, code: f32) -> f32 {
  if (isNan(degree) || degree < 1.0 || degree >= 9.2233720e18) { return select(0.0, 1.0, degree > -1.0 && degree < 1.0); }
  if (degree >= 16777216.0) { return nan(); }
  var family = i32(code);
  var x = given;
  if (family >= 8) { family -= 8; x = 2.0 * x - 1.0; }
  var before = 1.0;
  var here = x;
  if (family == 1 || family == 4) { here = 2.0 * x; }
  else if (family == 2) { here = 2.0 * x - 1.0; }
  else if (family == 3) { here = 2.0 * x + 1.0; }
  else if (family == 6) { here = 1.0 - x; }
  let most = trunc(degree);
  // What has no number any more is told by its leading term; what grows is kept small until the end.
  if (isInf(x) && most >= 3.0) { return nan(); }
  if (abs(x) > 1e15 && most >= 3.0) {
    let isOdd = most != 2.0 * floor(0.5 * most);
    return select(infinity(), -infinity(), isOdd && (x < 0.0) != (family == 6));
  }
  var scale = 1.0;
  for (var k = 1.0; k < most && !isNan(here); k += 1.0) {
    if (abs(here) > 1e15) { here *= 1e-20; before *= 1e-20; scale *= 1e20; }
    var after = 2.0 * x * here - before;
    if (family == 4) { after = 2.0 * x * here - 2.0 * k * before; }
    else if (family == 5) { after = x * here - k * before; }
    else if (family == 6) { after = ((2.0 * k + 1.0 - x) * here - k * before) / (k + 1.0); }
    else if (family == 7) { after = ((2.0 * k + 1.0) * x * here - k * before) / (k + 1.0); }
    before = here;
    here = after;
  }
  if (isInf(scale) && isNonzero(here)) { return select(infinity(), -infinity(), here < 0.0); }
  return here * scale;
}`,
};

export const specialFunctions: Readonly<Record<string, string>> = {
  ...elementary,
  ...errorFunctions,
  ...gammaFunctions,
  ...besselFunctions,
  ...polynomials,
};
