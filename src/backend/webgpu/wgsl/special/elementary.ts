/** Inverse trigonometric, hyperbolic and other elementary functions in WGSL, which keep infinities and NaN. */

export const elementary: Readonly<Record<string, string>> = {
  // Cephes' atanf, asinf and acosf.
  atanPositive: `fn atanPositive(a: f32) -> f32 {
  var x = a;
  var y = 0.0;
  if (x > 2.4142135) { y = 1.5707964; x = -1.0 / x; } else if (x > 0.41421357) { y = 0.78539816; x = (x - 1.0) / (x + 1.0); }
  let z = x * x;
  return y + ((((0.080537445 * z - 0.13877686) * z + 0.19977711) * z - 0.3333295) * z * x + x);
}`,
  atanSafe: `fn atanSafe(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let y = atanPositive(min(abs(x), 1e30));
  return select(y, -y, isNegative(x));
}`,
  asinSmall: `fn asinSmall(x: f32) -> f32 {
  let z = x * x;
  return ((((0.0421632 * z + 0.02418131105) * z + 0.045470026) * z + 0.074953003) * z + 0.16666752) * z * x + x;
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
  return most + log1pSafe(exp2Safe(min(a, b) - most)) * 1.442695;
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
