/** What a caller passes is checked once, at the public face: wrong things are errors of Kindling, and nothing is read or written beyond a tensor. */
import * as kindling from "kindling";
import { describe, expect, test } from "vitest";
import { torch } from "./spec";

const { KindlingError } = kindling;
const F = torch.nn.functional;
const vector = () => torch.tensor([1, 2, 3, 4, 5]);
const matrix = () =>
  torch.tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
const places = (n: number) => torch.zeros(n, { dtype: "int64" });

describe("indices of scalars", () => {
  const scalar = () => torch.full([], 5.5);
  test("a scalar is taken once", () => {
    expect(() => scalar().indexSelect(0, places(600))).toThrow(/Index to scalar can have only 1 value/);
    expect(() => scalar().indexSelect(0, places(0))).toThrow(KindlingError);
    expect(scalar().indexSelect(0, places(1)).tolist()).toBe(5.5);
  });
  test("sources count as vectors", () => {
    const ones = torch.ones(3);
    expect(scalar().indexAdd(0, places(3), ones).tolist()).toBe(8.5);
    expect(scalar().indexCopy(0, places(3), ones).tolist()).toBe(1);
    expect(scalar().indexFill(0, places(3), 1).tolist()).toBe(1);
    expect(scalar().indexReduce(0, places(3), ones, "prod").tolist()).toBe(5.5);
    expect(() => scalar().indexCopy(0, places(600), torch.ones([]))).toThrow(/source must have shape \[600\]/);
    expect(() => torch.zeros(3).scatterAdd(0, places(600), torch.ones([]))).toThrow(/to be smaller than src/);
    expect(scalar().gather(0, places(3)).tolist()).toEqual([5.5, 5.5, 5.5]);
  });
});

describe("positions are integers", () => {
  const calls: Record<string, (x: any) => unknown> = {
    narrow: (bad) => vector().narrow(0, bad, 2),
    roll: (bad) => vector().roll(bad),
    slice: (bad) => vector().slice(0, bad),
    sliceStep: (bad) => vector().slice(0, 0, 5, bad),
    sliceScatter: (bad) => vector().sliceScatter(torch.ones(2), { start: bad }),
    selectScatter: (bad) => matrix().selectScatter(torch.ones(3), 0, bad),
    tensorSplit: (bad) => vector().tensorSplit([bad]),
    pad: (bad) => F.pad(vector(), [bad, 1]),
    diagonal: (bad) => matrix().diagonal({ offset: bad }),
    unfold: (bad) => vector().unfold(0, bad, 1),
    split: (bad) => vector().split(bad),
    repeat: (bad) => vector().repeat(bad),
    expand: (bad) => torch.ones(1).expand(bad),
    reshape: (bad) => vector().reshape(bad, 2),
    tril: (bad) => matrix().tril(bad),
    topk: (bad) => vector().topk(bad),
    vander: (bad) => torch.vander(vector(), { N: bad }),
    rot90: (bad) => matrix().rot90(bad),
    stft: (bad) => torch.stft(torch.ones(64), bad),
    oneHot: (bad) => F.oneHot(torch.tensor([1n]), bad),
    oneHotOfNothing: (bad) => F.oneHot(torch.zeros(0, { dtype: "int64" }), bad),
    maxPool: (bad) => F.maxPool1d(torch.ones(1, 8), bad),
    asStridedOffset: (bad) => torch.zeros(4).asStrided([2], [1], { storageOffset: bad }),
    asStridedStride: (bad) => torch.zeros(4).asStrided([2], [bad]),
    randperm: (bad) => torch.randperm(bad),
    linspace: (bad) => torch.linspace(0, 1, bad),
  };
  test.each(Object.entries(calls))("%s", (_, call) => {
    for (const bad of [1.5, Number.NaN, "1", { wrong: 1 }, torch]) expect(() => call(bad)).toThrow(KindlingError);
  });
});

test("an axis of a tensor without axes is an error of the op", () => {
  const scalar = torch.tensor(2.5);
  const index = torch.tensor(0n);
  expect(scalar.takeAlongDim(index).tolist()).toEqual([2.5]);
  expect(() => scalar.takeAlongDim(index, 0)).toThrow(
    /takeAlongDim\(\): Dimension specified as 0 but tensor has no dimensions/,
  );
});

test("windows stay within what the storage asked for", () => {
  expect(() => torch.zeros(5).asStrided([6], [1])).toThrow(/storage of 5 elements/);
  expect(() => torch.zeros(5).asStridedScatter(torch.ones(2), [2], [-1], { storageOffset: 4 })).toThrow(KindlingError);
});

test("a tensor has at most 64 axes", () => {
  expect(torch.zeros(new Array(64).fill(1)).ndim).toBe(64);
  expect(() => torch.zeros(new Array(65).fill(1))).toThrow(/at most 64 axes/);
  expect(() => torch.ones(1).reshape(new Array(65).fill(1))).toThrow(/at most 64 axes/);
  expect(() => torch.zeros(new Array(64).fill(1)).unsqueeze(0)).toThrow(/at most 64 axes/);
  expect(() => torch.stack([torch.zeros(new Array(64).fill(1))])).toThrow(/at most 64 axes/);
  const wide = torch.ones(new Array(40).fill(1), { requiresGrad: true });
  wide.repeat(new Array(40).fill(1).with(0, 2)).sum().backward();
  expect(wide.grad.sum().item()).toBe(2);
});

