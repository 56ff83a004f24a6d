/** Moves between devices: values, dtypes, gradients, modules and optimizers. */
import * as kindling from "kindling";
import { beforeAll, expect, test, vi } from "vitest";
import { useStrictDevice } from "../helpers/strict";

const torch = kindling as any;

beforeAll(useStrictDevice);

test("to moves values there, and cpu brings them back", async () => {
  const x = torch.tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const y = x.t().to("webgpu");
  expect(y.device).toBe("webgpu");
  expect(y.isContiguous()).toBe(true);
  expect(y.storage).not.toBe(x.storage);
  expect(y.to("webgpu")).toBe(y);
  expect(x.to("cpu")).toBe(x);
  expect(await x.cpu()).toBe(x);
  const z = await y.mul(2).cpu();
  expect(z.device).toBe("cpu");
  expect(z.tolist()).toEqual([
    [2, 8],
    [4, 10],
    [6, 12],
  ]);
});

test("a move may cast, in both directions and for every pair of dtypes", async () => {
  const values = [0, 1, 3];
  for (const from of ["float32", "float64", "float16", "bfloat16", "int64", "int32", "int8", "uint8", "bool"])
    for (const to of ["float32", "float64", "float16", "bfloat16", "int64", "int32", "int8", "uint8", "bool"]) {
      const x = torch.tensor(values, { dtype: from });
      const there = x.to("webgpu", to);
      expect([there.device, there.dtype]).toEqual(["webgpu", to]);
      const back = there.to("cpu", from, { nonBlocking: true });
      expect((await back.cpu()).tolist()).toEqual(x.to(to).to(from).tolist());
    }
});

test("the values of now move, whatever happens to the tensor before they arrive", async () => {
  const x = torch.tensor([1, 2, 3], { device: "webgpu" });
  const later = x.cpu();
  x.add_(10);
  x.dispose();
  expect((await later).tolist()).toEqual([1, 2, 3]);
});

test("what cannot be read at once says so", async () => {
  const x = torch.ones(2, 2, { device: "webgpu" });
  expect(() => x.sum().item()).toThrow(
    /^item: a tensor on "webgpu" cannot be read at once; use await x\.cpu\(\) first/,
  );
  expect(() => x.tolist()).toThrow(torch.DeviceError);
  expect(() => x.toTypedArray()).toThrow(torch.DeviceError);
  expect(() => x.numpy()).toThrow(torch.DeviceError);
  expect(() => x.to("cpu")).toThrow(
    /^to: the values of a tensor on "webgpu" cannot be had at once; use await x\.cpu\(\)/,
  );
  expect(() => torch.zeros(2, 2).copy_(x)).toThrow(/^copy_: the values of a tensor on "webgpu"/);
  const y = x.to("cpu", { nonBlocking: true });
  expect(y.device).toBe("cpu");
  expect(() => y.add(1)).toThrow(/still on their way from "webgpu" to "cpu"; await x\.cpu\(\)/);
  expect(() => y.tolist()).toThrow(torch.DeviceError);
  expect(await y.cpu()).toBe(y);
  expect(y.add(1).tolist()).toEqual([
    [2, 2],
    [2, 2],
  ]);
});

test("copy_ takes a source of the cpu, with its gradient", async () => {
  const source = torch.tensor([1, 2, 3], { requiresGrad: true });
  const x = torch.zeros(2, 3, { device: "webgpu" }).copy_(source);
  expect((await x.cpu()).tolist()).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
  x.mul(2).sum().backward();
  expect(source.grad.device).toBe("cpu");
  expect((await source.grad.cpu()).tolist()).toEqual([4, 4, 4]);
});

test("gradients move back, and add up", async () => {
  const x = torch.tensor([1, 2, 3], { requiresGrad: true });
  const y = x.to("webgpu");
  expect(y.gradFn.name).toBe("ToCopyBackward0");
  const loss = y.mul(y).sum().add(x.to("webgpu").sum());
  loss.backward({ retainGraph: true });
  loss.backward();
  expect(x.grad.device).toBe("cpu");
  expect((await x.grad.cpu()).tolist()).toEqual([6, 10, 14]);
  x.to("webgpu").sum().backward();
  expect((await x.grad.cpu()).tolist()).toEqual([7, 11, 15]);
});

test("gradients of the cpu add up in place while something else is on its way, or could not come", async () => {
  const x = torch.tensor([1, 2], { requiresGrad: true });
  const addTwice = (): void => {
    x.grad = torch.zeros(2);
    const { grad } = x;
    x.mul(3).sum().backward();
    x.mul(3).sum().backward();
    expect([x.grad === grad, grad.tolist()]).toEqual([true, [6, 6]]);
  };
  const later = torch.ones(2, { device: "webgpu" }).to("cpu", { nonBlocking: true });
  addTwice();
  await later.cpu();
  const kernels = Object.getPrototypeOf(torch.ones(1).storage.backend);
  vi.spyOn(kernels, "read").mockRejectedValueOnce(new Error("lost"));
  const never = torch.ones(2, { device: "webgpu" }).to("cpu", { nonBlocking: true });
  await expect(never.cpu()).rejects.toThrow("lost");
  addTwice();
});

