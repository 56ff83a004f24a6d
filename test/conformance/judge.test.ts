/** The judge judged: a wrong number, dtype or shape fails, and PyTorch's calls are bound as in Python. */
import { describe, expect, it } from "vitest";
import { agreesUpToTies, isClose, judgeGrads, judgeLeaves, judgeTensor } from "./judge";
import { camelCase } from "./place";
import { evaluate, type World } from "./python";
import { evaluateValue } from "./pythonValue";
import { bind, parseSignature } from "./signatures";
import { decode, flatten, Missing, PyFloat, torch } from "./values";

const spec = (d: (number | string)[], t = "float32", s = [d.length]) => ({ t, s, d });

describe("values", () => {
  it("accepts what is within the tolerance and nothing else", () => {
    const x = torch.tensor([1, 1000]);
    expect(judgeTensor(x, spec([1.00001, 1000.05]))).toBeUndefined();
    expect(judgeTensor(x, spec([1.001, 1000]))).toBe("[0] is 1, expected 1.001");
    expect(judgeTensor(x, spec([1.001, 1000]), 1e-3)).toBeUndefined();
    expect(judgeTensor(x, spec([1, 1000], "float64"))).toContain("dtype");
    expect(judgeTensor(x, spec([1, 1000], "float32", [2, 1]))).toContain("shape");
  });

  it("matches special values exactly", () => {
    const x = torch.tensor([Number.NaN, Infinity, -Infinity]);
    expect(judgeTensor(x, spec(["nan", "inf", "-inf"]))).toBeUndefined();
    expect(judgeTensor(x, spec(["nan", "-inf", "-inf"]))).toContain("[1]");
    expect(isClose(1e30, Infinity, { rtol: 1, atol: 1 }, 1)).toBe(false);
  });

  it("compares integers exactly, also beyond 2^53", () => {
    const x = torch.tensor(BigInt64Array.of(9007199254740993n));
    expect(judgeTensor(x, spec(["9007199254740993"], "int64"))).toBeUndefined();
    expect(judgeTensor(x, spec(["9007199254740992"], "int64"))).toBeDefined();
  });

  it("counts an absent gradient as zeros", () => {
    expect(judgeGrads({ x: null }, { x: spec([0, 0]) })).toBeUndefined();
    expect(judgeGrads({ x: null }, { x: spec([0, 1]) })).toContain("no gradient");
    expect(judgeGrads({ x: torch.ones(2) }, { x: null })).toContain("depends");
  });

  it("accepts another index of an equal value, once", () => {
    const x = torch.tensor([3, 1, 3, 2]);
    const index = (...list: number[]) => torch.tensor(list, { dtype: "int64" });
    const expected = [spec([3, 3]), spec([0, 2], "int64")];
    const topk = (...list: number[]) => [torch.tensor([3, 3]), index(...list)];
    expect(agreesUpToTies("topk", x, -1, topk(2, 0), expected, 0)).toBe(true);
    expect(agreesUpToTies("topk", x, -1, topk(2, 2), expected, 0)).toBe(false);
    expect(agreesUpToTies("topk", x, -1, topk(2, 1), expected, 0)).toBe(false);
  });

  it("opens nested results and tells 2.0 from 2", () => {
    expect(judgeLeaves(flatten([1, [null, "a"]]), flatten([1, [null, "a"]]))).toBeUndefined();
    expect(decode({ f: 2 })).toEqual(new PyFloat(2));
    expect(decode({ slice: [1, null, 2] })).toBe("1::2");
  });
});

