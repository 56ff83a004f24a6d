import * as torch from "kindling";
import { describe, expect, it, test } from "vitest";

const range = (...shape: number[]) => torch.arange(shape.reduce((a, b) => a * b, 1)).reshape(shape);
const long = (values: unknown[]) => torch.tensor(values, { dtype: torch.int64 });

describe("x.at", () => {
  it("gives views for integers, slices, ellipsis and new axes", () => {
    const x = range(2, 3, 4).clone();
    expect(x.at(1, "1:", "::2").tolist()).toEqual([
      [16, 18],
      [20, 22],
    ]);
    expect(x.at("...", -1).tolist()).toEqual([
      [3, 7, 11],
      [15, 19, 23],
    ]);
    expect(x.at(null, 0, "...", null).shape).toEqual([1, 3, 4, 1]);
    expect(x.at("-2:", ":1", "1:100").shape).toEqual([2, 1, 3]);
    for (const view of [x.at(1), x.at("::2", 0), x.at("..."), x.at(torch.tensor(0, { dtype: torch.int64 }))])
      expect(view._base).toBe(x);
  });

  it("shows changes of a view in its base", () => {
    const x = torch.zeros(2, 3);
    x.at(1, "1:").add_(5);
    expect(x.tolist()).toEqual([
      [0, 0, 0],
      [0, 5, 5],
    ]);
  });

  it("copies for tensors, arrays and masks, and puts the result where PyTorch does", () => {
    const x = range(2, 3, 4, 5);
    expect(x.at(":", [0, 2], [1, 1]).shape).toEqual([2, 2, 5]);
    expect(x.at([0, 1], ":", [1, 3]).shape).toEqual([2, 3, 5]);
    expect(x.at(0, ":", [1, 3]).shape).toEqual([3, 2, 5]);
    expect(x.at(":", long([[0], [2]]), long([1, 3, 0])).shape).toEqual([2, 2, 3, 5]);
    expect(x.at(x.select(3, 0).ge(60)).shape).toEqual([12, 5]);
    expect(x.at([true, false], "...", 0).shape).toEqual([1, 3, 4]);
    expect(x.at([-1, 0])._base).toBe(null);
    expect(range(3, 4).at([0, 2], [1, -1]).tolist()).toEqual([1, 11]);
  });

  it("takes a boolean as a new axis of size 1 or 0, also with others", () => {
    expect(range(2, 3).at(true).shape).toEqual([1, 2, 3]);
    expect(range(2, 3).at(false).shape).toEqual([0, 2, 3]);
    expect(range(2, 3).at(true, [1, 0]).tolist()).toEqual([
      [3, 4, 5],
      [0, 1, 2],
    ]);
  });

  it("says what is wrong with an index", () => {
    const x = range(3, 4);
    expect(() => x.at(0, 0, 0)).toThrow("too many indices for tensor of dimension 2");
    expect(() => x.at(5)).toThrow("index 5 is out of bounds for dimension 0 with size 3");
    expect(() => x.at(":", [1, -5])).toThrow("index -5 is out of bounds for dimension 1 with size 4");
    expect(() => x.at([0, 1], [0, 1, 2])).toThrow(
      "indexing tensors could not be broadcast together with shapes [2], [3]",
    );
    expect(() => x.at([true, false])).toThrow(
      "The shape of the mask [2] at index 0 does not match the shape of the indexed tensor [3, 4]",
    );
    expect(() => x.at("::-1")).toThrow("slice step must be positive");
    expect(() => x.at(1.5)).toThrow(torch.IndexError);
    expect(() => x.at("first")).toThrow('"first" is not an index');
    expect(() => x.at("...", "...")).toThrow("single ellipsis");
    expect(() => x.at(torch.tensor([0.5]))).toThrow("tensors used as indices must be long, int, byte or bool");
  });

  it("lets gradients through, adding up repeated indices", () => {
    const x = torch.zeros(3, 2, { requiresGrad: true });
    x.at([0, 0, 2], 1)
      .mul(torch.tensor([1, 2, 4]))
      .sum()
      .backward();
    expect(x.grad!.tolist()).toEqual([
      [0, 3],
      [0, 0],
      [0, 4],
    ]);
  });
});

