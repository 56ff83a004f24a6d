/** Bessel's and Airy's functions, and orthogonal polynomials, in WGSL. */

const EULER_GAMMA = "0.57721566";

export const besselFunctions: Readonly<Record<string, string>> = {
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
export const polynomials: Readonly<Record<string, string>> = {
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
