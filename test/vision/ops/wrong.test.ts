/** Wrong and extreme arguments of vision.ops: errors say what torchvision's say, and name what was called. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const { nn } = torch;
const { ops } = torch.vision;

const boxes = torch.tensor([
  [0, 0, 10, 10],
  [1, 1, 11, 11],
  [20, 20, 30, 30],
]);
const scores = torch.tensor([0.5, 0.9, 0.3]);
const x = torch.rand([1, 4, 5, 5]);
const rois = torch.tensor([[0, 0, 0, 3, 3]]);
const [offset, weight] = [torch.zeros([1, 18, 3, 3]), torch.rand([2, 4, 3, 3])];
const any = <T>(value: T): any => value;

describe("errors", () => {
  const wrong: [message: string, call: () => unknown][] = [
    ["nms: boxes should have 4 elements in dimension 1, got 3", () => ops.nms(boxes.narrow(1, 0, 3), scores, 0.5)],
    ["nms: boxes should be a 2d tensor, got 1D", () => ops.nms(boxes.select(0, 0), scores, 0.5)],
    ["nms: scores should be a 1d tensor, got 2D", () => ops.nms(boxes, scores.unsqueeze(0), 0.5)],
    [
      "nms: boxes and scores should have same number of elements in dimension 0, got 3 and 2",
      () => ops.nms(boxes, scores.narrow(0, 0, 2), 0.5),
    ],
    ["nms: boxes should have the same type as scores", () => ops.nms(boxes.double(), scores, 0.5)],
    [`nms: "nms_kernel" not implemented for 'Int'`, () => ops.nms(boxes.int(), scores.int(), 0.5)],
    ["nms: iouThreshold must be a number", () => ops.nms(boxes, scores, any("half"))],
    ["batchedNms: idxs must have a category for each box", () => ops.batchedNms(boxes, scores, torch.zeros([2]), 0.5)],
    ["boxConvert: Unsupported Bounding Box Conversions", () => ops.boxConvert(boxes, "xyxy", any("yxyx"))],
    ["boxConvert: boxes must have four elements", () => ops.boxConvert(boxes.narrow(1, 0, 3), "xyxy", "xywh")],
    ["boxArea: boxes must have the shape [N, 4]", () => ops.boxArea(boxes.select(0, 0))],
    ["boxIou: boxes2 must have the shape [N, 4]", () => ops.boxIou(boxes, boxes.narrow(1, 0, 2))],
    ["clipBoxesToImage: size must be [height, width]", () => ops.clipBoxesToImage(boxes, any([1, 2, 3]))],
    [
      "masksToBoxes: all elements of mask 1 are 0",
      () =>
        ops.masksToBoxes(
          torch
            .eye(4)
            .reshape([4, 2, 2])
            .mul(torch.tensor([1, 0, 1, 1]).reshape([4, 1, 1])),
        ),
    ],
    ["masksToBoxes: masks must have the shape [N, H, W]", () => ops.masksToBoxes(torch.ones([2, 2]))],
    ["generalizedBoxIouLoss: reduction must be", () => ops.generalizedBoxIouLoss(boxes, boxes, any("max"))],
    [
      "sigmoidFocalLoss: Target size [2] must be the same as input size [3]",
      () => ops.sigmoidFocalLoss(torch.ones([3]), torch.ones([2])),
    ],
    [
      "stochasticDepth: drop probability has to be between 0 and 1, but got 1.5",
      () => ops.stochasticDepth(x, 1.5, "row"),
    ],
    [
      "stochasticDepth: mode has to be either 'batch' or 'row', but got all",
      () => ops.stochasticDepth(x, 0.5, any("all")),
    ],
    ["StochasticDepth: drop probability has to be between 0 and 1", () => new ops.StochasticDepth(-1, "row")],
    ["dropBlock2d: drop probability has to be between 0 and 1, but got -0.5.", () => ops.dropBlock2d(x, -0.5, 3)],
    ["dropBlock2d: input should be 4 dimensional. Got 3 dimensions.", () => ops.dropBlock2d(x.select(0, 0), 0.5, 3)],
    ["dropBlock3d: input should be 5 dimensional. Got 4 dimensions.", () => ops.dropBlock3d(x, 0.5, 3)],
    ["dropBlock2d: blocks of an even size 2", () => ops.dropBlock2d(x, 0.5, 2)],
    ["roiAlign: The boxes tensor shape is not correct as Tensor[K, 5]", () => ops.roiAlign(x, boxes, 2)],
    [
      "roiAlign: The shape of the tensor in the boxes list is not correct as List[Tensor[L, 4]]",
      () => ops.roiAlign(x, [rois], 2),
    ],
    ["roiAlign: boxes is expected to be a Tensor[L, 5] or a List[Tensor[K, 4]]", () => ops.roiAlign(x, any(3), 2)],
    ["roiAlign: boxes must have a Tensor[L, 4] for each image, got none", () => ops.roiAlign(x, [], 2)],
    [
      "roiAlign: Expected input to have the same type as boxes; but float32 does not equal float64",
      () => ops.roiAlign(x, rois.double(), 2),
    ],
    ["roiAlign: input must have the shape [N, C, H, W]", () => ops.roiAlign(x.select(0, 0), rois, 2)],
    ["roiAlign: not implemented for 'Int'", () => ops.roiAlign(x.int(), rois.int(), 2)],
    ["roiAlign: box 0 is of image 1, but input has 1 images", () => ops.roiAlign(x, rois.add(1), 2)],
    ["roiAlign: outputSize must be an integer", () => ops.roiAlign(x, rois, 2.5)],
    ["roiAlign: samplingRatio must be an integer", () => ops.roiAlign(x, rois, 2, { samplingRatio: 1.5 })],
    ["roiPool: box 1 is of image 1", () => ops.roiPool(x, [boxes.narrow(0, 0, 1), boxes.narrow(0, 0, 1)], 2)],
    [
      "psRoiAlign: input channels must be a multiple of pooling height * pooling width",
      () => ops.psRoiAlign(x, rois, 3),
    ],
    ["psRoiPool: input channels must be a multiple of pooling height * pooling width", () => ops.psRoiPool(x, rois, 3)],
    [
      "deformConv2d: the shape of the offset tensor at dimension 1 is not valid. It should be a multiple of 2 * weight.size[2] * weight.size[3].\nGot offset.shape[1]=10, while 2 * weight.size[2] * weight.size[3]=18",
      () => ops.deformConv2d(x, offset.narrow(1, 0, 10), weight),
    ],
    [
      "deformConv2d: offset output dims: (2, 3) - computed output dims: (3, 3)",
      () => ops.deformConv2d(x, offset.narrow(2, 0, 2), weight),
    ],
    [
      "deformConv2d: mask.shape[1] is not valid: got: 8 expected: 9",
      () => ops.deformConv2d(x, offset, weight, null, { mask: torch.ones([1, 8, 3, 3]) }),
    ],
    [
      "deformConv2d: mask output dims: (3, 2) - computed output dims: (3, 3)",
      () => ops.deformConv2d(x, offset, weight, null, { mask: torch.ones([1, 9, 3, 2]) }),
    ],
    ["deformConv2d: bias must have the shape [2], got [3]", () => ops.deformConv2d(x, offset, weight, torch.ones([3]))],
    ["deformConv2d: expected scalar type Float but found Double", () => ops.deformConv2d(x, offset.double(), weight)],
    ["deformConv2d: weight takes 3 channels in each group", () => ops.deformConv2d(x, offset, weight.narrow(1, 0, 3))],
    ["deformConv2d: stride must be an integer from 1", () => ops.deformConv2d(x, offset, weight, null, { stride: 0 })],
    [
      "deformConv2d: Calculated output size too small",
      () => ops.deformConv2d(x, torch.zeros([1, 72, 1, 1]), torch.rand([2, 4, 6, 6])),
    ],
    ["DeformConv2d: inChannels must be divisible by groups", () => new ops.DeformConv2d(5, 6, 3, { groups: 2 })],
    ["Conv2dNormActivation: missing argument outChannels", () => new ops.Conv2dNormActivation(any({ inChannels: 3 }))],
    [
      "Conv2dNormActivation: normLayer must give an nn.Module, got 3",
      () => new ops.Conv2dNormActivation(3, 8, { normLayer: any(() => 3) }),
    ],
    [
      "Conv2dNormActivation: normLayer must make layers",
      () => new ops.Conv2dNormActivation(3, 8, { normLayer: any(new nn.ReLU()) }),
    ],
    [
      `Conv2dNormActivation: unknown argument "convLayer"`,
      () => new ops.Conv2dNormActivation(3, 8, any({ convLayer: nn.Conv2d })),
    ],
    [
      `Conv2dNormActivation: Sigmoid: unknown argument "inplace"`,
      () => new ops.Conv2dNormActivation(3, 8, { activationLayer: any(nn.Sigmoid) }),
    ],
    [
      "Conv2dNormActivation: Conv2d: stride must be one integer or 2",
      () => new ops.Conv2dNormActivation(3, 8, 3, [1, 1, 1]),
    ],
    ["MLP: hiddenChannels must have a size at least", () => new ops.MLP(3, [])],
    ["Permute: dims must be an array of integers", () => new ops.Permute(any(3))],
    ["FeaturePyramidNetwork: in_channels=0 is currently not supported", () => new ops.FeaturePyramidNetwork([2, 0], 4)],
    [
      "FeaturePyramidNetwork: extraBlocks should be of type ExtraFPNBlock not",
      () => new ops.FeaturePyramidNetwork([2], 4, { extraBlocks: any(new nn.ReLU()) }),
    ],
    [
      "FeaturePyramidNetwork: takes 1 to 1 feature maps, got 2",
      () => new ops.FeaturePyramidNetwork([4], 4)({ a: x, b: x }),
    ],
    [
      "MultiScaleRoIAlign: images list should not be empty",
      () => new ops.MultiScaleRoIAlign(["a"], 2, 2)({ a: x }, [boxes], []),
    ],
    [
      "MultiScaleRoIAlign: none of the feature maps a is among b",
      () => new ops.MultiScaleRoIAlign(["a"], 2, 2)({ b: x }, [boxes], [[8, 8]]),
    ],
  ];
  test.each(wrong)("%s", (message, call) => {
    try {
      call();
    } catch (error) {
      expect(error).toBeInstanceOf(torch.KindlingError);
      expect((error as Error).message.startsWith(message), (error as Error).message).toBe(true);
      return;
    }
    throw new Error("no error");
  });
});

describe("extremes", () => {
  const numbers = (t: torch.Tensor) => t.reshape(-1).tolist();

  test("nms without boxes, with NaN among scores and boxes", () => {
    expect(numbers(ops.nms(torch.zeros([0, 4]), torch.zeros([0]), 0.5))).toEqual([]);
    expect(numbers(ops.batchedNms(torch.zeros([0, 4]), torch.zeros([0]), torch.zeros([0]), 0.5))).toEqual([]);
    expect(numbers(ops.nms(boxes, torch.tensor([0.5, Number.NaN, 0.3]), 0.5))).toEqual([1, 2]);
    const strange = torch.tensor([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [Number.NaN, 0, 1, 1],
    ]);
    expect(numbers(ops.nms(strange, scores, 0.5))).toEqual([1, 0, 2]);
  });

  test("no category holds NaN", () => {
    const many = boxes.repeat([400, 1]);
    const idxs = torch.full([1200], Number.NaN);
    idxs.narrow(0, 0, 3).zero_();
    expect(numbers(ops.batchedNms(many, scores.repeat([400]), idxs, 0.5))).toEqual([1, 2]);
  });

  test("regions far away, huge, or nowhere", () => {
    const given = torch.tensor([
      [0, 1e9, 1e9, 2e9, 2e9],
      [0, -1e9, -1e9, 1e9, 1e9],
      [0, Number.NaN, 0, 1, 1],
      [0, Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY, 1],
    ]);
    for (const pool of [ops.roiAlign, ops.roiPool]) {
      const out = pool(x, given, 2);
      expect(numbers(out.isfinite().all())).toEqual([true]);
      expect(numbers(out.select(0, 0).abs().sum())).toEqual([0]);
    }
  });

  test("ps_roi_align of an empty box divides by no samples", () => {
    expect(
      numbers(
        ops
          .psRoiAlign(x, torch.tensor([[0, 2, 2, 2, 2]]), 2)
          .isnan()
          .all(),
      ),
    ).toEqual([true]);
  });

  test("a pool without bins, images or boxes is empty", () => {
    expect([...ops.roiAlign(x, rois, 0).shape]).toEqual([1, 4, 0, 0]);
    expect([...ops.roiAlign(x.narrow(0, 0, 0), torch.zeros([0, 5]), 2).shape]).toEqual([0, 4, 2, 2]);
    expect([...ops.deformConv2d(x.narrow(0, 0, 0), offset.narrow(0, 0, 0), weight).shape]).toEqual([0, 2, 3, 3]);
  });

  test("a mask at the last row and column", () => {
    const mask = torch.zeros([1, 3, 4]);
    mask.select(0, 0).select(0, 2).narrow(0, 3, 1).fill_(-2);
    expect(numbers(ops.masksToBoxes(mask))).toEqual([3, 2, 3, 2]);
    expect([...ops.masksToBoxes(torch.zeros([2, 0, 3])).shape]).toEqual([0, 4]);
  });

  test("the result is the same for any number of threads", () => {
    torch.manualSeed(5);
    const image = torch.rand([2, 64, 40, 40]);
    const corner = torch.rand([100, 2]).mul(30);
    const regions = torch.cat(
      [torch.rand([100, 1]).mul(2).floor(), corner, corner.add(torch.rand([100, 2]).mul(12))],
      1,
    );
    const before = torch.getNumThreads();
    const results = [1, 2].map((threads) => {
      torch.setNumThreads(threads);
      const leaf = image.clone().requiresGrad_();
      ops.roiAlign(leaf, regions, 7).square().sum().backward();
      return leaf.grad!;
    });
    torch.setNumThreads(before);
    expect(results[0]!.equal(results[1]!)).toBe(true);
  });
});
