/** In-place changes and views in the graph. Every result and error is PyTorch's. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const leaf = (...values: number[]) => torch.tensor(values, { requiresGrad: true });

describe("leaves", () => {
  test("that require grad cannot be changed, nor their views", () => {
    expect(() => leaf(1).add_(1)).toThrow(/a leaf Variable that requires grad is being used in an in-place operation/);
    expect(() => leaf(1).view(1).add_(1)).toThrow(/a view of a leaf Variable that requires grad is being used/);
  });

  test("that do not, become part of the graph", () => {
    const x = leaf(1, 2);
    const y = torch.zeros(2);
    y.setAt([0], x.at(0).mul(2));
    y.setAt([1], x.at(1).mul(3));
    expect([y.isLeaf, y.requiresGrad]).toEqual([false, true]);
    y.sum().backward();
    expect(x.grad!.tolist()).toEqual([2, 3]);
  });
});

describe("views", () => {
  test("made before a change of their base get the history of the change", () => {
    const x = leaf(1, 2);
    const y = x.mul(1);
    const v = y.at(0);
    y.mul_(2);
    expect(v.gradFn!.name).toBe("AsStridedBackward0");
    expect(torch.autograd.grad(v, x)[0]!.tolist()).toEqual([2, 0]);
  });

  test("change their base", () => {
    const x = leaf(1, 2, 3, 4);
    const y = x.mul(1);
    const v = y.view(2, 2);
    v.at(0).at(1).mul_(10);
    expect([y.gradFn!.name, v.gradFn!.name, y.tolist()]).toEqual(["CopySlices", "AsStridedBackward0", [1, 20, 3, 4]]);
    y.sum().backward();
    expect(x.grad!.tolist()).toEqual([1, 10, 1, 1]);
  });

  test("made in noGrad of something in the graph can only be changed there", () => {
    const y = leaf(1, 2).mul(1);
    const v = torch.noGrad(() => y.view(2));
    expect(() => v.add_(1)).toThrow(
      /A view was created in noGrad mode and is being modified inplace with grad mode enabled/,
    );
    torch.noGrad(() => v.add_(1));
    expect(y.tolist()).toEqual([2, 3]);
    const free = torch.noGrad(() => torch.zeros(2).view(2));
    expect(free.add_(1).tolist()).toEqual([1, 1]);
  });

  test("whose elements share memory cannot be changed", () => {
    const message = /more than one element of the written-to tensor refers to a single memory location/;
    expect(() => torch.ones(2).expand(3, 2).add_(1)).toThrow(message);
    expect(() => torch.noGrad(() => leaf(1).expand(3).zero_())).toThrow(message);
    expect(torch.ones(1, 2).expand(1, 2).add_(1).tolist()).toEqual([[2, 2]]);
  });
});

describe("versions", () => {
  test("count changes, also through views and detached tensors", () => {
    const y = leaf(1, 2).mul(2);
    const z = y.add_(1);
    expect([z === y, y.gradFn!.name, y._version]).toEqual([true, "AddBackward0", 1]);
    y.view(2).mul_(1);
    y.detach().mul_(1);
    expect(y._version).toBe(3);
  });

  test("are compared with what was saved, through detached tensors too", () => {
    const x = leaf(1, 2);
    const before = x.mul(1);
    before.detach().mul_(2);
    before.mul(before).sum().backward();
    expect(x.grad!.tolist()).toEqual([4, 8]);
    const y = x.mul(1);
    const loss = y.mul(y).sum();
    y.detach().mul_(2);
    expect(() => loss.backward()).toThrow(
      /modified by an inplace operation: \[torch.FloatTensor \[2\]\], which is output 0 of MulBackward0, is at version 1; expected version 0 instead/,
    );
  });

  test("a change after a backward counts for the next", () => {
    const x = leaf(1, 2);
    const y = x.exp();
    y.backward(torch.ones(2), { retainGraph: true });
    y.add_(1);
    expect(() => y.sum().backward()).toThrow(/output 0 of ExpBackward0, is at version 1; expected version 0/);
  });
});

describe("retainGrad", () => {
  test("follows a tensor through a change in place", () => {
    for (const when of ["before", "after"]) {
      const x = leaf(1, 2);
      const y = x.mul(2);
      if (when === "before") y.retainGrad();
      y.mul_(3);
      if (when === "after") y.retainGrad();
      y.sum().backward();
      expect([y.grad!.tolist(), x.grad!.tolist()]).toEqual([
        [1, 1],
        [6, 6],
      ]);
    }
  });

  test("of a view keeps the gradient of the view alone", () => {
    const x = leaf(1, 2);
    const y = x.mul(2);
    const v = y.at(0);
    v.retainGrad();
    v.mul(3).backward();
    expect([v.grad!.item(), y.grad, x.grad!.tolist()]).toEqual([3, null, [6, 0]]);
  });

  test("of a view whose base is changed keeps that of the view as it is then", () => {
    const x = leaf(1, 2);
    const y = x.mul(2);
    const v = y.at(0);
    v.retainGrad();
    y.mul_(3);
    v.mul(5).backward();
    expect([v.grad!.item(), x.grad!.tolist()]).toEqual([5, [30, 0]]);
  });
});

describe("inference tensors", () => {
  const make = () => torch.inferenceMode(() => torch.ones(2));

  test("cannot be changed outside of inference mode, nor saved", () => {
    expect(() => make().add_(1)).toThrow(/Inplace update to inference tensor outside InferenceMode is not allowed/);
    expect(() => make().mul_(leaf(1, 2))).toThrow(/Inplace update to inference tensor/);
    expect(() => leaf(1, 2).mul(make())).toThrow(/Inference tensors cannot be saved for backward/);
    expect(torch.inferenceMode(() => make().add_(1)).tolist()).toEqual([2, 2]);
  });

  test("have views of their kind, and ordinary copies", () => {
    const b = make();
    expect([b.view(2), b.add(1), b.clone()].map((t) => t.isInference())).toEqual([true, false, false]);
  });

  test("may ask for a gradient in inference mode, without effect", () => {
    const flags = torch.inferenceMode(() => {
      const b = torch.ones([2], { requiresGrad: true });
      return [b.requiresGrad, b.mul(2).requiresGrad];
    });
    expect(flags).toEqual([true, false]);
  });
});

describe("elementwise ops with parameters", () => {
  const F = torch.nn.functional;
  const ops: Record<string, [(x: torch.Tensor) => torch.Tensor, (x: torch.Tensor) => torch.Tensor]> = {
    clamp: [(x) => x.clamp(-0.5, 1), (x) => x.clamp_(-0.5, 1)],
    hardtanh: [(x) => F.hardtanh(x), (x) => F.hardtanh_(x)],
    relu6: [(x) => F.relu6(x), (x) => F.relu6(x, { inplace: true })],
    leakyRelu: [(x) => F.leakyRelu(x, 0.1), (x) => F.leakyRelu_(x, 0.1)],
    silu: [(x) => F.silu(x), (x) => F.silu(x, { inplace: true })],
    pow: [(x) => x.pow(2), (x) => x.pow_(2)],
    round: [(x) => x.round({ decimals: 1 }), (x) => x.round_({ decimals: 1 })],
  };
  const values = () => torch.linspace(-2, 8, 24).reshape(4, 6);

  test.each(Object.entries(ops))("%s changes what it is given, and no more", (_, [plain, changing]) => {
    for (const dtype of ["float32", "float64", "float16"] as const) {
      const x = values().to(dtype);
      const expected = plain(x).tolist();
      expect(changing(x)).toBe(x);
      expect(x.tolist()).toEqual(expected);
      // A view that is not contiguous: one column of its base.
      const base = values().to(dtype);
      const column = base.select(1, 2);
      const all = values().to(dtype).tolist() as number[][];
      const changed = (plain(column).tolist() as number[]).map((value, i) => all[i]!.with(2, value));
      changing(column);
      expect(base.tolist()).toEqual(changed);
    }
  });

  test.each(Object.entries(ops))("%s is recorded, and told to what needs the values before", (_, [plain, changing]) => {
    const x = values().requiresGrad_();
    const [expected] = torch.autograd.grad(plain(x.mul(1)).sum(), [x]);
    expect(torch.autograd.grad(changing(x.mul(1)).sum(), [x])[0]!.tolist()).toEqual(expected!.tolist());
    const kept = values();
    const y = x.mul(kept);
    changing(kept);
    expect(() => y.sum().backward()).toThrow(/modified by an inplace operation/);
  });

  test.each(Object.entries(ops))(
    "%s takes tensors of one element and of none, and raises the version once",
    (_, [plain, changing]) => {
      for (const x of [torch.tensor(0.7), torch.zeros(0, 3)]) {
        const [expected, version] = [plain(x).tolist(), x._version];
        expect(changing(x).tolist()).toEqual(expected);
        expect(x._version).toBe(version + 1);
      }
    },
  );

  test("an op that limits its input first", () => {
    const x = torch.tensor([0.1, 0.9, 0.5]);
    const expected = torch.logit(x, 0.2).tolist();
    expect(x.logit_(0.2).tolist()).toEqual(expected);
  });

  test("integers that bounds would make fractions are refused, and stay", () => {
    const x = torch.tensor([1, 5, 9], { dtype: "int32" });
    expect(() => x.clamp_(0, 4.5)).toThrow(/result type float32 can't be cast to the desired output type int32/);
    expect(x.tolist()).toEqual([1, 5, 9]);
    expect(x.clamp_(2, 6).tolist()).toEqual([2, 5, 6]);
  });
});
