/**
 * How much faster two ranks on this machine train than one: LeNet (3×32×32), 64 images a rank and step, one thread a rank, with DistributedDataParallel. One rank,
 * two together, and two that do not communicate (what the machine allows) take turns, in processes of their own.
 *
 *     node bench/distributed/scaling.mjs [--rounds 7] [--ranks 2] [--mpi mpich|openmpi]
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";

const BATCH = 64;
const SECONDS = 4;

/** Trains for a while. @returns Images of all ranks in a second, at the median step and at the fastest tenth. */
async function train() {
  const torch = await import(new URL("../../dist/kindling.js", import.meta.url).href);
  const { distributed: dist, nn } = torch;
  torch.setNumThreads(1);
  await dist.initProcessGroup({ timeout: 60 });
  const net = new nn.Sequential(
    new nn.Conv2d(3, 6, 5),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(6, 16, 5),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(400, 120),
    new nn.ReLU(),
    new nn.Linear(120, 84),
    new nn.ReLU(),
    new nn.Linear(84, 10),
  );
  const isAlone = dist.getWorldSize() === 1;
  const model = isAlone ? net : new nn.parallel.DistributedDataParallel(net, { gradientAsBucketView: true });
  const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
  const images = torch.rand(BATCH, 3, 32, 32);
  const labels = torch.randint(0, 10, [BATCH]);
  const step = () => {
    optimizer.zeroGrad();
    nn.functional.crossEntropy(model(images), labels).backward();
    optimizer.step();
  };
  const run = (steps) => {
    const times = [];
    for (let i = 0; i < steps; i++) {
      const start = performance.now();
      torch.tidy(step);
      torch.backends.wasm.synchronize();
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b);
  };
  run(300);
  const warm = run(100);
  // All ranks take the same number of steps.
  const steps = torch.tensor([Math.ceil((SECONDS * 1000) / warm[50])]);
  dist.allReduce(steps, dist.ReduceOp.MIN);
  const start = performance.now();
  const times = run(steps.item());
  const mean = (performance.now() - start) / times.length;
  const perSecond = (ms) => (BATCH * dist.getWorldSize() * 1000) / ms;
  if (dist.getRank() === 0)
    console.log(JSON.stringify([mean, times[times.length >> 1], times[Math.floor(times.length / 10)]].map(perSecond)));
  dist.destroyProcessGroup();
}

async function compare({ rounds, ranks, mpi }) {
  const allowed = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };
  const env = { ...process.env, ...allowed, OMPI_MCA_rmaps_base_oversubscribe: "1" };
  const execute = promisify(execFile);
  const train = [process.execPath, fileURLToPath(import.meta.url), "--train"];
  const run = async ([command, ...args]) => JSON.parse((await execute(command, args, { env })).stdout);
  const rows = [];
  for (let i = 0; i < Number(rounds); i++) {
    const one = await run(train);
    const all = await run([`mpirun.${mpi}`, "-n", ranks, ...train]);
    const apart = await Promise.all(Array.from({ length: Number(ranks) }, () => run(train)));
    rows.push(
      one.map((images, k) => ({ one: images, all: all[k], apart: apart.reduce((sum, own) => sum + own[k], 0) })),
    );
  }
  const median = (xs) => xs.toSorted((a, b) => a - b)[xs.length >> 1];
  for (const [i, name] of ["mean", "median step", "fastest tenth"].entries()) {
    const ratios = (kind) => rows.map((row) => row[i][kind] / row[i].one);
    const text = (kind) => {
      const range = [Math.min(...ratios(kind)), Math.max(...ratios(kind))].map((x) => x.toFixed(2)).join("–");
      return `${median(rows.map((row) => row[i][kind])).toFixed(0)} images/s, ${median(ratios(kind)).toFixed(2)}× (${range})`;
    };
    const one = median(rows.map((row) => row[i].one)).toFixed(0);
    console.log(`${name.padEnd(14)} one ${one}   together ${text("all")}   each for itself ${text("apart")}`);
  }
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    ranks: { type: "string", default: "2" },
    mpi: { type: "string", default: "mpich" },
    train: { type: "boolean" },
  },
});
await (values.train ? train() : compare(values));
