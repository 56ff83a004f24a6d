/**
 * The elementwise kernels against plain JavaScript: every op, every type it has, contiguous, strided and broadcast
 * layouts, in place, and ranges cut in two; on both targets. Accuracy is the subject of math.test.ts.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { ALL, BINARY, FLOATS, isFloat, TERNARY, TYPES, type Type, UNARY, type Values } from "./elementwise-cases";
import { Instance, stream, TARGETS, unsupported } from "./instance";

/** Sizes below, at and above a vector, several vectors, and more than a chunk's 64. */
const SIZES = [1, 3, 4, 5, 16, 19, 64, 131];
/** Elements of an operand: enough for the largest stride. */
const ROOM = 3 * Math.max(...SIZES);
/** Addresses of the output, three operands, and the geometry. */
const [OUTPUT, A, B, C, GEOMETRY] = [1, 2, 3, 4, 5].map((slot) => slot << 20) as [
  number,
  number,
  number,
  number,
  number,
];

const identity = (x: number) => x;

/** `value` as the type stores it. */
function stored(type: Type, value: number): number {
  if (type === "bool") return Number(value !== 0);
  const one = new TYPES[type].View(1);
  if (one instanceof BigInt64Array) one[0] = BigInt(Math.trunc(value));
  else one[0] = isFloat(type) ? value : Math.trunc(value);
  return Number(one[0]);
}

function put(view: Values, i: number, value: number): void {
  if (view instanceof BigInt64Array) view[i] = BigInt(value);
  else view[i] = value;
}

/** Floats of [-4, 4), integers of [-4, 4] (unsigned: [0, 8]), bools. */
function draw(type: Type, next: () => number, domain: (x: number) => number): number {
  if (isFloat(type)) return stored(type, domain(next() * 8));
  if (type === "bool") return Number(next() > 0);
  return Math.floor((next() + 0.5) * 9) - (type === "uint8" ? 0 : 4);
}

function expectEqual(actual: Values, type: Type, expected: readonly number[], what: string): void {
  const tolerance = type === "float32" ? 3e-6 : 1e-13;
  expected.forEach((value, i) => {
    const got = Number(actual[i]);
    const want = isFloat(type) ? value : stored(type, value);
    const close =
      Object.is(got, want) || Math.abs(got - want) <= tolerance * Math.max(1, Math.abs(want)) || got === want;
    if (!close) expect.fail(`${what}: element ${i} is ${got}, not ${want}`);
  });
}

/** How the operands lie: strides over [rows, columns] per operand; `mode` if the kernel is called without geometry. */
interface Layout {
  readonly name: string;
  readonly rows: number;
  readonly strides: readonly (readonly [number, number])[];
  readonly mode?: number;
}

function layouts(n: number, inputs: number): Layout[] {
  const rows = n % 2 === 0 ? 2 : 1;
  const columns = n / rows;
  const every = (outer: number, inner: number) => Array.from({ length: inputs }, () => [outer, inner] as const);
  const mixed = (first: readonly [number, number], rest: readonly [number, number]) => [
    first,
    ...every(...rest).slice(1),
  ];
  const all: Layout[] = [
    { name: "contiguous", rows: 1, strides: every(0, 1), mode: 0 },
    { name: "strided", rows: 1, strides: every(0, 3) },
    { name: "transposed", rows, strides: mixed([1, rows], [columns, 1]) },
    { name: "first repeated along rows", rows, strides: mixed([0, 1], [columns, 1]) },
    { name: "others repeated along columns", rows, strides: mixed([columns, 1], [1, 0]) },
  ];
  if (inputs !== 2) return all;
  const one = { rows: 1, mode: 1, strides: mixed([0, 1], [0, 0]) };
  return [
    ...all,
    { name: "b is one", ...one },
    { name: "a is one", ...one, mode: 2, strides: one.strides.toReversed() },
  ];
}

/** The element of operand k that belongs to element i of the output. */
function source({ rows, strides }: Layout, n: number, k: number, i: number): number {
  const columns = n / rows;
  const [outer, inner] = strides[k]!;
  return Math.floor(i / columns) * outer + (i % columns) * inner;
}

