/** A data worker whose heap of JavaScript is full: that is an error, and its memory comes back. */
import threads from "node:worker_threads";
import * as torch from "kindling";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Faulty } from "./fixtures/datasets.mjs";

const { DataLoader } = torch.utils.data;
const { Worker } = threads;

beforeEach(() => {
  threads.Worker = class extends Worker {
    constructor(source: string | URL, options: threads.WorkerOptions = {}) {
      super(source, { ...options, resourceLimits: { maxOldGenerationSizeMb: 48 } });
    }
  };
});
afterEach(() => {
  threads.Worker = Worker;
});

// Newer engines end the whole process, saying so, where the collector finds no room.
const endsAll = Number.parseInt(process.versions.node, 10) > 20;

test.skipIf(endsAll)(
  `a worker that fills its heap is an error${endsAll ? " (skipped: after Node 20 it may end the process)" : ""}`,
  async () => {
    const before = torch.memoryStats().allocated;
    const read = async () => {
      for await (const batch of new DataLoader(new Faulty("exhaust"), { batchSize: 5, numWorkers: 2 })) batch.dispose();
    };
    await expect(read()).rejects.toThrow(/worker 1 died: .*memory/);
    await expect.poll(() => torch.memoryStats().allocated, { timeout: 20_000 }).toBeLessThanOrEqual(before);
  },
);
