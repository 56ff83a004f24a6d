/** Expressions that wait: what becomes one kernel, and that values are those of one kernel for each op, whatever happens in between. */
import { describe, expect, it } from "vitest";
import type { DType } from "../../../src/core/dtype";
import { type Operand, openDevice, operand, valuesOf } from "./device";

const opened = await openDevice();
const skipped = typeof opened === "string" ? ` (skipped: ${opened})` : "";
const device = opened as Exclude<typeof opened, string>;

const free = (...operands: readonly Operand[]): void => {
  for (const { storage } of operands) device.release(storage.block as never, false);
};

/** Dispatches of what is done. */
async function dispatchesOf(work: () => unknown): Promise<number> {
  const before = device.counts.dispatches;
  await work();
  return device.counts.dispatches - before;
}

describe.skipIf(skipped !== "")(`expressions that wait${skipped}`, () => {
  const vector = (...values: number[]): Operand => operand(device, "float32", [values.length], values);
  const result = (n = 3, dtype: DType = "float32"): Operand => operand(device, dtype, [n]);

  it("become one kernel when somebody looks", async () => {
    const [x, y, z] = [vector(1, -2, 3), result(), result()];
    const n = await dispatchesOf(async () => {
      device.binary("mul", "float32", y, x, 2, 0);
      device.binary("add", "float32", z, y, x, 1);
      device.unary("relu", z, z, 0, 0);
      free(y);
      expect(await valuesOf(device, z)).toEqual([3, 0, 9]);
    });
    expect(n).toBe(1);
  });

  it("write all values that somebody holds, in that kernel", async () => {
    const [x, y, z, w] = [vector(1, -2, 3), result(), result(), result(3, "bool")];
    const n = await dispatchesOf(async () => {
      device.unary("square", y, x, 0, 0);
      device.binary("gt", "float32", w, y, 3, 0);
      device.ternary("where", "float32", z, w, x, y, 0);
      expect(await valuesOf(device, z)).toEqual([1, -2, 3]);
      expect(await valuesOf(device, y)).toEqual([1, 4, 9]);
      expect(await valuesOf(device, w)).toEqual([0, 1, 1]);
    });
    expect(n).toBe(1);
  });

  it("are whole although a window on their first elements is read before", async () => {
    const [x, y, z] = [vector(1, 2, 3, 4), result(4), result(2)];
    device.binary("mul", "float32", y, x, 2, 0);
    device.binary("add", "float32", z, { ...y, shape: [2], strides: [1] }, 1, 1);
    expect(await valuesOf(device, z)).toEqual([3, 5]);
    expect(await valuesOf(device, y)).toEqual([2, 4, 6, 8]);
  });

  it("are not computed if nobody looks", async () => {
    const [x, y, z] = [vector(1, 2, 3), result(), result()];
    const n = await dispatchesOf(async () => {
      device.unary("exp", y, x, 0, 0);
      device.unary("log", z, y, 0, 0);
      free(z, y);
      await device.synchronize();
    });
    expect(n).toBe(0);
  });

  it("see their operands as they were", async () => {
    const [x, y, z] = [vector(1, 2, 3), result(), result()];
    device.binary("mul", "float32", y, x, 10, 0);
    device.binary("add", "float32", x, x, 1, 1);
    device.binary("mul", "float32", z, x, 100, 0);
    device.write(x.storage.block as never, "float32", 0, Float32Array.of(7, 7, 7));
    expect(await valuesOf(device, y)).toEqual([10, 20, 30]);
    expect(await valuesOf(device, z)).toEqual([200, 300, 400]);
    expect(await valuesOf(device, x)).toEqual([7, 7, 7]);
  });

  it("keep the memory of operands that were given back", async () => {
    const [x, y] = [vector(1, 2, 3), result()];
    device.binary("mul", "float32", y, x, 10, 0);
    free(x);
    for (let i = 0; i < 4; i++) free(vector(9, 9, 9));
    expect(await valuesOf(device, y)).toEqual([10, 20, 30]);
  });

  it("join the product, the gradient or the sum that they are computed from", async () => {
    const [a, b] = [
      operand(device, "float32", [2, 3], [1, 2, 3, 4, 5, 6]),
      operand(device, "float32", [3, 8], [...Array(24).keys()]),
    ];
    const [y, z] = [operand(device, "float32", [2, 8]), operand(device, "float32", [2, 8])];
    const n = await dispatchesOf(async () => {
      device.run("matmul", { y, a, b, bias: undefined, accumulate: false });
      device.binary("sub", "float32", z, y, 100, 1);
      device.unary("relu", z, z, 0, 0);
      free(y);
      expect(await valuesOf(device, z)).toEqual([0, 0, 0, 0, 0, 0, 0, 6, 36, 51, 66, 81, 96, 111, 126, 141]);
    });
    expect(n).toBe(1);
  });

  it("are computed where a reduction reads them", async () => {
    const [x, y, s] = [vector(1, 2, 3), result(), result(1)];
    const n = await dispatchesOf(async () => {
      device.binary("mul", "float32", y, x, x, 0);
      device.run("reduce", { kind: "sum", y: s, x: { ...y, shape: [1, 3, 1] }, n: 3, inner: 1 });
      device.binary("div", "float32", s, s, 2, 0);
      free(y);
      expect(await valuesOf(device, s)).toEqual([7]);
    });
    expect(n).toBe(1);
  });
});

