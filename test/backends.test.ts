/** `torch.backends`: which algorithm computes what, and that all of them agree. */
import * as torch from "kindling";
import { afterEach, describe, expect, test } from "vitest";

const { conv2d } = torch.nn.functional;
const { conv } = torch.backends;

afterEach(() => {
  conv.winograd = "F2";
});

const operands = (n: number, c: number, size: number, o: number, kernel: number, groups = 1) =>
  [torch.empty([n, c, size, size]), torch.empty([o, c / groups, kernel, kernel])] as const;

describe("the planner", () => {
  const all = (algorithm: string) => ({ forward: algorithm, inputGrad: algorithm, weightGrad: algorithm });

  test("computes 3×3 convolutions with many channels in tiles", () => {
    const [x, w] = operands(1, 64, 56, 64, 3);
    expect(conv.algorithms(x, w, { padding: 1 })).toEqual(all("winogradF2"));
    conv.winograd = "F4";
    expect(conv.algorithms(x, w, { padding: 1 })).toEqual({ ...all("winogradF4"), weightGrad: "winogradF2" });
    conv.winograd = "off";
    expect(conv.algorithms(x, w, { padding: 1 })).toEqual(all("direct"));
  });

  test.each([
    ["few channels", operands(64, 3, 32, 6, 3), {}],
    ["a stride", operands(1, 64, 56, 64, 3), { padding: 1, stride: 2 }],
    ["a dilation", operands(1, 64, 56, 64, 3), { dilation: 2 }],
    ["another kernel", operands(64, 16, 14, 32, 5), {}],
    ["a wide padding", operands(1, 64, 14, 64, 3), { padding: 3 }],
  ] as const)("sums as it stands with %s", (_, [x, w], options) => {
    expect(conv.algorithms(x, w, options)).toEqual(all("direct"));
  });

  test("knows matrix products and depthwise convolutions", () => {
    expect(conv.algorithms(...operands(2, 64, 14, 32, 1))).toEqual(all("pointwise"));
    expect(conv.algorithms(...operands(2, 64, 14, 32, 1), { stride: 2 })).toEqual(all("pointwise"));
    expect(conv.algorithms(...operands(2, 64, 1, 32, 1))).toEqual(all("whole"));
    expect(conv.algorithms(...operands(8, 16, 5, 32, 5)).weightGrad).toBe("whole");
    expect(conv.algorithms(...operands(2, 32, 14, 32, 3, 32), { groups: 32 }).inputGrad).toBe("depthwise");
  });

  test("computes float64 as it stands", () => {
    const [x, w] = operands(1, 64, 56, 64, 3);
    expect(conv.algorithms(x.double(), w.double(), { padding: 1 })).toEqual(all("direct"));
  });

  test("says what does not fit", () => {
    const [x, w] = operands(1, 64, 14, 32, 3);
    expect(() => conv.algorithms(x, w, { groups: 2 })).toThrow(/weight of size \[32, 64, 3, 3\]/);
    expect(() => conv.algorithms(x.squeeze(0), w)).toThrow(/takes an input \[N, C, …\] and a weight/);
    expect(() => conv.algorithms(undefined as unknown as torch.Tensor, w)).toThrow("input must be a Tensor");
    expect(() => {
      conv.winograd = "F6" as "F4";
    }).toThrow('backends.conv.winograd: takes "off", "F2" or "F4", got "F6"');
    expect(() => {
      conv.winograd = Object.create(null);
    }).toThrow(torch.ValueError);
    expect(conv.winograd).toBe("F2");
  });
});

/** y and both gradients of a convolution. */
function passes(groups: number): torch.Tensor[] {
  torch.manualSeed(0);
  const x = torch.randn(3, 48, 15, 13).requiresGrad_();
  const w = torch.randn(40, 48 / groups, 3, 3).requiresGrad_();
  const y = conv2d(x, w, torch.randn(40), { padding: 1, groups });
  return [y, ...torch.autograd.grad(y, [x, w], { gradOutputs: torch.randn(y.shape) })] as torch.Tensor[];
}

test.each([1, 2])("tiles give what the plain sum gives, with %i groups", (groups) => {
  conv.winograd = "off";
  const plain = passes(groups);
  for (const [tiles, tolerance] of [
    ["F2", 1e-5],
    ["F4", 1e-4],
  ] as const) {
    conv.winograd = tiles;
    const relative = passes(groups).map((y, i) => y.sub(plain[i]!).abs().max().div(plain[i]!.abs().max()).item());
    for (const error of relative) expect(error).toBeLessThan(tolerance);
    expect(Math.max(...relative)).toBeGreaterThan(0);
  }
});
