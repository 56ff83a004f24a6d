/** Workers of a thread whose memory reaches beyond 2 GiB, where addresses are negative as signed integers. */
import { freemem } from "node:os";
import * as torch from "kindling";
import { expect, test } from "vitest";

const { DataLoader, TensorDataset } = torch.utils.data;

/** The tensor below, and what the test takes besides. */
const NEEDED = 2 ** 32;

test.skipIf(freemem() < NEEDED)(
  "workers read the same batches when this thread holds more than 2 GiB (skipped with less than 4 GiB of free memory)",
  { timeout: 120_000 },
  async () => {
    using held = torch.empty([2200 * 2 ** 20], { dtype: "uint8" });
    expect(torch.memoryStats().allocated).toBeGreaterThan(2 ** 31);
    const dataset = new TensorDataset(torch.randn(40, 3, 5), torch.arange(40), torch.randn(40).double());
    const read = async (numWorkers: number) => {
      torch.manualSeed(2);
      const batches: unknown[] = [];
      for await (const batch of new DataLoader(dataset, { batchSize: 6, shuffle: true, numWorkers }))
        batches.push(batch.map((x) => [x!.dtype, x!.tolist()]));
      return batches;
    };
    const here = await read(0);
    expect(await read(1)).toEqual(here);
    expect(await read(2)).toEqual(here);
    expect(held.shape).toEqual([2200 * 2 ** 20]);
  },
);
