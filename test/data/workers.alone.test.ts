import { existsSync, readdirSync } from "node:fs";
import threads from "node:worker_threads";
import * as torch from "kindling";
import { describe, expect, test, vi } from "vitest";
import { cutNote, runsAll } from "../helpers/cut";
import {
  Anonymous,
  asItIs,
  exitAtStart,
  Faulty,
  hidden,
  Keyed,
  Missing,
  Pictures,
  Ragged,
  Stream,
  seedWorker,
  sumInWorker,
  throwAtStart,
  Whoami,
} from "./fixtures/datasets.mjs";

const { DataLoader, RandomSampler, Subset, TensorDataset } = torch.utils.data;

async function collect<T>(batches: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

/** Waits until the workers have given their memory back, for a while, and returns the bytes in use. */
async function settled(bytes: number, milliseconds = 2000): Promise<number> {
  for (let i = 0; i < milliseconds / 10 && torch.memoryStats().allocated > bytes; i++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  return torch.memoryStats().allocated;
}

describe("workers read what this thread reads", () => {
  test("from tensors, shuffled", async () => {
    const x = torch.randn(50, 3, 4);
    const dataset = new Subset(
      new TensorDataset(x, torch.arange(50)),
      Array.from({ length: 45 }, (_, i) => 49 - i),
    );
    const read = async (numWorkers: number) => {
      torch.manualSeed(3);
      const batches = await collect(new DataLoader(dataset, { batchSize: 8, shuffle: true, numWorkers }));
      return batches.map(([a, b]) => [a!.tolist(), b!.tolist()]);
    };
    expect(await read(2)).toEqual(await read(0));
  });

  test("from arrays of plain values", async () => {
    const data = Array.from({ length: 9 }, (_, i) => ({ x: Float32Array.of(i, 0.5), y: i, s: `${i}` }));
    const read = async (numWorkers: number) =>
      (await collect(new DataLoader(data, { batchSize: 4, numWorkers }))).map(({ x, y, s }) => [
        x.tolist(),
        y.tolist(),
        y.dtype,
        s,
      ]);
    expect(await read(1)).toEqual(await read(0));
  });

  test("from classes of one's own", async () => {
    const dataset = new Pictures(torch.randn(20, 5), 2);
    const read = async (numWorkers: number) =>
      (await collect(new DataLoader(dataset, { batchSize: 3, numWorkers }))).map((b) => [
        b.image.tolist(),
        b.label.tolist(),
        b.name,
      ]);
    expect(await read(1)).toEqual(await read(0));
  });

  test("also when every batch has another size", async () => {
    const read = async (numWorkers: number) =>
      (await collect(new DataLoader(new Ragged(12), { numWorkers }))).map((x) => [x.shape, x.dtype, x.sum().item()]);
    expect(await read(1)).toEqual(await read(0));
  });

  test("one sample at a time", async () => {
    const loader = new DataLoader<Whoami, [number, number, torch.Tensor]>(new Whoami(5), {
      batchSize: null,
      numWorkers: 2,
    });
    expect((await collect(loader)).map(([i, worker]) => [i, worker])).toEqual([
      [0, 0],
      [1, 1],
      [2, 0],
      [3, 1],
      [4, 0],
    ]);
  });
});

describe("who does what", () => {
  test("batches go round", async () => {
    const batches = await collect(new DataLoader(new Whoami(8), { batchSize: 2, numWorkers: 2 }));
    expect(batches.map(([, worker]) => worker.tolist())).toEqual([
      [0, 0],
      [1, 1],
      [0, 0],
      [1, 1],
    ]);
  });

  test("workerInitFn runs first, in the worker", async () => {
    const [[, , value]] = (await collect(
      new DataLoader(new Whoami(1), { numWorkers: 1, workerInitFn: seedWorker }),
    )) as [any];
    torch.manualSeed(100);
    expect(value.tolist()).toEqual([[torch.rand(1).item()]]);
  });

  test("iterable data sets share their samples out", async () => {
    const batches = await collect(new DataLoader(new Stream(11), { batchSize: 2, numWorkers: 2 }));
    expect(batches.map((x) => x.tolist())).toEqual([[0, 2], [1, 3], [4, 6], [5, 7], [8, 10], [9]]);
  });

  test("collateFn runs in the worker if it can be imported there, else here", async () => {
    const data = [1, 2, 3, 4];
    const there = await collect(new DataLoader(data, { batchSize: 2, numWorkers: 1, collateFn: sumInWorker }));
    expect(there.map(({ sum, worker }) => [sum.item(), worker])).toEqual([
      [3, 0],
      [7, 0],
    ]);
    let calls = 0;
    const here = await collect(
      new DataLoader(data, { batchSize: 2, numWorkers: 1, collateFn: (samples) => [++calls, samples] }),
    );
    expect(here).toEqual([
      [1, [1, 2]],
      [2, [3, 4]],
    ]);
  });
});

describe("when something is wrong", () => {
  test("an error of the data set arrives with its index and the worker's stack", async () => {
    const seen: unknown[] = [];
    const read = async () => {
      for await (const x of new DataLoader(new Faulty("throw"), { batchSize: 5, numWorkers: 2 })) seen.push(x.tolist());
    };
    await expect(read()).rejects.toThrow(
      /Caught RangeError in DataLoader worker 1 at index 7: no such picture[\s\S]*datasets\.mjs/,
    );
    expect(seen).toEqual([[0, 1, 2, 3, 4]]);
  });

  test("a worker that dies is an error", async () => {
    await expect(collect(new DataLoader(new Faulty("exit"), { batchSize: 5, numWorkers: 2 }))).rejects.toThrow(
      /worker 1 died.*exit code 3/,
    );
  });

  test("a worker whose first function ends it is an error", async () => {
    const read = (workerInitFn: () => void) => collect(new DataLoader([1, 2, 3], { numWorkers: 1, workerInitFn }));
    await expect(read(exitAtStart)).rejects.toThrow(/worker \d died.*exit code 4/);
    await expect(read(throwAtStart)).rejects.toThrow(/Caught RangeError in DataLoader worker \d: at start/);
  });

  test("what cannot be cloned is refused by its name, on either side", async () => {
    const detached = new Float32Array(4);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    await expect(collect(new DataLoader([{ x: detached }], { numWorkers: 1 }))).rejects.toThrow(
      /the data set\[0\]\.x cannot be cloned .*use numWorkers: 0/,
    );
    const caused = new Error("outer", { cause: () => {} });
    await expect(collect(new DataLoader([{ caused }], { numWorkers: 1 }))).rejects.toThrow(
      /the data set\[0\]\.caused cannot be cloned/,
    );
    const kept = { batchSize: null, numWorkers: 1, collateFn: asItIs };
    await expect(collect(new DataLoader(new Faulty("detached"), kept))).rejects.toThrow(
      /Caught WorkerError in DataLoader worker 0.*a sample\.x cannot be cloned/,
    );
    await expect(collect(new DataLoader(new Faulty("detached"), { batchSize: null, numWorkers: 1 }))).rejects.toThrow(
      /Caught ArgumentError in DataLoader worker 0: defaultConvert: the buffer of the array was transferred/,
    );
  });

  test("indices of any kind that can be sent go to workers", async () => {
    const sampler = [
      { key: "a", at: 1n },
      { key: "b", at: new Map([[1, [2]]]) },
    ];
    const read = (numWorkers: number) =>
      collect(new DataLoader<any, any>(new Keyed(), { batchSize: null, sampler, numWorkers }));
    expect(await read(1)).toEqual(await read(0));
    const closures = new DataLoader<any, any>(new Keyed(), { sampler: [() => 1], numWorkers: 1 });
    await expect(collect(closures)).rejects.toThrow(/an index\[0\] is a function/);
    const tensors = new DataLoader<any, any>(new Keyed(), { sampler: [torch.zeros(2)], numWorkers: 1 });
    await expect(collect(tensors)).rejects.toThrow(/an index\[0\] is a tensor of shape \[2\]/);
  });

  test("a worker that hangs is an error after the timeout", async () => {
    const loader = new DataLoader(new Faulty("hang"), { batchSize: 5, numWorkers: 1, timeout: 1 });
    await expect(collect(loader)).rejects.toThrow(/timed out after 1 seconds/);
  });

  test("what workers cannot import is read in this thread, with one warning that says how to mend it", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    try {
      const anonymous = new DataLoader(new Anonymous(), { batchSize: 3, numWorkers: 1 });
      for (let pass = 0; pass < 2; pass++)
        expect((await collect(anonymous)).map((x) => (x as torch.Tensor).tolist())).toEqual([[0, 1, 2], [3]]);
      expect((await new DataLoader(new Missing(), { batchSize: 2, numWorkers: 2 }).first()).tolist()).toEqual([5, 6]);
      expect((await new DataLoader(hidden(), { numWorkers: 2 }).first()).tolist()).toEqual([0]);
      const closure = new DataLoader({ length: 1, at: (i: number) => i }, { numWorkers: 1 });
      expect((await collect(closure)).map((x) => (x as torch.Tensor).tolist())).toEqual([[0]]);
      expect(warn.mock.calls.map(([text]) => String(text))).toEqual([
        expect.stringMatching(
          /the data set is an instance of Anonymous.*static module = import\.meta\.url.*or use numWorkers: 0\. The data set is read in this thread/,
        ),
        expect.stringMatching(/workers cannot import what .*no-such-file.*a file of their own.*or use numWorkers: 0/),
        expect.stringMatching(/datasets\.mjs exports no Hidden/),
        expect.stringMatching(/the data set\.at is a function/),
      ]);
    } finally {
      warn.mockRestore();
    }
  });

  test("workers that cannot import what they are to read end when they are told to, and not by force after seconds", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const { allocated } = torch.memoryStats();
    const arena = 16 << 20;
    try {
      await new DataLoader(new Missing(), { numWorkers: 1 }).first();
    } finally {
      warn.mockRestore();
    }
    await vi.waitFor(() => expect(torch.memoryStats().allocated).toBeLessThan(allocated + arena), { timeout: 3000 });
  });

  test("a function that is to run in workers cannot run here instead", async () => {
    const init = collect(new DataLoader([1], { numWorkers: 1, workerInitFn: () => {} }));
    await expect(init).rejects.toThrow(/workerInitFn is a function/);
  });

  test("a plain loop cannot wait for workers", () => {
    expect(() => [...new DataLoader([1], { numWorkers: 1 })]).toThrow(/iterate with `for await`/);
  });
});

