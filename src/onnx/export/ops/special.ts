/** Functions of one or two tensors that ONNX has no operator for, written by those that it has. */
import { type DType, isFloat, promoteTypes } from "../../../core/dtype";
import type { Args, FormCall, Forms, Lower } from "../form";
import type { Graph } from "../graph";
import type { Value } from "../types";
import { isValue } from "./values";

/** Floats, with makers of numbers and nodes of their dtype. */
class Maths {
  constructor(
    private readonly g: Graph,
    readonly dtype: DType,
  ) {}

  n(value: number): Value {
    return this.g.scalar(value, this.dtype);
  }

  of(type: string, ...inputs: (Value | number)[]): Value {
    return this.g.add(type, this.values(inputs), {}, this.dtype);
  }

  test(type: string, ...inputs: (Value | number)[]): Value {
    return this.g.add(type, this.values(inputs), {}, "bool");
  }

  not(x: Value): Value {
    return this.g.add("Not", [x], {}, "bool");
  }

  where(condition: Value, yes: Value | number, no: Value | number): Value {
    return this.g.add("Where", [condition, ...this.values([yes, no])], {}, this.dtype);
  }

  private values(inputs: readonly (Value | number)[]): Value[] {
    return inputs.map((x) => (typeof x === "number" ? this.n(x) : x));
  }
}

/** A function of floats: of one tensor. */
const one =
  (f: (m: Maths, x: Value, a: Args) => Value): Lower =>
  (g, a, call) => {
    const given: Value = a.input;
    const result = call.out[0]!.dtype;
    const dtype = isFloat(given.dtype) ? given.dtype : isFloat(result) ? result : "float32";
    return f(new Maths(g, dtype), g.cast(given, dtype), a);
  };

/** Two operands in one dtype, of which either may be a number. */
function operands(g: Graph, a: Args, call: FormCall): [m: Maths, x: Value, y: Value] {
  const other = a.other ?? a.values ?? a.exponent;
  const result = call.out[0]!.dtype;
  const dtype = isFloat(result)
    ? result
    : [a.input, other]
        .filter(isValue)
        .map((x) => x.dtype)
        .reduce(promoteTypes);
  const of = (x: Value): Value => (isValue(x) ? g.cast(x, dtype) : g.scalar(x, dtype));
  return [new Maths(g, dtype), of(a.input), of(other)];
}

const two =
  (f: (m: Maths, x: Value, y: Value) => Value): Lower =>
  (g, a, call) =>
    f(...operands(g, a, call));

/** −1 for what has a minus, −0 and −∞ too: 1/−0 is −∞. */
const hasMinus = (m: Maths, x: Value): Value =>
  m.test("Or", m.test("Less", x, 0), m.test("And", m.test("Equal", x, 0), m.test("Less", m.of("Reciprocal", x), 0)));

/** log(exp(x) + exp(y)) as max + log(1 + exp(−|x − y|)); equal infinities are what they are. */
function logAddExp(m: Maths, x: Value, y: Value): Value {
  const rest = m.of("Softplus", m.of("Neg", m.of("Abs", m.of("Sub", x, y))));
  return m.where(m.test("Equal", x, y), m.of("Add", x, Math.LN2), m.of("Add", m.of("Max", x, y), rest));
}

/** x · y, and 0 wherever x is 0 and y no NaN. */
const timesLog = (m: Maths, x: Value, y: Value, log: Value): Value => {
  const isNaught = m.test("And", m.test("Equal", x, 0), m.not(m.test("IsNaN", y)));
  return m.where(isNaught, 0, m.of("Mul", x, log));
};

/** The angle of (x, y): that of y/x, a half turn on where x is below 0. */
function atan2(m: Maths, y: Value, x: Value): Value {
  const near = m.of("Atan", m.of("Div", m.of("Abs", y), m.of("Abs", x)));
  const isAtRest = m.test("And", m.test("Equal", y, 0), m.test("Equal", x, 0));
  const isFar = m.test("And", m.test("Equal", m.of("Abs", x), Infinity), m.test("Equal", m.of("Abs", y), Infinity));
  const first = m.where(isAtRest, 0, m.where(isFar, Math.PI / 4, near));
  const upper = m.where(hasMinus(m, x), m.of("Sub", Math.PI, first), first);
  return m.where(hasMinus(m, y), m.of("Neg", upper), upper);
}

function nanToNum(m: Maths, x: Value, a: Args): Value {
  const most = m.dtype === "float16" ? 65504 : m.dtype === "float64" ? Number.MAX_VALUE : 3.4028234663852886e38;
  const finite = m.where(m.test("IsNaN", x), a.nan ?? 0, x);
  const below = m.where(m.test("Equal", x, -Infinity), a.neginf ?? -most, finite);
  return m.where(m.test("Equal", x, Infinity), a.posinf ?? most, below);
}

