/** What each elementwise kernel computes, in plain JavaScript. */

/** Type codes of the kernel ABI, and the arrays that view their elements. */
export const TYPES = {
  float32: { code: 0, View: Float32Array },
  float64: { code: 1, View: Float64Array },
  int64: { code: 2, View: BigInt64Array },
  int32: { code: 3, View: Int32Array },
  int16: { code: 4, View: Int16Array },
  int8: { code: 5, View: Int8Array },
  uint8: { code: 6, View: Uint8Array },
  bool: { code: 7, View: Uint8Array },
} as const;
export type Type = keyof typeof TYPES;
export type Values = InstanceType<(typeof TYPES)[Type]["View"]>;

export const FLOATS: Type[] = ["float32", "float64"];
const INTEGERS: Type[] = ["int64", "int32", "int16", "int8", "uint8"];
export const NUMBERS: Type[] = [...FLOATS, ...INTEGERS];
export const ALL: Type[] = [...NUMBERS, "bool"];
export const isFloat = (type: Type) => type === "float32" || type === "float64";

export interface Options {
  readonly types?: readonly Type[];
  readonly p?: number;
  readonly q?: number;
  readonly bool?: boolean;
  /** Maps uniform floats in [-4, 4) to the op's domain. */
  readonly domain?: (x: number) => number;
}
export type Unary = [string, (x: number) => number, Options?];
export type Binary = [string, (a: number, b: number, type: Type) => number, Options?];

const positive = (x: number) => Math.abs(x) + 0.1;
const roundHalfEven = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const hardsigmoid = (x: number) => Math.min(Math.max(x + 3, 0), 6) / 6;

export const UNARY: Unary[] = [
  ["abs", Math.abs, { types: NUMBERS }],
  ["neg", (x) => -x, { types: NUMBERS }],
  ["sign", Math.sign, { types: NUMBERS }],
  ["square", (x) => x * x, { types: NUMBERS }],
  ["sqrt", Math.sqrt, { domain: positive }],
  ["rsqrt", (x) => 1 / Math.sqrt(x), { domain: positive }],
  ["reciprocal", (x) => 1 / x],
  ["frac", (x) => x - Math.trunc(x)],
  ["ceil", Math.ceil, { types: NUMBERS }],
  ["floor", Math.floor, { types: NUMBERS }],
  ["trunc", Math.trunc, { types: NUMBERS }],
  ["round", roundHalfEven, { types: NUMBERS, domain: (x) => Math.round(2 * x) / 2 }],
  ["exp", Math.exp],
  ["log", Math.log, { domain: positive }],
  ["sinc", (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))],
  ["relu", (x) => Math.max(x, 0), { types: NUMBERS }],
  ["leakyRelu", (x) => (x > 0 ? x : 0.1 * x), { p: 0.1 }],
  ["elu", (x) => 1.5 * (x > 0 ? x : 0.7 * Math.expm1(x)), { p: 0.7, q: 1.5 }],
  ["celu", (x) => (x > 0 ? x : 0.7 * Math.expm1(x / 0.7)), { p: 0.7 }],
  ["silu", (x) => x * sigmoid(x)],
  ["mish", (x) => x * Math.tanh(Math.log1p(Math.exp(x)))],
  ["softplus", (x) => (x * 2 > 3 ? x : Math.log1p(Math.exp(2 * x)) / 2), { p: 2, q: 3 }],
  ["logSigmoid", (x) => Math.log(sigmoid(x))],
  ["geluTanh", (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))],
  ["clamp", (x) => Math.min(Math.max(x, 1), 2), { types: NUMBERS, p: 1, q: 2 }],
  ["clampMin", (x) => Math.max(x, 1), { types: NUMBERS, p: 1 }],
  ["clampMax", (x) => Math.min(x, 1), { types: NUMBERS, p: 1 }],
  ["hardsigmoid", hardsigmoid],
  ["hardswish", (x) => x * hardsigmoid(x)],
  ["hardshrink", (x) => (Math.abs(x) <= 0.5 ? 0 : x), { p: 0.5 }],
  ["softshrink", (x) => (x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : 0), { p: 0.5 }],
  ["threshold", (x) => (x <= 1 ? 9 : x), { types: NUMBERS, p: 1, q: 9 }],
  ...[-2, -1, -0.5, 0.5, 1.7].map((p): Unary => ["powScalar", (x) => x ** p, { p, domain: positive }]),
  ...[0, 1, 2, 3, 5].map((p): Unary => ["powScalar", (x) => x ** p, { types: NUMBERS, p }]),
  ["logicalNot", (x) => Number(x === 0), { types: ALL, bool: true }],
  ["bitwiseNot", (x) => ~x, { types: INTEGERS }],
  ["bitwiseNot", (x) => 1 - x, { types: ["bool"] }],
  ["isnan", () => 0, { types: ALL, bool: true }],
  ["isinf", () => 0, { types: ALL, bool: true }],
  ["isfinite", () => 1, { types: ALL, bool: true }],
  ["signbit", (x) => Number(x < 0), { types: ALL, bool: true }],
];

/** Division of integers by 0 gives 0. */
const orZero = (f: (a: number, b: number) => number) => (a: number, b: number, type: Type) =>
  b === 0 && !isFloat(type) ? 0 : f(a, b);
