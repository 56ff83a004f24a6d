/** Ops that read and write by index or mask against the cpu: over several workgroups, axes, dtypes, and indices that repeat or are out of range. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import { cut, cutNote } from "../../helpers/cut";
import { noGpu, onGpu } from "../../helpers/webgpu";
import { agree, turned } from "./agree";

type Tensor = torch.Tensor;

const dtypes = ["float32", "int32", "int64", "int16", "int8", "uint8", "bool", "float16", "bfloat16"] as const;

/** Values that every dtype holds. */
const valuesOf = (dtype: torch.DType, shape: readonly number[]): Tensor =>
  dtype === "bool" ? torch.randint(0, 2, shape).bool() : torch.randint(0, 9, shape).to(dtype);

const indices = (n: number, shape: readonly number[]): Tensor => torch.randint(0, n, shape);

const selected = [
  [[7], 0, 5],
  [[5, 300], 0, 9],
  [[3, 40, 9], 1, 70],
  [[300, 5], 1, 9],
  [[2, 3], 1, 0],
] as const;

const gathered = [
  [[7], 0, [20]],
  [[5, 30], 0, [9, 30]],
  [[30, 5], 1, [20, 70]],
  [[3, 40, 9], 1, [3, 70, 9]],
  [[3, 40, 9], 1, [2, 2000, 3]],
] as const;

