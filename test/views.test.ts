import * as torch from "kindling";
import { describe, expect, it } from "vitest";

const range = (...shape: number[]) => torch.arange(shape.reduce((a, b) => a * b, 1)).reshape(shape);

describe("views", () => {
  it("share memory with their base", () => {
    const x = range(2, 3, 4).clone();
    const views = [
      x.transpose(0, 2),
      x.permute(2, 0, 1),
      x.movedim(0, -1),
      x.unsqueeze(1),
      x.diagonal(),
      x.unfold(2, 2, 1),
      x.narrow(1, 1, 2),
      x.mT,
      x.T,
      ...x.split(2, 2),
      ...x.unbind(1),
      ...x.chunk(3, 2),
      ...x.tensorSplit([1], 1),
    ];
    for (const view of views) expect(view._base).toBe(x);
    x.fill_(7);
    for (const view of views) expect(new Set(view.flatten().tolist())).toEqual(new Set([7]));
  });

  it("are seen and changed through each other by autograd", () => {
    const x = torch.ones(4, { requiresGrad: true });
    const y = x.mul(2);
    const [first, last] = y.split(2);
    first!.mul_(10);
    last!.at(1).zero_();
    y.mul(torch.tensor([1, 2, 3, 4]))
      .sum()
      .backward();
    expect(x.grad!.tolist()).toEqual([20, 40, 6, 0]);
  });

  it("take the history of their base when it is changed", () => {
    const x = torch.ones(2, 2, { requiresGrad: true });
    const y = x.clone();
    const row = y.select(0, 1);
    y.mul_(3);
    row.sum().backward();
    expect(x.grad!.tolist()).toEqual([
      [0, 0],
      [3, 3],
    ]);
  });

  it("refuse shapes that no strides show", () => {
    expect(() => range(2, 3).t().view(6)).toThrow("Use .reshape(...) instead");
    expect(range(2, 3).t().reshape(6).tolist()).toEqual([0, 3, 1, 4, 2, 5]);
    expect(() => range(2, 3).expand(3, 3)).toThrow("must match the existing size (2) at non-singleton dimension 0");
    expect(() => range(4).split([1, 2])).toThrow("sum exactly to 4");
    expect(() => range(4).unfold(0, 5, 1)).toThrow("maximum size for tensor at dimension 0 is 4 but size is 5");
    expect(() => range(3).asStrided([4], [1], { storageOffset: 1000 })).toThrow("outside of the storage");
  });
});

describe("gradients of views", () => {
  const gradient = (f: (x: torch.Tensor) => torch.Tensor, shape: number[]) => {
    const x = torch.zeros(shape, { requiresGrad: true });
    const y = f(x);
    const weights = torch.arange(1, y.numel() + 1, { dtype: torch.float32 }).reshape(y.shape);
    y.mul(weights).sum().backward();
    return x.grad!.tolist();
  };

  it("lead back to where elements came from", () => {
    expect(gradient((x) => x.t(), [2, 2])).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(gradient((x) => x.diagonal({ offset: 1 }), [3, 3])).toEqual([
      [0, 1, 0],
      [0, 0, 2],
      [0, 0, 0],
    ]);
    expect(gradient((x) => x.unfold(0, 2, 1), [3])).toEqual([1, 5, 4]);
    expect(gradient((x) => x.asStrided([2, 2], [1, 1]), [3])).toEqual([1, 5, 4]);
    expect(gradient((x) => x.asStrided([2], [2], { storageOffset: 1 }), [4])).toEqual([0, 1, 0, 2]);
    expect(gradient((x) => x.expand(2, 2), [2, 1])).toEqual([[3], [7]]);
    expect(gradient((x) => x.repeat(2), [2])).toEqual([4, 6]);
    expect(gradient((x) => x.flip(0), [3])).toEqual([3, 2, 1]);
    expect(gradient((x) => x.roll(1), [3])).toEqual([2, 3, 1]);
    expect(gradient((x) => x.split(2)[1]!, [3])).toEqual([0, 0, 1]);
    expect(gradient((x) => torch.cat([x, x]), [2])).toEqual([4, 6]);
    expect(gradient((x) => torch.stack([x, x], 1), [2])).toEqual([3, 7]);
  });
});

describe("in-place views", () => {
  it("show the same memory in another shape", () => {
    const x = range(2, 1, 3);
    const memory = x.view(-1);
    expect(x.squeeze_(1).shape).toEqual([2, 3]);
    expect(x.t_().tolist()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(x.unsqueeze_(0).transpose_(0, 2).shape).toEqual([2, 3, 1]);
    memory.fill_(9);
    expect(x.tolist()).toEqual([
      [[9], [9], [9]],
      [[9], [9], [9]],
    ]);
  });

  it("are part of the graph", () => {
    const x = torch.ones(2, 3, { requiresGrad: true });
    const y = x.mul(2);
    y.t_();
    y.select(0, 0).mul(5).sum().backward();
    expect(x.grad!.tolist()).toEqual([
      [10, 0, 0],
      [10, 0, 0],
    ]);
    expect(() => x.t_()).toThrow(torch.AutogradError);
  });

  it("resize within the memory and beyond it", () => {
    const x = range(6);
    expect(x.resize_(2, 2).tolist()).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(x.resize_(1000).at(":4").tolist()).toEqual([0, 1, 2, 3]);
  });
});

describe("joining", () => {
  it("promotes dtypes and skips placeholders", () => {
    const ints = torch.arange(2);
    const all = torch.cat([ints, torch.tensor([0.5]), torch.tensor([])]);
    expect(all.dtype).toBe("float32");
    expect(all.tolist()).toEqual([0, 1, 0.5]);
  });

  it("reads views where they lie", () => {
    const x = range(2, 3);
    expect(torch.cat([x.t(), x.t()], 1).tolist()).toEqual([
      [0, 3, 0, 3],
      [1, 4, 1, 4],
      [2, 5, 2, 5],
    ]);
    expect(torch.stack([x.at(":", 0), x.at(":", 2)]).tolist()).toEqual([
      [0, 3],
      [2, 5],
    ]);
  });

  it("names the tensor that does not fit", () => {
    expect(() => torch.cat([range(2, 3), range(3, 2)])).toThrow("Expected [2, 3] but got [3, 2] for tensor number 1");
    expect(() => torch.stack([range(2), range(3)])).toThrow("got [2] at entry 0 and [3] at entry 1");
    expect(() => torch.cat([])).toThrow("non-empty");
    expect(() => torch.cat([torch.tensor(1), torch.tensor(2)])).toThrow("zero-dimensional tensor (at position 0)");
  });
});

describe("creation", () => {
  it("takes integral numbers for ints", () => {
    expect(torch.arange(5).dtype).toBe("int64");
    expect(torch.arange(0, 1, 0.25).tolist()).toEqual([0, 0.25, 0.5, 0.75]);
    expect(torch.arange(5, 0, -2).tolist()).toEqual([5, 3, 1]);
    expect(() => torch.arange(0, 5, -1)).toThrow("inconsistent with step sign");
    expect(torch.linspace(0, 1, 5).tolist()).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(torch.eye(2, 3).tolist()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
  });

  it("follows another tensor", () => {
    const x = torch.zeros(2, 3, { dtype: torch.float64 });
    expect(x.newOnes(2).dtype).toBe("float64");
    expect(torch.onesLike(x, { dtype: torch.int32 }).dtype).toBe("int32");
    expect(x.newFull([2], 1.5).tolist()).toEqual([1.5, 1.5]);
  });
});