const remainder = (a: number, b: number) => ((a % b) + b) % b;
const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));
const integerPower = (a: number, b: number) => (b >= 0 ? a ** b : a === 1 ? 1 : a === -1 ? (b % 2 ? -1 : 1) : 0);
const rounded = { types: ALL, bool: true, domain: Math.round };

/** The derivative of x Φ(x), Φ being ½ + φ(x) (x + x³ / 3 + x⁵ / (3 · 5) + …). */
function geluSlope(x: number): number {
  let [term, series] = [x, x];
  for (let n = 1; n < 90; n++) {
    term *= (x * x) / (2 * n + 1);
    series += term;
  }
  return 0.5 + (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * (series + x);
}

export const BINARY: Binary[] = [
  ["add", (a, b) => a + b, { types: NUMBERS, p: 1 }],
  ["add", (a, b) => a + 2 * b, { types: NUMBERS, p: 2 }],
  ["add", (a, b) => a | b, { types: ["bool"], p: 1 }],
  ["sub", (a, b) => a - b, { types: NUMBERS, p: 1 }],
  ["sub", (a, b) => a - 3 * b, { types: NUMBERS, p: 3 }],
  ["mul", (a, b) => a * b, { types: ALL }],
  ["div", (a, b) => a / b],
  ["floorDivide", orZero((a, b) => Math.floor(a / b)), { types: NUMBERS }],
  ["truncDivide", orZero((a, b) => Math.trunc(a / b)), { types: ["float64", ...INTEGERS] }],
  ["remainder", orZero(remainder), { types: NUMBERS }],
  ["fmod", orZero((a, b) => a % b), { types: NUMBERS }],
  ["maximum", (a, b) => Math.max(a, b), { types: ALL }],
  ["minimum", (a, b) => Math.min(a, b), { types: ALL }],
  ["fmax", (a, b) => Math.max(a, b), { types: NUMBERS }],
  ["fmin", (a, b) => Math.min(a, b), { types: NUMBERS }],
  ["heaviside", (a, b) => (a === 0 ? b : Number(a > 0)), { types: ALL, domain: Math.round }],
  ["pow", (a, b) => a ** b, { domain: positive }],
  ["pow", integerPower, { types: INTEGERS }],
  ["hypot", (a, b) => Math.hypot(a, b)],
  ["copysign", (a, b) => (b < 0 ? -Math.abs(a) : Math.abs(a))],
  ["logaddexp", (a, b) => Math.log(Math.exp(a) + Math.exp(b))],
  ["logaddexp2", (a, b) => Math.log2(2 ** a + 2 ** b)],
  ["xlogy", (a, b) => a * Math.log(b), { domain: positive }],
  ["xlog1py", (a, b) => a * Math.log1p(b), { domain: positive }],
  ["bitwiseAnd", (a, b) => a & b, { types: [...INTEGERS, "bool"] }],
  ["bitwiseOr", (a, b) => a | b, { types: [...INTEGERS, "bool"] }],
  ["bitwiseXor", (a, b) => a ^ b, { types: [...INTEGERS, "bool"] }],
  ["leftShift", (a, b) => (b < 0 ? 0 : a * 2 ** b), { types: INTEGERS }],
  ["rightShift", (a, b) => (b < 0 ? Math.min(Math.sign(a), 0) : Math.floor(a / 2 ** b)), { types: INTEGERS }],
  ["gcd", gcd, { types: INTEGERS }],
  ["lcm", (a, b) => (a && b ? Math.abs((a / gcd(a, b)) * b) : 0), { types: INTEGERS }],
  ["thresholdBackward", (g, x) => (x > 0.5 ? g : 0), { p: 0.5 }],
  ["insideBackward", (g, x) => (Math.abs(x) < 0.75 ? g : 0), { p: 0.75 }],
  ["leakyReluBackward", (g, x) => (x > 0 ? g : 0.25 * g), { p: 0.25 }],
  ["hardswishBackward", (g, x) => g * (x < -3 ? 0 : x > 3 ? 1 : x / 3 + 0.5)],
  ["sigmoidBackward", (g, y) => g * y * (1 - y)],
  ["tanhBackward", (g, y) => g * (1 - y * y)],
  ["geluBackward", (g, x) => g * geluSlope(x)],
  ["siluBackward", (g, x) => g * sigmoid(x) * (1 + x * (1 - sigmoid(x)))],
  ["eq", (a, b) => Number(a === b), rounded],
  ["ne", (a, b) => Number(a !== b), rounded],
  ["lt", (a, b) => Number(a < b), rounded],
  ["le", (a, b) => Number(a <= b), rounded],
  ["gt", (a, b) => Number(a > b), rounded],
  ["ge", (a, b) => Number(a >= b), rounded],
  ["logicalAnd", (a, b) => Number(a !== 0 && b !== 0), rounded],
  ["logicalOr", (a, b) => Number(a !== 0 || b !== 0), rounded],
  ["logicalXor", (a, b) => Number((a !== 0) !== (b !== 0)), rounded],
];

export const TERNARY: [string, (a: number, b: number, c: number) => number, readonly Type[]][] = [
  ["lerp", (a, b, w) => a + w * (b - a), FLOATS],
  ["addcmul", (a, b, c) => a + 2 * b * c, NUMBERS],
  ["addcdiv", (a, b, c) => a + (2 * b) / c, FLOATS],
];
