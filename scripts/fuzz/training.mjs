/**
 * A run of training that can be killed: `node training.mjs FOLDER '{…}'`. It goes on from the newest checkpoint, writes a line for each step
 * with the bits of its loss, and at the end a checksum of everything. Its parent kills it whenever it likes.
 */
import { appendFileSync, writeFileSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import * as torch from "../../dist/kindling.js";
import { Noisy, NoisyStream } from "./noisy.mjs";

const { nn, optim } = torch;
const [folder, settings] = process.argv.slice(2);
const {
  workers = 0,
  optimizer: kind = "Adam",
  epochs = 2,
  every = 3,
  iterable = false,
  accumulate = 1,
  gradients = false,
} = JSON.parse(settings);

const optimizers = {
  Adam: (p) => new optim.Adam(p, { lr: 0.01, amsgrad: true }),
  SGD: (p) => new optim.SGD(p, { lr: 0.05, momentum: 0.9, nesterov: true }),
  NAdam: (p) => new optim.NAdam(p, { lr: 0.01 }),
  ASGD: (p) => new optim.ASGD(p, { lr: 0.01, t0: 2 }),
  LBFGS: (p) => new optim.LBFGS(p, { lr: 0.1, maxIter: 2, historySize: 3 }),
};

/** The checksum of bytes that belong together. */
function bitsOf(tensors) {
  let sum = 0;
  for (const x of tensors) {
    const values = x.detach().toTypedArray();
    sum = crc32(new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice(), sum);
  }
  return sum.toString(16);
}

async function main() {
  torch.manualSeed(7);
  const data = iterable ? new NoisyStream() : new Noisy();
  const loader = new torch.utils.data.DataLoader(data, {
    batchSize: 8,
    numWorkers: workers,
    ...(!iterable && { shuffle: true }),
  });
  const model = new nn.Sequential(
    new nn.Linear(6, 32),
    new nn.BatchNorm1d(32),
    new nn.ReLU(),
    new nn.Dropout(0.3),
    new nn.Linear(32, 3),
  );
  const optimizer = optimizers[kind](model.parameters());
  const scheduler = new optim.lrScheduler.StepLR(optimizer, 1, 0.7);
  const checkpoint = new torch.Checkpoint(folder, {
    model,
    optimizer,
    scheduler,
    loader,
    gradients,
    keepLast: 2,
    keepBest: 1,
  });
  let { epoch, step, best } = (await checkpoint.resume()) ?? { epoch: 0, step: 0, best: Number.POSITIVE_INFINITY };
  const save = async (values) => {
    writeSync(1, "saving\n");
    await checkpoint.save({ best, ...values });
    writeSync(1, "saved\n");
  };
  writeSync(1, "begun\n");
  for (; epoch < epochs; epoch++) {
    for await (const [x, y] of loader) {
      const compute = () => {
        const loss = nn.functional.crossEntropy(model(x), y).div(accumulate);
        loss.backward();
        return loss;
      };
      let loss;
      if (kind === "LBFGS")
        loss = optimizer.step(() => {
          optimizer.zeroGrad();
          return compute();
        });
      else {
        loss = compute();
        if ((step + 1) % accumulate === 0) {
          optimizer.step();
          optimizer.zeroGrad();
        }
      }
      step++;
      const value = loss.item();
      best = Math.min(best, value);
      appendFileSync(`${folder}.losses`, `${step} ${bitsOf([loss])}\n`);
      // Gradients that are summed up over steps belong to the state between them.
      if (step % every === 0 && (gradients || step % accumulate === 0)) await save({ epoch, step, metric: value });
    }
    scheduler.step();
    await save({ epoch: epoch + 1, step });
  }
  const state = Object.values(model.stateDict());
  const moments = [...optimizer.state.values()].flatMap((entry) =>
    Object.values(entry)
      .flat()
      .filter((value) => value instanceof torch.Tensor),
  );
  const result = [bitsOf(state), bitsOf(moments), bitsOf([torch.rand([4])]), best, step, ...scheduler.getLastLr()];
  writeFileSync(`${folder}.result`, result.join(" "));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
