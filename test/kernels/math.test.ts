/**
 * The error bounds that the elementary and special functions state, and their values at the edges of their domains, on
 * both targets. Elementary functions are judged by the runtime's own `Math`, which is good to an ULP of float64; special
 * functions by values computed with 40 digits.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { CODES, type FloatArray, type FloatType, Instance, TARGETS, unsupported } from "./instance";
import { SPECIAL_VALUES } from "./special-values";

const COUNT = 1 << 14;
const EDGES = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2,
  -2,
  1e-45,
  -1e-45,
  1e-39,
  -1e-39,
  3.4028234663852886e38,
  -3.4028234663852886e38,
  88.72,
  88.73,
  89.4,
  89.5,
  -87.4,
  -103.9,
  -104,
  16777216,
  0.99999994,
  1.0000001,
  Infinity,
  -Infinity,
  Number.NaN,
];

const bits = new DataView(new ArrayBuffer(8));

/** A reproducible stream of 32-bit integers. */
function integers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let x = Math.imul(state ^ (state >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    return (x ^ (x >>> 16)) >>> 0;
  };
}

/** The edges, then uniform numbers in a range, then numbers of all magnitudes. */
function samples(low: number, high: number, seed: number): Float32Array {
  const next = integers(seed);
  return Float32Array.from({ length: COUNT }, (_, i) => {
    if (i < EDGES.length) return EDGES[i]!;
    if (i < COUNT / 2) return low + ((high - low) * next()) / 2 ** 32;
    bits.setUint32(0, next());
    return bits.getFloat32(0);
  });
}

/** Distance of a result from the exact value, in units of the last place of a float of `digits` bits. */
function ulps(actual: number, exact: number, digits: number, minExponent: number): number {
  const rounded = digits === 24 ? Math.fround(exact) : exact;
  if (Object.is(actual, rounded) || actual === rounded)
    return Object.is(actual === 0 && 1 / actual, actual === 0 && 1 / rounded) ? 0 : Infinity;
  if (!Number.isFinite(actual) || !Number.isFinite(exact)) return Infinity;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(exact))), minExponent);
  return Math.abs(actual - exact) / 2 ** (exponent - digits + 1);
}

/** Error function by its Taylor series; exact to float64 for |x| ≤ 4, beyond which it is ±1 in float32. */
function erf(x: number): number {
  if (!(Math.abs(x) <= 4)) return Number.isNaN(x) ? x : Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; n < 120; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The inverse of erf by bisection on what erf cancels last: log of the tail near ±1, erf itself elsewhere. */
function erfinv(y: number): number {
  const a = Math.abs(y);
  if (!(a < 1)) return a === 1 ? y * Infinity : Number.NaN;
  if (a < 1e-5) return (y * Math.sqrt(Math.PI)) / 2 + (Math.PI ** 1.5 * y ** 3) / 24;
  let [low, high] = [0, 4.1];
  for (let i = 0; i < 46; i++) {
    const middle = (low + high) / 2;
    if (erf(middle) < a) low = middle;
    else high = middle;
  }
  return (Math.sign(y) * (low + high)) / 2;
}

const sigmoid = (x: number) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));

/** [kernel, reference, range of most of the samples, bound in ULP as stated in assembly/] */
const UNARY: [string, (x: number) => number, number, number, number][] = [
  ["exp", Math.exp, -105, 90, 1.5],
  ["exp2", (x) => 2 ** x, -150, 129, 2],
  ["expm1", Math.expm1, -20, 90, 2],
  ["log", Math.log, 0, 4, 1.5],
  ["log2", Math.log2, 0, 4, 2],
  ["log10", Math.log10, 0, 4, 3],
  ["log1p", Math.log1p, -1, 3, 2],
  ["sin", Math.sin, -50, 50, 2],
  ["cos", Math.cos, -50, 50, 2],
  ["tan", Math.tan, -50, 50, 4],
  ["asin", Math.asin, -1, 1, 3],
  ["acos", Math.acos, -1, 1, 2],
  ["atan", Math.atan, -10, 10, 2],
  ["sinh", Math.sinh, -90, 90, 3],
  ["cosh", Math.cosh, -90, 90, 2],
  ["tanh", Math.tanh, -10, 10, 3],
  ["asinh", Math.asinh, -10, 10, 4],
  ["acosh", Math.acosh, 1, 10, 4],
  ["atanh", Math.atanh, -1, 1, 4],
  ["sigmoid", sigmoid, -105, 30, 3],
  ["erf", erf, -4, 4, 2],
  ["erfinv", erfinv, -1, 1, 4],
];

const gelu = (x: number) => (x * (1 + erf(x * Math.SQRT1_2))) / 2;
const geluTanh = (x: number) => (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))) / 2;

/** Functions whose error is bounded by a multiple of |x|: [kernel, reference, that multiple]. */
const PROPORTIONAL: [string, (x: number) => number, number][] = [
  ["gelu", gelu, 2 ** -22],
  ["geluTanh", geluTanh, 2 ** -22],
  ["silu", (x) => x * sigmoid(x), 2 ** -22],
];

