/** The training and the test loop. */
import { Presets, SingleBar } from "cli-progress";
import * as torch from "kindling";
import type { ImageDataset } from "./data";
import type { Model } from "./models";

const { nn, utils } = torch;

/** Bytes to numbers from −1 to 1. */
export const normalize = (images: torch.Tensor): torch.Tensor => images.float().div(127.5).sub(1);

export type Loader = AsyncIterable<[images: torch.Tensor, labels: torch.Tensor]> & { readonly length: number };

/** Batches of a data set of [image, label]. */
export function createLoader(
  data: ImageDataset,
  options: { batchSize: number; shuffle: boolean; numWorkers: number },
): Loader {
  return new utils.data.DataLoader(data as torch.utils.data.MapStyle, {
    ...options,
    persistentWorkers: options.numWorkers > 0,
  }) as unknown as Loader;
}

function createBar(epoch: number, total: number): SingleBar {
  const bar = new SingleBar(
    {
      format: `epoch ${epoch} [{bar}] {value}/{total} batches  loss {loss}  accuracy {accuracy}  {speed} images/s`,
      hideCursor: true,
      fps: 5,
      noTTYOutput: false,
    },
    Presets.shades_classic,
  );
  bar.start(total, 0, { loss: "–", accuracy: "–", speed: "–" });
  return bar;
}

export interface EpochResult {
  readonly loss: number;
  readonly accuracy: number;
  readonly seconds: number;
}

/** Batches between two readings of the loss: reading waits for a device. */
const REPORT_EVERY = 50;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** One pass over the training images. */
export async function trainEpoch(
  model: Model,
  loader: Loader,
  optimizer: torch.optim.Optimizer,
  epoch: number,
): Promise<EpochResult> {
  const lossFn = new nn.CrossEntropyLoss();
  const bar = createBar(epoch, loader.length);
  const start = performance.now();
  let [batches, images, correct, lossSum] = [0, 0, 0, 0];
  model.train();
  for await (const [bytes, labels] of loader) {
    const scores = model(normalize(bytes));
    const loss = lossFn(scores, labels);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();

    lossSum += loss.item();
    correct += scores.argmax(1).eq(labels).sum().item();
    images += labels.length;
    if (++batches % REPORT_EVERY === 0 || batches === loader.length)
      bar.update(batches, {
        loss: (lossSum / batches).toFixed(3),
        accuracy: percent(correct / images),
        speed: Math.round(images / ((performance.now() - start) / 1000)),
      });
  }
  bar.stop();
  return { loss: lossSum / batches, accuracy: correct / images, seconds: (performance.now() - start) / 1000 };
}

export interface TestResult {
  readonly accuracy: number;
  /** The share of each class that was recognized. */
  readonly perClass: readonly number[];
  /** The label predicted for each image, in order. */
  readonly predicted: readonly number[];
}

/** The share of the test images that the model recognizes. */
export async function test(model: Model, loader: Loader, classes: number): Promise<TestResult> {
  const right = new Array<number>(classes).fill(0);
  const total = new Array<number>(classes).fill(0);
  const predicted: number[] = [];
  model.eval();
  for await (const [bytes, labels] of loader) {
    const guesses: number[] = torch.noGrad(() => model(normalize(bytes)).argmax(1)).tolist();
    const truths: number[] = labels.tolist();
    predicted.push(...guesses);
    truths.forEach((truth, i) => {
      total[truth]!++;
      if (guesses[i] === truth) right[truth]!++;
    });
  }
  const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
  return { accuracy: sum(right) / sum(total), perClass: right.map((n, i) => n / total[i]!), predicted };
}

export { percent };
