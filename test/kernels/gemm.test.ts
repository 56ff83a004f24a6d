/** The matrix product against naive sums in float64, whole and split into tasks, on both targets. */
import { describe, expect, test } from "vitest";
import { CODES, type FloatArray, type FloatType, Instance, inPieces, stream, TARGETS, unsupported } from "./instance";
import { expectClose, runBothWays, tolerance } from "./judge";

const TYPES = ["float32", "float64"] as const;
/** What lies behind memory that a kernel writes. */
const CANARY = 12345;

interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Which of A and B are stored transposed. */
  readonly layout?: "nn" | "nt" | "tn" | "tt";
  readonly batch?: number;
  readonly beta?: 0 | 1;
  /** 0: none, 1: per column, 2: per row. */
  readonly bias?: 0 | 1 | 2;
  readonly act?: 0 | 1;
}

const PRODUCTS: readonly Product[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 13].flatMap((m) => [1, 3, 4, 6, 8, 11, 17].map((n): Product => ({ m, n, k: 9 }))),
  ...(["nn", "nt", "tn", "tt"] as const).flatMap((layout): Product[] => [
    { m: 37, n: 43, k: 61, layout, batch: 3, bias: 2 },
    { m: 130, n: 70, k: 300, layout, beta: 1, bias: 1, act: 1 },
    { m: 1, n: 100, k: 77, layout, bias: 1 },
    { m: 100, n: 1, k: 77, layout, beta: 1, bias: 2 },
    { m: 4, n: 120, k: 400, layout },
    { m: 20, n: 1200, k: 33, layout },
    { m: 50, n: 1, k: 40, layout, batch: 3, bias: 1 },
    { m: 130, n: 11, k: 1030, layout, beta: 1, bias: 2, act: 1 },
    { m: 2, n: 1100, k: 21, layout, batch: 2, bias: 2 },
    { m: 7, n: 530, k: 530, layout, bias: 1, act: 1 },
    { m: 530, n: 7, k: 530, layout, beta: 1, bias: 1 },
    { m: 260, n: 44, k: 270, layout },
    { m: 29, n: 260, k: 530, layout, bias: 1 },
  ]),
  { m: 5, n: 6, k: 0, bias: 1 },
  { m: 5, n: 6, k: 0, beta: 1 },
  { m: 1, n: 1, k: 5000 },
  // Few rows by a large matrix.
  { m: 11, n: 1030, k: 1030, bias: 1 },
  { m: 1030, n: 16, k: 1030, beta: 1, act: 1 },
];

function multiply(p: Product, a: FloatArray, b: FloatArray, c: FloatArray, bias: FloatArray): Float64Array {
  const { m, n, k, layout = "nn" } = p;
  const [ta, tb] = [layout[0] === "t", layout[1] === "t"];
  return Float64Array.from(c, (before, at) => {
    const item = Math.floor(at / (m * n));
    const [i, j] = [Math.floor(at / n) % m, at % n];
    let sum = p.beta ? before : 0;
    for (let l = 0; l < k; l++) sum += a[item * m * k + (ta ? l * m + i : i * k + l)]! * b[tb ? j * k + l : l * n + j]!;
    if (p.bias) sum += bias[p.bias === 1 ? j : i]!;
    return p.act ? Math.max(sum, 0) : sum;
  });
}

function checkProduct(x: Instance, type: FloatType, p: Product): void {
  const { m, n, k, layout = "nn", batch = 1, beta = 0, bias = 0, act = 0 } = p;
  x.reset();
  const next = stream(m * 31 + n);
  const a = x.floats(type, batch * m * k, next);
  const b = x.floats(type, k * n, next);
  const c = x.floats(type, batch * m * n, next);
  const d = x.floats(type, Math.max(m, n), next);
  const expected = multiply(p, Float64Array.from(a), Float64Array.from(b), c, d);
  const [rsa, csa] = layout[0] === "t" ? [1, m] : [k, 1];
  const [rsb, csb] = layout[1] === "t" ? [1, k] : [n, 1];
  const multiplied = (panels: number) => (begin: number, end: number) =>
    x.call(
      "gemm",
      CODES[type],
      c.byteOffset,
      a.byteOffset,
      b.byteOffset,
      m,
      n,
      k,
      rsa,
      csa,
      rsb,
      csb,
      n,
      m * k,
      0,
      m * n,
      beta,
      d.byteOffset,
      bias,
      act,
      panels,
      x.scratch,
      begin,
      end,
    );
  const tasks = x.call("gemmTasks", m, n, k, batch);
  const before = c.slice();
  const actual = runBothWays(c, tasks, multiplied(0));
  expectClose(actual, expected, tolerance(type, k));
  const elements = x.call("gemmPanels", CODES[type]!, m, n, k);
  if (batch > 1 || elements === 0) return;
  const panels = x.floats(type, elements + 4, () => Number.NaN);
  panels.fill(CANARY, elements);
  inPieces(x.call("gemmPackTasks", CODES[type]!, m, n, k), (begin, end) =>
    x.call(
      "gemmPack",
      CODES[type]!,
      panels.byteOffset,
      a.byteOffset,
      b.byteOffset,
      m,
      n,
      k,
      rsa,
      csa,
      rsb,
      csb,
      begin,
      end,
    ),
  );
  expect([...panels.subarray(elements)]).toEqual([CANARY, CANARY, CANARY, CANARY]);
  c.set(before);
  const packed = runBothWays(c, tasks, multiplied(panels.byteOffset));
  expect(Buffer.compare(Buffer.from(packed.buffer), Buffer.from(actual.buffer)), "bits of packed operands").toBe(0);
}

for (const target of TARGETS) {
  const reason = unsupported(target);
  describe.skipIf(reason !== undefined)(`${target}${reason === undefined ? "" : `: skipped, ${reason}`}`, () => {
    const x = reason === undefined ? new Instance(target) : undefined;
    for (const type of TYPES) {
      test(`products of ${type}`, () => {
        for (const p of PRODUCTS) checkProduct(x!, type, p);
      });
    }
    test("integers wrap", () => {
      x!.reset();
      const view = new Uint8Array(x!.memory.buffer, x!.ints([0, 0, 0, 0]), 16);
      view.set([200, 100, 3, 7]);
      const at = view.byteOffset;
      x!.call(
        "gemm",
        6,
        at + 8,
        at,
        at + 2,
        1,
        1,
        2,
        2,
        1,
        1,
        1,
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        x!.scratch,
        0,
        x!.call("gemmTasks", 1, 1, 2, 1),
      );
      expect(view[8]).toBe((200 * 3 + 100 * 7) & 255);
    });
  });
}
