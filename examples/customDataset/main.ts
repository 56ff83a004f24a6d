/** `npm run example -- customDataset`: learns from a folder of pictures and a CSV of their labels. */
import { existsSync } from "node:fs";
import * as torch from "kindling";
import { integer, main, positive, text, UsageError, type Values } from "../shared/program";
import { CustomImageDataset } from "./dataset";

const { nn, optim } = torch;
const { DataLoader, randomSplit } = torch.utils.data;
const { transforms } = torch.vision;

const about = `Learns from a folder of pictures of one size and a CSV of their labels (filename,label): the custom data set of PyTorch's tutorial.

  npm run example -- customDataset --images DIR/images --labels DIR/labels.csv`;

const flags = {
  images: text("images", "DIR", "folder of the pictures"),
  labels: text("labels.csv", "FILE", "CSV of file names and labels"),
  epochs: integer(10, "passes over the training pictures"),
  batchSize: integer(16, "pictures per step"),
  lr: positive(1e-3, "learning rate"),
  workers: integer(0, "workers that load data", 0),
  seed: integer(0, "seed of the split, initialization and shuffling", 0),
};

type Batches = AsyncIterable<[images: torch.Tensor, labels: torch.Tensor]>;

const network = (channels: number, classes: number) =>
  new nn.Sequential(
    new nn.Conv2d(channels, 16, 3, { stride: 2, padding: 1 }),
    new nn.ReLU(),
    new nn.Conv2d(16, 32, 3, { stride: 2, padding: 1 }),
    new nn.ReLU(),
    new nn.AdaptiveAvgPool2d(4),
    new nn.Flatten(),
    new nn.Linear(512, classes),
  );

async function accuracy(model: ReturnType<typeof network>, batches: Batches): Promise<number> {
  let [right, all] = [0, 0];
  for await (const [images, labels] of batches) {
    right += torch
      .noGrad(() => model(images).argmax(1))
      .eq(labels)
      .sum()
      .item();
    all += labels.length;
  }
  return right / all;
}

async function run({ images, labels, epochs, batchSize, lr, workers, seed }: Values<typeof flags>): Promise<void> {
  for (const path of [images, labels])
    if (!existsSync(path)) throw new UsageError(`there is no "${path}"; --help lists the options`);
  torch.manualSeed(seed);
  const transform = new transforms.ConvertImageDtype("float32");
  const set = await CustomImageDataset.open(labels, images, {
    transform: transform as (x: torch.Tensor) => torch.Tensor,
  });
  const held = Math.floor(set.length / 5);
  const [training, testing] = randomSplit(set, [set.length - held, held]);
  const [first] = await set.at(0);
  console.log(`${set.length} pictures of shape [${first.shape.join(", ")}], classes: ${set.classes.join(", ")}`);

  const loading = { batchSize, shuffle: true, numWorkers: workers, persistentWorkers: workers > 0 };
  const train = new DataLoader(training!, loading) as unknown as Batches;
  const test = new DataLoader(testing!, { batchSize }) as unknown as Batches;
  const model = network(first.shape[0]!, set.classes.length);
  const optimizer = new optim.Adam(model.parameters(), { lr });
  for (let epoch = 1; epoch <= epochs; epoch++) {
    let [sum, steps] = [0, 0];
    for await (const [x, y] of train) {
      const loss = nn.functional.crossEntropy(model(x), y);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      sum += loss.item();
      steps++;
    }
    const share = (100 * (await accuracy(model, test))).toFixed(0);
    console.log(`epoch ${epoch}: loss ${(sum / steps).toFixed(3)}, test accuracy ${share} %`);
  }
}

main(about, flags, run);
