/** `npm run example -- distributed`: a network learns digits on several processes, each with a part of every batch. */
import * as torch from "kindling";
import { integer, main, positive, text, UsageError, type Values } from "../shared/program";
import { planText } from "./plan";

const { nn, optim, utils, vision } = torch;
const dist = torch.distributed;
const F = nn.functional;

const about = `Trains LeNet on pictures of digits, on as many processes as a launcher starts.

  npm run example -- distributed                                         alone
  npx kindling run -n 2 examples/distributed/main.js                     on two processes (compile it first, or use Deno or Bun)
  mpirun -n 2 node --import tsx examples/distributed/main.ts             the same, as it is
  npm run example -- distributed --gigabits 10 --parameters 11.2e6 --step 700
                                                                         trains nothing: says what a cluster would gain`;

const flags = {
  epochs: integer(2, "passes over the training pictures"),
  batchSize: integer(64, "pictures per step, on all processes together"),
  pictures: integer(2000, "training pictures"),
  lr: positive(0.02, "learning rate"),
  seed: integer(0, "seed of initialization and shuffling", 0),
  checkpoint: text(undefined, "FOLDER", "where the run is kept, and goes on from if it is there"),
  gigabits: text(undefined, "X", "plan a cluster with a network of so many Gb/s"),
  parameters: positive(11.2e6, "parameters of the planned model"),
  step: positive(700, "milliseconds of its step on one node"),
  latency: positive(30, "latency of the network in microseconds"),
  bucket: positive(5, "MB of gradients that are reduced together"),
  accumulate: integer(1, "batches whose gradients are added up before they are reduced"),
};

type Options = Values<typeof flags>;

function plan(options: Options): void {
  const gigabits = Number(options.gigabits);
  if (!(gigabits > 0)) throw new UsageError(`--gigabits takes a positive number, got "${options.gigabits}"`);
  console.log(planText({ ...options, gigabits }));
}

/** A loss as the mean over all processes. */
function meanOf(value: number): number {
  const x = torch.tensor([value], { dtype: "float64" });
  dist.allReduce(x, { op: dist.ReduceOp.AVG });
  return x.item();
}

/** The share of the test pictures that are told right: each process looks at a part of them. */
async function accuracy(model: torch.nn.Module, rank: number, size: number): Promise<number> {
  const test = vision.datasets.digits({ train: false, count: 500, transform: new vision.transforms.ToTensor() });
  const sampler = new utils.data.DistributedSampler(test, { numReplicas: size, rank, shuffle: false, dropLast: true });
  const counts = torch.zeros(2);
  model.eval();
  for await (const [images, labels] of new utils.data.DataLoader(test, { batchSize: 100, sampler }))
    torch.noGrad(() => {
      const right = model(images).argmax(1).eq(labels).sum().item();
      counts.add_(torch.tensor([right, labels.length]));
    });
  dist.allReduce(counts);
  const [right, all] = counts.tolist<number[]>();
  return right! / all!;
}

/** Draws how far an epoch is, where `kindling run` has a terminal for it: a line that ends with a carriage return. */
function drawBar(epoch: number, done: number, all: number, loss: number): void {
  if (process.env.KINDLING_PROGRESS === undefined) return;
  const filled = Math.round((30 * done) / all);
  const bar = `${"█".repeat(filled)}${"░".repeat(30 - filled)}`;
  process.stdout.write(`epoch ${epoch} ${bar} ${done}/${all} steps  loss ${loss.toFixed(3)}\r`);
}

async function train(options: Options): Promise<void> {
  const { epochs, batchSize, pictures, lr, seed, checkpoint: folder } = options;
  await dist.initProcessGroup();
  const [rank, size] = [dist.getRank(), dist.getWorldSize()];
  if (batchSize % size !== 0) throw new UsageError(`--batch-size has to be divisible by the ${size} processes`);
  const say = (line: string): void => {
    if (rank === 0) console.log(line);
  };
  torch.manualSeed(seed);
  const model = new nn.parallel.DistributedDataParallel(new vision.models.LeNet());
  const optimizer = new optim.SGD(model.parameters(), { lr, momentum: 0.9 });
  const data = vision.datasets.digits({ count: pictures, transform: new vision.transforms.ToTensor() });
  const sampler = new utils.data.DistributedSampler(data, { numReplicas: size, rank, seed });
  const loader = new utils.data.DataLoader(data, { batchSize: batchSize / size, sampler });
  const first = await resume(folder, { model, optimizer }, rank);
  say(`LeNet learns ${pictures} pictures on ${size} process${size > 1 ? "es" : ""}, ${batchSize} per step`);
  for (let epoch = first; epoch < epochs; epoch++) {
    sampler.setEpoch(epoch);
    model.train();
    const start = performance.now();
    let [sum, steps] = [0, 0];
    for await (const [images, labels] of loader) {
      const loss = F.crossEntropy(model(images), labels);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      sum += loss.item();
      steps++;
      if (rank === 0) drawBar(epoch + 1, steps, loader.length, sum / steps);
    }
    const seconds = (performance.now() - start) / 1000;
    const loss = meanOf(sum / steps);
    const share = await accuracy(model.module, rank, size);
    const speed = (pictures / seconds).toFixed(0);
    say(`epoch ${epoch + 1}  loss ${loss.toFixed(4)}  test ${(100 * share).toFixed(1)} %  ${speed} pictures/s`);
    await keep(folder, { model, optimizer }, epoch + 1, rank);
  }
}

interface Parts {
  readonly model: torch.nn.Module;
  readonly optimizer: torch.optim.Optimizer;
}

/** Rank 0 reads what was kept, and tells the others. @returns The epoch to begin with. */
async function resume(folder: string | undefined, { model, optimizer }: Parts, rank: number): Promise<number> {
  if (folder === undefined) return 0;
  const state: any[] = [null];
  if (rank === 0) {
    const found = await new torch.Checkpoint(folder, { model, optimizer }).resume();
    state[0] = { epoch: found?.epoch ?? 0, model: model.stateDict(), optimizer: optimizer.stateDict() };
  }
  dist.broadcastObjectList(state, 0);
  if (rank > 0) {
    model.loadStateDict(state[0].model);
    optimizer.loadStateDict(state[0].optimizer);
  }
  return state[0].epoch;
}

/** Rank 0 writes; nobody goes on before it has. */
async function keep(folder: string | undefined, parts: Parts, epoch: number, rank: number): Promise<void> {
  if (folder === undefined) return;
  if (rank === 0) await new torch.Checkpoint(folder, parts).save({ epoch });
  dist.barrier();
}

main(about, flags, async (options) => {
  if (options.gigabits !== undefined) plan(options);
  else await train(options);
});
