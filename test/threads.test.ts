/** The same bits for any number of threads. */

import { setTimeout } from "node:timers/promises";
import * as torch from "kindling";
import { afterAll, expect, test } from "vitest";
import { createModel } from "../examples/train/models";

const { nn, optim } = torch;
const STEPS = 50;
const CLASSES = 10;
const threads = torch.getNumThreads();
afterAll(() => torch.setNumThreads(threads));

/** Threads start in the background and count only once they have reported. */
async function useThreads(n: number): Promise<void> {
  torch.setNumThreads(n);
  const x = torch.randn(256, 256);
  const deadline = performance.now() + 20_000;
  while (torch.doctor().threads.running < n) {
    if (performance.now() > deadline) throw new Error(`only ${torch.doctor().threads.running} of ${n} threads started`);
    x.matmul(x);
    await setTimeout(10);
  }
}

/** The losses of a short training run on random pictures of [channels, size, size]. */
function losses(name: "lenet" | "mlp", channels: number, size: number, batch: number): number[] {
  torch.manualSeed(0);
  const model = createModel(name, channels, size, CLASSES);
  const criterion = new nn.CrossEntropyLoss();
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
  return Array.from({ length: STEPS }, () =>
    torch.tidy(() => {
      const loss = criterion(model(torch.rand(batch, channels, size, size)), torch.randint(0, CLASSES, [batch]));
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss.item();
    }),
  );
}

test.each([
  ["lenet", 3, 32, 16],
  ["mlp", 1, 28, 64],
] as const)(
  "%s: the losses of 50 steps have the same bits with 1, 2 and 3 threads",
  async (name, channels, size, batch) => {
    const runs: number[][] = [];
    for (const n of [1, 2, 3]) {
      await useThreads(n);
      runs.push(losses(name, channels, size, batch));
    }
    expect(runs[0]).toHaveLength(STEPS);
    expect(runs[0]!.every(Number.isFinite)).toBe(true);
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
  },
);
