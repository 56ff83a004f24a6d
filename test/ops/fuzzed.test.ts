/** Calls that random calls found, with what they give now. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const { ops, transforms } = torch.vision;

test("truth values are not searched", () => {
  const x = torch.tensor([true]);
  expect(() => torch.searchsorted(x, x)).toThrow("searchsorted: not implemented for bool");
  expect(() => torch.bucketize(x, x)).toThrow("bucketize: not implemented for bool");
  expect(torch.searchsorted(torch.tensor([1, 2, 3]), torch.tensor([2.5])).tolist()).toEqual([2]);
});

test("an object is no size", () => {
  expect(() => torch.ones(1, 1).view({ size: {} } as never)).toThrow(torch.DTypeError);
  expect(torch.ones(2).view({ size: [1, 2] }).shape).toEqual([1, 2]);
});

test("transforms and pyramids take pictures and lists", () => {
  expect(() => new transforms.RandomGrayscale()([1, [2]] as never)).toThrow("RandomGrayscale: img should be an Image");
  expect(() => new ops.LastLevelMaxPool()(0 as never, [], [])).toThrow("LastLevelMaxPool: x must be an array");
  expect(() => new ops.LastLevelMaxPool()([], [], ["a"])).toThrow("LastLevelMaxPool: x must not be empty");
});

test("a bigint is a number only where it becomes one", () => {
  const image = torch.ones(1, 2, 2);
  expect(() => transforms.functional.rotate(image, -1n as never)).toThrow("rotate: angle must be a number, got");
  expect(torch.layerNorm(image, [2], null, null, 1n as never).tolist()).toEqual([
    [
      [0, 0],
      [0, 0],
    ],
  ]);
  expect(() => torch.nn.functional.localResponseNorm(image, 1, 1, 1, 1n as never)).toThrow("k must be a number");
  expect(torch.full([1], 2n as never).item()).toBe(2);
});

test("frozen normalization takes a tensor", () => {
  expect(() => new ops.FrozenBatchNorm2d(1)([1, 1] as never)).toThrow("FrozenBatchNorm2d: input must be a Tensor");
});

test("a constructor names itself when a function of the caller fails in it", () => {
  const { lrScheduler } = torch.optim;
  const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 0.1 });
  const relu = new torch.nn.ReLU() as never;
  expect(() => new lrScheduler.LambdaLR(optimizer, relu)).toThrow("LambdaLR: ReLU: input must be a Tensor");
  expect(() => new transforms.AutoAugment([Object.create(null)] as never)).toThrow("AutoAugment: The provided policy");
});

test("a tensor without axes has none to roll along", () => {
  const x = torch.tensor(1);
  expect(x.roll(1).item()).toBe(1);
  for (const dim of [0, -1])
    expect(() => x.roll(0, dim)).toThrow(`roll: Dimension specified as ${dim} but tensor has no dimensions`);
  expect(() => x.roll([1, 2], [0, 0])).toThrow(torch.IndexError);
});

test("a scalar has no axis to transform along", () => {
  for (const transform of [torch.fft.hfft, torch.fft.irfft])
    expect(() => transform(torch.tensor(1), 1)).toThrow("needs at least one axis to transform");
  expect(() => torch.fft.hfft2(torch.tensor(1), [1], [0])).toThrow("needs at least one axis to transform");
});

test("what JavaScript takes for false is no tensor", () => {
  const x = torch.rand(2, 3);
  for (const none of [false, 0, ""] as never[]) {
    expect(() => torch.zeros(1, 1).indexPut_([torch.tensor([0]), none], torch.ones(1))).toThrow("must be a Tensor");
    expect(() => torch.nn.functional.linear(x, x, none)).toThrow("linear: bias must be a Tensor");
    expect(() => torch.nn.functional.bilinear(x, x, torch.rand(1, 3, 3), none)).toThrow("bias must be a Tensor");
    expect(() => torch.ones(1, { requiresGrad: true }).backward(none)).toThrow("must be a Tensor or null");
    expect(() => torch.masked.softmax(x, 0, { mask: none })).toThrow("mask must be a Tensor");
    expect(() => x.diff(0, 0, { prepend: none })).toThrow("prepend must be a Tensor");
    expect(() => torch.nn.functional.crossEntropy(x, x, { weight: none })).toThrow("weight must be a Tensor");
  }
  expect(() => torch.indexPut(null as never, [torch.tensor([0])], torch.ones(1))).toThrow("input must be a Tensor");
});

test("weights of classes are read in any layout, and there is one for each class", () => {
  const [x, labels] = [torch.rand(4, 3), torch.tensor([0, 1, 2, 1]).long()];
  const loss = (weight: torch.Tensor, target: torch.Tensor = labels): number =>
    torch.nn.functional.crossEntropy(x, target, { weight, labelSmoothing: 0.5 }).item();
  expect(loss(torch.tensor([2]).expand(3))).toBe(loss(torch.tensor([2, 2, 2])));
  expect(loss(torch.tensor([1, 9, 2, 9, 3, 9]).slice(0, 0, 6, 2))).toBe(loss(torch.tensor([1, 2, 3])));
  for (const target of [labels, x.softmax(1)])
    expect(() => loss(torch.ones(1), target)).toThrow("for all 3 classes or no classes");
});

test("flags are truth values in every op", () => {
  const x = torch.rand(3);
  const index = torch.tensor([0, 1]).long();
  for (const flag of [0, ""] as never[]) {
    expect(() => x.indexReduce(0, index, x.slice(0, 0, 2), "prod", { includeSelf: flag })).toThrow(
      "includeSelf must be",
    );
    expect(() => torch.hannWindow(4, { periodic: flag })).toThrow("periodic must be");
    expect(() => torch.bucketize(x, x, { right: flag })).toThrow("right must be");
    expect(() => torch.nn.utils.clipGradNorm_([x], 1, { errorIfNonfinite: flag })).toThrow("errorIfNonfinite must be");
  }
});

test("no call makes millions of views", () => {
  const x = torch.ones(1).expand(2 ** 31 - 1);
  for (const parts of [() => x.unbind(), () => x.split(1), () => x.chunk(2 ** 30), () => x.tensorSplit(2 ** 21)])
    expect(parts).toThrow(/makes at most 1048576 tensors/);
  expect(x.split(2 ** 30)).toHaveLength(2);
});

test("many selections, which are listed at once", () => {
  const rows = torch.combinations(torch.arange(60), { r: 4, withReplacement: true });
  expect(rows.shape).toEqual([595_665, 4]);
  expect(rows.at("-3:").tolist()).toEqual([
    [58, 58, 59, 59],
    [58, 59, 59, 59],
    [59, 59, 59, 59],
  ]);
  expect(torch.combinations(torch.arange(4), { r: 3 }).tolist()).toEqual([
    [0, 1, 2],
    [0, 1, 3],
    [0, 2, 3],
    [1, 2, 3],
  ]);
  expect(torch.combinations(torch.arange(3), { r: 3 }).tolist()).toEqual([[0, 1, 2]]);
  expect(torch.combinations(torch.tensor([7]), { r: 3, withReplacement: true }).tolist()).toEqual([[7, 7, 7]]);
});

test("iterations that would go on for hours are refused", () => {
  const { audio, nn } = torch;
  const many = 2 ** 30;
  for (const iterate of [
    () => new audio.transforms.GriffinLim({ nIter: many }),
    () => nn.utils.spectralNorm(new nn.Linear(2, 2), { nPowerIterations: many }),
    () => nn.utils.parametrizations.spectralNorm(new nn.Linear(2, 2), { nPowerIterations: many }),
  ])
    expect(iterate).toThrow(/(nIter|nPowerIterations) must .*10000/);
});
