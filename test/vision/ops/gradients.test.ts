/** Gradients, and their gradients where torchvision has none, against differences. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { allNote, runsAll } from "../../helpers/cut";

const { gradcheck, gradgradcheck } = torch.autograd;
const { ops } = torch.vision;

/** Uniform float64 that requires grad. */
const input = (...shape: number[]): torch.Tensor =>
  torch.rand(shape, { dtype: "float64" }).mul(2).sub(1).requiresGrad_();

const rois = torch.tensor(
  [
    [0, 0.3, 0.7, 4.2, 5.1],
    [1, 2.2, 1.1, 3.3, 2.9],
    [0, -3, -2, 9.5, 2.3],
    [1, 3, 3, 3, 3],
  ],
  { dtype: "float64" },
);

describe("poolings of regions", () => {
  const cases: Record<string, (x: torch.Tensor) => torch.Tensor> = {
    roiAlign: (x) => ops.roiAlign(x, rois, [2, 3], { samplingRatio: 2 }),
    "roiAlign, aligned and adaptive": (x) => ops.roiAlign(x, rois, 2, { aligned: true, spatialScale: 0.8 }),
    roiPool: (x) => ops.roiPool(x, rois, [2, 1]),
    psRoiAlign: (x) => ops.psRoiAlign(x, rois, 2, { samplingRatio: 1 }),
    psRoiPool: (x) => ops.psRoiPool(x, rois, 2),
  };
  test.each(Object.entries(cases))("%s", (_, pool) => {
    torch.manualSeed(1);
    const x = input(2, 4, 5, 6);
    expect(gradcheck(pool, [x])).toBe(true);
    expect(gradgradcheck(pool, [x])).toBe(true);
  });
});

describe("deformConv2d", () => {
  const convolve =
    (options: object) => (x: torch.Tensor, offset: torch.Tensor, weight: torch.Tensor, mask: torch.Tensor) =>
      ops.deformConv2d(x, offset, weight, null, { ...options, mask });

  test.runIf(runsAll)(`with groups of offsets, a mask, a stride${allNote}`, () => {
    torch.manualSeed(2);
    const given = [input(2, 2, 4, 5), input(2, 16, 3, 3), input(2, 1, 2, 2), input(2, 8, 3, 3)] as const;
    const f = convolve({ stride: [1, 2], padding: [0, 1], dilation: 1 });
    expect(gradcheck(f, given)).toBe(true);
    expect(gradgradcheck(f, given)).toBe(true);
  });

  test("the gradients by ops are those of the kernels", () => {
    torch.manualSeed(3);
    const given = [input(1, 4, 5, 5), input(1, 36, 5, 5), input(4, 4, 3, 3), input(1, 18, 5, 5)] as const;
    const loss = () =>
      convolve({ padding: 1 })(...given)
        .square()
        .sum();
    const [kernels, byOps] = [{}, { createGraph: true }].map((options) => torch.autograd.grad(loss(), given, options));
    kernels!.forEach((g, i) => {
      expect(torch.allclose(g, byOps![i]!, { rtol: 1e-10, atol: 1e-12 })).toBe(true);
    });
  });

  test("offsets of zero give conv2d, in 16 bits too", () => {
    torch.manualSeed(4);
    const [x, weight] = [torch.rand([2, 4, 6, 5]), torch.rand([6, 2, 3, 3])];
    const [options, bias] = [{ stride: [2, 1], padding: 1, dilation: 1 }, torch.rand([6])];
    const plain = torch.nn.functional.conv2d(x, weight, bias, { ...options, groups: 2 });
    const offset = torch.zeros([2, 18, ...plain.shape.slice(2)]);
    expect(torch.allclose(ops.deformConv2d(x, offset, weight, bias, options), plain, { rtol: 1e-5 })).toBe(true);
    const half = ops.deformConv2d(x.half(), offset.half(), weight.half(), bias.half(), options);
    expect(half.dtype).toBe("float16");
    expect(torch.allclose(half.float(), plain, { rtol: 1e-2, atol: 1e-2 })).toBe(true);
  });

  test("a sample beside the image sees nothing, even of what is not finite", () => {
    const x = torch.full([1, 1, 2, 2], Number.POSITIVE_INFINITY);
    const offset = torch.full([1, 2, 2, 2], 7.5);
    expect(ops.deformConv2d(x, offset, torch.ones([1, 1, 1, 1])).tolist()).toEqual([
      [
        [
          [0, 0],
          [0, 0],
        ],
      ],
    ]);
    const nowhere = torch.full([1, 2, 2, 2], Number.NaN);
    expect(
      ops
        .deformConv2d(torch.ones([1, 1, 2, 2]), nowhere, torch.ones([1, 1, 1, 1]))
        .sum()
        .item(),
    ).toBe(0);
  });
});

test("losses of boxes that share nothing have finite gradients", () => {
  const one = torch.tensor([[0, 0, 1, 1]], { dtype: "float64", requiresGrad: true });
  const other = torch.tensor([[2, 2, 3, 4.5]], { dtype: "float64" });
  for (const loss of [ops.generalizedBoxIouLoss, ops.distanceBoxIouLoss]) {
    expect(gradcheck((x: torch.Tensor) => loss(x, other), [one])).toBe(true);
  }
});
