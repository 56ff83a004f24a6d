/**
 * Memory of training loops written as a PyTorch user would, without `dispose` or `tidy`, and their time against the same loop in `tidy`.
 * `npm run bench -- memory` bundles this program and starts it in each runtime: `memory.js LOOP STEPS PAIRS`.
 *
 * It prints the high-water mark of the Wasm memory and the memory of the process after every twentieth of the steps, then times both loops in
 * PAIRS alternating blocks, so that a busy neighbor slows both.
 */
import * as torch from "kindling";

const { nn, optim, utils, vision } = torch;
const BATCH = 64;
const MARKS = 20;
const MEBIBYTE = 2 ** 20;

/** Runs the body of each step. */
type Scope = (body: () => void) => void;

const naive: Scope = (body) => body();

/** A training loop: trains on by some steps, each in a scope, and tells `mark` after each. */
interface Loop {
  /** Steps of each timed block. */
  readonly block: number;
  start(): (steps: number, scope: Scope, mark?: (step: number) => void) => void | Promise<void>;
}

/** Batches without end, from passes over a shuffled data set. */
async function* batches(): AsyncGenerator<[torch.Tensor, torch.Tensor]> {
  const dataset = new utils.data.TensorDataset(torch.rand(20 * BATCH, 3, 32, 32), torch.randint(0, 10, [20 * BATCH]));
  const loader = new utils.data.DataLoader(dataset, { batchSize: BATCH, shuffle: true });
  for (;;) for await (const [images, labels] of loader) yield [images!, labels!];
}

function lenet(): (images: torch.Tensor, labels: torch.Tensor) => void {
  const model = new vision.models.LeNet();
  const criterion = new nn.CrossEntropyLoss();
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.001, momentum: 0.9 });
  return (images, labels) => {
    optimizer.zeroGrad();
    const outputs = model(images);
    const loss = criterion(outputs, labels);
    loss.backward();
    optimizer.step();
  };
}

/** A character-level LSTM in the sizes of `examples/charLstm`. */
function lstm(): () => void {
  const [vocabulary, hidden, length, batch] = [96, 128, 64, 16];
  const embedding = new nn.Embedding(vocabulary, hidden);
  const layers = new nn.LSTM(hidden, hidden, { numLayers: 2 });
  const head = new nn.Linear(hidden, vocabulary);
  const parameters = [embedding, layers, head].flatMap((module) => module.parameters());
  const optimizer = new optim.Adam(parameters, { lr: 0.005 });
  return () => {
    const text = torch.randint(0, vocabulary, [length + 1, batch]);
    const [output] = layers(embedding(text.at(":-1")));
    const loss = nn.functional.crossEntropy(head(output).flatten(0, 1), text.at("1:").flatten());
    optimizer.zeroGrad();
    loss.backward();
    nn.utils.clipGradNorm_(parameters, 1);
    optimizer.step();
  };
}

/** A loop that never lets the event loop turn. */
function plain(createStep: () => () => void): Loop["start"] {
  return () => {
    const step = createStep();
    return (steps, scope, mark) => {
      for (let i = 1; i <= steps; i++) {
        scope(step);
        mark?.(i);
      }
    };
  };
}

const loops: Readonly<Record<string, Loop>> = {
  "lenet-loader": {
    block: 100,
    start: () => {
      const step = lenet();
      const data = batches();
      return async (steps, scope, mark) => {
        for (let i = 1; i <= steps; i++) {
          const [images, labels] = (await data.next()).value as [torch.Tensor, torch.Tensor];
          scope(() => step(images, labels));
          mark?.(i);
        }
      };
    },
  },
  "lenet-plain": {
    block: 100,
    start: plain(() => {
      const step = lenet();
      const [images, labels] = [torch.rand(20 * BATCH, 3, 32, 32), torch.randint(0, 10, [20 * BATCH])];
      let at = 0;
      return () => {
        at = (at + BATCH) % (20 * BATCH);
        step(images.narrow(0, at, BATCH).clone(), labels.narrow(0, at, BATCH));
      };
    }),
  },
  "lstm-plain": { block: 10, start: plain(lstm) },
};

function report(step: number): void {
  const { allocated, peakAllocated, reserved } = torch.memoryStats();
  const { rss } = (globalThis as unknown as { process: { memoryUsage(): { rss: number } } }).process.memoryUsage();
  const mebibytes = (bytes: number) => `${Math.round(bytes / MEBIBYTE)} MiB`;
  console.log(
    `step ${step}: memory ${mebibytes(reserved)}, tensors now ${mebibytes(allocated)}, at most ${mebibytes(peakAllocated)}, process ${mebibytes(rss)}`,
  );
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function main([name, ...counts]: readonly string[]): Promise<void> {
  const { block, start } = loops[name!]!;
  const [steps, pairs] = counts.map(Number) as [number, number];
  torch.manualSeed(0);
  const train = start();
  const every = Math.max(1, Math.floor(steps / MARKS));
  await train(steps, naive, (step) => step % every === 0 && report(step));

  const perStep = async (scope: Scope): Promise<number> => {
    const begin = performance.now();
    await train(block, scope);
    return (performance.now() - begin) / block;
  };
  const times = { naive: [] as number[], tidied: [] as number[] };
  for (let pair = 0; pair < pairs; pair++) {
    times.naive.push(await perStep(naive));
    times.tidied.push(await perStep(torch.tidy));
  }
  const [a, b] = [median(times.naive), median(times.tidied)];
  console.log(`${a.toFixed(2)} ms per step, with tidy ${b.toFixed(2)} ms: ${(a / b).toFixed(2)} times`);
}

await main((globalThis as unknown as { process: { argv: string[] } }).process.argv.slice(2));