/** Numbers from 0 to below 1, the same at each call with the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const ROWS = 5;
const COLUMNS = 6;
const N = ROWS * COLUMNS;

/** A program of chance over ten tensors: expressions, views, changes in place and of parts, products, sums, reads and disposals. */
async function play(seed: number, isFusing: boolean): Promise<unknown[][]> {
  device.isFusing = isFusing;
  const next = random(seed);
  const pick = (n: number): number => Math.floor(next() * n);
  const dtypes: readonly DType[] = ["float32", "float32", "float32", "int32", "int64", "uint8", "float16"];
  const make = (dtype: DType, values?: readonly number[]): Operand =>
    operand(device, dtype, [ROWS, COLUMNS], dtype === "int64" ? values?.map(BigInt) : values);
  const numbers = (): number[] => Array.from({ length: N }, () => pick(7) - 3);
  // Halves cannot be written as numbers.
  const filledOf = (dtype: DType): Operand => {
    if (dtype !== "float16") return make(dtype, dtype === "uint8" ? numbers().map(Math.abs) : numbers());
    const y = make(dtype);
    const x = make("float32", numbers());
    device.copy(y, x);
    free(x);
    return y;
  };
  const tensors = dtypes.map((dtype) => filledOf(dtype));
  const read: unknown[][] = [];
  const likes = (dtype: DType): Operand[] => tensors.filter((x) => x.dtype === dtype);
  const any = (): Operand => tensors[pick(tensors.length)]!;
  const replace = (x: Operand, y: Operand): void => {
    tensors[tensors.indexOf(x)] = y;
    free(x);
  };
  /** A window that broadcasts to all, or is all of it in another order. */
  const windowOf = (x: Operand): Operand => {
    const kind = pick(8);
    if (kind === 0) return { ...x, offset: pick(ROWS) * COLUMNS, shape: [COLUMNS], strides: [1] };
    if (kind === 1) return { ...x, offset: pick(COLUMNS), shape: [ROWS, 1], strides: [COLUMNS, 1] };
    if (kind === 2) return { ...x, strides: [1, ROWS] };
    if (kind === 3) return { ...x, offset: pick(N), shape: [], strides: [] };
    return x;
  };
  for (let step = 0; step < 40; step++) {
    const x = any();
    const others = likes(x.dtype);
    const a = windowOf(x);
    const b = windowOf(others[pick(others.length)]!);
    const isFloat = x.dtype === "float32" || x.dtype === "float16";
    switch (pick(11)) {
      case 0:
      case 1: {
        const y = make(x.dtype);
        device.binary((["add", "mul", "maximum", "sub"] as const)[pick(4)]!, x.dtype, y, a, next() < 0.3 ? 2 : b, 1);
        replace(x, y);
        break;
      }
      case 2: {
        const y = make(x.dtype);
        device.unary((["neg", "abs", "relu", "clamp"] as const)[pick(4)]!, y, x, -3, 3);
        if (next() < 0.5) replace(x, y);
        else replace(others[pick(others.length)]!, y);
        break;
      }
      case 3: {
        // Where two operands share memory in another layout, the op makes a copy first.
        if (b.storage.block === x.storage.block && b !== x) break;
        device.binary("add", x.dtype, x, x, b, 1);
        break;
      }
      case 4: {
        const target = any();
        const y = make(target.dtype);
        device.copy(y, x);
        if (target.dtype !== "uint8" || x.dtype !== "float32") replace(target, y);
        else free(y);
        break;
      }
      case 5:
        device.fill({ ...x, offset: COLUMNS, shape: [2, COLUMNS] }, pick(5));
        break;
      case 6: {
        const y = make(x.dtype);
        device.fill(y, pick(5));
        replace(x, y);
        break;
      }
      case 7: {
        if (!isFloat || x.dtype === "float16") break;
        const [y, w] = [make("float32"), operand(device, "float32", [COLUMNS, COLUMNS])];
        device.copy(w, { ...any(), shape: [COLUMNS, COLUMNS], strides: [1, 0] });
        device.unary("clamp", w, w, -1, 1);
        device.run("matmul", { y, a: x, b: w, bias: undefined, accumulate: false });
        device.unary("clamp", y, y, -4, 4);
        free(w);
        replace(x, y);
        break;
      }
      case 8: {
        if (x.dtype !== "float32") break;
        const s = operand(device, "float32", [ROWS]);
        device.run("reduce", { kind: "sum", y: s, x: { ...x, shape: [ROWS, COLUMNS, 1] }, n: COLUMNS, inner: 1 });
        const y = make("float32");
        device.binary("sub", "float32", y, x, { ...s, shape: [ROWS, 1], strides: [1, 1] }, 1);
        device.unary("clamp", y, y, -4, 4);
        free(s);
        replace(x, y);
        break;
      }
      case 9:
        if (next() < 0.3) read.push(await valuesOf(device, x));
        break;
      default: {
        const mask = operand(device, "bool", [ROWS, COLUMNS]);
        const y = make(x.dtype);
        device.binary("gt", x.dtype, mask, a, b, 0);
        device.ternary("where", x.dtype, y, mask, x, b, 0);
        free(mask);
        replace(x, y);
      }
    }
    // Numbers stay small, so that all of them are exact.
    if (isFloat || x.dtype === "int32") {
      const now = tensors.filter(({ dtype }) => dtype === x.dtype);
      if (next() < 0.2) for (const y of now) device.unary("clamp", y, y, -9, 9);
    }
  }
  for (const x of tensors) read.push(await valuesOf(device, x));
  free(...tensors);
  device.isFusing = true;
  return read;
}

