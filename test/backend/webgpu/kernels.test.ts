/**
 * Every elementwise rule of WGSL against the kernel of the same name in WebAssembly, over the layouts, sizes and values that go wrong: transposed,
 * broadcast, with steps, within a larger block, empty, NaN and infinite.
 */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import type { Operand } from "../../../src/backend/backend";
import { binaryRules, type Rule, ternaryRules, unaryRules } from "../../../src/backend/webgpu/wgsl/rules";
import { specialBinary, specialUnary } from "../../../src/backend/webgpu/wgsl/specialRules";
import { cut, cutNote, runsAll } from "../../helpers/cut";
import { randomOf } from "../../helpers/mutate";
import { noGpu, onGpu } from "../../helpers/webgpu";

type DType = torch.DType;
type Backend = any;

const wasm: Backend = (torch.zeros(1) as any).storage.backend;
const gpu: Backend = noGpu === undefined ? (torch.zeros([1], { device: "webgpu" }) as any).storage.backend : undefined;

const arrays = {
  float32: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
} as const;

/** A window on a block: where it begins, and its strides. */
interface Layout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  /** Elements of the block. */
  readonly length: number;
}

const SHAPE = [3, 5, 7] as const;

/** Layouts of one shape, or of what broadcasts to it. */
const layouts: Readonly<Record<string, Layout>> = {
  contiguous: { shape: SHAPE, strides: [35, 7, 1], offset: 0, length: 105 },
  "within a block": { shape: SHAPE, strides: [35, 7, 1], offset: 3, length: 111 },
  transposed: { shape: SHAPE, strides: [1, 3, 15], offset: 0, length: 105 },
  "with steps": { shape: SHAPE, strides: [75, 14, 2], offset: 1, length: 240 },
  "one row": { shape: [7], strides: [1], offset: 2, length: 9 },
  "one column": { shape: [5, 1], strides: [1, 1], offset: 0, length: 5 },
  expanded: { shape: SHAPE, strides: [0, 7, 1], offset: 0, length: 35 },
  single: { shape: [1], strides: [1], offset: 1, length: 3 },
};

const contiguous = (shape: readonly number[], offset = 0): Layout => {
  const length = shape.reduce((n, size) => n * size, 1);
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((n, size) => n * size, 1));
  return { shape, strides, offset, length: length + offset };
};

const SPECIAL = [Number.NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, 3, -3, 1e-3, 88, -104, 1e30, -1e30, 2, 1e-30];

/** Values of a dtype: special ones first. */
function valuesOf(dtype: DType, length: number, seed: number, isSpecial: boolean): number[] {
  const random = randomOf(seed);
  return Array.from({ length }, (_, i) => {
    if (dtype === "float32")
      return isSpecial && i % 3 === 0 ? SPECIAL[(i / 3) % SPECIAL.length]! : random(8001) / 1000 - 4;
    if (dtype === "bool") return random(2);
    return dtype === "uint8" ? random(8) : random(15) - 7;
  });
}

function operand(backend: Backend, dtype: DType, layout: Layout, values?: readonly number[]): Operand {
  const array = new arrays[dtype as "float32"](
    new ArrayBuffer(layout.length * arrays[dtype as "float32"].BYTES_PER_ELEMENT),
  );
  values?.forEach((value, i) => {
    (array as any)[i] = dtype === "int64" ? BigInt(value) : value;
  });
  const block = backend.allocate(Math.max(8, array.byteLength));
  if (array.length > 0) backend.write(block, dtype, 0, array);
  return { storage: { block }, offset: layout.offset, shape: layout.shape, strides: layout.strides, dtype };
}

const contents = async (backend: Backend, { storage, dtype }: Operand, length: number): Promise<number[]> =>
  Array.from(await backend.read(storage.block, dtype, 0, length), Number);

/**
 * How far results of an op may be apart, beyond a rounding or two. Each adapter has functions of its own; these are WGSL's guarantees where they
 * are wider.
 */
const tolerances: Readonly<Record<string, number>> = {
  tan: 2e-5,
  pow: 5e-5,
  powScalar: 1e-5,
  exp: 1e-5,
  exp2: 1e-5,
  expm1: 1e-5,
  erf: 2e-6,
  geluBackward: 5e-5,
  siluBackward: 5e-6,
};
const TOLERANCE = 4e-6;

/** Ops that subtract neighbors, on either device: their error counts from the operands. */
const absolute: Readonly<Record<string, number>> = {
  sin: 1e-6,
  cos: 1e-6,
  gelu: 5e-7,
  geluTanh: 5e-7,
  geluBackward: 5e-7,
  hardswishBackward: 5e-7,
};

