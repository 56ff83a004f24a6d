/** Distributions that are sampled by rejection, in WGSL: functions of what is given, which draw from the stream of their element. */

/** An upper bound of loops: a GPU must come to an end, and no honest draw takes so many. */
const MOST = 10000;

export const rejections = {
  // Knuth's products of even numbers, and Hörmann's transformed rejection (PTRS, 1993) for large rates.
  poisson: `fn poisson(rate: f32) -> f32 {
  if (isNan(rate) || rate < 0.0) { return nan(); }
  if (rate == 0.0) { return 0.0; }
  if (rate < 10.0) {
    let limit = expSafe(-rate);
    var product = even();
    var count = 0.0;
    while (product > limit && count < ${MOST}.0) {
      count += 1.0;
      product *= even();
    }
    return count;
  }
  let logRate = logSafe(rate);
  let b = 0.931 + 2.53 * sqrtSafe(rate);
  let a = -0.059 + 0.02483 * b;
  let inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  let accept = 0.9277 - 3.6224 / (b - 2.0);
  for (var attempt = 0; attempt < ${MOST}; attempt++) {
    let u = even() - 0.5;
    let v = even();
    let us = 0.5 - abs(u);
    let k = floor((2.0 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= accept) { return k; }
    if (k < 0.0 || (us < 0.013 && v > us)) { continue; }
    let bound = logSafe(v * inverseAlpha / (a / (us * us) + b));
    if (bound <= logPoisson(k, rate, logRate)) { return k; }
  }
  return floor(rate);
}
fn logPoisson(k: f32, rate: f32, logRate: f32) -> f32 {
  // Near the rate the large terms cancel: they are taken together.
  if (k < 10.0) { return k * logRate - rate - lgammaSafe(k + 1.0); }
  return (k - rate) - k * logSafe(k / rate) - 0.5 * logSafe(6.2831853 * k) - 1.0 / (12.0 * k) + 1.0 / (360.0 * k * k * k);
}`,
  // Geometric waiting times, and Hörmann's BTRS (1993) where many successes are expected.
  binomial: `fn binomial(count: f32, p: f32) -> f32 {
  if (isNan(count) || isNan(p) || count < 0.0 || p < 0.0 || p > 1.0) { return nan(); }
  if (p <= 0.5) { return successes(count, p); }
  return count - successes(count, 1.0 - p);
}
fn successes(count: f32, p: f32) -> f32 {
  if (count == 0.0 || p == 0.0) { return 0.0; }
  if (count * p < 10.0) {
    let scale = log1pSafe(-p);
    var trials = 0.0;
    for (var found = 0; found < ${MOST}; found++) {
      trials += ceil(logSafe(even()) / scale);
      if (trials > count) { return f32(found); }
    }
    return count * p;
  }
  let deviation = sqrtSafe(count * p * (1.0 - p));
  let b = 1.15 + 2.53 * deviation;
  let a = -0.0873 + 0.0248 * b + 0.01 * p;
  let accept = 0.92 - 4.2 / b;
  let alpha = (2.83 + 5.1 / b) * deviation;
  let odds = p / (1.0 - p);
  let m = floor((count + 1.0) * p);
  for (var attempt = 0; attempt < ${MOST}; attempt++) {
    let u = even() - 0.5;
    let v = even();
    let us = 0.5 - abs(u);
    let k = floor((2.0 * a / us + b) * u + count * p + 0.5);
    if (k < 0.0 || k > count) { continue; }
    if (us >= 0.07 && v <= accept) { return k; }
    let ratio = (m + 0.5) * logSafe((m + 1.0) / (odds * (count - m + 1.0)))
      + (count + 1.0) * logSafe((count - m + 1.0) / (count - k + 1.0))
      + (k + 0.5) * logSafe(odds * (count - k + 1.0) / (k + 1.0))
      + (stirlingTail(m) + stirlingTail(count - m) - stirlingTail(k) - stirlingTail(count - k));
    if (logSafe(v * alpha / (a / (us * us) + b)) <= ratio) { return k; }
  }
  return m;
}
fn stirlingTail(k: f32) -> f32 {
  let x = k + 1.0;
  if (k <= 9.0) { return lgammaSafe(x) - (0.9189385 + (k + 0.5) * logSafe(x) - x); }
  let r = 1.0 / (x * x);
  return (0.083333333 - (0.0027777778 - r * 0.00079365079) * r) / x;
}`,
  // Marsaglia and Tsang, A simple method for generating gamma variables, 2000.
  gamma: `fn gamma(given: f32) -> f32 {
  if (isNan(given) || given < 0.0) { return nan(); }
  if (given == 0.0) { return 1.1754944e-38; }
  var shape = given;
  var scale = 1.0;
  if (shape < 1.0) {
    scale = powSafe(even(), 1.0 / shape);
    shape += 1.0;
  }
  let d = shape - 0.33333333;
  let c = 1.0 / sqrtSafe(9.0 * d);
  for (var attempt = 0; attempt < ${MOST}; attempt++) {
    let x = gaussian();
    let y = 1.0 + c * x;
    if (y <= 0.0) { continue; }
    let v = y * y * y;
    let u = even();
    let xx = x * x;
    if (u < 1.0 - 0.0331 * xx * xx || logSafe(u) < 0.5 * xx + d * (1.0 - v + logSafe(v))) {
      return max(1.1754944e-38, scale * d * v);
    }
  }
  return max(1.1754944e-38, scale * d);
}`,
} as const;
