/** The types of old, `x.type(…)` and `x.data`. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const untyped = (value: unknown): any => value;
const all = { ...torch };

describe("torch.FloatTensor and its kin", () => {
  const types = [
    ["FloatTensor", "float32"],
    ["DoubleTensor", "float64"],
    ["HalfTensor", "float16"],
    ["BFloat16Tensor", "bfloat16"],
    ["LongTensor", "int64"],
    ["IntTensor", "int32"],
    ["ShortTensor", "int16"],
    ["CharTensor", "int8"],
    ["ByteTensor", "uint8"],
    ["BoolTensor", "bool"],
  ] as const;

  test.each(types)("%s makes tensors of %s", (name, dtype) => {
    const type = all[name];
    const x = type([[1, 0]]);
    expect(x.dtype).toBe(dtype);
    expect(x.to("float32").tolist()).toEqual([[1, 0]]);
    expect(new type(2, 3).shape).toEqual([2, 3]);
    expect([type.name, type.dtype, x.type()]).toEqual([name, dtype, `torch.${name}`]);
    for (const target of [type, dtype, `torch.${name}`]) expect(torch.ones(2).type(target).dtype).toBe(dtype);
    expect([untyped(x) instanceof type, untyped({}) instanceof type]).toEqual([true, false]);
  });

  test("take typed arrays, nothing, and tensors of the type, whose memory they show", () => {
    expect(torch.LongTensor(new Int32Array([1, 2])).tolist()).toEqual([1, 2]);
    expect(torch.FloatTensor().shape).toEqual([0]);
    const x = torch.ones(2);
    torch.FloatTensor(x).add_(1);
    expect(x.tolist()).toEqual([2, 2]);
  });

  test("new torch.Tensor is FloatTensor in the default dtype", () => {
    expect(new torch.Tensor([1, 2]).tolist()).toEqual([1, 2]);
    expect(new torch.Tensor(2, 3).shape).toEqual([2, 3]);
    expect(new torch.Tensor().dtype).toBe("float32");
    expect(new torch.Tensor([1])).toBeInstanceOf(torch.Tensor);
  });

  test.each<[string, () => unknown, RegExp]>([
    ["another dtype", () => torch.LongTensor(torch.ones(2)), /^LongTensor: expected a tensor of int64, got float32/],
    ["a text", () => torch.FloatTensor(untyped("a")), /^FloatTensor: takes sizes, or one array of values, got "a"/],
    ["two arrays", () => torch.FloatTensor(...untyped([[1], [2]])), /^FloatTensor: takes sizes/],
    ["a plain object", () => new torch.Tensor(untyped({})), /^Tensor: takes sizes/],
    ["what looks like memory", () => new torch.Tensor(untyped({ retain() {} }), 9), /^Tensor: takes sizes/],
    ["null", () => new torch.Tensor(untyped(null)), /^Tensor: takes sizes/],
    ["three arrays", () => new torch.Tensor(...untyped([[1], [2], [3]])), /^Tensor: takes sizes/],
    ["many sizes", () => new torch.Tensor(1, 1, 1, 1, 1, 1, 1), /^Tensor: .*torch\.empty/],
    ["a negative size", () => torch.FloatTensor(-1), /^FloatTensor: /],
    ["a fraction", () => new torch.Tensor(1.5), /^Tensor: /],
  ])("refuse %s", (_what, body, words) => {
    expect(body).toThrow(torch.KindlingError);
    expect(body).toThrow(words);
  });
});

describe("x.type", () => {
  const x = torch.tensor([1.5, 2]);

  test("converts, and gives the tensor itself where nothing changes", () => {
    expect(x.type(torch.int64).tolist()).toEqual([1, 2]);
    expect(x.type({ dtype: "int32" }).dtype).toBe("int32");
    expect(x.type("float32")).toBe(x);
    expect(x.typeAs(torch.ones(1, { dtype: "float64" })).dtype).toBe("float64");
  });

  test("keeps gradients", () => {
    const w = torch.ones(2, { requiresGrad: true });
    w.type(torch.DoubleTensor).sum().backward();
    expect(w.grad!.tolist()).toEqual([1, 1]);
  });

  test.each<[unknown, RegExp]>([
    ["foo", /^type: invalid type "foo"; takes a dtype/],
    [3, /^type: invalid type 3/],
    [null, /^type: invalid type null/],
    [torch.ones, /^type: invalid type function/],
    ["torch.cuda.FloatTensor", /^type: torch\.cuda\.FloatTensor is not there/],
  ])("refuses %s", (type, words) => {
    expect(() => x.type(untyped(type))).toThrow(torch.KindlingError);
    expect(() => x.type(untyped(type))).toThrow(words);
  });
});

describe("x.data", () => {
  test("shows the same memory without history", () => {
    const w = torch.ones(2, { requiresGrad: true });
    const y = w.mul(2);
    expect([y.data.requiresGrad, y.data.isLeaf]).toEqual([false, true]);
    w.data.sub_(0.5);
    expect(w.tolist()).toEqual([0.5, 0.5]);
    expect(w.requiresGrad).toBe(true);
  });

  test("is assigned: the tensor keeps its identity and shows the other memory", () => {
    const model = new torch.nn.Linear(2, 1, { bias: false });
    const optimizer = new torch.optim.SGD(model.parameters(), { lr: 1 });
    const values = torch.tensor([[1, 2]]);
    model.weight.data = values;
    model(torch.ones(1, 2)).sum().backward();
    optimizer.step();
    expect(model.weight.tolist()).toEqual([[0, 1]]);
    expect(values.tolist()).toEqual([[0, 1]]);
    expect(model.weight).toBeInstanceOf(torch.nn.Parameter);
  });

  test("is assigned in another shape, dtype and window, as in PyTorch", () => {
    const x = torch.ones(3, { requiresGrad: true });
    x.data = torch.zeros(5);
    expect([x.shape, x.requiresGrad, x.isLeaf]).toEqual([[5], true, true]);
    x.data = torch.zeros(2, { dtype: "float64" });
    expect(x.dtype).toBe("float64");
    const table = torch.arange(6).reshape(2, 3);
    const y = torch.zeros(1, { dtype: "int64" });
    y.data = table.t();
    y.data = y.data.at(1);
    expect(y.tolist()).toEqual([1, 4]);
  });

  test("takes a view out of its base", () => {
    const base = torch.zeros(2);
    const view = base.at("1:");
    view.data = torch.ones(1);
    view.add_(1);
    expect([base.tolist(), view.tolist(), view._base]).toEqual([[0, 0], [2], null]);
  });

  test("lives on when the scope of what was assigned ends, and gives its memory back", () => {
    const x = torch.zeros(2);
    const before = torch.memoryStats().blocks;
    torch.tidy(() => {
      x.data = torch.ones(2).mul(3);
    });
    expect(x.tolist()).toEqual([3, 3]);
    expect(torch.memoryStats().blocks).toBe(before);
  });

  test("refuses what is no tensor, integers that would require grad, and given back memory", () => {
    const x = torch.ones(2, { requiresGrad: true });
    expect(() => {
      x.data = untyped([1, 2]);
    }).toThrow(/^data: has to be a Tensor, got \[1, 2\]/);
    expect(() => {
      x.data = torch.arange(2);
    }).toThrow(torch.AutogradError);
    const gone = torch.ones(2);
    gone.dispose();
    expect(() => {
      x.data = gone;
    }).toThrow(torch.DisposedError);
  });
});
