/**
 * The elementwise ops in WGSL: one expression each, for floats and for integers, from which kernels for every layout follow. `x` (or `a`, `b`, `c`)
 * stands for the operands, `p` and `q` for the scalars, all in the type of the operands.
 */
import type { Scalar } from "./elements";
import { specialBinary, specialUnary } from "./specialRules";

/** An op: its expression for each type that it is there for. */
export interface Rule {
  readonly f32?: string;
  /** Integers of all sizes and truth values, which are 0 and 1. */
  readonly i32?: string;
  /** The rule for truth values, where it differs from that of integers. */
  readonly bool?: string;
  /** Whether the result is a truth value, 0 or 1. */
  readonly isPredicate?: true;
}

const predicate = (f32: string, i32 = f32): Rule => ({ f32, i32, isPredicate: true });
const float = (f32: string): Rule => ({ f32 });
const both = (f32: string, i32 = f32): Rule => ({ f32, i32 });
/** Rounding leaves integers as they are. */
const rounding = (f32: string): Rule => ({ f32, i32: "x" });

/** y = rule(x; p, q). */
export const unaryRules: Readonly<Record<string, Rule>> = {
  ...specialUnary,
  abs: both("abs(x)"),
  neg: both("-x", "(0i - x)"),
  sign: both("select(sign(x), 0.0, isNan(x))", "sign(x)"),
  square: both("x * x"),
  sqrt: float("sqrtSafe(x)"),
  rsqrt: float("divide(1.0, sqrtSafe(x))"),
  reciprocal: float("divide(1.0, x)"),
  frac: float("x - trunc(x)"),
  ceil: rounding("ceil(x)"),
  floor: rounding("floor(x)"),
  trunc: rounding("trunc(x)"),
  round: rounding("roundEven(x)"),
  clamp: both("minNan(maxNan(x, p), q)", "min(max(x, p), q)"),
  clampMin: both("maxNan(x, p)", "max(x, p)"),
  clampMax: both("minNan(x, p)", "min(x, p)"),
  powScalar: float("powConstant(x, p)"),
  exp: float("expSafe(x)"),
  exp2: float("exp2Safe(x)"),
  expm1: float("expm1Safe(x)"),
  log: float("logSafe(x)"),
  log2: float("logSafe(x) * 1.442695"),
  log10: float("logSafe(x) * 0.4342945"),
  log1p: float("log1pSafe(x)"),
  sin: float("sinCos(x, 0)"),
  cos: float("sinCos(x, 1)"),
  tan: float("sinCos(x, 0) / sinCos(x, 1)"),
  tanh: float("tanhSafe(x)"),
  sigmoid: float("sigmoidSafe(x)"),
  erf: float("erfSafe(x)"),
  erfc: float("erfcSafe(x)"),
  relu: both("select(x, 0.0, x < 0.0)", "max(x, 0i)"),
  leakyRelu: float("select(x * p, x, x > 0.0)"),
  elu: float("q * select(p * expm1Safe(x), x, x > 0.0)"),
  celu: float("select(p * expm1Safe(x / p), x, x > 0.0)"),
  gelu: float("0.5 * x * erfcSafe(-x * 0.70710678)"),
  geluTanh: float("x * sigmoidSafe(x * (1.59576912 + 0.0713548163 * x * x))"),
  silu: float("x * sigmoidSafe(x)"),
  mish: float("x * tanhSafe(softplusSafe(x))"),
  softplus: float("select(softplusSafe(x * p) / p, x, x * p > q)"),
  logSigmoid: float("-softplusSafe(-x)"),
  hardsigmoid: float("minNan(maxNan(x + 3.0, 0.0), 6.0) / 6.0"),
  hardswish: float("x * minNan(maxNan(x + 3.0, 0.0), 6.0) / 6.0"),
  hardshrink: float("select(x, 0.0, abs(x) <= p)"),
  softshrink: float("select(select(0.0, x + p, x < -p), x - p, x > p)"),
  threshold: float("select(x, q, x <= p)"),
  isnan: predicate("isNan(x)", "false"),
  isinf: predicate("isInf(x)", "false"),
  isposinf: predicate("isInf(x) && !isNegative(x)", "false"),
  isneginf: predicate("isInf(x) && isNegative(x)", "false"),
  isfinite: predicate("!(isNan(x) || isInf(x))", "true"),
  signbit: predicate("isNegative(x)", "x < 0i"),
  logicalNot: predicate("!isNonzero(x)", "x == 0i"),
  bitwiseNot: { i32: "~x", bool: "1i - x" },
};

