/** PyTorch's introductions to autograd, line by line. Numbers that depend on random values were printed by PyTorch 1.13. */
import * as torch from "kindling";
import { expect, test } from "vitest";
import { expectClose } from "../helpers/close";

const F = torch.nn.functional;

test("z = x·w + b with binary cross entropy: names of the nodes, loss and gradients", () => {
  torch.manualSeed(0);
  const x = torch.ones(5);
  const y = torch.zeros(3);
  const w = torch.randn(5, 3, { requiresGrad: true });
  const b = torch.randn(3, { requiresGrad: true });
  const z = torch.matmul(x, w).add(b);
  const loss = F.binaryCrossEntropyWithLogits(z, y);

  expect(String(z)).toBe("tensor([ 1.3755, -0.6023, -4.8127], gradFn=<AddBackward0>)");
  expect(z.gradFn!.name).toBe("AddBackward0");
  expect(loss.gradFn!.name).toBe("BinaryCrossEntropyWithLogitsBackward0");
  expect(String(loss)).toBe("tensor(0.6819, gradFn=<BinaryCrossEntropyWithLogitsBackward0>)");

  loss.backward();
  expect(String(w.grad)).toBe(`tensor([${Array(5).fill("[0.2661, 0.1179, 0.0027]").join(",\n        ")}])`);
  expect(String(b.grad)).toBe("tensor([0.2661, 0.1179, 0.0027])");
});

test("no gradient is tracked in noGrad or after detach", () => {
  const w = torch.randn(5, 3, { requiresGrad: true });
  const x = torch.ones(5);
  expect(torch.matmul(x, w).requiresGrad).toBe(true);
  expect(torch.noGrad(() => torch.matmul(x, w)).requiresGrad).toBe(false);
  expect(torch.matmul(x, w).detach().requiresGrad).toBe(false);
});

test("the Jacobian product on (eye(5) + 1)², called twice", () => {
  const inp = torch.eye(5, { requiresGrad: true });
  const out = inp.add(1).pow(2);
  const rows = (diagonal: number, rest: number) =>
    Array.from({ length: 5 }, (_, i) => Array.from({ length: 5 }, (_, j) => (i === j ? diagonal : rest)));

  out.backward(torch.onesLike(inp), { retainGraph: true });
  expect(inp.grad!.tolist()).toEqual(rows(4, 2));
  out.backward(torch.onesLike(inp), { retainGraph: true });
  expect(inp.grad!.tolist()).toEqual(rows(8, 4));
  inp.grad!.zero_();
  out.backward(torch.onesLike(inp), { retainGraph: true });
  expect(inp.grad!.tolist()).toEqual(rows(4, 2));
});

test("leaves and others: y = (w + x)(w + 1)", () => {
  const w = torch.tensor([1], { requiresGrad: true });
  const x = torch.tensor([2], { requiresGrad: true });
  const a = torch.add(w, x);
  const b = torch.add(w, 1);
  const y = torch.mul(a, b);
  y.backward();
  expect([w, x, a, b, y].map((t) => t.isLeaf)).toEqual([true, true, false, false, false]);
  expect([w, x, a, b, y].map((t) => t.grad?.tolist() ?? null)).toEqual([[5], [2], null, null, null]);
  expect([w, x, a, b, y].map((t) => t.gradFn?.name ?? null)).toEqual([
    null,
    null,
    "AddBackward0",
    "AddBackward0",
    "MulBackward0",
  ]);
});

test("retainGrad keeps the gradient of a tensor that is no leaf", () => {
  const w = torch.tensor([1], { requiresGrad: true });
  const x = torch.tensor([2], { requiresGrad: true });
  const a = torch.add(w, x);
  a.retainGrad();
  torch.mul(a, torch.add(w, 1)).backward();
  expect(a.grad!.tolist()).toEqual([2]);
});

test("backward(gradient) on a polynomial, and the same by a sum", () => {
  const polynomial = (x: torch.Tensor) => x.pow(2).sub(x.mul(2)).add(1);
  const values = [
    [0, 0],
    [1, 2],
  ];
  const x = torch.tensor(values, { requiresGrad: true });
  polynomial(x).backward(torch.ones(2, 2));
  expect(x.grad!.tolist()).toEqual([
    [-2, -2],
    [0, 2],
  ]);
  const other = torch.tensor(values, { requiresGrad: true });
  polynomial(other).mul(torch.ones(2, 2)).sum().backward();
  expect(other.grad!.tolist()).toEqual(x.grad!.tolist());
});

test("first and second derivative by autograd.grad", () => {
  const x = torch.tensor(0, { requiresGrad: true });
  const y = x.pow(2).sub(x.mul(2)).add(1);
  const [dy] = torch.autograd.grad(y, x, { createGraph: true });
  expect(dy!.item()).toBe(-2);
  const [d2y] = torch.autograd.grad(dy!, x);
  expect(d2y!.item()).toBe(2);
});

test("a polynomial of two tensors: 3a³ − b²", () => {
  const a = torch.tensor([2, 3], { requiresGrad: true });
  const b = torch.tensor([6, 4], { requiresGrad: true });
  const Q = a.pow(3).mul(3).sub(b.pow(2));
  expect(String(Q)).toBe("tensor([-12.,  65.], gradFn=<SubBackward0>)");
  Q.backward(torch.tensor([1, 1]));
  expectClose(a.grad!, a.detach().pow(2).mul(9).tolist());
  expectClose(b.grad!, b.detach().mul(-2).tolist());
});