for (const target of TARGETS) {
  const reason = unsupported(target);
  describe.skipIf(reason)(`${target}${reason ? `: skipped, ${reason}` : ""}`, () => {
    let instance: Instance;
    beforeAll(() => {
      instance = new Instance(target);
    });

    const view = (type: Type, address: number, n: number): Values =>
      new TYPES[type].View(instance.memory.buffer as never, address, n) as Values;

    /** An operand of random elements at an address. */
    function operand(type: Type, address: number, seed: number, domain: (x: number) => number): Values {
      const x = view(type, address, ROOM);
      const next = stream(seed);
      for (let i = 0; i < ROOM; i++) put(x, i, draw(type, next, domain));
      return x;
    }

    /** Writes a layout's geometry; its address, or 0 for a contiguous one. */
    function geometry({ rows, strides, mode }: Layout, n: number): number {
      if (mode !== undefined) return 0;
      const axes = [[rows, n / rows], ...strides].flat();
      new Int32Array(instance.memory.buffer, GEOMETRY, 1 + axes.length).set([2, ...axes]);
      return GEOMETRY;
    }

    interface Call {
      readonly name: string;
      readonly type: Type;
      readonly result: Type;
      readonly inputs: readonly Values[];
      readonly compute: (values: number[]) => number;
      /** What stands between the pointers and the geometry. */
      readonly scalars: (layout: Layout) => number[];
    }

    /** Calls a kernel for every size and layout, in two ranges where it is large, and checks all results. */
    function sweep({ name, type, result, inputs, compute, scalars }: Call): void {
      const pointers = inputs.map((x) => x.byteOffset);
      for (const n of SIZES) {
        for (const layout of layouts(n, inputs.length)) {
          const y = view(result, OUTPUT, n + 1);
          put(y, n, 1);
          const geom = geometry(layout, n);
          for (const [begin, end] of n > 64
            ? [
                [64, n],
                [0, 64],
              ]
            : [[0, n]])
            instance.call(name, TYPES[type].code, OUTPUT, ...pointers, ...scalars(layout), geom, begin!, end!);
          const expected = Array.from({ length: n }, (_, i) =>
            compute(inputs.map((x, k) => Number(x[source(layout, n, k, i)]))),
          );
          const what = `${type}, ${n} elements, ${layout.name}`;
          expectEqual(y, result, expected, what);
          expect(Number(y[n]), `${what}: the element after the last`).toBe(1);
        }
      }
    }

    test.each(UNARY)("%s", (name, f, { types = FLOATS, p = 0, q = 0, bool = false, domain = identity } = {}) => {
      for (const type of types) {
        const x = operand(type, A, 1, domain);
        const compute = ([value]: number[]) => f(value!);
        sweep({ name, type, result: bool ? "bool" : type, inputs: [x], compute, scalars: () => [p, q] });
        if (bool) continue;
        const expected = Array.from({ length: ROOM }, (_, i) => f(Number(x[i])));
        instance.call(name, TYPES[type].code, A, A, p, q, 0, 0, ROOM);
        expectEqual(x, type, expected, `${type}, in place`);
      }
    });

    test.each(BINARY)("%s", (name, f, { types = FLOATS, p = 0, bool = false, domain = identity } = {}) => {
      for (const type of types) {
        const inputs = [operand(type, A, 1, domain), operand(type, B, 2, domain)];
        const compute = ([a, b]: number[]) => f(a!, b!, type);
        const scalars = ({ mode = 0 }: Layout) => [p, mode];
        sweep({ name, type, result: bool ? "bool" : type, inputs, compute, scalars });
      }
    });

    test.each(TERNARY)("%s", (name, f, types) => {
      for (const type of types) {
        const inputs = [A, B, C].map((address, k) => operand(type, address, k + 1, (x) => x / 4 + Math.sign(x)));
        sweep({ name, type, result: type, inputs, compute: ([a, b, c]) => f(a!, b!, c!), scalars: () => [2] });
      }
    });

    test("where", () => {
      for (const type of ALL) {
        const inputs = [operand("bool", A, 1, Number), operand(type, B, 2, Number), operand(type, C, 3, Number)];
        const compute = ([condition, a, b]: number[]) => (condition ? a! : b!);
        sweep({ name: "where", type, result: type, inputs, compute, scalars: () => [0] });
      }
    });

    /** Shapes and strides of y and x: contiguous, transposed (tiles and remainders), gathered, scattered, repeated. */
    const COPIES: [number, number, [number, number], [number, number]][] = [
      [1, 37, [0, 1], [0, 1]],
      [5, 7, [7, 1], [1, 5]],
      [18, 21, [21, 1], [1, 18]],
      [3, 4, [1, 3], [4, 1]],
      [9, 40, [40, 1], [0, 3]],
    ];

    test.each(ALL)("copy from %s to every type", (from) => {
      const x = operand(from, A, 1, (value) => value * 20);
      for (const to of ALL) {
        for (const [rows, columns, strideY, strideX] of COPIES) {
          const n = rows * columns;
          const y = view(to, OUTPUT, n);
          new Int32Array(instance.memory.buffer, GEOMETRY, 7).set([2, rows, columns, ...strideY, ...strideX]);
          const cut = Math.floor(n / 2.3);
          for (const [begin, end] of [
            [cut, n],
            [0, cut],
          ])
            instance.call("copy", TYPES[to].code, TYPES[from].code, OUTPUT, A, GEOMETRY, begin!, end!);
          const expected: number[] = [];
          for (let r = 0; r < rows; r++)
            for (let c = 0; c < columns; c++)
              expected[r * strideY[0] + c * strideY[1]] = stored(to, Number(x[r * strideX[0] + c * strideX[1]]));
          expectEqual(y, to, expected, `to ${to}, ${rows} × ${columns}`);
        }
      }
    });

    test.each([
      ["float16", 8, 0x3c00, 0x7c00],
      ["bfloat16", 9, 0x3f80, 0x7f80],
    ])("every %s", (_, code, one, infinity) => {
      const patterns = new Uint16Array(instance.memory.buffer, A, 65536).map((_, i) => i);
      new Uint16Array(instance.memory.buffer, A, 65536).set(patterns);
      const floats = new Float32Array(instance.memory.buffer, B, 65536);
      instance.call("copy", 0, code, B, A, 0, 0, 65536);
      expect([floats[one], floats[infinity], floats[infinity | 0x8000]]).toEqual([1, Infinity, -Infinity]);
      instance.call("copy", code, 0, C, B, 0, 0, 65536);
      const back = new Uint16Array(instance.memory.buffer, C, 65536);
      expect(patterns.filter((i) => back[i] !== i && !Number.isNaN(floats[i]!))).toHaveLength(0);
      expect(patterns.filter((i) => Number.isNaN(floats[i]!) && (back[i]! & 0x7fff) <= infinity)).toHaveLength(0);
    });

    test("fill and arange", () => {
      for (const type of ALL) {
        const y = view(type, OUTPUT, 70);
        const { code } = TYPES[type];
        instance.call("arange", code, OUTPUT, 1, 1, 0, 70);
        expectEqual(
          y,
          type,
          Array.from({ length: 70 }, (_, i) => i + 1),
          `arange of ${type}`,
        );
        instance.call("fill", code, OUTPUT, 3, 2, 66);
        expectEqual(
          y,
          type,
          Array.from({ length: 70 }, (_, i) => (i < 2 || i >= 66 ? i + 1 : 3)),
          `fill of ${type}`,
        );
      }
    });

    test("integers that would trap", () => {
      const a = new Int32Array(instance.memory.buffer, A, 2);
      const b = new Int32Array(instance.memory.buffer, B, 2);
      const y = new Int32Array(instance.memory.buffer, OUTPUT, 2);
      a.set([-(2 ** 31), 5]);
      b.set([-1, 0]);
      for (const [name, overflow] of [
        ["floorDivide", -(2 ** 31)],
        ["truncDivide", -(2 ** 31)],
        ["remainder", 0],
        ["fmod", 0],
      ] as const) {
        instance.call(name, TYPES.int32.code, OUTPUT, A, B, 0, 0, 0, 0, 2);
        expect([...y], name).toEqual([overflow, 0]);
      }
    });

    test("NaN, infinities and signed zeros", () => {
      const x = [Number.NaN, 1, -0, Infinity, -Infinity, -5];
      new Float32Array(instance.memory.buffer, A, 6).set(x);
      const y = new Float32Array(instance.memory.buffer, OUTPUT, 6);
      const unary = (name: string, p = 0, q = 0) => {
        instance.call(name, 0, OUTPUT, A, p, q, 0, 0, 6);
        return [...y];
      };
      expect(unary("relu")).toEqual([Number.NaN, 1, -0, Infinity, 0, 0]);
      expect(unary("clamp", -1, 2)).toEqual([Number.NaN, 1, -0, 2, -1, -1]);
      expect(unary("sign")).toEqual([0, 1, 0, 1, -1, -1]);
      const flags = (name: string) => {
        instance.call(name, 0, OUTPUT, A, 0, 0, 0, 0, 6);
        return [...new Uint8Array(instance.memory.buffer, OUTPUT, 6)].join("");
      };
      expect(["isnan", "isinf", "isposinf", "isneginf", "isfinite", "signbit"].map(flags)).toEqual([
        "100000",
        "000110",
        "000100",
        "000010",
        "011001",
        "001011",
      ]);
      new Float32Array(instance.memory.buffer, B, 6).set([1, Number.NaN, 0, 1, Infinity, Infinity]);
      const binary = (name: string) => {
        instance.call(name, 0, OUTPUT, A, B, 0, 0, 0, 0, 6);
        return [...y];
      };
      expect(binary("maximum")).toEqual([Number.NaN, Number.NaN, 0, Infinity, Infinity, Infinity]);
      expect(binary("fmax").slice(0, 2)).toEqual([1, 1]);
      expect(binary("fmod")).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN, -5]);
      expect(binary("floorDivide").at(-1)).toBe(-1);
      expect(binary("nextafter").slice(1, 4)).toEqual([Number.NaN, 0, 3.4028234663852886e38]);
    });
  });
}
