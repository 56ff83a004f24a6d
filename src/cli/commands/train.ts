/** `kindling train`: trains a classifier or a module of the user's, saves it, reads it again and evaluates it. */
import type { Command } from "commander";
import * as torch from "../../index";
import { joinPath, makeFolder } from "../../platform/dataFiles";
import { choice, integer, option, positive, text, UsageError } from "../commandLine";
import { print, printJson } from "../console";
import { isModulePath } from "../own";
import { type Data, dataNames, loadData } from "../train/data";
import { type Loader, type Task, testModel, trainEpoch } from "../train/loop";
import { channelsOf, createModel } from "../train/models";
import { ownTask } from "../train/own";
import { drawPredictions } from "../train/picture";
import { Progress, percent } from "../train/progress";

const optimizers = ["sgd", "adam", "adamw"] as const;

/** The options of the command, with their defaults. */
interface Options {
  readonly data: string;
  readonly root: string;
  readonly size: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly optimizer: (typeof optimizers)[number];
  readonly model: string;
  readonly workers: number;
  readonly threads?: number;
  readonly seed: number;
  readonly log?: string;
  readonly checkpoint?: string;
  readonly out: string;
  readonly json?: boolean;
}

function createOptimizer({ optimizer, lr }: Options, model: torch.nn.Module): Task["optimizer"] {
  const parameters = model.parameters();
  if (optimizer === "sgd") return new torch.optim.SGD(parameters, { lr, momentum: 0.9 });
  return optimizer === "adam" ? new torch.optim.Adam(parameters, { lr }) : new torch.optim.AdamW(parameters, { lr });
}

/** Bytes to numbers from −1 to 1, gray to three channels where the model knows colors only. */
const normalize =
  (channels: number) =>
  (bytes: torch.Tensor): torch.Tensor => {
    const pictures = bytes.float().div(127.5).sub(1);
    return pictures.shape[1] === channels ? pictures : pictures.expand(-1, channels, -1, -1);
  };

/** A task, and what is known of it besides. */
interface Job {
  readonly title: string;
  readonly task: Task;
  readonly data?: Data;
  /** Makes the model once more. Undefined for modules of the user's, whose model exists once. */
  readonly fresh?: () => torch.nn.Module;
}

async function pictureJob(options: Options): Promise<Job> {
  const data = await loadData(options);
  torch.manualSeed(options.seed);
  const channels = channelsOf(options.model, data.channels);
  const fresh = () => createModel(options.model, { channels, size: data.size }, data.classes.length);
  const model = fresh();
  const loader = (pictures: unknown, batchSize: number, shuffle: boolean, numWorkers: number): Loader =>
    new torch.utils.data.DataLoader(pictures as never, {
      batchSize,
      shuffle,
      numWorkers,
      persistentWorkers: numWorkers > 0,
    }) as unknown as Loader;
  const task: Task = {
    model,
    optimizer: createOptimizer(options, model),
    train: loader(data.train, options.batchSize, true, options.workers),
    test: loader(data.test, 100, false, 0),
    prepare: normalize(channels),
    loss: torch.nn.functional.crossEntropy,
    classes: data.classes,
  };
  const images = `${data.train.length} training and ${data.test.length} test images`;
  return { title: `${options.model}, ${sizeOf(model)} parameters, on ${data.name}\n${images}`, task, data, fresh };
}

async function ownJob(path: string, options: Options): Promise<Job> {
  torch.manualSeed(options.seed);
  const optimizer = (model: torch.nn.Module) => createOptimizer(options, model);
  const task = await ownTask(path, { batchSize: options.batchSize, workers: options.workers, optimizer });
  return { title: `the model of ${path}, ${sizeOf(task.model)} parameters`, task };
}

const sizeOf = (model: torch.nn.Module): string =>
  [...model.parameters()].reduce((n, p) => n + p.numel(), 0).toLocaleString("en");

