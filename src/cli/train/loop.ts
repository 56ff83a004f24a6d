/** The training and the test loop of the command line. */
import * as torch from "../../index";
import type { Pass, Progress } from "./progress";

/** Batches of inputs and targets. */
export type Loader = AsyncIterable<readonly [inputs: any, targets: any]> & { readonly length?: number };

/** What the loop wants of an optimizer, and a checkpoint besides. */
export interface Stepper {
  zeroGrad(): void;
  step(): unknown;
  stateDict(): any;
  loadStateDict(state: any): unknown;
}

/** What is trained, and how. */
export interface Task {
  readonly model: torch.nn.Module;
  readonly optimizer: Stepper;
  readonly train: Loader;
  readonly test?: Loader | undefined;
  /** What the model is given for what the loader gives. */
  prepare(inputs: any): any;
  loss(outputs: any, targets: any): torch.Tensor;
  readonly classes?: readonly string[] | undefined;
}

/** What a pass over the test data found. */
export interface TestPass extends Pass {
  /** The share of each class that was recognized. Undefined for a class without test samples. */
  readonly perClass: readonly (number | undefined)[];
  /** The label predicted for each sample, in order. */
  readonly predicted: readonly number[];
}

/** Batches between two looks at the progress. */
const REPORT_EVERY = 10;

/** Some models give more than scores while they train, and some give them by name. */
function scoresOf(outputs: any): torch.Tensor {
  return outputs instanceof torch.Tensor ? outputs : (outputs.logits ?? outputs.out ?? outputs[0]);
}

/** Whether targets are labels of the classes that outputs score. */
const areLabels = (scores: torch.Tensor, targets: unknown): targets is torch.Tensor =>
  targets instanceof torch.Tensor && targets.dtype === "int64" && scores.ndim === targets.ndim + 1;

const countOf = (batch: any): number => (batch instanceof torch.Tensor ? batch.shape[0]! : (batch?.length ?? 1));

/** Sums of one pass. */
class Tally {
  private readonly start = performance.now();
  batches = 0;
  samples = 0;
  private lossSum = 0;
  private correct = 0;
  private labels = 0;

  add(loss: number, scores: torch.Tensor, targets: unknown): void {
    this.batches++;
    this.samples += countOf(targets);
    this.lossSum += loss;
    if (!areLabels(scores, targets)) return;
    this.correct += scores.argmax(1).eq(targets).sum().item() as number;
    this.labels += targets.numel();
  }

  get pass(): Pass {
    return {
      loss: this.lossSum / Math.max(1, this.batches),
      accuracy: this.labels === 0 ? undefined : this.correct / this.labels,
      seconds: (performance.now() - this.start) / 1000,
    };
  }
}

/** One pass over the training data. */
export async function trainEpoch(task: Task, progress: Progress): Promise<Pass> {
  const { model, optimizer } = task;
  const tally = new Tally();
  progress.start(task.train.length);
  model.train();
  for await (const [inputs, targets] of task.train) {
    const scores = scoresOf(model(task.prepare(inputs)));
    const loss = task.loss(scores, targets);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    tally.add(loss.item() as number, scores.detach(), targets);
    if (tally.batches % REPORT_EVERY === 0 || tally.batches === task.train.length)
      progress.update(tally.batches, tally.samples, tally.pass);
  }
  progress.stop();
  return tally.pass;
}

/** One pass over the test data. */
export async function testModel(task: Task, model = task.model): Promise<TestPass> {
  const tally = new Tally();
  const classes = task.classes?.length ?? 0;
  const [right, total] = [new Array<number>(classes).fill(0), new Array<number>(classes).fill(0)];
  const predicted: number[] = [];
  model.eval();
  for await (const [inputs, targets] of task.test ?? []) {
    const scores = torch.noGrad(() => scoresOf(model(task.prepare(inputs))));
    tally.add(torch.noGrad(() => task.loss(scores, targets)).item() as number, scores, targets);
    if (classes === 0 || !areLabels(scores, targets)) continue;
    const guesses = scores.argmax(1).tolist() as number[];
    predicted.push(...guesses);
    for (const [i, truth] of (targets.tolist() as number[]).entries()) {
      total[truth]!++;
      if (guesses[i] === truth) right[truth]!++;
    }
  }
  return { ...tally.pass, perClass: right.map((n, i) => (total[i] === 0 ? undefined : n / total[i]!)), predicted };
}
