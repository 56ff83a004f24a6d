/** Scans, extrema, sorting and statistics against the cpu: one thread, one block and several blocks of a row, ragged ends, ties and NaN. */
import * as torch from "kindling";
import { describe, it } from "vitest";
import { allNote, cut, cutNote, runsAll } from "../../helpers/cut";
import { noGpu, onGpu } from "../../helpers/webgpu";
import { agree, turned } from "./agree";

type Tensor = torch.Tensor;

/** Rows that one thread, one workgroup, or several workgroups go through. */
const allShapes = [
  [[2, 2100], 1],
  [[1], 0],
  [[3, 20], 1],
  [[2, 100, 3], 1],
  [[2, 1024], 1],
  [[1100, 2], 0],
  [[20, 3], 0],
] as const;
const shapes = cut(allShapes, 7);

const special = (): Tensor =>
  torch.tensor([1, Number.NaN, Infinity, 2, -Infinity, 0, -0, 3, 3, 1]).repeat(300).reshape(3, 1000);

const integers = cut(["int64", "int32", "int16", "bool", "int8", "uint8"] as const, 5);

const whole = (dtype: torch.DType, shape: readonly number[]): Tensor => torch.randint(0, 5, shape).to(dtype);

describe.skipIf(noGpu !== undefined)(`order ${onGpu}${cutNote}`, () => {
  it.each(shapes)("scans %j along %i", async (shape, dim) => {
    torch.manualSeed(1);
    const x = torch.randn(shape as readonly number[]);
    await agree("cumsum", (u) => u!.cumsum(dim), [x], 1e-5);
    // Its gradient is that of n products of n factors.
    const isShort = shape[dim]! <= 100;
    await agree("cumprod", (u) => (isShort ? u! : u!.detach()).mul(0.02).add(1).cumprod(dim), [x], 1e-4);
    await agree("logcumsumexp", (u) => u!.logcumsumexp(dim), [x], 1e-5);
    await agree("cummax", (u) => [...u!.cummax(dim)].slice(0, 2), [x]);
    await agree("cummin", (u) => [...turned(u!).cummin(dim)].slice(0, 2), [x]);
  });

  it("scans and sorts very many rows that lie side by side", async () => {
    const x = torch.randn(64, 33, 64);
    await agree("cumsum", (u) => u!.detach().cumsum(1), [x], 1e-5);
    await agree("cummax", (u) => [...u!.detach().cummax(1)], [x]);
    await agree("max", (u) => [...u!.detach().max(1)], [x]);
  });

  it("scans integers and what is not finite", async () => {
    torch.manualSeed(2);
    for (const dtype of integers) {
      const x = whole(dtype, [2, runsAll ? 1100 : 100]);
      await agree("cumsum", (u) => u!.cumsum(1), [x]);
      await agree("cumprod", (u) => u!.ne(4).to(u!.dtype).cumprod(1), [x]);
      await agree("cummax", (u) => [...u!.cummax(1)], [x]);
      await agree("cummin", (u) => [...u!.cummin(0)], [x]);
    }
    for (const name of ["cumsum", "logcumsumexp"] as const) await agree(name, (u) => u!.detach()[name](1), [special()]);
    await agree("cummax", (u) => [...u!.detach().cummax(1)], [special()]);
    await agree("cummin", (u) => [...u!.detach().cummin(0)], [special()]);
  });

  it.each(shapes)("finds extrema and statistics of %j along %i", async (shape, dim) => {
    torch.manualSeed(3);
    const x = torch.randn(shape as readonly number[]);
    await agree("max", (u) => [...u!.max(dim)], [x]);
    await agree("min", (u) => [...turned(u!).min(dim)], [x]);
    await agree("var", (u) => u!.add(100).var(dim, { correction: 0 }), [x], 1e-4);
    await agree("std", (u) => u!.std({ correction: 0 }), [x], 1e-5);
    await agree("varMean", (u) => [...torch.varMean(u!, dim, { correction: 0 })], [x], 1e-5);
  });

  it("finds extrema of integers and of what is not finite", async () => {
    torch.manualSeed(4);
    for (const dtype of integers) {
      await agree("max", (u) => [...u!.max(1)], [whole(dtype, [9, 70])]);
      await agree("min", (u) => [...u!.min(0)], [whole(dtype, [9, 70])]);
    }
    for (const dim of [0, 1]) await agree("max", (u) => [...u!.detach().max(dim)], [special()]);
    await agree("var", (u) => u!.var(1), [torch.randn(2, 9001).add(1000)], 1e-4);
  });

  it.each(shapes)("sorts %j along %i", async (shape, dim) => {
    torch.manualSeed(5);
    const x = torch.randn(shape as readonly number[]);
    const n = shape[dim]!;
    for (const descending of [false, true])
      await agree("sort", (u) => [...u!.sort({ dim, descending })], [x.mul(8).round().div(8)]);
    await agree("sort", (u) => [...u!.sort({ dim, stable: true })], [x.mul(3).round()]);
    await agree("topk", (u) => [...u!.topk(Math.min(n, 5), { dim })], [x]);
    await agree("topk", (u) => [...u!.topk(Math.ceil(n / 2), { dim, largest: false })], [x]);
    await agree("kthvalue", (u) => [...u!.kthvalue(Math.ceil(n / 3), { dim })], [x]);
    await agree("median", (u) => [...u!.median(dim)], [x]);
    await agree("mode", (u) => [...u!.mode(dim)], [x.mul(2).round()]);
  });

  it.runIf(runsAll)(`sorts integers, truth values, halves and what is not finite${allNote}`, async () => {
    torch.manualSeed(6);
    for (const dtype of [...integers, "float16", "bfloat16"] as const)
      for (const descending of [false, true])
        await agree(`sort ${dtype}`, (u) => [...u!.detach().sort({ descending })], [
          whole(dtype, [2, 90])
            .mul(dtype === "uint8" || dtype === "bool" ? 1 : -1)
            .to(dtype),
        ]);
    for (const descending of [false, true])
      await agree("sort", (u) => [...u!.detach().sort({ dim: 1, descending })], [special()]);
    await agree("mode", (u) => [...u!.detach().mode(1)], [special()]);
    await agree("sort", (u) => [...u!.sort()], [torch.zeros(0, 3)]);
    await agree("sort", (u) => [...u!.sort()], [torch.tensor([2 ** 31 - 1, -(2 ** 31), 0], { dtype: torch.int64 })]);
    await agree("argsort", (u) => u!.detach().argsort(), [torch.randn(3, 9)]);
    await agree("msort", (u) => u!.detach().msort(), [torch.randn(30, 9)]);
    await agree("quantile", (u) => u!.quantile(0.3, { dim: 0 }), [torch.randn(30, 9)], 1e-5);
    await agree("nanmedian", (u) => u!.detach().nanmedian(), [special()]);
  });

  it("counts what lies in bins", async () => {
    torch.manualSeed(7);
    await agree("histc", (u) => u!.detach().histc({ bins: 20, min: -2, max: 2 }), [torch.randn(5000)]);
    await agree("histc", (u) => u!.detach().histc({ bins: 4, min: 0, max: 3 }), [special()]);
  });
});
