/**
 * "Quickstart" and "Training a classifier", on random pictures around one center per class instead of downloads. The numbers were
 * printed by PyTorch 1.13 for the same programs and seeds.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { afterAll, describe, expect, test } from "vitest";
import { expectClose } from "../helpers/close";

const { nn, optim, safetensors } = torch;
const { DataLoader, TensorDataset } = torch.utils.data;

const folder = mkdtempSync(join(tmpdir(), "kindling-tutorial-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("apply(initWeights)", () => {
  torch.manualSeed(0);
  const net = new nn.Sequential(new nn.Linear(2, 2), new nn.Linear(2, 2));
  const visited: string[] = [];
  net.apply((m) => {
    visited.push(m.constructor.name);
    if (!(m instanceof nn.Linear)) return;
    nn.init.xavierUniform_(m.weight);
    torch.noGrad(() => m.bias!.fill_(0.01));
  });
  expect(visited).toEqual(["Linear", "Linear", "Sequential"]);
  expectClose(
    net.getParameter("0.weight"),
    [
      [-1.1701, -0.8111],
      [-0.5049, 0.0454],
    ],
    1e-4,
  );
  expectClose(
    net.getParameter("1.weight"),
    [
      [0.4842, 0.7349],
      [-0.8303, -0.5333],
    ],
    1e-4,
  );
  expectClose(net.getParameter("1.bias"), [0.01, 0.01]);
});

class NeuralNetwork extends nn.Module {
  flatten = new nn.Flatten();
  linearReluStack = new nn.Sequential(
    new nn.Linear(28 * 28, 64),
    new nn.ReLU(),
    new nn.Linear(64, 64),
    new nn.ReLU(),
    new nn.Linear(64, 10),
  );

  override forward(x: torch.Tensor): torch.Tensor {
    return this.linearReluStack(this.flatten(x));
  }
}

/** Pictures of [channels, size, size]: three tenths of the center of their class, the rest noise. */
function pictures(centers: torch.Tensor, count: number, shape: readonly number[]) {
  const labels = torch.randint(0, 10, [count]);
  const signal = centers
    .at(labels)
    .mul(0.3)
    .reshape([count, ...shape]);
  const images = signal.add(torch.rand([count, ...shape]).mul(0.7));
  return { images, labels };
}

type Batches = Iterable<[torch.Tensor, torch.Tensor]>;
type Loss = (prediction: torch.Tensor, target: torch.Tensor) => torch.Tensor;

