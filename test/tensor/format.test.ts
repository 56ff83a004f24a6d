/** Tensors as text: the strings are those of PyTorch 1.13, with `requiresGrad` and `gradFn` in place of its spellings. */
import * as torch from "kindling";
import { afterEach, describe, expect, test } from "vitest";

afterEach(() => torch.setPrintoptions({ profile: "default", sciMode: null }));

const ints = (...values: number[]) => torch.tensor(values, { dtype: "int64" });
const { Infinity: inf, NaN: nan } = globalThis;

const cases: [what: string, make: () => torch.Tensor, text: string][] = [
  ["a matrix of integers", () => torch.arange(6).reshape(2, 3), "tensor([[0, 1, 2],\n        [3, 4, 5]])"],
  [
    "columns aligned",
    () =>
      torch.tensor([
        [1, 2.5],
        [-3, 1e3],
      ]),
    "tensor([[   1.0000,    2.5000],\n        [  -3.0000, 1000.0000]])",
  ],
  ["integral floats", () => torch.tensor([1, 2, 3]), "tensor([1., 2., 3.])"],
  ["a wide range", () => torch.tensor([1e-5, 1, 1e5]), "tensor([1.0000e-05, 1.0000e+00, 1.0000e+05])"],
  ["a small number", () => torch.tensor([1e-5, 2]), "tensor([1.0000e-05, 2.0000e+00])"],
  ["a large number", () => torch.tensor([1e9, 1]), "tensor([1.0000e+09, 1.0000e+00])"],
  ["10⁸ and a fraction", () => torch.tensor([1e8, 1.5]), "tensor([1.0000e+08, 1.5000e+00])"],
  ["a ratio of 1,001", () => torch.tensor([1, 1001]), "tensor([1.0000e+00, 1.0010e+03])"],
  ["a ratio below 1,000", () => torch.tensor([1000, 1.5]), "tensor([1000.0000,    1.5000])"],
  [
    "signs",
    () =>
      torch.tensor([
        [-1.5, 22.25],
        [333.125, -4444.5],
      ]),
    "tensor([[-1.5000e+00,  2.2250e+01],\n        [ 3.3312e+02, -4.4445e+03]])",
  ],
  ["no numbers", () => torch.tensor([nan, inf, -inf, 1.5]), "tensor([   nan,    inf,   -inf, 1.5000])"],
  ["no numbers among integral ones", () => torch.tensor([nan, inf, 2]), "tensor([nan, inf, 2.])"],
  ["negative zero", () => torch.tensor([-0, 0]), "tensor([-0., 0.])"],
  ["negative zero among fractions", () => torch.tensor([-0, 0.5]), "tensor([-0.0000, 0.5000])"],
  [
    "rounding of binary fractions",
    () => torch.tensor([0.00005, 0.12345, 2.00015, 0.5]),
    "tensor([5.0000e-05, 1.2345e-01, 2.0001e+00, 5.0000e-01])",
  ],
  ["a number", () => torch.tensor(2.71814), "tensor(2.7181)"],
  ["an integer", () => torch.tensor(7n), "tensor(7)"],
  ["a boolean", () => torch.tensor(true), "tensor(True)"],
  [
    "booleans",
    () =>
      torch.tensor([
        [true, false],
        [false, true],
      ]),
    "tensor([[ True, False],\n        [False,  True]])",
  ],
  ["float64", () => torch.tensor([1.5, 2], { dtype: "float64" }), "tensor([1.5000, 2.0000], dtype=torch.float64)"],
  ["int32", () => torch.tensor([1, -2], { dtype: "int32" }), "tensor([ 1, -2], dtype=torch.int32)"],
  ["uint8", () => torch.tensor([1, 2], { dtype: "uint8" }), "tensor([1, 2], dtype=torch.uint8)"],
  ["float16", () => torch.tensor([1.5, 2], { dtype: "float16" }), "tensor([1.5000, 2.0000], dtype=torch.float16)"],
  ["bfloat16", () => torch.tensor([1.5, 2], { dtype: "bfloat16" }), "tensor([1.5000, 2.0000], dtype=torch.bfloat16)"],
  ["nothing", () => torch.tensor([]), "tensor([])"],
  ["no rows", () => torch.zeros(0, 3), "tensor([], size=(0, 3))"],
  ["no integers", () => ints(), "tensor([], dtype=torch.int64)"],
  [
    "no columns of integers",
    () => torch.zeros([2, 0], { dtype: "int64" }),
    "tensor([], size=(2, 0), dtype=torch.int64)",
  ],
  [
    "integers beyond 2^53",
    () => torch.tensor([9007199254740993n, -1n]),
    "tensor([9007199254740993,               -1])",
  ],
  ["a leaf", () => torch.ones(2, { requiresGrad: true }), "tensor([1., 1.], requiresGrad=True)"],
  ["a result", () => torch.ones(2, { requiresGrad: true }).add(1), "tensor([2., 2.], gradFn=<AddBackward0>)"],
  [
    "a result of float64",
    () => torch.ones(2, { dtype: "float64", requiresGrad: true }).mul(2),
    "tensor([2., 2.], dtype=torch.float64, gradFn=<MulBackward0>)",
  ],
  [
    "two matrices",
    () => torch.arange(24).reshape(2, 3, 4),
    `tensor([[[ 0,  1,  2,  3],
         [ 4,  5,  6,  7],
         [ 8,  9, 10, 11]],

        [[12, 13, 14, 15],
         [16, 17, 18, 19],
         [20, 21, 22, 23]]])`,
  ],
  [
    "four axes",
    () => torch.zeros(1, 2, 2, 2),
    `tensor([[[[0., 0.],
          [0., 0.]],

         [[0., 0.],
          [0., 0.]]]])`,
  ],
  [
    "more than a line",
    () => torch.arange(30).div(3),
    `tensor([0.0000, 0.3333, 0.6667, 1.0000, 1.3333, 1.6667, 2.0000, 2.3333, 2.6667,
        3.0000, 3.3333, 3.6667, 4.0000, 4.3333, 4.6667, 5.0000, 5.3333, 5.6667,
        6.0000, 6.3333, 6.6667, 7.0000, 7.3333, 7.6667, 8.0000, 8.3333, 8.6667,
        9.0000, 9.3333, 9.6667])`,
  ],
  [
    "more than a line and a suffix",
    () => torch.ones(2, 12, { requiresGrad: true }).mul(1.5),
    `tensor([[1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000,
         1.5000, 1.5000, 1.5000],
        [1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000,
         1.5000, 1.5000, 1.5000]], gradFn=<MulBackward0>)`,
  ],
  ["a long vector", () => torch.arange(2000), "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"],
  [
    "a large matrix",
    () => torch.arange(10000).float().reshape(100, 100).div(7),
    `tensor([[0.0000e+00, 1.4286e-01, 2.8571e-01,  ..., 1.3857e+01, 1.4000e+01,
         1.4143e+01],
        [1.4286e+01, 1.4429e+01, 1.4571e+01,  ..., 2.8143e+01, 2.8286e+01,
         2.8429e+01],
        [2.8571e+01, 2.8714e+01, 2.8857e+01,  ..., 4.2429e+01, 4.2571e+01,
         4.2714e+01],
        ...,
        [1.3857e+03, 1.3859e+03, 1.3860e+03,  ..., 1.3996e+03, 1.3997e+03,
         1.3999e+03],
        [1.4000e+03, 1.4001e+03, 1.4003e+03,  ..., 1.4139e+03, 1.4140e+03,
         1.4141e+03],
        [1.4143e+03, 1.4144e+03, 1.4146e+03,  ..., 1.4281e+03, 1.4283e+03,
         1.4284e+03]])`,
  ],
];

