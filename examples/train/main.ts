/** `npm start`: trains a classifier, saves it, reloads it and shows that it is the same. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as torch from "kindling";
import { main } from "../shared/program";
import { type Data, loadData } from "./data";
import { createModel, type Model } from "./models";
import { about, flags, type Options } from "./options";
import { drawPredictions } from "./picture";
import { createLoader, percent, test, trainEpoch } from "./train";

const { optim, safetensors } = torch;
const { SummaryWriter } = torch.utils.tensorboard;

function createOptimizer({ optimizer, lr }: Options, model: Model): torch.optim.Optimizer {
  switch (optimizer) {
    case "sgd":
      return new optim.SGD(model.parameters(), { lr, momentum: 0.9 });
    case "adam":
      return new optim.Adam(model.parameters(), { lr });
    case "adamw":
      return new optim.AdamW(model.parameters(), { lr });
  }
}

/** Saves the model, loads it into a fresh one, and returns the accuracy of that. */
async function reloadedAccuracy(path: string, model: Model, fresh: Model, data: Data): Promise<number> {
  await safetensors.saveFile(model.stateDict(), path);
  fresh.loadStateDict(await safetensors.loadFile(path));
  const loader = createLoader(data.test, { batchSize: 100, shuffle: false, numWorkers: 0 });
  return (await test(fresh, loader, data.test.classes.length)).accuracy;
}

function describe(options: Options, data: Data, model: Model): void {
  const parameters = [...model.parameters()].reduce((n, p) => n + p.numel(), 0);
  const threads = torch.getNumThreads();
  console.log(`Kindling: ${options.model}, ${parameters.toLocaleString("en")} parameters, on ${data.name}`);
  console.log(
    `${data.train.length} training and ${data.test.length} test images; ${options.optimizer}, learning rate ${options.lr}, batch size ${options.batchSize}`,
  );
  console.log(`${threads} thread${threads > 1 ? "s" : ""}, ${torch.simdLevel()} SIMD, seed ${options.seed}\n`);
}

async function run(options: Options): Promise<void> {
  if (options.threads !== undefined) torch.setNumThreads(options.threads);
  const data = await loadData(options.data);
  torch.manualSeed(options.seed);
  const [, size, , channels = 1] = data.train.data.shape;
  const build = () => createModel(options.model, channels, size, data.train.classes.length);
  const model = build();
  const optimizer = createOptimizer(options, model);
  describe(options, data, model);

  const { batchSize, workers: numWorkers } = options;
  const trainLoader = createLoader(data.train, { batchSize, shuffle: true, numWorkers });
  const testLoader = createLoader(data.test, { batchSize: 100, shuffle: false, numWorkers: 0 });
  const writer = options.log === undefined ? undefined : new SummaryWriter(options.log);
  for (let epoch = 1; epoch <= options.epochs; epoch++) {
    const { loss, accuracy, seconds } = await trainEpoch(model, trainLoader, optimizer, epoch);
    const tested = await test(model, testLoader, data.test.classes.length);
    console.log(
      `epoch ${epoch}: loss ${loss.toFixed(3)}, training accuracy ${percent(accuracy)}, test accuracy ${percent(tested.accuracy)}, ${seconds.toFixed(1)} s`,
    );
    writer?.addScalar("loss/train", loss, epoch);
    writer?.addScalars("accuracy", { train: accuracy, test: tested.accuracy }, epoch);
    for (const [name, p] of model.namedParameters()) writer?.addHistogram(name.replace(".", "/"), p, epoch);
  }
  await writer?.close();

  const final = await test(model, testLoader, data.test.classes.length);
  console.log("\ntest accuracy per class");
  data.test.classes.forEach((name, i) => {
    console.log(`  ${name.padEnd(12)} ${percent(final.perClass[i]!).padStart(7)}`);
  });

  await mkdir(options.out, { recursive: true });
  const modelPath = join(options.out, "model.safetensors");
  const reloaded = await reloadedAccuracy(modelPath, model, build(), data);
  console.log(
    `\nsaved to ${modelPath}; reloaded into a fresh model: test accuracy ${percent(reloaded)} (before: ${percent(final.accuracy)})`,
  );
  const picturePath = join(options.out, "predictions.png");
  await writeFile(picturePath, drawPredictions(data.test, final.predicted));
  console.log(`test pictures with predicted / true labels: ${picturePath}`);
}

main(about, flags, run);