describe("memory and workers", () => {
  test("workers that stay go with their loader, when nothing can reach it", async () => {
    const read = async () => {
      const loader = new DataLoader(new TensorDataset(torch.zeros(8, 10)), { numWorkers: 1, persistentWorkers: true });
      for await (const [x] of loader) x!.dispose();
    };
    const { allocated } = torch.memoryStats();
    for (let n = 0; n < 5; n++) await read();
    // Each worker has 16 MiB of its own; a few loaders may not have been found yet.
    await vi.waitFor(() => expect(torch.memoryStats().allocated - allocated).toBeLessThan(3 * 17 * 2 ** 20));
  });

  test("all memory comes back, also from a pass that is left early", async () => {
    const dataset = new TensorDataset(torch.zeros(64, 1000));
    const before = torch.memoryStats().allocated;
    for (let pass = 0; pass < 2; pass++)
      for await (const [x] of new DataLoader(dataset, { batchSize: 4, numWorkers: 1 })) {
        x!.dispose();
        if (pass > 0) break;
      }
    expect(await settled(before)).toBeLessThanOrEqual(before);
  });

  test("batches stay valid when the workers are gone", async () => {
    const x = torch.randn(12, 100);
    const batches = await collect(new DataLoader(new TensorDataset(x), { batchSize: 4, numWorkers: 1 }));
    await settled(0, 300);
    torch.randn(1 << 16);
    expect(torch.tensor(batches.flatMap(([b]) => [...b!])).tolist()).toEqual(x.tolist());
  });

  test("persistent workers serve pass after pass, also after one that is left early", async () => {
    const dataset = new TensorDataset(torch.arange(20));
    const sampler = new RandomSampler(dataset);
    const loader = new DataLoader(dataset, { batchSize: 4, sampler, numWorkers: 2, persistentWorkers: true });
    for await (const _ of loader) break;
    for (let pass = 0; pass < 2; pass++) {
      const values = (await collect(loader)).flatMap(([x]) => x!.tolist() as number[]);
      expect(values.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    }
    const streams = new DataLoader(new Stream(5), { batchSize: 5, numWorkers: 1, persistentWorkers: true });
    for (let pass = 0; pass < 2; pass++)
      expect((await collect(streams)).map((x) => x.tolist())).toEqual([[0, 1, 2, 3, 4]]);
  });

  test("memory of workers that are gone is used again", { timeout: 60_000 }, async () => {
    const reserved: number[] = [];
    for (let epoch = 0; epoch < 5; epoch++) {
      // Larger than the memory that a worker begins with.
      for await (const x of new DataLoader(new Ragged(6, 1 << 19), { batchSize: null, numWorkers: 1 }))
        (x as torch.Tensor).dispose();
      await settled(0, 300);
      reserved.push(torch.memoryStats().reserved);
    }
    expect(reserved.at(-1)! - reserved[2]!).toBeLessThan(40 << 20);
  });

  test("a pass that nobody finishes gives its workers back", { timeout: 60_000 }, async () => {
    const loader = new DataLoader(new Whoami(20), { batchSize: 2, numWorkers: 1 });
    const before = torch.memoryStats().allocated;
    for (let i = 0; i < 6; i++) expect((await loader[Symbol.asyncIterator]().next()).done).toBe(false);
    // Workers begin with 16 MiB each: of 6 a few may be left.
    expect(torch.memoryStats().allocated - before).toBeLessThan(4 * (17 << 20));
  });

  test("workers that stay are free again when a pass is forgotten", { timeout: 60_000 }, async () => {
    const loader = new DataLoader(new Whoami(8), { batchSize: 2, numWorkers: 1, persistentWorkers: true });
    for (let i = 0; i < 4; i++) await loader[Symbol.asyncIterator]().next();
    expect((await collect(loader)).map(([i]) => i.tolist())).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
    ]);
  });
});