function describe({ title, data }: Job, options: Options): void {
  const threads = torch.getNumThreads();
  const settings = `${options.optimizer}, learning rate ${options.lr}, batch size ${options.batchSize}`;
  print(`Kindling: ${title}${data === undefined ? "" : `; ${settings}`}`);
  print(`${threads} thread${threads > 1 ? "s" : ""}, ${torch.simdLevel()} SIMD, seed ${options.seed}\n`);
}

/** What an epoch found, as a line of JSON or of text. */
interface EpochLine {
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy?: number | undefined;
  readonly testLoss?: number | undefined;
  readonly testAccuracy?: number | undefined;
  readonly seconds: number;
}

function epochText({ epoch, loss, accuracy, testLoss, testAccuracy, seconds }: EpochLine): string {
  const share = (name: string, value: number | undefined): string[] =>
    value === undefined ? [] : [`${name} ${percent(value)}`];
  const tested = testAccuracy === undefined && testLoss !== undefined ? [`test loss ${testLoss.toFixed(3)}`] : [];
  const found = [...share("training accuracy", accuracy), ...share("test accuracy", testAccuracy), ...tested];
  return [`epoch ${epoch}: loss ${loss.toFixed(3)}`, ...found, `${seconds.toFixed(1)} s`].join(", ");
}

async function runEpoch(epoch: number, task: Task): Promise<EpochLine> {
  const { loss, accuracy, seconds } = await trainEpoch(task, new Progress(epoch));
  if (task.test === undefined) return { epoch, loss, accuracy, seconds };
  const tested = await testModel(task);
  return { epoch, loss, accuracy, testLoss: tested.loss, testAccuracy: tested.accuracy, seconds };
}

/** Writes one epoch for `kindling board`. */
function log(writer: torch.utils.tensorboard.SummaryWriter, line: EpochLine, model: torch.nn.Module): void {
  const { epoch, loss, accuracy, testAccuracy } = line;
  writer.addScalar("loss/train", loss, epoch);
  if (accuracy !== undefined)
    writer.addScalars(
      "accuracy",
      { train: accuracy, ...(testAccuracy === undefined ? {} : { test: testAccuracy }) },
      epoch,
    );
  for (const [name, p] of model.namedParameters()) writer.addHistogram(name.replace(".", "/"), p, epoch);
}

/** Trains from where the checkpoint stands, or from the beginning. */
async function trainAll({ task }: Job, options: Options): Promise<void> {
  const { model, optimizer } = task;
  // What cannot be written is said before the work, not after it.
  for (const folder of [options.out, options.log]) if (folder !== undefined) await makeFolder("train", folder);
  const tell = options.json ? printJson : (line: EpochLine) => print(epochText(line));
  const writer = options.log === undefined ? undefined : new torch.utils.tensorboard.SummaryWriter(options.log);
  const checkpoint =
    options.checkpoint === undefined ? undefined : new torch.Checkpoint(options.checkpoint, { model, optimizer });
  const done: number = (await checkpoint?.resume())?.epoch ?? 0;
  try {
    for (let epoch = done + 1; epoch <= options.epochs; epoch++) {
      const line = await runEpoch(epoch, task);
      tell(line);
      if (writer !== undefined) log(writer, line, model);
      await checkpoint?.save({ epoch });
    }
  } finally {
    await writer?.close();
    await checkpoint?.close();
  }
}

