/** The same bits for any number of threads. */

import { availableParallelism } from "node:os";
import { setTimeout } from "node:timers/promises";
import * as torch from "kindling";
import { afterAll, expect, test } from "vitest";
import { collect } from "./helpers/collect";

const { nn, optim } = torch;
const STEPS = 50;
const CLASSES = 10;
const threads = torch.getNumThreads();
afterAll(() => torch.setNumThreads(threads));

/** No more threads run than the machine has cores. */
const running = (n: number) => Math.min(n, availableParallelism());

/** Threads start in the background and count only once they have reported. */
async function useThreads(n: number): Promise<void> {
  torch.setNumThreads(n);
  const x = torch.randn(256, 256);
  const deadline = performance.now() + 20_000;
  while (torch.doctor().threads.running < running(n)) {
    if (performance.now() > deadline) throw new Error(`only ${torch.doctor().threads.running} of ${n} threads started`);
    x.matmul(x).dispose();
    await setTimeout(10);
  }
  x.dispose();
}

/** The losses of a short training run on random pictures of [channels, size, size]. */
function losses(name: "lenet" | "mlp", channels: number, size: number, batch: number): number[] {
  torch.manualSeed(0);
  const model =
    name === "lenet"
      ? new torch.vision.models.LeNet({ channels, size, numClasses: CLASSES })
      : new nn.Sequential(
          new nn.Flatten(),
          new nn.Linear(channels * size * size, 512),
          new nn.ReLU(),
          new nn.Linear(512, CLASSES),
        );
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

test("products and elementwise ops have the same bits with any number of threads, also more than there are cores", async () => {
  torch.manualSeed(0);
  const factors = [
    [300, 170, 90],
    [1, 700, 900],
    [900, 700, 1],
    [5, 600, 600],
    [600, 600, 5],
  ].map(([m, k, n]) => [torch.randn(m!, k!), torch.randn(k!, n!)] as const);
  const long = torch.randn(100_003);
  const bytes = (y: torch.Tensor) => Buffer.from(y.toTypedArray().buffer);
  const results = () => torch.tidy(() => [...factors.map(([a, b]) => bytes(a.matmul(b))), bytes(long.exp())]);
  torch.setNumThreads(1);
  const expected = results();
  for (const n of [2, 5, 9, 2]) {
    await useThreads(n);
    for (let i = 0; i < 10; i++) expect(results().every((y, j) => y.equals(expected[j]!))).toBe(true);
  }
});

test("threads that were started are used again, and no more are said to run than are wanted", async () => {
  await useThreads(3);
  await collect();
  const { allocated } = torch.memoryStats();
  for (let i = 0; i < 20; i++) {
    torch.setNumThreads(1);
    expect(torch.doctor().threads).toEqual({ wanted: 1, running: 1 });
    await useThreads(3);
  }
  expect(torch.memoryStats().allocated).toBe(allocated);
});

test("any number of threads is accepted, and no more are started than there are cores", async () => {
  await useThreads(256);
  expect(torch.getNumThreads()).toBe(256);
  await collect();
  const { allocated } = torch.memoryStats();
  const x = torch.ones(512, 512);
  for (let i = 0; i < 20; i++) x.matmul(x).dispose();
  await setTimeout(50);
  expect(torch.doctor().threads).toEqual({ wanted: 256, running: running(256) });
  x.dispose();
  expect(torch.memoryStats().allocated).toBe(allocated);
});

test("a kernel that fails fails its own job, not the next one, and nothing hangs", async () => {
  await useThreads(3);
  const n = 1 << 20;
  const integers = torch.ones(n, { dtype: "int32" });
  // `exp` traps on integers; no public function asks for that.
  const { backend } = (integers as any).storage;
  const matrix = torch.ones(256, 256);
  for (let i = 0; i < 50; i++) {
    const trap = () => {
      backend.call("exp", "int32", [integers, integers, 0, 0, 0], n, 1e9);
      backend.finish();
    };
    expect(trap).toThrow(/unreachable|a kernel failed on a compute thread/);
    expect(matrix.matmul(matrix).at(3, 3).item()).toBe(256);
  }
});
