/** Elementwise functions of one tensor, and activations. */
import { isFloat } from "../../../core/dtype";
import type { Args, Forms, Lower } from "../form";
import { float, type Graph } from "../graph";
import type { Value } from "../types";

/** A function of floats: whole numbers become floats before it. */
const plain =
  (type: string): Lower =>
  (g, a, call) =>
    g.add(type, [g.cast(a.input, call.out[0]!.dtype)]);

/** A function that keeps the dtype; it is the identity of whole numbers if `isRounding`. */
const keeping =
  (type: string, isRounding = false): Lower =>
  (g, a) =>
    isRounding && !isFloat(a.input.dtype) ? g.add("Identity", [a.input]) : g.add(type, [a.input]);

const num = (g: Graph, like: Value, x: any): Value => g.scalar(x, like.dtype);

/** The input as floats, and a maker of numbers of its dtype. */
const floating = (g: Graph, a: Args): [x: Value, n: (value: number) => Value] => {
  const x = g.toFloat(a.input);
  return [x, (value) => num(g, x, value)];
};

const identity: Lower = (g, a) => g.add("Identity", [a.input]);

function gelu(g: Graph, a: Args): Value {
  const [x, n] = floating(g, a);
  if (g.opset >= 20) return g.add("Gelu", [x], { approximate: a.approximate ?? "none" });
  if (a.approximate === "tanh") {
    const cubic = g.add("Mul", [g.add("Mul", [g.add("Mul", [x, x]), x]), n(0.044715)]);
    const inner = g.add("Tanh", [g.add("Mul", [g.add("Add", [x, cubic]), n(Math.sqrt(2 / Math.PI))])]);
    return g.add("Mul", [g.add("Mul", [x, n(0.5)]), g.add("Add", [inner, n(1)])]);
  }
  const erf = g.add("Erf", [g.add("Div", [x, n(Math.SQRT2)])]);
  return g.add("Mul", [g.add("Mul", [x, g.add("Add", [erf, n(1)])]), n(0.5)]);
}

/** min(max(x, low), high). ONNX's Clip wants numbers of the same dtype. */
function clamp(g: Graph, x: Value, low: unknown, high: unknown): Value {
  const bound = (value: any): Value | null =>
    value == null ? null : typeof value === "object" && "name" in value ? g.cast(value, x.dtype) : num(g, x, value);
  const bounds = [bound(low), bound(high)];
  if ([low, high].every((value) => typeof value !== "object" || value === null)) return g.add("Clip", [x, ...bounds]);
  const lower = bounds[0] ? g.add("Max", [x, bounds[0]]) : x;
  return bounds[1] ? g.add("Min", [lower, bounds[1]]) : lower;
}

const hardsigmoid = (g: Graph, x: Value): Value => g.add("HardSigmoid", [x], { alpha: float(1 / 6), beta: float(0.5) });

const dropout: Lower = (g, a, call) => {
  const training = a.training ?? a.train ?? true;
  const p = a.p ?? 0.5;
  if (!training || p === 0) return g.add("Identity", [a.input]);
  if (call.op.startsWith("dropout") && !/[123]d/.test(call.op))
    return g.add("Dropout", [a.input, g.constant([p], "float32", []), g.constant([1], "bool", [])]);
  throw g.refuse("draws random numbers; export the model in evaluation mode");
};

const sharply: Lower = (g, a) => {
  const [x, n] = floating(g, a);
  const shifted = (bias: number, type: string): Value => g.add(type, [x, n(bias)], {}, "bool");
  const lambd = a.lambd ?? 0.5;
  const kept = g.add("Or", [shifted(lambd, "Greater"), shifted(-lambd, "Less")], {}, "bool");
  return g.add("Where", [kept, x, n(0)], {}, x.dtype);
};

