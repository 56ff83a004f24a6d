/**
 * What each elementwise op is on four f32 lanes, operation by operation as in `assembly/elementwise/`, so that fused kernels give the same bits. An op that
 * is not here has a kernel of its own only. Truth values are lanes of all ones or zeros.
 */
import { Simd } from "./encoder";

/** Writes the instructions of a kernel. A vector is the number of its local. */
export interface Lanes {
  /** A vector computed by an instruction. */
  simd(code: number, ...operands: readonly number[]): number;
  /** A vector computed by a function of the kernels. */
  call(name: string, ...operands: readonly number[]): number;
  /** A number in all lanes. */
  number(value: number): number;
  /** a · b + c, rounded once on the level that can. */
  fma(a: number, b: number, c: number): number;
}

/** The result of an op on its operands and parameters, all of them vectors. */
export type Formula = (k: Lanes, x: readonly number[], p: number, q: number) => number;

interface Entry {
  readonly formula: Formula;
  /** Roughly what it takes, in instructions on vectors. */
  readonly cost: number;
  /** Whether the result, or the operands, are truth values. Operands: those at these positions. */
  readonly gives?: "bool";
  readonly takesBool?: readonly number[];
}

const simd =
  (code: number): Formula =>
  (k, x) =>
    k.simd(code, ...x);
const call =
  (name: string): Formula =>
  (k, x) =>
    k.call(name, ...x);
const cheap = (formula: Formula): Entry => ({ formula, cost: 1 });
const costly = (formula: Formula, cost = 20): Entry => ({ formula, cost });
const test = (code: number): Entry => ({ formula: simd(code), cost: 1, gives: "bool" });
const logic = (code: number, operands: readonly number[] = [0, 1]): Entry => ({
  formula: simd(code),
  cost: 1,
  gives: "bool",
  takesBool: operands,
});

const select = (k: Lanes, mask: number, a: number, b: number): number => k.simd(Simd.bitselect, a, b, mask);
const positive = (k: Lanes, x: number): number => k.simd(Simd.gt, x, k.number(0));
const ramp6 = (k: Lanes, x: number): number =>
  k.simd(Simd.pmin, k.simd(Simd.pmax, k.simd(Simd.add, x, k.number(3)), k.number(0)), k.number(6));
/** log(1 + e^−|x|). */
const softTail = (k: Lanes, x: number): number =>
  k.call("laneLog1p", k.call("laneExp", k.simd(Simd.neg, k.simd(Simd.abs, x))));

function lerp(k: Lanes, [a, b, w]: readonly number[]): number {
  const d = k.simd(Simd.sub, b!, a!);
  const fromA = k.simd(Simd.add, a!, k.simd(Simd.mul, w!, d));
  const fromB = k.simd(Simd.sub, b!, k.simd(Simd.mul, d, k.simd(Simd.sub, k.number(1), w!)));
  return select(k, k.simd(Simd.lt, w!, k.number(0.5)), fromA, fromB);
}

function softplus(k: Lanes, x: number, p: number, q: number): number {
  const z = k.simd(Simd.mul, x, p);
  const y = k.simd(Simd.div, k.call("laneLog1p", k.call("laneExp", z)), p);
  return select(k, k.simd(Simd.gt, z, q), x, y);
}

function siluBackward(k: Lanes, g: number, x: number): number {
  const s = k.call("laneSigmoid", x);
  return k.simd(Simd.mul, k.simd(Simd.mul, g, s), k.fma(x, k.simd(Simd.sub, k.number(1), s), k.number(1)));
}

function hardswishBackward(k: Lanes, g: number, x: number): number {
  const three = k.number(3);
  const slope = k.simd(Simd.add, k.simd(Simd.div, x, three), k.number(0.5));
  const inside = select(k, k.simd(Simd.lt, x, three), k.simd(Simd.mul, g, slope), g);
  return k.simd(Simd.andnot, inside, k.simd(Simd.lt, x, k.number(-3)));
}

function mish(k: Lanes, x: number): number {
  const e = k.call("laneExp", k.simd(Simd.pmin, x, k.number(20)));
  const n = k.simd(Simd.mul, e, k.simd(Simd.add, e, k.number(2)));
  return k.simd(Simd.mul, x, k.simd(Simd.div, n, k.simd(Simd.add, n, k.number(2))));
}