test.each(cases)("%s", (_what, make, text) => {
  expect(String(make())).toBe(text);
});

test("a large tensor of three axes shows three slices at each end", () => {
  const text = String(torch.zeros(11, 11, 11));
  expect(text.split("\n\n")).toHaveLength(7);
  expect(text.split("\n\n")[3]).toBe("        ...,");
  expect(text.split("\n")[3]).toBe("         ...,");
});

describe("print options", () => {
  const printed = (options: Exclude<Parameters<typeof torch.setPrintoptions>[0], number>, x: torch.Tensor) => {
    torch.setPrintoptions(options);
    return String(x);
  };

  test("precision", () => expect(printed({ precision: 2 }, torch.tensor([1.23456, 2]))).toBe("tensor([1.23, 2.00])"));

  test("scientific notation always and never", () => {
    expect(printed({ sciMode: true }, torch.tensor([1.23456, 200]))).toBe("tensor([1.2346e+00, 2.0000e+02])");
    expect(printed({ sciMode: false }, torch.tensor([1e-5, 1000]))).toBe("tensor([    0.0000,  1000.0000])");
  });

  test("threshold and edges", () => {
    const text = printed({ threshold: 5, edgeitems: 1 }, torch.arange(9).reshape(3, 3));
    expect(text).toBe("tensor([[0,  ..., 2],\n        ...,\n        [6,  ..., 8]])");
  });

  test("the width of a line", () => {
    const rows = [
      "0.0000, 0.2500",
      "0.5000, 0.7500",
      "1.0000, 1.2500",
      "1.5000, 1.7500",
      "2.0000, 2.2500",
      "2.5000, 2.7500",
    ];
    expect(printed({ linewidth: 30 }, torch.arange(12).div(4))).toBe(`tensor([${rows.join(",\n        ")}])`);
  });

  test("an unknown option or profile", () => {
    expect(() => torch.setPrintoptions({ digits: 2 } as never)).toThrow(/unknown argument "digits"/);
    expect(() => torch.setPrintoptions({ profile: "long" as never })).toThrow(/profile must be one of .* got "long"/);
  });
});

test("console.log in Node prints the same text", async () => {
  const { inspect } = await import("node:util");
  expect(inspect(torch.ones(2))).toBe("tensor([1., 1.])");
  expect(inspect({ x: torch.ones(2) })).toBe("{ x: tensor([1., 1.]) }");
});