export const elementwise: Forms = {
  abs: keeping("Abs"),
  neg: keeping("Neg"),
  sign: keeping("Sign"),
  ceil: keeping("Ceil", true),
  floor: keeping("Floor", true),
  round: (g, a) => {
    if (!isFloat(a.input.dtype)) return identity(g, a, undefined as never);
    const decimals = a.decimals ?? 0;
    if (decimals === 0) return g.add("Round", [a.input]);
    const scale = num(g, a.input, 10 ** Math.abs(decimals));
    const [there, back] = decimals > 0 ? ["Mul", "Div"] : ["Div", "Mul"];
    return g.add(back!, [g.add("Round", [g.add(there!, [a.input, scale])]), scale]);
  },
  trunc: (g, a) => {
    if (!isFloat(a.input.dtype)) return g.add("Identity", [a.input]);
    return g.add("Mul", [g.add("Sign", [a.input]), g.add("Floor", [g.add("Abs", [a.input])])]);
  },
  acos: plain("Acos"),
  acosh: plain("Acosh"),
  asin: plain("Asin"),
  asinh: plain("Asinh"),
  atan: plain("Atan"),
  atanh: plain("Atanh"),
  cos: plain("Cos"),
  cosh: plain("Cosh"),
  sin: plain("Sin"),
  sinh: plain("Sinh"),
  tan: plain("Tan"),
  tanh: plain("Tanh"),
  exp: plain("Exp"),
  log: plain("Log"),
  sqrt: plain("Sqrt"),
  erf: plain("Erf"),
  sigmoid: plain("Sigmoid"),
  softsign: plain("Softsign"),
  reciprocal: plain("Reciprocal"),
  rsqrt: (g, a, call) => g.add("Reciprocal", [g.add("Sqrt", [g.cast(a.input, call.out[0]!.dtype)])]),
  exp2: (g, a) => {
    const [x, n] = floating(g, a);
    return g.add("Pow", [n(2), x]);
  },
  expm1: (g, a) => {
    const [x, n] = floating(g, a);
    return g.add("Sub", [g.add("Exp", [x]), n(1)]);
  },
  log1p: (g, a) => {
    const [x, n] = floating(g, a);
    return g.add("Log", [g.add("Add", [x, n(1)])]);
  },
  log2: (g, a) => {
    const [x, n] = floating(g, a);
    return g.add("Div", [g.add("Log", [x]), n(Math.LN2)]);
  },
  log10: (g, a) => {
    const [x, n] = floating(g, a);
    return g.add("Div", [g.add("Log", [x]), n(Math.LN10)]);
  },
  erfc: (g, a) => {
    const [x, n] = floating(g, a);
    return g.add("Sub", [n(1), g.add("Erf", [x])]);
  },
  square: (g, a) => g.add("Mul", [a.input, a.input]),
  relu: keeping("Relu"),
  relu6: (g, a) => clamp(g, a.input, 0, 6),
  elu: (g, a) => g.add("Elu", [a.input], { alpha: float(a.alpha ?? 1) }),
  selu: (g, a) => g.add("Selu", [a.input], { alpha: float(1.6732632423543772), gamma: float(1.0507009873554805) }),
  celu: (g, a) => g.add("Celu", [a.input], { alpha: float(a.alpha ?? 1) }),
  leakyRelu: (g, a) => g.add("LeakyRelu", [a.input], { alpha: float(a.negativeSlope ?? 0.01) }),
  rrelu: {
    when: (a) => !a.training,
    lower: (g, a) => g.add("LeakyRelu", [a.input], { alpha: float(((a.lower ?? 1 / 8) + (a.upper ?? 1 / 3)) / 2) }),
  },
  prelu: (g, a) => {
    const { length } = a.weight.shape;
    const many = length === 1 && a.weight.shape[0] !== 1 && a.input.shape.length > 2;
    const shape = [a.weight.shape[0], ...new Array(Math.max(0, a.input.shape.length - 2)).fill(1)];
    return g.add("PRelu", [a.input, many ? g.reshape(a.weight, shape) : a.weight]);
  },
  gelu,
  silu: (g, a) => g.add("Mul", [a.input, g.add("Sigmoid", [a.input])]),
  mish: (g, a) => {
    if (g.opset >= 18) return g.add("Mish", [a.input]);
    return g.add("Mul", [a.input, g.add("Tanh", [g.add("Softplus", [a.input])])]);
  },
  softplus: (g, a) => {
    const beta = a.beta ?? 1;
    const x = beta === 1 ? a.input : g.add("Mul", [a.input, num(g, a.input, beta)]);
    const soft = g.add("Softplus", [x]);
    const y = beta === 1 ? soft : g.add("Div", [soft, num(g, a.input, beta)]);
    const above = g.add("Greater", [x, num(g, a.input, a.threshold ?? 20)], {}, "bool");
    return g.add("Where", [above, a.input, y], {}, a.input.dtype);
  },
  logSigmoid: (g, a) => g.add("Neg", [g.add("Softplus", [g.add("Neg", [a.input])])]),
  hardsigmoid: (g, a) => hardsigmoid(g, a.input),
  hardswish: (g, a) => g.add("Mul", [a.input, hardsigmoid(g, a.input)]),
  hardtanh: (g, a) => clamp(g, a.input, a.minVal ?? -1, a.maxVal ?? 1),
  hardshrink: sharply,
  softshrink: (g, a) => g.add("Shrink", [a.input], { lambd: float(a.lambd ?? 0.5), bias: float(a.lambd ?? 0.5) }),
  tanhshrink: (g, a) => g.add("Sub", [a.input, g.add("Tanh", [a.input])]),
  threshold: (g, a) => {
    const above = g.add("Greater", [a.input, num(g, a.input, a.threshold)], {}, "bool");
    return g.add("Where", [above, a.input, num(g, a.input, a.value)], {}, a.input.dtype);
  },
  clamp: (g, a, call) => clamp(g, g.cast(a.input, call.out[0]!.dtype), a.min, a.max),
  clampMin: (g, a, call) => clamp(g, g.cast(a.input, call.out[0]!.dtype), a.min, null),
  clampMax: (g, a, call) => clamp(g, g.cast(a.input, call.out[0]!.dtype), null, a.max),
  isnan: (g, a) => g.add("IsNaN", [g.toFloat(a.input)], {}, "bool"),
  isinf: (g, a) => g.add("IsInf", [g.toFloat(a.input)], {}, "bool"),
  isfinite: (g, a) => {
    const x = g.toFloat(a.input);
    const either = g.add("Or", [g.add("IsInf", [x], {}, "bool"), g.add("IsNaN", [x], {}, "bool")]);
    return g.add("Not", [either]);
  },
  softmax: (g, a, call) => g.add("Softmax", [g.cast(a.input, call.out[0]!.dtype)], { axis: a.dim ?? -1 }),
  logSoftmax: (g, a, call) => g.add("LogSoftmax", [g.cast(a.input, call.out[0]!.dtype)], { axis: a.dim ?? -1 }),
  softmin: (g, a) => g.add("Softmax", [g.add("Neg", [a.input])], { axis: a.dim ?? -1 }),
  glu: (g, a) => {
    const [x, gate] = g.nodeOf("Split", [a.input], [a.input.dtype, a.input.dtype], {
      axis: a.dim ?? -1,
      num_outputs: g.opset >= 18 ? 2 : undefined,
    }) as [Value, Value];
    return g.add("Mul", [x, g.add("Sigmoid", [gate])]);
  },
  dropout,
  dropout1d: dropout,
  dropout2d: dropout,
  dropout3d: dropout,
  alphaDropout: dropout,
  featureAlphaDropout: dropout,
  featureDropout: dropout,
  stochasticDepth: dropout,
  detach: identity,
  clone: identity,
  contiguous: identity,
  alias: identity,
  cpu: identity,
  to: (g, a, call) => g.cast(a.input, call.out[0]!.dtype),
  typeAs: (g, a, call) => g.cast(a.input, call.out[0]!.dtype),
  ...Object.fromEntries(
    ["float", "double", "half", "bfloat16", "int", "long", "short", "byte", "char", "bool"].map((name) => [
      name,
      (g: Graph, a: Args, call: any) => g.cast(a.input ?? a.self, call.out[0].dtype),
    ]),
  ),
};