test("what lies behind a move waits for its gradient: ops of the cpu, leaves with several uses, modules", async () => {
  const model = new torch.nn.Sequential(new torch.nn.Linear(3, 4), new torch.nn.Tanh());
  const frozen = torch.tensor([2, 3, 4]);
  const w = torch.tensor([1, 2, 3], { requiresGrad: true });
  const run = async (device: string): Promise<unknown[]> => {
    model.zeroGrad();
    w.grad = null;
    const z = model(w.exp().mul(frozen).unsqueeze(0));
    const loss = z.to(device).mul(z.detach().to(device)).sum().add(z.mul(3).mean().add(w.sum()).to(device));
    loss.backward();
    const grads = [w, ...model.parameters()].map((leaf: any) => leaf.grad);
    if (device !== "cpu") expect(() => grads[0].mul(2)).toThrow(/still on their way/);
    return Promise.all(grads.map(async (g: any) => (await g.cpu()).tolist()));
  };
  expect(await run("webgpu")).toEqual(await run("cpu"));
  const twice = w.exp().to("webgpu").sum();
  const message = /^backward: with createGraph the gradient of ExpBackward0 is needed at once, but is still on its way/;
  expect(() => twice.backward({ createGraph: true })).toThrow(message);
});

test("gradients move there when a result comes to the cpu", async () => {
  const x = torch.tensor([1, 2, 3], { device: "webgpu", requiresGrad: true });
  const y = await x.mul(x).cpu();
  y.sum().backward();
  expect(x.grad.device).toBe("webgpu");
  expect((await x.grad.cpu()).tolist()).toEqual([2, 4, 6]);
});

test("operands of two devices are an error that names the op; numbers of the cpu are not", async () => {
  const x = torch.ones(2, 2);
  const y = torch.ones(2, 2, { device: "webgpu" });
  const message = /Expected all tensors to be on the same device, but found at least two devices, cpu and webgpu!/;
  for (const f of [() => x.add(y), () => x.matmul(y), () => torch.cat([x, y]), () => torch.where(x.gt(0), y, y)])
    expect(f).toThrow(message);
  expect(() => x.add(y)).toThrow(/^add: /);
  const half = torch.tensor(0.5, { dtype: "float64", requiresGrad: true });
  const z = y.mul(half);
  expect([z.device, z.dtype]).toEqual(["webgpu", "float32"]);
  z.sum().backward();
  expect([half.grad.device, half.grad.dtype]).toEqual(["cpu", "float64"]);
  expect((await half.grad.cpu()).item()).toBe(4);
  y.mul_(half.detach());
  expect((await y.cpu()).tolist()).toEqual([
    [0.5, 0.5],
    [0.5, 0.5],
  ]);
});

test("a gradient of another device is refused", () => {
  const x = torch.ones(2, { requiresGrad: true });
  const there = torch.ones(2, { device: "webgpu" });
  expect(() => x.mul(2).backward(there)).toThrow(/is on webgpu and output\[0\] is on cpu/);
  expect(() => {
    x.grad = there;
  }).toThrow(/assigned grad has data located on webgpu, expected cpu/);
  class Wrong extends torch.autograd.Function {
    static forward(_: unknown, y: any) {
      return y.mul(2);
    }
    static backward() {
      return there;
    }
  }
  expect(() => (Wrong as any).apply(x).sum().backward()).toThrow(
    /returned an invalid gradient at index 0 - expected device cpu but got webgpu/,
  );
});

test("a module moves with its gradients and buffers, and comes back", async () => {
  const model = new torch.nn.Sequential(
    new torch.nn.Linear(3, 4),
    new torch.nn.BatchNorm1d(4),
    new torch.nn.Linear(4, 2),
  );
  model.forward(torch.randn(5, 3)).sum().backward();
  const before = [...model.parameters()];
  model.to("webgpu");
  expect([...model.parameters()].every((x, i) => x === before[i])).toBe(true);
  for (const x of [...model.parameters(), ...model.buffers()]) expect(x.device).toBe("webgpu");
  for (const x of model.parameters()) expect(x.grad.device).toBe("webgpu");
  model
    .forward(torch.randn(5, 3, { device: "webgpu" }))
    .sum()
    .backward();
  expect(() => model.to("cpu")).toThrow(
    /^to: the values of a module on "webgpu" cannot be had at once; use await module\.cpu\(\)/,
  );
  expect(await model.cpu()).toBe(model);
  for (const x of [...model.parameters(), ...model.buffers()]) expect(x.device).toBe("cpu");
  expect(Number.isFinite(model.forward(torch.randn(5, 3)).sum().item())).toBe(true);
});