/** Saves the model, reads it into a fresh one where there is one, and says what was found. */
async function finish({ task, data, fresh }: Job, options: Options): Promise<void> {
  const final = task.test === undefined ? undefined : await testModel(task);
  const path = joinPath(options.out, "model.safetensors");
  // What `kindling export` needs to make the model again.
  const noted = data && {
    model: options.model,
    classes: data.classes.length,
    channels: data.channels,
    size: data.size,
  };
  await torch.safetensors.saveFile(task.model.stateDict(), path, noted && { kindling: JSON.stringify(noted) });
  const reloaded = fresh?.();
  reloaded?.loadStateDict(await torch.safetensors.loadFile(path));
  const again = reloaded === undefined ? undefined : (await testModel(task, reloaded)).accuracy;
  const picture = data === undefined ? undefined : joinPath(options.out, "predictions.png");
  if (picture !== undefined) await (await drawPredictions(data!, final!.predicted)).save(picture);
  if (options.json) {
    const perClass = data && Object.fromEntries(data.classes.map((name, i) => [name, final!.perClass[i]]));
    printJson({ model: path, testAccuracy: final?.accuracy, reloadedAccuracy: again, perClass, picture });
    return;
  }
  if (data !== undefined) {
    print("\ntest accuracy per class");
    for (const [i, name] of data.classes.entries()) {
      const share = final!.perClass[i];
      print(`  ${name.padEnd(12)} ${share === undefined ? "no test pictures" : percent(share).padStart(7)}`);
    }
  }
  const compared =
    again === undefined
      ? ""
      : `; reloaded into a fresh model: test accuracy ${percent(again)} (before: ${percent(final!.accuracy!)})`;
  print(`\nsaved to ${path}${compared}`);
  if (picture !== undefined) print(`test pictures with predicted / true labels: ${picture}`);
}

async function train(module: string | undefined, options: Options): Promise<void> {
  if (options.threads !== undefined) torch.setNumThreads(options.threads);
  const job = module === undefined ? await pictureJob(options) : await ownJob(module, options);
  if (!options.json) describe(job, options);
  await trainAll(job, options);
  await finish(job, options);
}

const examples = `
Examples:
  kindling train                                        LeNet on digits drawn by code, without a download
  kindling train --data fashion-mnist --model mlp --optimizer adam
  kindling train --data photos --size 64 --epochs 20    photos/cat/1.jpg, photos/dog/1.jpg …: a folder for each class
  kindling train --data cifar10 --model resnet18 --checkpoint runs/cifar   goes on where it was interrupted
  kindling train task.js                                a module that exports model, train, and what differs: test, loss, optimizer

The model is written to OUT/model.safetensors. Exit codes: 0 done, 1 the work failed, 2 the command line is wrong.`;

/** Adds the command. */
export function addTrain(program: Command): void {
  program
    .command("train")
    .description("train a classifier, or a module of your own; then save, reload and evaluate it")
    .argument("[module]", "a JavaScript or TypeScript file that exports `model` and `train`")
    .addOption(option("--data <data>", `a folder, or one of ${dataNames.join(", ")}`, text, "digits"))
    .addOption(option("--root <dir>", "where downloads go", text, "data"))
    .addOption(option("--size <n>", "height and width to which pictures of a folder are scaled", integer(16), 64))
    .addOption(option("--model <name>", "lenet, mlp, or a classifier of torchvision such as resnet18", text, "lenet"))
    .addOption(option("--epochs <n>", "passes over the training data", integer(), 5))
    .addOption(option("--batch-size <n>", "samples per step", integer(), 4))
    .addOption(option("--lr <x>", "learning rate", positive, 0.001))
    .addOption(choice("--optimizer <name>", "sgd (momentum 0.9), adam or adamw", optimizers, "sgd"))
    .addOption(option("--workers <n>", "workers that load batches", integer(0), 0))
    .addOption(option("--threads <n>", "threads that compute (default: all cores)", integer()))
    .addOption(option("--seed <n>", "seed of initialization, shuffling and the split of a folder", integer(0), 0))
    .addOption(option("--log <dir>", "folder for event files, which `kindling board DIR` shows", text))
    .addOption(option("--checkpoint <dir>", "folder from which an interrupted run goes on", text))
    .addOption(option("--out <dir>", "folder for the saved model and the picture", text, "runs"))
    .option("--json", "write lines of JSON: one for each epoch, one at the end")
    .addHelpText("after", examples)
    .action(async (module: string | undefined, options: Options) => {
      if (module !== undefined && !isModulePath(module))
        throw new UsageError(`train: "${module}" is no .js or .ts file; --data takes data sets, --model takes models`);
      await train(module, options);
    });
}
