/**
 * Memory of a training loop written as a PyTorch user would, without `dispose` or `tidy`, and its time against the same loop in `tidy`.
 *
 *     node scripts/run.mjs bench/memory.ts [STEPS]
 *
 * LeNet at batch 64 on random pictures. Prints the high-water mark of the Wasm memory after every twentieth of the steps, then times
 * both loops in alternating blocks, so that a busy neighbour slows both. Default: 20,000 steps.
 */
import * as torch from "kindling";

const { nn, optim, utils, vision } = torch;
const BATCH = 64;
const MARKS = 20;
/** Pairs of timed blocks, and the steps of each block. */
const [PAIRS, BLOCK] = [15, 100];
const MEBIBYTE = 2 ** 20;

/** Batches without end, from passes over a shuffled data set. */
async function* batches(): AsyncGenerator<[torch.Tensor, torch.Tensor]> {
  const dataset = new utils.data.TensorDataset(torch.rand(20 * BATCH, 3, 32, 32), torch.randint(0, 10, [20 * BATCH]));
  const loader = new utils.data.DataLoader(dataset, { batchSize: BATCH, shuffle: true });
  for (;;) for await (const [images, labels] of loader) yield [images!, labels!];
}

/** Runs the body of each step. */
type Scope = (body: () => void) => void;

/** Returns a function that trains for some more steps and returns milliseconds per step. */
function createTrainer(): (steps: number, scope: Scope, mark?: (step: number) => void) => Promise<number> {
  torch.manualSeed(0);
  const model = new vision.models.LeNet();
  const criterion = new nn.CrossEntropyLoss();
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.001, momentum: 0.9 });
  const data = batches();
  return async (steps, scope, mark) => {
    const start = performance.now();
    for (let step = 1; step <= steps; step++) {
      const [inputs, labels] = (await data.next()).value as [torch.Tensor, torch.Tensor];
      scope(() => {
        optimizer.zeroGrad();
        const outputs = model(inputs);
        const loss = criterion(outputs, labels);
        loss.backward();
        optimizer.step();
      });
      mark?.(step);
    }
    return (performance.now() - start) / steps;
  };
}

function report(step: number): void {
  const { allocated, peakAllocated, reserved } = torch.memoryStats();
  const mebibytes = (bytes: number) => `${Math.round(bytes / MEBIBYTE)} MiB`;
  console.log(
    `step ${step}: memory ${mebibytes(reserved)}, tensors now ${mebibytes(allocated)}, at most ${mebibytes(peakAllocated)}`,
  );
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function main(): Promise<void> {
  const steps = Number(process.argv[2] ?? 20_000);
  const train = createTrainer();
  const naive: Scope = (body) => body();
  const every = Math.max(1, Math.floor(steps / MARKS));
  await train(steps, naive, (step) => step % every === 0 && report(step));

  const times = { naive: [] as number[], tidied: [] as number[] };
  for (let pair = 0; pair < PAIRS; pair++) {
    times.naive.push(await train(BLOCK, naive));
    times.tidied.push(await train(BLOCK, torch.tidy));
  }
  const [a, b] = [median(times.naive), median(times.tidied)];
  console.log(`${a.toFixed(2)} ms per step, with tidy ${b.toFixed(2)} ms: ${(a / b).toFixed(2)} times`);
}

await main();
