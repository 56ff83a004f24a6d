/** Values and gradients at the edges of domains: NaN, infinities, zeros, ties. The wanted ones are PyTorch's, or those of mathematics. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";

const F = torch.nn.functional;
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

type Tensor = torch.Tensor;

/** The gradient of f at the values, with `back` coming back for each of its elements. */
function gradientOf(f: (x: Tensor) => Tensor, values: readonly number[], back = 1): unknown {
  const x = torch.tensor([...values], { dtype: "float64", requiresGrad: true });
  const y = f(x);
  const [g] = torch.autograd.grad(y, [x], { gradOutputs: torch.fullLike(y, back) });
  return g!.tolist();
}

const passing: [string, (x: Tensor) => Tensor][] = [
  ["relu", (x) => x.relu()],
  ["relu6", (x) => F.relu6(x)],
  ["hardtanh", (x) => F.hardtanh(x)],
  ["hardtanh of other bounds", (x) => F.hardtanh(x, { minVal: -2, maxVal: 3 })],
  ["hardswish", (x) => F.hardswish(x)],
  ["threshold", (x) => F.threshold(x, 1, 7)],
  ["hardshrink", (x) => F.hardshrink(x)],
  ["softshrink", (x) => F.softshrink(x)],
];

describe("gradients at NaN", () => {
  it.each(passing)("%s passes them", (_, f) => {
    expect(gradientOf(f, [nan])).toEqual([1]);
    expect(gradientOf(f, [nan], nan)).toEqual([nan]);
  });

  it("are NaN where the function has no other", () => {
    for (const f of [F.elu, F.celu, F.selu]) expect(gradientOf((x) => f(x), [nan])).toEqual([nan]);
    const losses: readonly ((x: torch.Tensor, target: torch.Tensor) => torch.Tensor)[] = [F.smoothL1Loss, F.huberLoss];
    for (const f of losses) expect(gradientOf((x) => f(x, x.mul(0)), [nan])).toEqual([nan]);
  });

  it("go to both operands of maximum and minimum, and by halves at ties", () => {
    for (const f of [torch.maximum, torch.minimum]) {
      const other = torch.tensor([1, nan, 2], { dtype: "float64" });
      expect(gradientOf((x) => f(x, other), [nan, 1, 2])).toEqual([1, 1, 0.5]);
      expect(gradientOf((x) => f(other, x), [nan, 1, 2])).toEqual([1, 1, 0.5]);
    }
  });

  it("outside of the bounds are 0, whatever comes back", () => {
    for (const f of [(x: Tensor) => x.relu(), (x: Tensor) => x.clamp(0, 1), (x: Tensor) => F.hardtanh(x)])
      expect(gradientOf(f, [-3], nan)).toEqual([0]);
  });
});

describe("gradients at edges", () => {
  const cases: [string, (x: Tensor) => Tensor, number[], number[]][] = [
    [
      "sinc",
      (x) => x.sinc(),
      [0, 1e-30, -1e-300, 5e-324],
      [0, -3.289868133696453e-30, 3.289868133696453e-300, -1.5e-323],
    ],
    ["logit", (x) => x.logit(), [0, 0.5, 1, -0.5, 2, nan], [inf, 4, inf, nan, nan, nan]],
    ["logit with eps", (x) => torch.logit(x, { eps: 0.1 }), [0, 0.5, 1, 2], [0, 4, 0, 0]],
    ["entr", (x) => torch.special.entr(x), [0, 1, inf], [inf, -1, -inf]],
    ["digamma", (x) => x.digamma(), [inf], [0]],
    ["xlogy", (x) => torch.xlogy(x, 2), [0, 3], [Math.LN2, Math.LN2]],
    ["xlog1py", (x) => torch.special.xlog1py(x, 1), [0, 3], [Math.LN2, Math.LN2]],
    ["copysign", (x) => torch.copysign(x, torch.tensor(-1).double()), [0, 2], [0, -1]],
    ["hardswish", (x) => F.hardswish(x), [-3.5, -3, 0, 3, 4], [0, -0.5, 0.5, 1, 1]],
    ["a divisor", (x) => torch.div(1e-200, x), [1e-200, 1e10], [-1e200, -1e-220]],
    ["remainder", (x) => torch.remainder(torch.tensor(1).double(), x), [-inf, 0.4], [1, -2]],
  ];
  it.each(cases)("%s", (_, f, at, want) => {
    const got = gradientOf(f, at) as number[];
    got.forEach((value, i) => {
      if (Number.isFinite(want[i])) expect(value).toBeCloseTo(want[i]!, 10);
      else expect(value).toBe(want[i]);
    });
  });
});