/** y = rule(a, b; p). */
export const binaryRules: Readonly<Record<string, Rule>> = {
  ...specialBinary,
  add: { f32: "a + p * b", i32: "a + p * b", bool: "a | b" },
  sub: both("a - p * b"),
  mul: both("a * b"),
  div: float("divide(a, b)"),
  floorDivide: { f32: "floorFloat(a, b)", i32: "floorWhole(a, b)" },
  truncDivide: { f32: "truncFloat(a, b)", i32: "divideWhole(a, b)" },
  remainder: { f32: "remainderFloat(a, b)", i32: "select(0i, a - floorWhole(a, b) * b, b != 0i)" },
  fmod: { f32: "modFloat(a, b)", i32: "modWhole(a, b)" },
  maximum: both("maxNan(a, b)", "max(a, b)"),
  minimum: both("minNan(a, b)", "min(a, b)"),
  fmax: both("maxNumber(a, b)", "max(a, b)"),
  fmin: both("minNumber(a, b)", "min(a, b)"),
  heaviside: both("select(select(0.0, 1.0, a > 0.0), b, a == 0.0)", "select(select(0i, 1i, a > 0i), b, a == 0i)"),
  pow: float("powSafe(a, b)"),
  gcd: { i32: "divisorWhole(a, b)" },
  lcm: { i32: "multipleWhole(a, b)" },
  leftShift: { i32: "shiftLeft(a, b)" },
  rightShift: { i32: "shiftRight(a, b)" },
  copysign: float("select(abs(a), -abs(a), isNegative(b))"),
  eq: predicate("a == b && !isNan(a) && !isNan(b)", "a == b"),
  ne: predicate("a != b || isNan(a) || isNan(b)", "a != b"),
  lt: predicate("a < b && !isNan(a) && !isNan(b)", "a < b"),
  le: predicate("a <= b && !isNan(a) && !isNan(b)", "a <= b"),
  gt: predicate("a > b && !isNan(a) && !isNan(b)", "a > b"),
  ge: predicate("a >= b && !isNan(a) && !isNan(b)", "a >= b"),
  logicalAnd: predicate("isNonzero(a) && isNonzero(b)", "a != 0i && b != 0i"),
  logicalOr: predicate("isNonzero(a) || isNonzero(b)", "a != 0i || b != 0i"),
  logicalXor: predicate("isNonzero(a) != isNonzero(b)", "(a != 0i) != (b != 0i)"),
  bitwiseAnd: { i32: "a & b" },
  bitwiseOr: { i32: "a | b" },
  bitwiseXor: { i32: "a ^ b" },
  thresholdBackward: float("select(a, 0.0, b <= p && !isNan(b))"),
  insideBackward: float("select(a, 0.0, abs(b) >= p && !isNan(b))"),
  leakyReluBackward: float("select(a * p, a, b > 0.0 && !isNan(b))"),
  hardswishBackward: float("select(select(a, a * (b / 3.0 + 0.5), b < 3.0), 0.0, b < -3.0)"),
  sigmoidBackward: float("a * b * (1.0 - b)"),
  tanhBackward: float("a * (1.0 - b * b)"),
  geluBackward: float("a * (0.5 * erfcSafe(-b * 0.70710678) + b * 0.3989423 * expSafe(-0.5 * b * b))"),
  siluBackward: float("a * sigmoidSafe(b) * (1.0 + b * (1.0 - sigmoidSafe(b)))"),
};

/** y = rule(a, b, c; p). */
export const ternaryRules: Readonly<Record<string, Rule>> = {
  lerp: float("select(b - (b - a) * (1.0 - c), a + c * (b - a), c < 0.5)"),
  addcmul: both("a + p * b * c"),
  addcdiv: float("a + divide(p * b, c)"),
  // a is a truth value whatever the type of the others.
  where: both("select(c, b, a != 0i)"),
};

/** The expression of a rule for operands of a type, or undefined if it has none. */
export function expressionOf(rule: Rule | undefined, type: Scalar, isBool: boolean): string | undefined {
  if (rule === undefined) return undefined;
  const found = type === "f32" ? rule.f32 : isBool ? (rule.bool ?? rule.i32) : rule.i32;
  return found !== undefined && rule.isPredicate ? `select(0i, 1i, ${found})` : found;
}
