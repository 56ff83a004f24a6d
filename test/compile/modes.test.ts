/** Modes that begin or end inside of a compiled function, and between its calls: each op is computed in those that are on when it is called. */
import * as torch from "kindling";
import { afterEach, expect, test, vi } from "vitest";

type Tensor = torch.Tensor;

/** What a function gives at each of several calls. */
const calls = <T>(times: number, call: (i: number) => T): T[] => Array.from({ length: times }, (_, i) => call(i));

// That a function runs as it is is said once each.
vi.spyOn(console, "warn").mockImplementation(() => {});
afterEach(() => torch.setDefaultDtype("float32"));

test("autocast", () => {
  const f = torch.compile((x: Tensor) => torch.autocast("cpu", () => x.matmul(x).mul(2)));
  for (const y of calls(3, () => f(torch.eye(2)))) {
    expect(y.dtype).toBe("bfloat16");
    expect([y.tolist(), y.sum().item()]).toEqual([
      [
        [2, 0],
        [0, 2],
      ],
      4,
    ]);
  }
});

test("autocast that is on in some calls", () => {
  let enabled = false;
  const f = torch.compile((x: Tensor) => torch.autocast("cpu", () => x.matmul(x).mul(2), { enabled }).add(1));
  const found = [false, false, true, true, false, true].map((on) => {
    enabled = on;
    return f(torch.eye(2)).dtype;
  });
  expect(found).toEqual(["float32", "float32", "bfloat16", "bfloat16", "float32", "bfloat16"]);
});

test("autocast of a generator", () => {
  const f = torch.compile((x: Tensor) => [
    ...torch.autocast("cpu", function* () {
      yield x.matmul(x);
      yield x.add(1);
    }),
  ]);
  for (const [y, z] of calls(3, () => f(torch.eye(2)))) {
    expect([y!.dtype, z!.dtype]).toEqual(["bfloat16", "float32"]);
    expect([y!.tolist(), z!.tolist()]).toEqual([torch.eye(2).tolist(), torch.eye(2).add(1).tolist()]);
  }
});

test("hooks on saved tensors", () => {
  const f = torch.compile((x: Tensor) =>
    torch.autograd.graph.savedTensorsHooks(
      (t: Tensor) => t.mul(2),
      (t: Tensor) => t,
      () => x.exp(),
    ),
  );
  const gradients = calls(3, () => {
    const x = torch.zeros([1]).requiresGrad_();
    f(x).backward();
    return x.grad!.item();
  });
  expect(gradients).toEqual([2, 2, 2]);
});

test("inference mode, inside and outside", () => {
  const inside = torch.compile((x: Tensor) => torch.inferenceMode(() => x.mul(2).exp()));
  expect(calls(3, () => torch.isInference(inside(torch.ones([2]))))).toEqual([true, true, true]);
  const f = torch.compile((x: Tensor) => x.mul(2).exp());
  const found = calls(8, (i) => {
    const call = () => torch.isInference(f(torch.ones([2])));
    return i % 2 === 0 ? torch.inferenceMode(call) : call();
  });
  expect(found).toEqual([true, false, true, false, true, false, true, false]);
  expect(torch.compiler.explain(f).compiledCallCount).toBe(6);
});

test("the default dtype, outside and inside", () => {
  const f = torch.compile(() => torch.ones([1]));
  const halves = torch.compile((x: Tensor) => x.div(2));
  const inside = torch.compile((dtype: torch.DType) => {
    torch.setDefaultDtype(dtype);
    return torch.ones([1]);
  });
  const dtypes = ["float32", "float32", "float64", "float64", "float32"] as const;
  const found = dtypes.map((dtype) => {
    torch.setDefaultDtype(dtype);
    return [f().dtype, halves(torch.tensor([3])).dtype];
  });
  expect(found).toEqual(dtypes.map((dtype) => [dtype, dtype]));
  expect(dtypes.map((dtype) => inside(dtype).dtype)).toEqual(dtypes);
});
