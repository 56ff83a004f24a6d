/** Ops that are more than elementwise, and their gradients, against the cpu: past the sizes where another way of computing them begins. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import { cut, cutNote } from "../../helpers/cut";
import { noGpu, onGpu } from "../../helpers/webgpu";

type Tensor = torch.Tensor;
type Op = (...operands: Tensor[]) => Tensor;

const F = torch.nn.functional;

/** Compares all elements: equal, or within a tolerance relative to the largest. */
function expectClose(name: string, actual: Tensor, expected: Tensor, rtol: number): void {
  expect(actual.shape, name).toEqual(expected.shape);
  expect(actual.dtype, name).toBe(expected.dtype);
  const got = Array.from(actual.toTypedArray() as Float32Array, Number);
  const want = Array.from(expected.toTypedArray() as Float32Array, Number);
  const scale = want.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  for (const [i, value] of want.entries()) {
    if (Object.is(got[i], value) || got[i] === value) continue;
    expect(Math.abs(got[i]! - value), `${name}, element ${i}: got ${got[i]}, expected ${value}`).toBeLessThanOrEqual(
      rtol * Math.max(scale, 1e-30),
    );
  }
}

/** Runs an op on both devices and compares its result and, where there are any, the gradients of its operands. */
async function compare(name: string, op: Op, operands: readonly Tensor[], rtol = 3e-6): Promise<void> {
  const run = (device: torch.Device): { y: Tensor; grads: Tensor[] } => {
    const leaves = operands.map((x) => {
      const leaf = x.to(device);
      return x.isFloatingPoint() ? leaf.detach().requiresGrad_() : leaf;
    });
    const y = op(...leaves);
    if (!y.requiresGrad) return { y, grads: [] };
    torch.manualSeed(7);
    y.backward(torch.randn(y.shape).to(device));
    return { y: y.detach(), grads: leaves.flatMap((leaf) => leaf.grad ?? []) };
  };
  const cpu = run("cpu");
  const gpu = run("webgpu");
  expect(gpu.y.device).toBe("webgpu");
  expectClose(name, await gpu.y.cpu(), cpu.y, rtol);
  expect(gpu.grads).toHaveLength(cpu.grads.length);
  for (const [i, grad] of gpu.grads.entries())
    expectClose(`gradient ${i} of ${name}`, await grad.cpu(), cpu.grads[i]!, rtol);
}

/** A transposed view with the shape of `x`. */
const turned = (x: Tensor): Tensor => x.transpose(-1, -2).contiguous().transpose(-1, -2);