/** The training loop of the quickstart; returns what it prints. */
function trainLoop(
  loader: Batches,
  model: NeuralNetwork,
  lossFn: Loss,
  optimizer: { zeroGrad(): void; step(): unknown },
): number[] {
  const printed: number[] = [];
  let batch = 0;
  model.train();
  for (const [x, y] of loader) {
    const loss = lossFn(model(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    if (batch++ % 4 === 0) printed.push(loss.item());
  }
  return printed;
}

/** The test loop of the quickstart: accuracy and average loss. */
function testLoop(loader: Batches, model: NeuralNetwork, lossFn: Loss): [accuracy: number, loss: number] {
  let [correct, loss, batches, size] = [0, 0, 0, 0];
  model.eval();
  torch.noGrad(() => {
    for (const [x, y] of loader) {
      const prediction = model(x);
      loss += lossFn(prediction, y).item();
      correct += prediction.argmax(1).eq(y).to("float32").sum().item();
      batches++;
      size += y.length;
    }
  });
  return [correct / size, loss / batches];
}

/** Printed losses, accuracy and average test loss of each epoch. */
const QUICKSTART: [losses: number[], accuracy: number, loss: number][] = [
  [[2.2901196479797363, 2.3000617027282715, 2.296438217163086], 0.135, 2.2735553979873657],
  [[2.281693696975708, 2.2766003608703613, 2.2722291946411133], 0.14, 2.2517082691192627],
  [[2.2576253414154053, 2.2450029850006104, 2.2392563819885254], 0.225, 2.22418075799942],
  [[2.2233307361602783, 2.2009007930755615, 2.1896703243255615], 0.3, 2.182970345020294],
  [[2.17324161529541, 2.1380274295806885, 2.115238904953003], 0.335, 2.116718828678131],
];

test("quickstart: training and test loops, saving, loading, predicting", async () => {
  torch.manualSeed(0);
  const centers = torch.rand(10, 28 * 28);
  const make = (count: number) => {
    const { images, labels } = pictures(centers, count, [1, 28, 28]);
    return new TensorDataset(images, labels);
  };
  const [training, testing] = [make(640), make(200)];
  const model = new NeuralNetwork();
  expect(String(model).split("\n").slice(0, 4)).toEqual([
    "NeuralNetwork(",
    "  (flatten): Flatten(start_dim=1, end_dim=-1)",
    "  (linearReluStack): Sequential(",
    "    (0): Linear(in_features=784, out_features=64, bias=True)",
  ]);
  const loader = (dataset: typeof training) => new DataLoader(dataset, { batchSize: 64 }) as unknown as Batches;
  const lossFn = new nn.CrossEntropyLoss();
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
  for (const [losses, accuracy, loss] of QUICKSTART) {
    expectClose(trainLoop(loader(training), model, lossFn, optimizer), losses, 1e-4);
    expectClose(testLoop(loader(testing), model, lossFn), [accuracy, loss], 1e-4);
  }

  const path = join(folder, "model.safetensors");
  await safetensors.saveFile(model.stateDict(), path);
  const loaded = new NeuralNetwork();
  expect(String(loaded.loadStateDict(await safetensors.loadFile(path)))).toBe("<All keys matched successfully>");
  loaded.eval();
  const [x, y] = testing.at(0) as [torch.Tensor, torch.Tensor];
  const [prediction, again] = torch.noGrad(() => [model(x), loaded(x)]);
  expect(again!.tolist()).toEqual(prediction!.tolist());
  expect([prediction!.argmax(1).item(), y.item()]).toEqual([5, 0]);
});

describe("training a classifier", () => {
  /** What the tutorial prints every 50 batches of 4: the mean loss since the last time. */
  const PRINTED = [
    2.3079459714889525, 2.304379048347473, 2.3052784824371337, 2.3045947217941283, 2.297176685333252, 2.297133684158325,
  ];
  const CORRECT = [0, 10, 0, 0, 0, 10, 3, 0, 0, 0];
  const TOTAL = [7, 10, 7, 12, 9, 14, 14, 9, 8, 10];

  test("LeNet with shuffled batches and momentum: running loss, per-class accuracy, save and load", async () => {
    torch.manualSeed(0);
    const centers = torch.rand(10, 3, 32, 32);
    const make = (count: number) => {
      const { images, labels } = pictures(centers, count, [3, 32, 32]);
      return new TensorDataset(images.sub(0.5).div(0.5), labels);
    };
    const [training, testing] = [make(400), make(100)];
    const net = new torch.vision.models.LeNet();
    const trainLoader = new DataLoader(training, { batchSize: 4, shuffle: true });
    const testLoader = new DataLoader(testing, { batchSize: 4 });
    const criterion = new nn.CrossEntropyLoss();
    const optimizer = new optim.SGD(net.parameters(), { lr: 0.01, momentum: 0.9 });

    const printed: number[] = [];
    for (let epoch = 0; epoch < 3; epoch++) {
      let [runningLoss, i] = [0, 0];
      for await (const [inputs, labels] of trainLoader) {
        optimizer.zeroGrad();
        const loss = criterion(net(inputs!), labels!);
        loss.backward();
        optimizer.step();
        runningLoss += loss.item();
        if (++i % 50 !== 0) continue;
        printed.push(runningLoss / 50);
        runningLoss = 0;
      }
    }
    expectClose(printed, PRINTED, 1e-4);

    const path = join(folder, "cifar_net.safetensors");
    await safetensors.saveFile(net.stateDict(), path);
    const reloaded = new torch.vision.models.LeNet();
    reloaded.loadStateDict(await safetensors.loadFile(path));
    const [correct, total] = [new Array(10).fill(0), new Array(10).fill(0)];
    for await (const [images, labels] of testLoader) {
      const predictions: number[] = torch.noGrad(() => reloaded(images!).argmax(1)).tolist();
      labels!.tolist().forEach((label: number, i: number) => {
        total[label]++;
        if (predictions[i] === label) correct[label]++;
      });
    }
    expect(total).toEqual(TOTAL);
    expect(correct).toEqual(CORRECT);
  });
});