describe.skipIf(noGpu !== undefined)(`indexing ${onGpu}${cutNote}`, () => {
  it.each(cut(selected, 2))("selects, copies and adds slices of %j along %i", async (shape, dim, m) => {
    torch.manualSeed(1);
    const x = torch.randn(shape as readonly number[]);
    const index = indices(shape[dim]!, [m]);
    const part = shape.map((n, i) => (i === dim ? m : n));
    const source = torch.randn(part);
    await agree("indexSelect", (u, i) => u.indexSelect(dim, i!), [x, index]);
    await agree("indexSelect", (u, i) => turned(u!).indexSelect(dim, i!), [x, index]);
    await agree("indexAdd", (u, i, s) => u!.indexAdd(dim, i!, s!, { alpha: 1.5 }), [x, index, source]);
    await agree("indexCopy", (u, i, s) => u!.detach().indexCopy(dim, i!, s!.detach()), [x, index, source]);
    await agree("indexFill", (u, i) => u!.indexFill(dim, i!, 2.5), [x, index]);
    for (const reduce of ["prod", "mean", "amax", "amin"] as const)
      await agree(reduce, (u, i, s) => u!.detach().indexReduce(dim, i!, s!.detach(), reduce), [x, index, source], 1e-5);
  });

  it.each(cut(gathered, 2))("gathers from and scatters into %j along %i", async (shape, dim, at) => {
    torch.manualSeed(2);
    const x = torch.randn(shape as readonly number[]);
    const index = indices(shape[dim]!, at as readonly number[]);
    const source = torch.randn(at as readonly number[]);
    await agree("gather", (u, i) => u!.gather(dim, i!), [x, index]);
    await agree("takeAlongDim", (u, i) => turned(u!).gather(dim, i!), [x, index]);
    await agree("scatterAdd", (u, i, s) => u!.scatterAdd(dim, i!, s!), [x, index, source], 1e-5);
    await agree("scatter", (u, i, s) => u!.detach().scatter(dim, i!, s!.detach()), [x, index, source]);
    await agree("scatter", (u, i) => u!.scatter(dim, i!, 3), [x, index]);
    for (const reduce of ["sum", "prod", "mean", "amax", "amin"] as const) {
      const op = (u: Tensor, i: Tensor, s: Tensor) =>
        u.detach().scatterReduce(dim, i, s.detach().mul(0.1).add(1), reduce);
      await agree(reduce, op as never, [x, index, source], 1e-4);
    }
  });

  it.each(cut(dtypes, 2))("moves and joins elements of %s", async (dtype) => {
    torch.manualSeed(3);
    const x = valuesOf(dtype, [9, 21]);
    const index = indices(9, [30]);
    const each = indices(9, [30, 21]);
    const source = valuesOf(dtype, [30, 21]);
    const plain = (name: string, op: (...operands: Tensor[]) => Tensor, operands: Tensor[]) =>
      agree(name, (...all) => op(...all.map((u) => u.detach())), operands, 1e-2);
    await plain("indexSelect", (u, i) => u!.indexSelect(0, i!), [x, index]);
    await plain("gather", (u, i) => u!.gather(0, i!), [x, each]);
    await plain("scatter", (u, i, s) => u!.scatter(0, i!, s!), [x, each, source]);
    await plain("indexCopy", (u, i, s) => u!.indexCopy(0, i!, s!), [x, index, source]);
    await plain("maskedScatter", (u, m, s) => u!.maskedScatter(m!, s!), [x, x.ne(0), source]);
    if (dtype === "bool") return;
    await plain("scatterAdd", (u, i, s) => u!.scatterAdd(0, i!, s!), [x, each, source]);
    await plain("indexAdd", (u, i, s) => u!.indexAdd(0, i!, s!), [x, index, source]);
    await plain("amax", (u, i, s) => u!.scatterReduce(0, i!, s!, "amax"), [x, each, source]);
  });

  it("adds in the order of the cpu when results must be the same each time", async () => {
    torch.manualSeed(4);
    const [x, index] = [torch.zeros(3, 5), indices(3, [700])];
    const [source, each] = [torch.randn(700, 5), indices(3, [700, 5])];
    torch.useDeterministicAlgorithms(true);
    try {
      await agree("indexAdd", (u, i, s) => u!.indexAdd(0, i!, s!), [x, index, source], 0);
      await agree("scatterAdd", (u, i, s) => u!.scatterAdd(0, i!, s!), [x, each, source], 0);
    } finally {
      torch.useDeterministicAlgorithms(false);
    }
  });

  it("looks words up and sums their gradients", async () => {
    torch.manualSeed(5);
    const [weight, words] = [torch.randn(50, 16), indices(50, [9, 40])];
    await agree("embedding", (w, i) => torch.nn.functional.embedding(i!, w!), [weight, words], 1e-5);
    await agree("embedding", (w, i) => torch.nn.functional.embedding(i!, w!, { paddingIdx: 3 }), [weight, words], 1e-5);
    await agree("oneHot", (i) => torch.nn.functional.oneHot(i!, 50), [words]);
    await agree("take", (w, i) => w!.take(i!), [weight, words]);
    await agree("at", (w, i) => w!.at(i!.select(0, 0)), [weight, words], 1e-5);
  });

  it("finds places among what is sorted", async () => {
    torch.manualSeed(6);
    const [rows, values] = [torch.randn(3, 200).sort()[0], torch.randn(3, 500)];
    for (const right of [false, true]) {
      await agree("searchsorted", (s, v) => torch.searchsorted(s!.detach(), v!.detach(), { right }), [rows, values]);
      await agree("bucketize", (s, v) => torch.bucketize(v!.detach(), s!.detach(), { right }), [
        rows.select(0, 0),
        values,
      ]);
      const whole = [torch.tensor([1, 2, 2, 5]).int(), torch.tensor([[0, 1, 2, 3, 9]]).int()];
      await agree("bucketize", (s, v) => torch.bucketize(v!, s!, { right }), whole);
    }
    const nan = torch.tensor([Number.NaN, 0, Infinity]);
    await agree("NaN", (s, v) => torch.bucketize(v!.detach(), s!.detach()), [rows.select(0, 0), nan]);
  });

  it("writes where a mask is true, over several blocks", async () => {
    torch.manualSeed(7);
    for (const n of [1, 64, 1000, 5000]) {
      const [x, source] = [torch.randn(n), torch.randn(n)];
      const mask = torch.randint(0, 2, [n]).bool();
      await agree("maskedScatter", (u, m, s) => u!.detach().maskedScatter(m!, s!.detach()), [x, mask, source]);
    }
    await agree("maskedFill", (u, m) => u!.maskedFill(m!, 3), [torch.randn(5, 7), torch.randint(0, 2, [7]).bool()]);
  });

  it("says what to do where the shape of a result depends on data", async () => {
    const x = torch.tensor([1, 0, 2]).to("webgpu");
    for (const op of [() => x.nonzero(), () => x.maskedSelect(x.ne(0)), () => x.at(x.ne(0)), () => x.unique()])
      expect(op).toThrow(/await x\.cpu\(\)/);
  });

  it("takes nothing from nothing, and tells at once of an index where there is nothing to choose from", async () => {
    const [nothing, no, zero] = [torch.zeros(0), torch.zeros([0]).long(), torch.zeros([1]).long()].map((x) =>
      x!.to("webgpu"),
    ) as [Tensor, Tensor, Tensor];
    for (const y of [
      torch.take(nothing, no),
      nothing.at(no),
      nothing.reshape(0, 0).at(no, no),
      nothing.put(no, nothing),
    ])
      expect(await y.tolistAsync()).toEqual([]);
    for (const choose of [
      () => torch.take(nothing, zero),
      () => nothing.indexSelect(0, zero),
      () => nothing.gather(0, zero),
      () => nothing.reshape(0, 0).at(zero, zero),
    ])
      expect(choose).toThrow(/index number 0 is out of bounds for dimension 0 with size 0/);
  });

  it("tells of an index that is out of range when something is read, and writes nowhere else", async () => {
    const x = torch.arange(6).float().to("webgpu");
    const bad = torch.tensor([1, 99], { dtype: torch.int64 }).to("webgpu");
    const ops: (() => Tensor)[] = [
      () => x.indexSelect(0, bad),
      () => x.gather(0, bad),
      () => x.indexAdd(0, bad, torch.ones(2).to("webgpu")),
      () => x.scatter(0, bad, torch.ones(2).to("webgpu")),
      () => x.scatterAdd(0, bad, torch.ones(2).to("webgpu")),
      () => x.indexCopy(0, bad, torch.ones(2).to("webgpu")),
    ];
    for (const op of ops) {
      op();
      await expect(torch.webgpu.synchronize()).rejects.toThrow(
        /index number 1 is out of bounds for dimension 0 with size 6/,
      );
    }
    expect((await x.cpu()).tolist()).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
