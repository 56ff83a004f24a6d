/**
 * Memory of a training loop written as a PyTorch user would, without `dispose` or `tidy`, and its time against the same loop in `tidy`.
 *
 *     node scripts/run.mjs bench/memory.ts [STEPS]
 *
 * LeNet at batch 64 on random pictures. Prints the high-water mark of the Wasm memory after every twentieth of the steps. Default: 20,000 steps.
 */
import * as torch from "kindling";

const { nn, optim, utils, vision } = torch;
const BATCH = 64;
const MARKS = 20;
const MEBIBYTE = 2 ** 20;

/** Batches without end, from passes over a shuffled data set. */
async function* batches(): AsyncGenerator<[torch.Tensor, torch.Tensor]> {
  const dataset = new utils.data.TensorDataset(torch.rand(20 * BATCH, 3, 32, 32), torch.randint(0, 10, [20 * BATCH]));
  const loader = new utils.data.DataLoader(dataset, { batchSize: BATCH, shuffle: true });
  for (;;) for await (const [images, labels] of loader) yield [images!, labels!];
}

/** Trains for `steps`; `scope` runs the body of each step. Returns milliseconds per step. */
async function train(steps: number, scope: (body: () => void) => void, mark: (step: number) => void): Promise<number> {
  torch.manualSeed(0);
  const model = new vision.models.LeNet();
  const criterion = new nn.CrossEntropyLoss();
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.001, momentum: 0.9 });
  const every = Math.max(1, Math.floor(steps / MARKS));
  const start = performance.now();
  let step = 0;
  for await (const [inputs, labels] of batches()) {
    scope(() => {
      optimizer.zeroGrad();
      const outputs = model(inputs);
      const loss = criterion(outputs, labels);
      loss.backward();
      optimizer.step();
    });
    if (++step % every === 0) mark(step);
    if (step === steps) break;
  }
  return (performance.now() - start) / steps;
}

function report(step: number): void {
  const { allocated, peakAllocated, reserved } = torch.memoryStats();
  const mebibytes = (bytes: number) => `${Math.round(bytes / MEBIBYTE)} MiB`;
  console.log(
    `step ${step}: memory ${mebibytes(reserved)}, tensors now ${mebibytes(allocated)}, at most ${mebibytes(peakAllocated)}`,
  );
}

async function main(): Promise<void> {
  const steps = Number(process.argv[2] ?? 20_000);
  const naive = await train(steps, (body) => body(), report);
  const tidied = await train(steps, torch.tidy, () => {});
  console.log(
    `${naive.toFixed(2)} ms per step, with tidy ${tidied.toFixed(2)} ms: ${(naive / tidied).toFixed(2)} times`,
  );
}

await main();