/** C's pow: 1 to any power, and −1 to an infinite one, is 1. */
const pow = (x: number, y: number) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y);

const BINARY: [string, (a: number, b: number) => number, number][] = [
  ["pow", pow, 1],
  ["atan2", Math.atan2, 3],
];

/** In float64; sigmoid, erf and erfinv are covered by the special values. */
const DOUBLE_BOUND = 3;

/** Relative; the inputs are exact in float32. */
const SPECIAL_TOLERANCE: Record<FloatType, number> = { float32: 2e-7, float64: 2e-13 };

for (const target of TARGETS) {
  const reason = unsupported(target);
  describe.skipIf(reason)(`${target}${reason ? `: skipped, ${reason}` : ""}`, () => {
    let instance: Instance;
    beforeAll(() => {
      instance = new Instance(target);
    });

    /** A kernel's results; p and q of one input and p and mode of two stand at the same places. */
    function run(name: string, type: FloatType, inputs: readonly ArrayLike<number>[], p = 0): FloatArray {
      instance.reset();
      const n = inputs[0]!.length;
      const views = inputs.map((input) => {
        let i = 0;
        return instance.floats(type, n, () => input[i++]!);
      });
      const y = instance.floats(type, n, () => 0);
      const pointers = [y, ...views].map((view) => view.byteOffset);
      instance.call(name, CODES[type], ...pointers, p, 0, 0, 0, n);
      return y;
    }

    function expectWithin(
      bound: number,
      y: ArrayLike<number>,
      exact: (i: number) => number,
      at: (i: number) => string,
    ) {
      const [digits, minExponent] = y instanceof Float32Array ? [24, -126] : [53, -1022];
      for (let i = 0; i < y.length; i++) {
        const error = ulps(y[i]!, exact(i), digits!, minExponent!);
        if (!(error <= bound)) expect.fail(`at ${at(i)}: got ${y[i]}, want ${exact(i)}, ${error} ULP`);
      }
    }

    test.each(UNARY)("%s of float32", (name, reference, low, high, bound) => {
      const x = samples(low, high, 1);
      expectWithin(
        bound,
        run(name, "float32", [x]),
        (i) => reference(x[i]!),
        (i) => `${x[i]}`,
      );
    });

    test.each(UNARY.filter(([name]) => !["erf", "erfinv", "sigmoid"].includes(name)))(
      "%s of float64",
      (name, reference) => {
        const x = samples(-30, 30, 2);
        expectWithin(
          DOUBLE_BOUND,
          run(name, "float64", [x]),
          (i) => reference(x[i]!),
          (i) => `${x[i]}`,
        );
      },
    );

    test.each(BINARY)("%s of float32 and float64", (name, reference, bound) => {
      const edges = EDGES.flatMap((a) => EDGES.map((b): [number, number] => [a, b]));
      const a = samples(0, 10, 3);
      const b = samples(-40, 40, 4);
      edges.forEach(([x, y], i) => {
        a[i] = x;
        b[i] = y;
      });
      const at = (i: number) => `${a[i]}, ${b[i]}`;
      expectWithin(bound, run(name, "float32", [a, b]), (i) => reference(a[i]!, b[i]!), at);
      const y = run(name, "float64", [a, b]);
      expectWithin(DOUBLE_BOUND, y, (i) => reference(a[i]!, b[i]!), at);
    });

    test.each(PROPORTIONAL)("%s of float32", (name, reference, bound) => {
      const x = samples(-9, 9, 6);
      const y = run(name, "float32", [x]);
      for (let i = 0; i < y.length; i++) {
        const exact = reference(x[i]!);
        const within = Math.abs(y[i]! - exact) <= bound * Math.abs(x[i]!) + 2 ** -149;
        if (!within && !Object.is(y[i], Math.fround(exact))) expect.fail(`at ${x[i]}: got ${y[i]}, want ${exact}`);
      }
    });

    test("a lane's bits depend neither on its place nor on its neighbors", () => {
      const x = samples(-10, 10, 5);
      for (const [name] of [...UNARY, ...PROPORTIONAL]) {
        const whole = run(name, "float32", [x]).slice();
        const shifted = run(name, "float32", [x.subarray(3, 3 + 130)]).slice();
        expect(Buffer.from(shifted.buffer), name).toEqual(Buffer.from(whole.slice(3, 3 + 130).buffer));
      }
    });

    test.each(Object.entries(SPECIAL_VALUES))("%s", (key, rows) => {
      const [name, parameter = "0"] = key.split(" ");
      for (const row of rows) {
        const inputs = row.slice(0, -1).map((value) => [value]);
        const exact = row.at(-1)!;
        for (const [type, tolerance] of Object.entries(SPECIAL_TOLERANCE) as [FloatType, number][]) {
          const [y] = run(name!, type, inputs, Number(parameter));
          if (!(Math.abs(y! - exact) <= tolerance * Math.abs(exact)))
            expect.fail(`${type} of ${inputs}: got ${y}, want ${exact}`);
        }
      }
    });
  });
}
