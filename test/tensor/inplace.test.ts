/** In-place operations: versions, views, and gradients through both. Expected gradients were computed by PyTorch 1.13. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

test("every in-place operation raises the version, which views share and detached tensors see", () => {
  const x = torch.ones(3);
  expect(x._version).toBe(0);
  x.add_(1);
  x.setAt([0], 5);
  const y = x.view(3);
  y.mul_(2);
  expect([x._version, y._version]).toEqual([3, 3]);
  x.zero_();
  expect(x._version).toBe(4);
  x.detach().add_(1);
  expect(x._version).toBe(5);
  expect(x.add(1)._version).toBe(0);
});

test("an in-place operation returns its tensor and keeps its dtype", () => {
  const x = torch.ones([2], { dtype: "float64" });
  expect(x.add_(torch.ones(2))).toBe(x);
  expect(x.dtype).toBe("float64");
});

test("an operand that overlaps a part of what is changed is refused, as in PyTorch", () => {
  const x = torch.arange(6).float();
  expect(() => x.at("1:").add_(x.at(":-1"))).toThrow(/add_: unsupported operation: some elements of the input tensor/);
  expect(x.tolist()).toEqual([0, 1, 2, 3, 4, 5]);
  x.at("1:").add_(x.at(":-1").clone());
  expect(x.tolist()).toEqual([0, 1, 3, 5, 7, 9]);
});

describe("gradients", () => {
  const leaf = () =>
    torch.tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { requiresGrad: true },
    );

  test("through a row that was multiplied", () => {
    const a = leaf();
    const b = a.clone();
    const row = b.at(0);
    row.mul_(3);
    b.mul(b).sum().backward();
    expect(b.tolist()).toEqual([
      [3, 6],
      [3, 4],
    ]);
    expect(a.grad!.tolist()).toEqual([
      [18, 36],
      [6, 8],
    ]);
    expect([b.gradFn!.name, row.gradFn!.name]).toEqual(["CopySlices", "AsStridedBackward0"]);
  });

  test("through a column of a transpose", () => {
    const a = leaf();
    const b = a.mul(2);
    b.t().at(0).add_(a.at(1));
    b.pow(2).sum().backward();
    expect(b.tolist()).toEqual([
      [5, 4],
      [10, 8],
    ]);
    expect(a.grad!.tolist()).toEqual([
      [20, 16],
      [50, 52],
    ]);
  });

  test("through a view that is older than the change of its base", () => {
    const a = leaf();
    const b = a.mul(1);
    const v = b.view(4);
    b.mul_(2);
    v.mul(torch.arange(4)).sum().backward();
    expect(a.grad!.tolist()).toEqual([
      [0, 2],
      [4, 6],
    ]);
  });

  test("through an assignment", () => {
    const a = leaf();
    const b = a.clone();
    b.setAt([":", 1], a.at(":", 0).mul(5));
    b.mul(a.detach()).sum().backward();
    expect(b.tolist()).toEqual([
      [1, 5],
      [3, 15],
    ]);
    expect(a.grad!.tolist()).toEqual([
      [11, 0],
      [23, 0],
    ]);
  });

  test("through a view of a view", () => {
    const a = leaf();
    const b = a.clone();
    b.at(1).at("0:1").exp_();
    b.mul(b).sum().backward();
    const grad = a.grad!.tolist();
    expect(grad[0]).toEqual([2, 4]);
    expect(grad[1][0]).toBeCloseTo(806.8576, 2);
    expect(grad[1][1]).toBe(8);
  });

  test("through a diagonal set to zero", () => {
    const a = leaf();
    const b = a.clone();
    b.diagonal().zero_();
    b.mul(b).sum().backward();
    expect(a.grad!.tolist()).toEqual([
      [0, 4],
      [6, 0],
    ]);
  });

  test("into a tensor that required none", () => {
    const a = leaf();
    const b = torch.zeros(2, 2);
    b.setAt([0], a.at(0));
    expect([b.requiresGrad, b.gradFn!.name]).toEqual([true, "CopySlices"]);
    b.mul(3).sum().backward();
    expect(a.grad!.tolist()).toEqual([
      [3, 3],
      [0, 0],
    ]);
  });

  test("through copy_ and through a new axis", () => {
    const a = leaf();
    const b = a.clone();
    b.copy_(a.mul(a));
    b.sum().backward();
    const expected = [
      [2, 4],
      [6, 8],
    ];
    expect(a.grad!.tolist()).toEqual(expected);
    a.grad = null;
    const c = a.clone();
    c.unsqueeze(0).mul_(a);
    c.sum().backward();
    expect(a.grad!.tolist()).toEqual(expected);
  });

  test("an in-place activation takes the place of its tensor in the graph", () => {
    const b = leaf().clone();
    expect(b.relu_()).toBe(b);
    expect(b.gradFn!.name).toBe("ReluBackward0");
  });
});
