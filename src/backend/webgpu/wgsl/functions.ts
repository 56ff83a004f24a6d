/**
 * Functions that kernels may call by name. WGSL lets a compiler assume that there are neither infinities nor NaN, and its own functions are exact
 * only within a range: these keep both. Predicates look at bits.
 */
import { specialFunctions } from "./special/index";

const functions: Readonly<Record<string, string>> = {
  ...specialFunctions,
  isNan: "fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }",
  isInf: "fn isInf(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u; }",
  isNonzero: "fn isNonzero(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) != 0u; }",
  isNegative: "fn isNegative(x: f32) -> bool { return (bitcast<u32>(x) & 0x80000000u) != 0u; }",
  // Constants of these values are errors: a variable is none.
  nan: "var<private> nanBits: u32 = 0x7fc00000u;\nfn nan() -> f32 { return bitcast<f32>(nanBits); }",
  infinity:
    "var<private> infinityBits: u32 = 0x7f800000u;\nfn infinity() -> f32 { return bitcast<f32>(infinityBits); }",
  // Without branches, since these run for each element of rows: both sides cost less than to part ways.
  maxNan: "fn maxNan(a: f32, b: f32) -> f32 { return select(select(max(a, b), b, isNan(b)), a, isNan(a)); }",
  minNan: "fn minNan(a: f32, b: f32) -> f32 { return select(select(min(a, b), b, isNan(b)), a, isNan(a)); }",
  maxNumber: "fn maxNumber(a: f32, b: f32) -> f32 { return select(select(max(a, b), a, isNan(b)), b, isNan(a)); }",
  minNumber: "fn minNumber(a: f32, b: f32) -> f32 { return select(select(min(a, b), a, isNan(b)), b, isNan(a)); }",
  divide: `fn divide(a: f32, b: f32) -> f32 {
  let signed = select(infinity(), -infinity(), isNegative(a) != isNegative(b));
  let byZero = select(nan(), signed, isNonzero(a));
  return select(byZero, a / b, isNonzero(b) | isNan(a) | isNan(b));
}`,
  // Exact, as C's fmod: a long division of the mantissas, in integers, since floats may lose subnormal numbers.
  modFloat: `fn modFloat(a: f32, b: f32) -> f32 {
  if (isNan(a) || isNan(b) || isInf(a) || !isNonzero(b)) { return nan(); }
  let x = bitcast<u32>(a) & 0x7fffffffu;
  let y = bitcast<u32>(b) & 0x7fffffffu;
  if (x < y) { return a; }
  let ey = max(i32(y >> 23u), 1);
  let my = (y & 0x7fffffu) | select(0u, 0x800000u, y >= 0x800000u);
  var m = ((x & 0x7fffffu) | select(0u, 0x800000u, x >= 0x800000u)) % my;
  for (var e = max(i32(x >> 23u), 1); e > ey && m != 0u; e--) { m = (m << 1u) % my; }
  let sign = bitcast<u32>(a) & 0x80000000u;
  if (m == 0u) { return bitcast<f32>(sign); }
  let shift = min(23 - i32(firstLeadingBit(m)), ey - 1);
  let bits = m << u32(shift);
  return bitcast<f32>(sign | select(bits, bits + (u32(ey - shift - 1) << 23u), bits >= 0x800000u));
}`,
  remainderFloat: `fn remainderFloat(a: f32, b: f32) -> f32 {
  let m = modFloat(a, b);
  return select(m, m + b, isNonzero(m) && isNegative(m) != isNegative(b));
}`,
  // As PyTorch computes it: from the remainder, so that a quotient that is rounded up to an integer does not count.
  floorFloat: `fn floorFloat(a: f32, b: f32) -> f32 {
  if (!isNonzero(b)) { return divide(a, b); }
  let m = modFloat(a, b);
  if (isNan(m)) { return m; }
  var q = (a - m) / b;
  if (isNonzero(m) && isNegative(m) != isNegative(b)) { q -= 1.0; }
  if (!isNonzero(q)) { return bitcast<f32>(select(0u, 0x80000000u, isNegative(a) != isNegative(b))); }
  let whole = floor(q);
  return select(whole, whole + 1.0, q - whole > 0.5);
}`,
  truncFloat: `fn truncFloat(a: f32, b: f32) -> f32 {
  let q = divide(a, b);
  return select(trunc(q), q, isNan(q) || isInf(q));
}`,
  expSafe: `fn expSafe(x: f32) -> f32 {
  let y = select(select(exp(x), 0.0, x < -104.0), infinity(), x > 88.72284);
  return select(y, x, isNan(x));
}`,
  exp2Safe: `fn exp2Safe(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (x >= 128.0) { return infinity(); }
  if (x < -150.0) { return 0.0; }
  return exp2(x);
}`,
  // Cephes' logf: WGSL's own log is exact to 2^-21 only near 1.
  logSafe: `fn logSafe(x: f32) -> f32 {
  if (isNan(x) || x < 0.0) { return nan(); }
  if (!isNonzero(x)) { return -infinity(); }
  if (isInf(x)) { return x; }
  let isSmall = x < 1.1754944e-38;
  let bits = bitcast<u32>(select(x, x * 8388608.0, isSmall));
  var e = f32(i32(bits >> 23u) - select(126, 149, isSmall));
  var m = bitcast<f32>((bits & 0x7fffffu) | 0x3f000000u);
  if (m < 0.70710678) { e -= 1.0; m = m + m - 1.0; } else { m = m - 1.0; }
  return logNear(m) - 2.12194440e-4 * e + 0.693359375 * e;
}`,
  // log(1 + m) for 1 + m between √½ and √2.
  logNear: `fn logNear(m: f32) -> f32 {
  let z = m * m;
  var y = 0.070376836 * m - 0.1151461;
  y = y * m + 0.116769987;
  y = y * m - 0.12420141;
  y = y * m + 0.14249323;
  y = y * m - 0.16668058;
  y = y * m + 0.200007148;
  y = y * m - 0.24999994;
  y = y * m + 0.3333333;
  return m + (y * m * z - 0.5 * z);
}`,
  sqrtSafe: `fn sqrtSafe(x: f32) -> f32 {
  if (isNan(x) || x < 0.0) { return nan(); }
  if (isInf(x) || x == 0.0) { return x; }
  let y = sqrt(x);
  return 0.5 * (y + x / y);
}`,
  log1pSafe: `fn log1pSafe(x: f32) -> f32 {
  if (x > -0.29 && x < 0.41) { return logNear(x); }
  return logSafe(1.0 + x);
}`,
  expm1Safe: `fn expm1Safe(x: f32) -> f32 {
  if (abs(x) < 0.35) {
    return x + x * x * (0.5 + x * (0.16666667 + x * (0.041666668 + x * (0.0083333338 + x * (0.0013888889 + x * 0.0001984127)))));
  }
  return expSafe(x) - 1.0;
}`,
  mulHigh: `fn mulHigh(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u);
}`,
  // Payne and Hanek: of 2/π only the 96 bits count that are not whole turns of a large angle. Gives the quarter and what is left of it.
  reduceLarge: `const TWO_OVER_PI = array<u32, 8>(0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu);
fn piBits(offset: u32, word: u32) -> u32 {
  var table = TWO_OVER_PI;
  let at = (offset >> 5u) + word;
  let shift = offset & 31u;
  if (shift == 0u) { return table[at]; }
  return (table[at] << shift) | (table[at + 1u] >> (32u - shift));
}
fn reduceLarge(x: f32) -> vec2f {
  let bits = bitcast<u32>(x);
  let m = (bits & 0x7fffffu) | 0x800000u;
  let offset = (bits >> 23u) - 150u + 30u;
  let first = piBits(offset, 0u);
  let second = piBits(offset, 1u);
  let middle = m * second + mulHigh(m, piBits(offset, 2u));
  let high = m * first + mulHigh(m, second) + select(0u, 1u, middle < m * second);
  let part = bitcast<i32>((high << 2u) | (middle >> 30u));
  return vec2f(f32(high >> 30u) + select(0.0, 1.0, part < 0), f32(part) * 3.6572918e-10);
}`,
  // Quarter turns are taken off in three parts, so that what is left is exact as long as their number has few bits.
  reduceAngle: `fn reduceAngle(x: f32) -> vec2f {
  if (x > 200.0) { return reduceLarge(x); }
  let k = floor(x * 0.63661977 + 0.5);
  return vec2f(k, ((x - k * 1.5703125) - k * 0.0004837513) - k * 7.5497899e-8);
}`,
  sinCos: `fn sinCos(x: f32, quarter: i32) -> f32 {
  if (isNan(x) || isInf(x)) { return nan(); }
  let reduced = reduceAngle(abs(x)) * select(1.0, -1.0, x < 0.0);
  let r = reduced.y;
  let s = r * r;
  let turn = (i32(reduced.x) + quarter) & 3;
  let sine = r + r * s * (-0.16666655 + s * (0.008332161 - s * 0.00019515296));
  let cosine = 1.0 - 0.5 * s + s * s * (0.041666646 + s * (-0.0013887316 + s * 0.000024433157));
  let y = select(sine, cosine, (turn & 1) == 1);
  return select(y, -y, turn >= 2);
}`,
  tanhSafe: `fn tanhSafe(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let a = abs(x);
  if (a > 9.02) { return sign(x); }
  let s = x * x;
  if (a < 0.3) { return x + x * s * (-0.33333334 + s * (0.13333334 + s * (-0.053968254 + s * 0.021869488))); }
  let t = 1.0 - 2.0 / (exp(2.0 * a) + 1.0);
  return select(t, -t, x < 0.0);
}`,
  sigmoidSafe: `fn sigmoidSafe(x: f32) -> f32 {
  let e = expSafe(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}`,
  softplusSafe: "fn softplusSafe(x: f32) -> f32 { return maxNan(x, 0.0) + log1pSafe(expSafe(-abs(x))); }",
  // 1 − erf x for x ≥ 0, by a Chebyshev fit with a relative error of at most 1.2e-7 (Numerical Recipes, erfcc).
  erfcPositive: `fn erfcPositive(x: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.5 * x);
  let p = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 + t * (0.27886807 +
    t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  return t * expSafe(-x * x + p);
}`,
  erfcSafe: `fn erfcSafe(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let tail = select(erfcPositive(min(abs(x), 20.0)), 0.0, abs(x) > 20.0);
  return select(tail, 2.0 - tail, x < 0.0);
}`,
  erfSafe: `fn erfSafe(x: f32) -> f32 {
  let s = x * x;
  if (s < 0.25) { return x * (1.1283792 + s * (-0.37612638 + s * (0.11283791 + s * (-0.026866171 + s * (0.0052239776 - s * 0.00085483270))))); }
  return 1.0 - erfcSafe(x);
}`,
  // A negative base has real powers only where they are whole, and WGSL's pow has none at all.
  powSafe: `fn powSafe(a: f32, b: f32) -> f32 {
  if (!isNonzero(b) || a == 1.0) { return 1.0; }
  if (isNan(a) || isNan(b)) { return nan(); }
  let whole = b == floor(b);
  let odd = whole && abs(b) < 16777216.0 && (i32(b) & 1) != 0;
  let negative = isNegative(a) && odd;
  let m = abs(a);
  if (isInf(b)) {
    if (m == 1.0) { return 1.0; }
    return select(0.0, infinity(), (m > 1.0) == (b > 0.0));
  }
  if (a < 0.0 && !isInf(a) && !whole) { return nan(); }
  if (m == 0.0 || isInf(a)) {
    let y = select(0.0, infinity(), (m == 0.0) != (b > 0.0));
    return select(y, -y, negative);
  }
  var y = 1.0;
  if (whole && abs(b) <= 64.0) {
    var base = m;
    for (var k = i32(abs(b)); k > 0; k = k >> 1u) {
      if ((k & 1) != 0) { y = y * base; }
      base = base * base;
    }
    if (b < 0.0) { y = divide(1.0, y); }
  } else {
    y = exp2Safe(b * log2(m));
  }
  return select(y, -y, negative);
}`,
  // Exponents that need no logarithm, as on the cpu.
  powConstant: `fn powConstant(x: f32, p: f32) -> f32 {
  if (p == 0.5) { return sqrtSafe(x); }
  if (p == -0.5) { return divide(1.0, sqrtSafe(x)); }
  return powSafe(x, p);
}`,
  roundEven: "fn roundEven(x: f32) -> f32 { if (abs(x) < 8388608.0) { return round(x); } return x; }",
  // What does not fit, NaN included, is the smallest integer, as on x86 processors.
  toInteger: `fn toInteger(x: f32) -> i32 {
  if (isNan(x) || x >= 2147483648.0 || x < -2147483648.0) { return -2147483647i - 1i; }
  return i32(x);
}`,
  divideWhole: `fn divideWhole(a: i32, b: i32) -> i32 {
  if (b == 0i) { return 0i; }
  if (b == -1i) { return 0i - a; }
  return a / b;
}`,
  floorWhole: `fn floorWhole(a: i32, b: i32) -> i32 {
  let q = divideWhole(a, b);
  return select(q, q - 1i, b != 0i && (a < 0i) != (b < 0i) && q * b != a);
}`,
  modWhole: "fn modWhole(a: i32, b: i32) -> i32 { if (b == 0i) { return 0i; } return a - divideWhole(a, b) * b; }",
  // Rounded to the nearest, and to even in the middle; NaN keeps one bit.
  halfBits: `fn halfBits(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let sign = (bits >> 16u) & 0x8000u;
  let m = bits & 0x7fffffffu;
  if (m > 0x7f800000u) { return sign | 0x7e00u; }
  if (m >= 0x477ff000u) { return sign | 0x7c00u; }
  if (m >= 0x38800000u) { return sign | ((m - 0x38000000u + 0xfffu + ((m >> 13u) & 1u)) >> 13u); }
  if (m < 0x33000000u) { return sign; }
  let shift = 126u - (m >> 23u);
  let wide = (m & 0x7fffffu) | 0x800000u;
  let half = (1u << (shift - 1u)) - 1u + ((wide >> shift) & 1u);
  return sign | ((wide + half) >> shift);
}`,
  brainBits: `fn brainBits(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return (bits >> 16u) | 0x40u; }
  return (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;
}`,
};

/** The functions that a text calls, and those that they call, callees first. */
export function functionsFor(text: string): string {
  const found = new Set<string>();
  const visit = (body: string): void => {
    for (const [, name] of body.matchAll(/\b([a-z]\w*)\(/gi)) {
      const source = functions[name!];
      if (source === undefined || found.has(name!)) continue;
      found.add(name!);
      visit(source.slice(source.indexOf("{")));
    }
  };
  visit(text);
  return [...found].map((name) => functions[name]!).join("\n");
}
