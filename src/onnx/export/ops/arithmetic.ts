/** Arithmetic, comparison and logic of two operands that broadcast; products of matrices. */
import { type DType, isFloat, promoteTypes } from "../../../core/dtype";
import type { Args, FormCall, Forms, Lower } from "../form";
import { float, type Graph } from "../graph";
import type { Value } from "../types";
import { type Size, Sym } from "../types";
import { isValue } from "./values";

/** The dtype in which two operands meet. */
function common(a: unknown, b: unknown): DType {
  const types = [a, b].filter(isValue);
  const tensors = types.filter((x) => x.shape.length > 0);
  // A 0-d tensor counts only where its kind is a higher one.
  const pick = tensors.length === 1 && types.length === 2 && isFloat(tensors[0]!.dtype) ? tensors : types;
  const dtype = pick.map((x) => x.dtype).reduce(promoteTypes);
  const other = [a, b].find((x) => !isValue(x));
  if (typeof other === "number" && !Number.isInteger(other) && !isFloat(dtype)) return "float32";
  return dtype === "bool" && typeof other === "number" ? "int64" : dtype;
}

const operand = (g: Graph, x: any, dtype: DType): Value => (isValue(x) ? g.cast(x, dtype) : g.scalar(x, dtype));

const pair = (g: Graph, a: Args, dtype: DType): Value[] => [operand(g, a.input, dtype), operand(g, a.other, dtype)];

const comparison =
  (type: string, negate = false): Lower =>
  (g, a) => {
    const result = g.add(type, pair(g, a, common(a.input, a.other)), {}, "bool");
    return negate ? g.add("Not", [result]) : result;
  };

const logic =
  (type: string): Lower =>
  (g, a) =>
    g.add(type, pair(g, a, "bool"), {}, "bool");

/** add and sub: with a factor, and for truth values as or. */
const scaled =
  (type: string): Lower =>
  (g, a, call) => {
    const { dtype } = call.out[0]!;
    let [x, y] = pair(g, a, dtype) as [Value, Value];
    if (dtype === "bool") return g.add("Or", [x, y]);
    const alpha = a.alpha ?? 1;
    if (alpha !== 1) y = g.add("Mul", [y, g.scalar(alpha, dtype)]);
    return g.add(type, [x, y]);
  };

const rounded = (g: Graph, quotient: Value, mode: string | null | undefined): Value => {
  if (mode === "floor") return g.add("Floor", [quotient]);
  if (mode === "trunc") return g.add("Mul", [g.add("Sign", [quotient]), g.add("Floor", [g.add("Abs", [quotient])])]);
  return quotient;
};

/** Whole numbers divided: ONNX's Div rounds to zero. */
function integerDiv(g: Graph, x: Value, y: Value, mode: string): Value {
  const quotient = g.add("Div", [x, y]);
  if (mode !== "floor") return quotient;
  const rest = g.add("Sub", [x, g.add("Mul", [quotient, y])]);
  const zero = g.scalar(0, x.dtype);
  const isNegative = (v: Value): Value => g.add("Less", [v, zero], {}, "bool");
  const differ = g.add("Xor", [isNegative(rest), isNegative(y)]);
  const hasRest = g.add("Not", [g.add("Equal", [rest, zero], {}, "bool")]);
  return g.add("Sub", [quotient, g.cast(g.add("And", [differ, hasRest]), x.dtype)]);
}

function div(g: Graph, a: Args, call: FormCall, mode: string | null | undefined): Value {
  const { dtype } = call.out[0]!;
  const [x, y] = pair(g, a, dtype) as [Value, Value];
  return isFloat(dtype) ? rounded(g, g.add("Div", [x, y]), mode) : integerDiv(g, x, y, mode ?? "trunc");
}

function pow(g: Graph, a: Args, call: FormCall): Value {
  const { dtype } = call.out[0]!;
  return g.add("Pow", [operand(g, a.input, dtype), operand(g, a.exponent ?? a.other, dtype)]);
}

/** The remainder with the sign of the divisor. */
function remainder(g: Graph, a: Args, call: FormCall): Value {
  const { dtype } = call.out[0]!;
  const [x, y] = pair(g, a, dtype) as [Value, Value];
  if (!isFloat(dtype)) return g.add("Mod", [x, y]);
  return g.add("Sub", [x, g.add("Mul", [g.add("Floor", [g.add("Div", [x, y])]), y])]);
}

const where: Lower = (g, a, call) => {
  const { dtype } = call.out[0]!;
  return g.add(
    "Where",
    [g.cast(a.condition, "bool"), operand(g, a.input, dtype), operand(g, a.other, dtype)],
    {},
    dtype,
  );
};

function linear(g: Graph, a: Args): Value {
  const { input, weight, bias } = a;
  if (input.shape.length === 2 && weight.shape.length === 2) return g.add("Gemm", [input, weight, bias], { transB: 1 });
  const turned = weight.shape.length === 2 ? g.transpose(weight, [1, 0]) : weight;
  const product = g.add("MatMul", [input, turned]);
  return bias ? g.add("Add", [product, bias]) : product;
}

const matmul =
  (left: string, right: string): Lower =>
  (g, a, call) => {
    const { dtype } = call.out[0]!;
    return g.add("MatMul", [g.cast(a[left], dtype), g.cast(a[right], dtype)]);
  };

