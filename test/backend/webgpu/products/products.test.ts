/** Matrix products, past the point where each way of computing them begins: tiles of every shape, ragged ends, split sums, thin factors. */
import * as torch from "kindling";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { cardNamed } from "../../../../src/backend/webgpu/kernels/products/cards";
import { cutOf as cutOn } from "../../../../src/backend/webgpu/kernels/products/tilings";
import { allNote, runsAll } from "../../../helpers/cut";
import { noGpu, onGpu } from "../../../helpers/webgpu";
import { agree, turned } from "../agree";

// A software driver takes long to compile kernels while the machine does other things, too.
vi.setConfig({ testTimeout: 300_000 });

const F = torch.nn.functional;

const cutOf = (m: number, n: number, k: number, batch: number) => cutOn(cardNamed("card", ""), m, n, k, batch);

describe("the tilings", () => {
  it("are chosen by the adapter's name", () => {
    const nameOn = (name: string, m: number, n: number) => cutOn(cardNamed("auto", name), m, n, 64, 1).name;
    expect(nameOn("NVIDIA H200, nvidia, hopper", 100, 100)).toBe("32x32");
    expect(nameOn("SwiftShader driver 5.0.0, google, swiftshader", 1000, 1000)).toBe("direct64x64");
    expect(nameOn("llvmpipe (LLVM 19.1.7, 256 bits), mesa", 10, 1000)).toBe("direct16x64");
    expect(nameOn("llvmpipe", 1, 1000)).toBe("direct1x128");
    expect(nameOn("llvmpipe", 4, 1000)).toBe("direct4x128");
    expect(nameOn("llvmpipe", 1000, 1)).toBe("direct128x1");
    expect(nameOn("llvmpipe", 1000, 3)).toBe("direct128x4");
  });

  it("are chosen by shape", () => {
    expect(cutOf(4096, 4096, 64, 1).name).toBe("64x128");
    expect(cutOf(1024, 1024, 64, 1).name).toBe("64x128");
    expect(cutOf(512, 1024, 64, 1).name).toBe("64x64");
    expect(cutOf(100, 100, 64, 1).name).toBe("32x32");
    expect(cutOf(100, 100, 64, 64).name).toBe("64x128");
    expect(cutOf(10, 4096, 64, 1).name).toBe("16x64");
    expect(cutOf(4096, 10, 64, 1).name).toBe("64x16");
  });

  it("split long sums of few results, in whole steps and without gaps", () => {
    for (const k of [0, 1, 255, 256, 4096, 4097, 100_000]) {
      const { splits, chunk } = cutOf(40, 40, k, 1);
      expect(chunk % 16).toBe(0);
      expect(splits * chunk).toBeGreaterThanOrEqual(k);
      expect((splits - 1) * chunk).toBeLessThan(Math.max(k, 1));
    }
    expect(cutOf(40, 40, 4096, 1).splits).toBe(16);
    expect(cutOf(4096, 4096, 100_000, 1).splits).toBe(1);
  });
});