describe("x.setAt", () => {
  it("writes numbers and tensors that broadcast", () => {
    const x = torch.zeros(2, 3);
    expect(x.setAt([0], torch.tensor([1, 2, 3]))).toBe(x);
    x.setAt(["...", [0, -1]], torch.tensor([[9], [8]]));
    x.setAt([x.eq(2)], -1);
    expect(x.tolist()).toEqual([
      [9, -1, 9],
      [8, 0, 8],
    ]);
    expect(() => x.setAt([0], torch.zeros(2))).toThrow(
      "value tensor of shape [2] cannot be broadcast to indexing result of shape [3]",
    );
    expect(() => x.setAt([[0]], torch.zeros(3, { dtype: torch.float64 }))).toThrow(torch.DTypeError);
    expect(() => x.setAt([7], 1)).toThrow("index 7 is out of bounds for dimension 0 with size 2");
  });

  it("may read what it writes", () => {
    const x = range(5);
    x.setAt(["1:"], x.at(":-1"));
    expect(x.tolist()).toEqual([0, 0, 1, 2, 3]);
  });

  it("sends gradients to the value, and none to what it overwrote", () => {
    const x = torch.ones(2, 3, { requiresGrad: true });
    const value = torch.tensor(2, { requiresGrad: true });
    const y = x.mul(3);
    y.setAt([0, "1:"], value);
    y.setAt([[1], [0]], value.mul(2));
    y.sum().backward();
    expect(x.grad!.tolist()).toEqual([
      [3, 0, 0],
      [0, 3, 3],
    ]);
    expect(value.grad!.item()).toBe(4);
  });

  it("refuses to change a leaf that requires grad", () => {
    const x = torch.ones(3, { requiresGrad: true });
    expect(() => x.setAt([0], 1)).toThrow(torch.AutogradError);
    torch.noGrad(() => x.setAt([0], 5));
    expect(x.tolist()).toEqual([5, 1, 1]);
  });
});

describe("ops by index", () => {
  it("never follow an index out of range", () => {
    const x = torch.zeros(3, 2);
    const bad = long([3]);
    for (const call of [
      () => x.indexSelect(0, bad),
      () => x.indexSelect(0, long([-1])),
      () => x.indexAdd(0, bad, torch.zeros(1, 2)),
      () => x.indexCopy(0, bad, torch.zeros(1, 2)),
      () => x.indexFill(0, bad, 1),
      () => x.gather(0, long([[3, 0]])),
      () => x.scatter(0, long([[0, 3]]), 1),
      () => x.scatterAdd(0, long([[-1, 0]]), torch.zeros(1, 2)),
      () => x.take(long([6])),
      () => x.put(long([-7]), torch.zeros(1)),
      () => torch.nn.functional.embedding(bad, x),
    ])
      expect(call).toThrow(torch.IndexError);
    expect(() => x.gather(0, long([[3, 0]]))).toThrow("index 3 is out of bounds for dimension 0 with size 3");
  });

  it("take float indices for the mistake that they are", () => {
    expect(() => torch.zeros(3).indexSelect(0, torch.tensor([0, 1]))).toThrow(
      "Expected dtype int64 (or int32) for index",
    );
  });

  it("give the same bits on any number of threads", () => {
    const index = torch.arange(40_000).remainder(7);
    const source = torch
      .arange(40_000 * 16, { dtype: torch.float32 })
      .mul(1e-3)
      .sin()
      .reshape(40_000, 16);
    const threads = torch.getNumThreads();
    const sums = [1, 4].map((n) => {
      torch.setNumThreads(n);
      return torch.zeros(7, 16).indexAdd(0, index, source).toTypedArray();
    });
    torch.setNumThreads(threads);
    expect(sums[0]).toEqual(sums[1]);
  });

  it("find what is not zero", () => {
    const x = torch.tensor([
      [0, 1],
      [2, 0],
    ]);
    expect(torch.nonzero(x).tolist()).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(torch.where(x.gt(0)).map((axis) => axis.tolist())).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(torch.where(x.gt(1), x, -1).tolist()).toEqual([
      [-1, -1],
      [2, -1],
    ]);
    expect(x.maskedSelect(x.gt(0)).tolist()).toEqual([1, 2]);
    expect(torch.isin(x, torch.tensor([2, 5])).tolist()).toEqual([
      [false, false],
      [true, false],
    ]);
  });
});