/** beta · input + alpha · (product). */
const added =
  (left: string, right: string): Lower =>
  (g, a, call) => {
    const { dtype } = call.out[0]!;
    const [alpha, beta] = [a.alpha ?? 1, a.beta ?? 1];
    if (call.op.startsWith("addmm") && isFloat(dtype))
      return g.add("Gemm", [a[left], a[right], a.input], { alpha: float(alpha), beta: float(beta) });
    const scale = (x: Value, n: number): Value => (n === 1 ? x : g.add("Mul", [x, g.scalar(n, dtype)]));
    return g.add("Add", [scale(a.input, beta), scale(g.add("MatMul", [a[left], a[right]]), alpha)]);
  };

const extreme =
  (type: string): Lower =>
  (g, a, call) =>
    g.add(type, pair(g, a, call.out[0]!.dtype));

const bitwise =
  (type: string, logical: string): Lower =>
  (g, a, call) => {
    const { dtype } = call.out[0]!;
    if (dtype === "bool") return g.add(logical, pair(g, a, dtype));
    if (g.opset < 18) throw g.refuse(`of whole numbers needs opset 18 or above, got ${g.opset}`);
    return g.add(type, pair(g, a, dtype));
  };

export const arithmetic: Forms = {
  add: scaled("Add"),
  sub: scaled("Sub"),
  rsub: (g, a, call) => {
    const { dtype } = call.out[0]!;
    const [x, y] = pair(g, a, dtype) as [Value, Value];
    const alpha = a.alpha ?? 1;
    return g.add("Sub", [y, alpha === 1 ? x : g.add("Mul", [x, g.scalar(alpha, dtype)])]);
  },
  mul: (g, a, call) => g.add(call.out[0]!.dtype === "bool" ? "And" : "Mul", pair(g, a, call.out[0]!.dtype)),
  div: (g, a, call) => div(g, a, call, a.roundingMode),
  floorDivide: (g, a, call) => div(g, a, call, "floor"),
  pow,
  remainder,
  fmod: (g, a, call) => g.add("Mod", pair(g, a, call.out[0]!.dtype), { fmod: 1 }),
  maximum: extreme("Max"),
  minimum: extreme("Min"),
  fmax: extreme("Max"),
  fmin: extreme("Min"),
  eq: comparison("Equal"),
  ne: comparison("Equal", true),
  gt: comparison("Greater"),
  ge: comparison("GreaterOrEqual"),
  lt: comparison("Less"),
  le: comparison("LessOrEqual"),
  logicalAnd: logic("And"),
  logicalOr: logic("Or"),
  logicalXor: logic("Xor"),
  logicalNot: (g, a) => g.add("Not", [g.cast(a.input, "bool")], {}, "bool"),
  bitwiseAnd: bitwise("BitwiseAnd", "And"),
  bitwiseOr: bitwise("BitwiseOr", "Or"),
  bitwiseXor: bitwise("BitwiseXor", "Xor"),
  bitwiseNot: (g, a) => {
    if (a.input.dtype === "bool") return g.add("Not", [a.input]);
    return g.add("Sub", [g.add("Neg", [a.input]), g.scalar(1, a.input.dtype)]);
  },
  where: { when: (a) => a.input !== undefined && a.other !== undefined, lower: where },
  maskedFill: (g, a) =>
    g.add("Where", [g.cast(a.mask, "bool"), operand(g, a.value, a.input.dtype), a.input], {}, a.input.dtype),
  lerp: (g, a) => {
    const step = g.add("Mul", [g.add("Sub", [a.end, a.input]), operand(g, a.weight, a.input.dtype)]);
    return g.add("Add", [a.input, step]);
  },
  addcmul: (g, a, call) => addc(g, a, call, "Mul"),
  addcdiv: (g, a, call) => addc(g, a, call, "Div"),
  linear,
  matmul: matmul("input", "other"),
  mm: matmul("input", "mat2"),
  bmm: matmul("input", "mat2"),
  mv: matmul("input", "vec"),
  dot: matmul("input", "other"),
  addmm: added("mat1", "mat2"),
  baddbmm: added("batch1", "batch2"),
  addmv: added("mat", "vec"),
  outer: (g, a, call) => {
    const { dtype } = call.out[0]!;
    return g.add("Mul", [g.unsqueeze(g.cast(a.input, dtype), [1]), g.unsqueeze(g.cast(a.vec2, dtype), [0])]);
  },
  einsum: {
    prepare: (a) => (Array.isArray(a.operands?.[0]) ? { ...a, operands: a.operands[0] } : a),
    when: (a) => typeof a.equation === "string",
    lower: (g, a, call) =>
      g.add(
        "Einsum",
        a.operands.map((x: Value) => g.cast(x, call.out[0]!.dtype)),
        { equation: a.equation.replaceAll(" ", "") } as never,
      ),
  },
  bilinear: (g, a) => {
    // out[…, o] = Σ x1[…, i] W[o, i, j] x2[…, j]
    const product = g.add("Einsum", [a.input1, a.weight, a.input2], { equation: "...i,oij,...j->...o" });
    return a.bias ? g.add("Add", [product, a.bias]) : product;
  },
};

function addc(g: Graph, a: Args, call: FormCall, type: string): Value {
  const { dtype } = call.out[0]!;
  const value: Size = a.value ?? 1;
  const part = g.add(type, [g.cast(a.tensor1, dtype), g.cast(a.tensor2, dtype)]);
  const isOne = !(value instanceof Sym) && value === 1;
  return g.add("Add", [g.cast(a.input, dtype), isOne ? part : g.add("Mul", [part, g.scalar(value, dtype)])]);
}