describe.skipIf(noGpu !== undefined)(`ops ${onGpu}${cutNote}`, () => {
  const factors = [
    [
      [1, 1],
      [1, 1],
    ],
    [
      [5, 7],
      [7, 3],
    ],
    [
      [16, 16],
      [16, 16],
    ],
    [
      [33, 17],
      [17, 65],
    ],
    [
      [130, 40],
      [40, 300],
    ],
    [
      [300, 9],
      [9, 300],
    ],
    [
      [1, 500],
      [500, 1],
    ],
    [[7], [7, 3]],
    [[3, 7], [7]],
    [[9], [9]],
    [
      [4, 5, 6],
      [4, 6, 7],
    ],
    [
      [2, 1, 5, 6],
      [3, 6, 7],
    ],
    [
      [3, 0],
      [0, 4],
    ],
    [
      [0, 4],
      [4, 2],
    ],
  ];

  it.each(cut(factors, 5))("multiplies %j by %j", async (a, b) => {
    torch.manualSeed(1);
    const [x, y] = [torch.randn(a), torch.randn(b)];
    await compare("matmul", (u, v) => u.matmul(v), [x, y]);
    if (a.length > 1 && b.length > 1) await compare("matmul", (u, v) => turned(u).matmul(turned(v)), [x, y]);
  });

  it("multiplies integers", async () => {
    const a = torch.randint(-9, 9, [20, 30]);
    await compare("matmul", (x, y) => x.matmul(y), [a, torch.randint(-9, 9, [30, 20])]);
  });

  it("adds the bias of a linear layer", async () => {
    torch.manualSeed(2);
    for (const [n, i, o] of [
      [32, 20, 10],
      [100, 64, 200],
    ] as const)
      await compare("linear", (x, w, b) => F.linear(x, w, b), [torch.randn(n, i), torch.randn(o, i), torch.randn(o)]);
  });

  const reductions: Readonly<Record<string, (x: Tensor, dim?: number | number[]) => Tensor>> = {
    sum: (x, dim) => x.sum(dim),
    mean: (x, dim) => x.mean(dim),
    amax: (x, dim) => x.amax(dim ?? []),
    amin: (x, dim) => x.amin(dim ?? []),
    norm: (x, dim) => torch.linalg.vectorNorm(x, { dim: dim ?? null }),
    logsumexp: (x, dim) => x.logsumexp(dim ?? [0, 1, 2]),
  };

  const reduced = [
    [[2, 3, 4], 1],
    [
      [2, 3, 4],
      [0, 2],
    ],
    [[2, 100, 3], 1],
    [[2, 3, 100], 2],
    [[1, 40, 4100], 1],
    [[1, 3, 9001], 2],
    [[2, 5003, 3], 1],
    [[20, 30, 40], undefined],
  ] as const;

  for (const [name, op] of Object.entries(reductions))
    it.each(cut(reduced, 7))(`${name} of %j along %j`, async (shape, dim) => {
      torch.manualSeed(3);
      const x = torch.randn(shape as readonly number[]);
      await compare(name, (u) => op(u, dim as number | number[]), [x]);
      await compare(name, (u) => op(turned(u), dim as number | number[]), [x]);
    });

  it("reduces integers, truth values and what is not finite", async () => {
    torch.manualSeed(4);
    const x = torch.randint(-5, 5, [7, 300]);
    const special = torch.tensor([1, Number.NaN, Infinity, 2, -Infinity, 0, -0, 3]).expand(50, 8).reshape(4, 100);
    for (const dim of [0, 1]) {
      await compare("sum", (u) => u.sum(dim), [x]);
      await compare("any", (u) => u.gt(3).any(dim), [x]);
      await compare("all", (u) => u.lt(4).all(dim), [x]);
      for (const name of ["argmax", "argmin"] as const) {
        await compare(name, (u) => u[name](dim), [x]);
        await compare(name, (u) => u[name](dim), [special]);
      }
      await compare("amax", (u) => u.detach().amax(dim), [special]);
      await compare("amin", (u) => u.detach().amin(dim), [special]);
      await compare("countNonzero", (u) => torch.countNonzero(u.detach(), dim), [special]);
    }
    await compare("sum", (u) => u.sum(0), [torch.zeros(0, 3)]);
    await compare("sum", (u) => u.sum(), [torch.zeros(0, 3)]);
    await compare("sum", (u) => u.expand(5, 3).sum(), [torch.randn(3)]);
  });

  const normalized = [
    [[4, 10], 1],
    [[10, 4], 0],
    [[3, 100, 5], 1],
    [[1], 0],
    [[2, 5000], 1],
    [[0, 3], 1],
  ] as const;

  it.each(cut(normalized, 2))("softmax of %j along %i", async (shape, dim) => {
    torch.manualSeed(5);
    const x = torch.randn(shape as readonly number[]).mul(5);
    await compare("softmax", (u) => u.softmax(dim), [x], 1e-5);
    await compare("logSoftmax", (u) => u.logSoftmax(dim), [x], 1e-5);
    await compare("softmax", (u) => turned2(u).softmax(dim), [x], 1e-5);
  });

  it("softmax of many rows that lie side by side", async () => {
    await compare("softmax", (u) => u.detach().softmax(1), [torch.randn(64, 33, 64)], 1e-5);
  });

  it("softmax of what is not finite", async () => {
    const x = torch.tensor([
      [1, Infinity, 2],
      [-Infinity, 0, 1],
      [Number.NaN, 1, 2],
      [-Infinity, -Infinity, -Infinity],
    ]);
    await compare("softmax", (u) => u.detach().softmax(1), [x]);
    await compare("logSoftmax", (u) => u.detach().logSoftmax(1), [x]);
  });

  const losses = (
    [
      ["classes last", [6, 10], [6]],
      ["one item", [10], []],
      ["many classes", [3, 200], [3]],
      ["pictures", [2, 5, 3, 4], [2, 3, 4]],
    ] as const
  ).flatMap(([name, ...shapes]) =>
    (["mean", "sum", "none"] as const).map((reduction) => [name, reduction, ...shapes] as const),
  );

  it.each(cut(losses, 2))("losses against classes, %s, reduced to %s", async (_, reduction, shape, targets) => {
    const c = shape[shape.length === 1 ? 0 : 1]!;
    torch.manualSeed(6);
    const t = torch.randint(0, c, targets as readonly number[]);
    const x = torch.randn(shape as readonly number[]).mul(3);
    const weight = torch.rand(c).add(0.5);
    for (const loss of [F.crossEntropy, F.nllLoss]) {
      await compare("loss", (u, v) => loss(u, v, { reduction }), [x, t], 1e-5);
      await compare("loss", (u, v) => loss(u, v, { reduction, ignoreIndex: t.flatten().tolist()[0] }), [x, t], 1e-5);
      await compare("loss", (u, v) => loss(u, v, { reduction, weight: weight.to(u.device) }), [x, t], 1e-5);
    }
  });

  it("tells of a label that is no class when something is read, and reads and writes nothing else", async () => {
    const x = torch.randn(3, 4).to("webgpu");
    const labels = torch.tensor([1, 4, -7], { dtype: torch.int64 }).to("webgpu");
    const loss = F.crossEntropy(x, labels, { reduction: "none" });
    await expect(Promise.resolve(loss.cpu())).rejects.toThrow(
      /crossEntropy: Target number 1 is out of bounds: there are 4 classes/,
    );
    const [own, high, low] = (await loss.cpu()).tolist<number[]>();
    expect(own).toBeGreaterThan(0);
    expect([high, low]).toEqual([Number.NaN, Number.NaN]);
    F.crossEntropy(x, labels, { ignoreIndex: 4 });
    await expect(torch.webgpu.synchronize()).rejects.toThrow(torch.IndexError);
    await torch.webgpu.synchronize();
  });

  it.each(cut(["uint8", "int8", "int16", "int32"] as const, 2))(
    `takes a number as %s, in which it wraps, where it is an operand${cutNote}`,
    async (dtype) => {
      const x = torch.tensor([255, 1, 254, 127, 128, 3]).to(dtype);
      const results = (y: Tensor): Tensor[] => [
        y.eq(-1),
        y.gt(2 ** 32 + 2),
        y.remainder(-1),
        y.floorDivide(-2),
        y.fmod(2 ** 32 + 5),
        y.add(2 ** 31),
      ];
      const expected = results(x);
      for (const [i, y] of results(x.to("webgpu")).entries())
        expect(await y.tolistAsync(), `number ${i}`).toEqual(expected[i]!.tolist());
    },
  );

  it("tells of an integer divided by 0 when something is read", async () => {
    const [a, b] = [torch.tensor([6, 7], { dtype: torch.int64 }), torch.tensor([2, 0], { dtype: torch.int64 })];
    const y = a.to("webgpu").floorDivide(b.to("webgpu"));
    await expect(Promise.resolve(y.cpu())).rejects.toThrow(/floorDivide: ZeroDivisionError/);
    const z = a.to("webgpu").floorDivide(torch.tensor([2, 3], { dtype: torch.int64 }).to("webgpu"));
    expect((await z.cpu()).tolist()).toEqual([3, 2]);
  });
});

/** As {@link turned}, of any number of axes. */
function turned2(x: Tensor): Tensor {
  return x.ndim < 2 ? x : turned(x);
}
