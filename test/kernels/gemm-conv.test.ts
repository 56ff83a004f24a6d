/** The matrix product and the convolutions against naive sums in float64, whole and split into tasks, on both targets. */
import { describe, expect, test } from "vitest";
import { CODES, type FloatArray, type FloatType, Instance, inPieces, stream, TARGETS, unsupported } from "./instance";

const TYPES = ["float32", "float64"] as const;

/** A bound for sums of `terms` products of numbers up to 0.5. */
const tolerance = (type: FloatType, terms: number) => (type === "float32" ? 2e-6 : 1e-14) * (1 + Math.sqrt(terms));

function expectClose(actual: FloatArray, expected: Float64Array, bound: number): void {
  const wrong = expected.findIndex((value, i) => !(Math.abs(actual[i]! - value) <= bound));
  if (wrong >= 0) expect.fail(`element ${wrong} is ${actual[wrong]}, not ${expected[wrong]}`);
}

/** Runs a kernel whole and in pieces; the bits must be the same. Returns the result. */
function runBothWays(out: FloatArray, tasks: number, run: (begin: number, end: number) => void): FloatArray {
  const before = out.slice();
  run(0, tasks);
  const whole = out.slice();
  out.set(before);
  inPieces(tasks, run);
  expect(Buffer.compare(Buffer.from(out.slice().buffer), Buffer.from(whole.buffer)), "bits of the split result").toBe(
    0,
  );
  return whole;
}

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
  ]),
  { m: 5, n: 6, k: 0, bias: 1 },
  { m: 5, n: 6, k: 0, beta: 1 },
  { m: 1, n: 1, k: 5000 },
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
  const actual = runBothWays(c, x.call("gemmTasks", m, n, k, batch), (begin, end) =>
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
      x.scratch,
      begin,
      end,
    ),
  );
  expectClose(actual, expected, tolerance(type, k));
}

/** Size, kernel, stride, padding, dilation. */
type Axis = readonly [size: number, kernel: number, stride: number, pad: number, dilation: number];

interface Convolution {
  readonly n: number;
  readonly groups: number;
  readonly c: number;
  readonly o: number;
  readonly d: Axis;
  readonly h: Axis;
  readonly w: Axis;
  readonly bias?: boolean;
}

const LINE: Axis = [1, 1, 1, 0, 1];

const CONVOLUTIONS: Readonly<Record<string, Convolution>> = {
  "LeNet's first": { n: 4, groups: 1, c: 3, o: 6, d: LINE, h: [32, 5, 1, 0, 1], w: [32, 5, 1, 0, 1], bias: true },
  "LeNet's second": { n: 4, groups: 1, c: 6, o: 16, d: LINE, h: [14, 5, 1, 0, 1], w: [14, 5, 1, 0, 1] },
  "same padding": { n: 2, groups: 1, c: 17, o: 13, d: LINE, h: [9, 3, 1, 1, 1], w: [11, 3, 1, 1, 1], bias: true },
  "1×1": { n: 2, groups: 1, c: 20, o: 30, d: LINE, h: [7, 1, 1, 0, 1], w: [7, 1, 1, 0, 1] },
  "1×1 with stride": { n: 2, groups: 1, c: 5, o: 7, d: LINE, h: [8, 1, 2, 0, 1], w: [9, 1, 3, 0, 1] },
  "a single output": { n: 5, groups: 1, c: 6, o: 21, d: LINE, h: [5, 5, 1, 0, 1], w: [4, 4, 1, 0, 1], bias: true },
  "stride and dilation": { n: 2, groups: 1, c: 3, o: 5, d: LINE, h: [19, 3, 2, 2, 3], w: [23, 4, 3, 1, 2] },
  "stride and dilation with a common factor": {
    n: 1,
    groups: 1,
    c: 2,
    o: 3,
    d: LINE,
    h: [17, 3, 4, 3, 2],
    w: [21, 3, 2, 2, 2],
  },
  "padding beyond the kernel": {
    n: 1,
    groups: 1,
    c: 2,
    o: 3,
    d: LINE,
    h: [5, 2, 1, 3, 1],
    w: [4, 3, 2, 4, 1],
    bias: true,
  },
  groups: { n: 2, groups: 3, c: 6, o: 15, d: LINE, h: [10, 3, 1, 1, 1], w: [10, 3, 1, 1, 1], bias: true },
  depthwise: { n: 2, groups: 8, c: 8, o: 8, d: LINE, h: [12, 3, 1, 1, 1], w: [13, 3, 1, 1, 1] },
  "depthwise with stride": {
    n: 2,
    groups: 4,
    c: 4,
    o: 8,
    d: LINE,
    h: [12, 3, 2, 1, 1],
    w: [13, 3, 2, 1, 1],
    bias: true,
  },
  "many channels": { n: 1, groups: 1, c: 70, o: 50, d: LINE, h: [8, 3, 1, 1, 1], w: [8, 3, 1, 1, 1] },
  "one dimension": { n: 3, groups: 1, c: 4, o: 6, d: LINE, h: LINE, w: [700, 9, 2, 4, 1], bias: true },
  "a long kernel": { n: 1, groups: 1, c: 2, o: 2, d: LINE, h: LINE, w: [900, 600, 1, 10, 1] },
  "three dimensions": {
    n: 2,
    groups: 1,
    c: 3,
    o: 4,
    d: [6, 3, 2, 1, 1],
    h: [7, 2, 1, 0, 2],
    w: [8, 3, 2, 1, 1],
    bias: true,
  },
  "no images": { n: 0, groups: 1, c: 2, o: 3, d: LINE, h: [5, 3, 1, 0, 1], w: [5, 3, 1, 0, 1] },
};