describe("values at edges", () => {
  it("zeta ends for every argument", () => {
    const zeta = (s: number, q: number): number =>
      torch.special.zeta(torch.tensor(s, { dtype: "float64" }), torch.tensor(q, { dtype: "float64" })).item();
    expect(zeta(1e10 + 1, -0.5)).toBeNaN();
    expect(zeta(2, -1e15 - 0.5)).toBeCloseTo(Math.PI ** 2, 10);
    // Term by term up to 63 terms, by the formula above: both are one function.
    expect(zeta(3, -70.25)).toBeCloseTo(zeta(3, 0.75) - (zeta(3, 0.25) - zeta(3, 71.25)), 12);
  });

  it("the incomplete gamma functions of large arguments", () => {
    const at = (f: (a: Tensor, x: Tensor) => Tensor, a: number, x: number): number =>
      f(torch.tensor(a, { dtype: "float64" }), torch.tensor(x, { dtype: "float64" })).item();
    for (const [a, x, lower] of [
      [1e10, 1e10, 0.5000013298075828],
      [1e10, 1e10 + 1e5, 0.8413454],
      [1e30, 1e30, 0.5],
      [1e8, 1, 0],
      [1e8, 1e12, 1],
    ] as const) {
      expect(at(torch.igamma, a, x)).toBeCloseTo(lower, 5);
      expect(at(torch.igammac, a, x)).toBeCloseTo(1 - lower, 5);
    }
  });

  it("the cross entropy of a logit does not cancel", () => {
    const loss = F.binaryCrossEntropyWithLogits(torch.tensor([0]), torch.tensor([1e10]));
    expect(loss.item()).toBeCloseTo(Math.LN2, 6);
  });
});

describe("norms of nothing", () => {
  it("have no largest or smallest element", () => {
    for (const ord of [inf, -inf, -1]) {
      expect(() => torch.linalg.vectorNorm(torch.zeros([3, 0]), ord, 1)).toThrow(
        /dimension 1 because this dimension is empty and the operation does not have an identity/,
      );
      expect(() => torch.linalg.vectorNorm(torch.zeros([0]), ord)).toThrow(/does not have an identity/);
    }
    expect(torch.linalg.vectorNorm(torch.zeros([3, 0]), 2, 1).tolist()).toEqual([0, 0, 0]);
    expect(torch.linalg.vectorNorm(torch.zeros([0, 3]), inf, 1).shape).toEqual([0]);
  });
});

describe("sampling at coordinates that are not finite", () => {
  const image = torch.arange(0, 9, { dtype: "float32" }).reshape(1, 1, 3, 3);
  const modes = ["bilinear", "nearest", "bicubic"] as const;
  const paddings = ["zeros", "border", "reflection"] as const;
  const all = modes.flatMap((mode) => paddings.map((paddingMode) => ({ mode, paddingMode, alignCorners: true })));
  it.each(all)("leaves the other places alone: $mode, $paddingMode", (options) => {
    for (const value of [nan, inf, -inf, 2.5e38]) {
      const grid = torch.tensor([
        [
          [
            [value, 0],
            [0, 0],
          ],
        ],
      ]);
      expect((F.gridSample(image, grid, options).reshape(-1).tolist() as number[])[1]).toBeCloseTo(4, 5);
    }
  });
});