test("absurd counts are errors at once", () => {
  expect(() => F.unfold(torch.ones(1, 1, 3, 3), 2, { stride: 0 })).toThrow(/stride must be at least 1/);
  expect(() => F.fold(torch.ones(1, 4, 4), 3, 2, { dilation: 0 })).toThrow(/dilation must be at least 1/);
  expect(() => torch.triuIndices(20, 2 ** 53)).toThrow(KindlingError);
  expect(() => torch.ones(2).mvlgamma(2 ** 40)).toThrow(/from 1 to 65536/);
  expect(() => torch.combinations(torch.arange(60), 30)).toThrow(KindlingError);
  expect(torch.combinations(torch.arange(60), 59).shape).toEqual([60, 59]);
  expect(torch.ones(3).diff(1e9).shape).toEqual([0]);
  expect(() => torch.ones(1).repeat(2 ** 40)).toThrow(KindlingError);
});

test("values beyond a dtype are errors, whole numbers beyond int64 are floats", () => {
  const bytes = () => torch.zeros(2, { dtype: "uint8" });
  const first = torch.tensor([true, false]);
  const writes = [
    () => bytes().fill_(300),
    () => bytes().maskedFill(first, torch.tensor(300n)),
    () => bytes().indexFill(0, places(1), 300),
    () => bytes().scatter(0, places(1), 300),
    () => F.pad(bytes(), [1, 1], { value: 300 }),
    () => torch.where(first, bytes(), 300),
    () => bytes().clamp(-1, 300),
    () => bytes().setAt([0], Number.NaN),
    () => torch.zeros(2).half().fill_(-1e9),
  ];
  for (const write of writes) expect(write).toThrow(/without overflow/);
  expect(torch.full([1], 1e30).dtype).toBe("float32");
  expect(torch.tensor([1n]).add(1e30).dtype).toBe("float32");
});

test("writes to overlapping memory are errors", () => {
  const x = torch.zeros(5);
  expect(() => x.asStrided([3, 3], [1, 1]).add_(1)).toThrow(/single memory location/);
  expect(() => x.narrow(0, 1, 4).add_(x.narrow(0, 0, 4))).toThrow(/some elements of the input tensor/);
  expect(x.asStrided([2, 2], [1, 2]).add_(1).sum().item()).toBe(4);
});

test("unknown words and impossible bounds are errors", () => {
  expect(() => F.gelu(vector(), { approximate: "sum" })).toThrow(/approximate must be one of/);
  expect(() => F.rrelu(vector(), { lower: 2, upper: 1 })).toThrow(/Lower bound/);
  expect(() => torch.allclose(vector(), vector(), { rtol: -1 })).toThrow(/rtol must be greater/);
  expect(torch.tensor(2).topk(0).values.tolist()).toBe(2);
});

test("an option that an op does not have is refused with a list of those it has", () => {
  for (const op of ["sum", "mean", "prod", "amax", "argmax", "var", "logsumexp", "all", "median", "cumsum", "sort"])
    expect(() => vector()[op]({ keep_dim: true })).toThrow(new RegExp(`^${op}: unknown argument "keep_dim".*dim`));
});

test("printing reads what it shows", () => {
  const x = torch.arange(3000).reshape(1000, 3);
  expect(String(x)).toBe(
    "tensor([[   0,    1,    2],\n        [   3,    4,    5],\n        [   6,    7,    8],\n        ...,\n        [2991, 2992, 2993],\n        [2994, 2995, 2996],\n        [2997, 2998, 2999]])",
  );
  expect(String(torch.ones(1).expand(2 ** 20))).toBe("tensor([1., 1., 1.,  ..., 1., 1., 1.])");
});

test("ranges of bigints are exact, bytes are bytes", () => {
  const y = torch.arange(9007199254740993n, 9007199254740999n, 2n);
  expect(y.sub(9007199254740993n).tolist()).toEqual([0, 2, 4]);
  expect(torch.tensor(Buffer.from([1, 255])).dtype).toBe("uint8");
});

test("an index of blanks takes no time", () => {
  expect(() => vector().at(" ".repeat(1e5))).toThrow(/is not an index/);
});

test("wrong things given to any op are errors of Kindling", () => {
  const internals =
    /^(checkOptions|constantLike|plan|product|reduceInto|select(Back|Backward)|spread|threeAxes|viewOf|sliceBackward|.*SoftmaxBackward|softmaxBackward|setGradEnabled|native\w+|luUnpack|orgqr|ormqr)$/;
  const slow = new Set([
    "doctor",
    "tidy",
    "setNumThreads",
    "setDefaultDtype",
    "setPrintoptions",
    "noGrad",
    "enableGrad",
  ]);
  const wrong = [null, "sum", {}, { keepdim: true }, [], [["x"]], () => 1, Number.NaN, -1, 1.5, 5n];
  const foreign: string[] = [];
  for (const [name, op] of Object.entries(torch)) {
    if (typeof op !== "function" || !/^[a-z]/.test(name) || internals.test(name) || slow.has(name)) continue;
    if (!(name in torch.Tensor.prototype)) continue;
    for (const bad of wrong)
      for (const args of [[bad], [matrix(), bad], [matrix(), 1, bad]])
        try {
          torch.tidy(() => void op(...args));
        } catch (error) {
          if (!(error instanceof KindlingError)) foreign.push(`${name}: ${error}`);
        }
  }
  expect(foreign).toEqual([]);
});