const outputs = ([size, kernel, stride, pad, dilation]: Axis) =>
  Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;

/** Calls `visit` with the positions in y, x and w of every product that a convolution adds up. */
function forEachProduct(g: Convolution, visit: (y: number, x: number, w: number) => void): void {
  const [cg, og] = [g.c / g.groups, g.o / g.groups];
  const reach = (axis: Axis) => {
    const [size, kernel, stride, pad, dilation] = axis;
    return Array.from({ length: outputs(axis) }, (_, out) =>
      Array.from({ length: kernel }, (_, tap) => out * stride - pad + tap * dilation).map((at) =>
        at >= 0 && at < size ? at : -1,
      ),
    );
  };
  const [depths, lines, columns] = [reach(g.d), reach(g.h), reach(g.w)];
  let y = 0;
  for (let n = 0; n < g.n; n++)
    for (let o = 0; o < g.o; o++)
      for (const ds of depths)
        for (const hs of lines)
          for (const ws of columns) {
            let w = o * cg * ds.length * hs.length * ws.length;
            const first = n * g.c + Math.floor(o / og) * cg;
            for (let c = first; c < first + cg; c++)
              for (const d of ds)
                for (const h of hs)
                  for (const v of ws) {
                    if (d >= 0 && h >= 0 && v >= 0) visit(y, ((c * g.d[0] + d) * g.h[0] + h) * g.w[0] + v, w);
                    w++;
                  }
            y++;
          }
}

function checkConvolution(x: Instance, type: FloatType, g: Convolution): void {
  x.reset();
  const axes = [g.d, g.h, g.w];
  const out = axes.map(outputs);
  const pick = (index: number) => axes.map((a) => a[index]!);
  const geometry = x.ints([
    g.n,
    g.groups,
    g.c,
    g.o,
    ...pick(0),
    ...out,
    ...pick(1),
    ...pick(2),
    ...pick(3),
    ...pick(4),
  ]);
  const next = stream(g.c * 7 + g.o);
  const [plane, outPlane] = [g.d[0] * g.h[0] * g.w[0], out[0]! * out[1]! * out[2]!];
  const image = x.floats(type, g.n * g.c * plane, next);
  const weight = x.floats(type, g.o * (g.c / g.groups) * g.d[1] * g.h[1] * g.w[1], next);
  const bias = x.floats(type, g.o, next);
  const gradient = x.floats(type, g.n * g.o * outPlane, next);
  const nan = () => Number.NaN;
  const y = x.floats(type, gradient.length, nan);
  const [gx, gw, gb] = [
    x.floats(type, image.length, nan),
    x.floats(type, weight.length, nan),
    x.floats(type, g.o, nan),
  ];

  const channel = (at: number) => Math.floor(at / outPlane) % g.o;
  const [ey, ex, ew, eb] = [y, gx, gw, gb].map((v) => new Float64Array(v.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  if (g.bias) for (let i = 0; i < ey.length; i++) ey[i] = bias[channel(i)]!;
  gradient.forEach((value, i) => {
    eb[channel(i)]! += value;
  });
  const [xs, ws, gs] = [image, weight, gradient].map((v) => Float64Array.from(v)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  forEachProduct(g, (i, j, k) => {
    ey[i]! += xs[j]! * ws[k]!;
    ex[j]! += gs[i]! * ws[k]!;
    ew[k]! += gs[i]! * xs[j]!;
  });

  const code = CODES[type];
  const terms = Math.max(weight.length / g.o, (weight.length / g.c) * g.groups, g.n * outPlane);
  const bound = tolerance(type, terms);
  expectClose(
    runBothWays(y, x.call("convTasks", geometry), (begin, end) =>
      x.call(
        "conv",
        code,
        y.byteOffset,
        image.byteOffset,
        weight.byteOffset,
        g.bias ? bias.byteOffset : 0,
        geometry,
        x.scratch,
        begin,
        end,
      ),
    ),
    ey,
    bound,
  );
  expectClose(
    runBothWays(gx, x.call("convInputGradTasks", geometry), (begin, end) =>
      x.call(
        "convInputGrad",
        code,
        gx.byteOffset,
        gradient.byteOffset,
        weight.byteOffset,
        geometry,
        x.scratch,
        begin,
        end,
      ),
    ),
    ex,
    bound,
  );
  expectClose(
    runBothWays(gw, x.call("convWeightGradTasks", geometry), (begin, end) =>
      x.call(
        "convWeightGrad",
        code,
        gw.byteOffset,
        gradient.byteOffset,
        image.byteOffset,
        geometry,
        x.scratch,
        begin,
        end,
      ),
    ),
    ew,
    bound,
  );
  expectClose(
    runBothWays(gb, g.o, (begin, end) =>
      x.call("convBiasGrad", code, gb.byteOffset, gradient.byteOffset, geometry, begin, end),
    ),
    eb,
    bound,
  );
}

for (const target of TARGETS) {
  const reason = unsupported(target);
  describe.skipIf(reason !== undefined)(`${target}${reason === undefined ? "" : `: skipped, ${reason}`}`, () => {
    const x = reason === undefined ? new Instance(target) : undefined;
    for (const type of TYPES) {
      test(`products of ${type}`, () => {
        for (const p of PRODUCTS) checkProduct(x!, type, p);
      });
      for (const [name, g] of Object.entries(CONVOLUTIONS)) {
        test(`convolution of ${type}: ${name}`, () => checkConvolution(x!, type, g));
      }
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
        x!.scratch,
        0,
        x!.call("gemmTasks", 1, 1, 2, 1),
      );
      expect(view[8]).toBe((200 * 3 + 100 * 7) & 255);
    });
  });
}