describe("a worker that is killed from outside", () => {
  const { Worker } = threads;
  const running: threads.Worker[] = [];
  const countThreads = () => (existsSync("/proc/self/task") ? readdirSync("/proc/self/task").length : 0);

  test(`at any moment is an error, and leaves nothing behind${cutNote}`, { timeout: 120_000 }, async () => {
    const dataset = new TensorDataset(torch.randn(64, 1000));
    const before = { blocks: torch.memoryStats().blocks, threads: countThreads() };
    threads.Worker = class extends Worker {
      constructor(source: string | URL, options?: threads.WorkerOptions) {
        super(source, options);
        running.push(this);
      }
    };
    try {
      for (let n = 0; n < 12; n += runsAll ? 1 : 7) {
        running.length = 0;
        const pass = new DataLoader(dataset, { numWorkers: 2, timeout: 60 })[Symbol.asyncIterator]();
        const first = pass.next();
        first.catch(() => {});
        // While they start, and after some batches.
        for (let i = 0; i < 5 * (n % 3); i++) (i === 0 ? await first : await pass.next()).value[0].dispose();
        await new Promise((resolve) => setTimeout(resolve, 7 * n));
        // The text that workers run is loaded when the first of them starts.
        while (running.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
        void running[n % 2]!.terminate();
        const rest = async () => {
          await first;
          for (let step = await pass.next(); !step.done; step = await pass.next()) step.value[0]!.dispose();
        };
        await expect(rest()).rejects.toThrow(/worker \d died: the worker ended with exit code/);
      }
    } finally {
      threads.Worker = Worker;
    }
    for (let i = 0; i < 1000 && torch.memoryStats().blocks > before.blocks; i++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(torch.memoryStats().blocks).toBeLessThanOrEqual(before.blocks);
    expect(countThreads()).toBeLessThanOrEqual(before.threads + 4);
  });
});