const truncated = (m: Maths, x: Value): Value => m.of("Mul", m.of("Sign", x), m.of("Floor", m.of("Abs", x)));

const scaled = (factor: number): Lower => one((m, x) => m.of("Mul", x, factor));

const sgn: Lower = (g, a) => {
  const zero = g.scalar(0, a.input.dtype);
  return a.input.dtype === "bool"
    ? g.add("Identity", [a.input])
    : g.add(
        "Where",
        [g.add("IsNaN", [g.toFloat(a.input)], {}, "bool"), zero, g.add("Sign", [a.input])],
        {},
        a.input.dtype,
      );
};

const logit = one((m, x, a) => {
  const p = a.eps == null ? x : m.of("Min", m.of("Max", x, a.eps), 1 - a.eps);
  return m.of("Log", m.of("Div", p, m.of("Sub", 1, p)));
});

/** A shift of whole numbers by others, as a product or quotient with powers of two. */
const shift =
  (isLeft: boolean): Lower =>
  (g, a, call) => {
    const { dtype } = call.out[0]!;
    const [x, y] = [a.input, a.other].map((v: Value) => (isValue(v) ? g.cast(v, "int64") : g.scalar(v, "int64")));
    const power = g.cast(g.add("Pow", [g.scalar(2, "float64"), g.cast(y!, "float64")]), "int64");
    if (isLeft) return g.cast(g.add("Mul", [x!, power]), dtype);
    const rest = g.add("Mod", [x!, power]);
    return g.cast(g.add("Div", [g.add("Sub", [x!, rest]), power]), dtype);
  };

export const special: Forms = {
  atan2: two(atan2),
  hypot: two((m, x, y) => {
    const most = m.of("Max", m.of("Abs", x), m.of("Abs", y));
    // Divided by 0 or an infinity there would be NaN.
    const isPlain = m.test("And", m.test("Greater", most, 0), m.test("Less", most, Infinity));
    const scale = m.where(isPlain, most, 1);
    const [a, b] = [m.of("Div", x, scale), m.of("Div", y, scale)];
    return m.of("Mul", scale, m.of("Sqrt", m.of("Add", m.of("Mul", a, a), m.of("Mul", b, b))));
  }),
  copysign: two((m, x, y) => m.where(hasMinus(m, y), m.of("Neg", m.of("Abs", x)), m.of("Abs", x))),
  heaviside: two((m, x, y) => m.where(m.test("Equal", x, 0), y, m.where(m.test("Greater", x, 0), 1, 0))),
  logaddexp: two(logAddExp),
  logaddexp2: two((m, x, y) => m.of("Div", logAddExp(m, m.of("Mul", x, Math.LN2), m.of("Mul", y, Math.LN2)), Math.LN2)),
  xlogy: two((m, x, y) => timesLog(m, x, y, m.of("Log", y))),
  xlog1py: two((m, x, y) => timesLog(m, x, y, m.of("Log", m.of("Add", y, 1)))),
  floatPower: (g, a, call) => {
    const [, x, y] = operands(g, a, call);
    return g.cast(g.add("Pow", [x, y]), call.out[0]!.dtype);
  },
  ldexp: two((m, x, y) => m.of("Mul", x, m.of("Pow", 2, y))),
  entr: one((m, x) => {
    const inside = m.of("Neg", m.of("Mul", x, m.of("Log", x)));
    return m.where(
      m.test("IsNaN", x),
      x,
      m.where(m.test("Greater", x, 0), inside, m.where(m.test("Equal", x, 0), 0, -Infinity)),
    );
  }),
  frac: one((m, x) => m.of("Sub", x, truncated(m, x))),
  sinc: one((m, x) => {
    const angle = m.of("Mul", x, Math.PI);
    const isZero = m.test("Equal", x, 0);
    return m.where(isZero, 1, m.of("Div", m.of("Sin", angle), m.where(isZero, 1, angle)));
  }),
  logit,
  nanToNum: (g, a, call) => (isFloat(a.input.dtype) ? one(nanToNum)(g, a, call) : g.add("Identity", [a.input])),
  isposinf: one((m, x) => m.test("Equal", x, Infinity)),
  isneginf: one((m, x) => m.test("Equal", x, -Infinity)),
  signbit: one(hasMinus),
  sgn,
  deg2rad: scaled(Math.PI / 180),
  rad2deg: scaled(180 / Math.PI),
  expit: one((m, x) => m.of("Sigmoid", x)),
  ndtr: one((m, x) => m.of("Mul", 0.5, m.of("Add", 1, m.of("Erf", m.of("Div", x, Math.SQRT2))))),
  bitwiseLeftShift: shift(true),
  bitwiseRightShift: shift(false),
  sigmoidBackward: two((m, grad, y) => m.of("Mul", grad, m.of("Mul", y, m.of("Sub", 1, y)))),
  tanhBackward: two((m, grad, y) => m.of("Mul", grad, m.of("Sub", 1, m.of("Mul", y, y)))),
};