function expectClose(name: string, actual: readonly number[], expected: readonly number[]): void {
  const rtol = tolerances[name] ?? TOLERANCE;
  expect(actual).toHaveLength(expected.length);
  for (const [i, want] of expected.entries()) {
    const got = actual[i]!;
    if (Object.is(got, want) || got === want) continue;
    // The kernels of WebAssembly give 0 where a result would be subnormal, a GPU may do the same with operands.
    const isClose = Math.abs(got - want) <= rtol * Math.abs(want) + (absolute[name] ?? 1e-6 * rtol);
    const isTiny = Math.abs(got - want) <= 1e-37;
    expect(isClose || isTiny, `${name}, element ${i}: got ${got}, expected ${want}`).toBe(true);
  }
}

/** Runs a method of both backends on equal operands and compares what is in the whole block of the result. */
async function compare(
  name: string,
  result: DType,
  target: Layout,
  inputs: readonly { readonly dtype: DType; readonly layout: Layout; readonly values: readonly number[] }[],
  run: (backend: Backend, y: Operand, x: readonly Operand[]) => void,
): Promise<void> {
  const outcome = async (backend: Backend): Promise<number[]> => {
    const y = operand(backend, result, target, new Array(target.length).fill(result === "bool" ? 1 : 7));
    const x = inputs.map(({ dtype, layout, values }) => operand(backend, dtype, layout, values));
    run(backend, y, x);
    const values = await contents(backend, y, target.length);
    for (const { storage } of [y, ...x]) backend.release(storage.block, false);
    return values;
  };
  expectClose(name, await outcome(gpu), await outcome(wasm));
}

/** The dtypes that a rule is for. */
const dtypesOf = (name: string, rule: Rule): DType[] => [
  ...(rule.f32 === undefined ? [] : (["float32"] as const)),
  ...(rule.i32 === undefined ? [] : (["int32", "int64", "int16", "int8", "uint8"] as const)),
  ...(rule.bool !== undefined || /^(eq|ne|where|logical\w+|bitwise\w+)$/.test(name) ? (["bool"] as const) : []),
];

/** One of the items by default, which rules take in turn, since what it stands for does not depend on them. */
const inTurn = <T>(items: readonly T[], turn: number): readonly T[] =>
  runsAll ? items : [items[turn % items.length]!];

/** The dtypes that are tested: of those that share a rule, as whole numbers do, one of two rules has one by default. */
const chosen = (name: string, rule: Rule, turn: number): readonly DType[] => {
  const [floats, others] = [true, false].map((isFloat) =>
    dtypesOf(name, rule).filter((dtype) => (dtype === "float32") === isFloat),
  ) as [DType[], DType[]];
  return others.length === 0 || (floats.length > 0 && turn % 2 === 1 && !runsAll)
    ? floats
    : [...floats, ...inTurn(others, turn >> 1)];
};

const input = (dtype: DType, layout: Layout, seed: number, isSpecial = true) => ({
  dtype,
  layout,
  values: valuesOf(dtype, layout.length, seed, isSpecial),
});

const resultOf = (rule: Rule, dtype: DType): DType => (rule.isPredicate ? "bool" : dtype);