describe("gradients of ops by index", () => {
  const { gradcheck, gradgradcheck } = torch.autograd;
  const random = (...shape: number[]) => torch.randn(shape, { dtype: torch.float64 }).requiresGrad_();
  const rows = long([0, 1, 1]);
  const cells = long([
    [0, 1, 1],
    [1, 1, 0],
  ]);
  type Case = [name: string, f: (x: torch.Tensor, s: torch.Tensor) => torch.Tensor, x: number[], s?: number[]];
  const cases: Case[] = [
    ["indexSelect", (x) => x.indexSelect(1, long([0, 2, 2])), [2, 3]],
    ["indexAdd", (x, s) => x.indexAdd(0, rows, s, { alpha: 2 }), [2, 3], [3, 3]],
    ["indexCopy", (x, s) => x.indexCopy(0, long([1, 0]), s), [3, 3], [2, 3]],
    ["indexFill", (x, s) => x.indexFill(1, long([-1]), s), [3, 3], []],
    ["indexReduce", (x, s) => x.indexReduce(0, rows, s, "prod", { includeSelf: false }), [2, 3], [3, 3]],
    ["gather", (x) => x.gather(1, long([[0, 0]])), [2, 3]],
    ["scatter", (x, s) => x.scatter(1, long([[0], [2]]), s), [2, 3], [2, 2]],
    ["scatterAdd", (x, s) => x.scatterAdd(0, cells, s), [2, 3], [2, 3]],
    ["scatterReduce mean", (x, s) => x.scatterReduce(0, cells, s, "mean"), [2, 3], [2, 3]],
    ["scatterReduce prod", (x, s) => x.scatterReduce(0, cells, s, "prod"), [2, 3], [2, 3]],
    ["scatterReduce amax", (x, s) => x.scatterReduce(0, cells, s, "amax", { includeSelf: false }), [2, 3], [2, 3]],
    [
      "take",
      (x) =>
        x.take(
          long([
            [0, -1],
            [2, 2],
          ]),
        ),
      [2, 3],
    ],
    ["put", (x, s) => x.put(long([0, -1]), s, { accumulate: true }), [2, 3], [2]],
    ["maskedFill", (x, s) => x.maskedFill(torch.tensor([true, false, true]), s), [2, 3], []],
    ["maskedSelect", (x) => x.maskedSelect(torch.tensor([[true], [false]])), [3]],
    ["maskedScatter", (x, s) => x.maskedScatter(torch.tensor([[true], [true]]), s), [3], [7]],
    ["indexPut", (x, s) => x.indexPut([rows, null, long([1, 1, 0])], s, { accumulate: true }), [2, 2, 3], [2]],
    ["at", (x) => x.at([0, 1], ":", [[1], [-1]]), [2, 2, 3]],
  ];

  it.each(cases)("%s: first and second", (_, f, x, s) => {
    torch.manualSeed(1);
    const squared = (...inputs: torch.Tensor[]) => f(inputs[0]!, inputs[1]!).pow(2);
    const inputs = s === undefined ? [random(...x)] : [random(...x), random(...s)];
    expect(gradcheck(squared, inputs)).toBe(true);
    expect(gradgradcheck(squared, inputs)).toBe(true);
  });
});

describe("in-place forms", () => {
  const layouts = {
    contiguous: () => torch.randn(3, 3),
    transposed: () => torch.randn(3, 3).t(),
    "a window": () => torch.randn(3, 5).at(":", "1:4"),
  };
  const index = long([2, 0, 2]);
  const cells = long([
    [0, 1],
    [2, 1],
  ]);
  const forms: [
    string,
    (x: torch.Tensor, s: torch.Tensor) => torch.Tensor,
    (x: torch.Tensor, s: torch.Tensor) => torch.Tensor,
  ][] = [
    ["indexAdd", (x, s) => x.indexAdd(0, index, s), (x, s) => x.indexAdd_(0, index, s)],
    ["indexCopy", (x, s) => x.indexCopy(1, index, s), (x, s) => x.indexCopy_(1, index, s)],
    ["scatter", (x, s) => x.scatter(1, cells, s), (x, s) => x.scatter_(1, cells, s)],
    ["scatterAdd", (x, s) => x.scatterAdd(0, cells, s), (x, s) => x.scatterAdd_(0, cells, s)],
    ["maskedFill", (x) => x.maskedFill(x.gt(0), 7), (x) => x.maskedFill_(x.gt(0), 7)],
    ["indexPut", (x, s) => x.indexPut([null, index], s), (x, s) => x.indexPut_([null, index], s)],
  ];

  it.each(forms)("%s_ writes what the op gives, in any layout, also from itself", (_, op, form) => {
    for (const make of Object.values(layouts)) {
      const [x, source] = [make(), torch.randn(3, 3)];
      const expected = op(x, source).tolist();
      expect(form(x, source).tolist()).toEqual(expected);
      const own = make();
      const same = op(own, own.clone()).tolist();
      expect(form(own, own).tolist()).toEqual(same);
    }
  });
});

describe("torch.slice as an item", () => {
  const x = torch.arange(12).reshape(3, 4);

  test.each<[string, torch.Tensor, torch.Tensor]>([
    ["1:3", x.at(torch.slice(1, 3)), x.at("1:3")],
    [":2", x.at(torch.slice(2)), x.at(":2")],
    ["-1:", x.at(torch.slice(-1, null)), x.at("-1:")],
    ["::2", x.at(":", torch.slice(null, null, 2)), x.at(":", "::2")],
    [":", x.at(torch.slice(null)), x.at(":")],
    ["mixed", x.at(0, torch.slice(1, 3)), x.at(0, "1:3")],
  ])("is %s", (_text, got, wanted) => {
    expect(got.tolist()).toEqual(wanted.tolist());
  });

  test("is written through, and still takes tensors", () => {
    const y = torch.zeros(4);
    y.setAt([torch.slice(1, 3)], 1);
    expect(y.tolist()).toEqual([0, 1, 1, 0]);
    expect(torch.slice(x, 1, 0, 1).tolist()).toEqual([[0], [4], [8]]);
    expect(torch.slice(x, { dim: 1, end: 1 }).shape).toEqual([3, 1]);
    expect(String(torch.slice(1, null))).toBe("1::1");
  });

  test("refuses fractions, steps below one and other values", () => {
    expect(() => torch.slice(0.5, 2)).toThrow(/^slice: start must be an integer/);
    expect(() => torch.slice(0, 2, 0)).toThrow(/^slice: step/);
    expect(() => torch.slice("1:3" as never)).toThrow(/^slice: input must be a Tensor/);
  });
});
