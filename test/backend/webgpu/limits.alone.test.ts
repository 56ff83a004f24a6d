/** Tensors that are larger than a binding, and more workgroups than an axis has: on a device with lowered limits. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import { openWebgpu } from "../../../src/backend/lazyWebgpu";
import { cut, cutNote } from "../../helpers/cut";
import { noGpu, onGpu } from "../../helpers/webgpu";
import { agree, type Op } from "./agree";

const F = torch.nn.functional;

type Tensor = torch.Tensor;

/** 4,096 elements of 32 bits in a window, 64 workgroups an axis, and twelve bindings. */
const WINDOW = 16384;
if (noGpu === undefined) {
  const device = await openWebgpu({
    maxStorageBufferBindingSize: WINDOW,
    maxComputeWorkgroupsPerDimension: 64,
    maxBufferSize: 2 ** 20,
    maxStorageBuffersPerShaderStage: 12,
  });
  (torch as unknown as Record<string, (backend: unknown) => void>).__registerBackend!(device);
}

torch.manualSeed(0);
const rows = torch.rand([75, 75]).add(0.1);
const square = rows.flatten().slice(0, 0, 5184).reshape(72, 72);
const order = torch.arange(5625).mul(7).remainder(5625);

const ops: Readonly<Record<string, readonly [op: Op, ...operands: Tensor[]]>> = {
  "elementwise ops": [(x) => x.exp().mul(x), rows],
  broadcasting: [(x, y) => x.add(y), rows, rows.slice(0, 0, 1).clone()],
  "strided copies": [(x) => x.t().contiguous(), rows],
  "elements of one byte": [(x) => x.gt(0.5).logicalNot(), rows.repeat(4, 1)],
  "elements of two bytes": [(x) => x.to("float16").mul(2), rows.repeat(2, 1)],
  "elements of eight bytes": [(x) => x.mul(100).long().add(1), rows],
  "sums of rows": [(x) => x.sum(1), rows],
  "sums of all": [(x) => x.sum(), rows],
  softmax: [(x) => x.softmax(1), rows],
  layerNorm: [(x) => F.layerNorm(x, [75]), rows],
  batchNorm: [(x) => F.batchNorm(x, undefined, undefined, undefined, undefined, true), rows],
  // Their gradients are products of the same kind.
  "products in tiles": [(x, y) => torch.noGrad(() => x.matmul(y)), square, square.cos()],
  "thin products": [(x, y) => x.matmul(y), rows, rows.slice(0, 0, 1).reshape(75, 1)],
  pooling: [(x) => F.maxPool2d(x.reshape(1, 1, 75, 75), 2), rows],
  indexing: [(x, i) => x.flatten().indexSelect(0, i.long()), rows, order],
  "atomic sums": [(x, i) => torch.zeros([5625], { device: x.device }).indexAdd(0, i.long(), x.flatten()), rows, order],
  scatter: [(x, i) => torch.zeros([5625], { device: x.device }).scatter(0, i.long(), x.flatten()), rows, order],
  scans: [(x) => x.flatten().cumsum(0), rows],
  sorting: [(x) => x.flatten().sort().values, rows],
  concatenation: [(x) => torch.cat([x, x]), rows],
};

describe.skipIf(noGpu !== undefined)(`limits ${onGpu}`, () => {
  it.each(cut(Object.entries(ops), 3))(`%s${cutNote}`, { timeout: 60_000 }, async (name, [op, ...operands]) => {
    await agree(name, op, operands, 1e-5);
  });

  it("are split where a dispatch has more workgroups than an axis", async () => {
    // A workgroup has 64 rows, so that there are 79.
    const sums = torch.ones([5000, 3], { dtype: torch.float16 }).to("webgpu").sum(1);
    expect((await sums.cpu()).eq(3).all().item()).toBe(true);
  });

  it("bind no more windows in an expression than there are bindings", async () => {
    const operands = Array.from({ length: 8 }, () => torch.rand([75, 75]));
    const chain: Op = (...x) => x.slice(1).reduce((sum, y, i) => (i % 2 === 0 ? sum.mul(y) : sum.add(y)), x[0]!);
    await agree("a chain", (...x) => torch.noGrad(() => chain(...x)), operands, 1e-5);
    await agree("sums of a chain", (...x) => torch.noGrad(() => (chain(...x) as Tensor).sum(1)), operands, 1e-4);
  });

  it.each([
    ["SGD", [5000, 5000, 5000, 5000]],
    ["SGD", [5000, 10, 10, 10, 10, 10]],
    ["Adam", [100, 5000, 100]],
    ["Adam", [5000, 100, 100]],
  ] as const)(
    "bind no more windows in joined steps of %s than there are bindings, with %j parameters",
    async (name, sizes) => {
      const train = async (device: torch.Device): Promise<number[]> => {
        const parameters = sizes.map((n) => torch.arange(n).float().div(n).to(device).requiresGrad_());
        const optimizer = new (torch.optim as any)[name](parameters, { lr: 0.1 });
        for (let step = 0; step < 2; step++) {
          for (const p of parameters) p.grad = p.detach().mul(0.5).add(step);
          optimizer.step();
          optimizer.zeroGrad();
        }
        return Promise.all(parameters.map((p) => p.mean().itemAsync()));
      };
      const [cpu, gpu] = [await train("cpu"), await train("webgpu")];
      for (const [i, value] of cpu.entries()) expect(gpu[i]).toBeCloseTo(value, 4);
    },
  );

  it("name what was asked where there is no way", async () => {
    expect(() => torch.zeros([2 ** 19], { device: "webgpu" })).toThrow(
      "webgpu: 2097152 bytes were asked for, but the adapter's largest buffer has 1048576",
    );
    const x = torch.ones([60_000], { device: "webgpu" });
    await expect((async () => x.add(1).cpu())()).rejects.toThrow(
      / takes \d+ buffers of up to 16384 bytes, but the adapter binds only \d+ at a time/,
    );
    expect(await torch.ones([3], { device: "webgpu" }).sum().itemAsync()).toBe(3);
  });
});