describe.skipIf(skipped !== "")(`programs of chance${skipped}`, () => {
  it.each([...Array(Number(process.env.KINDLING_FUSION_SEEDS ?? 1)).keys()])(
    "seed %i has the values that one kernel for each op has",
    async (seed) => {
      expect(await play(seed, true)).toEqual(await play(seed, false));
      expect(device.memoryStats().blocks).toBeLessThan(64);
    },
  );
});

describe.skipIf(skipped !== "")(`kernels that do not depend on one another${skipped}`, () => {
  it("share a dispatch from the third time on, and never the values of one another", async () => {
    const make = (...shape: number[]): Operand => operand(device, "float32", shape);
    const filled = (rows: number, columns: number, by: number): Operand =>
      operand(
        device,
        "float32",
        [rows, columns],
        Array.from({ length: rows * columns }, (_, i) => ((i * by) % 7) - 3),
      );
    const [a, b, c] = [filled(9, 12, 5), filled(12, 8, 3), filled(9, 12, 2)];
    const [y, z, sum, after] = [make(9, 8), make(9, 12), make(12), make(9, 8)];
    const step = async (): Promise<unknown[]> => {
      device.run("matmul", { y, a, b, bias: undefined, accumulate: false });
      device.run("softmax", { kind: "softmax", y: z, x: c, n: 12, inner: 1 });
      device.run("reduce", { kind: "sum", y: sum, x: { ...a, shape: [1, 9, 12] }, n: 9, inner: 12 });
      // It depends on the first.
      device.run("softmax", { kind: "softmax", y: after, x: y, n: 8, inner: 1 });
      const values = [];
      for (const x of [after, sum, z, y]) values.push(valuesOf(device, x));
      return Promise.all(values);
    };
    // Products of software adapters have workgroups of another size, and a dispatch for themselves.
    device.tilings = "card";
    device.isFusing = false;
    const expected = await step();
    device.isFusing = true;
    const counts: number[] = [];
    for (let i = 0; i < 5; i++) counts.push(await dispatchesOf(async () => expect(await step()).toEqual(expected)));
    device.tilings = "auto";
    expect(counts[0]).toBe(4);
    // The product waits until it is looked at, and then shares a dispatch with the first softmax.
    expect(counts.slice(-2)).toEqual([3, 3]);
  });
});