describe("signatures", () => {
  const isTensor = () => false;
  const names = (text: string, positional: unknown[], named = {}) =>
    bind(parseSignature(text), positional, named, isTensor)?.map(({ name, value }) => [name, value]);

  it("binds positional, named and variadic arguments", () => {
    const sum = "sum(input, dim, keepdim=False, *, dtype=None) -> Tensor";
    expect(names(sum, ["x", 1, true])).toEqual([
      ["input", "x"],
      ["dim", 1],
      ["keepdim", true],
    ]);
    expect(names(sum, ["x"])).toBeUndefined();
    expect(names(sum, ["x", 1], { other: 1 })).toBeUndefined();
    expect(names("Tensor.permute(*dims) -> Tensor", ["x", 1, 0])).toEqual([
      ["input", "x"],
      ["dims", [1, 0]],
    ]);
    expect(
      names("aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", ["x", "y"], { alpha: 2 }),
    ).toEqual([
      ["input", "x"],
      ["other", "y"],
      ["alpha", 2],
    ]);
  });

  it("translates names", () => {
    expect(["log_softmax", "add_", "T_max", "conv2d", "__and__"].map(camelCase)).toEqual([
      "logSoftmax",
      "add_",
      "TMax",
      "conv2d",
      "__and__",
    ]);
  });
});

describe("expressions in Python", () => {
  const world: World = {
    call: (path, positional, named) => `${path}(${[...positional, ...Object.entries(named).flat()]})`,
    method: (receiver, name, positional) => `${receiver}.${name}(${positional})`,
    attribute: (receiver, name) => `${receiver}.${name}`,
    matmul: (a, b) => `${a}@${b}`,
  };
  const run = (source: string, positional: unknown[], named = {}) => evaluate(source, world, positional, named);

  it("evaluates calls, defaults, operators and nested functions", () => {
    expect(run("lambda x, n, **kwargs: torch.polygamma(n, x, **kwargs)", ["x", 2], { out: 1 })).toBe(
      "polygamma(2,x,out,1)",
    );
    expect(run("lambda x, size, offset=0: torch.as_strided(x, size, offset=offset)", ["x", 3])).toBe(
      "as_strided(x,3,offset,0)",
    );
    expect(run("lambda a, b: torch.linalg.pinv(a @ b.mT)", ["a", "b"])).toBe("linalg.pinv(a@b.mT)");
    expect(run("lambda x, other: torch.resize_as_(x.clone(), other)", ["x", "y"])).toBe("resize_as_(x.clone(),y)");
    const seeded = "lambda *args, **kwargs: wrapper_set_seed( lambda a, b: torch.f(a @ b), *args, **kwargs )";
    expect(run(seeded, ["p", "q"])).toBe("f(p@q)");
  });
});

describe("values in Python", () => {
  it("reads numbers, signs, powers, lists and tuples", () => {
    expect(evaluateValue("-2 ** 2 + 3 * (4 - 1.)")).toBe(5);
    expect(evaluateValue("2 ** -1 / 2")).toBe(0.25);
    expect(evaluateValue("[1, (2,), (), (3), 'a', None, True]")).toEqual([1, [2], [], 3, "a", null, true]);
    expect(evaluateValue("-math.pi")).toBe(-Math.PI);
  });

  it("calls functions and methods, and calculates with tensors", () => {
    expect(evaluateValue("torch.eye(2) + .5 * torch.tensor([[1, 2], [3, 4]])").tolist()).toEqual([
      [1.5, 1],
      [1.5, 3],
    ]);
    expect(evaluateValue("1 - torch.ones(2, dtype='float64').sum(dim=0)").item()).toBe(-1);
    expect(evaluateValue("torch.arange(6).reshape((2, 3)).float().log_softmax(-1)").shape).toEqual([2, 3]);
  });

  it("builds distributions: lists of numbers are tensors, tuples and a transform's integers are sizes", () => {
    const d = evaluateValue("Independent(Normal([-1, 0], scale=[.5, 1]), 1).expand((3,))");
    expect([d.batchShape, d.eventShape, d.mean.dtype]).toEqual([[3], [2], "float64"]);
    const reshaped = evaluateValue("TransformedDistribution(Normal([1., 2.], 1.), [ReshapeTransform([2], (1, 2))])");
    expect(reshaped.eventShape).toEqual([1, 2]);
  });

  it("refuses what it cannot read, and says what is missing", () => {
    for (const text of ["Normal(0, 1", "1 +", "Normal(0, 1))", "2 3"])
      expect(() => evaluateValue(text)).toThrow(SyntaxError);
    expect(() => evaluateValue("Nothing(1)")).toThrow(new Missing("torch.distributions.Nothing"));
  });
});
