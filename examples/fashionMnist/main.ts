/** `npm run example -- fashionMnist`: PyTorch's quickstart, from the first line to the last. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as torch from "kindling";
import { integer, main, oneOf, positive, text, type Values } from "../shared/program";

const { nn, optim, safetensors } = torch;
const { DataLoader } = torch.utils.data;
const { datasets, transforms } = torch.vision;

const about = `Learns to tell clothes apart: the program of PyTorch's quickstart tutorial.

  npm run example -- fashionMnist                          downloads Fashion-MNIST to data/
  npm run example -- fashionMnist --data DIR --download no   reads DIR/FashionMNIST/raw`;

const flags = {
  data: text("data", "DIR", "folder of the data"),
  download: oneOf(["yes", "no"], "fetch what is missing: yes or no"),
  epochs: integer(10, "passes over the training pictures"),
  batchSize: integer(64, "pictures per step"),
  lr: positive(1e-3, "learning rate"),
  workers: integer(0, "workers that load data", 0),
  out: text("out", "DIR", "folder for the model"),
  seed: integer(0, "seed of initialization", 0),
};

class NeuralNetwork extends nn.Module {
  flatten = new nn.Flatten();
  linearReluStack = new nn.Sequential(
    new nn.Linear(28 * 28, 512),
    new nn.ReLU(),
    new nn.Linear(512, 512),
    new nn.ReLU(),
    new nn.Linear(512, 10),
  );

  override forward(x: torch.Tensor): torch.Tensor {
    return this.linearReluStack(this.flatten(x));
  }
}

type Batches = AsyncIterable<[X: torch.Tensor, y: torch.Tensor]> & { readonly length: number };

async function train(batches: Batches, size: number, model: NeuralNetwork, optimizer: torch.optim.Optimizer) {
  const lossFn = new nn.CrossEntropyLoss();
  model.train();
  let batch = 0;
  let seen = 0;
  for await (const [X, y] of batches) {
    // Compute prediction error
    const loss = lossFn(model(X), y);

    // Backpropagation
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();

    seen += X.length;
    if (batch++ % 100 === 0)
      console.log(
        `loss: ${loss.item().toFixed(6).padStart(8)}  [${String(seen).padStart(5)}/${String(size).padStart(5)}]`,
      );
  }
}

async function test(batches: Batches, size: number, model: NeuralNetwork) {
  const lossFn = new nn.CrossEntropyLoss();
  model.eval();
  let [testLoss, correct] = [0, 0];
  for await (const [X, y] of batches) {
    const pred = torch.noGrad(() => model(X));
    testLoss += lossFn(pred, y).item();
    correct += pred.argmax(1).eq(y).sum().item();
  }
  const accuracy = ((100 * correct) / size).toFixed(1);
  console.log(`Test Error: \n Accuracy: ${accuracy}%, Avg loss: ${(testLoss / batches.length).toFixed(6)} \n`);
}

async function run({ data, download, epochs, batchSize, lr, workers, out, seed }: Values<typeof flags>) {
  torch.manualSeed(seed);
  const transform = new transforms.ToTensor();
  const options = { download: download === "yes", transform };
  const trainingData = await new datasets.FashionMNIST(data, { ...options, train: true });
  const testData = await new datasets.FashionMNIST(data, { ...options, train: false });

  const loading = { batchSize, numWorkers: workers, persistentWorkers: workers > 0 };
  const trainDataloader = new DataLoader(trainingData, loading) as unknown as Batches;
  const testDataloader = new DataLoader(testData, { batchSize }) as unknown as Batches;
  for await (const [X, y] of testDataloader) {
    console.log(`Shape of X [N, C, H, W]: torch.Size([${X.shape.join(", ")}])`);
    console.log(`Shape of y: torch.Size([${y.shape.join(", ")}]) torch.${y.dtype}`);
    break;
  }

  const model = new NeuralNetwork();
  console.log(String(model));
  const optimizer = new optim.SGD(model.parameters(), { lr });
  for (let t = 0; t < epochs; t++) {
    console.log(`Epoch ${t + 1}\n-------------------------------`);
    await train(trainDataloader, trainingData.length, model, optimizer);
    await test(testDataloader, testData.length, model);
  }
  console.log("Done!");

  await mkdir(out, { recursive: true });
  const path = join(out, "model.safetensors");
  await safetensors.saveFile(model.stateDict(), path);
  console.log(`Saved PyTorch Model State to ${path}`);

  const loaded = new NeuralNetwork();
  console.log(String(loaded.loadStateDict(await safetensors.loadFile(path))));
  loaded.eval();
  const [x, y] = testData.at(0);
  const pred = torch.noGrad(() => loaded((x as torch.Tensor).unsqueeze(0)));
  const predicted = testData.classes[pred.at(0).argmax(0).item()];
  console.log(`Predicted: "${predicted}", Actual: "${testData.classes[y]}"`);
}

main(about, flags, run);