describe.skipIf(noGpu !== undefined)(`elementwise kernels ${onGpu}${cutNote}`, () => {
  // Special functions are tested in special.test.ts.
  const unary = Object.entries(unaryRules).filter(([name]) => !(name in specialUnary));
  for (const [turn, [name, rule]] of unary.entries())
    it.each(chosen(name, rule, turn))(`${name} of %s`, async (dtype) => {
      const [p, q] = dtype === "float32" ? [0.5, 2] : [1, 3];
      const run = (backend: Backend, y: Operand, [x]: readonly Operand[]) => backend.unary(name, y, x, p, q);
      for (const layout of inTurn(["contiguous", "within a block", "transposed", "with steps", "expanded"], turn))
        await compare(name, resultOf(rule, dtype), contiguous(SHAPE, 5), [input(dtype, layouts[layout]!, 1)], run);
      for (const shape of [...inTurn([[0], [1], []], turn), [130]])
        await compare(name, resultOf(rule, dtype), contiguous(shape), [input(dtype, contiguous(shape), 2)], run);
    });

  const binary = Object.entries(binaryRules).filter(([name]) => !(name in specialBinary));
  for (const [turn, [name, rule]] of binary.entries())
    it.each(chosen(name, rule, turn))(`${name} of %s`, async (dtype) => {
      const p = dtype === "float32" ? 0.75 : 1;
      const result = resultOf(rule, dtype);
      const run = (backend: Backend, y: Operand, [a, b]: readonly Operand[]) => backend.binary(name, dtype, y, a, b, p);
      const pairs = [
        ["contiguous", "contiguous"],
        ["transposed", "contiguous"],
        ["one row", "with steps"],
        ["one column", "transposed"],
        ["single", "within a block"],
        ["expanded", "single"],
      ] as const;
      for (const [a, b] of inTurn(pairs, turn))
        await compare(
          name,
          result,
          contiguous(SHAPE, 2),
          [input(dtype, layouts[a]!, 3), input(dtype, layouts[b]!, 4)],
          run,
        );
      await compare(
        name,
        result,
        contiguous([0]),
        [input(dtype, contiguous([0]), 3), input(dtype, contiguous([1]), 4)],
        run,
      );
      const number = dtype === "float32" ? 2.5 : dtype === "bool" ? 1 : 2;
      const x = [input(dtype, layouts.transposed!, 5)];
      await compare(name, result, contiguous(SHAPE), x, (backend, y, [a]) =>
        backend.binary(name, dtype, y, a, number, p),
      );
      await compare(name, result, contiguous(SHAPE), x, (backend, y, [a]) =>
        backend.binary(name, dtype, y, number, a, p),
      );
    });

  for (const [turn, [name, rule]] of Object.entries(ternaryRules).entries())
    it.each(chosen(name, rule, turn))(`${name} of %s`, async (dtype) => {
      const first = name === "where" ? "bool" : dtype;
      const run = (backend: Backend, y: Operand, [a, b, c]: readonly Operand[]) =>
        backend.ternary(name, dtype, y, a, b, c, dtype === "float32" ? 0.75 : 2);
      const triples = [
        ["contiguous", "contiguous", "contiguous"],
        ["one row", "transposed", "single"],
        ["with steps", "expanded", "one column"],
      ] as const;
      for (const [a, b, c] of inTurn(triples, turn)) {
        const inputs = [input(first, layouts[a]!, 6), input(dtype, layouts[b]!, 7), input(dtype, layouts[c]!, 8)];
        await compare(name, dtype, contiguous(SHAPE, 1), inputs, run);
      }
    });
});

const copied = ["float32", "int64", "int32", "int16", "int8", "uint8", "bool", "float16", "bfloat16"] as const;

describe.skipIf(noGpu !== undefined)(`copies and fills ${onGpu}${cutNote}`, () => {
  it.each(
    cut(
      copied.flatMap((from) => copied.map((to) => [from, to] as const)),
      // Each dtype is there on both sides.
      7,
    ),
  )("%s to %s", async (from, to) => {
    const isHalf = from === "float16" || from === "bfloat16";
    const run = (backend: Backend, y: Operand, [x]: readonly Operand[]) => {
      if (!isHalf) {
        backend.copy(y, x);
        return;
      }
      // The bits of 16-bit floats are made on the device.
      const half = operand(backend, from, contiguous(x!.shape));
      backend.copy(half, x);
      backend.copy(y, half);
    };
    for (const source of ["contiguous", "transposed", "with steps", "one row"])
      for (const target of ["contiguous", "within a block", "transposed", "with steps"]) {
        const x = { ...layouts[source]! };
        const values = valuesOf("float32", x.length, 9, false).map((value) =>
          from === "float32" || isHalf ? value : Math.abs(Math.trunc(value)),
        );
        const inputs = [
          {
            dtype: isHalf ? ("float32" as const) : from,
            layout: x,
            values: from === "bool" ? values.map((v) => Number(v > 1)) : values,
          },
        ];
        if (source === "one row") inputs[0] = { ...inputs[0]!, layout: { ...x, shape: SHAPE, strides: [0, 0, 1] } };
        await compare(`copy ${from} ${to}`, to, layouts[target]!, inputs, run);
      }
  });

  it.each(copied)("fills with %s", async (dtype) => {
    for (const value of [0, 1, -3, 2.75])
      for (const target of [contiguous([5], 3), contiguous([]), contiguous([0]), contiguous([300])])
        await compare(`fill ${value}`, dtype, target, [], (backend, y) => backend.fill(y, value));
  });

  it("rounds to 16 bits as the cpu does", async () => {
    const values = [
      1e-8,
      6e-8,
      3e-6,
      6.1e-5,
      65519,
      65520,
      1e6,
      -1e6,
      Number.NaN,
      Infinity,
      1.0009765,
      1.0004883,
      0.1,
      -0.1,
      3.4e38,
    ];
    const inputs = [{ dtype: "float32" as const, layout: contiguous([values.length]), values }];
    for (const dtype of ["float16", "bfloat16"] as const)
      await compare(dtype, dtype, contiguous([values.length]), inputs, (backend, y, [x]) => backend.copy(y, x));
  });
});