/** By the names of kernels; comparisons give truth values, and those that end in `Bool` take them. */
export const formulas: Readonly<Record<string, Entry>> = {
  abs: cheap(simd(Simd.abs)),
  neg: cheap(simd(Simd.neg)),
  sign: cheap((k, [x]) => {
    const [zero, one] = [k.number(0), k.number(1)];
    const negative = k.simd(Simd.and, k.simd(Simd.lt, x!, zero), one);
    return k.simd(Simd.sub, k.simd(Simd.and, k.simd(Simd.gt, x!, zero), one), negative);
  }),
  square: cheap((k, [x]) => k.simd(Simd.mul, x!, x!)),
  cube: cheap((k, [x]) => k.simd(Simd.mul, k.simd(Simd.mul, x!, x!), x!)),
  sqrt: costly(simd(Simd.sqrt), 4),
  rsqrt: costly((k, [x]) => k.simd(Simd.div, k.number(1), k.simd(Simd.sqrt, x!)), 6),
  reciprocal: costly((k, [x]) => k.simd(Simd.div, k.number(1), x!), 3),
  reciprocalSquare: costly((k, [x]) => k.simd(Simd.div, k.number(1), k.simd(Simd.mul, x!, x!)), 3),
  ceil: cheap(simd(Simd.ceil)),
  floor: cheap(simd(Simd.floor)),
  trunc: cheap(simd(Simd.trunc)),
  round: cheap(simd(Simd.nearest)),
  frac: cheap((k, [x]) => k.simd(Simd.sub, x!, k.simd(Simd.trunc, x!))),
  clamp: cheap((k, [x], p, q) => k.simd(Simd.pmin, k.simd(Simd.pmax, x!, p), q)),
  clampMin: cheap((k, [x], p) => k.simd(Simd.pmax, x!, p)),
  clampMax: cheap((k, [x], p) => k.simd(Simd.pmin, x!, p)),
  powScalar: costly((k, [x], p) => k.call("lanePow", x!, p), 40),

  exp: costly(call("laneExp")),
  exp2: costly(call("laneExp2")),
  expm1: costly(call("laneExpm1")),
  log: costly(call("laneLog")),
  log1p: costly(call("laneLog1p")),
  sin: costly(call("laneSin")),
  cos: costly(call("laneCos")),
  tanh: costly(call("laneTanh")),
  sigmoid: costly(call("laneSigmoid")),
  erf: costly(call("laneErf")),

  relu: cheap((k, [x]) => k.simd(Simd.pmax, x!, k.number(0))),
  leakyRelu: cheap((k, [x], p) => select(k, positive(k, x!), x!, k.simd(Simd.mul, x!, p))),
  elu: costly((k, [x], p, q) =>
    k.simd(Simd.mul, q, select(k, positive(k, x!), x!, k.simd(Simd.mul, p, k.call("laneExpm1", x!)))),
  ),
  celu: costly((k, [x], p) =>
    select(k, positive(k, x!), x!, k.simd(Simd.mul, p, k.call("laneExpm1", k.simd(Simd.div, x!, p)))),
  ),
  gelu: costly(call("laneGelu")),
  geluTanh: costly((k, [x]) => k.simd(Simd.mul, x!, k.call("laneTanhCdf", x!))),
  silu: costly((k, [x]) => k.simd(Simd.mul, x!, k.call("laneSigmoid", x!))),
  mish: costly((k, [x]) => mish(k, x!)),
  softplus: costly((k, [x], p, q) => softplus(k, x!, p, q), 40),
  logSigmoid: costly((k, [x]) => k.simd(Simd.sub, k.simd(Simd.pmin, x!, k.number(0)), softTail(k, x!)), 40),
  hardsigmoid: cheap((k, [x]) => k.simd(Simd.div, ramp6(k, x!), k.number(6))),
  hardswish: cheap((k, [x]) => k.simd(Simd.div, k.simd(Simd.mul, x!, ramp6(k, x!)), k.number(6))),
  hardshrink: cheap((k, [x], p) => k.simd(Simd.andnot, x!, k.simd(Simd.le, k.simd(Simd.abs, x!), p))),
  threshold: cheap((k, [x], p, q) => select(k, k.simd(Simd.le, x!, p), q, x!)),

  thresholdBackward: cheap((k, [g, x], p) => k.simd(Simd.andnot, g!, k.simd(Simd.le, x!, p))),
  insideBackward: cheap((k, [g, x], p) => k.simd(Simd.andnot, g!, k.simd(Simd.ge, k.simd(Simd.abs, x!), p))),
  leakyReluBackward: cheap((k, [g, x], p) => select(k, positive(k, x!), g!, k.simd(Simd.mul, g!, p))),
  hardswishBackward: cheap((k, [g, x]) => hardswishBackward(k, g!, x!)),
  sigmoidBackward: cheap((k, [g, y]) => k.simd(Simd.mul, k.simd(Simd.mul, g!, y!), k.simd(Simd.sub, k.number(1), y!))),
  tanhBackward: cheap((k, [g, y]) => k.simd(Simd.mul, g!, k.simd(Simd.sub, k.number(1), k.simd(Simd.mul, y!, y!)))),
  geluBackward: costly((k, [g, x]) => k.simd(Simd.mul, g!, k.call("laneGeluSlope", x!)), 40),
  siluBackward: costly((k, [g, x]) => siluBackward(k, g!, x!)),

  add: cheap(simd(Simd.add)),
  addScaled: cheap((k, [a, b], p) => k.simd(Simd.add, a!, k.simd(Simd.mul, p, b!))),
  sub: cheap(simd(Simd.sub)),
  subScaled: cheap((k, [a, b], p) => k.simd(Simd.sub, a!, k.simd(Simd.mul, p, b!))),
  mul: cheap(simd(Simd.mul)),
  div: costly(simd(Simd.div), 3),
  maximum: cheap((k, [a, b]) => select(k, k.simd(Simd.ne, a!, a!), a!, k.simd(Simd.pmax, b!, a!))),
  minimum: cheap((k, [a, b]) => select(k, k.simd(Simd.ne, a!, a!), a!, k.simd(Simd.pmin, b!, a!))),
  pow: costly((k, [a, b]) => k.call("lanePow", a!, b!), 40),

  eq: test(Simd.eq),
  ne: test(Simd.ne),
  lt: test(Simd.lt),
  le: test(Simd.le),
  gt: test(Simd.gt),
  ge: test(Simd.ge),
  logicalAndBool: logic(Simd.and),
  logicalOrBool: logic(Simd.or),
  logicalXorBool: logic(Simd.xor),
  logicalNotBool: logic(Simd.not, [0]),

  lerp: costly(lerp, 8),
  addcmul: cheap((k, [a, b, c], p) => k.simd(Simd.add, a!, k.simd(Simd.mul, k.simd(Simd.mul, p, b!), c!))),
  addcdiv: costly((k, [a, b, c], p) => k.simd(Simd.add, a!, k.simd(Simd.div, k.simd(Simd.mul, p, b!), c!)), 4),
  where: { formula: (k, [m, a, b]) => select(k, m!, a!, b!), cost: 1, takesBool: [0] },

  toFloat: { formula: (k, [m]) => k.simd(Simd.and, m!, k.number(1)), cost: 1, takesBool: [0] },
  toBool: { formula: (k, [x]) => k.simd(Simd.ne, x!, k.number(0)), cost: 1, gives: "bool" },
};

/** Powers that need no logarithm, as the kernel of `powScalar` chooses them. */
const powers: ReadonlyMap<number, string> = new Map([
  [2, "square"],
  [0.5, "sqrt"],
  [3, "cube"],
  [-0.5, "rsqrt"],
  [-1, "reciprocal"],
  [-2, "reciprocalSquare"],
]);

/** The formula of an op of the device on operands of `dtype`; undefined if there is none. */
export function formulaOf(op: string, dtype: string, p: number): string | undefined {
  let name = op;
  if (dtype === "bool") name = `${op}Bool`;
  else if (op === "powScalar") name = powers.get(p) ?? op;
  else if ((op === "add" || op === "sub") && p !== 1) name = `${op}Scaled`;
  if (dtype !== "bool" && dtype !== "float32") return undefined;
  return Object.hasOwn(formulas, name) ? name : undefined;
}
