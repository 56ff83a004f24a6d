import * as torch from "kindling";
import { expect, test } from "vitest";

const { nn, optim } = torch;
const { AveragedModel, getEmaMultiAvgFn, SWALR, updateBn } = optim.swaUtils;

/** A layer with weight `w`. */
function layerOf(w: number): InstanceType<typeof nn.Linear> {
  const layer = new nn.Linear(1, 1, { bias: false });
  torch.noGrad(() => layer.weight.fill_(w));
  return layer;
}

test("an averaged model is the mean of those that it saw", () => {
  const model = layerOf(1);
  const average = new AveragedModel(model);
  for (const w of [1, 3, 8]) {
    torch.noGrad(() => model.weight.fill_(w));
    average.updateParameters(model);
  }
  expect(average.module.weight.item()).toBeCloseTo(4);
  expect(average(torch.ones(1, 1)).item()).toBeCloseTo(4);
  expect(Object.keys(average.stateDict()).sort()).toEqual(["module.weight", "n_averaged"]);
  expect(average.nAveraged.item()).toBe(3);
});

test("an exponential moving average forgets", () => {
  const model = layerOf(0);
  const average = new AveragedModel(model, { multiAvgFn: getEmaMultiAvgFn(0.5) });
  for (const w of [0, 4, 4]) {
    torch.noGrad(() => model.weight.fill_(w));
    average.updateParameters(model);
  }
  expect(average.module.weight.item()).toBe(3);
  expect(() => getEmaMultiAvgFn(2)).toThrow(/Invalid decay value 2/);
});

test("buffers are taken over, or averaged if asked", () => {
  const model = new nn.BatchNorm1d(1);
  const [last, mean] = [new AveragedModel(model), new AveragedModel(model, { useBuffers: true })];
  for (const value of [2, 4]) {
    model.runningMean!.fill_(value);
    last.updateParameters(model);
    mean.updateParameters(model);
  }
  expect(last.module.runningMean!.item()).toBe(4);
  expect(mean.module.runningMean!.item()).toBe(3);
});

test("updateBn makes the running statistics those of the data", async () => {
  const model = new nn.Sequential(new nn.BatchNorm1d(1)).eval();
  const [layer] = model.children() as [InstanceType<typeof nn.BatchNorm1d>];
  layer.runningMean!.fill_(100);
  await updateBn([torch.tensor([[1], [3]]), [torch.tensor([[5], [7]]), "label"]], model);
  expect(layer.runningMean!.item()).toBeCloseTo(4);
  expect(layer.runningVar!.item()).toBeCloseTo(2);
  expect(layer.momentum).toBe(0.1);
  expect(model.training).toBe(false);
});

test("SWALR anneals to its rate as PyTorch 1.13 does", () => {
  const run = (annealEpochs: number, annealStrategy: "cos" | "linear", epochs: number) => {
    const optimizer = new optim.SGD([torch.zeros(1, { requiresGrad: true })], { lr: 0.1 });
    const scheduler = new SWALR(optimizer, 0.05, { annealEpochs, annealStrategy });
    const lrs = [optimizer.paramGroups[0]!.lr];
    for (let i = 0; i < epochs; i++) {
      optimizer.step();
      scheduler.step();
      lrs.push(optimizer.paramGroups[0]!.lr);
    }
    return lrs;
  };
  const expected = [0.1, 0.09267766952966369, 0.075, 0.057322330470336316, 0.05, 0.05, 0.05];
  run(4, "cos", 6).forEach((lr, i) => {
    expect(lr).toBeCloseTo(expected[i]!, 12);
  });
  expect(run(0, "linear", 2)).toEqual([0.05, 0.05, 0.05]);
});