describe.skipIf(noGpu !== undefined || !runsAll)(`matrix products by the tilings of cards ${onGpu}${allNote}`, () => {
  // A software adapter has tilings of its own, which tilings.test.ts tests.
  beforeAll(() => {
    torch.backends.webgpu.tilings = "card";
  });
  afterAll(() => {
    torch.backends.webgpu.tilings = "auto";
  });
  beforeEach(() => {
    torch.manualSeed(1);
  });

  it("in all layouts, with gradients", async () => {
    const [x, y] = [torch.randn(33, 17), torch.randn(17, 65)];
    await agree("both as they are", (u, v) => u.matmul(v), [x, y], 5e-6);
    await agree("both transposed", (u, v) => turned(u).matmul(turned(v)), [x, y], 5e-6);
  });

  const layouts = [
    ["aligned vectors", [36, 20], [20, 40]],
    ["few rows", [9, 21], [21, 70]],
    ["few columns", [70, 21], [21, 9]],
    ["split sums", [37, 2051], [2051, 34]],
    ["a stack", [3, 33, 18], [3, 18, 34]],
  ] as const;
  const turns = [
    ["both as they are", false, false],
    ["both transposed", true, true],
    ["the left one transposed", true, false],
    ["the right one transposed", false, true],
  ] as const;
  const turnedLayouts = layouts.flatMap(([name, a, b]) => turns.map((turn) => [name, ...turn, a, b] as const));

  // Every fifth has each way of turning once.
  it.each(turnedLayouts)("in all layouts: %s, %s", async (_, turn, left, right, a, b) => {
    const product = (u: torch.Tensor, v: torch.Tensor) =>
      torch.noGrad(() => (left ? turned(u) : u).matmul(right ? turned(v) : v));
    await agree(turn, product, [torch.randn(a), torch.randn(b)], 5e-6);
  });

  const thin = [
    [
      [1, 1],
      [1, 1],
    ],
    [
      [1, 300],
      [300, 1],
    ],
    [
      [3, 130],
      [130, 70],
    ],
    [
      [2, 128],
      [128, 64],
    ],
    [
      [70, 129],
      [129, 4],
    ],
    [
      [2, 4, 50],
      [2, 50, 33],
    ],
  ] as const;

  it.each(thin)("of thin factors, %j by %j", async (a, b) => {
    const [x, y] = [torch.randn(a), torch.randn(b)];
    await agree("thin", (u, v) => u.matmul(v), [x, y], 5e-6);
    await agree("thin, transposed", (u, v) => turned(u).matmul(turned(v)), [x, y], 5e-6);
  });

  const large = [
    ["64x128", 1030, 20, 1100],
    ["64x64", 530, 18, 1030],
  ] as const;

  it.each(large)("by tiles of %s, of which the last ones are ragged", async (name, m, k, n) => {
    expect(cutOf(m, n, k, 1).name).toBe(name);
    await agree(name, (u, v) => u.detach().matmul(v.detach()), [torch.randn(m, k), torch.randn(k, n)], 5e-6);
  });

  // What begins anywhere, skips elements, or repeats.
  const views: [string, (u: torch.Tensor) => torch.Tensor][] = [
    ["steps", (u) => u.slice(1, 0, 90, 2).matmul(u.slice(1, 1, 90, 2).t())],
    ["windows", (u) => u.narrow(1, 3, 40).matmul(u.narrow(1, 5, 40).t())],
    ["expanded stacks", (u) => u.expand(3, 40, 90).matmul(u.t().expand(3, 90, 40))],
    ["expanded rows", (u) => u.narrow(0, 0, 1).expand(7, 90).matmul(u.t())],
    ["what is multiplied by itself", (u) => u.t().matmul(u)],
  ];

  it.each(views)("of views: %s", async (name, op) => {
    await agree(name, (u) => op(u!), [torch.randn(40, 90)], 5e-6);
  });

  it("with a bias, and added to what is there", async () => {
    for (const [n, i, o] of [
      [1, 30, 40],
      [33, 20, 10],
      [40, 2060, 36],
    ] as const)
      await agree(
        `linear ${n}`,
        (x, w, b) => F.linear(x, w, b),
        [torch.randn(n, i), torch.randn(o, i), torch.randn(o)],
        5e-6,
      );
    // Gradients of a sequence add the product with the weights to what came from above.
    await agree(
      "addmm",
      (y, a, b) => y.addmm(a, b),
      [torch.randn(20, 30), torch.randn(20, 40), torch.randn(40, 30)],
      5e-6,
    );
  });

  it.each(["int64", "int32", "int16", "int8", "uint8"] as const)("of %s", async (dtype) => {
    for (const [m, k, n] of [
      [20, 30, 21],
      [3, 31, 5],
      [19, 600, 21],
    ] as const) {
      const [a, b] = [torch.randint(0, 4, [m, k], { dtype }), torch.randint(0, 4, [k, n], { dtype })];
      await agree(`${m} by ${k} by ${n}`, (x, y) => x.matmul(y), [a, b]);
    }
  });

  it("of 16-bit floats, which are widened", async () => {
    for (const dtype of ["float16", "bfloat16"] as const) {
      const [a, b] = [torch.randn(20, 31).to(dtype), torch.randn(31, 22).to(dtype)];
      await agree(dtype, (x, y) => x.detach().matmul(y.detach()), [a, b], 1e-2);
    }
  });

  it("of nothing: empty sums are the bias", async () => {
    await agree("empty sums", (x, w, b) => F.linear(x, w, b), [
      torch.randn(20, 0),
      torch.randn(30, 0),
      torch.randn(30),
    ]);
    await agree("no rows", (x, y) => x.matmul(y), [torch.randn(0, 4), torch.randn(4, 5)]);
  });
});
