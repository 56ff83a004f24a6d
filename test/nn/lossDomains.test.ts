/** Arguments outside of the domain of a loss are refused, as PyTorch refuses them. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";

const F = torch.nn.functional;
const ints = (values: number[] | number[][]): torch.Tensor => torch.tensor(values, { dtype: "int64" });
const logProbs = torch.zeros([3, 1, 4]).logSoftmax(2);

const cases: [string, () => unknown, RegExp][] = [
  ["a probability of 1.1", () => F.binaryCrossEntropy(torch.tensor([1.1]), torch.tensor([1])), /between 0 and 1/],
  ["a probability of −0.1", () => F.binaryCrossEntropy(torch.tensor([-0.1]), torch.tensor([1])), /between 0 and 1/],
  [
    "a probability of NaN",
    () => F.binaryCrossEntropy(torch.tensor([Number.NaN]), torch.tensor([1])),
    /between 0 and 1/,
  ],
  [
    "a negative variance",
    () => F.gaussianNllLoss(torch.tensor([0, 1]), torch.tensor([0, 3]), torch.tensor([-1, 1])),
    /var has negative entry/,
  ],
  ["class 9 of 4", () => F.crossEntropy(torch.zeros([1, 4]), ints([9])), /Target 9 is out of bounds/],
  ["class −1", () => F.nllLoss(torch.zeros([1, 4]), ints([-1])), /Target -1 is out of bounds/],
  ["class 4 of 4 with a margin", () => F.multiMarginLoss(torch.zeros([1, 4]), ints([4])), /target out of range/],
  ["classes of a wrong count", () => F.multiMarginLoss(torch.zeros([2, 4]), ints([0])), /inconsistent target size/],
  ["labels beyond the classes", () => F.multilabelMarginLoss(torch.zeros([1, 2]), ints([[2, 0]])), /out of range/],
  ["labels below −1", () => F.multilabelMarginLoss(torch.zeros([1, 2]), ints([[-2, 0]])), /out of range/],
  ["delta 0", () => F.huberLoss(torch.zeros([1]), torch.zeros([1]), { delta: 0 }), /non-positive values for delta/],
  ["beta −1", () => F.smoothL1Loss(torch.zeros([1]), torch.zeros([1]), { beta: -1 }), /negative values for beta/],
  ["label 7 of 4 in CTC", () => F.ctcLoss(logProbs, ints([[7]]), [3], [1]), /label 7 is out of range/],
  ["label −1 in CTC", () => F.ctcLoss(logProbs, ints([[-1]]), [3], [1]), /label -1 is out of range/],
  ["labels with fractions", () => F.ctcLoss(logProbs, torch.tensor([[1.5]]), [3], [1]), /targets must be integers/],
  ["inputs longer than they are", () => F.ctcLoss(logProbs, ints([[1]]), [4], [1]), /at most 3/],
  ["a length with a fraction", () => F.ctcLoss(logProbs, ints([[1]]), [3], [0.5]), /must be an integer/],
  ["a negative length", () => F.ctcLoss(logProbs, ints([[1]]), [3], [-1]), /must be an integer of at least 0/],
  ["blank beyond the classes", () => F.ctcLoss(logProbs, ints([[1]]), [3], [1], { blank: 4 }), /label range/],
  ["one value per group", () => F.groupNorm(torch.ones([1, 3]), 3), /more than 1 value per channel/],
  [
    "one value per channel",
    () => F.batchNorm(torch.ones([1, 3]), null, null, { training: true }),
    /more than 1 value per channel/,
  ],
  ["one place per channel", () => F.instanceNorm(torch.ones([2, 3, 1])), /more than 1 spatial element/],
];

describe("losses and normalizations", () => {
  it.each(cases)("refuse %s", (_, f, message) => {
    expect(f).toThrow(message);
    expect(f).toThrow(torch.KindlingError);
  });

  it("take the edges of the domain", () => {
    expect(F.binaryCrossEntropy(torch.tensor([0, 1]), torch.tensor([0, 1])).item()).toBeCloseTo(0);
    expect(F.gaussianNllLoss(torch.zeros([1]), torch.zeros([1]), torch.zeros([1])).item()).toBeLessThan(0);
    expect(F.ctcLoss(logProbs, ints([[1, -1]]), [3], [1]).item()).toBeGreaterThan(0);
  });
});
