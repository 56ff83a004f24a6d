import * as torch from "kindling";
import { expect, test } from "vitest";

const { nn } = torch;
const { summary } = torch.utils;

class LeNet extends nn.Module {
  conv1 = new nn.Conv2d(3, 6, 5);
  pool = new nn.MaxPool2d(2);
  conv2 = new nn.Conv2d(6, 16, 5);
  fc = new nn.Linear(400, 10);
  override forward(x: torch.Tensor): torch.Tensor {
    const y = this.pool(this.conv2(this.pool(this.conv1(x).relu())).relu());
    return this.fc(y.flatten(1));
  }
}

test("counts parameters, multiplications and memory", () => {
  const s = summary(new LeNet(), [2, 3, 32, 32]);
  const parameters = 3 * 6 * 25 + 6 + 6 * 16 * 25 + 16 + 4010;
  expect(s.totalParams).toBe(parameters);
  expect(s.trainableParams).toBe(parameters);
  expect(s.totalMultAdds).toBe(2 * (6 * 28 * 28 * 75 + 16 * 10 * 10 * 150 + 4000));
  expect(s.totalInputBytes).toBe(2 * 3 * 32 * 32 * 4);
  expect(s.totalParamBytes).toBe(parameters * 4);
  expect(s.totalOutputBytes).toBe(2 * 4 * (6 * 28 * 28 + 6 * 14 * 14 + 16 * 10 * 10 + 16 * 5 * 5 + 10));
  expect(s.layers.map(({ name, outputSize, numParams }) => [name, outputSize, numParams])).toEqual([
    ["LeNet", [[2, 10]], parameters],
    ["conv1", [[2, 6, 28, 28]], 456],
    ["pool", [[2, 6, 14, 14]], 0],
    ["conv2", [[2, 16, 10, 10]], 2416],
    ["pool", [[2, 16, 5, 5]], 0],
    ["fc", [[2, 10]], 4010],
  ]);
});

test("prints a table as a tree", () => {
  const model = new nn.Sequential(new nn.Linear(2, 3), new nn.Sequential(new nn.ReLU(), new nn.Linear(3, 1)));
  const lines = String(
    summary(model, [4, 2], { colNames: ["inputSize", "outputSize", "numParams", "trainable"] }),
  ).split("\n");
  expect(lines.slice(3, 8)).toEqual([
    "Sequential         [4, 2]       [4, 1]        13       True",
    "├─Linear (0)       [4, 2]       [4, 3]        9        True",
    "└─Sequential (1)   [4, 3]       [4, 1]        4        True",
    "│    ├─ReLU (0)    [4, 3]       [4, 3]        --       --",
    "│    └─Linear (1)  [4, 3]       [4, 1]        4        True",
  ]);
  expect(lines).toContain("Total params: 13");
  expect(String(summary(model, [4, 2], { depth: 1 }))).not.toContain("ReLU");
});

test("modules that are called again are counted once", () => {
  const shared = new nn.Linear(2, 2, { bias: false });
  const s = summary(new nn.Sequential(shared, shared), [1, 2]);
  expect(s.totalParams).toBe(4);
  expect(s.layers.map(({ isRepeated }) => isRepeated)).toEqual([false, false, true]);
  expect(String(s)).toContain("(recursive)");
});

test("takes data, several inputs, and recurrent layers", () => {
  const lstm = new nn.LSTM(3, 5);
  const s = summary(lstm, null, { inputData: torch.rand(7, 2, 3) });
  expect(s.layers[0]!.outputSize).toEqual([
    [7, 2, 5],
    [1, 2, 5],
    [1, 2, 5],
  ]);
  expect(s.totalMultAdds).toBe(7 * 2 * (20 * 3 + 20 * 5));
  expect(
    summary(new nn.Bilinear(2, 3, 4), [
      [1, 2],
      [1, 3],
    ]).layers[0]!.outputSize,
  ).toEqual([[1, 4]]);
  expect(summary(new nn.Embedding(9, 2), [1, 4], { dtypes: ["int64"] }).layers[0]!.outputSize).toEqual([[1, 4, 2]]);
});

test("leaves modes, gradients and random numbers as they were", () => {
  const model = new nn.Sequential(new nn.Dropout(), new nn.BatchNorm1d(2));
  torch.manualSeed(1);
  const before = torch.getRngState().tolist();
  summary(model, [4, 2], { mode: "train" });
  summary(model, [4, 2]);
  expect(torch.getRngState().tolist()).toEqual(before);
  expect([...model.modules()].every((module) => module.training)).toBe(true);
});

test("refuses wrong sizes, and puts everything back when the model throws", () => {
  const model = new LeNet();
  expect(() => summary(model, [1, 1, 32, 32])).toThrow("summary: Conv2d: given groups=1");
  expect(model.training).toBe(true);
  expect(() => summary(model)).toThrow("summary: the size of the input is missing");
  expect(() => summary(model, ["a" as never])).toThrow("summary: inputSize");
  expect(() => summary({} as never, [1])).toThrow("summary: model must be a Module");
});
